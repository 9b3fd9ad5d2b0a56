//! The ledger as a source that notes what is asked of it: what was touched is what a receipt holds.

use crate::alias::Claim;
use crate::identifier::Identifier;
use crate::index::Item;
use crate::kv::Unreadable;
use crate::source::{Lack, List, Logged, Source};
use crate::vrf::PROOF_BYTES;
use crate::{Hash, Index};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A source that notes what was asked.
pub struct Recording<'a, S: Source + ?Sized> {
    source: &'a S,
    touched: RefCell<Touched>,
}

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Entries.
    pub entries: BTreeMap<Index, Arc<Logged>>,
    /// Those of them whose records nobody asked for.
    pub shut: BTreeSet<Index>,
    /// Status lists.
    pub lists: BTreeMap<Hash, Arc<List>>,
    /// Tags with their items; `None`: found absent.
    pub tags: BTreeMap<Hash, Option<Arc<Vec<Item>>>>,
    /// Aliases, whoever has them.
    pub aliases: BTreeSet<Hash>,
    /// The proofs of aliases that were asked for by an identifier.
    pub claims: BTreeSet<[u8; PROOF_BYTES]>,
}

impl<'a, S: Source + ?Sized> Recording<'a, S> {
    /// Notes what is asked of `source` from now on.
    pub fn new(source: &'a S) -> Self {
        Self { source, touched: RefCell::default() }
    }

    /// What was asked.
    #[must_use]
    pub fn into_touched(self) -> Touched {
        self.touched.into_inner()
    }

    fn note(&self, logged: Arc<Logged>) -> Arc<Logged> {
        let mut touched = self.touched.borrow_mut();
        touched.shut.remove(&logged.index);
        touched.entries.insert(logged.index, Arc::clone(&logged));
        logged
    }
}

impl<S: Source + ?Sized> Source for Recording<'_, S> {
    fn origin(&self) -> &str {
        self.source.origin()
    }

    fn record(&self, id: &Hash) -> Result<Arc<Logged>, Lack> {
        self.source.record(id).map(|logged| self.note(logged))
    }

    fn at(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        self.source.at(index).map(|logged| self.note(logged))
    }

    fn unopened(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        let logged = self.source.unopened(index)?;
        // What is shown opened for another reason stays so.
        let mut touched = self.touched.borrow_mut();
        if let Some(known) = touched.entries.get(&index) {
            return Ok(Arc::clone(known));
        }
        let shut = Arc::new(Logged { opened: None, ..Logged::clone(&logged) });
        touched.shut.insert(index);
        touched.entries.insert(index, Arc::clone(&shut));
        Ok(shut)
    }

    fn list(&self, id: &Hash) -> Result<Arc<List>, Lack> {
        let list = self.source.list(id)?;
        self.touched.borrow_mut().lists.insert(*id, Arc::clone(&list));
        Ok(list)
    }

    fn tag(&self, tag: &Hash) -> Result<Option<Arc<Vec<Item>>>, Lack> {
        let items = self.source.tag(tag)?;
        self.touched.borrow_mut().tags.insert(*tag, items.clone());
        Ok(items)
    }

    fn alias(&self, alias: &Hash) -> Result<Option<Index>, Lack> {
        let index = self.source.alias(alias)?;
        self.touched.borrow_mut().aliases.insert(*alias);
        Ok(index)
    }

    fn claim(&self, identifier: &Identifier) -> Result<Claim, Lack> {
        let claim = self.source.claim(identifier)?;
        self.touched.borrow_mut().claims.insert(claim.proof);
        Ok(claim)
    }

    fn holds(&self, index: Index, id: &Hash) -> Result<bool, Unreadable> {
        self.source.holds(index, id)
    }
}

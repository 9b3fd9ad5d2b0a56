//! A source that remembers what it answered, for as long as one batch or one question is looked at.
//!
//! Whoever judges comes by the same key, registrar and root again and again; each is read from the index once. What is
//! logged never changes; a status list grows, and whoever logs a transition says so with [`Memory::forget`].

use procura_core::admission::State;
use procura_core::alias::Claim;
use procura_core::identifier::Identifier;
use procura_core::index::Item;
use procura_core::judge::Standing;
use procura_core::kv::Unreadable;
use procura_core::log_keys::LogKey;
use procura_core::source::{Lack, List, Logged, Source};
use procura_core::{Hash, Index, Millis};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

/// What was read before.
#[derive(Default)]
pub(crate) struct Memory {
    records: RefCell<HashMap<Hash, Arc<Logged>>>,
    lists: RefCell<HashMap<Hash, Arc<List>>>,
}

impl Memory {
    /// The list of this create grew.
    pub(crate) fn forget(&self, id: &Hash) {
        self.lists.borrow_mut().remove(id);
    }
}

/// A source with a memory.
pub(crate) struct Memo<'a, S> {
    source: &'a S,
    memory: &'a Memory,
}

impl<'a, S: Source> Memo<'a, S> {
    pub(crate) const fn new(source: &'a S, memory: &'a Memory) -> Self {
        Self { source, memory }
    }
}

fn once<T>(
    memory: &RefCell<HashMap<Hash, Arc<T>>>,
    id: &Hash,
    read: impl FnOnce() -> Result<Arc<T>, Lack>,
) -> Result<Arc<T>, Lack> {
    if let Some(known) = memory.borrow().get(id) {
        return Ok(Arc::clone(known));
    }
    let found = read()?;
    memory.borrow_mut().insert(*id, Arc::clone(&found));
    Ok(found)
}

impl<S: Source> Source for Memo<'_, S> {
    fn origin(&self) -> &str {
        self.source.origin()
    }

    fn record(&self, id: &Hash) -> Result<Arc<Logged>, Lack> {
        once(&self.memory.records, id, || self.source.record(id))
    }

    fn at(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        self.source.at(index)
    }

    fn list(&self, id: &Hash) -> Result<Arc<List>, Lack> {
        once(&self.memory.lists, id, || self.source.list(id))
    }

    fn tag(&self, tag: &Hash) -> Result<Option<Arc<Vec<Item>>>, Lack> {
        self.source.tag(tag)
    }

    fn alias(&self, alias: &Hash) -> Result<Option<Index>, Lack> {
        self.source.alias(alias)
    }

    fn claim(&self, identifier: &Identifier) -> Result<Claim, Lack> {
        self.source.claim(identifier)
    }

    fn holds(&self, index: Index, id: &Hash) -> Result<bool, Unreadable> {
        self.source.holds(index, id)
    }

    fn judged(&self, id: &Hash) -> Option<Standing> {
        self.source.judged(id)
    }

    fn stand(&self, standings: Vec<Standing>) {
        self.source.stand(standings);
    }
}

impl<S: State> State for Memo<'_, S> {
    fn has_key(&self, party: &Hash) -> Result<bool, Unreadable> {
        self.source.has_key(party)
    }

    fn is_prepared(&self, party: &Hash) -> bool {
        self.source.is_prepared(party)
    }

    fn parties_of(&self, id: &Hash) -> Result<BTreeSet<Hash>, Lack> {
        self.source.parties_of(id)
    }

    fn has_in_force(&self, party: &Hash, time: Millis) -> Result<bool, Lack> {
        self.source.has_in_force(party, time)
    }

    fn under(&self, mandate: &Hash) -> Result<Vec<Hash>, Lack> {
        self.source.under(mandate)
    }

    fn retentions_of(&self, id: &Hash) -> Result<Vec<Hash>, Lack> {
        self.source.retentions_of(id)
    }

    fn hook_with(&self, party: &Hash, number: u8) -> Result<Option<Hash>, Lack> {
        self.source.hook_with(party, number)
    }

    fn catalogues(&self) -> &[Hash] {
        self.source.catalogues()
    }

    fn log_keys(&self) -> &[LogKey] {
        self.source.log_keys()
    }
}

//! The trie at one moment, with the pages of it that are in memory.

use super::page::{Child, Item, Page, Prefix};
use super::row;
use crate::hash::{self, Hash};
use crate::kv::{Kv, Unreadable};
use std::sync::Arc;

/// The trie after a batch. What is in memory of it is shared with the states before and after it, so that a copy is cheap;
/// pages that are not in memory are read from the rows of a [`Kv`], which must hold them as of this state.
#[derive(Debug, Clone, Default)]
pub struct Trie {
    pub(super) top: Option<Arc<Page>>,
    /// The number of the batch that made it.
    pub(super) batch: u64,
    /// The last batch whose pages are all in the rows.
    pub(super) stored: u64,
    /// How many keys were put since it was loaded.
    pub(super) puts: u64,
}

impl Trie {
    /// The trie whose pages are all in `kv`; no row is the empty trie.
    ///
    /// # Errors
    /// [`Unreadable`] if the top page can't be read.
    pub fn load<K: Kv + ?Sized>(kv: &K) -> Result<Self, Unreadable> {
        Ok(Self { top: row::load_top(kv)?.map(Arc::new), batch: 0, stored: 0, puts: 0 })
    }

    /// The trie of `kv`: what that has at hand, or else its rows.
    pub(super) fn of<K: Kv + ?Sized>(kv: &K) -> Result<Self, Unreadable> {
        kv.trie().map_or_else(|| Self::load(kv), |trie| Ok(trie.clone()))
    }

    /// The root; `H("")` if empty.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.top.as_ref().map_or_else(hash::empty, |page| page.span().hash())
    }

    /// The rows of the pages that changed after the batch that is [stored](Self::set_stored), by ascending key.
    pub fn fresh_rows(&self) -> impl Iterator<Item = (Vec<u8>, Arc<[u8]>)> + use<> {
        let since = self.stored;
        let is_fresh = move |page: &Arc<Page>| page.changed > since;
        let mut waiting: Vec<(Prefix, Arc<Page>)> = self
            .top
            .iter()
            .filter(|page| is_fresh(page))
            .map(|page| (Prefix::TOP, Arc::clone(page)))
            .collect();
        std::iter::from_fn(move || {
            let (at, page) = waiting.pop()?;
            // A page comes before those below it, and those in order: the last is put on the pile first.
            for item in page.items.iter().rev() {
                if let Item::Child(Child { nibble, page: Some(child), .. }) = item
                    && is_fresh(child)
                {
                    waiting.push((at.then(*nibble), Arc::clone(child)));
                }
            }
            Some((row::key(at), row::encode(&page).into()))
        })
    }

    /// Whether rows whose keys start with `prefix` may be pages.
    #[must_use]
    pub fn may_have_rows(prefix: &[u8]) -> bool {
        prefix.first().is_none_or(|first| *first == row::PAGE_ROWS)
    }

    /// The number of the batch that made this state.
    #[must_use]
    pub const fn batch(&self) -> u64 {
        self.batch
    }

    /// How many keys were inserted or given another value since it was loaded: a measure of the pages that are fresh.
    #[must_use]
    pub const fn puts(&self) -> u64 {
        self.puts
    }

    /// Notes that the rows hold every page as of `batch`: those need not stay in memory.
    pub fn set_stored(&mut self, batch: u64) {
        self.stored = self.stored.max(batch);
    }
}

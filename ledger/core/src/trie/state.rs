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
            for slot in page.slots.iter().rev() {
                if let Item::Child(Child { pair, page: Some(child), .. }) = &slot.item
                    && is_fresh(child)
                {
                    waiting.push((at.then(*pair), Arc::clone(child)));
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

/// Goal: a trie at hand answers as its rows would, and lets go of what is stored. Method: the same batches into a trie that is
/// stored now and then and into one that is read from rows each time; states of before are kept and asked again.
#[cfg(test)]
mod tests {
    use super::super::model::{Model, close_key, key_of};
    use super::super::{PrunedTrie, TrieWriter, get, prove};
    use super::*;
    use crate::kv::{Changes, MemoryKv};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// A trie at hand, over the rows that were stored of it.
    #[derive(Debug, Clone, Default)]
    struct AtHand {
        rows: MemoryKv,
        trie: Trie,
    }

    impl Kv for AtHand {
        fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
            self.rows.get(key)
        }

        fn trie(&self) -> Option<&Trie> {
            Some(&self.trie)
        }
    }

    impl AtHand {
        fn put(&mut self, batch: &[(Hash, Hash)]) {
            let mut writer = TrieWriter::new(self).unwrap();
            batch.iter().for_each(|(key, value)| writer.put(*key, *value).unwrap());
            self.trie = writer.close().0;
        }

        fn store(&mut self) {
            self.rows.write(self.trie.fresh_rows().collect());
            self.trie.set_stored(self.trie.batch());
        }

        fn agrees(&self, model: &Model) {
            assert_eq!(self.trie.root(), model.root());
            let keys: BTreeSet<Hash> = model.0.keys().copied().collect();
            let proven =
                PrunedTrie::decode(&prove(self, &keys).unwrap()).unwrap().check(model.root()).unwrap();
            for (key, value) in &model.0 {
                assert_eq!(get(self, key), Ok(Some(*value)));
                assert_eq!(proven.get(key), Ok(Some(*value)));
            }
            assert_eq!(get(self, &key_of(9999)), Ok(None));
        }

        /// How many pages are in memory, and how deep the deepest is.
        fn pages(&self) -> (usize, u8) {
            let mut waiting: Vec<_> = self.trie.top.iter().map(|page| (0, Arc::clone(page))).collect();
            let (mut count, mut deepest) = (0, 0);
            while let Some((depth, page)) = waiting.pop() {
                count += 1;
                deepest = deepest.max(depth);
                waiting.extend(page.slots.iter().filter_map(|slot| match &slot.item {
                    Item::Child(Child { page, .. }) => Some((depth + 1, Arc::clone(page.as_ref()?))),
                    Item::Leaf { .. } => None,
                }));
            }
            (count, deepest)
        }
    }

    fn batch(keys: &[u32], shared: u8, value: u8) -> Vec<(Hash, Hash)> {
        keys.iter().map(|n| (close_key(shared, *n), Hash([value; 32]))).collect()
    }

    #[test]
    fn what_is_stored_and_deep_is_let_go_once_it_is_passed_by() {
        let mut trie = AtHand::default();
        let keys: Vec<u32> = (0..600).collect();
        trie.put(&batch(&keys, 20, 1));
        let (all, deepest) = trie.pages();
        assert!(all > 60 && deepest > 11, "{all} pages, {deepest} deep");
        trie.put(&batch(&[7], 20, 2));
        assert_eq!(trie.pages(), (all, deepest), "nothing goes that is not stored");
        trie.store();
        trie.put(&batch(&[7], 20, 3));
        let (left, _) = trie.pages();
        assert!(left <= 24, "{left} of {all} pages: those at nine pairs and less, and the path");
        trie.put(&batch(&keys, 20, 4));
        trie.agrees(&Model(batch(&keys, 20, 4).into_iter().collect()));
    }

    #[test]
    fn a_page_that_was_let_go_and_is_damaged_is_told() {
        let mut trie = AtHand::default();
        let keys: Vec<u32> = (0..600).collect();
        trie.put(&batch(&keys, 20, 1));
        trie.store();
        trie.put(&batch(&[7], 20, 2));
        let root = trie.trie.root();
        let (row, other) = (close_key(20, 8), trie.clone());
        trie.rows.0.retain(|key, _| key.len() < 12);
        assert!(get(&trie, &row).is_err() && prove(&trie, &[row].into()).is_err());
        let mut writer = TrieWriter::new(&trie).unwrap();
        assert!(writer.put(row, Hash([9; 32])).is_err());
        assert_eq!(writer.close().0.root(), root, "nothing was changed");
        assert!(get(&other, &row).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn at_hand_or_in_rows_it_is_one_trie(
            batches in proptest::collection::vec(
                (proptest::collection::vec(0u32..300, 0..60), prop_oneof![Just(0u8), Just(18), Just(21)], any::<u8>(), any::<bool>()), 1..12)
        ) {
            let (mut trie, mut rows, mut model) = (AtHand::default(), MemoryKv::default(), Model::default());
            let mut before: Vec<(AtHand, Model)> = Vec::new();
            for (keys, shared, value, is_stored) in batches {
                let puts = batch(&keys, shared, value);
                before.push((trie.clone(), model.clone()));
                trie.put(&puts);
                let mut writer = TrieWriter::new(&rows).unwrap();
                puts.iter().for_each(|(key, value)| writer.put(*key, *value).unwrap());
                let changes = writer.finish().2;
                rows.write(changes);
                model.0.extend(puts);
                trie.agrees(&model);
                let mut all: Changes = trie.rows.0.clone();
                all.extend(trie.trie.fresh_rows());
                prop_assert!(all == rows.0, "the very rows are the same");
                let fresh: Vec<_> = trie.trie.fresh_rows().map(|(key, _)| key).collect();
                prop_assert!(fresh.is_sorted());
                if is_stored {
                    trie.store();
                    prop_assert_eq!(trie.trie.fresh_rows().count(), 0);
                }
            }
            before.iter().for_each(|(trie, model)| trie.agrees(model));
        }
    }
}

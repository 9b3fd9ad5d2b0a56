//! Changing a trie in a batch, and reading one key.

use super::page::{Batch, Form, Item, Page, Prefix, Put};
use super::pair;
use super::state::Trie;
use crate::hash::{self, Hash};
use crate::kv::{Changes, Kv, Unreadable};
use std::sync::Arc;

/// A batch of changes to the trie of a [`Kv`].
///
/// Each page touched is copied once and each inner node rehashed once a [`root`](TrieWriter::root).
#[derive(Debug)]
pub struct TrieWriter<'a, K: Kv + ?Sized> {
    batch: Batch<'a, K>,
    top: Option<Arc<Page>>,
    keys_added: u64,
    puts: u64,
}

impl<'a, K: Kv + ?Sized> TrieWriter<'a, K> {
    /// Starts from the trie of `kv`; no row is the empty trie.
    ///
    /// # Errors
    /// [`Unreadable`] if the top page can't be read.
    pub fn new(kv: &'a K) -> Result<Self, Unreadable> {
        let Trie { top, batch, stored, puts } = Trie::of(kv)?;
        Ok(Self { batch: Batch { kv, number: batch + 1, stored }, top, keys_added: 0, puts })
    }

    /// Inserts `key`, or gives it a new value.
    ///
    /// # Errors
    /// [`Unreadable`] if a page can't be read; the trie is then as before.
    pub fn put(&mut self, key: Hash, value: Hash) -> Result<(), Unreadable> {
        let put = match &mut self.top {
            Some(page) => Arc::make_mut(page).put(Prefix::TOP, &self.batch, &key, &value)?,
            None => {
                self.top = Some(Arc::new(Page::of_one(key, value, self.batch.number)));
                Put::Added
            }
        };
        self.keys_added += u64::from(put == Put::Added);
        self.puts += u64::from(put != Put::Nothing);
        Ok(())
    }

    /// The root so far; `H("")` if empty.
    pub fn root(&mut self) -> Hash {
        match &mut self.top {
            None => hash::empty(),
            Some(page) if page.changed != self.batch.number => page.span().hash(),
            Some(page) => Arc::make_mut(page).rehash(),
        }
    }

    /// How many keys this batch inserted so far.
    #[must_use]
    pub const fn keys_added(&self) -> u64 {
        self.keys_added
    }

    /// The root, how many keys were inserted, and the pages to write.
    #[must_use]
    pub fn finish(self) -> (Hash, u64, Changes) {
        let (trie, added) = self.close();
        (trie.root(), added, trie.fresh_rows().collect())
    }

    /// The trie after the batch, and how many keys were inserted.
    #[must_use]
    pub fn close(mut self) -> (Trie, u64) {
        self.root();
        let Batch { number, stored, .. } = self.batch;
        (Trie { top: self.top, batch: number, stored, puts: self.puts }, self.keys_added)
    }
}

/// The value under `key`, or `None`.
///
/// # Errors
/// [`Unreadable`] if a page on the way can't be read.
pub fn get<K: Kv + ?Sized>(kv: &K, key: &Hash) -> Result<Option<Hash>, Unreadable> {
    let (mut at, mut page) = (Prefix::TOP, Trie::of(kv)?.top);
    while let Some(here) = page {
        let found = here.slots.iter().map(|slot| &slot.item).find(|item| match (here.form, item) {
            (Form::Whole, Item::Leaf { key: own, .. }) => own == key,
            (_, item) => item.pair(at) == pair(key, at.pairs),
        });
        page = match found {
            Some(Item::Leaf { key: own, value }) if own == key => return Ok(Some(*value)),
            Some(Item::Child(child)) => {
                at = at.then(child.pair);
                Some(child.load(kv, at)?)
            }
            _ => None,
        };
    }
    Ok(None)
}

/// Goal: the trie in pages is the trie. Method: a recursive model over a `BTreeMap`, compared after every batch, with keys at
/// random and keys that share long prefixes.
#[cfg(test)]
mod tests {
    use super::super::model::{Model, close_key, key_of};
    use super::super::page::PAGE_LEAVES;
    use super::*;
    use crate::kv::MemoryKv;
    use proptest::prelude::*;

    fn apply(kv: &mut MemoryKv, batch: &[(Hash, Hash)]) -> (Hash, u64) {
        let mut writer = TrieWriter::new(kv).unwrap();
        for (key, value) in batch {
            writer.put(*key, *value).unwrap();
        }
        let (root, added, changes) = writer.finish();
        kv.write(changes);
        (root, added)
    }

    /// Checks root, count, every key and some absent ones.
    fn agree(kv: &mut MemoryKv, model: &mut Model, batch: &[(Hash, Hash)]) {
        let before = model.0.len();
        model.0.extend(batch.iter().copied());
        let (root, added) = apply(kv, batch);
        assert_eq!(root, model.root());
        assert_eq!(added, (model.0.len() - before) as u64);
        for (key, value) in &model.0 {
            assert_eq!(get(kv, key), Ok(Some(*value)));
            let mut other = *key;
            other.0[31] ^= 1;
            assert_eq!(get(kv, &other), Ok(model.0.get(&other).copied()));
        }
    }

    #[test]
    fn the_empty_trie_and_one_key() {
        let mut kv = MemoryKv::default();
        assert_eq!(TrieWriter::new(&kv).unwrap().finish(), (hash::empty(), 0, Changes::new()));
        assert_eq!(get(&kv, &key_of(1)), Ok(None));
        let (root, added) = apply(&mut kv, &[(key_of(1), Hash([2; 32]))]);
        assert_eq!((root, added), (hash::sha256(&[&key_of(1).0, &[2; 32]]), 1));
    }

    #[test]
    fn around_every_split_and_with_shared_prefixes() {
        // Shared bits around pair and byte borders, and 200 as an attacker may grind for.
        for shared in [0u8, 1, 3, 4, 5, 7, 8, 100, 199, 200, 201, 203] {
            let (mut kv, mut model) = (MemoryKv::default(), Model::default());
            let all: Vec<_> =
                (0..(3 * PAGE_LEAVES as u32)).map(|n| (close_key(shared, n), key_of(n))).collect();
            let (first, rest) = all.split_at(PAGE_LEAVES - 2);
            agree(&mut kv, &mut model, first);
            for one in rest.chunks(1).take(5) {
                agree(&mut kv, &mut model, one);
            }
            agree(&mut kv, &mut model, &rest[5..]);
            // New values under old keys, and keys that leave the shared prefix early.
            let again: Vec<_> = all.iter().step_by(7).map(|(key, _)| (*key, Hash([9; 32]))).collect();
            agree(&mut kv, &mut model, &again);
            let far: Vec<_> = (0..40).map(|n| (key_of(n), key_of(n))).collect();
            agree(&mut kv, &mut model, &far);
        }
    }

    #[test]
    fn the_order_of_insertion_leaves_no_mark() {
        let keys: Vec<u32> = (0..1500).collect();
        let mut rows = Vec::new();
        for batch in [1500, 400, 61] {
            let mut kv = MemoryKv::default();
            let mut order = keys.clone();
            order.sort_by_key(|n| hash::leaf(&(n + batch).to_be_bytes()));
            for part in order.chunks(batch as usize) {
                let puts: Vec<_> = part.iter().map(|n| (key_of(*n), key_of(n + 1))).collect();
                apply(&mut kv, &puts);
            }
            rows.push(kv.0);
        }
        assert!(rows[0] == rows[1] && rows[1] == rows[2], "the very rows are the same");
    }

    #[test]
    fn an_update_touches_only_its_own_pages() {
        let mut kv = MemoryKv::default();
        let all: Vec<_> = (0..5000).map(|n| (key_of(n), key_of(n))).collect();
        apply(&mut kv, &all);
        let mut writer = TrieWriter::new(&kv).unwrap();
        writer.put(key_of(77), Hash([1; 32])).unwrap();
        let (_, added, changes) = writer.finish();
        assert_eq!(added, 0);
        assert!(changes.len() <= 7, "{} rows for one update of 5000 keys", changes.len());
        let mut writer = TrieWriter::new(&kv).unwrap();
        writer.put(key_of(77), key_of(77)).unwrap();
        assert_eq!(writer.finish().2, Changes::new(), "the same value writes nothing");
    }

    #[test]
    fn the_root_between_puts_changes_nothing() {
        let kv = MemoryKv::default();
        let (mut asked, mut silent) = (TrieWriter::new(&kv).unwrap(), TrieWriter::new(&kv).unwrap());
        let mut model = Model::default();
        for n in 0..400 {
            asked.put(key_of(n % 300), key_of(n)).unwrap();
            silent.put(key_of(n % 300), key_of(n)).unwrap();
            model.0.insert(key_of(n % 300), key_of(n));
            if n % 19 == 0 {
                assert_eq!(asked.root(), model.root());
            }
        }
        assert!(asked.finish() == silent.finish());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn random_batches(batches in proptest::collection::vec(
            proptest::collection::vec((0u32..600, prop_oneof![Just(None), Just(Some(9u8)), Just(Some(200))], any::<u8>()), 0..120), 1..5)
        ) {
            let (mut kv, mut model) = (MemoryKv::default(), Model::default());
            for batch in batches {
                let puts: Vec<_> = batch
                    .into_iter()
                    .map(|(n, shared, value)| {
                        (shared.map_or_else(|| key_of(n), |bits| close_key(bits, n)), Hash([value; 32]))
                    })
                    .collect();
                agree(&mut kv, &mut model, &puts);
            }
        }
    }

    #[test]
    #[ignore = "a measurement; run with --release --ignored --nocapture"]
    fn updates_a_second() {
        let mut kv = MemoryKv::default();
        let start = std::time::Instant::now();
        for part in 0..100u32 {
            let puts: Vec<_> = (part * 1000..(part + 1) * 1000).map(|n| (key_of(n), key_of(n))).collect();
            apply(&mut kv, &puts);
        }
        println!("100,000 inserts in batches of 1,000: {:?}", start.elapsed());
        for batch in [20u32, 200, 2000] {
            let start = std::time::Instant::now();
            for part in 0..(20_000 / batch) {
                let puts: Vec<_> =
                    (0..batch).map(|n| (key_of((part * batch + n) * 7919 % 100_000), key_of(part))).collect();
                apply(&mut kv, &puts);
            }
            let per_s = 20_000.0 / start.elapsed().as_secs_f64();
            println!("updates in batches of {batch}: {per_s:.0} a second");
        }
    }
}

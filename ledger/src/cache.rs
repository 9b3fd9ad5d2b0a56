//! Records read before, kept ready to read.
//!
//! What is logged never changes; what is erased goes, and is not put back by somebody who read it just before.

use crate::live::Kept;
use crate::lock::{read, write};
use procura_core::Index;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

/// What a record takes in memory besides its texts, about: entry, members, places in maps.
const KEPT_OVERHEAD_BYTES: usize = 1024;

/// Records by index, as many as their bytes allow.
pub(crate) struct RecordCache {
    kept: Cache<u64, Arc<Kept>, KeptBytes>,
    /// Counted up when an erasure begins, and when it is done.
    erasures: AtomicU64,
    /// Held by all who put something back from looking at the count on, and alone by who forgets: nobody is held up between the two
    /// for as long as an erasure takes to end.
    putting_back: RwLock<()>,
}

/// The cache, for who reads the store as it stood when this was taken: take it before the reader.
#[derive(Clone, Copy)]
pub(crate) struct CacheAt<'a> {
    cache: &'a RecordCache,
    erasures: u64,
}

impl RecordCache {
    /// A cache of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let kept = Cache::with_weighter(bytes / (2 * KEPT_OVERHEAD_BYTES), bytes as u64, KeptBytes);
        Self { kept, erasures: AtomicU64::new(0), putting_back: RwLock::new(()) }
    }

    /// The cache, for a reader taken after this.
    pub(crate) fn now(&self) -> CacheAt<'_> {
        CacheAt { cache: self, erasures: self.erasures.load(Ordering::SeqCst) }
    }

    /// Destroys records by `erase`, and forgets them.
    pub(crate) fn erasing<T>(&self, indexes: impl Iterator<Item = Index>, erase: impl FnOnce() -> T) -> T {
        self.erasures.fetch_add(1, Ordering::SeqCst);
        let erased = erase();
        // Whoever read one before puts it back no more; what was put back up to here goes.
        let _alone = write(&self.putting_back);
        self.erasures.fetch_add(1, Ordering::SeqCst);
        for index in indexes {
            self.kept.remove(&index.0);
        }
        erased
    }
}

impl CacheAt<'_> {
    pub(crate) fn get(&self, index: Index) -> Option<Arc<Kept>> {
        self.cache.kept.get(&index.0)
    }

    pub(crate) fn insert(&self, index: Index, kept: Arc<Kept>) {
        self.if_none_was_erased(|| self.cache.kept.insert(index.0, kept));
    }

    /// Puts back what was made of records that were read, unless one was erased meanwhile: it might have been among them.
    pub(crate) fn if_none_was_erased(&self, put_back: impl FnOnce()) {
        let _held = read(&self.cache.putting_back);
        if self.cache.erasures.load(Ordering::SeqCst) == self.erasures {
            put_back();
        }
    }
}

#[derive(Debug, Clone)]
struct KeptBytes;

impl Weighter<u64, Arc<Kept>> for KeptBytes {
    /// About; a record is held as text and as payload, a disclosure as text and as member.
    fn weight(&self, _: &u64, kept: &Arc<Kept>) -> u64 {
        let texts = kept.logged.opened.as_ref().map_or(0, |opened| {
            let disclosures = opened.disclosures.iter().map(String::len).sum::<usize>();
            2 * (opened.record.text().len() + disclosures)
        });
        (KEPT_OVERHEAD_BYTES + texts) as u64
    }
}

#[cfg(test)]
mod tests {
    //! Goal: records kept ready take no more memory than allowed, and one that was erased is not there any more. Method: entries
    //! without a record, and so of a known weight.

    use super::*;
    use procura_core::entry::{Entry, Head, Tags};
    use procura_core::source::Logged;
    use procura_core::{Hash, Millis};
    use std::sync::atomic::AtomicBool;

    fn kept(n: u64) -> Arc<Kept> {
        let head =
            Head { time: Millis(1), commitment: Hash([1; 32]), id: Hash([2; 32]), tags: Tags::default() };
        let entry = Entry::Trace { head };
        let logged = Logged { index: Index(n), leaf: Hash([3; 32]), entry, opened: None };
        Arc::new(Kept { logged: Arc::new(logged), filed: Vec::new() })
    }

    #[test]
    fn records_are_kept_by_their_bytes() {
        let cache = RecordCache::new(100 * KEPT_OVERHEAD_BYTES);
        for n in 0..10_000 {
            cache.now().insert(Index(n), kept(n));
        }
        let held = (0..10_000).filter(|n| cache.now().get(Index(*n)).is_some()).count();
        assert!((50..=100).contains(&held), "{held}");
        assert!(cache.kept.weight() <= 100 * KEPT_OVERHEAD_BYTES as u64);
    }

    /// Two threads, often enough that one is held up in the worst of moments: between looking whether something was erased and putting
    /// back what it read.
    #[test]
    fn nobody_puts_back_what_is_erased_in_that_moment() {
        let (cache, is_stored, is_over) =
            (RecordCache::new(100 * KEPT_OVERHEAD_BYTES), AtomicBool::new(false), AtomicBool::new(false));
        let kept = kept(1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let at = cache.now();
                    if is_stored.load(Ordering::SeqCst) {
                        at.insert(Index(1), Arc::clone(&kept));
                    }
                }
            });
            let mut came_back = 0;
            for _ in 0..100_000 {
                is_stored.store(true, Ordering::SeqCst);
                cache.erasing([Index(1)].into_iter(), || is_stored.store(false, Ordering::SeqCst));
                for _ in 0..20 {
                    came_back += u32::from(cache.now().get(Index(1)).is_some());
                }
                cache.kept.remove(&1);
            }
            is_over.store(true, Ordering::SeqCst);
            assert_eq!(came_back, 0);
        });
    }

    #[test]
    fn what_is_erased_is_not_put_back_by_who_read_it_before() {
        let cache = RecordCache::new(100 * KEPT_OVERHEAD_BYTES);
        cache.now().insert(Index(1), kept(1));
        let before = cache.now();
        let meanwhile = cache.erasing([Index(1)].into_iter(), || {
            let meanwhile = cache.now();
            meanwhile.insert(Index(1), kept(1));
            meanwhile
        });
        assert!(cache.now().get(Index(1)).is_none());
        before.insert(Index(1), kept(1));
        meanwhile.insert(Index(1), kept(1));
        assert!(cache.now().get(Index(1)).is_none());
        cache.now().insert(Index(1), kept(1));
        assert!(cache.now().get(Index(1)).is_some());
    }
}

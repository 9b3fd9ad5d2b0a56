//! What was read of runs, kept ready: parts, and rows that were asked for one by one.
//!
//! Keys are hashes, so that of the rows that one read brings mostly a single one is ever asked for. So that row is kept too, and stays
//! when its block has gone: the room of a block is that of twenty rows. A run never changes, so neither does what is known of it.

use super::block::Block;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use std::sync::Arc;

/// What a thing that is kept takes in memory besides its bytes, about.
const OVERHEAD_BYTES: usize = 64;
/// The same of a row: it and its key are an allocation each.
const ROW_OVERHEAD_BYTES: usize = 128;
/// Of how many bytes a part and a row are, about: what the cache makes room for at the start.
const PART_BYTES: usize = 4096;
const ROW_BYTES: usize = 256;

/// What was read of all runs, as much as its bytes allow: half of them for parts, half for rows.
pub(super) struct ReadCache {
    /// By run and offset.
    parts: Cache<(u64, u64), Part, PartBytes>,
    rows: Cache<RowKey, Arc<[u8]>, RowBytes>,
}

/// A part that is kept.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Rows(Arc<Block>),
    Filter(Arc<[u8]>),
}

/// Which row is kept: its run and its key.
#[derive(Debug, PartialEq, Eq, Hash)]
struct RowKey(u64, Box<[u8]>);

/// The same to look it up by.
#[derive(Hash)]
struct Wanted<'a>(u64, &'a [u8]);

impl Equivalent<RowKey> for Wanted<'_> {
    fn equivalent(&self, RowKey(run, key): &RowKey) -> bool {
        self.0 == *run && *self.1 == **key
    }
}

impl ReadCache {
    pub(super) fn new(bytes: usize) -> Self {
        let half = bytes / 2;
        Self {
            parts: Cache::with_weighter(half / PART_BYTES, half as u64, PartBytes),
            rows: Cache::with_weighter(half / ROW_BYTES, half as u64, RowBytes),
        }
    }

    /// The part of run `run` at `offset`.
    pub(super) fn part(&self, run: u64, offset: u64) -> Option<Part> {
        self.parts.get(&(run, offset))
    }

    pub(super) fn keep_part(&self, run: u64, offset: u64, part: Part) {
        self.parts.insert((run, offset), part);
    }

    /// The row that run `run` has under `key`.
    pub(super) fn row(&self, run: u64, key: &[u8]) -> Option<Arc<[u8]>> {
        self.rows.get(&Wanted(run, key))
    }

    pub(super) fn keep_row(&self, run: u64, key: &[u8], row: Arc<[u8]>) {
        self.rows.insert(RowKey(run, key.into()), row);
    }
}

#[derive(Debug, Clone)]
struct PartBytes;

impl Weighter<(u64, u64), Part> for PartBytes {
    fn weight(&self, _: &(u64, u64), part: &Part) -> u64 {
        let bytes = match part {
            Part::Rows(block) => block.memory(),
            Part::Filter(filter) => filter.len(),
        };
        (bytes + OVERHEAD_BYTES) as u64
    }
}

#[derive(Debug, Clone)]
struct RowBytes;

impl Weighter<RowKey, Arc<[u8]>> for RowBytes {
    fn weight(&self, RowKey(_, key): &RowKey, row: &Arc<[u8]>) -> u64 {
        (key.len() + row.len() + ROW_OVERHEAD_BYTES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_under_its_own_key_and_run_alone() {
        let cache = ReadCache::new(1 << 20);
        let row: Arc<[u8]> = Arc::from(&b"row"[..]);
        cache.keep_row(1, b"key", Arc::clone(&row));
        assert_eq!(cache.row(1, b"key"), Some(row));
        assert_eq!(cache.row(1, b"ke"), None);
        assert_eq!(cache.row(2, b"key"), None);
    }

    #[test]
    fn what_is_kept_takes_no_more_than_allowed() {
        let cache = ReadCache::new(1 << 20);
        for n in 0..100_000u64 {
            cache.keep_row(1, &n.to_be_bytes(), Arc::from(&[0; 50][..]));
            cache.keep_part(1, n, Part::Filter(Arc::from(&[0; 6000][..])));
        }
        assert!(cache.rows.weight() <= 1 << 19 && cache.parts.weight() <= 1 << 19);
        assert!(
            cache.rows.len() > 1000 && cache.parts.len() > 50,
            "{} {}",
            cache.rows.len(),
            cache.parts.len()
        );
    }
}

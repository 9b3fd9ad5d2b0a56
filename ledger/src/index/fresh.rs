//! A layer of fresh rows in memory, each with the writes that readers may still want to see as of.

use super::IndexRow;
use super::merge::lower_bound;
use crate::lock::{read, write};
use procura_core::kv::Changes;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

/// What a row costs in memory besides its bytes, about: two counted allocations and their places in the map.
const ROW_OVERHEAD_BYTES: usize = 128;
/// How many rows are written at a time: a reader waits for no more.
const AT_ONCE: usize = 64;

/// Rows by key, each as of every write that changed it. Nothing is taken away until the whole layer is, so that a reader
/// needs to know only up to which write it sees.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    rows: RwLock<BTreeMap<Arc<[u8]>, Row>>,
    /// How many rows there are, older ones of the same key included.
    count: AtomicUsize,
    bytes: AtomicUsize,
}

#[derive(Debug)]
struct Row {
    newest: Written,
    /// Ascending.
    older: Vec<Written>,
}

#[derive(Debug, Clone)]
struct Written {
    by: u64,
    row: Arc<[u8]>,
}

impl Row {
    /// The row as of write number `up_to`.
    fn as_of(&self, up_to: u64) -> Option<&Arc<[u8]>> {
        if self.newest.by <= up_to {
            return Some(&self.newest.row);
        }
        let seen = self.older.partition_point(|written| written.by <= up_to);
        self.older.get(seen.checked_sub(1)?).map(|written| &written.row)
    }
}

impl Fresh {
    /// Writes rows as write number `by`, which is higher than all before and which nobody reads up to yet.
    pub(super) fn write(&self, by: u64, changes: Changes) {
        let mut changes = changes.into_iter().peekable();
        while changes.peek().is_some() {
            let mut rows = write(&self.rows);
            for (key, row) in changes.by_ref().take(AT_ONCE) {
                let bytes = key.len() + row.len() + ROW_OVERHEAD_BYTES;
                self.count.fetch_add(1, Ordering::Relaxed);
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
                let newest = Written { by, row };
                match rows.get_mut(key.as_slice()) {
                    Some(row) => {
                        let older = std::mem::replace(&mut row.newest, newest);
                        row.older.push(older);
                    }
                    None => {
                        rows.insert(key.into(), Row { newest, older: Vec::new() });
                    }
                }
            }
        }
    }

    pub(super) fn get(&self, key: &[u8], up_to: u64) -> Option<Arc<[u8]>> {
        if self.count() == 0 {
            return None;
        }
        read(&self.rows).get(key).and_then(|row| row.as_of(up_to)).cloned()
    }

    /// The first `limit` rows as of write number `up_to` whose key starts with `prefix` and is greater than `after`.
    pub(super) fn range(
        &self,
        up_to: u64,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Vec<IndexRow> {
        if self.count() == 0 {
            return Vec::new();
        }
        let rows = read(&self.rows);
        let found = rows.range::<[u8], _>((lower_bound(prefix, after), Bound::Unbounded));
        found
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter_map(|(key, row)| Some((Arc::clone(key), Arc::clone(row.as_of(up_to)?))))
            .take(limit)
            .collect()
    }

    /// Gives all rows, each as it was written last, to `take`. Nothing may be written meanwhile.
    pub(super) fn all<T>(&self, take: impl FnOnce(&mut dyn Iterator<Item = IndexRow>) -> T) -> T {
        let rows = read(&self.rows);
        take(&mut rows.iter().map(|(key, row)| (Arc::clone(key), Arc::clone(&row.newest.row))))
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

//! The main store held whole in memory: for tests, and for a ledger that need not outlive its process.

use super::{Batch, Head, Reader, Row, Store, StoreError, check_node, check_range};
use crate::lock::{read, write};
use procura_core::{Hash, Index, Size};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, RwLock};

/// How many rows a batch may hold: as many as a volume of the store on disk.
const BATCH_ROWS: u64 = 1 << 20;

/// A [`Store`] in memory. Clones share one store, as two processes share a folder.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<RwLock<Held>>);

#[derive(Debug, Default)]
struct Held {
    head: Head,
    rows: Vec<Row>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(read(&self.0).head.clone())
    }

    fn claim(&self) -> Result<u64, StoreError> {
        let mut held = write(&self.0);
        held.head.epoch += 1;
        Ok(held.head.epoch)
    }

    fn commit(&self, expected: Size, epoch: u64, batch: Batch) -> Result<(), StoreError> {
        let mut held = write(&self.0);
        held.head.admits(expected, epoch)?;
        batch.check(expected, BATCH_ROWS)?;
        held.head = held.head.after(&batch);
        held.rows.extend(batch.rows);
        Ok(())
    }

    fn read(&self) -> Result<Box<dyn Reader>, StoreError> {
        let head = self.head()?;
        Ok(Box::new(MemoryReader { held: Arc::clone(&self.0), head }))
    }

    fn erase(&self, indexes: &BTreeSet<Index>) -> Result<(), StoreError> {
        let mut held = write(&self.0);
        let size = held.head.size;
        if let Some(&index) = indexes.iter().find(|index| index.0 >= size.0) {
            return Err(StoreError::Missing { index });
        }
        for index in indexes {
            if let Some(row) = held.rows.get_mut(position(index.0)) {
                row.vault = None;
            }
        }
        Ok(())
    }

    fn reopen(&self) -> Result<Head, StoreError> {
        self.head()
    }
}

struct MemoryReader {
    held: Arc<RwLock<Held>>,
    head: Head,
}

impl MemoryReader {
    fn row<T>(&self, index: u64, take: impl FnOnce(&Row) -> Option<T>) -> Result<T, StoreError> {
        check_range(&(index..index.saturating_add(1)), self.head.size)?;
        let held = read(&self.held);
        held.rows.get(position(index)).and_then(take).ok_or(StoreError::Missing { index: Index(index) })
    }
}

impl Reader for MemoryReader {
    fn head(&self) -> &Head {
        &self.head
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        check_range(&range, self.head.size)?;
        range.map(|index| self.row(index, |row| Some(row.entry.clone()))).collect()
    }

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        let leaf = check_node(level, index, self.head.size)?;
        self.row(leaf, |row| row.nodes.get(usize::from(level)).copied())
    }

    fn vault(&self, index: Index) -> Result<Option<Vec<u8>>, StoreError> {
        self.row(index.0, |row| Some(row.vault.clone()))
    }
}

/// An index as a place in memory; beyond memory there is no row, and the look-up says so.
fn position(index: u64) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

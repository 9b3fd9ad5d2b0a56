//! An index in memory that counts what is read of it: what a question costs is then a number, the same on every machine.

use procura_core::kv::{Kv, Unreadable};
use procura_ledger::MemoryIndex;
use procura_ledger::index::{IndexError, IndexFile, IndexRow, Mark, Rows};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// Index rows read, by the first bytes of their keys; a range counts one for each row that it gives.
type Counted = Arc<Mutex<BTreeMap<String, u64>>>;

/// The index. Clones are the same one.
#[derive(Clone, Default)]
pub struct CountingIndex {
    inner: Arc<MemoryIndex>,
    read: Counted,
}

impl CountingIndex {
    /// What was read since this was asked last.
    pub fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.read.lock().unwrap())
    }
}

struct CountingRows {
    inner: Arc<dyn Rows>,
    read: Counted,
}

impl IndexFile for CountingIndex {
    fn mark(&self) -> Option<Mark> {
        self.inner.mark()
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        Ok(Arc::new(CountingRows { inner: self.inner.read()?, read: self.read.clone() }))
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        self.inner.write(changes, mark)
    }

    fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        self.inner.forget(keys)
    }
}

impl CountingRows {
    fn count(&self, table: &str, rows: usize) {
        *self.read.lock().unwrap().entry(table.to_owned()).or_default() += rows as u64;
    }
}

impl Kv for CountingRows {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        self.count(&String::from_utf8_lossy(&key[..if key[0] == b'S' { 2 } else { 1 }]), 1);
        self.inner.get(key)
    }
}

impl Rows for CountingRows {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        let rows = self.inner.range(prefix, after, limit)?;
        self.count("range", rows.len());
        Ok(rows)
    }
}

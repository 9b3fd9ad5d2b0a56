//! An index file that is none: rows in memory, for ledgers that live there.

use crate::index::{IndexError, IndexFile, IndexRow, Mark, Rows};
use procura_core::kv::{Kv, Unreadable};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rows in memory.
#[derive(Debug, Default)]
pub struct MemoryIndex(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rows: Arc<MemoryRows>,
    mark: Option<Mark>,
}

#[derive(Debug, Clone, Default)]
struct MemoryRows(BTreeMap<Arc<[u8]>, Arc<[u8]>>);

impl MemoryIndex {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IndexFile for MemoryIndex {
    fn mark(&self) -> Option<Mark> {
        self.lock().mark.clone()
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        let rows: Arc<MemoryRows> = Arc::clone(&self.lock().rows);
        Ok(rows)
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        let mut state = self.lock();
        Arc::make_mut(&mut state.rows).0.extend(changes);
        state.mark = Some(mark.clone());
        Ok(())
    }

    fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        let mut state = self.lock();
        let rows = &mut Arc::make_mut(&mut state.rows).0;
        keys.iter().for_each(|key| drop(rows.remove(key.as_slice())));
        Ok(())
    }
}

impl Kv for MemoryRows {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        Ok(self.0.get(key).cloned())
    }
}

impl Rows for MemoryRows {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        let from: Arc<[u8]> = prefix.into();
        let rows = self.0.range(from..).take_while(|(key, _)| key.starts_with(prefix));
        let rows = rows.filter(|(key, _)| after.is_none_or(|after| key.as_ref() > after));
        Ok(rows.take(limit).map(|(key, row)| (Arc::clone(key), Arc::clone(row))).collect())
    }
}

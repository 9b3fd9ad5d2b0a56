//! What the index needs of a place to keep rows: read by key, and a set of rows to write.
//!
//! The engine puts an on-disk table with layers of fresh rows behind it, audit and mirrors a map in memory.

use crate::trie::Trie;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rows could not be read: the storage's fault, never the caller's. Reopen and replay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the index could not be read: {0}")]
pub struct Unreadable(pub String);

/// Rows that can be read by key.
pub trait Kv {
    /// The row under `key`, or `None`.
    ///
    /// # Errors
    /// [`Unreadable`] if the storage fails.
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable>;

    /// The trie as of these rows, where it is at hand: its rows may then lag behind it, as far as it says itself. `None`: the
    /// trie is what its rows say.
    fn trie(&self) -> Option<&Trie> {
        None
    }
}

/// Rows to be written over a [`Kv`]; nothing is ever removed.
pub type Changes = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// A [`Kv`] held whole in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryKv(pub Changes);

impl MemoryKv {
    /// Writes `changes` over what is there.
    pub fn write(&mut self, changes: Changes) {
        self.0.extend(changes);
    }
}

impl Kv for MemoryKv {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        Ok(self.0.get(key).cloned())
    }
}

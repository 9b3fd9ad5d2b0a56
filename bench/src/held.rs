//! The map's trie, all of it in memory.

use crate::Outcome;
use procura_core::Hash;
use procura_core::kv::{Kv, Unreadable};
use procura_core::trie::{Trie, TrieWriter};
use std::sync::Arc;

/// The trie after the last batch.
#[derive(Default)]
pub(crate) struct Held(Trie);

impl Kv for Held {
    fn get(&self, _: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        Ok(None)
    }

    fn trie(&self) -> Option<&Trie> {
        Some(&self.0)
    }
}

impl Held {
    pub(crate) fn root(&self) -> Hash {
        self.0.root()
    }

    /// Puts a batch. The trie before it, which readers still have in the engine: whoever measures lets it go afterwards.
    pub(crate) fn put(&mut self, rows: impl IntoIterator<Item = (Hash, Hash)>) -> Outcome<Trie> {
        let mut writer = TrieWriter::new(self)?;
        for (key, value) in rows {
            writer.put(key, value)?;
        }
        let (trie, _) = writer.close();
        Ok(std::mem::replace(&mut self.0, trie))
    }
}

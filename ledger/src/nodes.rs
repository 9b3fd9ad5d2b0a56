//! The tree's nodes that were read or made of late: those on the paths that receipts share.
//!
//! A node is the root of a complete subtree, so it never changes; only what is durable is kept.

use crate::store::{Reader, StoreError};
use procura_core::tree::Nodes;
use procura_core::{Hash, Size};
use quick_cache::sync::Cache;

/// How many nodes are kept, at about a hundred bytes each: the upper levels of a volume, and what was logged last.
const KEPT: usize = 1 << 16;

/// A bounded number of nodes, by level and index.
pub(crate) struct KeptNodes(Cache<(u8, u64), Hash>);

impl KeptNodes {
    pub(crate) fn new() -> Self {
        Self(Cache::new(KEPT))
    }

    /// Keeps the nodes of rows that were just stored from `first` on.
    pub(crate) fn keep(&self, first: Size, nodes: Vec<Vec<Hash>>) {
        for (index, nodes) in (first.0..).zip(nodes) {
            for (level, node) in (0..).zip(nodes) {
                self.0.insert((level, index >> level), node);
            }
        }
    }

    /// The nodes that `reader` holds.
    pub(crate) const fn of<'a>(&'a self, reader: &'a dyn Reader) -> StoredNodes<'a> {
        StoredNodes { reader, kept: self }
    }
}

/// A reader's nodes as the tree's.
pub(crate) struct StoredNodes<'a> {
    reader: &'a dyn Reader,
    kept: &'a KeptNodes,
}

impl Nodes for StoredNodes<'_> {
    type Error = StoreError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        if let Some(node) = self.kept.0.get(&(level, index)) {
            return Ok(node);
        }
        let node = self.reader.node(level, index)?;
        self.kept.0.insert((level, index), node);
        Ok(node)
    }
}

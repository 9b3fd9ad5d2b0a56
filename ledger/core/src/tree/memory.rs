//! A tree held whole in memory: for small trees, audit and tests.

use super::{Frontier, Nodes, Root};
use crate::Hash;

/// The tree has no such complete subtree (yet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tree has no complete subtree {index} of level {level}")]
pub struct NoSuchNode {
    /// The subtree's height.
    pub level: u8,
    /// Its place in that level.
    pub index: u64,
}

/// Every complete subtree's root of a tree: 64 bytes a leaf.
#[derive(Debug, Clone, Default)]
pub struct MemoryNodes {
    levels: Vec<Vec<Hash>>,
    frontier: Frontier,
}

impl MemoryNodes {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf_hash: Hash) {
        for (level, hash) in self.frontier.push(leaf_hash).into_iter().enumerate() {
            match self.levels.get_mut(level) {
                Some(row) => row.push(hash),
                None => self.levels.push(vec![hash]),
            }
        }
    }

    /// Size and peaks.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Size and root.
    #[must_use]
    pub fn root(&self) -> Root {
        Root { size: self.frontier.size(), hash: self.frontier.root() }
    }
}

impl FromIterator<Hash> for MemoryNodes {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaf_hashes: I) -> Self {
        let mut nodes = Self::new();
        for leaf_hash in leaf_hashes {
            nodes.push(leaf_hash);
        }
        nodes
    }
}

impl Nodes for MemoryNodes {
    type Error = NoSuchNode;

    fn node(&self, level: u8, index: u64) -> Result<Hash, NoSuchNode> {
        usize::try_from(index)
            .ok()
            .and_then(|at| self.levels.get(usize::from(level))?.get(at))
            .copied()
            .ok_or(NoSuchNode { level, index })
    }
}

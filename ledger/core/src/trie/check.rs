//! A pruned trie that hashed to the root it was held against.
//!
//! Why the leaf that K leads to proves that K is absent: the bits that it was led by are part of the hashes, so under this root
//! K can stand nowhere but where they lead, and another key stands there. That K differs from it at a bit that no node on
//! the path lists is what absence is; at every listed bit the two agree, because the leaf was checked to be on the sides that K took.

use super::pruned::{Pruned, PrunedTrie};
use super::{Side, first_difference, inner_hash, leaf_hash, side};
use crate::hash::{self, Hash};
use std::sync::atomic::{AtomicBool, Ordering};

/// A pruned trie under a root. Made by [`PrunedTrie::check`] only.
#[derive(Debug)]
pub struct CheckedTrie {
    top: Option<Pruned>,
    /// The leaves, ascending.
    leaves: Vec<Leaf>,
}

#[derive(Debug)]
struct Leaf {
    key: Hash,
    /// Set once a key was answered by it.
    asked: AtomicBool,
}

/// Why a pruned trie says nothing about a root: refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrieError {
    /// The hashes give another root.
    #[error("the pruned trie has the root {computed}, not {stated}")]
    WrongRoot {
        /// The root it was held against.
        stated: Hash,
        /// The root that its hashes give.
        computed: Hash,
    },
    /// An inner node branches no later than the one above it.
    #[error("a node branching at bit {below} stands under one branching at bit {above}")]
    BitOrder {
        /// The upper node's bit.
        above: u8,
        /// The lower node's bit.
        below: u8,
    },
    /// A leaf stands on a side that is not its own, or two leaves of a node differ before its bit.
    #[error("the key {key} can't stand where it does under a node branching at bit {bit}")]
    Misplaced {
        /// The leaf's key.
        key: Hash,
        /// The node's bit.
        bit: u8,
    },
}

impl TrieError {
    /// The stable name, as vectors state it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::WrongRoot { .. } => "trie_wrong_root",
            Self::BitOrder { .. } => "trie_bit_order",
            Self::Misplaced { .. } => "trie_misplaced",
        }
    }
}

/// The proof has a stub where the key leads: it says nothing about the key, least of all that it is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pruned trie is cut off before the key {0}")]
pub struct Missing(pub Hash);

impl PrunedTrie {
    /// Holds the trie against `root`.
    ///
    /// # Errors
    /// In one walk from the left: [`TrieError::BitOrder`] before a node's children, [`TrieError::Misplaced`] after them; then
    /// [`TrieError::WrongRoot`].
    pub fn check(self, root: Hash) -> Result<CheckedTrie, TrieError> {
        let mut leaves = Vec::new();
        let computed = match &self.top {
            None => hash::empty(),
            Some(top) => see(top, None, &mut leaves)?.0,
        };
        if computed == root {
            Ok(CheckedTrie { top: self.top, leaves })
        } else {
            Err(TrieError::WrongRoot { stated: root, computed })
        }
    }
}

impl CheckedTrie {
    /// The value under `key`, or `None` if the trie has no such key.
    ///
    /// # Errors
    /// [`Missing`] if the proof does not show where the key leads.
    pub fn get(&self, key: &Hash) -> Result<Option<Hash>, Missing> {
        let Some(mut node) = self.top.as_ref() else { return Ok(None) };
        loop {
            match node {
                Pruned::Stub(_) => return Err(Missing(*key)),
                Pruned::Leaf { key: other, value } => {
                    let place = self.leaves.binary_search_by(|leaf| leaf.key.cmp(other));
                    if let Some(leaf) = place.ok().and_then(|place| self.leaves.get(place)) {
                        leaf.asked.store(true, Ordering::Relaxed);
                    }
                    return Ok((other == key).then_some(*value));
                }
                Pruned::Inner { bit, sides } => {
                    let [left, right] = &**sides;
                    node = match side(key, *bit) {
                        Side::Left => left,
                        Side::Right => right,
                    }
                }
            }
        }
    }

    /// The keys of the leaves that answered no [`CheckedTrie::get`] yet, ascending: a proof must not carry any.
    #[must_use]
    pub fn unused(&self) -> Vec<Hash> {
        let unasked = self.leaves.iter().filter(|leaf| !leaf.asked.load(Ordering::Relaxed));
        unasked.map(|leaf| leaf.key).collect()
    }
}

/// Checks `node`, which stands under a node branching at `above`, and notes its leaves. Gives its hash and, where one is shown, one leaf's
/// key below, which speaks for all: they agree before the node's own bit.
fn see(node: &Pruned, above: Option<u8>, leaves: &mut Vec<Leaf>) -> Result<(Hash, Option<Hash>), TrieError> {
    match node {
        Pruned::Stub(hash) => Ok((*hash, None)),
        Pruned::Leaf { key, value } => {
            leaves.push(Leaf { key: *key, asked: AtomicBool::new(false) });
            Ok((leaf_hash(key, value), Some(*key)))
        }
        Pruned::Inner { bit, sides } => {
            let bit = *bit;
            if let Some(above) = above.filter(|above| *above >= bit) {
                return Err(TrieError::BitOrder { above, below: bit });
            }
            let [left, right] = &**sides;
            let (left, left_key) = see(left, Some(bit), leaves)?;
            let (right, right_key) = see(right, Some(bit), leaves)?;
            let key = meet(bit, left_key, right_key)?;
            Ok((inner_hash(&left, &right, bit), key))
        }
    }
}

/// Checks one key of each side of a node, where one is shown, and gives one of them.
///
/// All leaves of a side agree before that side's own bit, which comes after this one: so what holds for one key's bits up to
/// here holds for all, and by induction every leaf is on its side at every node above it.
fn meet(bit: u8, left: Option<Hash>, right: Option<Hash>) -> Result<Option<Hash>, TrieError> {
    if let Some(key) = left.filter(|key| side(key, bit) == Side::Right) {
        return Err(TrieError::Misplaced { key, bit });
    }
    if let Some(key) = right.filter(|key| side(key, bit) == Side::Left) {
        return Err(TrieError::Misplaced { key, bit });
    }
    if let (Some(one), Some(key)) = (left, right)
        && first_difference(&one, &key) != Some(bit)
    {
        return Err(TrieError::Misplaced { key, bit });
    }
    Ok(left.or(right))
}

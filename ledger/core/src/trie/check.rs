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
    top: Option<Checked>,
}

#[derive(Debug)]
enum Checked {
    Stub,
    /// `asked` is set once a key was answered by this leaf.
    Leaf {
        key: Hash,
        value: Hash,
        asked: AtomicBool,
    },
    Inner {
        bit: u8,
        sides: Box<[Checked; 2]>,
    },
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
        let (computed, top) = match self.top {
            None => (hash::empty(), None),
            Some(top) => {
                let seen = see(top, None)?;
                (seen.hash, Some(seen.node))
            }
        };
        if computed == root {
            Ok(CheckedTrie { top })
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
                Checked::Stub => return Err(Missing(*key)),
                Checked::Leaf { key: other, value, asked } => {
                    asked.store(true, Ordering::Relaxed);
                    return Ok((other == key).then_some(*value));
                }
                Checked::Inner { bit, sides } => {
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
        let mut keys = Vec::new();
        if let Some(top) = &self.top {
            top.unused(&mut keys);
        }
        keys
    }
}

impl Checked {
    fn unused(&self, keys: &mut Vec<Hash>) {
        match self {
            Self::Stub => {}
            Self::Leaf { key, asked, .. } => {
                if !asked.load(Ordering::Relaxed) {
                    keys.push(*key);
                }
            }
            Self::Inner { sides, .. } => sides.iter().for_each(|side| side.unused(keys)),
        }
    }
}

/// A node that was looked at.
struct Seen {
    node: Checked,
    hash: Hash,
    /// One leaf's key below, which speaks for all: they agree before the node's own bit.
    key: Option<Hash>,
}

/// Checks `node`, which stands under a node branching at `above`.
fn see(node: Pruned, above: Option<u8>) -> Result<Seen, TrieError> {
    match node {
        Pruned::Stub(hash) => Ok(Seen { node: Checked::Stub, hash, key: None }),
        Pruned::Leaf { key, value } => {
            let node = Checked::Leaf { key, value, asked: AtomicBool::new(false) };
            Ok(Seen { node, hash: leaf_hash(&key, &value), key: Some(key) })
        }
        Pruned::Inner { bit, sides } => {
            if let Some(above) = above.filter(|above| *above >= bit) {
                return Err(TrieError::BitOrder { above, below: bit });
            }
            let [left, right] = *sides;
            let (left, right) = (see(left, Some(bit))?, see(right, Some(bit))?);
            let key = meet(bit, left.key, right.key)?;
            let hash = inner_hash(&left.hash, &right.hash, bit);
            let node = Checked::Inner { bit, sides: Box::new([left.node, right.node]) };
            Ok(Seen { node, hash, key })
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

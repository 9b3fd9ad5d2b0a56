//! What replaying a log must hash at least: counted by a model that knows the keys and the lists but keeps no hash.
//!
//! | for each | is hashed | bytes |
//! |---|---|--:|
//! | entry | its leaf | 1 + its own |
//! | complete subtree, and peak below the root that a commit signs | node | 65 |
//! | list that an entry is added to | key | 82 (status), 83 (tag), 85 (alias) |
//! | item added | its leaf, the subtrees it completes, the peaks of the list | 43, 65 each |
//! | key changed, once a commit | value, leaf of the trie | 67 (tag 66, alias 58), 64 |
//! | node above a changed key, once a commit | node | 65 |

use crate::Outcome;
use procura_core::entry::Entry;
use std::collections::{BTreeMap, HashMap};

const NODE_BYTES: usize = 65;
const ITEM_BYTES: usize = 43;
const TRIE_LEAF_BYTES: usize = 64;

/// A kind of key in the map: what its hash and its value's are over, in bytes.
#[derive(Clone, Copy)]
struct Of {
    key_bytes: usize,
    value_bytes: usize,
}

const STATUS: Of = Of { key_bytes: 82, value_bytes: 67 };
const TAG: Of = Of { key_bytes: 83, value_bytes: 66 };
const ALIAS: Of = Of { key_bytes: 85, value_bytes: 58 };

/// The model.
#[derive(Default)]
pub(crate) struct Model {
    /// How many messages of each length.
    pub(crate) hashed: BTreeMap<usize, u64>,
    size: u64,
    lists: HashMap<[u8; 32], List>,
    changed: Vec<[u8; 32]>,
    trie: Trie,
}

struct List {
    of: Of,
    items: u64,
    /// Whether it is among the changed ones.
    is_changed: bool,
    leaf: usize,
}

impl Model {
    /// Takes the next entry.
    pub(crate) fn apply(&mut self, bytes: &[u8]) -> Outcome {
        let entry = Entry::decode(bytes)?;
        self.count(1 + bytes.len(), 1);
        self.size += 1;
        self.count(NODE_BYTES, u64::from(self.size.trailing_zeros()));
        let head = match &entry {
            Entry::Commit(_) => {
                self.commit();
                return Ok(());
            }
            Entry::Create { head, .. } | Entry::Party { head, .. } => {
                self.add(head.id.0, STATUS);
                head
            }
            Entry::Transition { head, target_id, .. } => {
                self.add(target_id.0, STATUS);
                head
            }
            Entry::Trace { head } => head,
        };
        if let Entry::Party { alias, .. } = &entry {
            self.add(alias.0, ALIAS);
        }
        head.tags.as_slice().iter().for_each(|tag| self.add(tag.0, TAG));
        Ok(())
    }

    /// Adds an item to a list; ids and tags are hashes, so that they stand for the keys made of them.
    fn add(&mut self, key: [u8; 32], of: Of) {
        let trie = &mut self.trie;
        let list = self.lists.entry(key).or_insert_with(|| List {
            of,
            items: 0,
            is_changed: false,
            leaf: trie.insert(key),
        });
        list.items += 1;
        let nodes = u64::from(list.items.trailing_zeros());
        if !std::mem::replace(&mut list.is_changed, true) {
            self.changed.push(key);
        }
        self.count(of.key_bytes, 1);
        self.count(ITEM_BYTES, 1);
        self.count(NODE_BYTES, nodes);
    }

    fn commit(&mut self) {
        let mut nodes = u64::from(self.size.count_ones() - 1);
        let epoch = self.size;
        for key in std::mem::take(&mut self.changed) {
            let Some(list) = self.lists.get_mut(&key) else { continue };
            list.is_changed = false;
            let (of, peaks, leaf) = (list.of, u64::from(list.items.count_ones() - 1), list.leaf);
            nodes += peaks + self.trie.climb(leaf, epoch);
            self.count(of.value_bytes, 1);
            self.count(TRIE_LEAF_BYTES, 1);
        }
        self.count(NODE_BYTES, nodes);
    }

    fn count(&mut self, length_bytes: usize, times: u64) {
        if times > 0 {
            *self.hashed.entry(length_bytes).or_default() += times;
        }
    }

    /// How many bytes in all.
    pub(crate) fn bytes(&self) -> u64 {
        self.hashed.iter().map(|(length, count)| *length as u64 * count).sum()
    }
}

/// The shape of a binary Patricia trie, without values.
#[derive(Default)]
struct Trie {
    nodes: Vec<Node>,
    top: Option<usize>,
}

struct Node {
    above: Option<usize>,
    /// The commit in which it was hashed last.
    epoch: u64,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Leaf([u8; 32]),
    Inner { bit: u8, sides: [usize; 2] },
}

impl Trie {
    /// Puts a key in that is not there yet; its leaf.
    fn insert(&mut self, key: [u8; 32]) -> usize {
        let leaf = self.push(Form::Leaf(key));
        let Some(top) = self.top else {
            self.top = Some(leaf);
            return leaf;
        };
        let (_, other) = self.descend(top, &key, u16::MAX);
        let bit = first_difference(&key, &other);
        let (below, _) = self.descend(top, &key, u16::from(bit));
        let above = self.nodes.get(below).and_then(|node| node.above);
        let sides = if side(&key, bit) == 0 { [leaf, below] } else { [below, leaf] };
        let inner = self.push(Form::Inner { bit, sides });
        for (child, parent) in [(leaf, Some(inner)), (below, Some(inner)), (inner, above)] {
            if let Some(node) = self.nodes.get_mut(child) {
                node.above = parent;
            }
        }
        match above.and_then(|above| self.nodes.get_mut(above)) {
            None => self.top = Some(inner),
            Some(node) => {
                if let Form::Inner { sides, .. } = &mut node.form {
                    sides.iter_mut().filter(|side| **side == below).for_each(|side| *side = inner);
                }
            }
        }
        leaf
    }

    /// The first node on a key's way that branches at `bit` or later, or is a leaf; and a key below it.
    fn descend(&self, top: usize, key: &[u8; 32], bit: u16) -> (usize, [u8; 32]) {
        let (mut at, mut found) = (top, None);
        loop {
            match self.nodes.get(at).map(|node| node.form) {
                Some(Form::Inner { bit: here, sides }) => {
                    if u16::from(here) >= bit {
                        found = found.or(Some(at));
                    }
                    let [left, right] = sides;
                    at = if side(key, here) == 0 { left } else { right };
                }
                Some(Form::Leaf(other)) => return (found.unwrap_or(at), other),
                None => return (at, [0; 32]),
            }
        }
    }

    /// How many nodes above a leaf were not hashed in this commit yet.
    fn climb(&mut self, leaf: usize, epoch: u64) -> u64 {
        let (mut nodes, mut at) = (0, self.nodes.get(leaf).and_then(|node| node.above));
        while let Some(node) = at.and_then(|at| self.nodes.get_mut(at)).filter(|node| node.epoch != epoch) {
            node.epoch = epoch;
            nodes += 1;
            at = node.above;
        }
        nodes
    }

    fn push(&mut self, form: Form) -> usize {
        self.nodes.push(Node { above: None, epoch: 0, form });
        self.nodes.len() - 1
    }
}

fn side(key: &[u8; 32], bit: u8) -> u8 {
    key.get(usize::from(bit >> 3)).map_or(0, |byte| byte >> (7 - (bit & 7)) & 1)
}

fn first_difference(one: &[u8; 32], other: &[u8; 32]) -> u8 {
    (0..=255).find(|bit| side(one, *bit) != side(other, *bit)).unwrap_or(255)
}

#[cfg(test)]
mod tests {
    //! Goal: the model's trie has the shape that the map's has. Method: keys whose trie is known; then random ones, of which
    //! every way leads to its key.

    use super::*;

    fn key(first: u8) -> [u8; 32] {
        let mut key = [0; 32];
        key[0] = first;
        key
    }

    #[test]
    fn a_known_trie() {
        let mut trie = Trie::default();
        let leaves =
            [0b0000_0000, 0b1000_0000, 0b1100_0000, 0b1100_0001].map(|first| trie.insert(key(first)));
        // 0 | 1: 10 | 11: 11000000 | 11000001
        assert_eq!(trie.climb(leaves[0], 1), 1);
        assert_eq!(trie.climb(leaves[3], 2), 3);
        assert_eq!(trie.climb(leaves[2], 2), 0, "hashed already in this commit");
        assert_eq!(trie.climb(leaves[1], 3), 2);
    }

    #[test]
    fn every_key_is_found() {
        let mut trie = Trie::default();
        let keys: Vec<[u8; 32]> = (0..1_000).map(|n| crate::people::fixed("key", n)).collect();
        for key in &keys {
            trie.insert(*key);
        }
        for key in &keys {
            assert_eq!(trie.descend(trie.top.unwrap(), key, u16::MAX).1, *key);
        }
        assert_eq!(trie.nodes.len(), 1_999);
    }
}

//! A page: the part of the trie that one row holds.
//!
//! A page stands at a prefix of whole nibbles and is in one of two forms:
//!
//! - *whole*: every leaf below its prefix, at most [`PAGE_LEAVES`];
//! - *split*, once there are more: the nodes that branch within the page's own nibble, and below them, for each value of
//!   that nibble, nothing, the one leaf there is, or a child page at the prefix one nibble longer.
//!
//! A page splits exactly when it outgrows the limit and never grows whole again, so which pages there are is a function
//! of the keys alone. Inner hashes are kept: an update rehashes its own path and nothing else, at the time the root is asked
//! for, so that many updates share the upper levels.

use super::row;
use super::{Side, first_difference, inner_hash, leaf_hash, nibble, side};
use crate::hash::Hash;
use crate::kv::{Changes, Kv, Unreadable};

/// Most leaves of a whole page.
pub(super) const PAGE_LEAVES: usize = 128;

#[derive(Debug)]
pub(super) struct Page {
    pub(super) top: Node,
    pub(super) form: Form,
    /// Whether the row is to be written.
    pub(super) changed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole { leaves: usize },
    Split,
}

/// A hash of `None` is to be computed anew.
#[derive(Debug)]
pub(super) enum Node {
    Leaf { key: Hash, value: Hash },
    Inner { bit: u8, hash: Option<Hash>, sides: Box<Sides> },
    Child { nibble: u8, hash: Option<Hash>, page: Option<Box<Page>> },
}

/// Both sides of an inner node, in one allocation: decoding a page is mostly allocating.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) left: Node,
    pub(super) right: Node,
}

impl Sides {
    /// The side that `key` takes at `bit`.
    pub(super) fn of(&self, key: &Hash, bit: u8) -> &Node {
        match side(key, bit) {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    fn of_mut(&mut self, key: &Hash, bit: u8) -> &mut Node {
        match side(key, bit) {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }
}

/// What a put did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// The key had that value.
    Nothing,
    /// The key had another value.
    Replaced,
    /// The key is new.
    Added,
}

/// The prefix that a page stands at: the first `nibbles` nibbles of `path`, whose other bits are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) nibbles: u8,
    pub(super) path: Hash,
}

impl Prefix {
    pub(super) const TOP: Self = Self { nibbles: 0, path: Hash([0; 32]) };

    /// The prefix one nibble longer.
    pub(super) fn then(mut self, nibble: u8) -> Self {
        if let Some(byte) = self.path.0.get_mut(usize::from(self.nibbles >> 1)) {
            *byte |= if self.nibbles & 1 == 0 { nibble << 4 } else { nibble };
        }
        self.nibbles += 1;
        self
    }

    /// The first bit below the nibble that a page here branches on.
    pub(super) fn window_end(self) -> u16 {
        (u16::from(self.nibbles) + 1) * 4
    }
}

impl Page {
    /// A page of one leaf: the trie's first.
    pub(super) const fn of_one(key: Hash, value: Hash) -> Self {
        Self { top: Node::Leaf { key, value }, form: Form::Whole { leaves: 1 }, changed: true }
    }

    /// Gives `key`, which begins with `at`, the value.
    ///
    /// If a row can't be read nothing is changed.
    pub(super) fn put<K: Kv + ?Sized>(
        &mut self,
        at: Prefix,
        kv: &K,
        key: &Hash,
        value: &Hash,
    ) -> Result<Put, Unreadable> {
        let put = match self.top.fork(at, key) {
            None => self.top.update(at, kv, key, value)?,
            Some(bit) => {
                self.top.graft(bit, key, value);
                self.grown(at, bit);
                Put::Added
            }
        };
        self.changed |= put != Put::Nothing;
        Ok(put)
    }

    /// Upholds the two forms after a leaf was added that branched at `bit`.
    fn grown(&mut self, at: Prefix, bit: u8) {
        match &mut self.form {
            Form::Whole { leaves } => {
                *leaves += 1;
                self.split_if_full(at);
            }
            Form::Split if u16::from(bit) >= at.window_end() => self.top.cut(at),
            Form::Split => {}
        }
    }

    fn split_if_full(&mut self, at: Prefix) {
        if matches!(self.form, Form::Whole { leaves } if leaves > PAGE_LEAVES) {
            self.form = Form::Split;
            self.top.cut(at);
        }
    }

    /// Writes the rows of this page and of the pages below it that changed.
    pub(super) fn collect(&mut self, at: Prefix, changes: &mut Changes) {
        if self.changed {
            changes.insert(row::key(at), row::encode(self).into());
            self.top.collect(at, changes);
            self.changed = false;
        }
    }
}

impl Node {
    /// What a moved-out node leaves behind for the moment.
    const NONE: Self = Self::Leaf { key: Hash([0; 32]), value: Hash([0; 32]) };

    /// The bit at which `key` leaves the leaf or child page that its bits lead to; `None` if it belongs to that.
    fn fork(&self, at: Prefix, key: &Hash) -> Option<u8> {
        match self {
            Self::Leaf { key: other, .. } => first_difference(key, other),
            Self::Inner { bit, sides, .. } => sides.of(key, *bit).fork(at, key),
            Self::Child { nibble: other, .. } => {
                let differ = nibble(key, at.nibbles) ^ other;
                // Of a nibble's 8-bit form the first 4 bits are always zero.
                (differ != 0).then(|| at.nibbles * 4 + (differ.leading_zeros() as u8 & 7) - 4)
            }
        }
    }

    /// Gives a key that [`Node::fork`] found to belong here its value.
    fn update<K: Kv + ?Sized>(
        &mut self,
        at: Prefix,
        kv: &K,
        key: &Hash,
        value: &Hash,
    ) -> Result<Put, Unreadable> {
        let (put, hash) = match self {
            Self::Leaf { value: old, .. } => {
                let same = std::mem::replace(old, *value) == *value;
                return Ok(if same { Put::Nothing } else { Put::Replaced });
            }
            Self::Inner { bit, hash, sides } => (sides.of_mut(key, *bit).update(at, kv, key, value)?, hash),
            Self::Child { nibble, hash, page } => {
                let below = at.then(*nibble);
                let page = match page {
                    Some(page) => page,
                    None => page.insert(Box::new(row::load_child(kv, below, *hash)?)),
                };
                (page.put(below, kv, key, value)?, hash)
            }
        };
        if put != Put::Nothing {
            *hash = None;
        }
        Ok(put)
    }

    /// Sets a new leaf beside the node that `key` leaves at bit `fork`.
    fn graft(&mut self, fork: u8, key: &Hash, value: &Hash) {
        if let Self::Inner { bit, hash, sides } = self
            && *bit < fork
        {
            *hash = None;
            return sides.of_mut(key, *bit).graft(fork, key, value);
        }
        let old = std::mem::replace(self, Self::NONE);
        let new = Self::Leaf { key: *key, value: *value };
        let (left, right) = match side(key, fork) {
            Side::Left => (new, old),
            Side::Right => (old, new),
        };
        *self = Self::Inner { bit: fork, hash: None, sides: Box::new(Sides { left, right }) };
    }

    /// Moves every inner node below the window of the page at `at` into a child page.
    fn cut(&mut self, at: Prefix) {
        match self {
            Self::Inner { bit, sides, .. } if u16::from(*bit) < at.window_end() => {
                sides.left.cut(at);
                sides.right.cut(at);
            }
            Self::Inner { hash, .. } => {
                let hash = *hash;
                let nibble = self.nibble(at.nibbles);
                let top = std::mem::replace(self, Self::NONE);
                let form = Form::Whole { leaves: top.leaves() };
                let mut page = Page { top, form, changed: true };
                page.split_if_full(at.then(nibble));
                *self = Self::Child { nibble, hash, page: Some(Box::new(page)) };
            }
            Self::Leaf { .. } | Self::Child { .. } => {}
        }
    }

    /// Nibble `n` of whatever stands here first.
    fn nibble(&self, n: u8) -> u8 {
        match self {
            Self::Leaf { key, .. } => nibble(key, n),
            Self::Inner { sides, .. } => sides.left.nibble(n),
            Self::Child { nibble, .. } => *nibble,
        }
    }

    /// How many leaves stand here, child pages not counted.
    fn leaves(&self) -> usize {
        match self {
            Self::Leaf { .. } => 1,
            Self::Inner { sides, .. } => sides.left.leaves() + sides.right.leaves(),
            Self::Child { .. } => 0,
        }
    }

    /// The hash, computed where it is not known.
    pub(super) fn hash(&mut self) -> Hash {
        match self {
            Self::Leaf { key, value } => leaf_hash(key, value),
            Self::Inner { bit, hash, sides } => {
                *hash.get_or_insert_with(|| inner_hash(&sides.left.hash(), &sides.right.hash(), *bit))
            }
            // A child without a hash always has its page here: only a put into the page forgets the hash.
            Self::Child { hash, page, .. } => {
                *hash.get_or_insert_with(|| page.as_mut().map_or(Hash::default(), |page| page.top.hash()))
            }
        }
    }

    fn collect(&mut self, at: Prefix, changes: &mut Changes) {
        match self {
            Self::Inner { sides, .. } => {
                sides.left.collect(at, changes);
                sides.right.collect(at, changes);
            }
            Self::Child { nibble, page: Some(page), .. } => page.collect(at.then(*nibble), changes),
            Self::Leaf { .. } | Self::Child { .. } => {}
        }
    }
}

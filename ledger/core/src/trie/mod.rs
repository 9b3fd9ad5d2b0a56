//! The map's trie: a binary Merkle Patricia trie of 32-byte keys and values.
//!
//! A leaf hashes to `H(K ‖ V)`, an inner node to `H(L ‖ R ‖ b)`, where `b` is the bit at which its two sides first
//! differ (bit 0 is the most significant bit of byte 0); the empty trie is `H("")`. Keys are only ever inserted or given a
//! new value. The root is a function of the keys and values alone, never of the order they came in.
//!
//! - [`Trie`] is one state of it, in *pages* (`page.rs` tells how), of which some are in memory and all stored are rows of a
//!   [`Kv`](crate::kv::Kv);
//! - [`TrieWriter`] makes the next state in a batch;
//! - [`get`] and [`prove`] read it;
//! - [`PrunedTrie`] is the proof, [`CheckedTrie`] what is left of it once it hashed to a root.
//!
//! spec: index.md#trie

mod check;
#[cfg(test)]
pub(crate) mod model;
mod page;
mod pruned;
mod row;
mod state;
mod writer;

pub use check::{CheckedTrie, Missing, TrieError};
pub use pruned::{PrunedTrie, PrunedTrieError, prove};
pub use state::Trie;
pub use writer::{TrieWriter, get};

use crate::hash::{self, Hash};

/// Whether a row's key is that of one of the trie's pages.
pub(crate) fn is_page(row_key: &[u8]) -> bool {
    row_key.first() == Some(&row::PAGE_ROWS)
}

/// `H(K ‖ V)`.
fn leaf_hash(key: &Hash, value: &Hash) -> Hash {
    hash::sha256(&[&key.0, &value.0])
}

/// `H(L ‖ R ‖ b)`.
fn inner_hash(left: &Hash, right: &Hash, bit: u8) -> Hash {
    hash::sha256(&[&left.0, &right.0, &[bit]])
}

/// The two sides of an inner node: which one a key takes is its bit there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The side that `key` takes at a node branching at `bit`.
fn side(key: &Hash, bit: u8) -> Side {
    let byte = key.0.get(usize::from(bit >> 3)).copied().unwrap_or_default();
    if byte & (0x80 >> (bit & 7)) == 0 { Side::Left } else { Side::Right }
}

/// The first bit in which two keys differ; `None` if they are equal.
fn first_difference(one: &Hash, other: &Hash) -> Option<u8> {
    let pairs = one.0.iter().zip(&other.0);
    (0..=u8::MAX).step_by(8).zip(pairs).find(|(_, (a, b))| a != b).and_then(|(bit, (a, b))| {
        // Two bytes that differ do so in one of 8 bits.
        u8::try_from((a ^ b).leading_zeros()).ok().map(|within| bit + within)
    })
}

/// Pair `n` of a key's bits, 0 being the two most significant of byte 0.
fn pair(key: &Hash, n: u8) -> u8 {
    let byte = key.0.get(usize::from(n >> 2)).copied().unwrap_or_default();
    (byte >> (6 - (n & 3) * 2)) & 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_count_from_the_most_significant() {
        for bit in 0..=255u8 {
            let mut key = Hash([0; 32]);
            key.0[usize::from(bit) / 8] = 0x80 >> (bit % 8);
            assert_eq!(first_difference(&key, &Hash([0; 32])), Some(bit));
            assert_eq!(side(&key, bit), Side::Right);
            assert_eq!((0..=255).filter(|other| side(&key, *other) == Side::Right).count(), 1);
            assert_eq!(pair(&key, bit / 2), 2 >> (bit % 2));
        }
        assert_eq!(first_difference(&Hash([7; 32]), &Hash([7; 32])), None);
    }
}

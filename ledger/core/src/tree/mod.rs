//! The RFC 6962 section 2.1 Merkle tree, over leaf hashes that are already computed.
//!
//! Each `prove_…` reads a tree through [`Nodes`] and has a `check_…` that needs nothing but its arguments. Both
//! take the same way through the tree, so that the two read alike.
//!
//! spec: log.md#tree

mod consistency;
mod error;
mod frontier;
mod inclusion;
mod memory;
mod multi;

pub use consistency::{check_consistency, prove_consistency};
pub use error::{ProofError, ProveError};
pub use frontier::Frontier;
pub use inclusion::{check_inclusion, prove_inclusion};
pub use memory::{MemoryNodes, NoSuchNode};
pub use multi::{check_below_peaks, check_range, peaks_of_last, prove_below_peaks, prove_peaks, prove_range};

use crate::hash;
use crate::{Hash, Index, Size};
use std::cmp::Ordering;

/// Where a tree's nodes can be read.
pub trait Nodes {
    /// Why a node could not be read.
    type Error;

    /// The root of the *complete* subtree of 2^`level` leaves that starts at leaf `index` · 2^`level`.
    ///
    /// # Errors
    /// The storage's own, also for a subtree that is not complete yet.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// A leaf as a proof speaks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// Where it stands.
    pub index: Index,
    /// `H(0x00 ‖ entry)`.
    pub hash: Hash,
}

/// A tree as a checkpoint speaks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// How many leaves the tree has.
    pub size: Size,
    /// Its Merkle tree hash; `H("")` for the empty tree.
    pub hash: Hash,
}

/// `MTH` of a whole list of leaf hashes (RFC 6962 section 2.1); `H("")` for the empty list.
#[must_use]
pub fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash::empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            hash::node(&mth(left), &mth(right))
        }
    }
}

/// The leaves `[start, start + len)`: one of the subtrees that RFC 6962's recursion visits, `len` ≥ 1.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u64,
    len: u64,
}

impl Span {
    const fn whole(size: Size) -> Self {
        Self { start: 0, len: size.0 }
    }

    /// Left and right child; only a span of two leaves or more has them.
    fn halves(self) -> (Self, Self) {
        let k = hash::split_point(Size(self.len));
        (Self { start: self.start, len: k }, Self { start: self.start + k, len: self.len - k })
    }

    const fn end(self) -> u64 {
        self.start + self.len
    }

    /// The subtree's hash out of its complete subtrees.
    fn hash<N: Nodes>(self, nodes: &N) -> Result<Hash, N::Error> {
        if self.len.is_power_of_two() {
            let level = self.len.trailing_zeros();
            // A power of two of u64 has at most 63 trailing zeros.
            return nodes.node(level as u8, self.start >> level);
        }
        let (left, right) = self.halves();
        Ok(hash::node(&left.hash(nodes)?, &right.hash(nodes)?))
    }
}

/// On which side of the way down a sibling stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Walks from the root of a tree towards leaf `index` until `stop`: the siblings passed, and where it ends.
fn descend(index: Index, size: Size, stop: impl Fn(Span) -> bool) -> (Vec<(Side, Span)>, Span) {
    let mut siblings = Vec::new();
    let mut span = Span::whole(size);
    while span.len > 1 && !stop(span) {
        let (left, right) = span.halves();
        if index.0 < right.start {
            siblings.push((Side::Right, right));
            span = left;
        } else {
            siblings.push((Side::Left, left));
            span = right;
        }
    }
    (siblings, span)
}

/// The spans of a tree's peaks: its complete subtrees, largest first.
fn peak_spans(size: Size) -> impl Iterator<Item = Span> {
    let mut start = 0;
    (0..u64::BITS).rev().map(|bit| 1 << bit).filter(move |len| size.0 & len != 0).map(move |len| {
        let span = Span { start, len };
        start += len;
        span
    })
}

/// A proof's hashes, taken one by one; a proof must be used up exactly.
struct Hashes<'a> {
    given: usize,
    rest: std::slice::Iter<'a, Hash>,
}

impl<'a> Hashes<'a> {
    fn new(hashes: &'a [Hash]) -> Self {
        Self { given: hashes.len(), rest: hashes.iter() }
    }

    fn take(&mut self) -> Result<Hash, ProofError> {
        self.rest.next().copied().ok_or(ProofError::MissingHash { given: self.given })
    }

    fn finish(self) -> Result<(), ProofError> {
        match self.rest.len() {
            0 => Ok(()),
            surplus => Err(ProofError::SurplusHash { given: self.given, used: self.given - surplus }),
        }
    }
}

fn expect_length(hashes: &[Hash], wanted: usize) -> Result<(), ProofError> {
    let given = hashes.len();
    match given.cmp(&wanted) {
        Ordering::Less => Err(ProofError::MissingHash { given }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(ProofError::SurplusHash { given, used: wanted }),
    }
}

fn expect_root(computed: Hash, root: &Root) -> Result<(), ProofError> {
    if computed == root.hash {
        return Ok(());
    }
    Err(ProofError::WrongRoot { size: root.size, stated: root.hash, computed })
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 6962 section 2.1: the definition applied by hand to the smallest trees.
    #[test]
    fn mth_is_the_definition() {
        let [a, b, c] = [0_u8, 1, 2].map(|n| hash::leaf(&[n]));
        assert_eq!(mth(&[]), hash::sha256(&[]));
        assert_eq!(mth(&[a]), a);
        assert_eq!(mth(&[a, b, c]), hash::node(&hash::node(&a, &b), &c));
        assert_ne!(mth(&[a, b, c]), hash::node(&a, &hash::node(&b, &c)));
    }

    // The peaks of a size tile it from the left, each a power of two smaller than the one before.
    #[test]
    fn peaks_tile_the_tree() {
        for size in 0..600 {
            let mut at = 0;
            for span in peak_spans(Size(size)) {
                assert_eq!(span.start, at);
                assert!(span.len.is_power_of_two() && span.start % span.len == 0);
                at = span.end();
            }
            assert_eq!(at, size);
        }
        assert_eq!(peak_spans(Size(u64::MAX)).count(), 64);
    }
}

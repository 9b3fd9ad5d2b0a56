//! An RFC 6962 tree that only grows, kept as the roots of its perfect subtrees.

use crate::hash::{self, Hash};

/// The frontier of an RFC 6962 tree: one hash for each bit set in its size, the largest subtree first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peaks {
    size: u64,
    peaks: Vec<Hash>,
}

impl Peaks {
    /// The empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// The tree of `size` leaves with these peaks; `None` unless there is one for each bit set in `size`.
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (u32::try_from(peaks.len()) == Ok(size.count_ones())).then_some(Self { size, peaks })
    }

    /// The tree over the leaf hashes given.
    #[must_use]
    pub fn of(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut all = Self::new();
        leaves.into_iter().for_each(|leaf| all.push(leaf));
        all
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The peaks, the largest subtree's first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf by its hash ([`hash::leaf`]).
    pub fn push(&mut self, leaf: Hash) {
        let mut top = leaf;
        // Each trailing one of the size is a perfect subtree as large as the one just completed.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = hash::node(&left, &top);
            }
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// The Merkle Tree Hash, RFC 6962 section 2.1: the peaks folded from the smallest up.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| hash::node(&left, &right))
            .unwrap_or_else(hash::empty)
    }
}

/// Goal: the frontier is the tree. Method: the recursive definition of RFC 6962 at every size to 130.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Size;

    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash::empty(),
            [one] => *one,
            more => {
                let (left, right) = more.split_at(hash::split_point(Size(more.len() as u64)) as usize);
                hash::node(&mth(left), &mth(right))
            }
        }
    }

    #[test]
    fn every_small_size() {
        let leaves: Vec<Hash> = (0..130u8).map(|n| hash::leaf(&[n])).collect();
        let mut peaks = Peaks::new();
        for size in 0..=leaves.len() {
            assert_eq!(peaks.root(), mth(&leaves[..size]), "{size}");
            assert_eq!(peaks.size(), size as u64);
            assert_eq!(Peaks::from_parts(size as u64, peaks.peaks().to_vec()), Some(peaks.clone()));
            assert_eq!(Peaks::of(leaves[..size].iter().copied()), peaks);
            if let Some(leaf) = leaves.get(size) {
                peaks.push(*leaf);
            }
        }
    }

    #[test]
    fn as_many_peaks_as_bits() {
        let peak = hash::leaf(b"x");
        assert_eq!(Peaks::from_parts(0, vec![peak]), None);
        assert_eq!(Peaks::from_parts(3, vec![peak]), None);
        assert_eq!(Peaks::from_parts(4, vec![peak, peak]), None);
    }
}

//! The frontier of a growing tree (a compact range): all that appending needs to remember.

use crate::hash;
use crate::{Hash, Size};

/// A tree's size and peaks: the roots of its complete subtrees, largest first, one for each 1 bit of the size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: Size,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree's.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontier of `size` leaves with these peaks, largest first; `None` if the size has another number
    /// of peaks. Nothing says that the hashes are the tree's: compare [`Self::root`] with a trusted one.
    #[must_use]
    pub fn from_peaks(size: Size, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.0.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Appends a leaf. Returns the roots of all complete subtrees that end with it, from the leaf itself
    /// (level 0) upward: 1 + trailing_zeros(new size) hashes.
    pub fn push(&mut self, leaf_hash: Hash) -> Vec<Hash> {
        let mut completed = vec![leaf_hash];
        let mut root = leaf_hash;
        // Each 1 bit at the size's low end is a peak as large as the subtree just completed.
        for _ in 0..self.size.0.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                root = hash::node(&left, &root);
                completed.push(root);
            }
        }
        self.peaks.push(root);
        self.size.0 += 1;
        completed
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The peaks, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The tree's root: the peaks folded from the smallest; `H("")` for the empty tree.
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

/// The frontier of a whole tree, by its leaf hashes.
impl FromIterator<Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut frontier = Self::new();
        leaves.into_iter().for_each(|leaf| drop(frontier.push(leaf)));
        frontier
    }
}

#[cfg(test)]
mod tests {
    use super::super::mth;
    use super::*;

    // Goal: the frontier's root is the definition's at every size, and `push` reports each completed subtree.
    #[test]
    fn root_and_subtrees_are_the_definition() {
        let leaves: Vec<Hash> = (0_u32..520).map(|n| hash::leaf(&n.to_be_bytes())).collect();
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root(), hash::empty());
        for (n, leaf) in leaves.iter().enumerate() {
            let completed = frontier.push(*leaf);
            let size = n + 1;
            assert_eq!(completed.len(), 1 + size.trailing_zeros() as usize);
            for (level, root) in completed.iter().enumerate() {
                assert_eq!(*root, mth(&leaves[size - (1 << level)..size]));
            }
            assert_eq!(frontier.size(), Size(size as u64));
            assert_eq!(frontier.root(), mth(&leaves[..size]));
            let again = Frontier::from_peaks(frontier.size(), frontier.peaks().to_vec());
            assert_eq!(again.as_ref(), Some(&frontier));
        }
    }

    #[test]
    fn peaks_of_another_size_are_refused() {
        assert_eq!(Frontier::from_peaks(Size(0), vec![]), Some(Frontier::new()));
        assert_eq!(Frontier::from_peaks(Size(6), vec![hash::empty()]), None);
        assert_eq!(Frontier::from_peaks(Size(6), vec![hash::empty(); 3]), None);
    }
}

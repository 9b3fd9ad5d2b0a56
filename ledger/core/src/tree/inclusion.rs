//! Inclusion proofs, RFC 6962 section 2.1.1.

use super::{Leaf, Nodes, ProofError, ProveError, Root, Side, descend, expect_length, expect_root};
use crate::hash;
use crate::{Hash, Index, Size};

/// The path of leaf `index` in the tree of `size` leaves, from the leaf's sibling to the root's child.
///
/// # Errors
/// [`ProveError::IndexBeyondTree`] if there is no such leaf, [`ProveError::Nodes`] if a node can't be read.
pub fn prove_inclusion<N: Nodes>(
    nodes: &N,
    index: Index,
    size: Size,
) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if index.0 >= size.0 {
        return Err(ProveError::IndexBeyondTree { index, size });
    }
    let (siblings, _) = descend(index, size, |span| span.len == 1);
    let path: Result<_, _> = siblings.iter().rev().map(|(_, sibling)| sibling.hash(nodes)).collect();
    path.map_err(ProveError::Nodes)
}

/// Checks that `leaf` stands in the tree of `root`, by its `path` of exactly the hashes needed.
///
/// # Errors
/// [`ProofError`]: `IndexBeyondTree`, `MissingHash`, `SurplusHash` or `WrongRoot`.
pub fn check_inclusion(leaf: &Leaf, root: &Root, path: &[Hash]) -> Result<(), ProofError> {
    if leaf.index.0 >= root.size.0 {
        return Err(ProofError::IndexBeyondTree { index: leaf.index, size: root.size });
    }
    let (siblings, _) = descend(leaf.index, root.size, |span| span.len == 1);
    expect_length(path, siblings.len())?;
    let mut computed = leaf.hash;
    for ((side, _), sibling) in siblings.iter().rev().zip(path) {
        computed = match side {
            Side::Left => hash::node(sibling, &computed),
            Side::Right => hash::node(&computed, sibling),
        };
    }
    expect_root(computed, root)
}

//! Inclusion proofs, RFC 6962 section 2.1.1.

use super::{Hashes, Leaf, Nodes, ProofError, ProveError, Root, Span, expect_root};
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
    let mut path = Vec::new();
    for (_, sibling) in descend(index, size) {
        path.push(sibling.hash(nodes).map_err(ProveError::Nodes)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks that `leaf` stands in the tree of `root`, by its `path` of exactly the hashes needed.
///
/// # Errors
/// [`ProofError`]: `IndexBeyondTree`, `MissingHash`, `SurplusHash` or `WrongRoot`.
pub fn check_inclusion(leaf: &Leaf, root: &Root, path: &[Hash]) -> Result<(), ProofError> {
    if leaf.index.0 >= root.size.0 {
        return Err(ProofError::IndexBeyondTree { index: leaf.index, size: root.size });
    }
    let mut hashes = Hashes::new(path);
    let mut computed = leaf.hash;
    for (side, _) in descend(leaf.index, root.size).into_iter().rev() {
        let sibling = hashes.take()?;
        computed = match side {
            Side::Left => hash::node(&sibling, &computed),
            Side::Right => hash::node(&computed, &sibling),
        };
    }
    hashes.finish()?;
    expect_root(computed, root)
}

/// Where a sibling stands beside the way down.
enum Side {
    Left,
    Right,
}

/// The siblings passed on the way from the root down to a leaf.
fn descend(index: Index, size: Size) -> Vec<(Side, Span)> {
    let mut siblings = Vec::new();
    let mut span = Span::whole(size);
    while span.len > 1 {
        let (left, right) = span.halves();
        if index.0 < right.start {
            siblings.push((Side::Right, right));
            span = left;
        } else {
            siblings.push((Side::Left, left));
            span = right;
        }
    }
    siblings
}

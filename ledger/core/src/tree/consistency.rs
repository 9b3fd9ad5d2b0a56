//! Consistency proofs, RFC 6962 section 2.1.2.

use super::{Nodes, ProofError, ProveError, Root, Side, Span, descend, expect_length, expect_root};
use crate::hash;
use crate::{Hash, Index, Size};

/// The hashes that lead from the tree of `old` leaves to the tree of `new` leaves. Empty if `old` is 0 (the
/// empty tree is consistent with any) or equals `new`.
///
/// # Errors
/// [`ProveError::OldLarger`] if the sizes are out of order, [`ProveError::Nodes`] if a node can't be read.
pub fn prove_consistency<N: Nodes>(
    nodes: &N,
    old: Size,
    new: Size,
) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if old > new {
        return Err(ProveError::OldLarger { old, new });
    }
    let Some(last) = old.last() else { return Ok(Vec::new()) };
    let way = way_to(last, new);
    let start = (!way.known).then_some(&way.shared);
    let siblings = way.siblings.iter().rev().map(|(_, sibling)| sibling);
    let hashes: Result<_, _> = start.into_iter().chain(siblings).map(|span| span.hash(nodes)).collect();
    hashes.map_err(ProveError::Nodes)
}

/// Checks that the tree of `new` starts with all of `old`.
///
/// An empty old tree needs the root `H("")` and no hashes, trees of one size need one root and no hashes.
///
/// # Errors
/// [`ProofError`]: `OldLarger`, `Fork`, `MissingHash`, `SurplusHash`, `WrongOldRoot` or `WrongRoot`.
pub fn check_consistency(old: &Root, new: &Root, hashes: &[Hash]) -> Result<(), ProofError> {
    if old.size > new.size {
        return Err(ProofError::OldLarger { old: old.size, new: new.size });
    }
    if old.size == new.size && old.hash != new.hash {
        return Err(ProofError::Fork { size: old.size, old: old.hash, new: new.hash });
    }
    let Some(last) = old.size.last() else {
        expect_length(hashes, 0)?;
        return expect_old_root(hash::empty(), old);
    };
    let way = way_to(last, new.size);
    expect_length(hashes, way.siblings.len() + usize::from(!way.known))?;
    let mut hashes = hashes.iter();
    // The start is the old root itself or the proof's first hash, whose presence the length assures.
    let start = if way.known { old.hash } else { hashes.next().copied().unwrap_or_default() };
    let (mut computed_old, mut computed_new) = (start, start);
    for ((side, _), sibling) in way.siblings.iter().rev().zip(hashes) {
        // What stands to the left is in both trees, what stands to the right in the new one only.
        match side {
            Side::Left => {
                computed_old = hash::node(sibling, &computed_old);
                computed_new = hash::node(sibling, &computed_new);
            }
            Side::Right => computed_new = hash::node(&computed_new, sibling),
        }
    }
    expect_old_root(computed_old, old)?;
    expect_root(computed_new, new)
}

/// How RFC 6962's `SUBPROOF` goes through the new tree.
struct Way {
    /// Passed from the root down.
    siblings: Vec<(Side, Span)>,
    /// Where both trees have the same subtree: the first met that ends with the old tree.
    shared: Span,
    /// Whether that subtree is all of the old tree, so that its hash is known: the RFC's `b`.
    known: bool,
}

fn way_to(last: Index, new: Size) -> Way {
    let (siblings, shared) = descend(last, new, |span| span.end() - 1 == last.0);
    Way { siblings, shared, known: shared.start == 0 }
}

fn expect_old_root(computed: Hash, old: &Root) -> Result<(), ProofError> {
    if computed == old.hash {
        return Ok(());
    }
    Err(ProofError::WrongOldRoot { size: old.size, stated: old.hash, computed })
}

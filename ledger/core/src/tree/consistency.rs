//! Consistency proofs, RFC 6962 section 2.1.2.

use super::{Hashes, Nodes, ProofError, ProveError, Root, Span, expect_root};
use crate::hash;
use crate::{Hash, Size};

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
    let mut hashes = Vec::new();
    if old.0 != 0 {
        prove_subtree(nodes, old.0, Span::whole(new), true, &mut hashes).map_err(ProveError::Nodes)?;
    }
    Ok(hashes)
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
    let mut hashes = Hashes::new(hashes);
    if old.size.0 == 0 {
        hashes.finish()?;
        return expect_old_root(hash::empty(), old);
    }
    let (computed_old, computed_new) =
        check_subtree(old.size.0, Span::whole(new.size), Some(old.hash), &mut hashes)?;
    hashes.finish()?;
    expect_old_root(computed_old, old)?;
    expect_root(computed_new, new)
}

fn expect_old_root(computed: Hash, old: &Root) -> Result<(), ProofError> {
    if computed == old.hash {
        return Ok(());
    }
    Err(ProofError::WrongOldRoot { size: old.size, stated: old.hash, computed })
}

/// `SUBPROOF(m, D[span], b)`: `known` is b, whether the old tree's own root is the subtree's.
fn prove_subtree<N: Nodes>(
    nodes: &N,
    old_end: u64,
    span: Span,
    known: bool,
    hashes: &mut Vec<Hash>,
) -> Result<(), N::Error> {
    if old_end == span.end() {
        if !known {
            hashes.push(span.hash(nodes)?);
        }
        return Ok(());
    }
    let (left, right) = span.halves();
    if old_end <= right.start {
        prove_subtree(nodes, old_end, left, known, hashes)?;
        hashes.push(right.hash(nodes)?);
    } else {
        prove_subtree(nodes, old_end, right, false, hashes)?;
        hashes.push(left.hash(nodes)?);
    }
    Ok(())
}

/// The same recursion backwards: the old and the new hash of the subtree. `known` is the old root as long as
/// it is this very subtree's.
fn check_subtree(
    old_end: u64,
    span: Span,
    known: Option<Hash>,
    hashes: &mut Hashes<'_>,
) -> Result<(Hash, Hash), ProofError> {
    if old_end == span.end() {
        let both = known.map_or_else(|| hashes.take(), Ok)?;
        return Ok((both, both));
    }
    let (left, right) = span.halves();
    if old_end <= right.start {
        let (old, new) = check_subtree(old_end, left, known, hashes)?;
        Ok((old, hash::node(&new, &hashes.take()?)))
    } else {
        let (old, new) = check_subtree(old_end, right, None, hashes)?;
        let sibling = hashes.take()?;
        Ok((hash::node(&sibling, &old), hash::node(&sibling, &new)))
    }
}

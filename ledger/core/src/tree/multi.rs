//! Proofs of many leaves at once, below a tree's peaks or below its root.
//!
//! Both walk a subtree depth-first, left before right: a subtree without a wanted leaf takes the proof's next
//! hash, a wanted leaf is itself known, any other node is hashed from its children.
//!
//! spec: log.md#many-leaves

use super::{Hashes, Nodes, ProofError, ProveError, Root, Span, expect_root, peak_spans};
use crate::hash;
use crate::{Hash, Index, Size};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The peaks of the tree of `size` leaves, largest first.
///
/// # Errors
/// The storage's own.
pub fn prove_peaks<N: Nodes>(nodes: &N, size: Size) -> Result<Vec<Hash>, N::Error> {
    peak_spans(size).map(|span| span.hash(nodes)).collect()
}

/// The peaks (largest first) of the tree of `size` − 1 leaves, out of the inclusion path of the last leaf in
/// the tree of `size` leaves: they are the path, reversed. The path itself must have been checked.
///
/// # Errors
/// [`ProofError`]: `IndexBeyondTree` if the tree is empty, `MissingHash`, `SurplusHash`.
pub fn peaks_of_last(size: Size, path: &[Hash]) -> Result<Vec<Hash>, ProofError> {
    let Some(before) = size.last() else {
        return Err(ProofError::IndexBeyondTree { index: Index(0), size });
    };
    let mut hashes = Hashes::new(path);
    let mut peaks = peak_spans(Size(before.0)).map(|_| hashes.take()).collect::<Result<Vec<_>, _>>()?;
    hashes.finish()?;
    peaks.reverse();
    Ok(peaks)
}

/// The hashes that prove `leaves` to whoever knows the peaks of the tree of `size` leaves.
///
/// # Errors
/// [`ProveError::IndexBeyondTree`] if a leaf is not in the tree, [`ProveError::Nodes`] if a node can't be read.
pub fn prove_below_peaks<N: Nodes>(
    nodes: &N,
    size: Size,
    leaves: &BTreeSet<Index>,
) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if let Some(last) = leaves.last().filter(|last| last.0 >= size.0) {
        return Err(ProveError::IndexBeyondTree { index: *last, size });
    }
    let wanted: Vec<u64> = leaves.iter().map(|index| index.0).collect();
    let mut hashes = Vec::new();
    for span in peak_spans(size) {
        let below = within(&wanted, span, |index| *index);
        if !below.is_empty() {
            prove_span(nodes, span, below, &mut hashes).map_err(ProveError::Nodes)?;
        }
    }
    Ok(hashes)
}

/// Checks that `leaves` stand in the tree of `size` leaves with these `peaks`, largest first. Peaks above no
/// wanted leaf use no hash. Without leaves there is nothing to prove: `hashes` must be empty.
///
/// # Errors
/// [`ProofError`]: `PeakCount`, `IndexBeyondTree`, `MissingHash`, `WrongPeak` or `SurplusHash`.
pub fn check_below_peaks(
    size: Size,
    peaks: &[Hash],
    leaves: &BTreeMap<Index, Hash>,
    hashes: &[Hash],
) -> Result<(), ProofError> {
    if peaks.len() != size.0.count_ones() as usize {
        return Err(ProofError::PeakCount { size, given: peaks.len() });
    }
    if let Some((last, _)) = leaves.last_key_value().filter(|(last, _)| last.0 >= size.0) {
        return Err(ProofError::IndexBeyondTree { index: *last, size });
    }
    let leaves: Vec<(u64, Hash)> = leaves.iter().map(|(index, hash)| (index.0, *hash)).collect();
    let mut hashes = Hashes::new(hashes);
    for (span, peak) in peak_spans(size).zip(peaks) {
        let below = within(&leaves, span, |(index, _)| *index);
        if below.is_empty() {
            continue;
        }
        let computed = check_span(span, below, &mut hashes)?;
        if computed != *peak {
            return Err(ProofError::WrongPeak { start: Index(span.start), peak: *peak, computed });
        }
    }
    hashes.finish()
}

/// The hashes that prove the contiguous leaves `range` of the tree of `size` leaves.
///
/// # Errors
/// [`ProveError`]: `EmptyRange`, `IndexBeyondTree` or `Nodes`.
pub fn prove_range<N: Nodes>(
    nodes: &N,
    range: Range<Index>,
    size: Size,
) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if range.is_empty() {
        return Err(ProveError::EmptyRange { start: range.start });
    }
    if range.end.0 > size.0 {
        return Err(ProveError::IndexBeyondTree { index: Index(range.end.0 - 1), size });
    }
    let mut hashes = Vec::new();
    let wanted: Vec<u64> = (range.start.0..range.end.0).collect();
    prove_span(nodes, Span::whole(size), &wanted, &mut hashes).map_err(ProveError::Nodes)?;
    Ok(hashes)
}

/// Checks that `leaves` stand side by side in the tree of `root`, the first of them at `first`.
///
/// # Errors
/// [`ProofError`]: `EmptyRange`, `IndexBeyondTree`, `MissingHash`, `SurplusHash` or `WrongRoot`.
pub fn check_range(first: Index, leaves: &[Hash], root: &Root, hashes: &[Hash]) -> Result<(), ProofError> {
    if leaves.is_empty() {
        return Err(ProofError::EmptyRange { start: first });
    }
    let last = first.0.saturating_add(leaves.len() as u64 - 1);
    if last >= root.size.0 {
        return Err(ProofError::IndexBeyondTree { index: Index(last), size: root.size });
    }
    let leaves: Vec<(u64, Hash)> = (first.0..).zip(leaves.iter().copied()).collect();
    let mut hashes = Hashes::new(hashes);
    let computed = check_span(Span::whole(root.size), &leaves, &mut hashes)?;
    hashes.finish()?;
    expect_root(computed, root)
}

/// The part of a list sorted by index that falls into `span`.
fn within<T>(sorted: &[T], span: Span, index: impl Fn(&T) -> u64) -> &[T] {
    let (_, from) = sorted.split_at(sorted.partition_point(|item| index(item) < span.start));
    let (inside, _) = from.split_at(from.partition_point(|item| index(item) < span.end()));
    inside
}

fn prove_span<N: Nodes>(
    nodes: &N,
    span: Span,
    wanted: &[u64],
    hashes: &mut Vec<Hash>,
) -> Result<(), N::Error> {
    if wanted.is_empty() {
        hashes.push(span.hash(nodes)?);
        return Ok(());
    }
    if span.len == 1 {
        return Ok(());
    }
    let (left, right) = span.halves();
    let (in_left, in_right) = wanted.split_at(wanted.partition_point(|index| *index < right.start));
    prove_span(nodes, left, in_left, hashes)?;
    prove_span(nodes, right, in_right, hashes)
}

fn check_span(span: Span, leaves: &[(u64, Hash)], hashes: &mut Hashes<'_>) -> Result<Hash, ProofError> {
    let Some((_, first)) = leaves.first() else {
        return hashes.take();
    };
    if span.len == 1 {
        return Ok(*first);
    }
    let (left, right) = span.halves();
    let (in_left, in_right) = leaves.split_at(leaves.partition_point(|(index, _)| *index < right.start));
    let left = check_span(left, in_left, hashes)?;
    let right = check_span(right, in_right, hashes)?;
    Ok(hash::node(&left, &right))
}

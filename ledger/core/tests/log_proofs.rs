//! Goal: every proof that the tree makes is accepted, and no tampered one is.
//! Method: every size to a bound, every index, and every hash of every proof flipped, dropped, doubled, swapped
//! with its neighbour, or followed by one more.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves may; clippy knows only functions marked as tests"
)]

use procura_core::tree::{
    Leaf, MemoryNodes, ProofError, Root, check_below_peaks, check_consistency, check_inclusion, check_range,
    mth, peaks_of_last, prove_below_peaks, prove_consistency, prove_inclusion, prove_peaks, prove_range,
};
use procura_core::{Hash, Index, Size, hash};
use std::collections::{BTreeMap, BTreeSet};

const MAX: u64 = 300;

fn leaf(index: u64) -> Hash {
    hash::leaf(&index.to_be_bytes())
}

/// The largest tree (proofs of smaller ones read its nodes) and the root of each size.
fn trees() -> (MemoryNodes, Vec<Root>) {
    let mut nodes = MemoryNodes::new();
    let mut roots = vec![nodes.root()];
    for index in 0..MAX {
        nodes.push(leaf(index));
        roots.push(nodes.root());
    }
    (nodes, roots)
}

fn flip(hash: &mut Hash, bit: usize) {
    hash.0[bit / 8 % 32] ^= 1 << (bit % 8);
}

/// Hands each tampered form of `proof` to `check`, which must refuse it.
fn refuse_tampered(proof: &[Hash], check: impl Fn(&[Hash]) -> Result<(), ProofError>, what: &str) {
    let mut tampered = proof.to_vec();
    for at in 0..proof.len() {
        flip(&mut tampered[at], at * 37);
        assert!(check(&tampered).is_err(), "{what}: hash {at} flipped");
        flip(&mut tampered[at], at * 37);

        let dropped = tampered.remove(at);
        assert!(check(&tampered).is_err(), "{what}: hash {at} dropped");
        tampered.insert(at, dropped);

        tampered.insert(at, dropped);
        assert!(check(&tampered).is_err(), "{what}: hash {at} doubled");
        tampered.remove(at);

        if at > 0 {
            tampered.swap(at - 1, at);
            assert!(check(&tampered).is_err(), "{what}: hash {at} swapped");
            tampered.swap(at - 1, at);
        }
    }
    tampered.push(hash::empty());
    let surplus = check(&tampered);
    assert!(matches!(surplus, Err(ProofError::SurplusHash { .. })), "{what}: hash appended: {surplus:?}");
}

#[test]
fn inclusion_at_every_size_and_index() {
    let (nodes, roots) = trees();
    for root in &roots[1..] {
        for index in 0..root.size.0 {
            let what = format!("{index} in {}", root.size);
            let this = Leaf { index: Index(index), hash: leaf(index) };
            let path = prove_inclusion(&nodes, this.index, root.size).unwrap();
            assert_eq!(check_inclusion(&this, root, &path), Ok(()), "{what}");
            refuse_tampered(&path, |path| check_inclusion(&this, root, path), &what);
            let wrong = Leaf { hash: leaf(index + 1), ..this };
            assert!(check_inclusion(&wrong, root, &path).is_err(), "{what}: another leaf");
            let moved = Leaf { index: Index(index ^ 1), ..this };
            assert!(check_inclusion(&moved, root, &path).is_err(), "{what}: another index");
        }
    }
}

#[test]
fn an_index_at_or_beyond_the_size_is_refused() {
    let (nodes, roots) = trees();
    for (size, index) in [(0, 0), (1, 1), (5, 5), (5, u64::MAX)] {
        let this = Leaf { index: Index(index), hash: leaf(0) };
        let refused = check_inclusion(&this, &roots[size], &[]);
        assert!(matches!(refused, Err(ProofError::IndexBeyondTree { .. })));
        let size = Size(size as u64);
        assert_eq!(prove_inclusion(&nodes, this.index, size).unwrap_err().name(), "index_beyond_tree");
    }
}

#[test]
fn consistency_at_every_pair_of_sizes() {
    let (nodes, roots) = trees();
    for new in &roots {
        for old in &roots[..=new.size.0 as usize] {
            let what = format!("{} to {}", old.size, new.size);
            let hashes = prove_consistency(&nodes, old.size, new.size).unwrap();
            assert_eq!(check_consistency(old, new, &hashes), Ok(()), "{what}");
            refuse_tampered(&hashes, |hashes| check_consistency(old, new, hashes), &what);

            let mut forged = *new;
            flip(&mut forged.hash, 3);
            let refused = check_consistency(old, &forged, &hashes);
            if old.size == new.size {
                assert!(matches!(refused, Err(ProofError::Fork { .. })), "{what}: {refused:?}");
            } else if old.size.0 > 0 {
                assert!(matches!(refused, Err(ProofError::WrongRoot { .. })), "{what}: {refused:?}");
            }
            let mut forged = *old;
            flip(&mut forged.hash, 3);
            assert!(check_consistency(&forged, new, &hashes).is_err(), "{what}: another old root");
        }
    }
}

#[test]
fn consistency_from_a_larger_or_an_empty_tree() {
    let (nodes, roots) = trees();
    assert!(matches!(check_consistency(&roots[3], &roots[2], &[]), Err(ProofError::OldLarger { .. })));
    assert_eq!(prove_consistency(&nodes, Size(3), Size(2)).unwrap_err().name(), "old_larger");
    assert_eq!(check_consistency(&roots[0], &roots[7], &[]), Ok(()));
    let surplus = check_consistency(&roots[0], &roots[7], &[roots[7].hash]);
    assert!(matches!(surplus, Err(ProofError::SurplusHash { .. })));
    let zero = Root { size: Size(0), hash: Hash([0; 32]) };
    assert!(matches!(check_consistency(&zero, &roots[7], &[]), Err(ProofError::WrongOldRoot { .. })));
    assert!(matches!(check_consistency(&zero, &roots[0], &[]), Err(ProofError::Fork { .. })));
    assert!(matches!(check_consistency(&zero, &zero, &[]), Err(ProofError::WrongOldRoot { .. })));
}

// The last leaf's path is the peaks of the tree before it: receipts rest on this (rule R1).
#[test]
fn the_last_path_is_the_peaks_before_it() {
    let (nodes, roots) = trees();
    for root in &roots[1..] {
        let before = root.size.last().unwrap();
        let path = prove_inclusion(&nodes, before, root.size).unwrap();
        let peaks = prove_peaks(&nodes, Size(before.0)).unwrap();
        assert_eq!(peaks_of_last(root.size, &path), Ok(peaks));
        let mut longer = path.clone();
        longer.push(hash::empty());
        assert!(matches!(peaks_of_last(root.size, &longer), Err(ProofError::SurplusHash { .. })));
        if let Some((_, shorter)) = path.split_last() {
            assert!(matches!(peaks_of_last(root.size, shorter), Err(ProofError::MissingHash { .. })));
        }
    }
    assert!(matches!(peaks_of_last(Size(0), &[]), Err(ProofError::IndexBeyondTree { .. })));
}

/// Proves and checks `wanted` below the peaks of `size`, with its tampered twins.
fn below_peaks(nodes: &MemoryNodes, size: Size, wanted: &BTreeSet<Index>) {
    let what = format!("{wanted:?} of {size}");
    let peaks = prove_peaks(nodes, size).unwrap();
    let leaves: BTreeMap<Index, Hash> = wanted.iter().map(|index| (*index, leaf(index.0))).collect();
    let hashes = prove_below_peaks(nodes, size, wanted).unwrap();
    assert_eq!(check_below_peaks(size, &peaks, &leaves, &hashes), Ok(()), "{what}");
    refuse_tampered(&hashes, |hashes| check_below_peaks(size, &peaks, &leaves, hashes), &what);
    for index in wanted {
        let mut forged = leaves.clone();
        flip(forged.get_mut(index).unwrap(), 9);
        let refused = check_below_peaks(size, &peaks, &forged, &hashes);
        assert!(matches!(refused, Err(ProofError::WrongPeak { .. })), "{what}: {refused:?}");
        let mut fewer = leaves.clone();
        fewer.remove(index);
        // A leaf that is itself a peak takes no hash, so without it the proof is that of the others.
        let is_peak = size.0 & 1 == 1 && index.0 == size.0 - 1;
        let answer = check_below_peaks(size, &peaks, &fewer, &hashes);
        assert_eq!(answer.is_ok(), is_peak, "{what} without {index}: {answer:?}");
    }
}

#[test]
fn below_peaks_for_every_set_of_small_trees() {
    let (nodes, _) = trees();
    for size in 0..=9_u64 {
        for set in 0..1_u64 << size {
            below_peaks(&nodes, Size(size), &(0..size).filter(|n| set >> n & 1 == 1).map(Index).collect());
        }
    }
}

#[test]
fn below_peaks_for_every_pair_and_for_strides() {
    let (nodes, _) = trees();
    for size in [10, 31, 33].map(Size) {
        for a in 0..size.0 {
            for b in a..size.0 {
                below_peaks(&nodes, size, &BTreeSet::from([Index(a), Index(b)]));
            }
        }
    }
    for size in (64..=MAX).step_by(7).map(Size) {
        let stride = (size.0 % 17 + 2) as usize;
        below_peaks(&nodes, size, &(size.0 % 5..size.0).step_by(stride).map(Index).collect());
    }
}

#[test]
fn below_peaks_refuses_other_peaks_and_leaves_beyond() {
    let (nodes, _) = trees();
    let (size, wanted) = (Size(11), BTreeSet::from([Index(2), Index(9)]));
    let peaks = prove_peaks(&nodes, size).unwrap();
    let leaves: BTreeMap<Index, Hash> = wanted.iter().map(|index| (*index, leaf(index.0))).collect();
    let hashes = prove_below_peaks(&nodes, size, &wanted).unwrap();
    let fewer = check_below_peaks(size, &peaks[..2], &leaves, &hashes);
    assert!(matches!(fewer, Err(ProofError::PeakCount { .. })));
    let other = check_below_peaks(Size(12), &peaks, &leaves, &hashes);
    assert!(matches!(other, Err(ProofError::PeakCount { .. })));
    let mut swapped = peaks.clone();
    swapped.swap(0, 1);
    let other = check_below_peaks(size, &swapped, &leaves, &hashes);
    assert!(matches!(other, Err(ProofError::WrongPeak { .. })));
    let beyond = BTreeMap::from([(Index(11), leaf(11))]);
    let refused = check_below_peaks(size, &peaks, &beyond, &[]);
    assert!(matches!(refused, Err(ProofError::IndexBeyondTree { .. })));
    let beyond = BTreeSet::from([Index(11)]);
    assert_eq!(prove_below_peaks(&nodes, size, &beyond).unwrap_err().name(), "index_beyond_tree");
}

#[test]
fn ranges_of_every_small_tree() {
    let (nodes, roots) = trees();
    for root in &roots[1..=33] {
        for start in 0..root.size.0 {
            for end in start + 1..=root.size.0 {
                let what = format!("{start}..{end} of {}", root.size);
                let leaves: Vec<Hash> = (start..end).map(leaf).collect();
                let hashes = prove_range(&nodes, Index(start)..Index(end), root.size).unwrap();
                let check =
                    |leaves: &[Hash], hashes: &[Hash]| check_range(Index(start), leaves, root, hashes);
                assert_eq!(check(&leaves, &hashes), Ok(()), "{what}");
                refuse_tampered(&hashes, |hashes| check(&leaves, hashes), &what);
                refuse_tampered_leaves(&leaves, |leaves| check(leaves, &hashes), &what);
            }
        }
    }
}

/// A page with a leaf changed, left out at either end, or swapped must be refused.
fn refuse_tampered_leaves(leaves: &[Hash], check: impl Fn(&[Hash]) -> Result<(), ProofError>, what: &str) {
    let mut tampered = leaves.to_vec();
    for at in 0..leaves.len() {
        flip(&mut tampered[at], 5);
        assert!(check(&tampered).is_err(), "{what}: leaf {at} flipped");
        flip(&mut tampered[at], 5);
    }
    assert!(check(&leaves[1..]).is_err(), "{what}: first leaf left out");
    assert!(check(&leaves[..leaves.len() - 1]).is_err(), "{what}: last leaf left out");
    if leaves.len() > 1 {
        tampered.swap(0, 1);
        assert!(check(&tampered).is_err(), "{what}: leaves swapped");
    }
}

#[test]
fn empty_ranges_and_ranges_beyond_are_refused() {
    let (nodes, roots) = trees();
    let root = &roots[9];
    let empty = check_range(Index(3), &[], root, &[root.hash]);
    assert!(matches!(empty, Err(ProofError::EmptyRange { .. })));
    for (first, count) in [(9, 1), (8, 2), (u64::MAX, 1), (u64::MAX, 2)] {
        let beyond = check_range(Index(first), &vec![leaf(0); count], root, &[]);
        assert!(matches!(beyond, Err(ProofError::IndexBeyondTree { .. })), "{first} {count}");
    }
    let name = |range| prove_range(&nodes, range, root.size).unwrap_err().name();
    assert_eq!(name(Index(3)..Index(3)), "empty_range");
    assert_eq!(name(Index(3)..Index(10)), "index_beyond_tree");
}

// A whole tree as one range needs no hash: the leaves are the proof.
#[test]
fn the_whole_range_is_the_tree() {
    let leaves: Vec<Hash> = (0..21).map(leaf).collect();
    let root = Root { size: Size(21), hash: mth(&leaves) };
    assert_eq!(check_range(Index(0), &leaves, &root, &[]), Ok(()));
}

// Sizes near 2^64 must neither overflow nor run long: a hostile checkpoint can state them.
#[test]
fn the_largest_sizes_are_answered() {
    let root = Root { size: Size(u64::MAX), hash: hash::empty() };
    let last = Leaf { index: Index(u64::MAX - 1), hash: leaf(0) };
    let path = vec![hash::empty(); 64];
    assert!(check_inclusion(&last, &root, &path).is_err());
    assert!(check_range(last.index, &[leaf(0)], &root, &path).is_err());
    let old = Root { size: Size(u64::MAX - 1), hash: leaf(1) };
    assert!(check_consistency(&old, &root, &path).is_err());
    let leaves = BTreeMap::from([(last.index, last.hash), (Index(0), last.hash)]);
    assert!(check_below_peaks(root.size, &path, &leaves, &path).is_err());
}

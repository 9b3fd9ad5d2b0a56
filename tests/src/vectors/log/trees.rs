//! Proofs of the tree whose entry n is the eight bytes be64(n).

use crate::vectors::Case;
use procura_core::tree::{
    MemoryNodes, Root, prove_below_peaks, prove_consistency, prove_inclusion, prove_peaks, prove_range,
};
use procura_core::{Hash, Index, Size, hash};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn cases() -> Vec<Case> {
    [inclusion(), consistency(), peaks_of_last(), below_peaks(), range()].concat()
}

pub(super) fn leaf(index: u64) -> Hash {
    hash::leaf(&index.to_be_bytes())
}

pub(super) fn tree(size: u64) -> MemoryNodes {
    (0..size).map(leaf).collect()
}

fn flipped(hash: &Hash) -> Hash {
    let mut bytes = hash.0;
    bytes[31] ^= 1;
    Hash(bytes)
}

/// The tampered forms of a proof's hashes: name, reason, expect, hashes. `wrong` is the name of the error when
/// the hashes lead elsewhere.
fn tampered(
    hashes: &[Hash],
    wrong: &'static str,
) -> Vec<(&'static str, &'static str, &'static str, Vec<Hash>)> {
    let with = |change: &dyn Fn(&mut Vec<Hash>)| {
        let mut hashes = hashes.to_vec();
        change(&mut hashes);
        hashes
    };
    vec![
        ("flipped", "One bit of the first hash is flipped.", wrong, with(&|h| h[0] = flipped(&h[0]))),
        ("swapped", "The first two hashes are swapped.", wrong, with(&|h| h.swap(0, 1))),
        ("dropped", "The last hash is left out.", "missing_hash", with(&|h| h.truncate(h.len() - 1))),
        ("surplus", "A hash too many follows.", "surplus_hash", with(&|h| h.push(hash::empty()))),
    ]
}

fn inclusion() -> Vec<Case> {
    let members = |index: u64, leaf: Hash, root: &Root, hashes: &[Hash]| {
        json!({
            "type": "inclusion", "index": index.to_string(), "leaf": leaf, "size": root.size.to_string(),
            "root": root.hash, "hashes": hashes,
        })
    };
    let mut cases = Vec::new();
    for (size, index) in [(1, 0), (2, 1), (7, 0), (7, 5), (7, 6), (8, 3), (300, 257)] {
        let path = prove_inclusion(&tree(size), Index(index), Size(size)).unwrap();
        let name = format!("inclusion-{index}-of-{size}");
        let reason = format!("Leaf {index} of a tree of {size}.");
        cases.push(Case::new(
            &name,
            &reason,
            "accept",
            members(index, leaf(index), &tree(size).root(), &path),
        ));
    }
    let (root, path) = (tree(7).root(), prove_inclusion(&tree(7), Index(5), Size(7)).unwrap());
    for (name, reason, expect, hashes) in tampered(&path, "wrong_root") {
        let name = format!("inclusion-{name}");
        cases.push(Case::new(&name, reason, expect, members(5, leaf(5), &root, &hashes)));
    }
    let other = Root { hash: flipped(&root.hash), ..root };
    let smaller = Root { size: Size(5), ..root };
    let empty = tree(0).root();
    // The node above leaves 4 and 5, passed off as a leaf of a tree half as large.
    let node = hash::node(&leaf(4), &leaf(5));
    cases.extend([
        Case::new(
            "inclusion-other-leaf",
            "The leaf is another entry's.",
            "wrong_root",
            members(5, leaf(6), &root, &path),
        ),
        Case::new(
            "inclusion-other-index",
            "The leaf stands elsewhere.",
            "wrong_root",
            members(4, leaf(5), &root, &path),
        ),
        Case::new(
            "inclusion-other-root",
            "The root is another.",
            "wrong_root",
            members(5, leaf(5), &other, &path),
        ),
        Case::new(
            "inclusion-beyond",
            "The index equals the size.",
            "index_beyond_tree",
            members(5, leaf(5), &smaller, &path),
        ),
        Case::new(
            "inclusion-of-none",
            "An empty tree has no leaf.",
            "index_beyond_tree",
            members(0, leaf(0), &empty, &[]),
        ),
        Case::new(
            "inclusion-node-as-leaf",
            "An inner node is passed off as a leaf: its path is too short for the size.",
            "missing_hash",
            members(2, node, &root, &path[1..]),
        ),
        Case::new(
            "inclusion-largest",
            "The last leaf of the largest tree has a path of 63 hashes, not of 64.",
            "surplus_hash",
            members(u64::MAX - 1, leaf(0), &Root { size: Size(u64::MAX), ..root }, &[root.hash; 64]),
        ),
    ]);
    cases
}

fn consistency() -> Vec<Case> {
    let members = |old: &Root, new: &Root, hashes: &[Hash]| {
        let root = |root: &Root| json!({ "size": root.size.to_string(), "root": root.hash });
        json!({ "type": "consistency", "old": root(old), "new": root(new), "hashes": hashes })
    };
    let prove = |old, new| prove_consistency(&tree(new), Size(old), Size(new)).unwrap();
    let mut cases = Vec::new();
    for (old, new) in
        [(0, 0), (0, 7), (1, 7), (3, 7), (4, 7), (6, 7), (7, 7), (4, 8), (6, 8), (256, 300), (257, 300)]
    {
        let name = format!("consistency-{old}-to-{new}");
        let reason = format!("A tree grows from {old} to {new} leaves.");
        let members = members(&tree(old).root(), &tree(new).root(), &prove(old, new));
        cases.push(Case::new(&name, &reason, "accept", members));
    }
    let (old, new, hashes) = (tree(6).root(), tree(7).root(), prove(6, 7));
    for (name, reason, expect, hashes) in tampered(&hashes, "wrong_old_root") {
        let name = format!("consistency-{name}");
        cases.push(Case::new(&name, reason, expect, members(&old, &new, &hashes)));
    }
    let other = |root: &Root| Root { hash: flipped(&root.hash), ..*root };
    let zero = Root { size: Size(0), hash: Hash([0; 32]) };
    cases.extend([
        Case::new(
            "consistency-other-new",
            "The new root is another.",
            "wrong_root",
            members(&old, &other(&new), &hashes),
        ),
        Case::new(
            "consistency-other-old",
            "The old root is another.",
            "wrong_old_root",
            members(&other(&old), &new, &hashes),
        ),
        Case::new("consistency-fork", "Two roots for one size.", "fork", members(&new, &other(&new), &[])),
        Case::new(
            "consistency-shrunk",
            "The old tree is the larger one.",
            "old_larger",
            members(&new, &old, &hashes),
        ),
        Case::new(
            "consistency-same-with-hash",
            "One size and one root need no hash.",
            "surplus_hash",
            members(&new, &new, &[new.hash]),
        ),
        Case::new(
            "consistency-from-none-with-hash",
            "The empty tree needs no hash.",
            "surplus_hash",
            members(&tree(0).root(), &new, &[new.hash]),
        ),
        Case::new(
            "consistency-zero-root",
            "The empty tree's root is H(\"\"), not zeros.",
            "wrong_old_root",
            members(&zero, &new, &[]),
        ),
    ]);
    cases
}

fn peaks_of_last() -> Vec<Case> {
    let members = |size: u64, hashes: &[Hash], peaks: Option<Vec<Hash>>| {
        let mut members = json!({ "type": "peaks-of-last", "size": size.to_string(), "hashes": hashes });
        if let (Some(members), Some(peaks)) = (members.as_object_mut(), peaks) {
            members.insert("peaks".to_owned(), json!(peaks));
        }
        members
    };
    let mut cases = Vec::new();
    for size in [1, 2, 8, 12] {
        let path = prove_inclusion(&tree(size), Index(size - 1), Size(size)).unwrap();
        let peaks = prove_peaks(&tree(size), Size(size - 1)).unwrap();
        let name = format!("peaks-of-last-{size}");
        let reason = format!("The last leaf's path gives the peaks of {} leaves, largest first.", size - 1);
        cases.push(Case::new(&name, &reason, "accept", members(size, &path, Some(peaks))));
    }
    let path = prove_inclusion(&tree(12), Index(11), Size(12)).unwrap();
    let longer = [path.as_slice(), &[hash::empty()]].concat();
    cases.extend([
        Case::new("peaks-of-last-short", "A peak is missing.", "missing_hash", members(12, &path[1..], None)),
        Case::new("peaks-of-last-long", "A hash too many.", "surplus_hash", members(12, &longer, None)),
        Case::new(
            "peaks-of-last-empty",
            "An empty tree has no last leaf.",
            "index_beyond_tree",
            members(0, &[], None),
        ),
    ]);
    cases
}

fn below_peaks() -> Vec<Case> {
    let leaves = |indexes: &[u64]| -> Vec<(u64, Hash)> { indexes.iter().map(|n| (*n, leaf(*n))).collect() };
    let prove = |size: u64, indexes: &[u64]| {
        let wanted: BTreeSet<Index> = indexes.iter().copied().map(Index).collect();
        prove_below_peaks(&tree(size), Size(size), &wanted).unwrap()
    };
    let peaks = |size: u64| prove_peaks(&tree(size), Size(size)).unwrap();
    let members = |size: u64, peaks: &[Hash], leaves: &[(u64, Hash)], hashes: &[Hash]| -> Value {
        let leaves: Vec<Value> =
            leaves.iter().map(|(index, leaf)| json!({ "index": index.to_string(), "leaf": leaf })).collect();
        json!({ "type": "below-peaks", "size": size.to_string(), "peaks": peaks, "leaves": leaves, "hashes": hashes })
    };
    let mut cases = Vec::new();
    for (name, reason, size, indexes) in [
        ("none", "No leaf is wanted: no hash is needed.", 11, [].as_slice()),
        ("one", "One leaf below the first peak.", 11, &[2]),
        ("last", "A leaf that is itself a peak.", 11, &[10]),
        ("several", "Leaves below two of three peaks; the other takes no hash.", 11, &[0, 1, 6, 9]),
        ("all", "Every leaf: no hash is needed.", 7, &[0, 1, 2, 3, 4, 5, 6]),
        ("large", "Leaves far apart.", 300, &[0, 255, 256, 299]),
    ] {
        let members = members(size, &peaks(size), &leaves(indexes), &prove(size, indexes));
        cases.push(Case::new(&format!("below-peaks-{name}"), reason, "accept", members));
    }
    let (size, wanted) = (11, [0, 6, 9]);
    let (peaks, hashes, leaves) = (peaks(size), prove(size, &wanted), leaves(&wanted));
    for (name, reason, expect, hashes) in tampered(&hashes, "wrong_peak") {
        let members = members(size, &peaks, &leaves, &hashes);
        cases.push(Case::new(&format!("below-peaks-{name}"), reason, expect, members));
    }
    let mut other = leaves.clone();
    other[0].1 = leaf(1);
    let mut swapped = peaks.clone();
    swapped.swap(0, 1);
    let beyond = [(11, leaf(11))];
    cases.extend([
        Case::new(
            "below-peaks-other-leaf",
            "A leaf is another entry's.",
            "wrong_peak",
            members(size, &peaks, &other, &hashes),
        ),
        Case::new(
            "below-peaks-fewer",
            "A leaf is not stated, but the proof was made with it.",
            "surplus_hash",
            members(size, &peaks, &leaves[..2], &hashes),
        ),
        Case::new(
            "below-peaks-other-peaks",
            "The peaks are in another order.",
            "wrong_peak",
            members(size, &swapped, &leaves, &hashes),
        ),
        Case::new(
            "below-peaks-peak-count",
            "11 leaves have three peaks, not two.",
            "peak_count",
            members(size, &peaks[..2], &leaves, &hashes),
        ),
        Case::new(
            "below-peaks-beyond",
            "The leaf's index equals the size.",
            "index_beyond_tree",
            members(size, &peaks, &beyond, &[]),
        ),
    ]);
    cases
}

fn range() -> Vec<Case> {
    let leaves = |start: u64, end: u64| -> Vec<Hash> { (start..end).map(leaf).collect() };
    let prove = |start, end, size| prove_range(&tree(size), Index(start)..Index(end), Size(size)).unwrap();
    let members = |first: u64, leaves: &[Hash], root: &Root, hashes: &[Hash]| {
        json!({
            "type": "range", "first": first.to_string(), "leaves": leaves, "size": root.size.to_string(),
            "root": root.hash, "hashes": hashes,
        })
    };
    let mut cases = Vec::new();
    for (start, end, size) in [(0, 1, 1), (0, 7, 7), (2, 5, 7), (6, 7, 7), (0, 4, 7), (250, 260, 300)] {
        let name = format!("range-{start}-{end}-of-{size}");
        let reason = format!("Leaves {start} to {} of {size}.", end - 1);
        let members = members(start, &leaves(start, end), &tree(size).root(), &prove(start, end, size));
        cases.push(Case::new(&name, &reason, "accept", members));
    }
    let (root, hashes) = (tree(13).root(), prove(3, 6, 13));
    for (name, reason, expect, hashes) in tampered(&hashes, "wrong_root") {
        cases.push(Case::new(
            &format!("range-{name}"),
            reason,
            expect,
            members(3, &leaves(3, 6), &root, &hashes),
        ));
    }
    cases.extend([
        Case::new(
            "range-left-out",
            "The last leaf of the page is left out.",
            "missing_hash",
            members(3, &leaves(3, 5), &root, &hashes),
        ),
        Case::new(
            "range-moved",
            "The page starts elsewhere.",
            "wrong_root",
            members(2, &leaves(3, 6), &root, &hashes),
        ),
        Case::new("range-empty", "No leaf at all.", "empty_range", members(3, &[], &root, &[root.hash])),
        Case::new(
            "range-beyond",
            "The page ends after the tree.",
            "index_beyond_tree",
            members(11, &leaves(3, 6), &root, &hashes),
        ),
    ]);
    cases
}

//! Proofs: in the log's tree and in the map's trie. Whatever a checker takes is true of the tree it was made from.

use crate::input::Input;
use procura_core::hash::leaf;
use procura_core::kv::MemoryKv;
use procura_core::tree::{
    Leaf, MemoryNodes, Nodes as _, Root, check_below_peaks, check_consistency, check_inclusion, check_range,
    mth, peaks_of_last, prove_below_peaks, prove_consistency, prove_inclusion, prove_peaks, prove_range,
};
use procura_core::trie::{PrunedTrie, TrieWriter, prove};
use procura_core::{Hash, Index, Size};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The largest tree that proofs are made in.
const MAX_LEAVES: u64 = 70;

static NODES: LazyLock<(MemoryNodes, Vec<Hash>)> = LazyLock::new(|| {
    let leaves: Vec<Hash> = (0..MAX_LEAVES).map(|n| leaf(&n.to_be_bytes())).collect();
    (leaves.iter().copied().collect(), leaves)
});

fn root(size: u64) -> Root {
    let (_, leaves) = &*NODES;
    Root { size: Size(size), hash: mth(&leaves[..size as usize]) }
}

/// A true proof of one of four kinds, changed as the input says, about a statement that may be changed too: what is taken is
/// true, and is the one proof of it.
pub(crate) fn proof(bytes: &[u8]) {
    let (nodes, leaves) = &*NODES;
    let mut input = Input::new(bytes);
    let kind = input.choice(4);
    let size = 1 + input.below(MAX_LEAVES as usize) as u64;
    let first = input.below(size as usize) as u64;
    match kind {
        0 => {
            let honest = prove_inclusion(nodes, Index(first), Size(size)).expect("the leaf is there");
            let index = Index(changed(&mut input, first));
            let hash = leaves[input.below(leaves.len())];
            let root = root(1 + changed(&mut input, size - 1) % MAX_LEAVES);
            let path = edited(&mut input, honest);
            if check_inclusion(&Leaf { index, hash }, &root, &path).is_ok() {
                assert!(
                    index.0 < root.size.0 && leaves[index.0 as usize] == hash,
                    "a leaf that is not there"
                );
                assert_eq!(Ok(path), prove_inclusion(nodes, index, root.size));
            }
        }
        1 => {
            let honest = prove_consistency(nodes, Size(first), Size(size)).expect("the sizes ascend");
            let old = root(changed(&mut input, first) % MAX_LEAVES);
            let mut new = root(1 + changed(&mut input, size - 1) % MAX_LEAVES);
            if input.choice(2) == 1 {
                new.hash = leaves[input.below(leaves.len())];
            }
            let path = edited(&mut input, honest);
            if check_consistency(&old, &new, &path).is_ok() {
                assert!(old.size <= new.size);
                if old.size.0 > 0 {
                    assert_eq!(new, root(new.size.0), "a continuation of a tree that it does not continue");
                }
                assert_eq!(Ok(path), prove_consistency(nodes, old.size, new.size));
            }
        }
        2 => {
            let until = first + 1 + input.below((size - first) as usize) as u64;
            let honest =
                prove_range(nodes, Index(first)..Index(until), Size(size)).expect("the range is there");
            let shown = edited(&mut input, leaves[first as usize..until as usize].to_vec());
            let start = Index(changed(&mut input, first));
            let hashes = edited(&mut input, honest);
            if check_range(start, &shown, &root(size), &hashes).is_ok() {
                let from = start.0 as usize;
                assert_eq!(
                    leaves.get(from..from + shown.len()),
                    Some(&shown[..]),
                    "leaves that are not there"
                );
                assert_eq!(
                    Ok(hashes),
                    prove_range(nodes, start..Index(start.0 + shown.len() as u64), Size(size))
                );
            }
        }
        _ => below_peaks(&mut input, size),
    }
}

/// As a receipt proves its entries: several leaves, to the peaks of the tree.
fn below_peaks(input: &mut Input<'_>, size: u64) {
    let (nodes, leaves) = &*NODES;
    let peaks = prove_peaks(nodes, Size(size)).expect("the nodes are there");
    let path: Vec<Hash> =
        prove_inclusion(nodes, Index(size - 1), Size(size)).expect("the last leaf is there");
    if let Ok(before) = peaks_of_last(Size(size), &path) {
        assert_eq!(Ok(before), prove_peaks(nodes, Size(size - 1)));
    }
    let wanted: BTreeSet<Index> =
        (0..input.choice(6)).map(|_| Index(input.below(size as usize) as u64)).collect();
    let honest = prove_below_peaks(nodes, Size(size), &wanted).expect("the leaves are there");
    let shown: BTreeMap<Index, Hash> = wanted
        .iter()
        .map(|index| {
            (Index(changed(input, index.0)), leaves[changed(input, index.0) as usize % leaves.len()])
        })
        .collect();
    let hashes = edited(input, honest);
    let peaks = edited(input, peaks);
    if check_below_peaks(Size(size), &peaks, &shown, &hashes).is_ok() {
        // Peaks that stand over no leaf shown are the caller's to have checked.
        for (index, hash) in &shown {
            if Some(&peaks) == prove_peaks(nodes, Size(size)).as_ref().ok() {
                assert_eq!(leaves.get(index.0 as usize), Some(hash), "a leaf that is not there");
            }
        }
        let asked = shown.keys().copied().collect();
        if prove_peaks(nodes, Size(size)) == Ok(peaks) {
            assert_eq!(Ok(hashes), prove_below_peaks(nodes, Size(size), &asked));
        }
    }
}

/// The same number, or sometimes another.
fn changed(input: &mut Input<'_>, number: u64) -> u64 {
    match input.choice(6) {
        1 => number + 1,
        2 => number.saturating_sub(1),
        3 => u64::from(input.number()),
        4 => u64::MAX - u64::from(input.byte()),
        _ => number,
    }
}

/// Hashes with a few of them dropped, doubled, exchanged or replaced by others of the tree.
fn edited(input: &mut Input<'_>, mut hashes: Vec<Hash>) -> Vec<Hash> {
    let (nodes, leaves) = &*NODES;
    for _ in 0..input.choice(4) {
        let (at, other) = (input.below(hashes.len()), input.below(hashes.len()));
        match (input.choice(6), hashes.is_empty()) {
            (0, false) => drop(hashes.remove(at)),
            (1, false) => hashes.insert(at, hashes[other]),
            (2, false) => hashes.swap(at, other),
            (3, false) => hashes[at].0[usize::from(input.byte() % 32)] ^= 1 << (input.byte() % 8),
            (4, _) => hashes.push(leaves[input.below(leaves.len())]),
            _ => {
                let (level, index) = (input.byte() % 6, u64::from(input.byte()));
                if let (Ok(node), false) = (nodes.node(level, index), hashes.is_empty()) {
                    hashes[at] = node;
                }
            }
        }
    }
    hashes
}

/// The keys of the map that tries are pruned of: some share long prefixes.
fn key(n: u8) -> Hash {
    let mut key = leaf(&[n % 16]);
    key.0[31] = n;
    key
}

static MAP: LazyLock<(MemoryKv, Hash, BTreeMap<Hash, Hash>)> = LazyLock::new(|| {
    let mut kv = MemoryKv::default();
    let model: BTreeMap<Hash, Hash> = (0..200).map(|n| (key(n), leaf(&[n, 1]))).collect();
    let mut writer = TrieWriter::new(&kv).expect("nothing is readable");
    for (key, value) in &model {
        writer.put(*key, *value).expect("nothing stands in the way");
    }
    let (root, _, changes) = writer.finish();
    kv.write(changes);
    (kv, root, model)
});

/// A pruned trie as the bytes spell it, or a true one changed at a few places: it has one spelling, and if it leads to the
/// map's root, all that it says is true.
pub(crate) fn trie(bytes: &[u8]) {
    let (kv, root, model) = &*MAP;
    let mut input = Input::new(bytes);
    let pruned = if input.choice(2) == 0 {
        input.rest().to_vec()
    } else {
        let asked = (0..1 + input.choice(4)).map(|_| key(input.byte())).collect();
        let mut pruned = prove(kv, &asked).expect("the map is readable");
        for _ in 0..input.choice(4) {
            let (at, other) = (input.below(pruned.len()), input.below(pruned.len()));
            match input.choice(4) {
                0 => pruned[at] ^= 1 << (input.byte() % 8),
                1 => drop(pruned.drain(at.min(other)..at.max(other))),
                2 => pruned.extend_from_within(at.min(other)..at.max(other)),
                _ => pruned[at] = input.byte(),
            }
            if pruned.is_empty() {
                break;
            }
        }
        pruned
    };
    let Ok(decoded) = PrunedTrie::decode(&pruned) else { return };
    assert_eq!(decoded.encode(), pruned);
    let Ok(checked) = decoded.check(*root) else { return };
    for n in 0..=u8::MAX {
        if let Ok(answer) = checked.get(&key(n)) {
            assert_eq!(answer.as_ref(), model.get(&key(n)), "the trie was made to say something else");
        }
    }
}

//! The proof about any number of keys: the trie with everything cut away that their paths do not pass.
//!
//! ```text
//! proof   3                            the empty trie
//!         node
//! node    0 | hash[32]                 stub: what is cut away
//!         1 | K[32] | V[32]            leaf
//!         2 | b u8 | left | right      inner node
//! ```
//!
//! spec: index.md#pruned-tries

use super::page::{Item, Prefix, Span, Top};
use super::state::Trie;
use super::{Side, side};
use crate::cursor::Cursor;
use crate::hash::Hash;
use crate::kv::{Kv, Unreadable};
use std::borrow::Cow;
use std::collections::BTreeSet;

const STUB: u8 = 0;
const LEAF: u8 = 1;
const INNER: u8 = 2;
const EMPTY: u8 = 3;

/// Bits strictly grow downward, so no path has more inner nodes than a key has bits.
const MAX_DEPTH: usize = 256;

/// A pruned trie as it was received or made: well formed, not yet compared with any root.
///
/// [`PrunedTrie::check`] makes it a [`super::CheckedTrie`], which can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedTrie {
    /// `None`: the empty trie.
    pub(super) top: Option<Pruned>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pruned {
    Stub(Hash),
    Leaf {
        key: Hash,
        value: Hash,
    },
    /// Left and right: in one allocation, as reading a proof is mostly allocating.
    Inner {
        bit: u8,
        sides: Box<[Pruned; 2]>,
    },
}

/// Why bytes are no pruned trie: refuse them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrunedTrieError {
    /// Longer than [`PrunedTrie::MAX_BYTES`].
    #[error("a pruned trie of {0} bytes is longer than 64 MiB")]
    TooLong(usize),
    /// The bytes end inside a node.
    #[error("the pruned trie ends inside a node")]
    Truncated,
    /// Bytes follow the trie.
    #[error("{0} bytes follow the pruned trie")]
    TrailingBytes(usize),
    /// No node starts with this byte.
    #[error("no node of a pruned trie starts with {0}")]
    UnknownNode(u8),
    /// The empty trie stands inside another.
    #[error("the empty trie stands inside another")]
    EmptyInside,
    /// More inner nodes on a path than a key has bits.
    #[error("a path of more than 256 inner nodes")]
    TooDeep,
    /// A node with two stubs, which its hash would have said as well.
    #[error("a node has two stubs for children and is surplus")]
    Surplus,
}

impl PrunedTrieError {
    /// The stable name, as vectors state it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "trie_too_long",
            Self::Truncated => "trie_truncated",
            Self::TrailingBytes(_) => "trie_trailing_bytes",
            Self::UnknownNode(_) => "trie_unknown_node",
            Self::EmptyInside => "trie_empty_inside",
            Self::TooDeep => "trie_too_deep",
            Self::Surplus => "trie_surplus",
        }
    }
}

impl PrunedTrie {
    /// The longest encoding that is read: a receipt's own limit.
    pub const MAX_BYTES: usize = 64 << 20;

    /// The bytes of the layout above.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.top {
            None => out.push(EMPTY),
            Some(top) => top.encode(&mut out),
        }
        out
    }

    /// The pruned trie of these bytes, all of them.
    ///
    /// # Errors
    /// [`PrunedTrieError`] at the first node from the front that breaks the layout.
    pub fn decode(bytes: &[u8]) -> Result<Self, PrunedTrieError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(PrunedTrieError::TooLong(bytes.len()));
        }
        let mut rest = Cursor::new(bytes);
        let top = match bytes {
            [EMPTY, ..] => rest.byte().and(None),
            _ => Some(Pruned::decode(&mut rest, 0)?),
        };
        match rest.left() {
            0 => Ok(Self { top }),
            more => Err(PrunedTrieError::TrailingBytes(more)),
        }
    }
}

impl Pruned {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Stub(hash) => {
                out.push(STUB);
                out.extend_from_slice(&hash.0);
            }
            Self::Leaf { key, value } => {
                out.push(LEAF);
                out.extend_from_slice(&key.0);
                out.extend_from_slice(&value.0);
            }
            Self::Inner { bit, sides } => {
                out.extend_from_slice(&[INNER, *bit]);
                sides.iter().for_each(|side| side.encode(out));
            }
        }
    }

    fn decode(rest: &mut Cursor<'_>, depth: usize) -> Result<Self, PrunedTrieError> {
        let full = PrunedTrieError::Truncated;
        match rest.byte().ok_or(full)? {
            STUB => Ok(Self::Stub(rest.hash().ok_or(full)?)),
            LEAF => Ok(Self::Leaf { key: rest.hash().ok_or(full)?, value: rest.hash().ok_or(full)? }),
            INNER if depth == MAX_DEPTH => Err(PrunedTrieError::TooDeep),
            INNER => {
                let bit = rest.byte().ok_or(full)?;
                let sides = [Self::decode(rest, depth + 1)?, Self::decode(rest, depth + 1)?];
                if matches!(sides, [Self::Stub(_), Self::Stub(_)]) {
                    return Err(PrunedTrieError::Surplus);
                }
                Ok(Self::Inner { bit, sides: Box::new(sides) })
            }
            EMPTY => Err(PrunedTrieError::EmptyInside),
            unknown => Err(PrunedTrieError::UnknownNode(unknown)),
        }
    }
}

/// Proves of each of `keys` that it is present with its value, or absent, in the trie kept in `kv`: the bytes of a
/// [`PrunedTrie`].
///
/// The proof is the smallest: it holds the leaf that each key leads to and what connects them to the root.
///
/// # Errors
/// [`Unreadable`] if a page on the way can't be read.
pub fn prove<K: Kv + ?Sized>(kv: &K, keys: &BTreeSet<Hash>) -> Result<Vec<u8>, Unreadable> {
    let keys: Vec<Hash> = keys.iter().copied().collect();
    let mut out = Vec::with_capacity(1024 + keys.len() * 512);
    match Trie::of(kv)?.top {
        None => out.push(EMPTY),
        Some(page) => prune(kv, Prefix::TOP, page.span(), &keys, &mut out)?,
    }
    Ok(out)
}

/// Writes what remains of a node in the page at `at` for the keys that lead to it, which ascend. Nothing is made of it in
/// between: a proof is made for each receipt.
fn prune<K: Kv + ?Sized>(
    kv: &K,
    at: Prefix,
    node: Span<'_>,
    keys: &[Hash],
    out: &mut Vec<u8>,
) -> Result<(), Unreadable> {
    if keys.is_empty() {
        out.push(STUB);
        out.extend_from_slice(&node.hash().0);
        return Ok(());
    }
    match node.top().ok_or_else(|| Unreadable("a page of the trie is empty".to_owned()))? {
        Top::Item(Item::Leaf { key, value }) => {
            out.push(LEAF);
            out.extend_from_slice(&key.0);
            out.extend_from_slice(&value.0);
            Ok(())
        }
        Top::Inner { gap, left, right } => {
            out.extend_from_slice(&[INNER, gap.bit]);
            // Keys that differ from each other before this bit may be among them: absent ones, which lead here all the same.
            let (lefts, rights) = sides_of(keys, gap.bit);
            prune(kv, at, left, &lefts, out)?;
            prune(kv, at, right, &rights, out)
        }
        // An absent key may lead into a child page of another prefix than its own: the leaf there proves the absence.
        Top::Item(Item::Child(child)) => {
            let below = at.then(child.pair);
            prune(kv, below, child.load(kv, below)?.span(), keys, out)
        }
    }
}

/// The keys that lead to each side of a node: mostly they stand so already.
fn sides_of(keys: &[Hash], bit: u8) -> (Cow<'_, [Hash]>, Cow<'_, [Hash]>) {
    let is_left = |key: &Hash| side(key, bit) == Side::Left;
    if keys.is_sorted_by_key(|key| !is_left(key)) {
        let (lefts, rights) = keys.split_at(keys.partition_point(is_left));
        return (Cow::Borrowed(lefts), Cow::Borrowed(rights));
    }
    let (lefts, rights): (Vec<Hash>, Vec<Hash>) = keys.iter().partition(|key| is_left(key));
    (Cow::Owned(lefts), Cow::Owned(rights))
}

/// Goal: a proof says what the trie says, and no spoilt proof says anything else. Method: proofs of random key sets against the
/// model; every byte of one flipped; each forgery written by hand.
#[cfg(test)]
mod tests {
    use super::super::model::{Model, close_key, key_of};
    use super::super::{Missing, TrieError, TrieWriter};
    use super::*;
    use crate::hash;
    use crate::kv::MemoryKv;
    use proptest::prelude::*;

    fn stored(entries: &[(Hash, Hash)]) -> (MemoryKv, Model) {
        let (mut kv, mut model) = (MemoryKv::default(), Model::default());
        let mut writer = TrieWriter::new(&kv).unwrap();
        for (key, value) in entries {
            writer.put(*key, *value).unwrap();
            model.0.insert(*key, *value);
        }
        let changes = writer.finish().2;
        kv.write(changes);
        (kv, model)
    }

    fn key(first: u8) -> Hash {
        let mut key = Hash([0; 32]);
        key.0[0] = first;
        key
    }

    fn leaf(first: u8) -> Pruned {
        Pruned::Leaf { key: key(first), value: Hash([first; 32]) }
    }

    fn inner(bit: u8, left: Pruned, right: Pruned) -> Pruned {
        Pruned::Inner { bit, sides: Box::new([left, right]) }
    }

    fn trie(top: Pruned) -> PrunedTrie {
        PrunedTrie { top: Some(top) }
    }

    fn proven(kv: &MemoryKv, keys: &BTreeSet<Hash>) -> PrunedTrie {
        PrunedTrie::decode(&prove(kv, keys).unwrap()).unwrap()
    }

    /// Checks a pruned trie against the root that its own hashes give.
    fn check_itself(pruned: PrunedTrie) -> Result<super::super::CheckedTrie, TrieError> {
        match pruned.clone().check(Hash([0; 32])) {
            Err(TrieError::WrongRoot { computed, .. }) => pruned.check(computed),
            other => other,
        }
    }

    #[test]
    fn every_byte_flipped_says_nothing_else() {
        let mut entries: Vec<_> = (0..300).map(|n| (key_of(n), Hash([n as u8; 32]))).collect();
        entries.extend((0..20).map(|n| (close_key(200, n), Hash([7; 32]))));
        let (kv, model) = stored(&entries);
        let root = model.root();
        let asked: BTreeSet<Hash> =
            [key_of(3), key_of(250), key_of(9999), close_key(200, 4), close_key(200, 999)].into();
        let bytes = prove(&kv, &asked).unwrap();
        assert_eq!(PrunedTrie::decode(&bytes).unwrap().encode(), bytes);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut spoilt = bytes.clone();
                spoilt[at] ^= 1 << bit;
                let checked = PrunedTrie::decode(&spoilt).map(|pruned| pruned.check(root).map(drop));
                assert!(!matches!(checked, Ok(Ok(()))), "byte {at} bit {bit}");
            }
        }
        for length in 0..bytes.len() {
            assert_eq!(PrunedTrie::decode(&bytes[..length]), Err(PrunedTrieError::Truncated));
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(PrunedTrie::decode(&longer), Err(PrunedTrieError::TrailingBytes(1)));
    }

    #[test]
    fn what_was_not_asked_is_missing_never_absent() {
        let entries: Vec<_> = (0..64).map(|n| (key_of(n), Hash([1; 32]))).collect();
        let (kv, model) = stored(&entries);
        let checked = proven(&kv, &[key_of(1)].into()).check(model.root()).unwrap();
        assert_eq!(checked.get(&key_of(1)), Ok(Some(Hash([1; 32]))));
        for n in (0..64).filter(|n| *n != 1) {
            assert_eq!(checked.get(&key_of(n)), Err(Missing(key_of(n))));
        }
        let nothing = proven(&kv, &BTreeSet::new());
        assert_eq!(nothing, trie(Pruned::Stub(model.root())));
        assert_eq!(nothing.check(model.root()).unwrap().get(&key_of(1)), Err(Missing(key_of(1))));
    }

    #[test]
    fn the_empty_trie_is_only_its_own_root() {
        let empty = PrunedTrie { top: None };
        assert_eq!(empty.encode(), [3]);
        assert_eq!(proven(&MemoryKv::default(), &[key_of(1)].into()), empty);
        assert_eq!(empty.clone().check(hash::empty()).unwrap().get(&key_of(1)), Ok(None));
        for root in [Hash([0; 32]), stored(&[(key_of(1), key_of(2))]).1.root()] {
            let refused = empty.clone().check(root).unwrap_err();
            assert_eq!(refused, TrieError::WrongRoot { stated: root, computed: hash::empty() });
        }
        // A stub that hashes as the empty trie hides what it hides.
        let stub = trie(Pruned::Stub(hash::empty())).check(hash::empty()).unwrap();
        assert_eq!(stub.get(&key_of(1)), Err(Missing(key_of(1))));
    }

    #[test]
    fn malformed_layouts() {
        let stub = || Pruned::Stub(Hash([5; 32]));
        let decode = |pruned: Pruned| PrunedTrie::decode(&trie(pruned).encode());
        assert_eq!(decode(inner(0, stub(), stub())), Err(PrunedTrieError::Surplus));
        assert_eq!(
            decode(inner(0, leaf(0), inner(1, stub(), stub()))),
            Err(PrunedTrieError::Surplus),
            "deeper too"
        );
        assert_eq!(PrunedTrie::decode(&[4]), Err(PrunedTrieError::UnknownNode(4)));
        assert_eq!(PrunedTrie::decode(&[2, 0, 3]), Err(PrunedTrieError::EmptyInside));
        assert_eq!(PrunedTrie::decode(&[3, 3]), Err(PrunedTrieError::TrailingBytes(1)));
        assert_eq!(PrunedTrie::decode(&[]), Err(PrunedTrieError::Truncated));
        let deep = |inners: usize| {
            let mut bytes = [2u8, 0].repeat(inners);
            bytes.extend(trie(leaf(0)).encode());
            (0..inners).for_each(|_| bytes.extend(trie(leaf(0)).encode()));
            PrunedTrie::decode(&bytes).map(drop)
        };
        assert_eq!(deep(256), Ok(()));
        assert_eq!(deep(257), Err(PrunedTrieError::TooDeep));
        assert_eq!(deep(100_000), Err(PrunedTrieError::TooDeep), "before the stack ends");
        let long = vec![0; PrunedTrie::MAX_BYTES + 1];
        assert_eq!(PrunedTrie::decode(&long), Err(PrunedTrieError::TooLong(long.len())));
    }

    #[test]
    fn nodes_that_no_trie_has() {
        // 0x00, 0x40, 0x80, 0xc0 branch at bit 0, then 1.
        let good = inner(0, inner(1, leaf(0x00), leaf(0x40)), inner(1, leaf(0x80), leaf(0xc0)));
        let checked = check_itself(trie(good)).unwrap();
        assert_eq!(checked.get(&key(0x40)), Ok(Some(Hash([0x40; 32]))));
        assert_eq!(checked.get(&key(0x41)), Ok(None));

        let order = |pruned| check_itself(trie(pruned)).unwrap_err();
        let upside_down = inner(1, inner(0, leaf(0x00), leaf(0x80)), inner(0, leaf(0x40), leaf(0xc0)));
        assert_eq!(order(upside_down), TrieError::BitOrder { above: 1, below: 0 });
        let twice = inner(0, leaf(0), inner(0, leaf(0x80), leaf(0xc0)));
        assert_eq!(order(twice), TrieError::BitOrder { above: 0, below: 0 });

        let misplaced = |pruned| match check_itself(trie(pruned)) {
            Err(TrieError::Misplaced { bit, .. }) => bit,
            other => panic!("{other:?}"),
        };
        assert_eq!(misplaced(inner(0, leaf(0x80), leaf(0x00))), 0, "sides swapped");
        assert_eq!(misplaced(inner(0, leaf(0x80), leaf(0xc0))), 0, "left leaf on the right");
        assert_eq!(misplaced(inner(0, leaf(0x80), Pruned::Stub(Hash([1; 32])))), 0, "beside a stub");
        assert_eq!(misplaced(inner(0, Pruned::Stub(Hash([1; 32])), leaf(0x00))), 0);
        let deeper = inner(0, leaf(0), inner(1, Pruned::Stub(Hash([1; 32])), leaf(0x40)));
        assert_eq!(misplaced(deeper), 0, "right at its own node, wrong above");
        // A branching bit left out: 0x00 and 0xc0 differ before bit 1 already.
        assert_eq!(misplaced(inner(1, leaf(0x00), leaf(0xc0))), 1, "a skipped bit");
        assert_eq!(misplaced(inner(7, leaf(0x40), leaf(0x41 ^ 0x80))), 7, "a skipped bit above");
    }

    #[test]
    fn absence_cannot_be_forged() {
        let entries: Vec<_> = [0x00, 0x40, 0x80, 0xc0].map(|first| (key(first), Hash([first; 32]))).to_vec();
        let (_, model) = stored(&entries);
        let root = model.root();
        // The victim is 0x40; every rewriting that leads it elsewhere gives another root, or refuses.
        let right = || inner(1, leaf(0x80), leaf(0xc0));
        let (hash_00, hash_40) =
            (hash::sha256(&[&key(0).0, &[0; 32]]), hash::sha256(&[&key(0x40).0, &[0x40; 32]]));
        let swapped = inner(0, inner(1, leaf(0x40), leaf(0x00)), right());
        assert!(trie(swapped).check(root).is_err(), "its neighbour in its place");
        assert!(trie(inner(0, leaf(0x00), right())).check(root).is_err(), "the node skipped");
        for bit in 2..=255 {
            let moved = inner(0, inner(bit, leaf(0x00), Pruned::Stub(hash_40)), right());
            assert!(trie(moved).check(root).is_err(), "another bit, so that it leads left");
        }
        let stubbed = inner(
            0,
            inner(1, leaf(0x00), Pruned::Stub(hash_40)),
            Pruned::Stub(hash::sha256(&[
                &hash::sha256(&[&key(0x80).0, &[0x80; 32]]).0,
                &hash::sha256(&[&key(0xc0).0, &[0xc0; 32]]).0,
                &[1],
            ])),
        );
        let checked = trie(stubbed).check(root).unwrap();
        assert_eq!(checked.get(&key(0x40)), Err(Missing(key(0x40))), "a stub is not absence");
        assert_eq!(checked.get(&key(0x00)), Ok(Some(Hash([0; 32]))));
        assert_eq!(checked.get(&key(0x20)), Ok(None));
        // A node's 65 bytes never pass for a leaf's 64: its two child hashes as key and value.
        let as_leaf = Pruned::Leaf { key: hash_00, value: hash_40 };
        assert!(trie(inner(0, as_leaf.clone(), right())).check(root).is_err());
        assert!(trie(as_leaf).check(root).is_err());
    }

    #[test]
    fn leaves_that_nobody_asked_for_are_seen() {
        let entries: Vec<_> = (0..64).map(|n| (key_of(n), Hash([1; 32]))).collect();
        let (kv, model) = stored(&entries);
        let checked = proven(&kv, &[key_of(1), key_of(2), key_of(777)].into()).check(model.root()).unwrap();
        assert_eq!(checked.unused().len(), 3);
        checked.get(&key_of(1)).unwrap();
        checked.get(&key_of(777)).unwrap();
        assert_eq!(checked.unused(), [key_of(2)]);
        let _missing = checked.get(&key_of(5));
        assert_eq!(checked.unused(), [key_of(2)]);
        checked.get(&key_of(2)).unwrap();
        assert_eq!(checked.unused(), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn proofs_agree_with_the_model(
            present in proptest::collection::vec((0u32..500, prop_oneof![3 => Just(0u8), 1 => Just(200)]), 0..400),
            asked in proptest::collection::btree_set((0u32..700, prop_oneof![Just(0u8), Just(200)]), 0..12),
        ) {
            let entries: Vec<_> =
                present.iter().map(|(n, shared)| (close_key(*shared, *n), key_of(n + 1))).collect();
            let (kv, model) = stored(&entries);
            let asked: BTreeSet<Hash> = asked.iter().map(|(n, shared)| close_key(*shared, *n)).collect();
            let bytes = prove(&kv, &asked).unwrap();
            let checked = PrunedTrie::decode(&bytes).unwrap().check(model.root()).unwrap();
            for key in &asked {
                prop_assert_eq!(checked.get(key), Ok(model.0.get(key).copied()));
            }
            prop_assert!(checked.unused().is_empty(), "the proof is the smallest");
            // Whatever else it answers is true.
            for n in 0..700 {
                if let Ok(answer) = checked.get(&key_of(n)) {
                    prop_assert_eq!(answer, model.0.get(&key_of(n)).copied());
                }
            }
        }
    }
}

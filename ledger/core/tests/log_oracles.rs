//! Goal: our tree, tiles, notes and checkpoints are those of the field, not only of ourselves.
//! Method: independent implementations make or judge the same values, at random sizes.
//!
//! Their quirks: `tlog_tiles` writes Go's older tile paths with a height, `rs_merkle` verifies loosely (it only
//! proves here), `ct-merkle` has no trees of size 0, `signed_note` verifies non-strictly (it only accepts here).

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may panic as the tests themselves may; clippy knows only functions marked as tests"
)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ed25519_dalek::{Signer as _, SigningKey};
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::note::{KeyType, NoteVerifier, SignedNote};
use procura_core::tile::{TileError, TileKind, TileNodes, TilePath, encode_tile, tiles_of, tiles_since};
use procura_core::tree::{
    Leaf, MemoryNodes, Nodes, Root, check_consistency, check_inclusion, mth, prove_consistency,
    prove_inclusion,
};
use procura_core::{Hash, Index, Size, hash};
use proptest::prelude::*;
use sha2::Sha256;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;

fn entry(index: u64) -> Vec<u8> {
    index.to_be_bytes().to_vec()
}

fn leaf(index: u64) -> Hash {
    hash::leaf(&entry(index))
}

fn tree(size: u64) -> MemoryNodes {
    (0..size).map(leaf).collect()
}

fn concat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// RFC 6962's node hash for `rs_merkle`, which promotes a lone node by itself.
#[derive(Clone)]
struct Rfc6962;

impl rs_merkle::Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(pair: &[u8]) -> [u8; 32] {
        hash::sha256(&[&[1], pair]).0
    }
}

/// Stored hashes for `tlog_tiles`, in its own order.
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

fn stored(size: u64) -> Stored {
    let mut stored = Stored(Vec::new());
    for index in 0..size {
        let more = tlog_tiles::stored_hashes(index, &entry(index), &stored).unwrap();
        stored.0.extend(more);
    }
    stored
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ct_merkle_agrees(size in 2..800_u64, a in any::<u64>(), b in any::<u64>()) {
        let ours = tree(size);
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for index in 0..size {
            theirs.push(entry(index));
        }
        let root = theirs.root();
        prop_assert_eq!(ours.root().hash.0.to_vec(), root.as_bytes().to_vec());

        let index = a % size;
        let path = prove_inclusion(&ours, Index(index), Size(size)).unwrap();
        let proof = theirs.prove_inclusion(index as usize);
        prop_assert_eq!(concat(&path), proof.as_bytes());
        prop_assert!(theirs.root().verify_inclusion(&entry(index), index, &proof).is_ok());

        let old = 1 + b % (size - 1);
        let hashes = prove_consistency(&ours, Size(old), Size(size)).unwrap();
        let proof = theirs.prove_consistency((size - old) as usize);
        prop_assert_eq!(concat(&hashes), proof.as_bytes());
    }

    #[test]
    fn rs_merkle_agrees(size in 1..800_u64, a in any::<u64>()) {
        let ours = tree(size);
        let leaves: Vec<[u8; 32]> = (0..size).map(|index| leaf(index).0).collect();
        let theirs = rs_merkle::MerkleTree::<Rfc6962>::from_leaves(&leaves);
        prop_assert_eq!(theirs.root(), Some(ours.root().hash.0));
        let proof = theirs.proof(&[(a % size) as usize]);
        let path: Vec<Hash> = proof.proof_hashes().iter().map(|hash| Hash(*hash)).collect();
        let this = Leaf { index: Index(a % size), hash: leaf(a % size) };
        prop_assert_eq!(check_inclusion(&this, &ours.root(), &path), Ok(()));
    }

    #[test]
    fn tlog_tiles_agrees_on_proofs(size in 1..800_u64, a in any::<u64>(), b in any::<u64>()) {
        let (ours, theirs) = (tree(size), stored(size));
        let root = tlog_tiles::tree_hash(size, &theirs).unwrap();
        prop_assert_eq!(ours.root().hash.0, root.0);

        let index = a % size;
        let proof = tlog_tiles::prove_record(size, index, &theirs).unwrap();
        let path: Vec<Hash> = proof.iter().map(|hash| Hash(hash.0)).collect();
        prop_assert_eq!(&prove_inclusion(&ours, Index(index), Size(size)).unwrap(), &path);

        let old = 1 + b % size;
        let proof = tlog_tiles::prove_tree(size, old, &theirs).unwrap();
        let hashes: Vec<Hash> = proof.iter().map(|hash| Hash(hash.0)).collect();
        prop_assert_eq!(&prove_consistency(&ours, Size(old), Size(size)).unwrap(), &hashes);
        let old = Root { size: Size(old), hash: Hash(tlog_tiles::tree_hash(old, &theirs).unwrap().0) };
        prop_assert_eq!(check_consistency(&old, &ours.root(), &hashes), Ok(()));
    }

    #[test]
    fn tlog_tiles_agrees_on_tiles(old in 0..200_000_u64, more in 0..70_000_u64) {
        let new = old + more;
        let ours: BTreeSet<String> = tiles_since(Size(old), Size(new))
            .filter(|tile| tile.kind() != TileKind::Entries)
            .map(|tile| tile.to_string())
            .collect();
        let theirs: BTreeSet<String> = tlog_tiles::Tile::new_tiles(8, old, new)
            .iter()
            .map(|tile| tile.path().replacen("tile/8/", "tile/", 1))
            .collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn tile_paths_read_back(level in 0..=63_u8, index in any::<u64>(), shift in 0..64, width in 1..=256_u16) {
        let tile = TilePath::new(TileKind::Hashes { level }, index >> shift, width).unwrap();
        prop_assert_eq!(TilePath::parse(&tile.to_string()), Ok(tile));
    }

    #[test]
    fn hostile_text_never_panics(text in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = TilePath::parse(&text);
        let _ = TilePath::parse(&format!("tile/0/{text}"));
        let _ = NoteVerifier::parse(&text);
        let _ = SignedCheckpoint::parse(text.as_bytes());
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let _ = SignedNote::parse(bytes);
            let _ = procura_core::tlog_proof::TlogProof::parse(bytes);
            let _ = procura_core::policy::TlogPolicy::parse(bytes);
            let _ = procura_core::tile::decode_bundle(bytes, 3);
        }
    }
}

fn sign(message: &[u8]) -> [u8; 64] {
    SigningKey::from_bytes(&[7; 32]).sign(message).to_bytes()
}

fn log_key() -> NoteVerifier {
    let public_key = SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
    NoteVerifier::new("trial/log", KeyType::Ed25519, &public_key).unwrap()
}

// signed_note and tlog_tiles read, verify and write back what we signed.
#[test]
fn peers_accept_our_checkpoints() {
    let root = tree(20).root();
    let ours = Checkpoint::new("trial/log", root).unwrap().sign(&log_key(), &sign).unwrap();
    let bytes = ours.to_string().into_bytes();
    let note = signed_note::Note::from_bytes(&bytes).unwrap();
    let verifier = signed_note::StandardVerifier::new(&log_key().to_string()).unwrap();
    let (verified, _) = note.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!(verified.len(), 1);
    assert_eq!(note.to_bytes(), bytes);
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), ("trial/log", 20, root.hash.0));
    assert_eq!(theirs.to_bytes(), note.text());
}

/// A log's tiles as it would serve them, with one bit flipped in `broken`.
fn serve(size: u64, broken: Option<(TilePath, usize)>) -> impl Fn(TilePath) -> Result<Vec<u8>, Infallible> {
    let nodes = tree(size);
    move |path: TilePath| {
        let TileKind::Hashes { level } = path.kind() else { panic!("{path} is no tile of hashes") };
        assert!(path.is_within(Size(size)), "{path} is not in the tree");
        let first = path.index() * 256;
        let hashes: Vec<Hash> =
            (0..u64::from(path.width())).map(|at| nodes.node(level * 8, first + at).unwrap()).collect();
        let mut bytes = encode_tile(&hashes);
        if let Some((_, bit)) = broken.filter(|(tile, _)| *tile == path) {
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        Ok(bytes)
    }
}

#[test]
fn tiles_alone_give_every_node() {
    for size in [1, 5, 255, 256, 257, 511, 512, 700, 66_000_u64] {
        let nodes = tree(size);
        let fetched = RefCell::new(Vec::new());
        let tiles = serve(size, None);
        let tiles = TileNodes::open(&nodes.root(), |path| {
            fetched.borrow_mut().push(path);
            tiles(path)
        })
        .unwrap();
        for level in 0..=17 {
            for index in (0..size >> level).step_by(1 + size as usize / 300) {
                assert_eq!(tiles.node(level, index), Ok(nodes.node(level, index).unwrap()));
            }
            let beyond = tiles.node(level, size >> level);
            assert!(matches!(beyond, Err(TileError::BeyondTree { .. })), "{level} {size}");
        }
        let once: BTreeSet<TilePath> = fetched.borrow().iter().copied().collect();
        assert_eq!(once.len(), fetched.borrow().len(), "a tile was fetched twice");
        let all: BTreeSet<TilePath> =
            tiles_of(Size(size)).filter(|t| t.kind() != TileKind::Entries).collect();
        assert!(once.is_subset(&all));
        assert!(matches!(tiles.node(64, 0), Err(TileError::BeyondTree { .. })));
    }
    let none = TileNodes::open(&tree(0).root(), serve(0, None)).unwrap();
    assert!(none.node(0, 0).is_err());
}

#[test]
fn proofs_come_from_tiles_alone() {
    let nodes = tree(700);
    let tiles = TileNodes::open(&nodes.root(), serve(700, None)).unwrap();
    for index in (0..700).step_by(13).map(Index) {
        let path = prove_inclusion(&tiles, index, Size(700)).unwrap();
        assert_eq!(check_inclusion(&Leaf { index, hash: leaf(index.0) }, &nodes.root(), &path), Ok(()));
        let old = Size(index.0 + 1);
        let old_root = Root { size: old, hash: mth(&(0..old.0).map(leaf).collect::<Vec<_>>()) };
        let hashes = prove_consistency(&tiles, old, Size(700)).unwrap();
        assert_eq!(check_consistency(&old_root, &nodes.root(), &hashes), Ok(()));
    }
}

// A flipped bit in any tile is seen before a hash of that tile is used.
#[test]
fn a_tampered_tile_is_refused() {
    let root = tree(700).root();
    for path in tiles_of(Size(700)).filter(|path| path.kind() != TileKind::Entries) {
        for bit in (0..usize::from(path.width()) * 256).step_by(1021) {
            let opened = TileNodes::open(&root, serve(700, Some((path, bit))));
            if path.is_partial() {
                assert!(matches!(opened.map(|_| ()), Err(TileError::WrongRoot { .. })), "{path} {bit}");
                continue;
            }
            let tiles = opened.unwrap();
            let used = tiles.node(0, path.index() * 256);
            assert_eq!(used, Err(TileError::WrongTile { path }), "{bit}");
            assert!(tiles.node(0, (path.index() + 1) % 2 * 256).is_ok(), "the other tile is whole");
        }
    }
}

#[test]
fn a_tile_of_another_length_or_tree_is_refused() {
    let root = tree(700).root();
    let short = TileNodes::open(&root, |path| serve(700, None)(path).map(|bytes| bytes[32..].to_vec()));
    assert!(matches!(short.map(|_| ()), Err(TileError::Length { .. })));
    let other = Root { size: Size(700), hash: tree(699).root().hash };
    assert!(matches!(
        TileNodes::open(&other, serve(700, None)).map(|_| ()),
        Err(TileError::WrongRoot { .. })
    ));
    let down = TileNodes::open(&root, |_| Err("down"));
    assert!(matches!(down.map(|_| ()), Err(TileError::Fetch("down"))));
}

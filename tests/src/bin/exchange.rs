//! Believes a log that another implementation made: its signed and cosigned checkpoint, its tiles, each leaf's inclusion, each earlier tree's
//! consistency, and none of them once a bit is turned. The log comes as JSON on standard input (`tests/exchange/exchange.go` writes it).

use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::cosignature::check_cosignature;
use procura_core::hash::leaf;
use procura_core::note::{NoteSignature, NoteVerifier};
use procura_core::tile::{TileKind, TileNodes, TilePath, tiles_of};
use procura_core::tree::{
    Leaf, Nodes as _, Root, check_consistency, check_inclusion, prove_consistency, prove_inclusion,
};
use procura_core::{Hash, Index, Size, b64};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn main() {
    let log: Value = serde_json::from_reader(std::io::stdin()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = NoteVerifier::parse(&text(&log["Vkey"])).unwrap();
    let signed = text(&log["Checkpoint"]);
    let checkpoint = SignedCheckpoint::parse(signed.as_bytes()).unwrap();
    let verified = checkpoint.verify(key.name(), std::slice::from_ref(&key)).unwrap();
    cosigned(&verified, &NoteVerifier::parse(&text(&log["CosignerVkey"])).unwrap());
    let root = verified.root();
    let changed = signed.replacen(&format!("\n{}\n", root.size), &format!("\n{}\n", root.size.0 + 1), 1);
    let other = SignedCheckpoint::parse(changed.as_bytes()).unwrap();
    assert!(other.verify(key.name(), std::slice::from_ref(&key)).is_err(), "another size was believed");

    let leaves = log["Leaves"].as_array().unwrap();
    assert_eq!(leaves.len() as u64, root.size.0);
    let tiles = tiles(&log["Tiles"], root.size);
    let nodes = TileNodes::open(&root, |path| tiles.get(&path).cloned().ok_or(path)).unwrap();
    for (index, included) in leaves.iter().enumerate() {
        let mut placed =
            Leaf { index: Index(index as u64), hash: leaf(text(&included["Record"]).as_bytes()) };
        let path = hashes(&included["Path"]);
        assert_eq!(nodes.node(0, index as u64).unwrap(), placed.hash);
        assert_eq!(prove_inclusion(&nodes, placed.index, root.size).unwrap(), path);
        check_inclusion(&placed, &root, &path).unwrap();
        placed.hash.0[0] ^= 1;
        assert!(check_inclusion(&placed, &root, &path).is_err(), "another leaf at {index} was believed");
    }
    let earlier = log["Earlier"].as_array().unwrap();
    for (before, continued) in earlier.iter().enumerate() {
        let mut old = Root { size: Size(before as u64 + 1), hash: hash(&continued["Root"]) };
        let proof = hashes(&continued["Hashes"]);
        assert_eq!(prove_consistency(&nodes, old.size, root.size).unwrap(), proof);
        check_consistency(&old, &root, &proof).unwrap();
        old.hash.0[31] ^= 1;
        assert!(
            check_consistency(&old, &root, &proof).is_err(),
            "another tree of {} was continued",
            old.size
        );
    }
    assert!(!earlier.is_empty(), "nothing was exchanged");
    changed_tiles(&tiles, &root);
}

/// The cosignature holds for this checkpoint, and for nothing that is nearly it.
fn cosigned(checkpoint: &VerifiedCheckpoint, cosigner: &NoteVerifier) {
    let key = std::slice::from_ref(cosigner);
    let lines = checkpoint.cosignatures(key).unwrap();
    assert!(matches!(lines.as_slice(), [line] if line.time_s == Some(1_700_000_000)), "{lines:?}");
    let note = checkpoint.signed().note();
    let line = note.signatures().iter().find(|line| line.name() == cosigner.name()).unwrap();
    check_cosignature(cosigner, note.text(), line).unwrap();
    for at in 0..line.blob().len() {
        let mut blob = line.blob().to_vec();
        blob[at] ^= 1;
        let line = NoteSignature::new(cosigner, blob);
        assert!(
            check_cosignature(cosigner, note.text(), &line).is_err(),
            "byte {at} is another, and it holds"
        );
    }
    assert!(
        check_cosignature(cosigner, &format!("{}\n", note.text()), line).is_err(),
        "it holds for more text"
    );
}

/// The tiles by their paths: those that a log of this size has, no more and no less, each at the path that we give it.
fn tiles(written: &Value, size: Size) -> BTreeMap<TilePath, Vec<u8>> {
    let tile = |(path, data): (&String, &Value)| {
        let read = TilePath::parse(path).unwrap();
        assert_eq!(read.to_string(), *path);
        (read, bytes(data))
    };
    let tiles: BTreeMap<TilePath, Vec<u8>> = written.as_object().unwrap().iter().map(tile).collect();
    let ours = tiles_of(size).filter(|path| path.kind() != TileKind::Entries);
    assert!(
        tiles.keys().copied().eq(ours.collect::<BTreeSet<_>>()),
        "other tiles than those of {size} leaves"
    );
    tiles
}

/// No tile is read that is not the root's: in each, the first and the last bit are turned.
fn changed_tiles(tiles: &BTreeMap<TilePath, Vec<u8>>, root: &Root) {
    for (path, data) in tiles {
        for (at, bit) in [(0, 0x80), (data.len() - 1, 1)] {
            let mut tiles = tiles.clone();
            tiles.get_mut(path).unwrap()[at] ^= bit;
            let is_read = TileNodes::open(root, |path| tiles.get(&path).cloned().ok_or(path))
                .is_ok_and(|nodes| (0..root.size.0).all(|index| nodes.node(0, index).is_ok()));
            assert!(!is_read, "{path} was believed with byte {at} changed");
        }
    }
}

fn hashes(values: &Value) -> Vec<Hash> {
    values.as_array().unwrap().iter().map(hash).collect()
}

fn hash(value: &Value) -> Hash {
    Hash(bytes(value).try_into().unwrap())
}

/// Go writes bytes in the standard base64.
fn bytes(value: &Value) -> Vec<u8> {
    b64::decode(&value.as_str().unwrap().trim_end_matches('=').replace('+', "-").replace('/', "_")).unwrap()
}

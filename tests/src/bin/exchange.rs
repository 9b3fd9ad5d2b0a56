//! Believes a log that another implementation made: its signed checkpoint, each leaf's inclusion, each earlier tree's consistency, and
//! none of them once a bit is turned. The log comes as JSON on standard input (`tests/exchange/exchange.go` writes it).

use procura_core::checkpoint::SignedCheckpoint;
use procura_core::hash::leaf;
use procura_core::note::NoteVerifier;
use procura_core::tree::{Leaf, Root, check_consistency, check_inclusion};
use procura_core::{Hash, Index, Size};
use serde_json::Value;

fn main() {
    let log: Value = serde_json::from_reader(std::io::stdin()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = NoteVerifier::parse(&text(&log["Vkey"])).unwrap();
    let signed = text(&log["Checkpoint"]);
    let checkpoint = SignedCheckpoint::parse(signed.as_bytes()).unwrap();
    let root = checkpoint.verify(key.name(), std::slice::from_ref(&key)).unwrap().root();
    let changed = signed.replacen(&format!("\n{}\n", root.size), &format!("\n{}\n", root.size.0 + 1), 1);
    let other = SignedCheckpoint::parse(changed.as_bytes()).unwrap();
    assert!(other.verify(key.name(), std::slice::from_ref(&key)).is_err(), "another size was believed");

    let leaves = log["Leaves"].as_array().unwrap();
    assert_eq!(leaves.len() as u64, root.size.0);
    for (index, included) in leaves.iter().enumerate() {
        let mut placed =
            Leaf { index: Index(index as u64), hash: leaf(text(&included["Record"]).as_bytes()) };
        let path = hashes(&included["Path"]);
        check_inclusion(&placed, &root, &path).unwrap();
        placed.hash.0[0] ^= 1;
        assert!(check_inclusion(&placed, &root, &path).is_err(), "another leaf at {index} was believed");
    }
    let earlier = log["Earlier"].as_array().unwrap();
    for (before, continued) in earlier.iter().enumerate() {
        let mut old = Root { size: Size(before as u64 + 1), hash: hash(&continued["Root"]) };
        let proof = hashes(&continued["Hashes"]);
        check_consistency(&old, &root, &proof).unwrap();
        old.hash.0[31] ^= 1;
        assert!(
            check_consistency(&old, &root, &proof).is_err(),
            "another tree of {} was continued",
            old.size
        );
    }
    assert!(!earlier.is_empty(), "nothing was exchanged");
}

fn hashes(values: &Value) -> Vec<Hash> {
    values.as_array().unwrap().iter().map(hash).collect()
}

/// Go writes hashes in the standard base64.
fn hash(value: &Value) -> Hash {
    let text = value.as_str().unwrap().trim_end_matches('=').replace('+', "-").replace('/', "_");
    text.parse().unwrap()
}

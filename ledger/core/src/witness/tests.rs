//! Goal: a witness cosigns what continues the tree it knows, and nothing else, each refusal by its name. Method: a request that is
//! right, at every pair of sizes of a small tree, then twins that differ in one thing.

use super::*;
use crate::checkpoint::Checkpoint;
use crate::key::{Signer as _, SoftKey};
use crate::note::KeyType;
use crate::tree::{MemoryNodes, prove_consistency};

const ORIGIN: &str = "trial/log";

fn sign(seed: u8) -> impl Fn(&[u8]) -> [u8; 64] {
    move |message| SoftKey::from_seed(&[seed; 32]).sign(message).unwrap()
}

fn log_key(seed: u8) -> NoteVerifier {
    let public_key = *SoftKey::from_seed(&[seed; 32]).public_key().as_bytes();
    NoteVerifier::new(ORIGIN, KeyType::Ed25519, &public_key).unwrap()
}

fn tree(size: u8) -> MemoryNodes {
    (0..size).map(|n| hash::leaf(&[n])).collect()
}

/// Another history: it parts from the first one at leaf `at`.
fn forked(size: u8, at: u8) -> MemoryNodes {
    (0..size).map(|n| hash::leaf(&[n, u8::from(n >= at)][..1 + usize::from(n >= at)])).collect()
}

fn signed(nodes: &MemoryNodes) -> SignedCheckpoint {
    Checkpoint::new(ORIGIN, nodes.root()).unwrap().sign(&log_key(7), &sign(7)).unwrap()
}

fn request(old: u8, nodes: &MemoryNodes) -> AddCheckpoint {
    let proof = prove_consistency(nodes, Size(old.into()), nodes.root().size).unwrap();
    AddCheckpoint { old: Size(old.into()), proof, checkpoint: signed(nodes) }
}

fn name(request: &AddCheckpoint, known: &Root) -> &'static str {
    judge(request, &[log_key(7)], known).map_or_else(|refusal| refusal.name(), |_| "cosigns")
}

#[test]
fn every_growth_is_cosigned_and_no_other_history() {
    for new in 0..20 {
        for old in 0..=new {
            let (grown, known) = (tree(new), tree(old).root());
            let right = request(old, &grown);
            assert_eq!(name(&right, &known), "cosigns", "{old} {new}");
            let text = right.to_string();
            assert_eq!(AddCheckpoint::parse(text.as_bytes()), Ok(right.clone()));
            for at in 0..right.proof.len() {
                let mut flipped = right.clone();
                flipped.proof[at].0[0] ^= 1;
                assert!(judge(&flipped, &[log_key(7)], &known).is_err(), "{old} {new} {at}");
            }
            // A history that parts before the old size ends never passes, with the proof that it would have itself.
            for at in 0..old {
                assert!(
                    judge(&request(old, &forked(new, at)), &[log_key(7)], &known).is_err(),
                    "{old} {new} {at}"
                );
            }
        }
    }
}

#[test]
fn each_refusal_has_its_name() {
    let known = tree(5).root();
    let right = request(5, &tree(9));
    assert_eq!(judge(&right, &[], &known).unwrap_err().name(), "unknown_log");
    assert_eq!(judge(&right, &[log_key(8)], &known).unwrap_err().name(), "no_known_signature");
    let mut forged = right.clone();
    forged.checkpoint = Checkpoint::new(ORIGIN, tree(9).root()).unwrap().sign(&log_key(7), &sign(8)).unwrap();
    assert_eq!(name(&forged, &known), "bad_signature");
    assert_eq!(name(&AddCheckpoint { old: Size(10), ..right.clone() }, &known), "old_larger");
    assert_eq!(name(&request(4, &tree(9)), &known), "other_size");
    assert_eq!(name(&request(0, &tree(9)), &known), "other_size");
    assert_eq!(name(&request(0, &tree(9)), &nothing_known()), "cosigns");
    let surplus = AddCheckpoint { proof: vec![Hash::default()], ..request(0, &tree(9)) };
    assert_eq!(name(&surplus, &nothing_known()), "surplus_hash");
    assert_eq!(name(&AddCheckpoint { proof: Vec::new(), ..right.clone() }, &known), "missing_hash");
    assert_eq!(name(&request(5, &forked(5, 2)), &known), "fork");
    // The signature is looked at first: who has no key learns nothing of what is known.
    let stranger = AddCheckpoint { old: Size(10), ..right };
    assert_eq!(judge(&stranger, &[log_key(8)], &known).unwrap_err().name(), "no_known_signature");
}

#[test]
fn what_is_no_request_is_refused_by_name() {
    let right = request(5, &tree(9)).to_string();
    let checkpoint = signed(&tree(9)).to_string();
    let hash = encode_base64(&[1; 32]);
    let hashes = |count: usize| format!("old 5\n{}\n{checkpoint}", format!("{hash}\n").repeat(count));
    assert!(AddCheckpoint::parse(hashes(63).as_bytes()).is_ok());
    for (text, name) in [
        (String::new(), "witness_form"),
        ("old 5\n".to_owned(), "witness_form"),
        (right.replace("\n\n", "\n"), "witness_form"),
        (right.replacen("old 5", "old 05", 1), "old_line"),
        (right.replacen("old 5", "old  5", 1), "old_line"),
        (right.replacen("old 5", "old -5", 1), "old_line"),
        (right.replacen("old 5", "size 5", 1), "old_line"),
        (right.replacen("old 5", "old 18446744073709551616", 1), "old_line"),
        (format!("\n{right}"), "old_line"),
        (format!("\n\n{right}"), "old_line"),
        (hashes(64), "too_many_hashes"),
        (right.replacen("old 5\n", "old 5\nAQ==\n", 1), "hash_line"),
        (right.replacen("old 5\n", &format!("old 5\n{}\n", hash.trim_end_matches('=')), 1), "hash_line"),
        (right.replacen("old 5\n", "old 5\r\n", 1), "old_line"),
        (format!("old 5\n\n{ORIGIN}\n9\n"), "no_blank_line"),
        (right.replacen("\n9\n", "\n09\n", 1), "size_line"),
        (right.replacen("\n9\n", "\n0\n", 1), "empty_root"),
        (right.trim_end().to_owned(), "no_final_newline"),
    ] {
        let found = AddCheckpoint::parse(text.as_bytes()).map_or_else(|error| error.name(), |_| "accept");
        assert_eq!(found, name, "{text:?}");
    }
    assert_eq!(AddCheckpoint::parse(&[0xff, b'\n', b'\n']), Err(RequestError::Form));
}

#[test]
fn answers_are_read_in_one_spelling() {
    let line = NoteSignature::new(&log_key(7), vec![1]);
    assert_eq!(read_answer(format!("{line}\n{line}\n").as_bytes()), Ok(vec![line.clone(), line.clone()]));
    let too_many = format!("{line}\n").repeat(101);
    for bad in ["", "\n", &line.to_string(), &format!("{line}\n\n"), &format!("x{line}\n"), &too_many] {
        assert!(read_answer(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert_eq!(read_size(b"20852014\n"), Some(Size(20_852_014)));
    for bad in [&b""[..], b"7", b"07\n", b"7\n\n", b" 7\n", b"18446744073709551616\n", &[0xff, b'\n']] {
        assert_eq!(read_size(bad), None);
    }
}

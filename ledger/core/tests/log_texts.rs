//! Goal: checkpoints, cosignatures and tlog-proofs are read in one spelling, and believed only when each check
//! holds. Method: the accepted text, then twins that differ in one thing.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves may; clippy knows only functions marked as tests"
)]

use ed25519_dalek::{Signer as _, SigningKey};
use procura_core::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use procura_core::cosignature::{CosignatureError, MAX_TIME_S, check_cosignature, cosign, signed_bytes};
use procura_core::note::{KeyType, NoteError, NoteSignature, NoteVerifier, SignedNote};
use procura_core::tlog_proof::{TlogProof, TlogProofError};
use procura_core::tree::{MemoryNodes, ProofError, Root, prove_inclusion};
use procura_core::{Hash, Index, Size, hash};

const ORIGIN: &str = "trial/log";

fn sign(seed: u8) -> impl Fn(&[u8]) -> [u8; 64] {
    move |message| SigningKey::from_bytes(&[seed; 32]).sign(message).to_bytes()
}

fn key(name: &str, key_type: KeyType, seed: u8) -> NoteVerifier {
    let public_key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    NoteVerifier::new(name, key_type, &public_key).unwrap()
}

fn log_key() -> NoteVerifier {
    key(ORIGIN, KeyType::Ed25519, 7)
}

fn witness() -> NoteVerifier {
    key("w.example", KeyType::CosignatureV1, 8)
}

fn tree() -> MemoryNodes {
    (0..6_u8).map(|n| hash::leaf(&[n])).collect()
}

fn signed() -> SignedCheckpoint {
    Checkpoint::new(ORIGIN, tree().root()).unwrap().sign(&log_key(), &sign(7)).unwrap()
}

/// A checkpoint of any text, signed by the log all the same.
fn signed_text(text: &str) -> Result<SignedCheckpoint, CheckpointError> {
    let line = NoteSignature::sign(&log_key(), text, &sign(7)).unwrap();
    SignedCheckpoint::parse(SignedNote::new(text.to_owned(), vec![line])?.to_string().as_bytes())
}

#[test]
fn a_checkpoint_reads_back_and_is_believed() {
    let signed = signed();
    assert_eq!(SignedCheckpoint::parse(signed.to_string().as_bytes()), Ok(signed.clone()));
    let verified = signed.verify(ORIGIN, &[key(ORIGIN, KeyType::Ed25519, 9), log_key()]).unwrap();
    assert_eq!((verified.origin(), verified.root()), (ORIGIN, tree().root()));
    assert_eq!(verified.signers(), [log_key()]);
}

#[test]
fn other_checkpoint_texts_are_refused_by_name() {
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert!(signed_text(&format!("{ORIGIN}\n0\n{root}\n")).is_ok());
    assert!(signed_text(&format!("{ORIGIN}\n18446744073709551615\n{root}\n")).is_ok());
    for (text, name) in [
        (format!("{ORIGIN}\n1\n"), "checkpoint_lines"),
        (format!("{ORIGIN}\n1\n{root}\nextra\n"), "extension_line"),
        (format!("{ORIGIN}\n1\n{root}\n\n"), "extension_line"),
        (format!("\n1\n{root}\n"), "origin"),
        (format!("trial log\n1\n{root}\n"), "origin"),
        (format!("trial+log\n1\n{root}\n"), "origin"),
        (format!("{}\n1\n{root}\n", "o".repeat(256)), "origin"),
        (format!("{ORIGIN}\n01\n{root}\n"), "size_line"),
        (format!("{ORIGIN}\n+1\n{root}\n"), "size_line"),
        (format!("{ORIGIN}\n\n{root}\n"), "size_line"),
        (format!("{ORIGIN}\n18446744073709551616\n{root}\n"), "size_line"),
        (format!("{ORIGIN}\n1\n{}\n", root.trim_end_matches('=')), "root_line"),
        (format!("{ORIGIN}\n1\nAQ==\n"), "root_line"),
        (format!("{ORIGIN}\n1\n{}\n", root.replace("U=", "V=")), "root_line"),
        (format!("{ORIGIN}\n0\n{}=\n", "A".repeat(43)), "empty_root"),
    ] {
        assert_eq!(signed_text(&text).unwrap_err().name(), name, "{text}");
    }
    assert!(Checkpoint::new(&"o".repeat(255), tree().root()).is_ok());
}

#[test]
fn a_checkpoint_of_another_log_or_key_is_not_believed() {
    let signed = signed();
    let verify = |origin, key| signed.verify(origin, &[key]).unwrap_err();
    assert!(matches!(verify("trial/b", log_key()), CheckpointError::OtherOrigin { .. }));
    let other_name = key("trial/b", KeyType::Ed25519, 7);
    assert!(matches!(verify(ORIGIN, other_name.clone()), CheckpointError::KeyName { .. }));
    let cosigner = key(ORIGIN, KeyType::CosignatureV1, 7);
    assert!(matches!(verify(ORIGIN, cosigner), CheckpointError::Note(NoteError::KeyType { .. })));
    let stranger = key(ORIGIN, KeyType::Ed25519, 9);
    assert_eq!(verify(ORIGIN, stranger), CheckpointError::Note(NoteError::NoKnownSignature));
    assert!(matches!(signed.verify(ORIGIN, &[]), Err(CheckpointError::Note(NoteError::NoKnownSignature))));

    let checkpoint = Checkpoint::new(ORIGIN, tree().root()).unwrap();
    let refused = checkpoint.sign(&other_name, &sign(7)).unwrap_err();
    assert!(matches!(refused, CheckpointError::KeyName { .. }));
}

#[test]
fn a_changed_root_is_not_believed() {
    let honest = signed();
    let other = Root { size: Size(6), hash: hash::leaf(b"other") };
    let text = Checkpoint::new(ORIGIN, other).unwrap().to_string();
    let forged = SignedNote::new(text, honest.note().signatures().to_vec()).unwrap();
    let forged = SignedCheckpoint::parse(forged.to_string().as_bytes()).unwrap();
    let refused = forged.verify(ORIGIN, &[log_key()]);
    assert!(matches!(refused, Err(CheckpointError::Note(NoteError::BadSignature { .. }))));
}

#[test]
fn a_cosignature_holds_for_its_text_time_and_key() {
    let text = signed().note().text().to_owned();
    let line = cosign(&witness(), &text, 1_700_000_000, &sign(8)).unwrap();
    assert_eq!(line.blob().len(), 72);
    assert_eq!(check_cosignature(&witness(), &text, &line), Ok(1_700_000_000));
    let expected = format!("cosignature/v1\ntime 1700000000\n{text}");
    assert_eq!(signed_bytes(&text, 1_700_000_000), expected.as_bytes());

    let refused = check_cosignature(&witness(), &text.replace('6', "7"), &line);
    assert_eq!(refused, Err(CosignatureError::Signature));
    for bit in 0..72 * 8 {
        let mut blob = line.blob().to_vec();
        if let Some(byte) = blob.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        let tampered = NoteSignature::new(&witness(), blob);
        assert!(check_cosignature(&witness(), &text, &tampered).is_err(), "bit {bit}");
    }
    let other = key("x.example", KeyType::CosignatureV1, 8);
    assert_eq!(check_cosignature(&other, &text, &line), Err(CosignatureError::OtherKey));
    assert!(matches!(check_cosignature(&log_key(), &text, &line), Err(CosignatureError::KeyType(_))));
    assert!(matches!(cosign(&log_key(), &text, 1, &sign(7)), Err(CosignatureError::KeyType(_))));
}

#[test]
fn cosignatures_of_another_length_or_time_are_refused() {
    let text = signed().note().text().to_owned();
    for (blob, name) in [
        (vec![1; 71], "cosignature_length"),
        (vec![1; 73], "cosignature_length"),
        (vec![1; 3], "cosignature_length"),
        (vec![0; 72], "cosignature_time"),
        (vec![0xff; 72], "cosignature_time"),
    ] {
        let line = NoteSignature::new(&witness(), blob);
        assert_eq!(check_cosignature(&witness(), &text, &line).unwrap_err().name(), name);
    }
    for time_s in [0, MAX_TIME_S + 1] {
        assert_eq!(cosign(&witness(), &text, time_s, &sign(8)), Err(CosignatureError::Time { time_s }));
    }
    let line = cosign(&witness(), &text, MAX_TIME_S, &sign(8)).unwrap();
    assert_eq!(check_cosignature(&witness(), &text, &line), Ok(MAX_TIME_S));
}

#[test]
fn a_verified_checkpoint_tells_its_cosignatures() {
    let signed = signed();
    let line = cosign(&witness(), signed.note().text(), 9, &sign(8)).unwrap();
    let verified = signed.with(line).unwrap().verify(ORIGIN, &[log_key()]).unwrap();
    let cosigners = [key("x.example", KeyType::CosignatureV1, 9), witness()];
    let told = verified.cosignatures(&cosigners).unwrap();
    assert_eq!(told.iter().map(|s| (s.key.name(), s.time_s)).collect::<Vec<_>>(), [("w.example", Some(9))]);
    assert_eq!(verified.cosignatures(&[]), Ok(vec![]));
    assert!(matches!(verified.cosignatures(&[log_key()]), Err(NoteError::KeyType { .. })));
}

fn proof() -> TlogProof {
    let path = prove_inclusion(&tree(), Index(3), Size(6)).unwrap();
    TlogProof { index: Index(3), path, checkpoint: signed() }
}

#[test]
fn a_tlog_proof_reads_back_and_proves_its_leaf() {
    let proof = proof();
    assert_eq!(TlogProof::parse(proof.to_string().as_bytes()), Ok(proof.clone()));
    assert_eq!(proof.check_inclusion(hash::leaf(&[3])), Ok(()));
    assert!(matches!(proof.check_inclusion(hash::leaf(&[4])), Err(ProofError::WrongRoot { .. })));
    let alone: MemoryNodes = [hash::leaf(b"x")].into_iter().collect();
    let checkpoint = Checkpoint::new(ORIGIN, alone.root()).unwrap().sign(&log_key(), &sign(7)).unwrap();
    let proof = TlogProof { index: Index(0), path: vec![], checkpoint };
    assert_eq!(TlogProof::parse(proof.to_string().as_bytes()), Ok(proof.clone()));
    assert_eq!(proof.check_inclusion(hash::leaf(b"x")), Ok(()));
}

#[test]
fn other_tlog_proofs_are_refused_by_name() {
    let text = proof().to_string();
    let hash_line = |hash: &Hash| format!("{}\n", base64_of(hash));
    let first = hash_line(&proof().path.remove(0));
    for (twin, name) in [
        (text.replacen("proof@v1", "proof@v2", 1), "tlog_proof_header"),
        (format!("\n{text}"), "tlog_proof_header"),
        (text.replacen("index", "extra AQ==\nindex", 1), "extra_line"),
        (text.replacen("index", "extra\nindex", 1), "extra_line"),
        (text.replacen("index 3", "index 03", 1), "index_line"),
        (text.replacen("index 3\n", "", 1), "index_line"),
        (text.replacen("index 3", "index  3", 1), "index_line"),
        (text.replacen(&first, "AQ==\n", 1), "hash_line"),
        (text.replacen(&first, &first.replace('=', ""), 1), "hash_line"),
        (text.replacen("index 3\n", "index 3\n\n", 1), "extension_line"),
        (text.replacen(&first, &first.repeat(63), 1), "too_many_hashes"),
        (text.replace("\n\n", "\n"), "tlog_proof_form"),
        (text.replacen("\n6\n", "\n06\n", 1), "size_line"),
    ] {
        let refused = TlogProof::parse(twin.as_bytes()).unwrap_err();
        assert_eq!(refused.name(), name, "{twin}");
    }
    assert_eq!(TlogProof::parse(&[text.as_bytes(), b"\xff"].concat()), Err(TlogProofError::Form));
}

fn base64_of(hash: &Hash) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(hash.0)
}

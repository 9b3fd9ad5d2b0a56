//! Goal: what a witness cosigned binds it for ever: through requests at once, restarts, and an answer that never left. Method: a
//! log that signs two histories, and a witness in a folder that is opened anew.

use super::*;
use crate::keyfile::Protection;
use procura_core::checkpoint::Checkpoint;
use procura_core::key::SoftKey;
use procura_core::note::KeyType;
use procura_core::tree::{MemoryNodes, ProofError, prove_consistency};
use procura_core::{Size, hash};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const ORIGIN: &str = "trial/log";
const NAME: &str = "w.example/w1";

fn log_key() -> NoteVerifier {
    let public_key = *SoftKey::from_seed(&[7; 32]).public_key().as_bytes();
    NoteVerifier::new(ORIGIN, KeyType::Ed25519, &public_key).unwrap()
}

fn logs() -> TlogPolicy {
    TlogPolicy::parse(format!("log {}\nquorum none\n", log_key()).as_bytes()).unwrap()
}

/// A history that parts from the honest one (`at` beyond its end) at leaf `at`.
fn history(size: u64, at: u64) -> MemoryNodes {
    (0..size)
        .map(|n| hash::leaf(&[&n.to_be_bytes()[..], if n >= at { b"x" } else { b"" }].concat()))
        .collect()
}

fn request(old: u64, nodes: &MemoryNodes) -> Vec<u8> {
    let sign = |message: &[u8]| SoftKey::from_seed(&[7; 32]).sign(message).unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, nodes.root()).unwrap().sign(&log_key(), &sign).unwrap();
    let proof = prove_consistency(nodes, Size(old), nodes.root().size).unwrap();
    AddCheckpoint { old: Size(old), proof, checkpoint }.to_string().into_bytes()
}

fn never() -> Result<age::secrecy::SecretString, crate::keyfile::KeyFileError> {
    panic!("no passphrase is needed")
}

fn made(at: &Path) -> WitnessFolder {
    let folder = WitnessFolder::new(&at.join("witness"));
    folder.make(NAME, &Protection::Plain).unwrap();
    folder
}

fn open(folder: &WitnessFolder) -> Witness {
    folder.open(Some(NAME), &logs(), never).unwrap().with_clock(|| 1000)
}

#[test]
fn it_cosigns_what_continues_and_the_line_holds() {
    let scratch = tempfile::tempdir().unwrap();
    let witness = open(&made(scratch.path()));
    for (old, new) in [(0, 3), (3, 3), (3, 10), (10, 11)] {
        let answer = witness.add_checkpoint(&request(old, &history(new, u64::MAX))).unwrap();
        let [line] = &procura_core::witness::read_answer(answer.as_bytes()).unwrap()[..] else { panic!() };
        let text = Checkpoint::new(ORIGIN, history(new, u64::MAX).root()).unwrap().to_string();
        assert_eq!(procura_core::cosignature::check_cosignature(witness.key(), &text, line), Ok(1000));
    }
    let hash = hex(&sha256(&[ORIGIN.as_bytes()]).0);
    let newest = witness.newest(&hash).unwrap().unwrap();
    let signed = SignedCheckpoint::parse(newest.as_bytes()).unwrap();
    let verified = signed.verify(ORIGIN, &[log_key()]).unwrap();
    assert_eq!(verified.size(), Size(11));
    assert_eq!(verified.cosignatures(&[witness.key().clone()]).unwrap().len(), 1);
    assert_eq!(witness.newest(&hash.to_uppercase()).unwrap(), None);
}

#[test]
fn a_fork_is_never_cosigned_whoever_started_anew() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = made(scratch.path());
    // The answer gets lost, as when the process dies right after it stored: it is bound all the same.
    drop(open(&folder).add_checkpoint(&request(0, &history(10, u64::MAX))).unwrap());
    let witness = open(&folder);
    for at in 0..10 {
        for size in [10, 12] {
            let refused = witness.add_checkpoint(&request(10, &history(size, at))).unwrap_err();
            assert!(matches!(refused, AddError::Refused(Refusal::Proof(_))), "{at} {size} {refused}");
        }
    }
    for old in 0..10 {
        let refused = witness.add_checkpoint(&request(old, &history(10, 4))).unwrap_err();
        assert!(matches!(refused, AddError::Refused(Refusal::OtherSize { known: Size(10) })), "{old}");
    }
    let smaller = witness.add_checkpoint(&request(9, &history(9, u64::MAX))).unwrap_err();
    assert!(matches!(smaller, AddError::Refused(Refusal::OtherSize { known: Size(10) })));
    let same = witness.add_checkpoint(&request(10, &history(10, 4))).unwrap_err();
    assert!(matches!(same, AddError::Refused(Refusal::Proof(ProofError::Fork { .. }))));
}

#[test]
fn requests_at_once_never_roll_it_back() {
    let scratch = tempfile::tempdir().unwrap();
    let witness = Arc::new(open(&made(scratch.path())));
    witness.add_checkpoint(&request(0, &history(1, u64::MAX))).unwrap();
    let largest = Arc::new(AtomicU64::new(1));
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (witness, largest) = (Arc::clone(&witness), Arc::clone(&largest));
            scope.spawn(move || {
                for step in 0..25_u64 {
                    let new = 2 + step * 4 + (thread * 7 + step) % 5;
                    let old = largest.load(Ordering::SeqCst);
                    if old <= new && witness.add_checkpoint(&request(old, &history(new, u64::MAX))).is_ok() {
                        largest.fetch_max(new, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let newest = witness.newest(&hex(&sha256(&[ORIGIN.as_bytes()]).0)).unwrap().unwrap();
    let kept = SignedCheckpoint::parse(newest.as_bytes()).unwrap().unverified().size();
    assert_eq!(kept, Size(largest.load(Ordering::SeqCst)));
}

#[test]
fn what_it_does_not_know_it_does_not_cosign() {
    let scratch = tempfile::tempdir().unwrap();
    let witness = open(&made(scratch.path()));
    let mut other = request(0, &history(3, u64::MAX));
    other.splice(7..16, *b"trial/lag");
    let refused = witness.add_checkpoint(&other).unwrap_err();
    assert!(matches!(refused, AddError::Refused(Refusal::UnknownLog { .. })), "{refused}");
    assert!(matches!(witness.add_checkpoint(b"old 0\n").unwrap_err(), AddError::Request(_)));
    assert_eq!(witness.newest(&hex(&sha256(&[ORIGIN.as_bytes()]).0)).unwrap(), None);
}

#[test]
fn times_never_go_back() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = made(scratch.path());
    let at = |now_s: u64| folder.open(None, &logs(), never).unwrap().with_clock(move || now_s);
    let time_of = |answer: String| {
        let line = procura_core::witness::read_answer(answer.as_bytes()).unwrap().remove(0);
        u64::from_be_bytes(*line.blob().first_chunk().unwrap())
    };
    assert_eq!(time_of(at(1000).add_checkpoint(&request(0, &history(1, u64::MAX))).unwrap()), 1000);
    assert_eq!(time_of(at(940).add_checkpoint(&request(1, &history(2, u64::MAX))).unwrap()), 1000);
    let refused = at(939).add_checkpoint(&request(2, &history(3, u64::MAX))).unwrap_err();
    assert!(matches!(refused, AddError::Clock { now_s: 939, last_s: 1000 }));
    // The same again right away is the same line; later it is a new one.
    assert_eq!(time_of(at(1001).add_checkpoint(&request(2, &history(2, u64::MAX))).unwrap()), 1000);
    assert_eq!(time_of(at(1002).add_checkpoint(&request(2, &history(2, u64::MAX))).unwrap()), 1002);
}

#[test]
fn a_key_without_its_past_does_not_sign() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = made(scratch.path());
    assert!(matches!(folder.make(NAME, &Protection::Plain), Err(FolderError::Exists(_))));
    assert!(matches!(folder.open(Some("w2"), &logs(), never), Err(FolderError::OtherName { .. })));
    let running = open(&folder);
    assert!(matches!(folder.open(None, &logs(), never), Err(FolderError::Kept(_))), "one process at a time");
    drop(running);

    let other = tempfile::tempdir().unwrap();
    made(other.path());
    let file = |at: &Path, name: &str| at.join("witness").join(name);
    std::fs::copy(file(other.path(), "cosigned.redb"), file(scratch.path(), "cosigned.redb")).unwrap();
    let mixed = folder.open(None, &logs(), never).map(|_| ()).unwrap_err();
    assert_eq!(mixed.name(), "other_witness");
    std::fs::remove_file(file(scratch.path(), "cosigned.redb")).unwrap();
    assert!(matches!(folder.open(None, &logs(), never), Err(FolderError::Missing(_))));
}

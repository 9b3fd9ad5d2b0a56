//! Goal: what was seen is never lost, taken back or mistaken for a first contact. Method: checkpoints signed here,
//! kept in a temporary folder; then files cut short, rewritten, or written by two at once.

use super::*;
use crate::feed::Place;
use crate::store::ForkEvidence;
use procura_core::Hash;
use procura_core::checkpoint::{Checkpoint, VerifiedCheckpoint};
use procura_core::key::{Signer as _, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::tree::Root;
use procura_core::{Index, Size};

const ORIGIN: &str = "trial/store";

fn log_key() -> (SoftKey, NoteVerifier) {
    let key = SoftKey::from_seed(&[1; 32]);
    let vkey = NoteVerifier::new(ORIGIN, KeyType::Ed25519, key.public_key().as_bytes()).unwrap();
    (key, vkey)
}

fn checkpoint(size: u64, root: u8) -> VerifiedCheckpoint {
    let (key, vkey) = log_key();
    let root = Root { size: Size(size), hash: Hash([root; 32]) };
    let signed = Checkpoint::new(ORIGIN, root).unwrap().sign(&vkey, &|text| key.sign(text).unwrap()).unwrap();
    signed.verify(ORIGIN, &[vkey]).unwrap()
}

fn seen(size: u64) -> Seen {
    Seen::of(&checkpoint(size, size as u8))
}

fn policy(entry0: u8) -> (Policy, Value) {
    let json = Policy::plain(ORIGIN, &log_key().1, Hash([entry0; 32]), 300);
    (Policy::parse(json.to_string().as_bytes()).unwrap(), json)
}

/// A store that trusts the ledger.
fn store() -> (tempfile::TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(&folder.path().join("trust"));
    let (policy, json) = policy(0);
    store.trust(&policy, &json, TrustedBy::PolicyFile, Some("http://localhost:1")).unwrap();
    (folder, store)
}

#[test]
fn what_was_seen_is_there_for_the_next_process() {
    let (_folder, store) = store();
    assert_eq!(store.seen(ORIGIN).unwrap(), None);
    store.advance(ORIGIN, None, &seen(2)).unwrap();
    store.advance(ORIGIN, Some(&seen(2)), &seen(7)).unwrap();
    let again = FileStore::new(&store.folder);
    assert_eq!(again.seen(ORIGIN).unwrap(), Some(seen(7)));
    let trusted = again.trusted_at("http://localhost:1").unwrap().unwrap();
    assert_eq!((trusted.by, trusted.policy.entry0), (TrustedBy::PolicyFile, Hash([0; 32])));
    assert!(again.trusted_at("http://localhost:2").unwrap().is_none());
}

#[test]
fn it_does_not_go_back() {
    let (_folder, store) = store();
    store.advance(ORIGIN, None, &seen(7)).unwrap();
    let back = store.advance(ORIGIN, Some(&seen(7)), &seen(2));
    assert!(matches!(back, Err(StoreError::Backwards { .. })));
    assert_eq!(store.seen(ORIGIN).unwrap(), Some(seen(7)));
}

#[test]
fn a_slower_process_does_not_overwrite_a_faster_one() {
    let (_folder, store) = store();
    store.advance(ORIGIN, None, &seen(2)).unwrap();
    store.advance(ORIGIN, Some(&seen(2)), &seen(9)).unwrap();
    // The slower one verified size 5 against size 2; nothing says that 5 and 9 are one history.
    store.advance(ORIGIN, Some(&seen(2)), &seen(5)).unwrap();
    store.advance(ORIGIN, None, &seen(30)).unwrap();
    assert_eq!(store.seen(ORIGIN).unwrap(), Some(seen(9)));
}

#[test]
fn a_file_cut_short_is_damage_and_no_first_contact() {
    let (_folder, store) = store();
    store.advance(ORIGIN, None, &seen(7)).unwrap();
    let path = store.path(ORIGIN);
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len() - 2).step_by(7) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(store.seen(ORIGIN), Err(StoreError::Damaged { .. })), "{length}");
        assert!(
            matches!(store.trusted_at("http://localhost:1"), Err(StoreError::Damaged { .. })),
            "{length}"
        );
        assert!(store.advance(ORIGIN, Some(&seen(7)), &seen(8)).is_err(), "{length}");
        let (policy, json) = policy(0);
        assert!(store.trust(&policy, &json, TrustedBy::FirstUse, None).is_err(), "{length}");
    }
    fs::write(&path, String::from_utf8(whole).unwrap().replace("\"v\": 1,", "\"v\": 2,")).unwrap();
    assert!(matches!(store.seen(ORIGIN), Err(StoreError::Version { version: 2, .. })));
}

#[test]
fn another_ledger_s_file_is_damage() {
    let (_folder, store) = store();
    fs::rename(store.path(ORIGIN), store.path("trial/other")).unwrap();
    assert!(matches!(store.seen("trial/other"), Err(StoreError::Damaged { .. })));
}

#[test]
fn another_entry_0_under_the_same_origin_is_another_ledger() {
    let (_folder, store) = store();
    let (other, json) = policy(1);
    let refused = store.trust(&other, &json, TrustedBy::FirstUse, None);
    assert!(matches!(refused, Err(StoreError::OtherLedger { .. })));
    store.advance(ORIGIN, None, &seen(7)).unwrap();
    let (same, json) = policy(0);
    let trusted = store.trust(&same, &json, TrustedBy::PolicyFile, Some("http://localhost:2")).unwrap();
    assert_eq!((trusted.seen, trusted.servers.len()), (Some(seen(7)), 2));
}

#[test]
fn evidence_of_a_fork_is_kept_beside_and_not_overwritten() {
    let (_folder, store) = store();
    store.advance(ORIGIN, None, &seen(7)).unwrap();
    let evidence = |root| ForkEvidence {
        seen: seen(7).checkpoint().to_owned(),
        shown: Seen::of(&checkpoint(7, root)).checkpoint().to_owned(),
        consistency: None,
        begins: None,
    };
    let keep = |root| store.keep_evidence(ORIGIN, &Evidence::Fork(evidence(root))).unwrap();
    let (first, second) = (keep(8), keep(9));
    assert_ne!(first, second);
    let kept: Value = serde_json::from_slice(&fs::read(first).unwrap()).unwrap();
    assert_eq!(kept["shown"].as_str().unwrap(), evidence(8).shown);
    // The store reads ledgers only, and its evidence is no ledger.
    assert_eq!(store.all().unwrap().len(), 1);
    assert_eq!(store.seen(ORIGIN).unwrap(), Some(seen(7)));
}

#[test]
fn evidence_that_nobody_would_read_is_not_written() {
    let (_folder, store) = store();
    let (seen, shown) =
        (seen(7).checkpoint().to_owned(), Seen::of(&checkpoint(7, 8)).checkpoint().to_owned());
    let evidence = Evidence::Fork(ForkEvidence { seen, shown, consistency: None, begins: None });
    let size_bytes = evidence::file(&evidence, ORIGIN).len();
    let count = || fs::read_dir(&store.folder).unwrap().count();
    let before = count();
    let refused = store.keep_within(size_bytes - 1, ORIGIN, &evidence).unwrap_err();
    assert_eq!(refused.name(), "too_large");
    assert!(refused.to_string().contains(&size_bytes.to_string()), "{refused}");
    assert_eq!(count(), before);
    store.keep_within(size_bytes, ORIGIN, &evidence).unwrap();
    assert_eq!(count(), before + 1);
}

#[test]
fn a_place_in_a_list_is_noted_for_each_party() {
    let (_folder, store) = store();
    let (mother, son) = (Hash([1; 32]), Hash([2; 32]));
    let place = Place { segment: 4, index: Some(Index(9)) };
    assert_eq!(store.noted(ORIGIN, &mother).unwrap(), Place::default());
    store.note(ORIGIN, &mother, &place).unwrap();
    assert_eq!(store.noted(ORIGIN, &mother).unwrap(), place);
    assert_eq!(store.noted(ORIGIN, &son).unwrap(), Place::default());
    store.note(ORIGIN, &mother, &Place::default()).unwrap();
    assert_eq!(store.noted(ORIGIN, &mother).unwrap(), Place::default());
    assert_eq!(store.all().unwrap().len(), 1, "it is no ledger's file");
    let written = fs::read_dir(&store.folder).unwrap().map(|entry| entry.unwrap().path());
    let written = written.into_iter().find(|path| path.to_string_lossy().contains(".list-")).unwrap();
    for (text, name) in [("{}", "store_damaged"), (r#"{"v":2,"place":1}"#, "store_version")] {
        fs::write(&written, text).unwrap();
        assert_eq!(store.noted(ORIGIN, &mother).unwrap_err().name(), name);
    }
}

#[test]
fn files_are_the_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, store) = store();
    store.advance(ORIGIN, None, &seen(2)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&store.path(ORIGIN)), mode(&store.folder)), (0o600, 0o700));
    let left: Vec<_> = fs::read_dir(&store.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

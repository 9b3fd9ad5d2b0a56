//! The log's texts: notes, checkpoints, cosignatures, proofs, policies of witnesses, tiles.

use crate::seeds;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::check_cosignature;
use procura_core::entry::Entry;
use procura_core::hash::leaf;
use procura_core::note::{KeyType, NoteSignature, NoteVerifier, SignedNote};
use procura_core::policy::TlogPolicy;
use procura_core::successor::Successor;
use procura_core::tile::{TilePath, decode_bundle, decode_tile, encode_bundle, encode_tile};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::Root;
use procura_core::witness::{AddCheckpoint, judge, nothing_known, read_answer, read_size};
use procura_core::{Hash, Size};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The keys that the vectors' notes are signed with, and the texts that those keys signed.
static SIGNED: LazyLock<(Vec<NoteVerifier>, BTreeSet<String>)> = LazyLock::new(|| {
    let vectors = seeds::vectors("log");
    let keys: BTreeSet<String> = vectors
        .iter()
        .flat_map(|(_, case)| {
            ["keys", "log_keys"].into_iter().filter_map(|name| case[name].as_array().cloned())
        })
        .flatten()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect();
    let texts = vectors.iter().filter_map(|(_, case)| case["text"].as_str());
    let texts =
        texts.filter_map(|text| SignedNote::parse(text.as_bytes()).ok()).map(|note| note.text().to_owned());
    (keys.iter().filter_map(|key| NoteVerifier::parse(key).ok()).collect(), texts.collect())
});

/// A note has one spelling; a key's signature holds on texts that the key signed and on no other.
pub(crate) fn note(bytes: &[u8]) {
    let (keys, texts) = &*SIGNED;
    let Ok(note) = SignedNote::parse(bytes) else { return };
    assert_eq!(note.to_string().as_bytes(), bytes);
    if let Ok(signed) = note.verify(keys) {
        assert!(!signed.is_empty());
        assert!(texts.contains(note.text()), "a signature on a text that nobody signed");
    }
    for line in note.signatures() {
        assert_eq!(NoteSignature::parse(&line.to_string()).as_ref(), Ok(line));
        for key in keys.iter().filter(|key| key.key_type() == KeyType::CosignatureV1) {
            if check_cosignature(key, note.text(), line).is_ok() {
                assert!(texts.contains(note.text()), "a cosignature on a text that nobody signed");
            }
        }
    }
}

/// A checkpoint is a note whose text has one spelling too.
pub(crate) fn checkpoint(bytes: &[u8]) {
    let (keys, texts) = &*SIGNED;
    let Ok(checkpoint) = SignedCheckpoint::parse(bytes) else { return };
    assert_eq!(checkpoint.to_string().as_bytes(), bytes);
    let stated = checkpoint.unverified();
    for key in keys {
        if checkpoint.verify(stated.origin(), std::slice::from_ref(key)).is_ok() {
            assert!(texts.contains(checkpoint.note().text()), "a checkpoint that nobody signed");
        }
    }
}

/// A proof has one spelling, and leads to its root from one leaf only.
pub(crate) fn tlog_proof(bytes: &[u8]) {
    let Ok(proof) = TlogProof::parse(bytes) else { return };
    assert_eq!(proof.to_string().as_bytes(), bytes);
    assert!(proof.check_inclusion(leaf(b"an entry that no log has")).is_err());
}

/// A request to a witness has one spelling, and a witness that knows another tree of the same size never cosigns it; so have its
/// answers.
pub(crate) fn add_checkpoint(bytes: &[u8]) {
    let (keys, texts) = &*SIGNED;
    if let Ok(lines) = read_answer(bytes) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        assert_eq!(text.as_bytes(), bytes);
    }
    if let Some(size) = read_size(bytes) {
        assert_eq!(format!("{size}\n").as_bytes(), bytes);
    }
    let Ok(request) = AddCheckpoint::parse(bytes) else { return };
    assert_eq!(request.to_string().as_bytes(), bytes);
    let other = Root { size: request.old, hash: leaf(b"a tree that no log has") };
    for key in keys.iter().filter(|key| key.key_type() == KeyType::Ed25519) {
        let key = std::slice::from_ref(key);
        if judge(&request, key, &nothing_known()).is_ok() {
            assert!(texts.contains(request.checkpoint.note().text()), "a checkpoint that nobody signed");
        }
        assert!(judge(&request, key, &other).is_err(), "a tree that continues one that it does not hold");
    }
}

/// Whoever cosigns, more cosigners never undo a quorum.
pub(crate) fn tlog_policy(bytes: &[u8]) {
    let Ok(policy) = TlogPolicy::parse(bytes) else { return };
    let mut cosigned = BTreeMap::new();
    let mut met = policy.quorum(&cosigned).is_some();
    for (time_s, name) in policy.witnesses().keys().enumerate() {
        cosigned.insert(name.clone(), time_s as u64 + 1);
        let now = policy.quorum(&cosigned).is_some();
        assert!(now || !met, "a quorum undone by a cosignature");
        met = now;
    }
}

/// A successor has one spelling, and nobody's root names it but the one that did.
pub(crate) fn successor(bytes: &[u8]) {
    let Ok(successor) = Successor::parse(bytes) else { return };
    assert_eq!(successor.note().to_string().as_bytes(), bytes);
    assert_ne!(successor.lost().origin(), successor.policy().origin);
}

/// A tile's path, in the first line, has one spelling; so have the bundle or the hashes after it.
pub(crate) fn tiles(bytes: &[u8]) {
    let (path, body) = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
    let Some(path) =
        std::str::from_utf8(path).ok().and_then(|path| TilePath::parse(path).ok().map(|tile| (path, tile)))
    else {
        return;
    };
    let (text, tile) = path;
    assert_eq!(tile.to_string(), text);
    for size in [0, 1, 255, 256, 70_000, u64::MAX] {
        let _there = tile.is_within(Size(size));
    }
    if let Ok(entries) = decode_bundle(body, tile.width()) {
        assert_eq!(encode_bundle(&entries).expect("a bundle that was read can be written"), body);
        for entry in entries {
            let _read = Entry::decode(entry);
        }
    }
    if let Some(hashes) = decode_tile(body, tile.width()) {
        assert_eq!(encode_tile(&hashes), body);
        assert_eq!(hashes.len(), usize::from(tile.width()));
        let _first: Option<&Hash> = hashes.first();
    }
}

//! Notes, checkpoints, cosignatures and tlog-proofs. Every key is of a fixed seed.

use super::trees::{leaf, tree};
use crate::vectors::Case;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::cosignature::cosign;
use procura_core::note::{KeyType, NoteSignature, NoteVerifier, SignedNote};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::prove_inclusion;
use procura_core::{Index, Size, b64};
use serde_json::{Value, json};

const ORIGIN: &str = "trial/log";
const TIME_S: u64 = 1_793_000_000;

pub(super) fn cases() -> Vec<Case> {
    [notes(), vkeys(), checkpoints(), cosignatures(), tlog_proofs()].concat()
}

pub(super) fn sign(seed: u8) -> impl Fn(&[u8]) -> [u8; 64] {
    move |message| SigningKey::from_bytes(&[seed; 32]).sign(message).to_bytes()
}

pub(super) fn key(name: &str, key_type: KeyType, seed: u8) -> NoteVerifier {
    let public_key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    NoteVerifier::new(name, key_type, &public_key).unwrap()
}

pub(super) fn log_key() -> NoteVerifier {
    key(ORIGIN, KeyType::Ed25519, 7)
}

/// Witness number `seed`, named for it.
pub(super) fn witness(seed: u8) -> NoteVerifier {
    key(&format!("w{seed}.example"), KeyType::CosignatureV1, seed)
}

fn log_line(text: &str) -> NoteSignature {
    NoteSignature::sign(&log_key(), text, &sign(7)).unwrap()
}

/// A note of `text` signed by the log.
fn note(text: &str) -> String {
    SignedNote::new(text.to_owned(), vec![log_line(text)]).unwrap().to_string()
}

pub(super) fn checkpoint() -> SignedCheckpoint {
    Checkpoint::new(ORIGIN, tree(7).root()).unwrap().sign(&log_key(), &sign(7)).unwrap()
}

fn notes() -> Vec<Case> {
    let text = "one line\n\nand é\n";
    let (log, stranger, cosigner) = (log_key(), key(ORIGIN, KeyType::Ed25519, 9), witness(11));
    let (good, line) = (note(text), log_line(text));
    let case = |name: &str, reason: &str, expect: &str, text: &str, keys: &[&NoteVerifier]| {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        Case::new(name, reason, expect, json!({ "type": "note", "text": text, "keys": keys }))
    };
    let signed = |mut case: Case, signed: &[(&NoteVerifier, Option<u64>)]| {
        let signed: Vec<Value> = signed
            .iter()
            .map(|(key, time_s)| json!({ "key": key.to_string(), "time_s": time_s.map(|time_s| time_s.to_string()) }))
            .collect();
        case.body.as_object_mut().unwrap().insert("signed".to_owned(), json!(signed));
        case
    };
    let with =
        |lines: &[NoteSignature]| SignedNote::new(text.to_owned(), lines.to_vec()).unwrap().to_string();
    let cosigned = |times: &[u64]| {
        let cosignatures = times.iter().map(|time_s| cosign(&cosigner, text, *time_s, &sign(11)).unwrap());
        with(&[line.clone()].into_iter().chain(cosignatures).collect::<Vec<_>>())
    };
    let forged = NoteSignature::new(&log, sign(9)(text.as_bytes()).to_vec());
    let hundred = format!("{text}\n{}", format!("{line}\n").repeat(100));
    let bytes = |name, reason, expect, bytes: &[u8]| {
        Case::new(name, reason, expect, json!({ "type": "note", "bytes": b64::encode(bytes), "keys": [] }))
    };
    let name_with = |name: &str| good.replace("— trial/log ", &format!("— {name} "));
    vec![
        signed(
            case("note", "A known key signed; the last blank line splits.", "accept", &good, &[&log]),
            &[(&log, None)],
        ),
        signed(
            case(
                "note-cosigned-twice",
                "A key counts once, with its newest time.",
                "accept",
                &cosigned(&[5, 9, 8]),
                &[&cosigner, &log],
            ),
            &[(&cosigner, Some(9)), (&log, None)],
        ),
        signed(
            case(
                "note-unknown-ignored",
                "A line of an unknown key is not looked at.",
                "accept",
                &with(&[line.clone(), NoteSignature::new(&stranger, vec![1])]),
                &[&log],
            ),
            &[(&log, None)],
        ),
        case("note-100-signatures", "100 lines are accepted.", "accept", &hundred, &[&log]),
        case(
            "note-101-signatures",
            "101 lines are not.",
            "too_many_signatures",
            &format!("{hundred}{line}\n"),
            &[&log],
        ),
        case("note-no-known", "No known key signed.", "no_known_signature", &good, &[&stranger]),
        case(
            "note-forged",
            "Another key's signature under a known key's id.",
            "bad_signature",
            &with(std::slice::from_ref(&forged)),
            &[&log],
        ),
        case(
            "note-forged-second",
            "A second line of a known key fails: the whole note is refused.",
            "bad_signature",
            &with(&[line.clone(), forged]),
            &[&log],
        ),
        case(
            "note-other-text",
            "The text was changed.",
            "bad_signature",
            &good.replace("one", "two"),
            &[&log],
        ),
        case(
            "note-short-signature",
            "A known key's signature has 63 bytes.",
            "bad_signature",
            &with(&[NoteSignature::new(&log, vec![1; 63])]),
            &[&log],
        ),
        case("note-no-blank-line", "No blank line.", "no_blank_line", &format!("one\n{line}\n"), &[&log]),
        case("note-no-signature", "No line after the blank line.", "no_signature", "one\n\n", &[&log]),
        case(
            "note-unterminated",
            "The last line has no newline.",
            "no_final_newline",
            good.trim_end(),
            &[&log],
        ),
        case(
            "note-carriage-return",
            "A carriage return.",
            "control_character",
            &good.replace("line\n", "line\r\n"),
            &[&log],
        ),
        case(
            "note-tab-in-name",
            "A tab in a signature line.",
            "control_character",
            &name_with("trial\tlog"),
            &[&log],
        ),
        case(
            "note-hyphen",
            "A hyphen instead of U+2014.",
            "signature_line",
            &good.replace('—', "-"),
            &[&log],
        ),
        case("note-plus-in-name", "A name has no plus.", "signature_line", &name_with("trial+log"), &[&log]),
        case(
            "note-space-in-name",
            "A name has no U+00A0.",
            "signature_line",
            &name_with("trial\u{a0}log"),
            &[&log],
        ),
        case(
            "note-unpadded",
            "Base64 without its padding.",
            "signature_line",
            &good.replace("=\n", "\n"),
            &[&log],
        ),
        case(
            "note-key-id-only",
            "Nothing follows the key id.",
            "signature_line",
            "one\n\n— a AAAAAA==\n",
            &[&log],
        ),
        bytes("note-not-utf8", "Not UTF-8.", "not_utf8", b"one\xff\n\n"),
    ]
}

fn vkeys() -> Vec<Case> {
    let (good, vkey) = (note("one\n"), log_key().to_string());
    let (head, base64) = vkey.rsplit_once('+').unwrap();
    let with = |key_type: u8, key: [u8; 32]| {
        format!("{head}+{}", STANDARD.encode([&[key_type], key.as_slice()].concat()))
    };
    let mut identity = [0; 32];
    identity[0] = 1;
    // y = p + 3: the point y = 3 in a second spelling.
    let mut second = [0xff; 32];
    (second[0], second[31]) = (0xf0, 0x7f);
    [
        (
            "vkey-form",
            "The id has seven digits.",
            "vkey_form",
            vkey.replacen(head, head.split_at(head.len() - 1).0, 1),
        ),
        (
            "vkey-upper-case",
            "The id has capital letters.",
            "vkey_form",
            format!("{}+{base64}", head.to_uppercase()),
        ),
        ("vkey-name", "The name is empty.", "key_name", vkey.replacen(ORIGIN, "", 1)),
        (
            "vkey-other-name",
            "The id is that of another name.",
            "wrong_key_id",
            vkey.replacen(ORIGIN, "trial/b", 1),
        ),
        ("vkey-type", "Signature type 0x06 is not checked here.", "unknown_key_type", with(6, [7; 32])),
        (
            "vkey-identity",
            "The key is the identity, under which anything can be signed.",
            "weak_key",
            with(1, identity),
        ),
        ("vkey-second-spelling", "The key's y is not below p.", "weak_key", with(1, second)),
    ]
    .into_iter()
    .map(|(name, reason, expect, vkey)| {
        Case::new(name, reason, expect, json!({ "type": "note", "text": good, "keys": [vkey] }))
    })
    .collect()
}

fn checkpoints() -> Vec<Case> {
    let (good, root) = (checkpoint().to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let members = |text: &str, origin: &str, key: &NoteVerifier| json!({ "type": "checkpoint", "text": text, "origin": origin, "log_keys": [key.to_string()] });
    let case = |name: &str, reason: &str, expect: &str, text: &str| {
        Case::new(name, reason, expect, members(&note(text), ORIGIN, &log_key()))
    };
    let mut accepted = members(&good, ORIGIN, &log_key());
    let stated = json!({ "size": "7", "root": tree(7).root().hash });
    accepted.as_object_mut().unwrap().extend(stated.as_object().unwrap().clone());
    let moved = good.replacen("\n7\n", "\n8\n", 1);
    vec![
        Case::new("checkpoint", "A log's checkpoint.", "accept", accepted),
        case("checkpoint-empty", "The empty tree.", "accept", &format!("{ORIGIN}\n0\n{root}\n")),
        case("checkpoint-two-lines", "The root is missing.", "checkpoint_lines", &format!("{ORIGIN}\n1\n")),
        case(
            "checkpoint-extension",
            "A fourth line.",
            "extension_line",
            &format!("{ORIGIN}\n1\n{root}\nmore\n"),
        ),
        case("checkpoint-no-origin", "The origin is empty.", "origin", &format!("\n1\n{root}\n")),
        case("checkpoint-origin-space", "The origin has a space.", "origin", &format!("a b\n1\n{root}\n")),
        case(
            "checkpoint-origin-long",
            "The origin has 256 bytes.",
            "origin",
            &format!("{}\n1\n{root}\n", "o".repeat(256)),
        ),
        case(
            "checkpoint-size-zeros",
            "The size has a leading zero.",
            "size_line",
            &format!("{ORIGIN}\n01\n{root}\n"),
        ),
        case(
            "checkpoint-size-large",
            "The size is 2^64.",
            "size_line",
            &format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
        ),
        case("checkpoint-root-short", "The root has one byte.", "root_line", &format!("{ORIGIN}\n1\nAQ==\n")),
        case(
            "checkpoint-root-trailing-bits",
            "The root's base64 has trailing bits.",
            "root_line",
            &format!("{ORIGIN}\n1\n{}\n", root.replace("U=", "V=")),
        ),
        case(
            "checkpoint-zero-root",
            "The empty tree's root is H(\"\"), not zeros.",
            "empty_root",
            &format!("{ORIGIN}\n0\n{}=\n", "A".repeat(43)),
        ),
        Case::new(
            "checkpoint-other-origin",
            "The checkpoint is another log's.",
            "other_origin",
            members(&good, "trial/b", &key("trial/b", KeyType::Ed25519, 7)),
        ),
        Case::new(
            "checkpoint-key-name",
            "The key given is not named like the log.",
            "log_key_name",
            members(&good, ORIGIN, &key("trial/b", KeyType::Ed25519, 7)),
        ),
        Case::new(
            "checkpoint-key-type",
            "A cosigner's key cannot sign for the log.",
            "key_type",
            members(&good, ORIGIN, &key(ORIGIN, KeyType::CosignatureV1, 7)),
        ),
        Case::new(
            "checkpoint-stranger",
            "A key that nobody trusts signed.",
            "no_known_signature",
            members(&good, ORIGIN, &key(ORIGIN, KeyType::Ed25519, 9)),
        ),
        Case::new(
            "checkpoint-other-size",
            "The size was changed.",
            "bad_signature",
            members(&moved, ORIGIN, &log_key()),
        ),
    ]
}

fn cosignatures() -> Vec<Case> {
    let text = checkpoint().note().text().to_owned();
    let good = cosign(&witness(11), &text, TIME_S, &sign(11)).unwrap();
    let members = |key: &NoteVerifier, text: &str, line: &NoteSignature| json!({ "type": "cosignature", "key": key.to_string(), "text": text, "line": line.to_string() });
    let of_blob = |blob: Vec<u8>| members(&witness(11), &text, &NoteSignature::new(&witness(11), blob));
    let mut accepted = members(&witness(11), &text, &good);
    accepted.as_object_mut().unwrap().insert("time_s".to_owned(), json!(TIME_S.to_string()));
    let later = [(TIME_S + 1).to_be_bytes().as_slice(), good.blob().split_at(8).1].concat();
    let plain = [TIME_S.to_be_bytes().as_slice(), &sign(11)(text.as_bytes())].concat();
    let other = key("w.example", KeyType::CosignatureV1, 11);
    let other_text = text.replacen("\n7\n", "\n8\n", 1);
    vec![
        Case::new("cosignature", "A witness saw the checkpoint.", "accept", accepted),
        Case::new(
            "cosignature-other-text",
            "The checkpoint is another.",
            "bad_signature",
            members(&witness(11), &other_text, &good),
        ),
        Case::new("cosignature-later", "The time was changed.", "bad_signature", of_blob(later)),
        Case::new(
            "cosignature-plain",
            "The text was signed without the time.",
            "bad_signature",
            of_blob(plain),
        ),
        Case::new(
            "cosignature-no-time",
            "A time of 0 states none.",
            "cosignature_time",
            of_blob(vec![0; 72]),
        ),
        Case::new("cosignature-late", "A time over 2^63 − 1.", "cosignature_time", of_blob(vec![0xff; 72])),
        Case::new("cosignature-short", "71 bytes.", "cosignature_length", of_blob(vec![1; 71])),
        Case::new("cosignature-long", "73 bytes.", "cosignature_length", of_blob(vec![1; 73])),
        Case::new(
            "cosignature-other-key",
            "The line is another key's.",
            "other_key",
            members(&other, &text, &good),
        ),
        Case::new(
            "cosignature-key-type",
            "A log's key does not cosign.",
            "key_type",
            members(&log_key(), &text, &log_line(&text)),
        ),
    ]
}

fn tlog_proofs() -> Vec<Case> {
    let path = prove_inclusion(&tree(7), Index(5), Size(7)).unwrap();
    let good = TlogProof { index: Index(5), path, checkpoint: checkpoint() }.to_string();
    let members = |text: &str, index: u64| {
        json!({
            "type": "tlog-proof", "text": text, "leaf": leaf(index), "origin": ORIGIN,
            "log_keys": [log_key().to_string()],
        })
    };
    let case = |name: &str, reason: &str, expect: &str, text: &str| {
        Case::new(name, reason, expect, members(text, 5))
    };
    let lines: Vec<&str> = good.lines().collect();
    let first = format!("{}\n", lines.get(2).unwrap());
    vec![
        case("tlog-proof", "Leaf 5 of a log of 7.", "accept", &good),
        Case::new("tlog-proof-other-leaf", "The leaf is another.", "wrong_root", members(&good, 4)),
        case("tlog-proof-dropped", "A hash is left out.", "missing_hash", &good.replacen(&first, "", 1)),
        case(
            "tlog-proof-doubled",
            "A hash stands twice.",
            "surplus_hash",
            &good.replacen(&first, &first.repeat(2), 1),
        ),
        case(
            "tlog-proof-other-index",
            "The index is another.",
            "wrong_root",
            &good.replacen("index 5", "index 4", 1),
        ),
        case("tlog-proof-header", "Another version.", "tlog_proof_header", &good.replacen("@v1", "@v2", 1)),
        case(
            "tlog-proof-extra",
            "Nothing authenticates an extra line.",
            "extra_line",
            &good.replacen("index", "extra AQ==\nindex", 1),
        ),
        case(
            "tlog-proof-index-zeros",
            "The index has a leading zero.",
            "index_line",
            &good.replacen("index 5", "index 05", 1),
        ),
        case("tlog-proof-no-index", "No index line.", "index_line", &good.replacen("index 5\n", "", 1)),
        case("tlog-proof-hash", "A hash of one byte.", "hash_line", &good.replacen(&first, "AQ==\n", 1)),
        case(
            "tlog-proof-many",
            "65 hashes.",
            "too_many_hashes",
            &good.replacen(&first, &first.repeat(63), 1),
        ),
        case("tlog-proof-form", "No blank line.", "tlog_proof_form", &good.replace("\n\n", "\n")),
        case(
            "tlog-proof-checkpoint",
            "The checkpoint in it was changed.",
            "bad_signature",
            &good.replacen("\n7\n", "\n8\n", 1),
        ),
    ]
}

//! Successors: a quorum of the lost ledger's root names the one that goes on.

use super::super::Case;
use procura_core::checkpoint::Checkpoint;
use procura_core::draft::{Draft, Occasion};
use procura_core::json::canonical;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{Content, Root};
use procura_core::note::{KeyType, NoteSignature, NoteVerifier, SignedNote};
use procura_core::receipt::Policy;
use procura_core::record::Record;
use procura_core::successor::Successor;
use procura_core::tree;
use procura_core::{Hash, Millis, Size};
use serde_json::{Value, json};

const LOST: &str = "old.example/ledger";

fn holder(seed: u8) -> SoftKey {
    SoftKey::from_seed(&[seed; 32])
}

/// Three keys, of which two must sign.
fn root() -> Record {
    let keys: Vec<Value> = (0xD1..=0xD3).map(|seed| holder(seed).public_key().jwk()).collect();
    let draft =
        Draft::new("root", &Occasion { origin: LOST, nonce: [1; 32], now: Millis(1_795_424_400_000) })
            .member("keys", json!(keys))
            .member("quorum", json!(2))
            .member("key_delay", json!(259_200_000))
            .member("trial", json!(false))
            .vrf_key(&holder(0xD7).public_key());
    let first = holder(0xD1);
    Record::parse(&draft.sign(&first.public_key().thumbprint(), &first).unwrap().record).unwrap()
}

fn constitution(root: &Record) -> &Root {
    match root.content() {
        Content::Root(root) => root,
        _ => panic!("a root"),
    }
}

/// A note of any text, signed as if its signers were root keys.
fn signed(text: &str, seeds: &[u8]) -> String {
    let line = |seed: &u8| {
        let key = holder(*seed);
        let public_key = key.public_key();
        let verifier = NoteVerifier::new(LOST, KeyType::Ed25519, public_key.as_bytes()).unwrap();
        NoteSignature::new(&verifier, key.sign(text.as_bytes()).unwrap().to_vec())
    };
    SignedNote::new(text.to_owned(), seeds.iter().map(line).collect()).unwrap().to_string()
}

pub(super) fn cases() -> Vec<Case> {
    let root = root();
    let lost = Checkpoint::new(LOST, tree::Root { size: Size(7), hash: Hash([4; 32]) }).unwrap();
    let policy = |origin: &str| {
        let key = NoteVerifier::new(origin, KeyType::Ed25519, holder(9).public_key().as_bytes()).unwrap();
        Policy::plain(origin, &key, Hash([3; 32]), 300)
    };
    let next = policy("new.example/ledger");
    let begun = Successor::begin(&lost, &next, constitution(&root), &holder(0xD1)).unwrap();
    let text = begun.note().text().to_owned();
    let case = |name: &str, reason: &str, expect: &str, note: String| {
        Case::new(name, reason, expect, json!({"type": "successor", "text": note, "root": root.text()}))
    };
    let both = |text: &str| signed(text, &[0xD1, 0xD3]);
    let itself = String::from_utf8(canonical(&policy(LOST))).unwrap();
    let own = text.replace(text.lines().last().unwrap(), &itself);
    let mut named = case("successor", "Two of three root keys name it.", "accept", both(&text));
    named.body["policy"] = next.clone();
    vec![
        named,
        case("successor-one-key", "One of three keys, and two must sign.", "quorum", signed(&text, &[0xD2])),
        case("successor-strangers", "Two keys of nobody's.", "quorum", signed(&text, &[1, 2])),
        case("successor-one-key-twice", "One key signs twice.", "quorum", signed(&text, &[0xD2, 0xD2])),
        case(
            "successor-changed",
            "What two had signed was changed on the way.",
            "bad_signature",
            both(&text).replace("\n7 ", "\n8 "),
        ),
        case("successor-itself", "A ledger that follows itself.", "same_origin", both(&own)),
        case(
            "successor-spaced",
            "A policy in another form.",
            "successor_text",
            both(&text.replace("{\"", "{ \"")),
        ),
        case(
            "successor-size",
            "A size with a leading zero.",
            "successor_text",
            both(&text.replace("\n7 ", "\n07 ")),
        ),
        case("successor-line", "A line too many.", "successor_text", both(&format!("{text}more\n"))),
        case(
            "successor-no-policy",
            "An object that is no policy.",
            "policy",
            both(&text.replace(text.lines().last().unwrap(), "{\"v\":1}")),
        ),
        case("successor-head", "Another version.", "successor_text", both(&text.replace("/v1/s", "/v2/s"))),
    ]
}

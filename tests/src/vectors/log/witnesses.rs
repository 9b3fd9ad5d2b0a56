//! Requests to witnesses: each is put to a witness that knows the log's key and cosigned the tree of four entries last.

use super::super::Case;
use super::texts::{key, log_key, sign};
use super::trees::tree;
use procura_core::Size;
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::tree::{Root, prove_consistency};
use procura_core::witness::{AddCheckpoint, MAX_HASHES, nothing_known};
use serde_json::json;

const ORIGIN: &str = "trial/log";

fn signed(root: Root, by: (&NoteVerifier, u8)) -> SignedCheckpoint {
    Checkpoint::new(ORIGIN, root).unwrap().sign(by.0, &sign(by.1)).unwrap()
}

/// The request that follows a tree of `old` entries with one of `new`.
fn request(old: u64, new: u64) -> AddCheckpoint {
    let proof =
        if old == 0 { Vec::new() } else { prove_consistency(&tree(new), Size(old), Size(new)).unwrap() };
    AddCheckpoint { old: Size(old), proof, checkpoint: signed(tree(new).root(), (&log_key(), 7)) }
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name: &str, reason: &str, expect: &str, text: &str| {
        let (known, keys) = (tree(4).root(), [log_key().to_string()]);
        let known = json!({"size": known.size.to_string(), "root": known.hash});
        let body = json!({"type": "witness", "text": text, "log_keys": keys, "known": known});
        Case::new(name, reason, expect, body)
    };
    let (good, text) = (request(4, 7), request(4, 7).to_string());
    let with = |change: &dyn Fn(&mut AddCheckpoint)| {
        let mut request = good.clone();
        change(&mut request);
        request.to_string()
    };
    let mut accepted = case("witness", "It continues the tree cosigned last.", "accept", &text);
    accepted.body["size"] = json!("7");
    accepted.body["root"] = json!(tree(7).root().hash);
    let mut first =
        case("witness-first", "Nothing was cosigned of this log yet.", "accept", &request(0, 7).to_string());
    let empty = nothing_known();
    first.body["known"] = json!({"size": empty.size.to_string(), "root": empty.hash});
    let mut unknown =
        case("witness-unknown-log", "The witness has no key of such a log.", "unknown_log", &text);
    unknown.body["log_keys"] = json!([]);
    let stranger = key(ORIGIN, KeyType::Ed25519, 9);
    let other = signed(Root { size: Size(4), ..tree(5).root() }, (&log_key(), 7));
    let mut many = good.clone();
    many.proof = vec![tree(1).root().hash; MAX_HASHES + 1];
    let hash_line = text.lines().nth(1).unwrap();
    vec![
        accepted,
        first,
        case(
            "witness-same",
            "The tree cosigned last again, with no hash.",
            "accept",
            &request(4, 4).to_string(),
        ),
        unknown,
        case(
            "witness-no-blank-line",
            "No blank line before the checkpoint.",
            "witness_form",
            &text.replacen("\n\n", "\n", 2),
        ),
        case("witness-no-old", "The first line is a hash.", "old_line", text.split_once('\n').unwrap().1),
        case(
            "witness-old-zeros",
            "A size has no leading zero.",
            "old_line",
            &text.replacen("old 4", "old 04", 1),
        ),
        case("witness-old-signed", "A size has no sign.", "old_line", &text.replacen("old 4", "old +4", 1)),
        case("witness-64-hashes", "Over 63 hashes.", "too_many_hashes", &many.to_string()),
        case(
            "witness-hash-short",
            "A hash lacks a character.",
            "hash_line",
            &text.replacen(hash_line, &hash_line[1..], 1),
        ),
        case(
            "witness-checkpoint-size",
            "The checkpoint's own form is wrong.",
            "size_line",
            &text.replacen("\n7\n", "\n07\n", 1),
        ),
        case(
            "witness-stranger",
            "Another key than the log's signed.",
            "no_known_signature",
            &with(&|request| request.checkpoint = signed(tree(7).root(), (&stranger, 9))),
        ),
        case(
            "witness-changed",
            "What was signed was changed.",
            "bad_signature",
            &text.replacen("\n7\n", "\n8\n", 1),
        ),
        case(
            "witness-old-larger",
            "The old size is beyond the checkpoint.",
            "old_larger",
            &text.replacen("old 4", "old 8", 1),
        ),
        case(
            "witness-other-size",
            "Another size than the one cosigned last.",
            "other_size",
            &request(5, 7).to_string(),
        ),
        case("witness-backwards", "Less than was cosigned.", "other_size", &request(2, 3).to_string()),
        case(
            "witness-fork",
            "The size cosigned last, with another root.",
            "fork",
            &with(&|request| (request.proof, request.checkpoint) = (Vec::new(), other.clone())),
        ),
        case(
            "witness-no-proof",
            "No hash where some are needed.",
            "missing_hash",
            &with(&|request| request.proof.clear()),
        ),
        case(
            "witness-surplus",
            "A hash more than the proof has.",
            "surplus_hash",
            &with(&|request| request.proof.push(tree(1).root().hash)),
        ),
        case(
            "witness-bit-turned",
            "One bit of the proof is turned.",
            "wrong_root",
            &with(&|request| request.proof[0].0[0] ^= 1),
        ),
    ]
}

//! Policies, and checkpoints judged by them.

use super::texts::{checkpoint, key, log_key, sign, witness};
use crate::vectors::Case;
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::cosignature::cosign;
use procura_core::note::KeyType;
use procura_core::tree::Root;
use procura_core::{Size, hash};
use serde_json::{Value, json};

/// A checkpoint cosigned by these witnesses, each at its own number in seconds.
fn cosigned(seeds: &[u8]) -> SignedCheckpoint {
    seeds.iter().fold(checkpoint(), |checkpoint, seed| {
        let text = checkpoint.note().text().to_owned();
        checkpoint.with(cosign(&witness(*seed), &text, u64::from(*seed), &sign(*seed)).unwrap()).unwrap()
    })
}

pub(super) fn cases() -> Vec<Case> {
    let (log, w, v) = (log_key().to_string(), witness(11).to_string(), witness(12).to_string());
    let defined: String = (11..=15).map(|seed| format!("witness w{seed} {}\n", witness(seed))).collect();
    let groups = "group X 2 w11 w12 w13\ngroup Y any w14 w15\ngroup both all X Y\nquorum both\n";
    let nested = format!("# two levels\n\nlog {log} https://log.example\n{defined}{groups}");
    let judged =
        |name: &str, reason: &str, expect: &str, file: &str, checkpoint: &SignedCheckpoint, time_s: Value| {
            let mut members = json!({ "type": "policy", "text": file, "checkpoint": checkpoint.to_string() });
            if expect == "accept" {
                members.as_object_mut().unwrap().insert("quorum_time_s".to_owned(), time_s);
            }
            Case::new(name, reason, expect, members)
        };
    let other = Root { size: Size(1), hash: hash::leaf(b"") };
    let other = Checkpoint::new("trial/b", other)
        .unwrap()
        .sign(&key("trial/b", KeyType::Ed25519, 7), &sign(7))
        .unwrap();
    let forged = cosign(&witness(12), checkpoint().note().text(), 12, &sign(13)).unwrap();
    let forged = cosigned(&[11, 13, 14]).with(forged).unwrap();
    let none = format!("log {log}\nquorum none\n");
    let time_of = |time_s: u8| json!(time_s.to_string());
    let mut cases = vec![
        judged(
            "policy-met",
            "Two of X and one of Y.",
            "accept",
            &nested,
            &cosigned(&[11, 13, 14]),
            time_of(11),
        ),
        judged(
            "policy-met-newer",
            "The newest that suffice count: 12 and 13 of X, 15 of Y.",
            "accept",
            &nested,
            &cosigned(&[11, 12, 13, 14, 15]),
            time_of(12),
        ),
        judged("policy-none", "No cosignature is asked for.", "accept", &none, &checkpoint(), Value::Null),
        judged(
            "policy-too-few",
            "One of X only.",
            "no_quorum",
            &nested,
            &cosigned(&[11, 14, 15]),
            Value::Null,
        ),
        judged(
            "policy-twice",
            "One witness counts once.",
            "no_quorum",
            &nested,
            &cosigned(&[11, 11, 14]),
            Value::Null,
        ),
        judged("policy-unknown-log", "The log is not listed.", "unknown_log", &nested, &other, Value::Null),
        judged(
            "policy-forged",
            "One known cosignature fails.",
            "bad_signature",
            &nested,
            &forged,
            Value::Null,
        ),
    ];
    for (name, reason, expect, file) in [
        ("policy-no-quorum", "No quorum line.", "policy_quorum_missing", format!("log {log}\n")),
        (
            "policy-unterminated",
            "The last line has no newline.",
            "policy_unterminated",
            "quorum none".to_owned(),
        ),
        ("policy-carriage-return", "A carriage return.", "policy_character", "quorum none\r\n".to_owned()),
        ("policy-second-quorum", "A second quorum line.", "policy_second_quorum", "quorum none\n".repeat(2)),
        ("policy-keyword", "Words are in small letters.", "policy_keyword", "Quorum none\n".to_owned()),
        ("policy-items", "An item too many.", "policy_items", "quorum none none\n".to_owned()),
        ("policy-log-type", "A witness's key for a log.", "key_type", format!("log {w}\nquorum none\n")),
        (
            "policy-witness-type",
            "A log's key for a witness.",
            "key_type",
            format!("witness a {log}\nquorum a\n"),
        ),
        ("policy-vkey", "The vkey is cut.", "vkey_form", format!("witness a {w}x\nquorum a\n")),
        (
            "policy-key-twice",
            "One key, two witnesses.",
            "policy_duplicate_key",
            format!("witness a {w}\nwitness b {w}\nquorum a\n"),
        ),
        (
            "policy-name-twice",
            "One name, two witnesses.",
            "policy_duplicate_name",
            format!("witness a {w}\nwitness a {v}\nquorum a\n"),
        ),
        (
            "policy-name-none",
            "The name none is taken.",
            "policy_duplicate_name",
            format!("witness none {w}\nquorum none\n"),
        ),
        (
            "policy-later-name",
            "A group's members come first.",
            "policy_unknown_name",
            format!("group g any a\nwitness a {w}\nquorum g\n"),
        ),
        (
            "policy-member-none",
            "The name none is no member.",
            "policy_unknown_name",
            format!("witness a {w}\ngroup g any a none\nquorum g\n"),
        ),
        (
            "policy-member-twice",
            "A witness counts in one way only.",
            "policy_duplicate_member",
            format!("witness a {w}\ngroup g any a\ngroup h any a\nquorum g\n"),
        ),
        (
            "policy-threshold-0",
            "A threshold is at least 1.",
            "policy_threshold",
            format!("witness a {w}\ngroup g 0 a\nquorum g\n"),
        ),
        (
            "policy-threshold-2",
            "A threshold is at most the number of members.",
            "policy_threshold",
            format!("witness a {w}\ngroup g 2 a\nquorum g\n"),
        ),
    ] {
        cases.push(Case::new(name, reason, expect, json!({ "type": "policy", "text": file })));
    }
    cases
}

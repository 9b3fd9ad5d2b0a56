//! One entry of each class, and each way to refuse one.

use super::{Case, commit, create, hex, named, party, trace, transition};
use procura_core::status::Status;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    let create = create(1_700_000_000_000, 1, &[1, 2]).encode();
    let transition = transition(1_700_000_000_001, 2, (0, 1), Status::SUSPENDED).encode();
    let trace = trace(1_700_000_000_002, 3, &[3]).encode();
    let party = party(1_700_000_000_003, 4, 1, &[]).encode();
    let commit = commit(1_700_000_000_004, 4, named("root", 1), 5, 0).encode();

    let mut cases = Vec::new();
    for (name, bytes) in [
        ("create", &create),
        ("transition", &transition),
        ("trace", &trace),
        ("party", &party),
        ("commit", &commit),
    ] {
        cases.push(case(name, "One entry of this class.", "accept", bytes));
        cases.push(case(
            &format!("{name}-trailing"),
            "A byte follows the entry.",
            "trailing_bytes",
            &[bytes, &[0][..]].concat(),
        ));
        let (_, cut) = bytes.split_last().unwrap_or((&0, bytes));
        cases.push(case(&format!("{name}-truncated"), "The last byte is missing.", "truncated", cut));
    }
    for length in [42, 63, 64] {
        cases.push(case(
            &format!("length-{length}"),
            "No entry of any version has this length.",
            "forbidden_length",
            &vec![1; length],
        ));
    }
    cases.push(case("empty", "No byte at all.", "truncated", &[]));
    cases.push(case("version-2", "A version that is not known.", "unknown_version", &set(&create, 0, 2)));
    for class in [0, 5, 0xf1] {
        let name = format!("class-{class:02x}");
        cases.push(case(&name, "A class that is not known.", "unknown_class", &set(&create, 1, class)));
    }
    let last = |bytes: &[u8], status| set(bytes, bytes.len() - 1, status);
    for status in [0, 3, 15, 0x11] {
        let name = format!("create-status-{status:02x}");
        cases.push(case(&name, "A create starts pending or active.", "bad_status", &last(&create, status)));
    }
    cases.push(case(
        "party-status-0f",
        "A party starts pending or active.",
        "bad_status",
        &set(&party, 75, 15),
    ));
    for status in [0, 4, 0x10, 0x1f, 0x21] {
        let name = format!("transition-status-{status:02x}");
        cases.push(case(&name, "The byte is no status.", "bad_status", &last(&transition, status)));
    }
    let (low, high) = (create.get(75..107).unwrap_or_default(), create.get(107..139).unwrap_or_default());
    let tags = |one: &[u8], other: &[u8]| {
        let mut bytes = create.clone();
        bytes.splice(75..139, [one, other].concat());
        bytes
    };
    cases.push(case("tags-descending", "Tags stand in ascending order.", "tag_order", &tags(high, low)));
    cases.push(case("tags-twice", "No tag stands twice.", "tag_order", &tags(low, low)));
    cases.push(case(
        "tags-fewer-than-counted",
        "Three tags are counted and two are there.",
        "truncated",
        &set(&create, 74, 3),
    ));
    cases.push(case(
        "map-version-2",
        "A commit of a map version that is not known.",
        "unknown_map_version",
        &set(&commit, 10, 2),
    ));
    cases
}

fn case(name: &str, reason: &str, expect: &str, bytes: &[u8]) -> Case {
    Case::new(&format!("entry-{name}"), reason, expect, json!({ "type": "entry", "entry": hex(bytes) }))
}

fn set(bytes: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(place) = bytes.get_mut(at) {
        *place = byte;
    }
    bytes
}

//! Asking, answering, holding, keeping and erasing: the shapes of these kinds, and of what others have for them.

use super::kinds::{Shape, of_shape};
use super::{DAY_MS, Made, NOW, ORIGIN, id, mandate, validity};
use crate::vectors::Case;
use procura_core::Hash;
use procura_core::b64;
use procura_core::key::{Signer, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    let shapes = [request(), block(), holding(), hook(), retention(), erasure(), log_keys()];
    shapes.into_iter().flat_map(of_shape).chain(rules()).collect()
}

fn asked() -> Made {
    let mut members = validity();
    for (name, value) in [
        ("requester", id(1)),
        ("grant", json!("consent")),
        ("catalogue", id(3)),
        ("scopes", json!(["pension", "tax"])),
        ("purposes", json!(["read"])),
        ("answer_by", json!(NOW + DAY_MS)),
        ("link", id(4)),
    ] {
        members[name] = value;
    }
    Made::new("request", &members)
}

fn request() -> Shape {
    Shape {
        good: asked(),
        required: &[
            "requester",
            "grant",
            "catalogue",
            "scopes",
            "purposes",
            "valid_from",
            "not_before",
            "answer_by",
        ],
        optional: vec![
            ("subject", id(2)),
            ("conditions", json!([{"type": "uses", "times": 1}])),
            ("answer_by", json!(NOW + 366 * DAY_MS)),
        ],
        wrong: vec![
            ("grant", "unknown", json!("gift")),
            ("subject", "an identifier", json!("niss:48031500292")),
            ("scopes", "empty", json!([])),
            ("purposes", "empty", json!([])),
            ("link", "short", json!("AAAA")),
            ("answer_by", "a day", json!("2026-12-01")),
        ],
    }
}

fn block() -> Shape {
    Shape {
        good: Made::new("block", &json!({"party": id(1), "blocked": id(2)})),
        required: &["party", "blocked"],
        optional: vec![],
        wrong: vec![("blocked", "an identifier", json!("kbo:0999999922"))],
    }
}

fn holding() -> Shape {
    let members = json!({
        "source": id(1), "subject": id(2), "catalogue": id(3), "scopes": ["tax"], "since": "2020-02-29",
    });
    Shape {
        good: Made::new("holding", &members),
        required: &["source", "subject", "catalogue", "scopes", "since"],
        optional: vec![],
        wrong: vec![
            ("since", "no day", json!("2021-02-29")),
            ("since", "an instant", json!(NOW)),
            ("scopes", "descending", json!(["tax", "pension"])),
        ],
    }
}

fn hook_url(length: usize) -> Value {
    json!(format!("https://office.example/{}", "a".repeat(length - 23)))
}

fn hook() -> Shape {
    Shape {
        good: Made::new(
            "hook",
            &json!({"party": id(1), "number": 1, "url": "https://office.example/procura"}),
        ),
        required: &["party", "number", "url"],
        optional: vec![
            ("number", json!(4)),
            ("url", json!("https://a.b-c.example:8443/in/x.y_z~1;v=2,@%20")),
        ],
        wrong: vec![
            ("number", "zero", json!(0)),
            ("number", "five", json!(5)),
            ("url", "plain http", json!("http://office.example/procura")),
            ("url", "capitals", json!("https://Office.example/procura")),
            ("url", "no path", json!("https://office.example")),
            ("url", "a user", json!("https://user@office.example/procura")),
            ("url", "a password", json!("https://user:secret@office.example/procura")),
            ("url", "a query", json!("https://office.example/procura?key=secret")),
            ("url", "a fragment", json!("https://office.example/procura#part")),
            ("url", "a backslash", json!("https://office.example/\\other.example/")),
            ("url", "a space", json!("https://office.example/a b")),
            ("url", "not ascii", json!("https://b\u{fc}ro.example/")),
            ("url", "IPv6", json!("https://[2001:db8::1]/")),
            ("url", "no host", json!("https:///procura")),
            ("url", "an empty label", json!("https://office..example/")),
            ("url", "a dot at the end", json!("https://office.example./")),
            ("url", "a hyphen first", json!("https://-office.example/")),
            ("url", "a long label", json!(format!("https://{}.example/", "a".repeat(64)))),
            ("url", "port 0", json!("https://office.example:0/")),
            ("url", "port 65536", json!("https://office.example:65536/")),
            ("url", "an empty port", json!("https://office.example:/")),
            ("url", "a leading zero", json!("https://office.example:0443/")),
            ("url", "256 characters", hook_url(256)),
        ],
    }
}

fn many(n: u16) -> Value {
    let ids = (0..n).map(|n| {
        let mut id = [0; 32];
        id[..2].copy_from_slice(&n.to_be_bytes());
        json!(Hash(id))
    });
    ids.collect()
}

fn log_keys() -> Shape {
    let vkey = |origin: &str, seed: u8| {
        let key = SoftKey::from_seed(&[seed; 32]).public_key();
        NoteVerifier::new(origin, KeyType::Ed25519, key.as_bytes()).unwrap().to_string()
    };
    let key = |seed| json!({"vkey": vkey(ORIGIN, seed)});
    let retired = |seed| json!({"vkey": vkey(ORIGIN, seed), "retired_at": NOW});
    let many = |n: u8| Value::from((1..=n).map(key).collect::<Vec<_>>());
    let witness = {
        let key = SoftKey::from_seed(&[1; 32]).public_key();
        NoteVerifier::new(ORIGIN, KeyType::CosignatureV1, key.as_bytes()).unwrap().to_string()
    };
    Shape {
        good: Made::new("log-keys", &json!({"log_keys": [retired(1), key(2)]})),
        required: &["log_keys"],
        optional: vec![("log_keys", many(32)), ("quorum", json!(2))],
        wrong: vec![
            ("log_keys", "empty", json!([])),
            ("log_keys", "thirty-three", many(33)),
            ("log_keys", "all retired", json!([retired(1), retired(2)])),
            ("log_keys", "one twice", json!([key(1), retired(1)])),
            ("log_keys", "of another log", json!([{"vkey": vkey("trial/elsewhere", 1)}])),
            ("log_keys", "a witness's", json!([{"vkey": witness}])),
            ("quorum", "one", json!(1)),
        ],
    }
}

fn retention() -> Shape {
    Shape {
        good: Made::new("retention", &json!({"targets": [id(1)]})),
        required: &["targets"],
        optional: vec![("targets", many(64))],
        wrong: vec![
            ("targets", "empty", json!([])),
            ("targets", "sixty-five", many(65)),
            ("targets", "descending", json!([id(2), id(1)])),
        ],
    }
}

fn erasure() -> Shape {
    Shape {
        good: Made::new("erasure", &json!({"targets": [id(1)], "parties": [id(2)]})),
        required: &["targets", "parties"],
        optional: vec![("parties", many(64))],
        wrong: vec![
            ("targets", "a double", json!([id(1), id(1)])),
            ("parties", "empty", json!([])),
            ("parties", "sixty-five", many(65)),
        ],
    }
}

/// What members say to each other.
fn rules() -> Vec<Case> {
    let mut cases = vec![
        asked().without("link").case("request-of-nobody", "Neither a subject nor a link.", "member_mistyped"),
        asked().without("link").set("subject", id(2)).case(
            "request-of-somebody",
            "A subject, no link.",
            "accept",
        ),
        asked().set("subject", id(1)).case("request-of-oneself", "The requester asks itself.", "same_party"),
        asked().set("answer_by", json!(NOW)).case(
            "request-too-late",
            "Over before it is signed.",
            "answer_by",
        ),
        asked().set("answer_by", json!(NOW + 366 * DAY_MS + 1)).case(
            "request-for-too-long",
            "It waits for over 366 days.",
            "answer_by",
        ),
        asked().set("grant", json!("mandate")).case(
            "request-for-a-mandate-with-purposes",
            "A mandate has no purposes.",
            "member_unknown",
        ),
        asked().set("grant", json!("mandate")).without("purposes").case(
            "request-for-a-mandate",
            "A mandate is asked for.",
            "accept",
        ),
        Made::new("block", &json!({"party": id(1), "blocked": id(1)})).case(
            "block-of-oneself",
            "Nobody blocks themselves.",
            "same_party",
        ),
        mandate().set("answer_by", json!(NOW + DAY_MS)).set("link", id(4)).case(
            "mandate-by-invitation",
            "Who takes it has the link and a day.",
            "accept",
        ),
        mandate().set("answer_by", json!(NOW)).case(
            "mandate-by-invitation-too-late",
            "Over before it is signed.",
            "answer_by",
        ),
        mandate().set("request", id(5)).case("mandate-with-request", "It answers a request.", "accept"),
        mandate().set("ground", json!("parental")).set("link", id(4)).case(
            "mandate-by-law-with-link",
            "Nobody else must sign.",
            "member_mistyped",
        ),
        consent().set("request", id(5)).case("consent-with-request", "It answers a request.", "accept"),
        consent().set("link", id(4)).case("consent-with-link", "Nobody else must sign.", "member_mistyped"),
    ];
    cases.push(hook().good.set("url", json!("https://192.0.2.1:65535/")).case(
        "hook-to-an-address",
        "An IPv4 address and the last port.",
        "accept",
    ));
    cases.push(hook().good.set("url", hook_url(255)).case("hook-of-255", "The longest address.", "accept"));
    let link = json!(b64::encode(&[9; 32]));
    for kind in ["acceptance", "renunciation"] {
        let on = || Made::new(kind, &json!({"target": id(1)}));
        let name = |rest: &str| format!("{kind}-{rest}");
        cases.push(on().set("link", link.clone()).case(&name("with-link"), "It shows a link.", "accept"));
        cases.push(on().set("link", json!("AAAA")).case(
            &name("with-a-short-link"),
            "A link has 32 bytes.",
            "member_mistyped",
        ));
        let expect = if kind == "acceptance" { "accept" } else { "member_unknown" };
        cases.push(on().set("grant", id(5)).case(&name("with-grant"), "It names what is given.", expect));
    }
    cases
}

fn consent() -> Made {
    let mut members = validity();
    members["subject"] = id(1);
    members["recipient"] = id(2);
    members["catalogue"] = id(3);
    members["scopes"] = json!(["tax"]);
    members["purposes"] = json!(["read"]);
    Made::new("consent", &members)
}

//! Each kind as it is taken, without each of its members, and with each of them of another form.

use super::{HANDLE, Made, NOW, id, jwk, mandate, person, validity};
use crate::vectors::Case;
use procura_core::b64;
use serde_json::{Value, json};

/// A kind with its required members, its optional ones with a good value, and wrong values for both.
struct Shape {
    good: Made,
    required: &'static [&'static str],
    optional: Vec<(&'static str, Value)>,
    wrong: Vec<(&'static str, &'static str, Value)>,
}

pub(super) fn cases() -> Vec<Case> {
    [root(), party(), key(), key_end(), catalogue(), mandates(), consent(), other()]
        .into_iter()
        .flat_map(of_shape)
        .chain(transitions())
        .collect()
}

fn of_shape(shape: Shape) -> Vec<Case> {
    let kind = shape.good.payload["kind"].as_str().unwrap().to_owned();
    let name = |rest: &str, member: &str| format!("{kind}-{rest}-{}", member.replace('_', "-"));
    let mut cases = vec![shape.good.case(&format!("{kind}-good"), "With all that it must have.", "accept")];
    for member in shape.required {
        let reason = format!("There is no {member}.");
        cases.push(shape.good.clone().without(member).case(
            &name("without", member),
            &reason,
            "member_missing",
        ));
    }
    for (member, value) in shape.optional {
        let reason = format!("With {member}, which it may have.");
        cases.push(shape.good.clone().set(member, value).case(&name("with", member), &reason, "accept"));
    }
    for (member, what, value) in shape.wrong {
        let reason = format!("{member} is {what}.");
        let name = format!("{}-{}", name("wrong", member), what.replace([' ', ','], "-"));
        cases.push(shape.good.clone().set(member, value).case(&name, &reason, "member_mistyped"));
    }
    cases
}

fn root() -> Shape {
    let members = json!({"keys": [jwk(1), jwk(2)], "quorum": 2, "key_delay": 259_200_000, "trial": true});
    let many: Vec<Value> = (1..=17).map(jwk).collect();
    Shape {
        good: Made::new("root", &members),
        required: &["keys", "quorum", "key_delay", "trial"],
        optional: vec![
            ("vrf_key", id(1)),
            ("continues", json!({"origin": "example.org/ledger", "checkpoint": "lost"})),
        ],
        wrong: vec![
            ("keys", "empty", json!([])),
            ("keys", "a double", json!([jwk(1), jwk(1)])),
            ("keys", "seventeen", json!(many)),
            ("quorum", "zero", json!(0)),
            ("quorum", "three of two", json!(3)),
            ("trial", "a number", json!(1)),
            ("vrf_key", "short", json!("AAAA")),
        ],
    }
}

fn party() -> Shape {
    Shape {
        good: person(),
        required: &["party_type", "handle"],
        optional: vec![("level", json!("municipality")), ("provisional", json!(true)), ("quorum", json!(2))],
        wrong: vec![
            ("party_type", "a robot", json!("robot")),
            ("handle", "short", json!("AAAA")),
            ("roles", "of a person", json!(["auditor"])),
            ("level", "not a code", json!("City of Ghent")),
            ("provisional", "no boolean", json!("yes")),
            ("provisional", "false", json!(false)),
            ("quorum", "one", json!(1)),
            ("quorum", "seventeen", json!(17)),
        ],
    }
}

fn key() -> Shape {
    let members = json!({
        "party": id(1), "jwk": jwk(4), "basis": "first", "pop": b64::encode(&[5; 64]), "assurance": "high",
    });
    Shape {
        good: Made::new("key", &members),
        required: &["party", "jwk", "basis", "pop", "assurance"],
        optional: vec![("quorum", json!(3)), ("basis", json!("cosigned")), ("assurance", json!("low"))],
        wrong: vec![
            ("party", "an identifier", json!("niss:48031500292")),
            ("basis", "unknown", json!("second")),
            ("pop", "short", json!("AAAA")),
            ("assurance", "unknown", json!("absolute")),
            ("jwk", "text", json!("key")),
        ],
    }
}

fn key_end() -> Shape {
    Shape {
        good: Made::new("key-end", &json!({"target": id(1), "reason": "lost"})),
        required: &["target", "reason"],
        optional: vec![("compromised_since", json!(NOW))],
        wrong: vec![
            ("reason", "unknown", json!("tired")),
            ("compromised_since", "after iat", json!(NOW + 1)),
            ("compromised_since", "negative", json!(-1)),
        ],
    }
}

fn catalogue() -> Shape {
    let title = json!({"de": "a", "en": "b", "fr": "c", "nl": "d"});
    let one = |code: &str| json!({"code": code, "title": title});
    let below = |code: &str, parent: &str| json!({"code": code, "parent": parent, "title": title});
    let basis = |category: &str, purpose: &str| json!({"code": "law", "title": title, "categories": [category], "purposes": [purpose], "recipients": [id(1)]});
    let members = json!({
        "code": "be.social", "version": 1,
        "categories": [one("pension"), below("pension.file", "pension")],
        "purposes": [one("read")], "bases": [basis("pension", "read")],
    });
    let untitled = json!([{"code": "pension", "title": {"de": "a", "en": "b", "fr": "c", "nl": ""}}]);
    Shape {
        good: Made::new("catalogue", &members),
        required: &["code", "version", "categories", "purposes", "bases"],
        optional: vec![("bases", json!([])), ("quorum", json!(2))],
        wrong: vec![
            ("code", "not a code", json!("Be.Social")),
            ("version", "zero", json!(0)),
            ("categories", "empty", json!([])),
            (
                "categories",
                "a child before its parent",
                json!([below("pension.file", "pension"), one("pension")]),
            ),
            ("categories", "a double", json!([one("pension"), one("pension")])),
            ("categories", "without a title", untitled),
            ("purposes", "empty", json!([])),
            ("purposes", "a double", json!([one("read"), one("read")])),
            ("bases", "of an unknown category", json!([basis("tax", "read")])),
            ("bases", "of an unknown purpose", json!([basis("pension", "sell")])),
            ("bases", "a double", json!([basis("pension", "read"), basis("pension", "read")])),
        ],
    }
}

/// What mandates and consents share.
fn grant(good: Made, required: &'static [&'static str]) -> Shape {
    let many: Vec<String> = (0..65).map(|n| format!("c{n:02}")).collect();
    Shape {
        good,
        required,
        optional: vec![],
        wrong: vec![
            ("scopes", "empty", json!([])),
            ("scopes", "descending", json!(["tax", "pension"])),
            ("scopes", "a double", json!(["tax", "tax"])),
            ("scopes", "sixty-five", json!(many)),
            ("scopes", "not codes", json!(["Tax"])),
            ("catalogue", "a name", json!("be.social")),
            ("valid_from", "no date", json!("2026-13-01")),
            ("not_after", "before not_before", json!(NOW - 30 * super::DAY_MS)),
        ],
    }
}

fn mandates() -> Shape {
    let required = &["mandator", "mandatee", "catalogue", "scopes", "valid_from", "not_before"];
    grant(mandate(), required)
}

fn consent() -> Shape {
    let mut members = validity();
    members["subject"] = id(1);
    members["recipient"] = id(2);
    members["catalogue"] = id(3);
    members["scopes"] = json!(["tax"]);
    members["purposes"] = json!(["read"]);
    let required = &["subject", "recipient", "catalogue", "scopes", "purposes", "valid_from", "not_before"];
    let mut shape = grant(Made::new("consent", &members), required);
    shape.wrong.push(("purposes", "empty", json!([])));
    shape
}

fn other() -> Shape {
    Shape {
        good: Made::new("note", &json!({"anything": {"at": "all"}})),
        required: &[],
        optional: vec![("parties", json!([id(1), id(2)]))],
        wrong: vec![
            ("parties", "empty", json!([])),
            ("parties", "descending", json!([id(2), id(1)])),
            ("parties", "seventeen", json!((0..17).map(id).collect::<Vec<_>>())),
        ],
    }
}

fn transitions() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in ["acceptance", "revocation"] {
        let good = Made::new(kind, &json!({"target": id(1)}));
        cases.push(good.case(&format!("{kind}-good"), "It names its target.", "accept"));
        let bare = good.clone().without("target");
        cases.push(bare.case(&format!("{kind}-without-target"), "There is no target.", "member_missing"));
        let more = good.set("reason", json!("none"));
        cases.push(more.case(&format!("{kind}-unknown-member"), "It has a member more.", "member_unknown"));
    }
    let open_end = mandate().without("valid_until").without("not_after");
    cases.push(open_end.case("mandate-open-end", "It has no last day.", "accept"));
    let half = mandate().without("not_after");
    cases.push(half.case("mandate-half-an-end", "A last day without its instant.", "member_mistyped"));
    let confirmed = mandate().withheld("reference", &json!("file 7"));
    cases.push(confirmed.case("mandate-with-reference", "Its reference is withheld.", "accept"));
    let office = person()
        .set("party_type", json!("institution"))
        .set("roles", json!(["auditor", "registrar"]))
        .handle(Some(HANDLE));
    cases.push(office.case("party-institution", "An institution with two roles.", "accept"));
    let unsorted = office.set("roles", json!(["registrar", "auditor"]));
    cases.push(unsorted.case("party-roles-descending", "The roles descend.", "member_mistyped"));
    cases
}

//! Each kind as it is taken, without each of its members, and with each of them of another form.

use super::{HANDLE, Made, NOW, id, jwk, mandate, person, validity};
use crate::vectors::Case;
use procura_core::b64;
use serde_json::{Value, json};

/// A kind with its required members, its optional ones with a good value, and wrong values for both.
pub(super) struct Shape {
    pub(super) good: Made,
    pub(super) required: &'static [&'static str],
    pub(super) optional: Vec<(&'static str, Value)>,
    pub(super) wrong: Vec<(&'static str, &'static str, Value)>,
}

pub(super) fn cases() -> Vec<Case> {
    [root(), party(), key(), key_end(), catalogue(), mandates(), consent(), other()]
        .into_iter()
        .flat_map(of_shape)
        .chain(transitions())
        .collect()
}

pub(super) fn of_shape(shape: Shape) -> Vec<Case> {
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
    let members = json!({"keys": [jwk(1), jwk(2)], "quorum": 2, "key_delay": 259_200_000, "trial": true, "vrf_key": jwk(3)["x"]});
    let many: Vec<Value> = (1..=17).map(jwk).collect();
    Shape {
        good: Made::new("root", &members),
        required: &["keys", "quorum", "key_delay", "trial", "vrf_key"],
        optional: vec![("continues", json!({"origin": "example.org/ledger", "checkpoint": "lost"}))],
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
    let mut emergency = basis("pension.file", "read");
    (emergency["code"], emergency["emergency"]) = (json!("emergency"), json!(true));
    let mut not_urgent = basis("pension", "read");
    not_urgent["emergency"] = json!(false);
    let members = json!({
        "code": "be.social", "version": 1,
        "categories": [one("pension"), below("pension.file", "pension")],
        "purposes": [one("read")], "bases": [basis("pension", "read"), emergency],
    });
    let niss = || json!({"code": "niss", "title": title, "party_types": ["person"], "form": {"characters": ["digits"], "min": 11, "max": 11, "check": "niss"}});
    let scheme = |member: &str, value: Value| {
        let mut scheme = niss();
        scheme[member] = value;
        json!([scheme])
    };
    let many =
        |n: usize| -> Value { (0..n).map(|n| scheme("code", json!(format!("s{n}")))[0].clone()).collect() };
    let untitled = json!([{"code": "pension", "title": {"de": "a", "en": "b", "fr": "c", "nl": ""}}]);
    Shape {
        good: Made::new("catalogue", &members),
        required: &["code", "version", "categories", "purposes", "bases"],
        optional: vec![
            ("bases", json!([])),
            ("schemes", json!([niss(), scheme("code", json!("eidas"))[0]])),
            ("quorum", json!(2)),
        ],
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
            ("bases", "of no emergency", json!([not_urgent])),
            ("bases", "a double", json!([basis("pension", "read"), basis("pension", "read")])),
            ("schemes", "empty", json!([])),
            ("schemes", "a double", json!([niss(), niss()])),
            ("schemes", "a hundred and one", many(101)),
            ("schemes", "party", scheme("code", json!("party"))),
            ("schemes", "another name of niss", scheme("code", json!("bis"))),
            ("schemes", "with a point", scheme("code", json!("be.niss"))),
            (
                "schemes",
                "without a title",
                scheme("title", json!({"de": "a", "en": "b", "fr": "c", "nl": ""})),
            ),
            ("schemes", "for nobody", scheme("party_types", json!([]))),
            ("schemes", "for robots", scheme("party_types", json!(["robot"]))),
            ("schemes", "for types that descend", scheme("party_types", json!(["person", "organisation"]))),
            ("schemes", "of a pattern", scheme("form", json!("[0-9]{11}"))),
            ("schemes", "of no form", scheme("form", json!({"characters": ["digits"], "min": 2, "max": 1}))),
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
    let required = &["mandators", "mandatees", "catalogue", "scopes", "valid_from", "not_before"];
    let mut shape = grant(mandate(), required);
    let nine: Vec<Value> = (10..19).map(id).collect();
    shape.optional.extend([
        ("mandators", json!([id(1), id(4)])),
        ("substitution", json!(4)),
        ("survives", json!(true)),
        ("ground", json!("parental")),
    ]);
    shape.wrong.extend([
        ("mandators", "empty", json!([])),
        ("mandators", "one id", id(1)),
        ("mandatees", "descending", json!([id(3), id(2)])),
        ("mandatees", "nine", json!(nine)),
        ("needed", "one", json!(1)),
        ("needed", "more than there are", json!(2)),
        ("substitution", "none", json!(0)),
        ("substitution", "five", json!(5)),
        ("survives", "false", json!(false)),
        ("ground", "another", json!("friendship")),
        ("assisted", "of another channel", json!({"channel": "telephone"})),
    ]);
    shape
}

/// How grants come about: of `mandate` and `consent` alike.
fn given() -> Vec<Case> {
    let paper = json!({"channel": "paper", "document": id(9)});
    let below =
        |made: Made| made.set("under", id(5)).set("by", json!([id(6)])).set("informed", json!([id(6)]));
    let joint = mandate().set("mandatees", json!([id(2), id(4)]));
    let spoken = json!({"channel": "spoken", "document": id(9)});
    vec![
        mandate().set("assisted", paper.clone()).case(
            "mandate-on-paper",
            "An officer has the paper.",
            "accept",
        ),
        mandate().set("assisted", json!({"channel": "paper"})).case(
            "mandate-on-no-paper",
            "A paper without its hash.",
            "member_missing",
        ),
        mandate().set("assisted", spoken).case(
            "mandate-spoken-paper",
            "A spoken wish with a paper.",
            "member_unknown",
        ),
        joint.clone().set("needed", json!(2)).case("mandate-both", "Two who must act together.", "accept"),
        joint.set("needed", json!(3)).case("mandate-three-of-two", "Three of two.", "member_mistyped"),
        below(mandate()).case("mandate-under", "Given under another.", "accept"),
        below(mandate()).without("by").case("mandate-under-by-nobody", "Nobody gives it.", "member_missing"),
        below(mandate()).without("informed").case(
            "mandate-under-unseen",
            "It does not say who is informed.",
            "member_missing",
        ),
        mandate().set("by", json!([id(6)])).case("mandate-by", "It is under none.", "member_unknown"),
        below(mandate()).set("by", json!([id(2)])).case(
            "mandate-to-its-giver",
            "To who gives it.",
            "same_party",
        ),
        below(mandate()).set("ground", json!("parental")).case(
            "mandate-under-by-law",
            "Under a mandate, and by law.",
            "member_mistyped",
        ),
        mandate().set("assisted", paper.clone()).set("ground", json!("parental")).case(
            "mandate-paper-by-law",
            "On paper, and by law.",
            "member_mistyped",
        ),
    ]
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
    shape.wrong.push(("under", "a name", json!("guardian")));
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

/// The transitions that say more than what they move.
fn moves() -> Vec<Case> {
    let on = |kind: &str, members: Value| {
        let mut members = members;
        members["target"] = id(1);
        Made::new(kind, &members)
    };
    let event = |event: &str| on("life-event", json!({"event": event, "effective": NOW}));
    vec![
        on("revocation", json!({"effective": NOW})).case("revocation-now", "It names the instant.", "accept"),
        on("revocation", json!({"effective": NOW - 1})).case(
            "revocation-before-iat",
            "It is to have ended before it was signed.",
            "member_mistyped",
        ),
        on("suspension", json!({"lift": true})).case("suspension-lift", "It lifts one.", "accept"),
        on("suspension", json!({"lift": false})).case(
            "suspension-no-lift",
            "It lifts none.",
            "member_mistyped",
        ),
        on("dispute", json!({"step": "open"})).case("dispute-good", "A dispute begins.", "accept"),
        on("dispute", json!({})).case("dispute-without-step", "There is no step.", "member_missing"),
        on("dispute", json!({"step": "won"})).case("dispute-wrong-step", "No such step.", "member_mistyped"),
        on("dispute", json!({"step": "open"})).withheld("statement", &json!("I never signed this.")).case(
            "dispute-with-statement",
            "With a statement that is withheld.",
            "accept",
        ),
        event("death").case("life-event-good", "A death.", "accept"),
        event("birth").case("life-event-wrong-event", "No such event.", "member_mistyped"),
        event("death").without("effective").case(
            "life-event-without-day",
            "Nobody says when.",
            "member_missing",
        ),
        event("merger").set("into", id(2)).case("life-event-merger", "Merged into another.", "accept"),
        event("merger").case("life-event-merger-into-none", "Merged into nothing.", "member_missing"),
        event("death").set("into", id(2)).case(
            "life-event-death-into",
            "A death, into another.",
            "member_unknown",
        ),
    ]
}

fn transitions() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in ["acceptance", "renunciation", "revocation", "suspension"] {
        let good = Made::new(kind, &json!({"target": id(1)}));
        cases.push(good.case(&format!("{kind}-good"), "It names its target.", "accept"));
        let bare = good.clone().without("target");
        cases.push(bare.case(&format!("{kind}-without-target"), "There is no target.", "member_missing"));
        let more = good.set("reason", json!("none"));
        cases.push(more.case(&format!("{kind}-unknown-member"), "It has a member more.", "member_unknown"));
    }
    cases.extend(moves());
    cases.extend(given());
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
    let every = ["auditor", "authority", "catalogue", "counter", "mirror", "provisional", "registrar"];
    let every = office.clone().set("roles", json!(every));
    cases.push(every.case("party-institution-every-role", "An institution with every role.", "accept"));
    let clerk = Made::new(
        "party",
        &json!({"party_type": "role", "under": id(3), "handle": procura_core::hash::handle_commitment(&HANDLE)}),
    )
    .handle(Some(HANDLE));
    cases.push(clerk.case("party-role", "A role under an institution.", "accept"));
    let until = |made: &Made| made.clone().set("until", json!(1));
    cases.push(until(&clerk).case("party-role-until", "A role with an end.", "accept"));
    let mortal = until(&person());
    cases.push(mortal.case(
        "party-person-until",
        "A person who is over from an instant on.",
        "member_mistyped",
    ));
    let officer = clerk.clone().set("roles", json!(["counter"]));
    cases.push(officer.case("party-role-counter", "An officer at a counter.", "accept"));
    let judge = clerk.clone().set("roles", json!(["authority"]));
    cases.push(judge.case("party-role-authority", "A role that is an authority itself.", "member_mistyped"));
    let loose = clerk.clone().without("under");
    cases.push(loose.case("party-role-under-none", "A role under nobody.", "member_mistyped"));
    let named = clerk.withheld("identifier", &json!("niss:48031500292"));
    cases.push(named.case("party-role-identifier", "A role with an identifier.", "withheld_member"));
    let under = person().set("under", id(3));
    cases.push(under.case("party-person-under", "A person under a party.", "member_mistyped"));
    let unsorted = office.set("roles", json!(["registrar", "auditor"]));
    cases.push(unsorted.case("party-roles-descending", "The roles descend.", "member_mistyped"));
    cases
}

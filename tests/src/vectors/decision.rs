//! Vectors of `spec/decisions.md`: facts, a request and an instant give a decision; one reason a case.
//!
//! A case has `facts`, `request`, `at` and the `decision`; `expect` is `"accept"` for a permit, else the reason. `facts` has `parties`
//! (`{id: {"status","under"?,"until"?,"moves"?}}`, status as it started), `grants` and `catalogues` (`{id: {"in_force","categories","purposes","bases"}}`); statuses are bytes. Every case
//! is decided again over its evidence alone, which must give the same.

mod emergency;
mod life;
mod read;
mod terms;

use self::read::{facts, request};
use super::Case;
use procura_core::decide::{Decision, Facts, Grant, decide};
use procura_core::{Hash, Millis};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ACTOR: u8 = 0xA1;
const SUBJECT: u8 = 0xA2;
const EMPLOYER: u8 = 0xA3;
const WORDS: u8 = 0xC1;
const OLD_WORDS: u8 = 0xC0;
const AT: u64 = 1_795_424_400_000;
const DAY_MS: u64 = 24 * 3600 * 1000;

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [permits(), denials(), precedence(), terms::cases(), emergency::cases(), life::cases()].concat()
}

/// Runs one case: `"accept"`, the reason of a denial, or what differs from the decision stated.
#[must_use]
pub fn run(case: &Value) -> String {
    let (facts, request) = (facts(&case["facts"]), request(&case["request"]));
    let at = Millis(case["at"].as_u64().unwrap());
    let decision = decide(&request, at, &facts);
    let again = decide(&request, at, &only(&decision, &facts));
    if again != decision {
        return format!("over its evidence alone: {again:?}");
    }
    if serde_json::to_value(&decision).unwrap() != case["decision"] {
        return format!("another decision: {decision:?}");
    }
    if decision.permit { "accept".to_owned() } else { decision.reason.name().to_owned() }
}

/// What a receipt of this decision holds: the parties, the evidence, and the catalogues of its grants.
#[must_use]
pub fn only(decision: &Decision, facts: &Facts) -> Facts {
    let evidence: BTreeSet<Hash> = decision.evidence.iter().copied().collect();
    let grants: BTreeMap<Hash, Grant> = facts
        .grants
        .iter()
        .filter(|(id, _)| evidence.contains(id))
        .map(|(id, grant)| (*id, grant.clone()))
        .collect();
    let named: BTreeSet<Hash> = grants.values().map(|grant| grant.catalogue).collect();
    let shown = |id: &Hash| evidence.contains(id) || named.contains(id);
    let catalogues = facts.catalogues.iter().filter(|(id, _)| shown(id));
    Facts {
        parties: facts.parties.clone(),
        catalogues: catalogues.map(|(id, fact)| (*id, fact.clone())).collect(),
        grants,
    }
}

fn id(n: u8) -> Value {
    json!(Hash([n; 32]))
}

/// Three active parties and a catalogue in force.
fn base() -> Value {
    let mut facts = json!({"parties": {}, "grants": [], "catalogues": {}});
    for party in [ACTOR, SUBJECT, EMPLOYER] {
        facts["parties"][Hash([party; 32]).to_string()] = json!({"status": 2});
    }
    with_words(facts, WORDS, &words(true, json!([])))
}

fn words(in_force: bool, bases: Value) -> Value {
    json!({
        "in_force": in_force,
        "categories": [{"code": "pension"}, {"code": "pension.file", "parent": "pension"}, {"code": "tax"}],
        "purposes": ["read"],
        "bases": bases,
    })
}

fn with_words(mut facts: Value, n: u8, words: &Value) -> Value {
    facts["catalogues"][Hash([n; 32]).to_string()] = words.clone();
    facts
}

fn grant(n: u8, kind: &str, from: u8, to: u8) -> Value {
    json!({
        "id": id(n), "index": u64::from(n), "kind": kind, "from": [id(from)], "to": [id(to)], "catalogue": id(WORDS),
        "scopes": ["pension"], "purposes": if kind == "consent" { json!(["read"]) } else { json!([]) },
        "not_before": AT - DAY_MS, "not_after": AT + DAY_MS, "status": 2, "counts": true,
    })
}

fn with(mut facts: Value, grants: &[Value]) -> Value {
    facts["grants"] = json!(grants);
    facts
}

fn but(mut value: Value, member: &str, to: Value) -> Value {
    value[member] = to;
    value
}

fn ask(on_behalf_of: Option<Value>) -> Value {
    let mut request =
        json!({"actor": id(ACTOR), "subject": id(SUBJECT), "category": "pension.file", "purpose": "read"});
    if let Some(principal) = on_behalf_of {
        request["on_behalf_of"] = principal;
    }
    request
}

fn case(name: &str, reason: &str, facts: Value, request: Value, says: &str, evidence: &[u8]) -> Case {
    let permit = ["self", "legal_basis", "consent", "mandate", "emergency"].contains(&says);
    let evidence: Vec<Value> = evidence.iter().map(|n| id(*n)).collect();
    let decision = json!({"permit": permit, "reason": says, "evidence": evidence});
    let members = json!({"facts": facts, "request": request, "at": AT, "decision": decision});
    Case::new(name, reason, if permit { "accept" } else { says }, members)
}

fn law(recipient: u8) -> Value {
    json!([{"categories": ["pension"], "purposes": ["read"], "recipients": [id(recipient)]}])
}

fn permits() -> Vec<Case> {
    let mandate = grant(1, "mandate", SUBJECT, ACTOR);
    let consent = grant(2, "consent", SUBJECT, ACTOR);
    let lawful = |facts: Value, n| with_words(facts, WORDS, &words(true, law(n)));
    let own = but(ask(None), "subject", id(ACTOR));
    let employed = [grant(3, "mandate", EMPLOYER, ACTOR), grant(4, "consent", SUBJECT, EMPLOYER)];
    vec![
        case("self", "The actor is the subject.", base(), own.clone(), "self", &[WORDS]),
        case(
            "self-named",
            "The actor acts for itself, in so many words.",
            base(),
            but(own, "on_behalf_of", id(ACTOR)),
            "self",
            &[WORDS],
        ),
        case(
            "legal-basis",
            "The law names the principal.",
            lawful(base(), ACTOR),
            ask(None),
            "legal_basis",
            &[WORDS],
        ),
        case(
            "consent",
            "The subject consents.",
            with(base(), std::slice::from_ref(&consent)),
            ask(None),
            "consent",
            &[2, WORDS],
        ),
        case(
            "mandate",
            "The subject gave a mandate, which covers what stands below its scope.",
            with(base(), std::slice::from_ref(&mandate)),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        case(
            "law-before-consent",
            "By law, though there is a consent.",
            with(lawful(base(), ACTOR), std::slice::from_ref(&consent)),
            ask(None),
            "legal_basis",
            &[WORDS],
        ),
        case(
            "consent-before-mandate",
            "By consent, though a mandate was logged first.",
            with(base(), &[mandate.clone(), consent.clone()]),
            ask(None),
            "consent",
            &[2, WORDS],
        ),
        case(
            "first-logged",
            "Of two that hold the one logged first.",
            with(
                base(),
                &[
                    but(mandate.clone(), "id", id(9)),
                    but(but(mandate.clone(), "id", id(5)), "index", json!(7)),
                ],
            ),
            ask(None),
            "mandate",
            &[9, WORDS],
        ),
        case(
            "on-behalf",
            "The employer's mandate, and the subject's consent to the employer.",
            with(base(), &employed),
            ask(Some(id(EMPLOYER))),
            "consent",
            &[3, 4, WORDS],
        ),
        case(
            "on-behalf-of-the-subject",
            "The principal is the subject.",
            with(base(), std::slice::from_ref(&mandate)),
            ask(Some(id(SUBJECT))),
            "mandate",
            &[1, WORDS],
        ),
        case(
            "one-of-two-holds",
            "An ended consent does not hide one that holds.",
            with(
                base(),
                &[
                    but(consent.clone(), "status", json!(15)),
                    but(but(consent.clone(), "id", id(6)), "index", json!(6)),
                ],
            ),
            ask(None),
            "consent",
            &[6, WORDS],
        ),
        case(
            "first-instant",
            "A mandate's first instant.",
            with(base(), &[but(mandate.clone(), "not_before", json!(AT))]),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        case(
            "open-end",
            "A mandate without end.",
            with(base(), &[without(mandate.clone(), "not_after")]),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        case(
            "old-words",
            "A mandate in the words of a catalogue that is out of force: its grant is what lends them.",
            with(
                with_words(no_words(), OLD_WORDS, &words(false, json!([]))),
                &[but(mandate, "catalogue", id(OLD_WORDS))],
            ),
            ask(None),
            "mandate",
            &[1, OLD_WORDS],
        ),
    ]
}

fn without(mut value: Value, member: &str) -> Value {
    value.as_object_mut().unwrap().remove(member);
    value
}

fn no_words() -> Value {
    but(base(), "catalogues", json!({}))
}

fn denials() -> Vec<Case> {
    let consent = grant(2, "consent", SUBJECT, ACTOR);
    let one = |member: &str, to: Value| with(base(), &[but(consent.clone(), member, to)]);
    let party = |n: u8, status: u8| {
        let mut facts = with(base(), std::slice::from_ref(&consent));
        facts["parties"][Hash([n; 32]).to_string()] = json!({"status": status});
        facts
    };
    let deny = |name: &str, reason: &str, facts: Value, says: &str, evidence: &[u8]| {
        case(name, reason, facts, ask(None), says, evidence)
    };
    let ghost = |member: &str| {
        case(
            &format!("nobody-{}", member.replace('_', "-")),
            "A party that nobody registered.",
            with(base(), std::slice::from_ref(&consent)),
            but(ask(None), member, Value::Null),
            "no_authority",
            &[WORDS],
        )
    };
    let nine: Vec<Value> = (1..=9)
        .map(|n| but(but(consent.clone(), "id", id(n)), "index", json!(n)))
        .map(|g| but(g, "status", json!(15)))
        .collect();
    vec![
        case(
            "unknown-category",
            "No catalogue has the category.",
            base(),
            but(ask(None), "category", json!("fishing")),
            "unknown_category",
            &[],
        ),
        case(
            "unknown-purpose",
            "No catalogue that has the category has the purpose.",
            base(),
            but(ask(None), "purpose", json!("sell")),
            "unknown_purpose",
            &[WORDS],
        ),
        deny(
            "words-out-of-force",
            "The catalogue is out of force and no grant names it.",
            with_words(no_words(), WORDS, &words(false, json!([]))),
            "unknown_category",
            &[],
        ),
        deny(
            "law-out-of-force",
            "The law stands in a catalogue that is out of force.",
            with_words(base(), OLD_WORDS, &words(false, law(ACTOR))),
            "no_authority",
            &[WORDS],
        ),
        deny(
            "subject-ended",
            "The subject's record has ended.",
            party(SUBJECT, 15),
            "party_not_active",
            &[WORDS],
        ),
        deny(
            "actor-suspended",
            "The actor's record is suspended.",
            party(ACTOR, 3),
            "party_not_active",
            &[WORDS],
        ),
        deny(
            "subject-disputed",
            "The subject's record is disputed.",
            party(SUBJECT, 0x12),
            "party_not_active",
            &[WORDS],
        ),
        deny(
            "subject-pending",
            "The subject's record is pending: as if nobody were registered.",
            party(SUBJECT, 1),
            "no_authority",
            &[WORDS],
        ),
        deny("disputed", "The consent is disputed.", one("status", json!(0x12)), "disputed", &[2, WORDS]),
        deny("suspended", "The consent is suspended.", one("status", json!(3)), "suspended", &[2, WORDS]),
        deny("not-accepted", "The grant is pending.", one("status", json!(1)), "not_accepted", &[2, WORDS]),
        deny(
            "not-yet-valid",
            "It starts in the next millisecond.",
            one("not_before", json!(AT + 1)),
            "not_yet_valid",
            &[2, WORDS],
        ),
        deny(
            "expired",
            "Its last instant has passed: the end is exclusive.",
            one("not_after", json!(AT)),
            "expired",
            &[2, WORDS],
        ),
        deny(
            "signature-void",
            "A signature under it no longer counts.",
            one("counts", json!(false)),
            "signature_void",
            &[2, WORDS],
        ),
        deny("ended", "It was ended.", one("status", json!(15)), "ended", &[2, WORDS]),
        deny(
            "out-of-scope",
            "It covers another category.",
            one("scopes", json!(["tax"])),
            "out_of_scope",
            &[2, WORDS],
        ),
        case(
            "child-covers-no-parent",
            "A child category does not cover its parent.",
            one("scopes", json!(["pension.file"])),
            but(ask(None), "category", json!("pension")),
            "out_of_scope",
            &[2, WORDS],
        ),
        deny(
            "other-purpose",
            "The consent is for another purpose.",
            one("purposes", json!(["other"])),
            "out_of_scope",
            &[2, WORDS],
        ),
        deny("no-authority", "There is no grant.", base(), "no_authority", &[WORDS]),
        deny(
            "wrong-direction",
            "The actor consented, not the subject.",
            with(base(), &[grant(2, "consent", ACTOR, SUBJECT)]),
            "no_authority",
            &[WORDS],
        ),
        deny(
            "eight-at-most",
            "Of nine ended consents the first eight are evidence.",
            with(base(), &nine),
            "ended",
            &[1, 2, 3, 4, 5, 6, 7, 8, WORDS],
        ),
        ghost("actor"),
        ghost("subject"),
        ghost("on_behalf_of"),
    ]
}

/// Which of several reasons is given.
fn precedence() -> Vec<Case> {
    let consent = grant(2, "consent", SUBJECT, ACTOR);
    let mandate = grant(1, "mandate", SUBJECT, ACTOR);
    let deny = |name: &str, reason: &str, grants: &[Value], says: &str, evidence: &[u8]| {
        case(name, reason, with(base(), grants), ask(None), says, evidence)
    };
    let ended = |grant: &Value| but(grant.clone(), "status", json!(15));
    let employed = grant(3, "mandate", EMPLOYER, ACTOR);
    let behalf = |name: &str, reason: &str, grants: &[Value], says: &str, evidence: &[u8]| {
        case(name, reason, with(base(), grants), ask(Some(id(EMPLOYER))), says, evidence)
    };
    let given = grant(4, "consent", SUBJECT, EMPLOYER);
    vec![
        deny(
            "pending-before-ended",
            "A pending mandate and an ended consent.",
            &[ended(&consent), but(mandate.clone(), "status", json!(1))],
            "not_accepted",
            &[1, WORDS],
        ),
        deny(
            "both-ended",
            "An ended consent and an ended mandate.",
            &[ended(&consent), ended(&mandate)],
            "ended",
            &[1, 2, WORDS],
        ),
        deny(
            "ended-and-expired",
            "One grant gives one reason: its status before its days.",
            &[but(ended(&consent), "not_after", json!(AT))],
            "ended",
            &[2, WORDS],
        ),
        deny(
            "expired-and-void",
            "One grant gives one reason: its days before its signatures.",
            &[but(but(consent.clone(), "counts", json!(false)), "not_after", json!(AT))],
            "expired",
            &[2, WORDS],
        ),
        deny(
            "out-of-scope-and-ended",
            "One grant gives one reason: what it covers first.",
            &[but(ended(&consent), "scopes", json!(["tax"]))],
            "out_of_scope",
            &[2, WORDS],
        ),
        behalf(
            "first-step-first",
            "No mandate of the employer, whatever the subject said.",
            &[ended(&given)],
            "no_authority",
            &[WORDS],
        ),
        behalf(
            "first-step-ended",
            "The employer's mandate has ended, the subject's consent is pending.",
            &[ended(&employed), but(given.clone(), "status", json!(1))],
            "ended",
            &[3, WORDS],
        ),
        behalf(
            "second-step",
            "The employer's mandate holds, the subject's consent has ended: both are evidence.",
            &[employed.clone(), ended(&given)],
            "ended",
            &[3, 4, WORDS],
        ),
        behalf(
            "second-step-nothing",
            "The employer's mandate holds, and the subject said nothing.",
            &[employed],
            "no_authority",
            &[3, WORDS],
        ),
        case(
            "unknown-before-party",
            "An unknown category is told before an ended party.",
            {
                let mut facts = base();
                facts["parties"][Hash([SUBJECT; 32]).to_string()] = json!({"status": 15});
                facts
            },
            but(ask(None), "category", json!("fishing")),
            "unknown_category",
            &[],
        ),
        case(
            "words-of-an-ended-grant",
            "Only an ended mandate's catalogue, out of force, has the category: mandate and catalogue are evidence.",
            with(
                with_words(no_words(), OLD_WORDS, &words(false, json!([]))),
                &[but(ended(&mandate), "catalogue", id(OLD_WORDS))],
            ),
            ask(None),
            "ended",
            &[1, OLD_WORDS],
        ),
    ]
}

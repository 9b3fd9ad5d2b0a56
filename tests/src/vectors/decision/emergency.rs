//! Decisions that rest on what the law lets somebody do in an emergency, or would.

use super::terms::hinted;
use super::{
    ACTOR, EMPLOYER, OLD_WORDS, SUBJECT, WORDS, ask, base, but, case, grant, with, with_words, words,
};
use super::{id, law};
use crate::vectors::Case;
use serde_json::{Value, json};

fn urgent(request: Value) -> Value {
    but(request, "emergency", json!(true))
}

fn basis(recipient: u8) -> Value {
    let mut basis = law(recipient);
    basis[0]["emergency"] = json!(true);
    basis
}

pub(super) fn cases() -> Vec<Case> {
    let facts = || with_words(base(), WORDS, &words(true, basis(ACTOR)));
    let could = |case: Case| hinted(case, json!({"emergency": true}));
    let consent = grant(2, "consent", SUBJECT, ACTOR);
    let narrow = but(consent.clone(), "conditions", json!([{"type": "uses", "times": 1}]));
    let used = but(narrow, "uses", json!([super::AT - 1]));
    let employed = grant(3, "mandate", EMPLOYER, ACTOR);
    let elsewhere = || with_words(facts(), OLD_WORDS, &words(true, json!([])));
    vec![
        case("emergency", "By law, in an emergency.", facts(), urgent(ask(None)), "emergency", &[WORDS]),
        could(case(
            "emergency-not-said",
            "It is not said to be an emergency: the hint says that the law would permit one.",
            facts(),
            ask(None),
            "no_authority",
            &[WORDS],
        )),
        case(
            "emergency-of-another",
            "The law for emergencies names somebody else.",
            with_words(base(), WORDS, &words(true, basis(EMPLOYER))),
            urgent(ask(None)),
            "no_authority",
            &[WORDS],
        ),
        case(
            "emergency-out-of-force",
            "The law for emergencies stands in a catalogue that is out of force.",
            with_words(base(), OLD_WORDS, &words(false, basis(ACTOR))),
            urgent(ask(None)),
            "no_authority",
            &[WORDS],
        ),
        case(
            "emergency-with-a-consent",
            "There is a consent: the emergency is not what the permit rests on.",
            with(facts(), std::slice::from_ref(&consent)),
            urgent(ask(None)),
            "consent",
            &[2, WORDS],
        ),
        case(
            "emergency-by-law-anyway",
            "A basis in law that always holds goes before one for emergencies.",
            with_words(base(), WORDS, &words(true, json!([law(ACTOR)[0], basis(ACTOR)[0]]))),
            urgent(ask(None)),
            "legal_basis",
            &[WORDS],
        ),
        case(
            "emergency-though-ended",
            "The consent was ended: in an emergency the law permits it.",
            with(facts(), &[but(consent.clone(), "status", json!(15))]),
            urgent(ask(None)),
            "emergency",
            &[WORDS],
        ),
        could(case(
            "emergency-hint-of-another-catalogue",
            "The catalogue whose law would permit it is evidence of the denial, beside the one that lends its words.",
            with(elsewhere(), &[but(consent, "status", json!(15))]),
            ask(None),
            "ended",
            &[2, OLD_WORDS, WORDS],
        )),
        could(case(
            "emergency-hint-after-a-condition",
            "A condition that gives no hint of its own.",
            with(facts(), std::slice::from_ref(&used)),
            ask(None),
            "condition",
            &[2, WORDS],
        )),
        case(
            "emergency-on-behalf",
            "The principal is whom the law names; the actor has its mandate.",
            with(with_words(base(), WORDS, &words(true, basis(EMPLOYER))), std::slice::from_ref(&employed)),
            urgent(ask(Some(id(EMPLOYER)))),
            "emergency",
            &[3, WORDS],
        ),
        case(
            "emergency-without-mandate",
            "An emergency is no mandate of the principal: step 1 is not what the law is about.",
            with_words(base(), WORDS, &words(true, basis(EMPLOYER))),
            urgent(ask(Some(id(EMPLOYER)))),
            "no_authority",
            &[WORDS],
        ),
        case(
            "emergency-of-the-dead",
            "With the data of somebody who has ended only what the law always permits.",
            {
                let mut facts = facts();
                facts["parties"][procura_core::Hash([SUBJECT; 32]).to_string()] = json!({"status": 15});
                facts
            },
            urgent(ask(None)),
            "party_not_active",
            &[WORDS],
        ),
    ]
}

//! Decisions on the terms of a grant: how many must act, how sure the keys are, conditions, what it is under, when it ends.

use super::{
    ACTOR, AT, EMPLOYER, OLD_WORDS, SUBJECT, WORDS, ask, base, but, case, grant, id, with, with_words, words,
};
use crate::vectors::Case;
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [together(), assurance(), conditions(), under(), notice()].concat()
}

pub(super) fn hinted(case: Case, hint: Value) -> Case {
    case.change(|members| members["decision"]["hint"] = hint)
}

fn mandate() -> Value {
    grant(1, "mandate", SUBJECT, ACTOR)
}

fn together() -> Vec<Case> {
    let joint = but(but(mandate(), "to", json!([id(ACTOR), id(EMPLOYER)])), "needed", json!(2));
    let facts = || with(base(), std::slice::from_ref(&joint));
    let with_other = |other: Value| but(ask(None), "together_with", json!([other]));
    vec![
        hinted(
            case(
                "together-alone",
                "Two must act together; one does.",
                facts(),
                ask(None),
                "together",
                &[1, WORDS],
            ),
            json!({"together": 2}),
        ),
        case("together", "Both act.", facts(), with_other(id(EMPLOYER)), "mandate", &[1, WORDS]),
        hinted(
            case(
                "together-with-another",
                "Somebody else acts along.",
                facts(),
                with_other(id(SUBJECT)),
                "together",
                &[1, WORDS],
            ),
            json!({"together": 2}),
        ),
        hinted(
            case(
                "together-with-nobody",
                "Somebody whom nobody registered acts along.",
                facts(),
                with_other(json!(null)),
                "together",
                &[1, WORDS],
            ),
            json!({"together": 2}),
        ),
        case(
            "through-a-mandatee",
            "The principal has the subject's mandate and acts through its own mandatee.",
            with(base(), &[grant(3, "mandate", EMPLOYER, ACTOR), grant(4, "mandate", SUBJECT, EMPLOYER)]),
            ask(Some(id(EMPLOYER))),
            "mandate",
            &[3, 4, WORDS],
        ),
        case(
            "either-alone",
            "Each of two may act alone.",
            with(base(), &[but(mandate(), "to", json!([id(ACTOR), id(EMPLOYER)]))]),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
    ]
}

fn assurance() -> Vec<Case> {
    let mut sure = words(true, json!([]));
    sure["categories"][0]["assurance"] = json!("high");
    let facts = |assurance: &str, under: Option<&str>| {
        let mut grants = vec![but(mandate(), "assurance", json!(assurance))];
        if let Some(above) = under {
            grants[0]["under"] = id(2);
            grants.push(but(grant(2, "mandate", SUBJECT, EMPLOYER), "assurance", json!(above)));
        }
        with(with_words(base(), WORDS, &sure), &grants)
    };
    let high = json!({"assurance": "high"});
    vec![
        case(
            "assurance-high",
            "The category above asks for high, and it was given so.",
            facts("high", None),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        hinted(
            case(
                "assurance-substantial",
                "It was given with a key that is bound less surely.",
                facts("substantial", None),
                ask(None),
                "assurance",
                &[1, WORDS],
            ),
            high.clone(),
        ),
        hinted(
            case(
                "assurance-above",
                "What it is under was given less surely.",
                facts("high", Some("low")),
                ask(None),
                "assurance",
                &[1, 2, WORDS],
            ),
            high,
        ),
    ]
}

fn conditions() -> Vec<Case> {
    let at_most = json!([{"type": "range", "of": "context", "property": "amount", "max": 100}]);
    let facts = |conditions: &Value, uses: Value| {
        let consent = but(grant(2, "consent", SUBJECT, ACTOR), "conditions", conditions.clone());
        with(base(), &[but(consent, "uses", uses)])
    };
    let of = |amount: u64| but(ask(None), "properties", json!({"context": {"amount": amount}}));
    let twice = json!([{"type": "uses", "times": 2}]);
    vec![
        case("condition-met", "It is met.", facts(&at_most, json!([])), of(100), "consent", &[2, WORDS]),
        case(
            "condition-not-met",
            "It is not met.",
            facts(&at_most, json!([])),
            of(101),
            "condition",
            &[2, WORDS],
        ),
        hinted(
            case(
                "condition-silent",
                "The caller does not say.",
                facts(&at_most, json!([])),
                ask(None),
                "condition",
                &[2, WORDS],
            ),
            json!({"property": "/context/amount"}),
        ),
        case(
            "used-once",
            "One use of two is left.",
            facts(&twice, json!([AT])),
            ask(None),
            "consent",
            &[2, WORDS],
        ),
        case(
            "used-up",
            "Both uses are gone.",
            facts(&twice, json!([AT, AT])),
            ask(None),
            "condition",
            &[2, WORDS],
        ),
    ]
}

fn under() -> Vec<Case> {
    let below = but(mandate(), "under", id(2));
    let above = grant(2, "mandate", SUBJECT, EMPLOYER);
    let facts = |above: Value| with(base(), &[below.clone(), above]);
    vec![
        case("under", "What it is under holds.", facts(above.clone()), ask(None), "mandate", &[1, 2, WORDS]),
        case(
            "under-ended",
            "What it is under has ended.",
            facts(but(above.clone(), "status", json!(15))),
            ask(None),
            "under_ended",
            &[1, 2, WORDS],
        ),
        case(
            "under-disputed",
            "What it is under is disputed.",
            facts(but(above.clone(), "status", json!(0x12))),
            ask(None),
            "under_ended",
            &[1, 2, WORDS],
        ),
        case(
            "under-narrower",
            "What it is under does not cover it.",
            facts(but(above, "scopes", json!(["tax"]))),
            ask(None),
            "under_ended",
            &[1, 2, WORDS],
        ),
        case(
            "under-missing",
            "What it is under is not there.",
            with(base(), std::slice::from_ref(&below)),
            ask(None),
            "under_ended",
            &[1, WORDS],
        ),
        case(
            "under-itself",
            "Two are under one another.",
            facts(but(grant(2, "mandate", SUBJECT, EMPLOYER), "under", id(1))),
            ask(None),
            "under_ended",
            &[1, 2, WORDS],
        ),
        case(
            "under-other-words",
            "What it is under names another catalogue, which is not there.",
            facts(but(grant(2, "mandate", SUBJECT, EMPLOYER), "catalogue", id(OLD_WORDS))),
            ask(None),
            "under_ended",
            &[1, 2, WORDS],
        ),
    ]
}

fn notice() -> Vec<Case> {
    let ends = |at: u64| with(base(), &[but(mandate(), "ends", json!(at))]);
    vec![
        case("notice", "A notice ends it a moment later.", ends(AT + 1), ask(None), "mandate", &[1, WORDS]),
        case("notice-over", "A notice has ended it.", ends(AT), ask(None), "expired", &[1, WORDS]),
    ]
}

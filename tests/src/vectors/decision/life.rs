//! Decisions after what happened to parties: death, protection, majority, merger, and what was known of it; and roles.

use super::{
    ACTOR, AT, DAY_MS, EMPLOYER, SUBJECT, WORDS, ask, base, but, case, grant, id, law, with, with_words,
    words,
};
use crate::vectors::Case;
use procura_core::Hash;
use serde_json::{Value, json};

const ROLE: u8 = 0xA4;

pub(super) fn cases() -> Vec<Case> {
    [deaths(), protection(), majority(), mergers(), roles()].concat()
}

/// A move of a party's status, by a life event.
fn event(event: &str, to: u8, effective: u64, logged_at: u64) -> Value {
    json!({"to": to, "event": event, "effective": effective, "logged_at": logged_at})
}

fn after(mut facts: Value, party: u8, moves: &[Value]) -> Value {
    facts["parties"][Hash([party; 32]).to_string()]["moves"] = json!(moves);
    facts
}

fn granted() -> Value {
    with(base(), &[grant(1, "mandate", SUBJECT, ACTOR)])
}

fn in_good_faith(case: Case) -> Case {
    case.change(|members| members["decision"]["good_faith"] = json!(true))
}

fn deaths() -> Vec<Case> {
    let died = |effective, logged_at| after(granted(), SUBJECT, &[event("death", 15, effective, logged_at)]);
    let lawful = after(
        with_words(base(), WORDS, &words(true, law(ACTOR))),
        SUBJECT,
        &[event("death", 15, AT - 2, AT - 1)],
    );
    vec![
        case(
            "death-later",
            "The mandator died later.",
            died(AT + 1, AT + DAY_MS),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        in_good_faith(case(
            "death-unrecorded",
            "The mandator had died, but nobody had recorded it.",
            died(AT - DAY_MS, AT + DAY_MS),
            ask(None),
            "mandate",
            &[1, WORDS],
        )),
        case(
            "death-recorded",
            "The mandator's death is recorded.",
            died(AT - DAY_MS, AT),
            ask(None),
            "party_not_active",
            &[WORDS],
        ),
        case(
            "death-and-law",
            "What the law permits it permits after death.",
            lawful,
            ask(None),
            "legal_basis",
            &[WORDS],
        ),
        case(
            "end-without-event",
            "The subject's record ended otherwise: that has no instant.",
            after(granted(), SUBJECT, &[json!({"to": 15, "logged_at": AT + DAY_MS})]),
            ask(None),
            "party_not_active",
            &[WORDS],
        ),
    ]
}

fn protection() -> Vec<Case> {
    let of = |grant: Value| after(with(base(), &[grant]), SUBJECT, &[event("protection", 3, AT - 2, AT - 1)]);
    let mandate = || grant(1, "mandate", SUBJECT, ACTOR);
    let own = but(ask(None), "actor", id(SUBJECT));
    vec![
        case("protected", "An ordinary mandate sleeps.", of(mandate()), ask(None), "protected", &[1, WORDS]),
        case(
            "protected-survives",
            "An extrajudicial mandate holds on.",
            of(but(mandate(), "survives", json!(true))),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        case(
            "protected-by-law",
            "The administrator acts.",
            of(but(mandate(), "ground", json!("administration"))),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        case(
            "protected-self",
            "They don't act themselves.",
            of(mandate()),
            own,
            "party_not_active",
            &[WORDS],
        ),
        case(
            "protected-no-more",
            "The protection has ended.",
            after(
                with(base(), &[mandate()]),
                SUBJECT,
                &[event("protection", 3, AT - 4, AT - 3), event("protection-end", 2, AT - 2, AT - 1)],
            ),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
    ]
}

fn majority() -> Vec<Case> {
    let of = |ground: Option<&str>| {
        let mandate = grant(1, "mandate", SUBJECT, ACTOR);
        let mandate = match ground {
            Some(ground) => but(mandate, "ground", json!(ground)),
            None => mandate,
        };
        after(with(base(), &[mandate]), SUBJECT, &[event("majority", 2, AT - 2, AT - 1)])
    };
    vec![
        case("of-age", "Parents act no more.", of(Some("parental")), ask(None), "lapsed", &[1, WORDS]),
        case(
            "of-age-guardian",
            "Nor does a guardian.",
            of(Some("guardianship")),
            ask(None),
            "lapsed",
            &[1, WORDS],
        ),
        case("of-age-own", "What was given oneself goes on.", of(None), ask(None), "mandate", &[1, WORDS]),
    ]
}

fn mergers() -> Vec<Case> {
    let merged = |logged_at: u64, grants: &[Value]| {
        let mut step = event("merger", 15, AT - DAY_MS, logged_at);
        step["into"] = id(ACTOR);
        after(with(base(), grants), EMPLOYER, &[step])
    };
    let to_old = grant(1, "mandate", SUBJECT, EMPLOYER);
    let by_old = but(ask(None), "actor", id(EMPLOYER));
    vec![
        case(
            "merged",
            "The actor took over from the mandatee.",
            merged(AT - 1, std::slice::from_ref(&to_old)),
            ask(None),
            "mandate",
            &[1, WORDS],
        ),
        case(
            "merged-into-one",
            "Two must act together, and became one: one is not two.",
            merged(
                AT - 1,
                &[but(
                    but(grant(1, "mandate", SUBJECT, ACTOR), "to", json!([id(ACTOR), id(EMPLOYER)])),
                    "needed",
                    json!(2),
                )],
            ),
            ask(None),
            "lapsed",
            &[1, WORDS],
        ),
        case(
            "merged-later",
            "The merger was not recorded yet.",
            merged(AT + 1, std::slice::from_ref(&to_old)),
            ask(None),
            "no_authority",
            &[WORDS],
        ),
        case(
            "merged-old",
            "The one that was merged acts no more.",
            merged(AT - 1, std::slice::from_ref(&to_old)),
            by_old,
            "party_not_active",
            &[WORDS],
        ),
        case(
            "lapsed-mandatee",
            "Of two who must act together one has died.",
            after(
                with(
                    base(),
                    &[but(
                        but(grant(1, "mandate", SUBJECT, ACTOR), "to", json!([id(ACTOR), id(EMPLOYER)])),
                        "needed",
                        json!(2),
                    )],
                ),
                EMPLOYER,
                &[event("death", 15, AT - 2, AT - 1)],
            ),
            ask(None),
            "lapsed",
            &[1, WORDS],
        ),
    ]
}

fn roles() -> Vec<Case> {
    let facts = |status: u8| {
        let mut facts = with(base(), &[grant(2, "consent", SUBJECT, EMPLOYER)]);
        facts["parties"][Hash([ROLE; 32]).to_string()] = json!({"status": status, "under": id(EMPLOYER)});
        facts
    };
    let until = |until: u64| {
        let mut facts = facts(2);
        facts["parties"][Hash([ROLE; 32]).to_string()]["until"] = json!(until);
        facts
    };
    let by_role = but(ask(None), "actor", id(ROLE));
    vec![
        case(
            "role-until",
            "The last instant of a role.",
            until(AT + 1),
            by_role.clone(),
            "consent",
            &[2, WORDS],
        ),
        case(
            "role-over",
            "A role is over from the instant on that it says.",
            until(AT),
            by_role.clone(),
            "party_not_active",
            &[WORDS],
        ),
        case(
            "role",
            "A role acts as the one that it is under.",
            facts(2),
            by_role.clone(),
            "consent",
            &[2, WORDS],
        ),
        case("role-pending", "A role that is pending.", facts(1), by_role.clone(), "no_authority", &[WORDS]),
        case(
            "role-ended",
            "A role that has ended.",
            after(facts(2), ROLE, &[json!({"to": 15, "logged_at": AT - 1})]),
            by_role,
            "party_not_active",
            &[WORDS],
        ),
    ]
}

//! What is true is believed: each side, each way to say how a key stands, what is disclosed, and a question.

use super::{Stage, Trial};
use crate::world::Actor;
use procura_core::draft::Draft;
use procura_core::key::SoftKey;
use procura_core::presentation::{Parts, Showable};
use procura_core::record::Record;
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock};
use serde_json::json;
use std::sync::Arc;

/// A second key of a party, bound by its first.
pub(super) fn second_key(stage: &Stage, of: &Actor) -> Actor {
    let key = Arc::new(SoftKey::from_seed(&stage.world.fresh()));
    let kid = stage.world.append(stage.world.key_record(of, &of.party, &key, "cosigned")).id;
    Actor { kid, key, ..of.clone() }
}

/// A life event of a party, recorded by an authority.
pub(super) fn event(stage: &Stage, authority: &Actor, of: &Actor, event: &str) -> Hash {
    let draft = Draft::on("life-event", &stage.world.occasion(), &of.party)
        .member("event", json!(event))
        .member("effective", json!(stage.world.clock.now()));
    stage.world.append(draft.sign(&authority.kid, authority.key.as_ref()).unwrap()).id
}

/// The end of a mandate, at an instant ahead.
pub(super) fn notice(stage: &Stage, by: &Actor, mandate: &Hash, end: Millis) -> Hash {
    let draft = Draft::on("revocation", &stage.world.occasion(), mandate).member("effective", json!(end));
    stage.world.append(draft.sign(&by.kid, by.key.as_ref()).unwrap()).id
}

pub(super) fn trials() -> Vec<Trial> {
    [family(), organisation(), questions(), endings()].concat()
}

fn family() -> Vec<Trial> {
    let stage = Stage::new();
    let (mother, son, given) = stage.family();
    let phone = second_key(&stage, &son);
    let by_phone = Parts { key: Some(stage.receipt(&phone.kid, &son)), ..stage.parts(&given, &son) };
    let by_phone = stage.made(by_phone, &phone, &stage.challenge, &son.party);
    let reference = stage.asking(&[Showable::Reference], None);
    let all = stage.asking(&Showable::ALL, None);
    let showing = |challenge| stage.made(stage.parts(&given, &son), &son, challenge, &son.party);
    let accept = |name, reason| [name, reason, "accept"];
    let mut trials = vec![
        stage.told(
            accept("mandatee", "The mandatee shows it, with the key that accepted it."),
            &stage.shown(&given, &son),
        ),
        stage.told(
            accept("mandator", "The mandator shows it, with the key that gave it."),
            &stage.shown(&given, &mother),
        ),
        stage.told(
            accept("other-key", "The mandatee shows it with another key of his, whose receipt is beside."),
            &by_phone,
        ),
        stage.asked(
            accept("reference-shown", "The reference was asked for, and is shown."),
            &showing(&reference),
            &reference,
        ),
        stage.asked(
            accept("all-shown", "All that may be shown was asked for, and is."),
            &showing(&all),
            &all,
        ),
    ];
    let authority = stage.world.institution("kbo:0202239951", &["authority"]);
    event(&stage, &authority, &mother, "protection");
    event(&stage, &authority, &mother, "protection-end");
    let again = Parts { party: Some(stage.receipt(&mother.party, &mother)), ..stage.parts(&given, &mother) };
    let again = stage.made(again, &mother, &stage.challenge, &mother.party);
    trials.push(stage.told(
        accept(
            "party-beside",
            "The mandator was under protection for a while: the receipt of her party tells that it is over.",
        ),
        &again,
    ));
    trials.push(stage.told(
        [
            "party-not-beside",
            "The same without that receipt: who put her party into force again is not to be seen.",
            "missing_record",
        ],
        &stage.shown(&given, &mother),
    ));
    trials
}

fn organisation() -> Vec<Trial> {
    let stage = Stage::new();
    let world = &stage.world;
    let (citizen, office) = (world.person("48031500292"), world.institution("kbo:0308357159", &[]));
    let clerk = world.role(&office, &[]);
    let mandate = world.append(world.mandate(&citizen, &office.party, &["tax"])).id;
    world.append(world.transition("acceptance", &office, &mandate));
    let consent = world.append(world.consent(&citizen, &office.party, &["tax"], &["read"])).id;
    let with_key = |id: &Hash, holder: &Actor, reader: &Actor| {
        let parts = Parts { key: Some(stage.receipt(&holder.kid, reader)), ..stage.parts(id, reader) };
        stage.made(parts, holder, &stage.challenge, &office.party)
    };
    let accept = |name, reason| [name, reason, "accept"];
    let mut trials = vec![
        stage.told(
            accept("role", "A clerk shows the mandate of the office, in a role under it."),
            &with_key(&mandate, &clerk, &office),
        ),
        stage.told(
            accept("recipient", "The recipient of a consent shows it."),
            &with_key(&consent, &office, &office),
        ),
        stage.told(accept("subject", "The subject of a consent shows it."), &stage.shown(&consent, &citizen)),
    ];
    let temp = world.role_until(&office, &[], Millis(world.clock.now().0 + 60_000));
    let names = accept("role-until", "A clerk shows it in a role that has an end.");
    trials.push(stage.told(names, &with_key(&mandate, &temp, &office)));
    world.clock.pass(60_000);
    trials.push(stage.told(
        ["role-over", "The clerk's role is over: nobody ended it.", "party_not_active"],
        &with_key(&mandate, &temp, &office),
    ));
    let authority = world.institution("kbo:0202239951", &["authority"]);
    event(&stage, &authority, &office, "closure");
    trials.push(stage.told(
        [
            "role-of-a-closed-office",
            "The clerk's role goes on, but the office is closed.",
            "party_not_active",
        ],
        &with_key(&mandate, &clerk, &office),
    ));
    trials
}

fn questions() -> Vec<Trial> {
    let stage = Stage::new();
    let (mother, son, given) = stage.family();
    let asking = stage.asking(&[], Some(("pension.file", "read")));
    let with_answer = |holder: &Actor, category: &str, actor: &Actor| {
        let request = crate::world::World::ask(
            &format!("party:{}", actor.party),
            category,
            &format!("party:{}", mother.party),
            "read",
        );
        let ask = Ask::now(Audience::Party(holder.party));
        let answer = stage.world.ledger.view().check(&request, stage.world.clock.now(), &ask).unwrap();
        let parts = Parts { authority: Some(answer), ..stage.parts(&given, holder) };
        stage.made(parts, holder, &asking, &holder.party)
    };
    let right = with_answer(&son, "pension.file", &son);
    let beyond = stage.asking(&[], Some(("tax", "read")));
    let other = with_answer(&son, "tax", &son);
    vec![
        stage.asked(
            ["question", "What is asked for is permitted by the mandate.", "accept"],
            &right,
            &asking,
        ),
        stage.asked(
            ["question-to-the-mandator", "The mandator shows that he may do it for her.", "accept"],
            &with_answer(&mother, "pension.file", &son),
            &asking,
        ),
        stage.asked(
            ["question-unanswered", "A question, and no answer to it.", "question"],
            &stage.shown(&given, &son),
            &asking,
        ),
        stage.told(["question-not-asked", "An answer to what was not asked.", "question"], &right),
        stage.asked(
            ["question-another", "The answer is to another question.", "other_question"],
            &right,
            &beyond,
        ),
        stage.asked(
            [
                "question-denied",
                "What is asked for is refused: the mandate does not cover it.",
                "not_permitted",
            ],
            &other,
            &beyond,
        ),
        stage.asked(
            ["question-her-own", "A permit that needs no mandate: she asks about herself.", "other_question"],
            &with_answer(&mother, "pension.file", &mother),
            &asking,
        ),
    ]
}

fn endings() -> Vec<Trial> {
    let stage = Stage::new();
    let (mother, son, given) = stage.family();
    let end = Millis(stage.world.clock.now().0 + 60_000);
    let ending = notice(&stage, &mother, &given, end);
    let shown = stage.shown(&given, &son);
    let ahead = stage.told(["notice-ahead", "A notice says that it ends in a minute.", "accept"], &shown);
    let mut hidden = shown.clone();
    for entry in &mut hidden.parts.mandate.entries {
        let is_notice = |body: &str| Record::parse(body).unwrap().id() == ending;
        if entry.sealed.as_ref().is_some_and(|sealed| is_notice(&sealed.body)) {
            entry.sealed = None;
        }
    }
    let hidden = stage.told(
        [
            "notice-hidden",
            "The same, and the notice is not opened: when it ends nobody knows, so it has.",
            "expired",
        ],
        &hidden,
    );
    let through = Parts { mandate: stage.receipt(&ending, &son), ..stage.parts(&given, &son) };
    let through = stage.made(through, &son, &stage.challenge, &son.party);
    let through = stage
        .told(["notice-through", "The receipt asks for the notice besides.", "other_question"], &through);
    let over = Trial {
        name: "notice-over",
        reason: "The same, a minute later.",
        expect: "expired",
        now: end,
        ..ahead.clone()
    };
    vec![ahead, hidden, through, over]
}

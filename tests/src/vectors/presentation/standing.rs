//! Whether the mandate holds.

use super::{Stage, Trial};
use crate::world::Actor;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::Validity;
use procura_core::presentation::Parts;
use procura_core::{Hash, Millis};
use procura_ledger::Clock;
use serde_json::json;

/// Signs a transition on a record.
fn moved(stage: &Stage, kind: &str, by: &Actor, target: &Hash, change: impl FnOnce(Draft) -> Draft) {
    let draft = change(Draft::on(kind, &stage.world.occasion(), target));
    stage.world.append(draft.sign(&by.kid, by.key.as_ref()).unwrap());
}

pub(super) fn trials() -> Vec<Trial> {
    let stage = Stage::new();
    let (mother, son, given) = stage.family();
    let own = Parts { mandate: stage.receipt(&son.party, &son), ..stage.parts(&given, &son) };
    let own = stage.made(own, &son, &stage.challenge, &son.party);
    let before = stage.told(["", "", "accept"], &stage.shown(&given, &son));
    let mut trials = vec![stage.told(["not-a-grant", "A party's own record.", "not_a_grant"], &own)];
    moved(&stage, "suspension", &mother, &given, |draft| draft);
    trials.push(stage.told(
        ["suspended", "The mandate is out of force for now.", "suspended"],
        &stage.shown(&given, &son),
    ));
    moved(&stage, "suspension", &mother, &given, |draft| draft.member("lift", json!(true)));
    moved(&stage, "dispute", &mother, &given, |draft| draft.member("step", json!("open")));
    trials.push(stage.told(["disputed", "The mandate is disputed.", "disputed"], &stage.shown(&given, &son)));
    moved(&stage, "revocation", &mother, &given, |draft| draft);
    trials.push(stage.told(["ended", "The mandate was revoked.", "ended"], &stage.shown(&given, &son)));
    stage.world.clock.pass(301_000);
    // Signed anew for a new challenge, over the receipt of before the revocation.
    let kept =
        procura_core::presentation::Presentation::parse(before.presentation.to_string().as_bytes()).unwrap();
    let kept = stage.signed(kept.parts, &son, &stage.challenge);
    trials.push(stage.told(
        [
            "receipt-of-before",
            "A receipt of before the revocation, kept, under a key binding of now.",
            "stale",
        ],
        &kept,
    ));
    [trials, waiting(), times()].concat()
}

fn waiting() -> Vec<Trial> {
    let stage = Stage::new();
    let (mother, son) = (stage.world.person("48031500292"), stage.world.person("75061200192"));
    let given = stage.world.append(stage.world.mandate(&mother, &son.party, &["pension"])).id;
    vec![stage.told(
        ["not-accepted", "A mandate that its mandatee has not accepted.", "not_accepted"],
        &stage.shown(&given, &mother),
    )]
}

/// A mandate for tomorrow alone.
fn times() -> Vec<Trial> {
    let stage = Stage::new();
    let world = &stage.world;
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let tomorrow = Day::of(Millis(world.clock.now().0 + 24 * 3600 * 1000)).unwrap();
    let validity = Validity::of_days(tomorrow, Some(tomorrow));
    let draft = Draft::mandate(
        &world.occasion(),
        &mother.party,
        &son.party,
        &world.catalogue,
        &["tax".to_owned()],
        &validity,
    );
    let given = world.append(draft.sign(&mother.kid, mother.key.as_ref()).unwrap()).id;
    world.append(world.transition("acceptance", &son, &given));
    let early =
        stage.told(["not-yet-valid", "A mandate for tomorrow.", "not_yet_valid"], &stage.shown(&given, &son));
    let not_after = validity.not_after.unwrap();
    let at = |now: Millis| {
        world.clock.pass(now.0 - world.clock.now().0);
        let note = Draft::new("note", &world.occasion());
        world.append(note.sign(&son.kid, son.key.as_ref()).unwrap());
        stage.shown(&given, &son)
    };
    let last = at(Millis(not_after.0 - 1));
    let last = stage.told(["last-instant", "The last instant of a mandate.", "accept"], &last);
    let over = at(not_after);
    vec![early, last, stage.told(["expired", "The first instant after it.", "expired"], &over)]
}

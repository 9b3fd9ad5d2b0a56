//! What somebody has in hand beside a receipt: withdrawals that count although nobody logged them, and relays' notes. A case's `ask` is
//! `{"type":"withdrawal","record","keys"?}` or `{"type":"relayed","record","note"}`; there the receipt is that of the relay's key.

use super::truths::{family, now, policy, told};
use super::{Told, Trial};
use crate::world::{Actor, World};
use procura_core::draft::Draft;
use procura_core::jws::{Jws, RECORD_TYP};
use procura_core::key::{Signer as _, SoftKey};
use procura_core::receipt::{RELAY_TYP, relay_note};
use procura_core::record::Record;
use procura_core::{Hash, Millis, b64};
use procura_ledger::{Ask, Audience, Clock};
use serde_json::{Value, json};
use std::sync::Arc;

struct Scene {
    world: World,
    mother: Actor,
    son: Actor,
    mandate: Hash,
}

impl Scene {
    fn new() -> Self {
        let (world, mother, son, mandate) = family();
        world.append(world.transition("acceptance", &son, &mandate));
        Self { world, mother, son, mandate }
    }

    fn status(&self, id: &Hash) -> Told {
        let receipt = self.world.ledger.view().receipt(id, &now()).unwrap().unwrap();
        told(&self.world, receipt, Value::Null)
    }

    fn decision(&self) -> Told {
        let asked = World::ask(&self.son.identifier, "pension", &self.mother.identifier, "read");
        let ask = Ask::now(Audience::Party(self.son.party));
        let receipt = self.world.ledger.view().check(&asked, self.world.clock.now(), &ask).unwrap();
        told(&self.world, receipt, Value::Null)
    }

    fn key(&self, by: &Actor) -> Value {
        serde_json::from_str(&self.status(&by.kid).receipt.to_json()).unwrap()
    }

    fn signed(&self, kind: &str, by: &Actor) -> String {
        self.world.transition(kind, by, &self.mandate).record
    }

    fn case(
        &self,
        name: &'static str,
        reason: &'static str,
        expect: &'static str,
        of: &Told,
        record: &str,
    ) -> Trial {
        let ask = json!({"type": "withdrawal", "record": record});
        Trial::new(name, reason, expect, of).ask(ask).mode(json!({"fresh": self.world.clock.now()}))
    }
}

pub(super) fn trials() -> Vec<Trial> {
    [withdrawals(&Scene::new()), keys(&Scene::new()), notes(&Scene::new())].concat()
}

fn withdrawals(scene: &Scene) -> Vec<Trial> {
    let (world, mother, son) = (&scene.world, &scene.mother, &scene.son);
    let (status, decision) = (scene.status(&scene.mandate), scene.decision());
    let revocation = scene.signed("revocation", mother);
    let from = world.clock.now();
    let notice = Draft::on("revocation", &world.occasion(), &scene.mandate).member("effective", json!(from));
    let notice = notice.sign(&mother.kid, mother.key.as_ref()).unwrap().record;
    let lift = Draft::on("suspension", &world.occasion(), &scene.mandate).member("lift", json!(true));
    let lift = lift.sign(&mother.kid, mother.key.as_ref()).unwrap().record;
    let forged = Actor { key: son.key.clone(), ..mother.clone() };
    let elsewhere = procura_core::draft::Occasion { origin: "trial/elsewhere", ..world.occasion() };
    let elsewhere = Draft::on("revocation", &elsewhere, &scene.mandate);
    let elsewhere = elsewhere.sign(&mother.kid, mother.key.as_ref()).unwrap().record;
    let stranger = Actor { kid: Hash([9; 32]), ..mother.clone() };
    let at = |now: u64| json!({"fresh": now});
    let other = scene.status(&mother.party);
    let case = |name, reason, expect, of, record: &str| scene.case(name, reason, expect, of, record);
    let mut all = vec![
        case("in-hand-revocation", "The giver's revocation, not logged.", "accept", &status, &revocation),
        case("in-hand-decision", "The same, of what a decision rests on.", "accept", &decision, &revocation),
        case(
            "in-hand-renunciation",
            "The taker's renunciation.",
            "accept",
            &status,
            &scene.signed("renunciation", son),
        ),
        case(
            "in-hand-suspension",
            "The giver's suspension.",
            "accept",
            &status,
            &scene.signed("suspension", mother),
        ),
        case("in-hand-notice", "A notice whose day has come.", "accept", &status, &notice),
        case("in-hand-notice-early", "A notice whose day has not come.", "in_force", &status, &notice)
            .mode(at(from.0 - 1)),
        case("in-hand-future", "Signed over five minutes from now.", "future", &status, &revocation)
            .mode(at(world.clock.now().0 - 300_001)),
        case(
            "in-hand-by-the-taker",
            "A revocation by who was given it.",
            "not_allowed",
            &status,
            &scene.signed("revocation", son),
        ),
        case(
            "in-hand-forged",
            "Another's signature under the giver's key.",
            "signature",
            &status,
            &scene.signed("revocation", &forged),
        ),
        case(
            "in-hand-unknown-key",
            "A key that nobody has shown.",
            "unknown_signer",
            &status,
            &scene.signed("revocation", &stranger),
        ),
        case("in-hand-of-another", "The receipt is of another record.", "other_target", &other, &revocation),
        case(
            "in-hand-acceptance",
            "A record that withdraws nothing.",
            "not_a_withdrawal",
            &status,
            &scene.signed("acceptance", son),
        ),
        case(
            "in-hand-lift",
            "The lifting of a suspension that is not there.",
            "opening_move",
            &status,
            &lift,
        ),
        case("in-hand-elsewhere", "Meant for another ledger.", "wrong_origin", &status, &elsewhere),
        case("in-hand-no-record", "No record at all.", "jws_parts", &status, "e30.e30"),
    ];
    world.append(world.transition("revocation", mother, &scene.mandate));
    let ended = scene.status(&scene.mandate);
    all.push(case("in-hand-ended", "What it withdraws has ended already.", "accept", &ended, &revocation));
    all.push(case(
        "in-hand-ended-by-the-taker",
        "The same, by who may not.",
        "not_allowed",
        &ended,
        &scene.signed("revocation", son),
    ));
    all
}

/// A second key of the giver's, which the receipt does not show.
fn keys(scene: &Scene) -> Vec<Trial> {
    let (world, mother) = (&scene.world, &scene.mother);
    let key = SoftKey::from_seed(&[0x5E; 32]);
    let kid = world.append(world.key_record(mother, &mother.party, &key, "cosigned")).id;
    let second = Actor { kid, key: Arc::new(key), ..mother.clone() };
    let (status, record, active) =
        (scene.status(&scene.mandate), scene.signed("revocation", &second), scene.key(&second));
    let end = Draft::on("key-end", &world.occasion(), &kid).member("reason", json!("lost"));
    world.append(end.sign(&kid, second.key.as_ref()).unwrap());
    let ended = scene.key(&second);
    let case = |name, reason, expect, keys: &[&Value]| {
        let ask = json!({"type": "withdrawal", "record": record, "keys": keys});
        scene.case(name, reason, expect, &status, &record).ask(ask)
    };
    vec![
        case("in-hand-key-shown", "The signer's key by a receipt of its own.", "accept", &[&active]),
        case(
            "in-hand-key-of-another",
            "The receipt of another key.",
            "unknown_signer",
            &[&scene.key(&scene.son)],
        ),
        case("in-hand-key-ended", "The signer's key has ended.", "key_not_active", &[&ended]),
        case(
            "in-hand-key-ended-since",
            "Of two receipts the longer list counts.",
            "key_not_active",
            &[&active, &ended],
        ),
    ]
}

fn notes(scene: &Scene) -> Vec<Trial> {
    let (world, mother) = (&scene.world, &scene.mother);
    let relay = world.institution("kbo:0308357159", &[]);
    let organisation = world.organisation("0440966354");
    let text = scene.signed("revocation", mother);
    let record = Record::parse(&text).unwrap();
    let (at, key) = (world.clock.now(), scene.status(&relay.kid));
    let note = |time: u64, by: &Actor| relay_note(&record, Millis(time), &by.kid, by.key.as_ref()).unwrap();
    let case = |name, reason, expect, of: &Told, record: &str, note: &str| {
        Trial::new(name, reason, expect, of).ask(json!({"type": "relayed", "record": record, "note": note}))
    };
    let forged = Actor { key: mother.key.clone(), ..relay.clone() };
    let good = note(at.0, &relay);
    // The same payload signed once more, in another way: one record, two bodies.
    let resigned = {
        let head = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"{RECORD_TYP}"}}"#, mother.kid);
        let input = format!("{}.{}", b64::encode(head.as_bytes()), b64::encode(record.jws().payload()));
        format!("{input}.{}", b64::encode(&mother.key.sign(input.as_bytes()).unwrap()))
    };
    assert_eq!(Record::parse(&resigned).unwrap().id(), record.id());
    let later = Jws::sign(&relay.kid, RELAY_TYP, br#"{"v":2}"#, relay.key.as_ref()).unwrap();
    let mut all = vec![
        case("relayed", "An institution had the record.", "accept", &key, &text, &good),
        case(
            "relayed-another",
            "A note on another record.",
            "other_record",
            &key,
            &scene.signed("revocation", mother),
            &good,
        ),
        case(
            "relayed-signed-again",
            "A note on another signature of it.",
            "other_record",
            &key,
            &resigned,
            &good,
        ),
        case(
            "relayed-early",
            "Dated before the record was signed.",
            "relay_time",
            &key,
            &text,
            &note(at.0 - 300_001, &relay),
        ),
        case(
            "relayed-forged",
            "Another's signature under the relay's key.",
            "signature",
            &key,
            &text,
            &note(at.0, &forged),
        ),
        case(
            "relayed-other-key",
            "The receipt of another key.",
            "other_question",
            &key,
            &text,
            &note(at.0, mother),
        ),
        case(
            "relayed-by-an-organisation",
            "The relay is no institution.",
            "not_an_institution",
            &scene.status(&organisation.kid),
            &text,
            &note(at.0, &organisation),
        ),
        case("relayed-no-note", "The record's own signature.", "jws_typ", &key, &text, &text),
        case("relayed-later-version", "A note of a later version.", "unknown_version", &key, &text, &later),
    ];
    let end = Draft::on("key-end", &world.occasion(), &relay.kid).member("reason", json!("lost"));
    world.append(end.sign(&relay.kid, relay.key.as_ref()).unwrap());
    let ended = scene.status(&relay.kid);
    all.push(case("relayed-key-ended", "The relay's key has ended.", "key_not_active", &ended, &text, &good));
    debug_assert!(all.iter().all(|trial| trial.policy == policy(world)));
    all
}

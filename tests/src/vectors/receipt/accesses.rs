//! Receipts of accesses: what was decided on each, and what none of them is.

use super::truths::{now, told};
use super::{Told, Trial};
use crate::world::{Actor, World};
use procura_core::Hash;
use procura_core::decide::Hint;
use procura_core::draft::Draft;
use procura_core::receipt::{Question, Receipt};
use procura_ledger::{Audience, Clock};
use serde_json::{Value, json};

struct Hospital {
    world: World,
    patient: Actor,
    hospital: Actor,
    source: Actor,
}

impl Hospital {
    fn new() -> Self {
        let world = World::in_memory();
        let patient = world.person("48031500292");
        let (hospital, source) =
            (world.institution("kbo:0202239951", &[]), world.institution("kbo:0308357159", &[]));
        let title = |en: &str| json!({"de": en, "en": en, "fr": en, "nl": en});
        let bases = json!([{
            "code": "vital", "title": title("Vital interests"), "categories": ["household"], "purposes": ["read"],
            "recipients": [hospital.party], "emergency": true,
        }]);
        world.publish_catalogue(&world.root, 2, bases);
        Self { world, patient, hospital, source }
    }

    fn access(&self, category: &str, change: impl FnOnce(Draft) -> Draft) -> Hash {
        let draft = Draft::new("access", &self.world.occasion())
            .member("actor", json!(self.hospital.party))
            .member("subject", json!(self.patient.party))
            .member("source", json!(self.source.party))
            .member("category", json!(category))
            .member("purpose", json!("read"));
        let submission = change(draft).sign(&self.hospital.kid, self.hospital.key.as_ref()).unwrap();
        self.world.append(submission).id
    }

    fn told(&self, id: Hash) -> Told {
        let receipt = self.world.ledger.view().access(&id, None, Audience::Anyone).unwrap().unwrap();
        told(&self.world, receipt, json!({"type": "authority", "access": id}))
    }
}

/// The receipt with its question changed.
fn changed(of: &Told, change: impl FnOnce(&mut procura_core::receipt::Authority)) -> Told {
    let mut receipt: Receipt = of.receipt.clone();
    let Question::Authority(asked) = &mut receipt.question else { panic!("no decision") };
    change(asked);
    Told { receipt, ..of.clone() }
}

pub(super) fn trials() -> Vec<Trial> {
    let at = Hospital::new();
    let refused = at.access("household", |draft| draft);
    at.world.clock.pass(1000);
    let urgent = at.access("household", |draft| {
        draft
            .member("emergency", json!(true))
            .withheld("justification", &json!("Brought in unconscious"), &[7; 16])
            .unwrap()
    });
    let consent = at.world.consent(&at.patient, &at.hospital.party, &["tax"], &["read"]);
    at.world.append(consent);
    at.world.clock.pass(1000);
    let permitted = at.access("tax", |draft| draft);
    let (scopes, purposes) = (["pension".to_owned()], ["read".to_owned()]);
    let once = Draft::consent(
        &at.world.occasion(),
        &at.patient.party,
        &at.hospital.party,
        &at.world.catalogue,
        &scopes,
        &purposes,
        &at.world.a_year(),
    )
    .member("conditions", json!([{"type": "uses", "times": 1}]));
    at.world.append(once.sign(&at.patient.kid, at.patient.key.as_ref()).unwrap());
    at.world.clock.pass(1000);
    let used = at.access("pension", |draft| draft);
    let again = at.access("pension", |draft| draft);
    let [refused, urgent, permitted, used, again] =
        [refused, urgent, permitted, used, again].map(|id| at.told(id));

    let fresh = json!({"fresh": at.world.clock.now().0});
    let late = json!({"fresh": at.world.clock.now().0 + 301_000});
    let asks = |of: &Told| {
        serde_json::from_str::<Value>(&of.receipt.to_json()).unwrap()["question"]["request"].clone()
    };
    let accept = |name, reason, of: &Told| Trial::new(name, reason, "accept", of);
    let check = at.world.ledger.view();
    let check = check
        .check(
            &World::ask(&at.hospital.identifier, "tax", &at.patient.identifier, "read"),
            at.world.clock.now(),
            &now(),
        )
        .unwrap();
    let check = Told { receipt: check, ..permitted.clone() };
    vec![
        accept("access-refused", "An access without any right: logged, and no.", &refused),
        accept("access-emergency", "An access in an emergency, as the law permits it.", &urgent),
        accept("access-permitted", "An access under a consent, fresh.", &permitted).mode(fresh.clone()),
        accept("access-use", "An access that uses a consent whose uses are counted.", &used),
        accept("access-used-up", "The next one: the consent was used, and it is a trace.", &again),
        Trial::new("access-stale", "An access, five minutes later.", "stale", &permitted).mode(late),
        Trial::new(
            "access-for-a-question",
            "What was decided on an access, to somebody who asks the same without one.",
            "other_question",
            &permitted,
        )
        .ask(json!({"type": "authority", "request": asks(&permitted)})),
        Trial::new("access-of-another", "What was decided on another access.", "other_question", &urgent)
            .ask(refused.ask.clone()),
        Trial::new(
            "access-for-a-check",
            "The receipt of a check, to who asks about an access.",
            "other_question",
            &check,
        ),
        Trial::new(
            "access-of-later",
            "The access with the instant of the next one.",
            "other_party",
            &changed(&refused, |asked| asked.at.0 += 1),
        ),
        Trial::new(
            "access-made-an-emergency",
            "An access that was refused, with a request that says it was an emergency.",
            "other_party",
            &changed(&refused, |asked| asked.request.emergency = true),
        ),
        Trial::new(
            "access-not-refused",
            "An access that was refused, as if it had been an emergency.",
            "other_decision",
            &changed(&refused, |asked| {
                asked.decision.permit = true;
                asked.decision.reason = procura_core::decide::Reason::Emergency;
                asked.decision.hint = None;
            }),
        ),
        Trial::new(
            "access-hint-of-no-emergency",
            "A hint that says nothing.",
            "malformed",
            &changed(&refused, |asked| asked.decision.hint = Some(Hint::Emergency(false))),
        ),
        Trial::new(
            "access-emergency-without-law",
            "An access in an emergency without the catalogue whose law permits it.",
            "other_decision",
            &changed(&urgent, |asked| asked.decision.evidence.clear()),
        ),
    ]
}

//! No access receipt, no data. Goal: a source lets data go against the receipt of a logged, permitted access that names it, the person and
//! the category, once, while it is fresh; everything else is withheld, a permit that is not logged too. Method: the world of
//! `world.rs`, one receipt that is good, and one thing changed at a time.
use procura_client::guard::{Guard, Withheld};
use procura_core::decide::Reason;
use procura_core::draft::Draft;
use procura_core::receipt::{Question, Receipt};
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock};
use procura_tests::world::{Actor, World};
use serde_json::json;
use std::thread;

const MOTHER: &str = "48031500292";

struct Desk {
    world: World,
    mother: Actor,
    town: Actor,
    source: Actor,
    guard: Guard,
}

fn desk() -> Desk {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let town = world.institution("kbo:0202239951", &[]);
    let source = world.institution("kbo:0308357159", &[]);
    world.append(world.consent(&mother, &town.party, &["tax"], &["read"]));
    let guard = Guard::new(world.policy(), source.party);
    Desk { world, mother, town, source, guard }
}

impl Desk {
    fn access(&self, category: &str, source: &Hash) -> Vec<u8> {
        self.access_with(category, source, None)
    }

    fn access_with(&self, category: &str, source: &Hash, properties: Option<serde_json::Value>) -> Vec<u8> {
        let mut draft = Draft::new("access", &self.world.occasion())
            .member("actor", json!(self.town.party))
            .member("subject", json!(self.mother.party))
            .member("source", json!(source))
            .member("category", json!(category))
            .member("purpose", json!("read"));
        if let Some(properties) = properties {
            draft = draft.member("properties", properties);
        }
        let signed = draft.sign(&self.town.kid, self.town.key.as_ref()).unwrap();
        let logged = self.world.append(signed);
        logged.view.access(&logged.id, None, Audience::Anyone).unwrap().unwrap().to_json().into_bytes()
    }

    fn good(&self) -> Vec<u8> {
        self.access("tax", &self.source.party)
    }

    fn now(&self) -> Millis {
        self.world.clock.now()
    }

    fn withheld(&self, receipt: &[u8]) -> String {
        let asked = self.guard.release(receipt, &self.mother.party, "tax", self.now());
        asked.unwrap_err().name().to_owned()
    }
}

#[test]
fn a_logged_access_releases_once() {
    let desk = desk();
    let receipt = desk.good();
    let release = desk.guard.release(&receipt, &desk.mother.party, "tax", desk.now()).unwrap();
    assert_eq!((release.access.actor, release.reason), (desk.town.party, Reason::Consent));
    assert_eq!(desk.withheld(&receipt), "used");
    // The same access under a later checkpoint is the same access.
    let again = desk.world.ledger.view().access(&release.id, None, Audience::Anyone).unwrap().unwrap();
    assert_eq!(desk.withheld(again.to_json().as_bytes()), "used");
    // As long as it verifies it is remembered: at the last moment too.
    desk.world.clock.pass(desk.world.policy().max_age_s * 1000 + 999);
    assert_eq!(desk.withheld(&receipt), "used");
    desk.world.clock.pass(1);
    assert_eq!(desk.withheld(&receipt), "stale");
    let other = desk.good();
    assert!(desk.guard.release(&other, &desk.mother.party, "tax", desk.now()).is_ok());
}

#[test]
fn an_examined_receipt_is_not_used_up_and_says_as_much() {
    let desk = desk();
    let examine = |receipt: &[u8]| desk.guard.examine(receipt, desk.now());
    let receipt = desk.good();
    let release = examine(&receipt).unwrap();
    assert_eq!((release.access.subject, &*release.access.category), (desk.mother.party, "tax"));
    assert_eq!(examine(&receipt), Ok(release.clone()));
    assert_eq!(desk.guard.release(&receipt, &desk.mother.party, "tax", desk.now()), Ok(release.clone()));
    assert_eq!((desk.withheld(&receipt).as_str(), examine(&receipt)), ("used", Ok(release.clone())));
    // All else is looked at as ever.
    assert_eq!(
        examine(&desk.access("pension", &desk.source.party)),
        Err(Withheld::Denied(Reason::OutOfScope))
    );
    assert_eq!(examine(&desk.access("tax", &desk.town.party)), Err(Withheld::OtherData));
    // Until `at` and one maximum age are over, to the second, it is taken, and no longer.
    desk.world.clock.pass(release.at.0 + desk.world.policy().max_age_s * 1000 + 999 - desk.now().0);
    assert!(examine(&receipt).is_ok());
    desk.world.clock.pass(1);
    assert_eq!(examine(&receipt).unwrap_err().name(), "stale");
}

#[test]
fn a_use_of_a_counted_consent_releases_too() {
    let desk = desk();
    let draft = Draft::consent(
        &desk.world.occasion(),
        &desk.mother.party,
        &desk.town.party,
        &desk.world.catalogue,
        &["pension".to_owned()],
        &["read".to_owned()],
        &desk.world.a_year(),
    );
    let draft = draft.member("conditions", json!([{"type": "uses", "times": 1}]));
    desk.world.append(draft.sign(&desk.mother.kid, desk.mother.key.as_ref()).unwrap());
    let (first, second) =
        (desk.access("pension", &desk.source.party), desk.access("pension", &desk.source.party));
    let release = |receipt: &[u8]| desk.guard.release(receipt, &desk.mother.party, "pension", desk.now());
    assert!(release(&first).is_ok());
    assert_eq!(release(&second), Err(Withheld::Denied(Reason::Condition)));
}

#[test]
fn what_does_not_name_these_data_releases_nothing() {
    let desk = desk();
    let of = |receipt: &[u8], subject: &Hash, category: &str| {
        desk.guard.release(receipt, subject, category, desk.now()).unwrap_err()
    };
    let good = desk.good();
    assert_eq!(of(&good, &desk.town.party, "tax"), Withheld::OtherData);
    assert_eq!(of(&good, &desk.mother.party, "pension"), Withheld::OtherData);
    assert_eq!(desk.withheld(&desk.access("tax", &desk.town.party)), "other_data", "for another source");
    assert_eq!(
        of(&desk.access("pension", &desk.source.party), &desk.mother.party, "pension"),
        Withheld::Denied(Reason::OutOfScope)
    );
    // A check's permit is logged nowhere.
    let request = World::ask("kbo:0202239951", "tax", &format!("niss:{MOTHER}"), "read");
    let view = desk.world.ledger.view();
    let check = view.check(&request, desk.now(), &Ask::now(Audience::Anyone)).unwrap();
    let Question::Authority(asked) = &check.question else { panic!("{:?}", check.question) };
    assert!(asked.decision.permit);
    assert_eq!(desk.withheld(check.to_json().as_bytes()), "not_an_access");
    let status = view.receipt(&desk.mother.party, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    assert_eq!(desk.withheld(status.to_json().as_bytes()), "not_an_access");
    assert_eq!(desk.withheld(b"{}"), "malformed");

    // Turned round, or about somebody else: the proof is in the way.
    let refused = desk.access("pension", &desk.source.party);
    let mut turned = Receipt::parse(&refused).unwrap();
    let Question::Authority(asked) = &mut turned.question else { panic!("{:?}", turned.question) };
    (asked.decision.permit, asked.decision.reason) = (true, Reason::Consent);
    let turned = turned.to_json();
    let asked = desk.guard.release(turned.as_bytes(), &desk.mother.party, "pension", desk.now());
    assert_eq!(asked.unwrap_err().name(), "other_decision");
    let mut flipped = Receipt::parse(&good).unwrap();
    flipped.entries[1].sealed.as_mut().unwrap().r[0] ^= 1;
    assert_eq!(desk.withheld(flipped.to_json().as_bytes()), "opening_commitment");
    // Nothing of all that used the good one up.
    assert!(desk.guard.release(&good, &desk.mother.party, "tax", desk.now()).is_ok());
}

#[test]
fn what_was_to_go_elsewhere_is_taken_nowhere_else() {
    let desk = desk();
    let own = "https://tax.example";
    let to = |origin: serde_json::Value| {
        desk.access_with("tax", &desk.source.party, Some(json!({"context": {"return": origin}})))
    };
    let here = Guard::new(desk.world.policy(), desk.source.party).reached_at(own);
    let taken = |guard: &Guard, receipt: &[u8]| guard.examine(receipt, desk.now()).map(|_| ());
    assert_eq!(taken(&here, &to(json!(own))), Ok(()));
    for other in ["https://tax.example.net", "https://tax.example/", "http://tax.example", ""] {
        assert_eq!(taken(&here, &to(json!(other))), Err(Withheld::Elsewhere), "{other}");
    }
    assert_eq!(taken(&here, &to(json!(true))), Err(Withheld::Elsewhere));
    // A source that says of no address that it is its own takes none of these.
    assert_eq!(taken(&desk.guard, &to(json!(own))), Err(Withheld::Elsewhere));
    // What goes nowhere by a browser is taken as ever.
    assert_eq!((taken(&here, &desk.good()), taken(&desk.guard, &desk.good())), (Ok(()), Ok(())));
}

#[test]
fn of_many_at_once_one_is_released() {
    let desk = desk();
    let (receipt, now) = (desk.good(), desk.now());
    let (guard, mother) = (&desk.guard, &desk.mother.party);
    let released = thread::scope(|scope| {
        let asking: Vec<_> =
            (0..8).map(|_| scope.spawn(|| guard.release(&receipt, mother, "tax", now).is_ok())).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).filter(|ok| *ok).count()
    });
    assert_eq!(released, 1);
}

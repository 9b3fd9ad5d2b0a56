//! No access without a trace. Goal: every access is logged, with what was decided on it; uses of a consent are counted, in the order of
//! the log, and neither the ledger nor anybody else can make one pass for another. Method: the world of `world.rs`; each receipt is
//! verified, and its changed twin refused.
use procura_core::decide::{Decision, Reason};
use procura_core::draft::Draft;
use procura_core::entry::Class;
use procura_core::kinds::Content;
use procura_core::receipt::{Authority, Mode, Question, Receipt, verify_access, verify_authority};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{Audience, Clock};
use procura_tests::world::{Actor, World};
use serde_json::{Value, json};

const HOUR_MS: u64 = 3600 * 1000;
const MOTHER: &str = "48031500292";

struct Desk {
    world: World,
    mother: Actor,
    town: Actor,
    source: Actor,
}

fn desk() -> Desk {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let town = world.institution("kbo:0202239951", &[]);
    let source = world.institution("kbo:0308357159", &[]);
    Desk { world, mother, town, source }
}

impl Desk {
    fn signed(draft: Draft, by: &Actor) -> Submission {
        draft.sign(&by.kid, by.key.as_ref()).unwrap()
    }

    fn draft(&self, category: &str) -> Draft {
        Draft::new("access", &self.world.occasion())
            .member("actor", json!(self.town.party))
            .member("subject", json!(self.mother.party))
            .member("source", json!(self.source.party))
            .member("category", json!(category))
            .member("purpose", json!("read"))
    }

    fn consent(&self, conditions: Option<Value>) -> Hash {
        let (scopes, purposes) = (["tax".to_owned()], ["read".to_owned()]);
        let draft = Draft::consent(
            &self.world.occasion(),
            &self.mother.party,
            &self.town.party,
            &self.world.catalogue,
            &scopes,
            &purposes,
            &self.world.a_year(),
        );
        let draft = match conditions {
            Some(conditions) => draft.member("conditions", conditions),
            None => draft,
        };
        self.world.append(Self::signed(draft, &self.mother)).id
    }

    /// Logs an access: its id and the decision that its receipt proves.
    fn access(&self, draft: Draft) -> (Hash, Decision) {
        let id = self.world.append(Self::signed(draft, &self.town)).id;
        (id, self.proven(&self.receipt(&id)).unwrap())
    }

    fn receipt(&self, id: &Hash) -> Receipt {
        self.world.ledger.view().access(id, None, Audience::Anyone).unwrap().unwrap()
    }

    fn proven(&self, receipt: &Receipt) -> Result<Decision, String> {
        let Question::Authority(asked) = &receipt.question else { panic!("{receipt:?}") };
        self.proven_of(&asked.access.unwrap(), receipt)
    }

    fn proven_of(&self, id: &Hash, receipt: &Receipt) -> Result<Decision, String> {
        let now = self.world.clock.now();
        match verify_access(receipt.to_json().as_bytes(), id, &self.world.policy(), Mode::Fresh(now)) {
            Ok(verified) => Ok(verified.decision().clone()),
            Err(error) => Err(error.name().to_owned()),
        }
    }

    fn class(&self, id: &Hash) -> Class {
        self.world.ledger.view().record(id).unwrap().unwrap().logged.entry.class()
    }
}

#[test]
fn every_access_is_logged_and_seen() {
    let desk = desk();
    let (refused, no) = desk.access(desk.draft("tax"));
    assert_eq!((no.permit, no.reason), (false, Reason::NoAuthority));
    desk.consent(None);
    let (permitted, yes) = desk.access(desk.draft("tax"));
    assert_eq!((yes.permit, yes.reason), (true, Reason::Consent));
    let view = desk.world.ledger.view();
    for id in [refused, permitted] {
        assert_eq!(desk.class(&id), Class::Trace);
        let parties = view.record(&id).unwrap().unwrap().parties;
        for party in [&desk.mother, &desk.town, &desk.source] {
            assert!(parties.contains(&party.party), "everybody concerned has it in their list");
        }
    }
    // Later consents change nothing of what was said before.
    assert_eq!(desk.proven(&desk.receipt(&refused)).unwrap(), no);
    // Handed in again it is the same access.
    let again = desk.draft("tax");
    let submission = Desk::signed(again, &desk.town);
    let first = desk.world.ledger.append(submission.clone()).unwrap();
    assert!(!desk.world.ledger.append(submission).unwrap().is_new);
    assert_eq!(desk.class(&first.id), Class::Trace);
}

#[test]
fn who_asks_signs() {
    let desk = desk();
    assert_eq!(desk.world.refused(Desk::signed(desk.draft("tax"), &desk.mother)), "not_yours");
    let of_nobody = desk.draft("tax").member("subject", json!(Hash([9; 32])));
    assert_eq!(desk.world.refused(Desk::signed(of_nobody, &desk.town)), "unknown_party");
    let nested = desk.draft("tax").member("properties", json!({"context": {"a": {"b": 1}}}));
    assert_eq!(desk.world.refused(Desk::signed(nested, &desk.town)), "member_mistyped");
    // A clerk's role asks for its town.
    let clerk = desk.world.role(&desk.town, &[]);
    desk.consent(None);
    let draft = desk.draft("tax").member("actor", json!(clerk.party));
    assert_eq!(desk.world.refused(Desk::signed(draft.clone(), &desk.town)), "not_yours");
    let id = desk.world.append(Desk::signed(draft, &clerk)).id;
    assert_eq!(desk.proven(&desk.receipt(&id)).unwrap().reason, Reason::Consent);
}

#[test]
fn single_use_is_used_once() {
    let desk = desk();
    let consent = desk.consent(Some(json!([{"type": "uses", "times": 1}])));
    // Looking at it uses nothing.
    let request = World::ask(&desk.town.identifier, "tax", &desk.mother.identifier, "read");
    for _ in 0..3 {
        let view = desk.world.ledger.view();
        assert!(view.evaluate(&request, desk.world.clock.now()).unwrap().permit);
    }
    // Something else that is refused uses nothing either.
    let (other, no) = desk.access(desk.draft("pension"));
    assert_eq!((no.reason, desk.class(&other)), (Reason::OutOfScope, Class::Trace));
    let (used, yes) = desk.access(desk.draft("tax"));
    assert_eq!((yes.reason, desk.class(&used)), (Reason::Consent, Class::Transition));
    let (again, no) = desk.access(desk.draft("tax"));
    assert_eq!((no.permit, no.reason, desk.class(&again)), (false, Reason::Condition, Class::Trace));
    let view = desk.world.ledger.view();
    assert_eq!(view.status(&consent).unwrap(), Some(Status::ACTIVE));
    assert!(!view.evaluate(&request, desk.world.clock.now()).unwrap().permit);
    // What was permitted stays proven, and is not its own second use.
    assert_eq!(desk.proven(&desk.receipt(&used)).unwrap(), yes);
    assert_eq!(desk.world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

#[test]
fn so_often_a_day() {
    let desk = desk();
    desk.consent(Some(json!([{"type": "uses", "times": 2, "per": "day"}])));
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(desk.access(desk.draft("tax")).1.permit);
    }
    // 10:00 in Brussels; the day ends fourteen hours later.
    desk.world.clock.pass(14 * HOUR_MS - 1);
    said.push(desk.access(desk.draft("tax")).1.permit);
    desk.world.clock.pass(1);
    said.push(desk.access(desk.draft("tax")).1.permit);
    assert_eq!(said, [true, true, false, false, true]);
}

#[test]
fn accesses_of_one_batch_use_a_consent_in_their_order() {
    let desk = desk();
    desk.consent(Some(json!([{"type": "uses", "times": 2}])));
    let batch: Vec<Submission> = (0..5).map(|_| Desk::signed(desk.draft("tax"), &desk.town)).collect();
    let ids: Vec<Hash> = std::thread::scope(|scope| {
        let handles: Vec<_> = batch
            .into_iter()
            .map(|submission| scope.spawn(|| desk.world.ledger.append(submission).unwrap().id))
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    let permits = ids.iter().filter(|id| desk.proven(&desk.receipt(id)).unwrap().permit).count();
    let uses = ids.iter().filter(|id| desk.class(id) == Class::Transition).count();
    assert_eq!((permits, uses), (2, 2));
}

#[test]
fn conditions_are_met_by_what_is_signed() {
    let desk = desk();
    desk.consent(Some(json!([{"type": "equals", "of": "context", "property": "case", "value": "A7"}])));
    let of = |case: &str| desk.draft("tax").member("properties", json!({"context": {"case": case}}));
    assert_eq!(desk.access(of("A8")).1.reason, Reason::Condition);
    let (id, yes) = desk.access(of("A7"));
    assert!(yes.permit);
    let record = desk.world.ledger.view().record(&id).unwrap().unwrap();
    let Content::Access(access) = record.logged.opened.as_ref().unwrap().record.content() else { panic!() };
    assert_eq!(access.request().write()["context"], json!({"case": "A7"}));
}

#[test]
fn a_receipt_of_another_access_is_none_of_this() {
    let desk = desk();
    desk.consent(None);
    let (id, _) = desk.access(desk.draft("tax"));
    desk.world.clock.pass(1000);
    let (other, _) = desk.access(desk.draft("pension"));
    let changed = |asked_of: &Hash, change: &dyn Fn(&mut Authority)| {
        let mut receipt = desk.receipt(&id);
        let Question::Authority(asked) = &mut receipt.question else { panic!() };
        change(asked);
        desk.proven_of(asked_of, &receipt).unwrap_err()
    };
    assert_eq!(changed(&other, &|_| ()), "other_question");
    assert_eq!(changed(&other, &|asked| asked.access = Some(other)), "missing_record");
    assert_eq!(changed(&id, &|asked| asked.access = None), "other_question");
    let changed = |change: &dyn Fn(&mut Authority)| changed(&id, change);
    assert_eq!(changed(&|asked| asked.at = Millis(asked.at.0 + 1)), "other_party");
    assert_eq!(changed(&|asked| asked.request.purpose = "grant-allowance".to_owned()), "other_party");

    // And none to who asks without an access: it was decided as of its entry, whenever that was.
    let receipt = desk.receipt(&id);
    let Question::Authority(asked) = &receipt.question else { panic!() };
    let verify = |receipt: &Receipt| {
        let json = receipt.to_json();
        verify_authority(json.as_bytes(), &asked.request, &desk.world.policy(), Mode::Historic).map(drop)
    };
    assert_eq!(verify(&receipt).unwrap_err().name(), "other_question");
    let mut check = receipt.clone();
    let Question::Authority(asked) = &mut check.question else { panic!() };
    asked.access = None;
    assert_eq!(verify(&check).unwrap_err().name(), "surplus");
}

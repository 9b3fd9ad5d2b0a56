//! Goal: an access is answered with what was decided on it, logged either way, and proven to the source. Method: the demo's
//! employer asks about one who consented and one who did not.

use crate::world::World;
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::kinds::Content;
use procura_core::receipt::{Mode, VerifiedAccess, verify_access};
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_ledger::Clock;
use procura_server::demo::{EMPLOYER, MOTHER, SON, WORKER};
use serde_json::{Value, json};

fn access(world: &World, of: &'static str, by: &'static str) -> Submission {
    let (actor, subject, source) = (world.party(EMPLOYER), world.party(of), world.party(MOTHER));
    world.sign(world.party(by), |occasion| {
        Draft::new("access", occasion)
            .member("actor", json!(actor.party))
            .member("subject", json!(subject.party))
            .member("source", json!(source.party))
            .member("category", json!("flexi.eligibility"))
            .member("purpose", json!("hiring"))
    })
}

fn send(world: &World, submission: &Submission) -> crate::world::Answer {
    let body: Value = serde_json::from_str(&submission.to_json()).unwrap();
    world.post_json("/v1/accesses", None, &body)
}

fn verified(world: &World, submission: &Submission, receipt: &[u8]) -> VerifiedAccess {
    let record = Record::parse(&submission.record).unwrap();
    let Content::Access(access) = record.content() else { panic!("another kind") };
    let fresh = Mode::Fresh(world.clock.now());
    let verified = verify_access(receipt, &record.id(), &world.policy(), fresh).unwrap();
    assert_eq!(verified.access(), access);
    verified
}

#[test]
fn yes_and_no_are_answered_and_logged() {
    let world = World::new();
    for (of, permit, reason) in [(SON, true, "consent"), (MOTHER, false, "no_authority")] {
        let submission = access(&world, of, EMPLOYER);
        let answer = send(&world, &submission);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let decision = verified(&world, &submission, &answer.body).decision().clone();
        assert_eq!((decision.permit, decision.reason.name()), (permit, reason));
        // Again: the same, and no second entry.
        let again = send(&world, &submission);
        assert_eq!(again.status, 200);
        assert_eq!(*verified(&world, &submission, &again.body).decision(), decision);
        // The person sees it, whatever was said.
        let id: Hash = Record::parse(&submission.record).unwrap().id();
        let token = world.token(of);
        let read = world.get(&format!("/v1/records/{id}"), Some(&token));
        assert_eq!((read.status, read.json()["kind"].clone()), (200, json!("access")), "{}", read.text());
        // And what was decided on it; so does who asked, and the source, and nobody else.
        let told =
            |reader: &'static str| world.get(&format!("/v1/accesses/{id}"), Some(&world.token(reader)));
        for reader in [of, EMPLOYER, MOTHER] {
            let told = told(reader);
            assert_eq!(told.status, 200, "{reader}: {}", told.text());
            assert_eq!(*verified(&world, &submission, &told.body).decision(), decision, "{reader}");
        }
        let nobody = world.get(&format!("/v1/accesses/{}", Hash([9; 32])), Some(&world.token(WORKER)));
        assert_eq!(told(WORKER).problem(), nobody.problem());
        assert_eq!(nobody.problem(), (404, "not_found".to_owned()));
        let missing = world.get(&format!("/v1/accesses/{id}"), None);
        assert_eq!(missing.problem(), (401, "token".to_owned()));
    }
}

#[test]
fn what_is_no_access_was_not_decided_on() {
    let world = World::new();
    let own = world.party(SON).party;
    let token = world.token(SON);
    let told = world.get(&format!("/v1/accesses/{own}"), Some(&token));
    assert_eq!(told.problem(), (404, "not_found".to_owned()));
}

#[test]
fn what_is_no_access_is_not_logged_here() {
    let world = World::new();
    let size = || world.get("/v1/log", None).json()["size"].clone();
    let before = size();
    let note = world.sign(world.party(SON), |occasion| Draft::new("visit-note", occasion));
    assert_eq!(send(&world, &note).problem(), (400, "not_an_access".to_owned()));
    assert_eq!(send(&world, &access(&world, SON, MOTHER)).problem(), (422, "not_yours".to_owned()));
    assert_eq!(size(), before);
}

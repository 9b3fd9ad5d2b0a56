//! Goal: what an honest server answers is believed, and remembered. Method: a small world, one question after another.

use super::stub::{Family, index_of};
use procura_client::audit::Stage;
use procura_client::store::Store as _;
use procura_client::{PartyFound, ReadError, ReceiptAnswer, SubmitError, Submitted, TokenError};
use procura_core::decide::Reason;
use procura_core::draft::Draft;
use procura_core::hash::leaf;
use procura_core::status::Status;
use procura_core::tlog_proof::TlogProof;
use procura_core::{Hash, Index, Size};
use procura_ledger::Clock as _;
use procura_tests::world::{ORIGIN, World};
use serde_json::json;

#[test]
fn a_submission_is_believed_by_its_receipt_and_pinned() {
    let family = Family::new();
    let (client, store) = family.client();
    let submission = family.world.mandate(&family.mother, &family.son.party, &["tax"]);
    let submitted = client.submit(&submission).unwrap();
    let status = submitted.status().unwrap().answer();
    assert_eq!(*status.status(), Status::PENDING);
    assert_eq!(store.seen(ORIGIN).unwrap().unwrap().root().size, status.receipt().checkpoint().size());

    // The same again, later: the receipt continues what was seen, though the server put no proof of that in.
    family.world.person("15061500231");
    let again = client.submit(&submission).unwrap();
    let size = again.status().unwrap().answer().receipt().checkpoint().size();
    assert!(size > status.receipt().checkpoint().size());
    assert!(family.stub.asked().iter().any(|path| path.starts_with("/v1/proofs/consistency")));

    let revoked = family.world.transition("revocation", &family.mother, &family.mandate);
    let revoked = client.submit(&revoked).unwrap();
    assert!(revoked.status().unwrap().answer().status().is_ended());
    let trace = Draft::new("note", &family.world.occasion())
        .sign(&family.mother.kid, family.mother.key.as_ref())
        .unwrap();
    assert!(matches!(client.submit(&trace).unwrap(), Submitted::Existence(_)));
}

#[test]
fn a_refusal_is_told_with_its_name() {
    let family = Family::new();
    let (client, _) = family.client();
    let twice = family.world.transition("acceptance", &family.son, &family.mandate);
    assert!(
        matches!(client.submit(&twice), Err(SubmitError::Refused(problem)) if problem.name == "signed_twice")
    );
    let bad = procura_core::submission::Submission::bare("no record".to_owned());
    assert!(matches!(client.submit(&bad), Err(SubmitError::Record(_))));
}

#[test]
fn receipts_of_every_sort() {
    let family = Family::new();
    let (client, _) = family.client();
    let status = client.status(&family.mandate).unwrap();
    assert_eq!(*status.answer().status(), Status::ACTIVE);
    let index = index_of(&family.world, &family.acceptance);
    let then = client.record_receipt(&family.mandate, Some(Size(index.0))).unwrap();
    assert!(matches!(then, ReceiptAnswer::Create(then) if *then.answer().status() == Status::PENDING));
    let through = client.record_receipt(&family.acceptance, None).unwrap();
    assert_eq!(through.logged().index, index);
    assert!(matches!(client.status(&Hash([1; 32])), Err(ReadError::NotFound)));
}

#[test]
fn an_access_is_answered_with_what_was_decided() {
    let family = Family::new();
    let (client, _) = family.client();
    let access = |subject: &Hash| {
        Draft::new("access", &family.world.occasion())
            .member("actor", json!(family.son.party))
            .member("subject", json!(subject))
            .member("source", json!(family.world.registrar.party))
            .member("category", json!("pension"))
            .member("purpose", json!("read"))
            .sign(&family.son.kid, family.son.key.as_ref())
            .unwrap()
    };
    let decided = |subject: &Hash| match client.submit(&access(subject)).unwrap() {
        Submitted::Access(proven) => proven.answer().decision().reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(decided(&family.mother.party), Reason::Mandate);
    assert_eq!(decided(&family.world.registrar.party), Reason::NoAuthority);
    // The receipt of another access is none.
    let first = client.submit(&access(&family.mother.party)).unwrap().receipt().to_vec();
    family.stub.lie(move |path, reply| if path == "/v1/accesses" { (201, first.clone()) } else { reply });
    assert!(client.submit(&access(&family.mother.party)).is_err());
}

#[test]
fn a_check_is_decided_here() {
    let family = Family::new();
    let (client, _) = family.client();
    let request = World::ask(&family.son.identifier, "pension.file", &family.mother.identifier, "read");
    let yes = client.check(&request).unwrap();
    assert_eq!(yes.answer().decision().reason, Reason::Mandate);
    assert!(client.evaluate_unverified(&request).unwrap().decision);
    client.submit(&family.world.transition("revocation", &family.mother, &family.mandate)).unwrap();
    assert_eq!(client.check(&request).unwrap().answer().decision().reason, Reason::Ended);
    let evaluation = client.evaluate_unverified(&request).unwrap();
    assert_eq!((evaluation.decision, evaluation.reason.as_deref()), (false, Some("ended")));
}

#[test]
fn one_token_serves_until_it_is_about_to_expire() {
    let family = Family::new();
    let (client, _) = family.client();
    let tokens = || family.stub.asked().iter().filter(|path| *path == "/oauth/token").count();
    client.status(&family.mandate).unwrap();
    client.status(&family.mandate).unwrap();
    assert_eq!(tokens(), 1);
    family.world.clock.pass(580_000);
    family.world.person("15061500231");
    client.status(&family.mandate).unwrap();
    assert_eq!(tokens(), 2);
}

#[test]
fn an_ended_key_gets_no_token() {
    let family = Family::new();
    let end = Draft::on("key-end", &family.world.occasion(), &family.mother.kid)
        .member("reason", serde_json::json!("lost"))
        .sign(&family.mother.kid, family.mother.key.as_ref())
        .unwrap();
    family.world.append(end);
    let (client, _) = family.client();
    assert!(matches!(client.token(), Err(TokenError::Refused(problem)) if problem.name == "invalid_client"));
}

#[test]
fn a_party_is_found_by_its_identifier_proven_or_prepared() {
    let family = Family::new();
    let (client, _) = family.client();
    let found = client.find_party(&family.son.identifier.parse().unwrap()).unwrap();
    assert_eq!(found, PartyFound::Registered(family.son.party));
    let unknown = client.find_party(&"niss:15061500231".parse().unwrap()).unwrap();
    assert!(matches!(unknown, PartyFound::Prepared(_)));
}

#[test]
fn catalogues_are_found_in_the_list_or_by_a_check() {
    let family = Family::new();
    let (client, _) = family.client();
    let listed: Vec<Hash> = client.catalogues().unwrap().iter().map(|found| found.id).collect();
    assert_eq!(listed, [family.world.catalogue]);
    let found = client.catalogue_with("tax").unwrap().unwrap();
    assert_eq!((found.id, found.catalogue.code.as_str()), (family.world.catalogue, "be.social"));
    assert!(client.catalogue_with("nothing").unwrap().is_none());
    family.stub.no_catalogue_list();
    assert!(matches!(client.catalogues(), Err(ReadError::NotFound)));
}

#[test]
fn a_list_in_one_page_is_complete() {
    let family = Family::new();
    let (client, _) = family.client();
    let all = client.records(&family.mother.party, &|_| {}).unwrap();
    // Her party, her key, the mandate, its acceptance.
    assert_eq!(all.records().len(), 4);
    let statuses: Vec<Option<Status>> = all.records().iter().map(|filed| filed.status).collect();
    assert_eq!(statuses, [Some(Status::ACTIVE), Some(Status::ACTIVE), Some(Status::ACTIVE), None]);
    assert_eq!(all.as_of(), family.world.ledger.view().size());
}

#[test]
fn a_list_in_pages_is_complete_while_the_log_grows() {
    let family = Family::new();
    let before = procura_ledger::PERSON_SEGMENTS as usize;
    for _ in 0..before {
        family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
    }
    let (client, store) = family.client();
    // Between the pages she ends the mandate that the first page shows as active.
    let world = std::sync::Arc::clone(&family.world);
    let revocation = world.transition("revocation", &family.mother, &family.mandate);
    let mut revocation = Some(revocation);
    family.stub.lie(move |path, reply| {
        if path.ends_with("/records?from=0") {
            revocation.take().map(|record| world.append(record));
        }
        reply
    });
    let all = client.records(&family.mother.party, &|_| {}).unwrap();
    assert_eq!((all.receipts().len(), all.records().len()), (2, before + 5));
    let mandate = all.records().iter().find(|filed| filed.logged.entry.id() == Some(family.mandate)).unwrap();
    assert_eq!(mandate.status, Some(Status::ENDED));
    assert!(all.as_of() < store.seen(ORIGIN).unwrap().unwrap().root().size);
}

#[test]
fn proofs_come_from_tiles_alone() {
    let family = Family::new();
    let (client, _) = family.client();
    let first = client.checkpoint().unwrap();
    for _ in 0..150 {
        family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
    }
    let size = client.checkpoint().unwrap().size();
    assert!(size.0 > 300, "a full tile and a partial one");
    for index in [0, 1, 255, 256, size.0 - 1] {
        let inclusion = client.inclusion(Index(index)).unwrap();
        let proof = TlogProof::parse(inclusion.to_tlog_proof().as_bytes()).unwrap();
        proof.check_inclusion(inclusion.leaf().hash).unwrap();
        assert!(proof.check_inclusion(leaf(b"another")).is_err());
    }
    let consistency = client.consistency(first.size(), Some(first.root().hash)).unwrap();
    assert_eq!(consistency.old(), first.root());
    assert_eq!(client.consistency(first.size(), None).unwrap().old(), first.root());
    assert_eq!(client.consistency(size, None).unwrap().hashes().len(), 0);
    assert_eq!(client.consistency(Size(0), None).unwrap().hashes().len(), 0);
    assert_eq!(client.inclusion(Index(size.0)).unwrap_err().name(), "beyond_log");
    assert_eq!(client.consistency(Size(size.0 + 1), None).unwrap_err().name(), "beyond_log");
    let private = |path: &String| !path.starts_with("/tile/") && path != "/checkpoint";
    assert_eq!(family.stub.asked().into_iter().filter(private).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn an_audit_replays_what_an_auditor_may_read() {
    let family = Family::new();
    for _ in 0..150 {
        family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
    }
    let (client, _) = family.client();
    let public = client.audit(&|_, _, _| {}).unwrap();
    assert!(public.entries.is_none());
    family.stub.let_audit(&family.mother);
    let seen = std::cell::Cell::new(0);
    let audited = client
        .audit(&|stage, done, total| {
            assert!(done <= total);
            if stage == Stage::Entries {
                seen.set(done);
            }
        })
        .unwrap();
    let entries = audited.entries.unwrap();
    assert_eq!(seen.get(), audited.leaves);
    assert_eq!(entries.creates + entries.transitions + entries.traces + entries.commits, audited.leaves);
    assert_eq!(audited.continues, Some(public.checkpoint.root()));
    assert!(family.world.clock.now().0 > 0);
}

//! Goal: a server that lies is not believed, and a history that forks is convicted. Method: a client that has seen
//! the truth, then one lie at a time.

use super::stub::{Family, Stub, index_of, name_of, problem};
use procura_client::audit::AuditError;
use procura_client::evidence::Evidence;
use procura_client::store::{MemoryStore, Store as _};
use procura_client::tiles::LogError;
use procura_client::{CallError, CheckpointFault, Client, Distrust, ReadError, RecordsError, SubmitError};
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::decide::Reason;
use procura_core::key::{Signer as _, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::{AsOf, Receipt, VerifyError};
use procura_core::tile::TileError;
use procura_core::{Index, Millis, Size};
use procura_ledger::{Ask, Audience};
use procura_tests::world::{ORIGIN, World};
use std::sync::Arc;

/// What a status receipt that is not believed fails with.
fn distrust(client: &Client, family: &Family) -> Distrust {
    match client.status(&family.mandate) {
        Err(ReadError::Distrust(distrust)) => distrust,
        other => panic!("believed, or not asked: {other:?}"),
    }
}

#[test]
fn an_older_state_is_a_rollback() {
    let family = Family::new();
    let (client, store) = family.client();
    family.stub.freeze();
    family.world.append(family.world.transition("revocation", &family.mother, &family.mandate));
    let honest = Stub::new(&family.world);
    honest.client(&family.mother, Arc::clone(&store)).status(&family.mandate).unwrap();
    let seen = store.seen(ORIGIN).unwrap();
    assert!(matches!(distrust(&client, &family), Distrust::Rollback { .. }));
    let request = World::ask(&family.son.identifier, "pension", &family.mother.identifier, "read");
    assert_eq!(client.check(&request).unwrap_err().name(), "rollback");
    assert_eq!(client.records(&family.mother.party, &|_| {}).unwrap_err().name(), "rollback");
    assert_eq!(store.seen(ORIGIN).unwrap(), seen, "what was seen stays");
}

#[test]
fn a_checkpoint_a_little_older_is_believed_if_it_is_of_one_history() {
    let family = Family::new();
    let (client, store) = family.client();
    let old = family.world.ledger.view().checkpoint().to_owned();
    family.world.person("15061500231");
    client.status(&family.mandate).unwrap();
    let seen = store.seen(ORIGIN).unwrap();
    family.stub.lie(
        move |path, reply| {
            if path == "/checkpoint" { (200, old.clone().into_bytes()) } else { reply }
        },
    );
    assert!(client.checkpoint().unwrap().size() < seen.as_ref().unwrap().root().size);
    assert_eq!(store.seen(ORIGIN).unwrap(), seen);
}

/// Two ledgers under one key that were one up to a point: the second hides what the first shows next.
fn forked(more: usize) -> (Family, Client, Arc<MemoryStore>) {
    let (family, other) = (Family::new(), Family::new());
    assert_eq!(family.world.ledger.view().root(), other.world.ledger.view().root());
    family.world.append(family.world.transition("revocation", &family.mother, &family.mandate));
    let (client, store) = family.client();
    client.status(&family.mandate).unwrap();
    for _ in 0..more {
        other.world.append(other.world.mandate(&other.mother, &other.son.party, &["tax"]));
    }
    family.stub.turn_to(&other.world);
    (family, client, store)
}

#[test]
fn another_history_is_a_fork_and_both_checkpoints_are_kept() {
    for (more, has_proof) in [(1, false), (2, true), (9, true)] {
        let (family, client, store) = forked(more);
        let seen = store.seen(ORIGIN).unwrap().unwrap();
        assert!(matches!(distrust(&client, &family), Distrust::Fork { .. }), "{more}");
        let Some(Evidence::Fork(evidence)) = store.evidence().pop() else { panic!() };
        assert_eq!(evidence.seen, seen.checkpoint());
        assert_eq!(evidence.consistency.is_some(), has_proof);
        let shown = SignedCheckpoint::parse(evidence.shown.as_bytes()).unwrap();
        shown.verify(ORIGIN, &[family.world.ledger.log_key().clone()]).unwrap();
        assert_ne!(shown.unverified().root(), seen.root());
        assert_eq!(store.seen(ORIGIN).unwrap(), Some(seen));
    }
}

#[test]
fn another_history_is_a_fork_by_its_public_checkpoint_too() {
    for more in [1, 9] {
        let (_family, client, store) = forked(more);
        let error = client.checkpoint().unwrap_err();
        assert!(matches!(error, LogError::Distrust(Distrust::Fork { .. })), "{error:?}");
        assert_eq!(store.evidence().len(), 1);
        assert!(client.audit(&|_, _, _| {}).unwrap_err().is_finding());
    }
}

#[test]
fn without_a_consistency_proof_a_later_receipt_is_not_believed() {
    let family = Family::new();
    let (client, _) = family.client();
    client.status(&family.mandate).unwrap();
    family.stub.lie(|path, reply| {
        if path.starts_with("/v1/proofs/consistency") { problem(409, "size_unavailable") } else { reply }
    });
    let submitted = client.submit(&family.world.mandate(&family.mother, &family.son.party, &["tax"]));
    assert!(matches!(
        submitted,
        Err(SubmitError::Distrust(Distrust::Verify(VerifyError::NoConsistency { .. })))
    ));
}

/// What a client is told whose question is under way while another thread is answered by `other`, with the same store.
fn overtaken(family: &Family, store: &Arc<MemoryStore>, other: Client) -> Result<(), ReadError> {
    let client = family.stub.client(&family.mother, Arc::clone(store));
    let (mandate, mut other) = (family.mandate, Some(other));
    family.stub.lie(move |path, reply| {
        if path.ends_with("/receipt") || path.contains("/receipt?") {
            other.take().map(|other| other.status(&mandate).unwrap());
        }
        reply
    });
    client.status(&family.mandate).map(|_| ())
}

#[test]
fn an_answer_that_another_one_overtook_is_believed() {
    // The other one is shown less than this one, as much, or more; at first, or after both had seen something.
    for (mine, others, seen) in [(3, 1, true), (2, 2, true), (1, 3, true), (3, 1, false), (1, 3, false)] {
        let family = Family::new();
        let (client, store) = family.client();
        if seen {
            client.status(&family.mandate).unwrap();
        }
        let honest = Stub::new(&family.world);
        let mut sizes = Vec::new();
        for number in 1..=3 {
            family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
            if number == mine {
                family.stub.freeze_answers();
            }
            if number == others {
                honest.freeze();
            }
            sizes.push(family.world.ledger.view().root().size);
        }
        let other = honest.client(&family.mother, Arc::clone(&store));
        overtaken(&family, &store, other).unwrap();
        let seen_now = store.seen(ORIGIN).unwrap().unwrap().root().size;
        assert_eq!(seen_now, sizes[mine.max(others) - 1], "{mine} {others} {seen}");
    }
}

#[test]
fn two_histories_shown_at_the_same_time_are_a_fork() {
    for (mine, others) in [(1, 1), (1, 2), (2, 1)] {
        let (family, second) = (Family::new(), Family::new());
        let (client, store) = family.client();
        client.status(&family.mandate).unwrap();
        for _ in 0..mine {
            family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
        }
        for _ in 0..others {
            second.world.append(second.world.mandate(&second.mother, &second.son.party, &["pension"]));
        }
        let other = second.stub.client(&second.mother, Arc::clone(&store));
        let error = overtaken(&family, &store, other).unwrap_err();
        // The server that is behind has no proof to show.
        assert_eq!(error.name(), if mine < others { "no_consistency" } else { "fork" });
        assert_eq!(store.evidence().len(), usize::from(mine >= others));
    }
}

#[test]
fn a_server_that_goes_before_it_shows_continuity_is_away_and_no_liar() {
    let family = Family::new();
    let (client, store) = family.client();
    client.status(&family.mandate).unwrap();
    let seen = store.seen(ORIGIN).unwrap();
    family.stub.lie(|path, reply| {
        if path.starts_with("/v1/proofs/consistency") { problem(503, "stopping") } else { reply }
    });
    let mandate = family.world.mandate(&family.mother, &family.son.party, &["tax"]);
    assert!(matches!(client.submit(&mandate), Err(SubmitError::Unknown(_))));
    assert_eq!(store.seen(ORIGIN).unwrap(), seen);
    family.stub.lie(|_, reply| reply);
    client.submit(&mandate).unwrap();
}

#[test]
fn the_receipt_of_another_record_is_no_answer() {
    let family = Family::new();
    let (client, _) = family.client();
    let other = client.status(&family.mother.kid).unwrap().receipt().to_vec();
    family.stub.lie(move |path, reply| {
        if path.ends_with("/receipt") || path.starts_with("/v1/records") {
            (200, other.clone())
        } else {
            reply
        }
    });
    let is_other = |error: &Distrust| matches!(error, Distrust::Verify(VerifyError::OtherQuestion));
    let fresh = family.client().0;
    assert!(is_other(&distrust(&fresh, &family)));
    let mandate = family.world.mandate(&family.mother, &family.son.party, &["tax"]);
    assert!(matches!(fresh.submit(&mandate), Err(SubmitError::Distrust(error)) if is_other(&error)));
    // A create's receipt with its own question is none of the transition's.
    let through = fresh.record_receipt(&family.acceptance, None);
    assert!(matches!(through, Err(ReadError::Distrust(error)) if is_other(&error)));
}

#[test]
fn an_answer_as_of_the_past_is_no_answer_about_now() {
    let family = Family::new();
    let (client, _) = family.client();
    let then = Size(index_of(&family.world, &family.acceptance).0);
    let old = client.record_receipt(&family.mandate, Some(then)).unwrap().receipt().to_vec();
    family.stub.lie(move |path, reply| if path.ends_with("/receipt") { (200, old.clone()) } else { reply });
    let error = distrust(&family.client().0, &family);
    assert!(matches!(error, Distrust::Verify(VerifyError::OtherQuestion)), "{error:?}");
}

#[test]
fn an_answer_as_of_another_time_is_no_answer() {
    let family = Family::new();
    let (client, _) = family.client();
    let at = index_of(&family.world, &family.acceptance).0;
    let before = client.record_receipt(&family.mandate, Some(Size(at))).unwrap().receipt().to_vec();
    family.stub.lie(move |path, reply| if path.contains("/receipt") { (200, before.clone()) } else { reply });
    // Then it was pending, one entry later it was accepted.
    let error = client.record_receipt(&family.mandate, Some(Size(at + 1))).unwrap_err();
    assert_eq!(error.name(), "other_question");
}

#[test]
fn a_retired_log_key_signs_no_checkpoint_alone() {
    let family = Family::new();
    let mut policy = family.world.policy();
    policy.log_keys[0].retired_at = Some(procura_core::Millis(1));
    let client = Client::new(&family.stub.url, policy, MemoryStore::new()).unwrap();
    assert!(matches!(client.checkpoint(), Err(LogError::Checkpoint(CheckpointFault::RetiredKey))));
}

#[test]
fn a_receipt_with_one_byte_changed_is_not_believed() {
    let family = Family::new();
    let (client, _) = family.client();
    let receipt = client.status(&family.mandate).unwrap().receipt().to_vec();
    for at in (0..receipt.len()).step_by(211) {
        let mut bad = receipt.clone();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        family.stub.lie(
            move |path, reply| {
                if path.starts_with("/v1/records/") { (200, bad.clone()) } else { reply }
            },
        );
        let fresh = family.client().0;
        assert!(matches!(fresh.status(&family.mandate), Err(ReadError::Distrust(_))), "{at}");
    }
}

#[test]
fn a_stale_answer_is_not_believed() {
    let family = Family::new();
    let (client, _) = family.client();
    family.world.clock.pass(301_000);
    assert_eq!(distrust(&client, &family).name(), "stale");
}

#[test]
fn a_page_that_shows_another_list_is_not_believed() {
    let family = Family::new();
    let (client, _) = family.client();
    let others = family.stub.client(&family.son, Arc::new(MemoryStore::new()));
    let list = others.records(&family.son.party, &|_| {}).unwrap().receipts()[0].clone();
    family.stub.lie(
        move |path, reply| {
            if path.contains("/records?from=") { (200, list.clone()) } else { reply }
        },
    );
    assert_eq!(client.records(&family.mother.party, &|_| {}).unwrap_err().name(), "other_question");
}

#[test]
fn tiles_of_another_tree_are_noticed() {
    let family = Family::new();
    for _ in 0..150 {
        family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"]));
    }
    for lie in ["/tile/0/000", "/tile/0/001", "/tile/1/000"] {
        let (client, _) = family.client();
        family.stub.lie(move |path, (status, mut body)| {
            if path.starts_with(lie) {
                body[7] ^= 1;
            }
            (status, body)
        });
        let error = client.audit(&|_, _, _| {}).unwrap_err();
        let is_tile = matches!(
            &error,
            AuditError::Log(LogError::Tiles(TileError::WrongRoot { .. } | TileError::WrongTile { .. }))
        );
        assert!(is_tile && error.is_finding(), "{lie}: {error:?}");
        if lie != "/tile/0/000" {
            assert!(client.inclusion(Index(300)).is_err(), "{lie}");
        }
    }
}

#[test]
fn entries_of_another_log_are_noticed() {
    let family = Family::new();
    let (client, _) = family.client();
    family.stub.let_audit(&family.mother);
    family.stub.lie(|path, (status, mut body)| {
        if path.starts_with("/tile/entries/") {
            body[40] ^= 1;
        }
        (status, body)
    });
    let error = client.audit(&|_, _, _| {}).unwrap_err();
    assert!(matches!(error, AuditError::OtherEntry(Index(0))), "{error:?}");
}

#[test]
fn a_checkpoint_of_another_key_is_not_believed() {
    let family = Family::new();
    let (client, store) = family.client();
    let key = SoftKey::from_seed(&[0xEE; 32]);
    let vkey = NoteVerifier::new(ORIGIN, KeyType::Ed25519, key.public_key().as_bytes()).unwrap();
    let root = family.world.ledger.view().root();
    let forged = Checkpoint::new(ORIGIN, root).unwrap().sign(&vkey, &|text| key.sign(text).unwrap()).unwrap();
    family.stub.lie(
        move |path, reply| {
            if path == "/checkpoint" { (200, forged.to_string().into_bytes()) } else { reply }
        },
    );
    let error = client.checkpoint().unwrap_err();
    assert!(matches!(error, LogError::Checkpoint(CheckpointFault::Checkpoint(_))), "{error:?}");
    assert_eq!(store.seen(ORIGIN).unwrap(), None);
}

#[test]
fn another_ledger_under_the_same_key_has_another_entry_0() {
    let family = Family::new();
    let mut policy = family.world.policy();
    policy.entry0 = procura_core::Hash([1; 32]);
    let clock = Arc::clone(&family.world.clock);
    let client = Client::new(&family.stub.url, policy, MemoryStore::new())
        .unwrap()
        .with_clock(move || procura_ledger::Clock::now(&*clock));
    assert!(matches!(client.audit(&|_, _, _| {}), Err(AuditError::Entry0)));
}

#[test]
fn a_busy_or_broken_server_says_nothing_about_the_record() {
    let family = Family::new();
    let (client, _) = family.client();
    let mandate = family.world.mandate(&family.mother, &family.son.party, &["tax"]);
    family.stub.lie(|_, _| problem(503, "busy"));
    assert!(matches!(client.submit(&mandate), Err(SubmitError::Busy(_))));
    family.stub.lie(|_, _| problem(502, "bad_gateway"));
    assert!(matches!(client.submit(&mandate), Err(SubmitError::Unknown(_))));
    family.stub.lie(|_, _| (302, Vec::new()));
    assert!(matches!(client.submit(&mandate), Err(SubmitError::Unknown(CallError::Unexpected { .. }))));
    family.stub.lie(|_, _| (200, b"<html>".to_vec()));
    assert!(matches!(client.submit(&mandate), Err(SubmitError::Distrust(_))));
    let nobody = Client::new("http://127.0.0.1:1", family.world.policy(), MemoryStore::new()).unwrap();
    match nobody.submit(&mandate) {
        Err(SubmitError::Unknown(error)) => assert_eq!(name_of(&error), "unreachable"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_replay_is_of_the_size_and_the_instant_asked_for() {
    let family = Family::new();
    let (client, _) = family.client();
    let request = World::ask(&family.son.identifier, "pension", &family.mother.identifier, "read");
    let then = client.check(&request).unwrap();
    let (size, at) = (then.answer().receipt().checkpoint().size(), then.answer().question().at);
    family.world.clock.pass(60_000);
    client.submit(&family.world.transition("revocation", &family.mother, &family.mandate)).unwrap();
    let again = client.replay(&request, size, at).unwrap();
    assert_eq!(again.answer().decision(), then.answer().decision());
    let view = family.world.ledger.view();
    assert_eq!(client.replay(&request, view.size(), at).unwrap().answer().decision().reason, Reason::Ended);

    // True answers, but to other questions.
    for (other_size, other_at) in [(view.size(), at), (size, Millis(at.0 + 1))] {
        let as_of = Some(AsOf { size: other_size, time: None });
        let ask = Ask { as_of, ..Ask::now(Audience::Party(family.mother.party)) };
        let other = view.check(&request, other_at, &ask).unwrap().to_json();
        family.stub.lie(move |path, reply| {
            if path.starts_with("/v1/checks") { (200, other.clone().into_bytes()) } else { reply }
        });
        assert_eq!(client.replay(&request, size, at).unwrap_err().name(), "other_question");
    }
}

/// A body is kept back as if it had been erased: nothing in the list says so.
#[test]
fn what_no_erasure_names_is_not_left_closed() {
    let family = Family::new();
    let (client, _) = family.client();
    client.records(&family.mother.party, &|_| {}).unwrap();
    let index = family.world.ledger.view().record(&family.mandate).unwrap().unwrap().logged.index;
    family.stub.lie(move |path, (status, body)| {
        if !path.split('?').next().unwrap().ends_with("/records") {
            return (status, body);
        }
        let mut receipt = Receipt::parse(&body).unwrap();
        let entry = receipt.entries.iter_mut().find(|entry| entry.index == index).unwrap();
        assert!(entry.sealed.take().is_some());
        (status, receipt.to_json().into_bytes())
    });
    let refused = client.records(&family.mother.party, &|_| {}).unwrap_err();
    assert!(matches!(refused, RecordsError::Unopened { index: left } if left == index), "{refused:?}");
}

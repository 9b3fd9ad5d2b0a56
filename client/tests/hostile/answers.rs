//! Single answers that are true of something else: of before, of another record, of a map that the entries do not make.

use super::town::Town;
use procura_core::Millis;
use procura_core::hash::tag;
use procura_core::key::{Signer as _, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_core::status::Status;
use procura_ledger::Clock as _;
use procura_tests::hostile::{Liar, LyingServer, Reply};
use serde_json::json;

/// Answers every question about a record by the same receipt.
fn answers_with(server: &LyingServer, receipt: Vec<u8>) {
    server.lie(move |asked, reply| {
        let is_asked = asked.path.starts_with("/v1/records/") && asked.path.contains("/receipt");
        if is_asked { Reply { status: 200, body: receipt.clone(), ..reply } } else { reply }
    });
}

/// A receipt as a reader gets it from the honest server.
fn receipt_of(town: &Town, id: &procura_core::Hash) -> Vec<u8> {
    let file = town.path("receipt");
    let words = ["receipt", "get", &id.to_string(), "--out", file.to_str().unwrap()];
    town.types("mother", &words).is_yes();
    std::fs::read(file).unwrap()
}

#[test]
fn an_old_receipt_shown_as_fresh_is_refused_by_who_has_seen_more_and_by_all_once_it_is_too_old() {
    let town = Town::new();
    let active = receipt_of(&town, &town.mandate);
    town.revoke();
    let status = ["receipt", "get", &town.mandate.to_string()];
    town.types("mother", &status).is_yes();
    answers_with(&town.server, active.clone());
    town.types("mother", &status).is(2, "rollback");
    // Who has seen nothing since believes it, for as long as an answer counts as fresh.
    let verified = verify_status(
        &active,
        &town.mandate,
        None,
        &town.world.policy(),
        Mode::Fresh(town.world.clock.now()),
    );
    assert!(verified.unwrap().status().permits());
    let stranger = town.client(&town.mother);
    assert!(stranger.status(&town.mandate).unwrap().answer().status().permits());
    town.world.clock.pass((town.world.policy().max_age_s + 1) * 1000);
    let said = town.client(&town.mother).status(&town.mandate).unwrap_err();
    assert_eq!(said.name(), "stale");
}

#[test]
fn the_answer_about_another_record_is_refused_at_once() {
    let town = Town::new();
    let other = town.happens();
    let other = receipt_of(&town, &other);
    let status = ["receipt", "get", &town.mandate.to_string()];
    town.types("mother", &status).is_yes();
    answers_with(&town.server, other);
    town.types("mother", &status).is(2, "other_question");
}

/// A liar whose map says that a mandate is active which its entries end.
fn with_a_false_map(town: &Town) -> Liar {
    let mut liar = Liar::copy(&town.world);
    let end = town.world.transition("revocation", &town.mother, &town.mandate);
    let free = town.client(&town.mother).records(&town.mother.party, &|_| {}).unwrap().records().len() as u64;
    liar.log(&end, Some(Status::ENDED), &[tag(&town.mother.handle, free)]);
    let list = liar.lists.get_mut(&town.mandate).unwrap();
    list.pop();
    liar.commit();
    liar
}

#[test]
fn a_map_that_lacks_a_revocation_is_convicted_by_whose_it_is_and_found_by_who_replays() {
    let town = Town::new();
    let auditor = ["monitor", "--once", "--entries"];
    town.types("auditor", &auditor).is_yes();
    let honest = Town::new();
    honest.revoke();
    honest.types("mother", &["monitor", "--once"]).is_yes();
    let before = receipt_of(&town, &town.mandate);
    let liar = with_a_false_map(&town);
    town.server.serve(&liar);
    // The revocation stands in the log, and the map says active.
    let client = town.client(&town.son);
    let believed = client.status(&town.mandate).unwrap();
    assert!(believed.answer().status().permits());
    // Her own list has the revocation: at her next look.
    town.types("mother", &["monitor", "--once"]).is(1, "unmapped");
    town.convicts("mother").is_proven("unmapped");
    // A status of before the end, of another record, and one that says that it has ended.
    let file = std::fs::read_to_string(town.evidence_of("mother").unwrap()).unwrap();
    for other in [&before, &receipt_of(&honest, &honest.mandate), &receipt_of(&honest, &honest.mother.kid)] {
        let mut changed: serde_json::Value = serde_json::from_str(&file).unwrap();
        changed["status"] = json!(std::str::from_utf8(other).unwrap());
        std::fs::write(town.path("changed"), changed.to_string()).unwrap();
        town.third(&["evidence", town.path("changed").to_str().unwrap()]).is(1, "no_fault");
    }
    // At the auditor's next look; whoever checks that replays the entries up to there.
    town.types("auditor", &auditor).is(1, "commit_root");
    let stated = town.convicts("auditor");
    assert_eq!(
        (stated.code, &stated.json["fault"], &stated.json["proven"]),
        (2, &json!("commit_root"), &json!(false))
    );

    // A policy that wants a map-checker's word has none.
    let key = SoftKey::from_seed(&[0x0C; 32]).public_key();
    let checker = NoteVerifier::new("checker.example", KeyType::CosignatureV1, key.as_bytes()).unwrap();
    let policy = Policy { map_checkers: vec![checker], ..town.world.policy() };
    let now = Mode::Fresh(town.world.clock.now());
    let refused = verify_status(believed.receipt(), &town.mandate, None, &policy, now);
    assert_eq!(refused.unwrap_err().name(), "no_map_checker");
}

#[test]
fn a_retired_key_is_refused_by_who_has_heard_of_it_and_believed_by_who_has_not() {
    let town = Town::new();
    town.types("stranger", &["monitor", "--once"]).is_yes();
    let mut policy = town.world.policy();
    policy.log_keys[0].retired_at = Some(Millis(town.world.clock.now().0 - 1));
    let receipt = receipt_of(&town, &town.mandate);
    let verified = verify_status(&receipt, &town.mandate, None, &policy, Mode::Fresh(town.world.clock.now()));
    assert_eq!(verified.unwrap_err().name(), "retired_key");
    let text = std::fs::read_to_string(town.path("policy")).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    file["log_keys"][0]["retired_at"] = json!(town.world.clock.now().0 - 1);
    std::fs::write(town.path("policy"), file.to_string()).unwrap();
    town.types("auditor", &["monitor", "--once"]).is(1, "retired_key");
}

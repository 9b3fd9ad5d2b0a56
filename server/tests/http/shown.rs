//! Goal: who was given a record's token sees the mandate or consent as it stands, and nobody else sees anything; the token ends with what it
//! shows. Method: the demo's mandates by their tokens, then tokens of others, of other kinds, and of what was erased.

use crate::world::{Answer, World};
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::hash::show_token;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::PartyType;
use procura_core::receipt::{Mode, verify_status};
use procura_core::status::Status;
use procura_ledger::Clock;
use procura_server::demo::{MOTHER, SON};
use procura_server::enrol::{By, Enrolled, NewParty, Writer};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The token of a record, from its receipt, as somebody has it who may read it.
fn token_of(world: &World, reader: &'static str, id: &Hash) -> Hash {
    let token = world.token(reader);
    let receipt = world.get(&format!("/v1/records/{id}/receipt"), Some(&token));
    assert_eq!(receipt.status, 200, "{}", receipt.text());
    let body: Value = receipt.json();
    let opens = |entry: &&Value| {
        entry["record"]
            .as_str()
            .is_some_and(|record| procura_core::record::Record::parse(record).unwrap().id() == *id)
    };
    let entry = body["entries"].as_array().unwrap().iter().find(opens).unwrap();
    show_token(&procura_core::b64::decode_array(entry["r"].as_str().unwrap()).unwrap())
}

fn shown(world: &World, id: &Hash, token: &Hash) -> Answer {
    world.post_json("/v1/receipts", None, &json!({"id": id, "token": token}))
}

fn status_of(world: &World, answer: &Answer, id: &Hash) -> Status {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let fresh = Mode::Fresh(world.clock.now());
    *verify_status(&answer.body, id, None, &world.policy(), fresh).unwrap().status()
}

#[test]
fn what_is_shown_is_shown_as_it_stands_and_shows_no_more() {
    let world = World::new();
    let (id, other) = (world.grant("pensions-for-mother"), world.grant("household-for-child"));
    let token = token_of(&world, MOTHER, &id);
    let answer = shown(&world, &id, &token);
    assert_eq!(status_of(&world, &answer, &id), Status::ACTIVE);
    assert!(!answer.text().contains("disclosures"), "nothing that may be withheld");
    // It is about this id: as an answer about another it does not pass.
    let fresh = Mode::Fresh(world.clock.now());
    assert!(verify_status(&answer.body, &other, None, &world.policy(), fresh).is_err());

    let revocation = world.sign(world.party(MOTHER), |occasion| Draft::on("revocation", occasion, &id));
    assert_eq!(world.submit(&revocation).status, 201);
    assert_eq!(status_of(&world, &shown(&world, &id, &token), &id), Status::ENDED);
}

/// An institution with the role of an authority: the demo has none.
fn authority(world: &World) -> Enrolled {
    let folder = tempfile::tempdir().unwrap();
    let (clock, random) = (Arc::clone(&world.trial.clock), Arc::clone(&world.trial.random));
    let writer =
        Writer { ledger: world.trial.ledger.clone(), folder: folder.path().to_owned(), clock, random };
    let root_kid = world.trial.root.public_key().thumbprint();
    let by = || By { kid: &root_kid, signer: &world.trial.root };
    let court = NewParty {
        party_type: PartyType::Institution,
        identifier: "demo:court".parse().unwrap(),
        name: "Fictional Court",
        roles: &["authority"],
        level: Some("federal"),
    };
    let party = writer.party("court", by(), &court).unwrap();
    let signer = Arc::new(SoftKey::from_seed(&[9; 32]));
    let kid = writer.key("court-key", by(), &party, signer.as_ref()).unwrap();
    Enrolled { party, kid, signer }
}

#[test]
fn the_token_of_what_is_erased_shows_nothing() {
    let world = World::new();
    let (id, court) = (world.grant("pensions-for-mother"), authority(&world));
    let token = token_of(&world, MOTHER, &id);
    let nothing = shown(&world, &Hash([7; 32]), &token);
    world.submit(&world.sign(world.party(MOTHER), |occasion| Draft::on("revocation", occasion, &id)));
    assert_eq!(shown(&world, &id, &token).status, 200, "also when it has ended");
    let mut parties = [world.party(MOTHER).party, world.party(SON).party];
    parties.sort_unstable();
    let erasure = world.sign(&court, |occasion| {
        Draft::new("erasure", occasion).member("targets", json!([id])).member("parties", json!(parties))
    });
    assert_eq!(world.submit(&erasure).status, 201);
    let started = Instant::now();
    let mut answer = shown(&world, &id, &token);
    while answer.status == 200 {
        assert!(started.elapsed() < Duration::from_secs(60), "not erased");
        std::thread::sleep(Duration::from_millis(20));
        answer = shown(&world, &id, &token);
    }
    assert_eq!((answer.status, &answer.body), (404, &nothing.body), "as if it had never been");
}

#[test]
fn whoever_has_not_its_token_sees_what_is_not_there() {
    let world = World::new();
    let (id, other) = (world.grant("pensions-for-mother"), world.grant("household-for-child"));
    let (token, others) = (token_of(&world, MOTHER, &id), token_of(&world, MOTHER, &other));
    let nothing = shown(&world, &Hash([7; 32]), &token);
    assert_eq!(nothing.problem(), (404, "not_found".to_owned()));
    let key = world.party(SON).kid;
    for (id, token) in [
        (id, others),
        (id, Hash([7; 32])),
        // Its receipt opens keys and parties too: those are not shown by it.
        (key, token_of(&world, SON, &key)),
        (world.party(SON).party, token_of(&world, SON, &world.party(SON).party)),
    ] {
        let answer = shown(&world, &id, &token);
        assert_eq!((answer.status, &answer.body), (404, &nothing.body));
    }
    for (body, name) in [
        (json!({"id": id}), "missing"),
        (json!({"id": id, "token": "x"}), "mistyped"),
        (json!({"id": id, "token": token, "more": 1}), "unknown_member"),
    ] {
        let (status, problem) = world.post_json("/v1/receipts", None, &body).problem();
        assert_eq!(status, 400, "{name}: {problem}");
    }
    assert_eq!(world.post_json("/v1/receipts?from=0", None, &json!({"id": id, "token": token})).status, 409);
}

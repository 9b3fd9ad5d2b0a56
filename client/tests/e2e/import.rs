//! Goal: what was signed before goes out to the byte, by whatever key and however late; what a lying ledger promises is no mandate
//! given. Method: a run whose records do not get through, then the world changed, then a second run over the same journal.

use super::stub::Family;
use procura_client::Client;
use procura_client::client::Identity;
use procura_client::import::{Journal, Known, Layout, Outcome, Row, Run, RunError, Settings, read};
use procura_client::store::MemoryStore;
use procura_core::checkpoint::Checkpoint;
use procura_core::entry::{Entry, Head, Tags};
use procura_core::key::{Signer as _, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::status::{Initial, Status};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::Root;
use procura_core::{Hash, Index, Millis, Size, b64, hash};
use procura_tests::road::{Road, Way};
use procura_tests::world::{Actor, ORIGIN};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DAY_MS: u64 = 24 * 3600 * 1000;

/// An import of one line, to the son, of which nothing has come through to the ledger yet.
struct Stuck {
    family: Family,
    row: Row,
    journal: Journal,
    store: Arc<MemoryStore>,
    _folder: tempfile::TempDir,
}

impl Stuck {
    fn new(family: Family) -> Self {
        let layout = Layout::Csam { capacities: BTreeMap::new() };
        let sheet = read(b"75061200192;;;;file 1;20990101;", &layout, &["pension".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mother = family.mother.party;
        let journal = Journal::open(&folder.path().join("journal"), ORIGIN, &mother).unwrap();
        let store = Arc::new(MemoryStore::new());
        let row = sheet.rows[0].clone();
        let mut stuck = Self { family, row, journal, store, _folder: folder };
        let road = Road::to(&stuck.family.stub.url, |_| Way::Without("POST /v1/records"));
        let mother = &stuck.family.mother;
        let identity = Identity { kid: mother.kid, party: mother.party, signer: mother.key.clone() };
        let clock = Arc::clone(&stuck.family.world.clock);
        let shared = super::stub::Shared(Arc::clone(&stuck.store));
        let client = Client::new(&road.url, stuck.family.world.policy(), shared).unwrap();
        let client = client.with_identity(identity).with_clock(move || procura_ledger::Clock::now(&*clock));
        let run = stuck.run(&client);
        assert!(matches!(run.outcomes[..], [(1, Outcome::NotSent(_))]), "{run:?}");
        assert!(matches!(run.stopped, Some(RunError::Patience(_))), "{run:?}");
        stuck
    }

    fn run(&mut self, client: &Client) -> Run {
        let settings = Settings {
            catalogue: self.family.world.catalogue,
            invite_days: None,
            connections: 2,
            patience: Duration::from_millis(200),
        };
        Run::over(client, &mut self.journal, &settings, std::slice::from_ref(&self.row), &|_| {})
    }

    fn known(&self) -> &Known {
        self.journal.known(&self.row.key(self.journal.salt())).unwrap()
    }

    fn client(&self, actor: &Actor) -> Client {
        self.family.stub.client(actor, Arc::clone(&self.store))
    }
}

/// The record that a run gave.
fn given(run: &Run) -> Hash {
    match &run.outcomes[..] {
        [(1, Outcome::Given { id, link: None })] if run.stopped.is_none() => *id,
        _ => panic!("{run:?}"),
    }
}

#[test]
fn what_was_signed_goes_out_to_the_byte() {
    let mut stuck = Stuck::new(Family::new());
    let signed = stuck.known().id;
    let client = stuck.client(&stuck.family.mother);
    assert_eq!(given(&stuck.run(&client)), signed);
    assert_eq!(*client.status(&signed).unwrap().answer().status(), Status::PENDING);
    assert!(matches!(stuck.run(&client).outcomes[..], [(1, Outcome::Already { id, .. })] if id == signed));
}

#[test]
fn another_key_of_the_same_party_goes_on() {
    let mut stuck = Stuck::new(Family::new());
    let (signed, world, mother) = (stuck.known().id, &stuck.family.world, &stuck.family.mother);
    let key = Arc::new(SoftKey::from_seed(&[0x5E; 32]));
    let kid = world.append(world.key_record(mother, &mother.party, &key, "cosigned")).id;
    let second = Actor { kid, key, ..mother.clone() };
    let end = procura_core::draft::Draft::on("key-end", &world.occasion(), &mother.kid);
    let end = end.member("reason", json!("replaced"));
    world.append(end.sign(&second.kid, second.key.as_ref()).unwrap());
    let client = stuck.client(&second);
    assert_eq!(given(&stuck.run(&client)), signed, "the signature is no part of the record");
}

#[test]
fn what_was_signed_too_long_ago_is_signed_anew() {
    let mut stuck = Stuck::new(Family::new());
    let signed = stuck.known().id;
    stuck.family.world.clock.pass(8 * DAY_MS);
    // A ledger that was idle signs a checkpoint; this one is given a reason.
    stuck.family.world.person("15061500231");
    let client = stuck.client(&stuck.family.mother);
    let anew = given(&stuck.run(&client));
    assert_ne!(anew, signed);
    assert_eq!(stuck.known().id, anew);
    assert_eq!(client.status(&signed).unwrap_err().name(), "not_found");
}

#[test]
fn a_promise_under_another_history_is_none() {
    let (family, other) = (Family::new(), Family::new());
    family.world.person("15061500231");
    other.world.person("88222999936");
    let mut stuck = Stuck::new(family);
    stuck.family.stub.turn_to(&other.world);
    let client = stuck.client(&stuck.family.mother);
    let run = stuck.run(&client);
    assert!(matches!(run.outcomes[..], [(1, Outcome::NotSent(_))]), "{run:?}");
    assert_eq!(run.stopped.as_ref().map(|error| error.name()), Some("fork"), "{run:?}");
    assert_eq!(stuck.known().given, None);
}

/// What a log of one entry would answer: the record's, with another status perhaps.
fn forged(stuck: &Stuck, id: Hash, status: Initial) -> Vec<u8> {
    let head = Head { time: Millis(1), commitment: Hash([1; 32]), id, tags: Tags::default() };
    let entry = Entry::Create { head, status }.encode();
    let key = &stuck.family.world.log_key;
    let verifier = NoteVerifier::new(ORIGIN, KeyType::Ed25519, key.public_key().as_bytes());
    let checkpoint = Checkpoint::new(ORIGIN, Root { size: Size(1), hash: hash::leaf(&entry) }).unwrap();
    let checkpoint = checkpoint.sign(&verifier.unwrap(), &|text| key.sign(text).unwrap()).unwrap();
    let proof = TlogProof { index: Index(0), path: Vec::new(), checkpoint };
    let answer = json!({"id": id, "index": 0, "entry": b64::encode(&entry), "proof": proof.to_string()});
    answer.to_string().into_bytes()
}

#[test]
fn an_entry_that_says_more_is_not_the_record_s() {
    let mut stuck = Stuck::new(Family::new());
    let id = stuck.known().id;
    let mut run = |id: Hash, status: Initial| {
        let forged = forged(&stuck, id, status);
        stuck.family.stub.lie(
            move |path, reply| {
                if path == "/v1/records" { (201, forged.clone()) } else { reply }
            },
        );
        // One who has seen nothing: what was seen would tell of it first.
        let client = stuck.family.stub.client(&stuck.family.mother, Arc::new(MemoryStore::new()));
        stuck.run(&client)
    };
    for (id, status) in [(id, Initial::Active), (Hash([7; 32]), Initial::Pending)] {
        let run = run(id, status);
        assert_eq!(run.stopped.as_ref().map(|error| error.name()), Some("other_record"), "{run:?}");
        assert!(matches!(run.outcomes[..], [(1, Outcome::NotSent(_))]), "{run:?}");
    }
    // The same with nothing wrong is what a ledger promises.
    assert_eq!(given(&run(id, Initial::Pending)), id);
}

//! Which keys sign the log: the root's list is believed under any key that it names, and under no other; it takes nothing back.

use super::truths::{now, policy, status_ask, told};
use super::{Told, Trial};
use crate::hostile::Liar;
use crate::world::{ORIGIN, World, vrf};
use procura_core::Hash;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::cosign;
use procura_core::draft::Draft;
use procura_core::key::{Signer, SoftKey};
use procura_core::log_keys::LogKey;
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::{Policy, Question};
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_ledger::{Clock, Ledger, Setup};
use serde_json::{Value, json};
use std::sync::Arc;

/// The root's list of keys.
fn list(world: &World, keys: &[LogKey]) -> Submission {
    Draft::new("log-keys", &world.occasion())
        .member("log_keys", keys.iter().map(LogKey::to_json).collect())
        .sign(&world.root.kid, world.root.key.as_ref())
        .unwrap()
}

fn vkey(world: &World, key: &SoftKey) -> NoteVerifier {
    NoteVerifier::new(world.ledger.origin(), KeyType::Ed25519, key.public_key().as_bytes()).unwrap()
}

pub(super) fn trials() -> Vec<Trial> {
    let world = World::in_memory();
    let (next, stranger) = (Arc::new(SoftKey::from_seed(&[0xA5; 32])), SoftKey::from_seed(&[0xA6; 32]));
    let began = world.ledger.log_keys().remove(0);
    let added = LogKey { key: vkey(&world, &next), retired_at: None };
    // A moment ahead, so that it still signs this.
    let retired_at = Some(procura_core::Millis(world.clock.now().0 + 1));
    let retired = LogKey { retired_at, ..began.clone() };
    let id = world.append(list(&world, &[retired.clone(), added.clone()])).id;
    let ask = json!({"type": "log_keys"});
    // The world's ledger has the key only that it began with: who signs from here on is made by hand.
    let by = |key: &Arc<SoftKey>, id: Hash| {
        let mut liar = Liar::copy(&world);
        liar.log_key = Arc::clone(key);
        told(&world, liar.receipt(&Question::Status { id, through: None, as_of: None }), ask.clone())
    };
    let honest = by(&next, id);
    let registrar = by(&next, world.registrar.party);
    let under = |keys: &[Value]| {
        let mut policy = policy(&world);
        policy["log_keys"] = json!(keys);
        policy
    };
    let earlier = LogKey { retired_at: Some(procura_core::Millis(1)), ..began.clone() };
    let third = LogKey { key: vkey(&world, &stranger), retired_at: None };
    let [began, added, third, earlier] = [&began, &added, &third, &earlier].map(LogKey::to_json);
    vec![
        Trial::new("log-keys", "The root names another key, which signs alone.", "accept", &honest),
        Trial::new("log-keys-known", "A verifier that knows the keys already.", "accept", &honest)
            .policy(under(&[retired.to_json(), added.clone()])),
        Trial::new(
            "log-keys-unknown-signer",
            "A checkpoint by a key that the root does not name.",
            "log_signature",
            &by(&Arc::new(stranger), id),
        ),
        Trial::new(
            "log-keys-retired-signer",
            "A checkpoint by the key that the root retires.",
            "retired_key",
            &by(&world.log_key, id),
        ),
        Trial::new("log-keys-missing", "The list lacks a key that the verifier knows.", "log_keys", &honest)
            .policy(under(&[began.clone(), third])),
        Trial::new("log-keys-taken-back", "A key retired before is to count longer.", "log_keys", &honest)
            .policy(under(&[earlier, added])),
        Trial::new("log-keys-other-record", "A receipt of something else.", "other_question", &registrar),
        Trial::new(
            "log-keys-not-followed",
            "The record's status, asked of a verifier that knows the first key only.",
            "log_signature",
            &honest,
        )
        .ask(status_ask(id)),
        pending(&world),
        retired_between(&world),
        retired_and_unseen(&world),
    ]
}

/// A list that one of two root keys has signed, and two must.
fn pending(world: &World) -> Trial {
    let (one, two) = (SoftKey::from_seed(&[0xD1; 32]), SoftKey::from_seed(&[0xD2; 32]));
    let kid = |key: &SoftKey| key.public_key().thumbprint();
    let root = Draft::new("root", &world.occasion())
        .member("keys", json!([one.public_key().jwk(), two.public_key().jwk()]))
        .member("quorum", json!(2))
        .member("key_delay", json!(1))
        .member("trial", json!(true))
        .vrf_key(vrf().public_key())
        .sign(&kid(&one), &one)
        .unwrap();
    let id = Record::parse(&root.record).unwrap().id();
    let setup = Setup { origin: ORIGIN.to_owned(), root, log_key: world.log_key.clone() };
    let ledger = Ledger::in_memory(setup, world.options()).unwrap();
    ledger.append(Draft::on("acceptance", &world.occasion(), &id).sign(&kid(&two), &two).unwrap()).unwrap();
    let keys = [ledger.log_keys().remove(0), LogKey { key: vkey(world, &two), retired_at: None }];
    let list = Draft::new("log-keys", &world.occasion())
        .member("log_keys", keys.iter().map(LogKey::to_json).collect())
        .member("quorum", json!(2));
    let id = ledger.append(list.sign(&kid(&one), &one).unwrap()).unwrap().id;
    let receipt = ledger.view().receipt(&id, &now()).unwrap().unwrap();
    let policy = Policy::plain(ledger.origin(), ledger.log_key(), ledger.entry0(), 300);
    let told = Told { receipt, ask: json!({"type": "log_keys"}), policy };
    Trial::new("log-keys-pending", "One root key signed, and two must.", "not_in_force", &told)
}

/// One of two witnesses suffices. One cosigned before the log key retired, the other after.
fn retired_between(world: &World) -> Trial {
    let receipt = world.ledger.view().receipt(&world.registrar.party, &now()).unwrap().unwrap();
    let mut told: Told = told(world, receipt, status_ask(world.registrar.party));
    let time_s = world.clock.now().0 / 1000;
    let mut lines = String::new();
    for (seed, name, time_s) in [(0xC1, "w1", time_s - 60), (0xC3, "w2", time_s)] {
        let key = SoftKey::from_seed(&[seed; 32]);
        let public_key = key.public_key();
        let full = format!("{name}.example");
        let verifier = NoteVerifier::new(&full, KeyType::CosignatureV1, public_key.as_bytes()).unwrap();
        lines.push_str(&format!("witness {name} {verifier}\n"));
        let (head, note) = told.receipt.proof.split_once("\n\n").unwrap();
        let note = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let sign = |message: &[u8]| key.sign(message).unwrap();
        let line = cosign(&verifier, note.note().text(), time_s, &sign).unwrap();
        told.receipt.proof = format!("{head}\n\n{}", note.with(line).unwrap());
    }
    told.policy["witnesses"] = json!(format!("{lines}group any any w1 w2\nquorum any\n"));
    told.policy["log_keys"][0]["retired_at"] = json!((time_s - 30) * 1000);
    Trial::new(
        "retired-key-quorum-before",
        "A quorum cosigned before the log key retired, and a further witness after.",
        "accept",
        &told,
    )
}

/// No witness at all, and the key is retired: what is said first.
fn retired_and_unseen(world: &World) -> Trial {
    let receipt = world.ledger.view().receipt(&world.registrar.party, &now()).unwrap().unwrap();
    let mut told = told(world, receipt, status_ask(world.registrar.party));
    let key = SoftKey::from_seed(&[0xC1; 32]);
    let public_key = key.public_key();
    let verifier = NoteVerifier::new("w1.example", KeyType::CosignatureV1, public_key.as_bytes()).unwrap();
    told.policy["witnesses"] = json!(format!("witness w1 {verifier}\nquorum w1\n"));
    told.policy["log_keys"][0]["retired_at"] = json!(1);
    Trial::new("retired-key-no-quorum", "A retired key, and no quorum whenever.", "no_quorum", &told)
}

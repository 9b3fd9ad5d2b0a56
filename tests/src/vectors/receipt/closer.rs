//! Lies about the checkpoint: whose it is, who vouches for it, how old it is, what it continues, and what it ends with.

use super::truths::{family, now, policy, status_ask, told};
use super::{Told, Trial};
use crate::hostile::Liar;
use crate::world::World;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::cosign;
use procura_core::entry::{Commit, Entry};
use procura_core::hash::empty;
use procura_core::key::{Signer, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::{Question, Receipt};
use procura_core::{Hash, Index, Millis};
use procura_ledger::{Ask, Clock};
use serde_json::json;
use std::sync::Arc;

pub(super) fn trials() -> Vec<Trial> {
    let world = World::in_memory();
    [keys(&world), witnesses(&world), ages(&world), pins(), last_entries(&world)].concat()
}

/// The liar's answer about the registrar: entry 0 and one more.
fn small(world: &World, liar: &Liar) -> Told {
    let id = world.registrar.party;
    let receipt = liar.receipt(&Question::Status { id, through: None, as_of: None });
    told(world, receipt, status_ask(id))
}

fn keys(world: &World) -> Vec<Trial> {
    let honest = small(world, &Liar::copy(world));
    let mut elsewhere = Liar::copy(world);
    elsewhere.origin = "trial/elsewhere".to_owned();
    let mut thief = Liar::copy(world);
    thief.log_key = Arc::new(SoftKey::from_seed(&[0xBB; 32]));
    let mut retired = policy(world);
    retired["log_keys"][0]["retired_at"] = json!(u64::pow(2, 42));
    let mut other_start = policy(world);
    other_start["entry0"] = json!(Hash([7; 32]));
    // Somebody stole the log key and begins anew: everything fits but entry 0.
    let honest_start = Liar::copy(world);
    let mut start = honest_start.rows[0].clone();
    if let Entry::Create { head, .. } = &mut start.entry {
        head.commitment = Hash([9; 32]);
    }
    let forged = honest_start.begun_anew(start);
    vec![
        Trial::new(
            "wrong-origin",
            "The checkpoint of another ledger, with the same key.",
            "wrong_origin",
            &small(world, &elsewhere),
        ),
        Trial::new(
            "log-signature",
            "A checkpoint signed by a key of the prover's.",
            "log_signature",
            &small(world, &thief),
        ),
        Trial::new(
            "retired-key",
            "The log key is retired and no witness dates the checkpoint.",
            "retired_key",
            &honest,
        )
        .policy(retired),
        Trial::new("entry-0-of-another", "A verifier that trusts another entry 0.", "entry0", &honest)
            .policy(other_start),
        Trial::new(
            "entry-0-replaced",
            "A thief of the log key began the log anew.",
            "entry0",
            &small(world, &forged),
        ),
    ]
}

/// A policy with a witness and a map-checker, and the honest receipt cosigned by some of them.
fn witnesses(world: &World) -> Vec<Trial> {
    let honest = small(world, &Liar::copy(world));
    let cosigner = |name: &str, seed: u8| {
        let key = SoftKey::from_seed(&[seed; 32]);
        let verifier = NoteVerifier::new(name, KeyType::CosignatureV1, key.public_key().as_bytes()).unwrap();
        (key, verifier)
    };
    let (witness, witness_key) = cosigner("witness.example", 0xC1);
    let (checker, checker_key) = cosigner("checker.example", 0xC2);
    let mut with_witness = policy(world);
    with_witness["witnesses"] = json!(format!("witness w1 {witness_key}\nquorum w1\n"));
    let mut with_checker = policy(world);
    with_checker["map_checkers"] = json!([checker_key.to_string()]);
    let time_s = world.clock.now().0 / 1000;
    let cosigned = |key: &SoftKey, verifier: &NoteVerifier, time_s: u64| {
        let mut told = honest.clone();
        let (head, note) = told.receipt.proof.split_once("\n\n").unwrap();
        let note = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let sign = |message: &[u8]| key.sign(message).unwrap();
        let line = cosign(verifier, note.note().text(), time_s, &sign).unwrap();
        told.receipt.proof = format!("{head}\n\n{}", note.with(line).unwrap());
        told
    };
    let mut retired = with_witness.clone();
    retired["log_keys"][0]["retired_at"] = json!(time_s * 1000 + 1);
    let mut too_late = with_witness.clone();
    too_late["log_keys"][0]["retired_at"] = json!(time_s * 1000);
    let witnessed = cosigned(&witness, &witness_key, time_s);
    let forged = cosigned(&checker, &witness_key, time_s);
    let long_ago = cosigned(&witness, &witness_key, time_s - 301);
    let fresh = json!({"fresh": world.clock.now()});
    vec![
        Trial::new("witnessed", "A quorum cosigned.", "accept", &witnessed)
            .policy(with_witness.clone())
            .mode(fresh.clone()),
        Trial::new("no-quorum", "No witness cosigned.", "no_quorum", &honest).policy(with_witness.clone()),
        Trial::new("cosignature-forged", "The witness's line is by another key.", "no_quorum", &forged)
            .policy(with_witness.clone()),
        Trial::new("cosignature-stale", "The witness cosigned, but long ago.", "stale", &long_ago)
            .policy(with_witness)
            .mode(fresh),
        Trial::new("retired-key-witnessed", "The log key retired after the quorum.", "accept", &witnessed)
            .policy(retired),
        Trial::new(
            "retired-key-witnessed-late",
            "The quorum dates from the retirement on.",
            "retired_key",
            &witnessed,
        )
        .policy(too_late),
        Trial::new(
            "map-checked",
            "The map-checker cosigned.",
            "accept",
            &cosigned(&checker, &checker_key, time_s),
        )
        .policy(with_checker.clone()),
        Trial::new("no-map-checker", "The map-checker did not cosign.", "no_map_checker", &honest)
            .policy(with_checker),
    ]
}

fn ages(world: &World) -> Vec<Trial> {
    let honest = small(world, &Liar::copy(world));
    let now = world.clock.now().0;
    let at = |ms: u64| json!({"fresh": ms});
    let skew = 5 * 60 * 1000;
    vec![
        Trial::new("fresh-enough", "Exactly as old as the policy takes.", "accept", &honest)
            .mode(at(now + 300_000)),
        Trial::new("stale", "A second older than the policy takes.", "stale", &honest)
            .mode(at(now + 301_000)),
        Trial::new("ahead", "Dated five minutes ahead.", "accept", &honest).mode(at(now - skew)),
        Trial::new("future", "Dated over five minutes ahead.", "future", &honest).mode(at(now - skew - 1)),
    ]
}

/// A verifier that has seen a checkpoint, and a history that is not its continuation.
fn pins() -> Vec<Trial> {
    let (world, mother, son, _) = family();
    let seen = world.ledger.view().root();
    let mut fork = Liar::copy(&world);
    let old = world.ledger.view().receipt(&world.registrar.party, &now()).unwrap().unwrap();
    world.append(world.mandate(&mother, &son.party, &["tax"]));
    let newer = world.ledger.view().root();
    let honest =
        |ask: &Ask| -> Receipt { world.ledger.view().receipt(&world.registrar.party, ask).unwrap().unwrap() };
    let id = world.registrar.party;
    let told = |receipt: Receipt| told(&world, receipt, status_ask(id));
    let question = Question::Status { id, through: None, as_of: None };

    // The other history: another mandate, after and instead of what was seen.
    let other = world.consent(&mother, &son.party, &["tax"], &["read"]);
    fork.log(&other, Some(procura_core::status::Status::ACTIVE), &[]);
    fork.commit();
    assert_eq!(fork.rows.len() as u64, newer.size.0);
    let same_size = told(fork.receipt(&question));
    fork.log(
        &world.consent(&mother, &son.party, &["tax"], &["read"]),
        Some(procura_core::status::Status::ACTIVE),
        &[],
    );
    fork.commit();
    let beyond = told(fork.receipt_from(&question, Some(newer.size)));
    let no_proof = told(fork.receipt(&question));
    let wrong_from = told(fork.receipt_from(&question, Some(seen.size)));
    let mut older = old.clone();
    older.consistency = honest(&Ask { from: Some(seen.size), ..now() }).consistency;
    vec![
        Trial::new("fork-same-size", "Another root at the size seen before.", "fork", &same_size).pin(newer),
        Trial::new("fork-beyond", "A longer history that leaves out what was seen.", "fork", &beyond)
            .pin(newer),
        Trial::new(
            "no-consistency",
            "A longer history without a proof that it continues the one seen.",
            "no_consistency",
            &no_proof,
        )
        .pin(newer),
        Trial::new(
            "consistency-from-elsewhere",
            "A proof from another size than the one seen.",
            "no_consistency",
            &wrong_from,
        )
        .pin(newer),
        Trial::new(
            "rollback",
            "A fresh answer may not be older than what was seen.",
            "rollback",
            &told(old.clone()),
        )
        .pin(newer)
        .mode(json!({"fresh": world.clock.now()})),
        Trial::new(
            "older-without-proof",
            "History, older than what was seen, without a proof.",
            "no_consistency",
            &told(old),
        )
        .pin(newer),
        Trial::new(
            "older-with-proof",
            "History, older than what was seen, and its beginning.",
            "accept",
            &told(older),
        )
        .pin(newer),
    ]
}

/// Rule R1: what the last entry says of the map.
fn last_entries(world: &World) -> Vec<Trial> {
    let copy = Liar::copy(world);
    let ending = |change: &dyn Fn(&mut Commit)| {
        let mut liar = copy.clone();
        let mut commit = liar.true_commit();
        change(&mut commit);
        liar.push(Entry::Commit(commit), None);
        small(world, &liar)
    };
    let before = copy.rows.iter().rev().find_map(|row| match &row.entry {
        Entry::Commit(commit) => Some(*commit),
        _ => None,
    });
    let mut open_end = copy.clone();
    open_end.rows.push(copy.rows[0].clone());
    vec![
        Trial::new(
            "commit-of-before",
            "An old index commit at the end of a fresh tree.",
            "no_commit",
            &ending(&|commit| *commit = before.unwrap()),
        ),
        Trial::new("no-commit", "The last entry is none.", "no_commit", &small(world, &open_end)),
        Trial::new("empty-map", "The map has no key.", "empty_map", &ending(&|commit| commit.keys = 0)),
        Trial::new(
            "empty-root",
            "The map's root is that of nothing.",
            "empty_map",
            &ending(&|commit| commit.map_root = empty()),
        ),
        Trial::new(
            "zero-root",
            "The map's root is zero.",
            "map_root",
            &ending(&|commit| commit.map_root = Hash([0; 32])),
        ),
        Trial::new(
            "back-dated-commit",
            "The index commit is older than its entries.",
            "entry_time",
            &ending(&|commit| commit.time = Millis(1)),
        ),
        Trial::new(
            "prev-commit-unchecked",
            "What prev_commit names is for those who replay the log.",
            "accept",
            &ending(&|commit| commit.prev_commit = Index(0)),
        ),
    ]
}

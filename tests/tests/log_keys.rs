//! A ledger changes the key of its log: with both for a while, and where the old one is lost.
//!
//! Goal: who trusts the ledger goes along by the root's word and by nothing else, what was proven before stays proven as far as a quorum
//! of witnesses vouches for it, nothing acknowledged is lost, and no key signs that the root has not named. Method: a ledger in a folder,
//! opened again with other keys; receipts held against policies from before and after.

use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::cosign;
use procura_core::draft::Draft;
use procura_core::key::{Signer, SoftKey};
use procura_core::log_keys::LogKey;
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::policy::TlogPolicy;
use procura_core::receipt::{Mode, Pin, Policy, VerifyError, verify_log_keys, verify_status};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock, Ledger, OpenError, Options};
use procura_tests::world::{Actor, ORIGIN, World, vrf};
use std::path::Path;
use std::sync::Arc;

fn key(seed: u8) -> Arc<SoftKey> {
    Arc::new(SoftKey::from_seed(&[seed; 32]))
}

fn verifier(key: &SoftKey) -> NoteVerifier {
    NoteVerifier::new(ORIGIN, KeyType::Ed25519, key.public_key().as_bytes()).unwrap()
}

fn in_use(key: &SoftKey) -> LogKey {
    LogKey { key: verifier(key), retired_at: None }
}

fn retired(key: &SoftKey, at: Millis) -> LogKey {
    LogKey { key: verifier(key), retired_at: Some(at) }
}

/// A list of log keys, signed by `by`.
fn list(world: &World, by: &Actor, keys: &[LogKey]) -> Submission {
    let keys = keys.iter().map(LogKey::to_json).collect();
    Draft::new("log-keys", &world.occasion()).member("log_keys", keys).sign(&by.kid, by.key.as_ref()).unwrap()
}

/// Closes the ledger, and opens it anew by these keys. If that fails the world has another ledger.
fn reopen(
    world: &mut World,
    folder: &Path,
    keys: &[&Arc<SoftKey>],
    options: Options,
) -> Result<(), OpenError> {
    world.ledger.close();
    world.ledger = World::in_memory().ledger;
    let [first, also @ ..] = keys else { panic!("no key") };
    let also_signs = also.iter().map(|key| Arc::clone(*key) as _).collect();
    world.ledger = Ledger::open(folder, ORIGIN, Arc::clone(first) as _, Options { also_signs, ..options })?;
    Ok(())
}

/// A record that changes nothing.
fn note(world: &World) -> Submission {
    let by = &world.registrar;
    Draft::new("note", &world.occasion()).sign(&by.kid, by.key.as_ref()).unwrap()
}

fn receipt(world: &World, id: &Hash) -> Vec<u8> {
    let view = world.ledger.view();
    view.receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json().into_bytes()
}

/// A receipt under whose checkpoint a witness put its line.
fn cosigned(receipt: &[u8], time_s: u64) -> Vec<u8> {
    let mut receipt = procura_core::receipt::Receipt::parse(receipt).unwrap();
    let (head, note) = receipt.proof.split_once("\n\n").unwrap();
    let note = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    let (witness, verifier) = witness();
    let sign = |message: &[u8]| witness.sign(message).unwrap();
    let line = cosign(&verifier, note.note().text(), time_s, &sign).unwrap();
    receipt.proof = format!("{head}\n\n{}", note.with(line).unwrap());
    receipt.to_json().into_bytes()
}

fn witness() -> (Arc<SoftKey>, NoteVerifier) {
    let key = key(0xC1);
    let verifier =
        NoteVerifier::new("w1.example", KeyType::CosignatureV1, key.public_key().as_bytes()).unwrap();
    (key, verifier)
}

/// Which of the keys signed the ledger's last checkpoint.
fn signers(world: &World, keys: &[&Arc<SoftKey>]) -> Vec<bool> {
    let checkpoint = world.ledger.view().checkpoint().to_owned();
    let signed = SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap();
    keys.iter().map(|key| signed.verify(ORIGIN, &[verifier(key)]).is_ok()).collect()
}

fn name<T>(outcome: Result<T, VerifyError>) -> String {
    outcome.map_or_else(|error| error.name().to_owned(), |_| "accept".to_owned())
}

#[test]
fn a_key_is_changed_without_breaking_what_was_proven() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::in_folder(folder.path());
    let (one, two) = (world.log_key.clone(), key(0xA5));
    let before: Policy = world.policy();
    let old = receipt(&world, &world.registrar.party);

    // The next key is there, and signs nothing: nobody has named it.
    let options = world.options();
    reopen(&mut world, folder.path(), &[&one, &two], options.clone()).unwrap();
    world.append(note(&world));
    assert_eq!(signers(&world, &[&one, &two]), [true, false]);

    // Only the root names it, and takes nothing back.
    let both = [in_use(&one), in_use(&two)];
    assert_eq!(world.refused(list(&world, &world.registrar, &both)), "not_yours");
    assert_eq!(world.refused(list(&world, &world.root, &[in_use(&two)])), "log_keys");
    let named = world.append(list(&world, &world.root, &both)).id;
    assert_eq!(signers(&world, &[&one, &two]), [true, true]);
    assert_eq!(world.ledger.view().log_keys(), both);
    assert_eq!(world.ledger.view().log_keys_record(), Some(named));

    // Who trusts the first key learns of the second while both sign; who doesn't look may still come later.
    let learnt = verify_log_keys(&receipt(&world, &named), &before, Mode::Historic).unwrap();
    assert_eq!(learnt.log_keys(), both);

    let at = Millis(world.clock.now().0 + 1_000);
    let retiring = world.append(list(&world, &world.root, &[retired(&one, at), in_use(&two)])).id;
    assert_eq!(signers(&world, &[&one, &two]), [true, true], "until then both sign");
    assert_eq!(world.refused(list(&world, &world.root, &both)), "log_keys", "no retirement is taken back");
    let later = [retired(&one, Millis(at.0 + 1)), in_use(&two)];
    assert_eq!(world.refused(list(&world, &world.root, &later)), "log_keys");
    world.clock.pass(2_000);
    world.append(note(&world));
    assert_eq!(signers(&world, &[&one, &two]), [false, true]);

    let new = receipt(&world, &world.registrar.party);
    let verify = |receipt: &[u8], policy: &Policy| {
        name(verify_status(receipt, &world.registrar.party, None, policy, Mode::Historic))
    };
    let list_receipt = receipt(&world, &retiring);
    let learnt = verify_log_keys(&list_receipt, &before, Mode::Fresh(world.clock.now())).unwrap();
    let after = Policy { log_keys: learnt.log_keys().to_vec(), ..before.clone() };
    assert_eq!(verify(&new, &before), "log_signature");
    assert_eq!(verify(&new, &after), "accept");
    // An old receipt says what it said for whoever has not heard; afterwards it needs witnesses from before.
    assert_eq!(verify(&old, &before), "accept");
    assert_eq!(verify(&old, &after), "retired_key");
    let lines = format!("witness w1 {}\nquorum w1\n", witness().1);
    let witnesses = Some(TlogPolicy::parse(lines.as_bytes()).unwrap());
    let witnessed = Policy { witnesses, ..after.clone() };
    assert_eq!(verify(&cosigned(&old, at.0 / 1000 - 1), &witnessed), "accept");
    assert_eq!(verify(&cosigned(&old, at.0 / 1000 + 1), &witnessed), "retired_key");
    assert_eq!(verify(&cosigned(&new, at.0 / 1000 + 1), &witnessed), "accept");
    // A list from before the retirement is no way back.
    assert_eq!(name(verify_log_keys(&receipt(&world, &named), &after, Mode::Historic)), "log_keys");

    reopen(&mut world, folder.path(), &[&two], options.clone()).unwrap();
    world.append(note(&world));
    assert!(world.ledger.audit(&mut |_, _| {}).unwrap().is_clean());
    let refused = reopen(&mut world, folder.path(), &[&one], options.clone()).unwrap_err();
    assert_eq!(refused.name(), "log_key");
    let refused = reopen(&mut world, folder.path(), &[&key(0xA7)], options).unwrap_err();
    assert_eq!(refused.name(), "log_key");
}

#[test]
fn a_lost_key_is_followed_by_another_by_the_root_s_word_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::in_folder(folder.path());
    let (lost, next) = (world.log_key.clone(), key(0xA5));
    let son = world.person("75061200192");
    let seen = Pin { root: world.ledger.view().root() };
    let size = world.ledger.view().size();
    let policy = world.policy().with_pin(Some(seen));
    let acknowledged = world.ledger.view().checkpoint().to_owned();

    let options = world.options();
    let open = |world: &mut World, succession: Vec<Submission>| {
        let options = Options { succession, ..options.clone() };
        reopen(world, folder.path(), &[&next], options).map_err(|error| error.name())
    };
    assert_eq!(open(&mut world, Vec::new()), Err("other_log"));
    let now = world.clock.now();
    let keys = [retired(&lost, now), in_use(&next)];
    for (by, keys, name) in [
        (&world.registrar.clone(), keys.to_vec(), "not_yours"),
        (&world.root.clone(), vec![in_use(&next)], "other_log"),
        (&world.root.clone(), vec![retired(&lost, now), in_use(&key(0xA7))], "read_only"),
    ] {
        let refused = list(&world, by, &keys);
        assert_eq!(open(&mut world, vec![refused]), Err(name));
    }

    let succession = list(&world, &world.root, &keys);
    let id = procura_core::record::Record::parse(&succession.record).unwrap().id();
    open(&mut world, vec![succession]).unwrap();
    assert_eq!(signers(&world, &[&lost, &next]), [false, true]);
    assert!(world.ledger.view().consistency(size, world.ledger.view().size()).unwrap().is_some());
    assert!(world.ledger.view().size() > size);

    // A client that saw the last checkpoint of the lost key goes along, and finds everything.
    let ask = Ask { from: Some(size), ..Ask::now(Audience::Anyone) };
    let proof = |id: &Hash| world.ledger.view().receipt(id, &ask).unwrap().unwrap().to_json().into_bytes();
    let learnt = verify_log_keys(&proof(&id), &policy, Mode::Fresh(world.clock.now())).unwrap();
    let policy = Policy { log_keys: learnt.log_keys().to_vec(), ..policy };
    let kept = verify_status(&proof(&son.party), &son.party, None, &policy, Mode::Fresh(world.clock.now()));
    assert!(kept.is_ok());
    assert!(world.ledger.audit(&mut |_, _| {}).unwrap().is_clean());
    assert_ne!(acknowledged, world.ledger.view().checkpoint());

    // Once logged it is not needed again.
    let size = world.ledger.view().size();
    open(&mut world, Vec::new()).unwrap();
    assert_eq!(world.ledger.view().size(), size);
}

#[test]
fn of_two_lists_that_wait_only_one_comes_into_force() {
    let world = World::in_memory();
    let (one, two) = (key(0xD1), key(0xD2));
    let kid = |key: &SoftKey| key.public_key().thumbprint();
    let root = Draft::new("root", &world.occasion())
        .member("keys", serde_json::json!([one.public_key().jwk(), two.public_key().jwk()]))
        .member("quorum", serde_json::json!(2))
        .member("key_delay", serde_json::json!(1))
        .member("trial", serde_json::json!(true))
        .vrf_key(vrf().public_key())
        .sign(&kid(&one), one.as_ref())
        .unwrap();
    let id = procura_core::record::Record::parse(&root.record).unwrap().id();
    let setup = procura_ledger::Setup { origin: ORIGIN.to_owned(), root, log_key: world.log_key.clone() };
    let ledger = Ledger::in_memory(setup, world.options()).unwrap();
    let accept = |id: &Hash| {
        let draft = Draft::on("acceptance", &world.occasion(), id).sign(&kid(&two), two.as_ref()).unwrap();
        ledger.append(draft).map(|_| ())
    };
    accept(&id).unwrap();
    let list = |seed: u8| {
        let keys = [in_use(&world.log_key), in_use(&key(seed))];
        let draft = Draft::new("log-keys", &world.occasion())
            .member("log_keys", keys.iter().map(LogKey::to_json).collect())
            .member("quorum", serde_json::json!(2));
        ledger.append(draft.sign(&kid(&one), one.as_ref()).unwrap()).unwrap().id
    };
    // Each continues what is in force when it is handed in.
    let (first, second) = (list(0xA5), list(0xA6));
    assert_eq!(ledger.view().log_keys_record(), None);
    accept(&first).unwrap();
    assert_eq!(ledger.view().log_keys_record(), Some(first));
    let refused = accept(&second).unwrap_err();
    assert!(
        matches!(&refused, procura_ledger::SubmitError::Refused(refusal) if refusal.name() == "log_keys")
    );
    assert_eq!(ledger.view().log_keys_record(), Some(first));
}

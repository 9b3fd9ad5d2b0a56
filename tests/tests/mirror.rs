//! Goal: a mirror reads one checkpoint whole, whatever was followed beyond it, and after a crash the one that it read last. Method: a
//! world's ledger is followed in a folder, step by step; dropped without a word, as by a kill; opened again.

use procura_core::checkpoint::SignedCheckpoint;
use procura_core::entry::Entry;
use procura_core::receipt::{Mode, StatusAsk, StatusProofError, verify_status};
use procura_core::status::Status;
use procura_core::{Hash, Index};
use procura_ledger::index::Limits;
use procura_ledger::mirror::{AdoptError, FollowError, Mirror, MirrorView};
use procura_ledger::{Ask, Audience, Clock, OpenError};
use procura_tests::mirrored::follow;
use procura_tests::world::{ORIGIN, World};
use std::path::Path;

/// Every row goes to the index file at once.
const AT_ONCE: Limits =
    Limits { flush_rows: 1, flush_bytes: 1, hard_bytes: 1 << 20, retry: std::time::Duration::from_millis(1) };

fn open(folder: &Path) -> Mirror {
    Mirror::open_with(folder, ORIGIN, AT_ONCE).unwrap()
}

fn view(mirror: &Mirror) -> MirrorView {
    mirror.reader().view().unwrap()
}

/// What was logged since a mirror followed last.
fn fresh(mirror: &Mirror, world: &World) -> Vec<Vec<u8>> {
    let view = world.ledger.view();
    let fresh = mirror.root().size.0..view.size().0;
    fresh.map(|index| view.entry(Index(index)).unwrap().unwrap()).collect()
}

fn checkpoint(world: &World) -> SignedCheckpoint {
    SignedCheckpoint::parse(world.ledger.view().checkpoint().as_bytes()).unwrap()
}

/// How a mandate stands, by its receipt of now and what a view says of it.
fn status(world: &World, receipt: &procura_core::receipt::Receipt, id: &Hash, view: &MirrorView) -> Status {
    let proof = view.status(&StatusAsk::of(receipt, None).unwrap()).unwrap().unwrap();
    let now = world.clock.now();
    let renewed = receipt.renewed(&proof, now).unwrap().to_json();
    *verify_status(renewed.as_bytes(), id, None, &world.policy(), Mode::Fresh(now)).unwrap().status()
}

#[test]
fn what_was_followed_is_read_once_it_is_adopted() {
    let world = World::in_memory();
    let folder = tempfile::tempdir().unwrap();
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let given = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
    world.append(world.transition("acceptance", &son, &given));
    let receipt = world.ledger.view().receipt(&given, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    let mut mirror = open(folder.path());
    follow(&mut mirror, &world.ledger);
    let first = view(&mirror).root();
    // Opened anew, so that no flush is under way when the next one is due.
    drop(mirror);
    let mut mirror = open(folder.path());

    // Whatever entry is shown, it is the one there, or nothing is told.
    let ask = StatusAsk::of(&receipt, None).unwrap();
    for at in 0..ask.entries.len() {
        let (mut other, mut ahead) = (ask.clone(), ask.clone());
        *other.entries[at].1.last_mut().unwrap() ^= 1;
        ahead.entries[at].0.0 = first.size.0 + at as u64;
        assert!(view(&mirror).status(&other).unwrap().is_none(), "{at}");
        assert!(view(&mirror).status(&ahead).unwrap().is_none(), "{at}");
    }
    let unshown = StatusAsk { entries: ask.entries[..1].to_vec(), ..ask.clone() };
    assert!(view(&mirror).status(&unshown).unwrap().is_none());

    world.append(world.transition("revocation", &mother, &given));
    mirror.follow(&fresh(&mirror, &world)).unwrap();
    assert_eq!(view(&mirror).root(), first);
    assert_eq!(status(&world, &receipt, &given, &view(&mirror)), Status::ACTIVE);
    assert!(mirror.has_checked(world.ledger.view().root()).unwrap());

    // Killed here: the index in the file is ahead of what is read, and so it is made anew, up to there and then on.
    drop(mirror);
    let mut mirror = open(folder.path());
    assert_eq!((view(&mirror).root(), mirror.root()), (first, world.ledger.view().root()));
    assert_eq!(status(&world, &receipt, &given, &view(&mirror)), Status::ACTIVE);
    mirror.adopt(&checkpoint(&world)).unwrap();
    assert_eq!(status(&world, &receipt, &given, &view(&mirror)), Status::ENDED);
    drop(mirror);
    let mirror = open(folder.path());
    assert_eq!(view(&mirror).root(), world.ledger.view().root());
    assert_eq!(status(&world, &receipt, &given, &view(&mirror)), Status::ENDED);
    drop(mirror);

    // Without an index it is made anew; another ledger's folder, or one that lost entries, does not open.
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let mirror = open(folder.path());
    assert_eq!(status(&world, &receipt, &given, &view(&mirror)), Status::ENDED);
    drop(mirror);
    let other = Mirror::open(folder.path(), "trial/other").err().unwrap();
    assert!(matches!(other, OpenError::OtherLog { .. }), "{other}");
    std::fs::remove_dir_all(folder.path().join("log")).unwrap();
    let lost = Mirror::open(folder.path(), ORIGIN).err().unwrap();
    assert!(matches!(lost, OpenError::RolledBack { .. }), "{lost}");
}

#[test]
fn what_breaks_a_rule_leaves_all_as_it_was() {
    let world = World::in_memory();
    let folder = tempfile::tempdir().unwrap();
    let mother = world.person("48031500292");
    let mut mirror = open(folder.path());
    follow(&mut mirror, &world.ledger);
    let root = mirror.root();
    world.append(world.mandate(&mother, &world.registrar.party, &["pension"]));
    let honest = fresh(&mirror, &world);
    let (mut twice, mut flipped, mut open_end) = (honest.clone(), honest.clone(), honest.clone());
    twice.insert(0, honest[0].clone());
    *flipped.last_mut().unwrap().last_mut().unwrap() ^= 1;
    open_end.pop();
    for (entries, name) in [(twice, "id_taken"), (flipped, "commit_previous"), (open_end, "no_commit")] {
        let error = mirror.follow(&entries).unwrap_err();
        assert_eq!(error.name(), name);
        assert!(matches!(error, FollowError::Invalid { .. } | FollowError::NoCommit(_)));
        assert_eq!((mirror.root(), view(&mirror).root()), (root, root), "{name}");
    }
    // A checkpoint is adopted over exactly what was followed.
    let refused = mirror.adopt(&checkpoint(&world)).unwrap_err();
    assert!(matches!(refused, AdoptError::NotFollowed(_)), "{refused}");
    assert!(!mirror.has_checked(world.ledger.view().root()).unwrap());
    mirror.follow(&honest).unwrap();
    mirror.adopt(&checkpoint(&world)).unwrap();
    assert_eq!(view(&mirror).root(), world.ledger.view().root());
}

/// Who asks shows what they ask about: the list of nothing, and the alias of nobody, that is not among the entries.
#[test]
fn what_is_asked_about_is_among_what_is_shown() {
    let world = World::in_memory();
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let request = World::ask(&son.identifier, "tax", &mother.identifier, "read");
    let receipt =
        world.ledger.view().check(&request, world.clock.now(), &Ask::now(Audience::Anyone)).unwrap();
    let ask = StatusAsk::of(&receipt, None).unwrap();
    assert_eq!(StatusAsk::parse(ask.to_json().as_bytes()).as_ref(), Ok(&ask));
    assert!([son.party, mother.party].iter().all(|party| ask.aliases.contains(party)));
    for party in [son.party, mother.party] {
        let shown = |(_, bytes): &&(Index, Vec<u8>)| Entry::decode(bytes).unwrap().id() != Some(party);
        let entries: Vec<_> = ask.entries.iter().filter(shown).cloned().collect();
        let refused = Err(StatusProofError::Unshown { id: party });
        let of_list =
            StatusAsk { entries: entries.clone(), lists: vec![party], aliases: Vec::new(), from: None };
        let of_alias = StatusAsk { entries, lists: Vec::new(), aliases: vec![party], from: None };
        assert_eq!(StatusAsk::parse(of_list.to_json().as_bytes()), refused);
        assert_eq!(StatusAsk::parse(of_alias.to_json().as_bytes()), refused);
    }
    // A key's record is shown, and has no alias.
    let of_a_key = StatusAsk { aliases: vec![world.registrar.kid], ..ask };
    let refused = Err(StatusProofError::Unshown { id: world.registrar.kid });
    assert_eq!(StatusAsk::parse(of_a_key.to_json().as_bytes()), refused);
}

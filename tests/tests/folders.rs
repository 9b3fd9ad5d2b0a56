//! Goal: a data folder is one ledger's, and what is in it is that ledger's history or told. Method: folders that are opened twice, made
//! twice, put back, forked and mixed with others.
use procura_core::key::SoftKey;
use procura_core::receipt::{Mode, verify_status};
use procura_ledger::index::{IndexFile, Limits};
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::{Ask, Audience, Clock, Ledger, MemoryIndex, OpenError, Setup, Storage};
use procura_tests::folders::copy;
use procura_tests::world::{ORIGIN, World};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

fn reopen(world: &World, folder: &Path) -> Result<Ledger, OpenError> {
    Ledger::open(folder, ORIGIN, world.log_key.clone(), world.options())
}

#[test]
fn a_folder_belongs_to_one_ledger_of_one_key_and_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_folder(folder.path());
    let is_locked = |opened: Result<Ledger, OpenError>| matches!(opened, Err(OpenError::Store(e)) if e.name() == "locked");
    assert!(is_locked(reopen(&world, folder.path())));
    world.ledger.close();
    let (origin, key, options) = (ORIGIN, world.log_key.clone(), world.options());
    drop(world);
    let other = Arc::new(SoftKey::from_seed(&[3; 32]));
    let refused = Ledger::open(folder.path(), origin, other, options.clone()).err().unwrap();
    assert!(matches!(refused, OpenError::OtherLog { .. }), "{refused}");
    let refused = Ledger::open(folder.path(), "trial/other", key.clone(), options.clone()).err().unwrap();
    assert!(matches!(refused, OpenError::OtherLog { .. }), "{refused}");
    assert!(Ledger::open(folder.path(), origin, key, options).is_ok());
    // Made again: refused, also when only the store is gone.
    let init = || {
        let mut refused = None;
        World::with(|setup, options| {
            let again =
                Setup { root: setup.root.clone(), log_key: setup.log_key.clone(), origin: ORIGIN.to_owned() };
            refused = Ledger::init(folder.path(), again, options.clone()).err();
            Ledger::in_memory(setup, options)
        });
        refused.unwrap()
    };
    assert!(matches!(init(), OpenError::Store(e) if e.name() == "exists"));
    std::fs::remove_dir_all(folder.path().join("main")).unwrap();
    assert!(matches!(init(), OpenError::Store(e) if e.name() == "exists"));
}

/// Closes the world's ledger and lets go of its folder.
fn let_go(world: &mut World) {
    world.ledger.close();
    world.ledger = World::in_memory().ledger;
}

#[test]
fn a_folder_that_was_put_back_or_forked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let mut world = World::in_folder(folder.path());
    let mother = world.person("48031500292");
    let son = world.person("75061200192");
    let_go(&mut world);
    copy(folder.path(), old.path());

    world.ledger = reopen(&world, folder.path()).unwrap();
    let granted = world.append(world.mandate(&mother, &son.party, &["tax"]));
    let (stored, signed) = (granted.view.size().0 - 2, granted.view.size().0);
    drop(granted);
    let_go(&mut world);

    // The store of before, with the side file of now.
    let side = std::fs::read(folder.path().join("side")).unwrap();
    let rolled = tempfile::tempdir().unwrap();
    copy(old.path(), rolled.path());
    std::fs::write(rolled.path().join("side"), &side).unwrap();
    match reopen(&world, rolled.path()).err().unwrap() {
        OpenError::RolledBack { stored: s, signed: t } => assert_eq!((s.0, t.0), (stored, signed)),
        other => panic!("{other}"),
    }
    // The copy goes on by itself: another history of the same length, or longer.
    for more in 1..3 {
        let forked = tempfile::tempdir().unwrap();
        copy(old.path(), forked.path());
        world.ledger = reopen(&world, forked.path()).unwrap();
        for _ in 0..more {
            world.append(world.mandate(&mother, &son.party, &["pension"]));
        }
        let_go(&mut world);
        std::fs::write(forked.path().join("side"), &side).unwrap();
        let refused = reopen(&world, forked.path()).err().unwrap();
        assert!(matches!(refused, OpenError::Forked { .. }), "{refused}");
    }
    // The honest one opens, also without the side file, and says so no more if it is behind.
    assert!(reopen(&world, folder.path()).is_ok());
}

#[test]
fn an_index_that_is_gone_foreign_or_of_another_history_is_rebuilt_to_the_last_map_root() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let mut world = World::in_folder(folder.path());
    let mother = world.person("48031500292");
    let son = world.person("75061200192");
    let_go(&mut world);
    copy(folder.path(), other.path());
    world.ledger = reopen(&world, other.path()).unwrap();
    world.append(world.mandate(&mother, &son.party, &["pension"]));
    let_go(&mut world);
    world.ledger = reopen(&world, folder.path()).unwrap();
    let granted = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    let size = world.ledger.view().size();
    let_go(&mut world);

    let index = folder.path().join("index");
    let mut changes: Vec<Box<dyn Fn()>> = Vec::new();
    changes.push(Box::new(|| std::fs::remove_dir_all(&index).unwrap()));
    changes.push(Box::new(|| std::fs::write(index.join("manifest"), b"nonsense").unwrap()));
    changes.push(Box::new(|| {
        std::fs::remove_dir_all(&index).unwrap();
        copy(&other.path().join("index"), &index);
    }));
    for change in changes {
        change();
        let ledger = reopen(&world, folder.path()).unwrap();
        assert_eq!(ledger.view().size(), size);
        // The audit compares every row, and the map root with the last index commit's.
        let report = ledger.audit(&mut |_, _| {}).unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(report.index_compared, Some(size));
        assert!(ledger.view().receipt(&granted, &Ask::now(Audience::Anyone)).unwrap().is_some());
        ledger.close();
    }
}

#[test]
fn an_index_of_another_history_is_an_error_where_it_cannot_be_cleared() {
    let make = |identifier: &str| {
        let storage = || {
            let (store, index) = (MemoryStore::new(), Arc::new(MemoryIndex::default()));
            (store.clone(), index.clone(), Storage { store: Arc::new(store), index, side: None })
        };
        let (store, index, made) = storage();
        let world = World::over(made);
        world.person(identifier);
        world.ledger.close();
        (store, index, world)
    };
    let (store, _, world) = make("48031500292");
    let (_, index, _) = make("75061200192");
    assert!(index.mark().is_some());
    let storage = Storage { store: Arc::new(store), index, side: None };
    let refused = Ledger::open_over(storage, ORIGIN, world.log_key.clone(), world.options()).err().unwrap();
    assert!(matches!(refused, OpenError::OtherIndex { .. }), "{refused}");
}

#[test]
fn batches_fit_into_small_volumes_and_views_last() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with(|setup, mut options| {
        options.volumes.volume_entries = 32;
        options.index = Limits { flush_rows: 50, ..Limits::default() };
        Ledger::init(folder.path(), setup, options)
    });
    let mother = world.person("48031500292");
    let son = world.person("75061200192");
    let held = world.ledger.view();
    let (tell, told) = channel();
    let mut ids = Vec::new();
    for _ in 0..100 {
        let tell = tell.clone();
        world.ledger.submit(world.mandate(&mother, &son.party, &["tax"]), move |outcome| {
            drop(tell.send(outcome.map(|acknowledged| acknowledged.id)));
        });
    }
    drop(tell);
    for outcome in told.iter() {
        ids.push(outcome.unwrap());
    }
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| held.record(id).unwrap().is_none()));
    let receipt = held.receipt(&mother.party, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json();
    let mode = Mode::Fresh(world.clock.now());
    verify_status(receipt.as_bytes(), &mother.party, None, &world.policy(), mode).unwrap();
    let volumes = std::fs::read_dir(folder.path().join("main")).unwrap().count();
    assert!(volumes > 4, "{volumes}");
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

//! Goal: whatever fails below the ledger, nothing acknowledged is lost, nothing is acknowledged twice, and it becomes ready
//! again by itself. Method: a store that fails at will, the world's clock.
use procura_core::Size;
use procura_core::admission::Refusal;
use procura_core::draft::Draft;
use procura_core::identifier::Identifier;
use procura_core::key::{PublicKey, SignError, Signer, SoftKey};
use procura_core::kinds::PartyType;
use procura_core::receipt::{Mode, verify_status};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_ledger::store::Store;
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::store::redb::{Options as VolumeOptions, RedbStore};
use procura_ledger::{
    Acknowledged, Ask, Audience, Clock, Ledger, Options, Setup, State, Storage, SubmitError,
};
use procura_tests::meddler::{CommitFault, Meddler};
use procura_tests::world::{Actor, World};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

struct Scene {
    store: Meddler,
    world: World,
    mother: Actor,
    son: Actor,
}

impl Scene {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let store = Meddler::new(MemoryStore::new());
        let storage = Storage { store: Arc::new(store.clone()), ..Storage::in_memory() };
        let world = World::with(|setup, mut options| {
            change(&mut options);
            Ledger::init_over(storage, setup, options)
        });
        let mother = world.person("48031500292");
        let son = world.person("75061200192");
        Self { store, world, mother, son }
    }

    /// Answers come before the store is read back: what is told of the ledger's state changes a moment later.
    fn is_read_only(&self, because: &str) {
        let start = Instant::now();
        loop {
            let state = self.world.ledger.state();
            match &state {
                State::ReadOnly(what) | State::DiskFull(what) if what.contains(because) => return,
                _ => assert!(start.elapsed() < Duration::from_secs(20), "{state:?}"),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn is_ready_again(&self) {
        let start = Instant::now();
        while self.world.ledger.state() != State::Ready {
            assert!(start.elapsed() < Duration::from_secs(20), "{:?}", self.world.ledger.state());
            std::thread::sleep(Duration::from_millis(5));
        }
        let report = self.world.ledger.audit(&mut |_, _| {}).unwrap();
        assert_eq!(report.findings, []);
    }
}

fn error(outcome: Result<Acknowledged, SubmitError>) -> SubmitError {
    match outcome {
        Ok(_) => panic!("it was acknowledged"),
        Err(error) => error,
    }
}

fn is_proven(world: &World, acknowledged: &Acknowledged) {
    let receipt = acknowledged.view.receipt(&acknowledged.id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    let json = receipt.to_json();
    let mode = Mode::Fresh(world.clock.now());
    let verified = verify_status(json.as_bytes(), &acknowledged.id, None, &world.policy(), mode).unwrap();
    assert_eq!(*verified.status(), Status::PENDING);
}

#[test]
fn a_commit_that_fails_is_told_as_unknown_and_may_be_handed_in_again() {
    for fault in [CommitFault::Before, CommitFault::After, CommitFault::Full] {
        let scene = Scene::new();
        let (world, ledger) = (&scene.world, &scene.world.ledger);
        let before = world.append(world.mandate(&scene.mother, &scene.son.party, &["tax"]));
        let held = ledger.view();
        let mandate = world.mandate(&scene.mother, &scene.son.party, &["pension"]);
        scene.store.fail(&[fault]);
        assert!(matches!(error(ledger.append(mandate.clone())), SubmitError::Unknown), "{fault:?}");
        scene.is_ready_again();
        // Handed in again it stands once: as new, or where the failed commit had put it.
        let again = ledger.append(mandate.clone()).unwrap();
        assert_eq!(again.is_new, fault != CommitFault::After, "{fault:?}");
        is_proven(world, &again);
        let third = ledger.append(mandate).unwrap();
        assert!(!third.is_new);
        assert_eq!(third.index, again.index);
        assert!(before.index < again.index);
        is_proven(world, &Acknowledged { view: ledger.view(), ..before });
        // A view held over all of it is what it was.
        assert_eq!(held.root().size, held.size());
        assert!(held.record(&again.id).unwrap().is_none());
    }
}

#[test]
fn while_the_store_stays_broken_nothing_is_taken_and_everything_is_answered() {
    let scene = Scene::new();
    let (world, ledger) = (&scene.world, &scene.world.ledger);
    let before = world.append(world.mandate(&scene.mother, &scene.son.party, &["tax"]));
    let mandate = |scope: &str| world.mandate(&scene.mother, &scene.son.party, &[scope]);
    scene.store.fail_reopen(true);
    scene.store.fail(&[CommitFault::After]);
    let lost = mandate("pension");
    assert!(matches!(error(ledger.append(lost.clone())), SubmitError::Unknown));
    assert!(matches!(ledger.state(), State::ReadOnly(_)));
    // Answered at once, not when the store works again. (Reading it for the signer's key may be what fails.)
    let start = Instant::now();
    let refused = error(ledger.append(mandate("household")));
    assert!(matches!(refused, SubmitError::ReadOnly(_) | SubmitError::Refused(_)), "{refused}");
    assert!(start.elapsed() < Duration::from_millis(900));
    scene.store.fail_reopen(false);
    scene.is_ready_again();
    assert!(!ledger.append(lost).unwrap().is_new);
    is_proven(world, &Acknowledged { view: ledger.view(), ..before });

    // A ledger whose store is broken for good can be closed.
    scene.store.fail_reopen(true);
    scene.store.fail(&[CommitFault::Before]);
    assert!(ledger.append(mandate("household")).is_err());
    let start = Instant::now();
    ledger.close();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(ledger.state(), State::Closed);
}

#[test]
fn a_store_that_went_back_or_was_taken_over_is_not_written_to() {
    let scene = Scene::new();
    let (world, ledger) = (&scene.world, &scene.world.ledger);
    let mandate = || world.mandate(&scene.mother, &scene.son.party, &["tax"]);
    let honest = scene.store.head().unwrap();
    let size = ledger.view().size();
    scene.store.reopen_as(Some((Size(honest.size.0 - 2), honest.epoch)));
    scene.store.fail(&[CommitFault::Before]);
    assert!(matches!(error(ledger.append(mandate())), SubmitError::Unknown));
    scene.is_read_only("went back");
    assert!(matches!(error(ledger.append(mandate())), SubmitError::ReadOnly(_)));
    assert_eq!(ledger.view().size(), size);
    scene.store.reopen_as(None);
    scene.is_ready_again();
    // Only the index commit that tried it was added.
    assert_eq!(scene.store.head().unwrap().size.0, size.0 + 1);
    scene.store.reopen_as(Some((scene.store.head().unwrap().size, honest.epoch + 1)));
    scene.store.fail(&[CommitFault::Before]);
    assert!(ledger.append(mandate()).is_err());
    scene.is_read_only("taken the store over");
}

#[test]
fn a_first_start_that_was_cut_short_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    drop(RedbStore::create(&folder.path().join("main"), VolumeOptions::default()).unwrap());
    let world = World::in_folder(folder.path());
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

#[test]
fn a_refused_record_leaves_none_of_its_prepared_parties() {
    let world = World::in_memory();
    let office = world.institution("kbo:1000000120", &[]);
    let resolve = |niss: &str| world.ledger.resolve(&format!("niss:{niss}").parse().unwrap()).unwrap();
    let mut parties = [resolve("48031500292"), resolve("75061200192")];
    parties.sort_unstable();
    // One of them is registered under another id meanwhile, so that the prepared one can't be any more.
    for niss in ["48031500292", "75061200192"] {
        if resolve(niss) == parties[1] {
            world.person(niss);
        }
    }
    let note = Draft::new("minutes", &world.occasion()).member("parties", json!(parties));
    let note = note.sign(&office.kid, office.key.as_ref()).unwrap();
    assert_eq!(world.refused(note), "unknown_party");
    assert!(world.ledger.view().record(&parties[0]).unwrap().is_none());
}

#[test]
fn a_full_disk_keeps_the_ledger_read_only_until_there_is_room() {
    let scene = Scene::new();
    let (world, ledger) = (&scene.world, &scene.world.ledger);
    let mandate = || world.mandate(&scene.mother, &scene.son.party, &["tax"]);
    scene.store.fail(&[CommitFault::Full; 3]);
    assert!(matches!(error(ledger.append(mandate())), SubmitError::Unknown));
    // The index commit that tries it failed as well: not ready, although reading works.
    scene.is_read_only("full");
    assert!(matches!(ledger.state(), State::DiskFull(_)));
    let request = World::ask(&scene.son.identifier, "tax", &scene.mother.identifier, "read");
    assert!(!ledger.view().evaluate(&request, world.clock.now()).unwrap().permit);
    scene.is_ready_again();
    world.append(mandate());
}

#[test]
fn a_writer_that_was_replaced_stops() {
    let scene = Scene::new();
    let (world, ledger) = (&scene.world, &scene.world.ledger);
    scene.store.fail(&[CommitFault::Fenced]);
    let refused = error(ledger.append(world.mandate(&scene.mother, &scene.son.party, &["tax"])));
    assert!(matches!(refused, SubmitError::ReadOnly(what) if what.contains("replaced")));
    assert!(matches!(ledger.state(), State::ReadOnly(_)));
}

#[test]
fn the_clock_stops_appending_until_an_operator_confirms_it() {
    let scene = Scene::new();
    let (world, ledger) = (&scene.world, &scene.world.ledger);
    let mandate = || world.mandate(&scene.mother, &scene.son.party, &["tax"]);
    // Behind: by 5 s it may be, and entries keep the last one's time.
    world.append(mandate());
    let last = ledger.view().time();
    world.clock.set_back(5_000);
    assert_eq!(world.append(mandate()).view.time(), last);
    world.clock.set_back(1_000);
    let stopped = error(ledger.append(mandate()));
    assert!(matches!(&stopped, SubmitError::Clock(what) if what.contains("6000")), "{stopped}");
    assert!(matches!(ledger.state(), State::ClockStopped(_)));
    world.clock.pass(6_000);
    assert!(matches!(error(ledger.append(mandate())), SubmitError::Clock(_)));
    ledger.confirm_clock();
    scene.is_ready_again();
    world.append(mandate());

    // Ahead: by 10 min it may jump.
    world.clock.jump(10 * 60 * 1000);
    world.append(mandate());
    world.clock.jump(11 * 60 * 1000);
    let draft = mandate();
    assert!(matches!(error(ledger.append(draft.clone())), SubmitError::Clock(_)));
    let size = ledger.view().size();
    ledger.confirm_clock();
    scene.is_ready_again();
    assert_eq!(ledger.view().size().0, size.0 + 1);
    assert!(ledger.append(draft).unwrap().is_new);
    // Time that passes is no jump.
    world.clock.pass(3600 * 1000);
    world.append(mandate());
}

#[test]
fn a_full_queue_sheds_and_a_closed_ledger_answers() {
    let scene = Scene::with(|options| options.queue = 2);
    let (world, ledger) = (&scene.world, &scene.world.ledger);
    let submit = || -> Receiver<Result<Acknowledged, SubmitError>> {
        let (tell, told) = channel();
        ledger.submit(world.mandate(&scene.mother, &scene.son.party, &["tax"]), move |outcome| {
            drop(tell.send(outcome));
        });
        told
    };
    scene.store.hold(true);
    let mut waiting = Vec::new();
    let shed = loop {
        let told = submit();
        match told.recv_timeout(Duration::from_millis(50)) {
            Ok(outcome) => break error(outcome),
            Err(_) => waiting.push(told),
        }
        assert!(waiting.len() < 10);
    };
    assert!(matches!(shed, SubmitError::Busy { retry_after_s: 1 }));
    scene.store.hold(false);
    for told in waiting {
        assert!(told.recv().unwrap().unwrap().is_new);
    }
    // What was taken before the close is committed, what comes after it is told so.
    let last = submit();
    ledger.close();
    assert!(last.recv().unwrap().is_ok());
    assert!(matches!(submit().recv().unwrap(), Err(SubmitError::ReadOnly(_))));
    assert_eq!(ledger.state(), State::Closed);
    ledger.close();
    assert!(ledger.view().record(&scene.mother.party).unwrap().is_some());
}

#[test]
fn every_submission_is_answered_whoever_closes() {
    let scene = Scene::new();
    let (world, mother, son) = (&scene.world, &scene.mother, &scene.son);
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (tell, ledger) = (tell.clone(), world.ledger.clone());
            scope.spawn(move || {
                for _ in 0..50 {
                    let tell = tell.clone();
                    ledger.submit(world.mandate(mother, &son.party, &["tax"]), move |outcome| {
                        drop(tell.send(outcome.map(|acknowledged| acknowledged.id)));
                    });
                }
            });
        }
        std::thread::sleep(Duration::from_millis(5));
        world.ledger.close();
    });
    drop(tell);
    let outcomes: Vec<_> = told.iter().collect();
    assert_eq!(outcomes.len(), 200);
    for outcome in outcomes {
        match outcome {
            Ok(id) => assert!(world.ledger.view().record(&id).unwrap().is_some()),
            Err(error) => {
                assert!(matches!(error, SubmitError::ReadOnly(_) | SubmitError::Unknown), "{error}")
            }
        }
    }
}

#[test]
fn a_heartbeat_keeps_freshness_provable_also_while_only_refusals_come() {
    let scene = Scene::with(|options| options.heartbeat = Duration::from_millis(40));
    let (world, ledger) = (&scene.world, &scene.world.ledger);
    let granted = world.append(world.mandate(&scene.mother, &scene.son.party, &["tax"]));
    world.clock.pass(10_000);
    let start = Instant::now();
    let refused = world.mandate(&scene.mother, &scene.son.party, &["unknown"]);
    while ledger.view().time() < world.clock.now() {
        assert!(start.elapsed() < Duration::from_secs(10));
        assert!(matches!(error(ledger.append(refused.clone())), SubmitError::Refused(_)));
    }
    assert!(ledger.view().size() > granted.view.size());
    assert!(ledger.view().record(&granted.id).unwrap().is_some());
    is_proven(world, &Acknowledged { view: ledger.view(), ..granted });
}

#[test]
fn a_prepared_party_that_meets_a_failed_commit_is_registered_once() {
    for fault in [CommitFault::Before, CommitFault::After] {
        let scene = Scene::new();
        let (world, ledger) = (&scene.world, &scene.world.ledger);
        let identifier: Identifier = "niss:85073003328".parse().unwrap();
        let somebody = ledger.resolve(&identifier).unwrap();
        let mandate = world.mandate(&scene.mother, &somebody, &["tax"]);
        scene.store.fail(&[fault]);
        assert!(matches!(error(ledger.append(mandate.clone())), SubmitError::Unknown));
        scene.is_ready_again();
        ledger.append(mandate).unwrap();
        assert_eq!(ledger.resolve(&identifier).unwrap(), somebody);
        assert_eq!(ledger.view().party_of(&identifier).unwrap(), Some(somebody));
        scene.is_ready_again();
    }
}

/// The log's key, as long as it can be used.
struct Unsteady {
    key: SoftKey,
    fails: AtomicBool,
}

impl Signer for Unsteady {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(SignError("it is away".to_owned()));
        }
        self.key.sign(message)
    }
}

/// A key that is registered and used in one batch, of which nothing is written, signs nothing afterwards.
#[test]
fn what_a_batch_found_of_its_own_goes_with_it() {
    let log_key = Arc::new(Unsteady { key: SoftKey::from_seed(&[0xa1; 32]), fails: AtomicBool::new(false) });
    let store = Meddler::new(MemoryStore::new());
    let storage = Storage { store: Arc::new(store.clone()), ..Storage::in_memory() };
    let world = World::with(|setup, options| {
        Ledger::init_over(storage, Setup { log_key: log_key.clone(), ..setup }, options)
    });
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let scene = Scene { store, world, mother, son };
    let world = &scene.world;
    let id = |submission: &Submission| Record::parse(&submission.record).unwrap().id();

    let (by, handle, key) = (&world.registrar, world.fresh(), SoftKey::from_seed(&world.fresh()));
    let draft = world.party_draft(PartyType::Person, "niss:85073003328", handle);
    let party = draft.sign(&by.kid, by.key.as_ref()).unwrap();
    let bound = world.key_record(by, &id(&party), &key, "first");
    let daughter = Actor {
        party: id(&party),
        kid: id(&bound),
        key: Arc::new(key),
        identifier: "niss:85073003328".to_owned(),
        handle,
    };
    let mandate = world.mandate(&daughter, &scene.son.party, &["tax"]);

    // The three wait together, behind a commit that is held up.
    scene.store.hold(true);
    let submit = |submission: Submission| {
        let (tell, told) = channel();
        world.ledger.submit(submission, move |outcome| drop(tell.send(outcome)));
        told
    };
    let before = submit(world.mandate(&scene.mother, &scene.son.party, &["tax"]));
    assert!(before.recv_timeout(Duration::from_millis(200)).is_err());
    let together = [party, bound, mandate.clone()].map(submit);
    log_key.fails.store(true, Ordering::SeqCst);
    scene.store.hold(false);
    assert!(before.recv().unwrap().is_ok());
    for told in together {
        assert!(matches!(error(told.recv().unwrap()), SubmitError::ReadOnly(_)));
    }
    log_key.fails.store(false, Ordering::SeqCst);
    scene.is_ready_again();

    // The log grows beyond where the key would have stood.
    for _ in 0..5 {
        world.append(world.mandate(&scene.mother, &scene.son.party, &["tax"]));
    }
    assert!(matches!(error(world.ledger.append(mandate)), SubmitError::Refused(Refusal::UnknownKey)));
    scene.is_ready_again();
}

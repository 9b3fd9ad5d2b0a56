//! Goal: whatever order threads come in, there is one order that everybody sees, everybody is answered once, and nobody waits
//! for ever. Method: the sequencer, its queue, the flusher, what readers see and the prepared parties, run by shuttle, which
//! chooses at every lock, channel and thread who goes on: half of the runs by chance, half by few changes of priority, which
//! finds what chance seldom does. Waiting ends when somebody comes, never by time: timeouts do not pass here.
//!
//! `PROCURA_ORDERS` says how many orders of each story, `PROCURA_FIRST_SEED` which.
use procura_core::receipt::{Mode, verify_status};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Size};
use procura_ledger::index::Limits;
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::{Acknowledged, Ask, Audience, Clock, Ledger, State, Storage, SubmitError};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::mpsc::channel;
use shuttle::{Config, Runner, thread};
use std::sync::Arc;

#[path = "../../src/meddler.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod meddler;
#[path = "../../src/schemes.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod schemes;
#[path = "../../src/world.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod world;

use meddler::{CommitFault, Meddler};
use world::{Actor, World};

/// Tells a story in many orders.
fn in_many_orders(story: fn()) {
    let number = |name| std::env::var(name).ok().map(|n| n.parse().expect("a number"));
    let orders: usize = number("PROCURA_ORDERS").unwrap_or(40);
    let seed = number("PROCURA_FIRST_SEED").unwrap_or(0) as u64;
    let mut config = Config::new();
    config.stack_size = 16 << 20;
    let chance = RandomScheduler::new_from_seed(seed, orders / 2);
    Runner::new(chance, config.clone()).run(story);
    Runner::new(PctScheduler::new_from_seed(seed, 3, orders - orders / 2), config).run(story);
    println!("{orders} runs, {orders} faults, 0 lost: orders of threads");
}

/// A ledger with two persons, and a store that can fail.
struct Scene {
    world: Arc<World>,
    store: Meddler,
    mother: Actor,
    son: Actor,
}

impl Scene {
    /// So that nearly every commit hands rows to the flusher, and the next waits for it.
    fn new(queue: usize) -> Self {
        let store = Meddler::new(MemoryStore::new());
        let storage = Storage { store: Arc::new(store.clone()), ..Storage::in_memory() };
        let world = World::with(|setup, mut options| {
            options.queue = queue;
            options.index = Limits { flush_rows: 1, hard_bytes: 1, ..Limits::default() };
            Ledger::init_over(storage, setup, options)
        });
        let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
        Self { world: Arc::new(world), store, mother, son }
    }

    fn mandate(&self) -> Submission {
        self.world.mandate(&self.mother, &self.son.party, &["tax"])
    }

    fn permits(&self) -> impl Fn(&Ledger) -> bool + Send + use<> {
        let (world, mother, son) =
            (Arc::clone(&self.world), self.mother.identifier.clone(), self.son.identifier.clone());
        move |ledger| {
            let request = World::ask(&son, "tax", &mother, "read");
            ledger.view().evaluate(&request, world.clock.now()).unwrap().permit
        }
    }

    fn ledger(&self) -> Ledger {
        self.world.ledger.clone()
    }

    /// Everything stored is as it must be, and what was acknowledged is there and proven.
    fn holds(&self, acknowledged: &[Hash]) {
        let view = self.world.ledger.view();
        for id in acknowledged {
            let receipt = view.receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json();
            verify_status(receipt.as_bytes(), id, None, &self.world.policy(), Mode::Historic).unwrap();
        }
        assert_eq!(self.world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
    }
}

fn is_move(outcome: &Result<Acknowledged, SubmitError>) -> bool {
    matches!(outcome, Err(SubmitError::Refused(refusal)) if refusal.name() == "move")
}

/// Who accepts and who revokes one mandate see one order, and so does who only looks on.
#[test]
fn racing_to_accept_and_to_revoke_has_one_order() {
    in_many_orders(|| {
        let scene = Scene::new(64);
        let (ledger, permits) = (scene.ledger(), scene.permits());
        let id = ledger.append(scene.mandate()).unwrap().id;
        let accept = scene.world.transition("acceptance", &scene.son, &id);
        let revoke = scene.world.transition("revocation", &scene.mother, &id);
        let accepting = thread::spawn({
            let (ledger, permits) = (scene.ledger(), scene.permits());
            move || {
                let outcome = ledger.append(accept);
                // Whoever was refused came second, and sees it.
                assert!(!is_move(&outcome) || !permits(&ledger));
                outcome.map(|acknowledged| acknowledged.index)
            }
        });
        let revoking = thread::spawn({
            let ledger = scene.ledger();
            move || {
                let acknowledged = ledger.append(revoke).unwrap();
                assert!(!permits(&ledger), "a check after an acknowledged revocation");
                assert_eq!(acknowledged.view.status(&id).unwrap(), Some(Status::ENDED));
                acknowledged.index
            }
        });
        let looking = thread::spawn({
            let (ledger, permits) = (scene.ledger(), scene.permits());
            move || {
                let (mut size, mut has_ended) = (Size(0), false);
                for _ in 0..4 {
                    let view = ledger.view();
                    assert!(view.size() >= size);
                    size = view.size();
                    let ended = view.status(&id).unwrap() == Some(Status::ENDED);
                    assert!(ended || !has_ended, "it came back");
                    has_ended = ended;
                    assert!(!has_ended || !permits(&ledger));
                    thread::yield_now();
                }
            }
        });
        let (accepted, revoked) = (accepting.join().unwrap(), revoking.join().unwrap());
        looking.join().unwrap();
        match accepted {
            Ok(index) => assert!(index < revoked),
            Err(error) => assert!(is_move(&Err(error))),
        }
        assert_eq!(ledger.view().status(&id).unwrap(), Some(Status::ENDED));
        scene.holds(&[id]);
        ledger.close();
    });
}

/// Whoever closes, every submission is answered once, and what was acknowledged is there.
#[test]
fn closing_leaves_nobody_without_an_answer() {
    in_many_orders(|| {
        let scene = Scene::new(2);
        let (tell, told) = channel();
        let mut threads = Vec::new();
        for _ in 0..3 {
            let (ledger, tell) = (scene.ledger(), tell.clone());
            let mandates = [scene.mandate(), scene.mandate()];
            threads.push(thread::spawn(move || {
                for mandate in mandates {
                    let tell = tell.clone();
                    ledger.submit(mandate, move |outcome| {
                        tell.send(outcome.map(|acknowledged| acknowledged.id)).unwrap();
                    });
                }
            }));
        }
        drop(tell);
        for _ in 0..2 {
            let ledger = scene.ledger();
            threads.push(thread::spawn(move || ledger.close()));
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(scene.world.ledger.state(), State::Closed);
        let mut outcomes: Vec<_> = told.try_iter().collect();
        scene
            .holds(&outcomes.iter().filter_map(|outcome| outcome.as_ref().ok().copied()).collect::<Vec<_>>());
        // What came into the queue behind its reader's back is answered when it is dropped: with its reader in the standard
        // library, in shuttle with its last writer.
        drop(scene);
        outcomes.extend(told.iter());
        assert_eq!(outcomes.len(), 6);
        for error in outcomes.into_iter().filter_map(Result::err) {
            let is_true =
                matches!(error, SubmitError::Busy { .. } | SubmitError::ReadOnly(_) | SubmitError::Unknown);
            assert!(is_true, "{error}");
        }
    });
}

/// Rows go to the file while others read: what was acknowledged is found at every moment, in memory or in the file.
#[test]
fn readers_find_what_was_acknowledged_while_it_is_flushed() {
    in_many_orders(|| {
        let scene = Scene::new(64);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (ledger, mandates) = (scene.ledger(), [scene.mandate(), scene.mandate()]);
                thread::spawn(move || {
                    mandates.map(|mandate| {
                        let acknowledged = ledger.append(mandate).unwrap();
                        for view in [&acknowledged.view, &ledger.view()] {
                            let found = view.record(&acknowledged.id).unwrap().unwrap();
                            assert_eq!(found.logged.index, acknowledged.index);
                        }
                        acknowledged.id
                    })
                })
            })
            .collect();
        let ids: Vec<Hash> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        scene.holds(&ids);
        scene.world.ledger.close();
    });
}

/// Several look up one unknown person and name them: one party, logged once.
#[test]
fn a_person_looked_up_by_many_is_registered_once() {
    in_many_orders(|| {
        let scene = Scene::new(64);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (world, mother) = (Arc::clone(&scene.world), scene.mother.clone());
                thread::spawn(move || {
                    let somebody = world.ledger.resolve(&"niss:85073003328".parse().unwrap()).unwrap();
                    let mandate = world.mandate(&mother, &somebody, &["tax"]);
                    let acknowledged = world.ledger.append(mandate);
                    (somebody, acknowledged.map(|acknowledged| acknowledged.id))
                })
            })
            .collect();
        let outcomes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let registered = scene.world.ledger.resolve(&"niss:85073003328".parse().unwrap()).unwrap();
        let mut ids = vec![registered];
        for (somebody, outcome) in outcomes {
            assert_eq!(somebody, registered);
            ids.push(outcome.unwrap());
        }
        scene.holds(&ids);
        scene.world.ledger.close();
    });
}

/// A commit fails while others wait: each is told the truth or that it is not known, and may hand in again.
#[test]
fn a_commit_that_fails_leaves_nobody_with_a_lie() {
    in_many_orders(|| {
        let scene = Scene::new(64);
        scene.store.fail(&[CommitFault::After, CommitFault::None, CommitFault::Before]);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (ledger, mandate) = (scene.ledger(), scene.mandate());
                thread::spawn(move || {
                    for _ in 0..20 {
                        match ledger.append(mandate.clone()) {
                            Ok(acknowledged) => return acknowledged.id,
                            Err(
                                SubmitError::Unknown | SubmitError::ReadOnly(_) | SubmitError::Refused(_),
                            ) => {
                                thread::yield_now();
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                    panic!("it must come through");
                })
            })
            .collect();
        let ids: Vec<Hash> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        scene.holds(&ids);
        scene.world.ledger.close();
    });
}

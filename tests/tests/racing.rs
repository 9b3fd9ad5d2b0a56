//! Goal: clients who race to accept, to revoke and to use one mandate see one order. Method: many threads on a ledger in a folder
//! with small volumes and many flushes; what each was told is then laid out along the log: acknowledgements with their
//! checkpoints, and every answer with the size that it was given at. (In every order that a scheduler can choose, on a
//! smaller scale: tests/shuttle.)
use procura_core::receipt::{Mode, verify_status};
use procura_core::status::Status;
use procura_core::tree::{Root, check_consistency};
use procura_core::{Hash, Index, Size};
use procura_ledger::index::Limits;
use procura_ledger::{Acknowledged, Ask, Audience, Clock, Ledger, SubmitError};
use procura_tests::world::{Actor, World};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many mandates are fought over at once, and how many in turn.
const PAIRS: u64 = 4;
const ROUNDS: usize = 10;

/// What was told of one mandate.
#[derive(Default)]
struct Told {
    accepted: Option<Index>,
    revoked: Option<Index>,
    /// The sizes at which it was used, and those at which it could not be.
    yes: Vec<Size>,
    no: Vec<Size>,
    checkpoints: Vec<Root>,
    receipts: Vec<(Hash, String)>,
}

fn note(told: &Mutex<Told>, acknowledged: &Acknowledged) {
    let receipt = acknowledged.view.receipt(&acknowledged.id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    let mut told = told.lock().unwrap();
    told.checkpoints.push(acknowledged.view.root());
    told.receipts.push((acknowledged.id, receipt.to_json()));
}

/// One mandate between two persons, accepted, revoked by two and used by three at once.
fn race(world: &World, mother: &Actor, son: &Actor) -> (Hash, Told) {
    let id = world.append(world.mandate(mother, &son.party, &["tax"])).id;
    let accept = world.transition("acceptance", son, &id);
    let revocations = [0, 1].map(|_| world.transition("revocation", mother, &id));
    let request = World::ask(&son.identifier, "tax", &mother.identifier, "read");
    let (told, is_revoked, ledger) = (Mutex::new(Told::default()), AtomicBool::new(false), &world.ledger);
    std::thread::scope(|scope| {
        scope.spawn(|| match ledger.append(accept) {
            Ok(acknowledged) => {
                told.lock().unwrap().accepted = Some(acknowledged.index);
                note(&told, &acknowledged);
            }
            Err(error) => assert!(is_move(&error), "{error}"),
        });
        for revocation in revocations {
            scope.spawn(|| match ledger.append(revocation) {
                Ok(acknowledged) => {
                    is_revoked.store(true, Ordering::SeqCst);
                    assert_eq!(
                        told.lock().unwrap().revoked.replace(acknowledged.index),
                        None,
                        "revoked twice"
                    );
                    note(&told, &acknowledged);
                }
                Err(error) => assert!(is_move(&error), "{error}"),
            });
        }
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    // Before the view is taken: whatever is asked after that comes later.
                    let was_revoked = is_revoked.load(Ordering::SeqCst);
                    let view = ledger.view();
                    let permit = view.evaluate(&request, world.clock.now()).unwrap().permit;
                    assert!(!permit || !was_revoked, "a check after an acknowledged revocation");
                    let mut told = told.lock().unwrap();
                    told.checkpoints.push(view.root());
                    if permit {
                        told.yes.push(view.size())
                    } else {
                        told.no.push(view.size())
                    }
                    if was_revoked {
                        break;
                    }
                }
            });
        }
    });
    (id, told.into_inner().unwrap())
}

fn is_move(error: &SubmitError) -> bool {
    matches!(error, SubmitError::Refused(refusal) if refusal.name() == "move")
}

#[test]
fn racing_clients_see_one_order() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with(|setup, mut options| {
        options.volumes.volume_entries = 64;
        options.index = Limits { flush_rows: 20, ..Limits::default() };
        Ledger::init(folder.path(), setup, options)
    });
    // Pairs of their own, so that several mandates are fought over at once and nobody's other mandate permits anything.
    let pairs: Vec<_> = (0..PAIRS)
        .map(|n| {
            let person = |n| world.person(&procura_tests::crash::niss(900_101_001 + 2 * n)["niss:".len()..]);
            (person(2 * n), person(2 * n + 1))
        })
        .collect();
    let all = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (mother, son) in &pairs {
            let (world, all) = (&world, &all);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let told = race(world, mother, son);
                    all.lock().unwrap().push(told);
                }
            });
        }
    });

    let (view, policy) = (world.ledger.view(), world.policy());
    let all = all.into_inner().unwrap();
    let (mut accepted, mut used) = (0, 0);
    for (id, told) in &all {
        let revoked = told.revoked.expect("somebody's revocation is logged");
        accepted += usize::from(told.accepted.is_some());
        used += told.yes.len();
        assert!(told.accepted.is_none_or(|accepted| accepted < revoked));
        // A yes lies between the acceptance and the revocation, a no outside.
        let holds = |size: &Size| told.accepted.is_some_and(|a| a.0 < size.0) && revoked.0 >= size.0;
        assert!(told.yes.iter().all(holds), "{:?} {:?} {revoked:?}", told.yes, told.accepted);
        assert!(!told.no.iter().any(holds), "{:?} {:?} {revoked:?}", told.no, told.accepted);
        // Everybody's checkpoints are of one log.
        for root in &told.checkpoints {
            let hashes = view.consistency(root.size, view.size()).unwrap().unwrap();
            check_consistency(root, &view.root(), &hashes).unwrap();
        }
        for (through, receipt) in &told.receipts {
            verify_status(receipt.as_bytes(), id, Some(through), &policy, Mode::Historic).unwrap();
        }
        assert_eq!(view.status(id).unwrap(), Some(Status::ENDED));
    }
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
    println!("{} mandates, {accepted} accepted in time, used {used} times", all.len());
    assert_eq!(all.len() as u64, PAIRS * ROUNDS as u64);
    assert!(accepted > 0);
}

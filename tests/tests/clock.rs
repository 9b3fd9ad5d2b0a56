//! Goal: a clock that is wrong when a ledger is opened, or goes wrong while it is open, dates nothing back and nothing too far ahead:
//! appending stops until an operator confirms it, questions are answered, and old proofs are refused as old. Method: a
//! ledger in a folder, whose clock is set back 10 s and ahead a year.
use procura_core::Millis;
use procura_core::entry::Entry;
use procura_core::receipt::{Mode, VerifyError, verify_status};
use procura_ledger::store::Store;
use procura_ledger::store::redb::RedbStore;
use procura_ledger::{Ask, Audience, Clock, Ledger, Options, State, SubmitError};
use procura_tests::world::{Actor, ORIGIN, World};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;
const MAX_AGE_MS: u64 = 300 * 1000;

struct Scene {
    folder: TempDir,
    world: World,
    mother: Actor,
    son: Actor,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::in_folder(folder.path());
        let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
        Self { folder, world, mother, son }
    }

    /// Closes the ledger, does something to the clock, and opens it again.
    fn closed_while(&mut self, change: impl FnOnce(&World), confirm_clock: bool) {
        self.world.ledger.close();
        self.world.ledger = World::in_memory().ledger;
        change(&self.world);
        let options = Options { confirm_clock, ..self.world.options() };
        let opened = Ledger::open(self.folder.path(), ORIGIN, self.world.log_key.clone(), options);
        self.world.ledger = opened.unwrap();
    }

    fn append(&self) -> Result<Millis, SubmitError> {
        let mandate = self.world.mandate(&self.mother, &self.son.party, &["tax"]);
        self.world.ledger.append(mandate).map(|acknowledged| acknowledged.view.time())
    }

    /// Nothing is taken, questions are answered, and what is answered grows old.
    fn is_stopped(&self) {
        let (world, ledger) = (&self.world, &self.world.ledger);
        assert!(matches!(ledger.state(), State::ClockStopped(_)), "{:?}", ledger.state());
        let size = ledger.view().size();
        assert!(matches!(self.append(), Err(SubmitError::Clock(_))));
        assert!(matches!(ledger.state(), State::ClockStopped(_)));
        assert_eq!(ledger.view().size(), size);
        let request = World::ask(&self.son.identifier, "tax", &self.mother.identifier, "read");
        assert!(!ledger.view().evaluate(&request, world.clock.now()).unwrap().permit);

        let receipt = ledger.view().receipt(&self.mother.kid, &Ask::now(Audience::Anyone)).unwrap().unwrap();
        let receipt = receipt.to_json();
        let signed = ledger.view().time().0;
        let verify = |now| {
            let mode = Mode::Fresh(Millis(now));
            verify_status(receipt.as_bytes(), &self.mother.kid, None, &world.policy(), mode).map(drop)
        };
        verify(signed + MAX_AGE_MS).unwrap();
        let stale = verify(signed + MAX_AGE_MS + 1000).unwrap_err();
        assert!(matches!(stale, VerifyError::Stale { .. }), "{stale}");
    }

    fn confirm(&self) {
        self.world.ledger.confirm_clock();
        let start = Instant::now();
        while self.world.ledger.state() != State::Ready {
            assert!(start.elapsed() < Duration::from_secs(20), "{:?}", self.world.ledger.state());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The entries' times never go back, none is ahead of `latest`, and the audit finds nothing.
    fn ends(mut self, latest: Millis) {
        let report = self.world.ledger.audit(&mut |_, _| {}).unwrap();
        assert_eq!(report.findings, []);
        self.world.ledger.close();
        self.world.ledger = World::in_memory().ledger;
        let times = times(self.folder.path());
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(times.last(), Some(&latest));
    }
}

fn times(folder: &Path) -> Vec<Millis> {
    let store = RedbStore::open(&folder.join("main"), Options::default().volumes).unwrap();
    let entries = store.entries(0..store.head().unwrap().size.0).unwrap();
    entries.iter().map(|bytes| Entry::decode(bytes).unwrap().time()).collect()
}

#[test]
fn back_while_it_is_open() {
    let scene = Scene::new();
    let last = scene.append().unwrap();
    scene.world.clock.set_back(10_000);
    assert!(scene.append().is_err());
    scene.is_stopped();
    scene.confirm();
    assert_eq!(scene.append().unwrap(), last);
    scene.world.clock.pass(20_000);
    let now = scene.world.clock.now();
    assert_eq!(scene.append().unwrap(), now);
    scene.ends(now);
}

#[test]
fn ahead_while_it_is_open() {
    let scene = Scene::new();
    let last = scene.append().unwrap();
    scene.world.clock.jump(YEAR_MS);
    assert!(scene.append().is_err());
    scene.is_stopped();
    // Right again, and said to be.
    scene.world.clock.set_back(YEAR_MS);
    scene.is_stopped();
    scene.confirm();
    assert_eq!(scene.append().unwrap(), last);
    scene.ends(last);
}

#[test]
fn back_at_the_start() {
    let mut scene = Scene::new();
    let last = scene.append().unwrap();
    scene.closed_while(|world| world.clock.set_back(10_000), false);
    scene.is_stopped();
    // That it is opened again changes nothing.
    scene.closed_while(|_| {}, false);
    scene.is_stopped();
    scene.closed_while(|_| {}, true);
    assert_eq!(scene.world.ledger.state(), State::Ready);
    assert_eq!(scene.append().unwrap(), last);
    scene.ends(last);
}

#[test]
fn ahead_at_the_start() {
    let mut scene = Scene::new();
    let last = scene.append().unwrap();
    scene.closed_while(|world| world.clock.jump(YEAR_MS), false);
    scene.is_stopped();
    scene.closed_while(|world| world.clock.set_back(YEAR_MS), false);
    assert_eq!(scene.world.ledger.state(), State::Ready);
    assert_eq!(scene.append().unwrap(), last);
    // Closed for a day is no news; for a year, somebody must say so.
    scene.closed_while(|world| world.clock.pass(24 * 3600 * 1000), false);
    assert_eq!(scene.append().unwrap(), scene.world.clock.now());
    scene.closed_while(|world| world.clock.pass(YEAR_MS), false);
    scene.is_stopped();
    scene.confirm();
    let now = scene.world.clock.now();
    assert_eq!(scene.append().unwrap(), now);
    scene.ends(now);
}

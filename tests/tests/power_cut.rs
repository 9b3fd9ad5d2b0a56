//! Goal: whatever a loss of power takes of what was not synced, nothing acknowledged is lost and nothing is stored by halves.
//! Method: a ledger on a disk that loses power at a call that a seed chooses, again and again, also while it recovers; with
//! volumes so small that they change all the time, erasures, kills and single failures in between. Afterwards everything
//! acknowledged is proven again, everything is audited, and the ledger goes on.
//!
//! `PROCURA_SEEDS` says how many seeds, `PROCURA_FIRST_SEED` from which on.
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_core::submission::Submission;
use procura_core::tree::{Root, check_consistency};
use procura_core::{Hash, Index, Size};
use procura_ledger::audit::Finding;
use procura_ledger::side::{SideFile, SideMark};
use procura_ledger::store::Store;
use procura_ledger::store::redb::{Options as VolumeOptions, RedbStore};
use procura_ledger::{
    Acknowledged, Ask, Audience, Ledger, MemoryIndex, OpenError, Options, ReadError, Setup, State, Storage,
    SubmitError, View,
};
use procura_tests::dice::{Dice, seeds};
use procura_tests::folders::passing_folder;
use procura_tests::power::PowerDisk;
use procura_tests::world::{Actor, CountedRandom, ORIGIN, World};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Volumes of a few records.
const VOLUMES: VolumeOptions =
    VolumeOptions { volume_entries: 8, cache_bytes: 1 << 20, sealed_cache_bytes: 1 << 20, sealed_open: 2 };

fn on(disk: &PowerDisk, options: Options) -> Options {
    // No heartbeat comes by itself: what happens follows from the seed.
    let heartbeat = Duration::from_secs(3600);
    Options { disk: Arc::new(disk.clone()), volumes: VOLUMES, heartbeat, ..options }
}

/// A ledger with two persons, closed, from which every seed starts.
struct Start {
    world: World,
    people: [Actor; 2],
    disk: PowerDisk,
    folder: PathBuf,
}

impl Start {
    fn new() -> Self {
        // The index lives in a folder of the machine's, and each seed's ledger makes its own anew.
        let folder = passing_folder();
        let path = folder.path().join("ledger");
        let disk = PowerDisk::with_folder(folder.path());
        let world = World::with(|setup, options| Ledger::init(&path, setup, on(&disk, options)));
        let people = [world.person("48031500292"), world.person("75061200192")];
        world.ledger.close();
        Self { world, people, disk: disk.kill(), folder: folder.path().to_owned() }
    }
}

/// What was told of a record.
struct Told {
    submission: Submission,
    target: Option<Hash>,
    acknowledged: Option<Receipt>,
}

/// What came with an acknowledgement.
struct Receipt {
    index: u64,
    root: Root,
    /// Not if the power went before it was asked for.
    json: Option<String>,
}

/// What may have become of a vault row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Erasure {
    Tried,
    Done,
}

/// One seed's history.
struct History<'a> {
    start: &'a Start,
    dice: Dice,
    disk: PowerDisk,
    random: Arc<CountedRandom>,
    told: BTreeMap<Hash, Told>,
    /// Mandates that nothing is done on, which may be erased.
    idle: Vec<Hash>,
    erased: BTreeMap<u64, Erasure>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    cuts: u64,
    cut_openings: u64,
    acknowledged: u64,
    unacknowledged_kept: u64,
    erasures: u64,
    volumes: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.cuts += other.cuts;
        self.cut_openings += other.cut_openings;
        self.acknowledged += other.acknowledged;
        self.unacknowledged_kept += other.unacknowledged_kept;
        self.erasures += other.erasures;
        self.volumes = self.volumes.max(other.volumes);
    }
}

/// A ledger that is open, with its store at hand where the test made it.
struct Session {
    world: World,
    store: Option<Arc<RedbStore>>,
}

impl<'a> History<'a> {
    fn new(start: &'a Start, seed: u64) -> Self {
        Self {
            start,
            dice: Dice::new(seed),
            disk: start.disk.copied(),
            random: Arc::new(CountedRandom::from(1_000_000 * (seed + 1))),
            told: BTreeMap::new(),
            idle: Vec::new(),
            erased: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.start.folder.join("ledger")
    }

    fn options(&self) -> Options {
        let random = self.random.clone();
        on(&self.disk, Options { random, ..self.start.world.options() })
    }

    /// Opens the ledger as a program does, or over a store that the test can erase in.
    fn open(&mut self) -> Result<Session, OpenError> {
        let (world, options) = (&self.start.world, self.options());
        let (ledger, store) = if self.dice.chance(30) {
            (Ledger::open(&self.folder(), ORIGIN, world.log_key.clone(), options)?, None)
        } else {
            let disk = Arc::new(self.disk.clone());
            let store = Arc::new(RedbStore::open_on(disk, &self.folder().join("main"), VOLUMES)?);
            let side = Some(SideFile::open_on(&self.disk, &self.folder().join("side"))?);
            let storage = Storage { store: store.clone(), index: Arc::new(MemoryIndex::default()), side };
            (Ledger::open_over(storage, ORIGIN, world.log_key.clone(), options)?, Some(store))
        };
        ledger.set_provisional(world.registrar_of_provisionals());
        Ok(Session { world: world.with_ledger(ledger, self.random.clone()), store })
    }

    /// Works until the power goes, or for a while.
    fn work(&mut self) {
        let session = match self.open() {
            Ok(session) => session,
            Err(error) => {
                assert!(self.disk.is_dead(), "it must open: {error}");
                self.counts.cut_openings += 1;
                return self.end(None);
            }
        };
        for _ in 0..12 {
            if self.disk.is_dead() {
                break;
            }
            match self.dice.below(10) {
                0..=2 => self.grant(&session),
                3..=5 => self.transition(&session),
                6 => self.grant_to_somebody_new(&session),
                7..=8 => self.erase(&session),
                _ if self.dice.chance(70) => {
                    let calls = self.dice.below(30) as u64 + 1;
                    self.disk.fail_after(calls);
                    // And the power goes while it gets over that, or not.
                    if self.dice.chance(50) {
                        self.disk.cut_after(calls + self.dice.below(30) as u64 + 1);
                    }
                }
                _ => self.hand_in_again(&session),
            }
        }
        self.end(Some(session));
    }

    fn grant(&mut self, session: &Session) {
        let [from, to] = &self.start.people;
        let mandate = session.world.mandate_draft(from, &to.party, &["tax"]);
        let id = mandate.id();
        if self.dice.chance(50) {
            self.idle.push(id);
        }
        self.hand_in(session, id, None, mandate.sign(&from.kid, from.key.as_ref()).unwrap());
    }

    /// A mandate to somebody who is logged in the same batch.
    fn grant_to_somebody_new(&mut self, session: &Session) {
        let identifier = procura_tests::crash::niss(850_101_001 + 2 * self.dice.below(400) as u64);
        let Ok(to) = session.world.ledger.resolve(&identifier.parse().unwrap()) else { return };
        let from = &self.start.people[0];
        let mandate = session.world.mandate_draft(from, &to, &["pension"]);
        let id = mandate.id();
        self.hand_in(session, id, None, mandate.sign(&from.kid, from.key.as_ref()).unwrap());
    }

    /// Accepts or revokes some mandate, whatever comes of it.
    fn transition(&mut self, session: &Session) {
        let is_target = |(id, told): &(&Hash, &Told)| told.target.is_none() && !self.idle.contains(id);
        let targets: Vec<Hash> = self.told.iter().filter(is_target).map(|(id, _)| *id).collect();
        if targets.is_empty() {
            return self.grant(session);
        }
        let target = targets[self.dice.below(targets.len())];
        let [from, to] = &self.start.people;
        let (kind, by) = if self.dice.chance(50) { ("acceptance", to) } else { ("revocation", from) };
        let draft = procura_core::draft::Draft::on(kind, &session.world.occasion(), &target);
        self.hand_in(session, draft.id(), Some(target), draft.sign(&by.kid, by.key.as_ref()).unwrap());
    }

    /// Hands in what was never acknowledged, or what was.
    fn hand_in_again(&mut self, session: &Session) {
        let known: Vec<Hash> = self.told.keys().copied().collect();
        if known.is_empty() {
            return;
        }
        let id = known[self.dice.below(known.len())];
        let told = &self.told[&id];
        let (submission, target, was) =
            (told.submission.clone(), told.target, told.acknowledged.as_ref().map(|receipt| receipt.index));
        let stored = session.world.ledger.view().record(&id);
        match self.hand_in(session, id, target, submission) {
            Some(acknowledged) => {
                assert!(was.is_none_or(|index| index == acknowledged.index.0), "it moved");
                if let Ok(stored) = stored {
                    assert_eq!(acknowledged.is_new, stored.is_none());
                }
            }
            None => assert!(
                self.disk.is_dead() || was.is_none() || self.erased.contains_key(&was.unwrap()),
                "what was logged is known"
            ),
        }
    }

    fn hand_in(
        &mut self,
        session: &Session,
        id: Hash,
        target: Option<Hash>,
        submission: Submission,
    ) -> Option<Acknowledged> {
        let outcome = session.world.ledger.append(submission.clone());
        self.wait(session);
        let told = self.told.entry(id).or_insert(Told { submission, target, acknowledged: None });
        match outcome {
            Ok(acknowledged) => {
                self.counts.acknowledged += u64::from(acknowledged.is_new);
                let json = proof(&acknowledged.view, &id).ok().flatten();
                let (index, root) = (acknowledged.index.0, acknowledged.view.root());
                let known = told.acknowledged.get_or_insert(Receipt { index, root, json });
                assert_eq!(known.index, index, "{id} stands in two places");
                Some(acknowledged)
            }
            // Said by the rules, not by the disk: it may be asked for in vain.
            Err(SubmitError::Refused(_)) => None,
            Err(error) => {
                assert!(self.disk.is_dead() || self.is_unsettled(&error), "{error}");
                None
            }
        }
    }

    /// A single call failed: the outcome is unknown, and the ledger reads back what is stored.
    fn is_unsettled(&self, error: &SubmitError) -> bool {
        matches!(error, SubmitError::Unknown | SubmitError::ReadOnly(_))
    }

    /// Until the sequencer is done with what it does after an answer, so that the calls of a seed come in one order.
    fn wait(&self, session: &Session) {
        let start = Instant::now();
        while !self.disk.is_dead() && session.world.ledger.state() != State::Ready {
            assert!(start.elapsed() < Duration::from_secs(30), "{:?}", session.world.ledger.state());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn erase(&mut self, session: &Session) {
        let Some(store) = &session.store else { return };
        let placed = |id: &Hash| self.told[id].acknowledged.as_ref().map(|receipt| receipt.index);
        let idle: Vec<u64> = self.idle.iter().filter_map(placed).collect();
        if idle.is_empty() {
            return;
        }
        let some = 1 + self.dice.below(3);
        let indexes: BTreeSet<_> = (0..some).map(|_| Index(idle[self.dice.below(idle.len())])).collect();
        let outcome = store.erase(&indexes);
        for index in &indexes {
            let known = self.erased.entry(index.0).or_insert(Erasure::Tried);
            if outcome.is_ok() {
                *known = Erasure::Done;
            }
        }
        match outcome {
            Ok(()) => self.counts.erasures += indexes.len() as u64,
            // The ledger finds out at its next commit, and reads back.
            Err(_) => drop(store.reopen()),
        }
    }

    /// The end of a session: the power goes, mostly; or the process is killed, and what it did not sync stays unsynced.
    fn end(&mut self, session: Option<Session>) {
        // Sometimes closed cleanly before.
        let session = session.filter(|_| self.dice.chance(80));
        self.disk = if self.dice.chance(75) {
            self.counts.cuts += 1;
            self.disk.cut(&mut self.dice)
        } else {
            self.disk.kill()
        };
        // From here on what is left of it has no disk.
        drop(session);
    }

    /// Opens what is there, and holds it against everything that was told.
    fn check(&mut self) {
        let session = self.open().unwrap_or_else(|error| panic!("it must open: {error}"));
        let (world, ledger) = (&session.world, &session.world.ledger);
        let (view, policy) = (ledger.view(), world.policy());
        let report = ledger.audit(&mut |_, _| {}).unwrap();
        let unopened: BTreeSet<u64> = report
            .findings
            .iter()
            .map(|finding| match finding {
                Finding::NotOpened { index } => index.0,
                other => panic!("{other}"),
            })
            .collect();
        for (index, erasure) in &self.erased {
            assert!(
                *erasure == Erasure::Tried || unopened.contains(index),
                "{index} was erased and is there"
            );
        }
        assert!(unopened.iter().all(|index| self.erased.contains_key(index)), "{unopened:?} is lost");
        for (id, told) in &self.told {
            self.counts.unacknowledged_kept += u64::from(hold(&view, &policy, &unopened, id, told));
        }
        let main = procura_ledger::disk::Disk::list(&self.disk, &self.folder().join("main")).unwrap();
        self.counts.volumes = main.len() as u64 - 1;
        drop(view);
        self.end(Some(session));
    }

    /// The ledger goes on.
    fn go_on(&mut self) {
        let session = self.open().unwrap();
        let [from, to] = &self.start.people;
        let acknowledged =
            session.world.ledger.append(session.world.mandate(from, &to.party, &["tax"])).unwrap();
        assert!(acknowledged.is_new);
        assert!(proof(&acknowledged.view, &acknowledged.id).unwrap().is_some());
    }
}

/// Holds one record against what was told of it. Whether it is there although it was never acknowledged.
fn hold(view: &View, policy: &Policy, unopened: &BTreeSet<u64>, id: &Hash, told: &Told) -> bool {
    let found = view.record(id).unwrap();
    let (record, through) = told.target.as_ref().map_or((id, None), |target| (target, Some(id)));
    let verify = |json: &str| {
        verify_status(json.as_bytes(), record, through, policy, Mode::Historic).unwrap();
    };
    if let Some(receipt) = &told.acknowledged {
        let found = found.as_ref().unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
        assert_eq!(found.logged.index.0, receipt.index);
        let hashes = view.consistency(receipt.root.size, view.size()).unwrap().unwrap();
        check_consistency(&receipt.root, &view.root(), &hashes).unwrap();
        receipt.json.as_deref().into_iter().for_each(verify);
    }
    let Some(found) = found else { return false };
    if unopened.contains(&found.logged.index.0) {
        assert!(found.logged.opened.is_none());
    } else {
        verify(&proof(view, id).unwrap().unwrap());
    }
    told.acknowledged.is_none()
}

fn proof(view: &View, id: &Hash) -> Result<Option<String>, ReadError> {
    let receipt = view.receipt(id, &Ask::now(Audience::Anyone))?;
    Ok(receipt.map(|receipt| receipt.to_json()))
}

/// Makes the ledger, or opens it if it is there: what a server does at its start.
fn open_or_make(folder: &Path, setup: &Setup, options: Options) -> Result<Ledger, OpenError> {
    match Ledger::open(folder, ORIGIN, setup.log_key.clone(), options.clone()) {
        Err(OpenError::Store(error)) if error.name() == "absent" => {}
        // A store without a first commit.
        Err(OpenError::OtherLog { .. }) => {}
        answered => return answered,
    }
    let again =
        Setup { origin: setup.origin.clone(), root: setup.root.clone(), log_key: setup.log_key.clone() };
    Ledger::init(folder, again, options)
}

#[test]
fn a_first_start_can_be_cut_short_anywhere() {
    let folder = passing_folder();
    let path = folder.path().join("above/ledger");
    let mut setup = None;
    let world = World::with(|given, options| {
        let ours =
            Setup { root: given.root.clone(), log_key: given.log_key.clone(), origin: given.origin.clone() };
        setup = Some(Setup {
            origin: ORIGIN.to_owned(),
            root: given.root.clone(),
            log_key: given.log_key.clone(),
        });
        Ledger::in_memory(ours, options)
    });
    let setup = setup.unwrap();
    let (mut cuts, mut made) = (0, 0);
    for seed in seeds(60) {
        let told = catch_unwind(AssertUnwindSafe(|| {
            let mut dice = Dice::new(seed);
            let mut disk = PowerDisk::with_folder(folder.path());
            let mut acknowledged: Option<Root> = None;
            for round in 0..5 {
                if round < 4 {
                    disk.cut_after(1 + dice.below(140) as u64);
                }
                let random = Arc::new(CountedRandom::from(1000 * (seed * 10 + round)));
                let options = on(&disk, Options { random, ..world.options() });
                match open_or_make(&path, &setup, options) {
                    Ok(ledger) => {
                        let (root, known) =
                            (ledger.view().root(), acknowledged.unwrap_or(ledger.view().root()));
                        let hashes = ledger.view().consistency(known.size, root.size).unwrap().unwrap();
                        check_consistency(&known, &root, &hashes).unwrap();
                        acknowledged = Some(root);
                        assert_eq!(ledger.audit(&mut |_, _| {}).unwrap().findings, []);
                        disk = if dice.chance(75) { disk.cut(&mut dice) } else { disk.kill() };
                    }
                    Err(error) => {
                        assert!(disk.is_dead(), "it must open, or be made: {error}");
                        cuts += 1;
                        disk = if dice.chance(75) { disk.cut(&mut dice) } else { disk.kill() };
                    }
                }
            }
            made += u64::from(acknowledged.is_some());
        }));
        told.unwrap_or_else(|_| panic!("seed {seed}"));
        let _ = std::fs::remove_dir_all(&path);
    }
    println!("{made} runs, {cuts} faults, 0 lost: first starts cut short");
    assert!(cuts > 0 && made > 0);
}

/// A mark too long for a sector may be torn, but the one that a start made durable is never lost, and never damaged.
#[test]
fn a_side_file_falls_back_to_the_mark_of_its_start_at_most() {
    let mark = |size: u64| SideMark { size: Size(size), checkpoint: format!("{size:09}").repeat(200) };
    let (mut fallbacks, mut torn) = (0, 0);
    for seed in seeds(300) {
        let mut dice = Dice::new(seed);
        let mut disk = PowerDisk::with_folder(Path::new("/ledger"));
        // At least what is durable; after a kill, all of it.
        let (mut size, mut certain, mut was_killed) = (0, 0, false);
        for _ in 0..6 {
            let side = SideFile::open_on(&disk, Path::new("/ledger/side")).unwrap();
            let last = side.last();
            assert_eq!(last, last.as_ref().map(|last| mark(last.size.0)));
            let last = last.map_or(0, |last| last.size.0);
            assert!((certain..=size).contains(&last), "seed {seed}: {last} of {certain} to {size}");
            fallbacks += u64::from(last < size);
            assert!(!was_killed || last == size, "seed {seed}: {last} of {size}");
            size = last;
            torn += u64::from(side.was_torn());
            for n in 0..dice.below(6) {
                size += 1;
                side.record(&mark(size)).unwrap();
                if n == 0 {
                    certain = size;
                }
            }
            was_killed = dice.chance(25);
            disk = if was_killed { disk.kill() } else { disk.cut(&mut dice) };
        }
    }
    println!("{} runs, {fallbacks} faults, 0 lost: {torn} slots torn", seeds(300).count());
    assert!(seeds(300).count() < 50 || (fallbacks > 0 && torn > 0));
}

/// Tells a story for each seed, and sums up.
fn tell(otherwise: u64, story: impl Fn(&mut History<'_>)) {
    let start = Start::new();
    let (seeds, mut all) = (seeds(otherwise), Counts::default());
    for seed in seeds.clone() {
        let told = catch_unwind(AssertUnwindSafe(|| {
            let mut history = History::new(&start, seed);
            story(&mut history);
            history.check();
            history.go_on();
            history.counts
        }));
        all.add(&told.unwrap_or_else(|_| panic!("seed {seed}")));
        let _ = std::fs::remove_dir_all(start.folder.join("ledger"));
    }
    let Counts { cuts, cut_openings, acknowledged, unacknowledged_kept, erasures, volumes } = all;
    println!(
        "{} runs, {cuts} faults, 0 lost: {cut_openings} power cuts while it opened, {acknowledged} records acknowledged, \
         {erasures} erased, {unacknowledged_kept} kept without an acknowledgement, up to {volumes} volumes",
        seeds.end - seeds.start
    );
    assert!(cuts > 0 && acknowledged > 0);
}

#[test]
fn nothing_acknowledged_is_lost_to_a_power_cut() {
    tell(25, |history| {
        for _ in 0..2 + history.dice.below(4) {
            // Soon: while it opens, and recovers from the cut before.
            let soon = [20, 100, 250][history.dice.below(3)];
            history.disk.cut_after(history.dice.below(soon) as u64 + 1);
            history.work();
            if history.dice.chance(50) {
                history.check();
            }
        }
    });
}

/// A commit that fails is in the system's cache, or not; the ledger reads back what it finds there. It is not to be signed for
/// before it is durable.
#[test]
fn what_is_read_back_after_a_failure_survives_a_power_cut() {
    tell(25, |history| {
        let session = history.open().unwrap();
        for _ in 0..history.dice.below(4) {
            history.grant(&session);
        }
        let calls = 1 + history.dice.below(60) as u64;
        history.disk.fail_after(calls);
        history.disk.cut_after(calls + 1 + history.dice.below(25) as u64);
        for _ in 0..8 {
            history.grant(&session);
        }
        history.end(Some(session));
    });
}

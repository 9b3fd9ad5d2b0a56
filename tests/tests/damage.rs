//! Goal: whatever happens to the files of a folder while nobody has it open is told by an error of its own or by the audit, and
//! never served as good. Method: one small folder of several volumes; bits flipped by seeds, volumes swapped for older and for
//! others' ones, the side file cut at every length; then everything that was there is asked for.
//!
//! `PROCURA_SEEDS` says how many bits are flipped.
use procura_core::receipt::{Mode, verify_status};
use procura_core::status::Status;
use procura_core::{Hash, Index, Size};
use procura_ledger::store::redb::Options as VolumeOptions;
use procura_ledger::{Ask, Audience, Clock, Ledger, OpenError, Options};
use procura_tests::dice::{Dice, seeds};
use procura_tests::folders::{copy, files, passing_folder};
use procura_tests::world::{Actor, CountedRandom, ORIGIN, World};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A closed folder, what is true of it, and how it stood earlier.
struct Scene {
    folder: TempDir,
    earlier: TempDir,
    world: World,
    mother: Actor,
    son: Actor,
    statuses: Vec<(Hash, Status)>,
    /// The first entry that says the scope.
    differs_from: Index,
    size: Size,
    earlier_size: Size,
}

fn options(options: Options) -> Options {
    Options { volumes: VolumeOptions { volume_entries: 8, ..VolumeOptions::default() }, ..options }
}

impl Scene {
    /// With its statuses: a mandate that is active, one that was revoked, one that nobody accepted.
    fn new() -> Self {
        Self::saying("tax")
    }

    fn saying(scope: &str) -> Self {
        let (folder, earlier) = (passing_folder(), passing_folder());
        let mut world = World::with(|setup, given| Ledger::init(folder.path(), setup, options(given)));
        let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
        let mut statuses = vec![(mother.party, Status::ACTIVE), (son.kid, Status::ACTIVE)];
        let (active, differs_from) = {
            let granted = world.append(world.mandate(&mother, &son.party, &[scope]));
            (granted.id, granted.index)
        };
        world.append(world.transition("acceptance", &son, &active));
        statuses.push((active, Status::ACTIVE));
        // So that the last volume is not full when the copy is made.
        world.person("85073003328");
        let earlier_size = world.ledger.view().size();
        let_go(&mut world);
        copy(folder.path(), earlier.path());

        world.ledger =
            Ledger::open(folder.path(), ORIGIN, world.log_key.clone(), options(world.options())).unwrap();
        let ended = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
        world.append(world.transition("acceptance", &son, &ended));
        world.append(world.transition("revocation", &mother, &ended));
        statuses.push((ended, Status::ENDED));
        let pending = world.append(world.mandate(&mother, &son.party, &["household"])).id;
        statuses.push((pending, Status::PENDING));
        let size = world.ledger.view().size();
        let_go(&mut world);
        Self { folder, earlier, world, mother, son, statuses, differs_from, size, earlier_size }
    }

    fn open(&self, folder: &Path) -> Result<Ledger, OpenError> {
        Ledger::open(folder, ORIGIN, self.world.log_key.clone(), options(self.world.options()))
    }

    /// The name of the error with which the folder does not open.
    fn refusal(&self, folder: &Path) -> &'static str {
        self.open(folder).err().expect("it must not open").name()
    }

    /// Asks for everything. What is answered is true; whether anything was told to be wrong, and by whom.
    fn ask(&self, folder: &Path) -> Option<String> {
        let ledger = match self.open(folder) {
            Ok(ledger) => ledger,
            Err(error) => return Some(format!("open: {}", error.name())),
        };
        assert_eq!(ledger.view().size(), self.size);
        self.ask_of(&ledger)
    }

    /// Asks for everything again once something was written to what may be damaged.
    fn ask_on(&self, folder: &Path) -> Option<String> {
        let random = Arc::new(CountedRandom::from(1_000_000));
        let world = match self.open(folder) {
            Ok(ledger) => self.world.with_ledger(ledger, random),
            Err(error) => return Some(format!("open: {}", error.name())),
        };
        let mandate = world.mandate(&self.son, &self.mother.party, &["tax"]);
        match world.ledger.append(mandate) {
            Ok(_) => self.ask_of(&world.ledger),
            Err(error) => Some(format!("append: {error:?}")),
        }
    }

    fn ask_of(&self, ledger: &Ledger) -> Option<String> {
        let view = ledger.view();
        let mut told = None;
        let policy = self.world.policy();
        for (id, status) in &self.statuses {
            match view.receipt(id, &Ask::now(Audience::Anyone)) {
                Ok(Some(receipt)) => {
                    let (json, mode) = (receipt.to_json(), Mode::Fresh(self.world.clock.now()));
                    let verified = verify_status(json.as_bytes(), id, None, &policy, mode);
                    // A receipt that does not verify is one that nobody takes for good.
                    match verified {
                        Ok(verified) => assert_eq!(verified.status(), status),
                        Err(error) => told = Some(format!("receipt: {}", error.name())),
                    }
                }
                Ok(None) => told = Some("missing".to_owned()),
                Err(_) => told = Some("read".to_owned()),
            }
        }
        for (scope, permits) in [("tax", true), ("pension", false), ("household", false)] {
            let request = World::ask(&self.son.identifier, scope, &self.mother.identifier, "read");
            match view.evaluate(&request, self.world.clock.now()) {
                Ok(decision) if decision.permit => assert!(permits, "{scope} is permitted"),
                Ok(_) if permits => told = Some("denied".to_owned()),
                Ok(_) => {}
                Err(_) => told = Some("read".to_owned()),
            }
        }
        match ledger.audit(&mut |_, _| {}) {
            Ok(report) => match report.findings.first() {
                Some(finding) => told = Some(format!("audit: {}", finding.name())),
                None => assert_eq!(report.root, Some(view.root().hash)),
            },
            Err(error) => told = Some(format!("audit: {}", error.name())),
        }
        told
    }

    fn copied(&self) -> TempDir {
        let folder = passing_folder();
        copy(self.folder.path(), folder.path());
        folder
    }

    fn volume(&self, folder: &Path, number: usize) -> PathBuf {
        let volumes: Vec<_> =
            files(&folder.join("main")).into_iter().filter(|p| p.extension().is_some()).collect();
        volumes[number].clone()
    }

    fn volumes(&self) -> usize {
        files(&self.folder.path().join("main")).len() - 1
    }
}

/// Closes the world's ledger and lets go of its folder.
fn let_go(world: &mut World) {
    world.ledger.close();
    world.ledger = World::in_memory().ledger;
}

/// The first index of a volume, by its name.
fn first_of(volume: &Path) -> u64 {
    let name = volume.file_name().unwrap().to_str().unwrap();
    name.trim_start_matches("volume-").trim_end_matches(".redb").parse().unwrap()
}

/// Flips a bit: mostly where something is written.
fn flip(path: &Path, dice: &mut Dice) -> usize {
    let mut bytes = fs::read(path).unwrap();
    let mut at = dice.below(bytes.len());
    if dice.chance(80) {
        while bytes[at] == 0 {
            at = dice.below(bytes.len());
        }
    }
    bytes[at] ^= 1 << dice.below(8);
    fs::write(path, bytes).unwrap();
    at
}

#[test]
fn a_flipped_bit_is_told_or_changes_nothing() {
    let scene = Scene::new();
    // Without the pages that earlier transactions left, so that most of what is written means something.
    for file in files(scene.folder.path()).iter().filter(|file| file.extension().is_some_and(|e| e == "redb"))
    {
        redb::Database::open(file).unwrap().compact().unwrap();
    }
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    let seeds = seeds(80);
    for seed in seeds.clone() {
        let mut dice = Dice::new(seed);
        let folder = scene.copied();
        let path = folder.path();
        let all = files(path);
        let file = &all[dice.below(all.len())];
        if fs::metadata(file).unwrap().len() == 0 {
            continue;
        }
        if !file.starts_with(path.join("index")) {
            // What is asked is answered from the store, not from an index made before.
            fs::remove_dir_all(path.join("index")).unwrap();
        }
        let at = flip(file, &mut dice);
        let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            scene.ask(path).or_else(|| scene.ask_on(path).map(|told| format!("written to, then {told}")))
        }));
        let answered = answered.unwrap_or_else(|_| {
            panic!("seed {seed}: byte {at} of {}", file.strip_prefix(path).unwrap().display())
        });
        *told.entry(answered.unwrap_or_else(|| "nothing changed".to_owned())).or_default() += 1;
    }
    let runs = seeds.end - seeds.start;
    println!("{runs} runs, {runs} faults, 0 lost: {told:?}");
    assert!(runs < 50 || told.len() > 2, "{told:?}");
}

#[test]
fn a_volume_that_was_swapped_is_told_apart() {
    let scene = Scene::new();
    let other = Scene::saying("household");
    let last = scene.volumes() - 1;
    let earlier_last = files(&scene.earlier.path().join("main")).len() - 2;
    assert!(last > earlier_last && earlier_last > 0);
    // A sealed volume as it was before it was full: the next one starts too late.
    let folder = scene.copied();
    fs::copy(scene.volume(scene.earlier.path(), earlier_last), scene.volume(folder.path(), earlier_last))
        .unwrap();
    assert_eq!(scene.refusal(folder.path()), "gap");
    // Another ledger's, whose entries are as many. (The first ones are the same: there the swap changes nothing.)
    for number in 0..last {
        let folder = scene.copied();
        fs::copy(scene.volume(other.folder.path(), number), scene.volume(folder.path(), number)).unwrap();
        if first_of(&scene.volume(folder.path(), number + 1)) > scene.differs_from.0 {
            assert_eq!(scene.refusal(folder.path()), "corrupt", "{number}");
        } else {
            assert_eq!(scene.ask(folder.path()), None, "{number}");
        }
    }
    // The last one as it was, or none: an older store.
    let folder = scene.copied();
    for number in (earlier_last..=last).rev() {
        fs::remove_file(scene.volume(folder.path(), number)).unwrap();
        assert_eq!(scene.refusal(folder.path()), "rolled_back");
    }
    let put_back = scene.volume(scene.earlier.path(), earlier_last);
    fs::copy(&put_back, folder.path().join("main").join(put_back.file_name().unwrap())).unwrap();
    assert_eq!(scene.refusal(folder.path()), "rolled_back");
    // All volumes of the other one: another history.
    let folder = scene.copied();
    fs::remove_dir_all(folder.path().join("main")).unwrap();
    copy(&other.folder.path().join("main"), &folder.path().join("main"));
    assert_eq!(scene.refusal(folder.path()), "forked");
    assert_eq!(scene.ask(scene.copied().path()), None);
}

/// Cut anywhere, the side file still tells of a folder that was put back to before the last start; what its one slot told
/// besides is lost with it, and that is said.
#[test]
fn a_side_file_cut_anywhere_still_tells_a_rollback() {
    let scene = Scene::new();
    let side = fs::read(scene.folder.path().join("side")).unwrap();
    let slot = 16 << 10;
    assert!(side.len() > slot);
    let whole = |start: usize| start + side[start..].iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let first_slot = whole_slot(&side[..slot]);
    assert!(whole(slot) <= side.len());
    let folder = passing_folder();
    copy(scene.folder.path(), folder.path());
    let rolled = passing_folder();
    copy(scene.earlier.path(), rolled.path());
    let lengths = (0..first_slot + 2).step_by(7).chain([slot - 1, slot, slot + 1]);
    for length in lengths.chain((slot..side.len()).step_by(7)).chain([side.len()]) {
        for path in [folder.path(), rolled.path()] {
            fs::write(path.join("side"), &side[..length]).unwrap();
        }
        let opened = scene.open(folder.path()).unwrap();
        assert_eq!(opened.view().size(), scene.size, "{length}");
        drop(opened);
        fs::write(folder.path().join("side"), &side).unwrap();
        match scene.open(rolled.path()) {
            Err(error) => assert_eq!(error.name(), "rolled_back", "{length}"),
            // No slot that holds more than the copy is whole.
            Ok(ledger) => {
                assert!(length < side.len(), "{length}");
                assert_eq!(ledger.view().size(), scene.earlier_size);
                drop(ledger);
                fs::remove_dir_all(rolled.path()).unwrap();
                copy(scene.earlier.path(), rolled.path());
            }
        }
    }
    // Both slots damaged: not taken for a file without marks.
    let mut damaged = side.clone();
    damaged[40] ^= 1;
    damaged[slot + 40] ^= 1;
    fs::write(folder.path().join("side"), damaged).unwrap();
    assert_eq!(scene.refusal(folder.path()), "damaged");
}

/// How long the mark in a slot is.
fn whole_slot(slot: &[u8]) -> usize {
    let length = u32::from_be_bytes(slot[28..32].try_into().unwrap());
    32 + length as usize + 32
}

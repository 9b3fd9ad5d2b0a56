//! A backup is the ledger, and no more for ever. Goal: a copy that is made while the ledger is in use is complete and opens; what was erased is
//! in no backup once those from before are gone, and comes back with none; a ledger made of a backup signs nothing; what is damaged or
//! unknown is refused and leaves nothing. Method: a ledger of small volumes in a folder, backed up, restored beside it, its files searched
//! for bytes.

use procura_core::draft::{Draft, Occasion};
use procura_core::key::SoftKey;
use procura_core::receipt::{Mode, verify_status};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis, b64};
use procura_ledger::audit::Finding;
use procura_ledger::backup::{Backup, BackupError, expire, list, restore};
use procura_ledger::disk::{Disk, SystemDisk};
use procura_ledger::{Ask, Audience, Clock as _, Ledger, Options, State, SubmitError};
use procura_tests::folders::{files, holds};
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SOMEBODY: &str = "88222999936";

struct Desk {
    world: World,
    mother: Actor,
    son: Actor,
    court: Actor,
    folder: tempfile::TempDir,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let mut world = World::in_folder(&path);
    world.ledger.close();
    world.ledger = World::in_memory().ledger;
    world.ledger = Ledger::open(&path, ORIGIN, world.log_key.clone(), small(&world)).unwrap();
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let court = world.institution("kbo:0202239951", &["authority"]);
    Desk { world, mother, son, court, folder }
}

/// Volumes of few entries, so that there are several.
fn small(world: &World) -> Options {
    let mut options = world.options();
    options.volumes.volume_entries = 32;
    options
}

impl Desk {
    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    fn mandate(&self, reference: &str) -> Hash {
        let (world, scopes) = (&self.world, ["tax".to_owned()]);
        let (from, to) = (&self.mother.party, &self.son.party);
        let draft = Draft::mandate(&world.occasion(), from, to, &world.catalogue, &scopes, &world.a_year());
        let draft = draft.withheld("reference", &json!(reference), &world.fresh()).unwrap();
        let id = world.append(draft.sign(&self.mother.kid, self.mother.key.as_ref()).unwrap()).id;
        world.append(world.transition("acceptance", &self.son, &id));
        id
    }

    /// Time passes, so that backups differ in when they were made.
    fn back_up(&self) -> Backup {
        self.world.clock.pass(1000);
        self.world.ledger.back_up(&self.backups()).unwrap()
    }

    /// The signed record of an erasure.
    fn erasure(&self, by: &Actor, id: &Hash) -> Submission {
        let draft = Draft::new("erasure", &self.world.occasion())
            .member("targets", json!([id]))
            .member("parties", json!(sorted(&[self.mother.party, self.son.party])));
        draft.sign(&by.kid, by.key.as_ref()).unwrap()
    }

    /// Ends a mandate, and has it erased. The erasure.
    fn erase(&self, id: &Hash) -> Hash {
        self.world.append(self.world.transition("revocation", &self.mother, id));
        self.erase_past(self.erasure(&self.court, id), &[*id])
    }

    /// Ends a person and their key, and has them erased.
    fn erase_person(&self, who: &Actor) {
        let died = Draft::on("life-event", &self.world.occasion(), &who.party)
            .member("event", json!("death"))
            .member("effective", json!(self.world.clock.now()));
        self.by_court(died);
        self.by_court(
            Draft::on("key-end", &self.world.occasion(), &who.kid).member("reason", json!("closed")),
        );
        let targets = [who.party, who.kid];
        let view = self.world.ledger.view();
        let parties: BTreeSet<Hash> =
            targets.iter().flat_map(|id| view.parties_of(id).unwrap().unwrap()).collect();
        drop(view);
        let draft = Draft::new("erasure", &self.world.occasion())
            .member("targets", json!(sorted(&targets)))
            .member("parties", json!(parties));
        self.erase_past(draft.sign(&self.court.kid, self.court.key.as_ref()).unwrap(), &targets);
    }

    /// Hands in an erasure of what is past, and waits until its bodies are gone from the ledger. The erasure.
    fn erase_past(&self, erasure: Submission, targets: &[Hash]) -> Hash {
        let erasure = self.world.append(erasure).id;
        let started = Instant::now();
        let is_there =
            |id: &Hash| self.world.ledger.view().record(id).unwrap().unwrap().logged.opened.is_some();
        while targets.iter().any(is_there) {
            assert!(started.elapsed() < Duration::from_secs(60), "not erased");
            std::thread::sleep(Duration::from_millis(5));
        }
        erasure
    }

    /// A file with what may be handed in.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn by_court(&self, draft: Draft) {
        self.world.append(draft.sign(&self.court.kid, self.court.key.as_ref()).unwrap());
    }

    /// The row by which a search finds a mandate.
    fn row(&self, mandate: &Hash) -> Vec<u8> {
        let index = self.world.ledger.view().record(mandate).unwrap().unwrap().logged.index.0;
        [&self.son.party.0[..], &self.mother.party.0, &(!index).to_be_bytes()].concat()
    }

    /// The folder of a ledger made of a backup, which was open once: the index is no part of a backup, and made anew.
    fn opened_once(&self, backup: &Backup) -> PathBuf {
        let folder = self.restored(backup);
        self.open(&folder).close();
        folder
    }

    fn restored(&self, backup: &Backup) -> PathBuf {
        let to = self.folder.path().join(format!("restored-{}", backup.made.0));
        restore(&backup.path, &to, &[]).unwrap();
        to
    }

    fn open(&self, folder: &Path) -> Ledger {
        Ledger::open(folder, ORIGIN, self.world.log_key.clone(), small(&self.world)).unwrap()
    }
}

fn sorted(ids: &[Hash]) -> Vec<Hash> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}

/// Of a body, as the store keeps it: its nonce, which is like no other.
fn part_of_body(ledger: &Ledger, id: &Hash) -> String {
    let found = ledger.view().record(id).unwrap().unwrap();
    b64::encode(&found.logged.opened().unwrap().record.common().nonce)
}

fn refused<T>(outcome: Result<T, BackupError>) -> &'static str {
    outcome.map(drop).unwrap_err().name()
}

#[test]
fn a_backup_that_is_made_while_the_ledger_is_in_use_is_the_ledger() {
    let desk = desk();
    let mandate = desk.mandate("the first file");
    let receipt_of = |ledger: &Ledger| {
        let receipt = ledger.view().receipt(&mandate, &Ask::now(Audience::Anyone)).unwrap().unwrap();
        receipt.to_json()
    };
    let receipt = receipt_of(&desk.world.ledger);
    let (is_done, desk) = (AtomicBool::new(false), &desk);
    let backup = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if is_done.load(Ordering::Relaxed) && n > 60 {
                    break;
                }
                desk.mandate(&format!("while it is copied {n}"));
            }
        });
        while desk.world.ledger.view().size().0 < 150 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let backup = desk.world.ledger.back_up(&desk.backups());
        is_done.store(true, Ordering::Relaxed);
        backup.unwrap()
    });
    assert!(backup.size.0 >= 150 && backup.size < desk.world.ledger.view().size());
    assert_eq!(list(&desk.backups()).unwrap(), std::slice::from_ref(&backup));
    assert!(files(&backup.path).len() > 5, "several volumes");

    let folder = desk.restored(&backup);
    let ledger = desk.open(&folder);
    assert_eq!(ledger.view().size(), backup.size);
    assert!(ledger.audit(&mut |_, _| {}).unwrap().is_clean());
    // It answers what it answered, and takes and signs nothing: also not by itself.
    assert_eq!(ledger.view().status(&mandate).unwrap(), desk.world.ledger.view().status(&mandate).unwrap());
    let now = Mode::Fresh(ledger.view().time());
    for text in [receipt, receipt_of(&ledger)] {
        assert!(verify_status(text.as_bytes(), &mandate, None, &desk.world.policy(), now).is_ok());
    }
    let more = desk.world.mandate(&desk.mother, &desk.son.party, &["tax"]);
    assert!(matches!(ledger.append(more), Err(SubmitError::ReadOnly(what)) if what.contains("backup")));
    ledger.confirm_clock();
    std::thread::sleep(Duration::from_millis(1200));
    assert!(matches!(ledger.state(), State::ReadOnly(what) if what.contains("backup")));
    assert_eq!(ledger.view().size(), backup.size);
    // It would push out those that it came from.
    assert_eq!(refused(ledger.back_up(&desk.backups())), "restored");
    ledger.close();
    drop(ledger);
    // Nor after it was opened again.
    assert!(matches!(desk.open(&folder).state(), State::ReadOnly(_)));
}

#[test]
fn the_next_backup_copies_what_is_new() {
    let desk = desk();
    for n in 0..40 {
        desk.mandate(&format!("file {n}"));
    }
    let first = desk.back_up();
    desk.mandate("the last file");
    let second = desk.back_up();
    let of = |backup: &Backup| {
        let mut found: Vec<_> = files(&backup.path.join("main"))
            .into_iter()
            .filter(|file| file.extension().is_some_and(|extension| extension == "redb"))
            .collect();
        found.sort();
        found
    };
    let (before, after) = (of(&first), of(&second));
    assert!(before.len() > 2 && after.len() >= before.len());
    let inode = |file: &PathBuf| fs::metadata(file).unwrap().ino();
    let sealed = before.len() - 1;
    assert!((0..sealed).all(|n| inode(&before[n]) == inode(&after[n])), "sealed volumes are the same files");
    assert_ne!(inode(&before[sealed]), inode(&after[sealed]), "the last one is not");
    // Each is whole without the other.
    assert_eq!(expire(&desk.backups(), second.made).unwrap(), [first.path]);
    let ledger = desk.open(&desk.restored(&second));
    assert!(ledger.audit(&mut |_, _| {}).unwrap().is_clean());
    assert_eq!(ledger.view().size(), second.size);
}

/// Sealed volumes are not read again when a backup is made, but for one each time. So damage to a file that backups share is not vouched
/// for: a restoration finds it, and in as many backups as there are such files each is held against its SHA-256, and copied anew.
#[test]
fn what_became_of_a_volume_in_a_backup_is_found() {
    let desk = desk();
    for n in 0..24 {
        desk.mandate(&format!("file {n}"));
    }
    let first = desk.back_up();
    let sealed = |backup: &Backup| -> Vec<Value> {
        let text = fs::read(backup.path.join("backup.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&text).unwrap();
        let all = manifest["volumes"].as_array().unwrap().iter();
        all.filter(|volume| volume["of"].is_object()).cloned().collect()
    };
    let said = sealed(&first);
    for volume in &said {
        let path = first.path.join("main").join(volume["file"].as_str().unwrap());
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    // The clock draws: by 1001 ms a backup each of two to six has its turn.
    assert!((2..=6).contains(&said.len()), "{}", said.len());
    let next_one = || {
        desk.world.clock.pass(1);
        let backup = desk.back_up();
        assert_eq!(sealed(&backup), said, "what is damaged is not vouched for");
        backup
    };
    let to = desk.folder.path().join("restored");
    assert_eq!(refused(restore(&next_one().path, &to, &[])), "not_a_backup");
    let backups: Vec<Backup> = said.iter().skip(1).map(|_| next_one()).collect();
    restore(&backups.last().unwrap().path, &to, &[]).unwrap();
    assert!(desk.open(&to).audit(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn what_was_erased_is_in_no_backup_once_those_before_are_gone() {
    let desk = desk();
    let (erased, kept) = (desk.mandate("the first file"), desk.mandate("the second file"));
    let somebody = desk.world.person(SOMEBODY);
    let opening = desk.world.ledger.view().record(&erased).unwrap().unwrap().logged.opened().unwrap().r;
    // Of the body its nonce and what it refers to; what opens the commitment to it. Of a person the number, and the link to their list.
    let nonce = part_of_body(&desk.world.ledger, &erased);
    let bytes =
        [nonce.as_bytes(), b"the first file", &opening[..], SOMEBODY.as_bytes(), &somebody.handle[..]];
    let (of_erased, of_kept) = (desk.row(&erased), desk.row(&kept));
    // The record's volume is sealed when it is erased.
    for n in 0..20 {
        desk.mandate(&format!("file {n}"));
    }
    let before = desk.back_up();
    let all_hold = |folder: &Path| bytes.iter().all(|bytes| holds(folder, bytes));
    let any_holds = |folder: &Path| bytes.iter().chain([&&of_erased[..]]).any(|bytes| holds(folder, bytes));
    // The row is in the index of what is made of a backup before the erasure, and of any made after it not.
    let old = desk.opened_once(&before);
    assert!(all_hold(&old) && holds(&old, &of_erased) && holds(&old, &of_kept));
    fs::remove_dir_all(old).unwrap();
    desk.erase(&erased);
    desk.erase_person(&somebody);
    let after = desk.back_up();
    assert!(all_hold(&before.path), "what is looked for is found where it is");
    assert!(!any_holds(&desk.folder.path().join("ledger")) && !any_holds(&after.path));
    for backup in [&before, &after] {
        let new = desk.opened_once(backup);
        assert!(!any_holds(&new) && holds(&new, &of_kept));
    }

    assert_eq!(expire(&desk.backups(), before.made).unwrap(), [] as [PathBuf; 0], "not a moment before");
    assert!(all_hold(&desk.backups()));
    assert_eq!(expire(&desk.backups(), after.made).unwrap(), [before.path]);
    assert!(!any_holds(desk.folder.path()), "in no file of the ledger, in none of its backups");
    assert!(holds(&desk.backups(), part_of_body(&desk.world.ledger, &kept).as_bytes()));
    assert_eq!(expire(&desk.backups(), Millis(u64::MAX)).unwrap(), [] as [PathBuf; 0], "the newest stays");
}

#[test]
fn what_was_erased_comes_back_with_no_backup() {
    let desk = desk();
    let erased = desk.mandate("the first file");
    let bytes = part_of_body(&desk.world.ledger, &erased);
    for n in 0..20 {
        desk.mandate(&format!("file {n}"));
    }
    let before = desk.back_up();
    desk.erase(&erased);
    desk.erase(&desk.mandate("later"));
    let mut after = desk.back_up();
    // A volume that was copied before an erasure was carried out, under a log that has it and one that was carried out since.
    let manifest = |backup: &Backup| -> Value {
        serde_json::from_slice(&fs::read(backup.path.join("backup.json")).unwrap()).unwrap()
    };
    let (old, mut new) = (manifest(&before), manifest(&after));
    let stale = (0..old["volumes"].as_array().unwrap().len())
        .filter(|n| {
            let file = before.path.join("main").join(old["volumes"][n]["file"].as_str().unwrap());
            old["volumes"][n]["of"].is_object()
                && String::from_utf8_lossy(&fs::read(file).unwrap()).contains(&bytes)
        })
        .collect::<Vec<_>>();
    assert!(!stale.is_empty());
    for n in stale {
        let name = old["volumes"][n]["file"].as_str().unwrap();
        fs::remove_file(after.path.join("main").join(name)).unwrap();
        fs::copy(before.path.join("main").join(name), after.path.join("main").join(name)).unwrap();
        new["volumes"][n] = old["volumes"][n].clone();
    }
    fs::write(after.path.join("backup.json"), new.to_string()).unwrap();
    after = Backup::read(&after.path).unwrap();
    assert!(holds(&after.path, bytes.as_bytes()));

    let to = desk.folder.path().join("restored");
    let restored = restore(&after.path, &to, &[]).unwrap();
    assert_eq!(restored.erased, 2, "the mandate and its acceptance; its revocation was gone");
    assert!(!holds(&to, bytes.as_bytes()));
    let ledger = desk.open(&to);
    let report = ledger.audit(&mut |_, _| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert!(ledger.view().record(&erased).unwrap().unwrap().logged.opened.is_none());
}

#[test]
fn what_was_erased_after_a_backup_comes_back_with_none_from_before() {
    let desk = desk();
    let (erased, kept) = (desk.mandate("the first file"), desk.mandate("the second file"));
    let bytes = part_of_body(&desk.world.ledger, &erased);
    let before = desk.back_up();
    desk.erase(&erased);
    desk.back_up();

    let to = desk.folder.path().join("restored");
    let restored = restore(&before.path, &to, &[]).unwrap();
    assert_eq!((restored.erased, restored.is_noted), (2, true), "the mandate and its acceptance");
    assert!(holds(&before.path, bytes.as_bytes()) && !holds(&to, bytes.as_bytes()));
    let ledger = desk.open(&to);
    assert_eq!(ledger.view().size(), before.size);
    assert!(ledger.view().record(&erased).unwrap().unwrap().logged.opened.is_none());
    assert!(ledger.view().record(&kept).unwrap().unwrap().logged.opened.is_some());
    // The log that was restored has no erasure that says why: an audit of it says so.
    let report = ledger.audit(&mut |_, _| {}).unwrap();
    assert!(report.findings.iter().all(|finding| matches!(finding, Finding::NotOpened { .. })), "{report:?}");
    assert_eq!(report.findings.len(), 2);
    ledger.close();

    // The twin, without what was noted beside it: it is said that nothing is known.
    let noted = desk.backups().join("erasures");
    let text = fs::read_to_string(&noted).unwrap();
    assert_eq!(text.lines().count(), 1);
    fs::remove_file(&noted).unwrap();
    let bare = desk.folder.path().join("bare");
    let restored = restore(&before.path, &bare, &[]).unwrap();
    assert_eq!((restored.erased, restored.is_noted), (0, false));
    assert!(holds(&bare, bytes.as_bytes()));
    // The file from somewhere else does the same.
    let elsewhere = desk.file("kept-elsewhere", &text);
    let again = desk.folder.path().join("again");
    assert_eq!(restore(&before.path, &again, &[elsewhere]).unwrap().erased, 2);
    assert!(!holds(&again, bytes.as_bytes()));
    // What is damaged hides nothing: there is no ledger, and no backup either.
    fs::write(&noted, text.replacen("trial", "triaL", 1)).unwrap();
    assert_ne!(fs::read_to_string(&noted).unwrap(), text);
    assert_eq!(refused(restore(&before.path, &desk.folder.path().join("none"), &[])), "not_an_erasure");
    assert_eq!(refused(desk.world.ledger.back_up(&desk.backups())), "not_an_erasure");
    // What a crash left half written is no line, and is written anew; a file that is lost too.
    for left in [&text[..text.len() / 2], ""] {
        fs::write(&noted, left).unwrap();
        desk.back_up();
        assert_eq!(fs::read_to_string(&noted).unwrap(), text);
    }
    // The next erasure comes behind it.
    desk.erase(&kept);
    desk.back_up();
    let longer = fs::read_to_string(&noted).unwrap();
    assert!(longer.starts_with(&text) && longer.lines().count() == 2);
}

#[test]
fn an_erasure_that_no_backup_knows_is_handed_in() {
    let desk = desk();
    let mandates = [desk.mandate("the first file"), desk.mandate("the second file")];
    let bytes = mandates.map(|id| part_of_body(&desk.world.ledger, &id));
    let ended = desk.world.institution("kbo:0206731645", &["authority"]);
    let end = Draft::on("key-end", &desk.world.occasion(), &ended.kid).member("reason", json!("lost"));
    desk.world.append(end.sign(&ended.kid, ended.key.as_ref()).unwrap());
    // Another of the court's keys, which waits to be accepted.
    let key = SoftKey::from_seed(&[0x7A; 32]);
    let record = desk.world.key_record(&desk.world.root, &desk.court.party, &key, "recovery");
    let waits = Actor { kid: desk.world.append(record).id, key: Arc::new(key), ..desk.court.clone() };
    let backup = desk.back_up();
    // One was logged, and its receipt kept; the other signed only.
    let logged = desk.erase(&mandates[0]);
    let ask = Ask::now(Audience::Party(desk.court.party));
    let receipt = desk.world.ledger.view().receipt(&logged, &ask).unwrap().unwrap().to_json();
    let signed = desk.erasure(&desk.court, &mandates[1]).record;
    let files = [desk.file("receipt.json", &receipt), desk.file("erasure.jws", &format!("{signed}\n"))];

    let to = desk.folder.path().join("restored");
    let refuses = |file: &PathBuf, name: &str, what: &str| {
        let error = restore(&backup.path, &to, std::slice::from_ref(file)).unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(!to.exists() && !desk.folder.path().join("restored.restoring").exists());
    };
    // By nobody who may; by a key that had ended, that the backup does not have; of another signature, another kind, another ledger.
    let newcomer = desk.world.institution("kbo:0308357753", &["authority"]);
    let mut forged = signed.clone().into_bytes();
    let end = forged.len() - 10;
    forged[end] = if forged[end] == b'A' { b'B' } else { b'A' };
    let foreign = Draft::new("erasure", &Occasion { origin: "example.org/other", ..desk.world.occasion() })
        .member("targets", json!([mandates[1]]))
        .member("parties", json!([desk.mother.party]));
    let never = Draft::new("erasure", &desk.world.occasion())
        .member("targets", json!([desk.court.party]))
        .member("parties", json!([desk.court.party]));
    for (text, name, what) in [
        (desk.erasure(&desk.mother, &mandates[1]).record, "not_an_erasure", "is no authority"),
        (desk.erasure(&ended, &mandates[1]).record, "not_an_erasure", "is not active"),
        (desk.erasure(&waits, &mandates[1]).record, "not_an_erasure", "is not active"),
        (desk.erasure(&newcomer, &mandates[1]).record, "not_an_erasure", "has no key"),
        (String::from_utf8(forged).unwrap(), "not_an_erasure", "signature"),
        (
            desk.world.transition("revocation", &desk.mother, &mandates[1]).record,
            "not_an_erasure",
            "no record of an erasure",
        ),
        (
            foreign.sign(&desk.court.kid, desk.court.key.as_ref()).unwrap().record,
            "not_an_erasure",
            "another ledger",
        ),
        (
            never.sign(&desk.court.kid, desk.court.key.as_ref()).unwrap().record,
            "never_erased",
            "never erased",
        ),
        (String::new(), "not_an_erasure", "no record"),
        (receipt.replacen("\"v\":1", "\"v\":2", 1), "not_an_erasure", "no receipt"),
    ] {
        refuses(&desk.file("refused", &text), name, what);
    }
    refuses(&desk.folder.path().join("nowhere"), "io", "nowhere");

    assert_eq!(restore(&backup.path, &to, &files).unwrap().erased, 4, "two mandates and their acceptances");
    assert!(bytes.iter().all(|bytes| holds(&backup.path, bytes.as_bytes()) && !holds(&to, bytes.as_bytes())));
    let ledger = desk.open(&to);
    assert!(mandates.iter().all(|id| ledger.view().record(id).unwrap().unwrap().logged.opened.is_none()));
    // One that the backup knows is no stranger, whatever became of its key.
    ledger.close();
    let later = desk.back_up();
    let twice = desk.folder.path().join("twice");
    restore(&later.path, &twice, &files).unwrap();
}

#[test]
fn what_is_damaged_or_unknown_is_refused_and_leaves_nothing() {
    let desk = desk();
    for n in 0..20 {
        desk.mandate(&format!("file {n}"));
    }
    let backup = desk.back_up();
    let to = desk.folder.path().join("restored");
    let manifest = backup.path.join("backup.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let mut volumes: Vec<_> = files(&backup.path)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "redb"))
        .collect();
    volumes.sort();
    let refuses = |what: &str| {
        let error = restore(&backup.path, &to, &[]).unwrap_err();
        assert_eq!(error.name(), "not_a_backup", "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(!to.exists() && !desk.folder.path().join("restored.restoring").exists());
    };

    // One bit in the first, in the last; a file cut short; one that is missing.
    for volume in [&volumes[0], volumes.last().unwrap()] {
        let mut bytes = fs::read(volume).unwrap();
        let (whole, middle) = (bytes.clone(), bytes.len() / 2);
        bytes[middle] ^= 1;
        fs::write(volume, &bytes).unwrap();
        refuses("not as it was written");
        fs::write(volume, &whole[..middle]).unwrap();
        refuses("not as it was written");
        fs::write(volume, &whole).unwrap();
    }
    // What it says of itself.
    for (from, into, what) in [
        ("\"v\": 1", "\"v\": 2", "format 2"),
        ("\"v\": 1", "\"v\": 1, \"w\": 1", "unknown field"),
        ("volume-000000000000.redb", "../../ledger/side", "no volume's name"),
        (&format!("\"size\": {}", backup.size), "\"size\": 7", "end elsewhere"),
        ("{", "", "expected"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(&manifest, text.replacen(from, into, 1)).unwrap();
        refuses(what);
    }
    fs::remove_file(&manifest).unwrap();
    refuses("no backup.json");
    // One that can't be read is not overlooked: neither when a backup is made, nor when old ones go.
    assert_eq!(refused(desk.world.ledger.back_up(&desk.backups())), "not_a_backup");
    assert_eq!(refused(expire(&desk.backups(), Millis(u64::MAX))), "not_a_backup");
    fs::write(&manifest, text).unwrap();

    fs::create_dir(&to).unwrap();
    assert_eq!(refused(restore(&backup.path, &to, &[])), "exists");
    fs::remove_dir(&to).unwrap();
    restore(&backup.path, &to, &[]).unwrap();
}

#[test]
fn what_a_kill_left_is_in_nobodys_way() {
    let desk = desk();
    desk.mandate("file");
    let backup = desk.back_up();
    // Half made, half restored, half removed.
    let making = desk.backups().join("making");
    fs::create_dir_all(making.join("main")).unwrap();
    fs::write(making.join("main/volume-000000000000.redb"), "half").unwrap();
    let to = desk.folder.path().join("restored");
    fs::create_dir_all(desk.folder.path().join("restored.restoring/main")).unwrap();
    fs::write(desk.folder.path().join("restored.restoring/main/foreign"), "half").unwrap();
    assert_eq!(list(&desk.backups()).unwrap(), std::slice::from_ref(&backup));
    restore(&backup.path, &to, &[]).unwrap();
    let again = desk.back_up();
    assert_eq!(list(&desk.backups()).unwrap(), [backup, again]);
    assert!(!making.exists());

    // Two at once: the second is told so.
    let held = SystemDisk.hold(&desk.backups().join("lock")).unwrap().unwrap();
    assert_eq!(refused(desk.world.ledger.back_up(&desk.backups())), "busy");
    assert_eq!(refused(expire(&desk.backups(), Millis(0))), "busy");
    drop(held);
    // A ledger in memory has no volumes to copy.
    assert_eq!(refused(World::in_memory().ledger.back_up(&desk.backups())), "not_in_volumes");
}

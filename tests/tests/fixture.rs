//! Goal: a data folder made by an earlier version opens, and what was told of it then still holds; a folder of formats that
//! this version does not know is refused by their name. Method: folders that are kept in `tests/fixtures`, and copies of the
//! newest in which a format number was counted up.
use procura_core::Size;
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_core::tree::{Root, check_consistency};
use procura_ledger::audit::{Finding, audit};
use procura_ledger::{Ask, Audience, Ledger, OpenError};
use procura_tests::fixture::{CURRENT, Told, options, unpack};
use procura_tests::folders::files;
use procura_tests::world::{ORIGIN, World};
use std::fs;
use std::path::{Path, PathBuf};

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn current() -> (tempfile::TempDir, Told) {
    unpack(&kept().join(CURRENT))
}

fn open(folder: &Path) -> Result<Ledger, OpenError> {
    let world = World::in_memory();
    Ledger::open(&folder.join("ledger"), ORIGIN, world.log_key.clone(), options(world.options()))
}

#[test]
fn every_folder_that_is_kept_opens_and_holds_what_was_told_of_it() {
    let all = files(&kept());
    assert!(all.iter().any(|path| path.ends_with(CURRENT)), "the current formats' is kept too");
    for path in all {
        let (folder, told) = unpack(&path);
        // With its index as it is, before anything was opened that could mend it.
        let world = World::in_memory();
        let report =
            audit(&folder.path().join("ledger"), ORIGIN, world.ledger.log_key(), &mut |_, _| {}).unwrap();
        assert_eq!(report.findings, [], "{}", path.display());
        assert_eq!((report.size, report.root), (Size(told.size), Some(told.root)));
        assert_eq!(report.index_compared, Some(Size(told.size)));

        let ledger = open(folder.path()).unwrap();
        let policy = Policy::parse(told.policy.as_bytes()).unwrap();
        let view = ledger.view();
        let root = Root { size: Size(told.size), hash: told.root };
        let hashes = view.consistency(root.size, view.size()).unwrap().unwrap();
        check_consistency(&root, &view.root(), &hashes).unwrap();
        for record in &told.records {
            let fresh = view.receipt(&record.id, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json();
            for receipt in [&record.receipt, &fresh] {
                let verified =
                    verify_status(receipt.as_bytes(), &record.id, None, &policy, Mode::Historic).unwrap();
                assert_eq!(verified.status().byte(), record.status, "{}", record.id);
            }
        }
        // It goes on: with a record of its own root.
        let random = std::sync::Arc::new(procura_tests::world::CountedRandom::from(1_000_000));
        let world = world.with_ledger(ledger, random);
        world.institution("kbo:0404616494", &[]);
        assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
    }
}

/// Changes a row of a redb file and seals it anew, as a version that writes such rows would have done.
fn rewrite<'k, K: redb::Key + 'static>(
    file: &Path,
    (table, number): (&str, u8),
    key: impl std::borrow::Borrow<K::SelfType<'k>>,
    key_bytes: &[u8],
    change: impl Fn(Vec<u8>) -> Vec<u8>,
) {
    let database = redb::Database::open(file).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut rows = transaction.open_table(redb::TableDefinition::<K, &[u8]>::new(table)).unwrap();
    let row = redb::ReadableTable::get(&rows, key.borrow()).unwrap().unwrap().value().to_vec();
    let mut row = change(row[..row.len() - 4].to_vec());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[number]);
    crc.update(key_bytes);
    crc.update(&row);
    row.extend_from_slice(&crc.finalize().to_be_bytes());
    rows.insert(key.borrow(), row.as_slice()).unwrap();
    drop(rows);
    transaction.commit().unwrap();
}

/// What a program must know to open a folder: each format number in it, by the name of what has it.
fn formats(folder: &Path) -> std::collections::BTreeSet<(&'static str, Vec<u8>)> {
    let mut found = std::collections::BTreeSet::new();
    for volume in files(&folder.join("ledger/main")).into_iter().filter(|path| path.extension().is_some()) {
        let bytes = fs::read(&volume).unwrap();
        found.extend([64, 192].map(|slot| ("redb file", vec![bytes[slot]])));
        let database = redb::Database::open(&volume).unwrap();
        let rows = redb::ReadableDatabase::begin_read(&database).unwrap();
        let rows = rows.open_table(redb::TableDefinition::<&str, &[u8]>::new("meta")).unwrap();
        found.insert(("volume", rows.get("format").unwrap().unwrap().value()[..4].to_vec()));
        let rows = redb::ReadableDatabase::begin_read(&database).unwrap();
        let rows = rows.open_table(redb::TableDefinition::<u64, &[u8]>::new("vault")).unwrap();
        for row in redb::ReadableTable::iter(&rows).unwrap() {
            // `02` is before a row that is there; the row begins with its version.
            let (_, row) = row.unwrap();
            if let [2, version, ..] = row.value() {
                found.insert(("vault row", vec![*version]));
            }
        }
    }
    let side = fs::read(folder.join("ledger/side")).unwrap();
    let slots = side.chunks(16 << 10).filter(|slot| slot.starts_with(b"procside"));
    found.extend(slots.map(|slot| ("side file", slot[8..12].to_vec())));
    found.insert(("index", fs::read(folder.join("ledger/index/manifest")).unwrap()[..8].to_vec()));
    found
}

/// An upgrade and the way back. Old: the folder that is kept. New: this version opens it and logs more. Old again: whoever knows the
/// formats of the folder that is kept finds no other in it, so that the version that made it opens what this one wrote; and all that was
/// told before still holds.
#[test]
fn the_version_before_opens_what_this_one_wrote() {
    let (folder, told) = current();
    let before = formats(folder.path());
    assert_eq!(before.len(), 5, "{before:?}");
    let world = World::in_memory();
    let random = std::sync::Arc::new(procura_tests::world::CountedRandom::from(2_000_000));
    let world = world.with_ledger(open(folder.path()).unwrap(), random);
    // More than a volume has room for.
    for number in [
        "0404616494",
        "1000000219",
        "1000000318",
        "1000000417",
        "1000000516",
        "1000000615",
        "1000000714",
        "1000000813",
    ] {
        world.institution(&format!("kbo:{number}"), &[]);
    }
    world.ledger.close();
    drop(world);
    assert_eq!(formats(folder.path()), before);

    let ledger = open(folder.path()).unwrap();
    assert!(ledger.view().size() > Size(told.size + 16));
    assert_eq!(ledger.audit(&mut |_, _| {}).unwrap().findings, []);
    let policy = Policy::parse(told.policy.as_bytes()).unwrap();
    for record in &told.records {
        let receipt = record.receipt.as_bytes();
        let verified = verify_status(receipt, &record.id, None, &policy, Mode::Historic).unwrap();
        assert_eq!(verified.status().byte(), record.status);
    }
}

/// Its twin: had this version written another format, the one before would refuse the folder by name. Nothing of it is lost thereby: the
/// version that knows the format opens it.
#[test]
fn a_way_back_that_is_none_is_refused_and_loses_nothing() {
    let (folder, told) = current();
    let [_, last] = volumes(folder.path());
    rewrite::<&str>(&last, ("meta", 0), "format", b"format", counted_up);
    assert_eq!(refusal(folder.path()), "format_unknown");
    let counted_down = |mut row: Vec<u8>| {
        row[3] -= 1;
        row
    };
    rewrite::<&str>(&last, ("meta", 0), "format", b"format", counted_down);
    let world = World::in_memory();
    let report =
        audit(&folder.path().join("ledger"), ORIGIN, world.ledger.log_key(), &mut |_, _| {}).unwrap();
    assert_eq!((report.findings, report.size, report.root), (vec![], Size(told.size), Some(told.root)));
}

fn counted_up(mut row: Vec<u8>) -> Vec<u8> {
    // The number that each format starts with, big-endian.
    row[3] += 1;
    row
}

/// The first volume and the last.
fn volumes(folder: &Path) -> [PathBuf; 2] {
    let all: Vec<_> =
        files(&folder.join("ledger/main")).into_iter().filter(|p| p.extension().is_some()).collect();
    assert!(all.len() > 1);
    [all[0].clone(), all[all.len() - 1].clone()]
}

fn refusal(folder: &Path) -> &'static str {
    open(folder).err().expect("refused").name()
}

#[test]
fn a_store_of_another_format_is_refused_by_name() {
    for number in 0..2 {
        let (folder, _) = current();
        let volume = &volumes(folder.path())[number];
        rewrite::<&str>(volume, ("meta", 0), "format", b"format", counted_up);
        assert_eq!(refusal(folder.path()), "format_unknown");
        let world = World::in_memory();
        let refused = audit(&folder.path().join("ledger"), ORIGIN, world.ledger.log_key(), &mut |_, _| {});
        assert_eq!(refused.err().unwrap().name(), "format_unknown");
    }
}

#[test]
fn a_side_file_of_another_format_is_refused_by_name() {
    let (folder, _) = current();
    let path = folder.path().join("ledger/side");
    let mut bytes = fs::read(&path).unwrap();
    bytes[11] += 1;
    fs::write(path, bytes).unwrap();
    assert_eq!(refusal(folder.path()), "format_unknown");
}

#[test]
fn a_vault_row_of_another_format_is_refused_by_name() {
    let (folder, told) = current();
    // Behind the byte that says that there is one.
    let later = |mut row: Vec<u8>| {
        row[1] += 1;
        row
    };
    rewrite::<u64>(&volumes(folder.path())[0], ("vault", 3), 2, &2u64.to_be_bytes(), later);
    // The index knows the record: it is told when it is read, and by the audit.
    let ledger = open(folder.path()).unwrap();
    let report = ledger.audit(&mut |_, _| {}).unwrap();
    let named =
        |finding: &Finding| finding.to_string().contains("format 4, which this version does not know");
    assert!(report.findings.iter().any(named), "{:?}", report.findings);
    assert_eq!(report.root, Some(told.root));
    drop(ledger);
    fs::remove_dir_all(folder.path().join("ledger/index")).unwrap();
    assert_eq!(refusal(folder.path()), "format_unknown");
}

#[test]
fn a_file_of_another_redb_is_refused_by_name() {
    let (folder, _) = current();
    let volume = &volumes(folder.path())[0];
    let mut bytes = fs::read(volume).unwrap();
    // Behind the magic number, the god byte and two of padding: each of the two commit slots starts with its version.
    for slot in [64, 192] {
        bytes[slot] = 2;
    }
    fs::write(volume, bytes).unwrap();
    assert_eq!(refusal(folder.path()), "format_unknown");
}

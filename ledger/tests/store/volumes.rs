//! The store in volumes keeps the contract, and tells apart what can happen to its files.

use crate::contract::contract;
use crate::grove::{self, Grove};
use procura_core::{Index, Size};
use procura_ledger::store::redb::{Options, RedbStore};
use procura_ledger::store::{Store, StoreError};
use redb::ReadableTable;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use tempfile::TempDir;

fn small() -> Options {
    Options { volume_entries: 8, sealed_open: 2, ..Options::default() }
}

fn open(folder: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(folder, small())
}

fn refusal(folder: &Path) -> StoreError {
    open(folder).err().expect("refused")
}

fn volume(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("volume-{first:012}.redb"))
}

/// A folder with a closed store of 20 entries in volumes 0–7, 8–15 and 16–19, and what it holds.
fn stored() -> (TempDir, Grove) {
    let folder = TempDir::new().unwrap();
    let mut grove = Grove::default();
    let store = RedbStore::create(folder.path(), small()).unwrap();
    let epoch = store.claim().unwrap();
    for _ in 0..5 {
        store.commit(grove.size(), epoch, grove.grow(4)).unwrap();
    }
    drop(store);
    (folder, grove)
}

/// A folder for what is opened hundreds of times: in memory where the system has such a place, as nothing here
/// asks for durability.
fn passing_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

fn copy(from: &Path) -> TempDir {
    let to = passing_folder();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}

fn holds_bytes(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn the_contract_holds() {
    let folders = Mutex::new(Vec::new());
    contract(&|| {
        let folder = TempDir::new().unwrap();
        let store = RedbStore::create(folder.path(), small()).unwrap();
        folders.lock().unwrap().push(folder);
        Arc::new(store)
    });
}

/// A batch of more rows than a volume holds has no place: refused, with nothing written.
#[test]
fn a_batch_longer_than_a_volume_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = RedbStore::create(folder.path(), small()).unwrap();
    let epoch = store.claim().unwrap();
    let error = store.commit(Size(0), epoch, Grove::default().grow(9)).unwrap_err();
    assert!(matches!(error, StoreError::BadBatch { .. }), "{error:?}");
    store.commit(Size(0), epoch, Grove::default().grow(8)).unwrap();
}

/// Dropped and opened again, and under another bound for volumes, the store holds what it held and goes on.
#[test]
fn a_closed_store_opens_again() {
    let (folder, mut grove) = stored();
    let store = open(folder.path()).unwrap();
    grove.assert_held_by(&store);
    assert_eq!(store.head().unwrap().epoch, 1);
    drop(store);
    let store = RedbStore::open(folder.path(), Options { volume_entries: 3, ..small() }).unwrap();
    grove.assert_held_by(&store);
    let epoch = store.claim().unwrap();
    assert_eq!(epoch, 2);
    store.commit(grove.size(), epoch, grove.grow(3)).unwrap();
    assert!(volume(folder.path(), 20).exists());
    grove.assert_held_by(&store);
}

/// Sealed volumes keep their bytes, whatever is appended, read or reopened.
#[test]
fn sealed_volumes_never_change() {
    let (folder, mut grove) = stored();
    let sealed = |folder: &Path| [0, 8].map(|first| fs::read(volume(folder, first)).unwrap());
    let before = sealed(folder.path());
    let store = open(folder.path()).unwrap();
    let epoch = store.claim().unwrap();
    store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
    grove.assert_held_by(&store);
    store.reopen().unwrap();
    drop(store);
    assert!(before == sealed(folder.path()));
}

/// A volume is closed for good the moment the next one starts, not when the store is dropped.
#[test]
fn a_volume_is_sealed_when_the_next_one_starts() {
    let (folder, mut grove) = stored();
    let store = open(folder.path()).unwrap();
    let epoch = store.claim().unwrap();
    store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
    let sealed = fs::read(volume(folder.path(), 16)).unwrap();
    let copied = copy(folder.path());
    redb::ReadOnlyDatabase::open(volume(copied.path(), 16)).unwrap();
    store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
    drop(store);
    assert!(sealed == fs::read(volume(folder.path(), 16)).unwrap());
}

/// While a store is open nobody else can open its folder; once dropped, even with a reader left over, anyone can.
#[test]
fn the_folder_is_locked() {
    let (folder, grove) = stored();
    let store = open(folder.path()).unwrap();
    assert!(matches!(refusal(folder.path()), StoreError::Locked { .. }));
    assert!(matches!(RedbStore::create(folder.path(), small()).err(), Some(StoreError::Locked { .. })));
    let reader = store.read().unwrap();
    reader.entries(0..20).unwrap();
    drop(store);
    let store = open(folder.path()).unwrap();
    grove.assert_held_by(&store);
    assert!(matches!(reader.vault(Index(0)), Err(StoreError::Io { .. })));
}

/// A copy of a closed folder is a store; so is a copy made while the store was open, as after a kill.
#[test]
fn a_copied_folder_opens() {
    let (folder, mut grove) = stored();
    grove.assert_held_by(&open(copy(folder.path()).path()).unwrap());
    let store = open(folder.path()).unwrap();
    let epoch = store.claim().unwrap();
    for length in [3, 1, 6, 8, 2] {
        store.commit(grove.size(), epoch, grove.grow(length)).unwrap();
        let killed = copy(folder.path());
        let copied = open(killed.path()).unwrap();
        grove.assert_held_by(&copied);
        assert_eq!(copied.head().unwrap().epoch, epoch);
    }
}

/// No folder, an empty folder and one with only a lock are absent, and opening makes nothing in them.
#[test]
fn absence_is_not_emptiness() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(refusal(&folder.path().join("none")), StoreError::Absent { .. }));
    assert!(matches!(refusal(folder.path()), StoreError::Absent { .. }));
    assert!(matches!(refusal(folder.path()), StoreError::Absent { .. }));
    assert!(!volume(folder.path(), 0).exists());
}

/// Nothing is created over a store, nor beside a file of somebody else's.
#[test]
fn creating_needs_an_empty_folder() {
    let (folder, grove) = stored();
    assert!(matches!(RedbStore::create(folder.path(), small()).err(), Some(StoreError::Exists { .. })));
    grove.assert_held_by(&open(folder.path()).unwrap());
    let other = TempDir::new().unwrap();
    fs::write(other.path().join("diary.txt"), "mine").unwrap();
    assert!(matches!(RedbStore::create(other.path(), small()).err(), Some(StoreError::Foreign { .. })));
}

/// A missing volume, a foreign file and another ledger's volume each have their own error.
#[test]
fn what_is_missing_or_foreign_is_told_apart() {
    let (folder, _) = stored();
    for (first, next) in [(0, 8), (8, 16)] {
        let damaged = copy(folder.path());
        fs::remove_file(volume(damaged.path(), first)).unwrap();
        let error = refusal(damaged.path());
        let named = matches!(error, StoreError::Gap { expected: Index(e), found: Index(f) } if (e, f) == (first, next));
        assert!(named, "{error:?}");
    }
    for name in ["volume-8.redb", "volume-000000000008.redb.bak", "notes"] {
        let damaged = copy(folder.path());
        fs::write(damaged.path().join(name), "").unwrap();
        assert!(matches!(refusal(damaged.path()), StoreError::Foreign { name: n } if n.ends_with(name)));
    }
    let swapped = copy(folder.path());
    fs::rename(volume(swapped.path(), 8), volume(swapped.path(), 7)).unwrap();
    assert!(matches!(refusal(swapped.path()), StoreError::Gap { .. }));

    // A volume of the right extent out of another ledger: its birth names another checkpoint.
    let other = TempDir::new().unwrap();
    let store = RedbStore::create(other.path(), small()).unwrap();
    let (mut grove, epoch) = (Grove::default(), store.claim().unwrap());
    for _ in 0..5 {
        let expected = grove.size();
        let mut batch = grove.grow(4);
        batch.checkpoint = batch.checkpoint.replace("example.org", "example.net");
        store.commit(expected, epoch, batch).unwrap();
    }
    drop(store);
    let mixed = copy(folder.path());
    fs::copy(volume(other.path(), 8), volume(mixed.path(), 8)).unwrap();
    assert!(matches!(refusal(mixed.path()), StoreError::Corrupt { .. }));
}

/// The last volume lost leaves a shorter store that is whole in itself: the side file tells that, not the store.
#[test]
fn a_store_without_its_last_volume_is_an_older_store() {
    let (folder, _) = stored();
    fs::remove_file(volume(folder.path(), 16)).unwrap();
    assert_eq!(open(folder.path()).unwrap().head().unwrap().size, Size(16));
}

/// A kill while a volume is made leaves a file that opening removes; the name is free for the next attempt.
#[test]
fn a_half_made_volume_is_no_part_of_the_store() {
    let (folder, mut grove) = stored();
    let whole = fs::read(volume(folder.path(), 16)).unwrap();
    for left in [&[][..], &whole[..100], &whole[..]] {
        for first in [0, 16, 20, 24] {
            fs::write(folder.path().join(format!("volume-{first:012}.redb.tmp")), left).unwrap();
        }
        let store = open(folder.path()).unwrap();
        grove.assert_held_by(&store);
        assert!(
            !fs::read_dir(folder.path())
                .unwrap()
                .any(|f| f.unwrap().path().extension().unwrap_or_default() == "tmp")
        );
    }
    let store = open(folder.path()).unwrap();
    let epoch = store.claim().unwrap();
    fs::write(folder.path().join("volume-000000000020.redb.tmp"), "left since").unwrap();
    store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
    grove.assert_held_by(&store);
}

/// An empty file under a volume's own name is damage: no crash of ours leaves one.
#[test]
fn an_empty_volume_is_damage() {
    let (folder, _) = stored();
    for first in [0, 8, 16, 20] {
        let damaged = copy(folder.path());
        fs::write(volume(damaged.path(), first), "").unwrap();
        assert!(matches!(refusal(damaged.path()), StoreError::Corrupt { .. }), "{first}");
    }
}

/// A volume that lacks its last row in any table, or has one too many, does not open.
#[test]
fn a_volume_with_a_row_too_few_or_too_many_is_damage() {
    let (folder, _) = stored();
    for name in ["entries", "nodes", "vault"] {
        for (first, end) in [(8, 16), (16, 20)] {
            for surplus in [false, true] {
                let damaged = copy(folder.path());
                let database = redb::Database::open(volume(damaged.path(), first)).unwrap();
                let transaction = database.begin_write().unwrap();
                let mut table =
                    transaction.open_table(redb::TableDefinition::<u64, &[u8]>::new(name)).unwrap();
                if surplus {
                    let row = table.get(end - 1).unwrap().unwrap().value().to_vec();
                    table.insert(end, row.as_slice()).unwrap();
                } else {
                    table.remove(end - 1).unwrap();
                }
                drop(table);
                transaction.commit().unwrap();
                drop(database);
                assert!(
                    matches!(refusal(damaged.path()), StoreError::Corrupt { .. }),
                    "{name} {first} {surplus}"
                );
            }
        }
    }
}

/// A volume of an earlier format, or a later one, is refused by the name of that format.
#[test]
fn an_unknown_format_is_refused_by_name() {
    let (folder, _) = stored();
    for (first, format) in [(0, 3), (0, 5), (16, 3), (16, 5)] {
        let later = copy(folder.path());
        let path = volume(later.path(), first);
        let database = redb::Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let table = redb::TableDefinition::<&str, &[u8]>::new("meta");
        let mut crc = crc32fast::Hasher::new();
        crc.update(b"\0format\0\0\0");
        crc.update(&[format]);
        let row = [&[0, 0, 0, format], &crc.finalize().to_be_bytes()[..]].concat();
        transaction.open_table(table).unwrap().insert("format", row.as_slice()).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = refusal(later.path());
        assert!(
            matches!(&error, StoreError::FormatUnknown { found, .. } if *found == format.to_string()),
            "{error:?}"
        );
    }
}

/// A change of volume that fails, at its start or at the very last step, leaves the outcome unknown: reads go on, no
/// write does until the store was reopened, and then the batch is stored as if nothing had been.
#[test]
fn a_failed_volume_change_is_found_out_by_reopening() {
    for blocked in ["volume-000000000020.redb.tmp", "volume-000000000020.redb"] {
        let (folder, mut grove) = stored();
        let store = open(folder.path()).unwrap();
        let epoch = store.claim().unwrap();
        // A folder in the place of the file: neither removed nor renamed over.
        fs::create_dir(folder.path().join(blocked)).unwrap();
        let error = store.commit(grove.size(), epoch, grove.clone().grow(8)).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }) && !error.nothing_written(), "{error:?}");
        let refused = |result| matches!(result, Err(StoreError::OutcomeUnknown));
        assert!(refused(store.commit(grove.size(), epoch, grove.clone().grow(1))));
        assert!(refused(store.claim().map(|_| ())));
        assert_eq!(store.head().unwrap().size, grove.size());
        assert_eq!(store.entries(0..16).unwrap().len(), 16);
        assert!(store.reopen().is_err());
        assert!(refused(store.commit(grove.size(), epoch, grove.clone().grow(1))));
        fs::remove_dir(folder.path().join(blocked)).unwrap();
        assert_eq!(store.reopen().unwrap().size, grove.size());
        store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
        grove.assert_held_by(&store);
        drop(store);
        grove.assert_held_by(&open(folder.path()).unwrap());
    }
}

/// Rows that are committed while an erasure rewrites the last volume are in the new file.
#[test]
fn an_erasure_loses_nothing_committed_meanwhile() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(RedbStore::create(folder.path(), Options::default()).unwrap());
    let epoch = store.claim().unwrap();
    let mut grove = Grove::default();
    store.commit(Size(0), epoch, grove.grow(10_000)).unwrap();
    let erasing = thread::spawn({
        let store = Arc::clone(&store);
        move || store.erase(&BTreeSet::from([Index(3)])).unwrap()
    });
    let mut meanwhile = 0;
    while !erasing.is_finished() {
        store.commit(grove.size(), epoch, grove.grow(3)).unwrap();
        meanwhile += 1;
    }
    erasing.join().unwrap();
    assert!(meanwhile > 2);
    grove.rows[3].vault = None;
    grove.assert_held_by(&*store);
    store.commit(grove.size(), epoch, grove.grow(3)).unwrap();
    store.reopen().unwrap();
    grove.assert_held_by(&*store);
}

/// An erasure that fails before its rename leaves everything as it was, and the writer goes on.
#[test]
fn a_failed_erasure_changes_nothing() {
    let (folder, mut grove) = stored();
    let store = open(folder.path()).unwrap();
    let epoch = store.claim().unwrap();
    for first in [0, 16] {
        let blocked = folder.path().join(format!("volume-{first:012}.redb.tmp"));
        fs::create_dir(&blocked).unwrap();
        assert!(matches!(store.erase(&BTreeSet::from([Index(first)])), Err(StoreError::Io { .. })));
        grove.assert_held_by(&store);
        fs::remove_dir(&blocked).unwrap();
    }
    store.commit(grove.size(), epoch, grove.grow(1)).unwrap();
    store.erase(&BTreeSet::from([Index(0), Index(16)])).unwrap();
    for index in [0, 16] {
        grove.rows[index].vault = None;
    }
    grove.assert_held_by(&store);
}

/// A sealed volume that a kill left unclean is repaired once and read.
#[test]
fn an_unclean_sealed_volume_is_repaired() {
    let (folder, mut grove) = stored();
    let store = open(folder.path()).unwrap();
    let unclean = fs::read(volume(folder.path(), 16)).unwrap();
    let epoch = store.claim().unwrap();
    let before = fs::read(volume(folder.path(), 16)).unwrap();
    store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
    drop(store);
    for bytes in [unclean, before] {
        fs::write(volume(folder.path(), 16), bytes).unwrap();
        grove.assert_held_by(&open(folder.path()).unwrap());
    }
}

/// Erased rows are in no file, sealed or not; the rows beside them are.
#[test]
fn erased_bytes_are_gone_from_every_file() {
    let (folder, mut grove) = stored();
    let store = open(folder.path()).unwrap();
    let erased = [3, 9, 18];
    for index in erased {
        assert!(holds_bytes(folder.path(), &grove::vault(index).unwrap()));
    }
    store.erase(&erased.map(Index).into_iter().collect::<BTreeSet<_>>()).unwrap();
    for index in erased {
        assert!(!holds_bytes(folder.path(), &grove::vault(index).unwrap()), "{index}");
        grove.rows[usize::try_from(index).unwrap()].vault = None;
    }
    for index in [4, 10, 19] {
        assert!(holds_bytes(folder.path(), &grove::vault(index).unwrap()), "{index}");
    }
    grove.assert_held_by(&store);
    let epoch = store.claim().unwrap();
    store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
    drop(store);
    grove.assert_held_by(&open(folder.path()).unwrap());
}

/// What a damaged store still answers is right: every head, entry, node and vault row is as written, or an error.
/// Returns whether anything was refused.
fn answers_truly_or_not_at_all(folder: &Path, grove: &Grove) -> bool {
    let Ok(store) = open(folder) else { return true };
    let head = store.head().unwrap();
    assert_eq!((head.size, head.checkpoint), (grove.size(), grove::checkpoint(grove.size().0)));
    let mut refused = false;
    let reader = store.read().unwrap();
    for (index, row) in (0..).zip(&grove.rows) {
        match reader.entries(index..index + 1) {
            Ok(entries) => assert_eq!(entries, std::slice::from_ref(&row.entry)),
            Err(_) => refused = true,
        }
        match reader.vault(Index(index)) {
            Ok(vault) => assert_eq!(vault, row.vault),
            Err(_) => refused = true,
        }
        for (level, node) in (0u8..).zip(&row.nodes) {
            match reader.node(level, ((index + 1) >> level) - 1) {
                Ok(found) => assert_eq!(found, *node),
                Err(_) => refused = true,
            }
        }
    }
    refused
}

/// A bit flipped anywhere in a volume's file is refused or changes no answer. Every 101st byte, each its own bit.
#[test]
fn a_flipped_bit_is_never_served() {
    let (folder, grove) = stored();
    for first in [8, 16] {
        let whole = fs::read(volume(folder.path(), first)).unwrap();
        let mut refused = 0;
        for at in (0..whole.len()).step_by(101) {
            let damaged = copy(folder.path());
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(volume(damaged.path(), first), bytes).unwrap();
            refused += usize::from(answers_truly_or_not_at_all(damaged.path(), &grove));
        }
        assert!(refused > 20, "only {refused} flips were noticed");
    }
}

/// A file cut anywhere is refused or changes no answer; cut short by a page or more it is refused.
#[test]
fn a_cut_file_is_never_served() {
    let (folder, grove) = stored();
    for first in [0, 16] {
        let whole = fs::read(volume(folder.path(), first)).unwrap();
        for length in (0..whole.len()).step_by(1777).chain([1, 64, 320, 511, 4096]) {
            let damaged = copy(folder.path());
            fs::write(volume(damaged.path(), first), &whole[..length]).unwrap();
            assert!(
                answers_truly_or_not_at_all(damaged.path(), &grove),
                "{first}: {length} of {}",
                whole.len()
            );
        }
    }
}

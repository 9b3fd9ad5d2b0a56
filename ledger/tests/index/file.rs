//! The redb file: what opening finds, and that damage is thrown away or told, never served.

use crate::{FORMAT, ORIGIN, changes, open};
use procura_core::kv::Changes;
use procura_core::{Hash, Size};
use procura_ledger::index::{Discarded, Found, IndexError, IndexFile, Mark, RedbIndex};
use std::fs;
use std::path::{Path, PathBuf};

fn mark(size: u64) -> Mark {
    Mark { size: Size(size), root: Hash([9; 32]), format: FORMAT, origin: ORIGIN.into() }
}

fn write(file: &RedbIndex, rows: &Changes, mark: &Mark) {
    file.write(&mut rows.iter().map(|(key, row)| (key.as_slice().into(), row.clone())), mark).unwrap();
}

fn rows() -> Changes {
    changes((0..300u32).map(|n| (n.to_be_bytes(), format!("row {n} {}", "x".repeat(100)))))
}

/// A closed file with 300 rows at size 5.
fn written() -> (tempfile::TempDir, PathBuf) {
    let folder = crate::passing_folder();
    let path = folder.path().join("index.redb");
    let (file, found) = open(&path);
    assert_eq!((found, file.mark()), (Found::Nothing, None));
    write(&file, &rows(), &mark(5));
    drop(file);
    (folder, path)
}

fn held(file: &RedbIndex) -> Changes {
    let rows = file.read().unwrap().range(b"", None, 1000).unwrap();
    rows.into_iter().map(|(key, row)| (key.to_vec(), row)).collect()
}

fn assert_discarded(path: &Path, expected: impl Fn(&Discarded) -> bool) {
    let (file, found) = open(path);
    assert!(matches!(&found, Found::Discarded(why) if expected(why)), "{found:?}");
    assert_eq!((held(&file), file.mark()), (Changes::new(), None));
    write(&file, &rows(), &mark(6));
    drop(file);
    assert_eq!(open(path).1, Found::Rows(mark(6)));
}

/// Rows and mark come back together; an earlier reader keeps what it read from; deleting the file is no fault.
#[test]
fn rows_come_back_with_their_mark() {
    let (_folder, path) = written();
    let (file, found) = open(&path);
    assert_eq!(found, Found::Rows(mark(5)));
    let before = file.read().unwrap();
    write(&file, &changes([(0u32.to_be_bytes(), "new".to_owned())]), &mark(8));
    assert_eq!(before.get(&0u32.to_be_bytes()).unwrap().unwrap()[..5], *b"row 0");
    assert_eq!(*file.read().unwrap().get(&0u32.to_be_bytes()).unwrap().unwrap(), *b"new");
    assert_eq!(file.mark(), Some(mark(8)));
    assert!(matches!(RedbIndex::open(&path, FORMAT, ORIGIN, 1 << 20).err(), Some(IndexError::Locked { .. })));
    drop((file, before));
    assert_eq!(open(&path).1, Found::Rows(mark(8)));
    fs::remove_file(&path).unwrap();
    assert_eq!(open(&path).1, Found::Nothing);
}

/// A file copied while it is open, as a kill leaves it, stands at the last mark.
#[test]
fn a_killed_file_stands_at_its_mark() {
    let (folder, path) = written();
    let (file, _) = open(&path);
    write(&file, &changes([(0u32.to_be_bytes(), "new".to_owned())]), &mark(8));
    let killed = folder.path().join("killed.redb");
    fs::copy(&path, &killed).unwrap();
    let (copied, found) = open(&killed);
    assert_eq!(found, Found::Rows(mark(8)));
    assert_eq!(held(&copied), held(&file));
}

/// Another ledger's index, one of another row format and one that is no index are each thrown away by their reason.
#[test]
fn what_is_not_this_index_is_discarded() {
    let (_folder, path) = written();
    let copy = path.with_extension("copy");
    fs::copy(&path, &copy).unwrap();
    let (_, found) = RedbIndex::open(&copy, FORMAT, "example.net/log", 1 << 20).unwrap();
    assert_eq!(found, Found::Discarded(Discarded::Foreign(ORIGIN.into())));

    fs::copy(&path, &copy).unwrap();
    let (_, found) = RedbIndex::open(&copy, FORMAT + 1, ORIGIN, 1 << 20).unwrap();
    assert_eq!(found, Found::Discarded(Discarded::FormatUnknown(FORMAT)));

    for bytes in [&b""[..], b"not a database", &[0; 100_000]] {
        fs::write(&copy, bytes).unwrap();
        assert_discarded(&copy, |why| matches!(why, Discarded::Unreadable(_)));
    }
    let whole = fs::read(&path).unwrap();
    fs::write(&copy, &whole[..whole.len() / 2]).unwrap();
    assert_discarded(&copy, |why| matches!(why, Discarded::Unreadable(_)));
    fs::remove_file(&copy).unwrap();
    drop(redb::Database::create(&copy).unwrap());
    assert_discarded(&copy, |why| matches!(why, Discarded::Unreadable(_)));
}

/// A file that can't be opened for now is an error, and is still there afterwards.
#[test]
fn a_failing_system_discards_nothing() {
    let folder = crate::passing_folder();
    let path = folder.path().join("index.redb");
    fs::create_dir(&path).unwrap();
    assert!(matches!(RedbIndex::open(&path, FORMAT, ORIGIN, 1 << 20).err(), Some(IndexError::Io { .. })));
    assert!(path.is_dir());
}

/// After a flipped bit the file is thrown away at open, or each row is as written, told to be damaged, or hidden (see
/// `Rows`); never another. Every 97th byte.
#[test]
fn a_flipped_bit_never_changes_a_row() {
    let (folder, path) = written();
    let whole = fs::read(&path).unwrap();
    let expected = rows();
    let (mut discarded, mut refused, mut hidden) = (0, 0, 0);
    for at in (0..whole.len()).step_by(97) {
        let damaged = folder.path().join("damaged.redb");
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&damaged, bytes).unwrap();
        let (file, found) = open(&damaged);
        match found {
            Found::Discarded(_) => discarded += 1,
            Found::Nothing => panic!("a flip at {at} emptied the index"),
            Found::Rows(found) => {
                assert_eq!(found, mark(5));
                let Ok(rows) = file.read() else {
                    refused += 1;
                    continue;
                };
                for (key, row) in &expected {
                    match rows.get(key) {
                        Ok(Some(found)) => assert_eq!(found, *row),
                        Ok(None) => hidden += 1,
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(refused > 50 && refused > hidden, "{discarded} discarded, {refused} refused, {hidden} hidden");
}

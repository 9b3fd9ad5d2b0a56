//! The folder of runs: what opening finds, and that damage is thrown away or told, never served.

use crate::{FORMAT, ORIGIN, changes, open};
use procura_core::kv::Changes;
use procura_core::{Hash, Size};
use procura_ledger::index::{Discarded, Found, IndexError, IndexFile, Mark, RunsIndex};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

fn mark(size: u64) -> Mark {
    Mark { size: Size(size), root: Hash([9; 32]), format: FORMAT, origin: ORIGIN.into() }
}

fn write(index: &RunsIndex, rows: &Changes, mark: &Mark) {
    index.write(&mut rows.iter().map(|(key, row)| (key.as_slice().into(), row.clone())), mark).unwrap();
}

fn rows() -> Changes {
    changes((0..300u32).map(|n| (n.to_be_bytes(), format!("row {n} {}", "x".repeat(100)))))
}

/// A closed folder with 300 rows at size 5.
fn written() -> (tempfile::TempDir, PathBuf) {
    let folder = crate::passing_folder();
    let path = folder.path().join("index");
    let (index, found) = open(&path);
    assert_eq!((found, index.mark()), (Found::Nothing, None));
    write(&index, &rows(), &mark(5));
    drop(index);
    (folder, path)
}

fn held(index: &RunsIndex) -> Changes {
    let rows = index.read().unwrap().range(b"", None, 100_000).unwrap();
    rows.into_iter().map(|(key, row)| (key.to_vec(), row)).collect()
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(to).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn assert_discarded(path: &Path, expected: impl Fn(&Discarded) -> bool) {
    let (index, found) = open(path);
    assert!(matches!(&found, Found::Discarded(why) if expected(why)), "{found:?}");
    assert_eq!((held(&index), index.mark()), (Changes::new(), None));
    assert_eq!(files(path), ["lock"], "nothing of it is left");
    write(&index, &rows(), &mark(6));
    drop(index);
    assert_eq!(open(path).1, Found::Rows(mark(6)));
}

/// What is forgotten is in no file, whichever run had it; all else is there, also what is written meanwhile, and after an opening.
#[test]
fn what_is_forgotten_is_in_no_file() {
    let (_folder, path) = written();
    let (index, _) = open(&path);
    let later = |n: u64| changes([(format!("later {n}"), format!("secret {n} {}", "y".repeat(50)))]);
    for n in 0..3 {
        write(&index, &later(n), &mark(6 + n));
    }
    let has = |text: &str| {
        let files = fs::read_dir(&path).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(has("row 17 ") && has("secret 1 "));
    let before = index.read().unwrap();
    let gone = [17u32.to_be_bytes().to_vec(), b"later 1".to_vec(), b"never there".to_vec()];
    thread::scope(|scope| {
        let more = scope.spawn(|| (3..40).for_each(|n| write(&index, &later(n), &mark(6 + n))));
        index.forget(&gone.clone().into()).unwrap();
        more.join().unwrap();
    });
    let mut expected = rows();
    (0..40).for_each(|n| expected.extend(later(n)));
    gone.iter().for_each(|key| drop(expected.remove(key)));
    assert_eq!(held(&index), expected);
    assert!(before.get(b"later 1").unwrap().is_some(), "an earlier reader keeps what it read from");
    assert!(!has("row 17 ") && !has("secret 1 ") && has("row 18 ") && has("secret 39 "));
    drop(index);
    let (index, found) = open(&path);
    assert_eq!((found, held(&index)), (Found::Rows(mark(45)), expected));
}

/// Rows and mark come back together; an earlier reader keeps what it read from; deleting the folder is no fault.
#[test]
fn rows_come_back_with_their_mark() {
    let (_folder, path) = written();
    let (index, found) = open(&path);
    assert_eq!(found, Found::Rows(mark(5)));
    let before = index.read().unwrap();
    write(&index, &changes([(0u32.to_be_bytes(), "new".to_owned())]), &mark(8));
    assert_eq!(before.get(&0u32.to_be_bytes()).unwrap().unwrap()[..5], *b"row 0");
    assert_eq!(*index.read().unwrap().get(&0u32.to_be_bytes()).unwrap().unwrap(), *b"new");
    assert_eq!(index.mark(), Some(mark(8)));
    assert!(matches!(RunsIndex::open(&path, FORMAT, ORIGIN, 1 << 20).err(), Some(IndexError::Locked { .. })));
    drop((index, before));
    assert_eq!(open(&path).1, Found::Rows(mark(8)));
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(open(&path).1, Found::Nothing);
}

/// Keys over many blocks and guides that differ only at their end, and some that begin with others: each is found, and where none is
/// nothing, by key and by the beginning of keys. Twice, as what was read before is found in another way.
#[test]
fn keys_that_differ_late_are_told_apart() {
    let (folder, value) = (crate::passing_folder(), "x".repeat(60));
    let key = |n: u32| [&b"what every key begins with "[..], &n.to_be_bytes()].concat();
    let longer = |n: u32| [&key(n)[..], &[0; 3]].concat();
    let even = (0..10_000).map(|n| n * 2);
    let rows =
        changes(even.flat_map(|n| [(key(n), format!("{n} {value}")), (longer(n), format!("{n}.. {value}"))]));
    let (index, _) = open(&folder.path().join("index"));
    write(&index, &rows, &mark(5));
    let read = index.read().unwrap();
    for (n, wanted) in (0..20_000).chain(0..20_000).map(|n| (n, rows.get(&key(n)))) {
        assert_eq!(read.get(&key(n)).unwrap().as_ref(), wanted, "{n}");
        assert_eq!(read.get(&longer(n)).unwrap().as_ref(), rows.get(&longer(n)), "{n}");
        let beside = [&longer(n)[..longer(n).len() - 2], &[1]].concat();
        assert_eq!(read.get(&beside).unwrap(), None);
        let found = read.range(&key(n), None, 3).unwrap();
        assert_eq!(found.len(), if wanted.is_some() { 2 } else { 0 }, "{n}");
        let next = read.range(b"what", Some(&beside), 1).unwrap();
        let expected = rows.range(beside..).next();
        assert_eq!(
            next.first().map(|(key, row)| (&key[..], row)),
            expected.map(|(key, row)| (&key[..], row))
        );
    }
    assert!(held(&index) == rows);
}

/// Many flushes become few runs, while readers keep theirs; every row is the newest, before and after opening again.
#[test]
fn many_flushes_are_merged_and_nothing_is_lost() {
    let (_folder, path) = written();
    let (index, _) = open(&path);
    let mut expected = rows();
    let mut readers = Vec::new();
    for n in 0..60u32 {
        let some =
            changes((0..40u32).map(|k| ((k * n * 7 % 900).to_be_bytes(), format!("row {k} of flush {n}"))));
        expected.extend(some.clone());
        write(&index, &some, &mark(u64::from(n) + 6));
        if n % 11 == 0 {
            readers.push((index.read().unwrap(), expected.clone()));
        }
    }
    for _ in 0..500 {
        if files(&path).len() <= 10 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert!(files(&path).len() <= 10, "{:?}", files(&path));
    assert_eq!(held(&index), expected);
    for (reader, expected) in readers {
        let found = reader.range(b"", None, 100_000).unwrap();
        assert!(
            found.iter().map(|(key, row)| (&**key, &**row)).eq(expected.iter().map(|(k, r)| (&**k, &**r)))
        );
        for (key, row) in expected {
            assert_eq!(reader.get(&key).unwrap(), Some(row));
        }
        assert_eq!(reader.get(b"none").unwrap(), None);
    }
    drop(index);
    let (index, found) = open(&path);
    assert_eq!((found, held(&index)), (Found::Rows(mark(65)), expected));
}

/// A folder copied while it is open and being merged, as a kill leaves it, stands at a mark that was reached, with its rows;
/// what the kill left half made is gone.
#[test]
fn a_killed_folder_stands_at_a_mark() {
    let (folder, path) = written();
    let (index, _) = open(&path);
    let done = AtomicBool::new(false);
    let newest = |n: u64| changes((0..300u32).map(|k| (k.to_be_bytes(), format!("row {k} at {n}"))));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 6..150 {
                write(&index, &newest(n), &mark(n));
            }
            done.store(true, Ordering::SeqCst);
        });
        let (mut copies, mut whole) = (0, 0);
        while !done.load(Ordering::SeqCst) || copies == 0 {
            let killed = folder.path().join("killed");
            copies += 1;
            // A copy is not of one moment: files go while it is made, which a crash does not do to them. Manifest last, runs by link.
            let _ = fs::remove_dir_all(&killed);
            fs::create_dir_all(&killed).unwrap();
            let manifest = fs::read(path.join("manifest")).unwrap();
            let linked = files(&path).into_iter().filter(|name| name.starts_with("run-"));
            let linked =
                linked.filter(|name| fs::hard_link(path.join(name), killed.join(name)).is_ok()).count();
            if manifest != fs::read(path.join("manifest")).unwrap() || linked == 0 {
                continue;
            }
            fs::write(killed.join("manifest"), manifest).unwrap();
            fs::write(killed.join("manifest.tmp"), b"half").unwrap();
            fs::write(killed.join("run-999999999999"), b"half").unwrap();
            let (copied, found) = open(&killed);
            let Found::Rows(found) = found else { continue };
            whole += 1;
            let size = found.size.0;
            assert_eq!(held(&copied), if size == 5 { rows() } else { newest(size) });
            // A merge of its own may be under way already, with a manifest of its own.
            assert_ne!(fs::read(killed.join("manifest.tmp")).unwrap_or_default(), b"half");
            assert!(!killed.join("run-999999999999").exists());
        }
        assert!(whole > 0, "of {copies} copies none was whole");
    });
}

/// A flush that fails at any step leaves rows and mark as they were, and works when it is tried again.
#[test]
fn a_flush_that_fails_changes_nothing() {
    for in_the_way in ["run-000000000002", "manifest.tmp"] {
        let (_folder, path) = written();
        let (index, _) = open(&path);
        fs::create_dir(path.join(in_the_way)).unwrap();
        let new = changes([(0u32.to_be_bytes(), "new".to_owned()), (7u32.to_be_bytes(), "new".to_owned())]);
        let flush =
            || index.write(&mut new.iter().map(|(key, row)| (key.as_slice().into(), row.clone())), &mark(8));
        assert!(matches!(flush(), Err(IndexError::Io { .. })), "{in_the_way}");
        assert_eq!((index.mark(), held(&index)), (Some(mark(5)), rows()));
        fs::remove_dir(path.join(in_the_way)).unwrap();
        flush().unwrap();
        let expected: Changes = rows().into_iter().chain(new.clone()).collect();
        assert_eq!((index.mark(), held(&index)), (Some(mark(8)), expected.clone()));
        drop(index);
        let (index, found) = open(&path);
        assert_eq!((found, held(&index)), (Found::Rows(mark(8)), expected));
        assert_eq!(files(&path).len(), 4, "lock, manifest, two runs: {:?}", files(&path));
    }
}

/// A merge that fails, here on a damaged run, takes nothing away; what is damaged is told.
#[test]
fn a_merge_that_fails_takes_nothing_away() {
    let (_folder, path) = written();
    let run = path.join("run-000000000001");
    let mut bytes = fs::read(&run).unwrap();
    bytes[100] ^= 1;
    fs::write(&run, bytes).unwrap();
    let (index, found) = open(&path);
    assert_eq!(found, Found::Rows(mark(5)));
    for n in 6..12 {
        write(&index, &rows(), &mark(n));
    }
    thread::sleep(Duration::from_millis(200));
    assert!(run.exists(), "a run whose rows are in no other");
    assert_eq!(index.mark(), Some(mark(11)));
    assert!(index.read().unwrap().range(b"", None, 1000).is_err());
    assert_eq!(
        index.read().unwrap().get(&0u32.to_be_bytes()).unwrap(),
        rows().get(&0u32.to_be_bytes()[..]).cloned()
    );
}

/// Another ledger's index, one of another row format and one that is no index are each thrown away by their reason.
#[test]
fn what_is_not_this_index_is_discarded() {
    let (folder, path) = written();
    let copy = folder.path().join("copy");
    copied(&path, &copy);
    let (_, found) = RunsIndex::open(&copy, FORMAT, "example.net/log", 1 << 20).unwrap();
    assert_eq!(found, Found::Discarded(Discarded::Foreign(ORIGIN.into())));

    copied(&path, &copy);
    let (_, found) = RunsIndex::open(&copy, FORMAT + 1, ORIGIN, 1 << 20).unwrap();
    assert_eq!(found, Found::Discarded(Discarded::FormatUnknown(FORMAT)));

    let is_unreadable = |why: &Discarded| matches!(why, Discarded::Unreadable(_));
    let names = files(&path);
    assert_eq!(names.len(), 3, "lock, manifest and one run: {names:?}");
    for name in &names[1..] {
        let whole = fs::read(path.join(name)).unwrap();
        for bytes in
            [&b""[..], b"not an index", &[0; 100_000], &whole[..whole.len() / 2], &whole[..whole.len() - 1]]
        {
            copied(&path, &copy);
            fs::write(copy.join(name), bytes).unwrap();
            assert_discarded(&copy, is_unreadable);
        }
    }
    copied(&path, &copy);
    fs::remove_file(copy.join(&names[2])).unwrap();
    assert_discarded(&copy, is_unreadable);
    // Without a manifest there is nothing, as if a kill had come before the first.
    copied(&path, &copy);
    fs::remove_file(copy.join("manifest")).unwrap();
    let (index, found) = open(&copy);
    assert_eq!(
        (found, held(&index), files(&copy)),
        (Found::Nothing, Changes::new(), vec!["lock".to_owned()])
    );
}

/// What can't be opened for now is an error, and is still there afterwards.
#[test]
fn a_failing_system_discards_nothing() {
    for name in ["manifest", "run-000000000001"] {
        let (_folder, path) = written();
        fs::remove_file(path.join(name)).unwrap();
        fs::create_dir(path.join(name)).unwrap();
        let opened = RunsIndex::open(&path, FORMAT, ORIGIN, 1 << 20);
        if name == "manifest" {
            assert!(matches!(opened.err(), Some(IndexError::Io { .. })));
            assert_eq!(files(&path).len(), 3, "nothing was removed");
        } else {
            // A folder has another length than the run: that is damage, and it is not removed by mistake.
            assert!(opened.is_err());
        }
        assert!(path.join(name).is_dir());
    }
}

/// After a flipped bit the folder is thrown away at open, or each row is as written or told to be damaged; never another, and
/// none is hidden. Every 97th byte.
#[test]
fn a_flipped_bit_never_changes_or_hides_a_row() {
    let (folder, path) = written();
    let expected = rows();
    let (mut discarded, mut refused) = (0, 0);
    for name in &files(&path)[1..] {
        let whole = fs::read(path.join(name)).unwrap();
        for at in (0..whole.len()).step_by(97) {
            let damaged = folder.path().join("damaged");
            copied(&path, &damaged);
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(damaged.join(name), bytes).unwrap();
            let (index, found) = open(&damaged);
            match found {
                Found::Discarded(_) => discarded += 1,
                Found::Nothing => panic!("a flip at {at} of {name} emptied the index"),
                Found::Rows(found) => {
                    assert_eq!(found, mark(5));
                    let rows = index.read().unwrap();
                    let told = expected.iter().filter(|(key, row)| match rows.get(key) {
                        Ok(Some(found)) => {
                            assert_eq!(found, **row);
                            false
                        }
                        Ok(None) => panic!("a flip at {at} of {name} hid a row"),
                        Err(_) => true,
                    });
                    refused += usize::from(told.count() > 0);
                    assert!(rows.range(b"", None, 1000).is_err() || held(&index) == expected);
                }
            }
        }
    }
    assert!(discarded > 1 && refused > 100, "{discarded} discarded, {refused} refused");
}

//! Goal: what was acknowledged is read on, and at once, after a call on a file failed; nothing is written before the store was
//! reopened. Method: a disk whose reads or writes fail when they are told to, and a store that keeps no page in memory.

use crate::grove::{self, Grove};
use procura_core::{Index, Size};
use procura_ledger::disk::{Access, Disk, DiskFile, Held, SystemDisk};
use procura_ledger::store::redb::{Options, RedbStore};
use procura_ledger::store::{Store, StoreError};
use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

const READS: u8 = 1;
const WRITES: u8 = 2;

/// What fails, and how often more; `i64::MAX` for good.
#[derive(Debug, Default)]
struct Failures {
    which: AtomicU8,
    left: AtomicI64,
}

impl Failures {
    fn set(&self, which: u8, times: i64) {
        self.left.store(times, Ordering::SeqCst);
        self.which.store(which, Ordering::SeqCst);
    }

    fn check(&self, which: u8) -> io::Result<()> {
        if self.which.load(Ordering::SeqCst) != which || self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Ok(());
        }
        let kind = if which == READS { io::ErrorKind::Other } else { io::ErrorKind::StorageFull };
        Err(io::Error::new(kind, "told to fail"))
    }
}

#[derive(Debug)]
struct FailingDisk(Arc<Failures>);

#[derive(Debug)]
struct FailingFile(DiskFile, Arc<Failures>);

impl Disk for FailingDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<DiskFile> {
        if access != Access::Read {
            self.0.check(WRITES)?;
        }
        Ok(Box::new(FailingFile(SystemDisk.open(path, access)?, Arc::clone(&self.0))))
    }

    fn hold(&self, path: &Path) -> io::Result<Option<Held>> {
        SystemDisk.hold(path)
    }

    fn exists(&self, path: &Path) -> bool {
        SystemDisk.exists(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        SystemDisk.list(folder)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.make_folder(folder)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.check(WRITES)?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.check(WRITES)?;
        SystemDisk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.0.check(WRITES)?;
        SystemDisk.sync_folder(folder)
    }
}

impl StorageBackend for FailingFile {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.1.check(READS)?;
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.1.check(WRITES)?;
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.1.check(WRITES)?;
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.1.check(WRITES)?;
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}

/// A store of 20 entries in volumes 0–7, 8–15 and 16–19.
struct Scene {
    _folder: tempfile::TempDir,
    failures: Arc<Failures>,
    store: RedbStore,
    grove: Grove,
    epoch: u64,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let failures = Arc::new(Failures::default());
        let options = Options { volume_entries: 8, sealed_open: 2, cache_bytes: 0, sealed_cache_bytes: 0 };
        let disk = Arc::new(FailingDisk(Arc::clone(&failures)));
        let store = RedbStore::create_on(disk, &folder.path().join("main"), options).unwrap();
        let epoch = store.claim().unwrap();
        let mut grove = Grove::default();
        for _ in 0..5 {
            store.commit(grove.size(), epoch, grove.grow(4)).unwrap();
        }
        Self { _folder: folder, failures, store, grove, epoch }
    }

    fn reads_all(&self) {
        let reader = self.store.read().unwrap();
        for index in 0..20 {
            assert_eq!(reader.entries(index..index + 1).unwrap(), [grove::entry(index)], "{index}");
            assert_eq!(reader.vault(Index(index)).unwrap(), grove::vault(index), "{index}");
        }
    }
}

#[test]
fn a_read_that_failed_once_is_read_the_next_time() {
    let mut scene = Scene::new();
    for index in [1, 9, 17] {
        scene.reads_all();
        let kept = scene.store.read().unwrap();
        kept.entries(index..index + 1).unwrap();
        scene.failures.set(READS, 1);
        assert!(
            kept.entries(index..index + 1).is_err(),
            "{index}: it was read from memory, which tests nothing"
        );
        kept.entries(index..index + 1).unwrap();
        scene.reads_all();
    }
    // The volume that is written is to be reopened first.
    let (size, batch) = (scene.grove.size(), scene.grove.clone().grow(2));
    let refused = scene.store.commit(size, scene.epoch, batch).unwrap_err();
    assert!(matches!(refused, StoreError::OutcomeUnknown), "{refused}");
    scene.reads_all();
    assert_eq!(scene.store.reopen().unwrap().size, Size(20));
    scene.store.commit(size, scene.epoch, scene.grove.grow(2)).unwrap();
}

#[test]
fn a_disk_that_takes_nothing_is_read() {
    for (rows, is_sealed) in [(2, false), (8, true)] {
        let mut scene = Scene::new();
        let size = scene.grove.size();
        scene.failures.set(WRITES, i64::MAX);
        for _ in 0..3 {
            let batch = scene.grove.clone().grow(rows);
            assert!(scene.store.commit(size, scene.epoch, batch).is_err(), "{is_sealed}");
            scene.reads_all();
            assert!(scene.store.reopen().is_err());
            scene.reads_all();
            assert_eq!(scene.store.head().unwrap().size, size);
        }
        scene.failures.set(0, 0);
        assert_eq!(scene.store.reopen().unwrap().size, size);
        scene.store.commit(size, scene.epoch, scene.grove.grow(rows)).unwrap();
        scene.reads_all();
    }
}

//! redb over a file of the ledger's [`Disk`].

use crate::disk::{Access, Disk, DiskFile};
use ::redb::{BackendError, Builder, Database, Error, ReadOnlyDatabase, StorageBackend};
use std::io;
use std::ops::Bound;
use std::path::Path;

/// A new database in a file that is not there, or is empty.
pub(super) fn make(disk: &dyn Disk, path: &Path, cache_bytes: usize) -> Result<Database, Error> {
    let file = disk.open(path, Access::Make)?;
    Ok(builder(cache_bytes).create_with_backend(Backend(file))?)
}

/// A database that is there, for writing.
pub(super) fn write(disk: &dyn Disk, path: &Path, cache_bytes: usize) -> Result<Database, Error> {
    let file = disk.open(path, Access::Write)?;
    // redb makes a new database out of an empty file, and has no other way to open a backend.
    if file.len()? == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty").into());
    }
    Ok(builder(cache_bytes).create_with_backend(Backend(file))?)
}

/// A database that is there and was closed cleanly, for reading.
pub(super) fn read(disk: &dyn Disk, path: &Path, cache_bytes: usize) -> Result<ReadOnlyDatabase, Error> {
    let file = disk.open(path, Access::Read)?;
    Ok(builder(cache_bytes).open_read_only_with_backend(Backend(file))?)
}

fn builder(cache_bytes: usize) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    builder
}

/// A disk's file as redb takes it: by its type, not behind a pointer.
#[derive(Debug)]
struct Backend(DiskFile);

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
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

//! A database's file to which nothing is written: what redb changes in it when it opens it stays in memory.
//!
//! redb refuses reads too once a write failed, until the file is opened again; and to open a file that was not closed cleanly it
//! writes. On a disk that takes nothing (full, or made read-only by the system after an error) the ledger must answer
//! all the same.

use crate::disk::{Access, Disk, DiskFile};
use crate::lock::lock;
use redb::{BackendError, Builder, Database, Error, StorageBackend};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Mutex;

/// What is kept of the changes is kept in pieces of this size, in bytes.
const PIECE: u64 = 4096;

/// Opens the database for reading, whatever the disk takes.
pub(crate) fn open(disk: &dyn Disk, path: &Path, cache_bytes: usize) -> Result<Database, Error> {
    let file = disk.open(path, Access::Read)?;
    let length = file.len()?;
    // redb makes a new database out of an empty file.
    if length == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty").into());
    }
    let changes = Mutex::new(Changes { length, kept: length, pieces: BTreeMap::new() });
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    Ok(builder.create_with_backend(Unwritten { file, changes })?)
}

#[derive(Debug)]
struct Unwritten {
    file: DiskFile,
    changes: Mutex<Changes>,
}

/// How the file would be if it had been written.
#[derive(Debug)]
struct Changes {
    length: u64,
    /// Up to here the file's own bytes count: beyond, it was once cut off.
    kept: u64,
    pieces: BTreeMap<u64, Vec<u8>>,
}

impl Unwritten {
    /// A piece of the file as it would be, zeros behind its end.
    fn piece(&self, changes: &Changes, number: u64) -> io::Result<Vec<u8>> {
        if let Some(piece) = changes.pieces.get(&number) {
            return Ok(piece.clone());
        }
        let start = number * PIECE;
        let mut piece = vec![0; PIECE as usize];
        let kept = changes.kept.saturating_sub(start).min(PIECE) as usize;
        if let Some(kept) = piece.get_mut(..kept).filter(|kept| !kept.is_empty()) {
            self.file.read(start, kept)?;
        }
        Ok(piece)
    }

    /// Goes through the pieces under `length` bytes from `offset` on: each with the range in it and the range of the bytes.
    fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
        let mut done = 0;
        std::iter::from_fn(move || {
            let at = offset + done as u64;
            let (number, inside) = (at / PIECE, (at % PIECE) as usize);
            let size = (PIECE as usize - inside).min(length - done);
            let piece = (size > 0).then_some((number, inside, done, size));
            done += size;
            piece
        })
    }
}

fn beyond() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "beyond the file's end")
}

impl StorageBackend for Unwritten {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(lock(&self.changes).length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let changes = lock(&self.changes);
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > changes.length) {
            return Err(beyond());
        }
        if changes.pieces.is_empty() && changes.kept == changes.length {
            return self.file.read(offset, out);
        }
        for (number, inside, done, size) in Self::pieces(offset, out.len()) {
            let piece = self.piece(&changes, number)?;
            let (to, from) = (out.get_mut(done..done + size), piece.get(inside..inside + size));
            to.zip(from).map(|(to, from)| to.copy_from_slice(from)).ok_or_else(beyond)?;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> Result<(), io::Error> {
        let mut changes = lock(&self.changes);
        if length < changes.length {
            // What is cut off is zeros if the file grows again.
            let (number, inside) = (length / PIECE, (length % PIECE) as usize);
            let mut last = self.piece(&changes, number)?;
            last.iter_mut().skip(inside).for_each(|byte| *byte = 0);
            changes.pieces.split_off(&number);
            changes.pieces.insert(number, last);
            changes.kept = changes.kept.min(length);
        }
        changes.length = length;
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut changes = lock(&self.changes);
        for (number, inside, done, size) in Self::pieces(offset, data.len()) {
            let mut piece = self.piece(&changes, number)?;
            let (to, from) = (piece.get_mut(inside..inside + size), data.get(done..done + size));
            to.zip(from).map(|(to, from)| to.copy_from_slice(from)).ok_or_else(beyond)?;
            changes.pieces.insert(number, piece);
        }
        changes.length = changes.length.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
        self.file.close()
    }

    // Nobody is kept from a file that is only read; the folder's own lock is held.
    fn try_lock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}

/// Goal: the file reads as if it had been written, and is not. Method: the same changes to it and to a plain vector.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SystemDisk;

    #[test]
    fn reads_as_written_and_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let before: Vec<u8> = (0..20_000_u32).map(|n| (n % 251) as u8).collect();
        std::fs::write(&path, &before).unwrap();
        let file = SystemDisk.open(&path, Access::Read).unwrap();
        let length = before.len() as u64;
        let changes = Mutex::new(Changes { length, kept: length, pieces: BTreeMap::new() });
        let unwritten = Unwritten { file, changes };
        let mut expected = before.clone();
        let mut state = 7_u64;
        for round in 0..500 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let [a, b] = [(state >> 33) as usize % 24_000, (state >> 20) as usize % 9_000];
            if round % 5 == 0 {
                expected.resize(a, 0);
                unwritten.set_len(a as u64).unwrap();
            } else {
                let data = vec![round as u8; b];
                expected.resize(expected.len().max(a + b), 0);
                expected[a..a + b].copy_from_slice(&data);
                unwritten.write(a as u64, &data).unwrap();
            }
            let mut found = vec![0; expected.len()];
            assert_eq!(unwritten.len().unwrap(), expected.len() as u64);
            unwritten.read(0, &mut found).unwrap();
            assert!(found == expected, "round {round}");
            assert!(unwritten.read(1, &mut found).is_err());
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

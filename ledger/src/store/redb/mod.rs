//! The embedded default: the main store in **volumes**, redb files of at most 2^20 entries in one folder.
//!
//! Only the last volume is written. A sealed one never changes (but for an erasure, which puts a new file in its
//! place), so that an incremental backup is a file copy. The last one must not be copied as a file while the store is open:
//! `copy.rs` reads it.
//!
//! spec: storage.md#volumes

mod backend;
mod copy;
mod erase;
mod fault;
mod folder;
mod format;
mod reader;
mod volume;

pub(crate) use copy::{Copied, FileState};
#[cfg(fuzzing)]
pub(crate) use format::rows_come_back;

use super::{Batch, Head, Reader, Store, StoreError};
use crate::disk::{Disk, SystemDisk};
use crate::lock::{lock, read, write};
use fault::{Fault, corrupt};
use folder::Folder;
use format::Birth;
use procura_core::{Index, Size};
use reader::VolumeReader;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use volume::{Tables, Volume};

/// How often a volume that is closed under its reader is opened again before giving up. Each time means that it was
/// sealed, rewritten or put aside in just that moment.
const ATTEMPTS: u32 = 16;

/// How much the store may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The most entries in a volume, and with it in a batch. A folder may hold volumes made under another bound.
    pub volume_entries: u64,
    /// The most memory for pages of the last volume, in bytes.
    pub cache_bytes: usize,
    /// The most memory for pages of each sealed volume that is open, in bytes.
    pub sealed_cache_bytes: usize,
    /// The most sealed volumes kept open.
    pub sealed_open: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { volume_entries: 1 << 20, cache_bytes: 64 << 20, sealed_cache_bytes: 8 << 20, sealed_open: 16 }
    }
}

/// A [`Store`] in a folder of volumes, which no other process can open meanwhile.
pub struct RedbStore {
    shared: Arc<Shared>,
}

/// What readers share with the store.
struct Shared {
    options: Options,
    folder: Folder,
    volumes: RwLock<Vec<Arc<Volume>>>,
    /// Changed only under `writer`, once a commit is durable.
    head: RwLock<Head>,
    writer: Mutex<Writer>,
    /// One erasure at a time: they write files of the same names.
    erasing: Mutex<()>,
    ticks: AtomicU64,
}

/// Whose turn it is to change the last volume, and whether it may be changed.
struct Writer {
    /// Set while a change is under way; if it stays set, its outcome is unknown.
    unsettled: bool,
}

impl RedbStore {
    /// Makes an empty store in `folder`, which is made if need be and must hold nothing.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the folder holds anything; [`StoreError::Locked`]; as far as the disk fails.
    pub fn create(folder: &Path, options: Options) -> Result<Self, StoreError> {
        Self::create_on(Arc::new(SystemDisk), folder, options)
    }

    /// [`create`](Self::create), on another disk than the machine's.
    ///
    /// # Errors
    /// As there.
    pub fn create_on(disk: Arc<dyn Disk>, folder: &Path, options: Options) -> Result<Self, StoreError> {
        let made = disk.create_folder(folder);
        made.map_err(|error| StoreError::io(folder.display().to_string(), error))?;
        let held = Folder::lock(disk, folder)?;
        if !held.volumes()?.is_empty() {
            return Err(StoreError::Exists { folder: folder.display().to_string() });
        }
        let (head, birth) = (Head::default(), Birth { first: 0, checkpoint: String::new() });
        let (temporary, path) = (held.temporary(0)?, held.volume(0));
        let database = volume::create(held.disk.as_ref(), &temporary, &birth, &head, options.cache_bytes)?;
        volume::close_database(&temporary, database)?;
        held.rename(&temporary, &path)?;
        Self::open_in(held, options)
    }

    /// Opens the store in `folder`. Looks at each volume's ends, not at every row; never makes one.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::Locked`], [`StoreError::Foreign`], [`StoreError::Gap`],
    /// [`StoreError::Corrupt`], [`StoreError::FormatUnknown`]; as far as the disk fails.
    pub fn open(folder: &Path, options: Options) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(SystemDisk), folder, options)
    }

    /// [`open`](Self::open), on another disk than the machine's.
    ///
    /// # Errors
    /// As there.
    pub fn open_on(disk: Arc<dyn Disk>, folder: &Path, options: Options) -> Result<Self, StoreError> {
        if !disk.exists(folder) {
            return Err(StoreError::Absent { folder: folder.display().to_string() });
        }
        Self::open_in(Folder::lock(disk, folder)?, options)
    }

    fn open_in(folder: Folder, options: Options) -> Result<Self, StoreError> {
        let shared = Shared {
            options,
            folder,
            volumes: RwLock::default(),
            head: RwLock::default(),
            writer: Mutex::new(Writer { unsettled: true }),
            erasing: Mutex::new(()),
            ticks: AtomicU64::new(0),
        };
        shared.load()?;
        lock(&shared.writer).unsettled = false;
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Store for RedbStore {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(read(&self.shared.head).clone())
    }

    fn claim(&self) -> Result<u64, StoreError> {
        let mut head = self.head()?;
        self.shared.change(|shared, now| {
            head = Head { epoch: now.epoch + 1, ..now.clone() };
            shared.last()?.put_head(&head)?;
            Ok(head.clone())
        })?;
        Ok(head.epoch)
    }

    fn commit(&self, expected: Size, epoch: u64, batch: Batch) -> Result<(), StoreError> {
        self.shared.change(|shared, now| {
            now.admits(expected, epoch)?;
            batch.check(expected, shared.options.volume_entries)?;
            let after = now.after(&batch);
            let last = shared.last()?;
            if after.size.0 - last.first <= shared.options.volume_entries {
                last.append(&batch, &after)?;
            } else {
                shared.start_volume(&last, now, &batch, &after)?;
            }
            Ok(after)
        })
    }

    fn read(&self) -> Result<Box<dyn Reader>, StoreError> {
        let head = self.head()?;
        Ok(Box::new(VolumeReader::new(Arc::clone(&self.shared), head)))
    }

    fn erase(&self, indexes: &BTreeSet<Index>) -> Result<(), StoreError> {
        self.shared.erase(indexes)
    }

    fn reopen(&self) -> Result<Head, StoreError> {
        let _erasing = lock(&self.shared.erasing);
        let mut writer = lock(&self.shared.writer);
        writer.unsettled = true;
        self.shared.load()?;
        writer.unsettled = false;
        self.head()
    }
}

impl Drop for RedbStore {
    /// Closes the files whoever still has a reader, so that the next open needs no repair.
    fn drop(&mut self) {
        put_away(&mut write(&self.shared.volumes));
        self.shared.folder.release();
    }
}

impl Shared {
    /// Makes one change of the store, alone, and publishes the head that it made once it is durable.
    fn change(
        &self,
        change: impl FnOnce(&Self, &Head) -> Result<Head, StoreError>,
    ) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        if writer.unsettled {
            return Err(StoreError::OutcomeUnknown);
        }
        // Set before, not after: a panic on the way leaves the outcome as unknown as an error does.
        writer.unsettled = true;
        let now = read(&self.head).clone();
        let changed = change(self, &now);
        writer.unsettled = changed.as_ref().is_err_and(|error| !error.nothing_written());
        if writer.unsettled {
            self.go_on_reading(&write(&self.volumes));
        }
        *write(&self.head) = changed?;
        Ok(())
    }

    /// Starts the next volume with `batch`. The order matters: the new file is complete before the old one is
    /// sealed, and is named last. A crash before the name leaves the batch unstored and a file that opening removes;
    /// with the name the batch is stored. Either way every volume with a successor was closed cleanly before.
    fn start_volume(&self, last: &Volume, now: &Head, batch: &Batch, after: &Head) -> Result<(), StoreError> {
        let first = now.size.0;
        let (temporary, path) = (self.folder.temporary(first)?, self.folder.volume(first));
        let birth = Birth { first, checkpoint: now.checkpoint.clone() };
        let database = volume::create(self.disk(), &temporary, &birth, now, self.options.cache_bytes)?;
        volume::commit(&temporary, &database, |transaction| volume::put_batch(transaction, batch, after))
            .map_err(|fault| fault.into_error(&temporary))?;
        // Readers that find the old volume closed wait here for it to be a sealed one, which they may open.
        let mut volumes = write(&self.volumes);
        last.close()?;
        self.folder.rename(&temporary, &path)?;
        volumes.push(Arc::new(Volume::writing(first, path, database)));
        tracing::info!(first, "a volume was sealed and the next one started");
        Ok(())
    }

    /// Reads from disk what is there, in place of what was held.
    fn load(&self) -> Result<(), StoreError> {
        let mut volumes = write(&self.volumes);
        let known = volumes.clone();
        put_away(&mut volumes);
        match self.open_all() {
            Ok((found, end)) => {
                *volumes = found;
                *write(&self.head) = end;
                Ok(())
            }
            Err(error) => {
                *volumes = known;
                self.go_on_reading(&volumes);
                Err(error)
            }
        }
    }

    /// What was acknowledged can still be read after a failure, also on a disk that takes nothing: as of the head before it.
    /// Nothing is written until the store was reopened.
    fn go_on_reading(&self, volumes: &[Arc<Volume>]) {
        let Some(last) = volumes.last() else { return };
        if let Err(error) = last.close() {
            tracing::debug!(%error, "a volume did not close cleanly");
        }
        if let Err(error) = last.open_unwritten(self.disk(), self.options.cache_bytes) {
            tracing::error!(%error, "the last volume cannot be read for now");
        }
    }

    /// Makes a volume readable again in which a call failed: redb refuses everything after one, until the file is opened again.
    fn revive(&self, volume: &Volume) -> Result<(), StoreError> {
        if volume.is_reading() {
            return volume.close();
        }
        // Whoever changes the volume makes it readable again before the turn ends.
        let mut writer = lock(&self.writer);
        if !writer.unsettled {
            // It was a read that failed, not a change: the next change is refused, and the store reopened for it.
            writer.unsettled = true;
            self.go_on_reading(&write(&self.volumes));
        }
        Ok(())
    }

    /// The volumes that are there, the last one open for writing, and where they end.
    fn open_all(&self) -> Result<(Vec<Arc<Volume>>, Head), StoreError> {
        // A volume may have its name since a moment before a kill: durable, before anything is told of what it holds. (A
        // commit that a kill or a failure left in the system's cache only is durable once redb has the last volume open.)
        self.folder.sync()?;
        let found: Vec<_> = self
            .folder
            .volumes()?
            .into_iter()
            .map(|(first, path)| Arc::new(Volume::at(first, path)))
            .collect();
        let Some((last, sealed)) = found.split_last() else {
            return Err(StoreError::Absent { folder: self.folder.path.display().to_string() });
        };
        let mut end = Head::default();
        for volume in sealed {
            end = follow(volume, &end, || self.sealed_tables(volume, &found))?;
        }
        last.open_writing(self.disk(), self.options.cache_bytes)?;
        end = follow(last, &end, || last.tables())?;
        Ok((found, end))
    }

    /// The volume that is written.
    fn last(&self) -> Result<Arc<Volume>, StoreError> {
        read(&self.volumes).last().cloned().ok_or(StoreError::OutcomeUnknown)
    }

    /// The volume that holds `index`, and where the next one starts.
    fn volume_of(&self, index: u64) -> Option<(Arc<Volume>, u64)> {
        let volumes = read(&self.volumes);
        let after = volumes.partition_point(|volume| volume.first <= index);
        let volume = volumes.get(after.checked_sub(1)?)?;
        Some((Arc::clone(volume), volumes.get(after).map_or(u64::MAX, |next| next.first)))
    }

    /// The tables of a volume, which is opened if it was put aside.
    fn tables(&self, volume: &Volume) -> Result<Tables, Fault> {
        match volume.tables() {
            Err(Fault::Closed) => {}
            answered => {
                volume.touch(self.tick());
                return answered;
            }
        }
        // Waits here while the last volume is being sealed.
        let volumes = read(&self.volumes).clone();
        // The last volume is closed only with the store, which must not be opened again behind its back.
        if volumes.last().is_none_or(|last| std::ptr::eq(&raw const **last, volume)) {
            return Err(Fault::Closed);
        }
        self.sealed_tables(volume, &volumes)
    }

    fn sealed_tables(&self, volume: &Volume, volumes: &[Arc<Volume>]) -> Result<Tables, Fault> {
        self.make_room(volumes)?;
        volume.touch(self.tick());
        volume.sealed_tables(self.disk(), self.options.sealed_cache_bytes)
    }

    /// Runs `work` on a volume's tables, again if the volume is closed meanwhile.
    fn with<T>(&self, volume: &Volume, work: impl Fn(&Tables) -> Result<T, Fault>) -> Result<T, StoreError> {
        let mut attempts = ATTEMPTS;
        loop {
            match self.tables(volume).and_then(|tables| work(&tables)) {
                Err(Fault::Closed) if attempts > 0 => attempts -= 1,
                Err(Fault::Failing) if attempts > 0 && volume.is_reading() => {
                    attempts -= 1;
                    volume.close()?;
                }
                answer => return answer.map_err(|fault| fault.into_error(&volume.path)),
            }
        }
    }

    /// Puts sealed volumes aside, the one least recently used first, until one more may be opened.
    fn make_room(&self, volumes: &[Arc<Volume>]) -> Result<(), StoreError> {
        let mut open: Vec<_> = volumes.iter().filter(|volume| volume.is_reading()).collect();
        open.sort_by_key(|volume| std::cmp::Reverse(volume.last_used()));
        for volume in open.iter().skip(self.options.sealed_open.max(1) - 1) {
            volume.close()?;
        }
        Ok(())
    }

    fn disk(&self) -> &dyn Disk {
        self.folder.disk.as_ref()
    }

    fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::Relaxed)
    }
}

/// Closes all volumes and forgets them. A close that fails leaves the file as a kill would: the next open repairs it.
fn put_away(volumes: &mut Vec<Arc<Volume>>) {
    for volume in volumes.drain(..) {
        if let Err(error) = volume.close() {
            tracing::warn!(%error, "a volume did not close cleanly");
        }
    }
}

/// That `volume` goes on where `end` left off; its own end.
fn follow(
    volume: &Volume,
    end: &Head,
    open: impl FnOnce() -> Result<Tables, Fault>,
) -> Result<Head, StoreError> {
    if volume.first != end.size.0 {
        return Err(StoreError::Gap { expected: Index(end.size.0), found: Index(volume.first) });
    }
    let described = open().and_then(|tables| volume.inspect(&tables));
    let (birth, head) = described.map_err(|fault| fault.into_error(&volume.path))?;
    if birth.checkpoint != end.checkpoint {
        return Err(corrupt(&volume.path, "it follows another ledger's volume than the one before it"));
    }
    Ok(head)
}

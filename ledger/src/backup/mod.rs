//! Backups: complete copies of a ledger that is in use, in a folder of their own, each of which expires as a whole.
//!
//! A backup holds a file for each volume. Sealed volumes that did not change since the backup before are the same files
//! under another name, so that a backup costs what is new, and each can be removed without the others.
//!
//! | to see how | read |
//! |---|---|
//! | what a backup says of itself | `manifest.rs` |
//! | what was erased is noted beside them | `erasures.rs` |
//! | a ledger is made of one | `restore.rs` |
//! | erasures are handed in that no backup knows | `handed.rs` |
//!
//! spec: storage.md#backup

mod erasures;
mod handed;
mod manifest;
mod restore;

pub use manifest::Backup;
pub(crate) use restore::{MARK, RESTORED};
pub use restore::{Restored, restore};

use crate::disk::{Disk, SystemDisk};
use crate::error::ReadError;
use crate::ledger::Ledger;
use crate::store::redb::{Copied, Options, RedbStore};
use crate::store::{Store, StoreError};
use manifest::{Manifest, VolumeFile, checked_file};
use procura_core::{Hash, Millis};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Begins the name of every backup that is complete.
const PREFIX: &str = "backup-";
/// The one that is being made.
const MAKING: &str = "making";
/// Where the volumes lie in a backup, as in a ledger's folder.
const MAIN: &str = "main";
/// Held by whoever makes or removes backups in a folder.
const LOCK: &str = "lock";

/// Why there is no backup, or no ledger of one. A ledger that is in use is never touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The ledger is not in a folder of volumes: whoever keeps its store backs that up.
    #[error("this ledger is not kept in volumes: back up the store that it is in")]
    NotInVolumes,
    /// The ledger was made of a backup, and has nothing that is not in one: its own would push out those that it came from.
    #[error("this ledger was restored from a backup: there is nothing new in it")]
    Restored,
    /// The store, of the ledger or of the copy.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file system.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// The system's own words.
        source: io::Error,
    },
    /// Another process makes a backup there.
    #[error("{folder} is in use: another backup is being made there")]
    Busy {
        /// The folder of the backups.
        folder: PathBuf,
    },
    /// The folder is no complete backup of a version that is known.
    #[error("{path} is no backup that can be used: {what}")]
    NotABackup {
        /// Its path.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// What the ledger was asked: which records it has erased.
    #[error("what was erased cannot be read: {0}")]
    Read(#[from] ReadError),
    /// A file that should say what is erased.
    #[error("{path} says of no record that it may be erased: {what}")]
    NotAnErasure {
        /// Its path.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// No ledger takes an erasure of this record.
    #[error("{id} is never erased: an erasure that names it was handed in or noted, and was never logged")]
    NeverErased {
        /// The record.
        id: Hash,
    },
    /// There is something already where the ledger should go.
    #[error("{path} is there already: restore into a folder that is not")]
    Exists {
        /// Its path.
        path: PathBuf,
    },
}

impl BackupError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotInVolumes => "not_in_volumes",
            Self::Restored => "restored",
            Self::Store(error) => error.name(),
            Self::Io { .. } => "io",
            Self::Busy { .. } => "busy",
            Self::NotABackup { .. } => "not_a_backup",
            Self::Read(_) => "read",
            Self::NotAnErasure { .. } => "not_an_erasure",
            Self::NeverErased { .. } => "never_erased",
            Self::Exists { .. } => "exists",
        }
    }

    fn io(what: impl std::fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.to_string(), source }
    }
}

impl Ledger {
    /// Makes a backup in `folder`, which is made if need be, while the ledger goes on. It is complete, opened once to see that it
    /// can be, and durable when this returns; else there is none.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn back_up(&self, folder: &Path) -> Result<Backup, BackupError> {
        let store = self.volumes().ok_or(BackupError::NotInVolumes)?;
        if self.is_restored() {
            return Err(BackupError::Restored);
        }
        make_folder(folder)?;
        let _held = hold(folder)?;
        let making = folder.join(MAKING);
        remove(&making)?;
        let before = list(folder)?.pop();
        let manifest = self.make(store, &making, before.as_ref());
        if manifest.is_err() {
            remove(&making)?;
        }
        let manifest = manifest?;
        // Before the backup has its name: whoever finds one finds what was erased in it.
        erasures::note(folder, &self.view())?;
        let path = folder.join(format!("{PREFIX}{:015}", manifest.made().0));
        fs::rename(&making, &path).map_err(BackupError::io(format!("naming {}", path.display())))?;
        sync(folder)?;
        Ok(manifest.of(path))
    }

    /// A backup, all but its name.
    fn make(
        &self,
        store: &RedbStore,
        making: &Path,
        before: Option<&Backup>,
    ) -> Result<Manifest, BackupError> {
        make_folder(&making.join(MAIN))?;
        let turn = before.and_then(|before| whose_turn(before, self.now()));
        let known = |one: &Copied| {
            let (before, volume) = before.and_then(|before| Some((before, before.copy_of(one)?)))?;
            let is_whole = turn != Some(&volume.file) || is_whole(before, volume);
            is_whole.then(|| before.path_of(volume))
        };
        let copied = store.copy_to(&making.join(MAIN), &known)?;
        let head = RedbStore::open(&making.join(MAIN), Options::default())?.head()?;

        let mut volumes = Vec::with_capacity(copied.len());
        for one in copied {
            // What is linked to keeps what was said of it: to say it anew would be to vouch for whatever became of the file.
            let linked = before.filter(|_| one.is_linked).and_then(|before| before.copy_of(&one));
            volumes.push(match linked {
                Some(volume) => volume.clone(),
                None => {
                    let Copied { file, of, .. } = one;
                    let (bytes, sha256) = checked_file(&making.join(MAIN).join(&file), true)?;
                    VolumeFile { file, bytes, sha256, of }
                }
            });
        }
        let manifest = Manifest::new(self.origin(), self.now(), &head, volumes);
        manifest.write(making)?;
        for made in [making.join(MAIN).as_path(), making] {
            sync(made)?;
        }
        Ok(manifest)
    }
}

/// The volume of the backup before that is read again this time, so that damage to one that all backups share does not wait for the day
/// when it is needed: which, the clock draws.
fn whose_turn(before: &Backup, now: Millis) -> Option<&String> {
    let sealed: Vec<&VolumeFile> = before.sealed().collect();
    let turn = now.0.checked_rem(sealed.len() as u64)?;
    sealed.get(usize::try_from(turn).ok()?).map(|volume| &volume.file)
}

/// Whether a volume is what it was when it was copied. One that is not is copied anew.
fn is_whole(before: &Backup, volume: &VolumeFile) -> bool {
    let path = before.path_of(volume);
    let is_whole = checked_file(&path, false).is_ok_and(|read| read == (volume.bytes, volume.sha256));
    if !is_whole {
        tracing::error!(path = %path.display(), "a backup's volume is damaged: the ledger's own is copied anew");
    }
    is_whole
}

/// The complete backups in a folder, the oldest first. One of a version that is not known is an error: it is not overlooked.
///
/// # Errors
/// [`BackupError`].
pub fn list(folder: &Path) -> Result<Vec<Backup>, BackupError> {
    let failed = || BackupError::io(folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)) {
            found.push(Backup::read(&path)?);
        }
    }
    found.sort_by_key(|backup| backup.made);
    Ok(found)
}

/// Removes the backups that were made before `limit`, but never the newest: what is erased in the ledger is in no backup any
/// more once all that were made before are gone. Their paths.
///
/// # Errors
/// [`BackupError`]; some may be gone then.
pub fn expire(folder: &Path, limit: Millis) -> Result<Vec<PathBuf>, BackupError> {
    let _held = hold(folder)?;
    let mut found = list(folder)?;
    found.pop();
    let old: Vec<PathBuf> =
        found.into_iter().filter(|backup| backup.made < limit).map(|backup| backup.path).collect();
    for path in &old {
        // Its name goes first: what a kill leaves of it then is none that anybody would use.
        let gone = folder.join(MAKING);
        remove(&gone)?;
        fs::rename(path, &gone).map_err(BackupError::io(format!("removing {}", path.display())))?;
        remove(&gone)?;
    }
    sync(folder)?;
    Ok(old)
}

/// The folder is this process's, until dropped.
fn hold(folder: &Path) -> Result<crate::disk::Held, BackupError> {
    let held = SystemDisk.hold(&folder.join(LOCK)).map_err(BackupError::io(folder.display()))?;
    held.ok_or_else(|| BackupError::Busy { folder: folder.to_owned() })
}

/// Makes a folder for one's own eyes, and those above it.
fn make_folder(path: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(BackupError::io(format!("making {}", path.display())))
}

/// Removes a folder with all that is in it, if it is there.
fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::io(format!("removing {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    SystemDisk.sync_folder(folder).map_err(BackupError::io(folder.display()))
}

//! The folder of the volumes: who may be in it, and what lies there.

use crate::store::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const PREFIX: &str = "volume-";
const SUFFIX: &str = ".redb";
/// Behind the name of a file that is being made. Whatever bears it is not part of the store.
const TEMPORARY: &str = ".tmp";

/// A folder that this process alone has open, until released or dropped.
#[derive(Debug)]
pub(super) struct Folder {
    pub path: PathBuf,
    lock: File,
}

impl Folder {
    /// Takes the folder for this process. The lock goes with the process, so that a kill leaves nothing to clean up.
    pub(super) fn lock(path: &Path) -> Result<Self, StoreError> {
        let file = path.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file);
        let lock = lock.map_err(|error| StoreError::io(file.display().to_string(), error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { folder: path.display().to_string() }),
            Err(TryLockError::Error(error)) => Err(StoreError::io(file.display().to_string(), error)),
        }
    }

    /// Lets others open the folder. (A reader that outlives its store would else keep it.)
    pub(super) fn release(&self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the folder's lock was not released; it goes with the process");
        }
    }

    /// The file of the volume that starts at `first`.
    pub(super) fn volume(&self, first: u64) -> PathBuf {
        self.path.join(format!("{PREFIX}{first:012}{SUFFIX}"))
    }

    /// The file in which that volume is made, empty of whatever an earlier attempt left.
    pub(super) fn temporary(&self, first: u64) -> Result<PathBuf, StoreError> {
        let path = self.path.join(format!("{PREFIX}{first:012}{SUFFIX}{TEMPORARY}"));
        if path.exists() {
            remove(&path)?;
        }
        Ok(path)
    }

    /// Gives a finished file its name, durably. After an error it may have it or not.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        fs::rename(from, to).map_err(|error| StoreError::io(format!("naming {}", to.display()), error))?;
        self.sync()
    }

    /// Makes the folder's names durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let done = File::open(&self.path).and_then(|folder| folder.sync_all());
        done.map_err(|error| StoreError::io(self.path.display().to_string(), error))
    }

    /// The volumes in order of their first index. Removes what a crash left half made; refuses what is not ours.
    pub(super) fn volumes(&self) -> Result<Vec<(u64, PathBuf)>, StoreError> {
        let mut volumes = Vec::new();
        for path in list(&self.path)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let finished = name.strip_suffix(TEMPORARY).unwrap_or(&name);
            match first_of(finished) {
                Some(_) if finished.len() < name.len() => remove(&path)?,
                Some(first) => volumes.push((first, path)),
                None if name == LOCK => {}
                None => return Err(StoreError::Foreign { name: path.display().to_string() }),
            }
        }
        volumes.sort_unstable();
        Ok(volumes)
    }
}

/// Everything in a folder, as paths.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    listed.map_err(|error| StoreError::io(folder.display().to_string(), error))
}

/// The first index that a volume's name states, if it is one in its one spelling.
fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let first = digits.parse().ok()?;
    (format!("{first:012}") == digits).then_some(first)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(|error| StoreError::io(format!("removing {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A volume's name has one spelling; anything near it is foreign.
    #[test]
    fn names_have_one_spelling() {
        assert_eq!(first_of("volume-000000000000.redb"), Some(0));
        assert_eq!(first_of("volume-000001048576.redb"), Some(1_048_576));
        assert_eq!(first_of("volume-1000000000000.redb"), Some(1_000_000_000_000));
        for name in
            ["volume-0.redb", "volume-+00000000000.redb", "volume-0000000000000.redb", "volume-.redb", "lock"]
        {
            assert_eq!(first_of(name), None, "{name}");
        }
    }
}

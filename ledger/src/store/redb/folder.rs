//! The folder of the volumes: who may be in it, and what lies there.

use crate::disk::{Disk, Held};
use crate::lock::lock;
use crate::store::StoreError;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const LOCK: &str = "lock";
pub(super) const PREFIX: &str = "volume-";
pub(super) const SUFFIX: &str = ".redb";
/// Behind the name of a file that is being made. Whatever bears it is not part of the store.
const TEMPORARY: &str = ".tmp";

/// A folder that this process alone has open, until released or dropped.
#[derive(Debug)]
pub(super) struct Folder {
    pub disk: Arc<dyn Disk>,
    pub path: PathBuf,
    lock: Mutex<Option<Held>>,
}

impl Folder {
    /// Takes the folder for this process. The lock goes with the process, so that a kill leaves nothing to clean up.
    pub(super) fn lock(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, StoreError> {
        let file = path.join(LOCK);
        match disk.hold(&file) {
            Ok(Some(held)) => Ok(Self { disk, path: path.to_owned(), lock: Mutex::new(Some(held)) }),
            Ok(None) => Err(StoreError::Locked { folder: path.display().to_string() }),
            Err(error) => Err(StoreError::io(file.display().to_string(), error)),
        }
    }

    /// Lets others open the folder. (A reader that outlives its store would else keep it.)
    pub(super) fn release(&self) {
        lock(&self.lock).take();
    }

    /// The file of the volume that starts at `first`.
    pub(super) fn volume(&self, first: u64) -> PathBuf {
        self.path.join(format!("{PREFIX}{first:012}{SUFFIX}"))
    }

    /// The file in which that volume is made, empty of whatever an earlier attempt left.
    pub(super) fn temporary(&self, first: u64) -> Result<PathBuf, StoreError> {
        let path = self.path.join(format!("{PREFIX}{first:012}{SUFFIX}{TEMPORARY}"));
        if self.disk.exists(&path) {
            self.remove(&path)?;
        }
        Ok(path)
    }

    /// Gives a finished file its name, durably. After an error it may have it or not.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let renamed = self.disk.rename(from, to);
        renamed.map_err(|error| StoreError::io(format!("naming {}", to.display()), error))?;
        self.sync()
    }

    /// Makes the folder's names durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let synced = self.disk.sync_folder(&self.path);
        synced.map_err(|error| StoreError::io(self.path.display().to_string(), error))
    }

    /// Takes away a file that is not part of the store.
    pub(super) fn remove(&self, path: &Path) -> Result<(), StoreError> {
        let removed = self.disk.remove(path);
        removed.map_err(|error| StoreError::io(format!("removing {}", path.display()), error))
    }

    /// The volumes in order of their first index. Removes what a crash left half made; refuses what is not ours.
    pub(super) fn volumes(&self) -> Result<Vec<(u64, PathBuf)>, StoreError> {
        let listed = self.disk.list(&self.path);
        let listed = listed.map_err(|error| StoreError::io(self.path.display().to_string(), error))?;
        let mut volumes = Vec::new();
        for path in listed {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let finished = name.strip_suffix(TEMPORARY).unwrap_or(&name);
            match first_of(finished) {
                Some(_) if finished.len() < name.len() => self.remove(&path)?,
                Some(first) => volumes.push((first, path)),
                None if name == LOCK => {}
                None => return Err(StoreError::Foreign { name: path.display().to_string() }),
            }
        }
        volumes.sort_unstable();
        Ok(volumes)
    }
}

/// The first index that a volume's name states, if it is one in its one spelling.
fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let first = digits.parse().ok()?;
    (format!("{first:012}") == digits).then_some(first)
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

//! The disk under the main store and the side file, passed in like the clock: what is asked of a file system, and when
//! it is durable. The tests have one that loses power.
//!
//! | is durable | after |
//! |---|---|
//! | what was written to a file, and its length | its `sync_data` |
//! | a name: a file's or folder's first one, another one, none | [`Disk::sync_folder`] of the folder that it is in |
//!
//! Until then a loss of power may keep any part of it, in any order.

use redb::backends::FileBackend;
use std::any::Any;
use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// An open file: what redb asks of one is all that anybody here does.
pub type DiskFile = Box<dyn redb::StorageBackend>;

/// A file that is held for one process, until dropped.
pub type Held = Box<dyn Any + Send + Sync>;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading what is there.
    Read,
    /// Reading and writing what is there.
    Write,
    /// Reading and writing, and made empty if it is not there.
    Make,
}

/// A file system, as far as the ledger needs one. Errors are the system's own.
pub trait Disk: Debug + Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if it is not there and shall not be made; as the system fails.
    fn open(&self, path: &Path, access: Access) -> io::Result<DiskFile>;

    /// Takes a file, which is made if need be, as a lock that goes with the process; `None` if it is taken.
    ///
    /// # Errors
    /// As the system fails.
    fn hold(&self, path: &Path) -> io::Result<Option<Held>>;

    /// Whether there is a file or a folder of this name.
    fn exists(&self, path: &Path) -> bool;

    /// Everything in a folder, as paths.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`]; as the system fails.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// Makes a folder in one that is there.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`]; as the system fails.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Makes a folder and those above it as far as they are not there, durably.
    ///
    /// # Errors
    /// As the system fails.
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let above = match folder.parent() {
            // A relative name's first folder is in the one that the process is in.
            Some(above) if above.as_os_str().is_empty() => Path::new("."),
            Some(above) => above,
            None => folder,
        };
        let was_there = self.exists(folder);
        if !was_there {
            self.create_folder(above)?;
            match self.make_folder(folder) {
                // Made by another process meanwhile.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
        }
        // Also if it was there: whoever made it may have been killed before this. (A folder that we may not read is one
        // in which we made nothing.)
        match self.sync_folder(above) {
            Err(error) if was_there && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        }
    }

    /// Gives a file another name, in place of the file that has it.
    ///
    /// # Errors
    /// As the system fails: it may have been renamed then or not.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a file's name away.
    ///
    /// # Errors
    /// As the system fails.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As the system fails.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// A locked file. It is unlocked, not only closed: a process that is being started at this moment has it open as well, until it
/// has become another program, and would keep the lock for so long.
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "a lock was not released; it goes with the process");
        }
    }
}

/// The file system of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<DiskFile> {
        let mut options = OpenOptions::new();
        options.read(true).write(access != Access::Read);
        options.create(access == Access::Make).truncate(false);
        let file = FileBackend::new(options.open(path)?).map_err(io::Error::other)?;
        Ok(Box::new(file))
    }

    fn hold(&self, path: &Path) -> io::Result<Option<Held>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Locked(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what was held can be held again at once. Method: a second handle on the same open file, as a process has it that is
    //! being started.

    use super::*;

    #[test]
    fn a_lock_ends_with_its_holder_whoever_else_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        let inherited = file.try_clone().unwrap();
        file.try_lock().unwrap();
        assert!(SystemDisk.hold(&path).unwrap().is_none());
        drop(Locked(file));
        assert!(SystemDisk.hold(&path).unwrap().is_some());
        drop(inherited);
    }
}

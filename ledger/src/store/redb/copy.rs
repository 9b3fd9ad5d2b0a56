//! A copy of the store while it is in use: sealed volumes as files, the last one through read transactions.

use super::folder::{PREFIX, SUFFIX};
use super::volume::{self, Volume};
use super::{RedbStore, Shared};
use crate::lock::{lock, read};
use crate::store::{Head, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Which state of a sealed volume's file a copy is of. An erasure puts another file in its place, and only that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileState {
    inode: u64,
    modified_s: i64,
    modified_ns: i64,
    bytes: u64,
}

/// One volume of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied {
    /// The name of its file.
    pub(crate) file: String,
    /// What it is a copy of; `None` for the last volume, which goes on changing.
    pub(crate) of: Option<FileState>,
    /// It is the earlier copy under another name.
    pub(crate) is_linked: bool,
}

impl RedbStore {
    /// Copies the store into `folder`, which is there and empty, and leaves files that another store can open; commits go on
    /// meanwhile. The copy's head is one that the store had during the call. Where `earlier` knows a file that is the copy of just this
    /// state of a sealed volume, that file is linked to and nothing copied. Nothing is synced.
    ///
    /// # Errors
    /// As far as the disk fails; what is in `folder` then is no store.
    pub(crate) fn copy_to(
        &self,
        folder: &Path,
        earlier: &dyn Fn(&Copied) -> Option<PathBuf>,
    ) -> Result<Vec<Copied>, StoreError> {
        let volumes = read(&self.shared.volumes).clone();
        let mut copied = Vec::with_capacity(volumes.len());
        for (n, volume) in volumes.iter().enumerate() {
            let file = format!("{PREFIX}{:012}{SUFFIX}", volume.first);
            let to = folder.join(&file);
            // Not while it is being written anew.
            let _alone = lock(&self.shared.erasing);
            copied.push(if n + 1 < volumes.len() {
                let of = state_of(&volume.path)?;
                let mut one = Copied { file, of: Some(of), is_linked: false };
                one.is_linked = earlier(&one).is_some_and(|known| fs::hard_link(known, &to).is_ok());
                if !one.is_linked {
                    let done = fs::copy(&volume.path, &to);
                    done.map_err(|error| StoreError::io(format!("copying to {}", to.display()), error))?;
                }
                one
            } else {
                self.shared.write_copy(volume, &to)?;
                Copied { file, of: None, is_linked: false }
            });
        }
        Ok(copied)
    }
}

impl Shared {
    /// The last volume as it stands now. Its rows never change but by an erasure, of which there is none meanwhile.
    fn write_copy(&self, volume: &Volume, to: &Path) -> Result<Head, StoreError> {
        let (birth, head) = self.described(volume)?;
        let database = volume::create(self.disk(), to, &birth, &head, self.options.cache_bytes)?;
        self.copy(volume, &BTreeSet::new(), birth.first..head.size.0, (to, &database))?;
        volume::close_database(to, database)?;
        Ok(head)
    }
}

fn state_of(path: &Path) -> Result<FileState, StoreError> {
    let found = fs::metadata(path).map_err(|error| StoreError::io(path.display().to_string(), error))?;
    Ok(FileState {
        inode: found.ino(),
        modified_s: found.mtime(),
        modified_ns: found.mtime_nsec(),
        bytes: found.len(),
    })
}

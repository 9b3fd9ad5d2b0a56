//! What a backup says of itself: `backup.json`, written last.

use super::{BackupError, MAIN};
use crate::store::Head;
use crate::store::redb::{Copied, FileState};
use procura_core::{Hash, Millis, Size};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const FILE: &str = "backup.json";
/// The version of the file that this code reads and writes.
const VERSION: u32 = 1;
/// How much of a file is read at a time, in bytes.
const PART: usize = 1 << 20;

/// A complete backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its folder.
    pub path: PathBuf,
    /// The ledger's name.
    pub origin: String,
    /// When it was made, by the ledger's clock.
    pub made: Millis,
    /// How many entries it holds.
    pub size: Size,
    /// The checkpoint at that size.
    pub checkpoint: String,
    pub(super) volumes: Vec<VolumeFile>,
}

impl Backup {
    /// The backup in a folder, by what it says: its files are not looked at.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`], [`BackupError::Io`].
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let not_one = |what: String| BackupError::NotABackup { path: path.to_owned(), what };
        let text = match fs::read(path.join(FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(not_one(format!("it has no {FILE}")));
            }
            read => read.map_err(BackupError::io(path.display()))?,
        };
        let known = |text: &[u8]| -> Result<Manifest, String> {
            let AnyVersion { v } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
            if v != VERSION {
                return Err(format!("it is of format {v}, which this version does not know"));
            }
            let manifest: Manifest = serde_json::from_slice(text).map_err(|error| error.to_string())?;
            // They become paths.
            match manifest.volumes.iter().find(|volume| !volume.is_named_well()) {
                Some(volume) => Err(format!("{:?} is no volume's name", volume.file)),
                None => Ok(manifest),
            }
        };
        known(&text).map(|manifest| manifest.of(path.to_owned())).map_err(not_one)
    }

    /// The copy of just this state of a volume.
    pub(super) fn copy_of(&self, wanted: &Copied) -> Option<&VolumeFile> {
        self.sealed().find(|volume| volume.file == wanted.file && volume.of == wanted.of)
    }

    /// The volumes that were copied as files.
    pub(super) fn sealed(&self) -> impl Iterator<Item = &VolumeFile> {
        self.volumes.iter().filter(|volume| volume.of.is_some())
    }

    pub(super) fn path_of(&self, volume: &VolumeFile) -> PathBuf {
        self.path.join(MAIN).join(&volume.file)
    }
}

/// A volume's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VolumeFile {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) sha256: Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<FileState>,
}

impl VolumeFile {
    fn is_named_well(&self) -> bool {
        let number = self.file.strip_prefix("volume-").and_then(|rest| rest.strip_suffix(".redb"));
        number.is_some_and(|number| number.len() >= 12 && number.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// The file's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    v: u32,
    origin: String,
    made: Millis,
    size: Size,
    checkpoint: String,
    volumes: Vec<VolumeFile>,
}

#[derive(Deserialize)]
struct AnyVersion {
    v: u32,
}

impl Manifest {
    pub(super) fn new(origin: &str, made: Millis, head: &Head, volumes: Vec<VolumeFile>) -> Self {
        let (origin, checkpoint) = (origin.to_owned(), head.checkpoint.clone());
        Self { v: VERSION, origin, made, size: head.size, checkpoint, volumes }
    }

    pub(super) const fn made(&self) -> Millis {
        self.made
    }

    /// The backup in a folder, which this describes.
    pub(super) fn of(self, path: PathBuf) -> Backup {
        let Self { origin, made, size, checkpoint, volumes, .. } = self;
        Backup { path, origin, made, size, checkpoint, volumes }
    }

    /// Writes it into a folder, durably but for its name.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other);
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(&text?)?;
            file.sync_all()
        };
        write().map_err(BackupError::io(format!("writing {}", path.display())))
    }
}

/// How long a file is, and its SHA-256; synced if wanted.
pub(super) fn checked_file(path: &Path, is_synced: bool) -> Result<(u64, Hash), BackupError> {
    let read = || {
        let (mut file, mut sum, mut bytes) = (File::open(path)?, Sha256::new(), 0_u64);
        let mut part = vec![0; PART];
        loop {
            let n = file.read(&mut part)?;
            let Some(read) = part.get(..n).filter(|read| !read.is_empty()) else { break };
            sum.update(read);
            bytes += read.len() as u64;
        }
        if is_synced {
            file.sync_all()?;
        }
        Ok((bytes, Hash(sum.finalize().into())))
    };
    read().map_err(BackupError::io(path.display()))
}

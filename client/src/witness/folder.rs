//! A witness's folder: its key, and what it cosigned. They are made together and belong together.
//!
//! A key without what it cosigned could sign the other side of a fork, so such a folder is refused: whoever lost that part begins
//! anew, with another key.

use super::kept::{Kept, KeptError};
use super::{Witness, kept};
use crate::keyfile::{KeyFile, KeyFileError, Protection};
use crate::store::make_private_folder;
use age::secrecy::SecretString;
use procura_core::key::Signer as _;
use procura_core::note::{KeyType, NoteVerifier, VkeyError};
use procura_core::policy::TlogPolicy;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why there is no witness.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The disk.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder is there already.
    #[error("{path} is there already; a witness is never made anew over another", path = .0.display())]
    Exists(PathBuf),
    /// The folder lacks one of its two parts.
    #[error(
        "{path} is missing. A key must never cosign without what it cosigned before: bring it back as it was last, or begin a new \
         witness in another folder, with a key of its own",
        path = .0.display()
    )]
    Missing(PathBuf),
    /// The witness is called otherwise.
    #[error("the witness in this folder is called {found}")]
    OtherName {
        /// Its name.
        found: String,
    },
    /// It can't be called so.
    #[error(transparent)]
    Name(#[from] VkeyError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// What was cosigned.
    #[error(transparent)]
    Kept(#[from] KeptError),
}

impl FolderError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Io { .. } => "witness_io",
            Self::Exists(_) => "witness_exists",
            Self::Missing(_) => "witness_incomplete",
            Self::OtherName { .. } => "witness_name",
            Self::Name(error) => error.name(),
            Self::Key(error) => error.name(),
            Self::Kept(error) => error.name(),
        }
    }
}

/// Where a witness lives: `key`, a key file, and `cosigned.redb`.
#[derive(Debug, Clone)]
pub struct WitnessFolder(PathBuf);

impl WitnessFolder {
    /// The folder at `path`, which need not be there.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Whether a witness was made here.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// The key file.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        self.0.join("key")
    }

    fn kept_path(&self) -> PathBuf {
        self.0.join("cosigned.redb")
    }

    /// Makes a witness called `name` with a new key. It is there whole, or after a crash not at all.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn make(&self, name: &str, protection: &Protection) -> Result<(), FolderError> {
        if self.exists() {
            return Err(FolderError::Exists(self.0.clone()));
        }
        let key = KeyFile::generate()?;
        let verifier = verifier(name, &key)?;
        let beside = Self(self.0.with_extension("new"));
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Io { path, source }
        };
        if beside.exists() {
            // Of a start that broke off: its key never served.
            fs::remove_dir_all(&beside.0).map_err(failed(&beside.0))?;
        }
        make_private_folder(&beside.0).map_err(failed(&beside.0))?;
        key.save_new(&beside.key_path(), protection)?;
        Kept::make(&beside.kept_path(), &verifier)?;
        let parent =
            self.0.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let settle = || {
            File::open(&beside.0)?.sync_all()?;
            fs::rename(&beside.0, &self.0)?;
            File::open(parent)?.sync_all()
        };
        settle().map_err(failed(&self.0))
    }

    /// Opens the witness for the logs of a policy file; `ask` is called for the passphrase of its key. Another process that has it
    /// open is an error. `name`, if one is given, must be its name.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(
        &self,
        name: Option<&str>,
        logs: &TlogPolicy,
        ask: impl FnOnce() -> Result<SecretString, KeyFileError>,
    ) -> Result<Witness, FolderError> {
        for path in [self.key_path(), self.kept_path()] {
            if !path.exists() {
                return Err(FolderError::Missing(path));
            }
        }
        let vkey = kept::Kept::vkey(&self.kept_path())?;
        let called = vkey.split('+').next().unwrap_or_default().to_owned();
        if name.is_some_and(|name| name != called) {
            return Err(FolderError::OtherName { found: called });
        }
        let (key, _) = KeyFile::load(&self.key_path(), ask)?;
        let verifier = verifier(&called, &key)?;
        let kept = Kept::open(&self.kept_path(), &verifier)?;
        Ok(Witness::new(verifier, Arc::new(key.signer()), logs, kept))
    }
}

fn verifier(name: &str, key: &KeyFile) -> Result<NoteVerifier, VkeyError> {
    NoteVerifier::new(name, KeyType::CosignatureV1, key.signer().public_key().as_bytes())
}

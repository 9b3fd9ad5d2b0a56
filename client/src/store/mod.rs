//! What was seen of each ledger: the last checkpoint believed. It is kept so that no ledger can show an older
//! state, or another history, without being noticed.
//!
//! [`FileStore`] keeps it on disk with the policies trusted, [`MemoryStore`] for one run.

mod file;
pub(crate) use file::{make_private_folder, private, replace};
mod memory;
mod noted;

pub use file::{FileStore, Trusted, TrustedBy};
pub use memory::MemoryStore;

use crate::evidence::Evidence;
use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::receipt::Pin;
use procura_core::tree::Root;
use procura_core::{Hash, Size};
use std::path::PathBuf;

/// A checkpoint that was believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    root: Root,
    checkpoint: String,
}

impl Seen {
    /// What is to be remembered of a checkpoint.
    #[must_use]
    pub fn of(checkpoint: &VerifiedCheckpoint) -> Self {
        Self { root: checkpoint.root(), checkpoint: checkpoint.signed().to_string() }
    }

    /// A checkpoint that was shown, whether it is believed or not.
    pub(crate) fn stated(checkpoint: &SignedCheckpoint) -> Self {
        Self { root: checkpoint.unverified().root(), checkpoint: checkpoint.to_string() }
    }

    /// A checkpoint as it was kept; `None` if it is not one of `origin`.
    fn kept(origin: &str, checkpoint: &str) -> Option<Self> {
        let signed = SignedCheckpoint::parse(checkpoint.as_bytes()).ok()?;
        let stated = signed.unverified();
        (stated.origin() == origin).then(|| Self { root: stated.root(), checkpoint: checkpoint.to_owned() })
    }

    /// Size and root.
    #[must_use]
    pub const fn root(&self) -> Root {
        self.root
    }

    /// What verification takes.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        Pin { root: self.root }
    }

    /// The signed checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }
}

/// Two checkpoints of one ledger that are not one history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkEvidence {
    /// The signed checkpoint seen before.
    pub seen: String,
    /// The signed checkpoint that does not continue it.
    pub shown: String,
    /// The hashes given between the two, if the sizes differ: they do not lead from the smaller tree to the larger.
    pub consistency: Option<Vec<Hash>>,
    /// The root of what the larger tree begins with, up to the smaller size; the hashes lead from it. Where it is known the two
    /// checkpoints convict by themselves.
    pub begins: Option<Hash>,
}

/// Where it is remembered what was seen.
pub trait Store: Send + Sync {
    /// The last checkpoint of the ledger `origin` that was believed; `None` if none was.
    ///
    /// # Errors
    /// [`StoreError`]; never `None` for something that cannot be read.
    fn seen(&self, origin: &str) -> Result<Option<Seen>, StoreError>;

    /// Remembers `now` in the place of `before`, from which it was found to continue, and says so. If something else
    /// than `before` stands there meanwhile, because another thread or process was faster, that stays: `false`.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    fn advance(&self, origin: &str, before: Option<&Seen>, now: &Seen) -> Result<bool, StoreError>;

    /// Keeps evidence of a fault for good, and says where.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was written then.
    fn keep_evidence(&self, origin: &str, evidence: &Evidence) -> Result<String, StoreError>;
}

/// What was seen cannot be read or kept. This machine's fault; never taken for a first contact.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk.
    #[error("{path} cannot be read or written: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what was written there.
    #[error(
        "{path} is damaged: {what}. Restore it from a backup; if there is none, get the ledger's policy from \
         somebody you trust, remove the file and give the policy with --policy"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file was written by a later version.
    #[error("{path} is of version {version}; this software reads 1")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        version: u64,
    },
    /// A policy contradicts the one trusted before.
    #[error(
        "another entry 0 was trusted for {origin} before. It is another ledger under the same name: find out which \
         is the right one"
    )]
    OtherLedger {
        /// The origin.
        origin: String,
    },
    /// Evidence that nobody would read.
    #[error("its file would be of {size_bytes} bytes, and no more than {max_bytes} are read of any")]
    TooLarge {
        /// The size that it would have.
        size_bytes: usize,
        /// The most that is read.
        max_bytes: usize,
    },
    /// The checkpoint would go back.
    #[error("size {seen} was seen already, {now} is smaller")]
    Backwards {
        /// The size seen.
        seen: Size,
        /// The size to remember.
        now: Size,
    },
}

impl StoreError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Io { .. } => "store_io",
            Self::Damaged { .. } => "store_damaged",
            Self::Version { .. } => "store_version",
            Self::OtherLedger { .. } => "other_ledger",
            Self::TooLarge { .. } => "too_large",
            Self::Backwards { .. } => "store_backwards",
        }
    }
}

/// Whether `now` may take the place of what `stands`; an error if it would go back.
fn may_replace(stands: Option<&Seen>, before: Option<&Seen>, now: &Seen) -> Result<bool, StoreError> {
    if stands != before {
        return Ok(false);
    }
    match stands {
        Some(seen) if now.root.size < seen.root.size => {
            Err(StoreError::Backwards { seen: seen.root.size, now: now.root.size })
        }
        _ => Ok(true),
    }
}

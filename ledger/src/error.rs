//! What the engine answers when it does not do as asked.

use crate::index::IndexError;
use crate::side::SideError;
use crate::store::StoreError;
use procura_core::Size;
use procura_core::admission::Refusal;
use procura_core::kv::Unreadable;
use procura_core::source::Lack;

/// Why a ledger was not made or opened. Nothing was changed, unless it says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The main store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index file.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The side file.
    #[error(transparent)]
    Side(#[from] SideError),
    /// The file system.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's own words.
        source: std::io::Error,
    },
    /// The root record is not one that may stand at entry 0.
    #[error("the root record is refused: {0}")]
    Root(Refusal),
    /// The log key cannot sign under this origin.
    #[error("the log key: {0}")]
    LogKey(String),
    /// The VRF key is not this ledger's.
    #[error("the VRF key is not the one that entry 0 states: put the ledger's own back")]
    VrfKey,
    /// No randomness, or no thread, to be had.
    #[error("the system: {0}")]
    System(String),
    /// The store's checkpoint is not this log's, or not signed by its key.
    #[error(
        "the store's last checkpoint is not one of {origin} under this log key: wrong folder or wrong key"
    )]
    OtherLog {
        /// The origin wanted.
        origin: String,
    },
    /// The entries are not those that the checkpoint signs.
    #[error(
        "the stored tree has another root than its signed checkpoint at size {size}: restore the folder from a copy"
    )]
    WrongRoot {
        /// The size.
        size: Size,
    },
    /// The store is older than the last checkpoint that was signed: it was rolled back.
    #[error(
        "the store holds {stored} entries, but a checkpoint of {signed} was signed: the folder was rolled back. \
         Never sign from it again under this origin; restore the newest copy, or start a new origin that names this one's last checkpoint"
    )]
    RolledBack {
        /// What the store holds.
        stored: Size,
        /// What was signed.
        signed: Size,
    },
    /// The store is another history than the last checkpoint that was signed.
    #[error("the store is another history than the checkpoint signed at size {signed}: do not sign from it")]
    Forked {
        /// The size at which they differ.
        signed: Size,
    },
    /// The index is not one of this log: it stands at no commit of it.
    #[error("the index at size {size} is of another history: clear it, it is rebuilt")]
    OtherIndex {
        /// The size that it claims.
        size: Size,
    },
    /// An entry is invalid: evidence against whoever logged it.
    #[error("the entry at {index} is invalid: {fault}")]
    Fault {
        /// Where.
        index: u64,
        /// The rule that it breaks.
        fault: String,
    },
    /// The root's word that another key signs was not taken.
    #[error("the list of log keys was not taken: {0}")]
    Succession(SubmitError),
    /// Something stored could not be read back.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl OpenError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Store(error) => error.name(),
            Self::Index(error) => error.name(),
            Self::Side(error) => error.name(),
            Self::Io { .. } => "io",
            Self::Root(refusal) => refusal.name(),
            Self::LogKey(_) => "log_key",
            Self::VrfKey => "vrf_key",
            Self::System(_) => "system",
            Self::OtherLog { .. } => "other_log",
            Self::WrongRoot { .. } => "wrong_root",
            Self::RolledBack { .. } => "rolled_back",
            Self::Forked { .. } => "forked",
            Self::OtherIndex { .. } => "other_index",
            Self::Fault { .. } => "fault",
            Self::Succession(error) => error.name(),
            Self::Read(error) => error.name(),
        }
    }
}

impl ReadError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Store(error) => error.name(),
            Self::Index(_) => "unreadable",
            Self::Erased(_) => "erased",
            Self::Void(_) => "signature_void",
            Self::Fault(_) => "fault",
        }
    }
}

impl SubmitError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.name(),
            Self::Full(_) => "list_full",
            Self::Busy { .. } => "busy",
            Self::Unknown => "outcome_unknown",
            Self::ReadOnly(_) => "read_only",
            Self::Clock(_) => "clock",
        }
    }
}

/// Why something stored could not be read: the storage's fault. The answer to the question is unknown, never no.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The main store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index.
    #[error(transparent)]
    Index(#[from] Unreadable),
    /// A record that an answer needs was erased.
    #[error("the answer needs the record at {0}, which was erased")]
    Erased(procura_core::Index),
    /// A signature under the record no longer counts: there is nothing to prove of it but that.
    #[error("a signature that the answer rests on no longer counts: {0}")]
    Void(String),
    /// What is stored does not fit together: a fault of the ledger's.
    #[error("what is stored does not fit together: {0}")]
    Fault(String),
}

impl From<Lack> for ReadError {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Unreadable(unreadable) => Self::Index(unreadable),
            Lack::Unopened { index } => Self::Erased(index),
            other => Self::Fault(other.to_string()),
        }
    }
}

/// Why a submission has no receipt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// It may not be logged; nothing of it was.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A list that it would go into is full; nothing of it was logged.
    #[error("a list that this would go into is full: {0}")]
    Full(String),
    /// Too many wait already. Nothing of it was looked at; hand it in again.
    #[error("too many submissions wait; hand it in again in {retry_after_s} s")]
    Busy {
        /// When to come back, in seconds.
        retry_after_s: u64,
    },
    /// Whether it was logged is not known. Hand it in again: that is safe.
    #[error("whether the record was logged is not known; hand it in again, that is safe")]
    Unknown,
    /// The ledger takes nothing now.
    #[error("the ledger takes no submissions now: {0}")]
    ReadOnly(String),
    /// The clock cannot be trusted.
    #[error("the ledger's clock needs an operator: {0}")]
    Clock(String),
}

/// What the ledger can do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Ready,
    /// It answers questions and takes no submissions.
    ReadOnly(String),
    /// As read-only, until there is room on the disk again.
    DiskFull(String),
    /// The clock moved in a way that an operator must confirm.
    ClockStopped(String),
    /// It was closed.
    Closed,
}

impl State {
    /// Why it does not take submissions, for an operator; empty if it does.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Ready => "",
            Self::ReadOnly(what) | Self::DiskFull(what) | Self::ClockStopped(what) => what,
            Self::Closed => "it was closed",
        }
    }
}

/// What the ledger can do after an error of the store's.
impl From<StoreError> for State {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Full { .. } => Self::DiskFull(error.to_string()),
            _ => Self::ReadOnly(error.to_string()),
        }
    }
}

impl From<Unreadable> for SubmitError {
    fn from(unreadable: Unreadable) -> Self {
        Self::Refused(unreadable.into())
    }
}

//! Why the store did not do as asked.

use procura_core::{Index, Size};
use std::io;

/// Why the store did not do as asked, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer took the store over. This writer is done: it must stop answering submissions.
    #[error("the writer of epoch {held} was replaced by that of epoch {current}: stop writing")]
    Fenced {
        /// The epoch that the commit came with.
        held: u64,
        /// The epoch that holds the store.
        current: u64,
    },
    /// The batch was made for a store of another size. Reload the head and make it again.
    #[error("the batch follows {expected} entries, the store holds {found}: reload and make it again")]
    WrongSize {
        /// The size that the commit came with.
        expected: Size,
        /// The size of the store.
        found: Size,
    },
    /// The batch can't be a batch behind this size: the caller's fault.
    #[error("the batch cannot be stored: {what}")]
    BadBatch {
        /// What is wrong with it.
        what: String,
    },
    /// There is no such entry, at the size asked.
    #[error("the entry at index {index} is not stored")]
    Missing {
        /// The first index asked for that is not there.
        index: Index,
    },
    /// What is on disk is not what was written. Restore the file named from a copy; nothing else is safe.
    #[error("the store is damaged: {what}; restore it from a copy")]
    Corrupt {
        /// The file and what was found in it.
        what: String,
    },
    /// A volume is not there: entries between two that are stored have no file.
    #[error(
        "the entries from index {expected} on have no volume (the next one starts at {found}): restore it from a copy"
    )]
    Gap {
        /// The first index that no volume holds.
        expected: Index,
        /// Where the next volume starts.
        found: Index,
    },
    /// The folder holds a file that is none of ours. Move it away if it is not needed.
    #[error("{name} is no file of this store: move it away, or use another folder")]
    Foreign {
        /// The path of the file.
        name: String,
    },
    /// The folder holds no store. A store is created once, on purpose, never by opening.
    #[error("there is no store in {folder}: create one, or say where it is")]
    Absent {
        /// The folder's path.
        folder: String,
    },
    /// A store can't be created here: the folder holds something already.
    #[error("{folder} is not empty: open the store in it, or use another folder")]
    Exists {
        /// The folder's path.
        folder: String,
    },
    /// The disk, or the quota on it, is full. Make room, then reopen.
    #[error("the disk is full ({what}): make room, then reopen")]
    Full {
        /// What could not be written.
        what: String,
    },
    /// The operating system failed. Look at the disk, then reopen.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// The system's own words.
        source: io::Error,
    },
    /// An earlier write ended without saying how. [`reopen`](super::Store::reopen), then look at the head.
    #[error("an earlier write's outcome is unknown: reopen the store before the next one")]
    OutcomeUnknown,
    /// The file was written by a version that this one does not know. Use that version.
    #[error("{file} is of format {found}, which this version does not know: use the version that wrote it")]
    FormatUnknown {
        /// The path of the file.
        file: String,
        /// The format that it says it is.
        found: String,
    },
    /// Another process, or another handle in this one, has the store open. Stop it, or use another folder.
    #[error("{folder} is in use by another process: stop that one, or use another data folder")]
    Locked {
        /// The folder's path.
        folder: String,
    },
}

impl StoreError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fenced { .. } => "fenced",
            Self::WrongSize { .. } => "wrong_size",
            Self::BadBatch { .. } => "bad_batch",
            Self::Missing { .. } => "missing",
            Self::Corrupt { .. } => "corrupt",
            Self::Gap { .. } => "gap",
            Self::Foreign { .. } => "foreign",
            Self::Absent { .. } => "absent",
            Self::Exists { .. } => "exists",
            Self::Full { .. } => "full",
            Self::Io { .. } => "io",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::FormatUnknown { .. } => "format_unknown",
            Self::Locked { .. } => "locked",
        }
    }

    /// Whether a commit that got this error certainly stored nothing, and the store can go on.
    #[must_use]
    pub fn nothing_written(&self) -> bool {
        matches!(self, Self::Fenced { .. } | Self::WrongSize { .. } | Self::BadBatch { .. })
    }

    /// An error of the operating system, with a full disk told apart.
    #[must_use]
    pub fn io(what: impl Into<String>, source: io::Error) -> Self {
        let what = what.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { what },
            _ => Self::Io { what, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full disk and a full quota are told apart from every other failure: the operator's remedy differs.
    #[test]
    fn a_full_disk_is_told_apart() {
        let named = |kind: io::ErrorKind| StoreError::io("volume", kind.into()).name();
        assert_eq!(named(io::ErrorKind::StorageFull), "full");
        assert_eq!(named(io::ErrorKind::QuotaExceeded), "full");
        assert_eq!(named(io::ErrorKind::PermissionDenied), "io");
    }
}

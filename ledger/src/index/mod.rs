//! The index: rows derived from the entries, in a folder of their own. Safe to delete; replayed from the main store.
//!
//! Fresh rows are held in memory in two layers over the folder: [`Layers`]. The one that is written to, and the one before
//! it while a thread of its own brings it to disk, which no acknowledgement may wait for. What the folder holds is the index
//! at exactly the size of its [`Mark`]; opening replays the entries from there, to exactly the last map root.
//!
//! spec: storage.md#index

mod fresh;
pub mod layers;
mod merge;
pub mod runs;
mod snapshot;

pub use layers::{Layers, Limits};
pub(crate) use merge::newest;
pub use runs::RunsIndex;
pub use snapshot::Snapshot;

use procura_core::kv::{Kv, Unreadable};
use procura_core::{Hash, Size};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// The version of the index rows' encoding: to be counted up when the core's rows, or the engine's rows that find things, change.
pub const FORMAT: u32 = 6;

/// Where the rows in an index file stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The size of the log that the rows are derived from: entries 0 to size − 1.
    pub size: Size,
    /// The map root at that size.
    pub root: Hash,
    /// The version of the rows' encoding, the engine's to count up.
    pub format: u32,
    /// The origin of the ledger.
    pub origin: String,
}

/// A row of the index.
pub type IndexRow = (Arc<[u8]>, Arc<[u8]>);

/// Rows read by key and in order, all as of one moment.
///
/// A row that is given is as it was written, or an error is. **A row that is missing may be hidden by damage**, in an engine
/// that does not notice it on every way to a row: nothing may rest on the absence of a row alone. The trie says what
/// must be there: a node that it names and that is missing is damage, and a key that it proves absent is.
pub trait Rows: Kv + Send + Sync {
    /// The first `limit` rows whose key starts with `prefix` and is greater than `after`, by ascending key.
    ///
    /// # Errors
    /// [`Unreadable`] if the storage fails.
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable>;
}

/// Where index rows are kept: an engine's files, chosen by measurement ([`RunsIndex`] is).
///
/// A cache of rows read often has its place between [`Layers`] and the [`Rows`] that `read` gives: these never change.
pub trait IndexFile: Send + Sync {
    /// What the rows stand at; `None` if nothing was written yet.
    fn mark(&self) -> Option<Mark>;

    /// The rows as they stand now, for as long as they are held, whatever is written meanwhile.
    ///
    /// # Errors
    /// [`IndexError`], as far as the storage fails.
    fn read(&self) -> Result<Arc<dyn Rows>, IndexError>;

    /// Writes `changes` (ascending keys) over the rows that are there, and `mark` with them: both or neither, durable on
    /// return. After an error the file stands where it stood or at `mark`; repeating the same write is right either way.
    /// Rows read before an error may be unreadable after it: `read` again.
    ///
    /// # Errors
    /// [`IndexError`], as far as the storage fails.
    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError>;

    /// Destroys the rows with these keys: on return they are in no file. Rows read before may still have them. A key that is not
    /// there is no error; repeating after an error completes the work.
    ///
    /// # Errors
    /// [`IndexError`], as far as the storage fails.
    fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError>;
}

/// Why an index file failed. What can't be read for what it is, is no error but [`Found::Discarded`].
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The disk, or the quota on it, is full. Make room; the flush is tried again by itself.
    #[error("the disk is full ({what}): make room")]
    Full {
        /// The file.
        what: String,
    },
    /// The operating system failed. Look at the disk.
    #[error("{what}: {source}")]
    Io {
        /// The file.
        what: String,
        /// The system's own words.
        source: io::Error,
    },
    /// The file is damaged. Delete it and open again: it is rebuilt.
    #[error("{what}; delete the file, it is rebuilt from the log")]
    Corrupt {
        /// The file and what was found.
        what: String,
    },
    /// Another process has the file open. Stop it.
    #[error("{what} is in use by another process: stop that one")]
    Locked {
        /// The file.
        what: String,
    },
    /// Flushes fail and the memory for fresh rows is used up: nothing can be appended until one succeeds.
    #[error("the index takes no more rows while it cannot be flushed ({what})")]
    Stalled {
        /// Why the last flush failed.
        what: String,
    },
}

impl IndexError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Full { .. } => "full",
            Self::Io { .. } => "io",
            Self::Corrupt { .. } => "corrupt",
            Self::Locked { .. } => "locked",
            Self::Stalled { .. } => "stalled",
        }
    }
}

/// What opening an index file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Rows that stand at this mark: replay from there. Whether size and root are those of the log is for the engine to
    /// check against the index commit at that size.
    Rows(Mark),
    /// No rows: replay from the first entry.
    Nothing,
    /// Rows of no use, deleted: replay from the first entry, and tell the operator.
    Discarded(Discarded),
}

/// Why an index file was of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discarded {
    /// It is damaged, or no index file at all.
    Unreadable(String),
    /// It is the index of the ledger with this origin.
    Foreign(String),
    /// It was written by a version with another layout or encoding of rows.
    FormatUnknown(u32),
}

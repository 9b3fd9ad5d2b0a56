//! What redb says, in the store's words.

use crate::guard;
use crate::store::StoreError;
use std::io;
use std::path::Path;

/// Why a volume did not answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The handle was closed under the reader (the volume was sealed, rewritten or put aside): open it again.
    Closed,
    /// An earlier call on the file failed, perhaps of a change under way: it has to be opened again.
    Failing,
    /// The file was not closed cleanly and can't be read before it has been opened for writing once.
    Unclean,
    /// Anything that the caller must hear of.
    Failed(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Fault {
    /// The error for a caller for whom opening again is no way out.
    pub(super) fn into_error(self, path: &Path) -> StoreError {
        match self {
            Self::Failed(error) => error,
            Self::Unclean => corrupt(path, "it was not closed cleanly and could not be repaired"),
            Self::Failing => StoreError::OutcomeUnknown,
            Self::Closed => StoreError::Io {
                what: path.display().to_string(),
                source: io::Error::other("closed while it was read"),
            },
        }
    }
}

/// A damaged file, by name.
pub(super) fn corrupt(path: &Path, what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what: format!("{}: {what}", path.display()) }
}

/// Runs `work` on the volume at `path` and puts redb's errors, panics among them, into the store's words.
pub(super) fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, ::redb::Error>) -> Result<T, Fault> {
    guard::guarded(work).map_err(|error| told(path, error))
}

fn told(path: &Path, error: ::redb::Error) -> Fault {
    use ::redb::Error;
    let file = || path.display().to_string();
    Fault::Failed(match error {
        Error::DatabaseClosed => return Fault::Closed,
        Error::RepairAborted => return Fault::Unclean,
        Error::PreviousIo => return Fault::Failing,
        Error::Io(source) => match source.kind() {
            // redb's words for "no redb file" and for a file shorter than its header says.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => corrupt(path, source),
            _ => StoreError::io(file(), source),
        },
        Error::UpgradeRequired(version) => {
            StoreError::FormatUnknown { file: file(), found: format!("redb's file format {version}") }
        }
        Error::DatabaseAlreadyOpen => StoreError::Locked { folder: file() },
        other => corrupt(path, other),
    })
}

//! Each way in which an entry can be invalid: evidence against whoever logged it.

use crate::entry::EntryError;
use crate::hash::Hash;
use crate::status::Status;
use crate::units::{Index, Millis, Size};

/// The rule of validity that an entry breaks. The map stops at such an entry; a sequencer refuses to log it.
///
/// Checked in the order of the variants; the first that applies is the answer. spec: index.md#faults
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are no entry.
    #[error("the bytes are no entry: {0}")]
    Entry(#[from] EntryError),
    /// Entry 0 is not a create of class 1.
    #[error("entry 0 is of class {0:#04x}, not 1")]
    FirstClass(u8),
    /// A time before the previous entry's.
    #[error("the time {time} is before the previous entry's, {previous}")]
    TimeBackwards {
        /// The entry's time.
        time: Millis,
        /// The previous entry's.
        previous: Millis,
    },
    /// A commit whose size is not its index.
    #[error("the commit states size {stated} at index {index}")]
    CommitSize {
        /// The size it states.
        stated: Size,
        /// Where it stands.
        index: Index,
    },
    /// A commit that names another commit than the previous one.
    #[error("the commit names {stated} as the previous commit, which is {previous} (0: none)")]
    CommitPrevious {
        /// What it names.
        stated: Index,
        /// The previous commit.
        previous: Index,
    },
    /// A commit with another number of keys than the map's.
    #[error("the commit states {stated} keys; the map has {keys}")]
    CommitKeys {
        /// What it states.
        stated: u64,
        /// What the map has.
        keys: u64,
    },
    /// A commit with another root than the map's.
    #[error("the commit states the map root {stated}; the map's is {root}")]
    CommitRoot {
        /// What it states.
        stated: Hash,
        /// The map's root.
        root: Hash,
    },
    /// A create whose id another create has.
    #[error("the id {0} is another create's already")]
    IdTaken(Hash),
    /// An alias that another party has.
    #[error("the alias {0} is another party's already")]
    AliasTaken(Hash),
    /// A target that is not before the transition.
    #[error("the target {target} is not before the transition at {index}")]
    TargetNotBefore {
        /// The target.
        target: Index,
        /// Where the transition stands.
        index: Index,
    },
    /// No create has the target's id.
    #[error("no create has the id {0} of the target")]
    TargetUnknown(Hash),
    /// The create with the target's id stands elsewhere.
    #[error("the target's id {id} is that of the create at {created}, not {target}")]
    TargetIndex {
        /// The target.
        target: Index,
        /// Where the create with that id stands.
        created: Index,
        /// The id.
        id: Hash,
    },
    /// An id that the target's list holds already.
    #[error("the id {0} is in the target's list already")]
    IdInList(Hash),
    /// A move that is not permitted.
    #[error("no transition may move from {from:?} to {to:?}")]
    MoveForbidden {
        /// The status before.
        from: Status,
        /// The status after.
        to: Status,
    },
    /// A status list that is full.
    #[error("the list of {0} holds 1,024 items")]
    ListFull(Hash),
    /// A use or an enabling move in one of the last 16 places of a status list.
    #[error("the last 16 places in the list of {0} are kept for moves that take away")]
    ListReserved(Hash),
    /// A tag list that is full.
    #[error("the list of the tag {0} holds 2^20 items")]
    TagFull(Hash),
}

impl Fault {
    /// The stable name, as vectors state it; that of the [`EntryError`] where the bytes are no entry.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.name(),
            Self::FirstClass(_) => "first_class",
            Self::TimeBackwards { .. } => "time_backwards",
            Self::CommitSize { .. } => "commit_size",
            Self::CommitPrevious { .. } => "commit_previous",
            Self::CommitKeys { .. } => "commit_keys",
            Self::CommitRoot { .. } => "commit_root",
            Self::IdTaken(_) => "id_taken",
            Self::AliasTaken(_) => "alias_taken",
            Self::TargetNotBefore { .. } => "target_not_before",
            Self::TargetUnknown(_) => "target_unknown",
            Self::TargetIndex { .. } => "target_index",
            Self::IdInList(_) => "id_in_list",
            Self::MoveForbidden { .. } => "move_forbidden",
            Self::ListFull(_) => "list_full",
            Self::ListReserved(_) => "list_reserved",
            Self::TagFull(_) => "tag_full",
        }
    }
}

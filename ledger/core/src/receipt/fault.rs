//! Why a receipt is not believed.
//!
//! spec: receipts.md#verification

use super::walk::WalkError;
use super::wire::ReceiptError;
use crate::checkpoint::CheckpointError;
use crate::log_keys::NotContinued;
use crate::note::NoteError;
use crate::source::{ListError, OpeningError};
use crate::tlog_proof::TlogProofError;
use crate::{Hash, Index, Size};

/// Why a receipt is not believed. The variants stand in the order of the checks; [`VerifyError::name`] is stable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Not a receipt.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// It answers something else.
    #[error("the receipt answers another question")]
    OtherQuestion,
    /// The tlog-proof is not one.
    #[error(transparent)]
    Proof(TlogProofError),
    /// The checkpoint is another log's.
    #[error("the checkpoint is of another origin")]
    WrongOrigin,
    /// No log key of the policy signed the checkpoint.
    #[error("no log key of the policy signed the checkpoint: {0}")]
    LogSignature(CheckpointError),
    /// The log key is retired and no quorum dates from before.
    #[error("the log key was retired and no quorum cosigned before that")]
    RetiredKey,
    /// Too few witnesses cosigned.
    #[error("the witnesses that cosigned make no quorum")]
    NoQuorum,
    /// A map-checker did not cosign.
    #[error("a map-checker of the policy did not cosign")]
    NoMapChecker,
    /// A cosignature by a known key fails.
    #[error("a cosignature fails: {0}")]
    Cosignature(NoteError),
    /// Two histories: proof of the operator's guilt.
    #[error("the checkpoint at size {size} does not continue the one seen at size {pinned}: two histories")]
    Fork {
        /// This size.
        size: Size,
        /// The size seen before.
        pinned: Size,
    },
    /// The receipt does not connect to the checkpoint seen.
    #[error("the receipt has no consistency proof from size {pinned}, which was seen before")]
    NoConsistency {
        /// The size seen before.
        pinned: Size,
    },
    /// Fresh only: older than what was seen.
    #[error("the checkpoint has size {size}, but size {pinned} was seen before")]
    Rollback {
        /// This size.
        size: Size,
        /// The size seen before.
        pinned: Size,
    },
    /// Rule R1: the last entry is no index commit of its own index.
    #[error("the last entry is no index commit")]
    NoCommit,
    /// The map is of a version this software does not accept.
    #[error("the map is of version {0}")]
    UnknownMapVersion(u8),
    /// The index commit's path does not lead to the root.
    #[error("the index commit is not the last entry of the tree")]
    CommitInclusion,
    /// No honest ledger's map is empty.
    #[error("the map is empty")]
    EmptyMap,
    /// Fresh only: too old.
    #[error("the answer is {age_s} s old; the policy takes {max_age_s} s")]
    Stale {
        /// Its age in seconds.
        age_s: u64,
        /// The policy's limit in seconds.
        max_age_s: u64,
    },
    /// Fresh only: from the future.
    #[error("the answer is dated more than five minutes ahead")]
    Future,
    /// An entry does not decode, or they are out of order.
    #[error("the entry at {index} is not one, or stands out of order")]
    EntryMalformed {
        /// Where.
        index: Index,
    },
    /// The entries do not lead to the tree's peaks.
    #[error("the entries are not in the tree")]
    Inclusion,
    /// An entry is back-dated.
    #[error("an entry is older than one before it, or younger than the index commit")]
    EntryTime,
    /// Entry 0 is not there or not the pinned one.
    #[error("entry 0 is not the one of the policy")]
    Entry0,
    /// A body does not open its entry.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// The pruned trie is not one.
    #[error("the pruned trie is malformed")]
    TrieMalformed,
    /// The pruned trie is another map's.
    #[error("the pruned trie does not lead to the map root of the index commit")]
    MapRoot,
    /// Lists out of order.
    #[error("the list of {id} stands out of order")]
    ListOrder {
        /// The record.
        id: Hash,
    },
    /// A list is not one.
    #[error("the list of {id}: {error}")]
    List {
        /// The record.
        id: Hash,
        /// What is wrong.
        error: ListError,
    },
    /// An item is not its entry's.
    #[error("the item at {index} of the list of {id} is not that entry's")]
    ListItem {
        /// The record.
        id: Hash,
        /// The item.
        index: Index,
    },
    /// The map has another value for the list.
    #[error("the map has another value for the list of {id}")]
    ListValue {
        /// The record.
        id: Hash,
    },
    /// An id twice.
    #[error("the id {id} stands twice where it may stand once")]
    ListDouble {
        /// The id.
        id: Hash,
    },
    /// A tag's list is not one, or stands twice.
    #[error("a tag's list is malformed or stands twice")]
    TagMalformed,
    /// Something is missing, or does not count.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// A list of log keys takes something back that the verifier knows.
    #[error("the list of log keys does not continue the one known: {0}")]
    LogKeys(NotContinued),
    /// A list of log keys that the root's quorum has not signed.
    #[error("the list of log keys is not in force")]
    NotInForce,
    /// Something was never needed.
    #[error("the receipt holds more than its answer needs: {0}")]
    Surplus(String),
}

impl VerifyError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Receipt(error) => error.name(),
            Self::OtherQuestion => "other_question",
            Self::Proof(_) => "proof_malformed",
            Self::WrongOrigin => "wrong_origin",
            Self::LogSignature(_) => "log_signature",
            Self::RetiredKey => "retired_key",
            Self::NoQuorum | Self::Cosignature(_) => "no_quorum",
            Self::NoMapChecker => "no_map_checker",
            Self::LogKeys(_) => "log_keys",
            Self::NotInForce => "not_in_force",
            Self::Fork { .. } => "fork",
            Self::NoConsistency { .. } => "no_consistency",
            Self::Rollback { .. } => "rollback",
            Self::NoCommit => "no_commit",
            Self::UnknownMapVersion(_) => "unknown_map_version",
            Self::CommitInclusion => "commit_inclusion",
            Self::EmptyMap => "empty_map",
            Self::Stale { .. } => "stale",
            Self::Future => "future",
            Self::EntryMalformed { .. } => "entry_malformed",
            Self::Inclusion => "inclusion",
            Self::EntryTime => "entry_time",
            Self::Entry0 => "entry0",
            Self::Opening(error) => error.name(),
            Self::TrieMalformed => "trie_malformed",
            Self::MapRoot => "map_root",
            Self::ListOrder { .. } => "list_malformed",
            Self::List { error, .. } => error.name(),
            Self::ListItem { .. } => "list_item",
            Self::ListValue { .. } => "list_value",
            Self::ListDouble { .. } => "list_double",
            Self::TagMalformed => "tag_malformed",
            Self::Walk(error) => error.name(),
            Self::Surplus(_) => "surplus",
        }
    }
}

impl From<crate::judge::Verdict> for VerifyError {
    fn from(verdict: crate::judge::Verdict) -> Self {
        Self::Walk(verdict.into())
    }
}

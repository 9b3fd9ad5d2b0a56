//! Why a policy, or a checkpoint under it, was refused.

use crate::checkpoint::CheckpointError;
use crate::note::VkeyError;

/// A policy file, or a checkpoint judged by a policy, was refused. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A control character other than tab and newline.
    #[error("line {line} holds the byte {byte:#04x}, which no policy may hold")]
    Character {
        /// The line.
        line: usize,
        /// The byte.
        byte: u8,
    },
    /// The last line has no newline.
    #[error("line {line} does not end in a newline")]
    Unterminated {
        /// The line.
        line: usize,
    },
    /// Not `log`, `witness`, `group` or `quorum`.
    #[error("line {line} starts with no word that a policy knows")]
    Keyword {
        /// The line.
        line: usize,
    },
    /// Too few or too many items for the line's first word.
    #[error("line {line} has {items} items, which its first word does not permit")]
    Items {
        /// The line.
        line: usize,
        /// How many there are.
        items: usize,
    },
    /// The vkey is refused.
    #[error("line {line}: {cause}")]
    Vkey {
        /// The line.
        line: usize,
        /// Why.
        cause: VkeyError,
    },
    /// A log's key must be of type 0x01, a witness's of type 0x04.
    #[error("the key in line {line} is of a type for another use")]
    KeyType {
        /// The line.
        line: usize,
    },
    /// Two logs or two witnesses share a public key.
    #[error("line {line} repeats the public key of an earlier line")]
    DuplicateKey {
        /// The line.
        line: usize,
    },
    /// A name is defined twice, or is `none`.
    #[error("line {line} defines the name {name:?}, which is taken")]
    DuplicateName {
        /// The line.
        line: usize,
        /// The name, other bytes than UTF-8 replaced.
        name: String,
    },
    /// A name is not defined on an earlier line.
    #[error("line {line} uses the name {name:?}, which no earlier line defines")]
    UnknownName {
        /// The line.
        line: usize,
        /// The name, other bytes than UTF-8 replaced.
        name: String,
    },
    /// A name is listed as a member twice, in one group or in two.
    #[error("line {line} lists {name:?}, which is already a member of a group")]
    DuplicateMember {
        /// The line.
        line: usize,
        /// The name, other bytes than UTF-8 replaced.
        name: String,
    },
    /// Not `any`, `all` or a number from 1 to the number of members.
    #[error("line {line} asks for a threshold that its {members} members cannot have")]
    Threshold {
        /// The line.
        line: usize,
        /// How many members the group has.
        members: usize,
    },
    /// No quorum line.
    #[error("the policy has no quorum line")]
    QuorumMissing,
    /// A second quorum line.
    #[error("line {line} is a second quorum line")]
    SecondQuorum {
        /// The line.
        line: usize,
    },
    /// More than 256 logs, witnesses or groups.
    #[error("line {line} is over the 256 logs, witnesses or groups that a policy may have")]
    TooMany {
        /// The line.
        line: usize,
    },
    /// The checkpoint is of a log that the policy does not list.
    #[error("the policy does not list the log {origin}")]
    UnknownLog {
        /// The checkpoint's origin.
        origin: String,
    },
    /// The checkpoint is refused.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Too few witnesses cosigned: ask for a checkpoint with more cosignatures.
    #[error("{cosigned} witnesses of the policy cosigned, which is no quorum")]
    NoQuorum {
        /// How many of the policy's witnesses cosigned.
        cosigned: usize,
    },
}

impl PolicyError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Character { .. } => "policy_character",
            Self::Unterminated { .. } => "policy_unterminated",
            Self::Keyword { .. } => "policy_keyword",
            Self::Items { .. } => "policy_items",
            Self::Vkey { cause, .. } => cause.name(),
            Self::KeyType { .. } => "key_type",
            Self::DuplicateKey { .. } => "policy_duplicate_key",
            Self::DuplicateName { .. } => "policy_duplicate_name",
            Self::UnknownName { .. } => "policy_unknown_name",
            Self::DuplicateMember { .. } => "policy_duplicate_member",
            Self::Threshold { .. } => "policy_threshold",
            Self::QuorumMissing => "policy_quorum_missing",
            Self::SecondQuorum { .. } => "policy_second_quorum",
            Self::TooMany { .. } => "policy_too_many",
            Self::UnknownLog { .. } => "unknown_log",
            Self::Checkpoint(error) => error.name(),
            Self::NoQuorum { .. } => "no_quorum",
        }
    }
}

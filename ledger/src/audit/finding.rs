//! What an audit may find, each with a stable name.

use procura_core::index::Fault;
use procura_core::judge::Verdict;
use procura_core::source::OpeningError;
use procura_core::{Hash, Index, Size};

/// Something that is not as it must be. Those about entries, the checkpoint and openings are evidence against the
/// operator; those about index rows and nodes are damage, as long as the entries are right.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The store could not give what it must hold.
    #[error("the entry at {index} cannot be read: {what}")]
    Unreadable {
        /// Where.
        index: Index,
        /// The store's own words.
        what: String,
    },
    /// The rows of the index that is rebuilt could not be read: this program's fault.
    #[error("the rebuilt index at {size}: {what}")]
    Rebuild {
        /// How far it came.
        size: Size,
        /// What is wrong.
        what: String,
    },
    /// A stored hash of the tree is not the one that the entries give.
    #[error("the stored hash of the subtree {index} at level {level} is not that of its entries")]
    Node {
        /// The subtree's level: it has 2^level leaves.
        level: u8,
        /// Its number at that level.
        index: u64,
    },
    /// An entry is invalid; the map stops there.
    #[error("the entry at {index} is invalid: {fault}")]
    Fault {
        /// Where.
        index: Index,
        /// The rule that it breaks.
        fault: Fault,
    },
    /// The last entry is no index commit, so no checkpoint may be signed there.
    #[error("the last entry, at {index}, is no index commit")]
    RuleR1 {
        /// Where.
        index: Index,
    },
    /// The log holds nothing.
    #[error("the log has no entry")]
    Empty,
    /// The checkpoint is not one of this origin, signed by this key.
    #[error("the checkpoint is refused: {0}")]
    Checkpoint(&'static str),
    /// The checkpoint is of another size than the store.
    #[error("the checkpoint is of size {stated}; {stored} entries are stored")]
    CheckpointSize {
        /// What it states.
        stated: Size,
        /// What is stored.
        stored: Size,
    },
    /// The checkpoint signs another root than the entries give.
    #[error("the checkpoint signs the root {stated}; the entries give {computed}")]
    CheckpointRoot {
        /// What it states.
        stated: Hash,
        /// What the entries give.
        computed: Hash,
    },
    /// A vault row can't be decoded.
    #[error("the vault row at {index}: {what}")]
    VaultRow {
        /// Where.
        index: Index,
        /// What is wrong with it.
        what: String,
    },
    /// An index commit has a vault row.
    #[error("the index commit at {index} has a vault row")]
    SurplusVault {
        /// Where.
        index: Index,
    },
    /// A record's body is not there, and no logged erasure says why.
    #[error("the record at {index} has no body, and no logged erasure says why")]
    NotOpened {
        /// Where.
        index: Index,
    },
    /// The body does not open its entry.
    #[error("{source}")]
    Opening {
        /// Where.
        index: Index,
        /// The first check that fails.
        #[source]
        source: OpeningError,
    },
    /// Not everything withheld is stored beside the body, as it was at admission.
    #[error("the disclosures at {index} are not those that the record withholds: {what}")]
    Disclosures {
        /// Where.
        index: Index,
        /// What is wrong.
        what: String,
    },
    /// A party's handle is not stored beside its record.
    #[error("the party at {index} is stored without its handle")]
    HandleMissing {
        /// Where.
        index: Index,
    },
    /// A signature does not count, or a status came about otherwise than the kinds table says.
    #[error("the record at {index}: {verdict}")]
    Judged {
        /// The record.
        index: Index,
        /// What is wrong with it, or with what it rests on.
        verdict: Verdict,
    },
    /// A record stands in the lists of other parties than the kinds table says.
    #[error("the record at {index} is not filed under exactly the parties that it concerns")]
    FiledParties {
        /// Where.
        index: Index,
    },
    /// An entry's tags are not those of the parties and segments that it is filed under.
    #[error("the tags of the entry at {index} are not those that it is filed under")]
    Tags {
        /// Where.
        index: Index,
    },
    /// A record is filed in an earlier segment than the one before it.
    #[error("the entry at {index} is filed in segment {segment} of {party}, behind later ones")]
    SegmentOrder {
        /// Where.
        index: Index,
        /// Whose list.
        party: Hash,
        /// The segment.
        segment: u64,
    },
    /// A party's segment is not there although a later one is.
    #[error("segment {segment} of {party} is not there, but a later one is")]
    SegmentGap {
        /// Whose list.
        party: Hash,
        /// The segment.
        segment: u64,
    },
    /// A natural person's segment holds more than one item, which links entries for outsiders.
    #[error("segment {segment} of the person {party} holds {items} items")]
    SegmentCrowded {
        /// Whose list.
        party: Hash,
        /// The segment.
        segment: u64,
        /// How many items.
        items: u64,
    },
    /// The map's value for a record is not that of its items, computed by another program.
    #[error("the status list of {id} has another root than its items give")]
    StatusList {
        /// The record.
        id: Hash,
    },
    /// The map's value for a tag is not that of its items, computed by another program.
    #[error("the list of the tag {tag} has another root than its items give")]
    TagList {
        /// The tag.
        tag: Hash,
    },
    /// The index claims to stand at a size that the log does not have.
    #[error("the index stands at {stated}; {stored} entries are stored")]
    IndexMark {
        /// What it claims.
        stated: Size,
        /// What is stored.
        stored: Size,
    },
    /// The index was of no use. It is rebuilt when the ledger is opened.
    #[error("the index was of no use: {0}")]
    IndexFile(String),
    /// A stored index row differs from the rebuilt one.
    #[error("the index row {} differs from what the entries give", hex(.key))]
    RowDiffers {
        /// The row's key.
        key: Vec<u8>,
    },
    /// A row that the entries give is not in the index.
    #[error("the index row {} is missing", hex(.key))]
    RowMissing {
        /// The row's key.
        key: Vec<u8>,
    },
    /// The index has a row that the entries do not give.
    #[error("the index row {} is none that the entries give", hex(.key))]
    RowSurplus {
        /// The row's key.
        key: Vec<u8>,
    },
    /// The index could not be read.
    #[error("the index cannot be read: {0}")]
    RowsUnreadable(String),
}

impl Finding {
    /// The finding's stable name; that of the broken rule where core has one.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Rebuild { .. } => "rebuild",
            Self::Node { .. } => "node",
            Self::Fault { fault, .. } => fault.name(),
            Self::RuleR1 { .. } => "rule_r1",
            Self::Empty => "empty",
            Self::Checkpoint(name) => name,
            Self::CheckpointSize { .. } => "checkpoint_size",
            Self::CheckpointRoot { .. } => "checkpoint_root",
            Self::VaultRow { .. } => "vault_row",
            Self::SurplusVault { .. } => "surplus_vault",
            Self::NotOpened { .. } => "not_opened",
            Self::Opening { source, .. } => source.name(),
            Self::Disclosures { .. } => "disclosures",
            Self::HandleMissing { .. } => "handle_missing",
            Self::Judged { verdict, .. } => verdict.name(),
            Self::FiledParties { .. } => "filed_parties",
            Self::Tags { .. } => "tags",
            Self::SegmentOrder { .. } => "segment_order",
            Self::SegmentGap { .. } => "segment_gap",
            Self::SegmentCrowded { .. } => "segment_crowded",
            Self::StatusList { .. } => "status_list",
            Self::TagList { .. } => "tag_list",
            Self::IndexMark { .. } => "index_mark",
            Self::IndexFile(_) => "index_file",
            Self::RowDiffers { .. } => "row_differs",
            Self::RowMissing { .. } => "row_missing",
            Self::RowSurplus { .. } => "row_surplus",
            Self::RowsUnreadable(_) => "rows_unreadable",
        }
    }

    /// The entry that it is about, if it is about one.
    #[must_use]
    pub fn index(&self) -> Option<Index> {
        match self {
            Self::Unreadable { index, .. }
            | Self::Fault { index, .. }
            | Self::VaultRow { index, .. }
            | Self::SurplusVault { index }
            | Self::NotOpened { index }
            | Self::Disclosures { index, .. }
            | Self::HandleMissing { index }
            | Self::Opening { index, .. }
            | Self::Judged { index, .. }
            | Self::FiledParties { index }
            | Self::SegmentOrder { index, .. }
            | Self::Tags { index }
            | Self::RuleR1 { index } => Some(*index),
            _ => None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

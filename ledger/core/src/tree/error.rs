//! Why a proof could not be made, and why one was refused.

use crate::{Hash, Index, Size};

/// A proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The caller asks for a leaf that the tree does not have.
    #[error("the tree of {size} leaves has no leaf {index}: ask for one below its size")]
    IndexBeyondTree {
        /// The leaf asked for.
        index: Index,
        /// The tree's size.
        size: Size,
    },
    /// The caller asks for the way from a larger tree to a smaller one.
    #[error("a tree of {old} leaves is no earlier state of one of {new}: ask for the sizes in order")]
    OldLarger {
        /// The earlier size asked for.
        old: Size,
        /// The later size asked for.
        new: Size,
    },
    /// The caller asks for a range without a leaf.
    #[error("a range from leaf {start} holds no leaf: ask for at least one")]
    EmptyRange {
        /// Where the range would start.
        start: Index,
    },
    /// The nodes could not be read: the storage's fault.
    #[error("the tree's nodes could not be read: {0}")]
    Nodes(E),
}

impl<E> ProveError<E> {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IndexBeyondTree { .. } => "index_beyond_tree",
            Self::OldLarger { .. } => "old_larger",
            Self::EmptyRange { .. } => "empty_range",
            Self::Nodes(_) => "nodes_unreadable",
        }
    }
}

/// A proof was refused. The prover is at fault, or whoever stated the root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A leaf stands at or beyond the tree's size.
    #[error("the tree of {size} leaves has no leaf {index}")]
    IndexBeyondTree {
        /// The leaf spoken of.
        index: Index,
        /// The tree's size.
        size: Size,
    },
    /// The tree stated as the earlier one is the larger one.
    #[error("a tree of {old} leaves is no earlier state of one of {new}")]
    OldLarger {
        /// The size stated as earlier.
        old: Size,
        /// The size stated as later.
        new: Size,
    },
    /// Two roots were stated for one size: the log shows two histories. Keep both checkpoints as evidence.
    #[error("two trees of {size} leaves have the roots {old} and {new}: the log has forked")]
    Fork {
        /// The size of both.
        size: Size,
        /// The root held.
        old: Hash,
        /// The root shown now.
        new: Hash,
    },
    /// A range without a leaf proves nothing.
    #[error("a range from leaf {start} holds no leaf")]
    EmptyRange {
        /// Where the range would start.
        start: Index,
    },
    /// The proof ends before all hashes were found.
    #[error("the proof's {given} hashes are too few")]
    MissingHash {
        /// How many the proof has.
        given: usize,
    },
    /// The proof carries more than it needs.
    #[error("the proof has {given} hashes, {used} of them used: leave the others out")]
    SurplusHash {
        /// How many the proof has.
        given: usize,
        /// How many the check took.
        used: usize,
    },
    /// The hashes do not lead to the root stated.
    #[error("the hashes lead to {computed}, not to {stated}, the root stated for {size} leaves")]
    WrongRoot {
        /// The tree's size.
        size: Size,
        /// The root stated.
        stated: Hash,
        /// The root computed.
        computed: Hash,
    },
    /// The hashes of a consistency proof do not lead to the earlier root.
    #[error("the hashes lead to {computed}, not to {stated}, the root held for {size} leaves")]
    WrongOldRoot {
        /// The earlier tree's size.
        size: Size,
        /// The root held.
        stated: Hash,
        /// The root computed.
        computed: Hash,
    },
    /// A size has another number of peaks.
    #[error("a tree of {size} leaves does not have {given} peaks")]
    PeakCount {
        /// The tree's size.
        size: Size,
        /// How many peaks were given.
        given: usize,
    },
    /// The hashes do not lead to the peak above them.
    #[error("the hashes lead to {computed}, not to {peak}, the peak that starts at leaf {start}")]
    WrongPeak {
        /// The first leaf below the peak.
        start: Index,
        /// The peak given.
        peak: Hash,
        /// The peak computed.
        computed: Hash,
    },
}

impl ProofError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IndexBeyondTree { .. } => "index_beyond_tree",
            Self::OldLarger { .. } => "old_larger",
            Self::Fork { .. } => "fork",
            Self::EmptyRange { .. } => "empty_range",
            Self::MissingHash { .. } => "missing_hash",
            Self::SurplusHash { .. } => "surplus_hash",
            Self::WrongRoot { .. } => "wrong_root",
            Self::WrongOldRoot { .. } => "wrong_old_root",
            Self::PeakCount { .. } => "peak_count",
            Self::WrongPeak { .. } => "wrong_peak",
        }
    }
}

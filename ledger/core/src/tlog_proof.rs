//! `c2sp.org/tlog-proof@v1`: an entry's index, inclusion path and checkpoint as one text.
//!
//! spec: log.md#tlog-proof

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::note::{decimal, decode_hash, encode_base64};
use crate::tree::{Leaf, ProofError, check_inclusion};
use crate::{Hash, Index};
use std::fmt;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most hashes that a path can have: one for each level of the largest tree.
pub const MAX_HASHES: usize = 64;

/// A tlog-proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Not UTF-8, or no blank line between proof and checkpoint.
    #[error("the proof is no UTF-8 text with a blank line before its checkpoint")]
    Form,
    /// Another first line.
    #[error("the proof does not start with the line {HEADER}")]
    Header,
    /// An `extra` line: no signature covers it, so nothing may rest on it.
    #[error("the proof has an extra line, which nothing authenticates: leave it out")]
    ExtraLine,
    /// The index line is missing or no plain decimal.
    #[error("the proof has no line with its index")]
    IndexLine,
    /// A line that is not 32 bytes of base64.
    #[error("{line:?} is no hash")]
    HashLine {
        /// The line.
        line: String,
    },
    /// More hashes than any tree has levels.
    #[error("the proof has over {MAX_HASHES} hashes")]
    TooManyHashes,
    /// The checkpoint in it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl TlogProofError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Form => "tlog_proof_form",
            Self::Header => "tlog_proof_header",
            Self::ExtraLine => "extra_line",
            Self::IndexLine => "index_line",
            Self::HashLine { .. } => "hash_line",
            Self::TooManyHashes => "too_many_hashes",
            Self::Checkpoint(error) => error.name(),
        }
    }
}

/// An entry's place, path and checkpoint: well formed, not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Where the entry stands.
    pub index: Index,
    /// Its inclusion path, from the leaf's sibling to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint of the tree the path leads to.
    pub checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// Reads a proof, which [`fmt::Display`] writes back byte for byte.
    ///
    /// # Errors
    /// [`TlogProofError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let text = std::str::from_utf8(bytes).map_err(|_| TlogProofError::Form)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(TlogProofError::Form)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(TlogProofError::Header);
        }
        if lines.peek().is_some_and(|line| *line == "extra" || line.starts_with("extra ")) {
            return Err(TlogProofError::ExtraLine);
        }
        let index = lines
            .next()
            .and_then(|line| decimal(line.strip_prefix("index ")?))
            .map(Index)
            .ok_or(TlogProofError::IndexLine)?;
        if lines.clone().nth(MAX_HASHES).is_some() {
            return Err(TlogProofError::TooManyHashes);
        }
        let path = lines.map(read_hash).collect::<Result<_, _>>()?;
        Ok(Self { index, path, checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())? })
    }

    /// Checks that the leaf hash stands at the index in the tree that the checkpoint *states*. Who signed
    /// the checkpoint is the caller's to check, with [`SignedCheckpoint::verify`].
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn check_inclusion(&self, leaf_hash: Hash) -> Result<(), ProofError> {
        let leaf = Leaf { index: self.index, hash: leaf_hash };
        check_inclusion(&leaf, &self.checkpoint.unverified().root(), &self.path)
    }
}

/// The proof's text.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nindex {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", encode_base64(&hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn read_hash(line: &str) -> Result<Hash, TlogProofError> {
    decode_hash(line).ok_or_else(|| TlogProofError::HashLine { line: line.to_owned() })
}

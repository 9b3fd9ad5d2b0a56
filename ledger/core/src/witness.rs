//! What a log asks of a witness, what a witness asks itself before it cosigns, and what it answers (C2SP tlog-witness).
//!
//! spec: log.md#witnesses

use crate::checkpoint::{CheckpointError, SignedCheckpoint, VerifiedCheckpoint};
use crate::note::{NoteError, NoteSignature, NoteVerifier, decimal, decode_hash, encode_base64};
use crate::tree::{ProofError, Root, check_consistency};
use crate::{Hash, Size, hash};
use std::fmt;

/// The most hashes that a request may carry.
pub const MAX_HASHES: usize = 63;
/// The largest request in bytes; checkpoints with sixteen signatures of any known type fit.
pub const MAX_REQUEST_BYTES: usize = 128 << 10;
/// The largest answer in bytes.
pub const MAX_ANSWER_BYTES: usize = 64 << 10;

/// A request is not written as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not UTF-8, or no blank line before the checkpoint.
    #[error("the request is no UTF-8 text with a blank line before its checkpoint")]
    Form,
    /// The first line is not `old` with a plain decimal.
    #[error("the request does not start with a line `old <size>`")]
    OldLine,
    /// More hashes than [`MAX_HASHES`].
    #[error("the request has over {MAX_HASHES} hashes")]
    TooManyHashes,
    /// A line that is not 32 bytes of base64.
    #[error("{line:?} is no hash")]
    HashLine {
        /// The line.
        line: String,
    },
    /// The checkpoint in it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl RequestError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Form => "witness_form",
            Self::OldLine => "old_line",
            Self::TooManyHashes => "too_many_hashes",
            Self::HashLine { .. } => "hash_line",
            Self::Checkpoint(error) => error.name(),
        }
    }
}

/// A witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no log that this witness knows.
    #[error("{origin} is no log that is witnessed here")]
    UnknownLog {
        /// The checkpoint's origin.
        origin: String,
    },
    /// No key of the log signed, or one that is said to have signed did not.
    #[error("the log did not sign the checkpoint: {0}")]
    NotSigned(CheckpointError),
    /// The checkpoint is of a smaller tree than the one that it is to continue.
    #[error("the checkpoint of size {new} is smaller than the old size {old}")]
    OldLarger {
        /// The old size stated.
        old: Size,
        /// The checkpoint's size.
        new: Size,
    },
    /// The old size is not that of the last checkpoint cosigned.
    #[error("the last checkpoint cosigned is of size {known}")]
    OtherSize {
        /// The size of the last checkpoint cosigned; 0: none was.
        known: Size,
    },
    /// The checkpoint does not continue the last one cosigned.
    #[error("the checkpoint is not shown to continue the last one cosigned: {0}")]
    Proof(#[from] ProofError),
}

impl Refusal {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnknownLog { .. } => "unknown_log",
            Self::NotSigned(error) => error.name(),
            Self::OldLarger { .. } => "old_larger",
            Self::OtherSize { .. } => "other_size",
            Self::Proof(error) => error.name(),
        }
    }
}

/// A request to cosign a checkpoint: well formed, nothing in it believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the last checkpoint that the witness cosigned, as far as the log knows; 0: none.
    pub old: Size,
    /// The consistency proof from there; none from 0.
    pub proof: Vec<Hash>,
    /// The checkpoint to cosign.
    pub checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// Reads a request, which [`fmt::Display`] writes back byte for byte.
    ///
    /// # Errors
    /// [`RequestError`], the first in the order of its variants.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let text = std::str::from_utf8(bytes).map_err(|_| RequestError::Form)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(RequestError::Form)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?));
        let old = old.map(Size).ok_or(RequestError::OldLine)?;
        if lines.clone().nth(MAX_HASHES).is_some() {
            return Err(RequestError::TooManyHashes);
        }
        let hash =
            |line: &str| decode_hash(line).ok_or_else(|| RequestError::HashLine { line: line.to_owned() });
        let proof = lines.map(hash).collect::<Result<_, _>>()?;
        Ok(Self { old, proof, checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())? })
    }
}

/// The request's text.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", encode_base64(&hash.0)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// What a witness knows of a log before it has cosigned anything of it: the empty tree, which every tree continues.
#[must_use]
pub fn nothing_known() -> Root {
    Root { size: Size(0), hash: hash::empty() }
}

/// Whether a witness that trusts `log_keys` for the checkpoint's origin, and cosigned `known` last, may cosign: the
/// checkpoint is then to be stored as the last one, before any signature leaves.
///
/// # Errors
/// [`Refusal`], the first in the order of its variants.
pub fn judge(
    request: &AddCheckpoint,
    log_keys: &[NoteVerifier],
    known: &Root,
) -> Result<VerifiedCheckpoint, Refusal> {
    let stated = request.checkpoint.unverified();
    if log_keys.is_empty() {
        return Err(Refusal::UnknownLog { origin: stated.origin().to_owned() });
    }
    let checkpoint = request.checkpoint.verify(stated.origin(), log_keys).map_err(Refusal::NotSigned)?;
    let (old, new) = (request.old, checkpoint.size());
    if old > new {
        return Err(Refusal::OldLarger { old, new });
    }
    if old != known.size {
        return Err(Refusal::OtherSize { known: known.size });
    }
    check_consistency(known, &checkpoint.root(), &request.proof)?;
    Ok(checkpoint)
}

/// Reads a witness's answer: its signature lines, one or more. Whose they are, and whether they hold, is not looked at.
///
/// # Errors
/// [`NoteError`]: `NotUtf8`, `TextEnd`, `TooManySignatures`, `SignatureLine`.
pub fn read_answer(bytes: &[u8]) -> Result<Vec<NoteSignature>, NoteError> {
    let text = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
    let lines = text.strip_suffix('\n').ok_or(NoteError::TextEnd)?;
    if lines.split('\n').nth(crate::note::MAX_SIGNATURES).is_some() {
        return Err(NoteError::TooManySignatures);
    }
    lines.split('\n').map(NoteSignature::parse).collect()
}

/// Reads a witness's answer that the old size is another one: the size that it knows.
#[must_use]
pub fn read_size(bytes: &[u8]) -> Option<Size> {
    decimal(std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?).map(Size)
}

#[cfg(test)]
mod tests;

//! Handing records in for the least that is worth having: the entry with the proof that it stands in the log, and a signed
//! checkpoint. For those who hand in many and keep few receipts.
//!
//! spec: http.md#prefer

use crate::client::Client;
use crate::error::{CallError, CheckpointFault, Distrust, SubmitError};
use crate::http::{Send, unexpected};
use procura_core::checkpoint::VerifiedCheckpoint;
use procura_core::entry::{Entry, EntryError};
use procura_core::tlog_proof::{TlogProof, TlogProofError};
use procura_core::tree::ProofError;
use procura_core::{Hash, Index, b64, hash};
use serde_json::Value;

const PATH: &str = "/v1/records";

/// Why an answer is not the promise that a record stands in the log.
#[derive(Debug, thiserror::Error)]
pub enum PromiseFault {
    /// The entry is none.
    #[error("the entry is none: {0}")]
    Entry(#[from] EntryError),
    /// It is that of another record, or states another status than that record starts with.
    #[error("the entry is not the record's")]
    OtherRecord,
    /// The proof is none.
    #[error("the proof is none: {0}")]
    Proof(#[from] TlogProofError),
    /// The entry does not stand where the proof says.
    #[error("the entry does not stand under the checkpoint: {0}")]
    Inclusion(#[from] ProofError),
    /// The checkpoint is not signed as the policy wants.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
}

impl PromiseFault {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Entry(_) => "entry_malformed",
            Self::OtherRecord => "other_record",
            Self::Proof(error) => error.name(),
            Self::Inclusion(_) => "inclusion",
            Self::Checkpoint(error) => error.name(),
        }
    }
}

/// An entry under a checkpoint that is signed as the policy wants. It counts once [`Client::hold`] has held that checkpoint
/// against the ones seen.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    pub(crate) entry: Entry,
    pub(crate) index: Index,
    pub(crate) checkpoint: VerifiedCheckpoint,
}

impl Client {
    /// Hands in the record with this id, once.
    pub(crate) fn hand_in_for_promise(&self, id: &Hash, submission: &str) -> Result<Promise, SubmitError> {
        let reply = match self.server.post(PATH, Send::Minimal(submission), None) {
            Ok(reply) => reply,
            Err(CallError::Refused(problem)) => return Err(SubmitError::of(problem)),
            Err(error) => return Err(SubmitError::Unknown(error)),
        };
        let answer = reply.json(PATH).map_err(SubmitError::Unknown)?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let entry = text("entry").and_then(|entry| b64::decode(entry).ok());
        let (Some(entry), Some(proof)) = (entry, text("proof")) else {
            return Err(SubmitError::Unknown(unexpected(PATH, "it has no entry and proof")));
        };
        Ok(self.check_promise(id, &entry, proof).map_err(Distrust::Promise)?)
    }

    fn check_promise(&self, id: &Hash, bytes: &[u8], proof: &str) -> Result<Promise, PromiseFault> {
        let entry = Entry::decode(bytes)?;
        if entry.id() != Some(*id) {
            return Err(PromiseFault::OtherRecord);
        }
        let proof = TlogProof::parse(proof.as_bytes())?;
        proof.check_inclusion(hash::leaf(bytes))?;
        // The text that the signatures are on is the one that the path leads to.
        let checkpoint = self.check_signatures(&proof.checkpoint.to_string())?;
        Ok(Promise { entry, index: proof.index, checkpoint })
    }
}

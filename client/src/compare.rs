//! Two readers who compare: what somebody else was shown of a ledger is held against what was seen here. Each of two histories is
//! right by itself; only who has seen both knows.
//!
//! spec: log.md#monitors

use crate::client::Client;
use crate::error::CheckpointFault;
use crate::store::Seen;
use crate::tiles::LogError;
use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::receipt::Receipt;
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::Root;

/// The signed checkpoint in what somebody hands on: it itself, a C2SP tlog-proof, or a receipt. `None`: it is none of these.
#[must_use]
pub fn checkpoint_in(bytes: &[u8]) -> Option<SignedCheckpoint> {
    let of_proof = |bytes: &[u8]| TlogProof::parse(bytes).ok().map(|proof| proof.checkpoint);
    let of_receipt = || of_proof(Receipt::parse(bytes).ok()?.proof.as_bytes());
    SignedCheckpoint::parse(bytes).ok().or_else(|| of_proof(bytes)).or_else(of_receipt)
}

/// A checkpoint that is of one history with the one seen here.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The one that was shown to somebody else.
    pub shown: VerifiedCheckpoint,
    /// The one seen here.
    pub seen: Root,
}

impl Client {
    /// Holds a checkpoint that somebody else was shown against the one seen here, or if there is none against the one that the ledger
    /// publishes. The ledger's own signature on it is enough to convict it; it is not believed, nor kept.
    ///
    /// # Errors
    /// [`LogError`]; a fork is kept as evidence. [`LogError::Beyond`]: the server has less, so nothing can be told.
    pub fn compare(&self, shown: &SignedCheckpoint) -> Result<Compared, LogError> {
        let keys: Vec<_> = self.policy.log_keys.iter().map(|log_key| log_key.key.clone()).collect();
        let shown = shown.verify(&self.policy.origin, &keys).map_err(CheckpointFault::from)?;
        let published = self.checkpoint()?;
        let seen = self.seen()?.unwrap_or_else(|| Seen::of(&published));
        let (one, other) = (seen.root(), shown.root());
        let of_one_history = Compared { shown, seen: one };
        if one == other {
            return Ok(of_one_history);
        }
        let shown = Seen::of(&of_one_history.shown);
        if one.size == other.size {
            return Err(self.fork(&seen, &shown, None)?.into());
        }
        match self.leads_on(one, other) {
            Ok(true) => Ok(of_one_history),
            Ok(false) => Err(self.fork(&seen, &shown, None)?.into()),
            Err(LogError::Call(_)) if other.size > published.size() => {
                Err(LogError::Beyond { asked: other.size.0, size: published.size() })
            }
            Err(error @ LogError::Call(_)) => Err(error),
            // It has as many entries, and not these.
            Err(_) => Err(self.fork(&seen, &shown, None)?.into()),
        }
    }
}

//! Evidence that a withdrawal was kept out of the ledger: relays had it, and a receipt from well after shows what it withdraws as if it had never
//! been signed.
//!
//! Two sides contradict each other, the ledger and the relays: who lies, the file alone does not tell. With each further relay it is less likely
//! to be all of them.

use super::{EvidenceError, Verdict};
use crate::relay::InHand;
use procura_core::entry::Entry;
use procura_core::kinds::{Content, Revocation};
use procura_core::receipt::{InHandError, Policy, Question, RELAY_TERM_MS, Receipt};
use procura_core::record::Record;
use procura_core::{Hash, Millis};
use std::collections::BTreeSet;

/// A withdrawal that relays had, and a status receipt from after that lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The withdrawal, with the relays' notes.
    pub in_hand: InHand,
    /// The status receipt of what it withdraws, as it came.
    pub receipt: Vec<u8>,
}

impl Suppressed {
    pub(super) fn check(&self, policy: &Policy) -> Result<Verdict, EvidenceError> {
        self.relays(policy).map(|_| Verdict::OneOfTwo)
    }

    /// The institutions whose notes contradict the ledger.
    pub(super) fn relays(&self, policy: &Policy) -> Result<BTreeSet<Hash>, EvidenceError> {
        let no_fault = |what: &str| EvidenceError::NoFault(what.to_owned());
        let record = Record::parse(&self.in_hand.record).map_err(InHandError::from)?;
        // Of a notice, and of what can be lifted again, an active record says nothing.
        let is_for_good = matches!(
            record.content(),
            Content::Revocation(Revocation { effective: None })
                | Content::Renunciation(_)
                | Content::KeyEnd(_)
        );
        let receipt = Receipt::parse(&self.receipt)?;
        if !is_for_good || !matches!(receipt.question, Question::Status { through: None, as_of: None, .. }) {
            return Err(no_fault("it is not the status of what a record ends for good"));
        }
        let Ok(Entry::Commit(commit)) = Entry::decode(&receipt.commit) else {
            return Err(no_fault("the receipt has no index commit"));
        };
        let policy = super::unwitnessed(policy);
        let withdrawn = self.in_hand.withdraws(&self.receipt, &policy, commit.time)?;
        if withdrawn.had_ended() {
            return Err(no_fault("what it withdraws had ended"));
        }
        let said = self.in_hand.relayed(&policy)?;
        let is_after = |time: Millis| time.0.saturating_add(RELAY_TERM_MS) <= withdrawn.receipt_time().0;
        let counts =
            said.iter().filter(|said| is_after(said.time()) && Some(said.relay()) != withdrawn.signed_by());
        let relays: BTreeSet<Hash> = counts.map(|said| *said.relay()).collect();
        if relays.is_empty() { Err(no_fault("no relay had it ten minutes before")) } else { Ok(relays) }
    }
}

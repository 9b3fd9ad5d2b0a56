//! No receipt of a logged access, no entry, and nothing told: every request shows one, and it is verified here against the ledger's policy
//! alone.
//!
//! What is handed in is bound to its access by a digest in the access itself: the ledger has decided on this document, and whoever declares
//! has signed it. Whom the document names must be whom the access is about; who that is in the ledger is proven once, and remembered.

use procura_client::Client;
use procura_client::PartyFound;
use procura_client::bulk::{Bulk, Tried};
use procura_client::guard::{Guard, Release, Withheld};
use procura_core::conditions::{Part, Property, Scalar};
use procura_core::identifier::Identifier;
use procura_core::{Hash, Millis};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the ledger is asked who somebody is.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many identifiers are remembered at most.
const MOST_KNOWN: usize = 1 << 16;

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// The receipt is none, or does not permit this.
    #[error("the receipt does not allow this: {0}")]
    Withheld(#[from] Withheld),
    /// It allows something else: another category or purpose, another document.
    #[error("the receipt is about something else than what was sent")]
    OtherDocument,
    /// The document is about somebody else than the access.
    #[error("what was sent is about somebody else than the access")]
    OtherParty,
    /// The ledger does not answer now.
    #[error("the ledger does not answer now: come again")]
    LedgerAway,
}

impl NotAdmitted {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Withheld(error) => error.name(),
            Self::OtherDocument => "other_document",
            Self::OtherParty => "other_party",
            Self::LedgerAway => "ledger_away",
        }
    }
}

/// What lets requests in.
pub struct Admission {
    guard: Guard,
    client: Arc<Client>,
    max_age_ms: u64,
    known: Mutex<HashMap<Identifier, Hash>>,
}

impl Admission {
    /// For the party of this client.
    ///
    /// # Errors
    /// If the client has no key.
    pub fn new(client: Arc<Client>) -> Result<Self, procura_client::TokenError> {
        let office = client.own_party()?;
        let policy = client.policy().clone();
        let max_age_ms = policy.max_age_s.saturating_mul(1000);
        Ok(Self { guard: Guard::new(policy, office), client, max_age_ms, known: Mutex::default() })
    }

    /// The same, of a service that people reach with their browsers at an origin: their receipts say where they were to go.
    #[must_use]
    pub fn reached_at(mut self, origin: &str) -> Self {
        self.guard = self.guard.reached_at(origin);
        self
    }

    /// Accesses logged before this are not admitted at `now` any more.
    #[must_use]
    pub fn too_old_before(&self, now: Millis) -> Millis {
        // Ages are counted in whole seconds.
        Millis(now.0.saturating_sub(self.max_age_ms).saturating_sub(1_000))
    }

    /// How much longer the receipt of an access, logged at `at`, is taken.
    #[must_use]
    pub fn fresh_for(&self, at: Millis, now: Millis) -> Duration {
        Duration::from_millis(at.0.saturating_add(self.max_age_ms).saturating_sub(now.0))
    }

    /// The access that a receipt proves, and permits.
    ///
    /// # Errors
    /// [`NotAdmitted::Withheld`].
    pub fn access(&self, receipt: &Value, now: Millis) -> Result<Release, NotAdmitted> {
        Ok(self.guard.examine(receipt.to_string().as_bytes(), now)?)
    }

    /// The access under which a document comes: about `named`, in this category and for this purpose.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub fn document(
        &self,
        receipt: &Value,
        digest: &Hash,
        (category, purpose): (&str, &str),
        named: &Identifier,
        now: Millis,
    ) -> Result<Release, NotAdmitted> {
        let release = self.access(receipt, now)?;
        let stated = Property::new(Part::Resource, crate::declaration::PROPERTY)
            .and_then(|property| release.access.properties.get(&property).cloned());
        let is_this = stated == Some(Scalar::Text(digest.to_string()));
        if release.access.category != category || release.access.purpose != purpose || !is_this {
            return Err(NotAdmitted::OtherDocument);
        }
        if self.party(named)? != Some(release.access.subject) {
            return Err(NotAdmitted::OtherParty);
        }
        Ok(release)
    }

    /// Who is registered under an identifier, proven.
    fn party(&self, who: &Identifier) -> Result<Option<Hash>, NotAdmitted> {
        if let Some(party) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(who) {
            return Ok(Some(*party));
        }
        let found = Bulk::new(&self.client, 1, PATIENCE).find_parties(std::slice::from_ref(who)).pop();
        match found {
            Some(Tried::Done(PartyFound::Registered(party))) => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                if known.len() >= MOST_KNOWN {
                    known.clear();
                }
                known.insert(who.clone(), party);
                Ok(Some(party))
            }
            Some(Tried::Done(PartyFound::Prepared(_)) | Tried::Refused(_)) => Ok(None),
            Some(Tried::GaveUp) | None => Err(NotAdmitted::LedgerAway),
        }
    }
}

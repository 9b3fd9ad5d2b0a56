//! What a registrar does for somebody whom it has identified: finds them by their identifier or registers them, and binds
//! the key that their browser made. However they were identified, by the demo's desk or an identity provider, these are the same records.
//!
//! spec: kinds.md#who-may-not-sign, http.md#enrolment

use crate::enrol::{By, Enrolled};
use crate::private::{self, PrivateError};
use procura_core::Hash;
use procura_core::admission::Refusal;
use procura_core::disclosure::DisclosureError;
use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::Identifier;
use procura_core::key::{PublicKey, SignError};
use procura_core::kinds::{Assurance, PartyType};
use procura_core::status::Status;
use procura_ledger::{Clock, Ledger, Random, ReadError, SubmitError};
use serde_json::json;
use std::sync::Arc;

/// Why somebody was not registered, or their key not bound.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    /// Nobody has this id, or not one of the kind that is asked for.
    #[error("nobody has this id")]
    Nobody,
    /// The ledger refused it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No randomness.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The registrar's key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A name or label does not fit.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

impl RegistrarError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Nobody => "not_found",
            Self::Submit(_) => "registrar_refused",
            Self::Read(_) => "registrar_read",
            Self::Private(error) => error.name(),
            Self::Sign(error) => error.name(),
            Self::Disclosure(error) => error.name(),
        }
    }
}

/// An enrolment that was begun: for whom, and the nonce that the new key's record will have.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// The party.
    pub party: Hash,
    /// 32 fresh bytes.
    pub nonce: [u8; 32],
}

/// A key that somebody made, with what proves that they have it.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key.
    pub key: PublicKey,
    /// Its signature over what [`procura_core::kinds::proof_of_possession_message`] says.
    pub possession: [u8; 64],
    /// What its holder calls it; it is withheld.
    pub label: Option<String>,
}

/// A key that was bound.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// The key record's id.
    pub kid: Hash,
    /// On what it rests: `first`, `cosigned` by the party's first key, or `recovery`, which counts only once a registrar accepts it.
    pub basis: &'static str,
}

/// A registrar: a party of this ledger, and the key that it signs with.
pub struct Registrar {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    me: Enrolled,
}

impl Registrar {
    /// Whoever registers here. That it may is for the ledger to say, at each record.
    #[must_use]
    pub fn new(ledger: Ledger, clock: Arc<dyn Clock>, random: Arc<dyn Random>, me: Enrolled) -> Self {
        Self { ledger, clock, random, me }
    }

    /// The ledger that it registers in.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The person with this identifier: as they are, confirmed if the ledger only prepared them, or registered now.
    ///
    /// # Errors
    /// [`RegistrarError`].
    pub fn person(&self, identifier: &Identifier, name: Option<&str>) -> Result<Hash, RegistrarError> {
        let salts = [self.bytes()?, self.bytes()?];
        let occasion = self.occasion(self.bytes()?);
        let handle = self.bytes()?;
        let draft = Draft::party(&occasion, PartyType::Person, handle, identifier, name, &salts)?;
        match self.hand_in(draft, self.me.by()) {
            Err(RegistrarError::Submit(SubmitError::Refused(Refusal::PartyExists))) => {
                self.confirmed(identifier)
            }
            outcome => outcome,
        }
    }

    /// Whoever has the identifier already; if the ledger prepared them because somebody else named them, the registrar confirms them.
    fn confirmed(&self, identifier: &Identifier) -> Result<Hash, RegistrarError> {
        let view = self.ledger.view();
        let party = view.party_of(identifier)?.ok_or(RegistrarError::Nobody)?;
        if view.status(&party)? == Some(Status::PENDING) {
            let draft = Draft::on("acceptance", &self.occasion(self.bytes()?), &party);
            self.hand_in(draft, self.me.by())?;
        }
        Ok(party)
    }

    /// Begins to bind a key of a party's.
    ///
    /// # Errors
    /// [`RegistrarError::Private`] without randomness.
    pub fn begin(&self, party: Hash) -> Result<Begun, RegistrarError> {
        Ok(Begun { party, nonce: self.bytes()? })
    }

    /// Binds the key of an enrolment that was begun, as the party's first or, if there was one, to recover. A nonce that was used is
    /// the caller's to refuse.
    ///
    /// # Errors
    /// [`RegistrarError`].
    pub fn bind(&self, begun: &Begun, new: &NewKey, sure: Assurance) -> Result<Bound, RegistrarError> {
        match self.bind_as("first", begun, new, sure, self.me.by()) {
            Err(RegistrarError::Submit(SubmitError::Refused(Refusal::NotFirst))) => {
                self.bind_as("recovery", begun, new, sure, self.me.by())
            }
            outcome => outcome,
        }
    }

    /// Binds it on a basis of the caller's choice, signed by whom that asks for.
    pub(crate) fn bind_as(
        &self,
        basis: &'static str,
        begun: &Begun,
        new: &NewKey,
        sure: Assurance,
        by: By<'_>,
    ) -> Result<Bound, RegistrarError> {
        let occasion = self.occasion(begun.nonce);
        let draft = Draft::key(&occasion, &begun.party, &new.key, &new.possession, basis, sure.name());
        let draft = match &new.label {
            Some(label) => draft.withheld("label", &json!(label), &self.bytes()?)?,
            None => draft,
        };
        Ok(Bound { kid: self.hand_in(draft, by)?, basis })
    }

    /// Accepts a recovery key once its delay is over, as a registrar does after a second look at whoever asks. One that counts already is left as it is.
    ///
    /// # Errors
    /// [`RegistrarError`], in it the ledger's refusal if it is too early.
    pub fn recover(&self, kid: &Hash) -> Result<(), RegistrarError> {
        let key = self.ledger.view().key(kid)?.ok_or(RegistrarError::Nobody)?;
        if key.status != Status::ACTIVE {
            let draft = Draft::on("acceptance", &self.occasion(self.bytes()?), kid);
            self.hand_in(draft, self.me.by())?;
        }
        Ok(())
    }

    pub(crate) fn hand_in(&self, draft: Draft, by: By<'_>) -> Result<Hash, RegistrarError> {
        Ok(self.ledger.append(draft.sign(by.kid, by.signer)?)?.id)
    }

    pub(crate) fn occasion(&self, nonce: [u8; 32]) -> Occasion<'_> {
        Occasion { origin: self.ledger.origin(), nonce, now: self.clock.now() }
    }

    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], PrivateError> {
        private::fresh(&*self.random)
    }
}

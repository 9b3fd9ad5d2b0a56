//! What this client's party signs: an occasion fresh for each record, and the signature by its own key.

use crate::client::Client;
use crate::error::TokenError;
use procura_core::Hash;
use procura_core::draft::{Draft, Occasion};
use procura_core::key::SignError;
use procura_core::submission::Submission;

/// Why nothing was signed. Nothing was sent either.
#[derive(Debug, thiserror::Error)]
pub enum SignFault {
    /// The client has no key.
    #[error(transparent)]
    NoIdentity(TokenError),
    /// The machine has no randomness.
    #[error("this machine has no randomness: {0}")]
    Random(String),
    /// The key did not sign.
    #[error("the key did not sign: {0}")]
    Sign(#[from] SignError),
}

impl SignFault {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::NoIdentity(error) => error.name(),
            Self::Random(_) => "random",
            Self::Sign(error) => error.name(),
        }
    }
}

impl Client {
    /// An occasion to sign one record now, for this client's ledger.
    ///
    /// # Errors
    /// [`SignFault::Random`].
    pub fn occasion(&self) -> Result<Occasion<'_>, SignFault> {
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).map_err(|error| SignFault::Random(error.to_string()))?;
        Ok(Occasion { origin: &self.policy.origin, nonce, now: self.now() })
    }

    /// Signs a record with this client's key: its id, and what is handed in. Who keeps that before it is sent may send it again
    /// after whatever happens, and it is logged once.
    ///
    /// # Errors
    /// [`SignFault`].
    pub fn sign(&self, draft: Draft) -> Result<(Hash, Submission), SignFault> {
        let identity = self.identity.as_ref().ok_or(SignFault::NoIdentity(TokenError::NoIdentity))?;
        let id = draft.id();
        Ok((id, draft.sign(&identity.kid, identity.signer.as_ref())?))
    }
}

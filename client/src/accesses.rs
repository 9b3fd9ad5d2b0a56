//! Accesses: logging one, and what was decided on it, told to those whom it concerns.
//!
//! spec: http.md#ours, decisions.md#accesses

use crate::client::{Client, Proven};
use crate::error::{ReadError, SubmitError};
use crate::signing::SignFault;
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::receipt::{Mode, VerifiedAccess, VerifyError, verify_access};
use procura_core::submission::Submission;
use serde_json::{Value, json};

/// What is asked of a source: whose data, of which category, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking<'a> {
    /// For whom, if not for oneself.
    pub on_behalf_of: Option<Hash>,
    /// Whose data it is.
    pub subject: Hash,
    /// Who holds it.
    pub source: Hash,
    /// The category's code.
    pub category: &'a str,
    /// The purpose's code.
    pub purpose: &'a str,
    /// What conditions, or the source, look at: an object of `subject`, `action`, `resource`, `context`, each an object of texts, integers and booleans.
    pub properties: Option<Value>,
}

/// Why an access is not known to be logged.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It was not signed, nor sent.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// It was not logged, or that is not known.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl AccessError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Sign(error) => error.name(),
            Self::Submit(error) => error.name(),
        }
    }
}

impl Client {
    /// Logs an access of this client's party. What was decided on it, yes or no, comes with the receipt that its source wants to see.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn access(&self, asking: &Asking<'_>) -> Result<Proven<VerifiedAccess>, AccessError> {
        let (id, submission) = self.sign_access(asking)?;
        Ok(self.submit_access(&submission, &id)?)
    }

    /// The access alone, signed: its id, and what [`Client::submit`] takes. Who keeps it before it is sent may send it again after
    /// whatever happens, and the person finds one look in their list, not two.
    ///
    /// # Errors
    /// [`SignFault`].
    pub fn sign_access(&self, asking: &Asking<'_>) -> Result<(Hash, Submission), SignFault> {
        let actor = self.own_party().map_err(SignFault::NoIdentity)?;
        let mut draft = Draft::new("access", &self.occasion()?)
            .member("actor", json!(actor))
            .member("subject", json!(asking.subject))
            .member("source", json!(asking.source))
            .member("category", json!(asking.category))
            .member("purpose", json!(asking.purpose));
        if let Some(principal) = &asking.on_behalf_of {
            draft = draft.member("on_behalf_of", json!(principal));
        }
        if let Some(properties) = &asking.properties {
            draft = draft.member("properties", properties.clone());
        }
        self.sign(draft)
    }

    /// What was decided on the access `id`, whenever that was, by the key-ends known now.
    ///
    /// # Errors
    /// [`ReadError`]; a refusal `evidence_erased` if it can't be proven any more.
    pub fn decided(&self, id: &Hash) -> Result<Proven<VerifiedAccess>, ReadError> {
        let asking = self.asking()?;
        let path = format!("/v1/accesses/{id}");
        let reply = self.private(|token| self.server.get(&path, Some(token)))?;
        let now = self.now();
        asking.believe(reply, Mode::Historic, |bytes, policy, mode| {
            let answer = verify_access(bytes, id, policy, mode)?;
            // The access may be old; what is known of the keys under it must not be.
            let age_s = now.0.saturating_sub(answer.receipt().time().0) / 1000;
            if age_s > policy.max_age_s {
                return Err(VerifyError::Stale { age_s, max_age_s: policy.max_age_s });
            }
            Ok(answer)
        })
    }
}

//! Records that a server writes of its own accord, each once: signed, kept in a file, then logged. A start that broke
//! off is taken up where it stopped, because a record that was kept is found again by its id.

use crate::private::{self, PrivateError};
use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::Identifier;
use procura_core::key::{SignError, Signer};
use procura_core::kinds::{PartyType, proof_of_possession_message};
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_core::{Hash, disclosure::DisclosureError};
use procura_ledger::{Clock, Ledger, Random, ReadError, SubmitError};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// A file of ours.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The ledger refused it.
    #[error("the ledger did not take the record {step:?}: {source}")]
    Submit {
        /// Which record.
        step: String,
        /// Why.
        source: SubmitError,
    },
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The signer did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What is withheld does not fit.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

impl EnrolError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Private(error) => error.name(),
            Self::Submit { .. } => "enrol_refused",
            Self::Read(_) => "enrol_read",
            Self::Sign(error) => error.name(),
            Self::Disclosure(error) => error.name(),
        }
    }
}

/// A party in the ledger with the key that it signs with.
#[derive(Clone)]
pub struct Enrolled {
    /// The party's id.
    pub party: Hash,
    /// The id of its key record.
    pub kid: Hash,
    /// The key.
    pub signer: Arc<dyn Signer>,
}

/// A party to register.
#[derive(Debug, Clone)]
pub struct NewParty<'a> {
    /// What sort of party.
    pub party_type: PartyType,
    /// Who it is.
    pub identifier: Identifier,
    /// What it is called.
    pub name: &'a str,
    /// Its roles, ascending.
    pub roles: &'a [&'a str],
    /// Its level of government.
    pub level: Option<&'a str>,
}

/// Whoever signs: a key and how records name it.
#[derive(Clone, Copy)]
pub struct By<'a> {
    /// The id of the key record, or a root key's thumbprint.
    pub kid: &'a Hash,
    /// The key.
    pub signer: &'a dyn Signer,
}

impl Enrolled {
    /// The party as a signer.
    #[must_use]
    pub fn by(&self) -> By<'_> {
        By { kid: &self.kid, signer: &*self.signer }
    }
}

/// Writes records once.
pub struct Writer {
    /// The ledger they go to.
    pub ledger: Ledger,
    /// Where they are kept.
    pub folder: PathBuf,
    /// The time they are signed at.
    pub clock: Arc<dyn Clock>,
    /// Nonces, salts, handles.
    pub random: Arc<dyn Random>,
}

impl Writer {
    /// The record of this step: the one kept, if the ledger has it, or what `draft` makes of it now.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub fn once(
        &self,
        step: &str,
        by: By<'_>,
        draft: impl FnOnce(&Occasion<'_>) -> Result<Draft, EnrolError>,
    ) -> Result<Hash, EnrolError> {
        let path = self.folder.join(format!("{step}.json"));
        if let Some(bytes) = private::read(&path)? {
            let kept = Submission::parse(&bytes).ok().and_then(|kept| Record::parse(&kept.record).ok());
            let id = kept.ok_or_else(|| PrivateError::malformed(&path, "submission"))?.id();
            if self.ledger.view().record(&id)?.is_some() {
                return Ok(id);
            }
        }
        let origin = self.ledger.origin();
        let occasion = Occasion { origin, nonce: self.bytes()?, now: self.clock.now() };
        let submission = draft(&occasion)?.sign(by.kid, by.signer)?;
        // Kept before it is logged: a crash in between leaves a record that nobody knows, and it is written anew.
        private::write(&path, submission.to_json().as_bytes())?;
        let logged = self.ledger.append(submission);
        Ok(logged.map_err(|source| EnrolError::Submit { step: step.to_owned(), source })?.id)
    }

    /// Registers a party.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub fn party(&self, step: &str, by: By<'_>, new: &NewParty<'_>) -> Result<Hash, EnrolError> {
        self.once(step, by, |occasion| {
            let salts = [self.bytes()?, self.bytes()?];
            let (handle, name) = (self.bytes()?, Some(new.name));
            let draft = Draft::party(occasion, new.party_type, handle, &new.identifier, name, &salts)?;
            let draft = if new.roles.is_empty() { draft } else { draft.member("roles", json!(new.roles)) };
            Ok(match new.level {
                Some(level) => draft.member("level", json!(level)),
                None => draft,
            })
        })
    }

    /// Binds a party's first key.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub fn key(&self, step: &str, by: By<'_>, party: &Hash, key: &dyn Signer) -> Result<Hash, EnrolError> {
        self.once(step, by, |occasion| {
            let public = key.public_key();
            let message = proof_of_possession_message(occasion.origin, party, &public, &occasion.nonce);
            let possession = key.sign(&message)?;
            Ok(Draft::key(occasion, party, &public, &possession, "first", "substantial"))
        })
    }

    fn bytes<const N: usize>(&self) -> Result<[u8; N], PrivateError> {
        private::fresh(&*self.random)
    }
}

//! Records that are signed once: kept in a folder before they are handed in, so that a run that broke off is taken up where it stopped.

use crate::connect::{ConnectError, plain};
use procura_client::keyfile::{KeyFile, KeyFileError, Protection, Registration};
use procura_client::{Client, Identity, SignFault, SubmitError};
use procura_core::Hash;
use procura_core::disclosure::DisclosureError;
use procura_core::draft::Draft;
use procura_core::identifier::Identifier;
use procura_core::key::{SignError, Signer as _};
use procura_core::kinds::{PartyType, proof_of_possession_message};
use procura_core::record::Record;
use procura_core::submission::Submission;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Why a record is not in the ledger.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// A file.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what was written there.
    #[error("{} is damaged: remove its folder, and begin again with a new ledger", .0.display())]
    Damaged(PathBuf),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The ledger cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Nothing was signed.
    #[error(transparent)]
    Fault(#[from] SignFault),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A name is too long.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// The ledger did not take it.
    #[error("the ledger did not take the record {step:?}: {source}")]
    Submit {
        /// Which record.
        step: String,
        /// Why.
        source: Box<SubmitError>,
    },
    /// The machine has no randomness.
    #[error("this machine has no randomness: {0}")]
    Random(String),
}

/// Hands records in once each.
pub struct Enrolment<'c> {
    client: &'c Client,
    folder: PathBuf,
}

/// Somebody to register.
#[derive(Debug, Clone, Copy)]
pub struct NewParty<'a> {
    /// What sort of party.
    pub party_type: PartyType,
    /// Who it is.
    pub identifier: &'a Identifier,
    /// What it is called.
    pub name: &'a str,
    /// Its level of government, if it is an institution.
    pub level: Option<&'a str>,
}

impl<'c> Enrolment<'c> {
    /// With what was signed in a folder.
    ///
    /// # Errors
    /// [`EnrolError::File`].
    pub fn new(client: &'c Client, folder: &Path) -> Result<Self, EnrolError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| EnrolError::File { path: folder.to_owned(), source })?;
        Ok(Self { client, folder: folder.to_owned() })
    }

    /// The id of the record of this step: the one that was signed before, or what `draft` makes now, signed by `by`.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub fn once(
        &self,
        step: &str,
        by: &Identity,
        draft: impl FnOnce() -> Result<Draft, EnrolError>,
    ) -> Result<Hash, EnrolError> {
        let path = self.folder.join(format!("{step}.json"));
        let submission = match std::fs::read(&path) {
            Ok(bytes) => Submission::parse(&bytes).map_err(|_| EnrolError::Damaged(path.clone()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let submission = draft()?.sign(&by.kid, by.signer.as_ref())?;
                // Whole or not at all: a half would never be taken.
                let beside = path.with_extension("new");
                std::fs::write(&beside, submission.to_json())
                    .and_then(|()| std::fs::rename(&beside, &path))
                    .map_err(|source| EnrolError::File { path: path.clone(), source })?;
                submission
            }
            Err(source) => return Err(EnrolError::File { path, source }),
        };
        let record = Record::parse(&submission.record).map_err(|_| EnrolError::Damaged(path))?;
        let submitted = self.client.submit(&submission);
        submitted.map_err(|source| EnrolError::Submit { step: step.to_owned(), source: Box::new(source) })?;
        Ok(record.id())
    }

    /// Registers somebody with a first key, which is made and kept at a path.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub fn party(
        &self,
        step: &str,
        by: &Identity,
        new: &NewParty<'_>,
        key: &Path,
    ) -> Result<Identity, EnrolError> {
        let mut file = match plain(key) {
            Ok(file) => file,
            Err(KeyFileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                let file = KeyFile::generate()?;
                file.save_new(key, &Protection::Plain)?;
                file
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(identity) = file.identity() {
            return Ok(identity);
        }
        let party = self.once(&format!("{step}-party"), by, || {
            let (salts, handle) = ([fresh()?, fresh()?], fresh()?);
            let occasion = self.client.occasion()?;
            let name = Some(new.name);
            let draft = Draft::party(&occasion, new.party_type, handle, new.identifier, name, &salts)?;
            Ok(match new.level {
                Some(level) => draft.member("level", json!(level)),
                None => draft,
            })
        })?;
        let signer = file.signer();
        let kid = self.once(&format!("{step}-key"), by, || {
            let (occasion, public) = (self.client.occasion()?, signer.public_key());
            let message = proof_of_possession_message(occasion.origin, &party, &public, &occasion.nonce);
            Ok(Draft::key(&occasion, &party, &public, &signer.sign(&message)?, "first", "substantial"))
        })?;
        file.registration = Registration {
            kid: Some(kid),
            party: Some(party),
            origin: Some(self.client.policy().origin.clone()),
            name: Some(new.name.to_owned()),
            identifier: Some(new.identifier.text()),
        };
        file.save(key, &Protection::Plain)?;
        Ok(Identity { kid, party, signer: std::sync::Arc::new(signer) })
    }
}

fn fresh<const N: usize>() -> Result<[u8; N], EnrolError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| EnrolError::Random(error.to_string()))?;
    Ok(bytes)
}

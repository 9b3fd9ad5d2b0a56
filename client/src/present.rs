//! Showing a mandate or consent to one verifier, by a key of one of its parties; and, of the verifier, asking for it and taking each
//! answer once.
//!
//! spec: presentations.md

use crate::client::{Client, Identity};
use crate::error::{ReadError, TokenError};
use crate::shown::Shown;
use procura_core::conditions::Properties;
use procura_core::decide::{AuthZen, PartyRef};
use procura_core::key::SignError;
use procura_core::kinds::{Content, sides_of};
use procura_core::presentation::{
    Asked, Challenge, Part, Parts, Presentation, PresentationError, VerifiedPresentation, verify_presentation,
};
use procura_core::receipt::{Policy, Receipt, ReceiptError};
use procura_core::record::Record;
use procura_core::{Hash, Millis};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// A record of one's own, by its id.
    Record(Hash),
    /// One that others show by its [address](Shown): of an office by whoever has a role in it.
    Address(Shown),
}

/// A presentation, and what it proves to whoever made the challenge.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The presentation.
    pub presentation: Presentation,
    /// What its verifier finds.
    pub found: VerifiedPresentation,
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum PresentError {
    /// A receipt was not had, or is not believed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A verifier would refuse it.
    #[error("it can't be shown: {0}")]
    Refused(#[from] PresentationError),
}

impl PresentError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Read(error) => error.name(),
            Self::Sign(error) => error.name(),
            Self::Refused(error) => error.name(),
        }
    }
}

impl From<ReceiptError> for PresentError {
    fn from(error: ReceiptError) -> Self {
        PresentationError::Form(Part::Mandate, error).into()
    }
}

impl Client {
    /// Shows a mandate or consent for a challenge, signed by this client's key; everything is withheld that the challenge does not
    /// need. It is verified as its verifier will, so that nothing is handed over that would be refused.
    ///
    /// # Errors
    /// [`PresentError`].
    pub fn present(&self, which: &Which, challenge: &Challenge) -> Result<Presented, PresentError> {
        let identity = self.identity().ok_or(ReadError::Token(TokenError::NoIdentity))?;
        let mandate = match which {
            Which::Record(id) => Receipt::parse(self.status(id)?.receipt())?,
            Which::Address(shown) => Receipt::parse(self.shown(shown)?.receipt())?,
        };
        let record = shown_in(&mandate).ok_or(PresentationError::NotAGrant)?;
        let party = self.party_of(identity, &record)?;
        let authority = match &challenge.question {
            Some(asked) => Some(self.permit(identity, &party, &record, asked)?),
            None => None,
        };
        let mut parts = Parts { mandate, key: None, party: None, authority };
        loop {
            let made = parts.clone().showing(challenge, &party);
            let made = made.sign(challenge, &identity.kid, identity.signer.as_ref(), self.now())?;
            let bytes = made.to_json();
            match verify_presentation(bytes.as_bytes(), challenge, self.policy(), self.now()) {
                Ok(found) => return Ok(Presented { presentation: made, found }),
                Err(error) => self.complete(identity, &mut parts, error)?,
            }
        }
    }

    /// Adds what a verifier would lack, each once; any other refusal stands.
    fn complete(
        &self,
        identity: &Identity,
        parts: &mut Parts,
        error: PresentationError,
    ) -> Result<(), PresentError> {
        let lacks = matches!(error.name(), "missing_record" | "missing_list" | "unopened");
        match error.part() {
            Some(Part::Mandate) if lacks && parts.key.is_none() => {
                parts.key = Some(Receipt::parse(self.status(&identity.kid)?.receipt())?);
            }
            Some(Part::Mandate | Part::Key) if lacks && parts.party.is_none() => {
                parts.party = Some(Receipt::parse(self.status(&identity.party)?.receipt())?);
            }
            _ => return Err(error.into()),
        }
        Ok(())
    }

    /// The party for whom it is shown: one's own, or the one that one's role is under.
    fn party_of(&self, identity: &Identity, record: &Record) -> Result<Hash, PresentError> {
        let is_party =
            |id: &Hash| sides_of(record).is_some_and(|(from, to)| from.contains(id) || to.contains(id));
        if is_party(&identity.party) {
            return Ok(identity.party);
        }
        let own = self.status(&identity.party)?;
        let under = match own.answer().logged().opened.as_ref().map(|opened| opened.record.content()) {
            Some(Content::Party(party)) => party.under.filter(is_party),
            _ => None,
        };
        under.ok_or_else(|| PresentationError::NotAParty.into())
    }

    /// The answer to a question about the mandate: of whoever may be meant the first that is permitted.
    fn permit(
        &self,
        identity: &Identity,
        party: &Hash,
        record: &Record,
        asked: &Asked,
    ) -> Result<Receipt, PresentError> {
        let (from, to) = sides_of(record).ok_or(PresentationError::NotAGrant)?;
        let pairs: Vec<(Hash, Hash)> = match from.contains(party) {
            true => to.iter().map(|actor| (*actor, *party)).collect(),
            false => from.iter().map(|subject| (identity.party, *subject)).collect(),
        };
        let mut denied = None;
        for (actor, subject) in pairs {
            let answer = self.check(&AuthZen {
                actor: PartyRef::Id(actor),
                subject: PartyRef::Id(subject),
                on_behalf_of: None,
                together_with: Vec::new(),
                category: asked.category.clone(),
                purpose: asked.purpose.clone(),
                properties: Properties::default(),
                emergency: false,
            })?;
            let decision = answer.answer().decision();
            if decision.permit {
                return Ok(Receipt::parse(answer.receipt())?);
            }
            denied = Some(decision.reason);
        }
        Err(PresentationError::NotPermitted(denied).into())
    }
}

/// The record that a receipt is about.
fn shown_in(receipt: &Receipt) -> Option<Record> {
    let procura_core::receipt::Question::Status { id, .. } = &receipt.question else { return None };
    let bodies = receipt.entries.iter().filter_map(|entry| entry.sealed.as_ref());
    bodies.filter_map(|sealed| Record::parse(&sealed.body).ok()).find(|record| record.id() == *id)
}

/// How long a challenge is open.
const OPEN: Duration = Duration::from_secs(24 * 3600);

/// A verifier's open challenges: a folder with a file for each, that several programs may share. An answer is taken once, and only
/// to what was asked here: whatever is not open is refused, so that nothing must be remembered of what was taken.
#[derive(Debug, Clone)]
pub struct Challenges {
    folder: PathBuf,
}

/// Why a presentation is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It proves nothing. Its challenge stays open.
    #[error("what was shown does not hold: {0}")]
    Refused(#[from] PresentationError),
    /// No such challenge is open: it was not made here, was answered already, or is over a day old.
    #[error(
        "no such challenge is open here: it was made elsewhere, was answered already, or is over a day old"
    )]
    NotOpen,
    /// The folder could not be read or written.
    #[error("the challenges at {path} cannot be kept: {error}")]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl NotTaken {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Refused(error) => error.name(),
            Self::NotOpen => "challenge_not_open",
            Self::Folder { .. } => "challenges",
        }
    }
}

impl Challenges {
    /// Those in a folder, which is made when it is needed.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Opens a challenge, whose nonce must be fresh; those that are over a day old are closed.
    ///
    /// # Errors
    /// [`NotTaken::Folder`].
    pub fn open(&self, challenge: &Challenge) -> Result<(), NotTaken> {
        let failed = |error| self.failed(error);
        fs::create_dir_all(&self.folder).map_err(failed)?;
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if is_over(&entry.path()) {
                // Another program may have been faster.
                drop(fs::remove_file(entry.path()));
            }
        }
        fs::write(self.path(&challenge.nonce), challenge.to_json()).map_err(failed)
    }

    /// The open challenge that a presentation says it answers; nothing of that is checked.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn asked(&self, presentation: &[u8]) -> Result<Challenge, NotTaken> {
        let nonce = Presentation::parse(presentation)?.unverified_nonce().ok_or(PresentationError::Claims)?;
        let path = self.path(&nonce);
        let text = fs::read(&path).map_err(|error| self.absent(error))?;
        if is_over(&path) {
            return Err(NotTaken::NotOpen);
        }
        Challenge::parse(&text).map_err(|error| self.failed(io::Error::other(error)))
    }

    /// Takes an answer to one of them, and closes it: of several that come at once, one is taken.
    ///
    /// # Errors
    /// [`NotTaken`]; then the challenge stays open.
    pub fn take(
        &self,
        presentation: &[u8],
        policy: &Policy,
        now: Millis,
    ) -> Result<VerifiedPresentation, NotTaken> {
        let challenge = self.asked(presentation)?;
        let found = verify_presentation(presentation, &challenge, policy, now)?;
        // Only one can remove it.
        fs::remove_file(self.path(&challenge.nonce)).map_err(|error| self.absent(error))?;
        Ok(found)
    }

    fn absent(&self, error: io::Error) -> NotTaken {
        match error.kind() {
            io::ErrorKind::NotFound => NotTaken::NotOpen,
            _ => self.failed(error),
        }
    }

    fn path(&self, nonce: &Hash) -> PathBuf {
        self.folder.join(format!("{nonce}.json"))
    }

    fn failed(&self, error: io::Error) -> NotTaken {
        NotTaken::Folder { path: self.folder.clone(), error }
    }
}

/// Whether a file is over a day old; one of which that can't be told is not.
fn is_over(path: &Path) -> bool {
    let made = fs::metadata(path).and_then(|meta| meta.modified());
    made.is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age > OPEN))
}

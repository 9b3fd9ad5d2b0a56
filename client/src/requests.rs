//! Asking somebody by a link that works once, and giving what was asked for.
//!
//! spec: kinds.md#asking, http.md#links

use crate::client::{Client, Proven};
use crate::error::{ReadError, SubmitError};
use crate::signing::SignFault;
use crate::submit::Submitted;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::hash::link_commitment;
use procura_core::kinds::{Content, Request, Validity};
use procura_core::receipt::VerifiedStatus;
use procura_core::{Hash, Millis, b64};
use serde_json::json;

/// A link, and the request that it leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The bytes: whoever has them may answer. [`crate::link_address`] makes an address of them, which a QR code shows.
    pub link: [u8; 32],
    /// The request's id.
    pub id: Hash,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked {{ id: {:?}, link: … }}", self.id)
    }
}

/// What was given on a request.
#[derive(Debug, Clone)]
pub struct Given {
    /// The consent's or mandate's id.
    pub id: Hash,
    /// For which days.
    pub validity: Validity,
    /// Its status: a consent is active, a mandate waits for whoever takes it.
    pub proven: Proven<VerifiedStatus>,
}

/// Why nothing was asked, or given.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It was not signed.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// The request could not be read: nobody made the link, or it was used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger does not take it, or that is not known.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// What the link leads to is no request: an invitation is accepted, not given.
    #[error("the link leads to no request")]
    NoRequest,
    /// The time asked for is over, or the last day given lies before it.
    #[error("the last day is before the first")]
    NoDay,
}

impl AnswerError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Sign(error) => error.name(),
            Self::Read(error) => error.name(),
            Self::Submit(error) => error.name(),
            Self::NoRequest => "not_a_request",
            Self::NoDay => "validity",
        }
    }
}

impl Client {
    /// Asks whoever gets the link: for a consent on scopes and purposes, or for a mandate where there are no purposes.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn ask_by_link(
        &self,
        catalogue: &Hash,
        (scopes, purposes): (&[String], &[String]),
        validity: &Validity,
        answer_by: Millis,
    ) -> Result<Asked, AnswerError> {
        let own = self.own_party().map_err(SignFault::NoIdentity)?;
        let mut link = [0; 32];
        getrandom::fill(&mut link).map_err(|error| SignFault::Random(error.to_string()))?;
        let draft =
            Draft::request(&self.occasion()?, &own, catalogue, (scopes, purposes), validity, answer_by)
                .member("link", json!(link_commitment(&link)));
        let (id, submission) = self.sign(draft)?;
        self.submit(&submission)?;
        Ok(Asked { link, id })
    }

    /// Gives all that the request behind a link asks for, until its last day or an earlier one. What is asked is the caller's to
    /// look at first ([`Client::linked`]).
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn give_by_link(&self, link: &[u8; 32], until: Option<Day>) -> Result<Given, AnswerError> {
        let proven = self.linked(link)?;
        let logged = proven.answer().logged();
        let request = logged.opened.as_ref().map(|opened| opened.record.content());
        let (Some(Content::Request(request)), Some(id)) = (request, logged.entry.id()) else {
            return Err(AnswerError::NoRequest);
        };
        self.give_asked((&id, request), Some(link), until)
    }

    /// The same for a request that was read before, by its link if it has one. Two signatures, one gesture: the answer names the very
    /// grant that follows.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn give_asked(
        &self,
        (id, request): (&Hash, &Request),
        link: Option<&[u8; 32]>,
        until: Option<Day>,
    ) -> Result<Given, AnswerError> {
        let asked = request.validity;
        let today = Day::of(self.now()).unwrap_or(asked.valid_from);
        let until = match (until, asked.valid_until) {
            (Some(until), Some(last)) => Some(until.min(last)),
            (until, last) => until.or(last),
        };
        let validity = Validity::of_days(asked.valid_from.max(today), until);
        if validity.not_after.is_some_and(|end| end <= validity.not_before) {
            return Err(AnswerError::NoDay);
        }
        let own = self.own_party().map_err(SignFault::NoIdentity)?;
        let grant = Draft::asked_for(&self.occasion()?, (id, request), &own, &validity);
        let mut yes = Draft::on("acceptance", &self.occasion()?, id).member("grant", json!(grant.id()));
        if let Some(link) = link {
            yes = yes.member("link", json!(b64::encode(link)));
        }
        self.submit(&self.sign(yes)?.1)?;
        let (id, grant) = self.sign(grant)?;
        match self.submit(&grant)? {
            Submitted::Status(proven) => Ok(Given { id, validity, proven }),
            // A mandate and a consent have a status: `submit` asks for nothing else.
            Submitted::Existence(_) | Submitted::Access(_) => Err(AnswerError::NoRequest),
        }
    }
}

//! Why a presentation is not believed.
//!
//! spec: presentations.md#verification

use super::wire::Part;
use crate::decide::Reason;
use crate::json::{JsonError, MemberError};
use crate::jws::JwsError;
use crate::key::SignatureError;
use crate::receipt::{ReceiptError, VerifyError};

/// Why a presentation is not believed. The variants stand in the order of the checks; [`PresentationError::name`] is stable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PresentationError {
    /// More than 4 MiB, or than a receipt's values.
    #[error("the presentation is larger than any that this version takes")]
    TooLarge,
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A later version.
    #[error("the presentation is of version {0}; this software reads 1")]
    Version(u64),
    /// A receipt in it is none.
    #[error("its receipt {0}: {1}")]
    Form(Part, ReceiptError),
    /// The verifier asks for a ledger that it does not trust.
    #[error("the challenge is for another ledger than the policy's")]
    WrongOrigin,
    /// The key binding is no JWS of ours.
    #[error("the key binding: {0}")]
    Binding(#[from] JwsError),
    /// Its claims are not the four.
    #[error("the key binding does not claim exactly aud, iat, nonce and sd_hash, in canonical form")]
    Claims,
    /// Made for somebody else.
    #[error("it was made for another verifier")]
    Aud,
    /// Made for another challenge.
    #[error("it was made for another challenge")]
    Nonce,
    /// Signed too long ago, or ahead.
    #[error("it was signed more than five minutes from now")]
    Iat,
    /// A receipt does not verify.
    #[error("its receipt {0}: {1}")]
    Receipt(Part, VerifyError),
    /// Something else than a mandate or a consent.
    #[error("what it shows is neither a mandate nor a consent")]
    NotAGrant,
    /// The key binding is over other disclosures, or another record.
    #[error("the key binding is not over the record and the disclosures that are shown")]
    SdHash,
    /// The mandate is not active, or not at this time, or nobody is there any more whom it is from.
    #[error("it does not hold: {0:?}")]
    Holds(Reason),
    /// The key binding names something else than a key.
    #[error("the key binding names no key")]
    UnknownKey,
    /// The key has ended or is suspended.
    #[error("the key is not in force")]
    KeyNotActive,
    /// Its party, or the one that its role is under, is not active.
    #[error("the key's party is not in force")]
    PartyNotActive,
    /// The signature is not the key's.
    #[error("the key binding does not verify: {0}")]
    Signature(#[from] SignatureError),
    /// Whoever shows it is no party of it.
    #[error("the key is not of a party of the mandate")]
    NotAParty,
    /// A question without an answer, or an answer without a question.
    #[error("it answers no question where one is asked, or one where none is")]
    Question,
    /// What is asked is not permitted, or rests on another mandate.
    #[error("what is asked is not permitted by this mandate")]
    NotPermitted(Option<Reason>),
    /// It shows what was not asked for.
    #[error("it shows more of what may be withheld than was asked for")]
    Unasked,
    /// It does not show what was asked for.
    #[error("it does not show {0:?}, which was asked for")]
    NotShown(&'static str),
}

impl PresentationError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Json(_) | Self::Member(_) => "malformed",
            Self::Version(_) => "unknown_version",
            Self::Form(_, error) => error.name(),
            Self::WrongOrigin => "wrong_origin",
            Self::Binding(error) => error.name(),
            Self::Claims => "kb_claims",
            Self::Aud => "kb_aud",
            Self::Nonce => "kb_nonce",
            Self::Iat => "kb_iat",
            Self::Receipt(_, error) => error.name(),
            Self::NotAGrant => "not_a_grant",
            Self::SdHash => "kb_sd_hash",
            Self::Holds(reason) => reason.name(),
            Self::UnknownKey => "unknown_key",
            Self::KeyNotActive => "key_not_active",
            Self::PartyNotActive => "party_not_active",
            Self::Signature(_) => "kb_signature",
            Self::NotAParty => "not_a_party",
            Self::Question => "question",
            Self::NotPermitted(_) => "not_permitted",
            Self::Unasked => "unasked",
            Self::NotShown(_) => "not_shown",
        }
    }

    /// Which receipt it speaks of, if it is of one.
    #[must_use]
    pub const fn part(&self) -> Option<Part> {
        match self {
            Self::Form(part, _) | Self::Receipt(part, _) => Some(*part),
            _ => None,
        }
    }
}

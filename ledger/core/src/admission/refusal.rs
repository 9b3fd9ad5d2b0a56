//! Why a submission is not logged.
//!
//! spec: records.md#refusals

use crate::judge::Verdict;
use crate::key::SignatureError;
use crate::kinds::NotAllowed;
use crate::kv::Unreadable;
use crate::log_keys::NotContinued;
use crate::record::{OutOfTime, RecordError};
use crate::schemes::SchemeError;
use crate::source::{Lack, OpeningError};

/// Why a submission is not logged. [`Refusal::name`] is stable; the text never holds a value of the submission.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The record's form is wrong.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A disclosure is too large.
    #[error("a disclosure is larger than 8192 bytes")]
    Oversized,
    /// The record is for another ledger.
    #[error("\"/origin\" names another ledger")]
    WrongOrigin,
    /// A member that must be disclosed is not, or is not what it must be.
    #[error("the withheld member {0} is missing or of another form")]
    Withheld(&'static str),
    /// The identifier's check digits, or its form, are wrong.
    #[error("the identifier is not a valid one of its scheme: {0}")]
    Identifier(&'static str),
    /// The handle is missing, surplus, or not the one committed to.
    #[error("the handle does not come with the record, or is not the one that it commits to")]
    Handle,
    /// No key has this id.
    #[error("the signing key is not in the ledger")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the signature does not verify: {0}")]
    Signature(SignatureError),
    /// Too early or too late.
    #[error(transparent)]
    Time(#[from] OutOfTime),
    /// A party is not registered.
    #[error("{pointer:?} names no party of this ledger; look the identifier up again")]
    UnknownParty {
        /// Its place in the payload.
        pointer: &'static str,
    },
    /// The target is not there.
    #[error("\"/target\" names no record of this ledger that can be moved")]
    UnknownTarget,
    /// The catalogue is not there, or no longer in force.
    #[error("\"/catalogue\" names no catalogue in force")]
    UnknownCatalogue,
    /// The signing key is not active.
    #[error("the signing key is not active")]
    KeyNotActive,
    /// The signer, or a party named, is not active.
    #[error("a party is not active")]
    PartyNotActive,
    /// The signing key was compromised.
    #[error("the signing key is reported as compromised")]
    KeyCompromised,
    /// The kinds table does not allow it.
    #[error(transparent)]
    NotAllowed(NotAllowed),
    /// Too many keys between this one and the root.
    #[error("too many keys signed one another between this one and the root; let a registrar bind a new one")]
    ChainTooLong,
    /// The target's status does not allow it.
    #[error("the target's status does not allow this: it has ended, or this was done already")]
    Move,
    /// The days and the instants of a validity differ.
    #[error("not_before and not_after are not the instants of the days stated, in Europe/Brussels")]
    ValidityMismatch,
    /// The grant reaches back.
    #[error("\"/valid_from\" lies before the day of signing")]
    Retroactive,
    /// A scope is not in the catalogue.
    #[error("\"/scopes\" has a code that the catalogue does not have")]
    UnknownScope,
    /// A purpose is not in the catalogue.
    #[error("\"/purposes\" has a code that the catalogue does not have")]
    UnknownPurpose,
    /// A mandate does not begin or end where a period of the catalogue does.
    #[error("{0:?} is not the first instant of a period as the catalogue asks for it")]
    Period(&'static str),
    /// A life event is said to happen later.
    #[error("\"/effective\" lies ahead: a life event is recorded once it has happened")]
    Ahead,
    /// No catalogue in force lets the party be registered under this identifier.
    #[error(transparent)]
    Scheme(#[from] SchemeError),
    /// The ledger cannot compute aliases now.
    #[error("the ledger has no VRF key at hand: until its operator puts it back nobody new is registered")]
    NoVrfKey,
    /// The identifier is registered already, or was.
    #[error("this identifier is registered already; a provisional party is confirmed by an acceptance")]
    PartyExists,
    /// The party has a key already.
    #[error("the party has had a key before: this one is not its first")]
    NotFirst,
    /// A further key-end must reach further back.
    #[error("the key has ended; a further key-end must have an earlier compromised_since")]
    NotEarlier,
    /// Another hook has the number.
    #[error("a hook of this party has this number; end it first, or take another number")]
    NumberTaken,
    /// Something that has not ended rests on what is to be erased.
    #[error("a record to be erased has not ended, or another that has not ended rests on it")]
    InForce,
    /// What is to be erased must be kept.
    #[error("a record to be erased is under a legal hold")]
    LegalHold,
    /// The parties stated are not those in whose lists it stands.
    #[error("\"/parties\" are not those in whose lists the records to be erased stand")]
    Parties,
    /// A list of log keys takes something back.
    #[error("the list of log keys does not continue the one in force: {0}")]
    LogKeys(NotContinued),
    /// What the answer needs was erased.
    #[error("a record that this one rests on was erased")]
    Erased,
    /// The state cannot be read; nothing is said about the submission.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Refusal {
    /// The refusal's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Record(error) => error.name(),
            Self::Oversized => "oversized",
            Self::WrongOrigin => "wrong_origin",
            Self::Withheld(_) => "withheld_member",
            Self::Identifier(name) => name,
            Self::Handle => "handle",
            Self::UnknownKey => "unknown_key",
            Self::Signature(_) => "signature",
            Self::Time(OutOfTime::Early) => "too_early",
            Self::Time(OutOfTime::Late) => "too_late",
            Self::UnknownParty { .. } => "unknown_party",
            Self::UnknownTarget => "unknown_target",
            Self::UnknownCatalogue => "unknown_catalogue",
            Self::KeyNotActive => "key_not_active",
            Self::PartyNotActive => "party_not_active",
            Self::KeyCompromised => "key_compromised",
            Self::NotAllowed(error) => error.name(),
            Self::ChainTooLong => "chain_too_long",
            Self::Move => "move",
            Self::ValidityMismatch => "validity_mismatch",
            Self::Retroactive => "retroactive",
            Self::UnknownScope => "unknown_scope",
            Self::UnknownPurpose => "unknown_purpose",
            Self::Period(_) => "period",
            Self::Ahead => "ahead",
            Self::Scheme(error) => error.name(),
            Self::NoVrfKey => "no_vrf_key",
            Self::PartyExists => "party_exists",
            Self::NotFirst => "not_first",
            Self::NotEarlier => "not_earlier",
            Self::NumberTaken => "number_taken",
            Self::InForce => "in_force",
            Self::LegalHold => "legal_hold",
            Self::Parties => "parties",
            Self::LogKeys(_) => "log_keys",
            Self::Erased => "erased",
            Self::Unreadable(_) => "not_ready",
        }
    }

    /// Where in the payload, as an RFC 6901 pointer, if there is a place.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::Record(error) => error.pointer(),
            Self::WrongOrigin => Some("/origin"),
            Self::Withheld(_) | Self::Identifier(_) | Self::Scheme(_) => Some("/_sd"),
            Self::Handle => Some("/handle"),
            Self::Time(OutOfTime::Early) => Some("/iat"),
            Self::Time(OutOfTime::Late) => Some("/submit_by"),
            Self::UnknownParty { pointer } | Self::Period(pointer) => Some(pointer),
            Self::Ahead => Some("/effective"),
            Self::UnknownTarget | Self::Move => Some("/target"),
            Self::UnknownCatalogue => Some("/catalogue"),
            Self::ValidityMismatch => Some("/not_before"),
            Self::Retroactive => Some("/valid_from"),
            Self::UnknownScope => Some("/scopes"),
            Self::UnknownPurpose => Some("/purposes"),
            Self::NotFirst => Some("/basis"),
            Self::NotEarlier => Some("/compromised_since"),
            Self::NumberTaken => Some("/number"),
            Self::InForce | Self::LegalHold => Some("/targets"),
            Self::Parties => Some("/parties"),
            Self::LogKeys(_) => Some("/log_keys"),
            Self::NotAllowed(NotAllowed::Link) => Some("/link"),
            Self::NotAllowed(NotAllowed::AnswerBy) => Some("/answer_by"),
            Self::NotAllowed(NotAllowed::Request) => Some("/request"),
            _ => None,
        }
    }
}

impl From<Verdict> for Refusal {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::UnknownSigner(_) => Self::UnknownKey,
            Verdict::Signature(_, error) => Self::Signature(error),
            Verdict::KeyNotActive(_) => Self::KeyNotActive,
            Verdict::PartyNotActive(_) => Self::PartyNotActive,
            Verdict::KeyCompromised(_) => Self::KeyCompromised,
            Verdict::NotAllowed(_, error) => Self::NotAllowed(error),
            Verdict::ChainTooLong(_) => Self::ChainTooLong,
            Verdict::Lack(lack) => lack.into(),
        }
    }
}

impl From<Lack> for Refusal {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Opening(OpeningError::Move(_)) => Self::Move,
            Lack::Unopened { .. } => Self::Erased,
            Lack::Unreadable(unreadable) => Self::Unreadable(unreadable),
            other => Self::Unreadable(Unreadable(other.to_string())),
        }
    }
}

//! Why a decision is what it is, and what would change it.
//!
//! spec: decisions.md#reasons

use crate::kinds::Assurance;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Why the answer is what it is. The order of the denials is their rank: the one highest in the table is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The actor is the subject.
    #[serde(rename = "self")]
    Own,
    /// By law.
    LegalBasis,
    /// Under the subject's consent.
    Consent,
    /// Under a mandate.
    Mandate,
    /// By law, in an emergency.
    Emergency,
    /// No catalogue has the category.
    UnknownCategory,
    /// No catalogue has the purpose.
    UnknownPurpose,
    /// A party is registered but not active.
    PartyNotActive,
    /// More mandatees must act together.
    Together,
    /// The category asks for surer keys.
    Assurance,
    /// A condition is not met.
    Condition,
    /// A grant is disputed.
    Disputed,
    /// A grant is suspended.
    Suspended,
    /// A grant is from somebody under protection.
    Protected,
    /// A grant waits for signatures.
    NotAccepted,
    /// A grant starts later.
    NotYetValid,
    /// A grant's last day has passed.
    Expired,
    /// A signature under a grant no longer counts.
    SignatureVoid,
    /// Those whom a grant is from or to are no more.
    Lapsed,
    /// The mandate that a grant is under does not hold.
    UnderEnded,
    /// A grant was ended.
    Ended,
    /// There are grants, none covers this.
    OutOfScope,
    /// Nothing.
    NoAuthority,
}

impl Reason {
    /// Whether it is that of a permit.
    #[must_use]
    pub const fn permits(self) -> bool {
        matches!(self, Self::Own | Self::LegalBasis | Self::Consent | Self::Mandate | Self::Emergency)
    }

    /// The reason's stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::LegalBasis => "legal_basis",
            Self::Consent => "consent",
            Self::Mandate => "mandate",
            Self::Emergency => "emergency",
            Self::UnknownCategory => "unknown_category",
            Self::UnknownPurpose => "unknown_purpose",
            Self::PartyNotActive => "party_not_active",
            Self::Together => "together",
            Self::Assurance => "assurance",
            Self::Condition => "condition",
            Self::Disputed => "disputed",
            Self::Suspended => "suspended",
            Self::Protected => "protected",
            Self::NotAccepted => "not_accepted",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::SignatureVoid => "signature_void",
            Self::Lapsed => "lapsed",
            Self::UnderEnded => "under_ended",
            Self::Ended => "ended",
            Self::OutOfScope => "out_of_scope",
            Self::NoAuthority => "no_authority",
        }
    }
}

/// What would turn a denial into a permit, where the caller can bring it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// So many mandatees must act together.
    Together(usize),
    /// The grant must be given anew with keys this sure.
    Assurance(Level),
    /// A condition looks at this property of the request, an RFC 6901 pointer; it was not sent.
    Property(String),
    /// It would be permitted in an emergency, by an access that says so and why. Always `true`.
    Emergency(#[serde(deserialize_with = "only_true")] bool),
}

fn only_true<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    match bool::deserialize(value)? {
        true => Ok(true),
        false => Err(D::Error::custom("only true is said")),
    }
}

/// An assurance that a catalogue may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Substantial.
    Substantial,
    /// High.
    High,
}

impl Level {
    /// The level that a catalogue asks for.
    #[must_use]
    pub const fn of(assurance: Assurance) -> Self {
        match assurance {
            Assurance::High => Self::High,
            Assurance::Low | Assurance::Substantial => Self::Substantial,
        }
    }
}

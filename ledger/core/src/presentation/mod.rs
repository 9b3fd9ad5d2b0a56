//! Presentations: a mandate or consent shown to one verifier, once, by a party of it.
//!
//! The verifier makes a [`Challenge`]; the holder answers it with a [`Presentation`]: receipts, and a Key Binding JWT (RFC 9901) over
//! the challenge's nonce by a key of theirs; [`verify_presentation`] makes a [`VerifiedPresentation`] of it. That a nonce is taken
//! once is the verifier's to remember.
//!
//! spec: presentations.md

mod binding;
mod challenge;
mod fault;
mod grant;
mod holder;
mod verify;
mod wire;

pub use challenge::{Asked, Audience, Challenge, ChallengeError, Showable};
pub use fault::PresentationError;
pub use verify::{Side, VerifiedPresentation, verify_presentation};
pub use wire::{Part, Parts, Presentation};

/// The media type of a presentation.
pub const MEDIA_TYPE: &str = "application/vnd.procura.presentation+json";
/// The media type of a challenge.
pub const CHALLENGE_MEDIA_TYPE: &str = "application/vnd.procura.challenge+json";

//! The Key Binding JWT (RFC 9901 section 4.3): a key's word that these disclosures of this record are for this verifier, now.
//!
//! spec: presentations.md#presentation

use super::challenge::Challenge;
use super::fault::PresentationError;
use crate::hash::sha256;
use crate::json::{MemberError, Members, canonical};
use crate::jws::Jws;
use crate::key::{SignError, Signer};
use crate::source::Sealed;
use crate::{Hash, Millis};
use serde_json::json;

/// `typ` of a key binding.
const TYP: &str = "kb+jwt";
/// How far its time may lie from the verifier's, in milliseconds.
const WITHIN_MS: u64 = 300_000;

/// A key binding that was read. Its signature is for whoever knows the key.
pub(super) struct Binding {
    pub(super) jws: Jws,
    sd_hash: Hash,
}

impl Binding {
    /// Reads one that is for this challenge, now.
    pub(super) fn read(text: &str, challenge: &Challenge, now: Millis) -> Result<Self, PresentationError> {
        let jws = Jws::parse(text, TYP)?;
        let claims = Members::parse_canonical(jws.payload()).map_err(|_| PresentationError::Claims)?;
        let claims = Claims::read(claims).map_err(|_| PresentationError::Claims)?;
        if claims.aud != challenge.aud.as_str() {
            return Err(PresentationError::Aud);
        }
        if claims.nonce != challenge.nonce.to_string() {
            return Err(PresentationError::Nonce);
        }
        if claims.iat.saturating_mul(1000).abs_diff(now.0) > WITHIN_MS {
            return Err(PresentationError::Iat);
        }
        Ok(Self { jws, sd_hash: claims.sd_hash })
    }

    /// Signs one for a challenge, over a record and its disclosures as they are shown.
    pub(super) fn sign(
        challenge: &Challenge,
        shown: &Sealed,
        kid: &Hash,
        signer: &dyn Signer,
        now: Millis,
    ) -> Result<String, SignError> {
        let claims = json!({
            "aud": challenge.aud.as_str(), "iat": now.0 / 1000, "nonce": challenge.nonce, "sd_hash": sd_hash(shown),
        });
        Jws::sign(kid, TYP, &canonical(&claims), signer)
    }

    /// Whether it is over this record with these disclosures.
    pub(super) fn is_over(&self, shown: &Sealed) -> bool {
        self.sd_hash == sd_hash(shown)
    }
}

struct Claims {
    aud: String,
    iat: u64,
    nonce: String,
    sd_hash: Hash,
}

impl Claims {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        let claims = Self {
            aud: members.take_str("aud")?,
            iat: members.take_u64("iat")?,
            nonce: members.take_str("nonce")?,
            sd_hash: members.take_hash("sd_hash")?,
        };
        members.finish()?;
        Ok(claims)
    }
}

/// The nonce that a key binding claims.
pub(super) fn nonce_of(text: &str) -> Option<Hash> {
    let jws = Jws::parse(text, TYP).ok()?;
    let claims = Claims::read(Members::parse_canonical(jws.payload()).ok()?).ok()?;
    claims.nonce.parse().ok()
}

/// A record and its disclosures as an SD-JWT: a `~` behind each (RFC 9901 section 4).
pub(super) fn sd_jwt(shown: &Sealed) -> String {
    std::iter::once(&shown.body).chain(&shown.disclosures).flat_map(|text| [text.as_str(), "~"]).collect()
}

/// RFC 9901 section 4.3.1.
fn sd_hash(shown: &Sealed) -> Hash {
    sha256(&[sd_jwt(shown).as_bytes()])
}

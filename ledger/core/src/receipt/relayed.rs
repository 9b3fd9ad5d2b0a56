//! A relay's note: an institution says that it had a record in hand, and when. With it a record that is kept out of the ledger leaves evidence.
//!
//! spec: records.md#relays

use super::fault::VerifyError;
use super::policy::Policy;
use super::question::Question;
use super::verify::{Mode, ground};
use super::wire::Receipt;
use crate::hash::sha256;
use crate::json::{Field, JsonError, MemberError, Members, canonical};
use crate::judge::Judge;
use crate::jws::{Jws, JwsError};
use crate::key::{SignError, SignatureError, Signer};
use crate::kinds::{Content, PartyType};
use crate::receipt::walk::{self, WalkError};
use crate::record::{CLOCK_SKEW_MS, Record};
use crate::source::Source as _;
use crate::status::Status;
use crate::{Hash, Millis};
use serde_json::json;

/// The `typ` of a note's protected header: a record's signature is none on a note, nor the other way round.
pub const RELAY_TYP: &str = "procura-relay+jws";
/// How long after a note's time a ledger may at most be without the record: time for the relay to pass it on, and for the ledger to be busy.
pub const RELAY_TERM_MS: u64 = 10 * 60 * 1000;

/// Why a note says nothing of a record.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RelayError {
    /// No JWS of a relay's.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// Its payload is not in canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another type.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// Of a later version.
    #[error("the note is of version {0}; this version reads 1")]
    Version(u64),
    /// About another record, another signature of it, or another ledger.
    #[error("the note is about another record")]
    OtherRecord,
    /// Dated before the record was signed.
    #[error("the note is dated before the record was signed")]
    Time,
    /// The receipt of the relay's key does not hold, or is another's.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The relay's key was not active.
    #[error("the relay's key is not active, or was not there yet")]
    KeyNotActive,
    /// The signature does not verify.
    #[error("the note's signature does not verify: {0}")]
    Signature(#[from] SignatureError),
    /// The key is not an institution's.
    #[error("the relay is no institution")]
    NotAnInstitution,
}

impl RelayError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Jws(error) => error.name(),
            Self::Json(error) => error.name(),
            Self::Member(error) => error.name(),
            Self::Version(_) => "unknown_version",
            Self::OtherRecord => "other_record",
            Self::Time => "relay_time",
            Self::Verify(error) => error.name(),
            Self::KeyNotActive => "key_not_active",
            Self::Signature(_) => "signature",
            Self::NotAnInstitution => "not_an_institution",
        }
    }
}

/// A note that counts. Only verification makes this value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedRelayed {
    relay: Hash,
    time: Millis,
}

impl VerifiedRelayed {
    /// The institution, by the id of its party record.
    #[must_use]
    pub const fn relay(&self) -> &Hash {
        &self.relay
    }

    /// When it had the record, by its word.
    #[must_use]
    pub const fn time(&self) -> Millis {
        self.time
    }
}

/// A relay's note on a record: that it had it at `time`. `kid` is the id of the relay's key record.
///
/// # Errors
/// [`SignError`] from the signer.
pub fn relay_note(
    record: &Record,
    time: Millis,
    kid: &Hash,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let payload = json!({
        "body": sha256(&[record.text().as_bytes()]),
        "id": record.id(),
        "origin": record.common().origin,
        "time": time,
        "v": 1,
    });
    Jws::sign(kid, RELAY_TYP, &canonical(&payload), signer)
}

/// Verifies what a relay's note says of a record. `key` is the status receipt of the relay's key; of any age.
///
/// # Errors
/// [`RelayError`]: the first check that fails, in the order of the spec.
pub fn verify_relayed(
    note: &str,
    record: &Record,
    key: &[u8],
    policy: &Policy,
) -> Result<VerifiedRelayed, RelayError> {
    let jws = Jws::parse(note, RELAY_TYP)?;
    let mut members = Members::parse_canonical(jws.payload())?;
    let version = members.take_u64("v")?;
    if version != 1 {
        return Err(RelayError::Version(version));
    }
    let (origin, id) = (members.take_str("origin")?, members.take_hash("id")?);
    let (body, time) = (members.take_hash("body")?, members.take("time", Field::millis)?);
    members.finish()?;
    let is_record = id == record.id() && body == sha256(&[record.text().as_bytes()]);
    if !is_record || origin != record.common().origin || origin != policy.origin {
        return Err(RelayError::OtherRecord);
    }
    if time.0.saturating_add(CLOCK_SKEW_MS) < record.common().signed_at.0 {
        return Err(RelayError::Time);
    }
    let key = Receipt::parse(key).map_err(VerifyError::from)?;
    if !matches!(key.question, Question::Status { id, through: None, as_of: None } if id == *jws.kid()) {
        return Err(VerifyError::OtherQuestion.into());
    }
    let (_, evidence) = ground(&key, &policy.clone().with_pin(None), Mode::Historic)?;
    let judge = Judge::new(&evidence);
    let failed = |error: WalkError| RelayError::Verify(error.into());
    walk::root(&judge).map_err(failed)?;
    let standing = judge.standing(jws.kid()).map_err(WalkError::from).map_err(failed)?;
    let opened = standing.create.opened().map_err(WalkError::from).map_err(failed)?;
    let Content::Key(bound) = opened.record.content() else { return Err(VerifyError::OtherQuestion.into()) };
    if standing.list.status() != Some(Status::ACTIVE) || standing.create.entry.time() > time {
        return Err(RelayError::KeyNotActive);
    }
    jws.verify(&bound.public_key)?;
    let party = evidence.record(&bound.party).map_err(WalkError::from).map_err(failed)?;
    let is_institution = party.opened.as_ref().is_some_and(|party| {
        matches!(party.record.content(), Content::Party(party) if party.party_type == PartyType::Institution)
    });
    if !is_institution {
        return Err(RelayError::NotAnInstitution);
    }
    Ok(VerifiedRelayed { relay: bound.party, time })
}

//! A record: a signed statement, read strictly and typed by its kind.
//!
//! spec: records.md

use crate::disclosure::{DisclosureError, admit, present};
use crate::json::{Field, JsonError, MemberError, Members, parse_canonical};
use crate::jws::{Jws, JwsError};
use crate::key::KeyError;
use crate::kinds::{self, Content, KeyEnd, Revocation, Row};
use crate::log_keys::is_list;
use crate::{Hash, Millis};
use serde_json::Value;
use std::collections::BTreeMap;

/// The `typ` of every record's protected header.
pub const TYP: &str = "procura+jws";
/// The largest body in bytes.
pub const MAX_BODY_BYTES: usize = 65_536;
/// How long after `iat` a record may be logged at most.
pub const MAX_SUBMIT_MS: u64 = 7 * 24 * 3600 * 1000;
/// How far `iat` may lie ahead of the entry's time.
pub const CLOCK_SKEW_MS: u64 = 5 * 60 * 1000;

/// Why text is no record. Always the submitter's fault; each variant's [`RecordError::name`] is stable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The body is larger than [`MAX_BODY_BYTES`].
    #[error("the record has {0} bytes; at most 65536 are taken")]
    Oversized(usize),
    /// Not a compact JWS of ours.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The payload is not in canonical form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another type.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A key in the payload is not one to trust.
    #[error("{pointer:?}: {source}")]
    Key {
        /// The key's place in the payload.
        pointer: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The payload's version is not 1.
    #[error("\"/v\" is {0}; this version reads 1")]
    Version(u64),
    /// A kind that a later version defines.
    #[error("\"/kind\" names a kind that this version does not take yet")]
    ReservedKind,
    /// `submit_by` is before `iat` or more than seven days after it.
    #[error("\"/submit_by\" must lie between iat and seven days after it")]
    SubmitBy,
    /// Both parties of a grant are one.
    #[error("{pointer:?}: a party cannot give this to itself")]
    SameParty {
        /// The second of the two.
        pointer: String,
    },
    /// A member is withheld that the kind shows always.
    #[error("a member is withheld that this kind does not let be withheld")]
    NotWithholdable,
    /// A disclosure does not fit the payload.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

impl RecordError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Oversized(_) => "oversized",
            Self::Jws(error) => error.name(),
            Self::Json(error) => error.name(),
            Self::Member(error) => error.name(),
            Self::Key { source, .. } => source.name(),
            Self::Version(_) => "unknown_version",
            Self::ReservedKind => "reserved_kind",
            Self::SubmitBy => "submit_by_range",
            Self::SameParty { .. } => "same_party",
            Self::NotWithholdable => "disclosure_not_allowed",
            Self::Disclosure(error) => error.name(),
        }
    }

    /// Where in the payload, as an RFC 6901 pointer, if there is a place.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::Member(error) => Some(error.pointer()),
            Self::Key { pointer, .. } | Self::SameParty { pointer } => Some(pointer),
            Self::Version(_) => Some("/v"),
            Self::ReservedKind => Some("/kind"),
            Self::SubmitBy => Some("/submit_by"),
            Self::Oversized(_)
            | Self::Jws(_)
            | Self::Json(_)
            | Self::NotWithholdable
            | Self::Disclosure(_) => None,
        }
    }
}

/// A record whose form is right. Its signature, its signer's right to sign and its effect are judged elsewhere.
#[derive(Debug, Clone)]
pub struct Record {
    jws: Jws,
    id: Hash,
    common: Common,
    content: Content,
    row: &'static Row,
}

/// The members that every payload has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// The ledger it is meant for.
    pub origin: String,
    /// 32 random bytes of the signer.
    pub nonce: [u8; 32],
    /// `iat`: when it was signed.
    pub signed_at: Millis,
    /// The last instant at which it may be logged.
    pub submit_by: Millis,
    /// Transitions: the record whose status moves.
    pub target: Option<Hash>,
    /// Digests of the members that may be withheld.
    pub withheld: Vec<Hash>,
}

impl Record {
    /// Reads a compact JWS as a record.
    ///
    /// # Errors
    /// [`RecordError`]: the first thing wrong, in the order of `spec/records.md#refusals`.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        if text.len() > MAX_BODY_BYTES {
            return Err(RecordError::Oversized(text.len()));
        }
        let jws = Jws::parse(text, TYP)?;
        Self::read(jws.id(), jws)
    }

    /// The record of a body that was admitted with this id, which is not computed again.
    ///
    /// # Errors
    /// [`RecordError`], as [`Record::parse`] from the payload on.
    pub(crate) fn admitted(id: Hash, jws: Jws) -> Result<Self, RecordError> {
        Self::read(id, jws)
    }

    fn read(id: Hash, jws: Jws) -> Result<Self, RecordError> {
        let mut members = Members::parse_canonical(jws.payload())?;
        let version = members.take_u64("v")?;
        if version != 1 {
            return Err(RecordError::Version(version));
        }
        let kind = members.take("kind", |field| field.parse("a kind's name", kind_name))?;
        let row = kinds::row(&kind).ok_or(RecordError::ReservedKind)?;
        let common = Common::take(&mut members, row)?;
        let content = (row.parse)(&mut members)?;
        match &content {
            Content::KeyEnd(KeyEnd { compromised_since: Some(since), .. }) if *since > common.signed_at => {
                return Err(members.mistyped("compromised_since", "not after iat").into());
            }
            Content::Revocation(Revocation { effective: Some(end) }) if *end < common.signed_at => {
                return Err(members.mistyped("effective", "not before iat").into());
            }
            Content::LogKeys(list) if !is_list(&list.log_keys, &common.origin) => {
                let expected = "1 to 32 keys of this log, each once, one of them not retired";
                return Err(members.mistyped("log_keys", expected).into());
            }
            _ => {}
        }
        if row.is_closed() {
            members.finish()?;
        }
        Ok(Self { id, jws, common, content, row })
    }

    /// The record's identity.
    #[must_use]
    pub const fn id(&self) -> Hash {
        self.id
    }

    /// The body: the compact JWS as it was handed in.
    #[must_use]
    pub fn text(&self) -> &str {
        self.jws.text()
    }

    /// The members that `disclosures` add; with `all`, as at admission, every digest must be disclosed. Only members that the
    /// kind lets be withheld may be.
    ///
    /// # Errors
    /// [`RecordError::Disclosure`], [`RecordError::NotWithholdable`].
    pub fn disclosed(
        &self,
        disclosures: &[String],
        all: bool,
    ) -> Result<BTreeMap<String, Value>, RecordError> {
        if disclosures.is_empty() && (!all || self.common.withheld.is_empty()) {
            return Ok(BTreeMap::new());
        }
        let payload = parse_canonical(self.jws.payload())?;
        let members = if all { admit(&payload, disclosures)? } else { present(&payload, disclosures)? };
        // Of an unknown kind anything may be withheld but whom it concerns: the ledger files it under them.
        let allowed = |name: &String| match self.row.is_closed() {
            true => self.row.withholdable.contains(&name.as_str()),
            false => name != "parties",
        };
        if members.keys().all(allowed) { Ok(members) } else { Err(RecordError::NotWithholdable) }
    }

    /// The signed envelope.
    #[must_use]
    pub const fn jws(&self) -> &Jws {
        &self.jws
    }

    /// The members that every record has.
    #[must_use]
    pub const fn common(&self) -> &Common {
        &self.common
    }

    /// What the record says, typed by its kind.
    #[must_use]
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The kind's row of the table.
    #[must_use]
    pub const fn row(&self) -> &'static Row {
        self.row
    }

    /// Whether an entry of this time may hold the record: not signed over five minutes later than that, and, unless
    /// it withdraws something, not past `submit_by`.
    ///
    /// # Errors
    /// [`OutOfTime`].
    pub fn check_time(&self, time: Millis) -> Result<(), OutOfTime> {
        if self.common.signed_at.0 > time.0.saturating_add(CLOCK_SKEW_MS) {
            return Err(OutOfTime::Early);
        }
        if time > self.common.submit_by && !self.row.any_time {
            return Err(OutOfTime::Late);
        }
        Ok(())
    }
}

/// Why a record may not be logged at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfTime {
    /// `iat` lies more than five minutes ahead: the signer's clock is wrong.
    #[error("iat lies more than five minutes ahead of the ledger's time")]
    Early,
    /// `submit_by` has passed: sign it anew.
    #[error("submit_by has passed; sign the record anew")]
    Late,
}

impl Common {
    fn take(members: &mut Members, row: &Row) -> Result<Self, RecordError> {
        let has_digests = members.has("_sd");
        let common = Self {
            origin: members.take_str("origin")?,
            nonce: members.take_bytes("nonce")?,
            signed_at: members.take_millis("iat")?,
            submit_by: members.take_millis("submit_by")?,
            target: if row.class == kinds::Class::Transition {
                Some(members.take_hash("target")?)
            } else {
                None
            },
            withheld: members.take_opt("_sd", |field| field.array_of(Field::hash))?.unwrap_or_default(),
        };
        // Here, since a record that withholds nothing is not looked at for disclosures again.
        if has_digests && common.withheld.is_empty() {
            return Err(DisclosureError::Digests.into());
        }
        let last = common.signed_at.0.saturating_add(MAX_SUBMIT_MS);
        if common.submit_by < common.signed_at || common.submit_by.0 > last {
            return Err(RecordError::SubmitBy);
        }
        Ok(common)
    }
}

fn kind_name(text: &str) -> Option<String> {
    let fits = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    fits.then(|| text.to_owned())
}

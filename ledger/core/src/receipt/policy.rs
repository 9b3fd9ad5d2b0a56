//! What a verifier trusts, and what it has seen.
//!
//! spec: receipts.md#policy

use crate::Hash;
use crate::json::{Field, JsonError, MemberError, Members};
use crate::log_keys::LogKey;
use crate::note::NoteVerifier;
use crate::policy::TlogPolicy;
use crate::tree::Root;
use serde_json::{Value, json};

/// The largest policy in bytes.
const MAX_BYTES: usize = 1 << 20;

/// What a verifier trusts.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The ledger's origin.
    pub origin: String,
    /// Its checkpoint keys, retired ones included.
    pub log_keys: Vec<LogKey>,
    /// The leaf hash of entry 0.
    pub entry0: Hash,
    /// How old a fresh answer may be, in seconds.
    pub max_age_s: u64,
    /// Witnesses and how many of them; `None`: a receipt is the operator's signed word.
    pub witnesses: Option<TlogPolicy>,
    /// Map-checkers, all of which must have cosigned.
    pub map_checkers: Vec<NoteVerifier>,
    /// The last checkpoint that this verifier believed.
    pub pin: Option<Pin>,
}

/// A checkpoint that was believed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Its size and root.
    pub root: Root,
}

/// Why text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let mut members = Members::parse_strict(bytes, MAX_BYTES)?;
        if members.take_u64("v")? != 1 {
            return Err(members.mistyped("v", "1").into());
        }
        let policy = Self {
            origin: members.take_str("origin")?,
            log_keys: members.take_array("log_keys", LogKey::read)?,
            entry0: members.take_hash("entry0")?,
            max_age_s: members.take_u64("max_age_s")?,
            witnesses: members.take_opt("witnesses", |field| {
                field.parse("a tlog-policy", |text| TlogPolicy::parse(text.as_bytes()).ok())
            })?,
            map_checkers: members.take_opt("map_checkers", |field| field.array_of(vkey))?.unwrap_or_default(),
            pin: None,
        };
        members.finish()?;
        if policy.log_keys.is_empty() {
            return Err(MemberError::Missing { pointer: "/log_keys/0".to_owned() }.into());
        }
        Ok(policy)
    }

    /// The policy of a ledger that has one key and no witnesses, as JSON.
    #[must_use]
    pub fn plain(origin: &str, log_key: &NoteVerifier, entry0: Hash, max_age_s: u64) -> Value {
        json!({
            "v": 1,
            "origin": origin,
            "log_keys": [{"vkey": log_key.to_string()}],
            "entry0": entry0,
            "max_age_s": max_age_s,
        })
    }

    /// The same policy, with the last checkpoint seen.
    #[must_use]
    pub fn with_pin(mut self, pin: Option<Pin>) -> Self {
        self.pin = pin;
        self
    }
}

fn vkey(field: Field) -> Result<NoteVerifier, MemberError> {
    field.parse("a vkey", |text| NoteVerifier::parse(text).ok())
}

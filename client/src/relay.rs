//! Relays: any institution takes a submission, signs when it had it, and passes it on. A record that the ledger keeps out leaves evidence so,
//! and a withdrawal is good against an answer whether it was logged or not.
//!
//! spec: records.md#relays

use crate::client::Client;
use crate::error::{ReadError, SubmitError, TokenError};
use crate::submit::Submitted;
use procura_core::json::{Field, JsonError, MemberError, Members, parse_strict};
use procura_core::key::SignError;
use procura_core::receipt::{
    InHandError, Policy, RelayError, VerifiedRelayed, VerifiedWithdrawal, relay_note, verify_relayed,
    verify_withdrawal,
};
use procura_core::record::{Record, RecordError};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use serde_json::{Map, Value, json};

/// The largest file that is read: a record with the receipts of keys.
pub const MAX_BYTES: usize = 64 << 20;
/// The most relays of one record.
const MOST_NOTES: usize = 16;

/// A record in hand: signed, with what its signer's key is believed by, and what relays say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHand {
    /// The compact JWS.
    pub record: String,
    /// Its disclosures.
    pub disclosures: Vec<String>,
    /// The status receipt of its signer's key: for whoever has none that shows it.
    pub key: Option<String>,
    /// What relays say.
    pub notes: Vec<Note>,
}

/// A relay's note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The compact JWS.
    pub note: String,
    /// The status receipt of the relay's key.
    pub key: String,
}

/// Why a file holds no record in hand.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InHandFault {
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// Of a later version.
    #[error("the file is of version {0}; this software reads 1")]
    Version(u64),
}

impl InHandFault {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Json(error) => error.name(),
            Self::Member(error) => error.name(),
            Self::Version(_) => "unknown_version",
        }
    }
}

impl InHand {
    /// A record that nobody relayed yet.
    #[must_use]
    pub fn of(submission: &Submission) -> Self {
        let Submission { record, disclosures, .. } = submission.clone();
        Self { record, disclosures, key: None, notes: Vec::new() }
    }

    /// Reads a file: its JSON, or a bare compact JWS.
    ///
    /// # Errors
    /// [`InHandFault`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InHandFault> {
        match std::str::from_utf8(bytes).map(str::trim) {
            Ok(text) if !text.starts_with('{') => Ok(Self::of(&Submission::bare(text.to_owned()))),
            _ => Self::read(Members::new(parse_strict(bytes, MAX_BYTES)?)),
        }
    }

    pub(crate) fn read(mut members: Members) -> Result<Self, InHandFault> {
        let version = members.take_u64("v")?;
        if version != 1 {
            return Err(InHandFault::Version(version));
        }
        let note = |field: Field| {
            let mut members = field.object()?;
            let note = Note { note: members.take_str("note")?, key: members.take_str("key")? };
            members.finish()?;
            Ok(note)
        };
        let in_hand = Self {
            record: members.take_str("record")?,
            disclosures: members
                .take_opt("disclosures", |field| field.array_of(Field::str))?
                .unwrap_or_default(),
            key: members.take_opt("key", Field::str)?,
            notes: members.take_opt("notes", |field| field.array_of(note))?.unwrap_or_default(),
        };
        if in_hand.notes.len() > MOST_NOTES {
            return Err(members.mistyped("notes", "at most 16 notes").into());
        }
        members.finish()?;
        Ok(in_hand)
    }

    /// The file.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut file = Map::new();
        let mut put = |name: &str, value: Value| drop(file.insert(name.to_owned(), value));
        put("v", json!(1));
        put("record", json!(self.record));
        if !self.disclosures.is_empty() {
            put("disclosures", json!(self.disclosures));
        }
        if let Some(key) = &self.key {
            put("key", json!(key));
        }
        if !self.notes.is_empty() {
            let notes = self.notes.iter().map(|note| json!({"note": note.note, "key": note.key}));
            put("notes", notes.collect());
        }
        Value::Object(file)
    }

    /// Whether it puts something out of force on which the answer of a receipt rests that the caller has verified: then the answer
    /// is no.
    ///
    /// # Errors
    /// [`InHandError`].
    pub fn withdraws(
        &self,
        receipt: &[u8],
        policy: &Policy,
        now: Millis,
    ) -> Result<VerifiedWithdrawal, InHandError> {
        let keys: Vec<&[u8]> = self.key.iter().map(String::as_bytes).collect();
        verify_withdrawal(receipt, &self.record, &keys, policy, now)
    }

    /// What each relay says.
    ///
    /// # Errors
    /// [`NoteFault`].
    pub fn relayed(&self, policy: &Policy) -> Result<Vec<VerifiedRelayed>, NoteFault> {
        let record = Record::parse(&self.record)?;
        let verify = |note: &Note| Ok(verify_relayed(&note.note, &record, note.key.as_bytes(), policy)?);
        self.notes.iter().map(verify).collect()
    }
}

/// Why notes say nothing of a record.
#[derive(Debug, thiserror::Error)]
pub enum NoteFault {
    /// It is no record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A note is none.
    #[error(transparent)]
    Note(#[from] RelayError),
}

impl NoteFault {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Record(error) => error.name(),
            Self::Note(error) => error.name(),
        }
    }
}

/// Why a relay takes no submission.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// It is no record.
    #[error("this is no record that a ledger takes: {0}")]
    Record(#[from] RecordError),
    /// It is meant for another ledger, or was signed in the future.
    #[error("the record is not for this ledger, or not of today")]
    OtherRecord,
    /// The relay has no key.
    #[error(transparent)]
    NoIdentity(TokenError),
    /// The receipt of the relay's own key was not had.
    #[error("the receipt of the relay's own key was not had: {0}. Give one from before")]
    OwnKey(ReadError),
    /// The key did not sign.
    #[error("the key did not sign: {0}")]
    Sign(#[from] SignError),
    /// The note would say nothing: the relay is no institution, its key has ended.
    #[error(transparent)]
    Note(#[from] RelayError),
}

impl TakeError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Record(error) => error.name(),
            Self::OtherRecord => "other_record",
            Self::NoIdentity(error) => error.name(),
            Self::OwnKey(error) => error.name(),
            Self::Sign(_) => "sign_failed",
            Self::Note(error) => error.name(),
        }
    }
}

impl Client {
    /// Takes a record as a relay: signs when this client's party had it, adds that to what is in hand, and passes the record on. What the ledger
    /// answers is told beside; the note is signed whatever it answers. `own_key` is a status receipt of the relay's key from
    /// before, for a ledger that gives none now.
    ///
    /// # Errors
    /// [`TakeError`]: then nothing was signed.
    pub fn relay(
        &self,
        in_hand: &mut InHand,
        own_key: Option<String>,
    ) -> Result<(VerifiedRelayed, Result<Submitted, SubmitError>), TakeError> {
        let record = Record::parse(&in_hand.record)?;
        let (common, now) = (record.common(), self.now());
        let ahead = common.signed_at.0.saturating_sub(now.0);
        if common.origin != self.policy.origin || ahead > procura_core::record::CLOCK_SKEW_MS {
            return Err(TakeError::OtherRecord);
        }
        let identity = self.identity.as_ref().ok_or(TakeError::NoIdentity(TokenError::NoIdentity))?;
        let key = match own_key {
            Some(key) => key,
            None => self.key_receipt(&identity.kid).map_err(TakeError::OwnKey)?,
        };
        let note = relay_note(&record, now, &identity.kid, identity.signer.as_ref())?;
        let said = verify_relayed(&note, &record, key.as_bytes(), &self.policy)?;
        in_hand.notes.push(Note { note, key });
        let Submission { record, disclosures, .. } = in_hand.submission();
        let passed_on = self.submit(&Submission { record, disclosures, handle: None });
        Ok((said, passed_on))
    }

    /// The status receipt of a key, as text: of one's own it can be kept for a day on which the ledger gives none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn key_receipt(&self, kid: &Hash) -> Result<String, ReadError> {
        Ok(String::from_utf8_lossy(self.status(kid)?.receipt()).into_owned())
    }
}

impl InHand {
    /// What is handed in.
    #[must_use]
    pub fn submission(&self) -> Submission {
        Submission { record: self.record.clone(), disclosures: self.disclosures.clone(), handle: None }
    }
}

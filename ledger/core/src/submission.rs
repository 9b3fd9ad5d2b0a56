//! What is handed in: a signed record with what is kept beside its body.
//!
//! spec: records.md#submission

use crate::b64;
use crate::json::{Field, JsonError, MemberError, Members};
use serde_json::{Value, json};

/// The largest submission in bytes: a record, 32 disclosures of 8 KiB, and their JSON.
pub const MAX_BYTES: usize = 512 * 1024;
/// The most disclosures.
pub const MAX_DISCLOSURES: usize = 32;

/// A record as it is handed in. Only its outer form has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The compact JWS.
    pub record: String,
    /// Every disclosure whose digest stands in the record's `_sd`.
    pub disclosures: Vec<String>,
    /// `party` records only: the handle.
    pub handle: Option<[u8; 32]>,
}

/// Why bytes are no submission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
}

impl SubmissionError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Json(error) => error.name(),
            Self::Member(error) => error.name(),
        }
    }
}

impl Submission {
    /// A bare compact JWS, without disclosures.
    #[must_use]
    pub const fn bare(record: String) -> Self {
        Self { record, disclosures: Vec::new(), handle: None }
    }

    /// Reads a submission.
    ///
    /// # Errors
    /// [`SubmissionError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SubmissionError> {
        let mut members = Members::parse_strict(bytes, MAX_BYTES)?;
        let submission = Self {
            record: members.take_str("record")?,
            disclosures: members
                .take_opt("disclosures", |field| field.array_of(Field::str))?
                .unwrap_or_default(),
            handle: members.take_opt("handle", Field::bytes)?,
        };
        if submission.disclosures.len() > MAX_DISCLOSURES {
            return Err(members.mistyped("disclosures", "at most 32 disclosures").into());
        }
        members.finish()?;
        Ok(submission)
    }

    /// The submission as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = json!({ "record": self.record });
        if let Some(object) = object.as_object_mut() {
            if !self.disclosures.is_empty() {
                object.insert("disclosures".to_owned(), json!(self.disclosures));
            }
            if let Some(handle) = &self.handle {
                object.insert("handle".to_owned(), Value::String(b64::encode(handle)));
            }
        }
        object.to_string()
    }
}

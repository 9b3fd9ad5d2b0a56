//! What institutions tell of people: that they are pensioners, or were employed four fifths, from one day to another.
//!
//! A status is told under the category `status.` and its code, so that the catalogue's bases in law say who may tell which.

use crate::declaration::digest;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::identifier::Identifier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the category of every status begins with.
pub const ABOVE: &str = "status.";
/// The purpose under which a status is told.
pub const PURPOSE: &str = "tell";

/// A status of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Who.
    pub person: Identifier,
    /// Its code.
    pub status: String,
    /// The first day.
    pub from: Day,
    /// The last day; `None`: no end is known.
    pub until: Option<Day>,
}

/// From when to when somebody has a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first day.
    pub from: Day,
    /// The last day; `None`: no end is known.
    pub until: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    person: String,
    status: String,
    from: Day,
    until: Option<Day>,
}

impl Status {
    /// Reads one as it was sent: it and its digest.
    ///
    /// # Errors
    /// What is wrong, in a sentence without any value of it.
    pub fn read(sent: &Value) -> Result<(Self, Hash), String> {
        let digest = digest(sent);
        let sent: Sent = serde_json::from_value(sent.clone())
            .map_err(|_| "a status has person, status, from, and perhaps until".to_owned())?;
        let person: Identifier = sent.person.parse().map_err(|_| "person is no identifier".to_owned())?;
        if sent.until.is_some_and(|until| until < sent.from) {
            return Err("it ends before it begins".to_owned());
        }
        Ok((Self { person, status: sent.status, from: sent.from, until: sent.until }, digest))
    }

    /// The category under which it is told.
    #[must_use]
    pub fn category(&self) -> String {
        format!("{ABOVE}{}", self.status)
    }
}

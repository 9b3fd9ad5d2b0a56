//! A town's form that asks only once: what an institution holds is had from there, under the person's consent, and never typed in. Without a
//! consent the person is asked by a link; only what nobody holds they say themselves.
//!
//! A program of its own, with the town's key and a book of its own, for the town's clerks: it listens on this machine.
//!
//! - [`book`]: applications, on disk;
//! - [`desk`]: who holds it, may I have it, and if not, asking; behind the requests and before them;
//! - [`service`]: over HTTP.

pub mod book;
pub mod desk;
pub mod service;

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Why there is no form.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}", path = path.display())]
pub struct FormError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub what: String,
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Its code.
    pub code: String,
    /// For what data are had.
    pub purpose: String,
    /// For how many days a consent is asked.
    pub consent_days: u64,
    /// For how many days the person may answer.
    pub answer_days: u64,
    /// What is asked.
    pub field: Vec<Field>,
}

/// Something that a form asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it is called in the form.
    pub name: String,
    /// The category of which it is a datum; none: nobody holds it.
    pub category: Option<String>,
}

impl Form {
    /// Reads one.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn read(path: &Path) -> Result<Self, FormError> {
        let wrong = |what: String| FormError { path: path.to_owned(), what };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let form: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if !(1..=366).contains(&form.answer_days) || form.field.is_empty() {
            return Err(wrong("it asks something, and waits 1 to 366 days for an answer".to_owned()));
        }
        Ok(form)
    }
}

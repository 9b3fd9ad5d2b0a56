//! A right that nobody asks for: who has a status is granted a tariff, by law, without a form; it is explained with what it rests on, and
//! ends with it.
//!
//! A service of its own, with a key and a book of its own. It follows its own list in the ledger; told that a status changed, it looks at the
//! status at its source, by the law that a catalogue in force names and never by a consent, and grants, amends or ends the right. A right is
//! in the ledger as a holding: the person finds it in their list, beside each look.
//!
//! - [`rights`]: what follows from what is known;
//! - [`book`]: rights, on disk, with how far the list was read;
//! - [`grants`]: the work, behind the requests;
//! - [`service`]: told over HTTP.

pub mod book;
pub mod grants;
pub mod rights;
pub mod service;

use crate::prepare::Office;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The tariff service's office.
pub const OFFICE: Office<'_> =
    Office { identifier: "demo:transport", name: "Fictional Regional Transport", level: "regional" };

/// Why there is no tariff.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}", path = path.display())]
pub struct TariffError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub what: String,
}

/// A tariff: who has it, and under which words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// Its code.
    pub code: String,
    /// Whoever has this status has it: a category of the catalogue.
    pub status: String,
    /// Why the status may be looked at.
    pub purpose: String,
    /// Under which category people read what was granted.
    pub category: String,
}

impl Tariff {
    /// Reads one.
    ///
    /// # Errors
    /// [`TariffError`].
    pub fn read(path: &Path) -> Result<Self, TariffError> {
        let wrong = |what: String| TariffError { path: path.to_owned(), what };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))
    }
}

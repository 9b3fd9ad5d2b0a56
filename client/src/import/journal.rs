//! What was signed, and what of it was given: on disk before anything is sent, so that after a crash the same bytes are sent
//! again and nothing is given twice.
//!
//! A file of JSON lines that only its owner may read, for it holds links and what is withheld. The first line is
//! `{"v":1,"import":origin,"mandator":id,"salt":…}`; then, in the order in which it happened, `{"key","record",
//! "disclosures"?,"link"?}` for what was signed and `{"key","given":index}` for what the ledger has proven. `key` is
//! [`Row::key`](super::Row::key): what a line says, not where it stands, so that a file may be corrected and run again. Of two that
//! were signed for one key the later counts: the ledger refused the earlier.
//!
//! What is signed is synced before it is sent. So a line that broke off at the end was never sent, and is cut off. A damaged line
//! before that is an error: nobody can tell what stood there.

use crate::store::private;
use procura_core::json::parse_strict;
use procura_core::record::Record;
use procura_core::submission::{MAX_BYTES as MAX_SUBMISSION_BYTES, Submission};
use procura_core::{Hash, Index, b64};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// The longest line: a submission and its key.
const MAX_LINE_BYTES: usize = MAX_SUBMISSION_BYTES + (1 << 10);

/// Why there is no journal. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk.
    #[error("{path} cannot be read or written: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another import is at it.
    #[error("another import writes {0} now: wait until it has ended")]
    Busy(PathBuf),
    /// A line is not what was written there.
    #[error(
        "line {line} of {path} is damaged. Restore the file from a backup. If this machine lost its power in the last \
         import, nothing from that line on was sent: then cut the file off before it"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// It is of another ledger or another mandator.
    #[error(
        "{0} is the journal of an import into another ledger, or by somebody else: choose another --report"
    )]
    Other(PathBuf),
    /// It was written by a later version.
    #[error("{path} is of version {version}; this software reads 1")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        version: u64,
    },
    /// The machine has no randomness.
    #[error("this machine has no randomness: {0}")]
    Random(String),
}

impl JournalError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Io { .. } => "journal_io",
            Self::Busy(_) => "journal_busy",
            Self::Damaged { .. } => "journal_damaged",
            Self::Other(_) => "journal_other",
            Self::Version { .. } => "journal_version",
            Self::Random(_) => "random",
        }
    }
}

/// What is known of a line.
#[derive(Debug, Clone)]
pub struct Known {
    /// The record's id.
    pub id: Hash,
    /// The link with which it is accepted, if it is by invitation.
    pub link: Option<[u8; 32]>,
    /// Where it stands in the log, once that was proven.
    pub given: Option<Index>,
    /// What was signed; `None` once it was given.
    pub submission: Option<Submission>,
}

/// A journal, with the lock on it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    salt: [u8; 32],
    known: HashMap<Hash, Known>,
}

impl Journal {
    /// The journal at `path` of imports by `mandator` into the ledger `origin`: the one that is there, or a new one. Until it is
    /// dropped no other process may open it.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path, origin: &str, mandator: &Hash) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io { path: path.to_owned(), source };
        let file = private(OpenOptions::new().read(true).append(true).create(true)).open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut journal = Self { path: path.to_owned(), file, salt: [0; 32], known: HashMap::new() };
        let text = journal.whole_lines()?;
        let mut lines = (1..).zip(text.split_terminator('\n'));
        match lines.next() {
            Some((_, head)) => journal.read_head(head, origin, mandator)?,
            None => journal.write_head(origin, mandator)?,
        }
        for (number, line) in lines {
            journal
                .read_line(line)
                .ok_or_else(|| JournalError::Damaged { path: path.to_owned(), line: number })?;
        }
        Ok(journal)
    }

    /// What lines of this journal are salted with.
    #[must_use]
    pub const fn salt(&self) -> &[u8; 32] {
        &self.salt
    }

    /// What is known of a line, if it was signed.
    #[must_use]
    pub fn known(&self, key: &Hash) -> Option<&Known> {
        self.known.get(key)
    }

    /// Keeps what was signed, on disk when this returns. Only then may any of it be sent.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing of it may be sent.
    pub(super) fn sign(&mut self, signed: Vec<(Hash, Known)>) -> Result<(), JournalError> {
        let mut text = String::new();
        for (key, known) in &signed {
            let Some(submission) = &known.submission else { continue };
            let mut line = Map::new();
            line.insert("key".to_owned(), json!(key));
            line.insert("record".to_owned(), json!(submission.record));
            line.insert("disclosures".to_owned(), json!(submission.disclosures));
            if let Some(link) = &known.link {
                line.insert("link".to_owned(), json!(b64::encode(link)));
            }
            text.push_str(&Value::Object(line).to_string());
            text.push('\n');
        }
        self.append(&text)?;
        self.file.sync_data().map_err(|source| self.io(source))?;
        self.known.extend(signed);
        Ok(())
    }

    /// Notes what was given. A note that a crash takes is made again: the ledger answers the same record again.
    ///
    /// # Errors
    /// [`JournalError`].
    pub(super) fn give(&mut self, given: &[(Hash, Index)]) -> Result<(), JournalError> {
        let mut text = String::new();
        for (key, index) in given {
            text.push_str(&json!({ "key": key, "given": index }).to_string());
            text.push('\n');
            if let Some(known) = self.known.get_mut(key) {
                (known.given, known.submission) = (Some(*index), None);
            }
        }
        self.append(&text)
    }

    fn append(&self, text: &str) -> Result<(), JournalError> {
        (&self.file).write_all(text.as_bytes()).map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), source }
    }

    /// The lines that were written to their end; what comes after them is cut off.
    fn whole_lines(&mut self) -> Result<String, JournalError> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0)).map_err(|source| self.io(source))?;
        self.file.read_to_end(&mut bytes).map_err(|source| self.io(source))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            self.file.set_len(whole as u64).map_err(|source| self.io(source))?;
            bytes.truncate(whole);
        }
        String::from_utf8(bytes).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
            JournalError::Damaged { path: self.path.clone(), line }
        })
    }

    fn write_head(&mut self, origin: &str, mandator: &Hash) -> Result<(), JournalError> {
        getrandom::fill(&mut self.salt).map_err(|error| JournalError::Random(error.to_string()))?;
        let head = json!({"v": 1, "import": origin, "mandator": mandator, "salt": b64::encode(&self.salt)});
        self.append(&format!("{head}\n"))?;
        self.file.sync_all().map_err(|source| self.io(source))?;
        // The name lasts only once the folder is on disk.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        synced.map_err(|source| self.io(source))
    }

    fn read_head(&mut self, head: &str, origin: &str, mandator: &Hash) -> Result<(), JournalError> {
        let damaged = || JournalError::Damaged { path: self.path.clone(), line: 1 };
        let head = parse_strict(head.as_bytes(), MAX_LINE_BYTES).map_err(|_| damaged())?;
        let text = |name: &str| head.get(name).and_then(Value::as_str);
        match head.get("v").and_then(Value::as_u64) {
            Some(1) => {}
            Some(version) => return Err(JournalError::Version { path: self.path.clone(), version }),
            None => return Err(damaged()),
        }
        if text("import") != Some(origin)
            || text("mandator").and_then(|id| id.parse().ok()) != Some(*mandator)
        {
            return Err(JournalError::Other(self.path.clone()));
        }
        self.salt = text("salt").and_then(|salt| b64::decode_array(salt).ok()).ok_or_else(damaged)?;
        Ok(())
    }

    fn read_line(&mut self, line: &str) -> Option<()> {
        let line = parse_strict(line.as_bytes(), MAX_LINE_BYTES).ok()?;
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        let key = text("key")?.parse().ok()?;
        if let Some(index) = line.get("given") {
            let known = self.known.get_mut(&key)?;
            (known.given, known.submission) = (Some(Index(index.as_u64()?)), None);
            return Some(());
        }
        let record = text("record")?.to_owned();
        let disclosures = line.get("disclosures")?.as_array()?.iter();
        let disclosures = disclosures.map(|one| one.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        let link = match text("link") {
            Some(link) => Some(b64::decode_array(link).ok()?),
            None => None,
        };
        let id = Record::parse(&record).ok()?.id();
        let submission = Some(Submission { record, disclosures, handle: None });
        self.known.insert(key, Known { id, link, given: None, submission });
        Some(())
    }
}

#[cfg(test)]
mod tests;

//! What a witness cosigned last of each log, on disk: read, checked and replaced in one durable transaction.

use super::read_cosigned;
use procura_core::note::{NoteSignature, NoteVerifier};
use procura_core::tree::Root;
use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What the file is: its format, and whose it is.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");
/// A log's origin, and the note: the last checkpoint with the log's signatures and the cosignature.
const COSIGNED: TableDefinition<'_, &str, &str> = TableDefinition::new("cosigned");
/// The one format there is.
const FORMAT: &str = "procura witness 1";

/// What was cosigned can't be read or kept. Nothing is cosigned then: what is not known may be larger.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The file can't be opened, read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<redb::Error>,
    },
    /// The file is not what was written there.
    #[error("{path} is damaged: {what}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file is another witness's.
    #[error("{path} is of the witness {found}, not of {wanted}", path = path.display())]
    OtherWitness {
        /// The file.
        path: PathBuf,
        /// Its witness's vkey.
        found: String,
        /// This witness's vkey.
        wanted: String,
    },
}

impl KeptError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File { .. } => "witness_file",
            Self::Damaged { .. } => "witness_damaged",
            Self::OtherWitness { .. } => "other_witness",
        }
    }
}

/// A checkpoint that was cosigned.
#[derive(Debug, Clone)]
pub(super) struct Cosigned {
    note: String,
    root: Root,
    time_s: u64,
    line: NoteSignature,
}

impl Cosigned {
    pub(super) fn new(note: &str, root: Root, time_s: u64, line: NoteSignature) -> Self {
        Self { note: note.to_owned(), root, time_s, line }
    }

    pub(super) fn note(&self) -> String {
        self.note.clone()
    }

    pub(super) const fn root(&self) -> Root {
        self.root
    }

    pub(super) const fn time_s(&self) -> u64 {
        self.time_s
    }

    pub(super) const fn line(&self) -> &NoteSignature {
        &self.line
    }
}

/// The file.
pub(super) struct Kept {
    path: PathBuf,
    /// `None` after a call on it failed: it is opened anew, which finds out what is true.
    database: Mutex<Option<Arc<Database>>>,
}

impl Kept {
    /// Makes the file of a new witness, which has cosigned nothing.
    pub(super) fn make(path: &Path, key: &NoteVerifier) -> Result<(), KeptError> {
        let make = || -> Result<(), redb::Error> {
            let database = Database::create(path)?;
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            {
                let mut about = transaction.open_table(ABOUT)?;
                about.insert("format", FORMAT)?;
                about.insert("vkey", key.to_string().as_str())?;
                transaction.open_table(COSIGNED)?;
            }
            Ok(transaction.commit()?)
        };
        make().map_err(|error| failed(path, error))
    }

    /// Opens the file of a witness; one process at a time can.
    pub(super) fn open(path: &Path, key: &NoteVerifier) -> Result<Self, KeptError> {
        let database = Database::open(path).map_err(|error| failed(path, error))?;
        let about = |name: &str| -> Result<Option<String>, redb::Error> {
            let table = database.begin_read()?.open_table(ABOUT)?;
            Ok(table.get(name)?.map(|value| value.value().to_owned()))
        };
        let (format, vkey) = (about("format"), about("vkey"));
        let (format, vkey) =
            (format.map_err(|error| failed(path, error))?, vkey.map_err(|error| failed(path, error))?);
        if format.as_deref() != Some(FORMAT) {
            let what = format!("it is of the format {format:?}; this software reads {FORMAT:?}");
            return Err(KeptError::Damaged { path: path.to_owned(), what });
        }
        let (found, wanted) = (vkey.unwrap_or_default(), key.to_string());
        if found != wanted {
            return Err(KeptError::OtherWitness { path: path.to_owned(), found, wanted });
        }
        Ok(Self { path: path.to_owned(), database: Mutex::new(Some(Arc::new(database))) })
    }

    /// The vkey of the witness whose file this is.
    pub(super) fn vkey(path: &Path) -> Result<String, KeptError> {
        let read = || -> Result<Option<String>, redb::Error> {
            let table = Database::open(path)?.begin_read()?.open_table(ABOUT)?;
            Ok(table.get("vkey")?.map(|value| value.value().to_owned()))
        };
        let what = "it names no witness".to_owned();
        let found = read().map_err(|error| failed(path, error))?;
        found.ok_or_else(|| KeptError::Damaged { path: path.to_owned(), what })
    }

    /// What was cosigned last of a log.
    pub(super) fn last(&self, key: &NoteVerifier, origin: &str) -> Result<Option<Cosigned>, KeptError> {
        let row = self.guarded(|database| {
            let table = database.begin_read()?.open_table(COSIGNED)?;
            Ok(table.get(origin)?.map(|row| row.value().to_owned()))
        })?;
        row.map(|row| self.read(key, &row)).transpose()
    }

    /// Looks at what was cosigned last of a log and puts what `step` makes of it in its place, as one: nobody else does meanwhile.
    /// What comes back is durable.
    pub(super) fn advance<E: From<KeptError>>(
        &self,
        key: &NoteVerifier,
        origin: &str,
        step: impl FnOnce(Option<Cosigned>) -> Result<Cosigned, E>,
    ) -> Result<Cosigned, E> {
        let mut made = None;
        self.guarded(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            // What the rows hold comes from outside: after a crash no checksum alone is to choose between two states.
            transaction.set_two_phase_commit(true);
            let next = {
                let mut table = transaction.open_table(COSIGNED)?;
                let row = table.get(origin)?.map(|row| row.value().to_owned());
                let last = row.map(|row| self.read(key, &row)).transpose();
                let next = last.map_err(E::from).and_then(step);
                if let Ok(next) = &next {
                    table.insert(origin, next.note.as_str())?;
                }
                next
            };
            let is_new = next.is_ok();
            made = Some(next);
            // A crash before the end of this line leaves what was: the cosignature never left.
            if is_new { Ok(transaction.commit()?) } else { Ok(transaction.abort()?) }
        })?;
        made.unwrap_or_else(|| Err(damaged(&self.path, "nothing came of a transaction").into()))
    }

    fn read(&self, key: &NoteVerifier, row: &str) -> Result<Cosigned, KeptError> {
        let what = "what was cosigned last does not have this witness's cosignature";
        read_cosigned(key, row.as_bytes()).ok_or_else(|| damaged(&self.path, what))
    }

    /// Works on the database; one that failed is closed, and opened anew next time.
    fn guarded<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, KeptError> {
        let database = {
            let mut open = self.database.lock().unwrap_or_else(PoisonError::into_inner);
            match &*open {
                Some(database) => Arc::clone(database),
                None => {
                    let database = Database::open(&self.path).map_err(|error| failed(&self.path, error))?;
                    Arc::clone(open.insert(Arc::new(database)))
                }
            }
        };
        work(&database).map_err(|error| {
            *self.database.lock().unwrap_or_else(PoisonError::into_inner) = None;
            failed(&self.path, error)
        })
    }
}

fn failed(path: &Path, error: impl Into<redb::Error>) -> KeptError {
    KeptError::File { path: path.to_owned(), source: Box::new(error.into()) }
}

fn damaged(path: &Path, what: &str) -> KeptError {
    KeptError::Damaged { path: path.to_owned(), what: what.to_owned() }
}

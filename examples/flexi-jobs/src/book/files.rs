//! The files of workers, a file for each worker and counter, and how far each is with being registered in the ledger.
//!
//! What is signed is here before it is sent, so that after a crash the same bytes are sent, which the ledger takes once.

use super::{Book, BookError, people, read, write};
use procura_core::Hash;
use procura_core::submission::Submission;
use redb::{
    ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _, TableDefinition, WriteTransaction,
};
use serde::{Deserialize, Serialize};

/// Worker and counter → [`Row`], as JSON.
const FILES: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("files");
/// Those that are not registered yet.
const EXPECTED: TableDefinition<'_, (&str, &str), ()> = TableDefinition::new("files_to_register");

/// Those that the ledger refused for good, and why, by name: for somebody to look at.
const REFUSED: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("files_refused");

/// How many files there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Files {
    /// In all.
    pub files: u64,
    /// Not registered yet.
    pub to_register: u64,
    /// Refused by the ledger for good.
    pub refused: u64,
}

/// What becomes of a file.
enum Next {
    Expected,
    Registered,
    Refused(String),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Row {
    party: Option<Hash>,
    id: Option<Hash>,
    submission: Option<String>,
    /// Where it stands in the log.
    index: Option<u64>,
}

/// A file that is to be registered.
#[derive(Debug, Clone)]
pub struct File {
    /// Whose it is.
    pub worker: String,
    /// The counter's code.
    pub counter: String,
    /// What was signed, if it was: the worker's party, the record and its id.
    pub signed: Option<(Hash, Hash, Submission)>,
}

pub(super) fn begin(transaction: &WriteTransaction) -> Result<(), BookError> {
    transaction.open_table(FILES)?;
    transaction.open_table(EXPECTED)?;
    transaction.open_table(REFUSED)?;
    Ok(())
}

/// There is a file of this worker from now on.
pub(super) fn expect(transaction: &WriteTransaction, worker: &str, counter: &str) -> Result<(), BookError> {
    let mut files = transaction.open_table(FILES)?;
    if files.get((worker, counter))?.is_none() {
        files.insert((worker, counter), write(&Row::default())?.as_slice())?;
        transaction.open_table(EXPECTED)?.insert((worker, counter), ())?;
    }
    Ok(())
}

impl Book {
    /// How many files there are.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn count_files(&self) -> Result<Files, BookError> {
        let transaction = self.database.begin_read()?;
        let files = transaction.open_table(FILES)?.len()?;
        let to_register = transaction.open_table(EXPECTED)?.len()?;
        Ok(Files { files, to_register, refused: transaction.open_table(REFUSED)?.len()? })
    }

    /// Some of those that are not registered yet.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn to_register(&self, most: usize) -> Result<Vec<File>, BookError> {
        let transaction = self.database.begin_read()?;
        let (expected, files) = (transaction.open_table(EXPECTED)?, transaction.open_table(FILES)?);
        let mut found = Vec::new();
        for row in expected.iter()?.take(most) {
            let (key, _) = row?;
            let (worker, counter) = key.value();
            let row = files.get((worker, counter))?.ok_or(BookError::Damaged("a file is not there"))?;
            let row: Row = read(row.value())?;
            let signed = match (row.party, row.id, row.submission) {
                (Some(party), Some(id), Some(text)) => {
                    let submission = Submission::parse(text.as_bytes());
                    let damaged = BookError::Damaged("what was signed for a file cannot be read");
                    Some((party, id, submission.map_err(|_| damaged)?))
                }
                _ => None,
            };
            found.push(File { worker: worker.to_owned(), counter: counter.to_owned(), signed });
        }
        Ok(found)
    }

    /// Keeps what was signed for files, and who their workers are in the ledger.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn keep_signed(&self, files: &[File]) -> Result<(), BookError> {
        self.change(files.iter().filter_map(|file| Some((file, file.signed.clone()?))), |row, signed| {
            let (party, id, submission) = signed;
            *row =
                Row { party: Some(party), id: Some(id), submission: Some(submission.to_json()), index: None };
            (Some(party), Next::Expected)
        })
    }

    /// Notes which files are registered, and where in the log.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn registered<'f>(&self, files: impl Iterator<Item = (&'f File, u64)>) -> Result<(), BookError> {
        self.change(files, |row, index| {
            (row.index, row.submission) = (Some(index), None);
            (None, Next::Registered)
        })
    }

    /// Notes that the ledger will not take what was signed for files. Those that may be signed anew stay expected.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn refused<'f>(
        &self,
        files: impl Iterator<Item = (&'f File, (String, bool))>,
    ) -> Result<(), BookError> {
        self.change(files, |row, (name, again)| {
            *row = Row::default();
            (None, if again { Next::Expected } else { Next::Refused(name) })
        })
    }

    /// Changes rows; `how` says who the worker turned out to be, and what becomes of the file.
    fn change<'f, T>(
        &self,
        files: impl Iterator<Item = (&'f File, T)>,
        how: impl Fn(&mut Row, T) -> (Option<Hash>, Next),
    ) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        {
            let mut rows = transaction.open_table(FILES)?;
            let mut expected = transaction.open_table(EXPECTED)?;
            let mut refused = transaction.open_table(REFUSED)?;
            for (file, with) in files {
                let key = (&*file.worker, &*file.counter);
                let mut row: Row = match rows.get(key)? {
                    Some(row) => read(row.value())?,
                    None => return Err(BookError::Damaged("a file is not there")),
                };
                let (party, next) = how(&mut row, with);
                rows.insert(key, write(&row)?.as_slice())?;
                if let Some(party) = party {
                    people::know(&transaction, &party, &file.worker)?;
                }
                if !matches!(next, Next::Expected) {
                    expected.remove(key)?;
                }
                if let Next::Refused(name) = next {
                    refused.insert(key, &*name)?;
                }
            }
        }
        Ok(transaction.commit()?)
    }
}

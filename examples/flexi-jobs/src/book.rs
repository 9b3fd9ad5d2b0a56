//! What was declared, on disk. A declaration is taken as a whole, in one transaction, or not at all; handed in again it changes nothing.
//!
//! No total is kept: a year's is the sum of the lines that stand, so that nothing can be counted twice, or be left behind by a crash.

mod files;
mod notices;
mod people;

pub use files::{File, Files};
pub use notices::{Law, Notice};

use crate::declaration::{Declaration, Entry, Line, Says};
use procura_core::days::Day;
use procura_core::{Hash, Millis};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Employer and the line's id → [`Kept`], as JSON.
const LINES: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("lines");
/// The lines that stand: counter, worker, year, employer, the line's id → the amount.
const COUNTED: TableDefinition<'_, (&str, &str, i16, &str, &str), u64> = TableDefinition::new("counted");
/// A declaration's digest → [`Taken`], as JSON.
const DOCUMENTS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("documents");

/// The book.
pub struct Book {
    database: Database,
}

/// What cannot be taken. Nothing of the declaration was.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The disk.
    #[error("the book cannot be read or written: {0}")]
    Disk(#[from] redb::Error),
    /// The file is not what was written there.
    #[error("the book is damaged: {0}")]
    Damaged(&'static str),
    /// A line contradicts what was declared.
    #[error("{what}")]
    Line {
        /// The fault's name.
        name: &'static str,
        /// Which line of the declaration, from 0.
        at: usize,
        /// A sentence.
        what: &'static str,
    },
}

macro_rules! disk {
    ($($error:ty),*) => {
        $(impl From<$error> for BookError {
            fn from(error: $error) -> Self {
                Self::Disk(error.into())
            }
        })*
    };
}
disk!(redb::DatabaseError, redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);

/// What became of a declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// How many lines are new.
    pub new: usize,
    /// How many were there already, word for word.
    pub repeated: usize,
    /// The ids of those that came late.
    pub late: Vec<String>,
}

/// A line as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    counter: String,
    says: Says,
    received: Millis,
    late: bool,
    /// The access under which it came.
    access: Hash,
    /// The line that replaced or cancelled it.
    superseded_by: Option<String>,
}

/// A line that stands in somebody's year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Whose it is.
    pub employer: String,
    /// What the employer calls it.
    pub id: String,
    /// What it says.
    pub entry: Entry,
    /// Whether it came late.
    pub late: bool,
    /// The access under which it came.
    pub access: Hash,
}

impl Book {
    /// Opens the book, or begins one.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        transaction.open_table(LINES)?;
        transaction.open_table(COUNTED)?;
        transaction.open_table(DOCUMENTS)?;
        people::begin(&transaction)?;
        files::begin(&transaction)?;
        notices::begin(&transaction)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    /// Takes a declaration that came under an access; whether it is new.
    ///
    /// # Errors
    /// [`BookError`]: nothing was taken.
    pub fn take(
        &self,
        declared: &Declaration,
        access: &Hash,
        now: Millis,
    ) -> Result<(bool, Taken), BookError> {
        let transaction = self.database.begin_write()?;
        let taken = Taking { transaction: &transaction, declared, access, now }.all()?;
        // Dropped without it, a transaction leaves nothing.
        if taken.0 {
            transaction.commit()?;
        }
        Ok(taken)
    }

    /// The lines that stand in somebody's year.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn year(&self, counter: &str, worker: &str, year: i16) -> Result<Vec<Counted>, BookError> {
        let transaction = self.database.begin_read()?;
        let (counted, lines) = (transaction.open_table(COUNTED)?, transaction.open_table(LINES)?);
        let mut year_lines = Vec::new();
        for row in counted.range((counter, worker, year, "", "")..(counter, worker, year + 1, "", ""))? {
            let (key, _) = row?;
            let (_, _, _, employer, id) = key.value();
            let kept =
                lines.get((employer, id))?.ok_or(BookError::Damaged("a line that counts is not there"))?;
            let kept: Kept = read(kept.value())?;
            let Says::Amount { entry, .. } = kept.says else {
                return Err(BookError::Damaged("a line that counts has no amount"));
            };
            let (employer, id) = (employer.to_owned(), id.to_owned());
            year_lines.push(Counted { employer, id, entry, late: kept.late, access: kept.access });
        }
        Ok(year_lines)
    }
}

/// A declaration that is being taken.
struct Taking<'t> {
    transaction: &'t WriteTransaction,
    declared: &'t Declaration,
    access: &'t Hash,
    now: Millis,
}

type Lines<'t> = Table<'t, (&'static str, &'static str), &'static [u8]>;
type CountedRows<'t> = Table<'t, (&'static str, &'static str, i16, &'static str, &'static str), u64>;

impl Taking<'_> {
    fn all(&self) -> Result<(bool, Taken), BookError> {
        let mut documents = self.transaction.open_table(DOCUMENTS)?;
        if let Some(taken) = documents.get(&self.declared.digest.0)? {
            return Ok((false, read(taken.value())?));
        }
        let mut lines = self.transaction.open_table(LINES)?;
        let mut counted = self.transaction.open_table(COUNTED)?;
        let mut taken = Taken { new: 0, repeated: 0, late: Vec::new() };
        let today = Day::of(self.now).ok_or(BookError::Damaged("the clock stands after the year 9999"))?;
        let employer = self.declared.employer.text();
        for (at, line) in self.declared.lines.iter().enumerate() {
            let refuse = |name, what| BookError::Line { name, at, what };
            if let Some(kept) = kept(&lines, &employer, &line.id)? {
                if kept.says != line.says || kept.counter != self.declared.counter {
                    return Err(refuse("id_taken", "the employer has declared another line under this id"));
                }
                taken.repeated += 1;
                continue;
            }
            match &line.says {
                Says::Cancels(earlier) => {
                    self.supersede(&mut lines, &mut counted, &employer, (earlier, None), &line.id)
                        .map_err(|fault| fault.at(at))?;
                }
                Says::Amount { entry, replaces } => {
                    if let Some(earlier) = replaces {
                        let worker = Some(entry.worker.as_str());
                        self.supersede(&mut lines, &mut counted, &employer, (earlier, worker), &line.id)
                            .map_err(|fault| fault.at(at))?;
                    }
                    if self.overlaps(&lines, &counted, &employer, entry)? {
                        let what = "a line of this employer for this worker has a day of the period; replace that one";
                        return Err(refuse("overlaps", what));
                    }
                    let year = entry.from.year();
                    let key = (&*self.declared.counter, &*entry.worker, year, &*employer, &*line.id);
                    counted.insert(key, entry.amount)?;
                    files::expect(self.transaction, &entry.worker, &self.declared.counter)?;
                }
            }
            let late = matches!(&line.says, Says::Amount { entry, .. } if entry.is_late(today));
            if late {
                taken.late.push(line.id.clone());
            }
            self.keep(&mut lines, &employer, line, late)?;
            taken.new += 1;
        }
        documents.insert(&self.declared.digest.0, write(&taken)?.as_slice())?;
        Ok((true, taken))
    }

    fn keep(&self, lines: &mut Lines<'_>, employer: &str, line: &Line, late: bool) -> Result<(), BookError> {
        let kept = Kept {
            counter: self.declared.counter.clone(),
            says: line.says.clone(),
            received: self.now,
            late,
            access: *self.access,
            superseded_by: None,
        };
        lines.insert((employer, &*line.id), write(&kept)?.as_slice())?;
        Ok(())
    }

    /// Takes an earlier line out of what counts; it stays in the book, and says by which line.
    fn supersede(
        &self,
        lines: &mut Lines<'_>,
        counted: &mut CountedRows<'_>,
        employer: &str,
        (earlier, worker): (&str, Option<&str>),
        by: &str,
    ) -> Result<(), Fault> {
        let unknown =
            Fault::Line("unknown_line", "the employer has declared no amount under the id that is named");
        let Some(mut kept) = kept(lines, employer, earlier)? else { return Err(unknown) };
        let Says::Amount { entry, .. } = &kept.says else { return Err(unknown) };
        if kept.counter != self.declared.counter || worker.is_some_and(|worker| worker != entry.worker) {
            return Err(Fault::Line(
                "other_line",
                "the line that is named is about another worker or counter",
            ));
        }
        if kept.superseded_by.is_some() {
            return Err(Fault::Line("superseded", "the line that is named was replaced or cancelled before"));
        }
        counted
            .remove((&*kept.counter, &*entry.worker, entry.from.year(), employer, earlier))
            .map_err(BookError::from)?;
        kept.superseded_by = Some(by.to_owned());
        lines.insert((employer, earlier), write(&kept)?.as_slice()).map_err(BookError::from)?;
        Ok(())
    }

    /// Whether a line of the employer that stands has a day of the entry's period: it would be counted twice.
    fn overlaps(
        &self,
        lines: &Lines<'_>,
        counted: &CountedRows<'_>,
        employer: &str,
        entry: &Entry,
    ) -> Result<bool, BookError> {
        let (counter, worker, year) = (&*self.declared.counter, &*entry.worker, entry.from.year());
        let above = format!("{employer}\0");
        for row in
            counted.range((counter, worker, year, employer, "")..(counter, worker, year, &*above, ""))?
        {
            let (key, _) = row?;
            let (.., id) = key.value();
            match kept(lines, employer, id)?.map(|kept| kept.says) {
                Some(Says::Amount { entry: other, .. }) if other.overlaps(entry) => return Ok(true),
                Some(Says::Amount { .. }) => {}
                _ => return Err(BookError::Damaged("a line that counts is not there")),
            }
        }
        Ok(false)
    }
}

/// What is wrong with a line, before it is said which.
enum Fault {
    Line(&'static str, &'static str),
    Book(BookError),
}

impl From<BookError> for Fault {
    fn from(error: BookError) -> Self {
        Self::Book(error)
    }
}

impl Fault {
    fn at(self, at: usize) -> BookError {
        match self {
            Self::Line(name, what) => BookError::Line { name, at, what },
            Self::Book(error) => error,
        }
    }
}

fn kept(lines: &Lines<'_>, employer: &str, id: &str) -> Result<Option<Kept>, BookError> {
    lines.get((employer, id))?.map(|kept| read(kept.value())).transpose()
}

pub(crate) fn read<T: for<'d> Deserialize<'d>>(bytes: &[u8]) -> Result<T, BookError> {
    serde_json::from_slice(bytes).map_err(|_| BookError::Damaged("a row is not what was written there"))
}

pub(crate) fn write<T: Serialize>(row: &T) -> Result<Vec<u8>, BookError> {
    serde_json::to_vec(row).map_err(|_| BookError::Damaged("a row cannot be written"))
}

#[cfg(test)]
mod tests;

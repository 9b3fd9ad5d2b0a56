//! An index file on redb.
//!
//! spec: storage.md#index-file
//!
//! | table | key    | payload (each row has a checksum behind it, see `checked`)             |
//! |-------|--------|------------------------------------------------------------------------|
//! | meta  | `mark` | layout u32=1 ‖ row format u32 ‖ size u64 ‖ map root (32 bytes) ‖ origin |
//! | rows  | any    | the row                                                                |

use super::{Discarded, Found, IndexError, IndexFile, IndexRow, Mark, Rows};
use crate::checked;
use crate::disk::SystemDisk;
use crate::guard::{Careful, guarded};
use crate::lock::{lock, read, write};
use crate::unwritten;
use ::redb::{
    Builder, Database, Durability, Error, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition, TableError,
};
use procura_core::kv::{Kv, Unreadable};
use procura_core::{Hash, Size};
use std::fs;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};

/// The version of this layout; rows have a version of their own.
const LAYOUT: u32 = 1;

const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");
const MARK_KEY: &str = "mark";

/// The numbers that bind a checksum to its table.
const META_NUMBER: u8 = 0;
const ROWS_NUMBER: u8 = 1;

/// An [`IndexFile`] in one redb file.
pub struct RedbIndex {
    file: Arc<Shared>,
}

/// What the readers of the file share with it.
struct Shared {
    path: PathBuf,
    cache_bytes: usize,
    database: RwLock<Opened>,
    mark: Mutex<Option<Mark>>,
}

/// The file as it is open; `database` is `None` after a failure, until the file is opened again.
struct Opened {
    database: Option<Careful<Database>>,
    /// Which opening this is: whoever saw a failure of one before does not take the next one away.
    number: u64,
    /// Whether it is open for readers only, on a disk that takes nothing: what was written to it would be lost.
    is_unwritten: bool,
}

type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

impl RedbIndex {
    /// Opens the file at `path`, which is made if it is not there. One that is damaged, of another ledger or of
    /// another version is deleted and started anew; the caller is told and replays.
    ///
    /// `format` and `origin` are what the file must be of; `cache_bytes` bounds the memory for its pages.
    ///
    /// # Errors
    /// [`IndexError`] where the system fails: a file that can't be read for now is not deleted.
    pub fn open(
        path: &Path,
        format: u32,
        origin: &str,
        cache_bytes: usize,
    ) -> Result<(Self, Found), IndexError> {
        let found =
            if path.exists() { look(path, format, origin, cache_bytes) } else { Ok((None, Found::Nothing)) };
        let (database, found) = match found {
            Err(Look::Failed(error)) => return Err(error),
            Err(Look::Useless(why)) => {
                tracing::warn!(file = %path.display(), ?why, "the index is of no use and will be rebuilt");
                fs::remove_file(path).map_err(|error| io(path, error))?;
                (None, Found::Discarded(why))
            }
            Ok(found) => found,
        };
        let database = match database {
            Some(database) => database,
            None => create(path, cache_bytes)?,
        };
        let mark = if let Found::Rows(mark) = &found { Some(mark.clone()) } else { None };
        let path = path.to_owned();
        let (database, mark) =
            (Opened { database: Some(database), number: 0, is_unwritten: false }, Mutex::new(mark));
        let file = Arc::new(Shared { path, cache_bytes, database: RwLock::new(database), mark });
        Ok((Self { file }, found))
    }
}

impl Shared {
    /// Drops a database that failed: redb refuses further work on it, reads included, until it is opened again.
    fn give_up(&self, number: u64, error: Error) -> IndexError {
        let mut opened = write(&self.database);
        if opened.number == number {
            opened.database = None;
        }
        told(&self.path, error)
    }

    /// Runs `work` on the file, which is opened again if it failed before: also unwritten, if `work` only reads.
    fn with<T>(
        &self,
        reads_only: bool,
        work: impl FnOnce(&Database) -> Result<T, Error>,
    ) -> Result<T, IndexError> {
        let fits = |opened: &Opened| opened.database.is_some() && (reads_only || !opened.is_unwritten);
        if !fits(&read(&self.database)) {
            let mut opened = write(&self.database);
            if !fits(&opened) {
                self.open_again(&mut opened, reads_only)?;
            }
        }
        let opened = read(&self.database);
        let number = opened.number;
        let worked = match &opened.database {
            Some(database) => guarded(|| work(database.get()?)),
            None => Err(Error::DatabaseClosed),
        };
        drop(opened);
        worked.map_err(|error| self.give_up(number, error))
    }

    fn open_again(&self, opened: &mut Opened, reads_only: bool) -> Result<(), IndexError> {
        opened.database = None;
        let open = || Ok(Careful::new(builder(self.cache_bytes).open(&self.path)?));
        let (database, is_unwritten) = match guarded(open) {
            Err(Error::Io(_)) if reads_only => {
                let open = || unwritten::open(&SystemDisk, &self.path, self.cache_bytes);
                (guarded(|| Ok(Careful::new(open()?))), true)
            }
            database => (database, false),
        };
        let database = database.map_err(|error| told(&self.path, error))?;
        let mark = guarded(|| read_mark(&database.get()?.begin_read()?));
        *lock(&self.mark) = mark.map_err(|error| told(&self.path, error))?.and_then(Result::ok);
        *opened = Opened { database: Some(database), number: opened.number + 1, is_unwritten };
        Ok(())
    }

    /// The rows, and the mark that they stand at.
    fn table(&self) -> Result<(Table, Option<Mark>), IndexError> {
        self.with(true, |database| {
            let transaction = database.begin_read()?;
            Ok((transaction.open_table(ROWS)?, read_mark(&transaction)?.and_then(Result::ok)))
        })
    }
}

impl IndexFile for RedbIndex {
    fn mark(&self) -> Option<Mark> {
        lock(&self.file.mark).clone()
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        let (rows, mark) = self.file.table()?;
        Ok(Arc::new(FileRows { file: Arc::clone(&self.file), mark, rows: RwLock::new(rows) }))
    }

    fn write(
        &self,
        changes: &mut dyn Iterator<Item = (&[u8], &[u8])>,
        mark: &Mark,
    ) -> Result<(), IndexError> {
        self.file.with(false, |database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            // The map of free pages goes with each flush: flushes are few, and without it opening after a kill walks
            // the whole file. It brings two-phase commit with it.
            transaction.set_quick_repair(true);
            let mut rows = transaction.open_table(ROWS)?;
            for (key, row) in changes {
                rows.insert(key, checked::seal(ROWS_NUMBER, key, row).as_slice())?;
            }
            drop(rows);
            // In the same transaction as the rows: there is no index that was flushed half.
            let sealed = checked::seal(META_NUMBER, MARK_KEY.as_bytes(), &encode_mark(mark));
            transaction.open_table(META)?.insert(MARK_KEY, sealed.as_slice())?;
            transaction.commit()?;
            Ok(())
        })?;
        *lock(&self.file.mark) = Some(mark.clone());
        Ok(())
    }
}

/// The rows of the file as of one mark.
struct FileRows {
    file: Arc<Shared>,
    mark: Option<Mark>,
    rows: RwLock<Table>,
}

/// How often a read looks for the file again that a failure took away: its own failure, or that of a flush under way.
const ATTEMPTS: u32 = 3;

impl FileRows {
    /// Runs `work` on the rows. A flush that fails (a full disk) takes the file away from its readers, who are not to notice: it
    /// is opened again, as long as it still stands at their mark.
    fn with<T>(&self, work: impl Fn(&Table) -> Result<T, Error>) -> Result<T, Unreadable> {
        let mut worked = guarded(|| work(&read(&self.rows)));
        for _ in 0..ATTEMPTS {
            if !matches!(worked, Err(Error::DatabaseClosed | Error::PreviousIo | Error::Io(_))) {
                break;
            }
            match self.file.table() {
                Ok((rows, mark)) if mark == self.mark => *write(&self.rows) = rows,
                Ok(_) => break,
                // Given up, and opened again by the next attempt.
                Err(_) => continue,
            }
            worked = guarded(|| work(&read(&self.rows)));
        }
        worked.map_err(|error| Unreadable(told(&self.file.path, error).to_string()))
    }
}

fn payload(key: &[u8], row: &[u8]) -> Result<Arc<[u8]>, Error> {
    let payload = checked::open(ROWS_NUMBER, key, row);
    Ok(payload.ok_or_else(|| Error::Corrupted("a row is damaged".into()))?.into())
}

impl Kv for FileRows {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        self.with(|rows| rows.get(key)?.map(|row| payload(key, row.value())).transpose())
    }
}

impl Rows for FileRows {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        self.with(|table| {
            let mut rows = Vec::new();
            for row in table.range::<&[u8]>((lower_bound(prefix, after), Bound::Unbounded))?.take(limit) {
                let (key, row) = row?;
                let key = key.value();
                if !key.starts_with(prefix) {
                    break;
                }
                rows.push((key.into(), payload(key, row.value())?));
            }
            Ok(rows)
        })
    }
}

/// Where a range by prefix starts.
pub(super) fn lower_bound<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> Bound<&'a [u8]> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    }
}

/// Why a file that is there was not taken.
enum Look {
    Useless(Discarded),
    Failed(IndexError),
}

fn look(
    path: &Path,
    format: u32,
    origin: &str,
    cache_bytes: usize,
) -> Result<(Option<Careful<Database>>, Found), Look> {
    let opened = guarded(|| {
        // `open`, never `create`: redb makes a new database out of an empty file.
        let opened = Careful::new(builder(cache_bytes).open(path)?);
        let database = opened.get()?;
        let mark = read_mark(&database.begin_read()?)?;
        // Looked at even without a mark: rows whose mark is gone are not an empty index.
        let rows = database.begin_read()?.open_table(ROWS)?.first()?.is_some();
        Ok((opened, mark, rows))
    });
    let useless = |why| Err(Look::Useless(why));
    match opened {
        Ok((database, None, false)) => Ok((Some(database), Found::Nothing)),
        Ok((_, None, true)) => useless(Discarded::Unreadable("it has rows and no mark".into())),
        Ok((_, Some(Err(layout)), _)) => useless(Discarded::FormatUnknown(layout)),
        Ok((_, Some(Ok(mark)), _)) if mark.origin != origin => useless(Discarded::Foreign(mark.origin)),
        Ok((_, Some(Ok(mark)), _)) if mark.format != format => useless(Discarded::FormatUnknown(mark.format)),
        Ok((database, Some(Ok(mark)), _)) => Ok((Some(database), Found::Rows(mark))),
        Err(Error::UpgradeRequired(version)) => useless(Discarded::FormatUnknown(version.into())),
        Err(error) => match told(path, error) {
            IndexError::Corrupt { what } => useless(Discarded::Unreadable(what)),
            error => Err(Look::Failed(error)),
        },
    }
}

/// An empty file, with its tables.
fn create(path: &Path, cache_bytes: usize) -> Result<Careful<Database>, IndexError> {
    let made = guarded(|| {
        let database = Careful::new(builder(cache_bytes).create(path)?);
        let transaction = database.get()?.begin_write()?;
        transaction.open_table(META)?;
        transaction.open_table(ROWS)?;
        transaction.commit()?;
        Ok(database)
    });
    made.map_err(|error| told(path, error))
}

fn builder(cache_bytes: usize) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    builder
}

fn encode_mark(mark: &Mark) -> Vec<u8> {
    let Mark { size, root, format, origin } = mark;
    [
        &LAYOUT.to_be_bytes()[..],
        &format.to_be_bytes(),
        &size.0.to_be_bytes(),
        root.as_bytes(),
        origin.as_bytes(),
    ]
    .concat()
}

/// The mark in the file, if there is one; in place of one of another layout, that layout's number.
fn read_mark(transaction: &ReadTransaction) -> Result<Option<Result<Mark, u32>>, Error> {
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => {
            return Err(Error::Corrupted("it has no table of marks".into()));
        }
        Err(error) => return Err(error.into()),
    };
    let Some(row) = meta.get(MARK_KEY)? else { return Ok(None) };
    let payload = checked::open(META_NUMBER, MARK_KEY.as_bytes(), row.value());
    let mark = payload.and_then(decode_mark).ok_or_else(|| Error::Corrupted("its mark is damaged".into()))?;
    Ok(Some(mark))
}

fn decode_mark(payload: &[u8]) -> Option<Result<Mark, u32>> {
    let (layout, rest) = payload.split_first_chunk::<4>()?;
    let layout = u32::from_be_bytes(*layout);
    if layout != LAYOUT {
        return Some(Err(layout));
    }
    let (format, rest) = rest.split_first_chunk::<4>()?;
    let (size, rest) = rest.split_first_chunk::<8>()?;
    let (root, origin) = rest.split_first_chunk::<32>()?;
    Some(Ok(Mark {
        size: Size(u64::from_be_bytes(*size)),
        root: Hash(*root),
        format: u32::from_be_bytes(*format),
        origin: String::from_utf8(origin.to_vec()).ok()?,
    }))
}

fn told(path: &Path, error: Error) -> IndexError {
    let what = path.display().to_string();
    match error {
        Error::Io(source) => match source.kind() {
            // redb's words for "no redb file" and for a file shorter than its header says.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                IndexError::Corrupt { what: format!("{what}: {source}") }
            }
            _ => io(path, source),
        },
        // Words for a database that is given up already or is being closed: the file itself may be sound.
        Error::PreviousIo | Error::DatabaseClosed => IndexError::Io { what, source: io::Error::other(error) },
        Error::DatabaseAlreadyOpen => IndexError::Locked { what },
        error => IndexError::Corrupt { what: format!("{what}: {error}") },
    }
}

fn io(path: &Path, source: io::Error) -> IndexError {
    let what = path.display().to_string();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => IndexError::Full { what },
        _ => IndexError::Io { what, source },
    }
}

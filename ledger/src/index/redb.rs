//! An index file on redb.
//!
//! spec: storage.md#index-file
//!
//! | table | key    | payload (each row has a checksum behind it, see `checked`)             |
//! |-------|--------|------------------------------------------------------------------------|
//! | meta  | `mark` | layout u32=1 ‖ row format u32 ‖ size u64 ‖ map root (32 bytes) ‖ origin |
//! | rows  | any    | the row                                                                |

use super::merge::lower_bound;
use super::{Discarded, Found, IndexError, IndexFile, IndexRow, Mark, Rows};
use crate::checked;
use crate::guard::{Careful, guarded};
use crate::lock::{lock, read, write};
use ::redb::{
    Builder, Database, Durability, Error, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition,
    TableError,
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
    path: PathBuf,
    cache_bytes: usize,
    /// `None` after a failure, until the file is opened again.
    database: RwLock<Option<Careful<Database>>>,
    mark: Mutex<Option<Mark>>,
}

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
        Ok((Self { path, cache_bytes, database: RwLock::new(Some(database)), mark: Mutex::new(mark) }, found))
    }

    /// Drops a database that failed: redb refuses further work on it, reads included, until it is opened again.
    fn give_up(&self, error: Error) -> IndexError {
        *write(&self.database) = None;
        told(&self.path, error)
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, IndexError> {
        if read(&self.database).is_none() {
            let mut database = write(&self.database);
            if database.is_none() {
                let opened = guarded(|| Ok(Careful::new(builder(self.cache_bytes).open(&self.path)?)));
                let opened = opened.map_err(|error| told(&self.path, error))?;
                let mark = guarded(|| read_mark(opened.get()?)).map_err(|error| told(&self.path, error))?;
                *lock(&self.mark) = mark.and_then(Result::ok);
                *database = Some(opened);
            }
        }
        let worked = match &*read(&self.database) {
            Some(database) => guarded(|| work(database.get()?)),
            None => Err(Error::DatabaseClosed),
        };
        worked.map_err(|error| self.give_up(error))
    }
}

impl IndexFile for RedbIndex {
    fn mark(&self) -> Option<Mark> {
        lock(&self.mark).clone()
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        let rows = self.with(|database| Ok(database.begin_read()?.open_table(ROWS)?))?;
        Ok(Arc::new(FileRows { path: self.path.clone(), rows }))
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        self.with(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            // The map of free pages goes with each flush: flushes are few, and without it opening after a kill walks
            // the whole file. It brings two-phase commit with it.
            transaction.set_quick_repair(true);
            let mut rows = transaction.open_table(ROWS)?;
            for (key, row) in changes {
                rows.insert(&*key, checked::seal(ROWS_NUMBER, &key, &row).as_slice())?;
            }
            drop(rows);
            // In the same transaction as the rows: there is no index that was flushed half.
            let sealed = checked::seal(META_NUMBER, MARK_KEY.as_bytes(), &encode_mark(mark));
            transaction.open_table(META)?.insert(MARK_KEY, sealed.as_slice())?;
            transaction.commit()?;
            Ok(())
        })?;
        *lock(&self.mark) = Some(mark.clone());
        Ok(())
    }
}

/// The rows of the file as of one read transaction.
struct FileRows {
    path: PathBuf,
    rows: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

impl FileRows {
    fn open(&self, key: &[u8], row: &[u8]) -> Result<Arc<[u8]>, Error> {
        let payload = checked::open(ROWS_NUMBER, key, row);
        Ok(payload.ok_or_else(|| Error::Corrupted("a row is damaged".into()))?.into())
    }

    fn unreadable(&self, error: Error) -> Unreadable {
        Unreadable(told(&self.path, error).to_string())
    }
}

impl Kv for FileRows {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        let row = guarded(|| {
            let row = self.rows.get(key)?;
            row.map(|row| self.open(key, row.value())).transpose()
        });
        row.map_err(|error| self.unreadable(error))
    }
}

impl Rows for FileRows {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        let rows = guarded(|| {
            let mut rows = Vec::new();
            for row in self.rows.range::<&[u8]>((lower_bound(prefix, after), Bound::Unbounded))?.take(limit) {
                let (key, row) = row?;
                let key = key.value();
                if !key.starts_with(prefix) {
                    break;
                }
                rows.push((key.into(), self.open(key, row.value())?));
            }
            Ok(rows)
        });
        rows.map_err(|error| self.unreadable(error))
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
        let mark = read_mark(database)?;
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
fn read_mark(database: &Database) -> Result<Option<Result<Mark, u32>>, Error> {
    let meta = match database.begin_read()?.open_table(META) {
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

//! Other places for index rows, no more of them than measuring needs: each row with its checksum, rows and mark in one step,
//! durable on return.

use crate::Outcome;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Snapshot};
use procura_core::kv::{Kv, Unreadable};
use procura_ledger::index::{IndexError, IndexFile, IndexRow, Mark, Rows};
use redb::{Durability, ReadOnlyTable, ReadableDatabase, TableDefinition};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");
/// Behind all keys of rows.
const MARK: &[u8] = &[0xff];

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> IndexError {
    IndexError::Io { what: "a peer".to_owned(), source: io::Error::other(error) }
}

fn unreadable(error: impl std::error::Error) -> Unreadable {
    Unreadable(error.to_string())
}

/// redb 4: one table.
pub(super) struct Redb(redb::Database);

impl Redb {
    pub(super) fn open(folder: &Path, cache_bytes: usize) -> Outcome<Self> {
        let database = redb::Builder::new().set_cache_size(cache_bytes).create(folder.join("index.redb"))?;
        let transaction = database.begin_write()?;
        transaction.open_table(ROWS)?;
        transaction.commit()?;
        Ok(Self(database))
    }

    fn put(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), redb::Error> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        transaction.set_quick_repair(true);
        let mut rows = transaction.open_table(ROWS)?;
        for (key, row) in changes {
            let sealed = [&row[..], &crc32fast::hash(&row).to_be_bytes()].concat();
            rows.insert(&*key, sealed.as_slice())?;
        }
        rows.insert(MARK, mark.root.as_bytes().as_slice())?;
        drop(rows);
        Ok(transaction.commit()?)
    }
}

struct RedbRows(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl IndexFile for Redb {
    fn mark(&self) -> Option<Mark> {
        None
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        let table = self.0.begin_read().map_err(failed)?.open_table(ROWS).map_err(failed)?;
        Ok(Arc::new(RedbRows(table)))
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        self.put(changes, mark).map_err(failed)
    }

    fn forget(&self, _: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        Err(failed(io::Error::other("not measured")))
    }
}

impl Kv for RedbRows {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        let Some(row) = self.0.get(key).map_err(unreadable)? else { return Ok(None) };
        let (row, sum) = row.value().split_last_chunk::<4>().ok_or_else(|| Unreadable("cut".to_owned()))?;
        let is_whole = crc32fast::hash(row) == u32::from_be_bytes(*sum);
        is_whole.then(|| Some(row.into())).ok_or_else(|| Unreadable("damaged".to_owned()))
    }
}

impl Rows for RedbRows {
    fn range(&self, _: &[u8], _: Option<&[u8]>, _: usize) -> Result<Vec<IndexRow>, Unreadable> {
        Err(Unreadable("not measured".to_owned()))
    }
}

/// fjall 3: one keyspace; a flush is an ingestion, which writes its tables past fjall's own log of writes.
pub(super) struct Fjall(Database, Keyspace);

impl Fjall {
    pub(super) fn open(folder: &Path, cache_bytes: usize) -> Outcome<Self> {
        let database = Database::builder(folder).cache_size(cache_bytes as u64).open()?;
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default)?;
        Ok(Self(database, rows))
    }
}

struct FjallRows(Snapshot, Keyspace);

impl IndexFile for Fjall {
    fn mark(&self) -> Option<Mark> {
        None
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        Ok(Arc::new(FjallRows(self.0.snapshot(), self.1.clone())))
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        let mut tables = self.1.start_ingestion().map_err(failed)?;
        for (key, row) in changes {
            tables.write(&*key, &*row).map_err(failed)?;
        }
        tables.write(MARK, mark.root.as_bytes().as_slice()).map_err(failed)?;
        tables.finish().map_err(failed)?;
        self.0.persist(PersistMode::SyncAll).map_err(failed)
    }

    fn forget(&self, _: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        Err(failed(io::Error::other("not measured")))
    }
}

impl Kv for FjallRows {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        Ok(self.0.get(&self.1, key).map_err(unreadable)?.map(|row| Arc::from(&*row)))
    }
}

impl Rows for FjallRows {
    fn range(&self, _: &[u8], _: Option<&[u8]>, _: usize) -> Result<Vec<IndexRow>, Unreadable> {
        Err(Unreadable("not measured".to_owned()))
    }
}

//! Reading over the volumes.

use super::fault::Fault;
use super::format::{Table, VaultRow, decode_node, decode_vault};
use super::volume::{Tables, Volume};
use super::{ATTEMPTS, Shared};
use crate::store::{Head, Reader, StoreError, check_node, check_range};
use procura_core::{Hash, Index};
use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A [`Reader`] that opens each volume it touches once.
pub(super) struct VolumeReader {
    shared: Arc<Shared>,
    head: Head,
    /// The volume last read and its tables: the reads of one request are mostly in one.
    opened: RefCell<Option<Opened>>,
}

struct Opened {
    volume: Arc<Volume>,
    next: u64,
    tables: Tables,
}

impl VolumeReader {
    pub(super) fn new(shared: Arc<Shared>, head: Head) -> Self {
        Self { shared, head, opened: RefCell::new(None) }
    }

    /// Runs `work` on the volume that holds `index`, with the index at which the next one starts.
    fn at<T>(
        &self,
        index: u64,
        work: impl Fn(&Tables, &Path, u64) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let kept = self.opened.take().filter(|opened| (opened.volume.first..opened.next).contains(&index));
        if let Some(opened) = kept {
            match work(&opened.tables, &opened.volume.path, opened.next) {
                Err(Fault::Closed | Fault::Failing) => {}
                Err(fault) => return Err(fault.into_error(&opened.volume.path)),
                Ok(answer) => {
                    self.opened.replace(Some(opened));
                    return Ok(answer);
                }
            }
        }
        let mut attempts = ATTEMPTS;
        loop {
            // Asked each time: the volume may have been sealed, which bounds it.
            let (volume, next) = self.shared.volume_of(index).ok_or_else(closed)?;
            let answered = self.shared.tables(&volume).and_then(|tables| {
                let answer = work(&tables, &volume.path, next)?;
                Ok((answer, tables))
            });
            match answered {
                Ok((answer, tables)) => {
                    self.opened.replace(Some(Opened { volume, next, tables }));
                    return Ok(answer);
                }
                Err(Fault::Closed) if attempts > 0 => attempts -= 1,
                Err(Fault::Failing) if attempts > 0 => {
                    attempts -= 1;
                    self.shared.revive(&volume)?;
                }
                Err(fault) => return Err(fault.into_error(&volume.path)),
            }
        }
    }
}

/// The store was dropped, or could not be reopened.
fn closed() -> StoreError {
    StoreError::Io { what: "reading".into(), source: io::Error::other("the store is closed") }
}

impl Reader for VolumeReader {
    fn head(&self) -> &Head {
        &self.head
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        check_range(&range, self.head.size)?;
        let mut entries = Vec::new();
        let mut start = range.start;
        while start < range.end {
            let part = self.at(start, |tables, path, next| {
                tables.range(path, Table::Entries, start..range.end.min(next))
            })?;
            start += part.len() as u64;
            entries.extend(part);
        }
        Ok(entries)
    }

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        let leaf = check_node(level, index, self.head.size)?;
        self.at(leaf, |tables, path, _| {
            tables.get(path, Table::Nodes, leaf, |payload| decode_node(payload, level))
        })
    }

    fn vault(&self, index: Index) -> Result<Option<Vec<u8>>, StoreError> {
        check_range(&(index.0..index.0.saturating_add(1)), self.head.size)?;
        self.at(index.0, |tables, path, _| {
            tables.get(path, Table::Vault, index.0, |payload| {
                decode_vault(payload).map(|row| match row {
                    VaultRow::Held(bytes) => Some(bytes.to_vec()),
                    VaultRow::Never | VaultRow::Erased => None,
                })
            })
        })
    }
}

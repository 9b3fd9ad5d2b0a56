//! Erasure: the volumes concerned are written anew without the rows, and take the old files' names.
//!
//! redb does not zero the pages it frees, and an overwritten row lives on in them; so nothing is overwritten. The new
//! file never holds the erased bytes, and the old one has no name once the rename is durable; the system frees it
//! when the last reader that was in it is dropped. What the disk itself
//! keeps of deleted files is the operator's concern (encrypt the disk), and copies of the folder are as well.

use super::Shared;
use super::fault::corrupt;
use super::format::{Birth, ENTRIES, NODES, Table, VAULT, VaultRow, decode_vault, encode_vault, seal_row};
use super::volume::{self, Volume};
use crate::guard::Careful;
use crate::lock::{lock, read};
use crate::store::{Head, StoreError};
use ::redb::Database;
use procura_core::Index;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// How many rows are copied in one transaction: bounds memory, not meaning.
const CHUNK: u64 = 4096;

impl Shared {
    /// See [`Store::erase`](crate::store::Store::erase). One volume after another; each is there whole, old or new, at
    /// every instant, so that a crash leaves some volumes done and a repetition does the rest.
    pub(super) fn erase(&self, indexes: &BTreeSet<Index>) -> Result<(), StoreError> {
        let _alone = lock(&self.erasing);
        let size = read(&self.head).size;
        if let Some(&index) = indexes.iter().find(|index| index.0 >= size.0) {
            return Err(StoreError::Missing { index });
        }
        let mut concerned: BTreeMap<u64, (Arc<Volume>, BTreeSet<u64>)> = BTreeMap::new();
        for index in indexes {
            let (volume, _) = self.volume_of(index.0).ok_or(StoreError::OutcomeUnknown)?;
            concerned.entry(volume.first).or_insert_with(|| (volume, BTreeSet::new())).1.insert(index.0);
        }
        for (volume, erased) in concerned.values() {
            self.rewrite(volume, erased)?;
        }
        Ok(())
    }

    fn rewrite(&self, volume: &Volume, erased: &BTreeSet<u64>) -> Result<(), StoreError> {
        if !self.holds_any(volume, erased)? {
            return Ok(());
        }
        let temporary = self.folder.temporary(volume.first)?;
        let written = self.write_anew(volume, erased, &temporary);
        if written.is_err() {
            // Opening removes it in any case; on a full disk its room is wanted now.
            if let Err(error) = self.folder.remove(&temporary) {
                tracing::debug!(%error, file = %temporary.display(), "not removed");
            }
        }
        written
    }

    fn write_anew(
        &self,
        volume: &Volume,
        erased: &BTreeSet<u64>,
        temporary: &Path,
    ) -> Result<(), StoreError> {
        let (birth, head) = self.described(volume)?;
        let database = volume::create(self.disk(), temporary, &birth, &head, self.options.cache_bytes)?;
        // The bulk goes over while the writer goes on; only what came meanwhile is copied in its way.
        self.copy(volume, erased, birth.first..head.size.0, (temporary, &database))?;
        let mut writer = lock(&self.writer);
        if writer.unsettled {
            return Err(StoreError::OutcomeUnknown);
        }
        let (_, now) = self.described(volume)?;
        self.copy(volume, erased, head.size.0..now.size.0, (temporary, &database))?;
        volume::commit(temporary, &database, |transaction| volume::put_head(transaction, &now))
            .map_err(|fault| fault.into_error(temporary))?;

        writer.unsettled = volume.is_writing();
        if volume.is_writing() {
            self.folder.rename(temporary, &volume.path)?;
            volume.replace(database);
        } else {
            volume::close_database(temporary, database)?;
            self.folder.rename(temporary, &volume.path)?;
            volume.close()?;
        }
        writer.unsettled = false;
        tracing::info!(volume = volume.first, rows = erased.len(), "vault rows were erased");
        Ok(())
    }

    /// Whether the vault still holds any of the rows: a repeated erasure costs no rewriting.
    fn holds_any(&self, volume: &Volume, indexes: &BTreeSet<u64>) -> Result<bool, StoreError> {
        for &index in indexes {
            let held = self.with(volume, |tables| {
                tables.get(&volume.path, Table::Vault, index, |payload| {
                    decode_vault(payload).map(|row| matches!(row, VaultRow::Held(_)))
                })
            })?;
            if held {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the volume says of itself.
    pub(super) fn described(&self, volume: &Volume) -> Result<(Birth, Head), StoreError> {
        self.with(volume, |tables| volume.inspect(tables))
    }

    /// Copies the rows of `range`, each checked on the way, but for the vault rows erased.
    pub(super) fn copy(
        &self,
        from: &Volume,
        erased: &BTreeSet<u64>,
        range: Range<u64>,
        (path, to): (&Path, &Careful<Database>),
    ) -> Result<(), StoreError> {
        let mut start = range.start;
        while start < range.end {
            let chunk = start..range.end.min(start + CHUNK);
            let payloads = |table| self.with(from, |tables| tables.range(&from.path, table, chunk.clone()));
            let (entries, nodes) = (payloads(Table::Entries)?, payloads(Table::Nodes)?);
            let mut vault = payloads(Table::Vault)?;
            for (index, payload) in (start..).zip(&mut vault) {
                let row = decode_vault(payload)
                    .ok_or_else(|| corrupt(&from.path, format!("the vault row {index} is damaged")))?;
                if erased.contains(&index) && matches!(row, VaultRow::Held(_)) {
                    *payload = encode_vault(VaultRow::Erased);
                }
            }
            let parts = [
                (Table::Entries, ENTRIES, entries),
                (Table::Nodes, NODES, nodes),
                (Table::Vault, VAULT, vault),
            ];
            volume::commit(path, to, |transaction| {
                for (table, definition, payloads) in &parts {
                    let mut rows = transaction.open_table(*definition)?;
                    for (index, payload) in (start..).zip(payloads) {
                        rows.insert(index, seal_row(*table, index, payload).as_slice())?;
                    }
                }
                Ok(())
            })
            .map_err(|fault| fault.into_error(path))?;
            start = chunk.end;
        }
        Ok(())
    }
}

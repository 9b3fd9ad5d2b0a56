//! Erasures that are handed in at a restoration, because no backup knows them: signed records, or receipts with them.
//!
//! They need not have been logged: what counts is that an authority of the ledger signed them. Its key is looked up in what the backup holds.
//! One that is not active there signs nothing: whatever an ended one signed that was logged was logged before its end, and so is in the
//! backup too, and one that waits to be accepted is not yet anybody's.
//!
//! spec: storage.md#backup

use super::restore::{each, unreadable};
use super::{Backup, BackupError, erasures};
use crate::store::redb::RedbStore;
use crate::store::{Reader, Store, StoreError};
use crate::vault::VaultRow;
use procura_core::entry::Entry;
use procura_core::key::PublicKey;
use procura_core::kinds::{Content, Role};
use procura_core::receipt::Receipt;
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::{Hash, Index};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// An erasure and the file that it is from.
struct Handed<'a> {
    path: &'a Path,
    record: Record,
}

/// The records that the files say are erased.
pub(super) fn targets(
    store: &RedbStore,
    backup: &Backup,
    files: &[PathBuf],
) -> Result<BTreeSet<Hash>, BackupError> {
    let (mut targets, mut handed) = (BTreeSet::new(), Vec::new());
    for path in files {
        let bytes = fs::read(path).map_err(BackupError::io(path.display()))?;
        if erasures::is_one(&bytes) {
            let noted = erasures::parse(path, &bytes)?;
            targets.extend(erasures::targets(&noted, &backup.origin, backup.size));
        } else {
            let records = records(&bytes).map_err(not_one(path))?;
            handed.extend(records.into_iter().map(|record| Handed { path, record }));
        }
    }
    if handed.is_empty() {
        return Ok(targets);
    }
    let signers = Signers::read(store.read()?.as_ref(), &handed)?;
    for Handed { path, record } in &handed {
        // One that is logged was judged then.
        if !signers.logged.contains(&record.id()) {
            signers.check(record, &backup.origin).map_err(not_one(path))?;
        }
        if let Content::Erasure(erasure) = record.content() {
            targets.extend(&erasure.targets);
        }
    }
    Ok(targets)
}

fn not_one(path: &Path) -> impl Fn(String) -> BackupError {
    move |what| BackupError::NotAnErasure { path: path.to_owned(), what }
}

/// The erasures of a file, at least one: it is a record, or a receipt.
fn records(bytes: &[u8]) -> Result<Vec<Record>, String> {
    let is_erasure = |record: &Record| matches!(record.content(), Content::Erasure(_));
    let mut found = if bytes.starts_with(b"{") {
        let receipt = Receipt::parse(bytes).map_err(|error| format!("it is no receipt: {error}"))?;
        let opened = receipt.entries.iter().filter_map(|entry| entry.sealed.as_ref());
        opened.filter_map(|sealed| Record::parse(&sealed.body).ok()).collect()
    } else {
        let text =
            std::str::from_utf8(bytes).map_err(|_| "it is neither a record nor a receipt".to_owned())?;
        vec![Record::parse(text.trim_end()).map_err(|error| format!("it is no record: {error}"))?]
    };
    found.retain(is_erasure);
    if found.is_empty() { Err("there is no record of an erasure in it".to_owned()) } else { Ok(found) }
}

/// What the backup holds of who signed.
struct Signers {
    logged: BTreeSet<Hash>,
    keys: BTreeMap<Hash, (Hash, PublicKey)>,
    authorities: BTreeSet<Hash>,
    /// How keys and parties stand at the backup's end.
    standing: BTreeMap<Hash, Status>,
}

impl Signers {
    fn read(reader: &dyn Reader, handed: &[Handed<'_>]) -> Result<Self, StoreError> {
        let mut found = Self {
            logged: BTreeSet::new(),
            keys: BTreeMap::new(),
            authorities: BTreeSet::new(),
            standing: BTreeMap::new(),
        };
        let ids: BTreeSet<Hash> = handed.iter().map(|one| one.record.id()).collect();
        let kids: BTreeSet<Hash> = handed.iter().map(|one| *one.record.jws().kid()).collect();
        each(reader, |index, entry| {
            let Some(id) = entry.id() else { return Ok(()) };
            if ids.contains(&id) {
                found.logged.insert(id);
            }
            if kids.contains(&id)
                && let Some(record) = body(reader, index)?
                && let Content::Key(key) = record.content()
            {
                found.keys.insert(id, (key.party, key.public_key));
            }
            Ok(())
        })?;
        let parties: BTreeSet<Hash> = found.keys.values().map(|(party, _)| *party).collect();
        each(reader, |index, entry| {
            let moved = match entry {
                Entry::Transition { target_id, .. } => Some(*target_id),
                _ => entry.id(),
            };
            if let (Some(moved), Some(status)) = (moved, entry.status())
                && (kids.contains(&moved) || parties.contains(&moved))
            {
                found.standing.insert(moved, status);
            }
            if let Some(id) = entry.id()
                && parties.contains(&id)
                && let Some(record) = body(reader, index)?
                && let Content::Party(party) = record.content()
                && party.roles.contains(&Role::Authority)
            {
                found.authorities.insert(id);
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn check(&self, record: &Record, origin: &str) -> Result<(), String> {
        let kid = record.jws().kid();
        if record.common().origin != origin {
            return Err(format!(
                "its record {} is of another ledger, {}",
                record.id(),
                record.common().origin
            ));
        }
        let Some((party, key)) = self.keys.get(kid) else {
            return Err(format!("the backup has no key {kid}, which signed its record {}", record.id()));
        };
        record.jws().verify(key).map_err(|error| format!("its record {}: {error}", record.id()))?;
        if !self.authorities.contains(party) {
            return Err(format!("{party}, whose key signed its record {}, is no authority", record.id()));
        }
        if [kid, party].into_iter().any(|id| self.standing.get(id) != Some(&Status::ACTIVE)) {
            return Err(format!("the key {kid}, which signed its record {}, is not active", record.id()));
        }
        Ok(())
    }
}

/// The record of an entry; `None` if it is erased.
pub(super) fn body(reader: &dyn Reader, index: Index) -> Result<Option<Record>, StoreError> {
    let Some(row) = reader.vault(index)? else { return Ok(None) };
    let row = VaultRow::decode(&row).map_err(|_| unreadable(index))?;
    Record::parse(row.admitted.jws.text()).map(Some).map_err(|_| unreadable(index))
}

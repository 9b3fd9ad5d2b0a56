//! Bringing the index up to the log, from wherever it stands: at opening, and after a commit whose outcome was unknown.

use crate::error::OpenError;
use crate::index::Layers;
use crate::search::{self, Filing, Noted};
use crate::store::{Reader, Store, StoreError};
use crate::vault::{BadVaultRow, VaultRow};
use procura_core::entry::Entry;
use procura_core::identifier::Identifier;
use procura_core::index::{ApplyError, Working, meta};
use procura_core::kinds::Content;
use procura_core::kv::{Changes, Kv, Unreadable};
use procura_core::record::Record;
use procura_core::{Index, Size};
use std::sync::Arc;

/// How many entries are replayed before their rows are written, at least.
const CHUNK: u64 = 4096;
/// How many entries are read at a time: what opening a volume's tables costs is shared among them.
const READ: u64 = 256;

/// Applies the entries from where the index stands up to `size`, by the same code as every commit.
///
/// # Errors
/// [`OpenError`]; [`OpenError::Fault`] at the first invalid entry.
pub(crate) fn replay(store: &dyn Store, layers: &Layers, origin: &str, size: Size) -> Result<(), OpenError> {
    let unreadable = |error: Unreadable| OpenError::Read(error.into());
    let reader = store.read()?;
    loop {
        let snapshot = layers.snapshot();
        let from = meta(&snapshot).map_err(unreadable)?.map_or(Size(0), |meta| meta.size);
        if from >= size {
            return Ok(());
        }
        layers.wait_for_room()?;
        let mut working = Working::new(&snapshot, origin).map_err(unreadable)?;
        let mut found = Changes::new();
        let mut at = from.0;
        let mut read = Vec::new().into_iter();
        // A chunk ends with an index commit, so that what is flushed stands at one.
        while at < size.0 {
            if read.len() == 0 {
                read = reader.entries(at..size.0.min(at.saturating_add(READ)))?.into_iter();
            }
            let bytes: Vec<u8> = read.next().unwrap_or_default();
            let applied = working.apply(&bytes).map_err(|error| match error {
                ApplyError::Unreadable(error) => unreadable(error),
                ApplyError::Fault(fault) => OpenError::Fault { index: at, fault: fault.to_string() },
            })?;
            at += 1;
            if matches!(applied.entry, Entry::Commit(_)) {
                if at - from.0 >= CHUNK {
                    break;
                }
                continue;
            }
            let rows = Overlay { fresh: &found, base: &snapshot };
            let fresh = find(reader.as_ref(), &rows, applied.index, &applied.entry)?;
            found.extend(fresh);
        }
        let (root, _) = working.map().map_err(unreadable)?;
        let (mut changes, trie) = working.close().map_err(unreadable)?;
        changes.extend(found);
        layers.write(changes, trie);
        if layers.should_flush() {
            layers.freeze(Size(at), root);
        }
    }
}

/// The rows that find the record of an entry. Of an erased one its place is known, which the entry itself says.
fn find<K: Kv>(reader: &dyn Reader, rows: &K, index: Index, entry: &Entry) -> Result<Changes, OpenError> {
    let damaged =
        |what: String| OpenError::Read(Unreadable(format!("the vault row at {index}: {what}")).into());
    let Some(row) = reader.vault(index)? else {
        let mut changes = Changes::new();
        search::write_place_of(entry, index, &mut changes);
        return Ok(changes);
    };
    let row = VaultRow::decode(&row).map_err(|error| match error {
        BadVaultRow::FormatUnknown(found) => {
            let (file, found) = (format!("the vault row at {index}"), found.to_string());
            OpenError::Store(StoreError::FormatUnknown { file, found })
        }
        BadVaultRow::Damaged(what) => damaged(what.to_owned()),
    })?;
    let record = Record::parse(row.admitted.jws.text()).map_err(|error| damaged(error.to_string()))?;
    derive(rows, index, &record, &row).map_err(|error| OpenError::Read(error.into()))
}

/// The rows that find a record, out of its vault row.
pub(crate) fn derive<K: Kv + ?Sized>(
    rows: &K,
    index: Index,
    record: &Record,
    row: &VaultRow,
) -> Result<Changes, Unreadable> {
    let mut changes = Changes::new();
    let identifier = match record.content() {
        Content::Party(_) => disclosed_identifier(record, &row.admitted.disclosures),
        _ => None,
    };
    Noted { record, identifier, handle: row.admitted.handle }.write(index, &mut changes);
    for (party, segment) in &row.filed {
        let own = match (record.content(), row.admitted.handle) {
            (Content::Party(content), Some(handle)) if *party == record.id() => {
                Some(Filing::new(content.party_type, handle))
            }
            _ => search::filing_of(rows, party)?,
        };
        if let Some(mut filing) = own {
            filing.items = if filing.segment == *segment { filing.items.saturating_add(1) } else { 1 };
            filing.segment = *segment;
            search::write_filing(party, &filing, &mut changes);
        }
    }
    Ok(changes)
}

pub(crate) fn disclosed_identifier(record: &Record, disclosures: &[String]) -> Option<Identifier> {
    let members = record.disclosed(disclosures, false).ok()?;
    members.get("identifier")?.as_str()?.parse().ok()
}

/// The rows of a chunk in progress.
pub(crate) struct Overlay<'a, K> {
    pub(crate) fresh: &'a Changes,
    pub(crate) base: &'a K,
}

impl<K: Kv> Kv for Overlay<'_, K> {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        match self.fresh.get(key) {
            Some(row) => Ok(Some(Arc::clone(row))),
            None => self.base.get(key),
        }
    }
}

//! Everything that a ledger stores, checked against nothing but itself and its log key.
//!
//! Tree and index are rebuilt from the entries alone; every stored hash, body, opening, tag and index row is held against
//! what they give. Nothing stored is believed, and the first finding does not end the work. What audit holds against the
//! entries and where each check is:
//!
//! | what | where |
//! |---|---|
//! | node hashes, checkpoint, rule R1, validity of each entry, index commits | `rebuild.rs` |
//! | bodies, openings, disclosures, handles | `rebuild.rs` |
//! | signatures, statuses and moves, in whose lists a record stands, its tags | `records.rs` |
//! | the lists behind the map's values, by rs_merkle | `lists.rs` |
//! | the rows of the index | `rows.rs` |
//!
//! The index is rebuilt in memory, so that memory grows with the log: one too long for that needs another
//! [`Kv`](procura_core::kv::Kv), and lists on disk, under the same code.
//!
//! spec: storage.md#audit

mod finding;
mod lists;
mod rebuild;
mod records;
mod rows;

pub use finding::Finding;

use crate::error::ReadError;
use crate::index::{self, Found, IndexError, IndexFile, Rows, RunsIndex};
use crate::ledger::Ledger;
use crate::open::INDEX_CACHE_BYTES;
use crate::store::redb::{Options as VolumeOptions, RedbStore};
use crate::store::{Store, StoreError};
use crate::view::View;
use procura_core::note::NoteVerifier;
use procura_core::{Hash, Size};
use rebuild::Rebuilt;
use std::path::Path;

/// What an audit looked at, and what it found.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditReport {
    /// How many entries were stored.
    pub size: Size,
    /// The tree's root, computed from the entries; `None` if not all could be read.
    pub root: Option<Hash>,
    /// How many of what.
    pub counts: Counts,
    /// The size of the log at which the stored index was compared; `None`: there was none to compare.
    pub index_compared: Option<Size>,
    /// What is not as it must be, in the order in which it was found.
    pub findings: Vec<Finding>,
}

/// How many of what an audit looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries read.
    pub entries: u64,
    /// Index commits among them.
    pub commits: u64,
    /// Creates, parties with an alias included.
    pub creates: u64,
    /// Transitions.
    pub transitions: u64,
    /// Traces.
    pub traces: u64,
    /// Records whose body opened the entry.
    pub opened: u64,
    /// Records without a body.
    pub unopened: u64,
    /// Records whose signature and effect were judged, from the root down, and count.
    pub signatures: u64,
    /// Records whose signature no longer counts, because a key-end logged later says that a key was in other hands. That is
    /// no fault of the ledger's.
    pub discounted: u64,
    /// Records that could not be judged because one that they rest on has no body.
    pub unjudged: u64,
}

impl AuditReport {
    /// Whether everything is as it must be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Why an audit did not take place. Whatever is wrong with what is stored is a [`Finding`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The main store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index does not open.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The view could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl AuditError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Store(error) => error.name(),
            Self::Index(error) => error.name(),
            Self::Read(error) => error.name(),
        }
    }
}

/// Told how far an audit is: steps done, steps in all (two for each entry).
pub type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// Audits the ledger in `folder`, which no process may have open.
///
/// The files are opened as [`Ledger::open`] opens them: after a kill they are repaired, and an index that is of no use
/// is removed (and is a finding).
///
/// # Errors
/// [`AuditError`].
pub fn audit(
    folder: &Path,
    origin: &str,
    log_key: &NoteVerifier,
    progress: Progress<'_>,
) -> Result<AuditReport, AuditError> {
    let store = RedbStore::open(&folder.join("main"), VolumeOptions::default())?;
    let path = folder.join("index");
    if !path.exists() {
        return audit_store(&store, None, origin, log_key, progress);
    }
    let (file, found) = RunsIndex::open(&path, index::FORMAT, origin, INDEX_CACHE_BYTES)?;
    let rows = file.read()?;
    let index = match &found {
        Found::Rows(mark) => Some((rows.as_ref(), mark.size)),
        Found::Nothing | Found::Discarded(_) => None,
    };
    let mut report = audit_store(&store, index, origin, log_key, progress)?;
    if let Found::Discarded(why) = found {
        report.findings.push(Finding::IndexFile(format!("{why:?}")));
    }
    Ok(report)
}

/// Audits a store, and index rows that claim to stand at a size of its log.
///
/// # Errors
/// [`AuditError::Store`] if the store can't be read at all.
pub fn audit_store(
    store: &dyn Store,
    index: Option<(&dyn Rows, Size)>,
    origin: &str,
    log_key: &NoteVerifier,
    progress: Progress<'_>,
) -> Result<AuditReport, AuditError> {
    let reader = store.read()?;
    let (size, checkpoint) = (reader.head().size, reader.head().checkpoint.clone());
    let rebuilt = Rebuilt::new(reader.as_ref(), origin, size);
    Ok(rebuilt.audited(index, &checkpoint, std::slice::from_ref(log_key), progress))
}

impl View {
    /// Audits the ledger as of this view, the index that answers are given from included. It may go on meanwhile.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn audit(&self, progress: Progress<'_>) -> Result<AuditReport, AuditError> {
        let reader = self.shared.store.read()?;
        let rebuilt = Rebuilt::new(reader.as_ref(), &self.shared.origin, self.size());
        let index = (&self.head.snapshot as &dyn Rows, self.size());
        Ok(rebuilt.audited(Some(index), self.checkpoint(), &self.head.log_keys.verifiers(), progress))
    }
}

impl Ledger {
    /// Audits the ledger as of its last commit: [`View::audit`].
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn audit(&self, progress: Progress<'_>) -> Result<AuditReport, AuditError> {
        self.view().audit(progress)
    }
}

impl Rebuilt<'_> {
    /// The whole audit, told in order.
    fn audited(
        mut self,
        index: Option<(&dyn Rows, Size)>,
        checkpoint: &str,
        log_keys: &[NoteVerifier],
        progress: Progress<'_>,
    ) -> AuditReport {
        let size = self.size();
        let steps = size.0.saturating_mul(2);
        let mut index_compared = None;
        if let Some((rows, at)) = index {
            if at > size {
                self.find(Finding::IndexMark { stated: at, stored: size });
            } else {
                self.up_to(at, &mut |done| progress(done, steps));
                index_compared = self.stands_at(at).then_some(at);
                if index_compared.is_some() {
                    self.compare_rows(rows);
                }
            }
        }
        self.up_to(size, &mut |done| progress(done, steps));
        self.check_erased();
        let root = self.check_checkpoint(checkpoint, log_keys);
        self.check_lists();
        self.check_records(&mut |done| progress(size.0.saturating_add(done), steps));
        let (counts, findings) = self.into_parts();
        AuditReport { size, root, counts, index_compared, findings }
    }
}

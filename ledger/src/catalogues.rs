//! The catalogues that have not ended, kept at hand: whoever registers a party or asks needs them, and what that costs must not
//! grow with the catalogues that were.

use crate::index::Rows;
use crate::search;
use procura_core::Hash;
use procura_core::index::status_of;
use procura_core::kinds::Content;
use procura_core::kv::Unreadable;
use procura_core::record::Record;
use procura_core::status::Status;
use std::sync::Arc;

/// The ids of the catalogues that have not ended, oldest first, as of one entry. A clone is cheap.
#[derive(Clone)]
pub(crate) struct Catalogues(Arc<[Hash]>);

impl Catalogues {
    /// None: as of an empty log.
    pub(crate) fn none() -> Self {
        Self(Arc::new([]))
    }

    /// Reads them out of all that there ever were: when a ledger is opened.
    pub(crate) fn read(rows: &dyn Rows) -> Result<Self, Unreadable> {
        let mut ids = Vec::new();
        for id in ever(rows)? {
            if status_of(rows, &id)?.is_some_and(|header| !header.status.is_ended()) {
                ids.push(id);
            }
        }
        Ok(Self(ids.into()))
    }

    /// Takes note of a record that was logged, and of the status that it led to.
    pub(crate) fn note(&mut self, record: &Record, status: Option<Status>) {
        if matches!(record.content(), Content::Catalogue(_)) {
            self.0 = [&self.0, &[record.id()][..]].concat().into();
        } else if let Some(target) = record.common().target
            && status.is_some_and(Status::is_ended)
            && self.0.contains(&target)
        {
            let rest: Vec<Hash> = self.0.iter().copied().filter(|id| *id != target).collect();
            self.0 = rest.into();
        }
    }

    /// The ids.
    pub(crate) fn ids(&self) -> &[Hash] {
        &self.0
    }
}

/// All catalogues that there ever were, oldest first.
pub(crate) fn ever(rows: &dyn Rows) -> Result<Vec<Hash>, Unreadable> {
    let rows = rows.range(&search::catalogues_prefix(), None, usize::MAX)?;
    rows.iter().map(|(_, row)| search::id_of(row)).collect()
}

//! Records for those who may read them, and silence for all others: whether a record is not there, or not for this reader, is answered
//! after the same reads.
//!
//! spec: http.md#who-calls, threats.md#silence

use crate::error::ReadError;
use crate::index::Rows;
use crate::search;
use crate::view::{Found, View};
use procura_core::hash::sha256;
use procura_core::index::{LISTED, listed};
use procura_core::{Hash, Index};
use std::sync::Arc;

impl View {
    /// The record with this id if it is there and `may` be read. Else `None`, for the same work: in the place of a record that is
    /// not there another one is read, and thrown away.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn record_for(&self, id: &Hash, may: &dyn Fn(&Found) -> bool) -> Result<Option<Found>, ReadError> {
        let rows = &self.head.snapshot;
        // All of these are looked up, whichever names the record.
        let (create, place) = (listed(rows, id)?, search::place_of(rows, id)?);
        let neighbour = self.neighbour(id)?;
        let index = create.map(|create| create.created()).or(place);
        let kept = self.kept(index.unwrap_or(neighbour))?;
        let parties = kept.filed.iter().map(|(party, _)| *party).collect();
        let status = create.map(|create| create.status);
        let found = Found { id: *id, logged: Arc::clone(&kept.logged), status, parties };
        let is_readable = may(&found);
        Ok(Some(found).filter(|_| index.is_some() && is_readable))
    }

    /// Where another create stands: for one id always the same one, so that what is held in memory of it tells nothing either. Its place
    /// follows from a hash: how it is found depends in nothing on whether the id is there.
    fn neighbour(&self, id: &Hash) -> Result<Index, ReadError> {
        let rows = &self.head.snapshot;
        let after = [LISTED, &sha256(&[b"neighbour", &id.0]).0].concat();
        let next = rows.range(LISTED, Some(&after), 1)?;
        let next = next.first().and_then(|(key, _)| Hash::from_slice(key.get(LISTED.len()..)?));
        // Behind the last one it is entry 0.
        Ok(listed(rows, &next.unwrap_or_default())?.map_or(Index(0), |create| create.created()))
    }
}

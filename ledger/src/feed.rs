//! What is new for a party: a walk of its own list from where it was left, no second table.
//!
//! spec: http.md#events

use crate::error::ReadError;
use crate::search;
use crate::view::View;
use procura_core::hash::tag;
use procura_core::index::{tag_header, tag_items};
use procura_core::source::Logged;
use procura_core::{Hash, Index};
use std::sync::Arc;

/// How far a party's list goes: another one once something was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListMark {
    segment: u64,
    items: u32,
}

impl View {
    /// How far a party's list goes, by one look; `None` if there is no such party.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn list_mark(&self, party: &Hash) -> Result<Option<ListMark>, ReadError> {
        let filing = search::filing_of(&self.head.snapshot, party)?;
        Ok(filing.map(|filing| ListMark { segment: filing.segment, items: filing.items }))
    }

    /// The first `limit` entries of a party's list behind `after`, in log order. What that costs grows with the logarithm of the
    /// list.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn news(&self, party: &Hash, after: Index, limit: usize) -> Result<Vec<Arc<Logged>>, ReadError> {
        let kv = &self.head.snapshot;
        let Some(filing) = search::filing_of(kv, party)? else { return Ok(Vec::new()) };
        // Indexes ascend from segment to segment: the first that ends behind `after` is found by halving.
        let (mut low, mut high) = (0, filing.segment.saturating_add(1));
        while low < high {
            let middle = low + (high - low) / 2;
            let last = tag_header(kv, &tag(&filing.handle, middle))?.map(|header| header.body().last_index);
            if last.is_some_and(|last| last <= after) { low = middle + 1 } else { high = middle }
        }
        let mut found = Vec::new();
        for segment in low..=filing.segment {
            for item in tag_items(kv, &tag(&filing.handle, segment), 0..u64::MAX)? {
                if found.len() >= limit {
                    return Ok(found);
                }
                if item.index > after {
                    found.push(Arc::clone(&self.kept(item.index)?.logged));
                }
            }
        }
        Ok(found)
    }
}

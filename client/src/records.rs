//! Everything that concerns a party, with the proof that nothing is left out.
//!
//! A list may come in pages, each a receipt under a checkpoint of its own, each later than the one before. The pages are
//! put together here: segments without a gap, the last page proves the end, and every item of every record's status
//! list that was there at the *first* page's checkpoint is among what was shown. So the whole is complete as of
//! the first page's checkpoint.

use crate::client::{Client, Proven};
use crate::error::{Distrust, ReadError};
use procura_core::entry::Entry;
use procura_core::index::Item;
use procura_core::receipt::{Mode, Receipt, VerifiedComplete, verify_complete};
use procura_core::source::Logged;
use procura_core::status::Status;
use procura_core::{Hash, Index, Millis, Size};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a list is not known to be complete.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// A page was not had, or is not believed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A page that shows nothing and proves no end: the server's fault.
    #[error("the server's page from segment {0} shows nothing and proves no end")]
    NoProgress(u64),
    /// Something happened to a record of the list that the list does not show. The operator's fault; the
    /// receipts are the evidence.
    #[error("the entry at {index} concerns a record of this list, but was not filed under the party")]
    Misfiled {
        /// The record.
        id: Hash,
        /// The entry.
        index: Index,
    },
}

impl RecordsError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Read(error) => error.name(),
            Self::NoProgress(_) => "no_progress",
            Self::Misfiled { .. } => "misfiled",
        }
    }
}

/// A record in a party's list.
#[derive(Debug, Clone)]
pub struct Filed {
    /// The record in the log; opened unless it was erased.
    pub logged: Arc<Logged>,
    /// The segment in which it stands.
    pub segment: u64,
    /// A create's status; `None` for others.
    pub status: Option<Status>,
}

/// Everything that concerns a party. Only verification makes this value.
#[derive(Debug, Clone)]
pub struct AllRecords {
    party: Arc<Logged>,
    records: Vec<Filed>,
    as_of: Size,
    time: Millis,
    receipts: Vec<Vec<u8>>,
}

impl AllRecords {
    /// The party's own record.
    #[must_use]
    pub const fn party(&self) -> &Arc<Logged> {
        &self.party
    }

    /// The records, in log order.
    #[must_use]
    pub fn records(&self) -> &[Filed] {
        &self.records
    }

    /// The size of the log as of which nothing is left out.
    #[must_use]
    pub const fn as_of(&self) -> Size {
        self.as_of
    }

    /// The time of that state.
    #[must_use]
    pub const fn time(&self) -> Millis {
        self.time
    }

    /// The receipts, one a page.
    #[must_use]
    pub fn receipts(&self) -> &[Vec<u8>] {
        &self.receipts
    }
}

impl Client {
    /// Every record that concerns `party`, which is this client's own or, for an auditor, any. `progress` is told the
    /// number of records after each page.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn records(&self, party: &Hash, progress: &dyn Fn(usize)) -> Result<AllRecords, RecordsError> {
        let mut pages = Pages::default();
        let mut from = 0;
        loop {
            let page = self.page(party, from)?;
            let shown = page.answer().answer().segments.len() as u64;
            let is_last = page.answer().answer().to_the_end;
            pages.add(page)?;
            progress(pages.shown.len());
            if is_last {
                return pages.finish();
            }
            if shown == 0 {
                return Err(RecordsError::NoProgress(from));
            }
            // The page was verified to show each segment from `from` on: the next follows without a gap.
            from += shown;
        }
    }

    fn page(&self, party: &Hash, from: u64) -> Result<Proven<VerifiedComplete>, ReadError> {
        let token = self.token()?;
        let path = format!("/v1/parties/{party}/records?from={from}");
        let reply = self.server.get(&path, Some(token.as_str()))?;
        let mode = Mode::Fresh(self.now());
        Ok(self
            .believe(reply, mode, |bytes, policy, mode| verify_complete(bytes, party, from, policy, mode))?)
    }
}

/// The pages so far.
#[derive(Default)]
struct Pages {
    party: Option<Arc<Logged>>,
    first: Option<(Size, Millis)>,
    shown: BTreeMap<Index, (u64, Arc<Logged>)>,
    lists: BTreeMap<Hash, Vec<Item>>,
    receipts: Vec<Vec<u8>>,
}

impl Pages {
    fn add(&mut self, page: Proven<VerifiedComplete>) -> Result<(), ReadError> {
        // Of a verified receipt every list was held against the map, and used.
        let receipt = Receipt::parse(page.receipt()).map_err(Distrust::from)?;
        self.lists.extend(receipt.lists.into_iter().map(|list| (list.id, list.items)));
        self.receipts.push(page.receipt().to_vec());
        let complete = page.answer();
        let rests_on = complete.receipt();
        self.first.get_or_insert((rests_on.checkpoint().size(), rests_on.time()));
        self.party.get_or_insert_with(|| Arc::clone(&complete.answer().party));
        for (segment, entries) in &complete.answer().segments {
            for logged in entries {
                self.shown.insert(logged.index, (*segment, Arc::clone(logged)));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<AllRecords, RecordsError> {
        let (Some(party), Some((as_of, time))) = (self.party, self.first) else {
            return Err(RecordsError::NoProgress(0));
        };
        let creates: BTreeSet<Hash> = self
            .shown
            .values()
            .filter(|(_, logged)| logged.entry.class().is_create())
            .filter_map(|(_, logged)| logged.entry.id())
            .collect();
        let lists = self.lists.iter().filter(|(id, _)| creates.contains(*id));
        check_filed(lists.clone(), as_of, |index| self.shown.contains_key(&index))?;
        let statuses = statuses(lists, self.shown.values().map(|(_, logged)| logged.as_ref()));
        let records = self
            .shown
            .into_values()
            .map(|(segment, logged)| {
                let is_create = logged.entry.class().is_create();
                let status =
                    logged.entry.id().filter(|_| is_create).and_then(|id| statuses.get(&id).copied());
                Filed { logged, segment, status }
            })
            .collect();
        Ok(AllRecords { party, records, as_of, time, receipts: self.receipts })
    }
}

/// Every item of the lists that stood in the log at `as_of` is shown.
fn check_filed<'a>(
    lists: impl Iterator<Item = (&'a Hash, &'a Vec<Item>)>,
    as_of: Size,
    is_shown: impl Fn(Index) -> bool,
) -> Result<(), RecordsError> {
    for (id, items) in lists {
        if let Some(item) = items.iter().find(|item| item.index.0 < as_of.0 && !is_shown(item.index)) {
            return Err(RecordsError::Misfiled { id: *id, index: item.index });
        }
    }
    Ok(())
}

/// The status of each create after the last move known, in its list or among what was shown.
fn statuses<'a>(
    lists: impl Iterator<Item = (&'a Hash, &'a Vec<Item>)>,
    shown: impl Iterator<Item = &'a Logged>,
) -> BTreeMap<Hash, Status> {
    let mut last: BTreeMap<Hash, (Index, Status)> = BTreeMap::new();
    let mut note = |id: Hash, index: Index, status: Option<Status>| {
        if let Some(status) = status
            && last.get(&id).is_none_or(|(before, _)| *before <= index)
        {
            last.insert(id, (index, status));
        }
    };
    for (id, items) in lists {
        for item in items {
            note(*id, item.index, item.status);
        }
    }
    for logged in shown {
        let moved = match &logged.entry {
            Entry::Transition { target_id, .. } => Some(*target_id),
            entry if entry.class().is_create() => entry.id(),
            _ => None,
        };
        if let Some(id) = moved {
            note(id, logged.index, logged.entry.status());
        }
    }
    last.into_iter().map(|(id, (_, status))| (id, status)).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: nothing that happened to a record shown is left out, and the last move known gives its status. Method:
    //! lists by hand, since no honest ledger makes a misfiled one.

    use super::*;
    use procura_core::entry::{Class, Head, Tags};
    use procura_core::status::Initial;

    const ID: Hash = Hash([1; 32]);

    fn item(index: u64, class: Class, status: Status) -> Item {
        Item { index: Index(index), leaf: Hash([index as u8; 32]), class, status: Some(status) }
    }

    fn list() -> Vec<Item> {
        vec![item(4, Class::Create, Status::PENDING), item(9, Class::Transition, Status::ACTIVE)]
    }

    #[test]
    fn an_item_that_is_not_shown_is_misfiled() {
        let list = list();
        let check = |as_of, shown: &[u64]| {
            check_filed([(&ID, &list)].into_iter(), Size(as_of), |index| shown.contains(&index.0))
        };
        check(20, &[4, 9]).unwrap();
        // The list was shown under a later checkpoint than the first page's: what came after is the next reader's.
        check(9, &[4]).unwrap();
        assert!(matches!(check(10, &[4]), Err(RecordsError::Misfiled { index: Index(9), .. })));
        assert!(matches!(check(20, &[9]), Err(RecordsError::Misfiled { index: Index(4), .. })));
    }

    #[test]
    fn the_last_move_known_gives_the_status() {
        let head = Head { time: Millis(0), commitment: ID, id: Hash([2; 32]), tags: Tags::default() };
        let logged = |index, entry| Logged { index: Index(index), entry, leaf: ID, opened: None };
        let create = Head { id: ID, ..head.clone() };
        let create = logged(4, Entry::Create { head: create, status: Initial::Pending });
        let end = Entry::Transition { head, target: Index(4), target_id: ID, status: Status::ENDED };
        let list = list();
        let last = |end_at| {
            let shown = [create.clone(), logged(end_at, end.clone())];
            statuses([(&ID, &list)].into_iter(), shown.iter())[&ID]
        };
        assert_eq!(last(12), Status::ENDED);
        assert_eq!(last(8), Status::ACTIVE);
        assert_eq!(statuses(std::iter::empty(), [create.clone()].iter())[&ID], Status::PENDING);
    }
}

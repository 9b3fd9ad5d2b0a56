//! Everything that concerns a party, with the proof that nothing is left out.
//!
//! A list may come in pages, each a receipt under a checkpoint of its own, each later than the one before. The pages are
//! put together here: segments without a gap, the last page proves the end, and every item of every record's status
//! list that was there at the *first* page's checkpoint is among what was shown. What is shown without its body was erased: an
//! erasure in the list names it. So the whole is complete as of
//! the first page's checkpoint. Nobody need keep it whole: a list of millions is read page by page.

use crate::client::{Client, Proven};
use crate::error::{Distrust, ReadError};
use crate::http::Reply;
use procura_core::entry::Entry;
use procura_core::index::Item;
use procura_core::kinds::Content;
use procura_core::receipt::walk::WalkError;
use procura_core::receipt::{Mode, Moves, Receipt, VerifiedComplete, verify_complete};
use procura_core::record::Record;
use procura_core::source::Logged;
use procura_core::status::Status;
use procura_core::{Hash, Index, Millis, Size};
use serde_json::Value;
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
    /// What the pages show of a record are no moves that it may make. The operator's fault; the receipts are the evidence.
    #[error(transparent)]
    Moves(WalkError),
    /// A record is shown without what it says, and no erasure in the list names it. The operator's fault; the receipts are the
    /// evidence.
    #[error("what stands at {index} is not shown, and no erasure names it")]
    Unopened {
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
            Self::Moves(error) => error.name(),
            Self::Unopened { .. } => "unopened",
        }
    }

    /// Whether pages that follow on one another to the end prove it of the ledger.
    pub(crate) fn convicts(&self) -> bool {
        match self {
            Self::Misfiled { .. } | Self::Unopened { .. } => true,
            Self::Moves(error) => matches!(error.name(), "list_move" | "opening_move"),
            Self::Read(_) | Self::NoProgress(_) => false,
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

/// The name of a record's kind, also of one that this version does not know.
#[must_use]
pub fn kind_of(record: &Record) -> String {
    match record.content() {
        Content::Other(_) => serde_json::from_slice::<Value>(record.jws().payload())
            .ok()
            .and_then(|payload| payload.get("kind")?.as_str().map(str::to_owned))
            .unwrap_or_default(),
        _ => record.row().name.to_owned(),
    }
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

/// As of when a list that was read to its end is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complete {
    /// The size of the log as of which nothing is left out.
    pub as_of: Size,
    /// The time of that state.
    pub time: Millis,
}

/// A page of a list, verified. Whether the list is complete is known after its last page.
#[derive(Debug)]
pub struct Page<'a> {
    /// The records, in log order; their statuses as of this page.
    pub records: &'a [Filed],
    /// The page's receipt.
    pub receipt: &'a [u8],
    /// The party's own record.
    pub party: &'a Arc<Logged>,
}

impl Client {
    /// Every record that concerns `party`, which is this client's own or, for an auditor, any. `progress` is told the
    /// number of records after each page.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn records(&self, party: &Hash, progress: &dyn Fn(usize)) -> Result<AllRecords, RecordsError> {
        let (mut records, mut receipts, mut own) = (Vec::new(), Vec::new(), None);
        let (complete, lists) = self.walk(party, Pages::default(), &mut |page| {
            records.extend_from_slice(page.records);
            receipts.push(page.receipt.to_vec());
            own.get_or_insert_with(|| Arc::clone(page.party));
            progress(records.len());
            Ok::<_, RecordsError>(())
        })?;
        let Complete { as_of, time } = complete;
        // What a later page shows may have moved what an earlier one did.
        let statuses = statuses(lists.iter(), records.iter().map(|filed| filed.logged.as_ref()));
        for filed in records.iter_mut().filter(|filed| filed.status.is_some()) {
            filed.status = filed.logged.entry.id().and_then(|id| statuses.get(&id).copied());
        }
        let party = own.ok_or(RecordsError::NoProgress(0))?;
        Ok(AllRecords { party, records, as_of, time, receipts })
    }

    /// The same page by page, so that a list of any length is read in the room of a page: what each page shows is verified when
    /// `each` is told of it, that nothing is left out is known once this returns. No page is asked for after an error of `each`.
    ///
    /// # Errors
    /// [`RecordsError`], or what `each` gives: then what was told is right, and may not be all.
    pub fn each_page<E: From<RecordsError>>(
        &self,
        party: &Hash,
        each: &mut dyn FnMut(&Page<'_>) -> Result<(), E>,
    ) -> Result<Complete, E> {
        Ok(self.walk(party, Pages::in_the_room_of_one(), each)?.0)
    }

    fn walk<E: From<RecordsError>>(
        &self,
        party: &Hash,
        mut pages: Pages,
        each: &mut dyn FnMut(&Page<'_>) -> Result<(), E>,
    ) -> Result<(Complete, Lists), E> {
        let mut from = 0;
        loop {
            let page = self.page(party, from).map_err(RecordsError::from)?;
            let answer = page.answer().answer();
            let (shown, is_last) = (answer.segments.len() as u64, answer.to_the_end);
            let records = pages.add(&page).map_err(RecordsError::from)?;
            each(&Page { records: &records, receipt: page.receipt(), party: &answer.party })?;
            if is_last {
                return Ok(pages.finish()?);
            }
            if shown == 0 {
                return Err(RecordsError::NoProgress(from).into());
            }
            // The page was verified to show each segment from `from` on: the next follows without a gap.
            from += shown;
        }
    }

    pub(crate) fn page(&self, party: &Hash, from: u64) -> Result<Proven<VerifiedComplete>, ReadError> {
        let asking = self.asking()?;
        let reply = self.page_unverified(party, from)?;
        let mode = Mode::Fresh(self.now());
        asking.believe(reply, mode, |bytes, policy, mode| verify_complete(bytes, party, from, policy, mode))
    }

    /// What the server says is the page.
    pub(crate) fn page_unverified(&self, party: &Hash, from: u64) -> Result<Reply, ReadError> {
        let path = format!("/v1/parties/{party}/records?from={from}");
        self.private(|token| self.server.get(&path, Some(token)))
    }
}

/// The status lists of what was created, by id.
pub(crate) type Lists = BTreeMap<Hash, Vec<Item>>;

/// What must be remembered of the pages so far: where what was shown stands, and the lists of what was created.
#[derive(Default)]
pub(crate) struct Pages {
    first: Option<Complete>,
    shown: BTreeSet<Index>,
    lists: Lists,
    /// What is shown without its body, with the record that an erasure would name.
    unopened: Vec<(Index, Option<Hash>)>,
    erased: BTreeSet<Hash>,
    moves: Moves,
    /// The first item that is no such move.
    forbidden: Option<WalkError>,
    /// Whether records of a page are not held once the next one comes.
    lets_go: bool,
}

impl Pages {
    /// Of records, what moves them on a later page is held to the moves that may be made, not to its kind.
    pub(crate) fn in_the_room_of_one() -> Self {
        Self { lets_go: true, ..Self::default() }
    }

    pub(crate) fn add(&mut self, page: &Proven<VerifiedComplete>) -> Result<Vec<Filed>, ReadError> {
        // Of a verified receipt every list was held against the map, and used.
        let receipt = Receipt::parse(page.receipt()).map_err(Distrust::from)?;
        let complete = page.answer();
        let rests_on = complete.receipt();
        let first = Complete { as_of: rests_on.checkpoint().size(), time: rests_on.time() };
        self.first.get_or_insert(first);
        let entries = complete
            .answer()
            .segments
            .iter()
            .flat_map(|(segment, entries)| entries.iter().map(move |logged| (*segment, logged)));
        let lists = receipt.lists.iter().map(|list| (&list.id, &list.items));
        let statuses = statuses(lists, entries.clone().map(|(_, logged)| logged.as_ref()));
        let filed = |(segment, logged): (u64, &Arc<Logged>)| {
            let id = logged.entry.id().filter(|_| logged.entry.class().is_create());
            let status = id.and_then(|id| statuses.get(&id).copied());
            Filed { logged: Arc::clone(logged), segment, status }
        };
        let records: Vec<Filed> = entries.map(filed).collect();
        self.shown.extend(records.iter().map(|filed| filed.logged.index));
        self.add_moves(&records);
        for filed in &records {
            match filed.logged.opened.as_ref().map(|opened| opened.record.content()) {
                None => self.unopened.push((filed.logged.index, erased_with(&filed.logged))),
                Some(Content::Erasure(erasure)) => self.erased.extend(&erasure.targets),
                Some(_) => {}
            }
        }
        let created: BTreeSet<Hash> = records
            .iter()
            .filter(|filed| filed.status.is_some())
            .filter_map(|filed| filed.logged.entry.id())
            .collect();
        let lists = receipt.lists.into_iter().filter(|list| created.contains(&list.id));
        self.lists.extend(lists.map(|list| (list.id, list.items)));
        Ok(records)
    }

    /// What was there as of the first page is on one of them, so that nothing lies between two moves of a record. Of what came later
    /// something may stand where the pages before had come to.
    fn add_moves(&mut self, records: &[Filed]) {
        let Some(first) = self.first.filter(|_| self.forbidden.is_none()) else { return };
        let mut was_there =
            records.iter().map(|filed| &filed.logged).filter(|logged| logged.index.0 < first.as_of.0);
        self.forbidden = was_there.try_for_each(|logged| self.moves.add(logged)).err();
        if self.lets_go {
            self.moves.let_go();
        }
    }

    pub(crate) fn finish(self) -> Result<(Complete, Lists), RecordsError> {
        let first = self.first.ok_or(RecordsError::NoProgress(0))?;
        check_filed(self.lists.iter(), first.as_of, |index| self.shown.contains(&index))?;
        self.forbidden.map_or(Ok(()), |error| Err(RecordsError::Moves(error)))?;
        check_erased(&self.unopened, &self.erased)?;
        Ok((first, self.lists))
    }
}

/// The record whose erasure takes this one's body along: itself, or the one that a transition moves.
fn erased_with(logged: &Logged) -> Option<Hash> {
    match &logged.entry {
        Entry::Transition { target_id, .. } => Some(*target_id),
        entry => entry.id(),
    }
}

/// Nothing is left closed that no erasure names: a body cannot be kept back by pleading that it was erased.
fn check_erased(unopened: &[(Index, Option<Hash>)], erased: &BTreeSet<Hash>) -> Result<(), RecordsError> {
    match unopened.iter().find(|(_, with)| with.is_none_or(|id| !erased.contains(&id))) {
        Some((index, _)) => Err(RecordsError::Unopened { index: *index }),
        None => Ok(()),
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
    fn what_is_left_closed_was_erased() {
        let (index, other) = (Index(7), Hash([2; 32]));
        let check = |with, erased: &[Hash]| check_erased(&[(index, with)], &erased.iter().copied().collect());
        check(Some(ID), &[ID, other]).unwrap();
        for (with, erased) in [(Some(ID), &[][..]), (Some(ID), &[other]), (None, &[ID])] {
            assert!(matches!(check(with, erased), Err(RecordsError::Unopened { index: Index(7) })));
        }
        check_erased(&[], &BTreeSet::new()).unwrap();
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

//! Whether what a party's list shows of its records are moves that may be made, and those that were signed.
//!
//! A list shows every move of each create that it shows: they are filed with all whom the create is filed with. So they are folded as a
//! status list is, without that list, which is not asked for once an end is shown.
//!
//! spec: receipts.md#what-an-answer-needs

use super::walk::WalkError;
use crate::Hash;
use crate::entry::Entry;
use crate::index::Item;
use crate::judge::check_status;
use crate::kinds::Target;
use crate::source::{List, Logged};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The moves of records, as far as they were shown. What moves a record that was not shown itself tells nothing.
#[derive(Debug, Default)]
pub struct Moves {
    of: BTreeMap<Hash, Moved>,
}

#[derive(Debug)]
struct Moved {
    /// The create; `None` once it is no longer held.
    create: Option<Arc<Logged>>,
    list: List,
}

impl Moves {
    /// Takes what is shown next, in log order. What is not opened has no kind to be held to.
    ///
    /// # Errors
    /// [`WalkError::Moves`]: no move that may be made; [`crate::source::OpeningError::Move`]: another than its kind gives.
    pub fn add(&mut self, logged: &Arc<Logged>) -> Result<(), WalkError> {
        let Logged { index, entry, leaf, .. } = logged.as_ref();
        let item = Item { index: *index, leaf: *leaf, class: entry.class(), status: entry.status() };
        match entry {
            Entry::Create { head, .. } | Entry::Party { head, .. } => {
                let list = List::begun(item).map_err(|error| WalkError::Moves { id: head.id, error })?;
                self.of.entry(head.id).or_insert(Moved { create: Some(Arc::clone(logged)), list });
                if logged.opened.is_some() {
                    check_status(logged, None)?;
                }
            }
            Entry::Transition { target_id, .. } => {
                let Some(moved) = self.of.get_mut(target_id) else { return Ok(()) };
                moved.add(logged, item, target_id)?;
            }
            Entry::Trace { .. } | Entry::Commit(_) => {}
        }
        Ok(())
    }

    /// Holds the records no longer, so that lists of any length can be read: from here on what happens to them is held to the moves that
    /// may be made, not to those that their kinds give.
    pub fn let_go(&mut self) {
        for moved in self.of.values_mut() {
            moved.create = None;
        }
    }
}

impl Moved {
    fn add(&mut self, logged: &Logged, item: Item, id: &Hash) -> Result<(), WalkError> {
        let (before, status) = (self.list.items().len(), self.list.status());
        self.list.push(item).map_err(|error| WalkError::Moves { id: *id, error })?;
        let create = self.create.as_ref().filter(|_| logged.opened.is_some());
        let opened = create.and_then(|create| Some((create, create.opened.as_ref()?)));
        if let (Some((create, opened)), Some(status)) = (opened, status) {
            let items = self.list.items().get(..before).unwrap_or_default();
            let logged_at = create.entry.time();
            check_status(logged, Some(&Target { record: &opened.record, logged_at, items, status }))?;
        }
        Ok(())
    }
}

//! Parties that a search may find, one after the other in the order of their ids: those with whom there is a grant, and others
//! known beforehand. A page costs as many rows as it has candidates, however many there are before and behind it.
//!
//! spec: http.md#searches

use crate::error::ReadError;
use crate::index::{Rows, Snapshot};
use procura_core::Hash;
use procura_core::kv::Unreadable;
use std::collections::{BTreeSet, VecDeque};
use std::ops::Bound;

/// Longer than what stands behind the two parties in a key, and greater.
const AFTER_A_PAIR: [u8; 9] = [0xff; 9];

/// Candidates, in the order of their ids.
pub(crate) struct Candidates<'a> {
    rows: &'a Snapshot,
    /// How many rows are read at a time.
    step: usize,
    known: BTreeSet<Hash>,
    /// The last that was given.
    last: Option<Hash>,
    walks: Vec<Walk>,
}

/// Those whose ids stand in keys behind a prefix.
struct Walk {
    prefix: Vec<u8>,
    read: VecDeque<Hash>,
    /// The last that was read.
    last: Option<Hash>,
    is_through: bool,
}

impl<'a> Candidates<'a> {
    /// Those known, and those behind these prefixes, from the one after `after` on.
    pub(crate) fn new(
        rows: &'a Snapshot,
        step: usize,
        known: BTreeSet<Hash>,
        prefixes: Vec<Vec<u8>>,
        after: Option<Hash>,
    ) -> Self {
        let walk = |prefix| Walk { prefix, read: VecDeque::new(), last: after, is_through: false };
        Self { rows, step, known, last: after, walks: prefixes.into_iter().map(walk).collect() }
    }

    /// The next one, each once.
    pub(crate) fn next(&mut self) -> Result<Option<Hash>, ReadError> {
        let from = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let mut next = self.known.range((from, Bound::Unbounded)).next().copied();
        for walk in &mut self.walks {
            if walk.read.is_empty() {
                walk.read_on(self.rows, self.step)?;
            }
            next = next.into_iter().chain(walk.read.front().copied()).min();
        }
        if let Some(next) = next {
            self.last = Some(next);
            for walk in &mut self.walks {
                if walk.read.front() == Some(&next) {
                    walk.read.pop_front();
                }
            }
        }
        Ok(next)
    }

    /// Whether a party is one of them, before or behind where this stands.
    pub(crate) fn has(&self, id: &Hash) -> Result<bool, ReadError> {
        if self.known.contains(id) {
            return Ok(true);
        }
        for walk in &self.walks {
            if !self.rows.range(&[&walk.prefix[..], &id.0].concat(), None, 1)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Walk {
    fn read_on(&mut self, rows: &Snapshot, step: usize) -> Result<(), Unreadable> {
        if self.is_through {
            return Ok(());
        }
        let after = self.last.map(|last| [&self.prefix[..], &last.0, &AFTER_A_PAIR].concat());
        let found = rows.range(&self.prefix, after.as_deref(), step)?;
        self.is_through = found.len() < step;
        for (key, _) in found {
            let id = key.get(self.prefix.len()..).and_then(|rest| rest.first_chunk::<32>());
            let id = Hash(*id.ok_or_else(|| Unreadable("a row of a pair is damaged".to_owned()))?);
            // Between two parties there may be many grants.
            if self.last != Some(id) {
                self.read.push_back(id);
                self.last = Some(id);
            }
        }
        Ok(())
    }
}

//! A second opinion: what a ledger takes and what it answers, by the tables of `spec/` alone. No hash, no proof, no index, no
//! cache: one list of records that every question reads from its start. Slow and obvious on purpose.
//!
//! It shares nothing with `procura-core` but ids, instants and days.
//!
//! spec: kinds.md, records.md, decisions.md

mod admit;
mod beyond;
mod decide;
mod holds;
mod moves;
pub mod record;
mod sign;
mod signatures;
mod words;

pub use decide::{Answer, Question};
use procura_core::{Hash, Millis};
use record::{Catalogue, Grant, Key, Party, Record, Says};

/// Statuses are the bytes of entries.md.
pub mod status {
    /// Pending.
    pub const PENDING: u8 = 1;
    /// Active.
    pub const ACTIVE: u8 = 2;
    /// Suspended.
    pub const SUSPENDED: u8 = 3;
    /// Ended.
    pub const ENDED: u8 = 15;
    /// Added while disputed.
    pub const DISPUTED: u8 = 16;
}

/// A record as it was logged.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was handed in.
    pub record: Record,
    /// When it was logged.
    pub time: Millis,
    /// The status that it has from here on, or its target has; a trace has none.
    pub becomes: Option<u8>,
}

/// All that was logged, first logged first. A record is told by where it stands in this list.
#[derive(Debug, Clone)]
pub struct Model {
    log: Vec<Entry>,
    prepared: Vec<(Record, Millis)>,
    root: Hash,
}

impl Model {
    /// An empty ledger whose root has one key.
    #[must_use]
    pub fn new(root: Hash) -> Self {
        Self { log: Vec::new(), prepared: Vec::new(), root }
    }

    /// What was logged, first logged first.
    #[must_use]
    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    /// Logs what another ledger is known to have logged.
    pub fn log_as_it_is(&mut self, record: Record, time: Millis, becomes: u8) {
        self.log.push(Entry { record, time, becomes: Some(becomes) });
    }

    /// An identifier was looked up that nobody has registered: the party that is logged once a record names it.
    pub fn prepare(&mut self, record: Record, now: Millis) {
        if self.prepared.iter().all(|(known, _)| known.id != record.id) && self.find(&record.id).is_none() {
            self.prepared.push((record, now));
        }
    }

    /// Whether a person may be looked up under their identifier.
    ///
    /// # Errors
    /// The name of the refusal.
    pub fn may_be_looked_up(&self, person: &Party) -> Result<(), &'static str> {
        if self.schemes().is_empty() { Err("unknown_party") } else { self.has_scheme(person) }
    }

    /// Where the record stands that moves nothing else: not a transition.
    #[must_use]
    pub fn find(&self, id: &Hash) -> Option<usize> {
        self.log.iter().position(|entry| entry.record.id == *id)
    }

    /// The status of record `n` as of the first `size` records.
    #[must_use]
    pub fn status(&self, n: usize, size: usize) -> Option<u8> {
        self.list(n, size).last().and_then(|last| self.log[*last].becomes)
    }

    /// The status of a record now, by its id.
    #[must_use]
    pub fn status_now(&self, id: &Hash) -> Option<u8> {
        self.status(self.find(id)?, self.log.len())
    }

    /// The list of record `n` as of the first `size` records: itself, and all that moved it.
    fn list(&self, n: usize, size: usize) -> Vec<usize> {
        let id = self.log[n].record.id;
        let moves = |entry: &Entry| matches!(entry.record.says, Says::On { target, .. } if target == id);
        (0..size).filter(|at| *at == n || moves(&self.log[*at])).collect()
    }

    /// The items of a list that had to be signed for it to be active: those that end in active from another status, partial
    /// acceptances, and those that end a dispute without ending the record.
    fn enabling(&self, n: usize, size: usize) -> Vec<usize> {
        let list = self.list(n, size);
        let mut enabling = Vec::new();
        for pair in list.windows(2) {
            let (before, after) = (self.log[pair[0]].becomes, self.log[pair[1]].becomes);
            let (Some(before), Some(after)) = (before, after) else { continue };
            let activates = after == status::ACTIVE && before != status::ACTIVE;
            let partial = (before, after) == (status::PENDING, status::PENDING);
            let undisputed = before > status::DISPUTED && after == before - status::DISPUTED;
            if activates || partial || undisputed {
                enabling.push(pair[1]);
            }
        }
        enabling
    }

    fn party(&self, id: &Hash) -> Option<(usize, &Party)> {
        let n = self.find(id)?;
        match &self.log[n].record.says {
            Says::Party(party) => Some((n, party)),
            _ => None,
        }
    }

    fn key(&self, id: &Hash) -> Option<(usize, &Key)> {
        let n = self.find(id)?;
        match &self.log[n].record.says {
            Says::Key(key) => Some((n, key)),
            _ => None,
        }
    }

    fn grant(&self, id: &Hash) -> Option<(usize, &Grant)> {
        let n = self.find(id)?;
        match &self.log[n].record.says {
            Says::Grant(grant) => Some((n, grant)),
            _ => None,
        }
    }

    fn catalogue(&self, id: &Hash) -> Option<(usize, &Catalogue)> {
        let n = self.find(id)?;
        match &self.log[n].record.says {
            Says::Catalogue(catalogue) => Some((n, catalogue)),
            _ => None,
        }
    }

    /// The party that signed record `n`; the root is none.
    fn signed_by(&self, n: usize) -> Option<Hash> {
        self.key(&self.log[n].record.kid).map(|(_, key)| key.party)
    }
}

//! A store between the ledger and the one that keeps its rows: it shows other rows than were written, fails commits at
//! will, and counts what is read.

use procura_core::{Hash, Index, Size};
use procura_ledger::store::{Batch, Head, Reader, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// What happens to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// It works.
    None,
    /// It fails before anything is written; whoever asks is not told which.
    Before,
    /// It is written, and fails all the same.
    After,
    /// The disk is full: nothing is written.
    Full,
    /// Another writer took the store.
    Fenced,
}

/// The rows to be shown instead of those that are stored, and the faults to come.
#[derive(Default)]
struct Plan {
    entries: BTreeMap<u64, Vec<u8>>,
    nodes: BTreeMap<(u8, u64), Hash>,
    vault: BTreeMap<u64, Option<Vec<u8>>>,
    checkpoint: Option<String>,
    faults: VecDeque<CommitFault>,
    unsettled: bool,
    reopen_fails: bool,
    held: bool,
}

/// How often the store was read.
#[derive(Debug, Default)]
pub struct Reads {
    /// Entries.
    pub entries: AtomicU64,
    /// Tree hashes.
    pub nodes: AtomicU64,
    /// Vault rows.
    pub vault: AtomicU64,
    /// Commits.
    pub commits: AtomicU64,
}

impl Reads {
    /// All of them, in the order of the members, set to 0.
    pub fn take(&self) -> [u64; 4] {
        [&self.entries, &self.nodes, &self.vault, &self.commits].map(|n| n.swap(0, Ordering::SeqCst))
    }
}

/// The store. Clones are the same one.
#[derive(Clone)]
pub struct Meddler {
    inner: Arc<dyn Store>,
    plan: Arc<(Mutex<Plan>, Condvar)>,
    /// What was read.
    pub reads: Arc<Reads>,
}

impl Meddler {
    /// Stands before `inner`.
    pub fn new(inner: impl Store + 'static) -> Self {
        Self { inner: Arc::new(inner), plan: Arc::default(), reads: Arc::default() }
    }

    /// Shows this entry at `index`.
    pub fn show_entry(&self, index: u64, bytes: Vec<u8>) {
        self.plan.0.lock().unwrap().entries.insert(index, bytes);
    }

    /// Shows this tree hash.
    pub fn show_node(&self, level: u8, index: u64, hash: Hash) {
        self.plan.0.lock().unwrap().nodes.insert((level, index), hash);
    }

    /// Shows this vault row, or none.
    pub fn show_vault(&self, index: u64, row: Option<Vec<u8>>) {
        self.plan.0.lock().unwrap().vault.insert(index, row);
    }

    /// Shows this checkpoint.
    pub fn show_checkpoint(&self, text: String) {
        self.plan.0.lock().unwrap().checkpoint = Some(text);
    }

    /// Shows what is stored again.
    pub fn be_honest(&self) {
        *self.plan.0.lock().unwrap() = Plan::default();
    }

    /// The faults of the next commits.
    pub fn fail(&self, faults: &[CommitFault]) {
        self.plan.0.lock().unwrap().faults.extend(faults);
    }

    /// Whether opening anew fails.
    pub fn fail_reopen(&self, fails: bool) {
        self.plan.0.lock().unwrap().reopen_fails = fails;
    }

    /// Holds commits back, or lets them go on.
    pub fn hold(&self, holds: bool) {
        self.plan.0.lock().unwrap().held = holds;
        self.plan.1.notify_all();
    }

    fn is_unsettled(&self) -> bool {
        self.plan.0.lock().unwrap().unsettled
    }
}

fn broken(what: &str) -> StoreError {
    StoreError::Io { what: what.to_owned(), source: io::Error::other("injected") }
}

impl Store for Meddler {
    fn head(&self) -> Result<Head, StoreError> {
        let mut head = self.inner.head()?;
        if let Some(checkpoint) = &self.plan.0.lock().unwrap().checkpoint {
            head.checkpoint.clone_from(checkpoint);
        }
        Ok(head)
    }

    fn claim(&self) -> Result<u64, StoreError> {
        self.inner.claim()
    }

    fn commit(&self, expected: Size, epoch: u64, batch: Batch) -> Result<(), StoreError> {
        self.reads.commits.fetch_add(1, Ordering::SeqCst);
        let fault = {
            let mut plan = self.plan.0.lock().unwrap();
            while plan.held {
                plan = self.plan.1.wait(plan).unwrap();
            }
            if plan.unsettled {
                return Err(StoreError::OutcomeUnknown);
            }
            let fault = plan.faults.pop_front().unwrap_or(CommitFault::None);
            plan.unsettled = matches!(fault, CommitFault::Before | CommitFault::After | CommitFault::Full);
            fault
        };
        match fault {
            CommitFault::None => self.inner.commit(expected, epoch, batch),
            CommitFault::Before => Err(broken("a commit before writing")),
            CommitFault::After => {
                self.inner.commit(expected, epoch, batch)?;
                Err(broken("a commit after writing"))
            }
            CommitFault::Full => Err(StoreError::Full { what: "injected".to_owned() }),
            CommitFault::Fenced => Err(StoreError::Fenced { held: epoch, current: epoch + 1 }),
        }
    }

    fn read(&self) -> Result<Box<dyn Reader>, StoreError> {
        if self.is_unsettled() && self.plan.0.lock().unwrap().reopen_fails {
            return Err(broken("reading"));
        }
        let inner = self.inner.read()?;
        Ok(Box::new(Meddled { head: self.head_of(inner.head()), inner, meddler: self.clone() }))
    }

    fn erase(&self, indexes: &BTreeSet<Index>) -> Result<(), StoreError> {
        self.inner.erase(indexes)
    }

    fn reopen(&self) -> Result<Head, StoreError> {
        if self.plan.0.lock().unwrap().reopen_fails {
            return Err(broken("opening anew"));
        }
        let head = self.inner.reopen()?;
        self.plan.0.lock().unwrap().unsettled = false;
        Ok(head)
    }
}

impl Meddler {
    fn head_of(&self, head: &Head) -> Head {
        let checkpoint = self.plan.0.lock().unwrap().checkpoint.clone();
        Head { checkpoint: checkpoint.unwrap_or_else(|| head.checkpoint.clone()), ..head.clone() }
    }
}

struct Meddled {
    head: Head,
    inner: Box<dyn Reader>,
    meddler: Meddler,
}

impl Reader for Meddled {
    fn head(&self) -> &Head {
        &self.head
    }

    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        self.meddler.reads.entries.fetch_add(range.end - range.start, Ordering::SeqCst);
        let mut entries = self.inner.entries(range.clone())?;
        let plan = self.meddler.plan.0.lock().unwrap();
        for (index, entry) in range.zip(&mut entries) {
            if let Some(shown) = plan.entries.get(&index) {
                entry.clone_from(shown);
            }
        }
        Ok(entries)
    }

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        self.meddler.reads.nodes.fetch_add(1, Ordering::SeqCst);
        let shown = self.meddler.plan.0.lock().unwrap().nodes.get(&(level, index)).copied();
        shown.map_or_else(|| self.inner.node(level, index), Ok)
    }

    fn vault(&self, index: Index) -> Result<Option<Vec<u8>>, StoreError> {
        self.meddler.reads.vault.fetch_add(1, Ordering::SeqCst);
        let shown = self.meddler.plan.0.lock().unwrap().vault.get(&index.0).cloned();
        shown.map_or_else(|| self.inner.vault(index), Ok)
    }
}

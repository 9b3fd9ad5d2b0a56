//! What was seen, for one run.

use super::{Seen, Store, StoreError, may_replace};
use crate::evidence::Evidence;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A [`Store`] that forgets at the end of the program: for tests, and for programs that keep checkpoints
/// elsewhere. A ledger may lie anew to every run.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    seen: BTreeMap<String, Seen>,
    evidence: Vec<Evidence>,
}

impl MemoryStore {
    /// A store that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was kept.
    #[must_use]
    pub fn evidence(&self) -> Vec<Evidence> {
        self.lock().evidence.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each write is one insertion: a thread that panicked left nothing half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn seen(&self, origin: &str) -> Result<Option<Seen>, StoreError> {
        Ok(self.lock().seen.get(origin).cloned())
    }

    fn advance(&self, origin: &str, before: Option<&Seen>, now: &Seen) -> Result<bool, StoreError> {
        let mut kept = self.lock();
        let may = may_replace(kept.seen.get(origin), before, now)?;
        if may {
            kept.seen.insert(origin.to_owned(), now.clone());
        }
        Ok(may)
    }

    fn keep_evidence(&self, _origin: &str, evidence: &Evidence) -> Result<String, StoreError> {
        self.lock().evidence.push(evidence.clone());
        Ok("memory".to_owned())
    }
}

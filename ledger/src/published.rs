//! What readers see: the state as of the last commit, replaced as a whole.

use crate::catalogues::Catalogues;
use crate::error::State;
use crate::index::Snapshot;
use crate::log_keys::LogKeys;
use crate::standings::Footing;
use procura_core::Millis;
use procura_core::tree::Root;
use std::sync::OnceLock;
use std::sync::{Arc, PoisonError, RwLock};

/// The ledger as of one signed checkpoint.
pub(crate) struct Head {
    /// Size and root of the tree.
    pub(crate) root: Root,
    /// The signed checkpoint, the note's text.
    pub(crate) checkpoint: String,
    /// The time of the index commit.
    pub(crate) time: Millis,
    /// The index at that size.
    pub(crate) snapshot: Snapshot,
    /// What judgements of keys, parties and catalogues at that size rest on.
    pub(crate) footing: Footing,
    /// The catalogues that have not ended by then.
    pub(crate) catalogues: Catalogues,
    /// The log's keys by then.
    pub(crate) log_keys: LogKeys,
    /// What leads from the checkpoint to the map, once somebody asked: all receipts as of it share that.
    top: OnceLock<Arc<Top>>,
}

/// The part of a receipt that is the same for every answer as of one checkpoint.
pub(crate) struct Top {
    /// The inclusion proof of the index commit with the checkpoint, a tlog-proof text.
    pub(crate) proof: String,
    /// The index commit's entry.
    pub(crate) commit: Vec<u8>,
}

impl Head {
    pub(crate) const fn new(
        root: Root,
        checkpoint: String,
        time: Millis,
        snapshot: Snapshot,
        footing: Footing,
        catalogues: Catalogues,
        log_keys: LogKeys,
    ) -> Self {
        Self { root, checkpoint, time, snapshot, footing, catalogues, log_keys, top: OnceLock::new() }
    }

    /// The same, under its checkpoint as another note: with cosignatures.
    pub(crate) fn under(&self, checkpoint: String) -> Self {
        let (snapshot, catalogues) = (self.snapshot.clone(), self.catalogues.clone());
        let log_keys = self.log_keys.clone();
        Self::new(self.root, checkpoint, self.time, snapshot, self.footing, catalogues, log_keys)
    }

    /// The receipts' common part; made by whoever asks first.
    pub(crate) fn top<E>(&self, make: impl FnOnce() -> Result<Top, E>) -> Result<Arc<Top>, E> {
        if let Some(top) = self.top.get() {
            return Ok(Arc::clone(top));
        }
        // Of two who make it at once both make the same.
        let top = Arc::new(make()?);
        Ok(Arc::clone(self.top.get_or_init(|| top)))
    }
}

/// The head and the state, for everybody; written by the sequencer alone.
pub(crate) struct Published {
    head: RwLock<Arc<Head>>,
    state: RwLock<State>,
}

impl Published {
    pub(crate) fn new(head: Head) -> Self {
        Self { head: RwLock::new(Arc::new(head)), state: RwLock::new(State::Ready) }
    }

    pub(crate) fn head(&self) -> Arc<Head> {
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, head: Head) {
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(head);
    }

    pub(crate) fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_state(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

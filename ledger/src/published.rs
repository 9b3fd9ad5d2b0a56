//! What readers see: the state as of the last commit, replaced as a whole.

use crate::error::State;
use crate::index::Snapshot;
use crate::standings::Footing;
use procura_core::Millis;
use procura_core::tree::Root;
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

//! What an embedder may watch the engine by. Nothing here names a record or a party.

use procura_core::{Millis, Size};
use std::time::Duration;

/// Told what the engine does, in the sequencer's thread, which waits for it: it must return at once.
pub trait Observer: Send + Sync {
    /// A batch is durable.
    fn committed(&self, commit: &Committed);
}

/// A batch that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// How many submissions were decided on; 0 of a heartbeat.
    pub submissions: usize,
    /// How many entries were stored, the index commit included.
    pub entries: usize,
    /// From the first look at the batch to where everybody can be told.
    pub took: Duration,
    /// Of this, the store's transaction with its fsync.
    pub stored: Duration,
}

/// Where a ledger stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// How many entries the last checkpoint covers.
    pub size: Size,
    /// The time of the last index commit.
    pub time: Millis,
    /// Up to where the index is in its file; the rest is replayed after a kill.
    pub indexed: Size,
    /// What of the index is in memory only, in bytes, about.
    pub fresh_bytes: usize,
}

//! The main store: what an acknowledgement needs, and nothing else. Entries, the tree's hashes, vault rows and the
//! checkpoint, written in sequence, one transaction a batch.
//!
//! spec: storage.md#main-store

mod error;
pub mod memory;
pub mod redb;

pub use error::StoreError;

use procura_core::{Hash, Index, Size};
use std::collections::BTreeSet;
use std::ops::Range;

/// Where the store stands: the last batch committed, and who may write the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// How many entries are stored.
    pub size: Size,
    /// The writer that holds the store; 0 until the first [`Store::claim`].
    pub epoch: u64,
    /// The note text of the signed checkpoint at `size`; `""` at size 0.
    pub checkpoint: String,
}

impl Head {
    /// That a writer of `epoch` may store a batch behind `expected` entries. Fencing is looked at first: a writer
    /// that was replaced must not take the other's progress for a lost race.
    fn admits(&self, expected: Size, epoch: u64) -> Result<(), StoreError> {
        if epoch != self.epoch {
            return Err(StoreError::Fenced { held: epoch, current: self.epoch });
        }
        if expected != self.size {
            return Err(StoreError::WrongSize { expected, found: self.size });
        }
        Ok(())
    }

    /// The head that `batch` makes of this one.
    fn after(&self, batch: &Batch) -> Self {
        Self {
            size: Size(self.size.0 + batch.rows.len() as u64),
            epoch: self.epoch,
            checkpoint: batch.checkpoint.clone(),
        }
    }
}

/// What is stored of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The entry's bytes as hashed into the tree.
    pub entry: Vec<u8>,
    /// The roots of all complete subtrees that end with this leaf, level 0 (the leaf's hash) first: 1 + the
    /// trailing zero bits of index + 1.
    pub nodes: Vec<Hash>,
    /// What may be erased later (body, opening, disclosures), opaque to the store; `None` if there never was any.
    pub vault: Option<Vec<u8>>,
}

/// One commit as a plain value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The entries that follow the expected size, in order; at least one.
    pub rows: Vec<Row>,
    /// The note text of the checkpoint at the size with these rows.
    pub checkpoint: String,
}

impl Batch {
    /// That the batch could be stored behind `expected` entries: rows there are, at most `limit`, each with as many
    /// nodes as its index calls for.
    ///
    /// # Errors
    /// [`StoreError::BadBatch`]: the caller's fault; nothing was written.
    pub fn check(&self, expected: Size, limit: u64) -> Result<(), StoreError> {
        let rows = self.rows.len() as u64;
        if rows == 0 || rows > limit {
            return Err(StoreError::BadBatch { what: format!("{rows} rows; 1 to {limit} can be stored") });
        }
        for (index, row) in (expected.0..).zip(&self.rows) {
            let nodes = node_count(index);
            if row.nodes.len() != nodes {
                let found = row.nodes.len();
                return Err(StoreError::BadBatch {
                    what: format!("entry {index} comes with {found} nodes; it ends {nodes} subtrees"),
                });
            }
        }
        Ok(())
    }
}

/// How many complete subtrees end with the leaf at `index`.
fn node_count(index: u64) -> usize {
    1 + (index + 1).trailing_zeros() as usize
}

/// The leaf whose row holds the node at `level` and `index`; `None` beyond any tree.
fn last_leaf(level: u8, index: u64) -> Option<u64> {
    let end = index.checked_add(1)?;
    if u32::from(level) > end.leading_zeros() {
        return None;
    }
    end.checked_shl(u32::from(level)).and_then(|end| end.checked_sub(1))
}

/// The main store of one ledger. Every store passes the same contract test with two writers.
///
/// **Durability.** When `commit` returns `Ok`, the batch survives a kill of the process and a loss of power: the
/// engine signs nothing away before that. A batch is stored whole or not at all, and is seen by readers only then.
///
/// **Compare-and-swap.** A batch is stored only if the store holds exactly `expected` entries at that instant. Of
/// commits that race on one size exactly one wins; the others get [`StoreError::WrongSize`].
///
/// **Fencing.** `claim` takes an epoch above every earlier one, durably. From then on every commit under an earlier
/// epoch gets [`StoreError::Fenced`], also one already on its way: a writer that was paused and replaced cannot
/// write again.
///
/// **Errors.** After an error for which [`StoreError::nothing_written`] holds the store is as it was. After any
/// other error of `commit` or `claim` **the outcome is unknown**: the batch may be stored. The store then refuses to
/// write ([`StoreError::OutcomeUnknown`]) until [`Store::reopen`] has read from disk what is true.
///
/// **Retries.** A commit must not be sent again blindly: after `reopen`, a head of `expected` size means that the
/// batch was not stored; the head that the batch would have made means that it was. (The engine retries by record id, through its
/// replayed state, never by resending the same batch.) `claim`, `reopen`, `erase` and all reads may simply be repeated.
///
/// **Damage.** What cannot be read back as it was written is an error, never an empty or shorter answer.
pub trait Store: Send + Sync {
    /// Where the store stands.
    ///
    /// # Errors
    /// As far as the storage fails.
    fn head(&self) -> Result<Head, StoreError>;

    /// Becomes the writer: takes a new epoch, higher than every earlier one. All earlier writers are fenced from now on.
    ///
    /// # Errors
    /// As far as the storage fails; the outcome is unknown then.
    fn claim(&self) -> Result<u64, StoreError>;

    /// Stores `batch` behind the `expected` entries, as the writer of `epoch`: atomically, durable on return.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] (looked at first), [`StoreError::WrongSize`], [`StoreError::BadBatch`]: nothing was
    /// written. Anything else: the outcome is unknown, see the trait's text.
    fn commit(&self, expected: Size, epoch: u64, batch: Batch) -> Result<(), StoreError>;

    /// A reader of the store as it stands now; cheap, so take one for each request.
    ///
    /// # Errors
    /// As far as the storage fails.
    fn read(&self) -> Result<Box<dyn Reader>, StoreError>;

    /// Destroys the vault rows at `indexes`. On return their bytes are in no file of the store. Entries and nodes
    /// stay. A row already erased, or that never was, is no error. Readers taken earlier may still see the rows or see
    /// them gone. Repeating after an error completes the work.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if an index is not stored: nothing is erased then. Otherwise as far as the storage
    /// fails; some of the rows may be erased then.
    fn erase(&self, indexes: &BTreeSet<Index>) -> Result<(), StoreError>;

    /// Drops all that is held in memory and reads again what is on disk; the duty after an unknown outcome.
    ///
    /// # Errors
    /// As the store's own way of opening. The store stays unable to write then, and this may be called again.
    fn reopen(&self) -> Result<Head, StoreError>;

    /// [`Reader::entries`] of the store as it stands now.
    ///
    /// # Errors
    /// See there.
    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read()?.entries(range)
    }

    /// [`Reader::node`] of the store as it stands now.
    ///
    /// # Errors
    /// See there.
    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        self.read()?.node(level, index)
    }

    /// [`Reader::vault`] of the store as it stands now.
    ///
    /// # Errors
    /// See there.
    fn vault(&self, index: Index) -> Result<Option<Vec<u8>>, StoreError> {
        self.read()?.vault(index)
    }
}

/// The store as it stood when the reader was taken: one reader serves all the reads of a request (a proof reads
/// about 60 nodes), so that they agree and share what opening costs.
///
/// Entries and nodes never change once stored, so that a reader costs nothing to keep; an erasure may show through.
pub trait Reader: Send {
    /// Where the store stood.
    fn head(&self) -> &Head;

    /// The entries of `range`, all of them, in order. An empty range within the size is an empty answer.
    ///
    /// # Errors
    /// [`StoreError::Missing`] with the first index that the reader's size does not cover;
    /// [`StoreError::Corrupt`] if one can't be read back as written.
    fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError>;

    /// The root of the complete subtree of 2^`level` leaves that is `index`-th at its level (RFC 6962 section 2.1; the
    /// coordinates of C2SP tlog-tiles before tiling).
    ///
    /// # Errors
    /// [`StoreError::Missing`] with the subtree's last leaf if the reader's size does not cover it;
    /// [`StoreError::Corrupt`].
    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError>;

    /// The vault row at `index`; `None` if there never was one or it was erased.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Corrupt`].
    fn vault(&self, index: Index) -> Result<Option<Vec<u8>>, StoreError>;
}

/// That `range` lies within `size`.
fn check_range(range: &Range<u64>, size: Size) -> Result<(), StoreError> {
    if range.end > size.0 {
        return Err(StoreError::Missing { index: Index(range.start.max(size.0)) });
    }
    Ok(())
}

/// The leaf whose row holds a node, if `size` covers it.
fn check_node(level: u8, index: u64, size: Size) -> Result<u64, StoreError> {
    match last_leaf(level, index) {
        Some(leaf) if leaf < size.0 => Ok(leaf),
        leaf => Err(StoreError::Missing { index: Index(leaf.unwrap_or(u64::MAX)) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The node's row is that of its last leaf, counted out by hand and at the edges of u64.
    #[test]
    fn a_node_is_found_with_its_last_leaf() {
        for (level, index, leaf) in [(0, 0, 0), (0, 7, 7), (1, 0, 1), (3, 0, 7), (2, 3, 15)] {
            assert_eq!(last_leaf(level, index), Some(leaf));
            assert!(node_count(leaf) > usize::from(level));
        }
        assert_eq!(last_leaf(63, 0), Some((1 << 63) - 1));
        assert_eq!(last_leaf(64, 0), None);
        assert_eq!(last_leaf(63, 1), None);
        assert_eq!(last_leaf(255, 0), None);
        assert_eq!(last_leaf(0, u64::MAX), None);
        assert_eq!(last_leaf(1, u64::MAX / 2), None);
    }

    /// A batch is refused when empty, too long for a volume, or with a node too many or too few.
    #[test]
    fn a_batch_is_checked_before_anything_is_written() {
        let row = |nodes| Row { entry: vec![1], nodes: vec![Hash::default(); nodes], vault: None };
        let batch = |rows| Batch { rows, checkpoint: String::new() };
        let refused =
            |b: Batch, size, limit| matches!(b.check(Size(size), limit), Err(StoreError::BadBatch { .. }));
        assert!(!refused(batch(vec![row(1), row(2)]), 0, 2));
        assert!(refused(batch(vec![]), 0, 2));
        assert!(refused(batch(vec![row(1), row(2)]), 0, 1));
        assert!(refused(batch(vec![row(1), row(1)]), 0, 2));
        assert!(refused(batch(vec![row(1), row(3)]), 0, 2));
        assert!(refused(batch(vec![row(1)]), 1, 2));
    }
}

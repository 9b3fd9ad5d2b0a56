//! Fresh rows in memory over the rows of an index file.
//!
//! ```text
//! write ─► active ──freeze──► frozen ──flusher──► file
//!             └───────── snapshot: newest wins ─────┘
//! ```

use super::redb::lower_bound;
use super::{IndexError, IndexFile, IndexRow, Mark, Rows};
use crate::lock::lock;
use imbl::OrdMap;
use procura_core::kv::{Changes, Kv, Unreadable};
use procura_core::{Hash, Size};
use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What a row costs in memory besides its bytes, about: two counted allocations and their places in the tree.
const ROW_OVERHEAD_BYTES: usize = 96;

/// When fresh rows are flushed, and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From how many fresh rows on a flush is due.
    pub flush_rows: usize,
    /// From how many bytes of fresh rows on a flush is due.
    pub flush_bytes: usize,
    /// From how many bytes of fresh rows on the writer waits for the flush under way. Memory is bounded by about twice
    /// this: the layer that is written to and the one being flushed.
    pub hard_bytes: usize,
    /// How long to wait before a flush that failed is tried again.
    pub retry: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flush_rows: 100_000,
            flush_bytes: 32 << 20,
            hard_bytes: 128 << 20,
            retry: Duration::from_secs(1),
        }
    }
}

type Layer = OrdMap<Arc<[u8]>, Arc<[u8]>>;

/// The rows of the index as one whole: one writer, any number of readers.
///
/// The sequencer calls, for each batch: [`wait_for_room`](Self::wait_for_room) before the main store's commit,
/// [`write`](Self::write) after it, so that no row is ever flushed of an entry that is not durable, then
/// [`freeze`](Self::freeze) if [`should_flush`](Self::should_flush). Readers take a [`Snapshot`] each. Only
/// `wait_for_room` ever waits for the disk.
pub struct Layers {
    shared: Arc<Shared>,
    flusher: Option<JoinHandle<()>>,
}

struct Shared {
    file: Arc<dyn IndexFile>,
    limits: Limits,
    format: u32,
    origin: String,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    active: Layer,
    active_bytes: usize,
    frozen: Option<Frozen>,
    base: Arc<dyn Rows>,
    /// Why the last flush failed, until one succeeds.
    failing: Option<String>,
    closing: bool,
}

#[derive(Clone)]
struct Frozen {
    rows: Layer,
    mark: Mark,
}

impl Layers {
    /// Layers over `file`, with nothing fresh. `format` and `origin` go into the marks.
    ///
    /// # Errors
    /// [`IndexError`] if the file can't be read, or the system has no thread to give.
    pub fn new(
        file: Arc<dyn IndexFile>,
        limits: Limits,
        format: u32,
        origin: &str,
    ) -> Result<Self, IndexError> {
        let state = State {
            active: Layer::new(),
            active_bytes: 0,
            frozen: None,
            base: file.read()?,
            failing: None,
            closing: false,
        };
        let origin = origin.to_owned();
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared { file, limits, format, origin, state, changed });
        let flusher = thread::Builder::new().name("index-flush".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.flush_until_closed()
        });
        let flusher =
            flusher.map_err(|source| IndexError::Io { what: "starting the flusher".into(), source })?;
        Ok(Self { shared, flusher: Some(flusher) })
    }

    /// Writes `changes` over all rows there are: seen by every snapshot taken from now on, by none taken before. In
    /// memory only, so it neither waits nor fails. One caller at a time: the sequencer.
    pub fn write(&self, changes: Changes) {
        let mut state = lock(&self.shared.state);
        for (key, row) in changes {
            let (key_bytes, row_bytes) = (key.len(), row.len());
            match state.active.insert(key.into(), row) {
                Some(old) => state.active_bytes = state.active_bytes + row_bytes - old.len(),
                None => state.active_bytes += key_bytes + row_bytes + ROW_OVERHEAD_BYTES,
            }
        }
    }

    /// The rows as they stand, in O(1).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let state = lock(&self.shared.state);
        Snapshot {
            active: state.active.clone(),
            frozen: state.frozen.as_ref().map(|frozen| frozen.rows.clone()),
            base: Arc::clone(&state.base),
        }
    }

    /// Whether a snapshot reads from the file as it is open now: not after a flush, nor after one that failed.
    #[must_use]
    pub fn is_current(&self, snapshot: &Snapshot) -> bool {
        Arc::ptr_eq(&lock(&self.shared.state).base, &snapshot.base)
    }

    /// Whether a flush is due and none is under way.
    #[must_use]
    pub fn should_flush(&self) -> bool {
        let (state, limits) = (lock(&self.shared.state), &self.shared.limits);
        state.frozen.is_none()
            && (state.active.len() >= limits.flush_rows || state.active_bytes >= limits.flush_bytes)
    }

    /// Hands the fresh rows, which are the index at `size` with `root`, to the flusher, in O(1). Returns whether it did:
    /// not while the flush before is under way, which costs nothing but memory.
    ///
    /// The rows must be those of an index commit: the engine replays from there.
    pub fn freeze(&self, size: Size, root: Hash) -> bool {
        let mut state = lock(&self.shared.state);
        if state.frozen.is_some() {
            return false;
        }
        let mark = Mark { size, root, format: self.shared.format, origin: self.shared.origin.clone() };
        let rows = std::mem::take(&mut state.active);
        state.active_bytes = 0;
        state.frozen = Some(Frozen { rows, mark });
        self.shared.changed.notify_all();
        true
    }

    /// Waits while the memory for fresh rows is used up and a flush is under way.
    ///
    /// # Errors
    /// [`IndexError::Stalled`] if it is used up and flushes fail: nothing must be appended now. Reads go on.
    pub fn wait_for_room(&self) -> Result<(), IndexError> {
        let mut state = lock(&self.shared.state);
        while state.frozen.is_some() && state.active_bytes >= self.shared.limits.hard_bytes {
            if let Some(what) = &state.failing {
                return Err(IndexError::Stalled { what: what.clone() });
            }
            state = self.shared.wait(state, None);
        }
        Ok(())
    }

    /// Waits until no flush is under way, or the one that is has failed: for an orderly end, and for tests.
    ///
    /// # Errors
    /// [`IndexError::Stalled`] if it failed.
    pub fn settle(&self) -> Result<(), IndexError> {
        let mut state = lock(&self.shared.state);
        while state.frozen.is_some() {
            if let Some(what) = &state.failing {
                return Err(IndexError::Stalled { what: what.clone() });
            }
            state = self.shared.wait(state, None);
        }
        Ok(())
    }

    /// Why flushes fail, if they do: for a readiness check.
    #[must_use]
    pub fn failing(&self) -> Option<String> {
        lock(&self.shared.state).failing.clone()
    }

    /// How many rows, and about how many bytes of memory, the layer that is written to holds.
    #[must_use]
    pub fn fresh(&self) -> (usize, usize) {
        let state = lock(&self.shared.state);
        (state.active.len(), state.active_bytes)
    }
}

impl Drop for Layers {
    /// Lets the flush under way end. Rows not frozen are dropped: they are replayed.
    fn drop(&mut self) {
        lock(&self.shared.state).closing = true;
        self.shared.changed.notify_all();
        if let Some(flusher) = self.flusher.take()
            && flusher.join().is_err()
        {
            tracing::warn!("the index's flusher panicked");
        }
    }
}

impl Shared {
    fn wait<'a>(&self, state: MutexGuard<'a, State>, at_most: Option<Duration>) -> MutexGuard<'a, State> {
        match at_most {
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(time) => self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
        }
    }

    /// The flusher's whole life.
    fn flush_until_closed(&self) {
        loop {
            let frozen = {
                let mut state = lock(&self.state);
                loop {
                    match &state.frozen {
                        Some(frozen) => break frozen.clone(),
                        None if state.closing => return,
                        None => state = self.wait(state, None),
                    }
                }
            };
            match self.flush(&frozen) {
                Ok(base) => self.publish(base),
                Err(error) if self.give_time_after(&error) => {}
                Err(_) => return,
            }
        }
    }

    fn flush(&self, frozen: &Frozen) -> Result<Arc<dyn Rows>, IndexError> {
        self.file.write(&mut frozen.rows.iter().map(|(key, row)| (&**key, &**row)), &frozen.mark)?;
        self.file.read()
    }

    /// The file holds the frozen rows: from now on they are read there.
    fn publish(&self, base: Arc<dyn Rows>) {
        let mut state = lock(&self.state);
        let old = (state.frozen.take(), std::mem::replace(&mut state.base, base));
        state.failing = None;
        drop(state);
        // Freeing a whole layer takes a while: not under the lock.
        drop(old);
        self.changed.notify_all();
    }

    /// Notes that a flush failed and waits for the next attempt; `false` if there shall be none. The frozen rows stay
    /// where they are, so that nothing is lost to readers; the file may have to be read anew.
    fn give_time_after(&self, error: &IndexError) -> bool {
        tracing::warn!(%error, "the index was not flushed");
        let base = self.file.read();
        let mut state = lock(&self.state);
        state.failing = Some(error.to_string());
        if let Ok(base) = base {
            state.base = base;
        }
        self.changed.notify_all();
        if !state.closing {
            state = self.wait(state, Some(self.limits.retry));
        }
        !state.closing
    }
}

/// The index as it stood when the snapshot was taken, for as long as it is held: pass it to a request, then drop it.
/// (The file can't reuse the pages that a snapshot sees: one that is kept for long makes the file grow.)
#[derive(Clone)]
pub struct Snapshot {
    active: Layer,
    frozen: Option<Layer>,
    base: Arc<dyn Rows>,
}

impl Kv for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        let fresh = self.active.get(key).or_else(|| self.frozen.as_ref().and_then(|frozen| frozen.get(key)));
        match fresh {
            Some(row) => Ok(Some(Arc::clone(row))),
            None => self.base.get(key),
        }
    }
}

impl Rows for Snapshot {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        // No layer takes rows away, so that the first `limit` of each hold the first `limit` of all.
        let base = self.base.range(prefix, after, limit)?;
        let merged = match &self.frozen {
            Some(frozen) => newest(rows_of(frozen, prefix, after, limit), base.into_iter(), limit),
            None => base,
        };
        Ok(newest(rows_of(&self.active, prefix, after, limit), merged.into_iter(), limit))
    }
}

fn rows_of<'a>(
    layer: &'a Layer,
    prefix: &'a [u8],
    after: Option<&'a [u8]>,
    limit: usize,
) -> impl Iterator<Item = IndexRow> + 'a {
    let rows = layer.range::<_, [u8]>((lower_bound(prefix, after), Bound::Unbounded));
    rows.take_while(move |(key, _)| key.starts_with(prefix))
        .take(limit)
        .map(|(key, row)| (Arc::clone(key), Arc::clone(row)))
}

/// The first `limit` rows of two ordered runs; where both have a key, `newer`'s row.
fn newest(
    newer: impl Iterator<Item = IndexRow>,
    older: impl Iterator<Item = IndexRow>,
    limit: usize,
) -> Vec<IndexRow> {
    let (mut newer, mut older) = (newer.peekable(), older.peekable());
    let mut rows = Vec::new();
    while rows.len() < limit {
        let order = match (newer.peek(), older.peek()) {
            (Some((new, _)), Some((old, _))) => new.cmp(old),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        if order == Ordering::Equal {
            older.next();
        }
        rows.extend(if order == Ordering::Greater { older.next() } else { newer.next() });
    }
    rows
}

//! Fresh rows in memory over the rows of an index file.
//!
//! ```text
//! write ─► active ──freeze──► frozen ──flusher──► file
//!             └───────── snapshot: newest wins ─────┘
//! ```

use super::fresh::Fresh;
use super::merge::newest;
use super::{IndexError, IndexFile, Mark, Rows, Snapshot};
use crate::behind;
use crate::lock::lock;
use procura_core::kv::Changes;
use procura_core::trie::Trie;
use procura_core::{Hash, Index, Size};
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What a key put into the trie costs in memory until it is flushed, about: a page below those that stay.
const PUT_BYTES: usize = 1500;

/// How often the flusher looks whether readers still have what is to be let go.
const LOOK: Duration = Duration::from_millis(100);

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
            flush_rows: 200_000,
            flush_bytes: 96 << 20,
            hard_bytes: 256 << 20,
            retry: Duration::from_secs(1),
        }
    }
}

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
    /// Held by who writes the file, until readers see what was written.
    writing: Mutex<()>,
}

struct State {
    active: Arc<Fresh>,
    /// The number of the last write: what readers see up to.
    written: u64,
    trie: Trie,
    /// How many keys had been put into the trie when rows were last frozen.
    puts_frozen: u64,
    /// The trie's last batch whose pages are in `base`.
    stored: u64,
    frozen: Option<Frozen>,
    base: Arc<dyn Rows>,
    /// Why the last flush failed, until one succeeds.
    failing: Option<String>,
    closing: bool,
}

#[derive(Clone)]
struct Frozen {
    rows: Arc<Fresh>,
    trie: Trie,
    mark: Mark,
}

/// What a flush has put another in the place of. Whoever lets go of it last frees a whole layer and closes files that are deleted:
/// that is the flusher's to do once no snapshot has it any more, not that of a thread that owes an answer.
struct Retired {
    rows: Arc<Fresh>,
    base: Arc<dyn Rows>,
}

impl Retired {
    fn is_held_by_readers(&self) -> bool {
        Arc::strong_count(&self.rows) > 1 || Arc::strong_count(&self.base) > 1
    }
}

/// What the flusher does next.
enum Next {
    Flush(Frozen),
    LookAgain,
    End,
}

impl State {
    /// About how many bytes of memory the fresh rows take that are not frozen.
    fn fresh_bytes(&self) -> usize {
        let puts = usize::try_from(self.trie.puts().saturating_sub(self.puts_frozen)).unwrap_or(usize::MAX);
        self.active.bytes().saturating_add(puts.saturating_mul(PUT_BYTES))
    }
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
        let base = file.read()?;
        let trie = Trie::load(base.as_ref())
            .map_err(|error| IndexError::Corrupt { what: format!("the index file: {error}") })?;
        let state = State {
            active: Arc::default(),
            written: 0,
            trie,
            puts_frozen: 0,
            stored: 0,
            frozen: None,
            base,
            failing: None,
            closing: false,
        };
        let origin = origin.to_owned();
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let shared =
            Arc::new(Shared { file, limits, format, origin, state, changed, writing: Mutex::default() });
        let flusher = thread::Builder::new().name("index-flush".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.flush_until_closed()
        });
        let flusher =
            flusher.map_err(|source| IndexError::Io { what: "starting the flusher".into(), source })?;
        Ok(Self { shared, flusher: Some(flusher) })
    }

    /// Writes `changes` over all rows there are, and `trie` in the place of the one before: seen by every snapshot taken from
    /// now on, by none taken before. In memory only, so it neither waits nor fails. One caller at a time: the sequencer.
    pub fn write(&self, changes: Changes, mut trie: Trie) {
        let (active, by) = {
            let state = lock(&self.shared.state);
            (Arc::clone(&state.active), state.written + 1)
        };
        active.write(by, changes);
        let mut state = lock(&self.shared.state);
        state.written = by;
        // A flush may have ended since the batch began.
        trie.set_stored(state.stored);
        state.trie = trie;
    }

    /// The rows as they stand, in O(1).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let state = lock(&self.shared.state);
        let frozen = state.frozen.as_ref().map(|frozen| Arc::clone(&frozen.rows));
        Snapshot::new(
            [Some(Arc::clone(&state.active)), frozen],
            state.written,
            state.trie.clone(),
            Arc::clone(&state.base),
        )
    }

    /// Whether a flush is due and none is under way.
    #[must_use]
    pub fn should_flush(&self) -> bool {
        let (state, limits) = (lock(&self.shared.state), &self.shared.limits);
        state.frozen.is_none()
            && (state.active.count() >= limits.flush_rows || state.fresh_bytes() >= limits.flush_bytes)
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
        let trie = state.trie.clone();
        state.puts_frozen = trie.puts();
        state.frozen = Some(Frozen { rows, trie, mark });
        self.shared.changed.notify_all();
        true
    }

    /// Waits while the memory for fresh rows is used up and a flush is under way.
    ///
    /// # Errors
    /// [`IndexError::Stalled`] if it is used up and flushes fail: nothing must be appended now. Reads go on.
    pub fn wait_for_room(&self) -> Result<(), IndexError> {
        let mut state = lock(&self.shared.state);
        while state.frozen.is_some() && state.fresh_bytes() >= self.shared.limits.hard_bytes {
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

    /// Whether the file holds the rows of the entry at `index`.
    #[must_use]
    pub fn has_stored(&self, index: Index) -> bool {
        self.shared.file.mark().is_some_and(|mark| index.0 < mark.size.0)
    }

    /// How many entries the file's rows come from.
    pub fn stored(&self) -> Size {
        self.shared.file.mark().map_or(Size(0), |mark| mark.size)
    }

    /// Destroys the rows with these keys, all of which the file holds: on return they are in no file, and no snapshot taken from now
    /// on has them.
    ///
    /// # Errors
    /// [`IndexError`], as far as the storage fails; repeating completes the work.
    pub fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        let _alone = lock(&self.shared.writing);
        self.shared.file.forget(keys)?;
        let base = self.shared.file.read()?;
        let old = std::mem::replace(&mut lock(&self.shared.state).base, base);
        drop(old);
        Ok(())
    }

    /// Why flushes fail, if they do: for a readiness check.
    #[must_use]
    pub fn failing(&self) -> Option<String> {
        lock(&self.shared.state).failing.clone()
    }

    /// How many rows were written since rows were last frozen, and about how many bytes of memory they and the trie's fresh pages
    /// take.
    #[must_use]
    pub fn fresh(&self) -> (usize, usize) {
        let state = lock(&self.shared.state);
        (state.active.count(), state.fresh_bytes())
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
        behind::step_back();
        let mut retired: Vec<Retired> = Vec::new();
        loop {
            retired.retain(Retired::is_held_by_readers);
            let frozen = match self.next((!retired.is_empty()).then_some(LOOK)) {
                Next::Flush(frozen) => frozen,
                Next::LookAgain => continue,
                Next::End => return,
            };
            let flushed = {
                let _alone = lock(&self.writing);
                self.flush(&frozen).map(|base| self.publish(base))
            };
            match flushed {
                Ok(old) => retired.extend(old),
                Err(error) if self.give_time_after(&error) => {}
                Err(_) => return,
            }
        }
    }

    /// Waits for rows to flush, so long at most.
    fn next(&self, at_most: Option<Duration>) -> Next {
        let mut state = lock(&self.state);
        if state.frozen.is_none() && !state.closing {
            state = self.wait(state, at_most);
        }
        match &state.frozen {
            Some(frozen) => Next::Flush(frozen.clone()),
            None if state.closing => Next::End,
            None => Next::LookAgain,
        }
    }

    fn flush(&self, frozen: &Frozen) -> Result<Arc<dyn Rows>, IndexError> {
        let pages = frozen.trie.fresh_rows().map(|(key, row)| (key.into(), row));
        frozen.rows.all(|rows| self.file.write(&mut newest(rows, pages), &frozen.mark))?;
        self.file.read()
    }

    /// The file holds the frozen rows: from now on they are read there. What they were read in until now is given back.
    fn publish(&self, base: Arc<dyn Rows>) -> Option<Retired> {
        let mut state = lock(&self.state);
        let (frozen, base) = (state.frozen.take(), std::mem::replace(&mut state.base, base));
        if let Some(frozen) = &frozen {
            state.stored = frozen.trie.batch();
            let stored = state.stored;
            state.trie.set_stored(stored);
        }
        state.failing = None;
        drop(state);
        self.changed.notify_all();
        frozen.map(|frozen| Retired { rows: frozen.rows, base })
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

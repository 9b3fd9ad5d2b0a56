//! Carrying an erasure out: what was logged is told, what is left of the records is destroyed.
//!
//! A thread of its own: whole files are written anew. The rows of the index go first, the bodies last, so that where a body is
//! gone everything else is; what a crash cuts short is done again when the ledger is opened.
//!
//! spec: storage.md#erasure

use crate::cache::RecordCache;
use crate::error::SubmitError;
use crate::index::{Layers, Rows};
use crate::replay::disclosed_identifier;
use crate::reply::Placed;
use crate::search::{self, Noted};
use crate::standings::Standings;
use crate::store::{Reader, Store};
use crate::vault::VaultRow;
use procura_core::Index;
use procura_core::admission::Candidate;
use procura_core::kinds::Content;
use procura_core::record::Record;
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long to wait before it is looked again whether the index was flushed.
const LOOK: Duration = Duration::from_millis(10);
/// How long to wait after an erasure that failed.
const RETRY: Duration = Duration::from_secs(5);
/// How many erasures are looked through at a time for one that was not carried out.
const PAGE: usize = 64;

/// What an erasure is carried out on.
pub(crate) struct Erased {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) layers: Arc<Layers>,
    pub(crate) cache: Arc<RecordCache>,
    pub(crate) standings: Arc<Standings>,
}

/// The thread that carries erasures out.
pub(crate) struct Eraser {
    tell: Option<Sender<Index>>,
    told: u64,
    done: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Eraser {
    /// Starts it, with the erasures that a crash cut short.
    pub(crate) fn start(work: Erased, unfinished: Vec<Index>) -> std::io::Result<Self> {
        let (tell, told) = channel();
        let done = Arc::new(AtomicU64::new(0));
        let thread = std::thread::Builder::new().name("eraser".to_owned()).spawn({
            let done = Arc::clone(&done);
            move || work.run(&told, &done)
        })?;
        let mut eraser = Self { tell: Some(tell), told: 0, done, thread: Some(thread) };
        unfinished.into_iter().for_each(|index| eraser.tell(index));
        Ok(eraser)
    }

    /// Whether something that it was told is not carried out yet.
    pub(crate) fn is_busy(&self) -> bool {
        self.done.load(Ordering::Acquire) < self.told
    }

    /// The erasure at this index is durable, and its rows are about to be flushed.
    pub(crate) fn tell(&mut self, index: Index) {
        self.told += 1;
        if let Some(tell) = &self.tell
            && tell.send(index).is_err()
        {
            tracing::error!("the eraser is gone: what was logged to be erased is erased at the next start");
        }
    }
}

impl Drop for Eraser {
    /// Lets what is under way end; the rest is done at the next start.
    fn drop(&mut self) {
        self.tell = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the eraser panicked");
        }
    }
}

/// Where the erasures stand that a batch brought.
pub(crate) fn logged(candidates: &[Candidate], outcomes: &[Result<Placed, SubmitError>]) -> Vec<Index> {
    let taken = candidates.iter().zip(outcomes).filter_map(|(candidate, outcome)| {
        let placed = outcome.as_ref().ok().filter(|placed| placed.is_new)?;
        matches!(candidate.record().content(), Content::Erasure(_)).then_some(placed.index)
    });
    taken.collect()
}

/// The erasures that were logged and not carried out, oldest first. They are carried out in the order of the log: the newest that
/// was ends the search.
pub(crate) fn unfinished(rows: &dyn Rows, reader: &dyn Reader) -> Result<Vec<Index>, String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = rows.range(&search::erasures_prefix(), after.as_deref(), PAGE).map_err(text)?;
        for (_, row) in &page {
            let id = search::id_of(row).map_err(text)?;
            let index = search::place_of(rows, &id).map_err(text)?.ok_or("an erasure has no place")?;
            let (indexes, _) = concerned(rows, reader, index)?;
            let mut is_done = true;
            for index in indexes {
                is_done &= reader.vault(index).map_err(text)?.is_none();
            }
            if is_done {
                found.reverse();
                return Ok(found);
            }
            found.push(index);
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => after = Some(key.to_vec()),
            _ => {
                found.reverse();
                return Ok(found);
            }
        }
    }
}

impl Erased {
    fn run(&self, told: &Receiver<Index>, done: &AtomicU64) {
        let mut queue = Queue { told, waiting: VecDeque::new() };
        while let Some(index) = queue.next() {
            while !self.layers.has_stored(index) {
                if queue.is_closed_within(LOOK) {
                    return;
                }
            }
            while let Err(what) = self.erase(index) {
                tracing::error!(%index, %what, "an erasure could not be carried out, and is tried again");
                if queue.is_closed_within(RETRY) {
                    return;
                }
            }
            done.fetch_add(1, Ordering::Release);
        }
    }

    fn erase(&self, index: Index) -> Result<(), String> {
        let snapshot = self.layers.snapshot();
        let (indexes, keys) = concerned(&snapshot, self.store.read().map_err(text)?.as_ref(), index)?;
        self.layers.forget(&keys).map_err(text)?;
        self.cache.erasing(indexes.iter().copied(), || self.store.erase(&indexes)).map_err(text)?;
        self.standings.forget();
        tracing::info!(%index, records = indexes.len(), "an erasure was carried out");
        Ok(())
    }
}

/// The entries whose bodies an erasure destroys, and the rows of the index that come from these bodies.
fn concerned(
    rows: &dyn Rows,
    reader: &dyn Reader,
    erasure: Index,
) -> Result<(BTreeSet<Index>, BTreeSet<Vec<u8>>), String> {
    let (mut indexes, mut keys) = (BTreeSet::new(), BTreeSet::new());
    let row = reader.vault(erasure).map_err(text)?.ok_or("an erasure has no body")?;
    let row = VaultRow::decode(&row).map_err(text)?;
    let record = Record::parse(row.admitted.jws.text()).map_err(text)?;
    let Content::Erasure(erasure) = record.content() else { return Err("it is no erasure".to_owned()) };
    for target in &erasure.targets {
        indexes.extend(search::indexes_of(rows, target).map_err(text)?);
    }
    for index in &indexes {
        let Some(row) = reader.vault(*index).map_err(text)? else { continue };
        let row = VaultRow::decode(&row).map_err(text)?;
        let record = &Record::parse(row.admitted.jws.text()).map_err(text)?;
        let identifier = match record.content() {
            Content::Party(_) => disclosed_identifier(record, &row.admitted.disclosures),
            _ => None,
        };
        let noted = Noted { record, identifier, handle: row.admitted.handle };
        for (key, named) in search::rows_of_body(&noted, *index) {
            // A row that names another record by now is that one's, if this is done anew after a crash.
            let is_own = *named == record.id().0;
            let is_anothers = is_own && rows.get(&key).map_err(text)?.is_some_and(|found| found != named);
            if !is_anothers {
                keys.insert(key);
            }
        }
    }
    Ok((indexes, keys))
}

/// What was told, in order.
struct Queue<'a> {
    told: &'a Receiver<Index>,
    waiting: VecDeque<Index>,
}

impl Queue<'_> {
    /// The next one; `None` once the ledger is closed.
    fn next(&mut self) -> Option<Index> {
        self.waiting.pop_front().or_else(|| self.told.recv().ok())
    }

    /// Waits; whether the ledger was closed meanwhile.
    fn is_closed_within(&mut self, time: Duration) -> bool {
        match self.told.recv_timeout(time) {
            Ok(index) => {
                self.waiting.push_back(index);
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        }
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

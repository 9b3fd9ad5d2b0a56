//! The one thread that owns the log's tail: when it commits, whom it tells, and what it does when the store fails.
//!
//! What one commit consists of is told in [`crate::append`].
//!
//! spec: storage.md#commit

use crate::append::Failure;
use crate::cache::RecordCache;
use crate::catalogues::Catalogues;
use crate::eraser::{self, Eraser};
use crate::error::{OpenError, State, SubmitError};
use crate::given::{Clock, Random};
use crate::index::Layers;
use crate::log_keys::{LogKeys, Signers, signed_by};
use crate::nodes::KeptNodes;
use crate::observer::Observer;
use crate::prepared::Prepared;
use crate::published::Published;
use crate::reply::Reply;
use crate::side::SideFile;
use crate::standings::Standings;
use crate::store::Store;
use crate::watch::ClockWatch;
use crate::{open, replay};
use procura_core::Index;
use procura_core::admission::Candidate;
use procura_core::tree::Frontier;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The most submissions in one batch.
const MAX_BATCH: usize = 2048;
/// How long to wait before a store that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long to wait, while an erasure is under way, before it is looked how far it is.
const LOOK: Duration = Duration::from_millis(10);

/// What the sequencer is asked.
pub(crate) enum Job {
    /// Log this.
    Submit(Box<Candidate>, Reply),
    /// An operator says that the clock is right.
    ConfirmClock,
    /// Stop after what was taken.
    Close,
}

/// The owner of the log's tail.
pub(crate) struct Sequencer {
    pub(crate) origin: Arc<str>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) epoch: u64,
    pub(crate) layers: Arc<Layers>,
    pub(crate) cache: Arc<RecordCache>,
    pub(crate) nodes: Arc<KeptNodes>,
    pub(crate) standings: Arc<Standings>,
    pub(crate) published: Arc<Published>,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) side: Option<SideFile>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) signers: Signers,
    pub(crate) heartbeat: Duration,
    pub(crate) frontier: Frontier,
    pub(crate) watch: ClockWatch,
    /// The most entries of one batch.
    pub(crate) most_rows: u64,
    /// When something was committed, or tried to be, last.
    pub(crate) last_commit: Instant,
    /// Told what is committed.
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Carries erasures out.
    pub(crate) eraser: Eraser,
    /// The rows of an erasure wait to be flushed, so that they can be destroyed.
    pub(crate) flush_due: bool,
    /// Erasures are under way: once they are done readers are to see the index without what they destroyed.
    pub(crate) is_erasing: bool,
    /// The ledger was made of a backup: nothing is signed any more.
    pub(crate) is_restored: bool,
    /// The outcome of a commit is unknown, and could not be read back yet: why, and when that was tried last.
    pub(crate) broken: Option<(State, Instant)>,
}

impl Sequencer {
    /// Works until it is closed. When the log stands still for a while it commits an index commit alone: the heartbeat
    /// that keeps freshness provable.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let first = match jobs.recv_timeout(self.until_next()) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut batch = Vec::new();
            let (mut closing, mut confirmed) = (false, false);
            let waiting = std::iter::from_fn(|| jobs.try_recv().ok()).take(MAX_BATCH - 1);
            for job in first.into_iter().chain(waiting) {
                match job {
                    Job::Submit(candidate, reply) => batch.push((*candidate, reply)),
                    Job::ConfirmClock => confirmed = true,
                    Job::Close => closing = true,
                }
            }
            if confirmed {
                tracing::warn!(now = self.clock.now().0, "an operator confirmed the clock");
                self.watch.confirm(self.clock.as_ref(), self.published.head().time);
            }
            self.recover();
            self.commit(batch);
            self.flush_if_due();
            let is_erased = self.is_erasing && !self.eraser.is_busy();
            if is_erased {
                self.is_erasing = false;
            }
            if confirmed || is_erased || (self.until_next().is_zero() && !closing) {
                self.heartbeat();
            }
            if closing {
                break;
            }
        }
        self.published.set_state(State::Closed);
        while let Ok(job) = jobs.try_recv() {
            if let Job::Submit(_, reply) = job {
                reply.tell(Err(SubmitError::ReadOnly("it was closed".to_owned())));
            }
        }
        self.flush_at_end();
    }

    /// How long there is nothing to do unless somebody asks.
    fn until_next(&self) -> Duration {
        match &self.broken {
            Some((_, tried)) => RETRY.saturating_sub(tried.elapsed()),
            // What keeps it from writing may be over any moment, as when an index that could not be flushed has room again.
            None if matches!(self.published.state(), State::ReadOnly(_)) => {
                RETRY.saturating_sub(self.last_commit.elapsed())
            }
            None if self.flush_due || self.is_erasing => LOOK,
            None => self.heartbeat.saturating_sub(self.last_commit.elapsed()),
        }
    }

    /// Takes what waited through, in as many batches as it needs, and tells everyone who waits for it.
    fn commit(&mut self, jobs: Vec<(Candidate, Reply)>) {
        let (candidates, replies): (Vec<Candidate>, Vec<Reply>) = jobs.into_iter().unzip();
        let (mut rest, mut replies) = (candidates.as_slice(), replies.into_iter());
        while !rest.is_empty() {
            if let Some((state, _)) = &self.broken {
                let what = state.reason();
                return replies.for_each(|reply| reply.tell(Err(SubmitError::ReadOnly(what.to_owned()))));
            }
            match self.commit_batch(rest) {
                Ok(outcomes) => {
                    rest = rest.get(outcomes.len()..).unwrap_or(&[]);
                    // In this order: `zip` takes a reply too many if it asks for that first.
                    outcomes
                        .into_iter()
                        .zip(replies.by_ref())
                        .for_each(|(outcome, reply)| reply.tell(outcome));
                }
                Err(Failure::Nothing(stop)) => {
                    self.published.set_state(stop.state());
                    return replies.for_each(|reply| reply.tell(Err(stop.error())));
                }
                Err(unknown) => {
                    self.lose(unknown.state());
                    replies.for_each(|reply| reply.tell(Err(SubmitError::Unknown)));
                    return self.recover();
                }
            }
        }
    }

    /// Hands the rows to the flusher if an erasure waits for that, once a flush under way has ended.
    fn flush_if_due(&mut self) {
        if !self.flush_due || self.broken.is_some() {
            return;
        }
        let head = self.published.head();
        if let Ok(Some(meta)) = procura_core::index::meta(&head.snapshot)
            && self.layers.freeze(head.root.size, meta.root)
        {
            self.flush_due = false;
        }
    }

    /// An erasure is durable: its rows are flushed next, then what it names is destroyed.
    pub(crate) fn begin_erasing(&mut self, index: Index) {
        (self.flush_due, self.is_erasing) = (true, true);
        self.eraser.tell(index);
    }

    /// Commits an index commit alone.
    fn heartbeat(&mut self) {
        if self.broken.is_some() {
            return;
        }
        // Also if it fails: it is tried again after a while, not at once and for ever.
        self.last_commit = Instant::now();
        match self.commit_batch(&[]) {
            Ok(_) => {}
            Err(Failure::Nothing(stop)) => self.published.set_state(stop.state()),
            Err(unknown) => {
                self.lose(unknown.state());
                self.recover();
            }
        }
    }

    /// Nothing is known from here on of what the store holds behind the last batch that was acknowledged.
    fn lose(&mut self, state: State) {
        tracing::error!(what = state.reason(), "a commit's outcome is unknown: reading back what is stored");
        self.published.set_state(state.clone());
        let long_ago = Instant::now().checked_sub(RETRY).unwrap_or_else(Instant::now);
        self.broken = Some((state, long_ago));
    }

    /// Reads back what is stored once its outcome is unknown, at most once in a while, and tries whether the store takes
    /// anything again: only then is the ledger ready.
    fn recover(&mut self) {
        if self.broken.is_none() || !self.until_next().is_zero() {
            return;
        }
        match self.read_back().and_then(|()| match self.commit_batch(&[]) {
            Ok(_) => Ok(State::Ready),
            Err(Failure::Nothing(stop)) => Ok(stop.state()),
            Err(unknown) => Err(unknown.state()),
        }) {
            Ok(state) => {
                self.broken = None;
                self.published.set_state(state);
            }
            Err(state) => {
                tracing::error!(what = state.reason(), "the store does not work yet");
                self.published.set_state(state.clone());
                self.broken = Some((state, Instant::now()));
            }
        }
    }

    fn read_back(&mut self) -> Result<(), State> {
        let stored = self.store.reopen()?;
        let head = self.published.head();
        if stored.epoch != self.epoch {
            let what = format!("the writer of epoch {} has taken the store over", stored.epoch);
            return Err(State::ReadOnly(what));
        }
        if stored.size < head.root.size {
            let (found, signed) = (stored.size, head.root.size);
            return Err(State::ReadOnly(format!(
                "the store holds {found} entries of {signed}: it went back"
            )));
        }
        if stored.size > head.root.size {
            // The commit did happen: replay it into the index, exactly as opening does.
            let replayed = replay::replay(self.store.as_ref(), &self.layers, &self.origin, stored.size);
            replayed.map_err(|error| State::ReadOnly(error.to_string()))?;
        }
        let tail = open::tail(self.store.as_ref(), &self.origin);
        let tail = tail.map_err(|error| State::ReadOnly(error.to_string()))?;
        let snapshot = self.layers.snapshot();
        let before = head.log_keys.verifiers();
        let log_keys = LogKeys::read(&snapshot, self.store.read()?.as_ref(), before);
        let log_keys = log_keys.map_err(State::ReadOnly)?;
        if signed_by(&tail.signed, &self.origin, &log_keys.verifiers()).is_empty() {
            let error = OpenError::OtherLog { origin: self.origin.to_string() };
            return Err(State::ReadOnly(error.to_string()));
        }
        self.frontier = tail.frontier;
        // What was replayed may have moved anything.
        let catalogues = Catalogues::read(&snapshot);
        let catalogues = catalogues.map_err(|error| State::ReadOnly(error.to_string()))?;
        self.publish(tail.root, tail.checkpoint, tail.time, head.footing.next(), (catalogues, log_keys))
            .map_err(Failure::state)?;
        // Erasures among what was replayed; those that were told already are found done.
        let unfinished = eraser::unfinished(&self.published.head().snapshot, self.store.read()?.as_ref());
        for index in unfinished.map_err(State::ReadOnly)? {
            self.begin_erasing(index);
        }
        Ok(())
    }

    fn flush_at_end(&self) {
        let head = self.published.head();
        if self.layers.fresh().0 == 0 {
            return;
        }
        if let Ok(Some(meta)) = procura_core::index::meta(&head.snapshot)
            && self.layers.settle().is_ok()
        {
            self.layers.freeze(head.root.size, meta.root);
            if let Err(error) = self.layers.settle() {
                tracing::warn!(%error, "the index was not flushed: it is replayed at the next start");
            }
        }
    }
}

impl Drop for Sequencer {
    /// Also after a panic nobody is to believe that the ledger takes anything.
    fn drop(&mut self) {
        self.published.set_state(State::Closed);
    }
}

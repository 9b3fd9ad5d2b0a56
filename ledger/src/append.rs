//! The whole story of one commit.
//!
//! One thread, the sequencer, owns the tail of the log. It takes what waits, decides on each submission against the state
//! *inside the batch*, applies it to the index in memory, closes the batch with an index commit, signs the
//! checkpoint, stores everything in one transaction, and only then lets signatures and receipts out.
//!
//! spec: storage.md#commit

use crate::error::{State, SubmitError};
use crate::filing::{concerned, take_place};
use crate::given::{Clock, Random, random};
use crate::index::{Layers, Snapshot};
use crate::live::{Kept, Live, Pending, RecordCache};
use crate::prepared::Prepared;
use crate::published::{Head, Published};
use crate::search::{self, Filing, Noted};
use crate::side::{SideFile, SideMark};
use crate::store::{Batch, Reader, Row, Store, StoreError};
use crate::vault::VaultRow;
use crate::{open, replay};
use procura_core::admission::{Admitted, Candidate, Refusal};
use procura_core::entry::{self, Entry, Tags};
use procura_core::hash::commitment;
use procura_core::index::{ApplyError, Fault, Working};
use procura_core::judge::Place;
use procura_core::key::{PublicKey, Signer};
use procura_core::kinds::{Class, Content};
use procura_core::kv::{Changes, Kv, Unreadable};
use procura_core::note::NoteVerifier;
use procura_core::source::{Lack, Logged, Opened, Sealed, Source};
use procura_core::status::Initial;
use procura_core::tree::{Frontier, Root};
use procura_core::{Hash, Index, Millis};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// The most submissions in one batch.
const MAX_BATCH: usize = 2048;
/// How far the clock may fall behind the last entry before appending stops.
const CLOCK_BEHIND_MS: u64 = 5_000;
/// How far the clock may jump, against the one that only passes, before appending stops.
const CLOCK_JUMP_MS: u64 = 10 * 60 * 1000;

/// What happened to a submission: where its record stands, and whether that is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) index: Index,
    pub(crate) is_new: bool,
}

/// Who is told, once, what became of a submission.
pub(crate) type Reply = Box<dyn FnOnce(Result<Placed, SubmitError>) + Send>;

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
    pub(crate) published: Arc<Published>,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) side: Option<SideFile>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) log_key: Arc<dyn Signer>,
    pub(crate) log_verifier: NoteVerifier,
    pub(crate) heartbeat: Duration,
    pub(crate) frontier: Frontier,
    pub(crate) clock_mark: ClockMark,
}

/// What the clocks said last, to notice a jump.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockMark {
    pub(crate) now: Millis,
    pub(crate) elapsed_ms: u64,
}

impl ClockMark {
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        Self { now: clock.now(), elapsed_ms: clock.elapsed_ms() }
    }
}

/// Why a batch came to nothing.
enum Failure {
    /// Nothing was written; the next batch can be tried.
    Nothing(SubmitError),
    /// It may have been written: drop memory and read what is true.
    Unknown(String),
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Unknown(error.to_string())
    }
}

impl Sequencer {
    /// Works until it is closed. When nothing comes for a while it commits an index commit alone: the heartbeat that
    /// keeps freshness provable.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let first = match jobs.recv_timeout(self.heartbeat) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let is_heartbeat = first.is_none();
            let mut batch = Vec::new();
            let mut closing = false;
            let waiting = std::iter::from_fn(|| jobs.try_recv().ok()).take(MAX_BATCH - 1);
            for job in first.into_iter().chain(waiting) {
                match job {
                    Job::Submit(candidate, reply) => batch.push((*candidate, reply)),
                    Job::ConfirmClock => self.clock_mark = ClockMark::of(self.clock.as_ref()),
                    Job::Close => closing = true,
                }
            }
            if is_heartbeat || !batch.is_empty() {
                self.commit(batch);
            }
            if closing {
                break;
            }
        }
        self.published.set_state(State::Closed);
        self.flush_at_end();
    }

    /// Takes a batch through, and tells everyone who waits for it.
    fn commit(&mut self, jobs: Vec<(Candidate, Reply)>) {
        let (candidates, replies): (Vec<Candidate>, Vec<Reply>) = jobs.into_iter().unzip();
        match self.commit_batch(&candidates) {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    reply(outcome);
                }
            }
            Err(Failure::Nothing(error)) => {
                let told = error.to_string();
                let again = || match &error {
                    SubmitError::Clock(what) => SubmitError::Clock(what.clone()),
                    _ => SubmitError::ReadOnly(told.clone()),
                };
                replies.into_iter().for_each(|reply| reply(Err(again())));
            }
            Err(Failure::Unknown(what)) => {
                tracing::error!(%what, "a commit's outcome is unknown: reading back what is stored");
                self.published.set_state(State::ReadOnly(what));
                replies.into_iter().for_each(|reply| reply(Err(SubmitError::Unknown)));
                self.recover();
            }
        }
    }

    fn commit_batch(
        &mut self,
        candidates: &[Candidate],
    ) -> Result<Vec<Result<Placed, SubmitError>>, Failure> {
        // Waits while the index cannot be flushed and memory is used up: before anything is decided.
        self.layers
            .wait_for_room()
            .map_err(|error| Failure::Nothing(SubmitError::ReadOnly(error.to_string())))?;
        let time = self.time()?;

        let snapshot = self.layers.snapshot();
        let reader = self.store.read().map_err(|error| Failure::Unknown(error.to_string()))?;
        let mut batch = Tail::new(self, &snapshot, reader.as_ref(), time)?;
        let mut outcomes = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            outcomes.push(batch.take(candidate)?);
        }
        if batch.rows.is_empty() && !candidates.is_empty() {
            return Ok(outcomes);
        }
        let (rows, pending, changes, prepared) = batch.close(time)?;

        // Nothing has left the process, and nothing is on disk: a crash up to here loses only what nobody was told.
        let mut frontier = self.frontier.clone();
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(entry, leaf, vault)| Row { entry, nodes: frontier.push(leaf), vault })
            .collect();
        let root = Root { size: frontier.size(), hash: frontier.root() };
        let checkpoint = self.sign(root)?;
        let expected = self.frontier.size();
        self.store
            .commit(expected, self.epoch, Batch { rows, checkpoint: checkpoint.clone() })
            .map_err(|error| self.failed(error))?;

        // Durable: from here on a crash loses no answer. The index in memory follows; its file may lag behind.
        self.frontier = frontier;
        self.layers.write(changes);
        for kept in pending.into_iter().flatten() {
            self.cache.insert(kept.kept.logged.index.0, kept.kept);
        }
        prepared.iter().for_each(|id| self.prepared.remove(id));
        let map_root = self.publish(root, checkpoint, time)?;
        if self.layers.should_flush() {
            self.layers.freeze(root.size, map_root);
        }
        Ok(outcomes)
    }

    /// Makes the new state what readers see, and notes the checkpoint beside the store.
    fn publish(&mut self, root: Root, checkpoint: String, time: Millis) -> Result<Hash, Failure> {
        let snapshot = self.layers.snapshot();
        let meta = procura_core::index::meta(&snapshot)?
            .ok_or_else(|| Failure::Unknown("the index has no meta row".to_owned()))?;
        if let Some(side) = &self.side
            && let Err(error) = side.record(&SideMark { size: root.size, checkpoint: checkpoint.clone() })
        {
            // The commit is durable all the same; only the watch against rollbacks is weaker for now.
            tracing::error!(%error, "the side file could not be written");
        }
        self.published.set(Head { root, checkpoint, time, snapshot });
        Ok(meta.root)
    }

    fn sign(&self, root: Root) -> Result<String, Failure> {
        open::sign_checkpoint(&self.origin, root, self.log_key.as_ref(), &self.log_verifier)
            .map_err(|what| Failure::Nothing(SubmitError::ReadOnly(what)))
    }

    fn failed(&self, error: StoreError) -> Failure {
        if error.nothing_written() {
            self.published.set_state(State::ReadOnly(error.to_string()));
            Failure::Nothing(SubmitError::ReadOnly(error.to_string()))
        } else {
            Failure::Unknown(error.to_string())
        }
    }

    /// The time of the next entries: never before the last one's.
    fn time(&mut self) -> Result<Millis, Failure> {
        let last = self.published.head().time;
        let mark = ClockMark::of(self.clock.as_ref());
        let passed = mark.elapsed_ms.saturating_sub(self.clock_mark.elapsed_ms);
        let expected = self.clock_mark.now.0.saturating_add(passed);
        let jump = mark.now.0.abs_diff(expected);
        let problem = if mark.now.0.saturating_add(CLOCK_BEHIND_MS) < last.0 {
            Some(format!("it is {} ms behind the last entry", last.0 - mark.now.0))
        } else if jump > CLOCK_JUMP_MS {
            Some(format!("it jumped by {jump} ms"))
        } else {
            None
        };
        if let Some(what) = problem {
            self.published.set_state(State::ClockStopped(what.clone()));
            return Err(Failure::Nothing(SubmitError::Clock(what)));
        }
        self.clock_mark = mark;
        self.published.set_state(State::Ready);
        Ok(last.max(mark.now))
    }

    /// Reads back what is stored, until that works: only then is it known what the last commit did.
    fn recover(&mut self) {
        loop {
            match self.read_back() {
                Ok(()) => break self.published.set_state(State::Ready),
                Err(what) => {
                    tracing::error!(%what, "the store cannot be read back yet");
                    self.published.set_state(State::ReadOnly(what));
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }

    fn read_back(&mut self) -> Result<(), String> {
        let stored = self.store.reopen().map_err(|error| error.to_string())?;
        let head = self.published.head();
        if stored.size > head.root.size {
            // The commit did happen: replay it into the index, exactly as opening does.
            let replayed = replay::replay(self.store.as_ref(), &self.layers, &self.origin, stored.size);
            replayed.map_err(|error| error.to_string())?;
        }
        let tail =
            open::tail(self.store.as_ref(), &self.origin, &self.log_verifier).map_err(|e| e.to_string())?;
        self.frontier = tail.frontier;
        self.publish(tail.root, tail.checkpoint, tail.time)
            .map_err(|_| "the index has no meta row".to_owned())?;
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

/// An entry to be stored: its bytes, its leaf hash, its vault row.
type NewRow = (Vec<u8>, Hash, Option<Vec<u8>>);

/// A batch in the making: the index with what was taken so far.
struct Tail<'a> {
    owner: &'a Sequencer,
    snapshot: &'a Snapshot,
    reader: &'a dyn Reader,
    time: Millis,
    working: Working<'a, Snapshot>,
    found: Changes,
    rows: Vec<NewRow>,
    pending: Vec<Option<Pending>>,
    prepared: Vec<Hash>,
}

impl<'a> Tail<'a> {
    fn new(
        owner: &'a Sequencer,
        snapshot: &'a Snapshot,
        reader: &'a dyn Reader,
        time: Millis,
    ) -> Result<Self, Failure> {
        let working = Working::new(snapshot, &owner.origin)?;
        let (found, rows, pending, prepared) = (Changes::new(), Vec::new(), Vec::new(), Vec::new());
        Ok(Self { owner, snapshot, reader, time, working, found, rows, pending, prepared })
    }

    /// Decides on one submission, and takes it into the batch if it may be logged.
    fn take(&mut self, candidate: &Candidate) -> Result<Result<Placed, SubmitError>, Failure> {
        match self.decide(candidate) {
            Ok(placed) => Ok(Ok(placed)),
            Err(SubmitError::Refused(Refusal::Unreadable(unreadable))) => Err(unreadable.into()),
            Err(refused) => Ok(Err(refused)),
        }
    }

    fn decide(&mut self, candidate: &Candidate) -> Result<Placed, SubmitError> {
        if let Some(index) = self.placed(candidate)? {
            return Ok(Placed { index, is_new: false });
        }
        let admitted = self.read(|live| candidate.admit(live, self.place()))?;
        let itself = candidate.record().id();
        for party in admitted.concerns.iter().filter(|party| **party != itself) {
            self.register_prepared(party)?;
        }
        let index = self.append(candidate, &admitted)?;
        Ok(Placed { index, is_new: true })
    }

    /// Where the record stands already, if this is it again, validly signed again.
    fn placed(&self, candidate: &Candidate) -> Result<Option<Index>, Refusal> {
        let Some(index) = search::index_of(&self.rows_found(), &candidate.record().id())? else {
            return Ok(None);
        };
        let key = self.read(|live| signing_key(live, candidate.record().jws().kid()))?;
        candidate.verify(&key.ok_or(Refusal::UnknownKey)?)?;
        Ok(Some(index))
    }

    /// Logs a prepared party just before the first record that names it.
    fn register_prepared(&mut self, party: &Hash) -> Result<(), SubmitError> {
        if search::index_of(&self.rows_found(), party)?.is_some() {
            return Ok(());
        }
        let unknown = || Refusal::UnknownParty { pointer: "" };
        let submission = self.owner.prepared.get(party).ok_or_else(unknown)?;
        let candidate = Candidate::read(submission, &self.owner.origin)?;
        let admitted = match self.read(|live| candidate.admit(live, self.place())) {
            Err(Refusal::PartyExists) => return Err(unknown().into()),
            other => other?,
        };
        self.append(&candidate, &admitted)?;
        self.prepared.push(*party);
        Ok(())
    }

    /// Puts an admitted record behind the batch: its tags, its commitment, its entry, and what follows from it.
    fn append(&mut self, candidate: &Candidate, admitted: &Admitted) -> Result<Index, SubmitError> {
        let record = candidate.record();
        let place = self.place();
        let noted = Noted::of(candidate);
        let mut target = None;
        if let Some(id) = &record.common().target {
            let index = search::index_of(&self.rows_found(), id)?.ok_or(Refusal::UnknownTarget)?;
            let kept = self.read(|live| live.kept(index).map_err(Refusal::from))?;
            target = Some((*id, index, kept));
        }
        let target_filed = target.as_ref().map_or(&[][..], |(_, _, kept)| &kept.filed);
        let parties = concerned(&admitted.concerns, target_filed, admitted.signer);
        let mut filings: Vec<(Hash, Filing)> = Vec::with_capacity(parties.len());
        let mut filed = Vec::with_capacity(parties.len());
        let mut tags = Vec::with_capacity(parties.len());
        for party in parties {
            let mut filing = match (record.content(), candidate.handle()) {
                (Content::Party(content), Some(handle)) if party == record.id() => {
                    Filing::new(content.party_type, *handle)
                }
                _ => search::filing_of(&self.rows_found(), &party)?
                    .ok_or(Refusal::UnknownParty { pointer: "" })?,
            };
            let (segment, tag) = take_place(&self.rows_found(), &mut filing)?;
            tags.push(tag);
            filed.push((party, segment));
            filings.push((party, filing));
        }
        let bad = |error: entry::EntryError| SubmitError::Full(error.to_string());
        let tags = Tags::new(tags).map_err(bad)?;

        // 64 fresh bytes per record, never derived: once they and the body are gone, the commitment says nothing.
        let r: [u8; 64] = random(self.owner.random.as_ref()).map_err(SubmitError::ReadOnly)?;
        let body = record.text();
        let head = entry::Head {
            time: place.time,
            commitment: commitment(body.as_bytes(), &r),
            id: record.id(),
            tags,
        };
        let entry = entry_of(record.row().class, head, admitted, target.map(|(id, index, _)| (id, index)))?;
        let bytes = entry.encode();
        let applied = self.working.apply(&bytes).map_err(refused)?;

        noted.write(applied.index, &mut self.found);
        filings.iter().for_each(|(party, filing)| search::write_filing(party, filing, &mut self.found));
        let (disclosures, handle) = (candidate.disclosures().to_vec(), candidate.handle().copied());
        let sealed = Sealed { body, r: r.to_vec(), disclosures: disclosures.clone(), handle };
        let vault = VaultRow { sealed, filed: filed.clone() };
        self.rows.push((bytes, applied.leaf, Some(vault.encode())));
        let disclosed = candidate.disclosed().clone();
        let opened = Opened { record: record.clone(), r, disclosures, disclosed, handle };
        let (index, leaf) = (applied.index, applied.leaf);
        let logged = Arc::new(Logged { index, entry, leaf, opened: Some(opened) });
        self.pending.push(Some(Pending { kept: Arc::new(Kept { logged, filed }) }));
        Ok(index)
    }

    /// Closes the batch with its index commit.
    #[allow(clippy::type_complexity, reason = "the four parts of a closed batch, named at the one call")]
    fn close(
        mut self,
        time: Millis,
    ) -> Result<(Vec<NewRow>, Vec<Option<Pending>>, Changes, Vec<Hash>), Failure> {
        let commit = self.working.commit_entry(time)?.encode();
        let applied = self.working.apply(&commit).map_err(|error| Failure::Unknown(error.to_string()))?;
        self.rows.push((commit, applied.leaf, None));
        self.pending.push(None);
        let mut changes = self.working.finish()?;
        changes.extend(self.found);
        Ok((self.rows, self.pending, changes, self.prepared))
    }

    const fn place(&self) -> Place {
        Place { at: Index(self.working.size().0), time: self.time }
    }

    /// The rows as of the last submission taken.
    fn rows_found(&self) -> Found<'_> {
        Found { fresh: &self.found, below: &self.working, base: self.snapshot }
    }

    /// Reads the ledger as of the last submission taken.
    fn read<T>(&self, read: impl FnOnce(&Live<'_, Found<'_>>) -> T) -> T {
        let rows = self.rows_found();
        let prepared = |id: &Hash| self.owner.prepared.has(id);
        read(&Live {
            origin: &self.owner.origin,
            kv: &rows,
            reader: self.reader,
            cache: &self.owner.cache,
            pending: &self.pending,
            prepared: &prepared,
        })
    }
}

/// The rows of a batch in progress.
struct Found<'a> {
    fresh: &'a Changes,
    below: &'a Working<'a, Snapshot>,
    base: &'a Snapshot,
}

impl Kv for Found<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        match (key.first(), self.fresh.get(key)) {
            (_, Some(row)) => Ok(Some(Arc::clone(row))),
            (Some(b'S'), None) => self.base.get(key),
            _ => self.below.get(key),
        }
    }
}

/// The public key that a `kid` names: a root key, or a key record's.
pub(crate) fn signing_key<S: Source>(source: &S, kid: &Hash) -> Result<Option<PublicKey>, Refusal> {
    let root = source.at(Index(0))?;
    if let Content::Root(root) = root.opened()?.record.content()
        && let Some(key) = root.key(kid)
    {
        return Ok(Some(*key));
    }
    match source.record(kid) {
        Ok(logged) => match logged.opened()?.record.content() {
            Content::Key(key) => Ok(Some(key.public_key)),
            _ => Ok(None),
        },
        Err(Lack::Record { .. }) => Ok(None),
        Err(lack) => Err(lack.into()),
    }
}

fn entry_of(
    class: Class,
    head: entry::Head,
    admitted: &Admitted,
    target: Option<(Hash, Index)>,
) -> Result<Entry, Refusal> {
    match (class, admitted.status, target) {
        (Class::Create, Some(status), None) => {
            Ok(Entry::Create { head, status: Initial::new(status.byte()).map_err(|_| Refusal::Move)? })
        }
        (Class::Transition, Some(status), Some((target_id, target))) => {
            Ok(Entry::Transition { head, target, target_id, status })
        }
        (Class::Trace, None, None) => Ok(Entry::Trace { head }),
        _ => Err(Refusal::Move),
    }
}

/// What a rule of validity means to the submitter. Most are refused before; these are the limits of lists.
fn refused(error: ApplyError) -> SubmitError {
    match error {
        ApplyError::Unreadable(unreadable) => Refusal::Unreadable(unreadable).into(),
        ApplyError::Fault(
            fault @ (Fault::ListFull { .. } | Fault::ListReserved { .. } | Fault::TagFull { .. }),
        ) => SubmitError::Full(fault.to_string()),
        ApplyError::Fault(_) => Refusal::Move.into(),
    }
}

//! The whole story of one commit.
//!
//! The sequencer takes what waits, decides on each submission against the state
//! *inside the batch*, applies it to the index in memory, closes the batch with an index commit, signs the
//! checkpoint, stores everything in one transaction, and only then lets signatures and receipts out.
//!
//! spec: storage.md#commit

use crate::backup;
use crate::cache::CacheAt;
use crate::catalogues::{self, Catalogues};
use crate::eraser;
use crate::error::{ReadError, State, SubmitError};
use crate::filing::{concerned, take_place};
use crate::given::random;
use crate::grounds::{self, When};
use crate::index::{Rows, Snapshot, newest};
use crate::live::{Kept, Live, Pending, Trust};
use crate::log_keys::LogKeys;
use crate::memo::{Memo, Memory};
use crate::observer::Committed;
use crate::published::Head;
use crate::reply::Placed;
use crate::search::{self, Filing, Ids, Noted};
use crate::sequencer::Sequencer;
use crate::side::SideMark;
use crate::standings::{Footing, is_rested_on};
use crate::store::{Batch, Reader, Row, StoreError};
use crate::vault;
use procura_core::admission::{Admitted, Candidate, Refusal};
use procura_core::alias::Claim;
use procura_core::entry::{self, Entry, Tags};
use procura_core::hash::commitment;
use procura_core::index::{ApplyError, Fault, Working};
use procura_core::judge::Place;
use procura_core::key::PublicKey;
use procura_core::kinds::{Access, Class, Content, NotAllowed};
use procura_core::kv::{Changes, Kv, Unreadable};
use procura_core::receipt::Named;
use procura_core::receipt::walk::counted;
use procura_core::source::{Lack, Logged, Opened, Source};
use procura_core::status::{Initial, Status};
use procura_core::tree::Root;
use procura_core::trie::Trie;
use procura_core::{Hash, Index, Millis, Size};
use std::cell::RefCell;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

/// The most rows that one submission brings: its own, and one for each party that it names and that is prepared only.
const MOST_ROWS: u64 = 17;

/// Why a batch came to nothing.
pub(crate) enum Failure {
    /// Nothing was written; the next batch can be tried.
    Nothing(Stop),
    /// It may have been written: drop memory and read what is true.
    Unknown(String),
    /// The same, for want of room on the disk.
    Full(String),
}

impl Failure {
    /// What the ledger can do after it, until it has recovered.
    pub(crate) fn state(self) -> State {
        match self {
            Self::Nothing(stop) => stop.state(),
            Self::Unknown(what) => State::ReadOnly(what),
            Self::Full(what) => State::DiskFull(what),
        }
    }
}

/// Why nothing is taken for now.
#[derive(Clone)]
pub(crate) enum Stop {
    Clock(String),
    ReadOnly(String),
}

impl Stop {
    pub(crate) fn error(&self) -> SubmitError {
        match self.clone() {
            Self::Clock(what) => SubmitError::Clock(what),
            Self::ReadOnly(what) => SubmitError::ReadOnly(what),
        }
    }

    pub(crate) fn state(&self) -> State {
        match self.clone() {
            Self::Clock(what) => State::ClockStopped(what),
            Self::ReadOnly(what) => State::ReadOnly(what),
        }
    }
}

/// What a commit that failed means. A store that was taken over, or a batch that it can't hold, says itself that nothing was
/// written; one of another size than expected must be read anew, like one that says nothing.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::WrongSize { .. } => Self::Unknown(error.to_string()),
            StoreError::Full { .. } => Self::Full(error.to_string()),
            known if known.nothing_written() => Self::Nothing(Stop::ReadOnly(error.to_string())),
            _ => Self::Unknown(error.to_string()),
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Unknown(error.to_string())
    }
}

impl Sequencer {
    /// Takes the first of `candidates` through, as many as one batch holds: what becomes of each. None of them: an index
    /// commit alone.
    pub(crate) fn commit_batch(
        &mut self,
        candidates: &[Candidate],
    ) -> Result<Vec<Result<Placed, SubmitError>>, Failure> {
        if self.is_restored {
            return Err(Failure::Nothing(Stop::ReadOnly(backup::RESTORED.to_owned())));
        }
        let began = Instant::now();
        // Waits while the index cannot be flushed and memory is used up: before anything is decided.
        self.layers.wait_for_room().map_err(|error| Failure::Nothing(Stop::ReadOnly(error.to_string())))?;
        let last = self.published.head().time;
        let time =
            self.watch.time(self.clock.as_ref(), last).map_err(|what| Failure::Nothing(Stop::Clock(what)))?;

        let snapshot = self.layers.snapshot();
        let cache = Arc::clone(&self.cache);
        let cache = cache.now();
        let reader = self.store.read().map_err(|error| Failure::Unknown(error.to_string()))?;
        let mut batch = Tail::new(self, &snapshot, (reader.as_ref(), cache), time)?;
        let mut outcomes = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            // The rest goes into the next batch: the store takes so many entries at once, the index commit included.
            if !batch.rows.is_empty() && batch.rows.len() as u64 + MOST_ROWS >= self.most_rows {
                break;
            }
            outcomes.push(batch.take(candidate)?);
        }
        if batch.rows.is_empty() && !candidates.is_empty() {
            return Ok(outcomes);
        }
        let erasures = eraser::logged(candidates, &outcomes);
        let (footing, catalogues) = (batch.footing_after(), batch.catalogues.clone());
        let log_keys = batch.log_keys.clone();
        let Closed { rows, pending, changes, trie, prepared } = batch.close(time)?;

        // Nothing has left the process, and nothing is on disk: a crash up to here loses only what nobody was told.
        let mut frontier = self.frontier.clone();
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(entry, leaf, vault)| Row { entry, nodes: frontier.push(leaf), vault })
            .collect();
        let root = Root { size: frontier.size(), hash: frontier.root() };
        let signed = self.signers.sign(&self.origin, root, &log_keys, time);
        let checkpoint = signed.map_err(|what| Failure::Nothing(Stop::ReadOnly(what)))?;
        let expected = self.frontier.size();
        let nodes = rows.iter().map(|row| row.nodes.clone()).collect();
        let entries = rows.len();
        let storing = Instant::now();
        self.store.commit(expected, self.epoch, Batch { rows, checkpoint: checkpoint.clone() })?;
        let stored = storing.elapsed();

        // Durable: from here on a crash loses no answer. The index in memory follows; its file may lag behind.
        self.last_commit = Instant::now();
        self.frontier = frontier;
        self.nodes.keep(expected, nodes);
        self.layers.write(changes, trie);
        for kept in pending.into_iter().flatten() {
            self.cache.now().insert(kept.kept.logged.index, kept.kept);
        }
        let map_root = self.publish(root, checkpoint, time, footing, (catalogues, log_keys))?;
        // After they are seen as logged: whoever looks for one finds it in one of the two places.
        prepared.iter().for_each(|id| self.prepared.remove(id));
        if self.layers.should_flush() {
            self.layers.freeze(root.size, map_root);
        }
        for index in erasures {
            self.begin_erasing(index);
        }
        self.published.set_state(State::Ready);
        if let Some(observer) = &self.observer {
            let submissions = outcomes.len();
            observer.committed(&Committed { submissions, entries, took: began.elapsed(), stored });
        }
        Ok(outcomes)
    }

    /// Makes the new state what readers see, and notes the checkpoint beside the store.
    pub(crate) fn publish(
        &mut self,
        root: Root,
        checkpoint: String,
        time: Millis,
        footing: Footing,
        (catalogues, log_keys): (Catalogues, LogKeys),
    ) -> Result<Hash, Failure> {
        let snapshot = self.layers.snapshot();
        let meta = procura_core::index::meta(&snapshot)?
            .ok_or_else(|| Failure::Unknown("the index has no meta row".to_owned()))?;
        if let Some(side) = &self.side
            && let Err(error) = side.record(&SideMark { size: root.size, checkpoint: checkpoint.clone() })
        {
            // The commit is durable all the same; only the watch against rollbacks is weaker for now.
            tracing::error!(%error, "the side file could not be written");
        }
        self.published.set(Head::new(root, checkpoint, time, snapshot, footing, catalogues, log_keys));
        Ok(meta.root)
    }
}

/// An entry to be stored: its bytes, its leaf hash, its vault row.
type NewRow = (Vec<u8>, Hash, Option<Vec<u8>>);

/// A batch in the making: the index with what was taken so far.
struct Tail<'a> {
    owner: &'a Sequencer,
    snapshot: &'a Snapshot,
    reader: &'a dyn Reader,
    cache: CacheAt<'a>,
    time: Millis,
    working: Working<'a, Snapshot>,
    found: Changes,
    rows: Vec<NewRow>,
    pending: Vec<Option<Pending>>,
    prepared: Vec<Hash>,
    /// What was read for the submissions before: many in one batch rest on the same registrar.
    memory: Memory,
    /// The footing that the batch started on, until something moves that others rest on.
    footing: Option<Footing>,
    started_on: Footing,
    catalogues: Catalogues,
    log_keys: LogKeys,
}

/// A batch with its index commit: what is to be stored, and what follows from it.
struct Closed {
    rows: Vec<NewRow>,
    pending: Vec<Option<Pending>>,
    changes: Changes,
    trie: Trie,
    prepared: Vec<Hash>,
}

impl<'a> Tail<'a> {
    fn new(
        owner: &'a Sequencer,
        snapshot: &'a Snapshot,
        (reader, cache): (&'a dyn Reader, CacheAt<'a>),
        time: Millis,
    ) -> Result<Self, Failure> {
        let working = Working::new(snapshot, &owner.origin)?;
        let (found, rows, pending, prepared) = (Changes::new(), Vec::new(), Vec::new(), Vec::new());
        let memory = Memory::default();
        let head = owner.published.head();
        let (started_on, footing, catalogues) = (head.footing, Some(head.footing), head.catalogues.clone());
        Ok(Self {
            owner,
            snapshot,
            reader,
            cache,
            time,
            working,
            found,
            rows,
            pending,
            prepared,
            memory,
            footing,
            started_on,
            catalogues,
            log_keys: head.log_keys.clone(),
        })
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
        let mut admitted = self.read(|live| candidate.admit(&Memo::new(live, &self.memory), self.place()))?;
        self.register_prepared(candidate.record().id(), &admitted.concerns)?;
        if let Content::Access(access) = candidate.record().content()
            && let Some(consent) = self.used_by(access)?
        {
            (admitted.status, admitted.target) = (Some(Status::ACTIVE), Some(consent));
        }
        let index = self.append(candidate, &admitted)?;
        Ok(Placed { index, is_new: true })
    }

    /// The consent that an access uses: one whose uses are counted, if the decision on this access rests on it. Whatever else is
    /// decided, the access is logged; whoever wants the answer asks for its receipt, and gets the same.
    fn used_by(&self, access: &Access) -> Result<Option<Hash>, SubmitError> {
        let place = self.place();
        let when = When { at: place.time, size: Size(place.at.0), is_past: false };
        let request = access.request();
        let parties = Named {
            actor: Some(access.actor),
            subject: Some(access.subject),
            on_behalf_of: access.on_behalf_of.map(Some),
            together_with: Vec::new(),
        };
        let rows = self.rows_found();
        let ids = |prefix: &[u8], limit| rows.ids(prefix, limit);
        let unreadable = |error: ReadError| Refusal::Unreadable(Unreadable(error.to_string()));
        self.read(|live| {
            let memo = Memo::new(live, &self.memory);
            let catalogues = catalogues::in_force(&memo, self.catalogues.ids(), when.size);
            let catalogues = catalogues.map_err(Refusal::from)?.into_iter().collect();
            let decided = grounds::decided(&ids, &memo, catalogues, (&request, &parties), when);
            let decision = decided.map_err(unreadable)?.decision;
            Ok(counted(&memo, &decision).map_err(Refusal::from)?)
        })
    }

    /// Where the record stands already, if this is it again, validly signed again.
    fn placed(&self, candidate: &Candidate) -> Result<Option<Index>, Refusal> {
        let Some(index) = search::index_of(&self.rows_found(), &candidate.record().id())? else {
            return Ok(None);
        };
        let kid = candidate.record().jws().kid();
        let (key, is_theirs) = self.read(|live| -> Result<_, Refusal> {
            let logged = live.at(index)?;
            let first = logged.opened()?.record.jws().kid();
            Ok((signing_key(live, kid)?, kid == first || is_of_one_party(live, kid, first)?))
        })?;
        candidate.verify(&key.ok_or(Refusal::UnknownKey)?)?;
        // Whoever merely knows the payload learns nothing of the record by signing it too.
        if is_theirs { Ok(Some(index)) } else { Err(Refusal::NotAllowed(NotAllowed::Signer)) }
    }

    /// Logs the parties that are prepared only, just before the first record that names them. All of them are admitted before
    /// the first is logged: what is refused leaves no trace, not even a party.
    fn register_prepared(&mut self, itself: Hash, concerns: &[Hash]) -> Result<(), SubmitError> {
        let mut admitted = Vec::new();
        for party in concerns.iter().filter(|party| **party != itself) {
            if search::index_of(&self.rows_found(), party)?.is_some() {
                continue;
            }
            let unknown = || Refusal::UnknownParty { pointer: "" };
            let (submission, claim) = self.owner.prepared.get(party, self.time).ok_or_else(unknown)?;
            let candidate = Candidate::read(submission, &self.owner.origin)?.claiming(claim);
            match self.read(|live| candidate.admit(&Memo::new(live, &self.memory), self.place())) {
                // Registered meanwhile, or of a scheme that is gone meanwhile: as if it had been forgotten.
                Err(Refusal::PartyExists | Refusal::Scheme(_)) => return Err(unknown().into()),
                other => admitted.push((*party, candidate, other?)),
            }
        }
        for (party, candidate, admitted) in admitted {
            self.append(&candidate, &admitted)?;
            self.prepared.push(party);
        }
        Ok(())
    }

    /// Puts an admitted record behind the batch: its tags, its commitment, its entry, and what follows from it.
    fn append(&mut self, candidate: &Candidate, admitted: &Admitted) -> Result<Index, SubmitError> {
        let record = candidate.record();
        let place = self.place();
        let noted = Noted::of(candidate);
        let mut target = None;
        if let Some(id) = &admitted.target {
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
        let head = entry::Head {
            time: place.time,
            commitment: commitment(record.text().as_bytes(), &r),
            id: record.id(),
            tags,
        };
        let entry = entry_of(
            record.row().class,
            head,
            (admitted, candidate.claim()),
            target.as_ref().map(|(id, index, _)| (*id, *index)),
        )?;
        let bytes = entry.encode();
        let opened = Opened {
            record: record.clone(),
            r,
            disclosures: candidate.disclosures().to_vec(),
            disclosed: candidate.disclosed().clone(),
            handle: candidate.handle().copied(),
            alias_proof: candidate.claim().map(|claim| claim.proof),
        };
        let row = vault::encode(&opened, &filed).map_err(|error| SubmitError::Full(error.to_string()))?;
        let applied = self.working.apply(&bytes).map_err(refused)?;
        if matches!(record.content(), Content::Catalogue(_) | Content::Erasure(_)) {
            self.footing = None;
        }
        self.catalogues.note(record, admitted.status);
        let moved = target.as_ref().and_then(|(_, _, kept)| kept.logged.opened.as_ref());
        self.log_keys.note(record, admitted.status, moved.map(|opened| &opened.record));
        if let Some((id, _, kept)) = &target {
            self.memory.forget(id);
            if kept.logged.opened.as_ref().is_none_or(|target| is_rested_on(&target.record)) {
                self.footing = None;
            }
        }

        noted.write(applied.index, &mut self.found);
        filings.iter().for_each(|(party, filing)| search::write_filing(party, filing, &mut self.found));
        self.rows.push((bytes, applied.leaf, Some(row)));
        let (index, leaf) = (applied.index, applied.leaf);
        let logged = Arc::new(Logged { index, entry, leaf, opened: Some(opened) });
        self.pending.push(Some(Pending { kept: Arc::new(Kept { logged, filed }) }));
        Ok(index)
    }

    /// Closes the batch with its index commit.
    fn close(mut self, time: Millis) -> Result<Closed, Failure> {
        let commit = self.working.commit_entry(time)?.encode();
        let applied = self.working.apply(&commit).map_err(|error| Failure::Unknown(error.to_string()))?;
        self.rows.push((commit, applied.leaf, None));
        self.pending.push(None);
        let (mut changes, trie) = self.working.close()?;
        changes.extend(self.found);
        Ok(Closed { rows: self.rows, pending: self.pending, changes, trie, prepared: self.prepared })
    }

    /// The footing of what follows the batch.
    fn footing_after(&self) -> Footing {
        self.footing.unwrap_or_else(|| self.started_on.next())
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
        let prepared = |id: &Hash| self.owner.prepared.has(id, self.time);
        read(&Live {
            origin: &self.owner.origin,
            kv: &rows,
            reader: self.reader,
            cache: self.cache,
            trust: Trust::Admission,
            vrf: None,
            pending: &self.pending,
            prepared: &prepared,
            catalogues: &self.catalogues,
            log_keys: self.log_keys.list(),
            standings: self.footing.map(|footing| (self.owner.standings.as_ref(), footing)),
            size: self.working.size(),
            found: RefCell::default(),
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

impl Ids for Found<'_> {
    /// Those of the batch among them.
    fn ids(&self, prefix: &[u8], limit: usize) -> Result<Vec<Hash>, Unreadable> {
        let fresh = self.fresh.range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded));
        let fresh = fresh.take_while(|(key, _)| key.starts_with(prefix));
        let fresh = fresh.map(|(key, row)| (Arc::from(key.as_slice()), Arc::clone(row)));
        let rows = newest(fresh, self.base.range(prefix, None, limit)?);
        rows.take(limit).map(|(_, row)| search::id_of(&row)).collect()
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

/// Whether two keys are one party's.
fn is_of_one_party<S: Source>(source: &S, one: &Hash, other: &Hash) -> Result<bool, Refusal> {
    let party = |kid: &Hash| match source.record(kid) {
        Ok(logged) => match logged.opened()?.record.content() {
            Content::Key(key) => Ok(Some(key.party)),
            _ => Ok(None),
        },
        Err(Lack::Record { .. }) => Ok(None),
        Err(lack) => Err(Refusal::from(lack)),
    };
    let party_of_one = party(one)?;
    Ok(party_of_one.is_some() && party_of_one == party(other)?)
}

fn entry_of(
    class: Class,
    head: entry::Head,
    (admitted, claim): (&Admitted, Option<&Claim>),
    target: Option<(Hash, Index)>,
) -> Result<Entry, Refusal> {
    match (class, admitted.status, target) {
        (Class::Create, Some(status), None) => {
            let status = Initial::new(status.byte()).map_err(|_| Refusal::Move)?;
            Ok(match claim {
                Some(claim) => Entry::Party { head, status, alias: claim.alias },
                None => Entry::Create { head, status },
            })
        }
        (Class::Transition | Class::TraceOrUse, Some(status), Some((target_id, target))) => {
            Ok(Entry::Transition { head, target, target_id, status })
        }
        (Class::Trace | Class::TraceOrUse, None, None) => Ok(Entry::Trace { head }),
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
        ApplyError::Fault(Fault::AliasTaken(_)) => Refusal::PartyExists.into(),
        ApplyError::Fault(_) => Refusal::Move.into(),
    }
}

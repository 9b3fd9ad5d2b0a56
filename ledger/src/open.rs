//! Making a ledger, and opening one: what is stored is believed only as far as its signed checkpoint.
//!
//! spec: storage.md#open

use crate::backup;
use crate::cache::RecordCache;
use crate::catalogues::Catalogues;
use crate::disk::{Disk, SystemDisk};
use crate::eraser::{self, Erased, Eraser};
use crate::error::{OpenError, ReadError, State, SubmitError};
use crate::given::{Clock, OsRandom, Random, SystemClock, random};
use crate::index::{self, Found, IndexFile, Layers, Limits, Mark, RunsIndex};
use crate::ledger::{Ledger, Shared};
use crate::log_keys::{LogKeys, NONE_SIGNS, Signers, signed_by};
use crate::memory_index::MemoryIndex;
use crate::nodes::KeptNodes;
use crate::observer::Observer;
use crate::prepared::{Prepared, Registrar};
use crate::published::{Head, Published};
use crate::replay::replay;
use crate::reply::{Placed, Reply};
use crate::sequencer::{Job, Sequencer};
use crate::side::{SideFile, SideMark};
use crate::standings::{Footing, Standings};
use crate::store::memory::MemoryStore;
use crate::store::redb::{self as volumes, RedbStore};
use crate::store::{Batch, Reader, Row, Store, StoreError};
use crate::vault::{self, VaultRow};
use crate::watch::ClockWatch;
use procura_core::admission::{Candidate, Refusal};
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::entry::{self, Entry, Tags};
use procura_core::hash::{commitment, leaf};
use procura_core::index::Working;
use procura_core::key::Signer;
use procura_core::kinds::{Content, Continues, Root as RootContent};
use procura_core::kv::MemoryKv;
use procura_core::note::NoteVerifier;
use procura_core::record::Record;
use procura_core::source::Opened;
use procura_core::status::Initial;
use procura_core::submission::Submission;
use procura_core::tree::{Frontier, Nodes, Root, prove_peaks};
use procura_core::vrf::Secret;
use procura_core::{Hash, Index, Millis, Size};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

/// The most memory for what was read of the index's folder, in bytes.
pub(crate) const INDEX_CACHE_BYTES: usize = 128 << 20;

/// How many judgements of keys, parties and catalogues are remembered.
const STANDINGS: usize = 16_384;

/// How a ledger is run.
#[derive(Clone)]
pub struct Options {
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Where the main store and the side file are. (The index, which may be lost, is on the machine's disk.)
    pub disk: Arc<dyn Disk>,
    /// How many submissions may wait.
    pub queue: usize,
    /// How long the log may stand still before an index commit alone is logged.
    pub heartbeat: Duration,
    /// The most memory for records that are kept ready to read, in bytes: about 2.5 KB for a mandate. A decision over records
    /// that are not among them takes several times as long.
    pub record_cache_bytes: usize,
    /// When fresh index rows go to their file.
    pub index: Limits,
    /// How the volumes are kept.
    pub volumes: volumes::Options,
    /// The ledger's own provisional registrar, if it is there already.
    pub provisional: Option<Registrar>,
    /// The key that aliases are computed with: the one of which entry 0 states the public half. Without it nobody new is registered.
    pub vrf: Option<Arc<Secret>>,
    /// Told what the engine does, for metrics.
    pub observer: Option<Arc<dyn Observer>>,
    /// Further keys of the log that are here: each signs too, from when the log's list of keys names it.
    pub also_signs: Vec<Arc<dyn Signer>>,
    /// The root's word that another key signs: a `log-keys` record and the acceptances that it needs. Logged at once, under that key,
    /// where the one that signed last is gone. For one opening only.
    pub succession: Vec<Submission>,
    /// An operator says that the clock is right, however far from the last entry. For one opening only.
    pub confirm_clock: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(OsRandom),
            disk: Arc::new(SystemDisk),
            queue: 8192,
            heartbeat: Duration::from_secs(60),
            record_cache_bytes: 128 << 20,
            index: Limits::default(),
            volumes: volumes::Options::default(),
            provisional: None,
            vrf: None,
            observer: None,
            also_signs: Vec::new(),
            succession: Vec::new(),
            confirm_clock: false,
        }
    }
}

/// What a ledger is kept in, where it is not the files of a folder.
pub struct Storage {
    /// The main store.
    pub store: Arc<dyn Store>,
    /// The index.
    pub index: Arc<dyn IndexFile>,
    /// The last checkpoint signed, kept apart from the store; `None`: nothing watches against a rollback.
    pub side: Option<SideFile>,
}

impl Storage {
    /// Everything in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { store: Arc::new(MemoryStore::new()), index: Arc::new(MemoryIndex::default()), side: None }
    }
}

/// What a new ledger starts with.
pub struct Setup {
    /// Its name for ever; `trial/…` for one on which nobody may rely.
    pub origin: String,
    /// The signed `root` record.
    pub root: Submission,
    /// The key that signs checkpoints.
    pub log_key: Arc<dyn Signer>,
}

impl Ledger {
    /// Makes a ledger in `folder`, which must be empty or not there: entry 0, its index commit, the first checkpoint.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn init(folder: &Path, setup: Setup, options: Options) -> Result<Self, OpenError> {
        // Everything that can be refused is, before a file is made.
        let first = first_batch(&setup, &options)?;
        let disk = &options.disk;
        disk.create_folder(folder)
            .map_err(|source| OpenError::Io { what: format!("making {}", folder.display()), source })?;
        let exists = || StoreError::Exists { folder: folder.display().to_string() };
        // A folder in which something was signed once is never begun anew, even if its store is gone.
        let side = folder.join("side");
        if disk.exists(&side) && SideFile::open_on(disk.as_ref(), &side)?.last().is_some() {
            return Err(exists().into());
        }
        let main = folder.join("main");
        let store = match RedbStore::create_on(Arc::clone(disk), &main, options.volumes) {
            // Left by an attempt that was cut short before its first commit.
            Err(StoreError::Exists { .. }) => RedbStore::open_on(Arc::clone(disk), &main, options.volumes)?,
            other => other?,
        };
        if store.head()?.size != Size(0) {
            return Err(exists().into());
        }
        let epoch = store.claim()?;
        store.commit(Size(0), epoch, first)?;
        drop(store);
        Self::open(folder, &setup.origin, setup.log_key, options)
    }

    /// Opens the ledger in `folder`.
    ///
    /// # Errors
    /// [`OpenError`]. Nothing is changed in a folder that does not open, but a useless index may be gone.
    pub fn open(
        folder: &Path,
        origin: &str,
        log_key: Arc<dyn Signer>,
        options: Options,
    ) -> Result<Self, OpenError> {
        let disk = &options.disk;
        let store = RedbStore::open_on(Arc::clone(disk), &folder.join("main"), options.volumes)?;
        let volumes = Arc::new(store);
        let store: Arc<dyn Store> = Arc::clone(&volumes) as _;
        let side = SideFile::open_on(disk.as_ref(), &folder.join("side"))?;
        let kept = folder.join("index");
        let (mut file, found) = RunsIndex::open(&kept, index::FORMAT, origin, INDEX_CACHE_BYTES)?;
        if let Found::Rows(mark) = found
            && !is_of_this_log(store.as_ref(), &mark)?
        {
            tracing::warn!(size = mark.size.0, "the index is of another history and will be rebuilt");
            drop(file);
            std::fs::remove_dir_all(&kept)
                .map_err(|source| OpenError::Io { what: format!("removing {}", kept.display()), source })?;
            (file, _) = RunsIndex::open(&kept, index::FORMAT, origin, INDEX_CACHE_BYTES)?;
        }
        let storage = Storage { store, index: Arc::new(file), side: Some(side) };
        let is_restored = disk.exists(&folder.join(backup::MARK));
        start(storage, Some(volumes), is_restored, (origin, log_key, options))
    }

    /// Makes a ledger in a storage of the embedder's own, whose store must be empty.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn init_over(storage: Storage, setup: Setup, options: Options) -> Result<Self, OpenError> {
        let first = first_batch(&setup, &options)?;
        let epoch = storage.store.claim()?;
        storage.store.commit(Size(0), epoch, first)?;
        start(storage, None, false, (&setup.origin, setup.log_key, options))
    }

    /// Opens the ledger in a storage of the embedder's own. An index of another history is an error here: clear it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_over(
        storage: Storage,
        origin: &str,
        log_key: Arc<dyn Signer>,
        options: Options,
    ) -> Result<Self, OpenError> {
        if let Some(mark) = storage.index.mark()
            && !is_of_this_log(storage.store.as_ref(), &mark)?
        {
            return Err(OpenError::OtherIndex { size: mark.size });
        }
        start(storage, None, false, (origin, log_key, options))
    }

    /// A ledger that lives in memory and dies with the process: for tests and for trying things out.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn in_memory(setup: Setup, options: Options) -> Result<Self, OpenError> {
        Self::init_over(Storage::in_memory(), setup, options)
    }
}

/// Entry 0 and the index commit behind it, signed.
fn first_batch(setup: &Setup, options: &Options) -> Result<Batch, OpenError> {
    let candidate = Candidate::read(setup.root.clone(), &setup.origin).map_err(OpenError::Root)?;
    let time = options.clock.now();
    if let Content::Root(root) = candidate.record().content() {
        check_vrf(root, options.vrf.as_deref())?;
    }
    let (entry, opened) = admit_root(&candidate, time, options.random.as_ref())?;
    let bytes = entry.encode();
    let vault = vault::encode(&opened, &[]).map_err(|error| OpenError::System(error.to_string()))?;
    let rows = MemoryKv::default();
    let system = |error: procura_core::kv::Unreadable| OpenError::System(error.to_string());
    let mut working = Working::new(&rows, &setup.origin).map_err(system)?;
    let fault = |error: procura_core::index::ApplyError| OpenError::System(error.to_string());
    let root = working.apply(&bytes).map_err(fault)?;
    let commit = working.commit_entry(time).map_err(system)?.encode();
    let committed = working.apply(&commit).map_err(fault)?;
    let mut frontier = Frontier::new();
    let rows = vec![
        Row { entry: bytes, nodes: frontier.push(root.leaf), vault: Some(vault) },
        Row { entry: commit, nodes: frontier.push(committed.leaf), vault: None },
    ];
    let signers = Signers::new(&setup.origin, Arc::clone(&setup.log_key), Vec::new())?;
    let tree = Root { size: frontier.size(), hash: frontier.root() };
    let checkpoint = signers
        .sign(&setup.origin, tree, &LogKeys::first(signers.verifiers()), time)
        .map_err(OpenError::LogKey)?;
    Ok(Batch { rows, checkpoint })
}

/// What entry 0 says, out of a store's vault.
fn root_of(store: &dyn Store) -> Result<RootContent, OpenError> {
    let unreadable = |what: String| OpenError::Read(ReadError::Fault(format!("entry 0: {what}")));
    let row =
        store.read()?.vault(Index(0))?.ok_or_else(|| unreadable("its record is not there".to_owned()))?;
    let row = VaultRow::decode(&row).map_err(|error| unreadable(error.to_string()))?;
    let record = Record::parse(row.admitted.jws.text()).map_err(|error| unreadable(error.to_string()))?;
    match record.content() {
        Content::Root(root) => Ok(root.clone()),
        _ => Err(unreadable("it is no root record".to_owned())),
    }
}

/// Aliases by another key than the one that entry 0 states would be proven by nobody.
fn check_vrf(root: &RootContent, secret: Option<&Secret>) -> Result<(), OpenError> {
    match secret {
        Some(secret) if *secret.public_key() != root.vrf_key => Err(OpenError::VrfKey),
        _ => Ok(()),
    }
}

/// Entry 0: a root that signs itself with one of its own keys.
fn admit_root(
    candidate: &Candidate,
    time: Millis,
    source: &dyn Random,
) -> Result<(Entry, Opened), OpenError> {
    let record = candidate.record();
    let not_a_root = || OpenError::Root(Refusal::NotAllowed(procura_core::kinds::NotAllowed::Signer));
    let Content::Root(root) = record.content() else { return Err(not_a_root()) };
    let is_trial = record.common().origin.starts_with("trial/");
    if root.trial != is_trial {
        return Err(not_a_root());
    }
    // What it says of a ledger that was lost is that ledger's own word, and another's.
    let is_lost = |lost: &Continues| {
        let checkpoint = SignedCheckpoint::parse(lost.checkpoint.as_bytes());
        lost.origin != record.common().origin
            && checkpoint.is_ok_and(|checkpoint| checkpoint.unverified().origin() == lost.origin)
    };
    if !root.continues.as_ref().is_none_or(is_lost) {
        return Err(not_a_root());
    }
    let Some(key) = root.key(record.jws().kid()) else { return Err(not_a_root()) };
    candidate.verify(key).map_err(OpenError::Root)?;
    record.check_time(time).map_err(|error| OpenError::Root(error.into()))?;
    let status = (record.row().becomes)(record, None).and_then(|status| Initial::new(status.byte()).ok());
    let r: [u8; 64] = random(source).map_err(OpenError::System)?;
    let head = entry::Head {
        time,
        commitment: commitment(record.text().as_bytes(), &r),
        id: record.id(),
        tags: Tags::default(),
    };
    let status = status.ok_or_else(not_a_root)?;
    let (disclosures, disclosed) = (Vec::new(), BTreeMap::new());
    let record = record.clone();
    let opened = Opened { record, r, disclosures, disclosed, handle: None, alias_proof: None };
    Ok((Entry::Create { head, status }, opened))
}

/// What the store ends with: its checkpoint is of this origin, and is that of the tree that is stored. Whether one of the log's
/// keys signed it is for who knows these.
pub(crate) struct End {
    pub(crate) root: Root,
    pub(crate) frontier: Frontier,
    pub(crate) checkpoint: String,
    pub(crate) signed: SignedCheckpoint,
    pub(crate) time: Millis,
}

/// Reads the store's end.
pub(crate) fn tail(store: &dyn Store, origin: &str) -> Result<End, OpenError> {
    let reader = store.read()?;
    let head = reader.head().clone();
    let other = || OpenError::OtherLog { origin: origin.to_owned() };
    let signed = SignedCheckpoint::parse(head.checkpoint.as_bytes()).map_err(|_| other())?;
    if signed.unverified().origin() != origin {
        return Err(other());
    }
    let peaks = prove_peaks(&ReaderNodes(reader.as_ref()), head.size)?;
    let frontier = Frontier::from_peaks(head.size, peaks).ok_or(OpenError::WrongRoot { size: head.size })?;
    let root = Root { size: head.size, hash: frontier.root() };
    if signed.unverified().root() != root {
        return Err(OpenError::WrongRoot { size: head.size });
    }
    let last = head.size.last().ok_or_else(other)?;
    let bytes = reader.entries(last.0..last.0 + 1)?;
    match bytes.first().map(|bytes| Entry::decode(bytes)) {
        Some(Ok(Entry::Commit(commit))) => {
            Ok(End { root, frontier, checkpoint: head.checkpoint, signed, time: commit.time })
        }
        _ => Err(OpenError::WrongRoot { size: head.size }),
    }
}

/// Opens what is stored, brings the index up to it, and starts the sequencer.
fn start(
    Storage { store, index: file, side }: Storage,
    volumes: Option<Arc<RedbStore>>,
    is_restored: bool,
    (origin, log_key, options): (&str, Arc<dyn Signer>, Options),
) -> Result<Ledger, OpenError> {
    let signers = Signers::new(origin, log_key, options.also_signs)?;
    let (succession, named) = read_succession(options.succession, origin)?;
    let end = tail(store.as_ref(), origin)?;
    let mark = check_side(side.as_ref(), store.as_ref(), end.root)?;
    let layers = Arc::new(Layers::new(file, options.index, index::FORMAT, origin)?);
    replay(store.as_ref(), &layers, origin, end.root.size)?;
    let log_verifier = signers.first().clone();
    let known = [signers.verifiers(), named].concat();
    let first = signed_by(&end.signed, origin, &known);
    let log_keys = LogKeys::read(&layers.snapshot(), store.read()?.as_ref(), first);
    let log_keys = log_keys.map_err(OpenError::System)?;
    let trusted = log_keys.verifiers();
    if signed_by(&end.signed, origin, &trusted).is_empty() {
        return Err(OpenError::OtherLog { origin: origin.to_owned() });
    }
    if let Some(mark) = &mark
        && signed_by(mark, origin, &trusted).is_empty()
    {
        return Err(OpenError::Forked { signed: mark.unverified().size() });
    }
    if !is_restored && succession.is_empty() && !signers.can_sign(&log_keys, end.time) {
        return Err(OpenError::LogKey(NONE_SIGNS.to_owned()));
    }
    if options.vrf.is_some() {
        check_vrf(&root_of(store.as_ref())?, options.vrf.as_deref())?;
    }
    let epoch = store.claim()?;
    if let Some(side) = &side {
        side.record(&SideMark { size: end.root.size, checkpoint: end.checkpoint.clone() })?;
    }

    let entry_0 = store.entries(0..1)?.first().map(|bytes| leaf(bytes)).unwrap_or_default();
    let snapshot = layers.snapshot();
    let (root, checkpoint, time, footing) = (end.root, end.checkpoint, end.time, Footing::FIRST);
    let catalogues = Catalogues::read(&snapshot).map_err(|error| OpenError::Read(error.into()))?;
    let head = Head::new(root, checkpoint, time, snapshot, footing, catalogues, log_keys);
    let published = Arc::new(Published::new(head));
    let mut watch = ClockWatch::new(options.clock.as_ref(), end.time);
    if options.confirm_clock {
        watch.confirm(options.clock.as_ref(), end.time);
    }
    if let Some(what) = watch.stopped() {
        tracing::error!(%what, "the clock is not believed: nothing is taken until an operator confirms it");
        published.set_state(State::ClockStopped(what.to_owned()));
    }
    if is_restored {
        tracing::warn!(size = end.root.size.0, "{}", backup::RESTORED);
        published.set_state(State::ReadOnly(backup::RESTORED.to_owned()));
    }
    let cache = Arc::new(RecordCache::new(options.record_cache_bytes));
    let nodes = Arc::new(KeptNodes::new());
    let standings = Arc::new(Standings::new(STANDINGS));
    let prepared = Arc::new(Prepared::default());
    let origin: Arc<str> = origin.into();
    let unfinished = {
        let head = published.head();
        eraser::unfinished(&head.snapshot, store.read()?.as_ref()).map_err(OpenError::System)?
    };
    let is_erasing = !unfinished.is_empty();
    let work = Erased {
        store: Arc::clone(&store),
        layers: Arc::clone(&layers),
        cache: Arc::clone(&cache),
        standings: Arc::clone(&standings),
    };
    let eraser = Eraser::start(work, unfinished).map_err(|error| OpenError::System(error.to_string()))?;
    let unflushed = Arc::downgrade(&layers);
    let (jobs, waiting) = sync_channel::<Job>(options.queue);
    let sequencer = Sequencer {
        origin: Arc::clone(&origin),
        store: Arc::clone(&store),
        epoch,
        layers,
        cache: Arc::clone(&cache),
        nodes: Arc::clone(&nodes),
        standings: Arc::clone(&standings),
        published: Arc::clone(&published),
        prepared: Arc::clone(&prepared),
        side,
        clock: Arc::clone(&options.clock),
        random: Arc::clone(&options.random),
        signers,
        heartbeat: options.heartbeat,
        frontier: end.frontier,
        watch,
        most_rows: options.volumes.volume_entries,
        last_commit: Instant::now(),
        observer: options.observer,
        eraser,
        flush_due: is_erasing,
        is_erasing,
        is_restored,
        broken: None,
    };
    let succeeded = succession.into_iter().map(|candidate| {
        let (tell, told) = channel();
        let reply = Reply::new(move |outcome: Result<Placed, SubmitError>| drop(tell.send(outcome)));
        let job = Job::Submit(Box::new(candidate), reply);
        jobs.try_send(job).map_err(|_| OpenError::System("the queue is too short".to_owned()))?;
        Ok(told)
    });
    // In the queue before the sequencer looks: one batch, since under a part of it no key may sign.
    let succeeded = succeeded.collect::<Result<Vec<_>, OpenError>>()?;
    let thread = std::thread::Builder::new()
        .name("sequencer".to_owned())
        .spawn(move || sequencer.run(&waiting))
        .map_err(|error| OpenError::System(error.to_string()))?;
    let ledger = Ledger::of(Shared {
        origin,
        store,
        volumes,
        cache,
        nodes,
        standings,
        published,
        prepared,
        clock: options.clock,
        random: options.random,
        is_restored,
        vrf: options.vrf,
        layers: unflushed,
        provisional: RwLock::new(options.provisional),
        log_verifier,
        entry_0,
        jobs,
        thread: std::sync::Mutex::new(Some(thread)),
    });
    for told in succeeded {
        told.recv().unwrap_or(Err(SubmitError::Unknown)).map_err(OpenError::Succession)?;
    }
    Ok(ledger)
}

/// What is handed in where the key that signed last is gone, and the keys that it names.
fn read_succession(
    submissions: Vec<Submission>,
    origin: &str,
) -> Result<(Vec<Candidate>, Vec<NoteVerifier>), OpenError> {
    let refused = |refusal: Refusal| OpenError::Succession(refusal.into());
    let read = |submission| Candidate::read(submission, origin).map_err(refused);
    let candidates: Vec<Candidate> = submissions.into_iter().map(read).collect::<Result<_, _>>()?;
    let named = candidates.iter().filter_map(|candidate| match candidate.record().content() {
        Content::LogKeys(list) => Some(list.log_keys.iter().map(|key| key.key.clone())),
        _ => None,
    });
    let named = named.flatten().collect();
    Ok((candidates, named))
}

/// A store that is behind the last checkpoint signed, or beside it, is a copy that was put back. What was signed last, if that is known.
fn check_side(
    side: Option<&SideFile>,
    store: &dyn Store,
    stored: Root,
) -> Result<Option<SignedCheckpoint>, OpenError> {
    if side.is_some_and(SideFile::was_torn) {
        tracing::warn!(
            "the side file lost its newest mark: a rollback is told only to before the mark that it still has"
        );
    }
    let Some(mark) = side.and_then(SideFile::last) else { return Ok(None) };
    if mark.size > stored.size {
        return Err(OpenError::RolledBack { stored: stored.size, signed: mark.size });
    }
    let forked = || OpenError::Forked { signed: mark.size };
    let signed = SignedCheckpoint::parse(mark.checkpoint.as_bytes()).map_err(|_| forked())?;
    let reader = store.read()?;
    let peaks = prove_peaks(&ReaderNodes(reader.as_ref()), mark.size)?;
    let then = Frontier::from_peaks(mark.size, peaks).map(|frontier| frontier.root());
    if then == Some(signed.unverified().root().hash) { Ok(Some(signed)) } else { Err(forked()) }
}

/// Whether the index stands at an index commit of this log, with the root that the commit states.
pub(crate) fn is_of_this_log(store: &dyn Store, mark: &Mark) -> Result<bool, StoreError> {
    let reader = store.read()?;
    let Some(last) = mark.size.last() else { return Ok(false) };
    if mark.size > reader.head().size {
        return Ok(false);
    }
    let bytes = reader.entries(last.0..last.0 + 1)?;
    Ok(matches!(bytes.first().map(|bytes| Entry::decode(bytes)),
        Some(Ok(Entry::Commit(commit))) if commit.map_root == mark.root))
}

/// A reader's nodes as the tree's.
pub(crate) struct ReaderNodes<'a>(pub(crate) &'a dyn Reader);

impl Nodes for ReaderNodes<'_> {
    type Error = StoreError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        self.0.node(level, index)
    }
}

//! A copy of somebody else's log, with the index that its entries make: no record, no key of a log, nothing that could be signed.
//!
//! Two steps: [`Mirror::follow`] takes entries, each held against the rules by the same `apply` as every commit, and stores them with
//! their tree; [`Mirror::adopt`] makes a signed checkpoint over exactly what was followed the one that is read. So what is read is
//! always one checkpoint as a whole, and one that breaks a rule is never read.
//!
//! spec: log.md#mirrors

mod view;

pub use view::MirrorView;

use crate::disk::{Disk as _, SystemDisk};
use crate::error::{OpenError, ReadError};
use crate::index::{self, IndexError, IndexFile, Layers, Limits, RunsIndex, Snapshot};
use crate::lock::lock;
use crate::log;
use crate::memory_index::MemoryIndex;
use crate::nodes::KeptNodes;
use crate::open::{INDEX_CACHE_BYTES, ReaderNodes, is_of_this_log};
use crate::replay::replay;
use crate::side::{SideError, SideFile, SideMark};
use crate::store::memory::MemoryStore;
use crate::store::redb::{Options as Volumes, RedbStore};
use crate::store::{Batch, Row, Store, StoreError};
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::entry::{Commit, Entry};
use procura_core::index::{ApplyError, Fault, Working};
use procura_core::kv::Unreadable;
use procura_core::tree::{Frontier, Root, prove_peaks};
use procura_core::{Hash, Index, Millis, Size};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// How many states behind what was followed wait for their checkpoint: between being asked to check one and seeing it published, a
/// few may pass.
const WAITING: usize = 8;

/// Why entries were not taken. Nothing of them was stored.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// An entry breaks a rule: evidence against whoever signed for it.
    #[error("the entry at {index} is invalid: {fault}")]
    Invalid {
        /// Where.
        index: Index,
        /// The rule.
        fault: Fault,
    },
    /// The last entry is no index commit: there can be no checkpoint here.
    #[error("the entry before size {0} is no index commit")]
    NoCommit(Size),
    /// The disk, or what is on it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index could not be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl FollowError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invalid { fault, .. } => fault.name(),
            Self::NoCommit(_) => "no_commit",
            Self::Store(error) => error.name(),
            Self::Index(error) => error.name(),
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// Why a checkpoint was not adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It is not over what was followed, or that is too long ago.
    #[error("the checkpoint of size {0} is not over what was followed")]
    NotFollowed(Size),
    /// It can't be kept.
    #[error(transparent)]
    Side(#[from] SideError),
}

/// What a mirror is kept in: entries, index, and the checkpoint that is read.
type Kept = (Arc<dyn Store>, Arc<dyn IndexFile>, Option<SideFile>);

/// What is known of a state of the log: enough to read it.
#[derive(Clone)]
struct Point {
    root: Root,
    snapshot: Snapshot,
    time: Millis,
    commit: Vec<u8>,
}

/// What is read: a state under its checkpoint.
struct Adopted {
    point: Point,
    checkpoint: String,
}

/// What the one who follows and those who read share.
struct Shared {
    origin: String,
    store: Arc<dyn Store>,
    nodes: KeptNodes,
    adopted: Mutex<Option<Arc<Adopted>>>,
}

/// The mirror of a log. Who holds it follows; others read by [`Mirror::reader`].
pub struct Mirror {
    shared: Arc<Shared>,
    layers: Layers,
    epoch: u64,
    frontier: Frontier,
    side: Option<SideFile>,
    waiting: Vec<Point>,
}

/// Reads a mirror, as it stands at the moment.
#[derive(Clone)]
pub struct MirrorReader(Arc<Shared>);

impl MirrorReader {
    /// The mirror under the checkpoint that was adopted last; `None`: none was yet.
    #[must_use]
    pub fn view(&self) -> Option<MirrorView> {
        let adopted = lock(&self.0.adopted).clone()?;
        Some(MirrorView::new(Arc::clone(&self.0), adopted))
    }
}

impl Mirror {
    /// Opens the mirror of the log `origin` in `folder`, or makes one there. It reads what it read last; what was followed beyond
    /// that is kept.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(folder: &Path, origin: &str) -> Result<Self, OpenError> {
        Self::open_with(folder, origin, Limits::default())
    }

    /// The same, with other bounds on what of the index is in memory.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_with(folder: &Path, origin: &str, limits: Limits) -> Result<Self, OpenError> {
        let made = SystemDisk.create_folder(folder);
        made.map_err(|source| OpenError::Io { what: format!("making {}", folder.display()), source })?;
        // Not called as a ledger's is: whoever opens this as a ledger finds none.
        let log = folder.join("log");
        let store = match RedbStore::open(&log, Volumes::default()) {
            Err(StoreError::Absent { .. }) => RedbStore::create(&log, Volumes::default())?,
            other => other?,
        };
        let side = SideFile::open(&folder.join("adopted"))?;
        let (kept, adopted) = (folder.join("index"), adopted(&side, origin)?);
        let open = || RunsIndex::open(&kept, index::FORMAT, origin, INDEX_CACHE_BYTES);
        let (mut file, _) = open()?;
        // Rows are never taken back: an index beyond what is read is of no use.
        let most = adopted.as_ref().map(|checkpoint| checkpoint.unverified().size());
        if let Some(mark) = file.mark()
            && (most.is_some_and(|most| most < mark.size) || !is_of_this_log(&store, &mark)?)
        {
            tracing::warn!(size = mark.size.0, "the index is ahead of what was adopted, and will be rebuilt");
            drop(file);
            std::fs::remove_dir_all(&kept)
                .map_err(|source| OpenError::Io { what: format!("removing {}", kept.display()), source })?;
            (file, _) = open()?;
        }
        Self::start(origin, limits, (Arc::new(store), Arc::new(file), Some(side)), adopted)
    }

    /// A mirror that lives in memory: for tests.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn in_memory(origin: &str) -> Result<Self, OpenError> {
        let kept: Kept = (Arc::new(MemoryStore::new()), Arc::new(MemoryIndex::default()), None);
        Self::start(origin, Limits::default(), kept, None)
    }

    fn start(
        origin: &str,
        limits: Limits,
        (store, file, side): Kept,
        adopted: Option<SignedCheckpoint>,
    ) -> Result<Self, OpenError> {
        let head = store.head()?;
        let layers = Layers::new(file, limits, index::FORMAT, origin)?;
        let frontier = tree_of(store.as_ref(), head.size)?;
        let epoch = store.claim()?;
        let (origin, nodes) = (origin.to_owned(), KeptNodes::new());
        let shared = Arc::new(Shared { origin, store, nodes, adopted: Mutex::default() });
        let mut mirror = Self { shared, layers, epoch, frontier, side, waiting: Vec::new() };
        if let Some(checkpoint) = adopted {
            mirror.read_again(&checkpoint, head.size)?;
        }
        let store = mirror.shared.store.as_ref();
        replay(store, &mirror.layers, &mirror.shared.origin, head.size)?;
        if head.size > Size(0) {
            let point = mirror.point(mirror.root())?;
            mirror.waiting.push(point);
        }
        Ok(mirror)
    }

    /// Reads what was read last, before the index goes on to what was followed beyond it.
    fn read_again(&mut self, checkpoint: &SignedCheckpoint, stored: Size) -> Result<(), OpenError> {
        let (root, store) = (checkpoint.unverified().root(), self.shared.store.as_ref());
        if root.size > stored {
            return Err(OpenError::RolledBack { stored, signed: root.size });
        }
        if tree_of(store, root.size)?.root() != root.hash {
            return Err(OpenError::WrongRoot { size: root.size });
        }
        replay(store, &self.layers, &self.shared.origin, root.size)?;
        let (point, checkpoint) = (self.point(root)?, checkpoint.to_string());
        *lock(&self.shared.adopted) = Some(Arc::new(Adopted { point, checkpoint }));
        Ok(())
    }

    /// Reads it.
    #[must_use]
    pub fn reader(&self) -> MirrorReader {
        MirrorReader(Arc::clone(&self.shared))
    }

    /// The tree of what was followed.
    #[must_use]
    pub fn root(&self) -> Root {
        Root { size: self.frontier.size(), hash: self.frontier.root() }
    }

    /// Whether the first entries of what was followed have this root, and end in an index commit: whether a checkpoint over them
    /// was checked whole.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn has_checked(&self, root: Root) -> Result<bool, ReadError> {
        let Some(last) = root.size.last().filter(|_| root.size <= self.frontier.size()) else {
            return Ok(false);
        };
        let reader = self.shared.store.read()?;
        let nodes = self.shared.nodes.of(reader.as_ref());
        let tree = Frontier::from_peaks(root.size, prove_peaks(&nodes, root.size)?);
        let entry = reader.entries(last.0..root.size.0)?;
        let is_commit =
            entry.first().is_some_and(|bytes| matches!(Entry::decode(bytes), Ok(Entry::Commit(_))));
        Ok(is_commit && tree.is_some_and(|tree| tree.root() == root.hash))
    }

    /// The consistency proof between two sizes of what was followed; `None` from 0, or out of order.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn consistency(&self, from: Size, to: Size) -> Result<Option<Vec<Hash>>, ReadError> {
        let reader = self.shared.store.read()?;
        log::consistency(&self.shared.nodes.of(reader.as_ref()), from, to)
    }

    /// Finds out what is stored, after an error that left that open.
    ///
    /// # Errors
    /// [`OpenError`]: nothing can be followed until this ends well.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        let store = self.shared.store.as_ref();
        let head = store.reopen()?;
        self.epoch = store.claim()?;
        self.frontier = tree_of(store, head.size)?;
        replay(store, &self.layers, &self.shared.origin, head.size)?;
        if head.size > Size(0) {
            let point = self.point(self.root())?;
            self.waiting.retain(|known| known.root != point.root);
            self.waiting.push(point);
        }
        Ok(())
    }

    /// Takes the entries that come next, the last of which is an index commit: all of them, or none. They are durable on return.
    ///
    /// # Errors
    /// [`FollowError`].
    pub fn follow(&mut self, entries: &[Vec<u8>]) -> Result<(), FollowError> {
        self.layers.wait_for_room()?;
        let (first, snapshot) = (self.frontier.size(), self.layers.snapshot());
        let mut working = Working::new(&snapshot, &self.shared.origin)?;
        let (mut frontier, mut rows, mut map_root) = (self.frontier.clone(), Vec::new(), None);
        for bytes in entries {
            let index = Index(frontier.size().0);
            let applied = working.apply(bytes).map_err(|error| match error {
                ApplyError::Fault(fault) => FollowError::Invalid { index, fault },
                ApplyError::Unreadable(error) => error.into(),
            })?;
            map_root = match applied.entry {
                Entry::Commit(commit) => Some(commit.map_root),
                _ => None,
            };
            rows.push(Row { entry: bytes.clone(), nodes: frontier.push(applied.leaf), vault: None });
        }
        let map_root = map_root.ok_or(FollowError::NoCommit(frontier.size()))?;
        let nodes: Vec<Vec<Hash>> = rows.iter().map(|row| row.nodes.clone()).collect();
        let (changes, trie) = working.close()?;
        // A crash from here on leaves the entries: the index is replayed from them.
        self.shared.store.commit(first, self.epoch, Batch { rows, checkpoint: String::new() })?;
        self.layers.write(changes, trie);
        self.shared.nodes.keep(first, nodes);
        self.frontier = frontier;
        if self.layers.should_flush() {
            self.layers.freeze(self.frontier.size(), map_root);
        }
        let point = self.point(self.root()).map_err(|error| match error {
            ReadError::Store(error) => FollowError::Store(error),
            error => FollowError::Unreadable(Unreadable(error.to_string())),
        })?;
        if self.waiting.len() == WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(point);
        Ok(())
    }

    /// From now on this checkpoint is read, whose signatures the caller has found to count. It is over what was followed, or over
    /// what is read already: then with these signatures.
    ///
    /// # Errors
    /// [`AdoptError`]: what was read is read on.
    pub fn adopt(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), AdoptError> {
        let root = checkpoint.unverified().root();
        let current = lock(&self.shared.adopted).as_ref().map(|adopted| adopted.point.clone());
        let known = self.waiting.iter().chain(&current).find(|point| point.root == root);
        let point = known.cloned().ok_or(AdoptError::NotFollowed(root.size))?;
        let checkpoint = checkpoint.to_string();
        if let Some(side) = &self.side {
            side.record(&SideMark { size: root.size, checkpoint: checkpoint.clone() })?;
        }
        self.waiting.retain(|point| point.root.size > root.size);
        *lock(&self.shared.adopted) = Some(Arc::new(Adopted { point, checkpoint }));
        Ok(())
    }

    /// The index as it stands now is that of this tree.
    fn point(&self, root: Root) -> Result<Point, ReadError> {
        let at = root.size.last().ok_or_else(|| ReadError::Fault("an empty log".to_owned()))?;
        let commit = self.shared.store.entries(at.0..root.size.0)?.into_iter().next().unwrap_or_default();
        match Entry::decode(&commit) {
            Ok(Entry::Commit(Commit { time, .. })) => {
                Ok(Point { root, snapshot: self.layers.snapshot(), time, commit })
            }
            _ => Err(ReadError::Fault(format!("the entry at {at} is no index commit"))),
        }
    }
}

/// The checkpoint that was read last.
fn adopted(side: &SideFile, origin: &str) -> Result<Option<SignedCheckpoint>, OpenError> {
    let Some(mark) = side.last() else { return Ok(None) };
    let other = || OpenError::OtherLog { origin: origin.to_owned() };
    let checkpoint = SignedCheckpoint::parse(mark.checkpoint.as_bytes()).map_err(|_| other())?;
    if checkpoint.unverified().origin() == origin { Ok(Some(checkpoint)) } else { Err(other()) }
}

fn tree_of(store: &dyn Store, size: Size) -> Result<Frontier, OpenError> {
    let reader = store.read()?;
    let peaks = prove_peaks(&ReaderNodes(reader.as_ref()), size)?;
    Frontier::from_peaks(size, peaks).ok_or(OpenError::WrongRoot { size })
}

//! The index in a folder of runs: a flush writes its rows in order into a new file, and a thread of its own makes few of many.
//!
//! ```text
//! flush ─► run 7 (newest) ─┐
//!          run 6           ├─ merged, once four are about as large ─► run 8
//!          run 5           │
//!          run 4           ┘
//!          run 3 (larger)                       a reader asks the newest first; most are passed over by their filters
//! ```
//!
//! Keys are hashes, so that a B-tree would write a page for each row; here each row is written in sequence, about as often as
//! the number of runs doubles. There is no log of writes: what a crash takes is replayed from the entries.
//!
//! spec: storage.md#index-folder

mod block;
mod cache;
mod filter;
mod manifest;
mod merge;
mod run;
mod writer;

use super::{Discarded, Found, IndexError, IndexFile, IndexRow, Mark, Rows};
use crate::disk::{Disk as _, Held, SystemDisk};
use crate::lock::lock;
use cache::ReadCache;
use manifest::{Manifest, NoManifest};
use merge::Merging;
use procura_core::kv::{Kv, Unreadable};
use run::{Merge, Run, RunError};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use writer::RunWriter;

const LOCK: &str = "lock";
const MANIFEST: &str = "manifest";
const NEW_MANIFEST: &str = "manifest.tmp";
const RUN_PREFIX: &str = "run-";

/// An [`IndexFile`] in a folder of its own.
pub struct RunsIndex {
    shared: Arc<Shared>,
    merger: Option<JoinHandle<()>>,
}

struct Shared {
    folder: PathBuf,
    cache: Arc<ReadCache>,
    state: Mutex<State>,
    changed: Condvar,
    /// Held by who writes runs anew: one at a time.
    rewriting: Mutex<()>,
    /// Held locked while the folder is open.
    _lock: Held,
}

struct State {
    mark: Option<Mark>,
    /// The oldest first.
    runs: Vec<Arc<Run>>,
    /// The number of the next run; none is used twice.
    next: u64,
    merging: Merging,
}

impl RunsIndex {
    /// Opens the folder, which is made if it is not there. What is damaged, of another ledger or of another version
    /// is deleted and started anew; the caller is told and replays.
    ///
    /// `format` and `origin` are what the rows must be of; `cache_bytes` bounds the memory for what was read.
    ///
    /// # Errors
    /// [`IndexError`] where the system fails: what can't be read for now is not deleted.
    pub fn open(
        folder: &Path,
        format: u32,
        origin: &str,
        cache_bytes: usize,
    ) -> Result<(Self, Found), IndexError> {
        fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
        let held = held(folder)?;
        let found = match look(folder, format, origin) {
            Err(Look::Failed(error)) => return Err(error),
            Err(Look::Useless(why)) => {
                tracing::warn!(folder = %folder.display(), ?why, "the index is of no use and will be rebuilt");
                Err(Found::Discarded(why))
            }
            Ok(None) => Err(Found::Nothing),
            Ok(Some(found)) => Ok(found),
        };
        let (state, found) = match found {
            Ok((Manifest { mark, next, .. }, runs)) => (
                State { mark: Some(mark.clone()), runs, next, merging: Merging::default() },
                Found::Rows(mark),
            ),
            Err(found) => {
                remove(&folder.join(MANIFEST))?;
                (State { mark: None, runs: Vec::new(), next: 1, merging: Merging::default() }, found)
            }
        };
        clean(folder, &state.runs)?;
        let cache = Arc::new(ReadCache::new(cache_bytes));
        let (folder, state, changed) = (folder.to_owned(), Mutex::new(state), Condvar::new());
        let shared =
            Arc::new(Shared { folder, cache, state, changed, rewriting: Mutex::default(), _lock: held });
        let merger = thread::Builder::new().name("index-merge".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.merge_until_closed()
        });
        let merger =
            merger.map_err(|source| IndexError::Io { what: "starting the merger".into(), source })?;
        Ok((Self { shared, merger: Some(merger) }, found))
    }
}

impl Drop for RunsIndex {
    /// A merge under way is given up; it begins anew another time.
    fn drop(&mut self) {
        lock(&self.shared.state).merging.close();
        self.shared.changed.notify_all();
        if let Some(merger) = self.merger.take()
            && merger.join().is_err()
        {
            tracing::warn!("the index's merger panicked");
        }
    }
}

impl IndexFile for RunsIndex {
    fn mark(&self) -> Option<Mark> {
        lock(&self.shared.state).mark.clone()
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        let runs = lock(&self.shared.state).runs.iter().rev().cloned().collect();
        Ok(Arc::new(FolderRows { runs, cache: Arc::clone(&self.shared.cache) }))
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        let number = self.shared.take_number();
        let written = self.shared.write_run(number, |run| {
            for (key, row) in changes {
                run.push(&key, &row).map_err(|error| (None, error))?;
            }
            Ok(())
        });
        let run = written.map_err(|error| self.shared.told(error))?;
        let mut state = lock(&self.shared.state);
        let runs: Vec<_> = state.runs.iter().chain([&run]).map(Arc::clone).collect();
        self.shared.name(mark, &runs, state.next)?;
        state.runs = runs;
        state.mark = Some(mark.clone());
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        self.shared.forget(keys)
    }
}

impl Shared {
    fn take_number(&self) -> u64 {
        let mut state = lock(&self.state);
        state.next += 1;
        state.next - 1
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{RUN_PREFIX}{number:012}"))
    }

    /// Writes a run that no manifest names yet; a crash leaves a file that the next opening removes.
    fn write_run(
        &self,
        number: u64,
        rows: impl FnOnce(&mut RunWriter) -> Result<(), (Option<RunError>, io::Error)>,
    ) -> Result<Arc<Run>, RunError> {
        let path = self.path(number);
        let failed = |source| RunError::Io { path: path.clone(), source };
        let written = (|| {
            let mut run = RunWriter::create(&path, number).map_err(failed)?;
            rows(&mut run).map_err(|(error, source)| error.unwrap_or_else(|| failed(source)))?;
            let bytes = run.finish().map_err(failed)?;
            Run::open(&path, number, bytes)
        })();
        if written.is_err()
            && let Err(error) = remove(&path)
        {
            tracing::warn!(%error, "a run that was not finished was not removed; the next opening does");
        }
        written.map(Arc::new)
    }

    /// Makes these runs and the mark what the folder holds, both or neither.
    fn name(&self, mark: &Mark, runs: &[Arc<Run>], next: u64) -> Result<(), IndexError> {
        let runs = runs.iter().map(|run| (run.number, run.bytes)).collect();
        let manifest = Manifest { mark: mark.clone(), next, runs }.encode();
        let (new, path) = (self.folder.join(NEW_MANIFEST), self.folder.join(MANIFEST));
        let written = (|| {
            // The names of the runs, before one of them is relied on.
            sync(&self.folder)?;
            let mut file = File::create(&new)?;
            file.write_all(&manifest)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            sync(&self.folder)
        })();
        written.map_err(|source| io(&path, source))
    }

    fn told(&self, error: RunError) -> IndexError {
        match error {
            RunError::Io { path, source } => io(&path, source),
            RunError::Damaged { .. } => IndexError::Corrupt { what: error.to_string() },
        }
    }
}

/// The rows of the runs that there were at a moment.
struct FolderRows {
    /// The newest first.
    runs: Vec<Arc<Run>>,
    cache: Arc<ReadCache>,
}

fn unreadable(error: RunError) -> Unreadable {
    Unreadable(format!("{error}; delete the folder of the index, it is rebuilt from the log"))
}

impl Kv for FolderRows {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        let hash = filter::hash(key);
        for run in &self.runs {
            if let Some(row) = run.get(key, hash, &self.cache).map_err(unreadable)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

impl Rows for FolderRows {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        let (from, is_after) = match after {
            Some(after) if after >= prefix => (after, true),
            _ => (prefix, false),
        };
        let mut walks = Vec::new();
        for run in &self.runs {
            if run.may_hold_range(prefix, &self.cache).map_err(unreadable)? {
                walks.push(run.walk(from, is_after, Some(&self.cache)).map_err(unreadable)?);
            }
        }
        let (mut merge, mut rows) = (Merge::new(walks), Vec::new());
        while let Some((key, row)) =
            merge.row().filter(|(key, _)| rows.len() < limit && key.starts_with(prefix))
        {
            rows.push((Arc::from(key), Arc::from(row)));
            merge.advance().map_err(unreadable)?;
        }
        Ok(rows)
    }
}

/// Takes the folder for this process. The lock goes with the process, so that a kill leaves nothing to clean up.
fn held(folder: &Path) -> Result<Held, IndexError> {
    let path = folder.join(LOCK);
    let held = SystemDisk.hold(&path).map_err(|source| io(&path, source))?;
    held.ok_or_else(|| IndexError::Locked { what: folder.display().to_string() })
}

/// Why a folder was not taken as it is.
enum Look {
    Useless(Discarded),
    Failed(IndexError),
}

type Looked = Option<(Manifest, Vec<Arc<Run>>)>;

fn look(folder: &Path, format: u32, origin: &str) -> Result<Looked, Look> {
    let path = folder.join(MANIFEST);
    let useless = |why| Err(Look::Useless(why));
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Look::Failed(io(&path, source))),
    };
    let manifest = match Manifest::decode(&bytes) {
        Ok(manifest) => manifest,
        Err(NoManifest::Damaged) => {
            return useless(Discarded::Unreadable(format!("{} is damaged", path.display())));
        }
        Err(NoManifest::Layout(layout)) => return useless(Discarded::FormatUnknown(layout)),
    };
    if manifest.mark.origin != origin {
        return useless(Discarded::Foreign(manifest.mark.origin));
    }
    if manifest.mark.format != format {
        return useless(Discarded::FormatUnknown(manifest.mark.format));
    }
    let mut runs = Vec::with_capacity(manifest.runs.len());
    for (number, bytes) in &manifest.runs {
        match Run::open(&folder.join(format!("{RUN_PREFIX}{number:012}")), *number, *bytes) {
            Ok(run) => runs.push(Arc::new(run)),
            Err(RunError::Io { path, source }) if source.kind() != io::ErrorKind::NotFound => {
                return Err(Look::Failed(io(&path, source)));
            }
            Err(error) => return useless(Discarded::Unreadable(error.to_string())),
        }
    }
    Ok(Some((manifest, runs)))
}

/// Removes runs that no manifest names: of a flush or merge that a crash cut short, or merged already.
fn clean(folder: &Path, runs: &[Arc<Run>]) -> Result<(), IndexError> {
    for entry in fs::read_dir(folder).map_err(|source| io(folder, source))? {
        let name = entry.map_err(|source| io(folder, source))?.file_name().to_string_lossy().into_owned();
        let is_named = |number: &str| {
            number.parse().is_ok_and(|number: u64| runs.iter().any(|run| run.number == number))
        };
        if name == NEW_MANIFEST || name.strip_prefix(RUN_PREFIX).is_some_and(|number| !is_named(number)) {
            remove(&folder.join(name))?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), IndexError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io(path, error)),
        _ => Ok(()),
    }
}

/// Makes a folder's names durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn io(path: &Path, source: io::Error) -> IndexError {
    let what = path.display().to_string();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => IndexError::Full { what },
        _ => IndexError::Io { what, source },
    }
}

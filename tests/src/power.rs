//! A disk that loses power. What was not synced then survives in part: of a file, each sector by itself as it stood at some
//! moment since the last sync, and its length at another; of a folder, some of the changes of names and not others.
//!
//! Order holds within a sector only. A file renamed before it was synced may be there under its new name and empty, a
//! synced file whose folder was not may be nowhere: the disk keeps what POSIX promises, and nothing that a usual file
//! system gives besides.

use crate::dice::Dice;
use procura_ledger::disk::{Access, Disk, DiskFile, Held};
use redb::{BackendError, StorageBackend};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a disk writes as one.
const SECTOR: usize = 512;

/// The disk, as one process has it. Clones are the same one; after [`cut`](Self::cut) or [`kill`](Self::kill) it answers nothing.
#[derive(Debug, Clone)]
pub struct PowerDisk(Arc<Mutex<State>>);

#[derive(Debug, Clone, Default)]
struct State {
    contents: Contents,
    held: BTreeSet<PathBuf>,
    calls: u64,
    /// The call at which the power goes.
    cut_at: Option<u64>,
    /// The call that fails by itself.
    fails_at: Option<u64>,
    is_dead: bool,
}

#[derive(Debug, Clone, Default)]
struct Contents {
    folders: BTreeMap<PathBuf, Folder>,
    files: BTreeMap<u64, File>,
    next: u64,
}

/// The names in a folder.
#[derive(Debug, Clone, Default)]
struct Folder {
    durable: BTreeMap<OsString, Node>,
    now: BTreeMap<OsString, Node>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File(u64),
    Folder,
}

#[derive(Debug, Clone)]
enum Change {
    Name(OsString, Node),
    Rename(OsString, OsString, Node),
    Remove(OsString),
}

/// A file's bytes.
#[derive(Debug, Clone, Default)]
struct File {
    durable: Vec<u8>,
    now: Vec<u8>,
    pending: Vec<Write>,
}

#[derive(Debug, Clone)]
enum Write {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

impl PowerDisk {
    /// A disk with nothing in it but the folder `root`.
    #[must_use]
    pub fn with_folder(root: &Path) -> Self {
        let mut state = State::default();
        state.contents.folders.insert(root.to_owned(), Folder::default());
        Self(Arc::new(Mutex::new(state)))
    }

    /// Another disk with the same contents, synced or not.
    #[must_use]
    pub fn copied(&self) -> Self {
        let contents = self.lock().contents.clone();
        Self(Arc::new(Mutex::new(State { contents, ..State::default() })))
    }

    /// The power goes at the `calls`-th call from now on that would change anything: it fails, and so does every later one.
    pub fn cut_after(&self, calls: u64) {
        let mut state = self.lock();
        state.cut_at = Some(state.calls + calls);
    }

    /// The `calls`-th call from now on that would change anything fails, and changes nothing.
    pub fn fail_after(&self, calls: u64) {
        let mut state = self.lock();
        state.fails_at = Some(state.calls + calls);
    }

    /// How many calls would have changed anything so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Whether the power has gone.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.lock().is_dead
    }

    /// Cuts the power: the disk as the next start finds it.
    #[must_use]
    pub fn cut(&self, dice: &mut Dice) -> Self {
        let contents = self.lock().contents.survive(dice);
        self.end(contents)
    }

    /// Kills the process: the disk as the next one finds it, with everything in it, and what was not synced still not.
    #[must_use]
    pub fn kill(&self) -> Self {
        let contents = self.lock().contents.clone();
        self.end(contents)
    }

    fn end(&self, contents: Contents) -> Self {
        self.lock().is_dead = true;
        Self(Arc::new(Mutex::new(State { contents, ..State::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The disk for a look at it.
    fn look(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.is_dead { Err(io::Error::other("no power")) } else { Ok(state) }
    }

    /// The disk for a call that changes it.
    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.look()?;
        state.calls += 1;
        if state.cut_at == Some(state.calls) {
            state.is_dead = true;
            return Err(io::Error::other("the power went"));
        }
        if state.fails_at == Some(state.calls) {
            return Err(io::Error::other("injected"));
        }
        Ok(state)
    }
}

impl Contents {
    fn folder(&mut self, path: &Path) -> io::Result<&mut Folder> {
        self.folders.get_mut(path).ok_or_else(not_found)
    }

    /// The folder that `path` is in, and its name there.
    fn place(&mut self, path: &Path) -> io::Result<(&mut Folder, OsString)> {
        let name = path.file_name().ok_or_else(not_found)?.to_owned();
        Ok((self.folder(path.parent().ok_or_else(not_found)?)?, name))
    }

    fn file(&mut self, path: &Path) -> io::Result<u64> {
        let (folder, name) = self.place(path)?;
        match folder.now.get(&name) {
            Some(Node::File(number)) => Ok(*number),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(not_found()),
        }
    }

    fn file_or_new(&mut self, path: &Path) -> io::Result<u64> {
        if let Ok(number) = self.file(path) {
            return Ok(number);
        }
        let number = self.next;
        let (folder, name) = self.place(path)?;
        folder.apply(Change::Name(name, Node::File(number)));
        self.files.insert(number, File::default());
        self.next += 1;
        Ok(number)
    }

    fn survive(&self, dice: &mut Dice) -> Self {
        let mut survived = Self { next: self.next, ..Self::default() };
        for (path, folder) in &self.folders {
            // A folder whose own name is lost takes what is in it along; the root is there for good.
            let (above, name) = (path.parent().unwrap_or(path), path.file_name().unwrap_or_default());
            let is_there = !self.folders.contains_key(above)
                || survived.folders.get(above).is_some_and(|above| above.now.contains_key(name));
            if is_there {
                let folder = folder.survive(dice);
                for node in folder.now.values() {
                    if let Node::File(number) = node {
                        survived.files.insert(*number, self.files[number].survive(dice));
                    }
                }
                survived.folders.insert(path.clone(), folder);
            }
        }
        survived
    }
}

impl Folder {
    fn apply(&mut self, change: Change) {
        change.to(&mut self.now);
        self.pending.push(change);
    }

    fn survive(&self, dice: &mut Dice) -> Self {
        let kept = [0, 50, 90, 100][dice.below(4)];
        let mut names = self.durable.clone();
        for change in &self.pending {
            if dice.chance(kept) {
                change.to(&mut names);
            }
        }
        Self { durable: names.clone(), now: names, pending: Vec::new() }
    }
}

impl Change {
    fn to(&self, names: &mut BTreeMap<OsString, Node>) {
        match self {
            Self::Name(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl Write {
    fn to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bytes(at, written) => {
                let end = at + written.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*at..end].copy_from_slice(written);
            }
            Self::Length(length) => bytes.resize(*length, 0),
        }
    }

    /// The sectors that may be other ones after it.
    fn sectors(&self, length: usize) -> std::ops::Range<usize> {
        match self {
            Self::Bytes(at, written) => at / SECTOR..(at + written.len()).div_ceil(SECTOR),
            Self::Length(shorter) => shorter / SECTOR..length.div_ceil(SECTOR),
        }
    }
}

impl File {
    fn apply(&mut self, write: Write) {
        write.to(&mut self.now);
        self.pending.push(write);
    }

    fn sync(&mut self) {
        for write in self.pending.drain(..) {
            write.to(&mut self.durable);
        }
    }

    fn survive(&self, dice: &mut Dice) -> Self {
        // How each sector stood after each write to it, and each length there was.
        let mut moment = self.durable.clone();
        let mut sectors: BTreeMap<usize, Vec<[u8; SECTOR]>> = BTreeMap::new();
        let mut lengths = vec![moment.len()];
        for write in &self.pending {
            let changed = write.sectors(moment.len());
            write.to(&mut moment);
            lengths.push(moment.len());
            for sector in changed {
                sectors.entry(sector).or_default().push(sector_of(&moment, sector));
            }
        }
        // Nothing, the newest of everything, or of each sector its own moment.
        let newest = [0, 50, 90, 100][dice.below(4)];
        let oldest = [0, 50, 100][dice.below(3)];
        let mut bytes = self.durable.clone();
        for (sector, moments) in &sectors {
            let survivor = if dice.chance(newest) {
                moments.last()
            } else if dice.chance(oldest) {
                None
            } else {
                moments.get(dice.below(moments.len()))
            };
            if let Some(survivor) = survivor {
                Write::Bytes(sector * SECTOR, survivor.to_vec()).to(&mut bytes);
            }
        }
        let length = if dice.chance(newest) { self.now.len() } else { lengths[dice.below(lengths.len())] };
        bytes.resize(length, 0);
        Self { durable: bytes.clone(), now: bytes, pending: Vec::new() }
    }
}

/// A sector of a file, with nothing behind its end.
fn sector_of(bytes: &[u8], sector: usize) -> [u8; SECTOR] {
    let mut copy = [0; SECTOR];
    let start = (sector * SECTOR).min(bytes.len());
    let part = &bytes[start..bytes.len().min(start + SECTOR)];
    copy[..part.len()].copy_from_slice(part);
    copy
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for PowerDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<DiskFile> {
        let number = match access {
            Access::Make => self.change()?.contents.file_or_new(path)?,
            Access::Read | Access::Write => self.look()?.contents.file(path)?,
        };
        Ok(Box::new(OpenFile { number, disk: self.clone() }))
    }

    fn hold(&self, path: &Path) -> io::Result<Option<Held>> {
        let mut state = self.change()?;
        state.contents.file_or_new(path)?;
        if !state.held.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(HeldFile { path: path.to_owned(), disk: self.clone() })))
    }

    fn exists(&self, path: &Path) -> bool {
        let contents = &mut self.lock().contents;
        contents.folders.contains_key(path)
            || contents.place(path).is_ok_and(|(folder, name)| folder.now.contains_key(&name))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut state = self.look()?;
        Ok(state.contents.folder(folder)?.now.keys().map(|name| folder.join(name)).collect())
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        let (names, name) = state.contents.place(folder)?;
        names.apply(Change::Name(name, Node::Folder));
        state.contents.folders.insert(folder.to_owned(), Folder::default());
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        assert_eq!(from.parent(), to.parent(), "this disk renames within a folder");
        let mut state = self.change()?;
        let node = Node::File(state.contents.file(from)?);
        let (_, new) = state.contents.place(to)?;
        let (folder, old) = state.contents.place(from)?;
        folder.apply(Change::Rename(old, new, node));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        state.contents.file(path)?;
        let (folder, name) = state.contents.place(path)?;
        folder.apply(Change::Remove(name));
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        // What lies above the disk's root is there for good.
        let Ok(folder) = state.contents.folder(folder) else { return Ok(()) };
        folder.durable = folder.now.clone();
        folder.pending.clear();
        Ok(())
    }
}

/// A lock, let go when dropped.
struct HeldFile {
    path: PathBuf,
    disk: PowerDisk,
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        self.disk.lock().held.remove(&self.path);
    }
}

/// A file that is open.
#[derive(Debug)]
struct OpenFile {
    number: u64,
    disk: PowerDisk,
}

impl OpenFile {
    fn looked<T>(&self, look: impl FnOnce(&File) -> T) -> io::Result<T> {
        Ok(look(&self.disk.look()?.contents.files[&self.number]))
    }

    fn changed(&self, change: impl FnOnce(&mut File)) -> io::Result<()> {
        let mut state = self.disk.change()?;
        change(state.contents.files.get_mut(&self.number).unwrap());
        Ok(())
    }
}

impl StorageBackend for OpenFile {
    fn len(&self) -> io::Result<u64> {
        self.looked(|file| file.now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.looked(|file| {
            let start = usize::try_from(offset).unwrap();
            let bytes = file.now.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(bytes);
            Ok(())
        })?
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.changed(|file| file.apply(Write::Length(usize::try_from(length).unwrap())))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.changed(File::sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.changed(|file| file.apply(Write::Bytes(usize::try_from(offset).unwrap(), data.to_vec())))
    }

    /// The store's folder is held as a whole.
    fn try_lock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _start: Bound<u64>, _end: Bound<u64>) -> Result<bool, BackendError> {
        Ok(false)
    }
}

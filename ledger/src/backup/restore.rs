//! A ledger made of a backup: what was erased is destroyed before anybody can read it, and nothing is signed any more.
//!
//! The backup may lack what was logged and signed after it. To go on from it under the same origin would be a second history, so
//! the folder is marked: a ledger that is opened in it answers questions and takes nothing.

use super::manifest::checked_file;
use super::{Backup, BackupError, MAIN, erasures, handed, make_folder, remove, sync};
use crate::store::redb::{Options, RedbStore};
use crate::store::{Reader, Store, StoreError};
use crate::vault::VaultRow;
use procura_core::entry::Entry;
use procura_core::kinds::{Content, rests_on};
use procura_core::record::Record;
use procura_core::{Hash, Index};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// In a ledger's folder: it was made of a backup.
pub(crate) const MARK: &str = "restored";

/// Why a ledger that was made of a backup takes nothing.
pub(crate) const RESTORED: &str = "it was restored from a backup: what was signed after that is not known here, so nothing \
     more is signed under this origin; a new origin names this one's last checkpoint";

/// How many entries are read at a time.
const READ: u64 = 1024;

/// What was made of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What it was made of.
    pub backup: Backup,
    /// How many bodies were destroyed, because the backup was older than the erasure's being carried out.
    pub erased: usize,
    /// Whether what was erased after the backup was noted beside it. If not, only what was handed in is known of that.
    pub is_noted: bool,
}

/// Makes a ledger in `folder`, which must not be there, of the backup at `path`: every file held against its SHA-256, then every erasure
/// carried out that is logged in it, that is noted beside it, or that is in one of the files `erased`: signed records, receipts, or what was
/// noted beside other backups. The folder has its name only when all of it is done.
///
/// # Errors
/// [`BackupError`]; there is no `folder` then.
pub fn restore(path: &Path, folder: &Path, erased: &[PathBuf]) -> Result<Restored, BackupError> {
    let backup = Backup::read(path)?;
    if folder.exists() {
        return Err(BackupError::Exists { path: folder.to_owned() });
    }
    let making = beside(folder);
    remove(&making)?;
    let made = make(&backup, &making, erased);
    if made.is_err() {
        // It holds bodies that nobody looks after.
        remove(&making)?;
    }
    let (erased, is_noted) = made?;
    fs::rename(&making, folder).map_err(BackupError::io(format!("naming {}", folder.display())))?;
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        sync(above)?;
    }
    Ok(Restored { backup, erased, is_noted })
}

/// The ledger's folder, all but its name. How many bodies were destroyed, and whether what was erased later is noted beside the backup.
fn make(backup: &Backup, making: &Path, files: &[PathBuf]) -> Result<(usize, bool), BackupError> {
    let path = &backup.path;
    let main = making.join(MAIN);
    make_folder(&main)?;
    for volume in &backup.volumes {
        let (from, to) = (path.join(MAIN).join(&volume.file), main.join(&volume.file));
        fs::copy(&from, &to).map_err(BackupError::io(format!("copying {}", from.display())))?;
        // The copy's, so that what was read wrongly counts too.
        if checked_file(&to, true)? != (volume.bytes, volume.sha256) {
            let what = format!("{} is not as it was written", volume.file);
            return Err(BackupError::NotABackup { path: path.to_owned(), what });
        }
    }
    let store = RedbStore::open(&main, Options::default())?;
    let head = store.head()?;
    if (head.size, &head.checkpoint) != (backup.size, &backup.checkpoint) {
        let what = "its volumes end elsewhere than it says".to_owned();
        return Err(BackupError::NotABackup { path: path.to_owned(), what });
    }
    let real = fs::canonicalize(path).map_err(BackupError::io(path.display()))?;
    let noted = real.parent().map(erasures::read).transpose()?.flatten();
    let mut later = handed::targets(&store, backup, files)?;
    later.extend(erasures::targets(noted.as_deref().unwrap_or_default(), &backup.origin, backup.size));
    let erased = erase_again(&store, &later)?;
    drop(store);
    let mark = making.join(MARK);
    let write = || {
        let mut file = File::create(&mark)?;
        file.write_all(backup.checkpoint.as_bytes())?;
        file.sync_all()
    };
    write().map_err(BackupError::io(format!("writing {}", mark.display())))?;
    for made in [main.as_path(), making] {
        sync(made)?;
    }
    Ok((erased, noted.is_some()))
}

fn beside(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".restoring");
    name.into()
}

/// Carries out every erasure that the store holds, whether it was carried out before or not: sealed volumes of a backup may be older than
/// its last one. And what was erased `later`. How many bodies that destroyed.
fn erase_again(store: &RedbStore, later: &BTreeSet<Hash>) -> Result<usize, BackupError> {
    let reader = store.read()?;
    let (mut targets, mut never) = (later.clone(), None);
    each(reader.as_ref(), |index, entry| {
        if let Some(id) = entry.id()
            && later.contains(&id)
            && handed::body(reader.as_ref(), index)?.is_some_and(|record| rests_on(&record).is_none())
        {
            never.get_or_insert(id);
        }
        // An erasure moves no status: it is a trace.
        if let Entry::Trace { .. } = entry
            && let Some(row) = reader.vault(index)?
        {
            targets.extend(erased_by(&row).ok_or_else(|| unreadable(index))?);
        }
        Ok(())
    })?;
    if let Some(id) = never {
        return Err(BackupError::NeverErased { id });
    }
    let mut concerned = BTreeSet::new();
    each(reader.as_ref(), |index, entry| {
        let of = match entry {
            Entry::Transition { target_id, head, .. } => [Some(target_id), Some(&head.id)],
            Entry::Create { head, .. } | Entry::Trace { head } | Entry::Party { head, .. } => {
                [Some(&head.id), None]
            }
            Entry::Commit(_) => [None, None],
        };
        if of.into_iter().flatten().any(|id| targets.contains(id)) && reader.vault(index)?.is_some() {
            concerned.insert(index);
        }
        Ok(())
    })?;
    drop(reader);
    store.erase(&concerned)?;
    Ok(concerned.len())
}

/// The records that an erasure destroys, none of any other record; `None` if it can't be read.
fn erased_by(row: &[u8]) -> Option<Vec<Hash>> {
    let row = VaultRow::decode(row).ok()?;
    let record = Record::parse(row.admitted.jws.text()).ok()?;
    Some(match record.content() {
        Content::Erasure(erasure) => erasure.targets.clone(),
        _ => Vec::new(),
    })
}

pub(super) fn each(
    reader: &dyn Reader,
    mut look: impl FnMut(Index, &Entry) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let size = reader.head().size.0;
    let mut at = 0;
    while at < size {
        let end = size.min(at + READ);
        for (index, bytes) in (at..).zip(reader.entries(at..end)?) {
            let entry = Entry::decode(&bytes).map_err(|_| unreadable(Index(index)))?;
            look(Index(index), &entry)?;
        }
        at = end;
    }
    Ok(())
}

pub(super) fn unreadable(index: Index) -> StoreError {
    StoreError::Corrupt { what: format!("the entry {index} cannot be read") }
}

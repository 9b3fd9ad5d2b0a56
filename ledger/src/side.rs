//! The side file: the last checkpoint seen signed, kept apart from the store.
//!
//! It is written after each commit, without fsync, and read at open: a store that holds less than the side file has
//! seen was rolled back (a restored backup, a swapped folder), and must not sign again under its origin. As it is
//! written after the commit it never runs ahead of a store that tells the truth.
//!
//! The first mark after a start goes over the older of two slots, and is synced; all later ones go over the other slot. So
//! a kill loses nothing, and a loss of power, which may tear what was never synced, never takes both.
//!
//! The file is two slots of 16 KiB, each filled up with what was there before:
//! `magic "procside" ‖ format u32=1 ‖ sequence u64 ‖ size u64 ‖ length u32 ‖ checkpoint ‖ SHA-256 of all before`.
//!
//! spec: storage.md#side-file

use crate::disk::{Access, Disk, DiskFile, SystemDisk};
use crate::lock::lock;
use procura_core::{Size, hash};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const MAGIC: &[u8; 8] = b"procside";
const FORMAT: u32 = 1;
const SLOT_BYTES: usize = 16 << 10;
const HEAD_BYTES: usize = 32;
const SUM_BYTES: usize = 32;
/// How often a file that is being written is read again.
const PEEKS: usize = 5;

/// The longest checkpoint that a slot holds, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = SLOT_BYTES - HEAD_BYTES - SUM_BYTES;

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideMark {
    /// The size it was signed at.
    pub size: Size,
    /// Its note text.
    pub checkpoint: String,
}

/// Why the side file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SideError {
    /// The operating system failed. The commit before it is durable all the same.
    #[error("the side file {path}: {source}")]
    Io {
        /// The file's path.
        path: String,
        /// The system's own words.
        source: io::Error,
    },
    /// Both slots were written and neither can be read: what was last signed is not known from here. Compare the store with
    /// a witness or another copy of the last checkpoint, then remove the file.
    #[error(
        "the side file {path} is damaged in both slots: compare the store with a witnessed checkpoint, then remove the file"
    )]
    Damaged {
        /// The file's path.
        path: String,
    },
    /// The file was written by a version that this one does not know. Use that version.
    #[error(
        "the side file {path} is of format {found}, which this version does not know: use the version that wrote it"
    )]
    FormatUnknown {
        /// The file's path.
        path: String,
        /// The format that it says it is.
        found: u32,
    },
    /// The checkpoint is longer than a slot: the caller's fault; nothing was written.
    #[error("a checkpoint of {bytes} bytes does not fit the side file's {MAX_CHECKPOINT_BYTES}")]
    TooLong {
        /// The checkpoint's length.
        bytes: usize,
    },
}

impl SideError {
    /// The variant's stable name, for logs, metrics and tests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Damaged { .. } => "damaged",
            Self::FormatUnknown { .. } => "format_unknown",
            Self::TooLong { .. } => "too_long",
        }
    }
}

/// The side file, open.
#[derive(Debug)]
pub struct SideFile {
    path: PathBuf,
    state: Mutex<State>,
    torn: bool,
}

#[derive(Debug)]
struct State {
    file: DiskFile,
    last: Option<(u64, SideMark)>,
    /// The slot that is written next: not the one whose mark is durable.
    next: usize,
    /// Whether a mark was made durable since the file was opened.
    is_anchored: bool,
}

impl SideFile {
    /// Opens the side file, which is made if it is not there, and reads the newest mark that is whole.
    ///
    /// # Errors
    /// [`SideError::Damaged`] if marks were written and none can be read; [`SideError::FormatUnknown`];
    /// [`SideError::Io`].
    pub fn open(path: &Path) -> Result<Self, SideError> {
        Self::open_on(&SystemDisk, path)
    }

    /// [`open`](Self::open), on another disk than the machine's.
    ///
    /// # Errors
    /// As there.
    pub fn open_on(disk: &dyn Disk, path: &Path) -> Result<Self, SideError> {
        let io = |source| SideError::Io { path: path.display().to_string(), source };
        let file = disk.open(path, Access::Make).map_err(io)?;
        // One byte more than there can be: a longer file is none of ours.
        let length = file.len().map_err(io)?.min(2 * SLOT_BYTES as u64 + 1);
        if let (0, Some(folder)) = (length, path.parent()) {
            disk.sync_folder(folder).map_err(io)?;
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        file.read(0, &mut bytes).map_err(io)?;

        let (newest, torn) = newest(path, &bytes)?;
        let next = newest.as_ref().map_or(0, |(number, _, _)| 1 - number);
        let last = newest.map(|(_, sequence, mark)| (sequence, mark));
        let state = Mutex::new(State { file, last, next, is_anchored: false });
        Ok(Self { path: path.to_owned(), state, torn })
    }

    /// The newest mark of a file that perhaps a ledger writes just now; `None` if there is none. Changes nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn peek(path: &Path) -> Result<Option<SideMark>, SideError> {
        for _ in 0..PEEKS {
            let bytes = match std::fs::read(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                read => read.map_err(|source| SideError::Io { path: path.display().to_string(), source })?,
            };
            // A slot that is half written is whole a moment later.
            if let (found, false) = newest(path, &bytes)? {
                return Ok(found.map(|(_, _, mark)| mark));
            }
        }
        Err(SideError::Damaged { path: path.display().to_string() })
    }

    /// The newest mark; `None` if none was ever written whole.
    #[must_use]
    pub fn last(&self) -> Option<SideMark> {
        lock(&self.state).last.as_ref().map(|(_, mark)| mark.clone())
    }

    /// Whether a slot was found torn when the file was opened: the mark read may be the one before the last.
    #[must_use]
    pub fn was_torn(&self) -> bool {
        self.torn
    }

    /// Notes that `mark` was signed. Synced only the first time after opening: a kill of the process loses nothing, a loss
    /// of power may lose the marks after that one.
    ///
    /// # Errors
    /// [`SideError::TooLong`], [`SideError::Io`]; the mark before, or that of the start, stays readable.
    pub fn record(&self, mark: &SideMark) -> Result<(), SideError> {
        let bytes = mark.checkpoint.len();
        if bytes > MAX_CHECKPOINT_BYTES {
            return Err(SideError::TooLong { bytes });
        }
        let mut state = lock(&self.state);
        let sequence = state.last.as_ref().map_or(0, |(sequence, _)| sequence + 1);
        let start = (state.next * SLOT_BYTES) as u64;
        let slot = write_slot(sequence, mark);
        let written = state.file.write(start, &slot);
        let written = written.and_then(|()| if state.is_anchored { Ok(()) } else { state.file.sync_data() });
        written.map_err(|source| SideError::Io { path: self.path.display().to_string(), source })?;
        state.last = Some((sequence, mark.clone()));
        if !state.is_anchored {
            state.is_anchored = true;
            state.next = 1 - state.next;
        }
        Ok(())
    }
}

/// The number of the slot, the sequence and the mark that is newest, and whether a slot is torn.
type Newest = (Option<(usize, u64, SideMark)>, bool);

fn newest(path: &Path, bytes: &[u8]) -> Result<Newest, SideError> {
    let mut slots = bytes.chunks(SLOT_BYTES).take(2).map(read_slot);
    let slots = [slots.next().unwrap_or(Slot::Empty), slots.next().unwrap_or(Slot::Empty)];
    let torn = slots.iter().filter(|slot| matches!(slot, Slot::Torn)).count();
    let mut newest: Option<(usize, u64, SideMark)> = None;
    for (number, slot) in slots.into_iter().enumerate() {
        match slot {
            Slot::Empty | Slot::Torn => {}
            Slot::Unknown(found) => {
                return Err(SideError::FormatUnknown { path: path.display().to_string(), found });
            }
            Slot::Whole(sequence, mark) => {
                if newest.as_ref().is_none_or(|(_, other, _)| *other < sequence) {
                    newest = Some((number, sequence, mark));
                }
            }
        }
    }
    // The very first write torn leaves one torn slot and an empty one: no mark was ever whole.
    if newest.is_none() && (torn == 2 || bytes.len() > 2 * SLOT_BYTES) {
        return Err(SideError::Damaged { path: path.display().to_string() });
    }
    Ok((newest, torn > 0))
}

enum Slot {
    Empty,
    Torn,
    Unknown(u32),
    Whole(u64, SideMark),
}

fn write_slot(sequence: u64, mark: &SideMark) -> Vec<u8> {
    let mut slot = Vec::with_capacity(HEAD_BYTES + mark.checkpoint.len() + SUM_BYTES);
    slot.extend_from_slice(MAGIC);
    slot.extend_from_slice(&FORMAT.to_be_bytes());
    slot.extend_from_slice(&sequence.to_be_bytes());
    slot.extend_from_slice(&mark.size.0.to_be_bytes());
    // Checked against MAX_CHECKPOINT_BYTES before: it fits.
    slot.extend_from_slice(&(mark.checkpoint.len() as u32).to_be_bytes());
    slot.extend_from_slice(mark.checkpoint.as_bytes());
    let sum = hash::sha256(&[&slot]);
    slot.extend_from_slice(sum.as_bytes());
    slot
}

fn read_slot(slot: &[u8]) -> Slot {
    if slot.iter().all(|byte| *byte == 0) {
        return Slot::Empty;
    }
    // An unknown format may put its checksum elsewhere, so that it is believed when the magic before it is right.
    if let Some((head, _)) = slot.split_first_chunk::<12>()
        && let Some(format) = head.strip_prefix(MAGIC).and_then(|format| format.try_into().ok())
        && u32::from_be_bytes(format) != FORMAT
    {
        return Slot::Unknown(u32::from_be_bytes(format));
    }
    read_whole(slot).map_or(Slot::Torn, |(sequence, mark)| Slot::Whole(sequence, mark))
}

fn read_whole(slot: &[u8]) -> Option<(u64, SideMark)> {
    let rest = slot.strip_prefix(MAGIC)?;
    let (_, rest) = rest.split_first_chunk::<4>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (size, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (checkpoint, rest) = rest.split_at_checked(length)?;
    let (sum, _) = rest.split_first_chunk::<SUM_BYTES>()?;
    let summed = slot.get(..HEAD_BYTES + length)?;
    if hash::sha256(&[summed]).as_bytes() != sum {
        return None;
    }
    let checkpoint = String::from_utf8(checkpoint.to_vec()).ok()?;
    Some((u64::from_be_bytes(*sequence), SideMark { size: Size(u64::from_be_bytes(*size)), checkpoint }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_peek_sees_the_newest_mark_and_changes_nothing() {
        let (_folder, path) = file();
        assert_eq!(SideFile::peek(&path).unwrap(), None);
        assert!(!path.exists());
        let side = SideFile::open(&path).unwrap();
        for size in 1..5 {
            side.record(&mark(size)).unwrap();
            assert_eq!(SideFile::peek(&path).unwrap(), Some(mark(size)));
        }
        let mut bytes = fs::read(&path).unwrap();
        bytes[HEAD_BYTES] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(SideFile::peek(&path), Err(SideError::Damaged { .. })));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    fn mark(size: u64) -> SideMark {
        SideMark { size: Size(size), checkpoint: format!("example.org/log\n{size}\nroot\n\n— sig\n") }
    }

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("side");
        (folder, path)
    }

    /// The newest mark comes back, in the same process and after opening again, also where marks get shorter.
    #[test]
    fn the_newest_mark_comes_back() {
        let (_folder, path) = file();
        let side = SideFile::open(&path).unwrap();
        assert_eq!(side.last(), None);
        for size in [9_999_999, 3, 70, 4, 5] {
            side.record(&mark(size)).unwrap();
            assert_eq!(side.last(), Some(mark(size)));
            let again = SideFile::open(&path).unwrap();
            assert_eq!(again.last(), Some(mark(size)));
            assert!(!again.was_torn());
        }
        let longest = SideMark { size: Size(6), checkpoint: "x".repeat(MAX_CHECKPOINT_BYTES) };
        side.record(&longest).unwrap();
        side.record(&longest).unwrap();
        assert_eq!(SideFile::open(&path).unwrap().last(), Some(longest));
        let longer = SideMark { size: Size(7), checkpoint: "x".repeat(MAX_CHECKPOINT_BYTES + 1) };
        assert!(matches!(side.record(&longer), Err(SideError::TooLong { .. })));
        assert_eq!(side.last().unwrap().size, Size(6));
    }

    /// However a write is cut, and whichever bit of the newest slot flips, the mark of the start is read, and said to be a
    /// fallback.
    #[test]
    fn a_torn_slot_falls_back_to_the_mark_of_the_start() {
        let (_folder, path) = file();
        let side = SideFile::open(&path).unwrap();
        side.record(&mark(1)).unwrap();
        side.record(&mark(2)).unwrap();
        let before = fs::read(&path).unwrap();
        side.record(&mark(3)).unwrap();
        let after = fs::read(&path).unwrap();
        let length = write_slot(2, &mark(3)).len();
        assert_eq!(after.len(), SLOT_BYTES + length);
        for cut in 0..=length {
            // The third mark goes over the second: a cut write leaves the start of the new and the rest of the old.
            let torn = [&after[..SLOT_BYTES + cut], &before[SLOT_BYTES + cut..]].concat();
            fs::write(&path, torn).unwrap();
            let opened = SideFile::open(&path).unwrap();
            let expected = opened.last().unwrap();
            match cut {
                // Nothing of it, or its first bytes, which are those of the second.
                _ if fs::read(&path).unwrap() == before => assert_eq!(expected, mark(2), "cut at {cut}"),
                _ if cut == length => assert_eq!(expected, mark(3)),
                _ => assert_eq!((expected, opened.was_torn()), (mark(1), true), "cut at {cut}"),
            }
            opened.record(&mark(4)).unwrap();
            assert_eq!(SideFile::open(&path).unwrap().last(), Some(mark(4)));
        }
        for bit in (0..length * 8).filter(|bit| !(64..96).contains(bit)) {
            let mut damaged = after.clone();
            damaged[SLOT_BYTES + bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, damaged).unwrap();
            let opened = SideFile::open(&path).unwrap();
            assert_eq!((opened.last(), opened.was_torn()), (Some(mark(1)), true), "bit {bit}");
        }
    }

    /// Both slots damaged is an error, not a file without marks; a first write that was torn is one without.
    #[test]
    fn damage_in_both_slots_is_told() {
        let (_folder, path) = file();
        let side = SideFile::open(&path).unwrap();
        side.record(&mark(1)).unwrap();
        let one = fs::read(&path).unwrap();
        side.record(&mark(2)).unwrap();
        let mut damaged = fs::read(&path).unwrap();
        damaged[40] ^= 1;
        damaged[SLOT_BYTES + 40] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert!(matches!(SideFile::open(&path), Err(SideError::Damaged { .. })));
        fs::write(&path, &one[..20]).unwrap();
        let opened = SideFile::open(&path).unwrap();
        assert_eq!((opened.last(), opened.was_torn()), (None, true));
    }

    /// A later format is refused by its number.
    #[test]
    fn an_unknown_format_is_refused() {
        let (_folder, path) = file();
        SideFile::open(&path).unwrap().record(&mark(1)).unwrap();
        let mut later = fs::read(&path).unwrap();
        later[11] = 2;
        fs::write(&path, later).unwrap();
        assert!(matches!(SideFile::open(&path), Err(SideError::FormatUnknown { found: 2, .. })));
    }
}

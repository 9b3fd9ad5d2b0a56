//! What was erased, noted beside the backups: so that what is made of an older one lacks what was erased after it.
//!
//! A line says an erasure: which records, by their ids, which mean nothing to anybody; so the file need not expire with the backups.
//! It is written before the backup that it comes with has its name, and only ever at its end: what a crash leaves half written is no line,
//! and the next backup writes it anew.
//!
//! spec: storage.md#backup

use super::{BackupError, sync};
use crate::error::ReadError;
use crate::index::Rows;
use crate::search;
use crate::view::View;
use procura_core::kinds::Content;
use procura_core::{Hash, Index, Size};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Beside the backups.
pub(super) const FILE: &str = "erasures";
/// Begins each line: its format.
const FORMAT: &str = "v1";
/// How many erasures are looked up at a time.
const PAGE: usize = 64;

/// An erasure that was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) origin: String,
    pub(super) index: Index,
    pub(super) targets: Vec<Hash>,
}

impl Noted {
    fn line(&self) -> String {
        let targets: Vec<String> = self.targets.iter().map(Hash::to_string).collect();
        let said = format!("{FORMAT} {} {} {}", self.origin, self.index, targets.join(","));
        format!("{said} {:08x}\n", crc32fast::hash(said.as_bytes()))
    }

    fn parse(line: &str) -> Result<Self, &'static str> {
        let (said, sum) = line.rsplit_once(' ').ok_or("is damaged")?;
        if u32::from_str_radix(sum, 16) != Ok(crc32fast::hash(said.as_bytes())) {
            return Err("is damaged");
        }
        let [FORMAT, origin, index, targets] = said.split(' ').collect::<Vec<_>>()[..] else {
            return Err("is of a format that this version does not know");
        };
        let index = index.parse().map(Index).map_err(|_| "is damaged")?;
        let targets = targets.split(',').map(str::parse).collect::<Result<_, _>>();
        Ok(Self { origin: origin.to_owned(), index, targets: targets.map_err(|_| "is damaged")? })
    }
}

/// Whether a file is one of these, not a record or a receipt.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"v")
}

/// The lines of a file at `path`.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Noted>, BackupError> {
    let whole = bytes.get(..whole(bytes)).unwrap_or_default();
    let lines = whole.split_inclusive(|byte| *byte == b'\n').enumerate();
    let read = lines.map(|(n, line)| {
        let line = std::str::from_utf8(line).map_err(|_| "is damaged");
        line.and_then(|line| Noted::parse(line.trim_end_matches('\n'))).map_err(|what| {
            let what = format!("its line {} {what}", n + 1);
            BackupError::NotAnErasure { path: path.to_owned(), what }
        })
    });
    read.collect()
}

/// How many of the bytes are whole lines.
fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
}

/// What is noted in a folder of backups; `None` if nothing ever was.
pub(super) fn read(folder: &Path) -> Result<Option<Vec<Noted>>, BackupError> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => parse(&path, &bytes).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BackupError::io(path.display())(error)),
    }
}

/// Notes, durably, what a ledger has erased since it was noted last.
pub(super) fn note(folder: &Path, view: &View) -> Result<(), BackupError> {
    let path = folder.join(FILE);
    let known = read(folder)?;
    let of_this = known.iter().flatten().filter(|noted| noted.origin == view.origin());
    let from = of_this.map(|noted| Size(noted.index.0 + 1)).max().unwrap_or(Size(0));
    let lines: String = since(view, from)?.iter().map(Noted::line).collect();
    if known.is_some() && lines.is_empty() {
        return Ok(());
    }
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).read(true).mode(0o600).open(&path)?;
        file.set_len(whole(&fs::read(&path)?) as u64)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()
    };
    write().map_err(BackupError::io(format!("writing {}", path.display())))?;
    sync(folder)
}

/// The erasures that were logged at `from` or behind, oldest first.
fn since(view: &View, from: Size) -> Result<Vec<Noted>, ReadError> {
    let (mut found, mut after) = (Vec::new(), None::<Vec<u8>>);
    'older: loop {
        let page = view.head.snapshot.range(&search::erasures_prefix(), after.as_deref(), PAGE)?;
        for (_, row) in &page {
            // An erasure is never erased itself.
            let Some(erasure) = view.record(&search::id_of(row)?)? else { continue };
            let index = erasure.logged.index;
            if index.0 < from.0 {
                break 'older;
            }
            if let Some(opened) = &erasure.logged.opened
                && let Content::Erasure(erasure) = opened.record.content()
            {
                let (origin, targets) = (view.origin().to_owned(), erasure.targets.clone());
                found.push(Noted { origin, index, targets });
            }
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => after = Some(key.to_vec()),
            _ => break,
        }
    }
    found.reverse();
    Ok(found)
}

/// What was erased in a ledger of `origin` from `size` on.
pub(super) fn targets<'a>(noted: &'a [Noted], origin: &'a str, size: Size) -> BTreeSet<Hash> {
    let later = noted.iter().filter(move |one| one.origin == origin && one.index.0 >= size.0);
    later.flat_map(|one| one.targets.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: a line is read as it was written or not at all, and half a line is none. Method: each bit of one flipped, each end cut off.

    use super::*;

    #[test]
    fn a_line_is_as_it_was_written_or_an_error() {
        let noted = Noted {
            origin: "example.org/ledger".to_owned(),
            index: Index(7),
            targets: vec![Hash([1; 32]), Hash([2; 32])],
        };
        let (line, path) = (noted.line(), Path::new("erasures"));
        assert_eq!(parse(path, line.as_bytes()).unwrap(), std::slice::from_ref(&noted));
        assert!(is_one(line.as_bytes()) && !is_one(b"{\"v\":1}") && !is_one(b"eyJhbGciOiJFZERTQSJ9.e.s"));
        for n in 0..line.len() - 1 {
            for bit in 0..8 {
                let mut bytes = line.clone().into_bytes();
                bytes[n] ^= 1 << bit;
                // A sum may be written in capitals: the same sum.
                let read = parse(path, &bytes);
                assert!(read.is_err() || read.unwrap() == [noted.clone()], "byte {n}, bit {bit}");
            }
            assert_eq!(parse(path, &line.as_bytes()[..n]).unwrap(), [], "half a line");
        }
        let later = noted.line().replacen("v1", "v2", 1);
        let (said, _) = later.trim_end().rsplit_once(' ').unwrap();
        let later = format!("{said} {:08x}\n", crc32fast::hash(said.as_bytes()));
        assert!(parse(path, later.as_bytes()).unwrap_err().to_string().contains("format"));
    }
}

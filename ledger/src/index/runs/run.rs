//! A run: rows in the order of their keys, in a file that never changes.
//!
//! ```text
//! run      (block… | filter | guide)… | top | footer
//! block    rows
//! guide    of each of the blocks before it: as much of its first key as tells it from the key before, its place
//! filter   of the same blocks (see `filter`)
//! top      of each guide: its first key, the place of guide and filter
//! footer   "procurun" | run number u64 | rows u64 | the place of top
//! place    offset u64 | length u32
//! ```
//!
//! Each of these parts has its checksum (see `block`). Only `top` is always in memory: about a hundred bytes for half a megabyte.

use super::block::{self, Block};
use super::cache::{Part, ReadCache};
use super::filter;
use crate::search;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const MAGIC: &[u8; 8] = b"procurun";
pub(super) const FOOTER_BYTES: usize = 8 + 8 + 8 + PLACE_BYTES + 4;
const PLACE_BYTES: usize = 12;

/// Where a part stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u32,
}

impl Place {
    pub(super) fn encode(self) -> [u8; PLACE_BYTES] {
        let mut bytes = [0; PLACE_BYTES];
        let parts = self.offset.to_be_bytes().into_iter().chain(self.length.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (offset, rest) = bytes.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let place = Self { offset: u64::from_be_bytes(*offset), length: u32::from_be_bytes(*length) };
        Some((place, rest))
    }
}

/// A run, open for reading.
pub(super) struct Run {
    path: PathBuf,
    file: File,
    pub(super) number: u64,
    pub(super) bytes: u64,
    top: Block,
}

/// Why a run could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {what}", path.display())]
    Damaged { path: PathBuf, what: &'static str },
}

impl Run {
    pub(super) fn open(path: &Path, number: u64, bytes: u64) -> Result<Self, RunError> {
        let io = |source| RunError::Io { path: path.to_owned(), source };
        let damaged = |what| RunError::Damaged { path: path.to_owned(), what };
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.len() != bytes {
            return Err(damaged("it is not as long as it was written"));
        }
        let top = Block::new(Vec::from([0; 4])).ok_or_else(|| damaged("it is no run"))?;
        let mut run = Self { path: path.to_owned(), file, number, bytes, top };
        let offset = bytes.checked_sub(FOOTER_BYTES as u64).ok_or_else(|| run.damaged("it is too short"))?;
        let footer = run.part(Place { offset, length: FOOTER_BYTES as u32 })?;
        let place = footer.strip_prefix(MAGIC).and_then(|rest| rest.get(16..)).and_then(Place::decode);
        let (place, _) = place.ok_or_else(|| run.damaged("it is no run"))?;
        run.top = Block::new(run.part(place)?).ok_or_else(|| run.damaged("its top is no block"))?;
        Ok(run)
    }

    fn damaged(&self, what: &'static str) -> RunError {
        RunError::Damaged { path: self.path.clone(), what }
    }

    /// The bytes of a part, its checksum checked and taken off.
    fn part(&self, place: Place) -> Result<Vec<u8>, RunError> {
        let end = place.offset.checked_add(place.length.into()).filter(|end| *end <= self.bytes);
        let length = end.and_then(|_| usize::try_from(place.length).ok());
        let mut bytes = vec![0; length.ok_or_else(|| self.damaged("a part lies outside it"))?];
        let read = self.file.read_exact_at(&mut bytes, place.offset);
        read.map_err(|source| RunError::Io { path: self.path.clone(), source })?;
        if block::open(self.number, place.offset, &mut bytes) {
            Ok(bytes)
        } else {
            Err(self.damaged("a part is damaged"))
        }
    }

    fn block(&self, place: Place) -> Result<Block, RunError> {
        Block::new(self.part(place)?).ok_or_else(|| self.damaged("a part is no block"))
    }

    fn kept_block(&self, place: Place, cache: &ReadCache) -> Result<Arc<Block>, RunError> {
        if let Some(Part::Rows(block)) = cache.part(self.number, place.offset) {
            return Ok(block);
        }
        let block = Arc::new(self.block(place)?);
        cache.keep_part(self.number, place.offset, Part::Rows(Arc::clone(&block)));
        Ok(block)
    }

    fn block_by(&self, place: Place, cache: Option<&ReadCache>) -> Result<Arc<Block>, RunError> {
        match cache {
            Some(cache) => self.kept_block(place, cache),
            None => self.block(place).map(Arc::new),
        }
    }

    fn filter(&self, place: Place, cache: &ReadCache) -> Result<Arc<[u8]>, RunError> {
        if let Some(Part::Filter(filter)) = cache.part(self.number, place.offset) {
            return Ok(filter);
        }
        let filter: Arc<[u8]> = self.part(place)?.into();
        cache.keep_part(self.number, place.offset, Part::Filter(Arc::clone(&filter)));
        Ok(filter)
    }

    /// The places of guide and filter number `n`.
    fn guide(&self, n: usize) -> Result<(Place, Place), RunError> {
        let places = self.top.row(n).and_then(|(_, value)| Place::decode(value));
        let places = places.and_then(|(guide, rest)| Some((guide, Place::decode(rest)?.0)));
        places.ok_or_else(|| self.damaged("a place is none"))
    }

    /// The row under `key`, whose hash is `hash`.
    pub(super) fn get(
        &self,
        key: &[u8],
        hash: u64,
        cache: &ReadCache,
    ) -> Result<Option<Arc<[u8]>>, RunError> {
        let Some(guide) = self.top.before(key, true).checked_sub(1) else { return Ok(None) };
        let (guide, filter) = self.guide(guide)?;
        if !filter::may_hold(&self.filter(filter, cache)?, hash) {
            return Ok(None);
        }
        if let Some(row) = cache.row(self.number, key) {
            return Ok(Some(row));
        }
        let guide = self.kept_block(guide, cache)?;
        let Some(block) = guide.before(key, true).checked_sub(1) else { return Ok(None) };
        let place = self.place(&guide, block)?;
        let row: Option<Arc<[u8]>> = self.kept_block(place, cache)?.get(key).map(Arc::from);
        if let Some(row) = &row {
            cache.keep_row(self.number, key, Arc::clone(row));
        }
        Ok(row)
    }

    fn place(&self, guide: &Block, n: usize) -> Result<Place, RunError> {
        let place = guide.row(n).and_then(|(_, value)| Place::decode(value));
        place.map(|(place, _)| place).ok_or_else(|| self.damaged("a place is none"))
    }

    /// Whether there may be rows whose keys start with `prefix`, as far as that can be told without reading any.
    pub(super) fn may_hold_range(&self, prefix: &[u8], cache: &ReadCache) -> Result<bool, RunError> {
        let next = self.top.before(prefix, true);
        if !search::is_asked(prefix) || self.top.row(next).is_some_and(|(first, _)| first.starts_with(prefix))
        {
            return Ok(true);
        }
        let Some(guide) = next.checked_sub(1) else { return Ok(false) };
        let (_, filter) = self.guide(guide)?;
        Ok(filter::may_hold(&self.filter(filter, cache)?, filter::hash(prefix)))
    }

    /// The rows from `from` on, that one left out where `after`. Where the walk begins is read through `cache`, if one is given: most
    /// end there. What follows is read past it: a walk through all would empty it.
    pub(super) fn walk(
        self: &Arc<Self>,
        from: &[u8],
        after: bool,
        cache: Option<&ReadCache>,
    ) -> Result<Walk, RunError> {
        let guide = self.top.before(from, true).saturating_sub(1);
        let mut walk = Walk {
            run: Arc::clone(self),
            next_guide: guide,
            guide: None,
            next_block: 0,
            block: None,
            next: 0,
        };
        walk.load_guide(cache)?;
        if let Some(guide) = &walk.guide {
            walk.next_block = guide.before(from, true).saturating_sub(1);
        }
        walk.load_block(cache)?;
        if let Some(block) = &walk.block {
            walk.next = block.before(from, after);
        }
        if walk.row().is_none() {
            walk.load_block(cache)?;
        }
        Ok(walk)
    }
}

/// A walk through a run, standing at a row or at the end.
pub(super) struct Walk {
    run: Arc<Run>,
    next_guide: usize,
    guide: Option<Arc<Block>>,
    next_block: usize,
    block: Option<Arc<Block>>,
    next: usize,
}

impl Walk {
    /// The row that it stands at.
    pub(super) fn row(&self) -> Option<(&[u8], &[u8])> {
        self.block.as_ref()?.row(self.next)
    }

    /// Goes to the next row.
    pub(super) fn advance(&mut self) -> Result<(), RunError> {
        self.next += 1;
        let is_through = self.block.as_ref().is_some_and(|block| self.next >= block.count());
        if is_through { self.load_block(None) } else { Ok(()) }
    }

    fn load_guide(&mut self, cache: Option<&ReadCache>) -> Result<(), RunError> {
        self.guide = None;
        self.next_block = 0;
        if self.next_guide < self.run.top.count() {
            let (guide, _) = self.run.guide(self.next_guide)?;
            self.guide = Some(self.run.block_by(guide, cache)?);
            self.next_guide += 1;
        }
        Ok(())
    }

    fn load_block(&mut self, cache: Option<&ReadCache>) -> Result<(), RunError> {
        self.block = None;
        self.next = 0;
        if self.guide.as_ref().is_some_and(|guide| self.next_block >= guide.count()) {
            self.load_guide(cache)?;
        }
        if let Some(guide) = &self.guide {
            let place = self.run.place(guide, self.next_block)?;
            self.block = Some(self.run.block_by(place, cache)?);
            self.next_block += 1;
        }
        Ok(())
    }
}

/// Walks as one: rows in order, of equal keys that of the newest run.
pub(super) struct Merge {
    /// The newest first.
    walks: Vec<Walk>,
    newest: Option<usize>,
}

impl Merge {
    pub(super) fn new(walks: Vec<Walk>) -> Self {
        let mut merge = Self { walks, newest: None };
        merge.choose();
        merge
    }

    /// Chooses the walk that stands at the lowest key; the newest of several.
    fn choose(&mut self) {
        let rows = self.walks.iter().enumerate().filter_map(|(place, walk)| Some((place, walk.row()?.0)));
        self.newest = rows.min_by(|(_, one), (_, other)| one.cmp(other)).map(|(place, _)| place);
    }

    /// The row that it stands at; `None` at the end.
    pub(super) fn row(&self) -> Option<(&[u8], &[u8])> {
        self.walks.get(self.newest?)?.row()
    }

    /// Goes to the next key.
    pub(super) fn advance(&mut self) -> Result<(), RunError> {
        let Some(newest) = self.newest else { return Ok(()) };
        let (before, from) = self.walks.split_at_mut(newest + 1);
        let Some(chosen) = before.last_mut() else { return Ok(()) };
        // Older rows of the same key.
        for walk in from {
            if let (Some((key, _)), Some((own, _))) = (chosen.row(), walk.row())
                && key == own
            {
                walk.advance()?;
            }
        }
        chosen.advance()?;
        self.choose();
        Ok(())
    }
}

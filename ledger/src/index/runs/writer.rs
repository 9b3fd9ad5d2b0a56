//! Writing a run.

use super::block::{self, BlockWriter};
use super::filter;
use super::run::{FOOTER_BYTES, MAGIC, Place};
use crate::search;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// From how many bytes of rows on a block is full: what one read of a row costs.
const BLOCK_BYTES: usize = 4096;
/// How many blocks share a guide and a filter.
const GUIDE_BLOCKS: usize = 128;
const BUFFER_BYTES: usize = 256 << 10;
/// After how many bytes what was written is brought to the disk: all of a large run at once would keep the disk from the
/// store's commits, which somebody waits for.
const SYNC_BYTES: u64 = 4 << 20;

/// A run in the making.
pub(super) struct RunWriter {
    number: u64,
    file: BufWriter<File>,
    offset: u64,
    /// How far it was brought to the disk.
    synced: u64,
    rows: BlockWriter,
    guide: BlockWriter,
    guided: usize,
    /// From which key on the block in the making is.
    from: Vec<u8>,
    /// The first key of what the guide in the making guides through.
    first: Vec<u8>,
    /// The last key written.
    last: Vec<u8>,
    top: BlockWriter,
    hashes: Vec<u64>,
    count: u64,
}

impl RunWriter {
    pub(super) fn create(path: &Path, number: u64) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
        Ok(Self {
            number,
            file,
            offset: 0,
            synced: 0,
            rows: BlockWriter::default(),
            guide: BlockWriter::default(),
            guided: 0,
            from: Vec::new(),
            first: Vec::new(),
            last: Vec::new(),
            top: BlockWriter::default(),
            hashes: Vec::new(),
            count: 0,
        })
    }

    /// Adds a row, whose key is greater than all before.
    pub(super) fn push(&mut self, key: &[u8], row: &[u8]) -> io::Result<()> {
        self.hashes.push(filter::hash(key));
        if let Some(asked) = search::asked_by(key) {
            self.hashes.push(filter::hash(asked));
        }
        if self.rows.is_empty() {
            self.begin_block(key);
        }
        self.rows.push(key, &[row]);
        self.last.clear();
        self.last.extend_from_slice(key);
        self.count += 1;
        if self.rows.len() >= BLOCK_BYTES { self.end_block() } else { Ok(()) }
    }

    /// Notes where a block begins: as much of its first key as tells it from the key before.
    fn begin_block(&mut self, key: &[u8]) {
        let shared = key.iter().zip(&self.last).take_while(|(own, last)| own == last).count();
        self.from = key.get(..=shared).unwrap_or(key).to_vec();
        if self.guided == 0 {
            self.first = key.to_vec();
        }
    }

    fn end_block(&mut self) -> io::Result<()> {
        let block = self.rows.take();
        let place = self.write(block)?;
        self.guide.push(&self.from, &[&place.encode()]);
        self.guided += 1;
        if self.guided == GUIDE_BLOCKS { self.end_guide() } else { Ok(()) }
    }

    fn end_guide(&mut self) -> io::Result<()> {
        let filter = filter::encode(&self.hashes);
        self.hashes.clear();
        self.guided = 0;
        let filter = self.write(filter)?;
        let guide = self.guide.take();
        let guide = self.write(guide)?;
        self.top.push(&self.first, &[&guide.encode(), &filter.encode()]);
        Ok(())
    }

    fn write(&mut self, mut bytes: Vec<u8>) -> io::Result<Place> {
        block::seal(self.number, self.offset, &mut bytes);
        self.file.write_all(&bytes)?;
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let place = Place { offset: self.offset, length };
        self.offset += u64::from(length);
        if self.offset - self.synced >= SYNC_BYTES {
            self.file.flush()?;
            self.file.get_ref().sync_data()?;
            self.synced = self.offset;
        }
        Ok(place)
    }

    /// Ends the run, durably; how many bytes it has.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        if !self.rows.is_empty() {
            self.end_block()?;
        }
        if !self.guide.is_empty() {
            self.end_guide()?;
        }
        let top = self.top.take();
        let top = self.write(top)?;
        let mut footer = Vec::with_capacity(FOOTER_BYTES);
        footer.extend_from_slice(MAGIC);
        footer.extend_from_slice(&self.number.to_be_bytes());
        footer.extend_from_slice(&self.count.to_be_bytes());
        footer.extend_from_slice(&top.encode());
        self.write(footer)?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(self.offset)
    }
}

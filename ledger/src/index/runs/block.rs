//! A block: some rows in order, with a checksum; what is read from a file at once.
//!
//! ```text
//! block   row… | n × u32 where each row starts | n u32 | crc32 u32
//! row     key length u16 | key | value
//! ```
//!
//! The checksum binds a block to its run and its place there: a block that stands elsewhere than it was written to is damage.

const CRC_BYTES: usize = 4;

/// `payload` with its checksum behind it, as the block of run `run` at `offset`.
pub(super) fn seal(run: u64, offset: u64, payload: &mut Vec<u8>) {
    let sum = crc(run, offset, payload);
    payload.extend_from_slice(&sum);
}

/// Takes the checksum off; `false` if it is not that of this place and payload.
pub(super) fn open(run: u64, offset: u64, block: &mut Vec<u8>) -> bool {
    let Some(length) = block.len().checked_sub(CRC_BYTES) else { return false };
    let sum = block.split_off(length);
    sum == crc(run, offset, block)
}

fn crc(run: u64, offset: u64, payload: &[u8]) -> [u8; CRC_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&run.to_be_bytes());
    hasher.update(&offset.to_be_bytes());
    hasher.update(payload);
    hasher.finalize().to_be_bytes()
}

/// A block in the making.
#[derive(Debug, Default)]
pub(super) struct BlockWriter {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl BlockWriter {
    /// Adds a row behind those there are. Keys are shorter than 64 KiB.
    pub(super) fn push(&mut self, key: &[u8], value: &[&[u8]]) {
        self.starts.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.bytes.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.bytes.extend_from_slice(key);
        value.iter().for_each(|part| self.bytes.extend_from_slice(part));
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The block without its checksum, after which the writer starts the next.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let count = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        self.starts.drain(..).for_each(|start| bytes.extend_from_slice(&start.to_be_bytes()));
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes
    }
}

/// A row that starts the bytes, up to their end.
fn row(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// A block whose checksum was right.
#[derive(Debug)]
pub(super) struct Block {
    bytes: Vec<u8>,
    count: usize,
    /// Where the rows end and their starts begin.
    rows: usize,
}

impl Block {
    /// `None` if the bytes, their checksum taken off, are none.
    pub(super) fn new(bytes: Vec<u8>) -> Option<Self> {
        let count = u32::from_be_bytes(*bytes.last_chunk::<4>()?);
        let count = usize::try_from(count).ok()?;
        let rows = bytes.len().checked_sub(4)?.checked_sub(count.checked_mul(4)?)?;
        Some(Self { bytes, count, rows })
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.len()
    }

    /// The row at place `n`.
    pub(super) fn row(&self, n: usize) -> Option<(&[u8], &[u8])> {
        let from = self.start(n)?;
        let to = if n + 1 == self.count { self.rows } else { self.start(n + 1)? };
        row(self.bytes.get(from..to)?)
    }

    fn key(&self, n: usize) -> Option<&[u8]> {
        let (length, rest) = self.bytes.get(self.start(n)?..self.rows)?.split_first_chunk::<2>()?;
        rest.get(..u16::from_be_bytes(*length).into())
    }

    fn start(&self, n: usize) -> Option<usize> {
        let place = self.rows + n * 4;
        let start = self.bytes.get(place..place + 4)?.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes(*start)).ok().filter(|_| n < self.count)
    }

    /// How many rows there are whose key is before `key`, or is `key` where `or_equal`.
    pub(super) fn before(&self, key: &[u8], or_equal: bool) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let is_before = self.key(middle).is_some_and(|own| own < key || (or_equal && own == key));
            if is_before { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The value under `key`.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.row(self.before(key, false)).filter(|(own, _)| *own == key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(Vec<u8>, Vec<u8>)> {
        (0..40u8)
            .map(|n| (vec![n; usize::from(n % 5)], vec![n; usize::from(n)]))
            .filter(|(key, _)| !key.is_empty())
            .collect()
    }

    fn block() -> Vec<u8> {
        let mut writer = BlockWriter::default();
        rows().iter().for_each(|(key, value)| writer.push(key, &[value]));
        writer.take()
    }

    /// Every row is found by key and by place, and no key that is not there.
    #[test]
    fn rows_come_back() {
        let block = Block::new(block()).unwrap();
        assert_eq!(block.count(), rows().len());
        for (n, (key, value)) in rows().iter().enumerate() {
            assert_eq!(block.row(n), Some((&key[..], &value[..])));
            assert_eq!(block.get(key), Some(&value[..]));
            assert_eq!((block.before(key, false), block.before(key, true)), (n, n + 1));
        }
        assert_eq!((block.get(&[1, 1]), block.get(&[]), block.row(99)), (None, None, None));
    }

    /// A block opens at its own place only; no flipped bit goes unseen.
    #[test]
    fn a_block_opens_only_as_it_was_sealed() {
        let mut sealed = block();
        seal(3, 4096, &mut sealed);
        let opens = |run, offset, mut bytes: Vec<u8>| open(run, offset, &mut bytes) && bytes == block();
        assert!(opens(3, 4096, sealed.clone()));
        assert!(!opens(4, 4096, sealed.clone()) && !opens(3, 0, sealed.clone()));
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(3, 4096, damaged), "bit {bit}");
        }
        assert!((0..sealed.len()).all(|end| !opens(3, 4096, sealed[..end].to_vec())));
    }

    /// Bytes that were sealed but are no block never panic.
    #[test]
    fn nonsense_is_no_block() {
        for bytes in [&[][..], &[0, 0, 0, 1], &[255; 12]] {
            assert!(Block::new(bytes.to_vec()).is_none());
        }
        let wild = Block::new([&[0; 8][..], &[0, 0, 0, 9], &[0, 0, 0, 1]].concat()).unwrap();
        assert_eq!((wild.row(0), wild.get(b"x")), (None, None));
    }
}

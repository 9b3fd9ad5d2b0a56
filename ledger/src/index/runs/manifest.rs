//! Which runs there are, and what they stand at together.
//!
//! ```text
//! layout u32=3 | row format u32 | size u64 | map root[32] | origin length u16 | origin | next number u64 | n u32
//!   | n × (run number u64 | bytes u64) | crc32 of all before
//! ```
//!
//! It is replaced whole, by a rename: so rows and mark go together, and a crash leaves the one before or this.

use super::super::Mark;
use procura_core::{Hash, Size};

/// The version of this layout and of the runs'; rows have a version of their own.
const LAYOUT: u32 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) mark: Mark,
    /// The number of the next run.
    pub(super) next: u64,
    /// The runs, the oldest first: number and bytes.
    pub(super) runs: Vec<(u64, u64)>,
}

/// Why bytes are no manifest of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoManifest {
    Damaged,
    Layout(u32),
}

impl Manifest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Mark { size, root, format, origin } = &self.mark;
        let mut out = [LAYOUT.to_be_bytes(), format.to_be_bytes()].concat();
        out.extend_from_slice(&size.0.to_be_bytes());
        out.extend_from_slice(root.as_bytes());
        out.extend_from_slice(&u16::try_from(origin.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(origin.as_bytes());
        out.extend_from_slice(&self.next.to_be_bytes());
        out.extend_from_slice(&u32::try_from(self.runs.len()).unwrap_or(u32::MAX).to_be_bytes());
        for (number, bytes) in &self.runs {
            out.extend_from_slice(&number.to_be_bytes());
            out.extend_from_slice(&bytes.to_be_bytes());
        }
        let sum = crc32fast::hash(&out);
        out.extend_from_slice(&sum.to_be_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NoManifest> {
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(NoManifest::Damaged)?;
        if crc32fast::hash(body) != u32::from_be_bytes(*sum) {
            return Err(NoManifest::Damaged);
        }
        let (layout, rest) = body.split_first_chunk::<4>().ok_or(NoManifest::Damaged)?;
        let layout = u32::from_be_bytes(*layout);
        if layout == LAYOUT { read(rest).ok_or(NoManifest::Damaged) } else { Err(NoManifest::Layout(layout)) }
    }
}

fn read(rest: &[u8]) -> Option<Manifest> {
    let (format, rest) = rest.split_first_chunk::<4>()?;
    let (size, rest) = rest.split_first_chunk::<8>()?;
    let (root, rest) = rest.split_first_chunk::<32>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (origin, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    let (next, rest) = rest.split_first_chunk::<8>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let (runs, []) = rest.as_chunks::<16>() else { return None };
    let number = |bytes: &[u8]| bytes.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes));
    let runs: Vec<_> =
        runs.iter().map(|run| Some((number(run)?, number(run.get(8..)?)?))).collect::<Option<_>>()?;
    let mark = Mark {
        size: Size(u64::from_be_bytes(*size)),
        root: Hash(*root),
        format: u32::from_be_bytes(*format),
        origin: String::from_utf8(origin.to_vec()).ok()?,
    };
    let is_whole = u32::try_from(runs.len()) == Ok(u32::from_be_bytes(*count));
    is_whole.then_some(Manifest { mark, next: u64::from_be_bytes(*next), runs })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest comes back; none that is cut, longer or flipped does.
    #[test]
    fn a_manifest_is_whole_or_none() {
        let mark = Mark { size: Size(7), root: Hash([3; 32]), format: 5, origin: "example.org/log".into() };
        let manifest = Manifest { mark, next: 9, runs: vec![(1, 100), (8, 20)] };
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(&bytes), Ok(manifest));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Manifest::decode(&damaged), Err(NoManifest::Damaged), "bit {bit}");
        }
        assert!((0..bytes.len()).all(|end| Manifest::decode(&bytes[..end]).is_err()));
        let mut later = bytes[..bytes.len() - 4].to_vec();
        later[3] = 9;
        let sum = crc32fast::hash(&later).to_be_bytes();
        assert_eq!(Manifest::decode(&[&later[..], &sum].concat()), Err(NoManifest::Layout(9)));
    }
}

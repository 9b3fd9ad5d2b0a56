//! Entry bundles: each entry with its length in front.

use super::TILE_WIDTH;

/// A bundle could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is longer than two bytes can say.
    #[error("an entry of {bytes} bytes is over the 65,535 that a bundle can hold")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
    },
    /// A bundle holds 1 to 256 entries.
    #[error("a bundle cannot hold {entries} entries")]
    Width {
        /// How many it should hold.
        entries: usize,
    },
    /// The bytes end inside an entry.
    #[error("the bundle ends inside its entry {entry}")]
    Truncated {
        /// Which entry, from 0.
        entry: usize,
    },
    /// Fewer entries than the tile's width.
    #[error("the bundle holds {found} entries instead of {wanted}")]
    MissingEntry {
        /// The tile's width.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// Bytes follow the last entry.
    #[error("{bytes} bytes follow the last of the bundle's {wanted} entries")]
    SurplusBytes {
        /// The tile's width.
        wanted: usize,
        /// How many bytes follow.
        bytes: usize,
    },
}

impl BundleError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EntryTooLong { .. } => "entry_too_long",
            Self::Width { .. } => "bundle_width",
            Self::Truncated { .. } => "bundle_truncated",
            Self::MissingEntry { .. } => "bundle_missing_entry",
            Self::SurplusBytes { .. } => "bundle_surplus",
        }
    }
}

/// The bytes of a bundle: `u16be length ‖ entry`, repeated.
///
/// # Errors
/// [`BundleError`]: `Width`, `EntryTooLong`.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BundleError> {
    expect_width(entries.len())?;
    let mut bytes = Vec::new();
    for entry in entries.iter().map(AsRef::as_ref) {
        let length =
            u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong { bytes: entry.len() })?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// The `width` entries of a bundle's bytes. They are to be hashed and compared with the level 0 tile.
///
/// # Errors
/// [`BundleError`]: `Width`, `Truncated`, `MissingEntry`, `SurplusBytes`.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let wanted = usize::from(width);
    expect_width(wanted)?;
    let mut entries = Vec::with_capacity(wanted);
    let mut rest = bytes;
    for entry in 0..wanted {
        if rest.is_empty() {
            return Err(BundleError::MissingEntry { wanted, found: entry });
        }
        let truncated = BundleError::Truncated { entry };
        let Some((length, tail)) = rest.split_first_chunk::<2>() else { return Err(truncated) };
        let Some((body, tail)) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            return Err(truncated);
        };
        entries.push(body);
        rest = tail;
    }
    match rest.len() {
        0 => Ok(entries),
        bytes => Err(BundleError::SurplusBytes { wanted, bytes }),
    }
}

fn expect_width(entries: usize) -> Result<(), BundleError> {
    if entries == 0 || entries as u64 > TILE_WIDTH {
        return Err(BundleError::Width { entries });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_reads_back() {
        let entries: [&[u8]; 3] = [b"one", b"", &[7; 65_535]];
        let bytes = encode_bundle(&entries).unwrap();
        assert_eq!(bytes[..7], [0, 3, b'o', b'n', b'e', 0, 0]);
        assert_eq!(decode_bundle(&bytes, 3).unwrap(), entries);
    }

    #[test]
    fn every_other_length_is_refused() {
        let bytes = encode_bundle(&["one", "three"]).unwrap();
        for end in 0..bytes.len() {
            let name = decode_bundle(&bytes[..end], 2).unwrap_err().name();
            let boundary = end == 0 || end == 5;
            assert_eq!(name, if boundary { "bundle_missing_entry" } else { "bundle_truncated" });
        }
        assert_eq!(decode_bundle(&bytes, 1), Err(BundleError::SurplusBytes { wanted: 1, bytes: 7 }));
        assert_eq!(decode_bundle(&bytes, 3), Err(BundleError::MissingEntry { wanted: 3, found: 2 }));
        assert_eq!(decode_bundle(&bytes, 0), Err(BundleError::Width { entries: 0 }));
        assert_eq!(decode_bundle(&bytes, 257), Err(BundleError::Width { entries: 257 }));
        assert_eq!(encode_bundle(&[[0; 65_536]]), Err(BundleError::EntryTooLong { bytes: 65_536 }));
        assert_eq!(encode_bundle::<Vec<u8>>(&[]), Err(BundleError::Width { entries: 0 }));
        assert_eq!(encode_bundle(&[[]; 257]), Err(BundleError::Width { entries: 257 }));
    }
}

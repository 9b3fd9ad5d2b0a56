//! Rows that carry a checksum bound to their table and key.
//!
//! redb verifies its page checksums only when it repairs a file; an ordinary read of a flipped bit serves it. The
//! CRC tells damage, not malice: whoever can write the files can recompute it, and is caught by the signed tree.
//!
//! Layout: `payload ‖ crc32(table u8 ‖ key ‖ payload) u32`, CRC-32/ISO-HDLC, big-endian.

const CRC_BYTES: usize = 4;

fn crc(table: u8, key: &[u8], payload: &[u8]) -> [u8; CRC_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[table]);
    hasher.update(key);
    hasher.update(payload);
    hasher.finalize().to_be_bytes()
}

/// `payload` with its checksum behind it.
pub(crate) fn seal(table: u8, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(payload.len() + CRC_BYTES);
    row.extend_from_slice(payload);
    row.extend_from_slice(&crc(table, key, payload));
    row
}

/// The payload of a row, or `None` if the checksum is not that of this table, key and payload.
pub(crate) fn open<'a>(table: u8, key: &[u8], row: &'a [u8]) -> Option<&'a [u8]> {
    let (payload, sum) = row.split_at_checked(row.len().checked_sub(CRC_BYTES)?)?;
    (sum == crc(table, key, payload)).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row opens under its own table and key only, and no flipped bit or lost byte goes unseen.
    #[test]
    fn a_row_opens_only_as_it_was_sealed() {
        let row = seal(1, b"key", b"payload");
        assert_eq!(open(1, b"key", &row), Some(&b"payload"[..]));
        assert_eq!(open(2, b"key", &row), None);
        assert_eq!(open(1, b"kez", &row), None);
        for bit in 0..row.len() * 8 {
            let mut damaged = row.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(1, b"key", &damaged), None, "bit {bit}");
        }
        for length in 0..row.len() {
            assert_eq!(open(1, b"key", &row[..length]), None, "length {length}");
        }
    }
}

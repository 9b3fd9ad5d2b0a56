//! What the fuzz targets of `tests/fuzzing` reach of this crate's own rows. Not there in any other build.

use crate::vault::VaultRow;

/// Whether every reader of a stored row's bytes takes `payload` only for something that it is written back from.
#[must_use]
pub fn rows_come_back(payload: &[u8]) -> bool {
    let vault = VaultRow::decode(payload).map_or(true, |row| row.encode().as_deref() == Some(payload));
    vault && crate::store::redb::rows_come_back(payload) && crate::search::filing_comes_back(payload)
}

/// Whether a row opens as it was sealed, and not under a key of the same length that differs in one bit: the least that a
/// checksum finds.
#[must_use]
pub fn a_row_opens_as_sealed(table: u8, key: &[u8; 8], payload: &[u8]) -> bool {
    let row = crate::checked::seal(table, key, payload);
    let other = (u64::from_be_bytes(*key) ^ 1).to_be_bytes();
    crate::checked::open(table, key, &row) == Some(payload)
        && crate::checked::open(table, &other, &row).is_none()
}

//! A vault row: what of an entry may be erased, as bytes.
//!
//! spec: storage.md#vault

use procura_core::source::Sealed;
use procura_core::{Hash, b64};
use serde::{Deserialize, Serialize};

/// The version of the rows' encoding.
const VERSION: u8 = 2;

/// The body of an entry, its opening, and under whom it was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultRow {
    /// Body, opening, disclosures, and a party's handle.
    pub(crate) sealed: Sealed,
    /// The parties with the segment in which each has the entry, in the order of the spec's kinds table.
    pub(crate) filed: Vec<(Hash, u64)>,
}

/// Bytes that are no vault row of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadVaultRow {
    /// A store of another version.
    #[error("a vault row is of format {0}, which this version does not know: use the version that wrote it")]
    FormatUnknown(u64),
    /// A damaged store.
    #[error("a vault row cannot be read: {0}")]
    Damaged(String),
}

/// What rows of every version have.
#[derive(Deserialize)]
struct AnyVersion {
    v: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    v: u8,
    body: String,
    r: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    disclosures: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias_proof: Option<String>,
    filed: Vec<(Hash, u64)>,
}

impl VaultRow {
    /// The row's bytes.
    #[must_use]
    pub(crate) fn encode(&self) -> Vec<u8> {
        let stored = Stored {
            v: VERSION,
            body: self.sealed.body.clone(),
            r: b64::encode(&self.sealed.r),
            disclosures: self.sealed.disclosures.clone(),
            handle: self.sealed.handle.map(|handle| b64::encode(&handle)),
            alias_proof: self.sealed.alias_proof.map(|proof| b64::encode(&proof)),
            filed: self.filed.clone(),
        };
        // Strings, integers and arrays: serde_json has no way to fail on them.
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// The row of these bytes.
    ///
    /// # Errors
    /// [`BadVaultRow`].
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BadVaultRow> {
        let damaged = |error: serde_json::Error| BadVaultRow::Damaged(error.to_string());
        let stored = match serde_json::from_slice::<Stored>(bytes) {
            Ok(stored) if stored.v == VERSION => stored,
            // A later version may have other members.
            other => match serde_json::from_slice(bytes).map_err(damaged)? {
                AnyVersion { v } if v != u64::from(VERSION) => return Err(BadVaultRow::FormatUnknown(v)),
                AnyVersion { .. } => other.map_err(damaged)?,
            },
        };
        let bad = |_| BadVaultRow::Damaged("it holds bytes that are no base64url".to_owned());
        let sealed = Sealed {
            body: stored.body,
            r: b64::decode(&stored.r).map_err(bad)?,
            disclosures: stored.disclosures,
            handle: stored.handle.map(|handle| b64::decode_array(&handle)).transpose().map_err(bad)?,
            alias_proof: stored
                .alias_proof
                .map(|proof| b64::decode_array(&proof))
                .transpose()
                .map_err(bad)?,
        };
        Ok(Self { sealed, filed: stored.filed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_and_another_version_is_refused() {
        let sealed = Sealed {
            body: "a.b.c".to_owned(),
            r: vec![7; 64],
            disclosures: vec!["WyJd".to_owned()],
            handle: Some([9; 32]),
            alias_proof: Some([8; 80]),
        };
        let row = VaultRow { sealed, filed: vec![(Hash([1; 32]), 4)] };
        let bytes = row.encode();
        assert_eq!(VaultRow::decode(&bytes), Ok(row));
        let text = String::from_utf8(bytes).unwrap();
        for other in ["\"v\":3", "\"v\":3,\"member\":\"of a later version\""] {
            let later = text.replacen("\"v\":2", other, 1);
            assert_eq!(VaultRow::decode(later.as_bytes()), Err(BadVaultRow::FormatUnknown(3)));
        }
        let surplus = text.replacen("\"v\":2", "\"v\":2,\"member\":1", 1);
        assert!(matches!(VaultRow::decode(surplus.as_bytes()), Err(BadVaultRow::Damaged(_))));
    }
}

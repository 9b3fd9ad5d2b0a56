//! A vault row: what of an entry may be erased, as bytes.
//!
//! spec: storage.md#vault

use procura_core::source::Sealed;
use procura_core::{Hash, b64};
use serde::{Deserialize, Serialize};

/// The version of the rows' encoding.
const VERSION: u8 = 1;

/// The body of an entry, its opening, and under whom it was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultRow {
    /// Body, opening, disclosures, and a party's handle.
    pub(crate) sealed: Sealed,
    /// The parties with the segment in which each has the entry, in the order of the spec's kinds table.
    pub(crate) filed: Vec<(Hash, u64)>,
}

/// Bytes that are no vault row of this version: a damaged store, or one of a later version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a vault row cannot be read: {0}")]
pub(crate) struct BadVaultRow(String);

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
        let stored: Stored = serde_json::from_slice(bytes).map_err(|error| BadVaultRow(error.to_string()))?;
        if stored.v != VERSION {
            return Err(BadVaultRow(format!("it is of version {}", stored.v)));
        }
        let bad = |_| BadVaultRow("it holds bytes that are no base64url".to_owned());
        let sealed = Sealed {
            body: stored.body,
            r: b64::decode(&stored.r).map_err(bad)?,
            disclosures: stored.disclosures,
            handle: stored.handle.map(|handle| b64::decode_array(&handle)).transpose().map_err(bad)?,
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
        };
        let row = VaultRow { sealed, filed: vec![(Hash([1; 32]), 4)] };
        let bytes = row.encode();
        assert_eq!(VaultRow::decode(&bytes), Ok(row));
        let later = String::from_utf8(bytes).unwrap().replacen("\"v\":1", "\"v\":2", 1);
        assert!(VaultRow::decode(later.as_bytes()).is_err());
    }
}

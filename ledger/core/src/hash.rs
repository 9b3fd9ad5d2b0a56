//! SHA-256 and every domain-separated hash of the protocol, each in one place.
//!
//! spec: entries.md#hashes

use crate::b64;
use crate::units::Size;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// 32 bytes that came out of SHA-256, or name something by such bytes (an id, a tag, a commitment).
///
/// Text form: base64url without padding, 43 characters; the one canonical spelling is accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes 32 bytes as they are; `None` for any other length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&b64::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Hash {
    type Err = b64::NotBase64;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        b64::decode_array(text).map(Self)
    }
}

impl TryFrom<String> for Hash {
    type Error = b64::NotBase64;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// H over the concatenation of `parts`.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// `H(label ‖ 0 ‖ parts…)`: every hash of ours that is not a tree's node starts with its own label.
#[must_use]
pub fn labelled(label: &str, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(label.as_bytes());
    hasher.update([0]);
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// A record's identity: `H("procura/v1/id" ‖ 0 ‖ payload)`.
#[must_use]
pub fn record_id(payload: &[u8]) -> Hash {
    labelled("procura/v1/id", &[payload])
}

/// What an entry says of a body: `H("procura/v1/commit" ‖ 0 ‖ H(body) ‖ r)`, `r` = 64 fresh random bytes.
#[must_use]
pub fn commitment(body: &[u8], r: &[u8; 64]) -> Hash {
    labelled("procura/v1/commit", &[&sha256(&[body]).0, r])
}

/// A party's handle in segment `segment`: `H("procura/v1/tag" ‖ 0 ‖ be64(segment) ‖ handle)`.
#[must_use]
pub fn tag(handle: &[u8; 32], segment: u64) -> Hash {
    labelled("procura/v1/tag", &[&segment.to_be_bytes(), handle])
}

/// What a party record says of the party's handle: `H("procura/v1/handle" ‖ 0 ‖ handle)`.
#[must_use]
pub fn handle_commitment(handle: &[u8; 32]) -> Hash {
    labelled("procura/v1/handle", &[handle])
}

/// What a record says of the link with which it may be answered: `H("procura/v1/link" ‖ 0 ‖ link)`.
#[must_use]
pub fn link_commitment(link: &[u8; 32]) -> Hash {
    labelled("procura/v1/link", &[link])
}

/// What shows a record to those whom somebody gives it: `H("procura/v1/token" ‖ 0 ‖ r)`, of the record's opening.
///
/// spec: http.md#shown
#[must_use]
pub fn show_token(r: &[u8; 64]) -> Hash {
    labelled("procura/v1/token", &[r])
}

/// An RFC 6962 section 2.1 leaf: `H(0x00 ‖ entry)`.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

/// An RFC 6962 section 2.1 inner node: `H(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], &left.0, &right.0])
}

/// `K_status` of a create's id in the ledger named by `origin`.
#[must_use]
pub fn status_key(origin: &str, id: &Hash) -> Hash {
    status_key_in(&sha256(&[origin.as_bytes()]), id)
}

/// `K_status` of a create's id in the ledger whose origin hashes to `origin`.
#[must_use]
pub fn status_key_in(origin: &Hash, id: &Hash) -> Hash {
    labelled("procura/v1/status", &[&origin.0, &id.0])
}

/// `K_tag` of a tag in the ledger named by `origin`.
#[must_use]
pub fn tag_key(origin: &str, tag: &Hash) -> Hash {
    tag_key_in(&sha256(&[origin.as_bytes()]), tag)
}

/// `K_tag` of a tag in the ledger whose origin hashes to `origin`.
#[must_use]
pub fn tag_key_in(origin: &Hash, tag: &Hash) -> Hash {
    labelled("procura/v1/by-tag", &[&origin.0, &tag.0])
}

/// `K_alias` of an alias in the ledger named by `origin`.
#[must_use]
pub fn alias_key(origin: &str, alias: &Hash) -> Hash {
    alias_key_in(&sha256(&[origin.as_bytes()]), alias)
}

/// `K_alias` of an alias in the ledger whose origin hashes to `origin`.
#[must_use]
pub fn alias_key_in(origin: &Hash, alias: &Hash) -> Hash {
    labelled("procura/v1/by-alias", &[&origin.0, &alias.0])
}

/// The map's value for a value body: `H("procura/v1/value" ‖ 0 ‖ value_body)`.
#[must_use]
pub fn map_value(value_body: &[u8]) -> Hash {
    labelled("procura/v1/value", &[value_body])
}

/// The root of the empty tree and of the empty map: `H("")`.
#[must_use]
pub fn empty() -> Hash {
    sha256(&[])
}

/// Where a leaf of an RFC 6962 tree of `size` leaves splits: the largest power of two below `size`.
///
/// `size` must be at least 2.
#[must_use]
pub fn split_point(size: Size) -> u64 {
    debug_assert!(size.0 >= 2, "a tree of {} leaves does not split", size.0);
    1 << (63 - (size.0 - 1).leading_zeros())
}

//! A receipt as JSON: strict both ways.
//!
//! spec: receipts.md

use super::Question;
use crate::index::Item;
use crate::json::{Field, JsonError, MemberError, Members, parse_strict};
use crate::source::Sealed;
use crate::{Hash, Index, Size, b64};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// The largest receipt in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The most values in one receipt. In memory a value takes far more than the two bytes that it may take in JSON: without
/// this a prover could make its verifier use gigabytes.
pub const MAX_VALUES: usize = 1 << 21;
/// An item's bytes.
const ITEM_BYTES: usize = 42;
/// The most entries in one receipt.
pub const MAX_ENTRIES: usize = 1 << 17;

/// An answer with its proof, as it travels. Nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What it answers.
    pub question: Question,
    /// The inclusion proof of the index commit, with the checkpoint: a C2SP tlog-proof text.
    pub proof: String,
    /// The index commit's entry.
    pub commit: Vec<u8>,
    /// The other entries, ascending.
    pub entries: Vec<ReceiptEntry>,
    /// From the entries to the peaks of the tree before the commit.
    pub tree: Vec<Hash>,
    /// Status lists, ascending by id.
    pub lists: Vec<ListPart>,
    /// The lists of a complete answer's tags, in the order of their segments.
    pub tags: Vec<Vec<Item>>,
    /// The pruned trie.
    pub trie: Vec<u8>,
    /// From the checkpoint that the verifier pinned to this one.
    pub consistency: Option<Consistency>,
}

/// An entry and, if it is opened, its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptEntry {
    /// Where it stands.
    pub index: Index,
    /// Its bytes.
    pub entry: Vec<u8>,
    /// The body with what is kept beside it.
    pub sealed: Option<Sealed>,
}

/// A status list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPart {
    /// The create's id.
    pub id: Hash,
    /// Its items.
    pub items: Vec<Item>,
}

/// A consistency proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The older size.
    pub from: Size,
    /// The hashes.
    pub hashes: Vec<Hash>,
}

/// Why bytes are no receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// More than [`MAX_BYTES`], [`MAX_VALUES`] or [`MAX_ENTRIES`].
    #[error("the receipt is larger than any that this version takes")]
    TooLarge,
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A later version.
    #[error("the receipt is of version {0}; this software reads 1")]
    Version(u64),
}

impl ReceiptError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Json(_) | Self::Member(_) => "malformed",
            Self::Version(_) => "unknown_version",
        }
    }
}

impl Receipt {
    /// Reads a receipt strictly.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_BYTES || openings(bytes) > MAX_VALUES {
            return Err(ReceiptError::TooLarge);
        }
        let mut members = Members::new(parse_strict(bytes, MAX_BYTES).map_err(ReceiptError::Json)?);
        let version = members.take_u64("v")?;
        if version != 1 {
            return Err(ReceiptError::Version(version));
        }
        let receipt = Self {
            question: members.take("question", |field| Question::read(field.object()?))?,
            proof: members.take_str("proof")?,
            commit: members.take("commit", bytes_of)?,
            entries: members.take_array("entries", ReceiptEntry::read)?,
            tree: members.take("tree", hashes_of)?,
            lists: members.take_array("lists", ListPart::read)?,
            tags: members.take_opt("tags", |field| field.array_of(items_of))?.unwrap_or_default(),
            trie: members.take("trie", bytes_of)?,
            consistency: members.take_opt("consistency", Consistency::read)?,
        };
        members.finish()?;
        if receipt.entries.len() > MAX_ENTRIES {
            return Err(ReceiptError::TooLarge);
        }
        Ok(receipt)
    }

    /// The receipt as JSON text, members in the order of the spec.
    #[must_use]
    pub fn to_json(&self) -> String {
        let lists = self.lists.iter().map(|list| WireList { id: &list.id, items: Items(&list.items) });
        let wire = Wire {
            v: 1,
            question: self.question.write(),
            proof: &self.proof,
            commit: Bytes(&self.commit),
            entries: self.entries.iter().map(WireEntry::of).collect(),
            tree: Hashes(&self.tree),
            lists: lists.collect(),
            tags: self.tags.iter().map(|items| Items(items)).collect(),
            trie: Bytes(&self.trie),
            consistency: self.consistency.as_ref().map(|consistency| WireConsistency {
                from: consistency.from,
                hashes: Hashes(&consistency.hashes),
            }),
        };
        // Strings, integers and arrays: serde_json has no way to fail on them.
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

/// The members of a receipt in the order in which they are written. Written straight into the text: a receipt is made for each
/// submission, and its records are most of it.
#[derive(Serialize)]
struct Wire<'a> {
    v: u8,
    question: Value,
    proof: &'a str,
    commit: Bytes<'a>,
    entries: Vec<WireEntry<'a>>,
    tree: Hashes<'a>,
    lists: Vec<WireList<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Items<'a>>,
    trie: Bytes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistency: Option<WireConsistency<'a>>,
}

#[derive(Serialize)]
struct WireEntry<'a> {
    index: Index,
    entry: Bytes<'a>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    sealed: Option<WireSealed<'a>>,
}

#[derive(Serialize)]
struct WireSealed<'a> {
    record: &'a str,
    r: Bytes<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    disclosures: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<Bytes<'a>>,
}

#[derive(Serialize)]
struct WireList<'a> {
    id: &'a Hash,
    items: Items<'a>,
}

#[derive(Serialize)]
struct WireConsistency<'a> {
    from: Size,
    hashes: Hashes<'a>,
}

impl<'a> WireEntry<'a> {
    fn of(entry: &'a ReceiptEntry) -> Self {
        let sealed = entry.sealed.as_ref().map(|sealed| WireSealed {
            record: &sealed.body,
            r: Bytes(&sealed.r),
            disclosures: &sealed.disclosures,
            handle: sealed.handle.as_ref().map(|handle| Bytes(handle)),
        });
        Self { index: entry.index, entry: Bytes(&entry.entry), sealed }
    }
}

/// Bytes as base64url text.
struct Bytes<'a>(&'a [u8]);

/// Hashes, one behind the other, as base64url text.
struct Hashes<'a>(&'a [Hash]);

/// List items, one behind the other, as base64url text.
struct Items<'a>(&'a [Item]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&b64::encode(self.0))
    }
}

impl Serialize for Hashes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Bytes(self.0.iter().map(|hash| hash.0).collect::<Vec<_>>().as_flattened()).serialize(serializer)
    }
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Bytes(self.0.iter().map(Item::encode).collect::<Vec<_>>().as_flattened()).serialize(serializer)
    }
}

impl ReceiptEntry {
    fn read(field: Field) -> Result<Self, MemberError> {
        let mut members = field.object()?;
        let index = Index(members.take_u64("index")?);
        let entry = members.take("entry", bytes_of)?;
        let sealed = match members.take_opt("record", Field::str)? {
            None => None,
            Some(body) => Some(Sealed {
                body,
                r: members.take_bytes::<64>("r")?.to_vec(),
                disclosures: members
                    .take_opt("disclosures", |field| field.array_of(Field::str))?
                    .unwrap_or_default(),
                handle: members.take_opt("handle", Field::bytes)?,
            }),
        };
        members.finish()?;
        Ok(Self { index, entry, sealed })
    }
}

impl ListPart {
    fn read(field: Field) -> Result<Self, MemberError> {
        let mut members = field.object()?;
        let part = Self { id: members.take_hash("id")?, items: members.take("items", items_of)? };
        members.finish()?;
        Ok(part)
    }
}

impl Consistency {
    fn read(field: Field) -> Result<Self, MemberError> {
        let mut members = field.object()?;
        let from = Size(members.take_u64("from")?);
        let hashes = members.take("hashes", hashes_of)?;
        members.finish()?;
        Ok(Self { from, hashes })
    }
}

/// How many bytes there are that may begin a value: one follows each comma, each opening bracket is one. Those inside of texts
/// are counted too; no honest receipt has many.
fn openings(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count()
}

fn bytes_of(field: Field) -> Result<Vec<u8>, MemberError> {
    field.parse("bytes in base64url", |text| b64::decode(text).ok())
}

fn hashes_of(field: Field) -> Result<Vec<Hash>, MemberError> {
    field.parse("hashes in base64url", |text| {
        let bytes = b64::decode(text).ok()?;
        let chunks = bytes.chunks_exact(32);
        chunks.remainder().is_empty().then(|| bytes.chunks_exact(32).filter_map(Hash::from_slice).collect())
    })
}

fn items_of(field: Field) -> Result<Vec<Item>, MemberError> {
    field.parse("list items in base64url", |text| {
        let bytes = b64::decode(text).ok()?;
        let chunks = bytes.chunks_exact(ITEM_BYTES);
        let whole = chunks.remainder().is_empty();
        whole.then(|| chunks.map(|chunk| Item::decode(chunk).ok()).collect()).flatten()
    })
}

#[cfg(test)]
mod tests {
    //! Goal: no text within the size makes a reader use many times its size. Method: texts of the smallest values that there
    //! are, one at the limit and one beyond; an array is refused for what it is only where it may be read.

    use super::*;

    #[test]
    fn a_receipt_of_tiny_values_is_not_even_read() {
        let with = |value: &str, count: usize| format!("{{\"v\":[{}]}}", vec![value; count].join(","));
        // One each for the object, the array and, between two items, each comma.
        for (text, expected) in [
            (with("0", MAX_VALUES - 1), "malformed"),
            (with("0", MAX_VALUES), "too_large"),
            (with("[]", MAX_VALUES / 2 - 1), "malformed"),
            (with("{}", MAX_VALUES / 2), "too_large"),
        ] {
            assert_eq!(Receipt::parse(text.as_bytes()).unwrap_err().name(), expected, "{}", text.len());
        }
    }
}

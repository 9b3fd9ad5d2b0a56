//! A receipt as JSON: strict both ways.
//!
//! spec: receipts.md

use super::Question;
use crate::index::Item;
use crate::json::{Field, JsonError, MemberError, Members};
use crate::source::Sealed;
use crate::vrf::PROOF_BYTES;
use crate::{Hash, Index, Size, b64};

/// The largest receipt in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The most values in one receipt. In memory a value takes far more than the two bytes that it may take in JSON: without
/// this a prover could make its verifier use gigabytes.
pub const MAX_VALUES: usize = 1 << 21;
/// An item's bytes.
const ITEM_BYTES: usize = 42;
/// The most identifiers of nobody in one request.
const MAX_ALIASES: usize = 10;
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
    /// The proofs of the aliases that nobody has, ascending.
    pub aliases: Vec<[u8; PROOF_BYTES]>,
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
        let mut members = Members::parse_strict(bytes, MAX_BYTES).map_err(ReceiptError::Json)?;
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
            lists: members.take("lists", lists_of)?,
            tags: members.take_opt("tags", |field| field.array_of(items_of))?.unwrap_or_default(),
            aliases: members.take_opt("aliases", aliases_of)?.unwrap_or_default(),
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
        let mut out = Writer::with_capacity(self.size_bytes());
        out.plain("{\"v\":1,\"question\":");
        out.plain(&self.question.write().to_string());
        out.plain(",\"proof\":");
        out.text(&self.proof);
        out.plain(",\"commit\":");
        out.bytes(&self.commit);
        out.plain(",\"entries\":");
        out.array(&self.entries, Writer::entry);
        out.plain(",\"tree\":");
        out.hashes(&self.tree);
        out.plain(",\"lists\":");
        out.array(&self.lists, Writer::list);
        if !self.tags.is_empty() {
            out.plain(",\"tags\":");
            out.array(&self.tags, |out, items| out.items(items));
        }
        if !self.aliases.is_empty() {
            out.plain(",\"aliases\":");
            out.array(&self.aliases, |out, proof| out.bytes(proof));
        }
        out.plain(",\"trie\":");
        out.bytes(&self.trie);
        out.consistency(self.consistency.as_ref());
        out.plain("}");
        out.finish()
    }

    /// About how many bytes of JSON it makes: so that they are written to one place from the beginning.
    fn size_bytes(&self) -> usize {
        let sealed = |sealed: &Sealed| {
            sealed.body.len() + sealed.disclosures.iter().map(|text| text.len() + 3).sum::<usize>() + 240
        };
        let entry =
            |entry: &ReceiptEntry| entry.entry.len() * 4 / 3 + entry.sealed.as_ref().map_or(0, sealed) + 64;
        let lists = self.lists.iter().map(|list| &list.items).chain(&self.tags);
        2048 + self.proof.len()
            + self.entries.iter().map(entry).sum::<usize>()
            + lists.map(|items| items.len() * ITEM_BYTES * 4 / 3 + 80).sum::<usize>()
            + (self.tree.len() * 32 + self.trie.len() + self.commit.len()) * 4 / 3
    }
}

/// JSON in the making. Written straight into the text: a receipt is made for each submission, and nearly all of it is base64.
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn with_capacity(size_bytes: usize) -> Self {
        Self(String::with_capacity(size_bytes))
    }

    /// What is JSON already.
    pub(super) fn plain(&mut self, json: &str) {
        self.0.push_str(json);
    }

    /// Text, in quotes. Of what must be escaped only the line ends of notes are ever there.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push('"');
        let is_special = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
        let mut rest = text;
        // All of it first, without stopping, which processors do many bytes at a time: records have nothing special.
        let has_special = text.bytes().fold(false, |found, byte| found | is_special(byte));
        while has_special && let Some(at) = rest.bytes().position(is_special) {
            let (plain, special) = rest.split_at(at);
            self.0.push_str(plain);
            let mut special = special.chars();
            match special.next() {
                Some('\n') => self.0.push_str("\\n"),
                Some('"') => self.0.push_str("\\\""),
                Some('\\') => self.0.push_str("\\\\"),
                Some(control) => self.0.push_str(&format!("\\u{:04x}", u32::from(control))),
                None => {}
            }
            rest = special.as_str();
        }
        self.0.push_str(rest);
        self.0.push('"');
    }

    /// Bytes as base64url text.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.push('"');
        b64::encode_to(bytes, &mut self.0);
        self.0.push('"');
    }

    /// Hashes, one behind the other, as base64url text.
    pub(super) fn hashes(&mut self, hashes: &[Hash]) {
        self.bytes(hashes.iter().map(|hash| hash.0).collect::<Vec<_>>().as_flattened());
    }

    /// List items, one behind the other, as base64url text.
    fn items(&mut self, items: &[Item]) {
        self.bytes(items.iter().map(Item::encode).collect::<Vec<_>>().as_flattened());
    }

    pub(super) fn array<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.0.push('[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.0.push(',');
            }
            write(self, item);
        }
        self.0.push(']');
    }

    fn entry(&mut self, entry: &ReceiptEntry) {
        self.plain(&format!("{{\"index\":{},\"entry\":", entry.index.0));
        self.bytes(&entry.entry);
        if let Some(sealed) = &entry.sealed {
            self.plain(",\"record\":");
            self.text(&sealed.body);
            self.plain(",\"r\":");
            self.bytes(&sealed.r);
            if !sealed.disclosures.is_empty() {
                self.plain(",\"disclosures\":");
                self.array(&sealed.disclosures, |out, text| out.text(text));
            }
            if let Some(handle) = &sealed.handle {
                self.plain(",\"handle\":");
                self.bytes(handle);
            }
            if let Some(proof) = &sealed.alias_proof {
                self.plain(",\"alias_proof\":");
                self.bytes(proof);
            }
        }
        self.plain("}");
    }

    pub(super) fn list(&mut self, list: &ListPart) {
        self.plain("{\"id\":");
        self.bytes(&list.id.0);
        self.plain(",\"items\":");
        self.items(&list.items);
        self.plain("}");
    }

    /// The last member of what leads to a checkpoint, if it is there.
    pub(super) fn consistency(&mut self, proof: Option<&Consistency>) {
        let Some(proof) = proof else { return };
        self.plain(&format!(",\"consistency\":{{\"from\":{},\"hashes\":", proof.from.0));
        self.hashes(&proof.hashes);
        self.plain("}");
    }

    pub(super) fn finish(self) -> String {
        self.0
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
                alias_proof: members.take_opt("alias_proof", Field::bytes)?,
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
    pub(super) fn read(field: Field) -> Result<Self, MemberError> {
        let mut members = field.object()?;
        let from = Size(members.take_u64("from")?);
        let hashes = members.take("hashes", hashes_of)?;
        members.finish()?;
        Ok(Self { from, hashes })
    }
}

/// How many bytes there are that may begin a value: one follows each comma, each opening bracket is one. Those inside of texts
/// are counted too; no honest receipt has many.
pub(crate) fn openings(bytes: &[u8]) -> usize {
    let begins = |byte: &u8| u8::from((*byte == b',') | (*byte == b'[') | (*byte == b'{'));
    // No more at a time than one byte counts, which processors do many bytes at once.
    bytes.chunks(255).map(|chunk| usize::from(chunk.iter().map(begins).sum::<u8>())).sum()
}

pub(super) fn bytes_of(field: Field) -> Result<Vec<u8>, MemberError> {
    field.parse("bytes in base64url", |text| b64::decode(text).ok())
}

fn aliases_of(field: Field) -> Result<Vec<[u8; PROOF_BYTES]>, MemberError> {
    let other = field.mistyped("1 to 10 proofs, ascending");
    let proofs = field.array_of(Field::bytes)?;
    let fits = (1..=MAX_ALIASES).contains(&proofs.len()) && proofs.is_sorted_by(|a, b| a < b);
    if fits { Ok(proofs) } else { Err(other) }
}

pub(super) fn hashes_of(field: Field) -> Result<Vec<Hash>, MemberError> {
    field.parse("hashes in base64url", |text| {
        let bytes = b64::decode(text).ok()?;
        let chunks = bytes.chunks_exact(32);
        chunks.remainder().is_empty().then(|| bytes.chunks_exact(32).filter_map(Hash::from_slice).collect())
    })
}

pub(super) fn lists_of(field: Field) -> Result<Vec<ListPart>, MemberError> {
    field.array_of(ListPart::read)
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

    /// Whatever stands in a text, a reader of JSON gets just that.
    #[test]
    fn any_text_comes_back() {
        let all: String =
            (0..0x250_u32).filter_map(char::from_u32).chain("\"\\\n\u{10ffff}".chars()).collect();
        for text in ["", "eyJh.eyJi.c-_", "note\n\n\u{2014} log\n", "\"", "\\u0000", &all] {
            let mut out = Writer::with_capacity(0);
            out.text(text);
            assert_eq!(serde_json::from_str::<String>(&out.0).unwrap(), text);
        }
    }

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

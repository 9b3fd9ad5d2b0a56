//! Renewing a receipt by a status proof: what somebody presented, under a later checkpoint, without any of its bodies being shown
//! to whoever proves it.
//!
//! spec: receipts.md#renewal

use super::wire::{Writer, bytes_of, hashes_of, lists_of};
use super::{Authority, Consistency, ListPart, Question, Receipt};
use crate::entry::Entry;
use crate::json::{Field, JsonError, MemberError, Members};
use crate::{Hash, Index, Millis, Size};
use std::collections::BTreeSet;

/// The largest request for a status proof in bytes.
pub const MAX_ASK_BYTES: usize = 1 << 20;
/// The most entries in one request.
pub const MAX_ASK_ENTRIES: usize = 4096;
/// The largest status proof in bytes.
const MAX_PROOF_BYTES: usize = 16 << 20;

/// What is asked of a mirror: which entries are to be led to its checkpoint, and whose status lists.
///
/// Who asks shows the entries, which only those know who were shown the records: so nobody learns from a mirror how a record stands,
/// or that it is there, by its id alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusAsk {
    /// The entries with their places, ascending.
    pub entries: Vec<(Index, Vec<u8>)>,
    /// Creates among them, by their ids, ascending.
    pub lists: Vec<Hash>,
    /// The parties among those, by their ids, ascending, of whose aliases it is to be shown where they lead.
    pub aliases: Vec<Hash>,
    /// With the consistency proof from this size.
    pub from: Option<Size>,
}

/// How entries and status lists stand under a checkpoint. Nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusProof {
    /// The inclusion proof of the index commit, with the checkpoint: a C2SP tlog-proof text.
    pub proof: String,
    /// The index commit's entry.
    pub commit: Vec<u8>,
    /// From the entries to the peaks of the tree before the commit.
    pub tree: Vec<Hash>,
    /// The status lists, ascending by id.
    pub lists: Vec<ListPart>,
    /// The pruned trie.
    pub trie: Vec<u8>,
    /// From the size asked for to the checkpoint.
    pub consistency: Option<Consistency>,
}

/// Why bytes ask for no status proof, or are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusProofError {
    /// Over the limits.
    #[error("it is larger than any that this version takes")]
    TooLarge,
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A later version.
    #[error("it is of version {0}; this software reads 1")]
    Version(u64),
    /// A list is asked for whose create is not shown.
    #[error("{id} is asked about, but its create is not among the entries")]
    Unshown {
        /// Whose list or alias.
        id: Hash,
    },
}

impl StatusProofError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Json(_) | Self::Member(_) => "malformed",
            Self::Version(_) => "unknown_version",
            Self::Unshown { .. } => "unshown",
        }
    }
}

/// Why a receipt is not renewed by a status proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenewError {
    /// What it answers is about the past, or needs more than lists.
    #[error("a receipt that answers this cannot be renewed: ask the ledger again")]
    NotRenewable,
    /// The proof is about other records.
    #[error("the status proof has other lists than the receipt")]
    OtherLists,
    /// A list lost an item, or has another in its place: lists only grow.
    #[error("the list of {id} does not continue the one in the receipt")]
    ListReplaced {
        /// Whose list.
        id: Hash,
    },
}

impl RenewError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotRenewable => "not_renewable",
            Self::OtherLists => "other_lists",
            Self::ListReplaced { .. } => "list_replaced",
        }
    }
}

impl StatusAsk {
    /// What renews a receipt.
    ///
    /// # Errors
    /// [`RenewError::NotRenewable`].
    pub fn of(receipt: &Receipt, from: Option<Size>) -> Result<Self, RenewError> {
        renewed_question(&receipt.question, Millis(0))?;
        let entries: Vec<_> = receipt.entries.iter().map(|part| (part.index, part.entry.clone())).collect();
        let named: BTreeSet<Hash> = match &receipt.question {
            Question::Authority(asked) => asked.parties.registered(),
            _ => BTreeSet::new(),
        };
        let with_alias = |(_, bytes): &(Index, Vec<u8>)| claimed(bytes).filter(|id| named.contains(id));
        let aliases: BTreeSet<Hash> = entries.iter().filter_map(with_alias).collect();
        let lists = receipt.lists.iter().map(|list| list.id).collect();
        Ok(Self { entries, lists, aliases: aliases.into_iter().collect(), from })
    }

    /// Reads a request strictly.
    ///
    /// # Errors
    /// [`StatusProofError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusProofError> {
        if bytes.len() > MAX_ASK_BYTES {
            return Err(StatusProofError::TooLarge);
        }
        let mut members = read(bytes, MAX_ASK_BYTES)?;
        let entries = members.take_array("entries", entry_of)?;
        if entries.len() > MAX_ASK_ENTRIES {
            return Err(StatusProofError::TooLarge);
        }
        if !entries.is_sorted_by(|(one, _), (other, _)| one < other) {
            return Err(members.mistyped("entries", "entries, ascending by index").into());
        }
        let lists = members.take_array_of_hash("lists")?;
        if !lists.is_sorted_by(|one, other| one < other) {
            return Err(members.mistyped("lists", "ids, ascending").into());
        }
        let aliases = members.take_array_of_hash("aliases")?;
        if !aliases.is_sorted_by(|one, other| one < other) {
            return Err(members.mistyped("aliases", "ids, ascending").into());
        }
        let from = members.take_opt("from", Field::u64)?.map(Size);
        members.finish()?;
        let parties: Vec<Hash> = entries.iter().filter_map(|(_, bytes)| claimed(bytes)).collect();
        if let Some(id) = aliases.iter().find(|id| !parties.contains(id)) {
            return Err(StatusProofError::Unshown { id: *id });
        }
        let creates: Vec<Hash> = entries.iter().filter_map(|(_, bytes)| created(bytes)).collect();
        match lists.iter().find(|id| !creates.contains(id)) {
            Some(id) => Err(StatusProofError::Unshown { id: *id }),
            None => Ok(Self { entries, lists, aliases, from }),
        }
    }

    /// The request as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Writer::with_capacity(self.entries.len() * 512 + self.lists.len() * 48 + 64);
        out.plain("{\"v\":1,\"entries\":");
        out.array(&self.entries, |out, (index, bytes)| {
            out.plain(&format!("{{\"index\":{},\"entry\":", index.0));
            out.bytes(bytes);
            out.plain("}");
        });
        out.plain(",\"lists\":");
        out.array(&self.lists, |out, id| out.bytes(&id.0));
        out.plain(",\"aliases\":");
        out.array(&self.aliases, |out, id| out.bytes(&id.0));
        if let Some(from) = self.from {
            out.plain(&format!(",\"from\":{}", from.0));
        }
        out.plain("}");
        out.finish()
    }
}

impl StatusProof {
    /// Reads a status proof strictly.
    ///
    /// # Errors
    /// [`StatusProofError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(StatusProofError::TooLarge);
        }
        let mut members = read(bytes, MAX_PROOF_BYTES)?;
        let proof = Self {
            proof: members.take_str("proof")?,
            commit: members.take("commit", bytes_of)?,
            tree: members.take("tree", hashes_of)?,
            lists: members.take("lists", lists_of)?,
            trie: members.take("trie", bytes_of)?,
            consistency: members.take_opt("consistency", Consistency::read)?,
        };
        members.finish()?;
        Ok(proof)
    }

    /// The proof as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out =
            Writer::with_capacity(2048 + self.proof.len() + (self.tree.len() * 32 + self.trie.len()) * 2);
        out.plain("{\"v\":1,\"proof\":");
        out.text(&self.proof);
        out.plain(",\"commit\":");
        out.bytes(&self.commit);
        out.plain(",\"tree\":");
        out.hashes(&self.tree);
        out.plain(",\"lists\":");
        out.array(&self.lists, Writer::list);
        out.plain(",\"trie\":");
        out.bytes(&self.trie);
        out.consistency(self.consistency.as_ref());
        out.plain("}");
        out.finish()
    }
}

impl Receipt {
    /// This receipt under the checkpoint of a status proof, to be verified as any: its own bodies, with the proof in the place of what
    /// led to the old checkpoint. An authority question is then asked for `at`.
    ///
    /// # Errors
    /// [`RenewError`].
    pub fn renewed(&self, by: &StatusProof, at: Millis) -> Result<Self, RenewError> {
        let question = renewed_question(&self.question, at)?;
        if !self.lists.iter().map(|list| list.id).eq(by.lists.iter().map(|list| list.id)) {
            return Err(RenewError::OtherLists);
        }
        let kept = self.lists.iter().zip(&by.lists);
        if let Some((old, _)) = kept.into_iter().find(|(old, new)| !new.items.starts_with(&old.items)) {
            return Err(RenewError::ListReplaced { id: old.id });
        }
        let by = by.clone();
        Ok(Self {
            question,
            proof: by.proof,
            commit: by.commit,
            entries: self.entries.clone(),
            tree: by.tree,
            lists: by.lists,
            tags: Vec::new(),
            aliases: Vec::new(),
            trie: by.trie,
            consistency: by.consistency,
        })
    }
}

/// The question as of now. What is about the past stays as it is; a list of all that concerns somebody may have grown by records that
/// nobody here has, and who was nobody may have been registered.
fn renewed_question(question: &Question, at: Millis) -> Result<Question, RenewError> {
    match question {
        Question::Existence { .. } | Question::Status { as_of: None, .. } => Ok(question.clone()),
        Question::Authority(asked)
            if asked.access.is_none() && asked.as_of.is_none() && !asked.parties.has_nobody() =>
        {
            Ok(Question::Authority(Box::new(Authority { at, ..(**asked).clone() })))
        }
        Question::Status { .. } | Question::Authority(_) | Question::Complete { .. } => {
            Err(RenewError::NotRenewable)
        }
    }
}

/// The id of what an entry creates.
fn created(bytes: &[u8]) -> Option<Hash> {
    match Entry::decode(bytes).ok()? {
        Entry::Create { head, .. } | Entry::Party { head, .. } => Some(head.id),
        _ => None,
    }
}

/// The id of the party that an entry creates with an alias.
fn claimed(bytes: &[u8]) -> Option<Hash> {
    match Entry::decode(bytes).ok()? {
        Entry::Party { head, .. } => Some(head.id),
        _ => None,
    }
}

fn read(bytes: &[u8], max_bytes: usize) -> Result<Members<'_>, StatusProofError> {
    let mut members = Members::parse_strict(bytes, max_bytes).map_err(StatusProofError::Json)?;
    match members.take_u64("v")? {
        1 => Ok(members),
        version => Err(StatusProofError::Version(version)),
    }
}

fn entry_of(field: Field) -> Result<(Index, Vec<u8>), MemberError> {
    let mut members = field.object()?;
    let entry = (Index(members.take_u64("index")?), members.take("entry", bytes_of)?);
    members.finish()?;
    Ok(entry)
}

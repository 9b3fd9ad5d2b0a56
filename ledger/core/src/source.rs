//! What judging, deciding and proving read from: logged records by id or place, and status lists.
//!
//! The engine answers from its store, a verifier from a receipt alone, a prover from the store while it notes
//! what was asked: the three walk the same way, so a receipt holds exactly what its verifier will ask for.

use crate::alias::Claim;
use crate::disclosure::Disclosure;
use crate::entry::Entry;
use crate::hash::{commitment, handle_commitment};
use crate::identifier::Identifier;
use crate::index::{Item, StatusBody};
use crate::judge::Standing;
use crate::jws::Jws;
use crate::key::PublicKey;
use crate::kinds::Content;
use crate::kv::Unreadable;
use crate::record::{OutOfTime, Record, RecordError};
use crate::status::{Move, Status};
use crate::tree::mth;
use crate::vrf::PROOF_BYTES;
use crate::{Hash, Index, Size};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An entry in the log and, if it was opened, its record.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Where it stands.
    pub index: Index,
    /// The entry.
    pub entry: Entry,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The record; `None` if it was not opened, or was erased.
    pub opened: Option<Opened>,
}

impl Logged {
    /// The record, which must be open.
    ///
    /// # Errors
    /// [`Lack::Unopened`].
    pub fn opened(&self) -> Result<&Opened, Lack> {
        self.opened.as_ref().ok_or(Lack::Unopened { index: self.index })
    }
}

/// An entry's record, found to be the one that the entry commits to.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The record.
    pub record: Record,
    /// The opening of the commitment.
    pub r: [u8; 64],
    /// Disclosures as they were handed in, those that are shown.
    pub disclosures: Vec<String>,
    /// Their members.
    pub disclosed: BTreeMap<String, Value>,
    /// A party's handle, for those who may know it.
    pub handle: Option<[u8; 32]>,
    /// What proves a party's alias, for those who know its identifier.
    pub alias_proof: Option<[u8; PROOF_BYTES]>,
}

/// Why a body does not open an entry. Anything of this is a fault of the ledger's, with the entry as evidence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpeningError {
    /// `C` is not the commitment to this body with this opening.
    #[error("the body and opening at {0} are not those that the entry commits to")]
    Commitment(Index),
    /// The body is no record.
    #[error("the body at {0} is no record: {1}")]
    Record(Index, RecordError),
    /// The payload gives another id.
    #[error("the entry at {0} states another id than its body has")]
    Id(Index),
    /// The kinds table gives another class.
    #[error("the entry at {0} is of another class than its kind")]
    Class(Index),
    /// The transition moves another record than it says.
    #[error("the transition at {0} stands on another record than its body names")]
    Target(Index),
    /// The kinds table gives another status or move.
    #[error("the entry at {0} has another status than its kind gives")]
    Move(Index),
    /// The entry's time is outside of what the record allows.
    #[error("the entry at {0}: {1}")]
    Time(Index, OutOfTime),
    /// A disclosure is not one of the record's.
    #[error("a disclosure at {0} is not one of the record's")]
    Disclosure(Index),
    /// The handle is not the one that the party record commits to.
    #[error("the handle at {0} is not the one that the party record commits to")]
    Handle(Index),
    /// The alias is not shown to be that of the identifier disclosed; or a proof of it stands where there is none.
    #[error("the alias at {0} is not shown to be that of the identifier disclosed")]
    Alias(Index),
    /// The record names another ledger.
    #[error("the record at {0} names another origin")]
    Origin(Index),
}

impl OpeningError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Commitment(_) => "opening_commitment",
            Self::Record(..) => "opening_record",
            Self::Id(_) => "opening_id",
            Self::Class(_) => "opening_class",
            Self::Target(_) => "opening_target",
            Self::Move(_) => "opening_move",
            Self::Time(..) => "opening_time",
            Self::Disclosure(_) => "opening_disclosure",
            Self::Handle(_) => "opening_handle",
            Self::Alias(_) => "opening_alias",
            Self::Origin(_) => "opening_origin",
        }
    }
}

/// A body with what is kept beside it, before it was held against its entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealed {
    /// The compact JWS.
    pub body: String,
    /// The opening, 64 bytes.
    pub r: Vec<u8>,
    /// Disclosures.
    pub disclosures: Vec<String>,
    /// A party's handle.
    pub handle: Option<[u8; 32]>,
    /// What proves its alias.
    pub alias_proof: Option<[u8; PROOF_BYTES]>,
}

/// A body that was admitted, with what is kept beside it, out of the ledger's own store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The body.
    pub jws: Jws,
    /// The opening.
    pub r: [u8; 64],
    /// Disclosures.
    pub disclosures: Vec<String>,
    /// A party's handle.
    pub handle: Option<[u8; 32]>,
    /// What proves its alias.
    pub alias_proof: Option<[u8; PROOF_BYTES]>,
}

impl Admitted {
    /// The same for who trusts nothing, [`Opened::check`].
    #[must_use]
    pub fn sealed(&self) -> Sealed {
        Sealed {
            body: self.jws.text().to_owned(),
            r: self.r.to_vec(),
            disclosures: self.disclosures.clone(),
            handle: self.handle,
            alias_proof: self.alias_proof,
        }
    }
}

impl Sealed {
    /// Keeps of the disclosures those whose names are wanted, and the proof of an alias only beside its identifier: the proof confirms a
    /// guess of who is not named.
    ///
    /// spec: receipts.md, `alias_proof`; presentations.md
    pub fn withhold(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let name = |text: &String| Disclosure::parse(text).map(|disclosure| disclosure.name().to_owned());
        self.disclosures.retain(|text| name(text).is_ok_and(|name| is_wanted(&name)));
        if !self.disclosures.iter().any(|text| name(text).is_ok_and(|name| name == "identifier")) {
            self.alias_proof = None;
        }
    }
}

impl Opened {
    /// Holds a body against its entry: all of the opening check that needs no other record than entry 0, which states the
    /// `vrf_key`. Class against kind is here, the status is judged with the list.
    ///
    /// spec: entries.md#opening-check
    ///
    /// # Errors
    /// [`OpeningError`].
    pub fn check(
        index: Index,
        entry: &Entry,
        sealed: Sealed,
        origin: &str,
        vrf_key: Option<&PublicKey>,
    ) -> Result<Self, OpeningError> {
        let head = entry.head().ok_or(OpeningError::Class(index))?;
        let r: [u8; 64] = sealed.r.try_into().map_err(|_| OpeningError::Commitment(index))?;
        if commitment(sealed.body.as_bytes(), &r) != head.commitment {
            return Err(OpeningError::Commitment(index));
        }
        let record = Record::parse(&sealed.body).map_err(|error| OpeningError::Record(index, error))?;
        if record.id() != head.id {
            return Err(OpeningError::Id(index));
        }
        if record.common().origin != origin {
            return Err(OpeningError::Origin(index));
        }
        check_class(index, entry, &record)?;
        record.check_time(head.time).map_err(|error| OpeningError::Time(index, error))?;
        let disclosed =
            record.disclosed(&sealed.disclosures, false).map_err(|_| OpeningError::Disclosure(index))?;
        if let Some(handle) = &sealed.handle {
            match record.content() {
                Content::Party(party) if party.handle == handle_commitment(handle) => {}
                _ => return Err(OpeningError::Handle(index)),
            }
        }
        let Sealed { disclosures, handle, alias_proof, .. } = sealed;
        let opened = Self { record, r, disclosures, disclosed, handle, alias_proof };
        if opened.shows_alias(entry, vrf_key) { Ok(opened) } else { Err(OpeningError::Alias(index)) }
    }

    /// A party whose identifier is disclosed shows that the entry's alias is that one's; nobody else shows anything.
    fn shows_alias(&self, entry: &Entry, vrf_key: Option<&PublicKey>) -> bool {
        let Entry::Party { alias, .. } = entry else { return self.alias_proof.is_none() };
        match (self.disclosed_str("identifier"), &self.alias_proof) {
            (None, None) => !self.disclosed.contains_key("identifier"),
            (Some(text), Some(proof)) => {
                let identifier =
                    text.parse().ok().filter(|identifier: &Identifier| identifier.text() == text);
                let claim = identifier
                    .zip(vrf_key)
                    .and_then(|(identifier, key)| Claim::check(&identifier, key, proof).ok());
                claim.is_some_and(|claim| claim.alias == *alias)
            }
            _ => false,
        }
    }

    /// The record of an entry that the caller's own ledger admitted, out of its own store: that it is the very body that was
    /// admitted is seen by its commitment, a disclosure by its digest in there, and what admission found of them is not looked at
    /// again. The id is the one that the entry states.
    ///
    /// # Errors
    /// [`OpeningError`]: `Commitment`, `Record` or `Disclosure`.
    pub fn admitted(index: Index, entry: &Entry, admitted: Admitted) -> Result<Self, OpeningError> {
        let head = entry.head().ok_or(OpeningError::Class(index))?;
        let Admitted { jws, r, disclosures, handle, alias_proof } = admitted;
        if commitment(jws.text().as_bytes(), &r) != head.commitment {
            return Err(OpeningError::Commitment(index));
        }
        let record = Record::admitted(head.id, jws).map_err(|error| OpeningError::Record(index, error))?;
        let mut disclosed = BTreeMap::new();
        for text in &disclosures {
            let disclosure = Disclosure::parse(text).map_err(|_| OpeningError::Disclosure(index))?;
            if !record.common().withheld.contains(&disclosure.digest()) {
                return Err(OpeningError::Disclosure(index));
            }
            let (name, value) = disclosure.into_member();
            disclosed.insert(name, value);
        }
        Ok(Self { record, r, disclosures, disclosed, handle, alias_proof })
    }

    /// The disclosed member `name`, if it is a string.
    #[must_use]
    pub fn disclosed_str(&self, name: &str) -> Option<&str> {
        self.disclosed.get(name).and_then(Value::as_str)
    }
}

fn check_class(index: Index, entry: &Entry, record: &Record) -> Result<(), OpeningError> {
    use crate::kinds::Class;
    // A party without an alias would be one that may be there twice.
    let has_alias = matches!(record.content(), Content::Party(party) if party.is_identified());
    match (entry, record.row().class) {
        (Entry::Create { .. }, Class::Create) if !has_alias => Ok(()),
        (Entry::Party { .. }, Class::Create) if has_alias => Ok(()),
        (Entry::Trace { .. }, Class::Trace)
        | (Entry::Trace { .. } | Entry::Transition { .. }, Class::TraceOrUse) => Ok(()),
        (Entry::Transition { target_id, .. }, Class::Transition) => {
            if record.common().target == Some(*target_id) { Ok(()) } else { Err(OpeningError::Target(index)) }
        }
        _ => Err(OpeningError::Class(index)),
    }
}

/// A record's status list: its create and every transition on it, in log order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    items: Vec<Item>,
}

impl List {
    /// Takes items that are a list: a create first, then permitted moves, indexes ascending.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn new(items: Vec<Item>) -> Result<Self, ListError> {
        check_form(&items)?;
        if let Some(create) = items.first() {
            begins(create)?;
        }
        for pair in items.windows(2) {
            if let [last, next] = pair {
                follows(last, next)?;
            }
        }
        Ok(Self { items })
    }

    /// The list that a create begins.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn begun(create: Item) -> Result<Self, ListError> {
        Self::new(vec![create])
    }

    /// Adds what happened next: a permitted move. After an error the list is as before.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn push(&mut self, item: Item) -> Result<(), ListError> {
        let last = self.items.last().ok_or(ListError::Empty)?;
        if item.index <= last.index {
            return Err(ListError::Order { index: item.index });
        }
        follows(last, &item)?;
        self.items.push(item);
        Ok(())
    }

    /// The items, the create first.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The items as of a tree size: those with an index below it.
    #[must_use]
    pub fn as_of(&self, size: Size) -> &[Item] {
        let end = self.items.partition_point(|item| item.index.0 < size.0);
        self.items.get(..end).unwrap_or(&[])
    }

    /// The status as of a tree size; `None` if the record was not there yet.
    #[must_use]
    pub fn status_as_of(&self, size: Size) -> Option<Status> {
        self.as_of(size).last().and_then(|item| item_status(item).ok())
    }

    /// What the map holds of the list.
    #[must_use]
    pub fn body(&self) -> Option<StatusBody> {
        status_body(&self.items)
    }

    /// The status after the last item.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.status_as_of(Size(u64::MAX))
    }
}

/// `MTH` of items.
#[must_use]
pub fn root_of_items(items: &[Item]) -> Hash {
    mth(&items.iter().map(Item::leaf_in_list).collect::<Vec<_>>())
}

/// What the map holds of a status list with these items, whatever moves they make; `None` without an item that has a status.
pub(crate) fn status_body(items: &[Item]) -> Option<StatusBody> {
    let last = items.last()?;
    let (count, items) = (items.len() as u64, root_of_items(items));
    Some(StatusBody { status: last.status?, count, last_index: last.index, items })
}

/// What makes items a list, whatever moves they make: a create first, indexes ascending.
///
/// # Errors
/// [`ListError`], never of a move.
pub(crate) fn check_form(items: &[Item]) -> Result<(), ListError> {
    let create = items.first().ok_or(ListError::Empty)?;
    if !create.class.is_create() {
        return Err(ListError::NotACreate);
    }
    match items.windows(2).find(|pair| !pair.is_sorted_by(|a, b| a.index < b.index)) {
        Some([_, later]) => Err(ListError::Order { index: later.index }),
        _ => Ok(()),
    }
}

fn begins(create: &Item) -> Result<(), ListError> {
    match item_status(create)? {
        Status::PENDING | Status::ACTIVE => Ok(()),
        _ => Err(ListError::Move { index: create.index }),
    }
}

fn follows(last: &Item, next: &Item) -> Result<(), ListError> {
    let made = Move { from: item_status(last)?, to: item_status(next)? };
    if next.class == crate::entry::Class::Transition && made.is_permitted() {
        Ok(())
    } else {
        Err(ListError::Move { index: next.index })
    }
}

fn item_status(item: &Item) -> Result<Status, ListError> {
    item.status.ok_or(ListError::Move { index: item.index })
}

/// Why items are no status list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// There is no item.
    #[error("a status list has no item")]
    Empty,
    /// The first item is no create.
    #[error("the first item of a status list is no create")]
    NotACreate,
    /// Indexes do not ascend.
    #[error("the items at {index} and before it are out of order")]
    Order {
        /// The later item.
        index: Index,
    },
    /// A move that the table does not have.
    #[error("the item at {index} is no permitted move")]
    Move {
        /// The item.
        index: Index,
    },
}

impl ListError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Empty | Self::NotACreate | Self::Order { .. } => "list_malformed",
            Self::Move { .. } => "list_move",
        }
    }
}

/// Something that an answer needs is not there.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Lack {
    /// No record with this id.
    #[error("the record {id} is not there")]
    Record {
        /// Its id.
        id: Hash,
    },
    /// No entry at this index.
    #[error("the entry at {index} is not there")]
    Entry {
        /// Its index.
        index: Index,
    },
    /// Nothing says whether this tag is there.
    #[error("nothing says whether the tag {tag} is there")]
    Tag {
        /// The tag.
        tag: Hash,
    },
    /// Nothing says whether anybody has this alias.
    #[error("nothing says whose the alias {alias} is")]
    Alias {
        /// The alias.
        alias: Hash,
    },
    /// The alias is another party's than the one that is there.
    #[error("the alias {alias} is that of a party that is not there")]
    AliasTaken {
        /// The alias.
        alias: Hash,
    },
    /// No alias of an identifier that was asked for.
    #[error("the alias of an identifier is not there")]
    Claim,
    /// No status list of this record.
    #[error("the status list of {id} is not there")]
    List {
        /// Its id.
        id: Hash,
    },
    /// The entry is there, its record is not: erased or left out.
    #[error("the entry at {index} is not opened")]
    Unopened {
        /// Its index.
        index: Index,
    },
    /// The store's record does not open its entry: a fault of the ledger.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// The store could not be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Lack {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Record { .. } | Self::Entry { .. } => "missing_record",
            Self::List { .. } => "missing_list",
            Self::Tag { .. } | Self::Alias { .. } => "missing_trie",
            Self::AliasTaken { .. } => "alias_taken",
            Self::Claim => "missing_alias",
            Self::Unopened { .. } => "unopened",
            Self::Opening(error) => error.name(),
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// Where logged records are read from.
pub trait Source {
    /// The ledger's origin.
    fn origin(&self) -> &str;

    /// The create or trace with this id.
    ///
    /// # Errors
    /// [`Lack`] if it is not there.
    fn record(&self, id: &Hash) -> Result<Arc<Logged>, Lack>;

    /// The entry at this index.
    ///
    /// # Errors
    /// [`Lack`] if it is not there.
    fn at(&self, index: Index) -> Result<Arc<Logged>, Lack>;

    /// The entry at this index, whose record nobody needs to see.
    ///
    /// # Errors
    /// [`Lack`] if it is not there.
    fn unopened(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        self.at(index)
    }

    /// The whole status list of a create.
    ///
    /// # Errors
    /// [`Lack`] if it is not there.
    fn list(&self, id: &Hash) -> Result<Arc<List>, Lack>;

    /// The items of a tag; `None` if the tag is proven absent.
    ///
    /// # Errors
    /// [`Lack`] if that is not settled.
    fn tag(&self, tag: &Hash) -> Result<Option<Arc<Vec<Item>>>, Lack>;

    /// Where the party with an alias stands; `None` if it is proven that nobody has it.
    ///
    /// # Errors
    /// [`Lack`] if that is not settled.
    fn alias(&self, alias: &Hash) -> Result<Option<Index>, Lack>;

    /// An identifier's alias, with its proof.
    ///
    /// # Errors
    /// [`Lack::Claim`] if it is not there.
    fn claim(&self, identifier: &Identifier) -> Result<Claim, Lack>;

    /// Whether the entry at this index is there and stands for the record with this id. Asked while looking for a
    /// transition; it notes nothing.
    ///
    /// # Errors
    /// [`Unreadable`].
    fn holds(&self, index: Index, id: &Hash) -> Result<bool, Unreadable>;

    /// What was judged of this create before and found to stand, if nothing was logged since that could change it. A
    /// ledger may answer that of records that it admitted itself; whoever proves or verifies knows of nothing.
    fn judged(&self, id: &Hash) -> Option<Standing> {
        let _ = id;
        None
    }

    /// Takes note of creates that were judged and stand.
    fn stand(&self, standings: Vec<Standing>) {
        drop(standings);
    }
}

#[cfg(test)]
mod tests;

//! Rows that find things: derived from entries and bodies, kept in the index beside the rows of the core, under the
//! prefix `S`, which the core does not use.
//!
//! ```text
//! 'S' 'i' | id                    index u64                       transitions and traces; of a create the core's rows say it
//! 'S' 'n' | scheme ':' value      party id                        the party registered under an identifier
//! 'S' 'p' | party id              type u8 | segment u64 | items u32 | handle     where its next item goes
//! 'S' 'k' | party id              (empty)                         it has, or had, a key
//! 'S' 'g' | from | to | !index u64 id                             mandates and consents between two parties, newest first
//! 'S' 't' | to | from | !index u64 id                             the same, by whom they are to
//! 'S' 'm' | into | from           from                            parties merged into another
//! 'S' 'u' | parent | child        child                           mandates and consents under a mandate
//! 'S' 'c' | index u64             id                              catalogues
//! 'S' 'a' | index u64             id                              lists of log keys, oldest first
//! 'S' 'l' | link commitment       id                              what is answered by who holds the link
//! 'S' 'b' | party | blocked | !index u64   id                     blocks of one party on another, newest first
//! 'S' 'o' | subject | !index u64  id                              who holds somebody's data, newest first
//! 'S' 'w' | party | number u8 | !index u64   id                   hooks of a party with this number, newest first
//! 'S' 'y' | index u64             id                              all hooks, oldest first
//! 'S' 'h' | target | id           id                              what must be kept
//! 'S' 'e' | !index u64            id                              erasures, newest first
//! 'S' 'x' | party | party         id                              the newest erasure of what concerned both, the lesser id first
//! ```

use crate::index::{Rows, Snapshot};
use procura_core::admission::Candidate;
use procura_core::entry::Entry;
use procura_core::identifier::Identifier;
use procura_core::index::{items_of, listed};
use procura_core::kinds::{Class, Content, Event, LifeEvent, PartyType, link_of, under_of};
use procura_core::kv::{Changes, Kv, Unreadable};
use procura_core::record::Record;
use procura_core::{Hash, Index};
use std::sync::Arc;

/// The most items in one segment of an organisation or institution: a page of its list. A person's holds one, so that
/// outsiders cannot link two entries.
pub const SEGMENT_ITEMS: u32 = 1024;
/// The most parties that were merged into one, or into one of these, whose grants a decision looks at.
pub(crate) const MAX_MERGED: usize = 64;
/// The most blocks of one party on another that are looked at, newest first: one is enough, and who gives more has ended them.
pub(crate) const MAX_BLOCKS: usize = 64;
/// The most grants between two parties that a decision looks at, newest first.
pub const MAX_GRANTS: usize = 1024;

/// The length of [`grants_prefix`].
const GRANTS_PREFIX: usize = 2 + 32 + 32;
/// The length of [`numbered_prefix`].
const NUMBERED_PREFIX: usize = 2 + 32 + 1;
/// The length of the prefixes that end with one id.
const OF_ONE: usize = 2 + 32;

/// Rows that name ids, found by the beginning of their keys.
pub(crate) trait Ids: Kv {
    /// The ids that the first so many rows under a prefix name, in the order of their keys.
    ///
    /// # Errors
    /// [`Unreadable`].
    fn ids(&self, prefix: &[u8], limit: usize) -> Result<Vec<Hash>, Unreadable>;
}

impl Ids for Snapshot {
    fn ids(&self, prefix: &[u8], limit: usize) -> Result<Vec<Hash>, Unreadable> {
        self.range(prefix, None, limit)?.iter().map(|(_, row)| id_of(row)).collect()
    }
}

/// Where a party's next item goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filing {
    /// What sort of party.
    pub(crate) party_type: PartyType,
    /// The segment that is being filled.
    pub(crate) segment: u64,
    /// How many items it holds.
    pub(crate) items: u32,
    /// The handle.
    pub(crate) handle: [u8; 32],
}

impl Filing {
    /// A party that has no item yet.
    #[must_use]
    pub(crate) const fn new(party_type: PartyType, handle: [u8; 32]) -> Self {
        Self { party_type, segment: 0, items: 0, handle }
    }

    fn encode(&self) -> Arc<[u8]> {
        let mut row = vec![match self.party_type {
            PartyType::Person => 1,
            PartyType::Organisation => 2,
            PartyType::Institution => 3,
            PartyType::Role => 4,
        }];
        row.extend(self.segment.to_be_bytes());
        row.extend(self.items.to_be_bytes());
        row.extend(self.handle);
        row.into()
    }

    fn decode(row: &[u8]) -> Option<Self> {
        let (party_type, rest) = row.split_first()?;
        let (segment, rest) = rest.split_first_chunk::<8>()?;
        let (items, rest) = rest.split_first_chunk::<4>()?;
        let party_type = match party_type {
            1 => PartyType::Person,
            2 => PartyType::Organisation,
            3 => PartyType::Institution,
            4 => PartyType::Role,
            _ => return None,
        };
        Some(Self {
            party_type,
            segment: u64::from_be_bytes(*segment),
            items: u32::from_be_bytes(*items),
            handle: rest.try_into().ok()?,
        })
    }
}

/// Where a record stands.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn index_of<K: Kv + ?Sized>(kv: &K, id: &Hash) -> Result<Option<Index>, Unreadable> {
    if let Some(create) = listed(kv, id)? {
        return Ok(Some(create.created()));
    }
    place_of(kv, id)
}

/// Where a record stands that is no create.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn place_of<K: Kv + ?Sized>(kv: &K, id: &Hash) -> Result<Option<Index>, Unreadable> {
    let row = kv.get(&key(b'i', &[&id.0]))?;
    row.map(|row| read_index(&row).ok_or_else(|| damaged("place"))).transpose()
}

/// The party registered under an identifier.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn party_with<K: Kv + ?Sized>(
    kv: &K,
    identifier: &Identifier,
) -> Result<Option<Hash>, Unreadable> {
    let row = kv.get(&key(b'n', &[identifier.text().as_bytes()]))?;
    row.map(|row| Hash::from_slice(&row).ok_or_else(|| damaged("identifier"))).transpose()
}

/// Where a party's next item goes.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn filing_of<K: Kv + ?Sized>(kv: &K, party: &Hash) -> Result<Option<Filing>, Unreadable> {
    let row = kv.get(&key(b'p', &[&party.0]))?;
    row.map(|row| Filing::decode(&row).ok_or_else(|| damaged("filing"))).transpose()
}

/// Whether a party has, or had, a key.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn has_key<K: Kv + ?Sized>(kv: &K, party: &Hash) -> Result<bool, Unreadable> {
    Ok(kv.get(&key(b'k', &[&party.0]))?.is_some())
}

/// The key prefix of the grants between two parties.
#[must_use]
pub(crate) fn grants_prefix(from: &Hash, to: &Hash) -> Vec<u8> {
    key(b'g', &[&from.0, &to.0])
}

/// The key prefix of all grants from one party, in the order of those that they are to.
#[must_use]
pub(crate) fn from_prefix(from: &Hash) -> Vec<u8> {
    key(b'g', &[&from.0])
}

/// The key prefix of those from whom a party has grants, in their order.
#[must_use]
pub(crate) fn to_prefix(to: &Hash) -> Vec<u8> {
    key(b't', &[&to.0])
}

/// The key prefix of the parties that were merged into one.
#[must_use]
pub(crate) fn merged_prefix(into: &Hash) -> Vec<u8> {
    key(b'm', &[&into.0])
}

/// The key prefix of the grants under a mandate.
#[must_use]
pub(crate) fn under_prefix(mandate: &Hash) -> Vec<u8> {
    key(b'u', &[&mandate.0])
}

/// The key prefix of the retentions that name a record.
#[must_use]
pub(crate) fn retentions_prefix(target: &Hash) -> Vec<u8> {
    key(b'h', &[&target.0])
}

/// The key prefix of the holdings of somebody's data.
#[must_use]
pub(crate) fn holdings_prefix(subject: &Hash) -> Vec<u8> {
    key(b'o', &[&subject.0])
}

/// The key prefix of a party's blocks on another.
#[must_use]
pub(crate) fn blocks_prefix(party: &Hash, blocked: &Hash) -> Vec<u8> {
    key(b'b', &[&party.0, &blocked.0])
}

/// The key prefix of a party's hooks that have a number.
#[must_use]
pub(crate) fn numbered_prefix(party: &Hash, number: u8) -> Vec<u8> {
    key(b'w', &[&party.0, &[number]])
}

/// The key prefix of all hooks.
#[must_use]
pub(crate) fn hooks_prefix() -> Vec<u8> {
    key(b'y', &[])
}

/// The key prefix of all erasures.
#[must_use]
pub(crate) fn erasures_prefix() -> Vec<u8> {
    key(b'e', &[])
}

/// The key of the newest erasure of what concerned two parties.
#[must_use]
pub(crate) fn erased_between(one: &Hash, other: &Hash) -> Vec<u8> {
    key(b'x', &[&one.min(other).0, &one.max(other).0])
}

/// What is answered by who holds this link.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn linked<K: Kv + ?Sized>(kv: &K, link: &Hash) -> Result<Option<Hash>, Unreadable> {
    kv.get(&key(b'l', &[&link.0]))?.map(|row| id_of(&row)).transpose()
}

/// Where a record stands, and the transitions on it.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn indexes_of<K: Kv + ?Sized>(kv: &K, id: &Hash) -> Result<Vec<Index>, Unreadable> {
    match listed(kv, id)? {
        Some(found) => Ok(items_of(kv, id, &found)?.iter().map(|item| item.index).collect()),
        None => Ok(place_of(kv, id)?.into_iter().collect()),
    }
}

/// What of a row's key rows are asked for by, besides the whole: the two parties of a grant, the one that others were merged into.
pub(crate) fn asked_by(key: &[u8]) -> Option<&[u8]> {
    key.get(..asked_length(key)?)
}

/// Whether `prefix` is such a part of a key.
pub(crate) fn is_asked(prefix: &[u8]) -> bool {
    asked_length(prefix) == Some(prefix.len())
}

fn asked_length(key: &[u8]) -> Option<usize> {
    match key {
        [b'S', b'g' | b'x', ..] => Some(GRANTS_PREFIX),
        [b'S', b'w', ..] => Some(NUMBERED_PREFIX),
        [b'S', b'm' | b'u' | b'h' | b'o', ..] => Some(OF_ONE),
        _ => None,
    }
}

/// All lists of log keys that there ever were, oldest first.
pub(crate) fn lists_of_log_keys(rows: &dyn Rows) -> Result<Vec<Hash>, Unreadable> {
    rows.range(&key(b'a', &[]), None, usize::MAX)?.iter().map(|(_, row)| id_of(row)).collect()
}

/// The key prefix of the catalogues.
#[must_use]
pub(crate) fn catalogues_prefix() -> Vec<u8> {
    key(b'c', &[])
}

/// A record's id out of a row that names one.
///
/// # Errors
/// [`Unreadable`].
pub(crate) fn id_of(row: &[u8]) -> Result<Hash, Unreadable> {
    Hash::from_slice(row).ok_or_else(|| damaged("id"))
}

/// What a record adds to the rows that find things.
#[derive(Debug)]
pub(crate) struct Noted<'a> {
    /// The record.
    pub(crate) record: &'a Record,
    /// A party's identifier.
    pub(crate) identifier: Option<Identifier>,
    /// A party's handle.
    pub(crate) handle: Option<[u8; 32]>,
}

impl<'a> Noted<'a> {
    /// What a candidate adds.
    #[must_use]
    pub(crate) fn of(candidate: &'a Candidate) -> Self {
        Self {
            record: candidate.record(),
            identifier: candidate.identifier().cloned(),
            handle: candidate.handle().copied(),
        }
    }

    /// Writes the rows of a record that stands at `index`.
    pub(crate) fn write(&self, index: Index, changes: &mut Changes) {
        let id = self.record.id();
        let place: Arc<[u8]> = index.0.to_be_bytes().into();
        let newest_first = (!index.0).to_be_bytes();
        let named: Arc<[u8]> = id.0.into();
        if self.record.row().class != Class::Create {
            write_place(&id, index, changes);
        }
        if let Some(link) = link_of(self.record) {
            changes.insert(key(b'l', &[&link.0]), Arc::clone(&named));
        }
        if let Some(under) = under_of(self.record) {
            changes.insert(key(b'u', &[&under.mandate.0, &id.0]), Arc::clone(&named));
        }
        match self.record.content() {
            Content::Party(party) => {
                if let Some(handle) = self.handle {
                    write_filing(&id, &Filing::new(party.party_type, handle), changes);
                }
                if let Some(identifier) = &self.identifier {
                    changes.insert(key(b'n', &[identifier.text().as_bytes()]), named);
                }
            }
            Content::Key(bound) => {
                changes.insert(key(b'k', &[&bound.party.0]), Arc::new([]));
            }
            Content::Catalogue(_) => {
                changes.insert(key(b'c', &[&place]), named);
            }
            Content::LogKeys(_) => {
                changes.insert(key(b'a', &[&place]), named);
            }
            Content::Block(block) => {
                changes.insert(key(b'b', &[&block.party.0, &block.blocked.0, &newest_first]), named);
            }
            Content::Holding(holding) => {
                changes.insert(key(b'o', &[&holding.subject.0, &newest_first]), named);
            }
            Content::Hook(hook) => {
                changes
                    .insert(key(b'w', &[&hook.party.0, &[hook.number], &newest_first]), Arc::clone(&named));
                changes.insert(key(b'y', &[&place]), named);
            }
            Content::Retention(retention) => {
                for target in &retention.targets {
                    changes.insert(key(b'h', &[&target.0, &id.0]), Arc::clone(&named));
                }
            }
            Content::Erasure(erasure) => {
                for (n, one) in erasure.parties.iter().enumerate() {
                    for other in erasure.parties.iter().skip(n + 1) {
                        changes.insert(erased_between(one, other), Arc::clone(&named));
                    }
                }
                changes.insert(key(b'e', &[&newest_first]), named);
            }
            Content::Mandate(mandate) => {
                for from in &mandate.mandators {
                    for to in &mandate.mandatees {
                        write_grant((from, to), &newest_first, &named, changes);
                    }
                }
            }
            Content::LifeEvent(LifeEvent { event: Event::Merger(into), .. }) => {
                if let Some(from) = &self.record.common().target {
                    changes.insert(key(b'm', &[&into.0, &from.0]), from.0.into());
                }
            }
            Content::Consent(consent) => {
                write_grant((&consent.subject, &consent.recipient), &newest_first, &named, changes);
            }
            _ => {}
        }
    }
}

/// Writes that there is a grant from one party to another. Each has rows of its own, which go with it.
fn write_grant((from, to): (&Hash, &Hash), newest_first: &[u8], id: &Arc<[u8]>, changes: &mut Changes) {
    changes.insert(key(b'g', &[&from.0, &to.0, newest_first]), Arc::clone(id));
    changes.insert(key(b't', &[&to.0, &from.0, newest_first]), Arc::clone(id));
}

/// Writes where the record of an entry stands, if that is not a create: the one row that needs no body.
pub(crate) fn write_place_of(entry: &Entry, index: Index, changes: &mut Changes) {
    if let Some(id) = entry.id().filter(|_| !entry.class().is_create()) {
        write_place(&id, index, changes);
    }
}

fn write_place(id: &Hash, index: Index, changes: &mut Changes) {
    changes.insert(key(b'i', &[&id.0]), index.0.to_be_bytes().into());
}

/// Whether a row is one that is derived from bodies, which may be erased.
pub(crate) fn comes_from_body(key: &[u8]) -> bool {
    matches!(key, [b'S', table, ..] if *table != b'i')
}

/// The rows that only this record gives, which go with its body. Where it stands its entry says; that a party had a key, its
/// keys.
pub(crate) fn rows_of_body(noted: &Noted<'_>, index: Index) -> impl Iterator<Item = (Vec<u8>, Arc<[u8]>)> {
    let mut changes = Changes::new();
    noted.write(index, &mut changes);
    changes.into_iter().filter(|(key, _)| comes_from_body(key) && !matches!(key[..], [b'S', b'k', ..]))
}

/// Writes where a party's next item goes.
pub(crate) fn write_filing(party: &Hash, filing: &Filing, changes: &mut Changes) {
    changes.insert(key(b'p', &[&party.0]), filing.encode());
}

fn key(table: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![b'S', table];
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

fn read_index(row: &[u8]) -> Option<Index> {
    row.try_into().ok().map(|bytes| Index(u64::from_be_bytes(bytes)))
}

fn damaged(what: &str) -> Unreadable {
    Unreadable(format!("a {what} row is damaged; delete the index, it is rebuilt"))
}

/// For `crate::fuzzing`: a filing row that is read is written back as it was.
#[cfg(fuzzing)]
pub(crate) fn filing_comes_back(row: &[u8]) -> bool {
    Filing::decode(row).is_none_or(|filing| filing.encode()[..] == *row)
}

//! The rows beside the trie's pages, byte by byte. They are the engine's own, not the protocol's: derived, and safe to delete.
//!
//! ```text
//! 'm'                      2 | H(origin) | size u64 | time u64 | last_commit u64 | keys u64 | root
//! 's' | id                 status u8 | list
//! 'i' | id | n u32         item n of the status list, from 1 on
//! 'x' | target_id | id     index u64 of the transition `id` in the list of `target_id`
//! 't' | tag                list
//! 'u' | tag | n u32        item n of the tag list, from 1 on
//! 'a' | alias              index u64 | id
//! list                     item 0, and of several: last u64 | count u64 | peaks
//! ```
//!
//! Most lists hold one item for ever (a person's segments do by rule), so that it has no row of its own: each row is one more
//! place to write.

use super::body::{AliasBody, Item, StatusBody, TagBody};
use crate::cursor::Cursor;
use crate::hash::{self, Hash};
use crate::kv::Unreadable;
use crate::status::Status;
use crate::tree::Frontier;
use crate::units::{Index, Millis, Size};

/// The version of these rows; an unknown one is refused, and the index rebuilt.
const ROWS_VERSION: u8 = 2;

/// What the keys of status rows begin with; the id follows, and nothing after it.
pub const LISTED: &[u8] = b"s";

/// How far the index came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// `H(origin)` of the ledger.
    pub origin: Hash,
    /// How many entries were applied.
    pub size: Size,
    /// The last entry's time; 0 before there is one.
    pub time: Millis,
    /// Where the last index commit stands; 0: there is none.
    pub last_commit: Index,
    /// How many keys the map holds.
    pub keys: u64,
    /// The map's root.
    pub root: Hash,
}

/// What the index knows of a list, its later items apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Item 0.
    pub first: Item,
    /// Where the last item's entry stands.
    pub last_index: Index,
    /// The tree of its items.
    pub items: Frontier,
}

/// What the index knows of a record with a status; item 0 of its list is the create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusHeader {
    /// The status now.
    pub status: Status,
    /// Its list.
    pub list: List,
}

/// A status row as far as it can be read without hashing: for those who want the record, not the tree of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The status now.
    pub status: Status,
    /// Item 0 of the list: the create.
    pub first: Item,
    /// How many items the list has.
    pub count: u64,
}

/// What the index knows of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagHeader {
    /// Its list.
    pub list: List,
}

impl Meta {
    /// The index of nothing.
    pub(super) fn empty(origin: &str) -> Self {
        Self {
            origin: hash::sha256(&[origin.as_bytes()]),
            size: Size(0),
            time: Millis(0),
            last_commit: Index(0),
            keys: 0,
            root: hash::empty(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![ROWS_VERSION];
        out.extend(self.origin.0);
        for number in [self.size.0, self.time.0, self.last_commit.0, self.keys] {
            out.extend(number.to_be_bytes());
        }
        out.extend(self.root.0);
        out
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, Unreadable> {
        match row.first() {
            Some(&ROWS_VERSION) => {}
            Some(other) => return Err(Unreadable(format!("its rows are of the unknown version {other}"))),
            None => return Err(damaged(b'm')),
        }
        whole(b'm', row, |rest| {
            rest.byte()?;
            Some(Self {
                origin: rest.hash()?,
                size: Size(rest.be64()?),
                time: Millis(rest.be64()?),
                last_commit: Index(rest.be64()?),
                keys: rest.be64()?,
                root: rest.hash()?,
            })
        })
    }
}

impl List {
    /// A list of one.
    pub(super) fn of_one(item: &Item) -> Self {
        let items = std::iter::once(item.leaf_in_list()).collect();
        Self { first: *item, last_index: item.index, items }
    }

    /// Adds an item; its place.
    pub(super) fn push(&mut self, item: &Item) -> u64 {
        let place = self.count();
        self.items.push(item.leaf_in_list());
        self.last_index = item.index;
        place
    }

    /// How many items it has.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.items.size().0
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.first.encode());
        if self.count() > 1 {
            out.extend_from_slice(&self.last_index.0.to_be_bytes());
            out.extend_from_slice(&self.count().to_be_bytes());
            self.items.peaks().iter().for_each(|peak| out.extend_from_slice(&peak.0));
        }
    }

    fn decode(rest: &mut Cursor<'_>) -> Option<Self> {
        let (first, several) = read_list(rest)?;
        let Some(Several { last_index, count, peaks }) = several else { return Some(Self::of_one(&first)) };
        Some(Self { first, last_index, items: Frontier::from_peaks(Size(count), peaks)? })
    }
}

/// What stands behind item 0 of a list of several.
struct Several {
    last_index: Index,
    count: u64,
    peaks: Vec<Hash>,
}

fn read_list(rest: &mut Cursor<'_>) -> Option<(Item, Option<Several>)> {
    let first = Item::decode(&rest.take::<42>()?).ok()?;
    if rest.left() == 0 {
        return Some((first, None));
    }
    let last_index = Index(rest.be64()?);
    let count = rest.be64().filter(|count| *count > 1)?;
    let peaks = (0..count.count_ones()).map(|_| rest.hash()).collect::<Option<_>>()?;
    Some((first, Some(Several { last_index, count, peaks })))
}

fn count_of(several: Option<&Several>) -> u64 {
    several.map_or(1, |several| several.count)
}

impl Listed {
    pub(super) fn decode(row: &[u8]) -> Result<Self, Unreadable> {
        whole(b's', row, |rest| {
            let status = Status::new(rest.byte()?).ok()?;
            let (first, several) = read_list(rest).filter(|(first, _)| first.class.is_create())?;
            Some(Self { status, first, count: count_of(several.as_ref()) })
        })
    }
}

/// Item 0 of a tag's list and how many it has.
pub(super) fn decode_tagged(row: &[u8]) -> Result<(Item, u64), Unreadable> {
    whole(b't', row, |rest| {
        let (first, several) = read_list(rest)?;
        Some((first, count_of(several.as_ref())))
    })
}

impl StatusHeader {
    /// Where the create stands.
    #[must_use]
    pub const fn created(&self) -> Index {
        self.list.first.index
    }

    /// The body that the map's value commits to.
    #[must_use]
    pub fn body(&self) -> StatusBody {
        let List { last_index, items, .. } = &self.list;
        StatusBody {
            status: self.status,
            count: self.list.count(),
            last_index: *last_index,
            items: items.root(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(59 + 32 * self.list.items.peaks().len());
        out.push(self.status.byte());
        self.list.encode(&mut out);
        out
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, Unreadable> {
        whole(b's', row, |rest| {
            let status = Status::new(rest.byte()?).ok()?;
            let list = List::decode(rest).filter(|list| list.first.class.is_create())?;
            Some(Self { status, list })
        })
    }
}

impl TagHeader {
    /// The body that the map's value commits to.
    #[must_use]
    pub fn body(&self) -> TagBody {
        let List { last_index, items, .. } = &self.list;
        TagBody { count: self.list.count(), last_index: *last_index, items: items.root() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(58 + 32 * self.list.items.peaks().len());
        self.list.encode(&mut out);
        out
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, Unreadable> {
        whole(b't', row, |rest| Some(Self { list: List::decode(rest)? }))
    }
}

pub(super) fn encode_alias(body: &AliasBody) -> Vec<u8> {
    [&body.index.0.to_be_bytes()[..], &body.id.0].concat()
}

pub(super) fn decode_alias(row: &[u8]) -> Result<AliasBody, Unreadable> {
    whole(b'a', row, |rest| Some(AliasBody { index: Index(rest.be64()?), id: rest.hash()? }))
}

pub(super) fn decode_item(row: &[u8]) -> Result<Item, Unreadable> {
    Item::decode(row).map_err(|error| Unreadable(format!("an item's row is damaged: {error}")))
}

pub(super) fn decode_index(row: &[u8]) -> Result<Index, Unreadable> {
    whole(b'x', row, |rest| rest.be64().map(Index))
}

/// Reads a row to its last byte.
fn whole<T>(kind: u8, row: &[u8], read: impl FnOnce(&mut Cursor<'_>) -> Option<T>) -> Result<T, Unreadable> {
    let mut rest = Cursor::new(row);
    read(&mut rest).filter(|_| rest.left() == 0).ok_or_else(|| damaged(kind))
}

fn damaged(kind: u8) -> Unreadable {
    Unreadable(format!("a row of kind '{}' is damaged", char::from(kind)))
}

/// The keys of the rows.
pub(super) mod key {
    use crate::hash::Hash;

    pub(in crate::index) const META: &[u8] = b"m";

    pub(in crate::index) fn status(id: &Hash) -> Vec<u8> {
        [super::LISTED, &id.0[..]].concat()
    }

    pub(in crate::index) fn status_item(id: &Hash, n: u64) -> Vec<u8> {
        [b"i", &id.0[..], &place(n)].concat()
    }

    pub(in crate::index) fn transition(target_id: &Hash, id: &Hash) -> Vec<u8> {
        [b"x", &target_id.0[..], &id.0].concat()
    }

    pub(in crate::index) fn tag(tag: &Hash) -> Vec<u8> {
        [b"t", &tag.0[..]].concat()
    }

    pub(in crate::index) fn tag_item(tag: &Hash, n: u64) -> Vec<u8> {
        [b"u", &tag.0[..], &place(n)].concat()
    }

    pub(in crate::index) fn alias(alias: &Hash) -> Vec<u8> {
        [b"a", &alias.0[..]].concat()
    }

    /// No list has more than 2^20 items, so that every place fits.
    fn place(n: u64) -> [u8; 4] {
        u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes()
    }
}

/// Goal: rows round trip, and a damaged one is unreadable. Method: every length of each kind.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Class;

    fn item(n: u64) -> Item {
        Item { index: Index(n), leaf: hash::leaf(&[7]), class: Class::Party, status: Some(Status::ACTIVE) }
    }

    fn list(count: u64) -> List {
        let mut list = List::of_one(&item(2));
        (1..count).for_each(|n| assert_eq!(list.push(&item(n + 2)), n));
        list
    }

    #[test]
    fn round_trips_and_lengths() {
        let meta =
            Meta { size: Size(7), time: Millis(8), last_commit: Index(6), keys: 3, ..Meta::empty("o") };
        let alias = AliasBody { index: Index(4), id: Hash([1; 32]) };
        assert_eq!(Meta::decode(&meta.encode()), Ok(meta));
        assert_eq!(decode_alias(&encode_alias(&alias)), Ok(alias));
        type Reads = fn(&[u8]) -> bool;
        let mut kinds: Vec<(Vec<u8>, Reads)> = vec![
            (meta.encode(), |row| Meta::decode(row).is_ok()),
            (encode_alias(&alias), |row| decode_alias(row).is_ok()),
        ];
        for count in [1, 2, 7] {
            let status = StatusHeader { status: Status::ACTIVE, list: list(count) };
            let tag = TagHeader { list: list(count) };
            assert_eq!(StatusHeader::decode(&status.encode()), Ok(status.clone()));
            assert_eq!(TagHeader::decode(&tag.encode()), Ok(tag.clone()));
            let listed = Listed { status: Status::ACTIVE, first: item(2), count };
            assert_eq!(Listed::decode(&status.encode()), Ok(listed));
            assert_eq!(decode_tagged(&tag.encode()), Ok((item(2), count)));
            kinds.push((status.encode(), |row| StatusHeader::decode(row).is_ok()));
            kinds.push((status.encode(), |row| Listed::decode(row).is_ok()));
            kinds.push((tag.encode(), |row| TagHeader::decode(row).is_ok()));
            kinds.push((tag.encode(), |row| decode_tagged(row).is_ok()));
        }
        for (bytes, reads) in kinds {
            assert!(reads(&bytes));
            // A list cut right behind its first item reads as one of one: the checksum of a stored row tells that.
            let is_list_of_one = |end: usize| reads(&bytes[..end]) && [42, 43].contains(&end);
            assert!((0..bytes.len()).all(|end| !reads(&bytes[..end]) || is_list_of_one(end)));
            assert!(!reads(&[&bytes[..], &[0]].concat()));
        }
        let mut other = meta.encode();
        other[0] = 1;
        assert!(Meta::decode(&other).is_err());
    }

    #[test]
    fn a_list_of_one_is_its_item_and_a_status_list_starts_with_a_create() {
        assert_eq!(TagHeader { list: list(1) }.encode(), item(2).encode());
        let mut trace = StatusHeader { status: Status::ACTIVE, list: list(1) };
        trace.list.first = Item { class: Class::Trace, status: None, ..item(2) };
        assert!(StatusHeader::decode(&trace.encode()).is_err());
        assert!(Listed::decode(&trace.encode()).is_err());
    }
}

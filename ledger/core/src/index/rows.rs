//! The rows beside the trie's pages, byte by byte. They are the engine's own, not the protocol's: derived, and safe to delete.
//!
//! ```text
//! 'm'                      2 | H(origin) | size u64 | time u64 | last_commit u64 | keys u64 | root
//! 's' | id                 status u8 | list
//! 'i' | id | n u32         item n of the status list, but for the first and the last
//! 'x' | target_id | id     index u64 of the transition `id` in the list of `target_id`
//! 't' | tag                list
//! 'u' | tag | n u32        item n of the tag list, but for the first and the last
//! 'a' | alias              index u64 | id
//! list                     item 0, and of several: the last item | count u64 | peaks
//! ```
//!
//! Most lists hold one item for ever (a person's segments do by rule) or two (a mandate that was accepted), so that neither the first nor the
//! last has a row of its own: each row is one more place to write and to look into.

use super::body::{AliasBody, Item, StatusBody, TagBody};
use crate::cursor::Cursor;
use crate::hash::{self, Hash};
use crate::kv::Unreadable;
use crate::status::Status;
use crate::tree::Frontier;
use crate::units::{Index, Millis, Size};

/// The version of these rows; an unknown one is refused, and the index rebuilt.
const ROWS_VERSION: u8 = 3;

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

/// What the index knows of a list, the items between its first and its last apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Item 0.
    pub first: Item,
    /// The last item; of a list of one the first.
    pub last: Item,
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
    /// The list.
    pub list: Ends,
}

/// The ends of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Item 0: of a status list the create.
    pub first: Item,
    /// The last item; of a list of one the first.
    pub last: Item,
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
        Self { first: *item, last: *item, items }
    }

    /// Adds an item. The one that is last no more, and its place, if it gets a row of its own now.
    pub(super) fn push(&mut self, item: &Item) -> Option<(u64, Item)> {
        let place = self.count() - 1;
        self.items.push(item.leaf_in_list());
        let before = std::mem::replace(&mut self.last, *item);
        (place > 0).then_some((place, before))
    }

    /// How many items it has.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.items.size().0
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.first.encode());
        if self.count() > 1 {
            out.extend_from_slice(&self.last.encode());
            out.extend_from_slice(&self.count().to_be_bytes());
            self.items.peaks().iter().for_each(|peak| out.extend_from_slice(&peak.0));
        }
    }

    fn decode(rest: &mut Cursor<'_>) -> Option<Self> {
        let Ends { first, last, count } = Ends::decode(rest)?;
        if count == 1 {
            return Some(Self::of_one(&first));
        }
        let peaks = (0..count.count_ones()).map(|_| rest.hash()).collect::<Option<_>>()?;
        Some(Self { first, last, items: Frontier::from_peaks(Size(count), peaks)? })
    }
}

impl Ends {
    /// The beginning of a list's row; of a list of several its peaks are left to read.
    fn decode(rest: &mut Cursor<'_>) -> Option<Self> {
        let first = Item::decode(&rest.take::<42>()?).ok()?;
        if rest.left() == 0 {
            return Some(Self { first, last: first, count: 1 });
        }
        let last = Item::decode(&rest.take::<42>()?).ok()?;
        let count = rest.be64().filter(|count| *count > 1)?;
        Some(Self { first, last, count })
    }

    /// The same of a row that holds no more than it should.
    fn decode_alone(rest: &mut Cursor<'_>) -> Option<Self> {
        let ends = Self::decode(rest)?;
        let peaks = if ends.count == 1 { 0 } else { ends.count.count_ones() };
        (0..peaks).try_for_each(|_| rest.hash().map(drop))?;
        Some(ends)
    }
}

impl Listed {
    /// Where the create stands.
    #[must_use]
    pub const fn created(&self) -> Index {
        self.list.first.index
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, Unreadable> {
        whole(b's', row, |rest| {
            let status = Status::new(rest.byte()?).ok()?;
            let list = Ends::decode_alone(rest).filter(|list| list.first.class.is_create())?;
            Some(Self { status, list })
        })
    }
}

/// The ends of a tag's list.
pub(super) fn decode_tagged(row: &[u8]) -> Result<Ends, Unreadable> {
    whole(b't', row, Ends::decode_alone)
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
        let List { last, items, .. } = &self.list;
        StatusBody {
            status: self.status,
            count: self.list.count(),
            last_index: last.index,
            items: items.root(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(93 + 32 * self.list.items.peaks().len());
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
        let List { last, items, .. } = &self.list;
        TagBody { count: self.list.count(), last_index: last.index, items: items.root() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(92 + 32 * self.list.items.peaks().len());
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
        for n in 1..count {
            // Who was last until now gets a row, unless it is the first.
            let before = (n > 1).then(|| (n - 1, item(n + 1)));
            assert_eq!(list.push(&item(n + 2)), before);
        }
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
            let ends = Ends { first: item(2), last: item(count + 1), count };
            let listed = Listed { status: Status::ACTIVE, list: ends };
            assert_eq!(Listed::decode(&status.encode()), Ok(listed));
            assert_eq!(decode_tagged(&tag.encode()), Ok(ends));
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

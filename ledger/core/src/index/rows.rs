//! The rows beside the trie's pages, byte by byte. They are the engine's own, not the protocol's: derived, and safe to delete.
//!
//! ```text
//! 'm'                      1 | H(origin) | size u64 | time u64 | last_commit u64 | keys u64 | root
//! 's' | id                 status u8 | class u8 | created u64 | last u64 | count u64 | peaks
//! 'i' | id | n u32         item n of the status list, 42 bytes
//! 'x' | target_id | id     index u64 of the transition `id` in the list of `target_id`
//! 't' | tag                last u64 | count u64 | peaks
//! 'u' | tag | n u32        item n of the tag list, 42 bytes
//! 'a' | alias              index u64 | id
//! ```

use super::body::{AliasBody, Item, StatusBody, TagBody};
use crate::cursor::Cursor;
use crate::entry::Class;
use crate::hash::{self, Hash};
use crate::kv::Unreadable;
use crate::status::Status;
use crate::tree::Frontier;
use crate::units::{Index, Millis, Size};

/// The version of these rows; an unknown one is refused, and the index rebuilt.
const ROWS_VERSION: u8 = 1;

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

/// What the index knows of a record with a status, its items apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusHeader {
    /// The status now.
    pub status: Status,
    /// The create's class.
    pub class: Class,
    /// Where the create stands.
    pub created: Index,
    /// Where the last item's entry stands.
    pub last_index: Index,
    /// The tree of its items.
    pub items: Frontier,
}

/// What the index knows of a tag, its items apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagHeader {
    /// Where the last item's entry stands.
    pub last_index: Index,
    /// The tree of its items.
    pub items: Frontier,
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

impl StatusHeader {
    /// The body that the map's value commits to.
    #[must_use]
    pub fn body(&self) -> StatusBody {
        StatusBody {
            status: self.status,
            count: self.items.size().0,
            last_index: self.last_index,
            items: self.items.root(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(26 + 32 * self.items.peaks().len());
        out.extend([self.status.byte(), self.class.byte()]);
        out.extend(self.created.0.to_be_bytes());
        encode_list(&mut out, self.last_index, &self.items);
        out
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, Unreadable> {
        whole(b's', row, |rest| {
            let status = Status::new(rest.byte()?).ok()?;
            let class = Class::new(rest.byte()?).filter(|class| class.is_create())?;
            let created = Index(rest.be64()?);
            let TagHeader { last_index, items } = decode_list(rest)?;
            Some(Self { status, class, created, last_index, items })
        })
    }
}

impl TagHeader {
    /// The body that the map's value commits to.
    #[must_use]
    pub fn body(&self) -> TagBody {
        TagBody { count: self.items.size().0, last_index: self.last_index, items: self.items.root() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + 32 * self.items.peaks().len());
        encode_list(&mut out, self.last_index, &self.items);
        out
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, Unreadable> {
        whole(b't', row, decode_list)
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

fn encode_list(out: &mut Vec<u8>, last_index: Index, items: &Frontier) {
    out.extend(last_index.0.to_be_bytes());
    out.extend(items.size().0.to_be_bytes());
    items.peaks().iter().for_each(|peak| out.extend(peak.0));
}

fn decode_list(rest: &mut Cursor<'_>) -> Option<TagHeader> {
    let last_index = Index(rest.be64()?);
    let count = rest.be64()?;
    let peaks = (0..count.count_ones()).map(|_| rest.hash()).collect::<Option<_>>()?;
    Frontier::from_peaks(Size(count), peaks)
        .filter(|_| count > 0)
        .map(|items| TagHeader { last_index, items })
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
        [b"s", &id.0[..]].concat()
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

    #[test]
    fn round_trips_and_lengths() {
        let items = (0..7).map(|n| hash::leaf(&[n])).collect::<Frontier>();
        let meta =
            Meta { size: Size(7), time: Millis(8), last_commit: Index(6), keys: 3, ..Meta::empty("o") };
        let status = StatusHeader {
            status: Status::ACTIVE,
            class: Class::Party,
            created: Index(2),
            last_index: Index(9),
            items: items.clone(),
        };
        let tag = TagHeader { last_index: Index(9), items };
        let alias = AliasBody { index: Index(4), id: Hash([1; 32]) };
        assert_eq!(Meta::decode(&meta.encode()), Ok(meta));
        assert_eq!(StatusHeader::decode(&status.encode()), Ok(status.clone()));
        assert_eq!(TagHeader::decode(&tag.encode()), Ok(tag.clone()));
        assert_eq!(decode_alias(&encode_alias(&alias)), Ok(alias));
        type Reads = fn(&[u8]) -> bool;
        let kinds: [(Vec<u8>, Reads); 4] = [
            (meta.encode(), |row| Meta::decode(row).is_ok()),
            (status.encode(), |row| StatusHeader::decode(row).is_ok()),
            (tag.encode(), |row| TagHeader::decode(row).is_ok()),
            (encode_alias(&alias), |row| decode_alias(row).is_ok()),
        ];
        for (bytes, reads) in kinds {
            assert!(reads(&bytes));
            assert!((0..bytes.len()).all(|end| !reads(&bytes[..end])));
            assert!(!reads(&[&bytes[..], &[0]].concat()));
        }
        let mut other = meta.encode();
        other[0] = 2;
        assert!(Meta::decode(&other).is_err());
    }
}

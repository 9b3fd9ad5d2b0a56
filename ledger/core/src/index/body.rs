//! What the map's values commit to, and the items of its lists.
//!
//! ```text
//! status  1 | status u8 | count u64 | last_index u64 | MTH(items)[32]      50 bytes
//! tag     2 | count u64 | last_index u64 | MTH(items)[32]                  49 bytes
//! alias   3 | index u64 | id[32]                                           41 bytes
//! item    index u64 | leaf_hash[32] | class u8 | status u8                 42 bytes
//! ```
//!
//! spec: index.md#values

use crate::cursor::Cursor;
use crate::entry::Class;
use crate::hash::{self, Hash};
use crate::status::Status;
use crate::units::Index;

const STATUS: u8 = 1;
const TAG: u8 = 2;
const ALIAS: u8 = 3;

/// The bytes are not of the layout wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Another length than the layout's.
    #[error("{0} bytes are not the length of this layout")]
    Length(usize),
    /// Another kind of body than wanted.
    #[error("{0} is not the kind of this body")]
    Kind(u8),
    /// An empty list: a list that stands in the map holds at least one item.
    #[error("a list in the map is never empty")]
    EmptyList,
    /// A status byte that is none, or not one of this class.
    #[error("{0:#04x} is not a status here")]
    Status(u8),
    /// A class that no list holds.
    #[error("{0:#04x} is not the class of an item")]
    Class(u8),
}

impl BodyError {
    /// The stable name, as vectors state it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Length(_) => "body_length",
            Self::Kind(_) => "body_kind",
            Self::EmptyList => "body_empty_list",
            Self::Status(_) => "body_status",
            Self::Class(_) => "body_class",
        }
    }
}

/// The value body of a record with a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusBody {
    /// The status now.
    pub status: Status,
    /// How many items its list has; item 0 is the create.
    pub count: u64,
    /// Where the last item's entry stands.
    pub last_index: Index,
    /// MTH(items).
    pub items: Hash,
}

/// The value body of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagBody {
    /// How many items its list has.
    pub count: u64,
    /// Where the last item's entry stands.
    pub last_index: Index,
    /// MTH(items).
    pub items: Hash,
}

/// The value body of an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AliasBody {
    /// Where the party's create stands.
    pub index: Index,
    /// Its id.
    pub id: Hash,
}

/// One entry as a list names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Where the entry stands.
    pub index: Index,
    /// The entry's leaf hash in the log.
    pub leaf: Hash,
    /// The entry's class, never [`Class::Commit`].
    pub class: Class,
    /// The status that the entry states; `None` (byte 0) of a trace.
    pub status: Option<Status>,
}

impl StatusBody {
    /// The layout's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 50] {
        let mut out = Vec::with_capacity(50);
        out.extend([STATUS, self.status.byte()]);
        list(&mut out, self.count, self.last_index, &self.items);
        fixed(&out)
    }

    /// The body of these bytes.
    ///
    /// # Errors
    /// [`BodyError`] unless the bytes are what [`StatusBody::encode`] gives for some body.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut rest = kind::<50>(bytes, STATUS)?;
        let status = read(rest.byte(), bytes)?;
        let status = Status::new(status).map_err(|unknown| BodyError::Status(unknown.0))?;
        let TagBody { count, last_index, items } = read_list(&mut rest, bytes)?;
        Ok(Self { status, count, last_index, items })
    }

    /// The map's value.
    #[must_use]
    pub fn value(&self) -> Hash {
        hash::map_value(&self.encode())
    }
}

impl TagBody {
    /// The layout's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 49] {
        let mut out = Vec::with_capacity(49);
        out.push(TAG);
        list(&mut out, self.count, self.last_index, &self.items);
        fixed(&out)
    }

    /// The body of these bytes.
    ///
    /// # Errors
    /// [`BodyError`] unless the bytes are what [`TagBody::encode`] gives for some body.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        read_list(&mut kind::<49>(bytes, TAG)?, bytes)
    }

    /// The map's value.
    #[must_use]
    pub fn value(&self) -> Hash {
        hash::map_value(&self.encode())
    }
}

impl AliasBody {
    /// The layout's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 41] {
        let mut out = Vec::with_capacity(41);
        out.push(ALIAS);
        out.extend(self.index.0.to_be_bytes());
        out.extend(self.id.0);
        fixed(&out)
    }

    /// The body of these bytes.
    ///
    /// # Errors
    /// [`BodyError`] unless the bytes are what [`AliasBody::encode`] gives for some body.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut rest = kind::<41>(bytes, ALIAS)?;
        Ok(Self { index: Index(read(rest.be64(), bytes)?), id: read(rest.hash(), bytes)? })
    }

    /// The map's value.
    #[must_use]
    pub fn value(&self) -> Hash {
        hash::map_value(&self.encode())
    }
}

impl Item {
    /// The layout's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 42] {
        let mut out = Vec::with_capacity(42);
        out.extend(self.index.0.to_be_bytes());
        out.extend(self.leaf.0);
        out.extend([self.class.byte(), self.status.map_or(0, Status::byte)]);
        fixed(&out)
    }

    /// The item of these bytes.
    ///
    /// # Errors
    /// [`BodyError`] unless the bytes are what [`Item::encode`] gives for some item of a list: a create or party pending or
    /// active, a transition with any status, a trace with none.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut rest = exact::<42>(bytes)?;
        let (index, leaf) = (Index(read(rest.be64(), bytes)?), read(rest.hash(), bytes)?);
        let (class, byte) = (read(rest.byte(), bytes)?, read(rest.byte(), bytes)?);
        let class =
            Class::new(class).filter(|class| *class != Class::Commit).ok_or(BodyError::Class(class))?;
        let status = match (class, Status::new(byte)) {
            (Class::Trace, Err(_)) if byte == 0 => None,
            (Class::Transition, Ok(status)) => Some(status),
            (Class::Create | Class::Party, Ok(status @ (Status::PENDING | Status::ACTIVE))) => Some(status),
            _ => return Err(BodyError::Status(byte)),
        };
        Ok(Self { index, leaf, class, status })
    }

    /// The item's leaf hash in the tree of its list: [`hash::leaf`] of its bytes.
    #[must_use]
    pub fn leaf_in_list(&self) -> Hash {
        hash::leaf(&self.encode())
    }
}

fn list(out: &mut Vec<u8>, count: u64, last_index: Index, items: &Hash) {
    out.extend(count.to_be_bytes());
    out.extend(last_index.0.to_be_bytes());
    out.extend(items.0);
}

/// The bytes as an array: each caller has just written exactly `N`.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    debug_assert_eq!(bytes.len(), N);
    bytes.first_chunk::<N>().copied().unwrap_or([0; N])
}

fn exact<const N: usize>(bytes: &[u8]) -> Result<Cursor<'_>, BodyError> {
    if bytes.len() == N { Ok(Cursor::new(bytes)) } else { Err(BodyError::Length(bytes.len())) }
}

fn kind<const N: usize>(bytes: &[u8], wanted: u8) -> Result<Cursor<'_>, BodyError> {
    let mut rest = exact::<N>(bytes)?;
    let kind = read(rest.byte(), bytes)?;
    if kind == wanted { Ok(rest) } else { Err(BodyError::Kind(kind)) }
}

fn read<T>(read: Option<T>, bytes: &[u8]) -> Result<T, BodyError> {
    read.ok_or(BodyError::Length(bytes.len()))
}

fn read_list(rest: &mut Cursor<'_>, bytes: &[u8]) -> Result<TagBody, BodyError> {
    let count = read(rest.be64(), bytes)?;
    if count == 0 {
        return Err(BodyError::EmptyList);
    }
    Ok(TagBody { count, last_index: Index(read(rest.be64(), bytes)?), items: read(rest.hash(), bytes)? })
}

/// Goal: one body, one byte string. Method: round trips, and every byte that a strict reader refuses.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_round_trip_and_refuse_the_rest() {
        let (count, last_index, items) = (3, Index(9), Hash([4; 32]));
        let status = StatusBody { status: Status::SUSPENDED, count, last_index, items };
        let tag = TagBody { count, last_index, items };
        let alias = AliasBody { index: Index(1), id: Hash([5; 32]) };
        assert_eq!(StatusBody::decode(&status.encode()), Ok(status));
        assert_eq!(TagBody::decode(&tag.encode()), Ok(tag));
        assert_eq!(AliasBody::decode(&alias.encode()), Ok(alias));

        assert_eq!(StatusBody::decode(&tag.encode()), Err(BodyError::Length(49)));
        let mut other = status.encode();
        other[0] = 2;
        assert_eq!(StatusBody::decode(&other), Err(BodyError::Kind(2)));
        other = status.encode();
        other[1] = 0x1f;
        assert_eq!(StatusBody::decode(&other), Err(BodyError::Status(0x1f)));
        let empty = TagBody { count: 0, ..tag };
        assert_eq!(TagBody::decode(&empty.encode()), Err(BodyError::EmptyList));
        assert!(status.value() != tag.value() && tag.value() != alias.value());
    }

    #[test]
    fn items_state_what_their_class_can() {
        let with = |class: u8, status: u8| {
            let bytes = [&[0; 7][..], &[8], &[1; 32], &[class, status]].concat();
            Item::decode(&bytes).map(|item| assert_eq!(item.encode()[..], bytes[..]))
        };
        for status in 0..=u8::MAX {
            assert_eq!(with(1, status).is_ok(), matches!(status, 1 | 2));
            assert_eq!(with(4, status).is_ok(), matches!(status, 1 | 2));
            assert_eq!(with(2, status).is_ok(), Status::new(status).is_ok());
            assert_eq!(with(3, status).is_ok(), status == 0);
        }
        assert_eq!(with(0xf0, 0), Err(BodyError::Class(0xf0)));
        assert_eq!(with(5, 0), Err(BodyError::Class(5)));
        assert_eq!(Item::decode(&[0; 41]), Err(BodyError::Length(41)));
    }
}

//! What the log stores: five layouts without a body, an identifier, a key or a signature.
//!
//! spec: entries.md#layouts

use crate::cursor::Cursor;
use crate::hash::Hash;
use crate::status::{Initial, Status};
use crate::units::{Index, Millis, Size};

/// The entry version that this code reads and writes.
pub const VERSION: u8 = 1;

/// The version of the map's rules that an index commit of this code states.
pub const MAP_VERSION: u8 = 1;

/// Lengths that no entry of any version has, so that a leaf's preimage is never as long as an item's (42 bytes) or a
/// trie node's (64 and 65 bytes, of which the leaf prefix takes one).
pub const FORBIDDEN_LENGTHS: [usize; 3] = [42, 63, 64];

/// Most tags in one entry: their number is one byte.
pub const MAX_TAGS: usize = 255;

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Class 1: a record with a status of its own.
    Create {
        /// What it shares with other records.
        head: Head,
        /// The status it starts with.
        status: Initial,
    },
    /// Class 2: a move of another record's status.
    Transition {
        /// What it shares with other records.
        head: Head,
        /// Where the create stands that it moves.
        target: Index,
        /// That create's id.
        target_id: Hash,
        /// The status after.
        status: Status,
    },
    /// Class 3: a record that changes no answer.
    Trace {
        /// What it shares with other records.
        head: Head,
    },
    /// Class 4: the create of a party, which claims an alias.
    Party {
        /// What it shares with other records.
        head: Head,
        /// The status it starts with.
        status: Initial,
        /// The VRF output of the party's identifier.
        alias: Hash,
    },
    /// Class 0xF0: an index commit.
    Commit(Commit),
}

/// What every entry that stands for a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// When it was logged.
    pub time: Millis,
    /// The commitment to the body, [`crate::hash::commitment`].
    pub commitment: Hash,
    /// The record's id, [`crate::hash::record_id`].
    pub id: Hash,
    /// The tags of the parties concerned.
    pub tags: Tags,
}

/// An index commit: what the map was just before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// When it was logged.
    pub time: Millis,
    /// How many entries the map covers: the commit's own index.
    pub size: Size,
    /// The map's root.
    pub map_root: Hash,
    /// How many keys the map holds.
    pub keys: u64,
    /// Where the previous index commit stands; 0: there is none (entry 0 never is one).
    pub prev_commit: Index,
}

/// At most 255 tags, strictly ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tags(Vec<Hash>);

/// The kinds of entry, by their class byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// [`Entry::Create`].
    Create = 1,
    /// [`Entry::Transition`].
    Transition = 2,
    /// [`Entry::Trace`].
    Trace = 3,
    /// [`Entry::Party`].
    Party = 4,
    /// [`Entry::Commit`].
    Commit = 0xf0,
}

/// Why bytes are no entry, or tags no tags of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A length that is forbidden in every version.
    #[error("no entry of any version is {0} bytes long")]
    ForbiddenLength(usize),
    /// The bytes end inside the layout.
    #[error("the entry ends too early, after {0} bytes")]
    Truncated(usize),
    /// Bytes follow the layout.
    #[error("{0} bytes follow the entry")]
    TrailingBytes(usize),
    /// A version that this code does not know.
    #[error("entry version {0} is unknown; this code knows version 1")]
    UnknownVersion(u8),
    /// A class that version 1 does not have.
    #[error("entry class {0:#04x} is unknown")]
    UnknownClass(u8),
    /// A map version that this code does not know.
    #[error("map version {0} is unknown; this code knows version 1")]
    UnknownMapVersion(u8),
    /// No status, or not one that a create may start with.
    #[error("an entry of this class may not state the status {0:#04x}")]
    BadStatus(u8),
    /// A tag that is not above the one before it.
    #[error("tag {0} is not above the tag before it")]
    TagOrder(usize),
    /// More tags than one byte counts.
    #[error("{0} tags; an entry holds at most 255")]
    TooManyTags(usize),
}

impl EntryError {
    /// The stable name, as vectors state it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ForbiddenLength(_) => "forbidden_length",
            Self::Truncated(_) => "truncated",
            Self::TrailingBytes(_) => "trailing_bytes",
            Self::UnknownVersion(_) => "unknown_version",
            Self::UnknownClass(_) => "unknown_class",
            Self::UnknownMapVersion(_) => "unknown_map_version",
            Self::BadStatus(_) => "bad_status",
            Self::TagOrder(_) => "tag_order",
            Self::TooManyTags(_) => "too_many_tags",
        }
    }
}

impl Class {
    /// The class of a byte, or `None`.
    #[must_use]
    pub const fn new(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Create),
            2 => Some(Self::Transition),
            3 => Some(Self::Trace),
            4 => Some(Self::Party),
            0xf0 => Some(Self::Commit),
            _ => None,
        }
    }

    /// The byte as it stands in an entry.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Whether an entry of this class is a create: it has a status and can be a target.
    #[must_use]
    pub const fn is_create(self) -> bool {
        matches!(self, Self::Create | Self::Party)
    }
}

impl Tags {
    /// The tags given, sorted.
    ///
    /// # Errors
    /// [`EntryError::TagOrder`] if one stands twice (its place after sorting), [`EntryError::TooManyTags`] over 255.
    pub fn new(mut tags: Vec<Hash>) -> Result<Self, EntryError> {
        tags.sort_unstable();
        Self::ascending(tags)
    }

    fn ascending(tags: Vec<Hash>) -> Result<Self, EntryError> {
        if tags.len() > MAX_TAGS {
            return Err(EntryError::TooManyTags(tags.len()));
        }
        match tags.windows(2).position(|pair| matches!(pair, [low, high] if low >= high)) {
            Some(position) => Err(EntryError::TagOrder(position + 1)),
            None => Ok(Self(tags)),
        }
    }

    /// The tags in ascending order.
    #[must_use]
    pub fn as_slice(&self) -> &[Hash] {
        &self.0
    }
}

impl Entry {
    /// The class.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Create { .. } => Class::Create,
            Self::Transition { .. } => Class::Transition,
            Self::Trace { .. } => Class::Trace,
            Self::Party { .. } => Class::Party,
            Self::Commit(_) => Class::Commit,
        }
    }

    /// What the entry shares with other records; `None` of an index commit.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        match self {
            Self::Create { head, .. }
            | Self::Transition { head, .. }
            | Self::Trace { head }
            | Self::Party { head, .. } => Some(head),
            Self::Commit(_) => None,
        }
    }

    /// When it was logged.
    #[must_use]
    pub const fn time(&self) -> Millis {
        match self {
            Self::Create { head, .. }
            | Self::Transition { head, .. }
            | Self::Trace { head }
            | Self::Party { head, .. } => head.time,
            Self::Commit(commit) => commit.time,
        }
    }

    /// The record's id; `None` of an index commit.
    #[must_use]
    pub fn id(&self) -> Option<Hash> {
        self.head().map(|head| head.id)
    }

    /// The tags, ascending; none of an index commit.
    #[must_use]
    pub fn tags(&self) -> &[Hash] {
        self.head().map_or(&[], |head| head.tags.as_slice())
    }

    /// The status that the entry states; `None` of a trace and of an index commit.
    #[must_use]
    pub const fn status(&self) -> Option<Status> {
        match self {
            Self::Create { status, .. } | Self::Party { status, .. } => Some(status.status()),
            Self::Transition { status, .. } => Some(*status),
            Self::Trace { .. } | Self::Commit(_) => None,
        }
    }

    /// The status byte of the entry's items: that of [`Entry::status`], else 0.
    #[must_use]
    pub fn status_byte(&self) -> u8 {
        self.status().map_or(0, Status::byte)
    }

    /// The bytes that the log stores. Every value has them, and [`Entry::decode`] gives the value back.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(116 + 32 * self.tags().len());
        out.extend([VERSION, self.class().byte()]);
        out.extend(self.time().0.to_be_bytes());
        if let Some(head) = self.head() {
            out.extend(head.commitment.0);
            out.extend(head.id.0);
            // Tags hold at most 255, so this never saturates.
            out.push(u8::try_from(head.tags.0.len()).unwrap_or(u8::MAX));
            head.tags.0.iter().for_each(|tag| out.extend(tag.0));
        }
        match self {
            Self::Create { status, .. } => out.push(status.status().byte()),
            Self::Transition { target, target_id, status, .. } => {
                out.extend(target.0.to_be_bytes());
                out.extend(target_id.0);
                out.push(status.byte());
            }
            Self::Trace { .. } => {}
            Self::Party { status, alias, .. } => {
                out.push(status.status().byte());
                out.extend(alias.0);
            }
            Self::Commit(commit) => {
                out.push(MAP_VERSION);
                out.extend(commit.size.0.to_be_bytes());
                out.extend(commit.map_root.0);
                out.extend(commit.keys.to_be_bytes());
                out.extend(commit.prev_commit.0.to_be_bytes());
            }
        }
        out
    }

    /// The entry of these bytes, all of them.
    ///
    /// # Errors
    /// The first of these that applies: forbidden length, version, class, then the layout from front to back, then trailing bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if FORBIDDEN_LENGTHS.contains(&bytes.len()) {
            return Err(EntryError::ForbiddenLength(bytes.len()));
        }
        let mut reader = Reader { rest: Cursor::new(bytes), length: bytes.len() };
        let version = reader.byte()?;
        if version != VERSION {
            return Err(EntryError::UnknownVersion(version));
        }
        let class = reader.byte()?;
        let class = Class::new(class).ok_or(EntryError::UnknownClass(class))?;
        let entry = match class {
            Class::Create => Self::Create { head: reader.head()?, status: reader.initial()? },
            Class::Transition => Self::Transition {
                head: reader.head()?,
                target: Index(reader.be64()?),
                target_id: reader.hash()?,
                status: reader.status()?,
            },
            Class::Trace => Self::Trace { head: reader.head()? },
            Class::Party => {
                Self::Party { head: reader.head()?, status: reader.initial()?, alias: reader.hash()? }
            }
            Class::Commit => Self::Commit(reader.commit()?),
        };
        match reader.rest.left() {
            0 => Ok(entry),
            more => Err(EntryError::TrailingBytes(more)),
        }
    }
}

/// Reads a layout, each missing byte being [`EntryError::Truncated`].
struct Reader<'a> {
    rest: Cursor<'a>,
    length: usize,
}

impl Reader<'_> {
    fn full<T>(&self, read: Option<T>) -> Result<T, EntryError> {
        read.ok_or(EntryError::Truncated(self.length))
    }

    fn byte(&mut self) -> Result<u8, EntryError> {
        let read = self.rest.byte();
        self.full(read)
    }

    fn be64(&mut self) -> Result<u64, EntryError> {
        let read = self.rest.be64();
        self.full(read)
    }

    fn hash(&mut self) -> Result<Hash, EntryError> {
        let read = self.rest.hash();
        self.full(read)
    }

    fn status(&mut self) -> Result<Status, EntryError> {
        Status::new(self.byte()?).map_err(|unknown| EntryError::BadStatus(unknown.0))
    }

    fn initial(&mut self) -> Result<Initial, EntryError> {
        Initial::new(self.byte()?).map_err(|unknown| EntryError::BadStatus(unknown.0))
    }

    fn head(&mut self) -> Result<Head, EntryError> {
        let time = Millis(self.be64()?);
        let commitment = self.hash()?;
        let id = self.hash()?;
        let count = self.byte()?;
        let tags = (0..count).map(|_| self.hash()).collect::<Result<Vec<_>, _>>()?;
        Ok(Head { time, commitment, id, tags: Tags::ascending(tags)? })
    }

    fn commit(&mut self) -> Result<Commit, EntryError> {
        let time = Millis(self.be64()?);
        let version = self.byte()?;
        if version != MAP_VERSION {
            return Err(EntryError::UnknownMapVersion(version));
        }
        Ok(Commit {
            time,
            size: Size(self.be64()?),
            map_root: self.hash()?,
            keys: self.be64()?,
            prev_commit: Index(self.be64()?),
        })
    }
}

/// Goal: one value, one byte string. Method: one entry of each class, then every way to spoil its bytes.
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(tags: &[u8]) -> Head {
        Head {
            time: Millis(0x0102_0304_0506_0708),
            commitment: Hash([0xcc; 32]),
            id: Hash([0x1d; 32]),
            tags: Tags::new(tags.iter().map(|byte| Hash([*byte; 32])).collect()).unwrap(),
        }
    }

    fn each_class(tags: &[u8]) -> [Entry; 5] {
        [
            Entry::Create { head: head(tags), status: Initial::Pending },
            Entry::Transition {
                head: head(tags),
                target: Index(7),
                target_id: Hash([0x7a; 32]),
                status: Status::new(0x12).unwrap(),
            },
            Entry::Trace { head: head(tags) },
            Entry::Party { head: head(tags), status: Initial::Active, alias: Hash([0xa1; 32]) },
            Entry::Commit(Commit {
                time: Millis(9),
                size: Size(8),
                map_root: Hash([0x44; 32]),
                keys: 5,
                prev_commit: Index(3),
            }),
        ]
    }

    #[test]
    fn lengths_are_those_of_the_layouts() {
        for n in [0, 1, 3] {
            let tags = &[3, 1, 2][..n];
            let lengths = each_class(tags).map(|entry| entry.encode().len());
            assert_eq!(lengths, [76 + 32 * n, 116 + 32 * n, 75 + 32 * n, 108 + 32 * n, 67]);
        }
    }

    #[test]
    fn round_trip_and_every_other_length() {
        for entry in each_class(&[9, 4]) {
            let bytes = entry.encode();
            assert_eq!(Entry::decode(&bytes).as_ref(), Ok(&entry));
            for length in 0..bytes.len() {
                let refused = Entry::decode(&bytes[..length]).unwrap_err();
                let wanted = if FORBIDDEN_LENGTHS.contains(&length) {
                    EntryError::ForbiddenLength(length)
                } else {
                    EntryError::Truncated(length)
                };
                assert_eq!(refused, wanted);
            }
            let longer = [&bytes[..], &[0]].concat();
            assert_eq!(Entry::decode(&longer), Err(EntryError::TrailingBytes(1)));
        }
    }

    #[test]
    fn no_length_is_forbidden_to_encode_and_all_three_to_decode() {
        // The shortest layout is 67 bytes, above all three: encode cannot produce them.
        assert!(each_class(&[]).iter().all(|entry| entry.encode().len() > 64));
        for length in FORBIDDEN_LENGTHS {
            for version in [0, 1, 2, 255] {
                let bytes = vec![version; length];
                assert_eq!(Entry::decode(&bytes), Err(EntryError::ForbiddenLength(length)));
            }
        }
    }

    #[test]
    fn unknown_versions_classes_and_statuses() {
        for entry in each_class(&[1]) {
            let bytes = entry.encode();
            let with = |at: usize, byte: u8| {
                let mut other = bytes.clone();
                other[at] = byte;
                Entry::decode(&other)
            };
            for version in (0..=u8::MAX).filter(|version| *version != 1) {
                assert_eq!(with(0, version), Err(EntryError::UnknownVersion(version)));
            }
            for class in (0..=u8::MAX).filter(|class| Class::new(*class).is_none()) {
                assert_eq!(with(1, class), Err(EntryError::UnknownClass(class)));
            }
            let last = bytes.len() - 1;
            for byte in 0..=u8::MAX {
                match &entry {
                    Entry::Create { .. } => assert_eq!(with(last, byte).is_ok(), matches!(byte, 1 | 2)),
                    Entry::Party { .. } => assert_eq!(with(last - 32, byte).is_ok(), matches!(byte, 1 | 2)),
                    Entry::Transition { .. } => {
                        assert_eq!(with(last, byte).is_ok(), Status::new(byte).is_ok());
                    }
                    Entry::Commit(_) if byte != 1 => {
                        assert_eq!(with(10, byte), Err(EntryError::UnknownMapVersion(byte)));
                    }
                    Entry::Trace { .. } | Entry::Commit(_) => {}
                }
            }
        }
    }

    #[test]
    fn tags_strictly_ascend() {
        let tag = |byte| Hash([byte; 32]);
        assert_eq!(Tags::new(vec![tag(2), tag(1)]).unwrap().as_slice(), [tag(1), tag(2)]);
        assert_eq!(Tags::new(vec![tag(2), tag(1), tag(2)]), Err(EntryError::TagOrder(2)));
        let many = |n: u16| (0..n).map(|i| crate::hash::leaf(&i.to_be_bytes())).collect::<Vec<_>>();
        assert_eq!(Tags::new(many(256)), Err(EntryError::TooManyTags(256)));
        let full = Entry::Trace { head: Head { tags: Tags::new(many(255)).unwrap(), ..head(&[]) } };
        assert_eq!(Entry::decode(&full.encode()), Ok(full));

        let mut bytes = Entry::Trace { head: head(&[1, 2]) }.encode();
        for (low, high) in [(2, 1), (1, 1)] {
            bytes[75..107].fill(low);
            bytes[107..139].fill(high);
            assert_eq!(Entry::decode(&bytes), Err(EntryError::TagOrder(1)));
        }
    }

    proptest! {
        #[test]
        fn whatever_decodes_encodes_to_the_same_bytes(
            which in 0usize..5, at in 0usize..180, byte: u8, tags in proptest::collection::vec(any::<u8>(), 0..4)
        ) {
            let mut tags = tags;
            tags.sort_unstable();
            tags.dedup();
            let mut bytes = each_class(&tags)[which].encode();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            if let Ok(entry) = Entry::decode(&bytes) {
                prop_assert_eq!(entry.encode(), bytes);
            }
        }
    }
}

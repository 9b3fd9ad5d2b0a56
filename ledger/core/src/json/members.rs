//! From an object's members to a typed value: each member is taken once, with its type, and what is left over
//! at the end is unknown.
//!
//! ```
//! use procura_core::json::{Field, MemberError, Members};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #[derive(Clone, Copy, PartialEq, Debug)]
//! enum Mode { Joint, Several }
//!
//! let mut members = Members::parse_canonical(br#"{"limit":{"uses":3},"mode":"joint","names":["a","b"]}"#)?;
//! let mode = members.take_enum("mode", &[("joint", Mode::Joint), ("several", Mode::Several)])?;
//! let names = members.take_array("names", |field| field.text(100))?;
//! let note = members.take_opt("note", Field::str)?;
//! let mut limit = members.take_object("limit")?;
//! let uses = limit.take_u64("uses")?;
//! limit.finish()?;
//! members.finish()?;
//! assert_eq!((mode, names.len(), note, uses), (Mode::Joint, 2, None, 3));
//! # Ok(()) }
//! ```

use super::borrowed::{Borrowed, Member, into_map, of_map};
use super::scan::{Form, Scanner, push_item, push_name};
use super::{JsonError, MAX_PAYLOAD_BYTES};
use crate::days::Day;
use crate::{Hash, Millis, b64};
use serde_json::{Map, Number, Value};
use std::rc::Rc;

/// Why an object is not of the shape wanted. The place is an RFC 6901 pointer; the value never appears.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemberError {
    /// A member that must be there is not.
    #[error("{pointer:?} is missing")]
    Missing {
        /// Where it should stand.
        pointer: String,
    },
    /// A value is of another type or form.
    #[error("{pointer:?} is not {expected}")]
    Mistyped {
        /// The value.
        pointer: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A member that the object does not have.
    #[error("{pointer:?} is not a known member")]
    Unknown {
        /// The first such member by name.
        pointer: String,
    },
}

impl MemberError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "member_missing",
            Self::Mistyped { .. } => "member_mistyped",
            Self::Unknown { .. } => "member_unknown",
        }
    }

    /// Where: an RFC 6901 pointer.
    #[must_use]
    pub fn pointer(&self) -> &str {
        match self {
            Self::Missing { pointer } | Self::Mistyped { pointer, .. } | Self::Unknown { pointer } => pointer,
        }
    }
}

/// The members of an object that have not been taken yet. `null` is a value like any other: a member that may
/// be left out is left out, never `null`.
#[must_use = "members not taken must be refused by `finish`"]
pub struct Members<'a> {
    members: Vec<Member<'a>>,
    place: Place,
}

impl Members<'static> {
    /// The members of the outermost object, which was read elsewhere.
    pub fn new(map: Map<String, Value>) -> Self {
        Self { members: of_map(map), place: Place::default() }
    }
}

impl<'a> Members<'a> {
    /// The members of a signed payload, read as [`super::parse_canonical`] reads it.
    ///
    /// # Errors
    /// [`JsonError`], the first in the order of the text.
    pub fn parse_canonical(bytes: &'a [u8]) -> Result<Self, JsonError> {
        let members = Scanner::new(bytes, MAX_PAYLOAD_BYTES, Form::Canonical)?.object()?;
        Ok(Self { members, place: Place::default() })
    }

    /// The members of an object in ordinary JSON, read as [`super::parse_strict`] reads it.
    ///
    /// # Errors
    /// [`JsonError`], the first in the order of the text.
    pub fn parse_strict(bytes: &'a [u8], limit_bytes: usize) -> Result<Self, JsonError> {
        let members = Scanner::new(bytes, limit_bytes, Form::Ordinary)?.object()?;
        Ok(Self { members, place: Place::default() })
    }

    /// Whether `name` is there and not taken yet.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    /// Takes `name`, which must be there, with `read`: `members.take("day", Field::day)`.
    ///
    /// # Errors
    /// [`MemberError::Missing`], or what `read` says.
    pub fn take<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Field<'a>) -> Result<T, MemberError>,
    ) -> Result<T, MemberError> {
        self.take_opt(name, read)?.ok_or_else(|| MemberError::Missing { pointer: self.pointer_to(name) })
    }

    /// Takes `name` with `read` if it is there.
    ///
    /// # Errors
    /// What `read` says.
    pub fn take_opt<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Field<'a>) -> Result<T, MemberError>,
    ) -> Result<Option<T>, MemberError> {
        let Some(at) = self.members.iter().position(|(known, _)| known == name) else { return Ok(None) };
        let (_, value) = self.members.swap_remove(at);
        read(Field { value, step: Step { above: self.place.clone(), last: Last::Name(name) } }).map(Some)
    }

    /// Takes a string.
    ///
    /// # Errors
    /// [`MemberError::Missing`] or [`MemberError::Mistyped`], as for every `take_…` below.
    pub fn take_str(&mut self, name: &'static str) -> Result<String, MemberError> {
        self.take(name, Field::str)
    }

    /// Takes text for people: see [`Field::text`].
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_text(&mut self, name: &'static str, max_chars: usize) -> Result<String, MemberError> {
        self.take(name, |field| field.text(max_chars))
    }

    /// Takes 32 bytes in base64url.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_hash(&mut self, name: &'static str) -> Result<Hash, MemberError> {
        self.take(name, Field::hash)
    }

    /// Takes `N` bytes in base64url.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_bytes<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], MemberError> {
        self.take(name, Field::bytes)
    }

    /// Takes an integer from 0 to 2^53 − 1.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_u64(&mut self, name: &'static str) -> Result<u64, MemberError> {
        self.take(name, Field::u64)
    }

    /// Takes an instant in milliseconds.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_millis(&mut self, name: &'static str) -> Result<Millis, MemberError> {
        self.take(name, Field::millis)
    }

    /// Takes a day, `YYYY-MM-DD`.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_day(&mut self, name: &'static str) -> Result<Day, MemberError> {
        self.take(name, Field::day)
    }

    /// Takes `true` or `false`.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_bool(&mut self, name: &'static str) -> Result<bool, MemberError> {
        self.take(name, Field::bool)
    }

    /// Takes one of the words of `words`, and gives what stands beside it.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_enum<T: Clone>(&mut self, name: &'static str, words: &[(&str, T)]) -> Result<T, MemberError> {
        self.take(name, |field| field.one_of(words))
    }

    /// Takes an object.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_object(&mut self, name: &'static str) -> Result<Members<'a>, MemberError> {
        self.take(name, Field::object)
    }

    /// Takes an array, each item with `read`; it may be empty.
    ///
    /// # Errors
    /// As [`Members::take_str`], or what `read` says.
    pub fn take_array<T>(
        &mut self,
        name: &'static str,
        read: impl FnMut(Field<'a>) -> Result<T, MemberError>,
    ) -> Result<Vec<T>, MemberError> {
        self.take(name, |field| field.array_of(read))
    }

    /// Takes an array of 32-byte values in base64url; it may be empty.
    ///
    /// # Errors
    /// As [`Members::take_str`].
    pub fn take_array_of_hash(&mut self, name: &'static str) -> Result<Vec<Hash>, MemberError> {
        self.take_array(name, Field::hash)
    }

    /// The error that says `name`'s value, taken before, is not `expected`: for rules across members.
    #[must_use]
    pub fn mistyped(&self, name: &'static str, expected: &'static str) -> MemberError {
        MemberError::Mistyped { pointer: self.pointer_to(name), expected }
    }

    /// The members not taken, as they are: where others than those known are allowed.
    #[must_use]
    pub fn rest(self) -> Map<String, Value> {
        into_map(self.members)
    }

    /// Every member has been taken.
    ///
    /// # Errors
    /// [`MemberError::Unknown`] with the first member left, by name.
    pub fn finish(self) -> Result<(), MemberError> {
        match self.members.iter().map(|(name, _)| name).min() {
            None => Ok(()),
            Some(name) => Err(MemberError::Unknown { pointer: self.pointer_to(name) }),
        }
    }

    fn pointer_to(&self, name: &str) -> String {
        let mut pointer = self.place.pointer();
        push_name(&mut pointer, name);
        pointer
    }
}

/// One value and its place, to be read as the type wanted.
pub struct Field<'a> {
    value: Borrowed<'a>,
    step: Step,
}

/// Where an object or array stands; `None`: outermost. It is written out only where an error tells it.
#[derive(Clone, Default)]
struct Place(Option<Rc<Step>>);

/// A value's place: that of what holds it, and the last step.
struct Step {
    above: Place,
    last: Last,
}

#[derive(Clone, Copy)]
enum Last {
    Name(&'static str),
    Item(usize),
}

impl Place {
    fn pointer(&self) -> String {
        self.0.as_ref().map_or_else(String::new, |step| step.pointer())
    }
}

impl Step {
    fn pointer(&self) -> String {
        let mut pointer = self.above.pointer();
        match self.last {
            Last::Name(name) => push_name(&mut pointer, name),
            Last::Item(index) => push_item(&mut pointer, index),
        }
        pointer
    }
}

impl<'a> Field<'a> {
    /// Where the value stands: an RFC 6901 pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.step.pointer()
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Borrowed::Null
    }

    /// The value, to choose a reader by its type.
    #[must_use]
    pub const fn peek(&self) -> &Borrowed<'a> {
        &self.value
    }

    /// The value as it is.
    ///
    /// # Errors
    /// None; the shape is that of its siblings.
    pub fn value(self) -> Result<Value, MemberError> {
        Ok(self.value.into_value())
    }

    /// A string.
    ///
    /// # Errors
    /// [`MemberError::Mistyped`] if it is something else, as for every reader below.
    pub fn str(self) -> Result<String, MemberError> {
        match self.value {
            Borrowed::Text(text) => Ok(text.into_owned()),
            _ => Err(self.mistyped("a string")),
        }
    }

    /// A string of 1 to `max_chars` characters, none of them a control character, and not one that turns the
    /// direction of reading: what a person reads before signing must be what is signed.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn text(self, max_chars: usize) -> Result<String, MemberError> {
        let hidden =
            |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        self.parse("text of the length allowed, without control characters", |text| {
            let fits = !text.is_empty() && text.chars().count() <= max_chars;
            (fits && !text.contains(hidden)).then(|| text.to_owned())
        })
    }

    /// 32 bytes in canonical base64url.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn hash(self) -> Result<Hash, MemberError> {
        self.parse("32 bytes in base64url", |text| text.parse().ok())
    }

    /// `N` bytes in canonical base64url.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn bytes<const N: usize>(self) -> Result<[u8; N], MemberError> {
        self.parse("base64url of the length wanted", |text| b64::decode_array(text).ok())
    }

    /// An integer from 0 to 2^53 − 1.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn u64(self) -> Result<u64, MemberError> {
        let number = self.number().and_then(Number::as_u64).filter(|number| *number <= super::MAX_INTEGER);
        number.ok_or_else(|| self.mistyped("an integer from 0 to 2^53 − 1"))
    }

    /// An integer within ±(2^53 − 1).
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn i64(self) -> Result<i64, MemberError> {
        let number = self
            .number()
            .and_then(Number::as_i64)
            .filter(|number| number.unsigned_abs() <= super::MAX_INTEGER);
        number.ok_or_else(|| self.mistyped("an integer within ±(2^53 − 1)"))
    }

    /// An instant in milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn millis(self) -> Result<Millis, MemberError> {
        self.u64().map(Millis)
    }

    /// A day, `YYYY-MM-DD`.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn day(self) -> Result<Day, MemberError> {
        self.parse("a day YYYY-MM-DD", |text| text.parse().ok())
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn bool(self) -> Result<bool, MemberError> {
        match self.value {
            Borrowed::Bool(value) => Ok(value),
            _ => Err(self.mistyped("true or false")),
        }
    }

    /// What stands beside the string in `words`.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn one_of<T: Clone>(self, words: &[(&str, T)]) -> Result<T, MemberError> {
        self.parse("one of the words known here", |text| {
            words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| meaning.clone())
        })
    }

    /// A string that `parse` accepts; `expected` completes the sentence "… is not".
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn parse<T>(
        self,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, MemberError> {
        self.value.as_str().and_then(parse).ok_or_else(|| self.mistyped(expected))
    }

    /// An object.
    ///
    /// # Errors
    /// As [`Field::str`].
    pub fn object(self) -> Result<Members<'a>, MemberError> {
        match self.value {
            Borrowed::Object(members) => Ok(Members { members, place: Place(Some(Rc::new(self.step))) }),
            _ => Err(self.mistyped("an object")),
        }
    }

    /// An array, each item with `read`; it may be empty.
    ///
    /// # Errors
    /// As [`Field::str`], or what `read` says.
    pub fn array_of<T>(
        self,
        mut read: impl FnMut(Field<'a>) -> Result<T, MemberError>,
    ) -> Result<Vec<T>, MemberError> {
        let Borrowed::Array(items) = self.value else { return Err(self.mistyped("an array")) };
        let place = Place(Some(Rc::new(self.step)));
        let item = |(index, value)| {
            read(Field { value, step: Step { above: place.clone(), last: Last::Item(index) } })
        };
        items.into_iter().enumerate().map(item).collect()
    }

    fn number(&self) -> Option<&Number> {
        match &self.value {
            Borrowed::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The error that says this value is not `expected`.
    #[must_use]
    pub fn mistyped(&self, expected: &'static str) -> MemberError {
        MemberError::Mistyped { pointer: self.pointer(), expected }
    }
}

#[cfg(test)]
mod tests;

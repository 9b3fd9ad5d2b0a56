//! The one reader of JSON text. It is ours because the reason, the place and their order are part of the
//! protocol, and readers at hand drop duplicates and round numbers without a word.
//!
//! It descends at most [`MAX_DEPTH`] levels and reads every byte once.

use super::borrowed::{Borrowed, Member};
use super::{JsonError, MAX_DEPTH, MAX_INTEGER};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Which texts of one value are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The RFC 8785 form alone.
    Canonical,
    /// Any order, spacing and escapes.
    Ordinary,
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    form: Form,
    place: Vec<Step<'a>>,
}

enum Step<'a> {
    Name(Cow<'a, str>),
    Item(usize),
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8], limit_bytes: usize, form: Form) -> Result<Self, JsonError> {
        if bytes.len() > limit_bytes {
            return Err(JsonError::TooLarge { size_bytes: bytes.len(), limit_bytes });
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(JsonError::ByteOrderMark);
        }
        let text = std::str::from_utf8(bytes).map_err(|e| JsonError::NotUtf8 { offset: e.valid_up_to() })?;
        Ok(Self { text, at: 0, form, place: Vec::new() })
    }

    pub(super) fn object(mut self) -> Result<Vec<Member<'a>>, JsonError> {
        self.space()?;
        if self.next() != Some(b'{') {
            return Err(JsonError::NotAnObject);
        }
        let members = self.members(1)?;
        self.end()?;
        Ok(members)
    }

    pub(super) fn array(mut self) -> Result<Vec<Borrowed<'a>>, JsonError> {
        self.space()?;
        if self.next() != Some(b'[') {
            return Err(JsonError::NotAnArray);
        }
        let items = self.items(1)?;
        self.end()?;
        Ok(items)
    }

    fn value(&mut self, depth: usize) -> Result<Borrowed<'a>, JsonError> {
        match self.next() {
            Some(b'{') => self.members(depth + 1).map(Borrowed::Object),
            Some(b'[') => self.items(depth + 1).map(Borrowed::Array),
            Some(b'"') => self.string().map(Borrowed::Text),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b't') => self.word("true", Borrowed::Bool(true)),
            Some(b'f') => self.word("false", Borrowed::Bool(false)),
            Some(b'n') => self.word("null", Borrowed::Null),
            _ => Err(self.syntax()),
        }
    }

    fn members(&mut self, depth: usize) -> Result<Vec<Member<'a>>, JsonError> {
        self.enter(b'{', depth)?;
        let (mut members, mut names) = (Vec::new(), BTreeSet::new());
        if self.took(b'}') {
            return Ok(members);
        }
        loop {
            if self.next() != Some(b'"') {
                return Err(self.syntax());
            }
            let name = self.string()?;
            let follows = self.form == Form::Canonical
                && members.last().is_none_or(|(last, _): &Member<'_>| precedes(last, &name));
            // What follows all others in their order is none of them.
            let duplicate = !follows && is_among(&members, &mut names, &name);
            self.place.push(Step::Name(name));
            if duplicate {
                return Err(JsonError::DuplicateMember { pointer: self.pointer() });
            }
            if self.form == Form::Canonical && !follows {
                return Err(JsonError::MemberOrder { pointer: self.pointer() });
            }
            self.space()?;
            self.expect(b':')?;
            self.space()?;
            let value = self.value(depth)?;
            self.space()?;
            if let Some(Step::Name(name)) = self.place.pop() {
                members.push((name, value));
            }
            if self.took(b'}') {
                return Ok(members);
            }
            self.expect(b',')?;
            self.space()?;
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Borrowed<'a>>, JsonError> {
        self.enter(b'[', depth)?;
        let mut items = Vec::new();
        if self.took(b']') {
            return Ok(items);
        }
        loop {
            self.place.push(Step::Item(items.len()));
            items.push(self.value(depth)?);
            self.space()?;
            self.place.pop();
            if self.took(b']') {
                return Ok(items);
            }
            self.expect(b',')?;
            self.space()?;
        }
    }

    /// Steps over the bracket that opens level `depth`.
    fn enter(&mut self, bracket: u8, depth: usize) -> Result<(), JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep { pointer: self.pointer() });
        }
        self.expect(bracket)?;
        self.space()
    }

    /// A string; borrowed from the text where nothing in it is escaped.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"')?;
        let mut string = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let plain = plain_bytes(rest.as_bytes()).and_then(|plain| rest.get(..plain));
            let plain = plain.ok_or_else(|| self.syntax())?;
            self.at += plain.len();
            // A borrowed string is taken over as it is if nothing stands before it.
            string += plain;
            match self.next() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.to_mut().push(self.escape()?),
                _ => return Err(self.syntax()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let letter = self.next().ok_or_else(|| self.syntax())?;
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'u' => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            _ => return Err(self.syntax()),
        };
        if character == '/' && self.form == Form::Canonical {
            return Err(JsonError::Escape { pointer: self.pointer() });
        }
        self.at += 1;
        Ok(character)
    }

    /// What follows `\u`; `start` is where the backslash stands.
    fn unicode_escape(&mut self, start: usize) -> Result<char, JsonError> {
        let first = self.hex4()?;
        let code = match first {
            0xd800..=0xdbff => {
                if !self.rest().starts_with("\\u") {
                    return Err(JsonError::LoneSurrogate { pointer: self.pointer() });
                }
                self.at += 2;
                match self.hex4()? {
                    second @ 0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => return Err(JsonError::LoneSurrogate { pointer: self.pointer() }),
                }
            }
            other => other,
        };
        let character =
            char::from_u32(code).ok_or_else(|| JsonError::LoneSurrogate { pointer: self.pointer() })?;
        if self.form == Form::Canonical {
            // RFC 8785 section 3.2.2.2: \u00xx with small letters, for control characters without a letter.
            let needed = code < 0x20 && !matches!(character, '\u{8}' | '\t' | '\n' | '\u{c}' | '\r');
            if !needed || self.text.get(start..self.at) != Some(&format!("\\u{code:04x}")) {
                return Err(JsonError::Escape { pointer: self.pointer() });
            }
        }
        Ok(character)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.next().and_then(|b| char::from(b).to_digit(16)).ok_or_else(|| self.syntax())?;
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn integer(&mut self) -> Result<Borrowed<'a>, JsonError> {
        let negative = self.next() == Some(b'-');
        self.at += usize::from(negative);
        let digits = self.digits();
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(self.syntax());
        }
        self.at += digits.len();
        if matches!(self.next(), Some(b'.' | b'e' | b'E')) || (negative && digits == "0") {
            return Err(JsonError::NotAnInteger { pointer: self.pointer() });
        }
        let size = digits.parse().ok().filter(|size| *size <= MAX_INTEGER as i64);
        let size: i64 = size.ok_or_else(|| JsonError::IntegerRange { pointer: self.pointer() })?;
        Ok(Borrowed::Number(if negative { -size } else { size }.into()))
    }

    fn digits(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn word(&mut self, word: &str, value: Borrowed<'a>) -> Result<Borrowed<'a>, JsonError> {
        if !self.rest().starts_with(word) {
            return Err(self.syntax());
        }
        self.at += word.len();
        Ok(value)
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.space()?;
        match self.next() {
            None => Ok(()),
            Some(_) => Err(JsonError::TrailingText { offset: self.at }),
        }
    }

    fn space(&mut self) -> Result<(), JsonError> {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            if self.form == Form::Canonical {
                return Err(JsonError::Spacing { pointer: self.pointer() });
            }
            self.at += 1;
        }
        Ok(())
    }

    fn took(&mut self, byte: u8) -> bool {
        let there = self.next() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.took(byte) { Ok(()) } else { Err(self.syntax()) }
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn syntax(&self) -> JsonError {
        JsonError::Syntax { pointer: self.pointer(), offset: self.at }
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.place {
            match step {
                Step::Name(name) => push_name(&mut pointer, name),
                Step::Item(index) => push_item(&mut pointer, *index),
            }
        }
        pointer
    }
}

/// So many members are compared one by one; a set tells whether a name is among more, so that nobody's object takes a time that
/// grows with its square.
const FEW: usize = 16;

/// Whether a name is among those of `members`, of which `names` knows the first.
fn is_among<'a>(members: &[Member<'a>], names: &mut BTreeSet<Cow<'a, str>>, name: &str) -> bool {
    if members.len() <= FEW {
        return members.iter().any(|(other, _)| other == name);
    }
    let known = names.len();
    names.extend(members.iter().skip(known).map(|(name, _)| name.clone()));
    names.contains(name)
}

/// How many bytes of a string stand before the first that ends it, escapes something or may not be there.
fn plain_bytes(bytes: &[u8]) -> Option<usize> {
    const AT_ONCE: usize = 32;
    let is_plain = |byte: &u8| (*byte >= 0x20) & (*byte != b'"') & (*byte != b'\\');
    // A chunk is looked at to its end, which processors do many bytes at a time: most of what we read is long base64.
    let (chunks, _) = bytes.as_chunks::<AT_ONCE>();
    let are_plain = |chunk: &&[u8; AT_ONCE]| chunk.iter().fold(true, |all, byte| all & is_plain(byte));
    let before = chunks.iter().take_while(are_plain).count() * AT_ONCE;
    let stop = bytes.get(before..)?.iter().position(|byte| !is_plain(byte))?;
    Some(before + stop)
}

/// Whether `name` comes after `last` by their UTF-16 units, as RFC 8785 orders members. Of ASCII, bytes tell the same.
fn precedes(last: &str, name: &str) -> bool {
    if last.is_ascii() && name.is_ascii() { last < name } else { last.encode_utf16().lt(name.encode_utf16()) }
}

/// Names are the sender's: a long one must not make a long error.
const MAX_NAME_CHARS: usize = 64;

/// Adds a member's name to an RFC 6901 pointer.
pub(super) fn push_name(pointer: &mut String, name: &str) {
    pointer.push('/');
    for (count, character) in name.chars().enumerate() {
        match character {
            _ if count == MAX_NAME_CHARS => return pointer.push('…'),
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// Adds an item's index to an RFC 6901 pointer.
pub(super) fn push_item(pointer: &mut String, index: usize) {
    pointer.push('/');
    pointer.push_str(&index.to_string());
}

//! The TOML file: everything that is wrong in it is told at once, with its line.

use super::{ConfigError, Given};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.path.display(), self.line)
    }
}

/// Where in the file settings stand.
#[derive(Debug, Default)]
pub struct Places {
    path: PathBuf,
    /// By name, with dots: `webhooks.ca`, `static_tokens.0.file`.
    lines: BTreeMap<String, usize>,
}

impl Places {
    /// Where a setting stands, or what it is part of; `None` if the file does not have it.
    pub(crate) fn of(&self, setting: &str) -> Option<Place> {
        let mut name = setting;
        loop {
            if let Some(line) = self.lines.get(name) {
                return Some(Place { path: self.path.clone(), line: *line });
            }
            name = name.rsplit_once('.')?.0;
        }
    }

    /// What the command line or the environment gives does not hold as the file says it.
    pub(super) fn drop_given(&mut self, given: &Given) {
        for name in given.names() {
            self.lines.remove(name);
        }
    }
}

/// What a file says, as far as it can be read.
#[derive(Default)]
pub(super) struct File {
    pub(super) given: Given,
    pub(super) places: Places,
    pub(super) wrong: Vec<(Option<Place>, ConfigError)>,
}

impl File {
    pub(super) fn read(path: &Path) -> Self {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(source) => {
                let error = ConfigError::Unreadable { path: path.to_owned(), source };
                Self { wrong: vec![(None, error)], ..Self::default() }
            }
        }
    }

    /// What is wrong is noted and taken out, until what is left is right.
    fn parse(path: &Path, text: &str) -> Self {
        let mut file = Self::default();
        path.clone_into(&mut file.places.path);
        let (mut document, faults) = DeTable::parse_recoverable(text);
        for fault in &faults {
            file.says(text, fault);
        }
        if !faults.is_empty() {
            return file;
        }
        let mut taken_out = BTreeSet::new();
        loop {
            let error = match Given::deserialize(Deserializer::from(document.clone())) {
                Ok(given) => {
                    file.given = given;
                    break;
                }
                Err(error) => error,
            };
            let missing =
                error.message().strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            let at = error.span().unwrap_or_default();
            // What we took out ourselves is missing then.
            if missing.is_none_or(|name| !taken_out.contains(&(at.start, name.to_owned()))) {
                file.says(text, &error);
            }
            match take_out(document.get_mut(), 0, &at) {
                Some(taken) => taken_out.insert(taken),
                None => break,
            };
        }
        note_table(document.get_ref(), text, "", &mut file.places.lines);
        file
    }

    fn says(&mut self, text: &str, error: &toml::de::Error) {
        let line = line_of(text, error.span().unwrap_or_default().start);
        let place = Place { path: self.places.path.clone(), line };
        self.wrong.push((Some(place), ConfigError::Malformed(error.message().to_owned())));
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn note_table(table: &DeTable<'_>, text: &str, above: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let name = format!("{above}{}", key.get_ref());
        lines.insert(name.clone(), line_of(text, key.span().start));
        note(value, text, &name, lines);
    }
}

fn note(value: &Spanned<DeValue<'_>>, text: &str, name: &str, lines: &mut BTreeMap<String, usize>) {
    match value.get_ref() {
        DeValue::Table(table) => note_table(table, text, &format!("{name}."), lines),
        DeValue::Array(array) => {
            for (at, value) in array.iter().enumerate() {
                let name = format!("{name}.{at}");
                lines.insert(name.clone(), line_of(text, value.span().start));
                note(value, text, &name, lines);
            }
        }
        _ => {}
    }
}

/// Takes out the smallest thing that this span lies in: where what it was in begins, and its name.
fn take_out(table: &mut DeTable<'_>, begin: usize, span: &Range<usize>) -> Option<(usize, String)> {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let taken = take_out_of(value, span);
        if taken.is_some() {
            return taken;
        }
        if is_in(span, &key.span()) || is_in(span, &value.span()) {
            found = Some(key.clone());
        }
    }
    let key = found?;
    table.remove(&key);
    Some((begin, key.into_inner().into_owned()))
}

fn take_out_of(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<(usize, String)> {
    let begin = value.span().start;
    match value.get_mut() {
        DeValue::Table(table) => take_out(table, begin, span),
        DeValue::Array(array) => take_out_element(array, begin, span),
        _ => None,
    }
}

fn take_out_element(array: &mut DeArray<'_>, begin: usize, span: &Range<usize>) -> Option<(usize, String)> {
    let taken = array.iter_mut().find_map(|value| take_out_of(value, span));
    if taken.is_some() {
        return taken;
    }
    let out = array.iter().position(|value| is_in(span, &value.span()))?;
    *array = array.iter().enumerate().filter(|(at, _)| *at != out).map(|(_, value)| value.clone()).collect();
    Some((begin, out.to_string()))
}

fn is_in(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

//! A value as it stands in a text: what nobody takes out of it is never copied.

use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// A value that was read. Strings lie in the text where nothing in them is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Borrowed<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Self>),
    /// An object, its members in the order of the text, each name once.
    Object(Vec<Member<'a>>),
}

/// A member of an object.
pub(super) type Member<'a> = (Cow<'a, str>, Borrowed<'a>);

impl Borrowed<'_> {
    /// The string, if it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same without the text.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Array(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Object(members) => Value::Object(into_map(members)),
        }
    }
}

/// Members without the text.
pub(super) fn into_map(members: Vec<Member<'_>>) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.into_owned(), value.into_value())).collect()
}

/// Members that were read elsewhere.
pub(super) fn of_map(map: Map<String, Value>) -> Vec<Member<'static>> {
    map.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

impl From<Value> for Borrowed<'static> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(map) => Self::Object(of_map(map)),
        }
    }
}

//! What a request says besides who, whose, which and why: properties, which a condition may name.
//!
//! spec: conditions.md#properties

use crate::json::MAX_INTEGER;
use crate::kinds::is_code;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most properties that a request has.
pub const MAX_PROPERTIES: usize = 64;

/// The most characters of a property's text.
pub(super) const MAX_TEXT_CHARS: usize = 255;

/// Members of `context` that mean something by themselves, and are no properties.
const NO_PROPERTIES: [&str; 3] = ["emergency", "on_behalf_of", "together_with"];

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Who wants to act.
    Subject,
    /// What is done.
    Action,
    /// What it is done with.
    Resource,
    /// The circumstances.
    Context,
}

impl Part {
    /// Every part, in the order in which a request is read.
    pub const ALL: [Self; 4] = [Self::Subject, Self::Action, Self::Resource, Self::Context];

    /// The part's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Action => "action",
            Self::Resource => "resource",
            Self::Context => "context",
        }
    }
}

/// A property's name, and the part of a request that it is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property {
    of: Part,
    name: String,
}

impl Property {
    /// The property of this name, a code; `None` if none can be called so.
    #[must_use]
    pub fn new(of: Part, name: &str) -> Option<Self> {
        let is_taken = of == Part::Context && NO_PROPERTIES.contains(&name);
        (is_code(name) && !is_taken).then(|| Self { of, name: name.to_owned() })
    }

    /// The part that it is of.
    #[must_use]
    pub const fn of(&self) -> Part {
        self.of
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands in a request: an RFC 6901 pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        let folder = if self.of == Part::Context { "" } else { "/properties" };
        format!("/{}{folder}/{}", self.of.name(), self.name)
    }
}

/// A value that can be compared without doubt. Values of two types are never equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    /// Yes or no.
    Boolean(bool),
    /// Within ±(2^53 − 1).
    Integer(i64),
    /// At most 255 characters, compared byte by byte.
    Text(String),
}

impl Scalar {
    /// A property's value; `None` for JSON that says nothing here.
    fn of_sent(value: Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Boolean(value)),
            Value::Number(number) => {
                number.as_i64().filter(|number| number.unsigned_abs() <= MAX_INTEGER).map(Self::Integer)
            }
            Value::String(text) => (text.chars().count() <= MAX_TEXT_CHARS).then_some(Self::Text(text)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Boolean(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
        }
    }
}

/// The properties of a request: at most [`MAX_PROPERTIES`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<Property, Scalar>);

impl Properties {
    /// Keeps those of these members that can be a property; what cannot is as if it had not been sent. `false` if they are too many.
    #[must_use]
    pub(crate) fn keep(&mut self, of: Part, sent: Map<String, Value>) -> bool {
        let kept = sent
            .into_iter()
            .filter_map(|(name, value)| Some((Property::new(of, &name)?, Scalar::of_sent(value)?)));
        self.0.extend(kept);
        self.0.len() <= MAX_PROPERTIES
    }

    /// The value of a property; `None` if it was not sent.
    #[must_use]
    pub fn get(&self, property: &Property) -> Option<&Scalar> {
        self.0.get(property)
    }

    /// The properties of one part, as JSON.
    #[must_use]
    pub fn of(&self, part: Part) -> Map<String, Value> {
        let those = self.0.iter().filter(|(property, _)| property.of == part);
        those.map(|(property, value)| (property.name.clone(), value.to_json())).collect()
    }
}

//! What must be so for a mandate or a consent to hold, beyond its scopes and its days: closed, typed data that a citizen can
//! read, never code.
//!
//! spec: conditions.md

mod evaluate;
mod instant;
mod properties;
mod read;
mod sentence;
mod within;

pub use evaluate::{Given, Unmet};
pub use properties::{MAX_PROPERTIES, Part, Properties, Property, Scalar};

use crate::Millis;
use crate::days::Period;

/// The most conditions that a grant has.
pub const MAX_CONDITIONS: usize = 16;

/// The conditions of a grant, all of which must hold: at most [`MAX_CONDITIONS`], none twice, at most one of them [`Uses`]. The
/// default is a grant's that names none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions(Vec<Condition>);

/// One condition.
///
/// spec: conditions.md#types
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A property of the request passes a test.
    Property(Property, Test),
    /// The request's purpose is one of these codes, ascending.
    Purpose(Vec<String>),
    /// The grant was not used too often yet.
    Uses(Uses),
}

/// What a property is tested for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is this.
    Equals(Scalar),
    /// It is one of these, of one type, ascending.
    OneOf(Vec<Scalar>),
    /// It is an integer within these bounds, both included; there is at least one.
    Range {
        /// The least allowed.
        min: Option<i64>,
        /// The most allowed.
        max: Option<i64>,
    },
    /// It is an instant before this one.
    Before(Millis),
    /// It is this instant or a later one.
    After(Millis),
}

/// How often a grant may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uses {
    /// So many times, 1 to 1,000.
    pub times: u64,
    /// In each of these; `None`: in all.
    pub per: Option<Period>,
}

impl Conditions {
    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The conditions, as they stand in the record.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }

    /// How often the grant may be used, if that is limited.
    #[must_use]
    pub fn uses(&self) -> Option<Uses> {
        self.0.iter().find_map(|condition| match condition {
            Condition::Uses(uses) => Some(*uses),
            _ => None,
        })
    }
}

impl Condition {
    /// The condition's type, as its record names it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Property(_, Test::Equals(_)) => "equals",
            Self::Property(_, Test::OneOf(_)) => "one_of",
            Self::Property(_, Test::Range { .. }) => "range",
            Self::Property(_, Test::Before(_)) => "before",
            Self::Property(_, Test::After(_)) => "after",
            Self::Purpose(_) => "purpose",
            Self::Uses(_) => "uses",
        }
    }
}

#[cfg(test)]
mod tests;

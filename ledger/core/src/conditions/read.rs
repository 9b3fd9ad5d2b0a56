//! Conditions from a record's members, and back.
//!
//! spec: conditions.md#types

use super::properties::MAX_TEXT_CHARS;
use super::{Condition, Conditions, MAX_CONDITIONS, Part, Property, Scalar, Test, Uses};
use crate::Millis;
use crate::days::{Day, Period};
use crate::json::{Borrowed, Field, MemberError, Members};
use crate::kinds::{code, take_set};
use serde_json::{Map, Value, json};
use std::mem::discriminant;

type Read = fn(&mut Members) -> Result<Condition, MemberError>;

/// How each type is read. The list is closed: what is not understood must not be taken for met.
const TYPES: [(&str, Read); 7] = [
    ("equals", equals),
    ("one_of", one_of),
    ("range", range),
    ("before", before),
    ("after", after),
    ("purpose", purpose),
    ("uses", uses),
];

const PARTS: [(&str, Part); 4] = [
    ("subject", Part::Subject),
    ("action", Part::Action),
    ("resource", Part::Resource),
    ("context", Part::Context),
];

const PERIODS: [(&str, Period); 4] =
    [("day", Period::Day), ("month", Period::Month), ("quarter", Period::Quarter), ("year", Period::Year)];

impl Conditions {
    /// Takes a grant's `conditions`; a grant that names none has none.
    ///
    /// # Errors
    /// [`MemberError`] if they are not of the shape that the spec gives them.
    pub fn take(members: &mut Members) -> Result<Self, MemberError> {
        let read = |field: Field| field.array_of(condition);
        let Some(conditions) = members.take_opt("conditions", read)? else { return Ok(Self::default()) };
        if !(1..=MAX_CONDITIONS).contains(&conditions.len()) {
            return Err(members.mistyped("conditions", "an array of 1 to 16 conditions"));
        }
        if (1..).zip(&conditions).any(|(next, one)| conditions.iter().skip(next).any(|other| other == one)) {
            return Err(members.mistyped("conditions", "without doubles"));
        }
        if conditions.iter().filter(|condition| matches!(condition, Condition::Uses(_))).count() > 1 {
            return Err(members.mistyped("conditions", "with at most one of the type uses"));
        }
        Ok(Self(conditions))
    }

    /// Reads the value of a member `conditions`.
    ///
    /// # Errors
    /// As [`Conditions::take`].
    pub fn read(value: Value) -> Result<Self, MemberError> {
        Self::take(&mut Members::new(Map::from_iter([("conditions".to_owned(), value)])))
    }

    /// The value of the member `conditions`. A grant without conditions has no such member.
    #[must_use]
    pub fn to_json(&self) -> Value {
        self.0.iter().map(Condition::to_json).collect()
    }
}

fn condition(field: Field) -> Result<Condition, MemberError> {
    let mut members = field.object()?;
    let read = members.take_enum("type", &TYPES)?;
    let condition = read(&mut members)?;
    members.finish()?;
    Ok(condition)
}

fn equals(members: &mut Members) -> Result<Condition, MemberError> {
    Ok(Condition::Property(property(members)?, Test::Equals(members.take("value", scalar)?)))
}

fn one_of(members: &mut Members) -> Result<Condition, MemberError> {
    let property = property(members)?;
    let values = take_set(members, "values", 64, scalar)?;
    let mut types = values.iter().map(discriminant);
    let first = types.next();
    if !types.all(|other| Some(other) == first) {
        return Err(members.mistyped("values", "of one type"));
    }
    Ok(Condition::Property(property, Test::OneOf(values)))
}

fn range(members: &mut Members) -> Result<Condition, MemberError> {
    let property = property(members)?;
    let (min, max) = (members.take_opt("min", Field::i64)?, members.take_opt("max", Field::i64)?);
    match (min, max) {
        (None, None) => Err(members.mistyped("max", "there, and neither is min")),
        (Some(min), Some(max)) if min > max => Err(members.mistyped("max", "at least min")),
        _ => Ok(Condition::Property(property, Test::Range { min, max })),
    }
}

fn before(members: &mut Members) -> Result<Condition, MemberError> {
    Ok(Condition::Property(property(members)?, Test::Before(instant(members)?)))
}

fn after(members: &mut Members) -> Result<Condition, MemberError> {
    Ok(Condition::Property(property(members)?, Test::After(instant(members)?)))
}

fn purpose(members: &mut Members) -> Result<Condition, MemberError> {
    Ok(Condition::Purpose(take_set(members, "purposes", 64, code)?))
}

fn uses(members: &mut Members) -> Result<Condition, MemberError> {
    let times = members.take_u64("times")?;
    if !(1..=1000).contains(&times) {
        return Err(members.mistyped("times", "an integer from 1 to 1000"));
    }
    let per = members.take_opt("per", |field| field.one_of(&PERIODS))?;
    Ok(Condition::Uses(Uses { times, per }))
}

fn property(members: &mut Members) -> Result<Property, MemberError> {
    let of = members.take_enum("of", &PARTS)?;
    let expected = "a code, and of the context neither on_behalf_of nor with";
    members.take("property", |field| field.parse(expected, |name| Property::new(of, name)))
}

/// An instant that a sentence can tell: one that has a day.
fn instant(members: &mut Members) -> Result<Millis, MemberError> {
    let instant = members.take_millis("instant")?;
    match Day::of(instant) {
        Some(_) => Ok(instant),
        None => Err(members.mistyped("instant", "before the year 10000")),
    }
}

fn scalar(field: Field) -> Result<Scalar, MemberError> {
    match field.peek() {
        Borrowed::Bool(_) => field.bool().map(Scalar::Boolean),
        Borrowed::Number(_) => field.i64().map(Scalar::Integer),
        Borrowed::Text(_) => field.text(MAX_TEXT_CHARS).map(Scalar::Text),
        _ => Err(field.mistyped("a text, an integer, true or false")),
    }
}

impl Condition {
    /// The condition as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut condition = match self {
            Self::Property(property, test) => {
                let mut members = test.to_json();
                members.insert("of".to_owned(), property.of().name().into());
                members.insert("property".to_owned(), property.name().into());
                members
            }
            Self::Purpose(purposes) => one("purposes", json!(purposes)),
            Self::Uses(Uses { times, per }) => {
                let mut members = one("times", json!(times));
                members.extend(per.map(|per| ("per".to_owned(), per.name().into())));
                members
            }
        };
        condition.insert("type".to_owned(), self.name().into());
        Value::Object(condition)
    }
}

impl Test {
    fn to_json(&self) -> Map<String, Value> {
        match self {
            Self::Equals(value) => one("value", value.to_json()),
            Self::OneOf(values) => one("values", values.iter().map(Scalar::to_json).collect()),
            Self::Range { min, max } => {
                let bounds = [("min", min), ("max", max)];
                bounds
                    .iter()
                    .filter_map(|(name, bound)| Some(((*name).to_owned(), (**bound)?.into())))
                    .collect()
            }
            Self::Before(instant) | Self::After(instant) => one("instant", json!(instant)),
        }
    }
}

fn one(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

//! Whether conditions hold: pure, over what is given.
//!
//! spec: conditions.md#holds

use super::{Condition, Conditions, Properties, Property, Scalar, Test, Uses, instant};
use crate::Millis;

/// What conditions are held against.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// What the request says.
    pub properties: &'a Properties,
    /// The request's purpose.
    pub purpose: &'a str,
    /// The instant decided for.
    pub at: Millis,
    /// When the grant was used before, in any order.
    pub uses: &'a [Millis],
}

/// Why a condition does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// The request does not say what the condition is about.
    #[error("the request has no {}", .0.pointer())]
    Missing(Property),
    /// What it says is something else than the condition wants.
    #[error("a condition is not met")]
    NotMet,
    /// The grant was used as often as it may be.
    #[error("the grant is used up")]
    UsedUp,
}

impl Unmet {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing(_) => "property_missing",
            Self::NotMet => "condition_not_met",
            Self::UsedUp => "used_up",
        }
    }
}

impl Conditions {
    /// Whether all of them hold.
    ///
    /// # Errors
    /// [`Unmet`] of the first that does not.
    pub fn hold(&self, given: &Given<'_>) -> Result<(), Unmet> {
        self.iter().try_for_each(|condition| condition.holds(given))
    }
}

impl Condition {
    /// Whether it holds.
    ///
    /// # Errors
    /// [`Unmet`] if it does not, or if nobody can tell.
    pub fn holds(&self, given: &Given<'_>) -> Result<(), Unmet> {
        let met = match self {
            Self::Property(property, test) => {
                let value = given.properties.get(property);
                test.passes(value.ok_or_else(|| Unmet::Missing(property.clone()))?)
            }
            Self::Purpose(purposes) => purposes.iter().any(|purpose| purpose == given.purpose),
            Self::Uses(uses) if uses.used_up(given) => return Err(Unmet::UsedUp),
            Self::Uses(_) => true,
        };
        if met { Ok(()) } else { Err(Unmet::NotMet) }
    }
}

impl Test {
    pub(super) fn passes(&self, value: &Scalar) -> bool {
        match self {
            Self::Equals(wanted) => value == wanted,
            Self::OneOf(allowed) => allowed.contains(value),
            Self::Range { min, max } => match value {
                Scalar::Integer(n) => min.is_none_or(|min| min <= *n) && max.is_none_or(|max| *n <= max),
                _ => false,
            },
            Self::Before(end) => millis(value).is_some_and(|ms| ms < i128::from(end.0)),
            Self::After(start) => millis(value).is_some_and(|ms| ms >= i128::from(start.0)),
        }
    }
}

/// The instant that a value tells. It may lie before 1970.
fn millis(value: &Scalar) -> Option<i128> {
    match value {
        Scalar::Integer(ms) => Some((*ms).into()),
        Scalar::Text(text) => instant::parse(text).map(i128::from),
        Scalar::Boolean(_) => None,
    }
}

impl Uses {
    /// Whether no use is left at the instant given. In a period that has no end nothing can be counted: none is left.
    fn used_up(self, given: &Given<'_>) -> bool {
        let before = match self.per {
            None => given.uses.len(),
            Some(per) => match per.around(given.at) {
                None => return true,
                Some(period) => given.uses.iter().filter(|used| period.contains(used)).count(),
            },
        };
        !u64::try_from(before).is_ok_and(|before| before < self.times)
    }
}

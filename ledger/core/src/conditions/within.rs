//! Whether conditions are at least as narrow as others: a sub-delegated mandate lies within the one above it.
//!
//! spec: conditions.md#narrower

use super::{Condition, Conditions, Test};

impl Conditions {
    /// Whether what meets these conditions always meets `parent`'s as well. `false` where that cannot be told condition by
    /// condition: when in doubt, a grant is not within another.
    #[must_use]
    pub fn imply(&self, parent: &Self) -> bool {
        parent.iter().all(|wanted| self.iter().any(|condition| condition.implies(wanted)))
    }
}

impl Condition {
    /// Whether what meets this condition always meets `parent`.
    fn implies(&self, parent: &Self) -> bool {
        match (self, parent) {
            (Self::Property(property, test), Self::Property(same, wanted)) => {
                property == same && test.implies(wanted)
            }
            (Self::Purpose(purposes), Self::Purpose(allowed)) => {
                purposes.iter().all(|purpose| allowed.contains(purpose))
            }
            // Whoever may not do it more often in a year may not do it more often on a day of it either.
            (Self::Uses(uses), Self::Uses(allowed)) => {
                uses.times <= allowed.times
                    && match (uses.per, allowed.per) {
                        (None, _) => true,
                        (Some(_), None) => false,
                        (Some(per), Some(allowed)) => per >= allowed,
                    }
            }
            _ => false,
        }
    }
}

impl Test {
    fn implies(&self, parent: &Self) -> bool {
        match (self, parent) {
            (Self::Equals(value), _) => parent.passes(value),
            (Self::OneOf(values), _) => values.iter().all(|value| parent.passes(value)),
            (Self::Range { min, max }, Self::Range { min: least, max: most }) => {
                let above = |least: i64| min.is_some_and(|min| min >= least);
                let below = |most: i64| max.is_some_and(|max| max <= most);
                least.is_none_or(above) && most.is_none_or(below)
            }
            (Self::Before(end), Self::Before(latest)) => end <= latest,
            (Self::After(start), Self::After(earliest)) => start >= earliest,
            _ => false,
        }
    }
}

//! Catalogues: what a code covers, and what it asks for.

use super::record::{Catalogue, Category};
use procura_core::Millis;
use procura_core::days::Day;

impl Catalogue {
    /// A category by its code.
    pub(super) fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code)
    }

    /// A category's code and those of all above it, from the category upwards.
    fn upwards(&self, code: &str) -> Vec<&Category> {
        let mut line = Vec::new();
        let mut next = self.category(code);
        while let Some(category) = next {
            line.push(category);
            next = category.parent.as_deref().and_then(|parent| self.category(parent));
        }
        line
    }

    /// A category code covers itself and every category below it.
    pub(super) fn covers(&self, scope: &str, code: &str) -> bool {
        self.upwards(code).iter().any(|category| category.code == scope)
    }

    /// Whether one of the scopes covers the category.
    pub(super) fn one_covers(&self, scopes: &[String], code: &str) -> bool {
        scopes.iter().any(|scope| self.covers(scope, code))
    }

    /// How sure the keys must be: what the category states, or the nearest above it that states something.
    pub(super) fn assurance(&self, code: &str) -> u8 {
        self.upwards(code).iter().find_map(|category| category.assurance).unwrap_or(0)
    }

    /// The period that a category has: its own, or that of the nearest above it that has one.
    fn period(&self, code: &str) -> Option<i8> {
        self.upwards(code).iter().find_map(|category| category.period)
    }

    /// Whether a mandate for the scopes may begin or end at this instant: the first of a period of each category that a
    /// scope covers, and of each scope.
    pub(super) fn may_turn_at(&self, scopes: &[String], instant: Millis) -> bool {
        let covered = self.categories.iter().filter(|category| self.one_covers(scopes, &category.code));
        covered.filter_map(|category| self.period(&category.code)).all(|months| is_first(months, instant))
    }
}

/// Whether an instant is the first of a period of so many months, counted from January, in Brussels.
fn is_first(months: i8, instant: Millis) -> bool {
    let Some(day) = Day::of(instant) else { return false };
    day.first_instant() == instant && day.day() == 1 && (day.month() - 1) % months == 0
}

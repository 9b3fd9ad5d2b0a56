//! What may be given under a mandate.

use super::Model;
use super::record::{Catalogue, Grant, Under};
use super::status::ACTIVE;

impl Model {
    /// Whether the mandate that a grant names in `under` allows it.
    pub(super) fn within(&self, grant: &Grant) -> Result<(), &'static str> {
        let Some(under) = &grant.under else { return Ok(()) };
        let Some((n, above)) = self.grant(&under.mandate) else { return Err("under") };
        if !above.is_mandate() {
            return Err("under");
        }
        if !allows(above, grant, under) {
            return Err("beyond");
        }
        if !self.record_counts(n, self.log.len(), self.log.len()) {
            return Err("key_compromised");
        }
        if self.status(n, self.log.len()) == Some(ACTIVE) { Ok(()) } else { Err("under") }
    }

    /// Whether each scope is covered by one of those of the mandate above.
    pub(super) fn scopes_within(&self, grant: &Grant, words: &Catalogue) -> bool {
        let Some((_, above)) = grant.under.as_ref().and_then(|under| self.grant(&under.mandate)) else {
            return true;
        };
        grant.scopes.iter().all(|scope| words.one_covers(&above.scopes, scope))
    }
}

/// What the records say by themselves.
fn allows(above: &Grant, grant: &Grant, under: &Under) -> bool {
    let everybody_above = || {
        let mut all = above.to.clone();
        all.extend(above.under.iter().flat_map(|above| above.informed.clone()));
        all
    };
    let same = |a: &[procura_core::Hash], b: &[procura_core::Hash]| {
        a.iter().all(|one| b.contains(one)) && b.iter().all(|one| a.contains(one))
    };
    let ends_within = match (above.not_after, grant.not_after) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(above), Some(own)) => own <= above,
    };
    same(&above.from, &grant.from)
        && under.by.iter().all(|party| above.to.contains(party))
        && under.by.len() >= above.needed.unwrap_or(1)
        && same(&under.informed, &everybody_above())
        && above.catalogue == grant.catalogue
        && above.not_before <= grant.not_before
        && ends_within
        && (!grant.is_mandate() || above.substitution > grant.substitution)
}

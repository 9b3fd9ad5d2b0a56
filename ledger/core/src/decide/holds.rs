//! Whether one grant holds, and if not, the one reason why.
//!
//! spec: decisions.md#a-grant-holds

use super::facts::{Facts, Grant, GrantKind, Then};
use super::gather::ends_with_majority;
use super::reason::{Hint, Level, Reason};
use super::request::Request;
use crate::conditions::{Given, Unmet};
use crate::kinds::Assurance;
use crate::status::Status;
use crate::{Hash, Millis};
use std::collections::BTreeSet;

/// The most parties that took one another's place, and mandates under one another, that are followed.
const MOST_LINKS: usize = 8;

/// What a question is decided on.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) request: &'a Request,
    pub(super) at: Millis,
    pub(super) facts: &'a Facts,
    /// Those who act, roles replaced by the party they are under.
    pub(super) acting: &'a [Hash],
}

/// Why a grant does not hold.
pub(super) type Denial = (Reason, Option<Hint>);

impl<'a> Case<'a> {
    /// Whether a grant permits what is asked; `true` if it does so in good faith.
    pub(super) fn holds(&self, grant: &Grant) -> Result<bool, Denial> {
        let good_faith = self.stands(grant, 0).map_err(|reason| (reason, None))?;
        self.meets(grant)?;
        self.assured(grant)?;
        let acting = self.heirs(&grant.to).into_iter().filter(|party| self.acting.contains(party));
        if grant.kind == GrantKind::Mandate && acting.count() < grant.needed {
            return Err((Reason::Together, Some(Hint::Together(grant.needed))));
        }
        Ok(good_faith)
    }

    /// All that does not depend on who acts, on the keys and on what the caller says.
    fn stands(&self, grant: &Grant, depth: usize) -> Result<bool, Reason> {
        self.covers(grant)?;
        if grant.status.is_disputed() {
            return Err(Reason::Disputed);
        }
        match grant.status {
            Status::ACTIVE => {}
            Status::SUSPENDED => return Err(Reason::Suspended),
            Status::PENDING => return Err(Reason::NotAccepted),
            _ => return Err(Reason::Ended),
        }
        if !grant.validity.has_begun(self.at) {
            return Err(Reason::NotYetValid);
        }
        if grant.validity.is_over(self.at) || grant.ends.is_some_and(|end| end <= self.at) {
            return Err(Reason::Expired);
        }
        if !grant.counts {
            return Err(Reason::SignatureVoid);
        }
        let mut good_faith = self.parties_stand(grant)?;
        if let Some(above) = &grant.under {
            let above =
                self.facts.grants.get(above).filter(|_| depth < MOST_LINKS).ok_or(Reason::UnderEnded)?;
            good_faith |= self.stands(above, depth + 1).map_err(|_| Reason::UnderEnded)?;
        }
        Ok(good_faith)
    }

    fn covers(&self, grant: &Grant) -> Result<(), Reason> {
        let catalogue = self.facts.catalogues.get(&grant.catalogue).ok_or(Reason::OutOfScope)?;
        let for_purpose = grant.kind == GrantKind::Mandate || grant.purposes.contains(&self.request.purpose);
        let covered = for_purpose && catalogue.content.covers(&grant.scopes, &self.request.category);
        if covered { Ok(()) } else { Err(Reason::OutOfScope) }
    }

    /// Those whom it is from and to are still there. Of those it is to as many as must act.
    fn parties_stand(&self, grant: &Grant) -> Result<bool, Reason> {
        let mut good_faith = false;
        let (by_law, survives) = self.roots(grant);
        let mut is_protected = false;
        for party in &grant.from {
            let then = self.then(*party).filter(Then::is_there).ok_or(Reason::Lapsed)?;
            good_faith |= then.unrecorded;
            is_protected |= then.status == Status::SUSPENDED;
            if then.of_age && self.is_for_minors(grant) {
                return Err(Reason::Lapsed);
            }
        }
        if is_protected && !by_law && !survives {
            return Err(Reason::Protected);
        }
        let mut active = 0;
        for party in self.heirs(&grant.to) {
            if let Some(then) = self.then(party)
                && then.status == Status::ACTIVE
            {
                good_faith |= then.unrecorded;
                active += 1;
            }
        }
        if active < grant.needed { Err(Reason::Lapsed) } else { Ok(good_faith) }
    }

    /// Whether a grant, or one that it is under, stands by law, and whether one survives protection.
    fn roots(&self, grant: &Grant) -> (bool, bool) {
        let chain = || self.chain(grant);
        (chain().any(|grant| grant.ground.is_some()), chain().any(|grant| grant.survives))
    }

    fn is_for_minors(&self, grant: &Grant) -> bool {
        self.chain(grant).any(|grant| ends_with_majority(grant.ground))
    }

    /// A grant and the mandates that it is under.
    pub(super) fn chain<'g>(&self, grant: &'g Grant) -> impl Iterator<Item = &'g Grant>
    where
        'a: 'g,
    {
        let facts = self.facts;
        std::iter::successors(Some(grant), move |grant| facts.grants.get(&grant.under?)).take(MOST_LINKS)
    }

    /// Its conditions: what it is under asks for nothing that these don't imply.
    fn meets(&self, grant: &Grant) -> Result<(), Denial> {
        let Request { properties, purpose, .. } = self.request;
        let given = Given { properties, purpose, at: self.at, uses: &grant.uses };
        grant.conditions.hold(&given).map_err(|unmet| match unmet {
            Unmet::Missing(property) => (Reason::Condition, Some(Hint::Property(property.pointer()))),
            Unmet::NotMet | Unmet::UsedUp => (Reason::Condition, None),
        })
    }

    fn assured(&self, grant: &Grant) -> Result<(), Denial> {
        let Some(catalogue) = self.facts.catalogues.get(&grant.catalogue) else { return Ok(()) };
        let Some(asked) = catalogue.content.assurance_of(&self.request.category) else { return Ok(()) };
        let lowest = self.chain(grant).map(|grant| grant.assurance).min().unwrap_or(Assurance::Low);
        if lowest >= asked {
            Ok(())
        } else {
            Err((Reason::Assurance, Some(Hint::Assurance(Level::of(asked)))))
        }
    }

    /// The party that stands in a party's place by now: itself, unless it was merged into another.
    pub(super) fn heir(&self, party: Hash) -> Hash {
        let mut at = party;
        for _ in 0..MOST_LINKS {
            match self.facts.parties.get(&at).and_then(|fact| fact.then(self.at).heir) {
                Some(heir) => at = heir,
                None => break,
            }
        }
        at
    }

    /// Those who stand in the places of these, each once: two that became one are one.
    fn heirs(&self, parties: &[Hash]) -> BTreeSet<Hash> {
        parties.iter().map(|party| self.heir(*party)).collect()
    }

    /// A party, or the one in its place, as it was then; `None` if nobody registered it, or it is pending.
    pub(super) fn then(&self, party: Hash) -> Option<Then> {
        let then = self.facts.parties.get(&self.heir(party))?.then(self.at);
        (then.status != Status::PENDING).then_some(then)
    }
}

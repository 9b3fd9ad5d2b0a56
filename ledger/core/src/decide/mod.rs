//! May this party do this with this person's data, now? One pure function over facts.
//!
//! spec: decisions.md

mod facts;
mod gather;
mod holds;
mod reason;
mod request;
mod search;

pub use facts::{CatalogueFact, Facts, Grant, GrantKind, PartyFact, PartyMove, Then};
pub use gather::Gather;
pub(crate) use gather::notice;
pub use reason::{Hint, Level, Reason};
pub use request::{AuthZen, PartyRef, Request, RequestError};
pub use search::{PARTY, Search, Sought};

use self::holds::Case;
use crate::status::Status;
use crate::{Hash, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most grants that a denial names as evidence.
pub const MAX_EVIDENCE: usize = 8;

/// The answer, with why and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Yes or no.
    pub permit: bool,
    /// Why.
    pub reason: Reason,
    /// The records that it rests on, grants and catalogues: each once, ascending.
    pub evidence: Vec<Hash>,
    /// A permit that something stands against which had happened already but was not yet recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub good_faith: bool,
    /// What would turn a denial into a permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
}

/// Decides. The same arguments give the same answer: no clock, no order of a map, nothing from outside.
#[must_use]
pub fn decide(request: &Request, at: Millis, facts: &Facts) -> Decision {
    match words(request, facts) {
        Ok(grounds) => {
            let mut decision = walk(request, at, facts);
            decision.evidence.extend(grounds);
            decision.evidence = in_order(decision.evidence);
            decision
        }
        Err((reason, grounds)) => deny(reason, in_order(grounds)),
    }
}

fn walk(request: &Request, at: Millis, facts: &Facts) -> Decision {
    let (Some(actor), Some(subject)) = (request.actor, request.subject) else {
        return deny(Reason::NoAuthority, Vec::new());
    };
    let Some(actor) = acts_as(actor, at, facts) else { return deny(Reason::NoAuthority, Vec::new()) };
    let principal = match &request.on_behalf_of {
        None => actor.party,
        Some(Some(principal)) if Some(*principal) == request.actor => actor.party,
        Some(Some(principal)) => *principal,
        Some(None) => return deny(Reason::NoAuthority, Vec::new()),
    };
    let together = request.together_with.iter().flatten().filter_map(|party| acts_as(*party, at, facts));
    let acting: Vec<Hash> =
        together.filter(|other| other.is_active).map(|other| other.party).chain([actor.party]).collect();
    let case = Case { request, at, facts, acting: &acting };
    let (Some(principal_then), Some(subject_then)) = (case.then(principal), case.then(subject)) else {
        return deny(Reason::NoAuthority, Vec::new());
    };
    // What the law lets others do, it lets them do with the data of the dead; the answer rests on it from here on.
    let has_ended = !subject_then.is_there();
    let law = if has_ended && subject != principal { lawful(principal, request, facts, false) } else { None };
    if !actor.is_active || !principal_then.is_there() || (has_ended && law.is_none()) {
        return deny(Reason::PartyNotActive, Vec::new());
    }

    let unrecorded = actor.unrecorded || principal_then.unrecorded || subject_then.unrecorded;
    let evidence = law.into_iter().collect();
    let mut permit = Permit { reason: Reason::Own, evidence, good_faith: unrecorded };
    if principal != actor.party {
        match case.strongest(GrantKind::Mandate, principal, actor.party) {
            Ok((grant, good_faith)) => permit.rest_on(&case, grant, good_faith, Reason::Mandate),
            Err(denial) => return permit.denied(denial),
        }
    }
    if subject != principal {
        // Through the actor the principal acts too.
        let acting = [acting.as_slice(), &[principal]].concat();
        match (Case { acting: &acting, ..case }).route(subject, principal) {
            Ok(Route::Law(catalogue, reason)) => {
                permit.evidence.push(catalogue);
                permit.reason = reason;
            }
            Ok(Route::Grant(grant, good_faith, reason)) => permit.rest_on(&case, grant, good_faith, reason),
            Err(denial) => return permit.denied(denial),
        }
    }
    let Permit { reason, evidence, good_faith } = permit;
    Decision { permit: true, reason, evidence, good_faith, hint: None }
}

/// A yes in the making.
struct Permit {
    reason: Reason,
    evidence: Vec<Hash>,
    good_faith: bool,
}

impl Permit {
    fn rest_on(&mut self, case: &Case<'_>, grant: &Grant, good_faith: bool, reason: Reason) {
        self.evidence.extend(case.chain(grant).map(|grant| grant.id));
        self.evidence.push(grant.catalogue);
        self.good_faith |= good_faith;
        self.reason = reason;
    }

    /// What was found so far stays part of the answer: without it the denial would be another.
    fn denied(self, mut denial: Decision) -> Decision {
        denial.evidence.extend(self.evidence);
        denial
    }
}

/// Who acts: a party, or for a role the one that it is under.
struct Actor {
    party: Hash,
    is_active: bool,
    unrecorded: bool,
}

/// `None` if nobody registered one of the two.
fn acts_as(id: Hash, at: Millis, facts: &Facts) -> Option<Actor> {
    let fact = facts.parties.get(&id)?;
    let then = fact.then(at);
    if then.status == Status::PENDING {
        return None;
    }
    let is_active = then.status == Status::ACTIVE;
    let Some(under) = fact.content.under else {
        return Some(Actor { party: id, is_active, unrecorded: then.unrecorded });
    };
    let body = facts.parties.get(&under)?.then(at);
    let is_active = is_active && body.status == Status::ACTIVE;
    Some(Actor { party: under, is_active, unrecorded: body.unrecorded })
}

/// What leads from the subject to the principal.
enum Route<'f> {
    Law(Hash, Reason),
    Grant(&'f Grant, bool, Reason),
}

impl<'f> Case<'f> {
    /// From the subject to the principal: by law, by consent, by mandate, or else by what the law says of emergencies.
    fn route(&self, subject: Hash, principal: Hash) -> Result<Route<'f>, Decision> {
        if let Some(catalogue) = lawful(principal, self.request, self.facts, false) {
            return Ok(Route::Law(catalogue, Reason::LegalBasis));
        }
        let denial = match self.given(subject, principal) {
            Ok(route) => return Ok(route),
            Err(denial) => denial,
        };
        match lawful(principal, self.request, self.facts, true) {
            Some(catalogue) if self.request.emergency => Ok(Route::Law(catalogue, Reason::Emergency)),
            Some(catalogue) if denial.hint.is_none() => {
                let evidence = [denial.evidence, vec![catalogue]].concat();
                Err(Decision { evidence, hint: Some(Hint::Emergency(true)), ..denial })
            }
            _ => Err(denial),
        }
    }

    /// What the subject gave the principal: a consent, else a mandate.
    fn given(&self, subject: Hash, principal: Hash) -> Result<Route<'f>, Decision> {
        let consent = match self.strongest(GrantKind::Consent, subject, principal) {
            Ok((grant, good_faith)) => return Ok(Route::Grant(grant, good_faith, Reason::Consent)),
            Err(denial) => denial,
        };
        match self.strongest(GrantKind::Mandate, subject, principal) {
            Ok((grant, good_faith)) => Ok(Route::Grant(grant, good_faith, Reason::Mandate)),
            Err(denial) if denial.reason < consent.reason => Err(denial),
            Err(denial) if denial.reason == consent.reason => {
                let evidence = [consent.evidence, denial.evidence].concat();
                Err(Decision { evidence, hint: consent.hint, ..denial })
            }
            Err(_) => Err(consent),
        }
    }

    /// The grant of this kind between these two that holds and was logged first, with whether in good faith, or the denial of
    /// highest rank.
    fn strongest(&self, kind: GrantKind, from: Hash, to: Hash) -> Result<(&'f Grant, bool), Decision> {
        let stands_for =
            |parties: &[Hash], wanted| parties.iter().any(|id| *id == wanted || self.heir(*id) == wanted);
        let mut grants: Vec<&Grant> = self
            .facts
            .grants
            .values()
            .filter(|grant| grant.kind == kind && stands_for(&grant.from, from) && stands_for(&grant.to, to))
            .collect();
        grants.sort_by_key(|grant| grant.index);
        let mut worst: (Reason, Option<Hint>, Vec<&Grant>) = (Reason::NoAuthority, None, Vec::new());
        for grant in grants {
            match self.holds(grant) {
                Ok(good_faith) => return Ok((grant, good_faith)),
                Err((reason, hint)) if reason < worst.0 => worst = (reason, hint, vec![grant]),
                Err((reason, _)) if reason == worst.0 => worst.2.push(grant),
                Err(_) => {}
            }
        }
        let (reason, hint, grants) = worst;
        let named = grants.into_iter().take(MAX_EVIDENCE);
        let evidence = named.flat_map(|grant| self.chain(grant)).map(|grant| grant.id).collect();
        Err(Decision { hint, ..deny(reason, evidence) })
    }
}

/// The first catalogue by id, in force, whose law lets the principal use the category for the purpose: always, or in an
/// emergency.
fn lawful(principal: Hash, request: &Request, facts: &Facts, emergency: bool) -> Option<Hash> {
    facts.catalogues.iter().filter(|(_, fact)| fact.in_force).find_map(|(id, fact)| {
        let names = |basis: &crate::kinds::Basis| {
            basis.emergency == emergency
                && basis.recipients.binary_search(&principal).is_ok()
                && basis.purposes.contains(&request.purpose)
                && fact.content.covers(&basis.categories, &request.category)
        };
        fact.content.bases.iter().any(names).then_some(*id)
    })
}

/// The first catalogue by id that has the category and the purpose; else what is unknown, and the first catalogue
/// that has the category at least. Only a catalogue in force, or one that a grant names, lends its words: that grant
/// is then evidence too.
fn words(request: &Request, facts: &Facts) -> Result<Vec<Hash>, (Reason, Vec<Hash>)> {
    let mut with_category = facts.catalogues.iter().filter_map(|(id, fact)| {
        fact.content.category(&request.category)?;
        if fact.in_force {
            return Some((fact, vec![*id]));
        }
        let naming = facts.grants.values().filter(|grant| grant.catalogue == *id);
        let first = naming.min_by_key(|grant| grant.index)?;
        Some((fact, vec![*id, first.id]))
    });
    let Some(first) = with_category.next() else { return Err((Reason::UnknownCategory, Vec::new())) };
    let fallback = first.1.clone();
    std::iter::once(first)
        .chain(with_category)
        .find(|(fact, _)| fact.content.has_purpose(&request.purpose))
        .map(|(_, grounds)| grounds)
        .ok_or((Reason::UnknownPurpose, fallback))
}

fn deny(reason: Reason, evidence: Vec<Hash>) -> Decision {
    Decision { permit: false, reason, evidence, good_faith: false, hint: None }
}

fn in_order(ids: Vec<Hash>) -> Vec<Hash> {
    ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

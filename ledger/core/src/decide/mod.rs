//! May this party do this with this person's data, now? One pure function over facts.
//!
//! spec: decisions.md

mod facts;
mod request;

pub use facts::{CatalogueFact, Facts, Gather, Grant, GrantKind, PartyFact};
pub use request::{AuthZen, PartyRef, Request, RequestError};

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
}

/// Why the answer is what it is. The order of the denials is their rank: the one highest in the table is given.
///
/// spec: decisions.md#reasons
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The actor is the subject.
    #[serde(rename = "self")]
    Own,
    /// By law.
    LegalBasis,
    /// Under the subject's consent.
    Consent,
    /// Under a mandate.
    Mandate,
    /// No catalogue has the category.
    UnknownCategory,
    /// No catalogue has the purpose.
    UnknownPurpose,
    /// A party is registered but not active.
    PartyNotActive,
    /// A grant is disputed.
    Disputed,
    /// A grant is suspended.
    Suspended,
    /// A mandate is not accepted yet.
    NotAccepted,
    /// A grant starts later.
    NotYetValid,
    /// A grant's last day has passed.
    Expired,
    /// A signature under a grant no longer counts.
    SignatureVoid,
    /// A grant was ended.
    Ended,
    /// There are grants, none covers this.
    OutOfScope,
    /// Nothing.
    NoAuthority,
}

impl Reason {
    /// The reason's stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::LegalBasis => "legal_basis",
            Self::Consent => "consent",
            Self::Mandate => "mandate",
            Self::UnknownCategory => "unknown_category",
            Self::UnknownPurpose => "unknown_purpose",
            Self::PartyNotActive => "party_not_active",
            Self::Disputed => "disputed",
            Self::Suspended => "suspended",
            Self::NotAccepted => "not_accepted",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::SignatureVoid => "signature_void",
            Self::Ended => "ended",
            Self::OutOfScope => "out_of_scope",
            Self::NoAuthority => "no_authority",
        }
    }
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
    let principal = match &request.on_behalf_of {
        None => actor,
        Some(Some(principal)) => *principal,
        Some(None) => return deny(Reason::NoAuthority, Vec::new()),
    };
    if let Some(reason) = inactive([actor, subject, principal], facts) {
        return deny(reason, Vec::new());
    }

    let mut evidence = Vec::new();
    let mut reason = Reason::Own;
    if principal != actor {
        match strongest(GrantKind::Mandate, principal, actor, request, at, facts) {
            Ok(grant) => {
                evidence.extend([grant.id, grant.catalogue]);
                reason = Reason::Mandate;
            }
            Err(denial) => return denial,
        }
    }
    if subject != principal {
        match from_subject(subject, principal, request, at, facts) {
            Ok((route, grounds)) => {
                evidence.extend(grounds);
                reason = route;
            }
            // The first step stays part of the answer: without it the denial would be another.
            Err(mut denial) => {
                denial.evidence.extend(evidence);
                return denial;
            }
        }
    }
    Decision { permit: true, reason, evidence }
}

/// From the subject to the principal: by law, else by consent, else by mandate.
fn from_subject(
    subject: Hash,
    principal: Hash,
    request: &Request,
    at: Millis,
    facts: &Facts,
) -> Result<(Reason, Vec<Hash>), Decision> {
    if let Some(catalogue) = lawful(principal, request, facts) {
        return Ok((Reason::LegalBasis, vec![catalogue]));
    }
    let consent = match strongest(GrantKind::Consent, subject, principal, request, at, facts) {
        Ok(grant) => return Ok((Reason::Consent, vec![grant.id, grant.catalogue])),
        Err(denial) => denial,
    };
    match strongest(GrantKind::Mandate, subject, principal, request, at, facts) {
        Ok(grant) => Ok((Reason::Mandate, vec![grant.id, grant.catalogue])),
        Err(denial) if denial.reason < consent.reason => Err(denial),
        Err(denial) if denial.reason == consent.reason => {
            Err(deny(denial.reason, [consent.evidence, denial.evidence].concat()))
        }
        Err(_) => Err(consent),
    }
}

/// The grant of this kind between these two that holds and was logged first, or the denial of highest rank.
fn strongest<'f>(
    kind: GrantKind,
    from: Hash,
    to: Hash,
    request: &Request,
    at: Millis,
    facts: &'f Facts,
) -> Result<&'f Grant, Decision> {
    let mut grants: Vec<&Grant> = facts
        .grants
        .iter()
        .filter(|grant| grant.kind == kind && grant.from == from && grant.to == to)
        .collect();
    grants.sort_by_key(|grant| grant.index);
    let mut worst = Reason::NoAuthority;
    let mut evidence = Vec::new();
    for grant in grants {
        match holds(grant, request, at, facts) {
            Ok(()) => return Ok(grant),
            Err(reason) if reason < worst => (worst, evidence) = (reason, vec![grant.id]),
            Err(reason) if reason == worst => evidence.push(grant.id),
            Err(_) => {}
        }
    }
    Err(deny(worst, evidence))
}

/// Whether a grant permits this now, or the one reason why not: what it covers first, then its status, then the rest.
fn holds(grant: &Grant, request: &Request, at: Millis, facts: &Facts) -> Result<(), Reason> {
    let catalogue = facts.catalogues.get(&grant.catalogue).ok_or(Reason::OutOfScope)?;
    let for_purpose = grant.kind == GrantKind::Mandate || grant.purposes.contains(&request.purpose);
    if !for_purpose || !catalogue.content.covers(&grant.scopes, &request.category) {
        return Err(Reason::OutOfScope);
    }
    if grant.status.is_disputed() {
        return Err(Reason::Disputed);
    }
    match grant.status {
        Status::ACTIVE => {}
        Status::SUSPENDED => return Err(Reason::Suspended),
        Status::PENDING => return Err(Reason::NotAccepted),
        _ => return Err(Reason::Ended),
    }
    if !grant.validity.has_begun(at) {
        return Err(Reason::NotYetValid);
    }
    if grant.validity.is_over(at) {
        return Err(Reason::Expired);
    }
    if grant.counts { Ok(()) } else { Err(Reason::SignatureVoid) }
}

/// The first catalogue by id, in force, whose law lets the principal use the category for the purpose.
fn lawful(principal: Hash, request: &Request, facts: &Facts) -> Option<Hash> {
    facts.catalogues.iter().filter(|(_, fact)| fact.in_force).find_map(|(id, fact)| {
        let names = |basis: &crate::kinds::Basis| {
            basis.recipients.binary_search(&principal).is_ok()
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
        let naming = facts.grants.iter().filter(|grant| grant.catalogue == *id);
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

/// Whether one of the parties is registered but not active. One that is pending was never registered: it answers
/// as an unknown one does.
fn inactive(parties: [Hash; 3], facts: &Facts) -> Option<Reason> {
    let statuses = parties.map(|id| facts.parties.get(&id).map(|party| party.status));
    if statuses.iter().any(|status| matches!(status, None | Some(Status::PENDING))) {
        return Some(Reason::NoAuthority);
    }
    statuses.iter().any(|status| *status != Some(Status::ACTIVE)).then_some(Reason::PartyNotActive)
}

fn deny(reason: Reason, mut evidence: Vec<Hash>) -> Decision {
    evidence.truncate(MAX_EVIDENCE);
    Decision { permit: false, reason, evidence }
}

fn in_order(ids: Vec<Hash>) -> Vec<Hash> {
    ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

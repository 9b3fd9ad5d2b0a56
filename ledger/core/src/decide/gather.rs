//! The facts of records, gathered by prover and verifier alike.
//!
//! spec: decisions.md#facts

use super::facts::{CatalogueFact, Facts, Grant, GrantKind, PartyFact, PartyMove};
use crate::judge::{Judge, Standing, Verdict};
use crate::kinds::{self, Assurance, Content, Event, Giver, Ground, Mandate, Revocation};
use crate::source::{Lack, Logged, Source};
use crate::status::Status;
use crate::{Hash, Index, Millis, Size};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which records the facts are made of. The parties of the grants come along, with those that roles are under and that others were merged into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gather {
    /// Parties.
    pub parties: BTreeSet<Hash>,
    /// Mandates and consents, those that they are under included.
    pub grants: BTreeSet<Hash>,
    /// Catalogues, those of the grants included.
    pub catalogues: BTreeSet<Hash>,
}

impl Facts {
    /// Gathers the facts of these records as of a tree size.
    ///
    /// # Errors
    /// [`Verdict`] if a record is not there or cannot be judged. A signature that does not count *any more* is a fact, not an
    /// error: such a grant is void, such a party is as if nobody had registered it, such a catalogue says nothing.
    pub fn gather<S: Source + ?Sized>(
        judge: &Judge<'_, S>,
        which: &Gather,
        as_of: Size,
    ) -> Result<Self, Verdict> {
        let mut facts = Self::default();
        for id in &which.catalogues {
            let Some(standing) = counted(judge, id, as_of)? else { continue };
            let in_force = standing.status_as_of(as_of) == Some(Status::ACTIVE);
            let Content::Catalogue(content) = standing.create.opened()?.record.content() else {
                return Err(Lack::Record { id: *id }.into());
            };
            facts.catalogues.insert(*id, CatalogueFact { content: Arc::clone(content), in_force });
        }
        for id in &which.grants {
            let grant = grant(judge, &facts, id, as_of)?;
            facts.grants.insert(*id, grant);
        }
        let of_grants = facts.grants.values().flat_map(|grant| grant.from.iter().chain(&grant.to));
        let mut parties: BTreeSet<Hash> = of_grants.chain(&which.parties).copied().collect();
        while let Some(id) = parties.pop_first() {
            if let Some(party) = party(judge, &id, as_of)? {
                let heirs = party.moves.iter().filter_map(|step| match step.event?.event {
                    Event::Merger(into) => Some(into),
                    _ => None,
                });
                let next: Vec<Hash> = heirs.chain(party.content.under).collect();
                facts.parties.insert(id, party);
                parties.extend(next.iter().filter(|id| !facts.parties.contains_key(id)));
            }
        }
        Ok(facts)
    }
}

/// A record whose signatures count, or `None` if one was found to be by a compromised key.
fn counted<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    id: &Hash,
    as_of: Size,
) -> Result<Option<Standing>, Verdict> {
    match judge.standing_as_of(id, as_of) {
        Ok(standing) => Ok(Some(standing)),
        Err(Verdict::KeyCompromised(_)) => Ok(None),
        Err(verdict) => Err(verdict),
    }
}

/// A party with what became of it. A grant may name one that was not there yet at `as_of`.
fn party<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    id: &Hash,
    as_of: Size,
) -> Result<Option<PartyFact>, Verdict> {
    let Some(standing) = counted(judge, id, as_of)? else { return Ok(None) };
    let Content::Party(content) = standing.create.opened()?.record.content() else {
        return Err(Lack::Record { id: *id }.into());
    };
    let mut statuses = standing.list.as_of(as_of).iter().filter_map(|item| Some((item.index, item.status?)));
    let Some((_, starts)) = statuses.next() else { return Err(Lack::Record { id: *id }.into()) };
    let mut moves = Vec::new();
    for (index, to) in statuses {
        let logged = item(judge, id, index)?;
        // Nothing is erased of somebody who is there: what is not shown is hidden.
        if logged.is_none() && !standing.list.status().is_some_and(Status::is_ended) {
            judge.source().at(index)?.opened()?;
        }
        let event = logged.as_ref().and_then(|logged| match logged.opened.as_ref()?.record.content() {
            Content::LifeEvent(event) => Some(*event),
            _ => None,
        });
        let logged_at = logged.map_or(Millis(0), |logged| logged.entry.time());
        moves.push(PartyMove { to, logged_at, event });
    }
    Ok(Some(PartyFact { content: content.clone(), starts, moves }))
}

/// An item of a list, judged and opened; `None` if its body was erased: then the worst is assumed of it.
fn item<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    id: &Hash,
    index: Index,
) -> Result<Option<Arc<Logged>>, Verdict> {
    match judge.item(id, index) {
        Ok(logged) => Ok(Some(logged)),
        Err(Verdict::Lack(Lack::Unopened { .. }) | Verdict::KeyCompromised(_)) => Ok(None),
        Err(verdict) => Err(verdict),
    }
}

/// A grant as a fact. One whose signer's key or party was found void counts for nothing; one that cannot be judged
/// at all is an error.
fn grant<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    facts: &Facts,
    id: &Hash,
    as_of: Size,
) -> Result<Grant, Verdict> {
    let source = judge.source();
    let counts = counted(judge, id, as_of)?.is_some();
    let standing = Standing { create: source.record(id)?, list: source.list(id)? };
    let status = standing.status_as_of(as_of).ok_or(Lack::Record { id: *id })?;
    let opened = standing.create.opened()?;
    let mut grant = match opened.record.content() {
        Content::Mandate(mandate) => of_mandate(*id, standing.create.index, mandate),
        Content::Consent(consent) => Grant {
            id: *id,
            index: standing.create.index,
            kind: GrantKind::Consent,
            from: vec![consent.subject],
            to: vec![consent.recipient],
            needed: 1,
            catalogue: consent.catalogue,
            scopes: consent.scopes.clone(),
            purposes: consent.purposes.clone(),
            validity: consent.validity,
            conditions: consent.conditions.clone(),
            uses: Vec::new(),
            ends: None,
            status,
            counts,
            assurance: Assurance::Low,
            ground: None,
            survives: false,
            under: consent.giver.under().map(|under| under.mandate),
        },
        _ => return Err(Lack::Record { id: *id }.into()),
    };
    (grant.status, grant.counts) = (status, counts);
    if kinds::is_counted(&opened.record) {
        for item in stays_active(&standing, as_of) {
            grant.uses.push(source.unopened(item)?.entry.time());
        }
    }
    if grant.kind == GrantKind::Mandate {
        grant.ends = notice(judge, id, &standing, as_of)?;
    }
    // Only where it is asked for: it takes more of the records.
    let asked = facts.catalogues.get(&grant.catalogue).is_some_and(|fact| fact.content.asks_for_assurance());
    if asked && counts {
        grant.assurance = assurance(judge, &standing, as_of)?;
    }
    Ok(grant)
}

fn of_mandate(id: Hash, index: Index, mandate: &Mandate) -> Grant {
    Grant {
        id,
        index,
        kind: GrantKind::Mandate,
        from: mandate.mandators.clone(),
        to: mandate.mandatees.clone(),
        needed: mandate.needed,
        catalogue: mandate.catalogue,
        scopes: mandate.scopes.clone(),
        purposes: Vec::new(),
        validity: mandate.validity,
        conditions: mandate.conditions.clone(),
        uses: Vec::new(),
        ends: None,
        status: Status::PENDING,
        counts: false,
        assurance: Assurance::Low,
        ground: mandate.giver.ground(),
        survives: mandate.survives,
        under: mandate.giver.under().map(|under| under.mandate),
    }
}

/// The first instant at which a notice ends a mandate: an item that leaves it active. Of one that was erased nobody knows when:
/// it has ended.
///
/// # Errors
/// [`Verdict`].
pub(crate) fn notice<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    id: &Hash,
    standing: &Standing,
    as_of: Size,
) -> Result<Option<Millis>, Verdict> {
    let mut ends: Option<Millis> = None;
    for index in stays_active(standing, as_of) {
        let logged = item(judge, id, index)?;
        let effective = logged.and_then(|logged| match logged.opened.as_ref()?.record.content() {
            Content::Revocation(Revocation { effective }) => *effective,
            _ => None,
        });
        ends = ends.into_iter().chain([effective.unwrap_or(Millis(0))]).min();
    }
    Ok(ends)
}

/// The items of a list that leave its record active: notices of a mandate, uses of a consent.
fn stays_active(standing: &Standing, as_of: Size) -> impl Iterator<Item = Index> {
    standing.list.as_of(as_of).windows(2).filter_map(|pair| match pair {
        [before, made] if before.status == Some(Status::ACTIVE) && made.status == Some(Status::ACTIVE) => {
            Some(made.index)
        }
        _ => None,
    })
}

/// How sure the keys are of those who gave the grant: the lowest counts.
fn assurance<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    standing: &Standing,
    as_of: Size,
) -> Result<Assurance, Verdict> {
    let record = &standing.create.opened()?.record;
    let (giver, from): (&Giver, &[Hash]) = match record.content() {
        Content::Mandate(mandate) => (&mandate.giver, &mandate.mandators),
        Content::Consent(consent) => (&consent.giver, std::slice::from_ref(&consent.subject)),
        _ => return Ok(Assurance::Low),
    };
    let givers = match giver {
        Giver::Assisted(_) => return Ok(Assurance::Low),
        // An authority's word is as sure as the law makes it.
        Giver::Lawful(_) => return Ok(Assurance::High),
        Giver::Own => from,
        Giver::Under(under) => &under.by,
    };
    let mut lowest = Assurance::High;
    for by in judge.signers_before(standing, Index(as_of.0))? {
        if by.party.is_some_and(|party| givers.contains(&party))
            && let Content::Key(key) = judge.source().record(&by.kid)?.opened()?.record.content()
        {
            lowest = lowest.min(key.assurance);
        }
    }
    Ok(lowest)
}

/// Whether a ground is one that ends when its mandator comes of age.
pub(super) const fn ends_with_majority(ground: Option<Ground>) -> bool {
    matches!(ground, Some(Ground::Parental | Ground::Guardianship))
}

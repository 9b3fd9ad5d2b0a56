//! What a decision may know: gathered from records, as of one tree size, by prover and verifier alike.
//!
//! spec: decisions.md#facts

use crate::judge::{Judge, Standing, Verdict};
use crate::kinds::{Catalogue, Content, Party, Validity};
use crate::source::{Lack, Source};
use crate::status::Status;
use crate::{Hash, Index, Size};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that [`super::decide`] looks at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The parties, by id.
    pub parties: BTreeMap<Hash, PartyFact>,
    /// Mandates and consents.
    pub grants: Vec<Grant>,
    /// The catalogues that grants name, and those in force.
    pub catalogues: BTreeMap<Hash, CatalogueFact>,
}

/// A party and its status.
#[derive(Debug, Clone)]
pub struct PartyFact {
    /// What its record says.
    pub content: Party,
    /// Its status.
    pub status: Status,
}

/// A catalogue and whether it is in force.
#[derive(Debug, Clone)]
pub struct CatalogueFact {
    /// What its record says.
    pub content: Arc<Catalogue>,
    /// Whether it is active: its bases hold.
    pub in_force: bool,
}

/// The kinds of grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantKind {
    /// The right to act for somebody.
    Mandate,
    /// The right to see somebody's data.
    Consent,
}

/// A mandate or a consent.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The record's id.
    pub id: Hash,
    /// Where it was logged.
    pub index: Index,
    /// Which of the two.
    pub kind: GrantKind,
    /// Who gives.
    pub from: Hash,
    /// Who gets.
    pub to: Hash,
    /// The catalogue that its codes are of.
    pub catalogue: Hash,
    /// Category codes.
    pub scopes: Vec<String>,
    /// Purpose codes; a mandate names none and is for any.
    pub purposes: Vec<String>,
    /// From when to when.
    pub validity: Validity,
    /// Its status.
    pub status: Status,
    /// Whether every signature under it counts.
    pub counts: bool,
}

/// Which records the facts are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gather {
    /// Parties.
    pub parties: BTreeSet<Hash>,
    /// Mandates and consents.
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
        for id in &which.parties {
            let Some(standing) = counted(judge, id)? else { continue };
            let status = standing.status_as_of(as_of).ok_or(Lack::Record { id: *id })?;
            let Content::Party(content) = standing.create.opened()?.record.content() else {
                return Err(Lack::Record { id: *id }.into());
            };
            facts.parties.insert(*id, PartyFact { content: content.clone(), status });
        }
        for id in &which.catalogues {
            let Some(standing) = counted(judge, id)? else { continue };
            let in_force = standing.status_as_of(as_of) == Some(Status::ACTIVE);
            let Content::Catalogue(content) = standing.create.opened()?.record.content() else {
                return Err(Lack::Record { id: *id }.into());
            };
            facts.catalogues.insert(*id, CatalogueFact { content: Arc::clone(content), in_force });
        }
        for id in &which.grants {
            facts.grants.push(grant(judge, id, as_of)?);
        }
        Ok(facts)
    }
}

/// A record whose signatures count, or `None` if one was found to be by a compromised key. Judged on a clean slate, so that what
/// is void does not pass for judged when the next record rests on it.
fn counted<S: Source + ?Sized>(judge: &Judge<'_, S>, id: &Hash) -> Result<Option<Standing>, Verdict> {
    match judge.afresh().standing(id) {
        Ok(standing) => Ok(Some(standing)),
        Err(Verdict::KeyCompromised(_)) => Ok(None),
        Err(verdict) => Err(verdict),
    }
}

/// A grant as a fact. One whose signer's key or party was found void counts for nothing; one that cannot be judged
/// at all is an error.
fn grant<S: Source + ?Sized>(judge: &Judge<'_, S>, id: &Hash, as_of: Size) -> Result<Grant, Verdict> {
    let source = judge.source();
    let counts = counted(judge, id)?.is_some();
    let create = source.record(id)?;
    let status = source.list(id)?.status_as_of(as_of).ok_or(Lack::Record { id: *id })?;
    let (index, opened) = (create.index, create.opened()?);
    let (kind, from, to, catalogue, scopes, purposes, validity) = match opened.record.content() {
        Content::Mandate(m) => {
            (GrantKind::Mandate, m.mandator, m.mandatee, m.catalogue, &m.scopes, Vec::new(), m.validity)
        }
        Content::Consent(c) => (
            GrantKind::Consent,
            c.subject,
            c.recipient,
            c.catalogue,
            &c.scopes,
            c.purposes.clone(),
            c.validity,
        ),
        _ => return Err(Lack::Record { id: *id }.into()),
    };
    let scopes = scopes.clone();
    Ok(Grant { id: *id, index, kind, from, to, catalogue, scopes, purposes, validity, status, counts })
}

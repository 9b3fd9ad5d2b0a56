//! `mandate`: the right to act for somebody, given by them and taken by the other.

use super::grant::{Giver, MAX_SIDE, Terms};
use super::{Class, Content, Invitation, NotAllowed, Row, Validity, shared};
use crate::Hash;
use crate::conditions::Conditions;
use crate::json::{Field, Members};
use crate::record::RecordError;
use std::collections::BTreeSet;

/// The most levels of mandates under one.
const MAX_SUBSTITUTION: usize = 4;

/// Who may act for whom, in what, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// For whom, ascending.
    pub mandators: Vec<Hash>,
    /// Who may act, ascending.
    pub mandatees: Vec<Hash>,
    /// How many of the mandatees must act together; 1: each may alone.
    pub needed: usize,
    /// The catalogue version that the scopes are codes of.
    pub catalogue: Hash,
    /// Category codes, ascending; each covers what stands below it.
    pub scopes: Vec<String>,
    /// From when to when.
    pub validity: Validity,
    /// What else must be so.
    pub conditions: Conditions,
    /// How many levels of mandates may stand under it.
    pub substitution: usize,
    /// Whether it holds on while its mandator is under protection.
    pub survives: bool,
    /// By whose word it came about.
    pub giver: Giver,
    /// How those who must sign it too may do so.
    pub invitation: Invitation,
    /// The request that it answers.
    pub request: Option<Hash>,
}

impl Mandate {
    /// Those whom what is given under it informs, ascending: its own mandatees, and those of the mandates above it.
    #[must_use]
    pub fn informs(&self) -> Vec<Hash> {
        let higher = self.giver.under().into_iter().flat_map(|under| &under.informed);
        let all: BTreeSet<Hash> = self.mandatees.iter().chain(higher).copied().collect();
        all.into_iter().collect()
    }

    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            from: &self.mandators,
            to: &self.mandatees,
            takers: if self.giver.ground().is_some() { &[] } else { &self.mandatees },
            giver: &self.giver,
            catalogue: self.catalogue,
            validity: self.validity,
            conditions: &self.conditions,
            substitution: Some(self.substitution),
            invitation: &self.invitation,
        }
    }
}

pub(super) static ROW: Row = Row {
    name: "mandate",
    class: Class::Create,
    any_time: false,
    withholdable: &["reference"],
    parse,
    becomes: |record, _| Terms::of(record).map(|terms| terms.starts()),
    may_sign: |signing| Terms::of(signing.record).ok_or(NotAllowed::Signer)?.may_sign(signing),
    concerns: |record, _| Terms::of(record).map(|terms| terms.concerns()).unwrap_or_default(),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let mandators = shared::take_set(members, "mandators", MAX_SIDE, Field::hash)?;
    let mandatees = shared::take_set(members, "mandatees", MAX_SIDE, Field::hash)?;
    let mandate = Mandate {
        needed: shared::take_count(members, "needed", 2..=mandatees.len())?.unwrap_or(1),
        mandators,
        mandatees,
        catalogue: members.take_hash("catalogue")?,
        scopes: shared::take_set(members, "scopes", 64, shared::code)?,
        validity: Validity::take(members)?,
        conditions: Conditions::take(members)?,
        substitution: shared::take_count(members, "substitution", 1..=MAX_SUBSTITUTION)?.unwrap_or(0),
        survives: shared::take_flag(members, "survives")?,
        giver: Giver::take(members, true)?,
        invitation: Invitation::take(members)?,
        request: members.take_opt("request", Field::hash)?,
    };
    // Nobody counts what is done under a mandate: only accesses under a consent.
    if mandate.conditions.uses().is_some() {
        return Err(members.mistyped("conditions", "without uses: those are a consent's").into());
    }
    let by: &[Hash] = mandate.giver.under().map_or(&[], |under| &under.by);
    if mandate.mandatees.iter().any(|party| mandate.mandators.contains(party) || by.contains(party)) {
        return Err(RecordError::SameParty { pointer: "/mandatees".to_owned() });
    }
    if !mandate.terms().invites_well() {
        return Err(members.mistyped("answer_by", "absent where nobody else must sign").into());
    }
    Ok(Content::Mandate(mandate))
}

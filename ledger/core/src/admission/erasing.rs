//! What may be erased, and what must be kept.
//!
//! spec: kinds.md#erasing

use super::{Refusal, State, find};
use crate::Hash;
use crate::kinds::{Class, Erasure, RestsOn, rests_on};
use crate::source::Logged;
use crate::status::Status;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whether these records may be destroyed.
pub(super) fn check<S: State + ?Sized>(state: &S, erasure: &Erasure) -> Result<(), Refusal> {
    let mut parties = BTreeSet::new();
    for target in &erasure.targets {
        let logged = erasable(state, target)?;
        let record = &logged.opened.as_ref().ok_or(Refusal::Erased)?.record;
        let on = rests_on(record).ok_or(Refusal::UnknownTarget)?;
        if logged.entry.class().is_create() && !has_ended(state, target)? {
            return Err(Refusal::InForce);
        }
        let is_rested_on = match on {
            RestsOn::Nothing => false,
            RestsOn::Mandate => any_in_force(state, &state.under(target)?)?,
            RestsOn::Party(party) => state.has_in_force(&party)?,
        };
        if is_rested_on {
            return Err(Refusal::InForce);
        }
        if any_in_force(state, &state.retentions_of(target)?)? {
            return Err(Refusal::LegalHold);
        }
        parties.extend(state.parties_of(target)?);
    }
    if parties.iter().eq(&erasure.parties) { Ok(()) } else { Err(Refusal::Parties) }
}

/// Whether these are records that a retention can name: what could be erased one day.
pub(super) fn check_kept<S: State + ?Sized>(state: &S, targets: &[Hash]) -> Result<(), Refusal> {
    targets.iter().try_for_each(|target| {
        let logged = erasable(state, target)?;
        let opened = logged.opened.as_ref().ok_or(Refusal::Erased)?;
        if rests_on(&opened.record).is_some() { Ok(()) } else { Err(Refusal::UnknownTarget) }
    })
}

/// A create or a trace: a transition goes with its target.
fn erasable<S: State + ?Sized>(state: &S, target: &Hash) -> Result<Arc<Logged>, Refusal> {
    let logged = find(state.record(target))?.ok_or(Refusal::UnknownTarget)?;
    let is_transition =
        logged.opened.as_ref().is_some_and(|opened| opened.record.row().class == Class::Transition);
    if is_transition || logged.entry.class() == crate::entry::Class::Transition {
        return Err(Refusal::UnknownTarget);
    }
    Ok(logged)
}

fn has_ended<S: State + ?Sized>(state: &S, id: &Hash) -> Result<bool, Refusal> {
    Ok(state.list(id)?.status() == Some(Status::ENDED))
}

fn any_in_force<S: State + ?Sized>(state: &S, ids: &[Hash]) -> Result<bool, Refusal> {
    for id in ids {
        if !has_ended(state, id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

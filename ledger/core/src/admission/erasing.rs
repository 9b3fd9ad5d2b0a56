//! What may be erased, and what must be kept.
//!
//! spec: kinds.md#erasing

use super::{Refusal, State, find};
use crate::kinds::{Class, Erasure, RestsOn, lapses, rests_on};
use crate::source::Logged;
use crate::status::Status;
use crate::{Hash, Millis};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whether these records may be destroyed at `time`.
pub(super) fn check<S: State + ?Sized>(state: &S, erasure: &Erasure, time: Millis) -> Result<(), Refusal> {
    let mut parties = BTreeSet::new();
    for target in &erasure.targets {
        let logged = erasable(state, target)?;
        let record = &logged.opened.as_ref().ok_or(Refusal::Erased)?.record;
        let on = rests_on(record).ok_or(Refusal::UnknownTarget)?;
        if logged.entry.class().is_create() && !is_over(state, &logged, target, time)? {
            return Err(Refusal::InForce);
        }
        let is_rested_on = match on {
            RestsOn::Nothing => false,
            RestsOn::Mandate => any_in_force(state, &state.under(target)?, time)?,
            RestsOn::Party(party) => state.has_in_force(&party, time)?,
        };
        if is_rested_on {
            return Err(Refusal::InForce);
        }
        if any_in_force(state, &state.retentions_of(target)?, time)? {
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

/// Whether a create that stands so has no effect any more at `time`: it has ended, lapsed, or lapsed and was erased.
#[must_use]
pub fn is_past(logged: &Logged, status: Status, time: Millis) -> bool {
    let has_lapsed = || match &logged.opened {
        Some(opened) => lapses(&opened.record, status).is_some_and(|from| from <= time),
        None => true,
    };
    status.is_ended() || has_lapsed()
}

fn is_over<S: State + ?Sized>(state: &S, logged: &Logged, id: &Hash, time: Millis) -> Result<bool, Refusal> {
    Ok(state.list(id)?.status().is_some_and(|status| is_past(logged, status, time)))
}

fn any_in_force<S: State + ?Sized>(state: &S, ids: &[Hash], time: Millis) -> Result<bool, Refusal> {
    for id in ids {
        let logged = find(state.record(id))?.ok_or(Refusal::UnknownTarget)?;
        if !is_over(state, &logged, id, time)? {
            return Ok(true);
        }
    }
    Ok(false)
}

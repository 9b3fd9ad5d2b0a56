//! The rules of a record's kind that look at the state.
//!
//! spec: kinds.md, records.md#refusals

use super::{Candidate, Refusal, State, erasing, find};
use crate::judge::{Judge, Place, Verdict};
use crate::kinds::{
    Asked, Catalogue, Content, Event, Giver, Hook, KeyBasis, KeyEnd, NotAllowed, Party, PartyType,
    Revocation, Validity, check_asked, request_of, under_of,
};
use crate::log_keys::check_continued;
use crate::schemes::Schemes;
use crate::source::Logged;
use crate::status::Status;
use crate::{Hash, Millis};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Candidate {
    /// The rules of the record's kind that look at the state.
    pub(super) fn check_kind<S: State + ?Sized>(
        &self,
        state: &S,
        judge: &Judge<'_, S>,
        place: Place,
    ) -> Result<(), Refusal> {
        let time = place.time;
        match self.record.content() {
            Content::Party(party) => {
                if let Some(under) = &party.under {
                    check_party(state, under, time, "/under")?;
                }
                let Some(identifier) = &self.identifier else { return Ok(()) };
                Schemes::in_force(judge)?.check(identifier, party.party_type)?;
                let claim = self.claim.ok_or(Refusal::NoVrfKey)?;
                if state.alias(&claim.alias)?.is_some() { Err(Refusal::PartyExists) } else { Ok(()) }
            }
            Content::Key(key) => {
                if key.basis == KeyBasis::First && state.has_key(&key.party)? {
                    return Err(Refusal::NotFirst);
                }
                check_party(state, &key.party, time, "/party")
            }
            Content::KeyEnd(end) => self.check_further_end(state, end),
            Content::Mandate(mandate) => {
                let protected = !matches!(mandate.giver, Giver::Own | Giver::Assisted(_));
                check_givers(state, &mandate.mandators, protected, time, "/mandators")?;
                mandate
                    .mandatees
                    .iter()
                    .try_for_each(|party| check_party(state, party, time, "/mandatees"))?;
                let catalogue = Self::catalogue(state, judge, &mandate.catalogue)?;
                check_scopes(&catalogue, &mandate.scopes)?;
                check_periods(&catalogue, &mandate.scopes, &mandate.validity)?;
                self.check_scopes_within(state, &catalogue, &mandate.scopes)?;
                self.check_asked(state, &catalogue, &mandate.scopes)
            }
            Content::Consent(consent) => {
                let protected = consent.giver.under().is_some();
                check_givers(state, &[consent.subject], protected, time, "/subject")?;
                check_party(state, &consent.recipient, time, "/recipient")?;
                let catalogue = Self::catalogue(state, judge, &consent.catalogue)?;
                check_scopes(&catalogue, &consent.scopes)?;
                self.check_scopes_within(state, &catalogue, &consent.scopes)?;
                check_purposes(&catalogue, &consent.purposes)?;
                self.check_asked(state, &catalogue, &consent.scopes)
            }
            Content::Catalogue(catalogue) => {
                let recipients = catalogue.bases.iter().flat_map(|basis| &basis.recipients);
                let distinct: BTreeSet<&Hash> = recipients.collect();
                distinct.into_iter().try_for_each(|party| check_party(state, party, time, "/bases"))?;
                let sources = catalogue.categories.iter().filter_map(|category| category.source.as_ref());
                let distinct: BTreeSet<&Hash> = sources.collect();
                distinct.into_iter().try_for_each(|party| check_party(state, party, time, "/categories"))
            }
            Content::Other(other) => {
                other.parties.iter().try_for_each(|party| check_party(state, party, time, "/parties"))
            }
            Content::Revocation(Revocation { effective: Some(effective) }) => {
                self.check_notice(state, *effective)
            }
            Content::LifeEvent(happened) => {
                if happened.effective > time {
                    return Err(Refusal::Ahead);
                }
                match happened.event {
                    Event::Merger(into) => check_heir(state, &into, time),
                    _ => Ok(()),
                }
            }
            Content::Access(access) => {
                // Of the dead too: whether there is a right to it is decided, and logged, not refused.
                let named = [Some(access.subject), access.on_behalf_of, Some(access.source)];
                named.iter().flatten().try_for_each(|party| check_known(state, party, "/subject"))
            }
            Content::Request(request) => {
                if let Some(subject) = &request.subject {
                    check_party(state, subject, time, "/subject")?;
                }
                let catalogue = Self::catalogue(state, judge, &request.catalogue)?;
                check_scopes(&catalogue, &request.scopes)?;
                match &request.grant {
                    Asked::Mandate => check_periods(&catalogue, &request.scopes, &request.validity),
                    Asked::Consent(purposes) => check_purposes(&catalogue, purposes),
                }
            }
            Content::Block(block) => check_known(state, &block.blocked, "/blocked"),
            Content::Holding(holding) => {
                check_party(state, &holding.subject, time, "/subject")?;
                let catalogue = Self::catalogue(state, judge, &holding.catalogue)?;
                check_scopes(&catalogue, &holding.scopes)
            }
            Content::Hook(hook) => check_number(state, hook),
            Content::Retention(retention) => erasing::check_kept(state, &retention.targets),
            Content::Erasure(erasure) => erasing::check(state, erasure, time),
            Content::LogKeys(list) => {
                check_continued(state.log_keys(), &list.log_keys).map_err(Refusal::LogKeys)
            }
            Content::Acceptance(_) => self.check_log_keys(state),
            Content::Root(_)
            | Content::Renunciation(_)
            | Content::Revocation(_)
            | Content::Suspension(_)
            | Content::Dispute(_) => Ok(()),
        }
    }

    /// A list of log keys continues the one in force also when it comes into force: another may have done so meanwhile.
    fn check_log_keys<S: State + ?Sized>(&self, state: &S) -> Result<(), Refusal> {
        let Some(target) = self.record.common().target else { return Ok(()) };
        let target = state.record(&target)?;
        match target.opened()?.record.content() {
            Content::LogKeys(list) => {
                check_continued(state.log_keys(), &list.log_keys).map_err(Refusal::LogKeys)
            }
            _ => Ok(()),
        }
    }

    /// What is given under a mandate stays within its scopes.
    fn check_scopes_within<S: State + ?Sized>(
        &self,
        state: &S,
        catalogue: &Catalogue,
        scopes: &[String],
    ) -> Result<(), Refusal> {
        let Some(under) = under_of(&self.record) else { return Ok(()) };
        let above = state.record(&under.mandate)?;
        let Content::Mandate(mandate) = above.opened()?.record.content() else {
            return Err(Refusal::NotAllowed(NotAllowed::Under));
        };
        let is_within = scopes.iter().all(|code| catalogue.covers(&mandate.scopes, code));
        if is_within { Ok(()) } else { Err(Refusal::NotAllowed(NotAllowed::Beyond)) }
    }

    /// What answers a request is what that was answered with, and no more than it asked for.
    fn check_asked<S: State + ?Sized>(
        &self,
        state: &S,
        catalogue: &Catalogue,
        scopes: &[String],
    ) -> Result<(), Refusal> {
        let Some(id) = request_of(&self.record) else { return Ok(()) };
        let not_answered = || Refusal::NotAllowed(NotAllowed::Request);
        let asked = find(state.record(&id))?.ok_or_else(not_answered)?;
        let asked = &asked.opened()?.record;
        check_asked(&self.record, asked).map_err(Refusal::NotAllowed)?;
        let Content::Request(request) = asked.content() else { return Err(not_answered()) };
        if !scopes.iter().all(|code| catalogue.covers(&request.scopes, code)) {
            return Err(Refusal::NotAllowed(NotAllowed::Beyond));
        }
        let list = state.list(&id)?;
        let last = list.items().last().ok_or_else(not_answered)?;
        match state.at(last.index)?.opened()?.record.content() {
            Content::Acceptance(acceptance) if acceptance.grant == Some(self.record.id()) => Ok(()),
            _ => Err(not_answered()),
        }
    }

    /// A notice ends a mandate where a period does, if the catalogue asks for it.
    fn check_notice<S: State + ?Sized>(&self, state: &S, effective: Millis) -> Result<(), Refusal> {
        let Some(target) = &self.record.common().target else { return Ok(()) };
        let logged = state.record(target)?;
        let Content::Mandate(mandate) = logged.opened()?.record.content() else { return Ok(()) };
        let named = state.record(&mandate.catalogue)?;
        let Content::Catalogue(catalogue) = named.opened()?.record.content() else { return Ok(()) };
        let mut periods = mandate.scopes.iter().flat_map(|scope| catalogue.periods_of(scope));
        if periods.all(|period| period.begins_at(effective)) {
            Ok(())
        } else {
            Err(Refusal::Period("/effective"))
        }
    }

    /// The catalogue of a grant: it must be in force when the grant is logged.
    fn catalogue<S: State + ?Sized>(
        state: &S,
        judge: &Judge<'_, S>,
        id: &Hash,
    ) -> Result<Arc<Catalogue>, Refusal> {
        let Some(logged) = find(state.record(id))? else { return Err(Refusal::UnknownCatalogue) };
        let Content::Catalogue(catalogue) = logged.opened()?.record.content() else {
            return Err(Refusal::UnknownCatalogue);
        };
        match judge.standing(id) {
            Ok(standing) if standing.list.status() == Some(Status::ACTIVE) => Ok(Arc::clone(catalogue)),
            // One under a signature that no longer counts is as if it were not there.
            Ok(_) | Err(Verdict::KeyCompromised(_)) => Err(Refusal::UnknownCatalogue),
            Err(verdict) => Err(verdict.into()),
        }
    }

    /// A key ends once; later key-ends only bring `compromised_since` forward.
    fn check_further_end<S: State + ?Sized>(&self, state: &S, end: &KeyEnd) -> Result<(), Refusal> {
        let Some(key) = &self.record.common().target else { return Ok(()) };
        let mut earliest: Option<Millis> = None;
        let mut has_ended = false;
        for item in state.list(key)?.items().iter().filter(|item| item.status == Some(Status::ENDED)) {
            has_ended = true;
            if let Content::KeyEnd(before) = state.at(item.index)?.opened()?.record.content() {
                earliest = earliest.into_iter().chain(before.compromised_since).min();
            }
        }
        let is_earlier = match (end.compromised_since, earliest) {
            (Some(since), Some(earliest)) => since < earliest,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if has_ended && !is_earlier { Err(Refusal::NotEarlier) } else { Ok(()) }
    }
}

/// Of the hooks of a party that have one number, at most one is in force.
fn check_number<S: State + ?Sized>(state: &S, hook: &Hook) -> Result<(), Refusal> {
    match state.hook_with(&hook.party, hook.number)? {
        Some(newest) if state.list(&newest)?.status() == Some(Status::ACTIVE) => Err(Refusal::NumberTaken),
        _ => Ok(()),
    }
}

/// A party that a record names is registered or prepared.
fn check_known<S: State + ?Sized>(state: &S, id: &Hash, pointer: &'static str) -> Result<(), Refusal> {
    known(state, id, pointer).map(drop)
}

/// The record of a party that is registered; `None` of one that is prepared.
fn known<S: State + ?Sized>(
    state: &S,
    id: &Hash,
    pointer: &'static str,
) -> Result<Option<Arc<Logged>>, Refusal> {
    match find(state.record(id))? {
        None if state.is_prepared(id) => Ok(None),
        // One that was erased is as unknown as one that never was.
        Some(logged) if party_of(&logged).is_some() => Ok(Some(logged)),
        _ => Err(Refusal::UnknownParty { pointer }),
    }
}

/// It has not ended either.
fn check_party<S: State + ?Sized>(
    state: &S,
    id: &Hash,
    time: Millis,
    pointer: &'static str,
) -> Result<(), Refusal> {
    let Some(logged) = known(state, id, pointer)? else { return Ok(()) };
    let is_over = party_of(&logged).is_some_and(|party| party.is_over(time));
    match state.list(id)?.status() {
        Some(Status::ACTIVE | Status::PENDING) if !is_over => Ok(()),
        _ => Err(Refusal::PartyNotActive),
    }
}

fn party_of(logged: &Logged) -> Option<&Party> {
    match logged.opened.as_ref().map(|opened| opened.record.content()) {
        Some(Content::Party(party)) => Some(party),
        _ => None,
    }
}

/// Those whom a grant is from; a protected person too, if others act for them.
fn check_givers<S: State + ?Sized>(
    state: &S,
    parties: &[Hash],
    protected: bool,
    time: Millis,
    pointer: &'static str,
) -> Result<(), Refusal> {
    parties.iter().try_for_each(|party| match check_party(state, party, time, pointer) {
        Err(Refusal::PartyNotActive)
            if protected && state.list(party)?.status() == Some(Status::SUSPENDED) =>
        {
            Ok(())
        }
        checked => checked,
    })
}

/// Who takes over is an organisation or institution that is there itself.
fn check_heir<S: State + ?Sized>(state: &S, id: &Hash, time: Millis) -> Result<(), Refusal> {
    check_party(state, id, time, "/into")?;
    let is_body = match find(state.record(id))? {
        Some(logged) => matches!(
            logged.opened()?.record.content(),
            Content::Party(Party { party_type: PartyType::Organisation | PartyType::Institution, .. })
        ),
        None => false,
    };
    if is_body { Ok(()) } else { Err(Refusal::UnknownParty { pointer: "/into" }) }
}

/// A mandate begins and ends with a period where the catalogue asks for it.
fn check_periods(catalogue: &Catalogue, scopes: &[String], validity: &Validity) -> Result<(), Refusal> {
    let (begins, ends) = (validity.not_before, validity.not_after);
    for period in scopes.iter().flat_map(|scope| catalogue.periods_of(scope)) {
        if !period.begins_at(begins) {
            return Err(Refusal::Period("/not_before"));
        }
        if ends.is_some_and(|end| !period.begins_at(end)) {
            return Err(Refusal::Period("/not_after"));
        }
    }
    Ok(())
}

fn check_purposes(catalogue: &Catalogue, purposes: &[String]) -> Result<(), Refusal> {
    if purposes.iter().all(|code| catalogue.has_purpose(code)) {
        Ok(())
    } else {
        Err(Refusal::UnknownPurpose)
    }
}

fn check_scopes(catalogue: &Catalogue, scopes: &[String]) -> Result<(), Refusal> {
    if scopes.iter().all(|code| catalogue.category(code).is_some()) {
        Ok(())
    } else {
        Err(Refusal::UnknownScope)
    }
}

//! `life-event`: what happened to a party, recorded by an authority, often after it happened.

use super::{Class, Content, NotAllowed, PartyType, Role, Row, Target, shared};
use crate::json::Members;
use crate::record::{Record, RecordError};
use crate::status::Status;
use crate::{Hash, Millis};

/// What happened, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeEvent {
    /// What happened.
    pub event: Event,
    /// When: not after it was logged.
    pub effective: Millis,
}

/// What may happen to a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A person died.
    Death,
    /// An organisation or institution ceased to be.
    Closure,
    /// It became part of another one, which stands in its place.
    Merger(Hash),
    /// A person came under protection: ordinary mandates and own acts don't hold.
    Protection,
    /// The protection ended.
    ProtectionEnd,
    /// A minor came of age: representation by parents is over.
    Majority,
}

pub(super) static ROW: Row = Row {
    name: "life-event",
    class: Class::Transition,
    any_time: false,
    withholdable: &[],
    parse,
    becomes,
    may_sign: |signing| {
        if signing.signer.has(Role::Authority) { Ok(()) } else { Err(NotAllowed::Signer) }
    },
    concerns: |record, target| {
        let mut parties = shared::target_concerns(target);
        if let Content::LifeEvent(LifeEvent { event: Event::Merger(into), .. }) = record.content() {
            parties.push(*into);
        }
        parties
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let names =
        ["death", "closure", "merger", "protection", "protection-end", "majority"].map(|name| (name, name));
    let event = match members.take_enum("event", &names)? {
        "death" => Event::Death,
        "closure" => Event::Closure,
        "merger" => Event::Merger(members.take_hash("into")?),
        "protection" => Event::Protection,
        "protection-end" => Event::ProtectionEnd,
        _ => Event::Majority,
    };
    Ok(Content::LifeEvent(LifeEvent { event, effective: members.take_millis("effective")? }))
}

fn becomes(record: &Record, target: Option<&Target<'_>>) -> Option<Status> {
    let (Content::LifeEvent(happened), target) = (record.content(), target?) else { return None };
    let Content::Party(party) = target.record.content() else { return None };
    let is_person = party.party_type == PartyType::Person;
    let is_organisation = matches!(party.party_type, PartyType::Organisation | PartyType::Institution);
    let is_there = matches!(target.status, Status::ACTIVE | Status::SUSPENDED);
    let is_active = target.status == Status::ACTIVE;
    match happened.event {
        Event::Death => (is_person && is_there).then_some(Status::ENDED),
        Event::Closure => (is_organisation && is_there).then_some(Status::ENDED),
        Event::Merger(into) => {
            (is_organisation && is_there && into != target.record.id()).then_some(Status::ENDED)
        }
        Event::Protection => (is_person && is_active).then_some(Status::SUSPENDED),
        Event::ProtectionEnd => (is_person && target.status == Status::SUSPENDED).then_some(Status::ACTIVE),
        Event::Majority => (is_person && is_active).then_some(Status::ACTIVE),
    }
}

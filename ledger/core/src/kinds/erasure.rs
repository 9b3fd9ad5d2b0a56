//! `erasure` and `retention`: what is destroyed, and what must be kept meanwhile.
//!
//! spec: kinds.md#erasing

use super::{Class, Content, Invitation, NotAllowed, PartyType, Role, Row, Signing, Validity, shared};
use crate::json::{Field, Members};
use crate::record::{Record, RecordError};
use crate::status::Status;
use crate::{Hash, Millis};

/// The most records, and the most parties, that an erasure or a retention names.
///
/// spec: kinds.md#members
pub const MAX_NAMED: usize = 64;

/// What is destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The records' ids, ascending; with each go the transitions on it.
    pub targets: Vec<Hash>,
    /// In whose lists these stand, ascending.
    pub parties: Vec<Hash>,
}

/// A legal hold: what must be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The records' ids, ascending.
    pub targets: Vec<Hash>,
}

pub(super) static ERASURE: Row = Row {
    name: "erasure",
    class: Class::Trace,
    any_time: false,
    withholdable: &[],
    parse: |members| {
        Ok(Content::Erasure(Erasure {
            targets: shared::take_set(members, "targets", MAX_NAMED, Field::hash)?,
            parties: shared::take_set(members, "parties", MAX_NAMED, Field::hash)?,
        }))
    },
    becomes: |_, _| None,
    may_sign: by_authority,
    concerns: |record, _| match record.content() {
        Content::Erasure(erasure) => erasure.parties.clone(),
        _ => Vec::new(),
    },
};

pub(super) static RETENTION: Row = Row {
    name: "retention",
    class: Class::Create,
    any_time: false,
    withholdable: &["reference"],
    parse: parse_retention,
    becomes: |_, _| Some(Status::ACTIVE),
    may_sign: by_authority,
    concerns: |_, _| Vec::new(),
};

fn parse_retention(members: &mut Members) -> Result<Content, RecordError> {
    Ok(Content::Retention(Retention {
        targets: shared::take_set(members, "targets", MAX_NAMED, Field::hash)?,
    }))
}

fn by_authority(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    if signing.signer.has(Role::Authority) { Ok(()) } else { Err(NotAllowed::Signer) }
}

/// What else must have ended before a record may be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestsOn {
    /// Nothing: no other record's signature or meaning comes from it.
    Nothing,
    /// The grants that are under this mandate.
    Mandate,
    /// Everything in this party's list: its keys signed it, or it names the party.
    Party(Hash),
}

/// The first instant from which a record that stands so has no effect any more, although nobody ended it; `None`: it never
/// lapses, or a dispute about it is open.
#[must_use]
pub fn lapses(record: &Record, status: Status) -> Option<Millis> {
    let grant = |validity: &Validity, invitation: &Invitation| {
        let answer_by = invitation.answer_by.filter(|_| status == Status::PENDING);
        [validity.not_after, answer_by].into_iter().flatten().min()
    };
    if status.is_disputed() {
        return None;
    }
    match record.content() {
        Content::Mandate(mandate) => grant(&mandate.validity, &mandate.invitation),
        Content::Consent(consent) => grant(&consent.validity, &consent.invitation),
        Content::Request(request) => request.invitation.answer_by,
        _ => None,
    }
}

/// The kinds whose records are never erased.
pub const KEPT: [&str; 5] = ["root", "log-keys", "catalogue", "erasure", "retention"];

/// What may rest on a record; `None`: it is never erased.
#[must_use]
pub fn rests_on(record: &Record) -> Option<RestsOn> {
    match record.content() {
        _ if KEPT.contains(&record.row().name) => None,
        Content::Party(party) => {
            let is_office = party.party_type == PartyType::Institution || !party.roles.is_empty();
            (!is_office || party.under.is_some()).then(|| RestsOn::Party(record.id()))
        }
        Content::Key(key) => Some(RestsOn::Party(key.party)),
        Content::Mandate(_) => Some(RestsOn::Mandate),
        _ => Some(RestsOn::Nothing),
    }
}

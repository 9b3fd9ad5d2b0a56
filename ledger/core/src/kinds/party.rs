//! `party`: somebody or something that can act or be acted for.

use super::{Class, Content, NotAllowed, Row, shared};
use crate::Hash;
use crate::json::{Field, Members};
use crate::record::RecordError;
use crate::status::Status;

/// A party as its record says it; who it is stands in the withheld member `identifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// What sort of party.
    pub party_type: PartyType,
    /// The commitment to its handle, [`crate::hash::handle_commitment`].
    pub handle: Hash,
    /// What it may do beyond its own affairs, ascending.
    pub roles: Vec<Role>,
    /// The level of government of an institution.
    pub level: Option<String>,
    /// Prepared by the ledger for an identifier that nobody had registered; pending until a registrar confirms it.
    pub provisional: bool,
    /// How many root keys must sign, if the root signs.
    pub quorum: u64,
}

/// The sorts of parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyType {
    /// A natural person: one item a segment.
    Person,
    /// An organisation that is no authority.
    Organisation,
    /// An authority or an institution with a public task.
    Institution,
}

/// What a party may do beyond its own affairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads everything in order to check it.
    Auditor,
    /// Publishes catalogues.
    Catalogue,
    /// The ledger itself, preparing parties that nobody has registered yet.
    Provisional,
    /// Registers persons and organisations and binds their keys.
    Registrar,
}

pub(super) const TYPES: [(&str, PartyType); 3] = [
    ("person", PartyType::Person),
    ("organisation", PartyType::Organisation),
    ("institution", PartyType::Institution),
];
const ROLES: [(&str, Role); 4] = [
    ("auditor", Role::Auditor),
    ("catalogue", Role::Catalogue),
    ("provisional", Role::Provisional),
    ("registrar", Role::Registrar),
];

impl PartyType {
    /// The type's name in payloads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::Institution => "institution",
        }
    }
}

pub(super) static ROW: Row = Row {
    name: "party",
    class: Class::Create,
    any_time: false,
    withholdable: &["identifier", "name"],
    parse,
    becomes: |record, _| match record.content() {
        Content::Party(party) if party.provisional => Some(Status::PENDING),
        Content::Party(party) => Some(shared::under_quorum(party.quorum)),
        _ => None,
    },
    may_sign,
    concerns: |record, _| vec![record.id()],
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let is_provisional = members.take_opt("provisional", Field::bool)?;
    let party = Party {
        party_type: members.take_enum("party_type", &TYPES)?,
        handle: members.take_hash("handle")?,
        roles: if members.has("roles") {
            shared::take_set(members, "roles", ROLES.len(), |field| field.one_of(&ROLES))?
        } else {
            Vec::new()
        },
        level: members.take_opt("level", shared::code)?,
        provisional: is_provisional.unwrap_or(false),
        quorum: shared::take_quorum(members)?,
    };
    if is_provisional == Some(false) {
        return Err(members.mistyped("provisional", "true, or absent").into());
    }
    if !party.roles.is_empty() && party.party_type != PartyType::Institution {
        return Err(members.mistyped("roles", "for institutions only").into());
    }
    Ok(Content::Party(party))
}

fn may_sign(signing: &super::Signing<'_>) -> Result<(), NotAllowed> {
    let Content::Party(party) = signing.record.content() else { return Err(NotAllowed::Signer) };
    shared::check_quorum(signing, party.quorum)?;
    let plain = party.roles.is_empty() && party.party_type != PartyType::Institution;
    let allowed = if party.provisional {
        plain && signing.signer.has(Role::Provisional)
    } else {
        signing.signer.is_root() || (plain && signing.signer.has(Role::Registrar))
    };
    if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
}

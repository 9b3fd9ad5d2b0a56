//! `party`: somebody or something that can act or be acted for.

use super::{Class, Content, NotAllowed, Row, shared};
use crate::json::{Field, Members};
use crate::record::RecordError;
use crate::status::Status;
use crate::{Hash, Millis};

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
    /// A role's organisation or institution, in whose name it acts.
    pub under: Option<Hash>,
    /// The instant from which on a role is over, without anybody ending it.
    pub until: Option<Millis>,
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
    /// Somebody's function under one of these, such as a clerk's.
    Role,
}

/// What a party may do beyond its own affairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads everything in order to check it.
    Auditor,
    /// Records representation by law and life events, and settles disputes.
    Authority,
    /// Publishes catalogues.
    Catalogue,
    /// Writes down what citizens wish who don't sign with a key.
    Counter,
    /// Follows the log, whose entries it reads and nothing besides.
    Mirror,
    /// The ledger itself, preparing parties that nobody has registered yet.
    Provisional,
    /// Registers persons and organisations and binds their keys.
    Registrar,
}

impl Party {
    /// Whether it has an identifier, and so an alias: everybody but a role.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        self.party_type != PartyType::Role
    }

    /// Whether it is a role that is over at `at`. Its status may still be active.
    #[must_use]
    pub fn is_over(&self, at: Millis) -> bool {
        self.until.is_some_and(|until| until <= at)
    }
}

pub(super) const TYPES: [(&str, PartyType); 4] = [
    ("person", PartyType::Person),
    ("organisation", PartyType::Organisation),
    ("institution", PartyType::Institution),
    ("role", PartyType::Role),
];
const ROLES: [(&str, Role); 7] = [
    ("auditor", Role::Auditor),
    ("authority", Role::Authority),
    ("catalogue", Role::Catalogue),
    ("counter", Role::Counter),
    ("mirror", Role::Mirror),
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
            Self::Role => "role",
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
    concerns: |record, _| match record.content() {
        Content::Party(Party { under: Some(under), .. }) => vec![record.id(), *under],
        _ => vec![record.id()],
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let party = Party {
        party_type: members.take_enum("party_type", &TYPES)?,
        handle: members.take_hash("handle")?,
        roles: if members.has("roles") {
            shared::take_set(members, "roles", ROLES.len(), |field| field.one_of(&ROLES))?
        } else {
            Vec::new()
        },
        level: members.take_opt("level", shared::code)?,
        provisional: shared::take_flag(members, "provisional")?,
        under: members.take_opt("under", Field::hash)?,
        until: members.take_opt("until", Field::millis)?,
        quorum: shared::take_quorum(members)?,
    };
    let is_role = party.party_type == PartyType::Role;
    if party.under.is_some() != is_role {
        return Err(members.mistyped("under", "there exactly if party_type is role").into());
    }
    if party.until.is_some() && !is_role {
        return Err(members.mistyped("until", "only of a role").into());
    }
    let of_role = party.roles == [Role::Counter] && is_role;
    if !party.roles.is_empty() && party.party_type != PartyType::Institution && !of_role {
        return Err(members.mistyped("roles", "for institutions only; of a role only counter").into());
    }
    Ok(Content::Party(party))
}

fn may_sign(signing: &super::Signing<'_>) -> Result<(), NotAllowed> {
    let Content::Party(party) = signing.record.content() else { return Err(NotAllowed::Signer) };
    shared::check_quorum(signing, party.quorum)?;
    if let Some(under) = &party.under {
        return may_have_role(signing, party, under);
    }
    let plain = party.roles.is_empty() && party.party_type != PartyType::Institution;
    let allowed = if party.provisional {
        plain && signing.signer.has(Role::Provisional)
    } else {
        signing.signer.is_root() || (plain && signing.signer.has(Role::Registrar))
    };
    if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
}

/// A role is its organisation's own to give, with no more than that may do itself.
fn may_have_role(signing: &super::Signing<'_>, role: &Party, under: &Hash) -> Result<(), NotAllowed> {
    if !signing.signer.is_party(under) && !signing.signer.is_root() {
        return Err(NotAllowed::Signer);
    }
    let holder = signing.holder.ok_or(NotAllowed::Under)?;
    let is_body = matches!(holder.party_type, PartyType::Organisation | PartyType::Institution);
    let has_all = role.roles.iter().all(|role| holder.roles.contains(role));
    if is_body && has_all && !role.provisional { Ok(()) } else { Err(NotAllowed::Under) }
}

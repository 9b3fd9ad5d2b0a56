//! `acceptance`: a further signature that something waits for.

use super::grant::Terms;
use super::{Class, Content, KeyBasis, NotAllowed, Role, Row, Signing, Target, link_of, shared};
use crate::Hash;
use crate::json::{Field, Members};
use crate::record::{Record, RecordError};
use crate::status::Status;

/// A further signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    /// The link by which its signer was invited.
    pub link: Option<[u8; 32]>,
    /// Of a request: the id of the mandate or consent that is given.
    pub grant: Option<Hash>,
}

pub(super) static ROW: Row = Row {
    name: "acceptance",
    class: Class::Transition,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |record, target| match record.content() {
        Content::Acceptance(acceptance) => accepted(acceptance, target?),
        _ => None,
    },
    may_sign,
    concerns: |_, target| shared::target_concerns(target),
};

/// How many keys of the root a record states: 1 if it states none.
pub(crate) fn root_quorum(record: &Record) -> usize {
    let quorum = match record.content() {
        Content::Root(root) => root.quorum,
        Content::Party(party) => party.quorum,
        Content::Key(key) => key.quorum,
        Content::Catalogue(catalogue) => catalogue.quorum,
        Content::LogKeys(list) => list.quorum,
        _ => 1,
    };
    usize::try_from(quorum).unwrap_or(usize::MAX)
}

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    Ok(Content::Acceptance(Acceptance {
        link: members.take_opt("link", Field::bytes)?,
        grant: members.take_opt("grant", Field::hash)?,
    }))
}

fn accepted(acceptance: &Acceptance, target: &Target<'_>) -> Option<Status> {
    if matches!(target.record.content(), Content::Request(_)) {
        // What is given is a record of its own: with its id the question is answered, once.
        return (acceptance.grant.is_some() && target.status == Status::ACTIVE).then_some(Status::ENDED);
    }
    let is_invited = link_of(target.record).is_some() || acceptance.link.is_none();
    if target.status != Status::PENDING || acceptance.grant.is_some() || !is_invited {
        return None;
    }
    let needed = match target.record.content() {
        _ if root_quorum(target.record) > 1 => root_quorum(target.record),
        Content::Mandate(_) | Content::Consent(_) => Terms::of(target.record)?.signatures(),
        Content::Party(party) if party.provisional => 2,
        Content::Key(key) if key.basis == KeyBasis::Recovery => 2,
        _ => return None,
    };
    // The create is one signature, each partial acceptance one more, and this one.
    let is_partial =
        |pair: &&[crate::index::Item]| pair.iter().all(|item| item.status == Some(Status::PENDING));
    let signed = 2 + target.items.windows(2).filter(is_partial).count();
    Some(if signed >= needed { Status::ACTIVE } else { Status::PENDING })
}

fn may_sign(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let (Content::Acceptance(acceptance), Some((target, signed))) =
        (signing.record.content(), signing.target)
    else {
        return Err(NotAllowed::Signer);
    };
    if root_quorum(target.record) > 1 {
        let twice = signed.iter().any(|by| by.kid == *signing.record.jws().kid());
        return match (signing.signer.is_root(), twice) {
            (false, _) => Err(NotAllowed::Signer),
            (true, true) => Err(NotAllowed::Twice),
            (true, false) => Ok(()),
        };
    }
    let allowed = match target.record.content() {
        Content::Mandate(_) | Content::Consent(_) => {
            let terms = Terms::of(target.record).ok_or(NotAllowed::Signer)?;
            return terms.may_accept(signing, acceptance.link.as_ref());
        }
        Content::Request(request) => {
            request.check_answer(signing, acceptance.link.as_ref())?;
            return request.invitation.admits(acceptance.link.as_ref(), signing.time);
        }
        Content::Party(party) if party.provisional => signing.signer.has(Role::Registrar),
        Content::Key(key) if key.basis == KeyBasis::Recovery => {
            if !signing.signer.has(Role::Registrar) && !signing.signer.is_root() {
                return Err(NotAllowed::Signer);
            }
            if signing.time.0 < target.logged_at.0.saturating_add(signing.root.key_delay_ms) {
                return Err(NotAllowed::Delay);
            }
            // One root key that bound the key must not also be the second pair of eyes.
            if signing.signer.is_root() && signing.root.quorum > 1 {
                return Err(NotAllowed::RootQuorum);
            }
            true
        }
        _ => false,
    };
    if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
}

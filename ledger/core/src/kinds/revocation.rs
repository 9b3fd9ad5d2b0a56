//! `revocation` and `renunciation`: the end of what one gave, and of what one was given.

use super::grant::Terms;
use super::{Class, Content, NotAllowed, Role, Row, Signing, Target, shared};
use crate::Millis;
use crate::json::{Field, Members};
use crate::record::RecordError;
use crate::status::Status;

/// The end of something its signer gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The first instant at which it no longer holds; `None`: from now on.
    pub effective: Option<Millis>,
}

pub(super) static REVOCATION: Row = Row {
    name: "revocation",
    class: Class::Transition,
    any_time: true,
    withholdable: &[],
    parse,
    becomes: |record, target| {
        let Content::Revocation(revocation) = record.content() else { return None };
        match (revocation.effective, target?) {
            (None, target) => ends(target, is_revocable),
            // A notice: the mandate stays active until then. Whoever reads its list must open it.
            (Some(_), target) if matches!(target.record.content(), Content::Mandate(_)) => {
                (target.status == Status::ACTIVE).then_some(Status::ACTIVE)
            }
            (Some(_), _) => None,
        }
    },
    may_sign: may_revoke,
    concerns: |_, target| shared::target_concerns(target),
};

pub(super) static RENUNCIATION: Row = Row {
    name: "renunciation",
    class: Class::Transition,
    any_time: true,
    withholdable: &[],
    parse: |_| Ok(Content::Renunciation),
    becomes: |_, target| {
        ends(target?, |content| matches!(content, Content::Mandate(_) | Content::Consent(_)))
    },
    may_sign: |signing| {
        let to = signing.target.and_then(|(target, _)| Terms::of(target.record)).map(|terms| terms.to);
        let is_taker = to.is_some_and(|to| to.iter().any(|party| signing.signer.is_party(party)));
        if is_taker { Ok(()) } else { Err(NotAllowed::Signer) }
    },
    concerns: |_, target| shared::target_concerns(target),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    Ok(Content::Revocation(Revocation { effective: members.take_opt("effective", Field::millis)? }))
}

fn is_revocable(content: &Content) -> bool {
    matches!(content, Content::Party(_) | Content::Catalogue(_) | Content::Mandate(_) | Content::Consent(_))
}

fn ends(target: &Target<'_>, can_end: fn(&Content) -> bool) -> Option<Status> {
    (can_end(target.record.content()) && !target.status.is_ended()).then_some(Status::ENDED)
}

fn may_revoke(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let Some((target, signed)) = signing.target else { return Err(NotAllowed::Signer) };
    let is_root = signing.signer.is_root();
    let allowed = match target.record.content() {
        Content::Mandate(_) | Content::Consent(_) => {
            Terms::of(target.record).is_some_and(|terms| terms.may_withdraw(signing))
        }
        Content::Party(party) => match &party.under {
            Some(under) => is_root || signing.signer.is_party(under),
            None => {
                let is_plain = party.roles.is_empty() && party.quorum == 1;
                is_root || (is_plain && signing.signer.has(Role::Registrar))
            }
        },
        // Who published it may end it, with the key it was signed with or as the root.
        Content::Catalogue(_) => {
            is_root || signed.first().is_some_and(|by| by.kid == *signing.record.jws().kid())
        }
        _ => false,
    };
    shared::allow(signing, allowed)
}

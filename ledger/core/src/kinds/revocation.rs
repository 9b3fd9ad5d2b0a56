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

/// The end of something its signer was given, or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renunciation {
    /// The link to a request that is refused.
    pub link: Option<[u8; 32]>,
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
    parse: parse_renunciation,
    becomes: |record, target| {
        let (Content::Renunciation(renunciation), target) = (record.content(), target?) else { return None };
        ends(target, |content| match content {
            Content::Request(_) => true,
            Content::Mandate(_) | Content::Consent(_) => renunciation.link.is_none(),
            _ => false,
        })
    },
    may_sign: may_renounce,
    concerns: |_, target| shared::target_concerns(target),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    Ok(Content::Revocation(Revocation { effective: members.take_opt("effective", Field::millis)? }))
}

fn parse_renunciation(members: &mut Members) -> Result<Content, RecordError> {
    Ok(Content::Renunciation(Renunciation { link: members.take_opt("link", Field::bytes)? }))
}

fn may_renounce(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let (Content::Renunciation(renunciation), Some((target, _))) = (signing.record.content(), signing.target)
    else {
        return Err(NotAllowed::Signer);
    };
    if let Content::Request(request) = target.record.content() {
        return request.check_answer(signing, renunciation.link.as_ref());
    }
    let to = Terms::of(target.record).map(|terms| terms.to);
    let is_taker = to.is_some_and(|to| to.iter().any(|party| signing.signer.is_party(party)));
    if is_taker { Ok(()) } else { Err(NotAllowed::Signer) }
}

fn is_revocable(content: &Content) -> bool {
    matches!(
        content,
        Content::Party(_)
            | Content::Catalogue(_)
            | Content::Mandate(_)
            | Content::Consent(_)
            | Content::Request(_)
            | Content::Block(_)
            | Content::Holding(_)
            | Content::Hook(_)
            | Content::Retention(_)
    )
}

fn ends(target: &Target<'_>, can_end: impl Fn(&Content) -> bool) -> Option<Status> {
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
        Content::Request(request) => signing.signer.is_party(&request.requester),
        Content::Block(block) => signing.signer.is_party(&block.party),
        Content::Holding(holding) => signing.signer.is_party(&holding.source),
        Content::Hook(hook) => signing.signer.is_party(&hook.party),
        Content::Retention(_) => signing.signer.has(Role::Authority),
        // Who published it may end it, with the key it was signed with or as the root.
        Content::Catalogue(_) => {
            is_root || signed.first().is_some_and(|by| by.kid == *signing.record.jws().kid())
        }
        _ => false,
    };
    shared::allow(signing, allowed)
}

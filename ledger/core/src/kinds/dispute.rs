//! `dispute`: somebody concerned says that a grant is not what it seems; an authority settles it.

use super::grant::Terms;
use super::{Class, Content, NotAllowed, Role, Row, Signing, Target, shared};
use crate::json::Members;
use crate::record::RecordError;
use crate::status::Status;

/// A step of a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispute {
    /// It begins: the grant permits nothing while it lasts.
    Open,
    /// It was found to be without ground: the grant is what it was.
    Dismissed,
    /// It was found to be right: the grant has ended.
    Upheld,
}

pub(super) static ROW: Row = Row {
    name: "dispute",
    class: Class::Transition,
    any_time: false,
    withholdable: &["statement"],
    parse,
    becomes,
    may_sign,
    concerns: |_, target| shared::target_concerns(target),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let steps = [("open", Dispute::Open), ("dismissed", Dispute::Dismissed), ("upheld", Dispute::Upheld)];
    Ok(Content::Dispute(members.take_enum("step", &steps)?))
}

fn becomes(record: &crate::record::Record, target: Option<&Target<'_>>) -> Option<Status> {
    let (Content::Dispute(step), target) = (record.content(), target?) else { return None };
    Terms::of(target.record)?;
    let is_open = target.status.is_disputed();
    match step {
        Dispute::Open => target.status.disputed(),
        Dispute::Dismissed => is_open.then_some(target.status.undisputed()),
        Dispute::Upheld => is_open.then_some(Status::ENDED),
    }
}

fn may_sign(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let (Content::Dispute(step), Some((target, _))) = (signing.record.content(), signing.target) else {
        return Err(NotAllowed::Signer);
    };
    let is_concerned = Terms::of(target.record).is_some_and(|terms| terms.is_party_to(signing));
    let allowed = signing.signer.has(Role::Authority) || (*step == Dispute::Open && is_concerned);
    if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
}

//! `suspension`: out of force until lifted.

use super::grant::Terms;
use super::{Class, Content, NotAllowed, Role, Row, Signing, shared};
use crate::json::Members;
use crate::record::RecordError;
use crate::status::Status;

/// Out of force, or back in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspension {
    /// Whether it lifts an earlier one.
    pub lift: bool,
}

pub(super) static ROW: Row = Row {
    name: "suspension",
    class: Class::Transition,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |record, target| {
        let (Content::Suspension(suspension), target) = (record.content(), target?) else { return None };
        let kind =
            matches!(target.record.content(), Content::Mandate(_) | Content::Consent(_) | Content::Key(_));
        match (kind, suspension.lift, target.status) {
            (true, false, Status::ACTIVE) => Some(Status::SUSPENDED),
            (true, true, Status::SUSPENDED) => Some(Status::ACTIVE),
            _ => None,
        }
    },
    may_sign,
    concerns: |_, target| shared::target_concerns(target),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    Ok(Content::Suspension(Suspension { lift: shared::take_flag(members, "lift")? }))
}

fn may_sign(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let (Content::Suspension(suspension), Some((target, _))) = (signing.record.content(), signing.target)
    else {
        return Err(NotAllowed::Signer);
    };
    let allowed = match target.record.content() {
        Content::Mandate(_) | Content::Consent(_) => {
            Terms::of(target.record).is_some_and(|terms| terms.may_withdraw(signing))
        }
        // A holder may freeze at once, by whatever key is left; whether the key is theirs again somebody else must see.
        Content::Key(key) => {
            let is_holder = !suspension.lift && signing.signer.is_party(&key.party);
            is_holder || signing.signer.has(Role::Registrar) || signing.signer.is_root()
        }
        _ => false,
    };
    shared::allow(signing, allowed)
}

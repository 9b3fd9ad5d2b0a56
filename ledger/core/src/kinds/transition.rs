//! `acceptance` and `revocation`: a further signature that something waits for, and the end of what one gave.

use super::{Class, Content, KeyBasis, NotAllowed, Role, Row, Signing, Target, shared};
use crate::record::Record;
use crate::status::Status;

pub(super) static ACCEPTANCE: Row = Row {
    name: "acceptance",
    class: Class::Transition,
    any_time: false,
    withholdable: &[],
    parse: |_| Ok(Content::Acceptance),
    becomes: accepted,
    may_sign: may_accept,
    concerns: |_, target| shared::target_concerns(target),
};

pub(super) static REVOCATION: Row = Row {
    name: "revocation",
    class: Class::Transition,
    any_time: true,
    withholdable: &[],
    parse: |_| Ok(Content::Revocation),
    becomes: |_, target| {
        let target = target?;
        let revocable = matches!(
            target.record.content(),
            Content::Party(_) | Content::Catalogue(_) | Content::Mandate(_) | Content::Consent(_)
        );
        (revocable && !target.status.is_ended()).then_some(Status::ENDED)
    },
    may_sign: may_revoke,
    concerns: |_, target| shared::target_concerns(target),
};

/// How many root keys must have signed `record`; `None` if it does not wait for the root.
fn root_quorum(record: &Record) -> Option<u64> {
    let quorum = match record.content() {
        Content::Root(root) => root.quorum,
        Content::Party(party) => party.quorum,
        Content::Key(key) => key.quorum,
        Content::Catalogue(catalogue) => catalogue.quorum,
        _ => 1,
    };
    (quorum > 1).then_some(quorum)
}

fn accepted(_: &Record, target: Option<&Target<'_>>) -> Option<Status> {
    let target = target?;
    if target.status != Status::PENDING {
        return None;
    }
    if let Some(quorum) = root_quorum(target.record) {
        // While it is pending every item is one root key's signature: the create's and one an acceptance.
        let signed = target.items.len() as u64 + 1;
        return Some(if signed >= quorum { Status::ACTIVE } else { Status::PENDING });
    }
    match target.record.content() {
        Content::Mandate(_) => Some(Status::ACTIVE),
        Content::Party(party) if party.provisional => Some(Status::ACTIVE),
        Content::Key(key) if key.basis == KeyBasis::Recovery => Some(Status::ACTIVE),
        _ => None,
    }
}

fn may_accept(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let Some((target, signed_by)) = signing.target else { return Err(NotAllowed::Signer) };
    if root_quorum(target.record).is_some() {
        return match (signing.signer.is_root(), signed_by.contains(signing.record.jws().kid())) {
            (false, _) => Err(NotAllowed::Signer),
            (true, true) => Err(NotAllowed::Twice),
            (true, false) => Ok(()),
        };
    }
    let allowed = match target.record.content() {
        Content::Mandate(mandate) => signing.signer.is_party(&mandate.mandatee),
        Content::Party(_) => signing.signer.has(Role::Registrar),
        Content::Key(_) => {
            if signing.time.0 < target.logged_at.0.saturating_add(signing.root.key_delay_ms) {
                return Err(NotAllowed::Delay);
            }
            // One root key that bound the key must not also be the second pair of eyes.
            if signing.signer.is_root() && signing.root.quorum > 1 {
                return Err(NotAllowed::RootQuorum);
            }
            signing.signer.has(Role::Registrar) || signing.signer.is_root()
        }
        _ => false,
    };
    if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
}

fn may_revoke(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let Some((target, signed_by)) = signing.target else { return Err(NotAllowed::Signer) };
    let is_root = signing.signer.is_root();
    let allowed = match target.record.content() {
        Content::Mandate(mandate) => signing.signer.is_party(&mandate.mandator),
        Content::Consent(consent) => signing.signer.is_party(&consent.subject),
        Content::Party(party) => {
            is_root || (party.roles.is_empty() && party.quorum == 1 && signing.signer.has(Role::Registrar))
        }
        // Who published it may end it, with the key it was signed with or as the root.
        Content::Catalogue(_) => is_root || signed_by.first() == Some(signing.record.jws().kid()),
        _ => false,
    };
    match (allowed, is_root && signing.root.quorum > 1) {
        (false, _) => Err(NotAllowed::Signer),
        (true, true) => Err(NotAllowed::RootQuorum),
        (true, false) => Ok(()),
    }
}

//! `acceptance`: a further signature that something waits for.

use super::grant::Terms;
use super::{Class, Content, KeyBasis, NotAllowed, Role, Row, Signing, Target, shared};
use crate::record::Record;
use crate::status::Status;

pub(super) static ROW: Row = Row {
    name: "acceptance",
    class: Class::Transition,
    any_time: false,
    withholdable: &[],
    parse: |_| Ok(Content::Acceptance),
    becomes: |_, target| accepted(target?),
    may_sign,
    concerns: |_, target| shared::target_concerns(target),
};

/// How many root keys must have signed `record`; `None` if it does not wait for the root.
fn root_quorum(record: &Record) -> Option<usize> {
    let quorum = match record.content() {
        Content::Root(root) => root.quorum,
        Content::Party(party) => party.quorum,
        Content::Key(key) => key.quorum,
        Content::Catalogue(catalogue) => catalogue.quorum,
        _ => 1,
    };
    usize::try_from(quorum).ok().filter(|quorum| *quorum > 1)
}

fn accepted(target: &Target<'_>) -> Option<Status> {
    if target.status != Status::PENDING {
        return None;
    }
    let needed = match target.record.content() {
        _ if root_quorum(target.record).is_some() => root_quorum(target.record)?,
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
    let Some((target, signed)) = signing.target else { return Err(NotAllowed::Signer) };
    if root_quorum(target.record).is_some() {
        let twice = signed.iter().any(|by| by.kid == *signing.record.jws().kid());
        return match (signing.signer.is_root(), twice) {
            (false, _) => Err(NotAllowed::Signer),
            (true, true) => Err(NotAllowed::Twice),
            (true, false) => Ok(()),
        };
    }
    let allowed = match target.record.content() {
        Content::Mandate(_) | Content::Consent(_) => {
            return Terms::of(target.record).ok_or(NotAllowed::Signer)?.may_accept(signing);
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

//! `key-end`: the end of a key, and since when it may have been in other hands.

use super::{Class, Content, NotAllowed, Role, Row, Signing, shared};
use crate::Millis;
use crate::json::{Field, Members};
use crate::record::RecordError;
use crate::status::Status;

/// How far back a holder or a registrar may date a compromise: 30 days.
const BACK_MS: u64 = 30 * 24 * 3600 * 1000;

/// Why and since when a key is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEnd {
    /// Why it ends.
    pub reason: KeyEndReason,
    /// Signatures of entries at or after this instant do not count.
    pub compromised_since: Option<Millis>,
}

/// Why a key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEndReason {
    /// Its device is gone.
    Lost,
    /// Somebody else may have it.
    Compromised,
    /// Another key took its place.
    Replaced,
    /// Its party ends its business here.
    Closed,
}

pub(super) static ROW: Row = Row {
    name: "key-end",
    class: Class::Transition,
    any_time: true,
    withholdable: &[],
    parse,
    becomes: |_, target| match target?.record.content() {
        Content::Key(_) => Some(Status::ENDED),
        _ => None,
    },
    may_sign,
    concerns: |_, target| shared::target_concerns(target),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let reasons = [
        ("lost", KeyEndReason::Lost),
        ("compromised", KeyEndReason::Compromised),
        ("replaced", KeyEndReason::Replaced),
        ("closed", KeyEndReason::Closed),
    ];
    Ok(Content::KeyEnd(KeyEnd {
        reason: members.take_enum("reason", &reasons)?,
        compromised_since: members.take_opt("compromised_since", Field::millis)?,
    }))
}

fn may_sign(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let (Content::KeyEnd(end), Some((target, _))) = (signing.record.content(), signing.target) else {
        return Err(NotAllowed::Signer);
    };
    let Content::Key(key) = target.record.content() else { return Err(NotAllowed::Signer) };
    let allowed = signing.signer.is_party(&key.party)
        || signing.signer.has(Role::Registrar)
        || signing.signer.has(Role::Authority)
        || signing.signer.is_root();
    if !allowed {
        return Err(NotAllowed::Signer);
    }
    if signing.signer.is_root() && signing.root.quorum > 1 {
        return Err(NotAllowed::RootQuorum);
    }
    // Counted from the entry's time: `iat` is the signer's own word, and a key-end may be logged long after it.
    let may_go_back = signing.signer.is_root() || signing.signer.has(Role::Authority);
    match end.compromised_since {
        Some(since) if since.0.saturating_add(BACK_MS) < signing.time.0 && !may_go_back => {
            Err(NotAllowed::TooFarBack)
        }
        _ => Ok(()),
    }
}

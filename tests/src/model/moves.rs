//! The column "becomes" of the kinds table.

use super::record::{Act, Grant, Life, Record, Says, Sort};
use super::status::{ACTIVE, DISPUTED, ENDED, PENDING, SUSPENDED};

/// Where a transition leads from a status; `None`: nowhere. `last`: of an acceptance, whether nobody else must sign.
pub(super) fn after(act: &Act, before: u8, last: bool) -> Option<u8> {
    let disputed = before > DISPUTED;
    match act {
        Act::Acceptance => (before == PENDING).then_some(if last { ACTIVE } else { PENDING }),
        Act::Renunciation | Act::Revocation { effective: None } => (before != ENDED).then_some(ENDED),
        Act::Revocation { effective: Some(_) } => (before == ACTIVE).then_some(ACTIVE),
        Act::Suspension { lift: false } => (before == ACTIVE).then_some(SUSPENDED),
        Act::Suspension { lift: true } => (before == SUSPENDED).then_some(ACTIVE),
        Act::Dispute { step: "open" } => (before != ENDED && !disputed).then_some(before + DISPUTED),
        Act::Dispute { step: "dismissed" } => disputed.then(|| before - DISPUTED),
        Act::Dispute { .. } => disputed.then_some(ENDED),
        Act::KeyEnd { .. } => Some(ENDED),
        Act::Life(Life { event, .. }) => match *event {
            "protection" => (before == ACTIVE).then_some(SUSPENDED),
            "protection-end" => (before == SUSPENDED).then_some(ACTIVE),
            "majority" => (before == ACTIVE).then_some(ACTIVE),
            _ => (before == ACTIVE || before == SUSPENDED).then_some(ENDED),
        },
    }
}

/// Whether a kind of transition is for this record at all.
pub(super) fn fits(act: &Act, target: &Record) -> bool {
    match (act, &target.says) {
        (Act::Acceptance, Says::Party(_) | Says::Key(_) | Says::Grant(_)) => true,
        (Act::Revocation { effective: Some(_) }, Says::Grant(grant)) => grant.is_mandate(),
        (Act::Revocation { effective: None }, Says::Party(_) | Says::Catalogue(_) | Says::Grant(_)) => true,
        (Act::Suspension { .. }, Says::Grant(_) | Says::Key(_)) => true,
        (Act::Dispute { .. } | Act::Renunciation, Says::Grant(_)) => true,
        (Act::KeyEnd { .. }, Says::Key(_)) => true,
        (Act::Life(life), Says::Party(party)) => match life.event {
            "closure" | "merger" => {
                matches!(party.sort, Sort::Organisation | Sort::Institution) && life.into != Some(target.id)
            }
            _ => party.sort == Sort::Person,
        },
        _ => false,
    }
}

/// What a grant is when it is logged, with one signature on it.
pub(super) fn grant_begins(grant: &Grant) -> u8 {
    let givers = match (&grant.under, grant.ground, grant.assisted) {
        (_, Some(_), _) | (_, _, true) => 1,
        (Some(under), ..) => under.by.len(),
        (None, ..) => grant.from.len(),
    };
    let takers = if grant.is_mandate() && grant.ground.is_none() { grant.to.len() } else { 0 };
    if givers + takers == 1 { ACTIVE } else { PENDING }
}

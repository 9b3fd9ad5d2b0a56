//! What waits for a party's answer, out of its list, which was read whole: so nothing that waits is kept back.
//!
//! spec: kinds.md#asking

use crate::records::{AllRecords, Filed};
use procura_core::entry::Entry;
use procura_core::kinds::{Content, Invitation, Mandate, Request};
use procura_core::source::Logged;
use procura_core::status::Status;
use procura_core::{Hash, Millis};
use std::collections::BTreeSet;

impl AllRecords {
    /// What waits for the party's answer at `now`, in log order: requests that name it, unless it has blocked who asks, and mandates
    /// that it is to take and has not signed. Of either none that it is too late for.
    #[must_use]
    pub fn waiting(&self, now: Millis) -> Vec<&Filed> {
        let Some(me) = self.party().entry.id() else { return Vec::new() };
        let (blocked, accepted) = (self.blocked(&me), self.accepted(&me));
        let is_asked = |request: &Request| {
            request.subject == Some(me)
                && !blocked.contains(&request.requester)
                && is_in_time(&request.invitation, request.validity.not_after, now)
        };
        let is_offered = |mandate: &Mandate, id: &Hash| {
            mandate.mandatees.contains(&me)
                && !accepted.contains(id)
                && is_in_time(&mandate.invitation, mandate.validity.not_after, now)
        };
        let waits = |filed: &&Filed| match (content(&filed.logged), filed.logged.entry.id()) {
            (Some(Content::Request(request)), _) => filed.status == Some(Status::ACTIVE) && is_asked(request),
            (Some(Content::Mandate(mandate)), Some(id)) => {
                filed.status == Some(Status::PENDING) && is_offered(mandate, &id)
            }
            _ => false,
        };
        self.records().iter().filter(waits).collect()
    }

    /// Whose requests the party wants no more.
    fn blocked(&self, me: &Hash) -> BTreeSet<Hash> {
        let in_force = self.records().iter().filter(|filed| filed.status == Some(Status::ACTIVE));
        let of = |filed: &Filed| match content(&filed.logged) {
            Some(Content::Block(block)) if block.party == *me => Some(block.blocked),
            _ => None,
        };
        in_force.filter_map(of).collect()
    }

    /// What was accepted with a key of the party's.
    fn accepted(&self, me: &Hash) -> BTreeSet<Hash> {
        let records = || self.records().iter().map(|filed| filed.logged.as_ref());
        let is_key =
            |logged: &&Logged| matches!(content(logged), Some(Content::Key(key)) if key.party == *me);
        let keys: BTreeSet<Hash> = records().filter(is_key).filter_map(|logged| logged.entry.id()).collect();
        let target = |logged: &Logged| match (&logged.entry, &logged.opened) {
            (Entry::Transition { target_id, .. }, Some(opened))
                if matches!(opened.record.content(), Content::Acceptance(_))
                    && keys.contains(opened.record.jws().kid()) =>
            {
                Some(*target_id)
            }
            _ => None,
        };
        records().filter_map(target).collect()
    }
}

fn content(logged: &Logged) -> Option<&Content> {
    logged.opened.as_ref().map(|opened| opened.record.content())
}

fn is_in_time(invitation: &Invitation, not_after: Option<Millis>, now: Millis) -> bool {
    [invitation.answer_by, not_after].into_iter().flatten().all(|end| now < end)
}

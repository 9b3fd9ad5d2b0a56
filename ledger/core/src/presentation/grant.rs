//! The mandate or consent that is shown: whether it holds, and who is a party of it.

use super::fault::PresentationError;
use super::holder::Holder;
use super::verify::Side;
use crate::decide::Reason;
use crate::kinds::{Content, Validity, sides_of};
use crate::receipt::{Evidence, VerifiedStatus};
use crate::source::{Logged, Source as _};
use crate::status::Status;
use crate::{Hash, Millis};

/// What matters of it here.
pub(super) struct Grant {
    pub(super) id: Hash,
    /// Its mandators, or its subject.
    pub(super) from: Vec<Hash>,
    /// Its mandatees, or its recipient.
    pub(super) to: Vec<Hash>,
    is_mandate: bool,
    validity: Validity,
}

impl Grant {
    pub(super) fn of(logged: &Logged) -> Result<Self, PresentationError> {
        let record = logged.opened.as_ref().map(|opened| &opened.record);
        let record = record.ok_or(PresentationError::NotAGrant)?;
        let (is_mandate, validity) = match record.content() {
            Content::Mandate(mandate) => (true, mandate.validity),
            Content::Consent(consent) => (false, consent.validity),
            _ => return Err(PresentationError::NotAGrant),
        };
        let (from, to) = sides_of(record).ok_or(PresentationError::NotAGrant)?;
        Ok(Self { id: record.id(), from: from.to_vec(), to: to.to_vec(), is_mandate, validity })
    }

    /// It is active, this is its time, and no notice of an end has come true.
    pub(super) fn check_holds(&self, status: &VerifiedStatus, now: Millis) -> Result<(), PresentationError> {
        let reason = match *status.status() {
            Status::ACTIVE if !self.validity.has_begun(now) => Some(Reason::NotYetValid),
            Status::ACTIVE if self.validity.is_over(now) => Some(Reason::Expired),
            Status::ACTIVE if status.ends().is_some_and(|ends| ends <= now) => Some(Reason::Expired),
            Status::ACTIVE => None,
            other if other.is_disputed() => Some(Reason::Disputed),
            Status::SUSPENDED => Some(Reason::Suspended),
            Status::PENDING => Some(Reason::NotAccepted),
            _ => Some(Reason::Ended),
        };
        reason.map_or(Ok(()), |reason| Err(PresentationError::Holds(reason)))
    }

    /// On which side a holder's party, or the one that its role is under, stands; and that one.
    pub(super) fn side_of(&self, holder: &Holder) -> Option<(Side, Hash)> {
        let (giver, taker) = match self.is_mandate {
            true => (Side::Mandator, Side::Mandatee),
            false => (Side::Subject, Side::Recipient),
        };
        let sides = [(giver, &self.from), (taker, &self.to)];
        [Some(holder.party), holder.under].into_iter().flatten().find_map(|party| {
            sides.iter().find(|(_, parties)| parties.contains(&party)).map(|(side, _)| (*side, party))
        })
    }

    /// Whether a list in these parts says that somebody is no more whom it is from.
    pub(super) fn is_lapsed(&self, over: &Evidence) -> bool {
        let has_ended =
            |giver: &Hash| over.list(giver).is_ok_and(|list| list.status().is_none_or(Status::is_ended));
        self.from.iter().any(has_ended)
    }
}

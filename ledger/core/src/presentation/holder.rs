//! Who shows it: the key, its party, and how they stand by the receipts.

use super::fault::PresentationError;
use super::wire::Part;
use crate::judge::{Judge, Standing, Verdict};
use crate::key::PublicKey;
use crate::kinds::Content;
use crate::receipt::{Evidence, VerifyError};
use crate::source::{Lack, Source as _};
use crate::status::Status;
use crate::{Hash, Millis};

/// The receipts' parts in the order in which they say more: of the mandate, of the key, of its party.
type Shown<'a> = [Option<(Part, &'a Evidence)>; 3];

/// A key that is in force, of a party that is.
pub(super) struct Holder {
    pub(super) public_key: PublicKey,
    /// The key's party.
    pub(super) party: Hash,
    /// The party that it acts for as a role.
    pub(super) under: Option<Hash>,
}

impl Holder {
    /// The party that a key's record names.
    pub(super) fn party_of(over: &Evidence, key: &Hash) -> Result<Hash, PresentationError> {
        let logged = over.record(key).map_err(|_| PresentationError::UnknownKey)?;
        match logged.opened.as_ref().map(|opened| opened.record.content()) {
            Some(Content::Key(key)) => Ok(key.party),
            _ => Err(PresentationError::UnknownKey),
        }
    }

    pub(super) fn of(key: &Hash, shown: &Shown<'_>, now: Millis) -> Result<Self, PresentationError> {
        let (part, over) = last(shown.get(..2).unwrap_or(shown))?;
        let found = standing((part, over), key)?;
        let Content::Key(content) =
            found.create.opened().map_err(|lack| refused(part, lack))?.record.content()
        else {
            return Err(PresentationError::UnknownKey);
        };
        if found.list.status() != Some(Status::ACTIVE) {
            return Err(PresentationError::KeyNotActive);
        }
        let (part, over) = last(shown)?;
        let party = active((part, over), &content.party)?;
        let under = match party.create.opened().map_err(|lack| refused(part, lack))?.record.content() {
            Content::Party(party) if party.is_over(now) => return Err(PresentationError::PartyNotActive),
            Content::Party(party) => party.under,
            _ => None,
        };
        Ok(Self { public_key: content.public_key, party: content.party, under })
    }

    /// The party that it acts for is in force, if that is another one.
    pub(super) fn check_above(&self, party: &Hash, shown: &Shown<'_>) -> Result<(), PresentationError> {
        if *party == self.party { Ok(()) } else { active(last(shown)?, party).map(drop) }
    }
}

/// The receipt that says most.
fn last<'a>(shown: &[Option<(Part, &'a Evidence)>]) -> Result<(Part, &'a Evidence), PresentationError> {
    shown.iter().flatten().last().copied().ok_or(PresentationError::UnknownKey)
}

fn active((part, over): (Part, &Evidence), party: &Hash) -> Result<Standing, PresentationError> {
    let found = standing((part, over), party)?;
    match found.list.status() {
        Some(Status::ACTIVE) => Ok(found),
        _ => Err(PresentationError::PartyNotActive),
    }
}

/// A record with its whole list, judged as for its status over what a receipt shows besides its answer.
fn standing((part, over): (Part, &Evidence), id: &Hash) -> Result<Standing, PresentationError> {
    let judged = Judge::new(over).standing(id);
    judged.map_err(|verdict: Verdict| PresentationError::Receipt(part, VerifyError::from(verdict)))
}

fn refused(part: Part, lack: Lack) -> PresentationError {
    PresentationError::Receipt(part, VerifyError::from(Verdict::Lack(lack)))
}

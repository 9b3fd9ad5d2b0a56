//! Who gives a mandate or a consent and who takes it, and what one given under a mandate may not exceed.
//!
//! spec: kinds.md#who-gives-and-who-takes, kinds.md#under-a-mandate

use super::{Consent, Content, Invitation, Mandate, NotAllowed, Role, Signing, Validity, shared};
use crate::Hash;
use crate::conditions::Conditions;
use crate::json::{Field, Members};
use crate::record::{Record, RecordError};
use crate::status::Status;

/// The most parties on one side of a grant.
pub const MAX_SIDE: usize = 8;
/// The most parties that a grant under a mandate says it informs: those of four levels.
const MAX_INFORMED: usize = 4 * MAX_SIDE;

/// How a grant came about other than by its mandator's or subject's own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Giver {
    /// Those it is from signed it themselves.
    Own,
    /// An authority recorded a representation by law.
    Lawful(Ground),
    /// An officer vouches for a wish that was not signed with a key.
    Assisted(Assisted),
    /// Those who may act for the mandator or subject gave it in their name.
    Under(Under),
}

/// Why somebody is represented by law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A minor, by those who have parental authority.
    Parental,
    /// A minor, by a guardian.
    Guardianship,
    /// A protected person, by an administrator.
    Administration,
    /// An organisation, by those whom its statutes name.
    Statutory,
}

/// How an officer learned what a citizen wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assisted {
    /// From a signed paper with this SHA-256.
    Paper(Hash),
    /// By word of mouth, at the counter.
    Spoken,
}

/// The mandate under which a grant is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Under {
    /// The mandate's id.
    pub mandate: Hash,
    /// Those of its mandatees who give the grant, ascending.
    pub by: Vec<Hash>,
    /// The mandatees of every mandate above, ascending: they see what is given below.
    pub informed: Vec<Hash>,
}

const GROUNDS: [(&str, Ground); 4] = [
    ("administration", Ground::Administration),
    ("guardianship", Ground::Guardianship),
    ("parental", Ground::Parental),
    ("statutory", Ground::Statutory),
];

impl Giver {
    /// Takes `assisted`, `under`, `by`, `informed` and, if `lawful` is allowed, `ground`.
    pub(super) fn take(members: &mut Members, lawful: bool) -> Result<Self, RecordError> {
        let stated = ["ground", "assisted", "under"].iter().filter(|name| members.has(name)).count();
        if stated > 1 {
            return Err(members.mistyped("under", "alone: at most one of ground, assisted, under").into());
        }
        if lawful && members.has("ground") {
            return Ok(Self::Lawful(members.take_enum("ground", &GROUNDS)?));
        }
        if members.has("assisted") {
            return Ok(Self::Assisted(members.take("assisted", assisted)?));
        }
        if !members.has("under") {
            return Ok(Self::Own);
        }
        Ok(Self::Under(Under {
            mandate: members.take_hash("under")?,
            by: shared::take_set(members, "by", MAX_SIDE, Field::hash)?,
            informed: shared::take_set(members, "informed", MAX_INFORMED, Field::hash)?,
        }))
    }

    /// The mandate that the grant is under.
    #[must_use]
    pub const fn under(&self) -> Option<&Under> {
        match self {
            Self::Under(under) => Some(under),
            _ => None,
        }
    }

    /// The ground in law.
    #[must_use]
    pub const fn ground(&self) -> Option<Ground> {
        match self {
            Self::Lawful(ground) => Some(*ground),
            _ => None,
        }
    }
}

fn assisted(field: Field) -> Result<Assisted, crate::json::MemberError> {
    let mut members = field.object()?;
    let is_paper = members.take_enum("channel", &[("paper", true), ("spoken", false)])?;
    let assisted = if is_paper { Assisted::Paper(members.take_hash("document")?) } else { Assisted::Spoken };
    members.finish()?;
    Ok(assisted)
}

/// What mandates and consents have in common.
pub(super) struct Terms<'a> {
    pub(super) from: &'a [Hash],
    pub(super) to: &'a [Hash],
    pub(super) takers: &'a [Hash],
    pub(super) giver: &'a Giver,
    pub(super) catalogue: Hash,
    pub(super) validity: Validity,
    pub(super) conditions: &'a Conditions,
    pub(super) substitution: Option<usize>,
    pub(super) invitation: &'a Invitation,
}

impl<'a> Terms<'a> {
    /// The terms of a mandate or a consent.
    pub(super) fn of(record: &'a Record) -> Option<Self> {
        match record.content() {
            Content::Mandate(mandate) => Some(mandate.terms()),
            Content::Consent(consent) => Some(consent.terms()),
            _ => None,
        }
    }

    /// Those who must sign to give it; `None`: an authority or an officer does.
    fn givers(&self) -> Option<&'a [Hash]> {
        match self.giver {
            Giver::Own => Some(self.from),
            Giver::Under(under) => Some(&under.by),
            Giver::Lawful(_) | Giver::Assisted(_) => None,
        }
    }

    /// Whether somebody is invited exactly where somebody else must sign.
    pub(super) fn invites_well(&self) -> bool {
        self.invitation.is_none() || self.signatures() > 1
    }

    /// How many signatures activate it.
    pub(super) fn signatures(&self) -> usize {
        self.givers().map_or(1, <[Hash]>::len) + self.takers.len()
    }

    /// The status that it starts with.
    pub(super) fn starts(&self) -> Status {
        if self.signatures() > 1 { Status::PENDING } else { Status::ACTIVE }
    }

    /// The parties whom it concerns.
    pub(super) fn concerns(&self) -> Vec<Hash> {
        let (by, informed): (&[Hash], &[Hash]) =
            self.giver.under().map_or((&[], &[]), |under| (&under.by, &under.informed));
        [self.from, self.to, by, informed].concat()
    }

    /// Whether this signer may put the grant into the log.
    pub(super) fn may_sign(&self, signing: &Signing<'_>) -> Result<(), NotAllowed> {
        let allowed = match self.giver {
            Giver::Lawful(_) => signing.signer.has(Role::Authority),
            Giver::Assisted(_) => signing.signer.has(Role::Counter),
            Giver::Own | Giver::Under(_) => self.is_giver(signing),
        };
        if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
    }

    /// Whether it is this signer's to give.
    fn is_giver(&self, signing: &Signing<'_>) -> bool {
        self.givers().is_some_and(|givers| givers.iter().any(|party| signing.signer.is_party(party)))
    }

    /// Whether this signer may accept the grant, showing this link: gives or takes it, in time, and has not signed yet.
    pub(super) fn may_accept(
        &self,
        signing: &Signing<'_>,
        link: Option<&[u8; 32]>,
    ) -> Result<(), NotAllowed> {
        let takes = self.takers.iter().any(|party| signing.signer.is_party(party));
        if !takes && !self.is_giver(signing) {
            return Err(NotAllowed::Signer);
        }
        // The link came to those who take it; who gives it needs none.
        let invitation = Invitation { link: self.invitation.link.filter(|_| takes), ..*self.invitation };
        invitation.admits(link, signing.time)?;
        let Some((_, signed)) = signing.target else { return Err(NotAllowed::Signer) };
        let twice = signed.iter().any(|by| by.party.is_some_and(|party| signing.signer.is_party(&party)));
        if twice { Err(NotAllowed::Twice) } else { Ok(()) }
    }

    /// Whether this signer may take the grant back, suspend it or lift that.
    pub(super) fn may_withdraw(&self, signing: &Signing<'_>) -> bool {
        match self.giver {
            Giver::Lawful(_) => signing.signer.has(Role::Authority),
            Giver::Own | Giver::Assisted(_) => self.from.iter().any(|id| signing.signer.is_party(id)),
            Giver::Under(under) => {
                self.from.iter().chain(&under.by).any(|party| signing.signer.is_party(party))
            }
        }
    }

    /// Whether this signer is a party to the grant.
    pub(super) fn is_party_to(&self, signing: &Signing<'_>) -> bool {
        let by = self.givers().unwrap_or(&[]);
        self.from.iter().chain(self.to).chain(by).any(|party| signing.signer.is_party(party))
    }

    /// Whether it reaches no further than the mandate that it is under, as far as the records say without a catalogue.
    fn is_within(&self, under: &Under, above: &Mandate) -> bool {
        let below = |substitution: usize| above.substitution > substitution;
        self.from == above.mandators
            && under.by.iter().all(|party| above.mandatees.contains(party))
            && under.by.len() >= above.needed
            && under.informed == above.informs()
            && self.catalogue == above.catalogue
            && self.validity.is_within(&above.validity)
            && self.conditions.imply(&above.conditions)
            && self.substitution.is_none_or(below)
    }
}

/// Holds a grant against the mandate that it is under, before that one is judged itself: `substitution` falls from level to
/// level, so that a chain of them ends.
///
/// # Errors
/// [`NotAllowed::Under`] if `above` is no mandate, [`NotAllowed::Beyond`] if the grant reaches further.
pub fn check_within(record: &Record, above: &Record) -> Result<(), NotAllowed> {
    let (Some(terms), Content::Mandate(mandate)) = (Terms::of(record), above.content()) else {
        return Err(NotAllowed::Under);
    };
    match terms.giver.under() {
        Some(under) if terms.is_within(under, mandate) => Ok(()),
        _ => Err(NotAllowed::Beyond),
    }
}

/// Whom a mandate or consent is from, and to whom; `None` of any other kind.
#[must_use]
pub fn sides_of(record: &Record) -> Option<(&[Hash], &[Hash])> {
    Terms::of(record).map(|terms| (terms.from, terms.to))
}

/// The mandate that a record is given under.
#[must_use]
pub fn under_of(record: &Record) -> Option<&Under> {
    match record.content() {
        Content::Mandate(Mandate { giver, .. }) | Content::Consent(Consent { giver, .. }) => giver.under(),
        _ => None,
    }
}

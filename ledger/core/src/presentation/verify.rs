//! Verification: the order of the checks is the order of the function's lines.
//!
//! spec: presentations.md#verification

use super::binding::Binding;
use super::challenge::{Challenge, Showable};
use super::fault::PresentationError;
use super::grant::Grant;
use super::holder::Holder;
use super::wire::{Part, Parts, Presentation};
use crate::conditions::Properties;
use crate::decide::{AuthZen, PartyRef, Reason};
use crate::disclosure::Disclosure;
use crate::kinds::Content;
use crate::receipt::{
    Evidence, Mode, Policy, Question, Receipt, VerifiedAuthority, VerifiedReceipt, VerifiedStatus,
    VerifyError, authority_over, status_over,
};
use crate::record::Record;
use crate::tree::Root;
use crate::{Hash, Millis};
use serde_json::Value;
use std::collections::BTreeMap;

/// On which side of a mandate or consent its party stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It gives the mandate.
    Mandator,
    /// It acts under the mandate.
    Mandatee,
    /// The consent is on its data.
    Subject,
    /// It may see them.
    Recipient,
}

impl Side {
    /// The word of the kinds table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mandator => "mandator",
            Self::Mandatee => "mandatee",
            Self::Subject => "subject",
            Self::Recipient => "recipient",
        }
    }

    pub(super) const fn is_giver(self) -> bool {
        matches!(self, Self::Mandator | Self::Subject)
    }
}

/// A mandate or consent that a party of it showed for a challenge, and that holds.
///
/// Only verification makes this value.
#[derive(Debug, Clone)]
pub struct VerifiedPresentation {
    mandate: VerifiedStatus,
    authority: Option<VerifiedAuthority>,
    side: Side,
    party: Hash,
    by: Hash,
    key: Hash,
    disclosed: Disclosed,
}

impl VerifiedPresentation {
    /// The mandate or consent with its status, and what that rests on.
    #[must_use]
    pub const fn mandate(&self) -> &VerifiedStatus {
        &self.mandate
    }

    /// The answer to the challenge's question, a permit, if it has one.
    #[must_use]
    pub const fn authority(&self) -> Option<&VerifiedAuthority> {
        self.authority.as_ref()
    }

    /// On which side the party stands.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The party of the mandate for whom it was shown.
    #[must_use]
    pub const fn party(&self) -> &Hash {
        &self.party
    }

    /// Who showed it: that party, or a role under it.
    #[must_use]
    pub const fn by(&self) -> &Hash {
        &self.by
    }

    /// The id of the `key` record by whose key it was shown.
    #[must_use]
    pub const fn key(&self) -> &Hash {
        &self.key
    }

    /// What was disclosed, by the record's id.
    #[must_use]
    pub const fn disclosed(&self) -> &BTreeMap<Hash, BTreeMap<String, Value>> {
        &self.disclosed
    }
}

/// What was disclosed, by the record's id.
type Disclosed = BTreeMap<Hash, BTreeMap<String, Value>>;

/// Verifies what a holder shows for a challenge of the verifier's own at `now`. That its nonce is taken once is for the caller to
/// see to.
///
/// # Errors
/// [`PresentationError`]: the first check that fails, in the order of the spec.
pub fn verify_presentation(
    bytes: &[u8],
    challenge: &Challenge,
    policy: &Policy,
    now: Millis,
) -> Result<VerifiedPresentation, PresentationError> {
    let Presentation { parts, kb } = Presentation::parse(bytes)?;
    if challenge.origin != policy.origin {
        return Err(PresentationError::WrongOrigin);
    }
    let binding = Binding::read(&kb, challenge, now)?;
    // What the verifier saw before, no holder can know, nor lead their receipts to it.
    let policy = &policy.clone().with_pin(None);
    let mut receipts = Receipts { policy, mode: Mode::Fresh(now), roots: Vec::new() };
    let (mandate, over_mandate) = receipts.mandate(&parts.mandate)?;
    let grant = Grant::of(mandate.logged())?;
    if !parts.shown().is_some_and(|shown| binding.is_over(shown)) {
        return Err(PresentationError::SdHash);
    }
    grant.check_holds(&mandate, now)?;

    let key = *binding.jws.kid();
    let over_key = parts.key.as_ref().map(|receipt| receipts.status(Part::Key, receipt, &key)).transpose()?;
    let over_party = match &parts.party {
        Some(receipt) => {
            let of = Holder::party_of(over_key.as_ref().unwrap_or(&over_mandate), &key)?;
            Some(receipts.status(Part::Party, receipt, &of)?)
        }
        None => None,
    };
    let shown = [
        Some((Part::Mandate, &over_mandate)),
        over_key.as_ref().map(|over| (Part::Key, over)),
        over_party.as_ref().map(|over| (Part::Party, over)),
    ];
    let holder = Holder::of(&key, &shown, now)?;
    binding.jws.verify(&holder.public_key)?;
    let (side, party) = grant.side_of(&holder).ok_or(PresentationError::NotAParty)?;
    holder.check_above(&party, &shown)?;
    if shown.iter().flatten().any(|(_, over)| grant.is_lapsed(over)) {
        return Err(PresentationError::Holds(Reason::Lapsed));
    }
    let authority = receipts.authority(&parts, challenge, &grant, side, &holder)?;
    let disclosed = disclosed(&parts, challenge, &grant, &holder)?;
    for name in &challenge.show {
        let of = if *name == Showable::Reference { grant.id } else { party };
        if !disclosed.get(&of).is_some_and(|members| members.contains_key(name.name())) {
            return Err(PresentationError::NotShown(name.name()));
        }
    }
    Ok(VerifiedPresentation { mandate, authority, side, party, by: holder.party, key, disclosed })
}

/// The receipts of one presentation, verified one after the other.
struct Receipts<'a> {
    policy: &'a Policy,
    mode: Mode,
    /// Under which checkpoints they stand.
    roots: Vec<Root>,
}

impl Receipts<'_> {
    fn mandate(&mut self, receipt: &Receipt) -> Result<(VerifiedStatus, Evidence), PresentationError> {
        let refused = |error| PresentationError::Receipt(Part::Mandate, error);
        let Question::Status { id, .. } = &receipt.question else {
            return Err(refused(VerifyError::OtherQuestion));
        };
        let (verified, evidence) = status_over(receipt, id, None, self.policy, self.mode).map_err(refused)?;
        self.note(Part::Mandate, verified.receipt())?;
        Ok((verified, evidence))
    }

    fn status(&mut self, part: Part, receipt: &Receipt, id: &Hash) -> Result<Evidence, PresentationError> {
        let verified = status_over(receipt, id, None, self.policy, self.mode);
        let (verified, evidence) = verified.map_err(|error| PresentationError::Receipt(part, error))?;
        self.note(part, verified.receipt())?;
        Ok(evidence)
    }

    /// The answer to the challenge's question: the one who takes the mandate may do this, now, for the one whom it is from.
    fn authority(
        &mut self,
        parts: &Parts,
        challenge: &Challenge,
        grant: &Grant,
        side: Side,
        holder: &Holder,
    ) -> Result<Option<VerifiedAuthority>, PresentationError> {
        let (receipt, asked) = match (&parts.authority, &challenge.question) {
            (None, None) => return Ok(None),
            (Some(receipt), Some(asked)) => (receipt, asked),
            _ => return Err(PresentationError::Question),
        };
        let refused = |error| PresentationError::Receipt(Part::Authority, error);
        let Question::Authority(answered) = &receipt.question else {
            return Err(refused(VerifyError::OtherQuestion));
        };
        let named = &answered.parties;
        // Whom the holder acts for, or who acts for them, is theirs to say; that it is a party of the mandate is not.
        let other = |id: Option<Hash>, among: &[Hash]| id.filter(|id| among.contains(id));
        let (actor, subject) = if side.is_giver() {
            (other(named.actor, &grant.to), grant.side_of(holder).map(|(_, party)| party))
        } else {
            (Some(holder.party), other(named.subject, &grant.from))
        };
        let (Some(actor), Some(subject)) = (actor, subject) else {
            return Err(refused(VerifyError::OtherQuestion));
        };
        let request = AuthZen {
            actor: PartyRef::Id(actor),
            subject: PartyRef::Id(subject),
            on_behalf_of: None,
            together_with: Vec::new(),
            category: asked.category.clone(),
            purpose: asked.purpose.clone(),
            properties: Properties::default(),
            emergency: false,
        };
        let verified = authority_over(receipt, &request, self.policy, self.mode).map_err(refused)?;
        self.note(Part::Authority, verified.receipt())?;
        let decision = verified.decision();
        if !decision.permit {
            return Err(PresentationError::NotPermitted(Some(decision.reason)));
        }
        match decision.evidence.contains(&grant.id) {
            true => Ok(Some(verified)),
            false => Err(PresentationError::NotPermitted(None)),
        }
    }

    /// Two checkpoints of one size are one.
    fn note(&mut self, part: Part, verified: &VerifiedReceipt) -> Result<(), PresentationError> {
        let root = verified.checkpoint().root();
        if self.roots.iter().any(|other| other.size == root.size && other.hash != root.hash) {
            let fork = VerifyError::Fork { size: root.size, pinned: root.size };
            return Err(PresentationError::Receipt(part, fork));
        }
        self.roots.push(root);
        Ok(())
    }
}

/// What the receipts disclose, all of which was asked for.
fn disclosed(
    parts: &Parts,
    challenge: &Challenge,
    grant: &Grant,
    holder: &Holder,
) -> Result<Disclosed, PresentationError> {
    let unasked = PresentationError::Unasked;
    let mut disclosed = Disclosed::new();
    for sealed in
        parts.each().flat_map(|(_, receipt)| &receipt.entries).filter_map(|entry| entry.sealed.as_ref())
    {
        if sealed.handle.is_some() {
            return Err(unasked);
        }
        if sealed.disclosures.is_empty() {
            continue;
        }
        let Ok(record) = Record::parse(&sealed.body) else { return Err(unasked) };
        let id = record.id();
        let is_of = match record.content() {
            Content::Party(_) => id == holder.party || grant.from.contains(&id) || grant.to.contains(&id),
            _ => id == grant.id,
        };
        for text in &sealed.disclosures {
            let Ok((name, value)) = Disclosure::parse(text).map(Disclosure::into_member) else {
                return Err(unasked);
            };
            if !is_of || !name.parse().is_ok_and(|name: Showable| challenge.show.contains(&name)) {
                return Err(unasked);
            }
            disclosed.entry(id).or_default().insert(name, value);
        }
    }
    Ok(disclosed)
}

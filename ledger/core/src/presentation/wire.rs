//! A presentation as JSON, and how a holder makes one.
//!
//! spec: presentations.md#presentation

use super::binding::{Binding, nonce_of, sd_jwt};
use super::challenge::{Challenge, Showable};
use super::fault::PresentationError;
use crate::json::{Field, Members};
use crate::key::{SignError, Signer};
use crate::kinds::Content;
use crate::receipt::{MAX_VALUES, Question, Receipt, ReceiptEntry, openings};
use crate::record::Record;
use crate::source::Sealed;
use crate::{Hash, Millis};
use serde_json::Value;

/// The largest presentation in bytes.
const MAX_BYTES: usize = 4 << 20;

/// A receipt of a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// That of the mandate or consent.
    Mandate,
    /// That of the holder's key.
    Key,
    /// That of the key's party.
    Party,
    /// The answer to the question.
    Authority,
}

impl Part {
    /// The member's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mandate => "mandate",
            Self::Key => "key",
            Self::Party => "party",
            Self::Authority => "authority",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.name())
    }
}

/// The receipts of a presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The `status` receipt of the mandate or consent.
    pub mandate: Receipt,
    /// That of the holder's key, where `mandate` does not say all of how it stands.
    pub key: Option<Receipt>,
    /// That of the key's party, where neither does.
    pub party: Option<Receipt>,
    /// The answer to the challenge's question.
    pub authority: Option<Receipt>,
}

/// A presentation as it travels. Nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presentation {
    /// The receipts.
    pub parts: Parts,
    /// The key binding.
    pub kb: String,
}

impl Parts {
    /// Each that is there.
    pub(super) fn each(&self) -> impl Iterator<Item = (Part, &Receipt)> {
        let others = [(Part::Key, &self.key), (Part::Party, &self.party), (Part::Authority, &self.authority)];
        let others = others.into_iter().filter_map(|(part, receipt)| Some((part, receipt.as_ref()?)));
        std::iter::once((Part::Mandate, &self.mandate)).chain(others)
    }

    /// The id of the record that is shown.
    #[must_use]
    pub const fn shown_id(&self) -> Option<Hash> {
        match &self.mandate.question {
            Question::Status { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The record that is shown, as it stands in its receipt, with its disclosures.
    pub(super) fn shown(&self) -> Option<&Sealed> {
        let id = self.shown_id()?;
        let is_it = |shown: &&Sealed| Record::parse(&shown.body).is_ok_and(|record| record.id() == id);
        self.mandate.entries.iter().filter_map(|entry| entry.sealed.as_ref()).find(is_it)
    }

    /// The same receipts with everything withheld but what a challenge needs: of the mandate its reference, of `party`, the one that
    /// it is shown for, its identifier and name. What the holder saw before is nobody's business either.
    #[must_use]
    pub fn showing(mut self, challenge: &Challenge, party: &Hash) -> Self {
        let id = self.shown_id();
        let withhold = |entry: &mut ReceiptEntry| {
            let Some(sealed) = &mut entry.sealed else { return };
            sealed.handle = None;
            let Ok(record) = Record::parse(&sealed.body) else { return };
            let is_party = matches!(record.content(), Content::Party(_)) && record.id() == *party;
            let is_needed = |name: &str| {
                name.parse().is_ok_and(|name| {
                    challenge.show.contains(&name)
                        && if name == Showable::Reference { Some(record.id()) == id } else { is_party }
                })
            };
            sealed.withhold(is_needed);
        };
        let others = [&mut self.key, &mut self.party, &mut self.authority].into_iter().flatten();
        for receipt in std::iter::once(&mut self.mandate).chain(others) {
            receipt.consistency = None;
            receipt.entries.iter_mut().for_each(withhold);
        }
        self
    }

    /// Signs what these receipts show, as it stands in them, for a challenge. `kid` is the id of the key's record.
    ///
    /// # Errors
    /// [`SignError`], also if the first receipt is not that of a record's status.
    pub fn sign(
        self,
        challenge: &Challenge,
        kid: &Hash,
        signer: &dyn Signer,
        now: Millis,
    ) -> Result<Presentation, SignError> {
        let shown = self.shown().ok_or_else(|| SignError("the receipt shows no record".to_owned()))?;
        let kb = Binding::sign(challenge, shown, kid, signer, now)?;
        Ok(Presentation { parts: self, kb })
    }
}

impl Presentation {
    /// Reads a presentation strictly.
    ///
    /// # Errors
    /// [`PresentationError`]: `TooLarge`, `Json`, `Member`, `Version` or `Form`.
    pub fn parse(bytes: &[u8]) -> Result<Self, PresentationError> {
        if bytes.len() > MAX_BYTES || openings(bytes) > MAX_VALUES {
            return Err(PresentationError::TooLarge);
        }
        let mut members = Members::parse_strict(bytes, MAX_BYTES)?;
        let version = members.take_u64("v")?;
        if version != 1 {
            return Err(PresentationError::Version(version));
        }
        let mandate = members.take("mandate", Field::value)?;
        let [key, party, authority] =
            ["key", "party", "authority"].map(|name| members.take_opt(name, Field::value));
        let (key, party, authority) = (key?, party?, authority?);
        let kb = members.take_str("kb")?;
        members.finish()?;
        let optional = |part, value: Option<Value>| value.map(|value| read(part, &value)).transpose();
        let parts = Parts {
            mandate: read(Part::Mandate, &mandate)?,
            key: optional(Part::Key, key)?,
            party: optional(Part::Party, party)?,
            authority: optional(Part::Authority, authority)?,
        };
        Ok(Self { parts, kb })
    }

    /// The presentation as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let receipts: Vec<String> = (self.parts.each())
            .map(|(part, receipt)| format!("\"{}\":{}", part.name(), receipt.to_json()))
            .collect();
        format!("{{\"v\":1,{},\"kb\":{}}}", receipts.join(","), Value::from(self.kb.as_str()))
    }

    /// Which challenge it says that it answers, by its nonce; nothing of it is checked. `None` if it says none.
    #[must_use]
    pub fn unverified_nonce(&self) -> Option<Hash> {
        nonce_of(&self.kb)
    }

    /// The SD-JWT+KB in it: the record, its disclosures and the key binding, a `~` between them (RFC 9901 section 4). `None` if it
    /// shows no record.
    #[must_use]
    pub fn sd_jwt(&self) -> Option<String> {
        Some(sd_jwt(self.parts.shown()?) + &self.kb)
    }
}

/// A receipt inside of what was read strictly already: its text as it would stand alone.
fn read(part: Part, value: &Value) -> Result<Receipt, PresentationError> {
    Receipt::parse(value.to_string().as_bytes()).map_err(|error| PresentationError::Form(part, error))
}

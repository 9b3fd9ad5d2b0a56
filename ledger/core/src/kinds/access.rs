//! `access`: somebody asks for a person's data, and the ledger says yes or no as it logs that.
//!
//! spec: kinds.md, decisions.md#accesses

use super::{Class, Content, NotAllowed, Row, shared};
use crate::Hash;
use crate::conditions::{Part, Properties};
use crate::decide::{AuthZen, PartyRef};
use crate::json::{Field, Members};
use crate::record::{Record, RecordError};
use crate::status::Status;

/// Who wants which of whose data from whom, for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Who acts, and signs.
    pub actor: Hash,
    /// For whom, if for another party.
    pub on_behalf_of: Option<Hash>,
    /// Whose data it is.
    pub subject: Hash,
    /// Who holds it, and lets go of it against the receipt.
    pub source: Hash,
    /// The category's code.
    pub category: String,
    /// The purpose's code.
    pub purpose: String,
    /// What the actor says for conditions.
    pub properties: Properties,
    /// Whether the actor says that it is an emergency, and why in the withheld member `justification`.
    pub emergency: bool,
}

impl Access {
    /// What is asked, as a check would ask it.
    #[must_use]
    pub fn request(&self) -> AuthZen {
        AuthZen {
            actor: PartyRef::Id(self.actor),
            subject: PartyRef::Id(self.subject),
            on_behalf_of: self.on_behalf_of.map(PartyRef::Id),
            together_with: Vec::new(),
            category: self.category.clone(),
            purpose: self.purpose.clone(),
            properties: self.properties.clone(),
            emergency: self.emergency,
        }
    }
}

pub(super) static ROW: Row = Row {
    name: "access",
    class: Class::TraceOrUse,
    any_time: false,
    withholdable: &["justification", "reference"],
    parse,
    // Of a consent whose uses are counted it is one, if the decision rests on that consent.
    becomes: |_, target| {
        let target = target?;
        (is_counted(target.record) && target.status == Status::ACTIVE).then_some(Status::ACTIVE)
    },
    may_sign: |signing| match signing.record.content() {
        Content::Access(access) if signing.signer.is_party(&access.actor) => Ok(()),
        _ => Err(NotAllowed::Signer),
    },
    concerns: |record, _| match record.content() {
        Content::Access(access) => {
            [Some(access.actor), access.on_behalf_of, Some(access.subject), Some(access.source)]
                .into_iter()
                .flatten()
                .collect()
        }
        _ => Vec::new(),
    },
};

/// Whether the uses of a record are counted: of a consent with a condition that says how many there may be.
#[must_use]
pub fn is_counted(record: &Record) -> bool {
    matches!(record.content(), Content::Consent(consent) if consent.conditions.uses().is_some())
}

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let mut properties = Properties::default();
    if let Some(mut sent) = members.take_opt("properties", Field::object)? {
        for part in Part::ALL {
            let of_part = sent.take_opt(part.name(), Field::object)?.map(Members::rest).unwrap_or_default();
            let named = of_part.len();
            // In a record nothing is passed over: what is signed is what was meant.
            if !properties.keep(part, of_part) || properties.of(part).len() != named {
                return Err(sent
                    .mistyped(part.name(), "at most 64 texts, integers and booleans under codes")
                    .into());
            }
        }
        sent.finish()?;
    }
    let access = Access {
        actor: members.take_hash("actor")?,
        on_behalf_of: members.take_opt("on_behalf_of", Field::hash)?,
        subject: members.take_hash("subject")?,
        source: members.take_hash("source")?,
        category: members.take("category", shared::code)?,
        purpose: members.take("purpose", shared::code)?,
        properties,
        emergency: shared::take_flag(members, "emergency")?,
    };
    Ok(Content::Access(access))
}

//! `consent`: the right to see somebody's data, given by them.

use super::{Class, Content, NotAllowed, Row, Validity, shared};
use crate::Hash;
use crate::json::Members;
use crate::record::RecordError;
use crate::status::Status;

/// Who may see which of somebody's data, for what, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Whose data it is.
    pub subject: Hash,
    /// Who may see it.
    pub recipient: Hash,
    /// The catalogue version that the codes are of.
    pub catalogue: Hash,
    /// Category codes, ascending; each covers what stands below it.
    pub scopes: Vec<String>,
    /// Purpose codes, ascending.
    pub purposes: Vec<String>,
    /// From when to when.
    pub validity: Validity,
}

pub(super) static ROW: Row = Row {
    name: "consent",
    class: Class::Create,
    any_time: false,
    withholdable: &["reference"],
    parse,
    becomes: |_, _| Some(Status::ACTIVE),
    may_sign: |signing| match signing.record.content() {
        Content::Consent(consent) if signing.signer.is_party(&consent.subject) => Ok(()),
        _ => Err(NotAllowed::Signer),
    },
    concerns: |record, _| match record.content() {
        Content::Consent(consent) => vec![consent.subject, consent.recipient],
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let consent = Consent {
        subject: members.take_hash("subject")?,
        recipient: members.take_hash("recipient")?,
        catalogue: members.take_hash("catalogue")?,
        scopes: shared::take_set(members, "scopes", 64, shared::code)?,
        purposes: shared::take_set(members, "purposes", 64, shared::code)?,
        validity: Validity::take(members)?,
    };
    if consent.subject == consent.recipient {
        return Err(RecordError::SameParty { pointer: "/recipient".to_owned() });
    }
    Ok(Content::Consent(consent))
}

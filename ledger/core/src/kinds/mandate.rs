//! `mandate`: the right to act for somebody, given by them and accepted by the other.

use super::{Class, Content, NotAllowed, Row, Validity, shared};
use crate::Hash;
use crate::json::Members;
use crate::record::RecordError;
use crate::status::Status;

/// Who may act for whom, in what, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// Who gives it.
    pub mandator: Hash,
    /// Who may act.
    pub mandatee: Hash,
    /// The catalogue version that the scopes are codes of.
    pub catalogue: Hash,
    /// Category codes, ascending; each covers what stands below it.
    pub scopes: Vec<String>,
    /// From when to when.
    pub validity: Validity,
}

pub(super) static ROW: Row = Row {
    name: "mandate",
    class: Class::Create,
    any_time: false,
    withholdable: &["reference"],
    parse,
    becomes: |_, _| Some(Status::PENDING),
    may_sign: |signing| match signing.record.content() {
        Content::Mandate(mandate) if signing.signer.is_party(&mandate.mandator) => Ok(()),
        _ => Err(NotAllowed::Signer),
    },
    concerns: |record, _| match record.content() {
        Content::Mandate(mandate) => vec![mandate.mandator, mandate.mandatee],
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let mandate = Mandate {
        mandator: members.take_hash("mandator")?,
        mandatee: members.take_hash("mandatee")?,
        catalogue: members.take_hash("catalogue")?,
        scopes: shared::take_set(members, "scopes", 64, shared::code)?,
        validity: Validity::take(members)?,
    };
    if mandate.mandator == mandate.mandatee {
        return Err(RecordError::SameParty { pointer: "/mandatee".to_owned() });
    }
    Ok(Content::Mandate(mandate))
}

//! `holding`: a source says which of somebody's data it has, and since when.
//!
//! spec: kinds.md#members

use super::{Class, Content, NotAllowed, Row, shared};
use crate::Hash;
use crate::days::Day;
use crate::json::Members;
use crate::record::RecordError;
use crate::status::Status;

/// Who holds which of whose data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Who holds them, and signs.
    pub source: Hash,
    /// Whose data.
    pub subject: Hash,
    /// The catalogue version that the codes are of.
    pub catalogue: Hash,
    /// Category codes, ascending; each covers what stands below it.
    pub scopes: Vec<String>,
    /// Since when.
    pub since: Day,
}

pub(super) static ROW: Row = Row {
    name: "holding",
    class: Class::Create,
    any_time: false,
    withholdable: &["reference"],
    parse,
    becomes: |_, _| Some(Status::ACTIVE),
    may_sign: |signing| match signing.record.content() {
        Content::Holding(holding) if signing.signer.is_party(&holding.source) => Ok(()),
        _ => Err(NotAllowed::Signer),
    },
    concerns: |record, _| match record.content() {
        Content::Holding(holding) => vec![holding.source, holding.subject],
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let holding = Holding {
        source: members.take_hash("source")?,
        subject: members.take_hash("subject")?,
        catalogue: members.take_hash("catalogue")?,
        scopes: shared::take_set(members, "scopes", 64, shared::code)?,
        since: members.take_day("since")?,
    };
    if holding.source == holding.subject {
        return Err(RecordError::SameParty { pointer: "/subject".to_owned() });
    }
    Ok(Content::Holding(holding))
}

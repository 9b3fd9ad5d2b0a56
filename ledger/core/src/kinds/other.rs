//! Every kind that this version does not know: stored and proven, satisfying no decision.

use super::{Class, Content, NotAllowed, Row, Signer, shared};
use crate::Hash;
use crate::json::{Field, Members};
use crate::record::RecordError;

/// A record of a kind that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The parties that it says it concerns, ascending.
    pub parties: Vec<Hash>,
}

pub(super) static ROW: Row = Row {
    name: "",
    class: Class::Trace,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |_, _| None,
    may_sign: |signing| match signing.signer {
        Signer::Party { .. } => Ok(()),
        Signer::Root => Err(NotAllowed::Signer),
    },
    concerns: |record, _| match record.content() {
        Content::Other(other) => other.parties.clone(),
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let parties = if members.has("parties") {
        shared::take_set(members, "parties", 16, Field::hash)?
    } else {
        Vec::new()
    };
    Ok(Content::Other(Other { parties }))
}

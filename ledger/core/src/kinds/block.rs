//! `block`: its party wants no more requests of another.
//!
//! spec: kinds.md#asking

use super::{Class, Content, NotAllowed, Row};
use crate::Hash;
use crate::json::Members;
use crate::record::RecordError;
use crate::status::Status;

/// Who wants no more requests of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Who is to be left alone, and signs.
    pub party: Hash,
    /// Whose requests need not be looked at.
    pub blocked: Hash,
}

pub(super) static ROW: Row = Row {
    name: "block",
    class: Class::Create,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |_, _| Some(Status::ACTIVE),
    may_sign: |signing| match signing.record.content() {
        Content::Block(block) if signing.signer.is_party(&block.party) => Ok(()),
        _ => Err(NotAllowed::Signer),
    },
    // Not the blocked one: it is not told.
    concerns: |record, _| match record.content() {
        Content::Block(block) => vec![block.party],
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let block = Block { party: members.take_hash("party")?, blocked: members.take_hash("blocked")? };
    if block.party == block.blocked {
        return Err(RecordError::SameParty { pointer: "/blocked".to_owned() });
    }
    Ok(Content::Block(block))
}

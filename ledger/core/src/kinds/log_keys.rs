//! `log-keys`: the keys that sign the log's checkpoints, as the root says.
//!
//! spec: kinds.md#members, log.md#log-keys

use super::{Class, Content, NotAllowed, Row, shared};
use crate::json::Members;
use crate::log_keys::LogKey;
use crate::record::RecordError;

/// All keys of the log, retired ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKeys {
    /// As in a policy.
    pub log_keys: Vec<LogKey>,
    /// How many root keys must sign.
    pub quorum: u64,
}

pub(super) static ROW: Row = Row {
    name: "log-keys",
    class: Class::Create,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |record, _| match record.content() {
        Content::LogKeys(list) => Some(shared::under_quorum(list.quorum)),
        _ => None,
    },
    may_sign: |signing| {
        let Content::LogKeys(list) = signing.record.content() else { return Err(NotAllowed::Signer) };
        shared::check_quorum(signing, list.quorum)?;
        if signing.signer.is_root() { Ok(()) } else { Err(NotAllowed::Signer) }
    },
    concerns: |_, _| Vec::new(),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    // Whether they are keys of this log is looked at where its origin is known.
    let log_keys = members.take_array("log_keys", LogKey::read)?;
    Ok(Content::LogKeys(LogKeys { log_keys, quorum: shared::take_quorum(members)? }))
}

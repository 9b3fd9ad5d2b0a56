//! `hook`: where its party is told of what is filed in its list.
//!
//! spec: kinds.md#hooks

use super::{Class, Content, NotAllowed, PartyType, Row, Signer};
use crate::Hash;
use crate::json::{Field, Members};
use crate::record::RecordError;
use crate::status::Status;

/// The most hooks of one party that are in force at once: each has a number of its own.
pub const MAX_HOOKS: u8 = 4;
/// The longest address in bytes.
const MAX_URL_BYTES: usize = 255;

/// Where a party is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Who is told, and signs.
    pub party: Hash,
    /// Which of its hooks: 1 to [`MAX_HOOKS`].
    pub number: u8,
    /// Where: `https`, a name or an IPv4 address, perhaps a port, a path.
    pub url: String,
}

pub(super) static ROW: Row = Row {
    name: "hook",
    class: Class::Create,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |_, _| Some(Status::ACTIVE),
    may_sign: |signing| match (signing.record.content(), signing.signer) {
        (Content::Hook(hook), Signer::Party { id, party, .. })
            if id == hook.party
                && matches!(party.party_type, PartyType::Institution | PartyType::Organisation) =>
        {
            Ok(())
        }
        _ => Err(NotAllowed::Signer),
    },
    concerns: |record, _| match record.content() {
        Content::Hook(hook) => vec![hook.party],
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let party = members.take_hash("party")?;
    let number = match u8::try_from(members.take_u64("number")?) {
        Ok(number @ 1..=MAX_HOOKS) => number,
        _ => return Err(members.mistyped("number", "a whole number from 1 to 4").into()),
    };
    let url = members.take("url", |field: Field| {
        field.parse("an https URL without user, query and fragment, of at most 255 characters", |text| {
            is_hook_url(text).then(|| text.to_owned())
        })
    })?;
    Ok(Content::Hook(Hook { party, number, url }))
}

/// Whether `text` is an address of the form that the spec gives. What machine it is nobody can tell from it: who sends there
/// looks at each address that the name has.
#[must_use]
pub fn is_hook_url(text: &str) -> bool {
    let Some((authority, path)) = text.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let in_path = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&b);
    text.len() <= MAX_URL_BYTES
        && host.split('.').all(is_label)
        && port.is_none_or(is_port)
        && path.bytes().all(in_path)
}

fn is_label(label: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0') && port.parse::<u16>().is_ok()
}

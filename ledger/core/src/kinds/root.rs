//! `root`: the ledger's constitution, entry 0.

use super::{Class, Content, NotAllowed, Row, shared};
use crate::Hash;
use crate::json::{Field, Members};
use crate::key::PublicKey;
use crate::record::RecordError;

/// The root's keys and rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Root {
    /// The keys, 1 to 16, each with its thumbprint.
    pub keys: Vec<RootKey>,
    /// How many of them must sign.
    pub quorum: u64,
    /// How long a recovery key waits, in milliseconds.
    pub key_delay_ms: u64,
    /// Whether nothing in this ledger binds anybody.
    pub trial: bool,
    /// The VRF key that aliases are made with.
    pub vrf_key: PublicKey,
    /// The ledger that this one continues after a loss.
    pub continues: Option<Continues>,
}

/// A key of the root. Every judgement comes by here, so its name is kept, not computed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootKey {
    /// The RFC 7638 thumbprint: the `kid` of what it signs.
    pub kid: Hash,
    /// The key.
    pub public_key: PublicKey,
}

/// The last word of a ledger that was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continues {
    /// Its origin.
    pub origin: String,
    /// Its last checkpoint known, the note's text.
    pub checkpoint: String,
}

impl Root {
    /// The key with this RFC 7638 thumbprint.
    #[must_use]
    pub fn key(&self, thumbprint: &Hash) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.kid == *thumbprint).map(|key| &key.public_key)
    }
}

pub(super) static ROW: Row = Row {
    name: "root",
    class: Class::Create,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |record, _| match record.content() {
        Content::Root(root) => Some(shared::under_quorum(root.quorum)),
        _ => None,
    },
    may_sign: |signing| match (signing.record.content(), signing.signer.is_root()) {
        (Content::Root(root), true) if root.key(signing.record.jws().kid()).is_some() => Ok(()),
        _ => Err(NotAllowed::Signer),
    },
    concerns: |_, _| Vec::new(),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let fields = members.take_array("keys", Field::object)?;
    let mut keys: Vec<RootKey> = Vec::with_capacity(fields.len());
    for (n, jwk) in fields.into_iter().enumerate() {
        let public_key = PublicKey::from_jwk(jwk)
            .map_err(|source| RecordError::Key { pointer: format!("/keys/{n}"), source })?;
        let key = RootKey { kid: public_key.thumbprint(), public_key };
        if keys.contains(&key) {
            return Err(members.mistyped("keys", "without doubles").into());
        }
        keys.push(key);
    }
    if keys.is_empty() || keys.len() > 16 {
        return Err(members.mistyped("keys", "an array of 1 to 16 keys").into());
    }
    let quorum = members.take_u64("quorum")?;
    if quorum == 0 || quorum > keys.len() as u64 {
        return Err(members.mistyped("quorum", "from 1 to the number of keys").into());
    }
    let continues = members.take_opt("continues", Field::object)?.map(take_continues).transpose()?;
    Ok(Content::Root(Root {
        keys,
        quorum,
        key_delay_ms: members.take_u64("key_delay")?,
        trial: members.take_bool("trial")?,
        vrf_key: PublicKey::from_bytes(&members.take_bytes("vrf_key")?)
            .map_err(|source| RecordError::Key { pointer: "/vrf_key".to_owned(), source })?,
        continues,
    }))
}

fn take_continues(mut members: Members) -> Result<Continues, RecordError> {
    let continues =
        Continues { origin: members.take_str("origin")?, checkpoint: members.take_str("checkpoint")? };
    members.finish()?;
    Ok(continues)
}

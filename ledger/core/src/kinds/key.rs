//! `key`: a public key bound to a party.

use super::{Class, Content, NotAllowed, PartyType, Role, Row, Signer, Signing, shared};
use crate::Hash;
use crate::hash::sha256;
use crate::json::Members;
use crate::key::PublicKey;
use crate::record::{Record, RecordError};
use crate::status::Status;

/// A key and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The party's id.
    pub party: Hash,
    /// The key.
    pub public_key: PublicKey,
    /// On what ground it is bound.
    pub basis: KeyBasis,
    /// How sure the binding is.
    pub assurance: Assurance,
    /// The new key's own signature, over [`proof_of_possession_message`].
    pub possession: [u8; 64],
    /// How many root keys must sign, if the root signs.
    pub quorum: u64,
}

/// On what ground a key is bound to a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyBasis {
    /// The party's first key, bound by a registrar or the root.
    First,
    /// A further key, signed by one of the party's active keys.
    Cosigned,
    /// A further key without such a signature: it waits.
    Recovery,
}

/// How sure it is that the key is its party's, as eIDAS grades it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// Low.
    Low,
    /// Substantial.
    Substantial,
    /// High.
    High,
}

impl Assurance {
    /// From low to high.
    pub const ALL: [Self; 3] = [Self::Low, Self::Substantial, Self::High];

    /// What records call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Substantial => "substantial",
            Self::High => "high",
        }
    }
}

/// What a new key signs to prove that its holder has it:
/// `"procura/v1/pop" ‖ 0 ‖ H(origin) ‖ party ‖ public key ‖ nonce`, with the nonce of the key record.
///
/// spec: kinds.md#members
#[must_use]
pub fn proof_of_possession_message(origin: &str, party: &Hash, key: &PublicKey, nonce: &[u8; 32]) -> Vec<u8> {
    let mut message = b"procura/v1/pop\0".to_vec();
    message.extend_from_slice(&sha256(&[origin.as_bytes()]).0);
    message.extend_from_slice(&party.0);
    message.extend_from_slice(key.as_bytes());
    message.extend_from_slice(nonce);
    message
}

pub(super) static ROW: Row = Row {
    name: "key",
    class: Class::Create,
    any_time: false,
    withholdable: &["label"],
    parse,
    becomes: |record, _| match record.content() {
        Content::Key(key) if key.basis == KeyBasis::Recovery => Some(Status::PENDING),
        Content::Key(key) => Some(shared::under_quorum(key.quorum)),
        _ => None,
    },
    may_sign,
    concerns: |record, _| match record.content() {
        Content::Key(key) => vec![key.party],
        _ => Vec::new(),
    },
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let jwk = members.take_object("jwk")?;
    let public_key =
        PublicKey::from_jwk(jwk).map_err(|source| RecordError::Key { pointer: "/jwk".to_owned(), source })?;
    let key = Key {
        party: members.take_hash("party")?,
        public_key,
        basis: members.take_enum(
            "basis",
            &[("first", KeyBasis::First), ("cosigned", KeyBasis::Cosigned), ("recovery", KeyBasis::Recovery)],
        )?,
        assurance: members.take_enum("assurance", &Assurance::ALL.map(|one| (one.name(), one)))?,
        possession: members.take_bytes("pop")?,
        quorum: shared::take_quorum(members)?,
    };
    if key.quorum > 1 && key.basis != KeyBasis::First {
        return Err(members.mistyped("quorum", "for a first key only").into());
    }
    Ok(Content::Key(key))
}

/// Whether a `key` record shows that the new key's holder has it; any other record shows nothing of the kind. Apart from the
/// signer's right, because it is a signature: once verified, it needs no second look.
///
/// # Errors
/// [`NotAllowed::Possession`].
pub fn check_possession(record: &Record) -> Result<(), NotAllowed> {
    let Content::Key(key) = record.content() else { return Ok(()) };
    let common = record.common();
    let message = proof_of_possession_message(&common.origin, &key.party, &key.public_key, &common.nonce);
    key.public_key.verify(&message, &key.possession).map_err(|_| NotAllowed::Possession)
}

fn may_sign(signing: &Signing<'_>) -> Result<(), NotAllowed> {
    let (Content::Key(key), Some(holder)) = (signing.record.content(), signing.holder) else {
        return Err(NotAllowed::Signer);
    };
    let registrar = signing.signer.is_root()
        || match (holder.party_type, &holder.under) {
            (PartyType::Institution, _) => false,
            (PartyType::Role, under) => {
                // Its organisation knows who fills it. A further key waits for nobody there: a new role is made instead.
                key.basis == KeyBasis::First && under.is_some_and(|under| signing.signer.is_party(&under))
            }
            _ => signing.signer.has(Role::Registrar),
        };
    let allowed = match key.basis {
        KeyBasis::First => {
            shared::check_quorum(signing, key.quorum)?;
            registrar
        }
        // No key makes a surer one than itself: who stole the weakest could step up with it.
        KeyBasis::Cosigned => matches!(
            signing.signer,
            Signer::Party { id, assurance, .. } if id == key.party && assurance >= key.assurance
        ),
        KeyBasis::Recovery => registrar,
    };
    if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
}

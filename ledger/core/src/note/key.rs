//! Verifier keys: who may sign a note, in the text form `name+hex8+base64`.

use super::{NoteError, VkeyError, decode_base64, encode_base64, is_name};
use crate::hash;
use crate::key::PublicKey;
use std::fmt;

/// The first four bytes of `H(name ‖ 0x0A ‖ type ‖ public key)`: with the name it tells keys apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// Eight lower-case hexadecimal digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The signature types checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// 0x01: Ed25519 over the note's text.
    Ed25519,
    /// 0x04: Ed25519 over a time and the note's text (C2SP tlog-cosignature).
    CosignatureV1,
}

impl KeyType {
    const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    fn from_byte(key_type: u8) -> Result<Self, VkeyError> {
        match key_type {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureV1),
            _ => Err(VkeyError::UnknownType { key_type }),
        }
    }
}

/// A key that may sign notes: name, type and a canonical Ed25519 public key of large order.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    id: KeyId,
    key_type: KeyType,
    key: PublicKey,
}

impl NoteVerifier {
    /// The verifier of a public key's 32 bytes.
    ///
    /// # Errors
    /// [`VkeyError::KeyName`], [`VkeyError::WeakKey`].
    pub fn new(name: &str, key_type: KeyType, public_key: &[u8; 32]) -> Result<Self, VkeyError> {
        if !is_name(name) {
            return Err(VkeyError::KeyName { key_name: name.to_owned() });
        }
        let key = PublicKey::from_bytes(public_key).map_err(|_| VkeyError::WeakKey)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, key_type, public_key), key_type, key })
    }

    /// Reads a vkey, `name+hex8+base64(type ‖ public key)`; [`fmt::Display`] writes the same text back.
    ///
    /// # Errors
    /// [`VkeyError`]: `Form`, `KeyName`, `UnknownType`, `WeakKey`, `WrongId`, in this order.
    pub fn parse(vkey: &str) -> Result<Self, VkeyError> {
        let form = || VkeyError::Form { vkey: vkey.to_owned() };
        // The base64 may hold a plus, the name and the id may not.
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(base64)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form());
        };
        let stated = parse_id(id).ok_or_else(form)?;
        let bytes = decode_base64(base64).ok_or_else(form)?;
        let (key_type, public_key) = bytes.split_first().ok_or_else(form)?;
        if !is_name(name) {
            return Err(VkeyError::KeyName { key_name: name.to_owned() });
        }
        let key_type = KeyType::from_byte(*key_type)?;
        let public_key: &[u8; 32] = public_key.try_into().map_err(|_| VkeyError::WeakKey)?;
        let verifier = Self::new(name, key_type, public_key)?;
        if verifier.id != stated {
            return Err(VkeyError::WrongId { stated, computed: verifier.id });
        }
        Ok(verifier)
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    #[must_use]
    pub const fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The public key's 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        *self.key.as_bytes()
    }

    /// Refuses a key of another type.
    ///
    /// # Errors
    /// [`NoteError::KeyType`].
    pub(crate) fn expect_type(&self, wanted: KeyType) -> Result<(), NoteError> {
        if self.key_type == wanted {
            return Ok(());
        }
        Err(NoteError::KeyType { name: self.name.clone(), id: self.id })
    }

    /// Ed25519 without cofactor, R compared as bytes and not of small order, S < L.
    pub(crate) fn verify_bytes(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify(message, signature).is_ok()
    }
}

/// The vkey.
impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.key_type.byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, encode_base64(&bytes))
    }
}

impl fmt::Debug for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn key_id(name: &str, key_type: KeyType, public_key: &[u8; 32]) -> KeyId {
    let [a, b, c, d, ..] = hash::sha256(&[name.as_bytes(), b"\n", &[key_type.byte()], public_key]).0;
    KeyId([a, b, c, d])
}

fn parse_id(hex: &str) -> Option<KeyId> {
    let lower = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if hex.len() != 8 || !lower {
        return None;
    }
    u32::from_str_radix(hex, 16).ok().map(|id| KeyId(id.to_be_bytes()))
}

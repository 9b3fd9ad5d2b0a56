//! Signed notes: a text, a blank line, signature lines (C2SP signed-note).
//!
//! spec: log.md#notes

mod error;
mod key;
mod text;

pub use error::{NoteError, VkeyError};
pub use key::{KeyId, KeyType, NoteVerifier};
pub(crate) use text::{decimal, decode_base64, decode_hash, encode_base64, is_name};

use crate::cosignature;
use std::fmt;

/// The most signature lines that a note may have; C2SP asks for at least 16.
pub const MAX_SIGNATURES: usize = 100;

/// One signature line: `— <name> base64(key id ‖ blob)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: KeyId,
    blob: Vec<u8>,
}

impl NoteSignature {
    /// The line of `key` with these signature bytes, in the form of the key's type.
    #[must_use]
    pub fn new(key: &NoteVerifier, blob: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), blob }
    }

    /// Signs a note's text with the private key of `key`, an [`KeyType::Ed25519`] key, that `sign` holds.
    ///
    /// # Errors
    /// [`NoteError::KeyType`] for a key of another type.
    pub fn sign(key: &NoteVerifier, text: &str, sign: &dyn Fn(&[u8]) -> [u8; 64]) -> Result<Self, NoteError> {
        key.expect_type(KeyType::Ed25519)?;
        Ok(Self::new(key, sign(text.as_bytes()).to_vec()))
    }

    /// Reads one line, without its newline.
    ///
    /// # Errors
    /// [`NoteError::SignatureLine`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        read_signature(line).ok_or_else(|| NoteError::SignatureLine { line: line.to_owned() })
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

    /// What follows the key id: never empty.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }
}

/// The line without its newline.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "— {} {}", self.name, encode_base64(&[&self.id.0, self.blob.as_slice()].concat()))
    }
}

fn read_signature(line: &str) -> Option<NoteSignature> {
    let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = decode_base64(base64)?;
    let (id, blob) = bytes.split_first_chunk::<4>()?;
    if !is_name(name) || blob.is_empty() {
        return None;
    }
    Some(NoteSignature { name: name.to_owned(), id: KeyId(*id), blob: blob.to_vec() })
}

/// A note whose form is right. Nothing in it may be believed before [`SignedNote::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A known key whose signature on a note holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'k> {
    /// The key.
    pub key: &'k NoteVerifier,
    /// When it signed, in seconds since 1970, for [`KeyType::CosignatureV1`] keys only. Of several
    /// cosignatures by one key the newest.
    pub time_s: Option<u64>,
}

impl SignedNote {
    /// A note of `text` with `signatures`.
    ///
    /// # Errors
    /// [`NoteError`]: `ControlCharacter`, `TextEnd`, `NoSignature`, `TooManySignatures`.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        expect_characters(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::TextEnd);
        }
        match signatures.len() {
            0 => Err(NoteError::NoSignature),
            1..=MAX_SIGNATURES => Ok(Self { text, signatures }),
            _ => Err(NoteError::TooManySignatures),
        }
    }

    /// Reads a note; [`fmt::Display`] writes the same bytes back.
    ///
    /// # Errors
    /// [`NoteError`]: `NotUtf8`, `ControlCharacter`, `NoBlankLine`, `NoSignature`, `TextEnd` (of the last
    /// line), `TooManySignatures`, `SignatureLine`, in this order.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        expect_characters(note)?;
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoBlankLine)?;
        if lines.is_empty() {
            return Err(NoteError::NoSignature);
        }
        let lines = lines.strip_suffix('\n').ok_or(NoteError::TextEnd)?;
        if lines.split('\n').nth(MAX_SIGNATURES).is_some() {
            return Err(NoteError::TooManySignatures);
        }
        let signatures = lines.split('\n').map(NoteSignature::parse).collect::<Result<_, _>>()?;
        Self::new(format!("{text}\n"), signatures)
    }

    /// The text, its last newline included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same note with one more signature line at the end.
    ///
    /// # Errors
    /// [`NoteError::TooManySignatures`].
    pub fn with(mut self, signature: NoteSignature) -> Result<Self, NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(self)
    }

    /// The keys among `known` that signed, in the order of `known`, each once. Lines of other (name, id) pairs
    /// are ignored; every line of a known key is checked.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] if the signature of a known key fails: the whole note is refused.
    /// [`NoteError::NoKnownSignature`] if no known key signed.
    pub fn verify<'k>(&self, known: &'k [NoteVerifier]) -> Result<Vec<Signed<'k>>, NoteError> {
        let signed = self.verify_any(known)?;
        if signed.is_empty() {
            return Err(NoteError::NoKnownSignature);
        }
        Ok(signed)
    }

    /// As [`Self::verify`], and no signature at all is as good an answer.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`].
    pub(crate) fn verify_any<'k>(&self, known: &'k [NoteVerifier]) -> Result<Vec<Signed<'k>>, NoteError> {
        let mut signed = Vec::new();
        for key in known {
            let mut newest: Option<Option<u64>> = None;
            for line in self.signatures.iter().filter(|line| line.id == key.id() && line.name == key.name()) {
                let time_s = verify_line(key, &self.text, line)?;
                newest = newest.max(Some(time_s));
            }
            signed.extend(newest.map(|time_s| Signed { key, time_s }));
        }
        Ok(signed)
    }
}

/// The whole note.
impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Checks one line of a known key; the time for types that carry one.
fn verify_line(key: &NoteVerifier, text: &str, line: &NoteSignature) -> Result<Option<u64>, NoteError> {
    let bad = || NoteError::BadSignature { name: key.name().to_owned(), id: key.id() };
    match key.key_type() {
        KeyType::Ed25519 => {
            let signature = line.blob.as_slice().try_into().map_err(|_| bad())?;
            key.verify_bytes(text.as_bytes(), &signature).then_some(None).ok_or_else(bad)
        }
        KeyType::CosignatureV1 => {
            cosignature::verify_blob(key, text, &line.blob).map(Some).map_err(|_| bad())
        }
    }
}

fn expect_characters(text: &str) -> Result<(), NoteError> {
    match text.chars().find(|c| *c < ' ' && *c != '\n') {
        Some(character) => Err(NoteError::ControlCharacter { character }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;

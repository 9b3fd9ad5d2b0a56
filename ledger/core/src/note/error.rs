//! Why a note or a verifier key was refused.

use super::KeyId;

/// A note was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The bytes are no UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// A control character other than the newline.
    #[error("the note contains the control character {character:?}")]
    ControlCharacter {
        /// The first one.
        character: char,
    },
    /// No blank line separates a text from signatures.
    #[error("the note has no blank line before its signatures")]
    NoBlankLine,
    /// The text or the last line has no newline at its end.
    #[error("the note's text or last line does not end in a newline")]
    TextEnd,
    /// Nothing follows the last blank line.
    #[error("the note has no signature line")]
    NoSignature,
    /// More than [`super::MAX_SIGNATURES`] lines.
    #[error("the note has more than {} signature lines", super::MAX_SIGNATURES)]
    TooManySignatures,
    /// A signature line has another form.
    #[error("{line:?} is no signature line")]
    SignatureLine {
        /// The line.
        line: String,
    },
    /// A known key's signature does not hold: the note or the signature was changed.
    #[error("the signature of {name}+{id} does not hold: refuse the whole note")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        id: KeyId,
    },
    /// None of the keys trusted has signed.
    #[error("no key that is trusted here signed the note")]
    NoKnownSignature,
    /// A key of one type was given where another is needed: the caller's fault.
    #[error("{name}+{id} is a key of another type than this use needs")]
    KeyType {
        /// The key's name.
        name: String,
        /// The key's id.
        id: KeyId,
    },
}

impl NoteError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::ControlCharacter { .. } => "control_character",
            Self::NoBlankLine => "no_blank_line",
            Self::TextEnd => "no_final_newline",
            Self::NoSignature => "no_signature",
            Self::TooManySignatures => "too_many_signatures",
            Self::SignatureLine { .. } => "signature_line",
            Self::BadSignature { .. } => "bad_signature",
            Self::NoKnownSignature => "no_known_signature",
            Self::KeyType { .. } => "key_type",
        }
    }
}

/// A verifier key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VkeyError {
    /// Not `name+hex8+base64`.
    #[error("{vkey:?} is no verifier key of the form name+id+base64")]
    Form {
        /// The text.
        vkey: String,
    },
    /// Empty, or with a Unicode space, a plus or a control character.
    #[error("{key_name:?} cannot name a key")]
    KeyName {
        /// The name.
        key_name: String,
    },
    /// A signature type that this program does not check.
    #[error("the signature type {key_type:#04x} is not one checked here: take a key of type 0x01 or 0x04")]
    UnknownType {
        /// The type byte.
        key_type: u8,
    },
    /// The id is not that of name, type and key.
    #[error("the key id {stated} should be {computed}")]
    WrongId {
        /// The id in the text.
        stated: KeyId,
        /// The id computed.
        computed: KeyId,
    },
    /// Not 32 bytes that spell a curve point canonically, or a point of small order.
    #[error("the public key is no canonical Ed25519 point of large order")]
    WeakKey,
}

impl VkeyError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Form { .. } => "vkey_form",
            Self::KeyName { .. } => "key_name",
            Self::UnknownType { .. } => "unknown_key_type",
            Self::WrongId { .. } => "wrong_key_id",
            Self::WeakKey => "weak_key",
        }
    }
}

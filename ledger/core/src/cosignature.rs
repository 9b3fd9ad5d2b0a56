//! Cosignatures: a witness or map-checker signs a checkpoint and when it saw it (C2SP tlog-cosignature, v1).
//!
//! spec: log.md#cosignatures

use crate::note::{KeyType, NoteError, NoteSignature, NoteVerifier};

/// The latest time that a cosignature may state, in seconds since 1970.
pub const MAX_TIME_S: u64 = (1 << 63) - 1;

/// A cosignature was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The signature line carries another number of bytes than `u64be time ‖ signature[64]`.
    #[error("a cosignature has 72 bytes, this one {bytes}")]
    Length {
        /// How many it has.
        bytes: usize,
    },
    /// Zero (no statement of a time) or beyond [`MAX_TIME_S`].
    #[error("a cosignature cannot state the time {time_s}")]
    Time {
        /// The time stated, in seconds since 1970.
        time_s: u64,
    },
    /// The signature does not hold.
    #[error("the cosignature does not hold for this text and time")]
    Signature,
    /// The line is another key's.
    #[error("the line was signed by another key than the one asked about")]
    OtherKey,
    /// The key is not of type 0x04: the caller's fault.
    #[error(transparent)]
    KeyType(#[from] NoteError),
}

impl CosignatureError {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Length { .. } => "cosignature_length",
            Self::Time { .. } => "cosignature_time",
            Self::Signature => "bad_signature",
            Self::OtherKey => "other_key",
            Self::KeyType(error) => error.name(),
        }
    }
}

/// What a cosigner signs: its statement's name and time, then the checkpoint's whole text.
#[must_use]
pub fn signed_bytes(text: &str, time_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{text}").into_bytes()
}

/// Cosigns a checkpoint's text as of `time_s` (seconds since 1970) with the private key that `sign` holds.
///
/// # Errors
/// [`CosignatureError`]: `KeyType`, `Time`.
pub fn cosign(
    key: &NoteVerifier,
    text: &str,
    time_s: u64,
    sign: &dyn Fn(&[u8]) -> [u8; 64],
) -> Result<NoteSignature, CosignatureError> {
    key.expect_type(KeyType::CosignatureV1)?;
    expect_time(time_s)?;
    let signature = sign(&signed_bytes(text, time_s));
    Ok(NoteSignature::new(key, [time_s.to_be_bytes().as_slice(), &signature].concat()))
}

/// Checks one cosignature line on a checkpoint's text and returns its time, in seconds since 1970.
///
/// # Errors
/// [`CosignatureError`].
pub fn check_cosignature(
    key: &NoteVerifier,
    text: &str,
    line: &NoteSignature,
) -> Result<u64, CosignatureError> {
    key.expect_type(KeyType::CosignatureV1)?;
    if line.name() != key.name() || line.id() != key.id() {
        return Err(CosignatureError::OtherKey);
    }
    verify_blob(key, text, line.blob())
}

/// Checks the bytes that follow the key id.
pub(crate) fn verify_blob(key: &NoteVerifier, text: &str, blob: &[u8]) -> Result<u64, CosignatureError> {
    let length = || CosignatureError::Length { bytes: blob.len() };
    let (time_s, signature) = blob.split_first_chunk::<8>().ok_or_else(length)?;
    let signature: &[u8; 64] = signature.try_into().map_err(|_| length())?;
    let time_s = u64::from_be_bytes(*time_s);
    expect_time(time_s)?;
    if !key.verify_bytes(&signed_bytes(text, time_s), signature) {
        return Err(CosignatureError::Signature);
    }
    Ok(time_s)
}

const fn expect_time(time_s: u64) -> Result<(), CosignatureError> {
    if time_s == 0 || time_s > MAX_TIME_S {
        return Err(CosignatureError::Time { time_s });
    }
    Ok(())
}

//! What is signed of a message that tells a party of one event, and how its receiver checks it: HTTP Message Signatures (RFC 9421) over a
//! digest of the body (RFC 9530), in one spelling.
//!
//! One key signs for all receivers. So the signature covers where the message goes: what one receiver was told is nothing that
//! it could tell another.
//!
//! spec: http.md#webhooks

use crate::hash::sha256;
use crate::key::{PublicKey, SignError, SignatureError, Signer};
use crate::note::{
    NoteError, NoteSignature, NoteVerifier, SignedNote, decimal, decode_base64, encode_base64,
};
use crate::{Hash, Millis, b64};

/// The media type of a message: a CloudEvent as JSON.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";
/// How far a message's time may lie from the receiver's, in seconds.
pub const WITHIN_S: u64 = 300;

/// What is signed, in its order.
const COVERED: &str = r#"("@method" "@target-uri" "content-type" "content-digest")"#;
/// Begins the value of both headers that carry the signature.
const LABEL: &str = "procura=";
/// Begins the text by which the log's key vouches for the key of webhooks.
const KEY_TEXT: &str = "procura/v1/webhook-key";

/// The headers that make a message one of the ledger's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `Content-Digest`.
    pub content_digest: String,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

/// A message as it came in: its headers, each there once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    /// `Content-Type`.
    pub content_type: &'a str,
    /// `Content-Digest`.
    pub content_digest: &'a str,
    /// `Signature-Input`.
    pub signature_input: &'a str,
    /// `Signature`.
    pub signature: &'a str,
    /// The body, byte by byte.
    pub body: &'a [u8],
}

/// Why a message is not the ledger's, or not for this receiver now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Another media type.
    #[error("the Content-Type is not application/cloudevents+json")]
    ContentType,
    /// The body is not the one that was signed.
    #[error("the Content-Digest is not the body's")]
    Digest,
    /// Not a signature as the ledger makes them, or by another key than the one known.
    #[error(
        "the Signature-Input is not of the ledger's form under the key known; a key that is new is at /v1/log"
    )]
    Input,
    /// Too old, or ahead.
    #[error("it was signed more than 5 minutes from now; if it is the ledger's, it comes again")]
    Time,
    /// The header has no signature.
    #[error("the Signature is not of the ledger's form")]
    Form,
    /// Made by another key, or over something else: another address, another body, another time.
    #[error("the signature does not verify: {0}")]
    Signature(SignatureError),
}

impl WebhookError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ContentType => "webhook_content_type",
            Self::Digest => "webhook_digest",
            Self::Input => "webhook_input",
            Self::Time => "webhook_time",
            Self::Form => "webhook_form",
            Self::Signature(_) => "webhook_signature",
        }
    }
}

/// Signs a message to `url` at a time in seconds.
///
/// # Errors
/// [`SignError`].
pub fn sign(signer: &dyn Signer, url: &str, body: &[u8], created_s: u64) -> Result<Signed, SignError> {
    let content_digest = digest(body);
    let parameters = parameters(created_s, &signer.public_key());
    let signature = signer.sign(base(url, &content_digest, &parameters).as_bytes())?;
    Ok(Signed {
        content_digest,
        signature_input: format!("{LABEL}{parameters}"),
        signature: format!("{LABEL}:{}:", encode_base64(&signature)),
    })
}

/// Whether a message that came in at `url` is signed by `key`, not more than [`WITHIN_S`] from `now`.
///
/// # Errors
/// [`WebhookError`], the first in its order.
pub fn check(message: &Received<'_>, url: &str, key: &PublicKey, now: Millis) -> Result<(), WebhookError> {
    if message.content_type != MEDIA_TYPE {
        return Err(WebhookError::ContentType);
    }
    if message.content_digest != digest(message.body) {
        return Err(WebhookError::Digest);
    }
    let given = message.signature_input.strip_prefix(LABEL).ok_or(WebhookError::Input)?;
    let created = given.split(';').nth(1).and_then(|part| part.strip_prefix("created="));
    let created_s = created.and_then(decimal).ok_or(WebhookError::Input)?;
    // One spelling: what is not written as we write it is somebody else's.
    let parameters = parameters(created_s, key);
    if given != parameters {
        return Err(WebhookError::Input);
    }
    if created_s.abs_diff(now.0 / 1000) > WITHIN_S {
        return Err(WebhookError::Time);
    }
    let bytes = message.signature.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix(':'));
    let bytes = bytes.and_then(|rest| rest.strip_suffix(':')).and_then(decode_base64);
    let signature: [u8; 64] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(WebhookError::Form)?;
    let base = base(url, message.content_digest, &parameters);
    key.verify(base.as_bytes(), &signature).map_err(WebhookError::Signature)
}

/// `Content-Digest` of a body (RFC 9530).
fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", encode_base64(&sha256(&[body]).0))
}

/// The signature's parameters (RFC 9421 section 2.3).
fn parameters(created_s: u64, key: &PublicKey) -> String {
    let key_id: Hash = key.thumbprint();
    format!(r#"{COVERED};created={created_s};keyid="{key_id}";alg="ed25519";tag="procura-webhook""#)
}

/// The signature base (RFC 9421 section 2.5): what is signed.
fn base(url: &str, content_digest: &str, parameters: &str) -> String {
    format!(
        "\"@method\": POST\n\"@target-uri\": {url}\n\"content-type\": {MEDIA_TYPE}\n\"content-digest\": {content_digest}\n\
         \"@signature-params\": {parameters}"
    )
}

/// The note by which the log's key vouches for the key of webhooks.
///
/// # Errors
/// [`SignError`].
pub fn vouch(log_keys: &[(NoteVerifier, &dyn Signer)], key: &PublicKey) -> Result<String, SignError> {
    let name = log_keys.first().map_or("", |(log, _)| log.name());
    let text = key_text(name, key);
    let sign = |(log, signer): &(NoteVerifier, &dyn Signer)| {
        Ok(NoteSignature::new(log, signer.sign(text.as_bytes())?.to_vec()))
    };
    let signatures = log_keys.iter().map(sign).collect::<Result<_, SignError>>()?;
    let note = SignedNote::new(text.clone(), signatures).map_err(|error| SignError(error.to_string()))?;
    Ok(note.to_string())
}

/// Why a note vouches for no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No note, or not signed by one of the log's keys.
    #[error("the log's key does not vouch for it: {0}")]
    Note(#[from] NoteError),
    /// A note about something else, or another ledger's.
    #[error("the note says nothing of a key of this ledger's webhooks")]
    Text,
}

impl KeyError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Note(_) => "webhook_key_note",
            Self::Text => "webhook_key_text",
        }
    }
}

/// The key of webhooks that a ledger's note names, if one of the log's keys `known` signed it.
///
/// # Errors
/// [`KeyError`].
pub fn vouched(note: &str, origin: &str, known: &[NoteVerifier]) -> Result<PublicKey, KeyError> {
    let note = SignedNote::parse(note.as_bytes())?;
    note.verify(known)?;
    let key = note.text().lines().nth(2).and_then(|line| b64::decode_array(line).ok());
    let key = key.and_then(|bytes| PublicKey::from_bytes(&bytes).ok()).ok_or(KeyError::Text)?;
    if note.text() == key_text(origin, &key) { Ok(key) } else { Err(KeyError::Text) }
}

/// Never a checkpoint's text: there the second line is a number.
fn key_text(origin: &str, key: &PublicKey) -> String {
    format!("{KEY_TEXT}\n{origin}\n{}\n", b64::encode(key.as_bytes()))
}

#[cfg(test)]
mod tests;

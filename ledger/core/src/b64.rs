//! base64url without padding (RFC 4648 section 5), canonical spellings only.
//!
//! One byte string has one text: padding, other alphabets and non-zero trailing bits are refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The text is not the canonical unpadded base64url of bytes of the length wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not canonical unpadded base64url of the length wanted")]
pub struct NotBase64;

/// The one text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of `text`.
///
/// # Errors
/// [`NotBase64`] if `text` is not the canonical spelling.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64)
}

/// Exactly `N` bytes from `text`.
///
/// # Errors
/// [`NotBase64`] if `text` is not the canonical spelling of `N` bytes.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], NotBase64> {
    decode(text)?.try_into().map_err(|_| NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(decode("AQ"), Ok(vec![1]));
        for bad in ["AQ==", "AR", "A", "A+", "AQ ", "AQ\n"] {
            assert_eq!(decode(bad), Err(NotBase64), "{bad}");
        }
    }
}

//! The small spellings that all C2SP texts share; each value has one.

use crate::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Standard base64 with padding (RFC 4648 section 4).
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a canonical spelling: padded, no other alphabet, trailing bits zero.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// 32 bytes in base64.
pub(crate) fn decode_hash(text: &str) -> Option<Hash> {
    Hash::from_slice(&decode_base64(text)?)
}

/// ASCII decimal without sign or leading zeros, below 2^64.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.starts_with('0') && text != "0") {
        return None;
    }
    text.parse().ok()
}

/// Whether `text` can name a key: not empty, no Unicode `White_Space`, no plus, no ASCII control character.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "18446744073709551616", "１"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
        assert_eq!(decode_base64("AQ=="), Some(vec![1]));
        for bad in ["AQ", "AQ=", "AR==", "A-==", "AQ==\n", "AQ== "] {
            assert_eq!(decode_base64(bad), None, "{bad}");
        }
        for bad in ["", "a b", "a+b", "a\u{a0}b", "a\u{2003}", "a\u{3000}", "a\u{85}", "a\n"] {
            assert!(!is_name(bad), "{bad:?}");
        }
        assert!(is_name("trial/héros"));
    }
}

//! base64url without padding (RFC 4648 section 5), canonical spellings only.
//!
//! One byte string has one text: padding, other alphabets and non-zero trailing bits are refused.

use base64::Engine as _;

/// On these processors the one that finds out what the machine can do; elsewhere the portable one.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static URL_SAFE_NO_PAD: std::sync::LazyLock<base64::engine::simd::Simd> = std::sync::LazyLock::new(|| {
    base64::engine::simd::Simd::url_safe(base64::engine::general_purpose::NO_PAD)
});
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
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

/// The one text of `bytes`, behind what `out` holds.
pub fn encode_to(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
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
    let mut bytes = [0; N];
    let size_bytes = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| NotBase64)?;
    if size_bytes == N { Ok(bytes) } else { Err(NotBase64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long texts are read and written by other instructions than short ones: at every length around them each way gives the
    /// same, and a text spoilt at any place is refused.
    #[test]
    fn every_length_comes_back() {
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as PORTABLE;
        for length in 0..400_usize {
            let bytes: Vec<u8> = (0..length).map(|n| (n * 37 % 251) as u8).collect();
            let text = encode(&bytes);
            assert_eq!(text, PORTABLE.encode(&bytes));
            let mut behind = "x".to_owned();
            encode_to(&bytes, &mut behind);
            assert_eq!(behind.strip_prefix('x'), Some(text.as_str()));
            assert_eq!(decode(&text).as_ref(), Ok(&bytes));
            if length % 7 == 0 {
                for at in 0..text.len() {
                    for bad in ["=", "+", "/", " ", "\n", "\0"] {
                        let mut spoilt = text.clone();
                        spoilt.replace_range(at..=at, bad);
                        assert_eq!(decode(&spoilt), Err(NotBase64), "{length} {at}");
                    }
                }
            }
        }
    }

    /// As many bytes as wanted, neither one less nor one more: a hash, a signature, a proof, and one byte.
    #[test]
    fn an_array_has_its_length() {
        fn check<const N: usize>() {
            for length in 0..=N + 40 {
                let (bytes, expected) = (vec![0xa5; length], [0xa5; N]);
                let expected = if length == N { Ok(expected) } else { Err(NotBase64) };
                assert_eq!(decode_array::<N>(&encode(&bytes)), expected, "{N} {length}");
            }
        }
        check::<1>();
        check::<32>();
        check::<64>();
        check::<80>();
    }

    #[test]
    fn one_spelling_only() {
        assert_eq!(decode("AQ"), Ok(vec![1]));
        for bad in ["AQ==", "AR", "A", "A+", "AQ ", "AQ\n"] {
            assert_eq!(decode(bad), Err(NotBase64), "{bad}");
        }
    }
}

//! Ed25519 public keys and signatures, with one answer for every byte string.
//!
//! RFC 8032 leaves room where libraries differ: points written in two ways, keys of small order that "verify"
//! anything, with or without the cofactor. Here each has one answer, which every verifier of ours gives; the
//! checks don't rest on the library's own, because other implementations (WebCrypto) accept identity keys.
//!
//! spec: encoding.md#keys and encoding.md#signatures

use crate::hash::sha256;
use crate::json::{MemberError, Members};
use crate::{Hash, b64};
use curve25519_dalek::edwards::EdwardsPoint;
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use serde_json::{Value, json};
use std::fmt;

/// Why 32 bytes, or a JWK, are not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The point is not written in its one canonical way (y ≥ p, or x = 0 with the sign bit set).
    #[error("the key's point is not canonically encoded")]
    NotCanonical,
    /// No point of the curve has this encoding.
    #[error("the key's bytes are not a point of the curve")]
    NotOnCurve,
    /// The point has order 1, 2, 4 or 8: anyone can sign under it.
    #[error("the key's point has small order")]
    SmallOrder,
    /// The JWK is not exactly `crv`, `kty` and `x`, with the values of an Ed25519 key.
    #[error("not the JWK of an Ed25519 public key: {0}")]
    Jwk(#[from] MemberError),
}

impl KeyError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotCanonical => "key_not_canonical",
            Self::NotOnCurve => "key_not_on_curve",
            Self::SmallOrder => "key_small_order",
            Self::Jwk(_) => "key_jwk",
        }
    }
}

/// Why a signature does not count. When several hold, the first in this order is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// S ≥ L: another writing of the same signature.
    #[error("the signature's S is not below the group order")]
    ScalarRange,
    /// R is not written in its one canonical way.
    #[error("the signature's R is not canonically encoded")]
    PointNotCanonical,
    /// R is not a point of the curve.
    #[error("the signature's R is not a point of the curve")]
    PointNotOnCurve,
    /// R has order 1, 2, 4 or 8.
    #[error("the signature's R has small order")]
    PointSmallOrder,
    /// Made by another key, or over another message.
    #[error("the signature is not this key's over this message")]
    Mismatch,
}

impl SignatureError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScalarRange => "signature_s_range",
            Self::PointNotCanonical => "signature_r_not_canonical",
            Self::PointNotOnCurve => "signature_r_not_on_curve",
            Self::PointSmallOrder => "signature_r_small_order",
            Self::Mismatch => "signature_mismatch",
        }
    }
}

/// An Ed25519 public key: a canonically encoded point of the curve, not of small order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key that `bytes` encode (RFC 8032 section 5.1.2).
    ///
    /// # Errors
    /// [`KeyError`], all but `Jwk`.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        point(bytes).map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// `signature` is this key's over `message`: S·B = R + k·A, without cofactor, R compared as bytes.
    ///
    /// # Errors
    /// [`SignatureError`], the first in its order.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        // What the library's `verify_strict` takes, and nothing else: `verify` refuses S ≥ L, recomputes R and compares it as
        // bytes, which only the canonical encoding passes; no key here is of small order, and an R that is, its bytes tell. So R
        // need not be decompressed, a tenth of the work. Naming the reason may take longer than accepting.
        let parts = Signature::from_bytes(signature);
        let counts = self.0.verify(message, &parts).is_ok() && !is_of_small_order(parts.r_bytes());
        if counts { Ok(()) } else { Err(reason(signature)) }
    }

    /// The point itself.
    pub(crate) fn to_point(self) -> EdwardsPoint {
        self.0.to_edwards()
    }

    /// The key as a JWK (RFC 8037 section 2): exactly `crv`, `kty` and `x`.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({ "crv": "Ed25519", "kty": "OKP", "x": b64::encode(self.as_bytes()) })
    }

    /// The key of a JWK that has exactly the members of [`PublicKey::jwk`].
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_jwk(mut jwk: Members) -> Result<Self, KeyError> {
        jwk.take_enum("kty", &[("OKP", ())])?;
        jwk.take_enum("crv", &[("Ed25519", ())])?;
        let x = jwk.take_bytes("x")?;
        jwk.finish()?;
        Self::from_bytes(&x)
    }

    /// The JWK's SHA-256 thumbprint (RFC 7638, RFC 8037 appendix A.3).
    #[must_use]
    pub fn thumbprint(&self) -> Hash {
        // The canonical form of the JWK, written as it is: every verifier comes by here for the root's keys.
        sha256(&[br#"{"crv":"Ed25519","kty":"OKP","x":""#, b64::encode(self.as_bytes()).as_bytes(), br#""}"#])
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", b64::encode(self.as_bytes()))
    }
}

/// The signer could not sign. Nothing was signed; whether to retry is the signer's to say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signer did not sign: {0}")]
pub struct SignError(pub String);

impl SignError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        "sign_failed"
    }
}

/// Something that holds a private key and signs with it: a file, a token, a remote module.
pub trait Signer: Send + Sync {
    /// The key that checks what [`Signer::sign`] makes.
    fn public_key(&self) -> PublicKey;

    /// The Ed25519 signature over `message` (RFC 8032 section 5.1.6).
    ///
    /// # Errors
    /// [`SignError`] if the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// A [`Signer`] whose key lies in memory: for clients and tests. Wiped on drop.
pub struct SoftKey(SigningKey);

impl SoftKey {
    /// The key of an RFC 8032 seed, 32 random bytes that the caller brings and wipes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
}

impl Signer for SoftKey {
    fn public_key(&self) -> PublicKey {
        // A seed's scalar is clamped, a multiple of 8 below 8·L: its point is never of small order.
        PublicKey(self.0.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SoftKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftKey({:?})", self.public_key())
    }
}

/// The point that `bytes` encode, if it may be a key or an R.
fn point(bytes: &[u8; 32]) -> Result<VerifyingKey, KeyError> {
    if !is_canonical(bytes) {
        return Err(KeyError::NotCanonical);
    }
    let point = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotOnCurve)?;
    if point.is_weak() { Err(KeyError::SmallOrder) } else { Ok(point) }
}

/// The y of the eight points of order 1, 2, 4 and 8, lowest byte first: 1, −1, 0, and plus and minus one other.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [0; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// Whether a canonical encoding is that of a point of small order: x has either sign.
fn is_of_small_order(bytes: &[u8; 32]) -> bool {
    let [low @ .., high] = bytes;
    SMALL_ORDER.iter().any(|[y @ .., top]| y == low && *top == high & 0x7f)
}

/// Whether the encoding is the one of its point: y < p, and no sign bit where x is 0 (y = ±1).
pub(crate) fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    let (sign, high) = (high >> 7, high & 0x7f);
    let top_of_field = high == 0x7f && middle.iter().all(|b| *b == 0xff);
    let one = *low == 1 && high == 0 && middle.iter().all(|b| *b == 0);
    // p = 2^255 − 19, whose lowest byte is 0xed.
    let minus_one = *low == 0xec && top_of_field;
    !(top_of_field && *low >= 0xed) && !(sign == 1 && (one || minus_one))
}

/// The group order L = 2^252 + 27742317777372353535851937790883648493, lowest byte first.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Why a signature that does not verify does not.
fn reason(signature: &[u8; 64]) -> SignatureError {
    let (r, s) = signature.split_at(32);
    if !s.iter().rev().lt(GROUP_ORDER.iter().rev()) {
        return SignatureError::ScalarRange;
    }
    let r = r.try_into().map_err(|_| KeyError::NotOnCurve).and_then(point);
    match r {
        Err(KeyError::NotCanonical) => SignatureError::PointNotCanonical,
        Err(KeyError::NotOnCurve) => SignatureError::PointNotOnCurve,
        Err(KeyError::SmallOrder) => SignatureError::PointSmallOrder,
        Ok(_) | Err(KeyError::Jwk(_)) => SignatureError::Mismatch,
    }
}

#[cfg(test)]
mod tests;

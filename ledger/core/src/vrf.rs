//! A hash that only the holder of a key can compute, and everybody can check: ECVRF-EDWARDS25519-SHA512-TAI of RFC 9381.
//!
//! A key of it is a public key as everywhere here: canonical and not of small order, which is the RFC's `validate_key`.
//!
//! spec: entries.md#the-vrf

use crate::key::{PublicKey, Signer as _, SoftKey, is_canonical};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest, Sha512};
use std::fmt;
use zeroize::Zeroize;

/// The bytes of a proof: `Gamma[32] ‖ c[16] ‖ s[32]`.
pub const PROOF_BYTES: usize = 80;
/// The suite's name within everything that it hashes.
const SUITE: u8 = 0x03;

/// Why a proof does not hold. When several do, the first in this order is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VrfError {
    /// Gamma is no point of the curve in its one canonical encoding.
    #[error("the proof's Gamma is no point of the curve, canonically encoded")]
    Gamma,
    /// s ≥ L: another writing of the same proof.
    #[error("the proof's s is not below the group order")]
    ScalarRange,
    /// Made by another key, or for another input.
    #[error("the proof is not this key's for this input")]
    Mismatch,
}

impl VrfError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gamma => "vrf_gamma",
            Self::ScalarRange => "vrf_s_range",
            Self::Mismatch => "vrf_mismatch",
        }
    }
}

/// What a key makes of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// The output, 64 bytes.
    pub output: [u8; 64],
    /// What proves it.
    pub proof: [u8; PROOF_BYTES],
}

/// The key that computes. Wiped on drop.
pub struct Secret {
    /// What the public key is a multiple of the base point by.
    x: Scalar,
    /// What nonces are derived from (RFC 8032 section 5.1.6).
    prefix: [u8; 32],
    public: PublicKey,
}

impl Secret {
    /// The key of a seed, 32 random bytes that the caller brings and wipes, as RFC 8032 section 5.1.5 expands it.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let mut expanded: [u8; 64] = Sha512::digest(seed).into();
        let (low, prefix) = halves(&expanded);
        let x = Scalar::from_bytes_mod_order(clamp_integer(low));
        expanded.zeroize();
        Self { x, prefix, public: SoftKey::from_seed(seed).public_key() }
    }

    /// The key that checks what [`Secret::prove`] makes.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The output for an input, and what proves it. The same input gives the same proof. What touches the secret takes the
    /// same time whatever it is; finding the point of the input takes a time that tells of the input.
    ///
    /// RFC 9381 section 5.1.
    #[must_use]
    pub fn prove(&self, alpha: &[u8]) -> Proven {
        let h = encode_to_curve(self.public.as_bytes(), alpha);
        let h_string = h.compress();
        let gamma = h * self.x;
        let mut k_string: [u8; 64] =
            Sha512::new().chain_update(self.prefix).chain_update(h_string.as_bytes()).finalize().into();
        let mut k = Scalar::from_bytes_mod_order_wide(&k_string);
        let gamma_string = gamma.compress().to_bytes();
        let (u, v) = (EdwardsPoint::mul_base(&k).compress(), (h * k).compress());
        let points = [*self.public.as_bytes(), h_string.to_bytes(), gamma_string, u.to_bytes(), v.to_bytes()];
        let c_string = challenge(&points);
        let s = k + challenge_scalar(&c_string) * self.x;
        k.zeroize();
        k_string.zeroize();
        let mut proof = [0; PROOF_BYTES];
        let parts = gamma_string.iter().chain(&c_string).chain(s.as_bytes());
        proof.iter_mut().zip(parts).for_each(|(byte, part)| *byte = *part);
        Proven { output: output_of(&gamma), proof }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.x.zeroize();
        self.prefix.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vrf::Secret({:?})", self.public)
    }
}

/// The output that `proof` proves to be that of `key` for an input, 64 bytes.
///
/// RFC 9381 section 5.3, with `validate_key`.
///
/// # Errors
/// [`VrfError`], the first in its order.
pub fn output(key: &PublicKey, alpha: &[u8], proof: &[u8; PROOF_BYTES]) -> Result<[u8; 64], VrfError> {
    let (gamma_string, rest) = proof.split_first_chunk::<32>().ok_or(VrfError::Gamma)?;
    let (c_string, rest) = rest.split_first_chunk::<16>().ok_or(VrfError::ScalarRange)?;
    let gamma = point(gamma_string).ok_or(VrfError::Gamma)?;
    let s = rest.try_into().ok().and_then(|s| Option::<Scalar>::from(Scalar::from_canonical_bytes(s)));
    let s = s.ok_or(VrfError::ScalarRange)?;
    let h = encode_to_curve(key.as_bytes(), alpha);
    // The points are negated, not c: half as long, it costs half as many additions.
    let c = challenge_scalar(c_string);
    let u = EdwardsPoint::vartime_double_scalar_mul_basepoint(&c, &-key.to_point(), &s);
    let v = EdwardsPoint::vartime_multiscalar_mul([s, c], [h, -gamma]);
    let [h, u, v] = EdwardsPoint::compress_batch(&[h, u, v]).map(|point| point.to_bytes());
    let points = [*key.as_bytes(), h, *gamma_string, u, v];
    if challenge(&points) == *c_string { Ok(output_of(&gamma)) } else { Err(VrfError::Mismatch) }
}

/// The point of an input, in the group of prime order and not its zero. RFC 9381 section 5.4.1.1, with the public key as salt.
fn encode_to_curve(salt: &[u8; 32], alpha: &[u8]) -> EdwardsPoint {
    let start = Sha512::new().chain_update([SUITE, 0x01]).chain_update(salt).chain_update(alpha);
    // Each try fails half of the time: the counter's one byte is never used up.
    let mut tries = (0..=u8::MAX)
        .cycle()
        .map(|counter| -> [u8; 64] { start.clone().chain_update([counter, 0x00]).finalize().into() });
    tries
        .find_map(|hash| {
            let point = point(&halves(&hash).0)?.mul_by_cofactor();
            (!point.is_identity()).then_some(point)
        })
        .unwrap_or_default()
}

/// RFC 9381 section 5.4.3: of Y, H, Gamma, U and V.
fn challenge(points: &[[u8; 32]; 5]) -> [u8; 16] {
    let mut hash = Sha512::new().chain_update([SUITE, 0x02]);
    points.iter().for_each(|point| hash.update(point));
    let hash: [u8; 64] = hash.chain_update([0x00]).finalize().into();
    let mut challenge = [0; 16];
    challenge.iter_mut().zip(hash).for_each(|(byte, part)| *byte = part);
    challenge
}

fn challenge_scalar(challenge: &[u8; 16]) -> Scalar {
    Scalar::from(u128::from_le_bytes(*challenge))
}

/// RFC 9381 section 5.2.
fn output_of(gamma: &EdwardsPoint) -> [u8; 64] {
    let point = gamma.mul_by_cofactor().compress();
    Sha512::new()
        .chain_update([SUITE, 0x03])
        .chain_update(point.as_bytes())
        .chain_update([0x00])
        .finalize()
        .into()
}

/// The point that bytes encode in the one canonical way (RFC 8032 section 5.1.3); the library takes others too.
fn point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    is_canonical(bytes).then(|| CompressedEdwardsY(*bytes).decompress()).flatten()
}

fn halves(bytes: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut low, mut high) = ([0; 32], [0; 32]);
    low.iter_mut().chain(&mut high).zip(bytes).for_each(|(byte, part)| *byte = *part);
    (low, high)
}

/// Goal: whoever lacks the key proves nothing, and of one input there is one output. Method: every bit of a proof turned over, parts
/// of small order, keys and inputs at random. (That the suite is the RFC's, its own examples say, in `spec/vectors/vrf/`.)
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret() -> Secret {
        Secret::from_seed(&[7; 32])
    }

    #[test]
    fn no_bit_of_a_proof_may_differ() {
        let (secret, alpha) = (secret(), b"alpha");
        let proven = secret.prove(alpha);
        assert_eq!(output(secret.public_key(), alpha, &proven.proof), Ok(proven.output));
        for bit in 0..8 * PROOF_BYTES {
            let mut other = proven.proof;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(output(secret.public_key(), alpha, &other).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_part_of_small_order_makes_no_second_output() {
        let gamma = point(secret().prove(b"alpha").proof.first_chunk().unwrap()).unwrap();
        for part in curve25519_dalek::constants::EIGHT_TORSION {
            assert_eq!(output_of(&(gamma + part)), output_of(&gamma));
        }
    }

    #[test]
    fn a_seed_gives_the_scalar_of_its_public_key() {
        let secret = secret();
        let public = EdwardsPoint::mul_base(&secret.x).compress();
        assert_eq!(public.as_bytes(), secret.public_key().as_bytes());
    }

    proptest! {
        #[test]
        fn who_has_the_key_proves_and_nobody_else(seed: [u8; 32], alpha: Vec<u8>, other: Vec<u8>) {
            let secret = Secret::from_seed(&seed);
            let Proven { output: proven, proof } = secret.prove(&alpha);
            prop_assert_eq!(output(secret.public_key(), &alpha, &proof), Ok(proven));
            prop_assert_eq!(output(self::secret().public_key(), &alpha, &proof), Err(VrfError::Mismatch));
            if alpha != other {
                prop_assert_eq!(output(secret.public_key(), &other, &proof), Err(VrfError::Mismatch));
                prop_assert_ne!(secret.prove(&other).output, proven);
            }
        }
    }
}

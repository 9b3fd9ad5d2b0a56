//! What nothing that does the same work can be faster than: the signature checks, the hashes.

use crate::Outcome;
use crate::people::{fixed, key};
use crate::process::thread_us;
use ed25519_dalek::{Signature, VerifyingKey};
use procura_core::key::Signer;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How large the text is that a mandate's signature is over.
const SIGNED_BYTES: usize = 750;
/// The most messages of one length that are hashed to time it.
const MOST: u64 = 200_000;

/// Signatures by distinct keys, for the library's own `verify_strict`: what ours is held against, whatever ours does.
pub(crate) struct Signatures(Vec<(VerifyingKey, Vec<u8>, Signature)>);

impl Signatures {
    /// Signs so many messages.
    pub(crate) fn make(count: u64) -> Outcome<Self> {
        let sign = |n| {
            let (key, message) = (key(n), fixed::<32>("message", n).repeat(SIGNED_BYTES / 32));
            let signature = Signature::from_bytes(&key.sign(&message)?);
            Ok((VerifyingKey::from_bytes(key.public_key().as_bytes())?, message, signature))
        };
        Ok(Self((0..count).map(sign).collect::<Outcome<_>>()?))
    }

    /// The processor time of one `verify_strict`, in microseconds.
    pub(crate) fn verify_us(&self) -> Outcome<f64> {
        let before_us = thread_us();
        self.verify(self.0.len() as u64)?;
        Ok((thread_us() - before_us) / self.0.len() as f64)
    }

    /// Verifies so many, again and again the same if there are fewer.
    pub(crate) fn verify(&self, count: u64) -> Outcome {
        let all = self.0.iter().cycle().zip(0..count);
        for ((key, message, signature), _) in all {
            key.verify_strict(message, signature)?;
        }
        Ok(())
    }
}

/// The processor time of hashing so many messages of each length, in microseconds.
pub(crate) fn hashing_us(lengths: &BTreeMap<usize, u64>) -> f64 {
    let mut all_us = 0.0;
    for (length, count) in lengths {
        let (mut message, sample) = (vec![0; *length], (*count).min(MOST));
        let before_us = thread_us();
        for _ in 0..sample {
            // Each is another one, made of the one before.
            let hash = Sha256::digest(&message);
            message.iter_mut().zip(hash).for_each(|(byte, from)| *byte = from);
        }
        all_us += (thread_us() - before_us) * (*count as f64 / sample as f64);
    }
    all_us
}

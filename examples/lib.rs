//! What the examples share: somebody who signs, and the time.

use procura_core::draft::Occasion;
use procura_core::key::{Signer, SoftKey};
use procura_core::{Hash, Millis};
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

/// The examples end at the first thing that goes wrong, and say what.
pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// `N` fresh random bytes.
///
/// # Errors
/// If the system has none to give.
pub fn fresh<const N: usize>() -> Outcome<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Now.
///
/// # Errors
/// If the clock stands before 1970.
pub fn now() -> Outcome<Millis> {
    Ok(Millis(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?))
}

/// An occasion to sign something now.
///
/// # Errors
/// As [`fresh`] and [`now`].
pub fn occasion(origin: &str) -> Outcome<Occasion<'_>> {
    Ok(Occasion { origin, nonce: fresh()?, now: now()? })
}

/// A party with a key: the id of its record, and of its key's.
pub struct Party {
    /// The party record's id.
    pub party: Hash,
    /// The key record's id, or a root key's thumbprint.
    pub kid: Hash,
    /// The key.
    pub key: SoftKey,
    /// `scheme:value`.
    pub identifier: String,
}

impl Party {
    /// A root key, which needs no record of its own.
    ///
    /// # Errors
    /// As [`fresh`].
    pub fn root() -> Outcome<Self> {
        let key = SoftKey::from_seed(&fresh()?);
        let kid = key.public_key().thumbprint();
        Ok(Self { party: Hash::default(), kid, key, identifier: String::new() })
    }
}

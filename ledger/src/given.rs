//! What the engine is given from outside, so that tests can give something else: the clock and randomness.

use procura_core::Millis;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The time of day, and time that only passes.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since 1970.
    fn now(&self) -> Millis;

    /// Milliseconds since some fixed moment, by a clock that nobody sets.
    fn elapsed_ms(&self) -> u64;
}

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// What the system says, if it has no randomness to give: nothing is appended then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String>;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        getrandom::fill(bytes).map_err(|error| error.to_string())
    }
}

/// `N` random bytes.
///
/// # Errors
/// As [`Random::fill`].
pub(crate) fn random<const N: usize>(random: &dyn Random) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

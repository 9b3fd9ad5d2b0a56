//! Chance that can be repeated: everything that a test leaves to chance follows from its seed.

/// Dice thrown from a seed (SplitMix64, by Sebastiano Vigna, in the public domain).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub const fn below(&mut self, end: usize) -> usize {
        (self.throw() % end as u64) as usize
    }

    /// Yes, so many times out of a hundred.
    pub const fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// How many seeds a test tries, and from which one on: `PROCURA_SEEDS` and `PROCURA_FIRST_SEED`, or `otherwise` from 0.
#[must_use]
pub fn seeds(otherwise: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().map(|n| n.parse().expect("a number"));
    let first = number("PROCURA_FIRST_SEED").unwrap_or(0);
    first..first + number("PROCURA_SEEDS").unwrap_or(otherwise)
}

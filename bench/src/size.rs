//! How large a run is.

use std::path::PathBuf;

/// What every part is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Size {
    /// Seconds instead of minutes: shows that everything runs and is right, its figures mean nothing
    #[arg(long)]
    pub(crate) small: bool,
    /// How many mandates the largest ledger has; each brings 1.9 entries
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
    largest: u64,
    /// Where ledgers and records are kept between runs
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
}

impl Size {
    /// How many mandates the ledgers have, the largest last.
    pub(crate) fn ledgers(&self) -> Vec<u64> {
        if self.small {
            return vec![500, 3_000];
        }
        let smaller = [10_000, 100_000, 1_000_000].into_iter().filter(|mandates| *mandates < self.largest);
        smaller.chain([self.largest]).collect()
    }

    /// How many mandates the largest ledger has.
    pub(crate) fn largest(&self) -> u64 {
        if self.small { 3_000 } else { self.largest }
    }

    /// The one of the two that this run is for.
    pub(crate) fn pick<T>(&self, small: T, full: T) -> T {
        if self.small { small } else { full }
    }
}

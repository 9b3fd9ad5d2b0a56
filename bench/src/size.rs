//! How large a run is.

use std::path::PathBuf;

/// What every part is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Size {
    /// Seconds instead of minutes: shows that everything runs and is right, its figures mean nothing
    #[arg(long)]
    pub(crate) small: bool,
    /// Where ledgers and records are kept between runs
    #[arg(long, default_value = "target/bench-data", value_name = "FOLDER")]
    pub(crate) data: PathBuf,
}

impl Size {
    /// The one of the two that this run is for.
    pub(crate) fn pick<T>(&self, small: T, full: T) -> T {
        if self.small { small } else { full }
    }
}

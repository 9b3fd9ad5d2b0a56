//! Goal: the program with a clock that is wrong, at its start or while it runs, says so, answers what it is asked, takes nothing and dates
//! nothing back, until an operator confirms the clock. Method: the real program under libfaketime, which gives it
//! another time of day (and leaves it the clock that only passes).

use crate::process::{Server, client, identity, mandate};
use procura_client::LogInfo;
use procura_client::store::MemoryStore;
use procura_core::Millis;
use procura_core::receipt::{Mode, verify_status};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const OPTIONS: &[&str] = &["--heartbeat-s", "1"];
const YEAR_MS: i64 = 365 * 24 * 3600 * 1000;

/// A clock that shows the true time and something.
struct Wrong {
    file: PathBuf,
    library: String,
}

impl Wrong {
    fn new(scratch: &Path) -> Self {
        let found = Command::new("faketime").args(["-f", "+0", "sh", "-c", "echo $LD_PRELOAD"]).output();
        let output = found.expect("faketime must be there").stdout;
        let library = String::from_utf8(output).unwrap().trim().replace("libfaketime.so", "libfaketimeMT.so");
        let wrong = Self { file: scratch.join("time"), library };
        wrong.is(0);
        wrong
    }

    /// The clock shows the true time and these seconds from now on.
    fn is(&self, ms: i64) {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{:+}\n", ms / 1000)).unwrap();
        fs::rename(new, &self.file).unwrap();
    }

    fn start(&self, data: &Path, more: &[&str]) -> Server {
        let environment = [
            ("LD_PRELOAD", &*self.library),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        Server::start_with(data, &[OPTIONS, more].concat(), &environment)
    }
}

/// What a citizen, whose own clock is right, sees of the ledger: the time of the last index commit.
struct Citizen {
    data: PathBuf,
}

impl Citizen {
    fn submit(&self, server: &Server, ahead_ms: i64) -> (u16, String) {
        let policy = LogInfo::unverified(&server.url).unwrap().policy;
        let me = client(&server.url, &policy, &self.data, "neighbour", MemoryStore::new());
        let me = me.with_clock(move || Millis(now().saturating_add_signed(ahead_ms)));
        let catalogue = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
        let catalogue = me.catalogues().map_or(catalogue, |found| found[0].id);
        let (_, submission) = mandate(&me, &identity(&self.data, "employer").party, &catalogue);
        server.submit(&submission)
    }
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

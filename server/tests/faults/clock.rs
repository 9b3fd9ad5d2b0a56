//! Goal: the program with a clock that is wrong, at its start or while it runs, says so, answers what it is asked, takes nothing and dates
//! nothing back, until an operator confirms the clock; meanwhile whoever asks for a fresh proof sees that it is not. Method: the real
//! program under libfaketime, which gives it another time of day and leaves it the clock that only passes.

use crate::process::{Server, client, identity, mandate};
use procura_client::LogInfo;
use procura_client::store::MemoryStore;
use procura_core::{Hash, Millis};
use procura_ledger::{Clock, SystemClock};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const OPTIONS: &[&str] = &["--heartbeat-s", "1", "--max-age-s", "3"];
const YEAR_S: i64 = 365 * 24 * 3600;

/// A data folder, and a clock that shows the true time and something.
struct Scene {
    data: PathBuf,
    file: PathBuf,
    library: String,
}

impl Scene {
    fn new(scratch: &Path) -> Self {
        let found =
            Command::new("faketime").args(["-m", "-f", "+0", "sh", "-c", "echo $LD_PRELOAD"]).output();
        let output = found.expect("faketime must be there").stdout;
        let library = String::from_utf8(output).unwrap().trim().to_owned();
        assert!(library.contains("faketime"), "{library:?}");
        let scene = Self { data: scratch.join("data"), file: scratch.join("time"), library };
        scene.set(0);
        scene
    }

    /// The program's clock shows the true time and these seconds from now on.
    fn set(&self, ahead_s: i64) {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{ahead_s:+}\n")).unwrap();
        fs::rename(new, &self.file).unwrap();
    }

    fn start(&self, more: &[&str]) -> Server {
        let environment = [
            ("LD_PRELOAD", &*self.library),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        Server::start_with(&self.data, &[OPTIONS, more].concat(), &environment)
    }

    /// A citizen's client, whose clock is off by as much as the server's may be.
    fn client(&self, server: &Server, name: &str, ahead_s: i64) -> procura_client::Client {
        let policy = LogInfo::unverified(&server.url).unwrap().policy;
        let client = client(&server.url, &policy, &self.data, name, MemoryStore::new());
        client
            .with_clock(move || Millis(SystemClock::default().now().0.saturating_add_signed(ahead_s * 1000)))
    }

    /// Hands in a mandate that is signed at that time.
    fn hand_in(&self, server: &Server, catalogue: &Hash, ahead_s: i64) -> (u16, String) {
        let (_, submission) = mandate(
            &self.client(server, "neighbour", ahead_s),
            &identity(&self.data, "employer").party,
            catalogue,
        );
        server.submit(&submission)
    }

    fn catalogue(&self, server: &Server, ahead_s: i64) -> Hash {
        self.client(server, "auditor", ahead_s).catalogues().unwrap()[0].id
    }

    /// It takes nothing and answers; a proof that is to be fresh is refused once it is old.
    fn is_stopped(&self, server: &Server, catalogue: &Hash, ahead_s: i64) {
        server.becomes("clock");
        assert_eq!(self.hand_in(server, catalogue, ahead_s), (503, "clock".to_owned()));
        std::thread::sleep(Duration::from_secs(5));
        server.becomes("clock");
        server.answers_checks(&self.data);
        // Whoever's clock is right, or ahead of it, is not content with the last checkpoint any more.
        let stale = self.client(server, "auditor", ahead_s.max(0)).status(catalogue).err().unwrap();
        assert_eq!(stale.name(), "stale", "{stale}");
    }

    /// It takes records again, and what it shows is fresh for whoever has that time.
    fn goes_on(&self, server: &Server, catalogue: &Hash, ahead_s: i64) {
        server.becomes("");
        assert_eq!(self.hand_in(server, catalogue, ahead_s).0, 201);
        self.client(server, "auditor", ahead_s).status(catalogue).unwrap();
    }

    /// Every rule holds, that times never go back among them.
    fn audits(&self, server: &Server, ahead_s: i64) {
        let audited = self.client(server, "auditor", ahead_s).audit(&|_, _, _| {}).unwrap();
        assert!(audited.entries.is_some());
    }
}

#[test]
#[ignore = "needs faketime; tests/faults.d/60-clock.sh runs it"]
fn a_clock_that_goes_back_stops_the_program() {
    let scratch = tempfile::tempdir().unwrap();
    let scene = Scene::new(scratch.path());
    let mut server = scene.start(&[]);
    let catalogue = scene.catalogue(&server, 0);
    scene.goes_on(&server, &catalogue, 0);
    // While it runs.
    scene.set(-10);
    scene.is_stopped(&server, &catalogue, -10);
    server.signal("USR1");
    scene.goes_on(&server, &catalogue, -10);
    // It was right before: the entries' time waits for the clock, and ten seconds later it has caught up.
    scene.audits(&server, 0);
    scene.set(0);
    server.becomes("");
    // At the start.
    scene.goes_on(&server, &catalogue, 0);
    server.end("TERM");
    scene.set(-10);
    let mut server = scene.start(&[]);
    scene.is_stopped(&server, &catalogue, -10);
    server.end("TERM");
    let server = scene.start(&["--confirm-clock"]);
    scene.goes_on(&server, &catalogue, -10);
    scene.audits(&server, 0);
}

#[test]
#[ignore = "needs faketime; tests/faults.d/60-clock.sh runs it"]
fn a_clock_that_goes_ahead_stops_the_program() {
    let scratch = tempfile::tempdir().unwrap();
    let scene = Scene::new(scratch.path());
    let mut server = scene.start(&[]);
    let catalogue = scene.catalogue(&server, 0);
    scene.goes_on(&server, &catalogue, 0);
    // While it runs: nothing is logged under a time that nothing could follow, and once the clock is right an operator says so.
    scene.set(YEAR_S);
    scene.is_stopped(&server, &catalogue, YEAR_S);
    scene.set(0);
    assert_eq!(scene.hand_in(&server, &catalogue, 0), (503, "clock".to_owned()));
    server.signal("USR1");
    scene.goes_on(&server, &catalogue, 0);
    // At the start.
    server.end("TERM");
    scene.set(YEAR_S);
    let mut server = scene.start(&[]);
    scene.is_stopped(&server, &catalogue, YEAR_S);
    server.end("TERM");
    scene.set(0);
    let mut server = scene.start(&[]);
    scene.goes_on(&server, &catalogue, 0);
    scene.audits(&server, 0);
    server.end("TERM");
    // A ledger that was closed for a year is opened on somebody's word.
    scene.set(YEAR_S);
    let server = scene.start(&["--confirm-clock"]);
    scene.goes_on(&server, &catalogue, YEAR_S);
    scene.audits(&server, YEAR_S);
}

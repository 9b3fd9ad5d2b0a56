//! The real ledger, as a process of its own with a clock that can be put ahead.
//!
//! `procura-server` has no other clock than the system's, for good reasons. So the process is this very test program, asked for this one
//! test, with the ledger's folder in its environment.

use procura_core::Millis;
use procura_ledger::{Clock, Options, SystemClock};
use procura_server::{App, Args, Config, Settings, demo, serve, trial};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names the folder.
pub(crate) const DATA: &str = "FLEXI_TEST_LEDGER";
/// Names the port.
pub(crate) const PORT: &str = "FLEXI_TEST_PORT";

/// The system's clock, so many ms ahead as a file says.
struct Ahead {
    clock: SystemClock,
    by: PathBuf,
}

/// How far ahead the processes of a folder are.
pub(crate) fn ahead_ms(file: &Path) -> u64 {
    std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The time of the processes of a folder.
pub(crate) fn ahead_clock(file: &Path) -> procura_flexi_jobs::Clock {
    let clock = Ahead { clock: SystemClock::default(), by: file.to_owned() };
    Arc::new(move || clock.now())
}

impl Clock for Ahead {
    fn now(&self) -> Millis {
        Millis(self.clock.now().0 + ahead_ms(&self.by))
    }

    fn elapsed_ms(&self) -> u64 {
        self.clock.elapsed_ms() + ahead_ms(&self.by)
    }
}

/// The process. Asked for by nobody else than [`crate::processes`].
#[test]
#[ignore = "it is a process of the other tests"]
fn ledger_process() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else { return };
    let port: u16 = std::env::var(PORT).unwrap().parse().unwrap();
    let clock = Arc::new(Ahead { clock: SystemClock::default(), by: data.join("ahead") });
    let options =
        Options { clock: Arc::clone(&clock) as Arc<dyn Clock>, confirm_clock: true, ..Options::default() };
    let trial = trial::start(&data.join("ledger"), options).unwrap();
    demo::register(&trial, &data.join("ledger")).unwrap();
    let config = Config::load(Args::default()).unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let settings = Settings {
        public_url: url.clone(),
        public_entries: false,
        max_age_s: config.max_age_s,
        limits: config.limits,
        static_tokens: Vec::new(),
        clock,
        random: Arc::clone(&trial.random),
        metrics: Arc::default(),
        witness_wait: None,
    };
    let app = App::new(trial.ledger, settings);
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        writeln!(std::io::stderr(), "ready {url}").unwrap();
        serve(listener, app, std::future::pending()).await.unwrap();
    });
}

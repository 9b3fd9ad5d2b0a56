//! A ledger and a declaration service, each a process; started, killed and started again.

use crate::ledger::{DATA, PORT, ahead_clock, ahead_ms};
use crate::service::{LEDGER, SOURCE};
use procura_core::Hash;
use procura_flexi_jobs::Clock;
use procura_flexi_jobs::caller::Caller;
use procura_flexi_jobs::connect::client_of;
use procura_flexi_jobs::prepare::{Trial, prepare};
use procura_flexi_jobs::tariff;
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a process may take to come up, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// Both of them.
pub(crate) struct Processes {
    folder: TempDir,
    ledger_port: u16,
    service_port: u16,
    can_be_ahead: bool,
    ledger: Option<Child>,
    service: Option<Child>,
    tariff_port: u16,
    tariff: Option<Child>,
    form_port: u16,
    form: Option<Child>,
    /// The catalogue that is the law of reduced fares.
    pub(crate) law: Hash,
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.kill_ledger();
        self.kill_service();
        self.kill_tariff();
        self.kill_form();
    }
}

impl Processes {
    /// Both, prepared: the demo's directory, the office, the catalogue, the secretariat's mandate.
    pub(crate) fn start() -> Self {
        Self::of(false, |_| {})
    }

    /// The same, with a service whose clock can be put ahead.
    pub(crate) fn ahead() -> Self {
        Self::of(true, |_| {})
    }

    /// The same, with the folder of counters changed before.
    pub(crate) fn prepared(counters: impl FnOnce(&Path)) -> Self {
        Self::of(false, counters)
    }

    fn of(can_be_ahead: bool, counters: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("counters")).unwrap();
        std::fs::copy(of_crate("counters/flexi.toml"), folder.path().join("counters/flexi.toml")).unwrap();
        counters(&folder.path().join("counters"));
        let mut all = Self {
            folder,
            can_be_ahead,
            ledger_port: free_port(),
            service_port: free_port(),
            tariff_port: free_port(),
            form_port: free_port(),
            ledger: None,
            service: None,
            tariff: None,
            form: None,
            law: Hash::default(),
        };
        all.start_ledger();
        let catalogue = of_crate("catalogue.toml");
        prepare(&all.ledger_url(), &all.ledger_data(), &all.home(), &catalogue, &all.clock()).unwrap();
        all.start_service();
        all
    }

    pub(crate) fn start_ledger(&mut self) {
        let child =
            self.this_program("ledger::ledger_process", self.ledger_port).stderr(self.log("ledger")).spawn();
        self.ledger = Some(child.unwrap());
        self.wait_for(&format!("{}/healthz", self.ledger_url()), "ledger");
    }

    pub(crate) fn start_service(&mut self) {
        let mut command = if self.can_be_ahead {
            self.this_program("service::service_process", self.service_port)
        } else {
            let mut program = Command::new(env!("CARGO_BIN_EXE_procura-flexi-jobs"));
            program
                .args(["serve", "--ledger", &self.ledger_url()])
                .args(["--listen", &format!("127.0.0.1:{}", self.service_port)])
                .arg("--home")
                .arg(self.home())
                .arg("--counters")
                .arg(self.counters());
            program
        };
        self.service = Some(command.stdout(Stdio::null()).stderr(self.log("service")).spawn().unwrap());
        self.wait_for(&format!("{}/health", self.service_url()), "service");
    }

    /// Publishes the law of reduced fares, and starts the service that grants them.
    pub(crate) fn with_tariff(mut self) -> Self {
        let (ledger, data) = (self.ledger_url(), self.ledger_data());
        let (home, clock) = (self.tariff_home(), self.clock());
        let trial = Trial { ledger: &ledger, data: &data, home: &home, clock: &clock };
        trial.office(&tariff::OFFICE, &of_crate("transport/words.toml")).unwrap();
        self.law = trial.publish(&of_crate("transport/law.toml")).unwrap();
        std::fs::copy(of_crate("transport/tariff.toml"), home.join("tariff.toml")).unwrap();
        self.start_tariff();
        self
    }

    pub(crate) fn start_tariff(&mut self) {
        let source = self.service_url();
        self.start_tariff_at(&source);
    }

    /// The same, with another address for the source.
    pub(crate) fn start_tariff_at(&mut self, source: &str) {
        let mut command = if self.can_be_ahead {
            let mut program = self.this_program("service::tariff_process", self.tariff_port);
            program.env(SOURCE, source);
            program
        } else {
            let mut program = Command::new(env!("CARGO_BIN_EXE_procura-flexi-jobs"));
            program
                .args(["tariff", "--ledger", &self.ledger_url(), "--source", source])
                .args(["--listen", &format!("127.0.0.1:{}", self.tariff_port)])
                .arg("--home")
                .arg(self.tariff_home())
                .arg("--tariff")
                .arg(self.tariff_home().join("tariff.toml"));
            program
        };
        self.tariff = Some(command.stdout(Stdio::null()).stderr(self.log("tariff")).spawn().unwrap());
        self.wait_for(&format!("{}/health", self.tariff_url()), "tariff");
    }

    /// Kills the tariff service.
    pub(crate) fn kill_tariff(&mut self) {
        end(self.tariff.take());
    }

    pub(crate) fn tariff_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.tariff_port)
    }

    /// Starts the town's form, as a file has it.
    pub(crate) fn start_form(&mut self, form: &Path) {
        let mut program = Command::new(env!("CARGO_BIN_EXE_procura-flexi-jobs"));
        program
            .args(["form", "--ledger", &self.ledger_url(), "--source", &self.service_url()])
            .args(["--port", &self.form_port.to_string()])
            .arg("--key")
            .arg(self.ledger_data().join("demo/municipality.json"))
            .arg("--home")
            .arg(self.folder.path().join("form"))
            .arg("--form")
            .arg(of_crate("forms").join(form));
        self.form = Some(program.stdout(Stdio::null()).stderr(self.log("form")).spawn().unwrap());
        self.wait_for(&format!("{}/health", self.form_url()), "form");
    }

    /// Kills the form.
    pub(crate) fn kill_form(&mut self) {
        end(self.form.take());
    }

    pub(crate) fn form_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.form_port)
    }

    pub(crate) fn tariff_health(&self) -> Value {
        let text =
            ureq::get(format!("{}/health", self.tariff_url())).call().unwrap().body_mut().read_to_string();
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    pub(crate) fn tariff_home(&self) -> PathBuf {
        self.folder.path().join("tariff")
    }

    /// This very program, to be one of the processes.
    fn this_program(&self, test: &str, port: u16) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env(DATA, self.folder.path())
            .env(PORT, port.to_string())
            .env(LEDGER, self.ledger_url())
            .stdout(Stdio::null());
        command
    }

    /// Kills the ledger, wherever it is: no signal that it could answer.
    pub(crate) fn kill_ledger(&mut self) {
        end(self.ledger.take());
    }

    /// Kills the service.
    pub(crate) fn kill_service(&mut self) {
        end(self.service.take());
    }

    pub(crate) fn ledger_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ledger_port)
    }

    pub(crate) fn service_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.service_port)
    }

    pub(crate) fn counters(&self) -> PathBuf {
        self.folder.path().join("counters")
    }

    pub(crate) fn ledger_data(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("flexi")
    }

    /// The time of all of them.
    pub(crate) fn clock(&self) -> Clock {
        ahead_clock(&self.folder.path().join("ahead"))
    }

    /// Puts the clocks ahead of the system's by so much, of processes that run too.
    pub(crate) fn put_ahead(&self, by_ms: u64) {
        let (file, beside) = (self.folder.path().join("ahead"), self.folder.path().join("ahead.new"));
        std::fs::write(&beside, by_ms.to_string()).unwrap();
        std::fs::rename(beside, file).unwrap();
    }

    /// By how much the clocks are ahead of the system's.
    pub(crate) fn ahead_ms(&self) -> u64 {
        ahead_ms(&self.folder.path().join("ahead"))
    }

    /// A party of the demo, at the service.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        self.caller_of(&self.ledger_data().join(format!("demo/{name}.json")), name)
    }

    /// A party of the demo, at the tariff service.
    pub(crate) fn at_tariff(&self, name: &str) -> Caller {
        let (key, home) = (self.ledger_data().join(format!("demo/{name}.json")), self.folder.path());
        let home = home.join("callers").join(name);
        Caller::new(client_of(&key, &self.ledger_url(), &home, &self.clock()).unwrap(), &self.tariff_url())
    }

    /// The service's own office, at its own desk.
    pub(crate) fn office(&self) -> Caller {
        self.caller_of(&self.home().join("office.json"), "office-calls")
    }

    /// Whoever has a key file, at the service.
    pub(crate) fn caller_of(&self, key: &Path, name: &str) -> Caller {
        let home = self.folder.path().join("callers").join(name);
        Caller::new(client_of(key, &self.ledger_url(), &home, &self.clock()).unwrap(), &self.service_url())
    }

    fn log(&self, name: &str) -> Stdio {
        let path = self.folder.path().join(format!("{name}.log"));
        std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().into()
    }

    fn wait_for(&self, url: &str, name: &str) {
        let until = Instant::now() + PATIENCE;
        while ureq::get(url).call().is_err() {
            let log = || std::fs::read_to_string(self.folder.path().join(format!("{name}.log"))).unwrap();
            assert!(Instant::now() < until, "the {name} does not come up: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A member of an answer.
pub(crate) fn member(answer: &Value, name: &str) -> Value {
    answer.get(name).cloned().unwrap_or_else(|| panic!("no {name} in {answer}"))
}

fn end(child: Option<Child>) {
    if let Some(mut child) = child {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// A free port below those that the system gives to whoever asks for any: while its program is away nobody gets it by chance.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let nth = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + (nth % 20_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn of_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

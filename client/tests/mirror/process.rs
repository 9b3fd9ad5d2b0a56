//! The members of a town as processes: a ledger, witnesses, mirrors. Each is killed at the latest with its value.

use procura_tests::ports::lasting_port;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that happens by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A member, and how it is started again where it was.
pub(crate) struct Member {
    child: Child,
    /// What it said at its start.
    told: Value,
    start: Box<dyn Fn(&str) -> Command>,
}

impl Member {
    /// Starts one; `start` makes the command for an address to listen on. It says JSON with its `url` first.
    pub(crate) fn start(start: impl Fn(&str) -> Command + 'static) -> Self {
        let (child, told) = spawn(start(&format!("127.0.0.1:{}", lasting_port())));
        Self { child, told, start: Box::new(start) }
    }

    pub(crate) fn url(&self) -> String {
        self.said("url")
    }

    pub(crate) fn said(&self, name: &str) -> String {
        self.told[name].as_str().unwrap_or_else(|| panic!("{name} in {}", self.told)).to_owned()
    }

    /// Ends it, by its id, without a chance to do anything more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        let listen = self.url().trim_start_matches("http://").to_owned();
        (self.child, self.told) = spawn((self.start)(&listen));
        assert_eq!(self.url(), format!("http://{listen}"));
    }

    /// Gets something: status, headers' `age`, body.
    pub(crate) fn get(&self, path: &str) -> (u16, Option<u64>, String) {
        self.get_with(path, None)
    }

    pub(crate) fn get_with(&self, path: &str, token: Option<&str>) -> (u16, Option<u64>, String) {
        let mut answer = self.answer(path, token);
        let age = answer.headers().get("age").map(|age| age.to_str().unwrap().parse().unwrap());
        let body = answer.body_mut().read_to_vec().unwrap();
        (answer.status().as_u16(), age, String::from_utf8_lossy(&body).into_owned())
    }

    /// What an answer says of who may keep it.
    pub(crate) fn may_be_kept(&self, path: &str, token: Option<&str>) -> String {
        let answer = self.answer(path, token);
        answer.headers().get("cache-control").unwrap().to_str().unwrap().to_owned()
    }

    fn answer(&self, path: &str, token: Option<&str>) -> ureq::http::Response<ureq::Body> {
        let mut request = ureq::get(format!("{}{path}", self.url()));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.config().http_status_as_error(false).build().call().unwrap()
    }

    /// What `/readyz` says.
    pub(crate) fn ready(&self) -> Value {
        serde_json::from_str(&self.get("/readyz").2).unwrap()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(mut command: Command) -> (Child, Value) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // A test's own process says other things first.
    let first = lines.find_map(|line| {
        let line = line.unwrap();
        let json = line.find('{').map(|at| line[at..].to_owned())?;
        serde_json::from_str(&json).ok()
    });
    // What it says later is read by nobody, and must not stop it.
    std::thread::spawn(move || lines.for_each(drop));
    (child, first.unwrap_or_else(|| panic!("{command:?} said nothing")))
}

/// The command `procura`, at home in a folder.
pub(crate) fn procura(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_procura"));
    command.env_clear().env("PROCURA_HOME", home);
    command
}

/// Where a mirror lives, and what it is told.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) home: PathBuf,
    pub(crate) policy: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) from: String,
    pub(crate) more: Vec<String>,
}

/// A mirror.
pub(crate) fn mirror(place: &Place) -> Member {
    let place = place.clone();
    Member::start(move |listen| {
        let mut command = procura(&place.home);
        command
            .args(["mirror", "run", "--json", "--log", "warn", "--from", &place.from, "--listen", listen])
            .arg("--policy")
            .arg(&place.policy)
            .arg("--key")
            .arg(&place.key)
            .args(&place.more);
        command
    })
}

/// A witness called `name` of the logs in a file.
pub(crate) fn witness(folder: &Path, name: &str, logs: &Path) -> Member {
    let (home, logs, name) = (folder.join(name), logs.to_owned(), name.to_owned());
    Member::start(move |listen| {
        let mut command = procura(&home);
        command
            .args([
                "witness", "run", "--plain", "--json", "--log", "off", "--name", &name, "--listen", listen,
            ])
            .arg("--logs")
            .arg(&logs);
        command
    })
}

/// Waits until something holds.
pub(crate) fn becomes(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

//! `procura witness run`, and what it is sent.

use procura_tests::ports::lasting_port;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that happens by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A witness; killed at the latest with this value.
pub(crate) struct Witness {
    child: Child,
    pub(crate) url: String,
    pub(crate) vkey: String,
    name: String,
    folder: PathBuf,
}

impl Witness {
    /// Makes one called `name` that witnesses the logs of `folder/logs`, and starts it.
    pub(crate) fn start(folder: &Path, name: &str) -> Self {
        Self::run(folder, name, &format!("127.0.0.1:{}", lasting_port()))
    }

    fn run(folder: &Path, name: &str, listen: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_procura"))
            .args([
                "witness", "run", "--plain", "--json", "--log", "off", "--name", name, "--listen", listen,
                "--logs",
            ])
            .arg(folder.join("logs"))
            .arg("--data")
            .arg(folder.join(name))
            .env_clear()
            .env("PROCURA_HOME", folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let told: serde_json::Value = serde_json::from_str(&first).unwrap_or_else(|_| panic!("{first:?}"));
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Self { child, url: text("url"), vkey: text("vkey"), name: name.to_owned(), folder: folder.to_owned() }
    }

    /// Sends it a signal, by its id.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Ends it without a chance to do anything more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after it was killed, at the same address.
    pub(crate) fn restart(&mut self) {
        let (vkey, listen) = (self.vkey.clone(), self.url.trim_start_matches("http://").to_owned());
        *self = Self::run(&self.folder.clone(), &self.name.clone(), &listen);
        assert_eq!(self.vkey, vkey);
    }

    /// Sends a request: status, content type, body. `None` if nobody answers.
    pub(crate) fn add(&self, body: &[u8]) -> Option<(u16, String, String)> {
        let request = ureq::post(format!("{}/add-checkpoint", self.url));
        let mut answer = request.config().http_status_as_error(false).build().send(body).ok()?;
        let content_type = answer.headers().get("content-type").unwrap().to_str().unwrap().to_owned();
        Some((answer.status().as_u16(), content_type, answer.body_mut().read_to_string().ok()?))
    }

    /// Gets something: status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let request = ureq::get(format!("{}{path}", self.url)).config().http_status_as_error(false).build();
        let mut answer = request.call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
pub(crate) fn becomes(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

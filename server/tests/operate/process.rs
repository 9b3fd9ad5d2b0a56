//! The program as a process of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long anything may take that happens by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs it to its end: the exit code, and what it wrote.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: &[S], environment: &[(&str, &str)]) -> (i32, String) {
    let output = program(arguments, environment).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn program<S: AsRef<OsStr>>(arguments: &[S], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_procura-server"));
    // What the tests' own environment says is not meant.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PROCURA_")) {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    command
}

/// A running server; killed at the latest with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts one on a free port.
    pub(crate) fn start(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let data = data.to_str().unwrap();
        let all = [&["--listen", "127.0.0.1:0", "--data", data], arguments].concat();
        let mut child =
            program(&all, environment).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = kept(child.stderr.take().unwrap());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap_or_else(|| panic!("{}", log.lock().unwrap())).unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        let url = url.trim_end_matches(':').to_owned();
        // The rest is read away, so that the server never waits for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url, log }
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> &str {
        self.url.split("://").nth(1).unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Whether it runs still.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it as its operator does, and waits for its end.
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
        let start = Instant::now();
        while self.runs() {
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How often its log says this.
    pub(crate) fn says(&self, what: &str) -> usize {
        self.log.lock().unwrap().matches(what).count()
    }

    /// Waits until its log has said this so often.
    pub(crate) fn said(&self, what: &str, times: usize) {
        let start = Instant::now();
        while self.says(what) < times {
            assert!(start.elapsed() < PATIENCE, "{what:?} is not in the log:\n{}", self.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn kept(mut from: ChildStderr) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let for_thread = Arc::clone(&log);
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            for_thread.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    });
    log
}

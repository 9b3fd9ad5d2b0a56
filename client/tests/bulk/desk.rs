//! An employer at a desk: a server, a folder, files to import, and the employer's own proven list to hold the outcome against.

use procura_client::Client;
use procura_client::LogInfo;
use procura_client::keyfile::KeyFile;
use procura_client::store::MemoryStore;
use procura_core::Hash;
use procura_core::kinds::Content;
use procura_core::status::Status;
use procura_tests::served::Served;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Registered in the demo: a son, with a key.
pub(crate) const SON: &str = "75061200192";

pub(crate) struct Desk {
    served: Option<Served>,
    folder: tempfile::TempDir,
}

/// A line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) status: String,
    pub(crate) record: String,
    pub(crate) link: String,
    pub(crate) reason: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let served = Some(Served::over(&folder.path().join("data")));
        Self { served, folder }
    }

    /// Ends the server's process, as far as a process is its memory, and starts another over the same folder.
    pub(crate) fn restart(&mut self) {
        drop(self.served.take());
        self.served = Some(Served::over(&self.path("data")));
    }

    pub(crate) fn url(&self) -> String {
        self.served.as_ref().unwrap().url.clone()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command, as a party of the demo, over an address.
    pub(crate) fn command(&self, party: &str, url: &str, words: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_procura"), party, url, words)
    }

    /// What the employer types, at a terminal.
    pub(crate) fn lend_a_terminal(&self, typed: &str) -> Command {
        let words = ["--quiet", "--return", "--command", typed, "/dev/null"];
        let mut command = self.program("/usr/bin/script", "employer", &self.url(), &words);
        command.env("TERM", "xterm");
        command
    }

    fn program(&self, program: &str, party: &str, url: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .env("PROCURA_SERVER", url)
            .env("PROCURA_HOME", self.path(&format!("home-{party}")))
            .env("PROCURA_KEY", self.served.as_ref().unwrap().key(party))
            .env("PROCURA_TRUST_FIRST", "true")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, party: &str, words: &[&str]) -> Output {
        self.command(party, &self.url(), words).output().unwrap()
    }

    /// The employer imports a file of CSAM's over an address.
    pub(crate) fn import_over(&self, url: &str, file: &Path, more: &[&str]) -> Output {
        let words =
            ["import", file.to_str().unwrap(), "--format", "csam", "--scope", "flexi", "--yes", "--json"];
        self.command("employer", url, &[&words, more].concat()).output().unwrap()
    }

    pub(crate) fn import(&self, file: &Path, more: &[&str]) -> Output {
        self.import_over(&self.url(), file, more)
    }

    /// What a report says, by its lines.
    pub(crate) fn report(&self, file: &Path) -> BTreeMap<u64, Line> {
        let path = format!("{}.report.csv", file.to_str().unwrap());
        let mut table = csv::Reader::from_path(path).unwrap();
        let line = |row: csv::StringRecord| {
            let [status, record, link, reason] = [1, 2, 3, 4].map(|at| row[at].to_owned());
            (row[0].parse().unwrap(), Line { status, record, link, reason })
        };
        let rows: Vec<_> = table.records().map(|row| line(row.unwrap())).collect();
        let lines: BTreeMap<_, _> = rows.iter().cloned().collect();
        assert_eq!(lines.len(), rows.len(), "a row a line");
        lines
    }

    /// A client of the employer's that has seen nothing.
    pub(crate) fn employer(&self) -> Client {
        let served = self.served.as_ref().unwrap();
        let (key, _) = KeyFile::load(&served.key("employer"), || panic!("it is plain")).unwrap();
        let policy = LogInfo::unverified(&served.url).unwrap().policy;
        let client = Client::new(&served.url, policy, MemoryStore::new()).unwrap();
        client.with_identity(key.identity().unwrap())
    }

    /// The mandates that the employer gave and nobody has answered, by their references, as the ledger proves that there are no
    /// others. None has the reference of another.
    pub(crate) fn given(&self) -> BTreeMap<String, Hash> {
        let client = self.employer();
        let own = client.own_party().unwrap();
        let all = client.records(&own, &|_| {}).unwrap();
        let mut given = BTreeMap::new();
        for filed in all.records() {
            let Some(opened) = filed.logged.opened.as_ref() else { continue };
            let Content::Mandate(mandate) = opened.record.content() else { continue };
            if mandate.mandators != [own] || filed.status != Some(Status::PENDING) {
                continue;
            }
            let reference = opened.disclosed.get("reference").and_then(Value::as_str).unwrap_or_default();
            let before = given.insert(reference.to_owned(), opened.record.id());
            assert_eq!(before, None, "{reference} was given twice");
        }
        given
    }
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// How many lines were given now, given before, refused, and not sent.
pub(crate) fn counts(output: &Output) -> [u64; 4] {
    let answer = json_of(output);
    ["given", "already", "refused", "not_sent"]
        .map(|name| answer[name].as_u64().unwrap_or_else(|| panic!("{output:?}")))
}

/// A NISS that nobody of the demo has, the same for the same number.
pub(crate) fn niss(number: u64) -> String {
    let (serial, rest) = (1 + number % 997, number / 997);
    let (day, rest) = (1 + rest % 28, rest / 28);
    let (month, year) = (1 + rest % 12, 20 + rest / 12);
    assert!(year < 48, "no more numbers");
    let nine = ((year * 100 + month) * 100 + day) * 1000 + serial;
    format!("{nine:09}{:02}", 97 - nine % 97)
}

/// A file of CSAM's with so many lines: to people whom nobody has registered, but the first, who is the son.
pub(crate) fn csam(lines: u64) -> String {
    let who = |number| if number == 0 { SON.to_owned() } else { niss(number) };
    (0..lines)
        .map(|number| format!("{};x{number}@example.org;;NL;file {number};20990101;\n", who(number)))
        .collect()
}

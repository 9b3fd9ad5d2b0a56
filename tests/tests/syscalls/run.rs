//! One run: a copy of the folder as it is before the operation, the process with the library in between, and its end.

use crate::check;
use procura_core::Millis;
use procura_ledger::{Clock, SystemClock};
use procura_tests::faults::{Operation, Said};
use procura_tests::folders::{copy, passing_folder};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What was found wrong, if anything.
pub type Outcome = Result<(), String>;

/// How long a process may take: a hang is a finding.
const PATIENCE: Duration = Duration::from_secs(60);

/// The n-th such call in this area (a first-level name of the folder) fails like that.
#[derive(Debug, Clone)]
pub struct Point {
    pub operation: Operation,
    pub area: String,
    pub call: String,
    pub number: u64,
    pub kind: &'static str,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, area, call, number, kind } = self;
        write!(f, "{} {area} {call} {number} {kind}", operation.name())
    }
}

/// What became of the process.
pub struct End {
    pub said: Vec<Said>,
    pub errors: String,
    pub status: ExitStatus,
}

/// An operation and the folder that it starts from.
pub struct Bench {
    pub operation: Operation,
    pub began: Millis,
    before: PathBuf,
    library: PathBuf,
}

impl Bench {
    pub fn new(operation: Operation, scratch: &Path, library: &Path) -> Self {
        let (began, library) = (SystemClock::default().now(), library.to_owned());
        let before = scratch.join(operation.name());
        fs::create_dir(&before).unwrap();
        operation.prepare(&before, began);
        let bench = Self { operation, began, before, library };
        if operation == Operation::Open {
            bench.leave_killed();
        }
        bench
    }

    /// Puts the folder of a process that was killed in the middle of its last append in the place of the one closed in order.
    fn leave_killed(&self) {
        let point = |number| Point {
            operation: Operation::Append,
            area: "main".into(),
            call: "fdatasync".into(),
            number,
            kind: "kill",
        };
        let (data, log) = (self.fresh(), self.log());
        let end = self.watch(data.path(), log.path(), Some(&point(9)), Operation::Append);
        assert_eq!(end.status.signal(), Some(9), "{}", end.errors);
        fs::remove_dir_all(&self.before).unwrap();
        copy(data.path(), &self.before);
    }

    /// A copy of the folder.
    pub fn fresh(&self) -> TempDir {
        let data = passing_folder();
        copy(&self.before, data.path());
        data
    }

    fn log(&self) -> tempfile::NamedTempFile {
        tempfile::NamedTempFile::new().unwrap()
    }

    /// The process's command line.
    pub fn command(&self, data: &Path) -> [OsString; 5] {
        self.command_of(self.operation, data, None)
    }

    fn command_of(&self, operation: Operation, data: &Path, kind: Option<&str>) -> [OsString; 5] {
        // What fails once works again within the second after which the ledger tries; what fails for good does not.
        let patience = if kind.is_some_and(|kind| kind.ends_with("-on")) { "2" } else { "60" };
        [
            env!("CARGO_BIN_EXE_fault_writer").into(),
            operation.name().into(),
            data.into(),
            self.began.0.to_string().into(),
            patience.into(),
        ]
    }

    /// Runs it with no fault: whether it came out right, and its calls in order of counting.
    pub fn count(&self) -> (Outcome, Vec<(String, String)>) {
        let (data, log) = (self.fresh(), self.log());
        let end = self.watch(data.path(), log.path(), None, self.operation);
        let calls = fs::read_to_string(log.path()).unwrap();
        let calls = calls.lines().map(|line| line.split_once(' ').unwrap());
        let calls = calls.map(|(area, call)| (area.to_owned(), call.to_owned())).collect();
        (check::all(self, data.path(), &end, None), calls)
    }

    /// Runs it with a fault: what is wrong with what came of it, and whether the call was reached.
    pub fn run(&self, point: &Point, is_loud: bool) -> (Outcome, bool) {
        let (data, log) = (self.fresh(), self.log());
        let end = self.watch(data.path(), log.path(), Some(point), self.operation);
        if is_loud {
            println!("{:#?}\n{}\n{:?}", end.said, end.errors, end.status);
        }
        let came = fs::read_to_string(log.path()).unwrap().contains("hit");
        let checked = std::panic::catch_unwind(|| check::all(self, data.path(), &end, came.then_some(point)));
        let panicked = |payload: Box<dyn std::any::Any + Send>| {
            let text = payload.downcast_ref::<String>().cloned();
            text.unwrap_or_else(|| "the check panicked".to_owned())
        };
        (checked.unwrap_or_else(|payload| Err(panicked(payload))), came)
    }

    fn watch(&self, data: &Path, log: &Path, point: Option<&Point>, operation: Operation) -> End {
        let [program, arguments @ ..] = self.command_of(operation, data, point.map(|point| point.kind));
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        command.env("LD_PRELOAD", &self.library).env("FAULT_FOLDER", data).env("FAULT_LOG", log);
        if let Some(Point { area, call, number, kind, .. }) = point {
            command.env("FAULT_POINT", format!("{area} {call} {number} {kind}"));
        }
        let mut child = command.spawn().unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |mut from: Box<dyn Read + Send>| {
            std::thread::spawn(move || {
                let mut text = String::new();
                from.read_to_string(&mut text).unwrap();
                text
            })
        };
        let (out, err) = (read(Box::new(out)), read(Box::new(err)));
        let (status, hung) = wait(&mut child);
        let (out, mut errors) = (out.join().unwrap(), err.join().unwrap());
        if hung {
            errors.push_str("\nit hung");
        }
        // The last line may be torn.
        let said = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        End { said, errors, status }
    }
}

fn wait(child: &mut Child) -> (ExitStatus, bool) {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return (status, false);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    (child.wait().unwrap(), true)
}

/// The library, compiled.
pub fn library(scratch: &Path) -> PathBuf {
    let (source, library) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/src/faults/calls.c"), scratch.join("calls.so"));
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(cc.status().expect("a C compiler must be there").success());
    library
}

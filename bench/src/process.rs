//! The server under test and the bare programs beside it: each in a process of its own, so that its processor time and memory
//! can be read.

use crate::Outcome;
use rustix::time::{ClockId, clock_gettime};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// What `utime` and `stime` in `/proc` are counted in: on Linux a hundredth of a second for every program.
const TICK_S: f64 = 0.01;
/// How long a program may take to end once it was asked to.
const END: Duration = Duration::from_secs(60);

/// A program that serves.
pub(crate) struct Served {
    child: Child,
    /// Held open: a program that writes to nobody ends.
    _out: BufReader<ChildStdout>,
    /// Where.
    pub(crate) address: SocketAddr,
    /// How long it took from its start to its first line.
    pub(crate) ready_s: f64,
}

impl Served {
    /// The server over a data folder.
    pub(crate) fn procura(data: &Path) -> Outcome<Self> {
        let program =
            std::env::var("PROCURA_SERVER").map_err(|_| "PROCURA_SERVER names no server; bench/run does")?;
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.arg("--config").arg(data.join("server.toml"));
        // As it is run: with its log, in a file.
        command.stderr(File::create(data.join("log"))?);
        Self::start(command)
    }

    /// A bare program of ours; it knows the keys of the citizens in a ledger's folder.
    pub(crate) fn bare(task: &str, data: &Path) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", task, "--citizens"]).arg(data.join("citizens"));
        command.arg("--kept").arg(data.join("kept-by-bare"));
        Self::start(command)
    }

    fn start(mut command: Command) -> Outcome<Self> {
        let began = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut out = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        out.read_line(&mut line)?;
        // "Procura on http://127.0.0.1:PORT: …"
        let address = line.split("http://").nth(1).and_then(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
            rest.get(..end)?.trim_end_matches(':').parse().ok()
        });
        let Some(address) = address else {
            drop(child.kill());
            drop(child.wait());
            return Err(format!("a program did not start: {line:?}").into());
        };
        Ok(Self { child, _out: out, address, ready_s: began.elapsed().as_secs_f64() })
    }

    /// The processor time that it has used, in seconds.
    pub(crate) fn cpu_s(&self) -> Outcome<f64> {
        cpu_s(&self.child.id().to_string())
    }

    /// Its memory: now, and the most there was, in bytes.
    pub(crate) fn memory_bytes(&self) -> Outcome<(f64, f64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib * 1024.0)
        };
        Ok((field("VmRSS:").ok_or("no VmRSS")?, field("VmHWM:").ok_or("no VmHWM")?))
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> Outcome {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > END {
                return Err("a server did not end".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The processor time that this thread has used, in microseconds: unlike the time of day it does not tell of neighbours.
pub(crate) fn thread_us() -> f64 {
    us(ClockId::ThreadCPUTime)
}

/// The processor time that all threads of this process have used, in microseconds.
pub(crate) fn process_us() -> f64 {
    us(ClockId::ProcessCPUTime)
}

fn us(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// The processor time that a process has used, in seconds.
fn cpu_s(pid: &str) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name before may hold anything but a closing parenthesis at its end.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    Ok((ticks(11).ok_or("no utime")? + ticks(12).ok_or("no stime")?) * TICK_S)
}

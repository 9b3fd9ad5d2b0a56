//! `status`: how a ledger is, for people. Of one that runs it asks the address for operators, or else the public one; what lies in
//! the data folder it reads in any case, so that one that does not run can be told of too. It changes nothing.

use crate::config::Config;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use procura_ledger::backup::{self, BackupError};
use procura_ledger::side::{SideError, SideFile};
use rustix::fs::statvfs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most that is read of an answer.
const MAX_BYTES: usize = 1 << 20;

/// Why nobody can tell.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// There is no ledger.
    #[error("{path} holds no ledger: {source}", path = path.display())]
    NoLedger {
        /// Where it was looked for.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was signed last can't be read.
    #[error(transparent)]
    Side(#[from] SideError),
    /// The backups can't be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

impl StatusError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoLedger { .. } => "no_ledger",
            Self::Side(error) => error.name(),
            Self::Backup(error) => error.name(),
        }
    }
}

/// How a ledger is: lines of a name and what is to be said.
#[derive(Debug)]
pub struct Status {
    lines: Vec<(&'static str, String)>,
    is_ready: bool,
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|(name, text)| writeln!(out, "{name:<11} {text}"))
    }
}

impl Status {
    /// Whether the server runs and takes submissions.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Looks and asks.
    ///
    /// # Errors
    /// [`StatusError`].
    pub async fn of(config: &Config) -> Result<Self, StatusError> {
        let path = config.data.join("origin");
        let origin = std::fs::read_to_string(&path)
            .map_err(|source| StatusError::NoLedger { path: config.data.clone(), source })?;
        let mut status = Self { lines: Vec::new(), is_ready: false };
        let metrics = status.server(config, origin.trim()).await;
        status.says("ledger", origin.trim().to_owned());
        status.signed(&config.data.join("ledger/side"))?;
        if let Some(metrics) = metrics {
            status.measured(&metrics);
        }
        status.backups(config)?;
        status.room(&config.data);
        Ok(status)
    }

    fn says(&mut self, name: &'static str, text: String) {
        self.lines.push((name, text));
    }

    /// Whether it runs, and how that is; its metrics, if it tells them.
    async fn server(&mut self, config: &Config, origin: &str) -> Option<BTreeMap<String, f64>> {
        let Some(address) = config.admin_listen else {
            self.public(config, origin).await;
            return None;
        };
        match get(address, "/readyz").await {
            Ok(ready) => self.runs(address, &ready),
            Err(why) => self.says("server", format!("does not run: nobody answers on {address} ({why})")),
        }
        get(address, "/metrics").await.ok().map(|text| samples(&text))
    }

    async fn public(&mut self, config: &Config, origin: &str) {
        let address = config.listen;
        if config.tls.is_some() {
            let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
            return match connected {
                Ok(Ok(_)) => self.says(
                    "server",
                    format!("somebody listens on {address}; admin_listen lets status ask how it is"),
                ),
                _ => self.says("server", format!("does not run: nobody listens on {address}")),
            };
        }
        let log = get(address, "/v1/log").await;
        let log =
            log.and_then(|text| serde_json::from_str::<Value>(&text).map_err(|error| error.to_string()));
        match (log, get(address, "/readyz").await) {
            (Ok(log), Ok(ready)) => match log.get("origin").and_then(Value::as_str) {
                Some(served) if served == origin => self.runs(address, &ready),
                _ => self.says("server", format!("does not run: {address} is another ledger's, or none's")),
            },
            (Err(why), _) | (_, Err(why)) => {
                self.says("server", format!("does not run: nobody answers on {address} ({why})"));
            }
        }
    }

    fn runs(&mut self, address: SocketAddr, ready: &str) {
        let ready: Value = serde_json::from_str(ready).unwrap_or_default();
        self.is_ready = ready.get("status").is_some_and(|status| status == "ok");
        let how = match ready.get("reason").and_then(Value::as_str) {
            Some(reason) => format!("takes no submissions: {reason}; its log says why"),
            None if self.is_ready => "ready".to_owned(),
            None => "says nothing of how it is".to_owned(),
        };
        self.says("server", format!("runs, {address}: {how}"));
    }

    /// The last checkpoint, which the side file has whether or not anybody runs.
    fn signed(&mut self, side: &Path) -> Result<(), StatusError> {
        let Some(mark) = SideFile::peek(side)? else {
            self.says(
                "checkpoint",
                "none is known here: nothing was signed since the side file was lost".to_owned(),
            );
            return Ok(());
        };
        let written = std::fs::metadata(side).and_then(|found| found.modified()).ok();
        let when = written.map_or_else(String::new, |at| format!(", signed {}", ago(at)));
        self.says("checkpoint", format!("{} entries{when}", mark.size.0));
        Ok(())
    }

    fn measured(&mut self, metrics: &BTreeMap<String, f64>) {
        let value = |name: &str| metrics.get(name).copied();
        if let Some(behind) = value("procura_unindexed_entries") {
            self.says("index", format!("{behind} entries to replay after a kill"));
        }
        if let (Some(now), Some(most)) = (value("procura_under_way"), value("procura_under_way_most")) {
            self.says("under way", format!("{now} of {most} submissions"));
        }
        let of = |family: &str| -> Vec<(String, f64)> {
            let begin = format!("{family}{{witness=\"");
            let named = metrics.iter().filter_map(|(name, value)| Some((name.strip_prefix(&begin)?, *value)));
            named.map(|(name, value)| (name.trim_end_matches("\"}").to_owned(), value)).collect()
        };
        let sizes: BTreeMap<_, _> = of("procura_witness_entries").into_iter().collect();
        for (name, is_absent) in of("procura_witness_absent") {
            let size = sizes.get(&name).copied().unwrap_or_default();
            let absent = if is_absent > 0.0 { ", absent" } else { "" };
            self.says("witness", format!("{name}: cosigned {size} entries{absent}"));
        }
    }

    fn backups(&mut self, config: &Config) -> Result<(), StatusError> {
        let Some(plan) = &config.backup else {
            self.says("backups", "none are made: backup_to names no folder".to_owned());
            return Ok(());
        };
        let to = plan.to.display();
        if !plan.to.exists() {
            self.says("backups", format!("none yet in {to}"));
            return Ok(());
        }
        let all = backup::list(&plan.to)?;
        let Some(newest) = all.last() else {
            self.says("backups", format!("none yet in {to}"));
            return Ok(());
        };
        let made = SystemTime::UNIX_EPOCH + Duration::from_millis(newest.made.0);
        let late = SystemTime::now().duration_since(made).is_ok_and(|age| age > plan.every * 2);
        let late = if late { "; the next is overdue" } else { "" };
        let size = newest.size.0;
        self.says(
            "backups",
            format!("{} in {to}, the newest of {size} entries, made {}{late}", all.len(), ago(made)),
        );
        Ok(())
    }

    fn room(&mut self, data: &Path) {
        if let Ok(found) = statvfs(data) {
            let free = found.f_bavail.saturating_mul(found.f_frsize) >> 20;
            self.says("disk", format!("{free} MiB free under {}", data.display()));
        }
    }
}

/// `2026-11-27T05:30:00Z, 12 s ago`.
fn ago(at: SystemTime) -> String {
    let age_s = SystemTime::now().duration_since(at).unwrap_or_default().as_secs();
    let age = match age_s {
        0..120 => format!("{age_s} s"),
        120..7200 => format!("{} min", age_s / 60),
        7200..172_800 => format!("{} h", age_s / 3600),
        _ => format!("{} days", age_s / 86400),
    };
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("{age} ago"), |time| format!("{time}, {age} ago"))
}

/// Each sample of a text of OpenMetrics, by its name and labels as they are written.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}

/// The body of an answer, whatever its status.
async fn get(address: SocketAddr, path: &str) -> Result<String, String> {
    tokio::time::timeout(PATIENCE, ask(address, path))
        .await
        .unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn ask(address: SocketAddr, path: &str) -> Result<String, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let (mut send, talk) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let talking = tokio::spawn(talk);
    let request = Request::get(path).header(header::HOST, address.to_string()).body(Empty::<Bytes>::new());
    let answer = send.send_request(request.map_err(|error| error.to_string())?).await;
    let body =
        Limited::new(answer.map_err(|error| error.to_string())?.into_body(), MAX_BYTES).collect().await;
    talking.abort();
    let bytes = body.map_err(|error| error.to_string())?.to_bytes();
    String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
}

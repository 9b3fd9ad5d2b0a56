//! What operators watch: counted as it happens, or looked up when somebody asks, and written as OpenMetrics 1.0.
//!
//! No label names anybody: a route is its template, a refusal its name.
//!
//! spec: http.md#metrics

use crate::app::App;
use axum::http::Method;
use procura_ledger::backup::Backup;
use procura_ledger::{Committed, Observer, State};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The media type of what [`Metrics::text`] writes.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Methods that are told apart; any other text is a client's own.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

type Route = [(&'static str, String); 1];
type Answered = [(&'static str, String); 3];
type Named = [(&'static str, String); 1];
type Seconds = Gauge<f64, AtomicU64>;

/// Every metric of a server.
pub struct Metrics {
    registry: Registry,
    /// What is told only where backups are made.
    of_backups: Registry,
    makes_backups: AtomicBool,
    requests: Family<Answered, Counter>,
    request_seconds: Family<Route, Histogram, fn() -> Histogram>,
    refusals: Family<Named, Counter>,
    submissions: Counter,
    entries: Counter,
    commit_seconds: Histogram,
    store_seconds: Histogram,
    batch: Histogram,
    size: Gauge,
    checkpoint_age: Seconds,
    unindexed: Gauge,
    fresh_bytes: Gauge,
    under_way: Gauge,
    under_way_most: Gauge,
    ready: Family<Named, Gauge>,
    backups: Counter,
    backups_failed: Counter,
    backup_time: Seconds,
    backup_size: Gauge,
    witness_size: Family<Named, Gauge>,
    witness_absent: Family<Named, Gauge>,
    quorum_size: Gauge,
    quorum_time: Seconds,
}

/// A third of a millisecond to ten seconds.
fn latency() -> Histogram {
    Histogram::new(exponential_buckets(0.000_33, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = Self {
            registry: Registry::with_prefix("procura"),
            of_backups: Registry::with_prefix("procura"),
            makes_backups: AtomicBool::new(false),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(latency),
            refusals: Family::default(),
            submissions: Counter::default(),
            entries: Counter::default(),
            commit_seconds: latency(),
            store_seconds: latency(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            size: Gauge::default(),
            checkpoint_age: Gauge::default(),
            unindexed: Gauge::default(),
            fresh_bytes: Gauge::default(),
            under_way: Gauge::default(),
            under_way_most: Gauge::default(),
            ready: Family::default(),
            backups: Counter::default(),
            backups_failed: Counter::default(),
            backup_time: Gauge::default(),
            backup_size: Gauge::default(),
            witness_size: Family::default(),
            witness_absent: Family::default(),
            quorum_size: Gauge::default(),
            quorum_time: Gauge::default(),
        };
        all.register();
        all
    }
}

impl Metrics {
    /// Names and explains them: the table of http.md#metrics.
    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("http_requests", "Answers by route, method and status", self.requests.clone());
        let help = "From a request's headers to its answer's";
        all.register_with_unit("http_request", help, Unit::Seconds, self.request_seconds.clone());
        all.register("refusals", "Answers that are problems, by the problem's name", self.refusals.clone());
        all.register("submissions", "Submissions that were decided on", self.submissions.clone());
        all.register("entries", "Entries that were stored", self.entries.clone());
        let help = "From the first look at a batch to where everybody can be told";
        all.register_with_unit("commit", help, Unit::Seconds, self.commit_seconds.clone());
        let help = "Of a commit the store's transaction, with its fsync";
        all.register_with_unit("store", help, Unit::Seconds, self.store_seconds.clone());
        all.register("batch_submissions", "Submissions in a batch; 0 is a heartbeat", self.batch.clone());
        all.register("log_entries", "Entries under the last checkpoint", self.size.clone());
        let help = "Since the last index commit: it grows beyond the heartbeat when nothing can be signed";
        all.register_with_unit("checkpoint_age", help, Unit::Seconds, self.checkpoint_age.clone());
        let help = "Entries that are replayed into the index after a kill";
        all.register("unindexed_entries", help, self.unindexed.clone());
        let help = "What of the index is in memory only";
        all.register_with_unit("index_fresh", help, Unit::Bytes, self.fresh_bytes.clone());
        all.register("under_way", "Submissions between their check and their answer", self.under_way.clone());
        let help = "How many may be under way before others are told to come again";
        all.register("under_way_most", help, self.under_way_most.clone());
        all.register("ready", "1 for what the ledger's state is now, 0 for the others", self.ready.clone());
        let help = "Entries under what each witness cosigned last";
        all.register("witness_entries", help, self.witness_size.clone());
        let help = "1 if it did not cosign when it was asked last";
        all.register("witness_absent", help, self.witness_absent.clone());
        let help = "Entries under the newest checkpoint that had the witnesses' quorum";
        all.register("quorum_entries", help, self.quorum_size.clone());
        let help = "The time of that quorum, Unix time; 0 if there are no witnesses or none had it yet";
        all.register_with_unit("quorum_time", help, Unit::Seconds, self.quorum_time.clone());
        let all = &mut self.of_backups;
        all.register("backups", "Backups made since the start", self.backups.clone());
        all.register("backups_failed", "Backups that could not be made", self.backups_failed.clone());
        let help = "When the newest backup was made, Unix time; 0 if there is none yet";
        all.register_with_unit("backup_time", help, Unit::Seconds, self.backup_time.clone());
        all.register("backup_entries", "Entries in that backup", self.backup_size.clone());
    }

    /// A request was answered; with the name of the problem, if it is one.
    pub(crate) fn answered(
        &self,
        (method, route, status): (&Method, &str, u16),
        problem: Option<&'static str>,
        took: Duration,
    ) {
        let known = METHODS.iter().find(|known| **known == method.as_str()).unwrap_or(&"other");
        let labels =
            [("route", route.to_owned()), ("method", (*known).to_owned()), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&[("route", route.to_owned())]).observe(took.as_secs_f64());
        if let Some(name) = problem {
            self.refusals.get_or_create(&[("name", name.to_owned())]).inc();
        }
    }

    pub(crate) fn backed_up(&self, made: &Backup) {
        self.backups.inc();
        self.newest_backup(Some(made));
    }

    /// Which backup is the newest. Until somebody says so, none are made here, and nothing is told of them.
    pub(crate) fn newest_backup(&self, newest: Option<&Backup>) {
        self.backup_time.set(seconds(newest.map_or(0, |backup| backup.made.0)));
        self.backup_size.set(newest.map_or(0, |backup| whole(backup.size.0)));
        self.makes_backups.store(true, Ordering::Release);
    }

    pub(crate) fn not_backed_up(&self) {
        self.backups_failed.inc();
    }

    /// All of them, as they stand now.
    pub(crate) fn text(&self, app: &App) -> Result<String, std::fmt::Error> {
        if let Some(now) = app.ledger().measures() {
            self.size.set(whole(now.size.0));
            self.checkpoint_age.set(seconds(app.now().0.saturating_sub(now.time.0)));
            self.unindexed.set(whole(now.size.0.saturating_sub(now.indexed.0)));
            self.fresh_bytes.set(whole(now.fresh_bytes));
        }
        let (under_way, most) = app.gate().count();
        self.under_way.set(whole(under_way));
        self.under_way_most.set(whole(most));
        if let Some(points) = app.witnesses() {
            for (name, size, is_absent) in points.members() {
                let labels = [("witness", name)];
                self.witness_size.get_or_create(&labels).set(whole(size.0));
                self.witness_absent.get_or_create(&labels).set(i64::from(is_absent));
            }
            if let Some((size, time_s)) = points.quorum() {
                self.quorum_size.set(whole(size.0));
                self.quorum_time.set(seconds(time_s.unwrap_or_default().saturating_mul(1000)));
            }
        }
        let state = state_name(&app.ledger().state());
        for name in STATES {
            self.ready.get_or_create(&[("state", (*name).to_owned())]).set(i64::from(*name == state));
        }
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        if self.makes_backups.load(Ordering::Acquire) {
            encode_registry(&mut text, &self.of_backups)?;
        }
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Observer for Metrics {
    #[expect(clippy::cast_precision_loss, reason = "a batch has at most 2^20 entries")]
    fn committed(&self, commit: &Committed) {
        self.submissions.inc_by(commit.submissions as u64);
        self.entries.inc_by(commit.entries as u64);
        self.commit_seconds.observe(commit.took.as_secs_f64());
        self.store_seconds.observe(commit.stored.as_secs_f64());
        self.batch.observe(commit.submissions as f64);
    }
}

/// Every state that a ledger can be in.
const STATES: &[&str] = &["ready", "read_only", "disk_full", "clock", "closed"];

/// A state's stable name.
pub(crate) fn state_name(state: &State) -> &'static str {
    match state {
        State::Ready => "ready",
        State::ReadOnly(_) => "read_only",
        State::DiskFull(_) => "disk_full",
        State::ClockStopped(_) => "clock",
        State::Closed => "closed",
    }
}

fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// Milliseconds as seconds; exact to the millisecond until the year 285,000.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

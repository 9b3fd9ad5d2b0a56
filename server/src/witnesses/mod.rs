//! Witnesses of this ledger: asked about once a second to cosign the newest checkpoint.
//!
//! One task takes the points, the others ask a witness each, so that one that does not answer delays nobody. What came of it
//! [`Points`] knows: what is published, on which state answers with a quorum are made, who is absent.
//!
//! spec: log.md#witness-points

mod address;
mod asker;
mod line;
mod points;

pub(crate) use points::Points;

use crate::app::App;
use crate::hooks::{HookError, client_config};
use address::Address;
use asker::Asker;
use points::Member;
use procura_core::note::NoteVerifier;
use procura_core::policy::{PolicyError, PolicyName, TlogPolicy};
use procura_ledger::View;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsConnector;

/// How often a point is taken.
const EVERY: Duration = Duration::from_secs(1);
/// How long a point waits for its quorum before the next one is taken.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often it is looked how far a point is.
const LOOK: Duration = Duration::from_millis(20);
/// The largest policy file.
const MAX_POLICY_BYTES: usize = 1 << 20;

/// How the ledger is witnessed.
#[derive(Debug, Clone)]
pub struct WitnessSettings {
    /// The witnesses and the quorum.
    pub policy: TlogPolicy,
    /// The same as it was written: published in the ledger's policy.
    pub text: String,
    /// The keys of those that are map-checkers: the ledger's policy asks for each.
    pub map_checkers: Vec<NoteVerifier>,
    /// Where the last checkpoint with a quorum is kept.
    pub kept: PathBuf,
    /// Certificates of authorities besides Mozilla's, PEM.
    pub ca: Option<PathBuf>,
}

/// Why the ledger is not witnessed.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The policy file can't be read.
    #[error("{path}: {why}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It is no policy.
    #[error("{path}: {source}", path = path.display())]
    Policy {
        /// Which.
        path: PathBuf,
        /// Why.
        source: PolicyError,
    },
    /// It names logs, and this ledger is none of them.
    #[error("the witnesses' policy names logs, but not {0}")]
    OtherLog(String),
    /// A map-checker that is no witness of the policy, or that its quorum does without.
    #[error(
        "the map-checker {0} must be a witness in the policy, and one that its quorum can't be had without"
    )]
    MapChecker(String),
    /// A witness's address is none.
    #[error(
        "the witness {0} has an address that is none: http:// or https://, a host, perhaps a port and a path"
    )]
    Address(String),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] HookError),
}

impl WitnessError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File { .. } => "witnesses_unreadable",
            Self::Policy { source, .. } => source.name(),
            Self::OtherLog(_) => "witnesses_other_log",
            Self::MapChecker(_) => "witnesses_map_checker",
            Self::Address(_) => "witnesses_address",
            Self::Tls(error) => error.name(),
        }
    }
}

impl WitnessSettings {
    /// Reads a C2SP tlog-policy file; what had its quorum last is kept in the folder `data`.
    ///
    /// # Errors
    /// [`WitnessError`]: `File`, `Policy`, `Address`.
    pub fn read(path: &Path, data: &Path, ca: Option<PathBuf>) -> Result<Self, WitnessError> {
        let wrong = |why: String| WitnessError::File { path: path.to_owned(), why };
        let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(wrong(format!("it has over {MAX_POLICY_BYTES} bytes")));
        }
        let policy = TlogPolicy::parse(&bytes)
            .map_err(|source| WitnessError::Policy { path: path.to_owned(), source })?;
        // Published as JSON, so it must be text.
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        addresses(&policy)?;
        Ok(Self { policy, text, map_checkers: Vec::new(), kept: data.join("witnessed-checkpoint"), ca })
    }

    /// The same, with those among the witnesses of which readers want a cosignature of their own. What is published must always
    /// have it, or they would believe nothing.
    ///
    /// # Errors
    /// [`WitnessError::MapChecker`].
    pub fn checked_by(mut self, names: &[String]) -> Result<Self, WitnessError> {
        for name in names {
            let unknown = || WitnessError::MapChecker(name.clone());
            let witness = self.policy.witnesses().get(name.as_bytes()).ok_or_else(unknown)?;
            let others = self.policy.witnesses().keys().filter(|other| other.as_slice() != name.as_bytes());
            if self.policy.quorum(&others.map(|other| (other.clone(), 1)).collect()).is_some() {
                return Err(unknown());
            }
            self.map_checkers.push(witness.key.clone());
        }
        Ok(self)
    }
}

/// A witness's name in the policy, and where it is asked, if the policy says so.
type Place = (PolicyName, Option<Address>);

fn addresses(policy: &TlogPolicy) -> Result<Vec<Place>, WitnessError> {
    let each = policy.witnesses().iter().map(|(name, witness)| {
        let url = witness.url.as_deref();
        let wrong = || WitnessError::Address(String::from_utf8_lossy(name).into_owned());
        let address = url.map(|url| Address::parse(url).ok_or_else(wrong)).transpose()?;
        Ok((name.clone(), address))
    });
    each.collect()
}

/// Witnesses that are being asked. When it is dropped nobody is any more: what they cosigned meanwhile they say at the next start.
pub struct Witnesses {
    tasks: Vec<JoinHandle<()>>,
}

impl Witnesses {
    /// Begins to ask; within a tokio runtime. From now on `/checkpoint` is what had its quorum.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn start(app: &App, settings: WitnessSettings) -> Result<Self, WitnessError> {
        let ledger = app.ledger();
        let logs = settings.policy.logs();
        let keys = ledger.log_keys();
        if !logs.is_empty() && !logs.iter().any(|log| keys.iter().any(|key| key.key == log.key)) {
            let keys: Vec<String> = keys.iter().map(|key| key.key.to_string()).collect();
            return Err(WitnessError::OtherLog(keys.join(", ")));
        }
        let tls = TlsConnector::from(Arc::new(client_config(settings.ca.as_ref())?));
        let addresses = addresses(&settings.policy)?;
        let points = Arc::new(Points::new(ledger, settings));
        app.publish_witnesses(Arc::clone(&points));
        let (point, _) = watch::channel(ledger.view());
        let mut tasks = Vec::new();
        for (name, address) in addresses {
            match address {
                Some(address) => {
                    let (app, points, tls) = (app.clone(), Arc::clone(&points), tls.clone());
                    let asker = Asker::new(app, points, name, address, tls);
                    tasks.push(tokio::spawn(asker.run(point.subscribe())));
                }
                None => points.update(&name, |member| member.fails(points::NO_URL)),
            }
        }
        tasks.push(tokio::spawn(take_points(app.clone(), points, point)));
        Ok(Self { tasks })
    }
}

impl Drop for Witnesses {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Takes a point about once a second: the newest checkpoint, if it is not the last point.
async fn take_points(app: App, points: Arc<Points>, point: watch::Sender<View>) {
    loop {
        let taken = Instant::now();
        points.begin(app.ledger().view(), &point);
        // A point that every witness has answered to, or that has its quorum, makes room for the next one.
        while taken.elapsed() < EVERY || (taken.elapsed() < PATIENCE && points.is_under_way()) {
            sleep(LOOK).await;
        }
        points.let_go(app.ledger().view().size());
    }
}

/// What is said of the witnesses in `/v1/log`.
pub(crate) fn describe(points: &Points) -> serde_json::Value {
    points.describe(|name, vkey, member: &Member| {
        let mut told = serde_json::json!({"name": name, "vkey": vkey});
        if let Some(told) = told.as_object_mut() {
            let mut put = |key: &str, value: Option<serde_json::Value>| {
                value.map(|value| told.insert(key.to_owned(), value));
            };
            put("size", member.cosigned().map(|(size, _)| serde_json::json!(size)));
            put("time", member.cosigned().map(|(_, time_s)| serde_json::json!(time_s.saturating_mul(1000))));
            put("failure", member.failure().map(|failure| serde_json::json!(failure)));
        }
        told
    })
}

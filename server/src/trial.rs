//! A ledger to try things out with: keys made by itself, a root of one key, an origin that says so, the loopback only.
//!
//! Nothing makes a real ledger of it: entry 0 says that it is a trial, and with it every receipt.

use crate::enrol::{By, EnrolError, Enrolled, NewParty, Writer};
use crate::log_keys::{self, LogKeyError};
use crate::private::{self, PrivateError};
use crate::vrf_key;
use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::{Identifier, IdentifierError};
use procura_core::key::{PublicKey, SignError, Signer, SoftKey};
use procura_core::kinds::PartyType;
use procura_core::root_file::{RootFile, RootFileError};
use procura_core::submission::Submission;
use procura_ledger::backup::{self, Backup, BackupError, Restored};
use procura_ledger::{Clock, Ledger, OpenError, Options, Random, Registrar, Setup};
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Begins the origin of every trial.
const PREFIX: &str = "trial/";
/// In the data folder: entry 0's record with its signatures, for whoever signs further records of the root's.
pub(crate) const ROOT_FILE: &str = "root.json";
/// How long a recovery key waits, unless somebody tries out what comes after: 72 hours.
pub const KEY_DELAY: Duration = Duration::from_secs(72 * 3600);

/// Why there is no trial ledger.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// A file of the data folder.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The ledger does not open.
    #[error("the ledger in {path} does not open: {source}", path = path.display())]
    Open {
        /// Where.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// A record of the ledger's own could not be written.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// A log key.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
    /// The root's record.
    #[error(transparent)]
    Root(#[from] RootFileError),
    /// A key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// An identifier of our own is none.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// The backup that it was to be made of.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is another ledger's name in the data folder.
    #[error("{path} names another ledger than the backup, {origin}: restore into a folder of its own", path = path.display())]
    OtherOrigin {
        /// The file with the name.
        path: PathBuf,
        /// The backup's.
        origin: String,
    },
    /// A file of the root's.
    #[error("{path}: {source}", path = path.display())]
    RootFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a ledger, and no key that could be its log's.
    #[error(
        "there is no log key in {}: put it back, or begin with another one by the root's word (--new-log-key, --succession)", .0.display()
    )]
    NoLogKey(PathBuf),
    /// The VRF key is not the one that the root's record states.
    #[error(
        "the VRF key in {} is not there, or not the one that the root's record states: make it first (--new-vrf-key), and begin the record with it", .0.display()
    )]
    VrfKey(PathBuf),
    /// Somebody else could reach it.
    #[error("a trial ledger listens on the loopback only, not on {0}: its keys were made for trying out")]
    Address(SocketAddr),
}

impl TrialError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Private(error) => error.name(),
            Self::Open { .. } => "trial_open",
            Self::Enrol(error) => error.name(),
            Self::LogKey(error) => error.name(),
            Self::Root(error) => error.name(),
            Self::Sign(error) => error.name(),
            Self::Identifier(error) => error.name(),
            Self::Backup(error) => error.name(),
            Self::OtherOrigin { .. } => "other_origin",
            Self::RootFile { .. } => "root_file",
            Self::NoLogKey(_) => "no_log_key",
            Self::VrfKey(_) => "vrf_key",
            Self::Address(_) => "trial_address",
        }
    }
}

/// A trial ledger that takes submissions.
pub struct Trial {
    /// The ledger.
    pub ledger: Ledger,
    /// Its root key: it registers institutions.
    pub root: SoftKey,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its randomness.
    pub random: Arc<dyn Random>,
    /// Signs its webhooks.
    pub webhooks: WebhookKey,
}

/// The key that signs webhooks.
#[derive(Clone)]
pub struct WebhookKey {
    /// It.
    pub signer: Arc<dyn Signer>,
    /// The note by which the log's key vouches for it.
    pub note: String,
}

/// Whether nothing in the ledger of this origin binds anybody.
#[must_use]
pub fn is_trial(origin: &str) -> bool {
    origin.starts_with(PREFIX)
}

/// A trial is served on the loopback only; no setting changes that.
///
/// # Errors
/// [`TrialError::Address`].
pub fn check_address(origin: &str, address: SocketAddr) -> Result<(), TrialError> {
    if is_trial(origin) && !address.ip().is_loopback() { Err(TrialError::Address(address)) } else { Ok(()) }
}

/// Opens the trial ledger in `data`, or makes one: `keys/`, `ledger/`, `origin`.
///
/// # Errors
/// [`TrialError`].
pub fn start(data: &Path, options: Options) -> Result<Trial, TrialError> {
    start_with(data, KEY_DELAY, options)
}

/// The same; in one that it makes, a recovery key waits for `key_delay`, in whole seconds.
///
/// # Errors
/// [`TrialError`].
pub fn start_with(data: &Path, key_delay: Duration, options: Options) -> Result<Trial, TrialError> {
    let (clock, random) = (Arc::clone(&options.clock), Arc::clone(&options.random));
    let (keys, folder) = (data.join("keys"), data.join("ledger"));
    private::folder(&keys)?;
    let root = private::key(&keys.join("root.json"), "root", &*random)?;
    // Before the ledger: a start that broke off finds the same name again.
    let origin = private::text(&data.join("origin"), || new_origin(&*random))?;
    if !folder.exists() {
        let log_key = log_keys::first(&keys, &*random)?;
        let vrf = vrf_key::first(&keys, &*random)?;
        let setup = setup(&origin, (&root, vrf.public_key(), key_delay), log_key, &*clock, &*random)?;
        let file = RootFile::of_one(setup.root.clone())?;
        private::write(&data.join(ROOT_FILE), file.to_json().as_bytes())?;
        make(&folder, setup, &[], Options { vrf: Some(vrf), ..options.clone() })?;
    }
    let Opened { ledger, clock, random, webhooks } = open(data, &origin, options)?;
    let trial = Trial { ledger, root, clock, random, webhooks };
    trial.enrol_registrar(&keys)?;
    Ok(trial)
}

/// Makes the ledger of a data folder out of a backup: `ledger/`, and `origin` as the backup says. Keys are no part of a backup: who
/// keeps them puts them into `keys/`, before or after. What the files in `erased` say is erased does not come back. A server on it answers questions and takes nothing.
///
/// # Errors
/// [`TrialError`]: there is no ledger then.
pub fn restore(path: &Path, data: &Path, erased: &[PathBuf]) -> Result<Restored, TrialError> {
    let origin = Backup::read(path)?.origin;
    let named = data.join("origin");
    // Another ledger's keys and name are not mixed with this one's.
    if named.exists() && private::text(&named, || Ok(origin.clone()))? != origin {
        return Err(TrialError::OtherOrigin { path: named, origin });
    }
    private::folder(data)?;
    let restored = backup::restore(path, &data.join("ledger"), erased)?;
    private::text(&named, || Ok(origin))?;
    Ok(restored)
}

/// A trial ledger in memory, for tests and examples; `scratch` holds the keys it makes.
///
/// # Errors
/// [`TrialError`].
pub fn in_memory(scratch: &Path, options: Options) -> Result<Trial, TrialError> {
    let (clock, random) = (Arc::clone(&options.clock), Arc::clone(&options.random));
    let keys = scratch.join("keys");
    private::folder(&keys)?;
    let log_key = log_keys::first(&keys, &*random)?;
    let root = private::key(&keys.join("root.json"), "root", &*random)?;
    let origin = new_origin(&*random)?;
    let vrf = vrf_key::first(&keys, &*random)?;
    let root_keys = (&root, vrf.public_key(), KEY_DELAY);
    let setup = setup(&origin, root_keys, Arc::clone(&log_key), &*clock, &*random)?;
    let ledger = Ledger::in_memory(setup, Options { vrf: Some(vrf), ..options })
        .map_err(|source| TrialError::Open { path: scratch.to_owned(), source })?;
    let webhooks = webhook_key(&keys, &origin, &[log_key], &*random)?;
    let trial = Trial { ledger, root, clock, random, webhooks };
    trial.enrol_registrar(&keys)?;
    Ok(trial)
}

/// A ledger that is open, a trial or not.
pub struct Opened {
    /// The ledger.
    pub ledger: Ledger,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its randomness.
    pub random: Arc<dyn Random>,
    /// Signs its webhooks.
    pub webhooks: WebhookKey,
}

/// Opens the ledger of a data folder, with the log keys that are there.
pub(crate) fn open(data: &Path, origin: &str, options: Options) -> Result<Opened, TrialError> {
    let (clock, random) = (Arc::clone(&options.clock), Arc::clone(&options.random));
    let (keys, folder) = (data.join("keys"), data.join("ledger"));
    let log_keys = log_keys::found(&keys)?;
    let (log_key, also_signs) = log_keys.split_first().ok_or_else(|| TrialError::NoLogKey(keys.clone()))?;
    let vrf = vrf_key::found(&keys)?;
    let options = Options { also_signs: also_signs.to_vec(), vrf, ..options };
    let ledger = Ledger::open(&folder, origin, Arc::clone(log_key), options)
        .map_err(|source| TrialError::Open { path: folder, source })?;
    let webhooks = webhook_key(&keys, origin, &log_keys, &*random)?;
    Ok(Opened { ledger, clock, random, webhooks })
}

/// The root's word that another key signs, as a file of `procura root` holds it.
///
/// # Errors
/// [`TrialError`].
pub fn succession(path: &Path) -> Result<Vec<Submission>, TrialError> {
    let read = || {
        RootFile::parse(&std::fs::read(path)?).and_then(|file| file.submissions()).map_err(io::Error::other)
    };
    read().map_err(|source| TrialError::RootFile { path: path.to_owned(), source })
}

/// The key of webhooks, made at the first start; each start vouches for it anew, by every log key that is here.
fn webhook_key(
    keys: &Path,
    origin: &str,
    log_keys: &[Arc<dyn Signer>],
    random: &dyn Random,
) -> Result<WebhookKey, TrialError> {
    let signer = private::key(&keys.join("webhooks.json"), "webhooks", random)?;
    let note = log_keys::vouch(origin, log_keys, &signer)?;
    Ok(WebhookKey { signer: Arc::new(signer), note })
}

/// Makes a ledger beside its place and moves it there: after a crash it is there whole, or not at all.
pub(crate) fn make(
    folder: &Path,
    setup: Setup,
    acceptances: &[Submission],
    options: Options,
) -> Result<(), TrialError> {
    let new = folder.with_extension("new");
    if new.exists() {
        private::remove_folder(&new)?;
    }
    let ledger = Ledger::init(&new, setup, options)
        .map_err(|source| TrialError::Open { path: new.clone(), source })?;
    for acceptance in acceptances {
        ledger.append(acceptance.clone()).map_err(|source| {
            let step = "the root's acceptance".to_owned();
            TrialError::Enrol(EnrolError::Submit { step, source })
        })?;
    }
    ledger.close();
    drop(ledger);
    Ok(private::rename(&new, folder)?)
}

fn new_origin(random: &dyn Random) -> Result<String, PrivateError> {
    Ok(format!("{PREFIX}{:016x}", u64::from_be_bytes(private::fresh(random)?)))
}

fn setup(
    origin: &str,
    (root, vrf_key, key_delay): (&SoftKey, &PublicKey, Duration),
    log_key: Arc<dyn Signer>,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Setup, TrialError> {
    let occasion = Occasion { origin, nonce: private::fresh(random)?, now: clock.now() };
    Ok(Setup { origin: origin.to_owned(), root: root_record(&occasion, root, vrf_key, key_delay)?, log_key })
}

/// Entry 0: one key, a quorum of one, a trial.
fn root_record(
    occasion: &Occasion<'_>,
    root: &SoftKey,
    vrf_key: &PublicKey,
    key_delay: Duration,
) -> Result<Submission, SignError> {
    let key = root.public_key();
    Draft::new("root", occasion)
        .member("keys", json!([key.jwk()]))
        .member("quorum", json!(1))
        .member("key_delay", json!(key_delay.as_secs().saturating_mul(1000)))
        .member("trial", json!(true))
        .vrf_key(vrf_key)
        .sign(&key.thumbprint(), root)
}

impl Trial {
    /// What it is besides a trial.
    #[must_use]
    pub fn opened(&self) -> Opened {
        let (ledger, webhooks) = (self.ledger.clone(), self.webhooks.clone());
        Opened { ledger, clock: Arc::clone(&self.clock), random: Arc::clone(&self.random), webhooks }
    }

    /// A writer of records that keeps them in `folder`.
    ///
    /// # Errors
    /// [`PrivateError`] if the folder can't be made.
    pub fn writer(&self, folder: PathBuf) -> Result<Writer, PrivateError> {
        private::folder(&folder)?;
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        Ok(Writer { ledger: self.ledger.clone(), folder, clock, random })
    }

    /// The ledger's own registrar, who prepares parties that nobody has registered yet.
    fn enrol_registrar(&self, keys: &Path) -> Result<(), TrialError> {
        let (path, name) = (keys.join("provisional.json"), "provisional registrar");
        let key: Arc<dyn Signer> = Arc::new(private::key(&path, name, &*self.random)?);
        let writer = self.writer(keys.join("records"))?;
        let thumbprint = self.root.public_key().thumbprint();
        let root = By { kid: &thumbprint, signer: &self.root };
        let party = writer.party(
            "provisional-party",
            root,
            &NewParty {
                party_type: PartyType::Institution,
                identifier: Identifier::new("ledger", "provisional")?,
                name: "This ledger, for parties that nobody has registered yet",
                roles: &["provisional"],
                level: None,
            },
        )?;
        let kid = writer.key("provisional-key", root, &party, &*key)?;
        let enrolled = Enrolled { party, kid, signer: Arc::clone(&key) };
        private::label_key(&path, name, &enrolled)?;
        self.ledger.set_provisional(Registrar { kid, signer: key });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a trial can't be served to others. Method: addresses on and off the loopback.

    use super::*;

    #[test]
    fn a_trial_listens_on_the_loopback_only() {
        for address in ["127.0.0.1:8080", "127.0.0.2:0", "[::1]:8080"] {
            assert!(check_address("trial/0", address.parse().unwrap()).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080", "[2001:db8::1]:1"] {
            let error = check_address("trial/0", address.parse().unwrap()).unwrap_err();
            assert!(matches!(error, TrialError::Address(_)), "{address}");
            assert!(check_address("example.org/ledger", address.parse().unwrap()).is_ok());
        }
    }
}

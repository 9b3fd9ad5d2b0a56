//! Webhooks: what a stream of events would tell a party, sent to where it registered that it wants to be told.
//!
//! Each hook has a teller of its own, which walks the party's list from where it was left. One task looks for hooks and
//! rings the bells of those for whom there is something; so what a receiver costs that does not answer is a task that sleeps.
//!
//! spec: http.md#webhooks

mod cursors;
mod line;
mod target;
mod teller;

use crate::api::problem::Problem;
use crate::app::App;
use cursors::Cursors;
use procura_core::key::Signer;
use procura_core::kinds::Content;
use procura_core::status::Status;
use procura_core::{Hash, Index, Size};
use procura_ledger::{ListMark, View};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use teller::{Hook, Teller};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_rustls::TlsConnector;

/// How often it is looked for something new.
const LOOK: Duration = Duration::from_millis(100);
/// How often it is written how far hooks were told.
const SAVE: Duration = Duration::from_secs(1);
/// How long what is under way is given once the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// The most receivers that are told at the same moment.
const SLOTS: usize = 256;
/// The most hooks that are read at a time.
const PAGE: usize = 256;

/// How webhooks are sent.
#[derive(Clone)]
pub struct HookSettings {
    /// Signs messages: a key for nothing else.
    pub signer: Arc<dyn Signer>,
    /// The note by which the log's key vouches for it.
    pub note: String,
    /// Where it is kept how far hooks were told.
    pub cursors: PathBuf,
    /// Addresses that are not public, or not at port 443, and may be reached all the same.
    pub allow: Vec<SocketAddr>,
    /// Certificates of authorities besides Mozilla's, PEM.
    pub ca: Option<PathBuf>,
}

/// Why no webhooks are sent.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The file of certificates.
    #[error("{path} holds no certificates in PEM: {why}", path = path.display())]
    Ca {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The TLS library.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

impl HookError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ca { .. } => "webhooks_ca",
            Self::Tls(_) => "webhooks_tls",
        }
    }
}

/// Why a message was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Failure {
    #[error("the name has no address")]
    Unresolved,
    #[error(
        "no address of the name may be reached: only public ones at port 443, and those in webhooks.allow"
    )]
    Refused,
    #[error("nobody answers at its address")]
    Unreachable,
    #[error("no TLS connection that can be trusted")]
    Tls,
    #[error("the connection broke off, or it was not HTTP")]
    Http,
    #[error("no answer in time")]
    Timeout,
    #[error("answered with {0}")]
    Status(u16, Asked),
    #[error("the message could not be signed")]
    Unsigned,
}

/// For how long a receiver that is overloaded asks to be left alone: Retry-After of a 429 or 503.
type Asked = Option<Duration>;

impl Failure {
    /// For how long no message is wanted.
    const fn asked(self) -> Asked {
        match self {
            Self::Status(_, asked) => asked,
            _ => None,
        }
    }

    /// Its stable name, for the hook's party.
    const fn name(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Timeout => "timeout",
            Self::Status(..) => "status",
            Self::Unsigned => "unsigned",
        }
    }
}

/// Of webhooks what is published.
pub(crate) struct Webhooks {
    /// The note by which the log's key vouches for theirs.
    pub(crate) note: String,
    /// How far hooks were told.
    pub(crate) cursors: Cursors,
    failures: Mutex<HashMap<Hash, Failure>>,
}

impl Webhooks {
    /// Why a hook's next message was not received yet.
    pub(crate) fn failure(&self, hook: &Hash) -> Option<&'static str> {
        self.lock().get(hook).map(|failure| failure.name())
    }

    fn fails(&self, hook: &Hash, failure: Option<Failure>) {
        match failure {
            Some(failure) => self.lock().insert(*hook, failure),
            None => self.lock().remove(hook),
        };
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, Failure>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all tellers have.
struct Shared {
    app: App,
    signer: Arc<dyn Signer>,
    tls: TlsConnector,
    allow: Vec<SocketAddr>,
    webhooks: Arc<Webhooks>,
    slots: Semaphore,
    /// Nothing more is sent.
    is_over: AtomicBool,
}

/// Webhooks that are being sent. When it is dropped nothing more is.
pub struct Hooks {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Hooks {
    /// Begins to send; within a tokio runtime. From now on the server publishes the key.
    ///
    /// # Errors
    /// [`HookError`].
    pub fn start(app: App, settings: HookSettings) -> Result<Self, HookError> {
        let tls = TlsConnector::from(Arc::new(client_config(settings.ca.as_ref())?));
        let (note, cursors) = (settings.note, Cursors::read(settings.cursors));
        let webhooks = Arc::new(Webhooks { note, cursors, failures: Mutex::default() });
        app.publish_webhooks(Arc::clone(&webhooks));
        let shared = Arc::new(Shared {
            app,
            signer: settings.signer,
            tls,
            allow: settings.allow,
            webhooks,
            slots: Semaphore::new(SLOTS),
            is_over: AtomicBool::new(false),
        });
        let task = tokio::spawn(Watch::new(Arc::clone(&shared)).run());
        Ok(Self { shared, task })
    }

    /// Ends it, and writes how far hooks were told. What is under way is given a moment, so that it isn't sent again.
    pub async fn stop(mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let all = u32::try_from(SLOTS).unwrap_or(u32::MAX);
        drop(tokio::time::timeout(LAST_ANSWERS, self.shared.slots.acquire_many(all)).await);
        self.task.abort();
        drop((&mut self.task).await);
        let shared = Arc::clone(&self.shared);
        drop(tokio::task::spawn_blocking(move || shared.webhooks.cursors.save()).await);
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Trusts Mozilla's authorities, and the operator's.
pub(crate) fn client_config(ca: Option<&PathBuf>) -> Result<ClientConfig, HookError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca {
        let wrong = |why: String| HookError::Ca { path: path.clone(), why };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
        let before = roots.len();
        for certificate in certificates {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(wrong("there is none".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// A hook that has a teller.
struct Told {
    party: Hash,
    mark: Option<ListMark>,
    bell: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks for hooks, and for what there is to tell them.
struct Watch {
    shared: Arc<Shared>,
    hooks: HashMap<Hash, Told>,
    /// The last hook that was found.
    last: Option<Index>,
    seen: Option<Size>,
}

/// What a look found.
struct Found {
    size: Size,
    last: Option<Index>,
    new: Vec<Hook>,
    marks: Vec<(Hash, Option<ListMark>)>,
}

impl Watch {
    fn new(shared: Arc<Shared>) -> Self {
        Self { shared, hooks: HashMap::new(), last: None, seen: None }
    }

    async fn run(mut self) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut saved = Instant::now();
        // Until it is aborted: what is under way when the server stops is given a moment.
        loop {
            ticks.tick().await;
            if self.seen != Some(self.shared.app.ledger().view().size()) {
                // Too busy to be read: in a moment again.
                if let Ok(found) = self.look().await {
                    self.take(found);
                }
            }
            if saved.elapsed() >= SAVE {
                let shared = Arc::clone(&self.shared);
                drop(tokio::task::spawn_blocking(move || shared.webhooks.cursors.save()).await);
                saved = Instant::now();
            }
        }
    }

    async fn look(&self) -> Result<Found, Problem> {
        let (mut last, parties) =
            (self.last, self.hooks.iter().map(|(id, told)| (*id, told.party)).collect::<Vec<_>>());
        let look = move |view: &View| {
            let mut new = Vec::new();
            loop {
                let page = view.hooks(last, PAGE)?;
                last = page.last().map(|found| found.logged.index).or(last);
                for found in &page {
                    let content = found.logged.opened.as_ref().map(|opened| opened.record.content());
                    if let (Some(Content::Hook(hook)), Some(Status::ACTIVE)) = (content, found.status) {
                        let (party, url) = (hook.party, hook.url.clone());
                        new.push(Hook { id: found.id, party, url, index: found.logged.index });
                    }
                }
                if page.len() < PAGE {
                    break;
                }
            }
            let marks = parties.iter().map(|(id, party)| Ok((*id, view.list_mark(party)?)));
            let marks = marks.collect::<Result<_, Problem>>()?;
            Ok(Found { size: view.size(), last, new, marks })
        };
        self.shared.app.read_long(look).await
    }

    fn take(&mut self, found: Found) {
        (self.seen, self.last) = (Some(found.size), found.last);
        self.hooks.retain(|_, told| !told.task.is_finished());
        for (id, mark) in found.marks {
            if let Some(told) = self.hooks.get_mut(&id)
                && told.mark != mark
            {
                told.mark = mark;
                told.bell.notify_one();
            }
        }
        for hook in found.new {
            let (id, party, bell) = (hook.id, hook.party, Arc::new(Notify::new()));
            let teller = Teller { shared: Arc::clone(&self.shared), hook, bell: Arc::clone(&bell) };
            let task = tokio::spawn(teller.run());
            self.hooks.insert(id, Told { party, mark: None, bell, task });
        }
    }
}

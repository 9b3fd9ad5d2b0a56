//! What all requests share: the ledger, the clock, the tokens in force, and where their work is done.

use crate::api::auth::{Bearer, Caller};
use crate::api::problem::Problem;
use crate::api::tokens::{Grant, Tokens};
use crate::api::{self, Drawn, Known, PageKey, Used};
use crate::config::Limits;
use crate::demo::Desk;
use crate::gate::Gate;
use crate::hooks::Webhooks;
use crate::metrics::Metrics;
#[cfg(feature = "oidc")]
use crate::oidc::Enrolment;
use crate::room::Room;
use crate::witnesses::Points;
use procura_core::{Hash, Millis, Size};
use procura_ledger::{Acknowledged, Clock, Ledger, Random, View};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The ledger over HTTP. Clones share one state.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] is made of besides its ledger.
#[derive(Clone)]
pub struct Settings {
    /// How clients reach the server: scheme and authority, no slash at the end.
    pub public_url: String,
    /// Whether entry bundles are for everybody.
    pub public_entries: bool,
    /// `max_age_s` of the policy in `/v1/log`.
    pub max_age_s: u64,
    /// How long every answer waits for a quorum of witnesses, where the client says nothing of it; `None`: not at all.
    pub witness_wait: Option<Duration>,
    /// Limits on connections and requests.
    pub limits: Limits,
    /// Static bearer tokens and the ids of their parties. Kept hashed.
    pub static_tokens: Vec<(String, Hash)>,
    /// What operators watch; the same that the ledger tells of its commits.
    pub metrics: Arc<Metrics>,
    /// What the time is: the clock that the ledger has.
    pub clock: Arc<dyn Clock>,
    /// Where tokens and request ids come from.
    pub random: Arc<dyn Random>,
}

struct Inner {
    ledger: Ledger,
    settings: Settings,
    tokens: RwLock<Tokens>,
    known: Known,
    used: Mutex<Used>,
    room: Room,
    gate: Arc<Gate>,
    bodies: Arc<Semaphore>,
    page_key: OnceLock<PageKey>,
    drawn: Drawn,
    /// Of webhooks what is published, if any are sent.
    webhooks: RwLock<Option<Arc<Webhooks>>>,
    /// What came of asking the witnesses, if the ledger has any.
    witnesses: RwLock<Option<Arc<Points>>>,
    desk: Option<Arc<Desk>>,
    /// Providers that say who somebody is, if there are any.
    #[cfg(feature = "oidc")]
    enrolment: OnceLock<Arc<Enrolment>>,
    /// The server is told to stop: what could go on for a while ends.
    is_stopping: AtomicBool,
}

impl App {
    /// Serves a ledger.
    #[must_use]
    pub fn new(ledger: Ledger, settings: Settings) -> Self {
        Self::of(ledger, settings, None)
    }

    /// Serves the demo's ledger, and its desk, where anybody is given the key of somebody fictional.
    #[must_use]
    pub fn with_desk(ledger: Ledger, settings: Settings, desk: Desk) -> Self {
        Self::of(ledger, settings, Some(Arc::new(desk)))
    }

    fn of(ledger: Ledger, mut settings: Settings, desk: Option<Arc<Desk>>) -> Self {
        let fixed = std::mem::take(&mut settings.static_tokens);
        let fixed = fixed.into_iter().map(|(token, party)| (api::tokens::hash_of(&token), party));
        Self(Arc::new(Inner {
            ledger,
            tokens: RwLock::new(Tokens::new(fixed)),
            known: Known::default(),
            used: Mutex::new(Used::new()),
            room: Room::new(),
            gate: Gate::new(settings.limits.queue),
            bodies: Arc::new(Semaphore::new(settings.limits.body_bytes / api::BODY_UNIT_BYTES)),
            page_key: OnceLock::new(),
            drawn: Drawn::default(),
            webhooks: RwLock::new(None),
            witnesses: RwLock::new(None),
            desk,
            #[cfg(feature = "oidc")]
            enrolment: OnceLock::new(),
            is_stopping: AtomicBool::new(false),
            settings,
        }))
    }

    /// Every route.
    pub fn router(&self) -> axum::Router {
        api::router(self.clone())
    }

    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// Ends what could go on for a while.
    pub(crate) fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the server is told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.is_stopping.load(Ordering::Relaxed)
    }

    /// The limits on connections and requests.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.settings.limits
    }

    /// Whether nothing in this ledger binds anybody.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        crate::trial::is_trial(self.0.ledger.origin())
    }

    /// The demo's desk; a ledger that is no demo has none.
    #[must_use]
    pub fn desk(&self) -> Option<&Arc<Desk>> {
        self.0.desk.as_ref()
    }

    /// Serves enrolment by identity providers too: to be said once, before [`App::router`].
    #[cfg(feature = "oidc")]
    pub fn enrol_with(&self, enrolment: Enrolment) {
        // A second one changes nothing.
        drop(self.0.enrolment.set(Arc::new(enrolment)));
    }

    /// Providers that say who somebody is, if there are any.
    #[cfg(feature = "oidc")]
    pub(crate) fn enrolment(&self) -> Option<&Arc<Enrolment>> {
        self.0.enrolment.get()
    }

    /// How somebody can come to a key here.
    pub(crate) fn doors(&self) -> api::Doors {
        #[cfg(feature = "oidc")]
        let has_providers = self.enrolment().is_some();
        #[cfg(not(feature = "oidc"))]
        let has_providers = false;
        api::Doors { has_desk: self.desk().is_some(), has_providers }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What `/metrics` answers, for whoever serves it elsewhere: OpenMetrics 1.0.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn metrics_text(&self) -> Result<String, std::fmt::Error> {
        self.metrics().text(self)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.settings.metrics
    }

    pub(crate) fn now(&self) -> Millis {
        self.0.settings.clock.now()
    }

    /// Fresh random bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Problem> {
        let mut bytes = [0; N];
        match self.0.settings.random.fill(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => {
                tracing::error!(%error, "the system has no randomness");
                Err(Problem::new("not_ready", "The server has no randomness now; try again."))
            }
        }
    }

    /// The key that tokens for pages are made with.
    pub(crate) fn page_key(&self) -> Result<PageKey, Problem> {
        if let Some(key) = self.0.page_key.get() {
            return Ok(*key);
        }
        let key = PageKey::new(self.random()?);
        Ok(*self.0.page_key.get_or_init(|| key))
    }

    /// How the log grew, as it was told last.
    pub(crate) fn drawn(&self) -> &Drawn {
        &self.0.drawn
    }

    /// Publishes what there is to say of webhooks.
    pub(crate) fn publish_webhooks(&self, webhooks: Arc<Webhooks>) {
        *self.0.webhooks.write().unwrap_or_else(PoisonError::into_inner) = Some(webhooks);
    }

    /// Of webhooks what is published, if any are sent.
    pub(crate) fn webhooks(&self) -> Option<Arc<Webhooks>> {
        self.0.webhooks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Publishes what comes of asking the witnesses.
    pub(crate) fn publish_witnesses(&self, points: Arc<Points>) {
        *self.0.witnesses.write().unwrap_or_else(PoisonError::into_inner) = Some(points);
    }

    /// What came of asking the witnesses, if the ledger has any.
    pub(crate) fn witnesses(&self) -> Option<Arc<Points>> {
        self.0.witnesses.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a witness point that covers `size`, as long as the wish says.
    pub(crate) async fn grant(&self, wish: &Wish, size: Size) {
        if let Some(points) = self.witnesses()
            && let Some(view) = points.covering(size, wish.0.until).await
        {
            drop(wish.0.view.set(view));
        }
    }

    /// What was acknowledged, as of a witness point that covers it, if the request that is answered wants that and it comes in time.
    pub(crate) async fn settled(&self, acknowledged: Acknowledged) -> Acknowledged {
        let Ok(wish) = WISH.try_with(Wish::clone) else { return acknowledged };
        self.grant(&wish, acknowledged.view.size()).await;
        match wish.0.view.get() {
            Some(view) => Acknowledged { view: view.clone(), ..acknowledged },
            None => acknowledged,
        }
    }

    /// The state that the request at hand is answered on: the newest, or the witness point that it wanted.
    fn view(&self) -> View {
        let wanted = WISH.try_with(|wish| wish.0.view.get().cloned());
        wanted.ok().flatten().unwrap_or_else(|| self.0.ledger.view())
    }

    pub(crate) fn find_token(&self, token: &Hash) -> Option<Grant> {
        let now = self.now();
        self.0.tokens.read().unwrap_or_else(PoisonError::into_inner).find(token, now)
    }

    pub(crate) fn tokens(&self) -> RwLockWriteGuard<'_, Tokens> {
        self.0.tokens.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Callers who were found already.
    pub(crate) fn known(&self) -> &Known {
        &self.0.known
    }

    /// The submissions under way.
    pub(crate) fn gate(&self) -> &Arc<Gate> {
        &self.0.gate
    }

    /// Room for large bodies, a permit for each [`api::BODY_UNIT_BYTES`].
    pub(crate) fn bodies(&self) -> &Arc<Semaphore> {
        &self.0.bodies
    }

    pub(crate) fn used(&self) -> MutexGuard<'_, Used> {
        lock(&self.0.used)
    }

    /// Where work is done.
    pub(crate) fn room(&self) -> &Room {
        &self.0.room
    }

    /// Reads a consistent state.
    pub(crate) async fn read<T>(&self, work: impl FnOnce(&View) -> Result<T, Problem>) -> Result<T, Problem> {
        self.0.room.read(|| work(&self.view())).await
    }

    /// Reads a consistent state where that may take a while.
    pub(crate) async fn read_long<T: Send + 'static>(
        &self,
        work: impl FnOnce(&View) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        // Taken once it is read, unless the request wants a certain one: that is known here, not where it is read.
        let (app, wish) = (self.clone(), WISH.try_with(Wish::clone).ok());
        let read =
            move || work(&wish.and_then(|wish| wish.0.view.get().cloned()).unwrap_or_else(|| app.view()));
        self.0.room.read_long(read).await
    }

    /// Reads on behalf of whoever sent the token, all on one state: authentication, authorization, answer.
    pub(crate) async fn ask<T>(
        &self,
        bearer: Bearer,
        work: impl FnOnce(&View, &Caller) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.read(|view| work(view, &Caller::find(self, view, bearer)?)).await
    }

    /// The same where it may take a while.
    pub(crate) async fn ask_long<T: Send + 'static>(
        &self,
        bearer: Bearer,
        work: impl FnOnce(&View, &Caller) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.clone();
        self.read_long(move |view| work(view, &Caller::find(&app, view, bearer)?)).await
    }
}

tokio::task_local! {
    /// What the request that is answered by this task wants of the witnesses.
    static WISH: Wish;
}

/// A request's wish to be answered where the quorum of witnesses stands.
#[derive(Clone)]
pub(crate) struct Wish(Arc<Wished>);

struct Wished {
    until: Instant,
    view: OnceLock<View>,
}

impl Wish {
    /// The wish of who waits so long.
    pub(crate) fn new(wait: Duration) -> Self {
        Self(Arc::new(Wished { until: Instant::now() + wait, view: OnceLock::new() }))
    }

    /// Answers a request that has it.
    pub(crate) async fn scope<T>(&self, answering: impl Future<Output = T>) -> T {
        WISH.scope(self.clone(), answering).await
    }

    /// Whether there was a witness point in time.
    pub(crate) fn is_granted(&self) -> bool {
        self.0.view.get().is_some()
    }
}

/// The tables behind these locks are whole between any two statements, so a panic elsewhere leaves them usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! How a mirror stands: what it reads, how old that is, and what is wrong.

use procura_core::tree::Root;
use procura_core::{Millis, Size};
use procura_ledger::mirror::{MirrorReader, MirrorView};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a ledger was found to do that it must not. Nothing is followed beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// Where the evidence is kept.
    pub evidence: String,
}

#[derive(Debug, Default)]
struct Known {
    published: Option<Size>,
    looked: Option<Millis>,
    failure: Option<String>,
    fault: Option<Fault>,
}

/// How a mirror stands, for everybody who asks; what is read besides is written by the one who follows.
pub struct Standing {
    reader: MirrorReader,
    /// The oldest answer that is fresh, in seconds.
    max_age_s: u64,
    known: Mutex<Known>,
    proofs: AtomicU64,
    unknown: AtomicU64,
    clock: Box<dyn Fn() -> Millis + Send + Sync>,
}

impl Standing {
    pub(super) fn new(
        reader: MirrorReader,
        max_age_s: u64,
        clock: impl Fn() -> Millis + Send + Sync + 'static,
    ) -> Self {
        let (known, proofs, unknown) = (Mutex::default(), AtomicU64::new(0), AtomicU64::new(0));
        Self { reader, max_age_s, known, proofs, unknown, clock: Box::new(clock) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is read; `None`: nothing yet.
    #[must_use]
    pub fn view(&self) -> Option<MirrorView> {
        self.reader.view()
    }

    /// How old that is, in seconds: since its index commit.
    #[must_use]
    pub fn age_s(&self, view: &MirrorView) -> u64 {
        (self.clock)().0.saturating_sub(view.time().0) / 1000
    }

    /// What stopped it, if something did.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.known().fault.clone()
    }

    pub(super) fn published(&self, root: Root) {
        self.known().published = Some(root.size);
    }

    pub(super) fn looked(&self) {
        let now = (self.clock)();
        let mut known = self.known();
        (known.looked, known.failure) = (Some(now), None);
    }

    /// Notes that the last look failed; whether that is news.
    pub(super) fn failed(&self, name: &str) -> bool {
        self.known().failure.replace(name.to_owned()).as_deref() != Some(name)
    }

    pub(super) fn stopped(&self, fault: Fault) {
        self.known().fault = Some(fault);
    }

    pub(super) fn proved(&self, is_known: bool) {
        let counter = if is_known { &self.proofs } else { &self.unknown };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Why it is not ready: its answers are not fresh, or never will be.
    #[must_use]
    pub fn not_ready(&self) -> Option<String> {
        if let Some(fault) = self.fault() {
            return Some(fault.name);
        }
        match self.view() {
            None => Some("catching_up".to_owned()),
            Some(view) if self.age_s(&view) > self.max_age_s => Some("stale".to_owned()),
            Some(_) => None,
        }
    }

    /// For `/readyz`.
    pub(super) fn told(&self) -> (bool, Value) {
        let reason = self.not_ready();
        let mut told = json!({"status": if reason.is_some() { "not_ready" } else { "ok" }});
        let (view, known) = (self.view(), self.known());
        if let Some(told) = told.as_object_mut() {
            let mut put = |name: &str, value: Option<Value>| {
                value.map(|value| told.insert(name.to_owned(), value));
            };
            put("reason", reason.as_deref().map(|reason| json!(reason)));
            put("size", view.as_ref().map(|view| json!(view.size())));
            put("time", view.as_ref().map(|view| json!(view.time())));
            put("age_s", view.as_ref().map(|view| json!(self.age_s(view))));
            put("behind", known.published.map(|size| json!(behind(size, view.as_ref()))));
            put("failure", known.failure.as_deref().map(|failure| json!(failure)));
        }
        (reason.is_none(), told)
    }

    /// For metrics.
    pub(super) fn figures(&self) -> Figures {
        let (view, known, now) = (self.view(), self.known(), (self.clock)());
        Figures {
            entries: view.as_ref().map_or(0, |view| view.size().0),
            behind: known.published.map_or(0, |size| behind(size, view.as_ref())),
            time_s: view.as_ref().map_or(0, |view| view.time().0 / 1000),
            age_s: view.as_ref().map_or(0, |view| now.0.saturating_sub(view.time().0) / 1000),
            looked_s: known.looked.map_or(0, |looked| looked.0 / 1000),
            failing: known.failure.is_some(),
            faulty: known.fault.is_some(),
            proofs: self.proofs.load(Ordering::Relaxed),
            unknown: self.unknown.load(Ordering::Relaxed),
        }
    }
}

/// How many entries are published that are not read yet.
fn behind(published: Size, view: Option<&MirrorView>) -> u64 {
    published.0.saturating_sub(view.map_or(0, |view| view.size().0))
}

/// What metrics say.
pub(super) struct Figures {
    pub(super) entries: u64,
    pub(super) behind: u64,
    pub(super) time_s: u64,
    pub(super) age_s: u64,
    pub(super) looked_s: u64,
    pub(super) failing: bool,
    pub(super) faulty: bool,
    pub(super) proofs: u64,
    pub(super) unknown: u64,
}

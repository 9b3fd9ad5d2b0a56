//! Witness points: the checkpoint that witnesses are asked about now, the newest one that had its quorum, and who is absent.
//!
//! A point holds the ledger as of its checkpoint, so that answers can be made where the quorum stands. Two are held at most, and
//! neither for long: what a view sees, files can't give up.

use super::WitnessSettings;
use crate::private;
use procura_core::Size;
use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::note::{NoteSignature, NoteVerifier};
use procura_core::policy::{PolicyName, TlogPolicy};
use procura_core::tree::{Root, check_consistency};
use procura_ledger::{Ledger, View};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Of a witness that the policy has no address of: it is never asked.
pub(super) const NO_URL: &str = "no_url";
/// How long the ledger as of a point is held once it has grown beyond it.
const HOLD: Duration = Duration::from_secs(60);

/// What is known of a witness.
#[derive(Debug, Clone, Default)]
pub(crate) struct Member {
    cosigned: Option<(Size, u64)>,
    failure: Option<&'static str>,
    is_asked: bool,
}

impl Member {
    /// The size that it cosigned last, and when, in seconds since 1970.
    pub(super) const fn cosigned(&self) -> Option<(Size, u64)> {
        self.cosigned
    }

    /// Why it did not cosign when it was asked last.
    pub(super) const fn failure(&self) -> Option<&'static str> {
        self.failure
    }

    /// It did not cosign.
    pub(super) fn fails(&mut self, failure: &'static str) {
        (self.failure, self.is_asked) = (Some(failure), false);
    }

    /// Whether an answer of it is waited for.
    pub(super) const fn is_asked(&mut self, is_asked: bool) {
        self.is_asked = is_asked;
    }
}

/// A checkpoint that witnesses are asked about.
struct Point {
    view: View,
    cosigned: BTreeMap<PolicyName, (u64, NoteSignature)>,
}

impl Point {
    fn size(&self) -> Size {
        self.view.size()
    }

    /// The ledger as of this point, with the cosignatures there are.
    fn cosigned(&self) -> Option<View> {
        let lines: Vec<NoteSignature> = self.cosigned.values().map(|(_, line)| line.clone()).collect();
        match self.view.cosigned(&lines) {
            Ok(view) => Some(view),
            Err(error) => {
                tracing::error!(%error, "cosignatures could not be put to their checkpoint");
                None
            }
        }
    }
}

/// A point that had its quorum.
struct Witnessed {
    point: Point,
    /// With its cosignatures.
    view: View,
    since: Instant,
}

#[derive(Default)]
struct State {
    pending: Option<Point>,
    witnessed: Option<Witnessed>,
    /// What `/checkpoint` says.
    note: String,
    /// The newest quorum: size and time in seconds since 1970, if the policy asks for any cosignature.
    quorum: Option<(Size, Option<u64>)>,
    members: BTreeMap<PolicyName, Member>,
}

/// Where the newest checkpoint with a quorum is kept.
struct Kept {
    path: PathBuf,
    /// What was written last. One writes at a time.
    size: Mutex<Size>,
}

impl Kept {
    fn keep(&self, size: Size, note: &str) {
        let mut last = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if size < *last {
            return;
        }
        match private::write(&self.path, note.as_bytes()) {
            Ok(()) => *last = size,
            Err(error) => tracing::warn!(%error, "the last checkpoint with a quorum could not be kept"),
        }
    }
}

/// What came of asking the witnesses.
pub(crate) struct Points {
    policy: TlogPolicy,
    text: String,
    map_checkers: Vec<NoteVerifier>,
    kept: Arc<Kept>,
    state: Mutex<State>,
    /// The size of the newest point that had its quorum.
    met: watch::Sender<Size>,
}

impl Points {
    /// Before anybody was asked: what had its quorum last is published; without that, the checkpoint there is now.
    pub(super) fn new(ledger: &Ledger, settings: WitnessSettings) -> Self {
        let WitnessSettings { policy, text, map_checkers, kept, .. } = settings;
        let view = ledger.view();
        let last = last_kept(ledger, &view, &policy, &kept);
        let quorum = last.as_ref().map(|(checkpoint, time_s)| (checkpoint.size(), *time_s));
        let note = last.map_or_else(|| view.checkpoint().to_owned(), |(last, _)| last.signed().to_string());
        let members = policy.witnesses().keys().map(|name| (name.clone(), Member::default())).collect();
        let state = State { note, quorum, members, ..State::default() };
        let (met, _) = watch::channel(Size(0));
        let kept = Arc::new(Kept { path: kept, size: Mutex::new(Size(0)) });
        Self { policy, text, map_checkers, kept, state: Mutex::new(state), met }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a witness.
    pub(super) fn key(&self, name: &PolicyName) -> Option<NoteVerifier> {
        self.policy.witnesses().get(name).map(|witness| witness.key.clone())
    }

    /// Of whom readers want a cosignature besides the quorum.
    pub(crate) fn map_checkers(&self) -> &[NoteVerifier] {
        &self.map_checkers
    }

    /// The policy's text.
    pub(crate) fn policy_text(&self) -> &str {
        &self.text
    }

    /// The checkpoint that is published.
    pub(crate) fn checkpoint(&self) -> String {
        self.lock().note.clone()
    }

    /// Takes the newest checkpoint as the point to ask about, and asks. One that was asked about already is asked about again only
    /// where somebody has not cosigned it yet.
    pub(super) fn begin(&self, view: View, ask: &watch::Sender<View>) {
        {
            let mut state = self.lock();
            let newest = state.pending.as_ref().or(state.witnessed.as_ref().map(|met| &met.point));
            if newest.is_none_or(|point| point.size() < view.size()) {
                state.pending = Some(Point { view: view.clone(), cosigned: BTreeMap::new() });
                // A policy that asks for nobody is met at once.
                self.settle(&mut state);
            }
            let size = view.size();
            let lacks = |member: &Member| member.cosigned.is_none_or(|(cosigned, _)| cosigned != size);
            if !state.members.values().any(lacks) {
                return;
            }
            for member in state.members.values_mut() {
                member.is_asked = lacks(member) && member.failure != Some(NO_URL);
            }
        }
        ask.send_replace(view);
    }

    /// Whether the point lacks its quorum, and answers are waited for.
    pub(super) fn is_under_way(&self) -> bool {
        let state = self.lock();
        state.pending.is_some() && state.members.values().any(|member| member.is_asked)
    }

    /// Lets go of the ledger as of a point that is old: no answer is made as of then any more.
    pub(super) fn let_go(&self, now: Size) {
        let mut state = self.lock();
        let is_past = |met: &Witnessed| met.since.elapsed() > HOLD && met.point.size() < now;
        if state.witnessed.as_ref().is_some_and(is_past) {
            state.witnessed = None;
        }
    }

    /// Notes something of a witness.
    pub(super) fn update(&self, name: &PolicyName, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.lock().members.get_mut(name) {
            change(member);
        }
    }

    /// A witness cosigned: `line` was checked.
    pub(super) fn cosigned(&self, name: &PolicyName, size: Size, line: NoteSignature, time_s: u64) {
        let mut state = self.lock();
        if let Some(member) = state.members.get_mut(name) {
            *member = Member { cosigned: Some((size, time_s)), failure: None, is_asked: false };
        }
        let state = &mut *state;
        if let Some(point) = state.pending.as_mut().filter(|point| point.size() == size) {
            point.cosigned.insert(name.clone(), (time_s, line));
            self.settle(state);
        } else if let Some(met) = state.witnessed.as_mut().filter(|met| met.point.size() == size) {
            // One more than were needed: for readers who ask for more.
            met.point.cosigned.insert(name.clone(), (time_s, line));
            if let Some(view) = met.point.cosigned() {
                view.checkpoint().clone_into(&mut state.note);
                met.view = view;
            }
        }
    }

    /// Publishes the point that is asked about, if it has its quorum.
    fn settle(&self, state: &mut State) {
        let Some(point) = &state.pending else { return };
        let times = point.cosigned.iter().map(|(name, (time_s, _))| (name.clone(), *time_s)).collect();
        let Some(quorum) = self.policy.quorum(&times) else { return };
        let Some(view) = point.cosigned() else { return };
        let Some(point) = state.pending.take() else { return };
        let size = point.size();
        state.quorum = Some((size, time_of(quorum)));
        view.checkpoint().clone_into(&mut state.note);
        // A crash before this is written publishes the point before it again: older, and as true.
        let (kept, note) = (Arc::clone(&self.kept), state.note.clone());
        tokio::task::spawn_blocking(move || kept.keep(size, &note));
        state.witnessed = Some(Witnessed { point, view, since: Instant::now() });
        self.met.send_replace(size);
    }

    /// The ledger as of the newest point with a quorum, if it covers `size`; waited for until `deadline`.
    pub(crate) async fn covering(&self, size: Size, deadline: Instant) -> Option<View> {
        let mut met = self.met.subscribe();
        loop {
            // Marked as seen first: what comes after this look is waited for.
            met.borrow_and_update();
            let view = self.lock().witnessed.as_ref().map(|met| met.view.clone());
            if let Some(view) = view.filter(|view| view.size() >= size) {
                return Some(view);
            }
            timeout_at(deadline, met.changed()).await.ok()?.ok()?;
        }
    }

    /// The newest quorum: its size and its time in seconds since 1970, if the policy asks for any cosignature.
    pub(crate) fn quorum(&self) -> Option<(Size, Option<u64>)> {
        self.lock().quorum
    }

    /// Of each witness its name, the size that it cosigned last, and whether it did not when it was asked last.
    pub(crate) fn members(&self) -> Vec<(String, Size, bool)> {
        let told = |(name, member): (&PolicyName, &Member)| {
            let size = member.cosigned().map_or(Size(0), |(size, _)| size);
            (String::from_utf8_lossy(name).into_owned(), size, member.failure().is_some())
        };
        self.lock().members.iter().map(told).collect()
    }

    /// What there is to say of quorum and witnesses.
    pub(super) fn describe(&self, tell: impl Fn(&str, &str, &Member) -> Value) -> Value {
        let state = self.lock();
        let members = state.members.iter().map(|(name, member)| {
            let vkey = self.key(name).map(|key| key.to_string()).unwrap_or_default();
            tell(&String::from_utf8_lossy(name), &vkey, member)
        });
        let mut told = json!({"members": members.collect::<Vec<_>>()});
        if let (Some((size, time_s)), Some(told)) = (state.quorum, told.as_object_mut()) {
            let mut quorum = json!({"size": size});
            if let (Some(time_s), Some(quorum)) = (time_s, quorum.as_object_mut()) {
                quorum.insert("time".to_owned(), json!(time_s.saturating_mul(1000)));
            }
            told.insert("quorum".to_owned(), quorum);
        }
        told
    }
}

const fn time_of(quorum: procura_core::policy::Quorum) -> Option<u64> {
    match quorum {
        procura_core::policy::Quorum::Met { time_s } => Some(time_s),
        procura_core::policy::Quorum::NoneNeeded => None,
    }
}

/// The checkpoint that had its quorum last, if it still has it under this policy and is of this ledger's history.
fn last_kept(
    ledger: &Ledger,
    view: &View,
    policy: &TlogPolicy,
    path: &std::path::Path,
) -> Option<(VerifiedCheckpoint, Option<u64>)> {
    let bytes = match private::read(path) {
        Ok(bytes) => bytes?,
        Err(error) => {
            tracing::error!(%error, "the last checkpoint with a quorum can't be read");
            return None;
        }
    };
    let signed = SignedCheckpoint::parse(&bytes).ok()?;
    let known: Vec<_> = view.log_keys().iter().map(|key| key.key.clone()).collect();
    let checkpoint = signed.verify(ledger.origin(), &known).ok()?;
    let quorum = policy.quorum(&policy.cosigned(&checkpoint).ok()?)?;
    if !is_continued(&checkpoint.root(), view) {
        let size = checkpoint.size().0;
        tracing::error!(
            size,
            "the ledger does not continue the last checkpoint that had a quorum: it is not published"
        );
        return None;
    }
    Some((checkpoint, time_of(quorum)))
}

/// Whether the ledger, as it is, begins with this tree.
fn is_continued(old: &Root, view: &View) -> bool {
    let hashes =
        if old.size == view.size() { Ok(Some(Vec::new())) } else { view.consistency(old.size, view.size()) };
    let hashes = hashes.ok().flatten();
    hashes.is_some_and(|hashes| check_consistency(old, &view.root(), &hashes).is_ok())
}

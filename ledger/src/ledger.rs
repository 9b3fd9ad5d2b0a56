//! The ledger as its embedder sees it: hand in, look up, close.

use crate::append::signing_key;
use crate::cache::RecordCache;
use crate::error::{ReadError, State, SubmitError};
use crate::given::{Clock, Random};
use crate::index::Layers;
use crate::nodes::KeptNodes;
use crate::observer::Measures;
use crate::prepared::{Prepared, Registrar};
use crate::published::Published;
use crate::reply::{Placed, Reply};
use crate::sequencer::Job;
use crate::standings::Standings;
use crate::store::Store;
use crate::store::redb::RedbStore;
use crate::view::View;
use procura_core::admission::{Candidate, Refusal};
use procura_core::alias::Claim;
use procura_core::identifier::Identifier;
use procura_core::judge::Judge;
use procura_core::kinds::PartyType;
use procura_core::kv::Unreadable;
use procura_core::log_keys::LogKey;
use procura_core::note::NoteVerifier;
use procura_core::schemes::Schemes;
use procura_core::submission::Submission;
use procura_core::vrf::Secret;
use procura_core::{Hash, Index, Millis};
use std::sync::mpsc::{SyncSender, TrySendError, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;

/// An open ledger. Clones are the same ledger.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) origin: Arc<str>,
    pub(crate) store: Arc<dyn Store>,
    /// The same store, where it is one of volumes: a backup copies these.
    pub(crate) volumes: Option<Arc<RedbStore>>,
    pub(crate) cache: Arc<RecordCache>,
    pub(crate) nodes: Arc<KeptNodes>,
    pub(crate) standings: Arc<Standings>,
    pub(crate) published: Arc<Published>,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// It was made of a backup.
    pub(crate) is_restored: bool,
    /// The sequencer's, for as long as it works.
    pub(crate) layers: Weak<Layers>,
    pub(crate) provisional: RwLock<Option<Registrar>>,
    pub(crate) vrf: Option<Arc<Secret>>,
    pub(crate) log_verifier: NoteVerifier,
    pub(crate) entry_0: Hash,
    pub(crate) jobs: SyncSender<Job>,
    pub(crate) thread: Mutex<Option<JoinHandle<()>>>,
}

/// What became of a submission.
#[derive(Clone)]
pub struct Acknowledged {
    /// The record's id.
    pub id: Hash,
    /// Where it stands.
    pub index: Index,
    /// Whether this submission put it there; else it was there already.
    pub is_new: bool,
    /// The ledger as of a signed checkpoint that covers the record.
    pub view: View,
}

impl Ledger {
    pub(crate) fn of(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// The ledger's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// The key that it was opened with; its text is the vkey.
    #[must_use]
    pub fn log_key(&self) -> &NoteVerifier {
        &self.shared.log_verifier
    }

    /// The keys that sign the log, retired ones included, as of the last commit.
    #[must_use]
    pub fn log_keys(&self) -> Vec<LogKey> {
        self.shared.published.head().log_keys.list().to_vec()
    }

    /// The leaf hash of entry 0, which a policy pins.
    #[must_use]
    pub fn entry0(&self) -> Hash {
        self.shared.entry_0
    }

    /// What the ledger can do now.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.published.state()
    }

    /// Where the ledger stands; `None` once it is closed.
    #[must_use]
    pub fn measures(&self) -> Option<Measures> {
        let layers = self.shared.layers.upgrade()?;
        let (head, (_, fresh_bytes)) = (self.shared.published.head(), layers.fresh());
        Some(Measures { size: head.root.size, time: head.time, indexed: layers.stored(), fresh_bytes })
    }

    /// Sets the ledger's own provisional registrar, once its party and key are logged.
    pub fn set_provisional(&self, registrar: Registrar) {
        *self.shared.provisional.write().unwrap_or_else(PoisonError::into_inner) = Some(registrar);
    }

    /// Hands in a submission. Form and signature are checked in the caller's thread; the sequencer decides. `reply` is called
    /// once, perhaps from the sequencer's thread: it must not wait for anything.
    pub fn submit(
        &self,
        submission: Submission,
        reply: impl FnOnce(Result<Acknowledged, SubmitError>) + Send + 'static,
    ) {
        let candidate = match self.read_submission(submission) {
            Ok(candidate) => candidate,
            Err(refusal) => return reply(Err(refusal.into())),
        };
        let id = candidate.record().id();
        let shared = Arc::downgrade(&self.shared);
        let reply = Reply::new(move |outcome: Result<Placed, SubmitError>| {
            reply(outcome.and_then(|placed| {
                let view = View::new(shared.upgrade().ok_or(SubmitError::Unknown)?);
                Ok(Acknowledged { id, index: placed.index, is_new: placed.is_new, view })
            }));
        });
        match self.shared.jobs.try_send(Job::Submit(Box::new(candidate), reply)) {
            Err(TrySendError::Full(Job::Submit(_, reply))) => {
                reply.tell(Err(SubmitError::Busy { retry_after_s: 1 }));
            }
            Err(TrySendError::Disconnected(Job::Submit(_, reply))) => {
                reply.tell(Err(SubmitError::ReadOnly("it was closed".to_owned())));
            }
            _ => {}
        }
    }

    /// Hands in a submission and waits.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn append(&self, submission: Submission) -> Result<Acknowledged, SubmitError> {
        let (tell, told) = channel();
        self.submit(submission, move |outcome| drop(tell.send(outcome)));
        told.recv().unwrap_or(Err(SubmitError::Unknown))
    }

    /// The ledger as of its last commit.
    #[must_use]
    pub fn view(&self) -> View {
        View::new(Arc::clone(&self.shared))
    }

    /// The id of the party with an identifier: the registered one's, or that of one prepared for it.
    ///
    /// # Errors
    /// [`SubmitError::Refused`] if the catalogues in force let nobody have it, if it is one that only institutions have and none
    /// has it, and while the ledger has no provisional registrar; otherwise as far as the storage fails.
    pub fn resolve(&self, identifier: &Identifier) -> Result<Hash, SubmitError> {
        let shared = &self.shared;
        let view = self.view();
        // Before anybody looks who is registered, so that what the catalogues say tells nothing of that.
        let schemes = view.live(|live| Schemes::in_force(&Judge::trusting_admission(live)));
        let schemes = schemes.map_err(not_readable)?.map_err(Refusal::from)?;
        let party_type = schemes.type_of(identifier).map_err(Refusal::from)?;
        let registered = view.party_of(identifier).map_err(not_readable)?;
        let registrar = shared.provisional.read().unwrap_or_else(PoisonError::into_inner).clone();
        if party_type == PartyType::Institution {
            // That one is registered is no secret. That somebody else is, from when the catalogues said otherwise, is.
            let party = registered.map(|id| view.party(&id)).transpose().map_err(not_readable)?.flatten();
            let institution = party.filter(|party| party.content.party_type == PartyType::Institution);
            let unknown = Refusal::UnknownParty { pointer: "/identifier" };
            return institution.map(|party| party.id).ok_or_else(|| unknown.into());
        }
        // Whether it is needed or not, so that the time tells nothing.
        let claim = shared.vrf.as_deref().map(|secret| Claim::of(identifier, secret));
        let prepared = match (registered, registrar, claim) {
            (Some(party), ..) => party,
            (None, None, _) => return Err(Refusal::UnknownParty { pointer: "/identifier" }.into()),
            (None, _, None) => return Err(Refusal::NoVrfKey.into()),
            (None, Some(registrar), Some(claim)) => {
                let (clock, random) = (shared.clock.as_ref(), shared.random.as_ref());
                shared
                    .prepared
                    .party((identifier, claim), party_type, &shared.origin, &registrar, clock, random)
                    .map_err(SubmitError::ReadOnly)?
            }
        };
        // The one that was prepared before may have been logged since the first look: then it is that one. Looked up whichever it
        // is, so that the reads tell nothing.
        Ok(self.view().party_of(identifier).map_err(not_readable)?.unwrap_or(prepared))
    }

    /// An operator says that the clock is right, after appending stopped because of it.
    pub fn confirm_clock(&self) {
        // A full queue means that submissions are refused for the clock already; the operator tries again.
        let _ = self.shared.jobs.try_send(Job::ConfirmClock);
    }

    /// Ends the sequencer after what it has taken, and brings the index to its file. Later submissions are refused; views go on.
    pub fn close(&self) {
        let thread = self.shared.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.shared.jobs.send(Job::Close);
            if thread.join().is_err() {
                tracing::error!("the sequencer ended with a panic");
            }
        }
    }

    /// The store, if it is one of volumes.
    pub(crate) fn volumes(&self) -> Option<&RedbStore> {
        self.shared.volumes.as_deref()
    }

    /// Whether it was made of a backup.
    pub(crate) fn is_restored(&self) -> bool {
        self.shared.is_restored
    }

    /// What the ledger's clock says.
    pub(crate) fn now(&self) -> Millis {
        self.shared.clock.now()
    }

    fn read_submission(&self, submission: Submission) -> Result<Candidate, Refusal> {
        let candidate = Candidate::read(submission, &self.shared.origin)?;
        // Verified here, in parallel, if the key is logged already and can be read; else the sequencer does it.
        let view = self.view();
        if let Ok(Ok(Some(key))) = view.live(|live| signing_key(live, candidate.record().jws().kid())) {
            candidate.verify(&key)?;
        }
        // Here too, where many do it at once.
        let claim = candidate.identifier().zip(self.shared.vrf.as_deref());
        let claim = claim.map(|(identifier, secret)| Claim::of(identifier, secret));
        Ok(match claim {
            Some(claim) => candidate.claiming(claim),
            None => candidate,
        })
    }
}

impl Drop for Shared {
    /// The sequencer holds nothing of this; it ends when the last sender does.
    fn drop(&mut self) {
        if let Some(thread) = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // The last clone may be dropped by the sequencer itself, inside a reply: it ends when it finds nobody left.
            if std::thread::current().id() != thread.thread().id() {
                // Waits for room in the queue: joined without being told, the sequencer would never end.
                let _ = self.jobs.send(Job::Close);
                let _ = thread.join();
            }
        }
    }
}

fn unreadable(error: ReadError) -> Refusal {
    Refusal::Unreadable(Unreadable(error.to_string()))
}

fn not_readable(error: ReadError) -> SubmitError {
    SubmitError::Refused(unreadable(error))
}

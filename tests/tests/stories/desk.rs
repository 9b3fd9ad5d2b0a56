//! A real server over a world whose clock is turned by hand, and a verifying client for everybody.

use procura_client::client::Identity;
use procura_client::store::MemoryStore;
use procura_client::{Client, ReadError, SubmitError};
use procura_core::days::Day;
use procura_core::decide::{AuthZen, Decision, Hint, PartyRef, Reason};
use procura_core::draft::Draft;
use procura_core::key::{Signer as _, SoftKey};
use procura_core::kinds::{PartyType, Validity, proof_of_possession_message};
use procura_core::receipt::{Mode, Question, Receipt, VerifyError, verify_authority};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Index, Millis, Size};
use procura_ledger::store::Store as _;
use procura_ledger::store::redb::RedbStore;
use procura_ledger::{Clock as _, Ledger, OsRandom};
use procura_server::{App, Limits, Settings, serve};
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// The server, its world, and whoever is in it.
pub(crate) struct Desk {
    pub(crate) world: World,
    /// Asks about anybody.
    pub(crate) institution: Actor,
    /// Records what happens to people, and what they stand for by law.
    pub(crate) authority: Actor,
    url: String,
    clients: RefCell<BTreeMap<Hash, Rc<Client>>>,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
}

/// A decision with what proves it.
pub(crate) struct Answer {
    pub(crate) decision: Decision,
    pub(crate) size: Size,
    pub(crate) at: Millis,
    request: AuthZen,
    pub(crate) receipt: Vec<u8>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::over(World::in_memory())
    }

    pub(crate) fn over(world: World) -> Self {
        let institution = world.institution(&kbo(4_040_404), &[]);
        let authority = world.institution(&kbo(5_050_505), &["authority"]);
        let mut desk = Self {
            world,
            institution,
            authority,
            url: String::new(),
            clients: RefCell::default(),
            stop: None,
            runtime: None,
        };
        desk.open();
        desk
    }

    /// Serves the world's ledger.
    pub(crate) fn open(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        self.url = format!("http://{}", listener.local_addr().unwrap());
        let settings = Settings {
            public_url: self.url.clone(),
            public_entries: false,
            max_age_s: 300,
            witness_wait: None,
            limits: Limits::default(),
            metrics: Arc::default(),
            static_tokens: Vec::new(),
            clock: self.world.clock.clone(),
            random: Arc::new(OsRandom),
        };
        let app = App::new(self.world.ledger.clone(), settings);
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(serve(listener, app, async { drop(stopped.await) }));
        (self.stop, self.runtime) = (Some(stop), Some(runtime));
        self.clients.borrow_mut().clear();
    }

    /// Ends the server; its world stays.
    pub(crate) fn close(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        drop(self.runtime.take());
    }

    /// Erases a body of a ledger in a folder, as an operator does who runs no server meanwhile, and serves on.
    pub(crate) fn erase(&mut self, folder: &Path, index: Index) {
        self.close();
        self.world.ledger.close();
        // Whoever holds the ledger holds its folder.
        self.world.ledger = World::in_memory().ledger;
        let options = self.world.options();
        let store = RedbStore::open(&folder.join("main"), options.volumes).unwrap();
        store.erase(&BTreeSet::from([index])).unwrap();
        drop(store);
        self.world.ledger = Ledger::open(folder, ORIGIN, self.world.log_key.clone(), options).unwrap();
        self.open();
    }

    /// Somebody's client. It remembers what it has seen of the ledger for as long as the desk is open.
    pub(crate) fn client(&self, actor: &Actor) -> Rc<Client> {
        let made = || {
            let clock = Arc::clone(&self.world.clock);
            let client = Client::new(&self.url, self.world.policy(), MemoryStore::new()).unwrap();
            let identity = Identity { kid: actor.kid, party: actor.party, signer: actor.key.clone() };
            Rc::new(client.with_identity(identity).with_clock(move || clock.now()))
        };
        Rc::clone(self.clients.borrow_mut().entry(actor.kid).or_insert_with(made))
    }

    /// A record's draft, now.
    pub(crate) fn draft(&self, kind: &str) -> Draft {
        Draft::new(kind, &self.world.occasion())
    }

    /// A transition's draft, now.
    pub(crate) fn on(&self, kind: &str, target: &Hash) -> Draft {
        Draft::on(kind, &self.world.occasion(), target)
    }

    /// Signs a record, hands it in over HTTP, and believes the status that the receipt proves: that of a create, or of what a
    /// transition moved.
    pub(crate) fn log(&self, by: &Actor, draft: Draft) -> (Hash, Status) {
        let id = draft.id();
        let submission = draft.sign(&by.kid, by.key.as_ref()).unwrap();
        let submitted = self.client(by).submit(&submission).unwrap();
        (id, submitted.status().map_or(Status::ACTIVE, |proven| *proven.answer().status()))
    }

    /// Signs a record and hands it in; it must be refused, and leave no trace. The name of the refusal.
    pub(crate) fn refused(&self, by: &Actor, draft: Draft) -> String {
        let submission = draft.sign(&by.kid, by.key.as_ref()).unwrap();
        self.refused_as_it_is(by, &submission)
    }

    fn refused_as_it_is(&self, by: &Actor, submission: &Submission) -> String {
        let size = self.world.ledger.view().size();
        let name = match self.client(by).submit(submission) {
            Err(SubmitError::Refused(problem)) => problem.name,
            other => panic!("{other:?}"),
        };
        assert_eq!(self.world.ledger.view().size(), size, "the refusal {name} left a trace");
        name
    }

    /// A transition that the ledger takes; the status that its target has then.
    pub(crate) fn act(&self, by: &Actor, kind: &str, target: &Hash) -> Status {
        self.log(by, self.on(kind, target)).1
    }

    /// A mandate that its first mandator signs and everybody else accepts.
    pub(crate) fn mandate(&self, from: &Actor, to: &Actor, terms: &Terms) -> Hash {
        let (id, status) = self.log(from, self.mandate_draft(from, to, terms));
        assert_eq!(status, Status::PENDING);
        assert_eq!(self.act(to, "acceptance", &id), Status::ACTIVE);
        id
    }

    pub(crate) fn mandate_draft(&self, from: &Actor, to: &Actor, terms: &Terms) -> Draft {
        let (scopes, validity) = (codes(terms.scopes), terms.validity());
        let occasion = self.world.occasion();
        Draft::mandate(&occasion, &from.party, &to.party, &terms.catalogue, &scopes, &validity)
    }

    /// Asks as the institution. The plain answer and the proven one must agree, and a receipt that was changed is not believed.
    pub(crate) fn ask(&self, request: &AuthZen) -> Answer {
        self.ask_as(&self.institution, request)
    }

    pub(crate) fn ask_as(&self, by: &Actor, request: &AuthZen) -> Answer {
        let client = self.client(by);
        let plain = client.evaluate_unverified(request).unwrap();
        let proven = client.check(request).unwrap();
        let answer = proven.answer();
        let decision = answer.decision().clone();
        assert_eq!(plain.decision, decision.permit);
        assert_eq!(plain.reason.as_deref(), Some(decision.reason.name()));
        assert_eq!(plain.good_faith, decision.good_faith);
        assert_eq!(plain.hint, decision.hint.as_ref().map(|hint| json!(hint)));
        assert_eq!(client.evaluate_unverified(request).unwrap(), plain, "the same request, the same state");
        let (size, at) = (answer.receipt().checkpoint().size(), answer.question().at);
        let answer =
            Answer { decision, size, at, request: request.clone(), receipt: proven.receipt().to_vec() };
        self.still_proves(&answer);
        self.tampered(&answer);
        answer
    }

    /// Goes through with a question and holds the reason against what it must be.
    pub(crate) fn says(&self, request: &AuthZen, reason: Reason) -> Answer {
        let answer = self.ask(request);
        assert_eq!(answer.decision.reason, reason, "{:?}", answer.decision);
        assert_eq!(answer.decision.permit, reason < Reason::UnknownCategory);
        answer
    }

    /// The decision is made again, over what the ledger held then and as of then, and is the same.
    pub(crate) fn replays(&self, answer: &Answer) {
        assert_eq!(self.replay(&answer.request, answer.size, answer.at).unwrap(), answer.decision);
    }

    pub(crate) fn replay(&self, request: &AuthZen, size: Size, at: Millis) -> Result<Decision, ReadError> {
        let proven = self.client(&self.institution).replay(request, size, at)?;
        Ok(proven.answer().decision().clone())
    }

    /// A receipt kept of a decision is verified with no network, whatever came after.
    pub(crate) fn still_proves(&self, answer: &Answer) {
        let policy = self.world.policy();
        let verified = verify_authority(&answer.receipt, &answer.request, &policy, Mode::Historic).unwrap();
        assert_eq!(*verified.decision(), answer.decision);
    }

    /// The receipt with its decision turned round, of another question, and with a bit flipped in each record.
    fn tampered(&self, answer: &Answer) {
        let policy = self.world.policy();
        let verify = |receipt: &[u8], request: &AuthZen| {
            verify_authority(receipt, request, &policy, Mode::Historic).unwrap_err()
        };
        let mut turned = Receipt::parse(&answer.receipt).unwrap();
        let Question::Authority(asked) = &mut turned.question else { panic!("{:?}", turned.question) };
        let permit = !answer.decision.permit;
        let reason = if permit { Reason::Mandate } else { Reason::NoAuthority };
        asked.decision =
            Decision { permit, reason, good_faith: false, hint: None, ..answer.decision.clone() };
        assert_eq!(verify(turned.to_json().as_bytes(), &answer.request).name(), "other_decision");
        let other = AuthZen { purpose: "another".to_owned(), ..answer.request.clone() };
        assert!(matches!(verify(&answer.receipt, &other), VerifyError::OtherQuestion));
        let whole = Receipt::parse(&answer.receipt).unwrap();
        for n in (0..whole.entries.len()).filter(|n| whole.entries[*n].sealed.is_some()) {
            let mut flipped = Receipt::parse(&answer.receipt).unwrap();
            flipped.entries[n].sealed.as_mut().unwrap().r[7] ^= 1;
            assert_eq!(verify(flipped.to_json().as_bytes(), &answer.request).name(), "opening_commitment");
        }
    }

    /// The name of the error if the last thing that happened to a party is left closed in a receipt.
    pub(crate) fn hiding(&self, answer: &Answer, party: &Hash) -> String {
        let mut hidden = Receipt::parse(&answer.receipt).unwrap();
        let list = hidden.lists.iter().find(|list| list.id == *party).unwrap();
        let last = list.items.last().unwrap().index;
        let entry = hidden.entries.iter_mut().find(|entry| entry.index == last).unwrap();
        assert!(entry.sealed.take().is_some());
        let policy = self.world.policy();
        let hidden = hidden.to_json();
        let verified = verify_authority(hidden.as_bytes(), &answer.request, &policy, Mode::Historic);
        verified.unwrap_err().name().to_owned()
    }

    /// A record's status, proven to whom it concerns.
    pub(crate) fn status(&self, reader: &Actor, id: &Hash) -> Status {
        *self.client(reader).status(id).unwrap().answer().status()
    }

    /// Whether a record stands in somebody's complete list.
    pub(crate) fn lists(&self, actor: &Actor, id: &Hash) -> bool {
        let all = self.client(actor).records(&actor.party, &|_| {}).unwrap();
        all.records().iter().any(|filed| filed.logged.entry.id() == Some(*id))
    }

    /// Lets time pass until noon of a day, `YYYY-MM-DD`.
    pub(crate) fn pass_to(&self, day: &str) {
        self.pass_to_instant(Millis(self::day(day).first_instant().0 + 12 * 3_600_000));
    }

    /// Lets time pass until an instant; then the ledger says that it is alive, as it does when nobody writes for a minute.
    pub(crate) fn pass_to_instant(&self, instant: Millis) {
        let now = self.world.clock.now();
        assert!(now < instant, "time does not go back");
        self.world.clock.pass(instant.0 - now.0);
        self.log(&self.world.registrar, self.draft("note"));
    }

    pub(crate) fn now(&self) -> Millis {
        self.world.clock.now()
    }

    /// Publishes a catalogue: its code, its version, and its categories as they stand in the record, without titles.
    pub(crate) fn catalogue(&self, code: &str, version: u64, categories: Value) -> Hash {
        let title = json!({"de": "T", "en": "T", "fr": "T", "nl": "T"});
        let mut categories = categories;
        for category in categories.as_array_mut().unwrap() {
            category["title"] = title.clone();
        }
        let draft = self
            .draft("catalogue")
            .member("code", json!(code))
            .member("version", json!(version))
            .member("categories", categories)
            .member("purposes", json!([{"code": "read", "title": title}]))
            .member("bases", json!([]));
        let (id, status) = self.log(&self.world.root, draft);
        assert_eq!(status, Status::ACTIVE);
        id
    }

    /// A person with a first key of a certain assurance.
    pub(crate) fn person(&self, niss: &str, assurance: &str) -> Actor {
        let handle = self.world.fresh();
        let identifier = format!("niss:{niss}");
        let draft = self.world.party_draft(PartyType::Person, &identifier, handle);
        let (party, _) = self.log(&self.world.registrar, draft);
        let (key, kid) = self.bind(&self.world.registrar, &party, "first", assurance);
        Actor { party, kid, key, identifier, handle }
    }

    /// Binds a new key to a party.
    pub(crate) fn bind(
        &self,
        by: &Actor,
        party: &Hash,
        basis: &str,
        assurance: &str,
    ) -> (Arc<SoftKey>, Hash) {
        let key = Arc::new(SoftKey::from_seed(&self.world.fresh()));
        let (occasion, public) = (self.world.occasion(), key.public_key());
        let message = proof_of_possession_message(ORIGIN, party, &public, &occasion.nonce);
        let possession = key.sign(&message).unwrap();
        let draft = Draft::key(&occasion, party, &public, &possession, basis, assurance);
        let (kid, _) = self.log(by, draft);
        (key, kid)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.close();
    }
}

/// What a grant covers, and when.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) catalogue: Hash,
    pub(crate) scopes: &'a [&'a str],
    /// First and last day.
    pub(crate) from: &'a str,
    pub(crate) until: Option<&'a str>,
}

impl Terms<'_> {
    pub(crate) fn validity(&self) -> Validity {
        Validity::of_days(day(self.from), self.until.map(day))
    }
}

/// May `actor` do this with the data of `subject`?
pub(crate) fn may(actor: &Actor, category: &str, subject: &Actor, purpose: &str) -> AuthZen {
    World::ask(&actor.identifier, category, &subject.identifier, purpose)
}

/// The same, with others who act along.
pub(crate) fn together(request: AuthZen, others: &[&Actor]) -> AuthZen {
    let together_with = others.iter().map(|other| PartyRef::parse(&other.identifier)).collect();
    AuthZen { together_with, ..request }
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn codes(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

/// Ids as they stand in a record.
pub(crate) fn ascending(ids: &[Hash]) -> Value {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    json!(ids)
}

/// An enterprise number that nobody has, out of seven digits.
pub(crate) fn kbo(number: u32) -> String {
    let base = 10_000_000 + number;
    format!("kbo:{base}{:02}", 97 - base % 97)
}

/// What the caller is told would turn a denial into a permit.
pub(crate) fn hint(answer: &Answer) -> Value {
    answer.decision.hint.as_ref().map_or(Value::Null, |hint: &Hint| json!(hint))
}

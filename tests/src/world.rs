//! A small fictional world to test with: a ledger in memory or in a folder, its registrar, a few parties with keys. Every
//! key and nonce comes from one counted source, so that a run can be repeated; the clock stands until it is moved.

use crate::schemes::schemes;
use procura_core::days::Day;
use procura_core::decide::AuthZen;
use procura_core::draft::{Draft, Occasion};
use procura_core::hash::sha256;
use procura_core::identifier::Identifier;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, Validity, proof_of_possession_message};
use procura_core::receipt::Policy;
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_core::vrf::Secret;
use procura_core::{Hash, Millis};
use procura_ledger::{
    Acknowledged, Clock, Ledger, OpenError, Options, Random, Registrar, Setup, Storage, SubmitError,
};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The origin of every test ledger.
pub const ORIGIN: &str = "trial/world";
/// When the world begins: 23 November 2026, 09:00 UTC.
pub const START: Millis = Millis(1_795_424_400_000);

/// A clock that moves when it is told to.
#[derive(Debug, Default)]
pub struct TestClock {
    now: AtomicU64,
    elapsed: AtomicU64,
}

impl TestClock {
    /// Lets time pass.
    pub fn pass(&self, ms: u64) {
        self.jump(ms);
        self.elapsed.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the time of day ahead, without any time passing.
    pub fn jump(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the time of day back; not before [`START`] less an hour.
    pub fn set_back(&self, ms: u64) {
        self.now.fetch_sub(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        // Counted from zero with wrapping, so that it may be set back to before the start.
        Millis(START.0.wrapping_add(self.now.load(Ordering::SeqCst)))
    }

    fn elapsed_ms(&self) -> u64 {
        self.elapsed.load(Ordering::SeqCst)
    }
}

/// Bytes that are the same on every run and never repeat within one.
#[derive(Debug, Default)]
pub struct CountedRandom(AtomicU64);

impl CountedRandom {
    /// One that goes on from a count, apart from those that do from others.
    #[must_use]
    pub fn from(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }
}

impl Random for CountedRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        for chunk in bytes.chunks_mut(32) {
            let n = self.0.fetch_add(1, Ordering::SeqCst);
            let block = sha256(&[b"counted", &n.to_be_bytes()]);
            chunk.copy_from_slice(&block.0[..chunk.len()]);
        }
        Ok(())
    }
}

/// A party with a key.
#[derive(Clone)]
pub struct Actor {
    /// The party's id.
    pub party: Hash,
    /// The id of the key record, or a root key's thumbprint.
    pub kid: Hash,
    /// The key.
    pub key: Arc<SoftKey>,
    /// `scheme:value`.
    pub identifier: String,
    /// The handle.
    pub handle: [u8; 32],
}

/// The world.
pub struct World {
    /// The ledger.
    pub ledger: Ledger,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its randomness.
    pub random: Arc<CountedRandom>,
    /// The root, as an actor without party.
    pub root: Actor,
    /// The registrar of persons and organisations.
    pub registrar: Actor,
    /// The provisional registrar's key.
    pub provisional: Actor,
    /// The catalogue in force.
    pub catalogue: Hash,
    /// The log's key.
    pub log_key: Arc<SoftKey>,
    /// The ids of all records logged, by [`World::append`] and before.
    pub logged: Mutex<Vec<Hash>>,
}

impl World {
    /// A world in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::start(None)
    }

    /// A world in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self::start(Some(folder))
    }

    /// A world over a storage.
    #[must_use]
    pub fn over(storage: Storage) -> Self {
        Self::with(|setup, options| Ledger::init_over(storage, setup, options))
    }

    fn start(folder: Option<&Path>) -> Self {
        Self::with(|setup, options| match folder {
            None => Ledger::in_memory(setup, options),
            Some(folder) => Ledger::init(folder, setup, options),
        })
    }

    /// A world whose ledger `init` makes.
    pub fn with(init: impl FnOnce(Setup, Options) -> Result<Ledger, OpenError>) -> Self {
        let clock = Arc::new(TestClock::default());
        let random = Arc::new(CountedRandom::default());
        let log_key = Arc::new(SoftKey::from_seed(&[0xA1; 32]));
        let root_key = Arc::new(SoftKey::from_seed(&[0xA0; 32]));
        let root = Actor {
            party: Hash::default(),
            kid: root_key.public_key().thumbprint(),
            key: root_key,
            identifier: String::new(),
            handle: [0; 32],
        };
        let record = root_draft(fill(&random), START).sign(&root.kid, root.key.as_ref()).unwrap();
        let entry_0 = Record::parse(&record.record).unwrap().id();
        let setup = Setup { origin: ORIGIN.to_owned(), root: record, log_key: log_key.clone() };
        let options = options(&clock, &random);
        let ledger = init(setup, options).unwrap();
        let mut world = Self {
            ledger,
            clock,
            random,
            registrar: root.clone(),
            provisional: root.clone(),
            root,
            catalogue: Hash::default(),
            log_key,
            logged: Mutex::new(vec![entry_0]),
        };
        world.registrar = world.institution("kbo:0999999922", &["registrar"]);
        world.provisional = world.institution("kbo:1000000021", &["provisional"]);
        world.ledger.set_provisional(world.registrar_of_provisionals());
        let root = world.root.clone();
        world.catalogue = world.publish_catalogue(&root, 1, json!([]));
        world
    }

    /// The same world with its ledger opened anew, and other randomness.
    #[must_use]
    pub fn with_ledger(&self, ledger: Ledger, random: Arc<CountedRandom>) -> Self {
        Self {
            ledger,
            random,
            clock: self.clock.clone(),
            root: self.root.clone(),
            registrar: self.registrar.clone(),
            provisional: self.provisional.clone(),
            catalogue: self.catalogue,
            log_key: self.log_key.clone(),
            logged: Mutex::new(self.logged.lock().unwrap().clone()),
        }
    }

    /// The same world after its ledger was closed, `meanwhile` happened, and the folder was opened again, with other randomness.
    #[must_use]
    pub fn reopened(self, folder: &Path, meanwhile: impl FnOnce()) -> Self {
        let (clock, random) = (self.clock, Arc::new(CountedRandom::from(1 << 40)));
        random.0.fetch_add(self.random.0.load(Ordering::SeqCst), Ordering::SeqCst);
        self.ledger.close();
        drop(self.ledger);
        meanwhile();
        let ledger = Ledger::open(folder, ORIGIN, self.log_key.clone(), options(&clock, &random)).unwrap();
        Self { ledger, random, clock, ..self }
    }

    /// The options that a ledger of this world is opened with.
    #[must_use]
    pub fn options(&self) -> Options {
        options(&self.clock, &self.random)
    }

    /// The provisional registrar as the ledger takes it.
    #[must_use]
    pub fn registrar_of_provisionals(&self) -> Registrar {
        Registrar { kid: self.provisional.kid, signer: self.provisional.key.clone() }
    }

    /// Fresh random bytes.
    pub fn fresh<const N: usize>(&self) -> [u8; N] {
        fill(&self.random)
    }

    /// An occasion to sign something now.
    #[must_use]
    pub fn occasion(&self) -> Occasion<'static> {
        Occasion { origin: ORIGIN, nonce: self.fresh(), now: self.clock.now() }
    }

    /// Hands in a record and expects it to be new.
    pub fn append(&self, submission: Submission) -> Acknowledged {
        let acknowledged = self.ledger.append(submission).unwrap();
        assert!(acknowledged.is_new);
        self.logged.lock().unwrap().push(acknowledged.id);
        acknowledged
    }

    /// Hands in a record and expects a refusal of this name.
    pub fn refused(&self, submission: Submission) -> String {
        let size = self.ledger.view().size();
        let name = match self.ledger.append(submission) {
            Err(SubmitError::Refused(refusal)) => refusal.name().to_owned(),
            Err(error) => format!("{error:?}"),
            Ok(_) => "accepted".to_owned(),
        };
        if name != "accepted" {
            assert_eq!(self.ledger.view().size(), size, "the refusal {name} left a trace");
        }
        name
    }

    /// Registers an institution with roles, signed by the root, and binds its first key.
    pub fn institution(&self, identifier: &str, roles: &[&str]) -> Actor {
        self.register(&self.root, PartyType::Institution, identifier, roles)
    }

    /// Registers a person, signed by the registrar, and binds their first key.
    pub fn person(&self, niss: &str) -> Actor {
        self.register(&self.registrar, PartyType::Person, &format!("niss:{niss}"), &[])
    }

    /// Registers an organisation, signed by the registrar, and binds its first key.
    pub fn organisation(&self, kbo: &str) -> Actor {
        self.register(&self.registrar, PartyType::Organisation, &format!("kbo:{kbo}"), &[])
    }

    fn register(&self, by: &Actor, party_type: PartyType, identifier: &str, roles: &[&str]) -> Actor {
        let handle = self.fresh();
        let draft = self.party_draft(party_type, identifier, handle);
        let draft = if roles.is_empty() { draft } else { draft.member("roles", json!(roles)) };
        self.with_key(by, draft, identifier, handle)
    }

    fn with_key(&self, by: &Actor, draft: Draft, identifier: &str, handle: [u8; 32]) -> Actor {
        let party = self.append(draft.sign(&by.kid, by.key.as_ref()).unwrap()).id;
        let key = Arc::new(SoftKey::from_seed(&self.fresh()));
        let kid = self.append(self.key_record(by, &party, &key, "first")).id;
        Actor { party, kid, key, identifier: identifier.to_owned(), handle }
    }

    /// A party record's draft.
    #[must_use]
    pub fn party_draft(&self, party_type: PartyType, identifier: &str, handle: [u8; 32]) -> Draft {
        let identifier: Identifier = identifier.parse().unwrap();
        let salts = [self.fresh(), self.fresh()];
        Draft::party(&self.occasion(), party_type, handle, &identifier, Some("Somebody"), &salts).unwrap()
    }

    /// A key record for a party.
    #[must_use]
    pub fn key_record(&self, by: &Actor, party: &Hash, key: &SoftKey, basis: &str) -> Submission {
        let occasion = self.occasion();
        let public = key.public_key();
        let possession =
            key.sign(&proof_of_possession_message(ORIGIN, party, &public, &occasion.nonce)).unwrap();
        Draft::key(&occasion, party, &public, &possession, basis, "substantial")
            .sign(&by.kid, by.key.as_ref())
            .unwrap()
    }

    /// Registers a role under a party, signed by it, and binds its first key.
    pub fn role(&self, under: &Actor, roles: &[&str]) -> Actor {
        let handle = self.fresh();
        self.with_key(under, self.with_roles(&under.party, roles, handle), "", handle)
    }

    /// The same, of a role that is over from an instant on.
    pub fn role_until(&self, under: &Actor, roles: &[&str], until: Millis) -> Actor {
        let handle = self.fresh();
        let draft = self.with_roles(&under.party, roles, handle).member("until", json!(until));
        self.with_key(under, draft, "", handle)
    }

    fn with_roles(&self, under: &Hash, roles: &[&str], handle: [u8; 32]) -> Draft {
        let draft = self.role_draft(under, handle);
        if roles.is_empty() { draft } else { draft.member("roles", json!(roles)) }
    }

    /// The record of a role.
    #[must_use]
    pub fn role_draft(&self, under: &Hash, handle: [u8; 32]) -> Draft {
        Draft::role(&self.occasion(), under, handle)
    }

    /// Publishes a version of the catalogue.
    pub fn publish_catalogue(&self, by: &Actor, version: u64, bases: Value) -> Hash {
        self.publish_with(by, version, bases, |_| {})
    }

    /// Publishes a version of the catalogue with its categories changed: pension, pension.file, tax, household.
    pub fn publish(&self, by: &Actor, version: u64, change: impl FnOnce(&mut Value)) -> Hash {
        self.publish_with(by, version, json!([]), change)
    }

    fn publish_with(&self, by: &Actor, version: u64, bases: Value, change: impl FnOnce(&mut Value)) -> Hash {
        let draft = self.catalogue_draft_with(version, bases, change).member("schemes", schemes());
        self.append(draft.sign(&by.kid, by.key.as_ref()).unwrap()).id
    }

    /// A version of the catalogue without schemes.
    #[must_use]
    pub fn catalogue_draft(&self, version: u64, bases: Value) -> Draft {
        self.catalogue_draft_with(version, bases, |_| {})
    }

    fn catalogue_draft_with(&self, version: u64, bases: Value, change: impl FnOnce(&mut Value)) -> Draft {
        let title = |en: &str| json!({"de": en, "en": en, "fr": en, "nl": en});
        let mut categories = json!([
            {"code": "pension", "title": title("Pension")},
            {"code": "pension.file", "parent": "pension", "title": title("Pension file")},
            {"code": "tax", "title": title("Taxes")},
            {"code": "household", "title": title("Household composition")},
        ]);
        change(&mut categories);
        Draft::new("catalogue", &self.occasion())
            .member("code", json!("be.social"))
            .member("version", json!(version))
            .member("categories", categories)
            .member(
                "purposes",
                json!([
                    {"code": "read", "title": title("Read")},
                    {"code": "grant-allowance", "title": title("Grant an allowance")},
                ]),
            )
            .member("bases", bases)
    }

    /// A mandate from today on.
    #[must_use]
    pub fn mandate(&self, from: &Actor, to: &Hash, scopes: &[&str]) -> Submission {
        self.mandate_draft(from, to, scopes).sign(&from.kid, from.key.as_ref()).unwrap()
    }

    /// A mandate's draft, from today on, for a year.
    #[must_use]
    pub fn mandate_draft(&self, from: &Actor, to: &Hash, scopes: &[&str]) -> Draft {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let salt = self.fresh();
        Draft::mandate(&self.occasion(), &from.party, to, &self.catalogue, &scopes, &self.a_year())
            .withheld("reference", &json!("file 7"), &salt)
            .unwrap()
    }

    /// A consent from today on, for a year.
    #[must_use]
    pub fn consent(&self, from: &Actor, to: &Hash, scopes: &[&str], purposes: &[&str]) -> Submission {
        self.consent_draft(from, to, scopes, purposes).sign(&from.kid, from.key.as_ref()).unwrap()
    }

    /// A consent for a year, not signed yet.
    #[must_use]
    pub fn consent_draft(&self, from: &Actor, to: &Hash, scopes: &[&str], purposes: &[&str]) -> Draft {
        let own = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        let (scopes, purposes) = (own(scopes), own(purposes));
        let year = self.a_year();
        Draft::consent(&self.occasion(), &from.party, to, &self.catalogue, &scopes, &purposes, &year)
    }

    /// From today to the same day next year.
    #[must_use]
    pub fn a_year(&self) -> Validity {
        let today = Day::of(self.clock.now()).unwrap();
        let until = Day::new(today.year() + 1, today.month(), 1).unwrap();
        Validity::of_days(today, Some(until))
    }

    /// A transition on a record.
    #[must_use]
    pub fn transition(&self, kind: &str, by: &Actor, target: &Hash) -> Submission {
        Draft::on(kind, &self.occasion(), target).sign(&by.kid, by.key.as_ref()).unwrap()
    }

    /// An AuthZEN request.
    #[must_use]
    pub fn ask(actor: &str, category: &str, subject: &str, purpose: &str) -> AuthZen {
        let request = json!({
            "subject": {"type": "party", "id": actor},
            "action": {"name": purpose},
            "resource": {"type": category, "id": subject},
        });
        AuthZen::read(request.as_object().unwrap().clone()).unwrap()
    }

    /// What a verifier of this world trusts.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let policy = Policy::plain(ORIGIN, self.ledger.log_key(), self.ledger.entry0(), 300);
        Policy::parse(policy.to_string().as_bytes()).unwrap()
    }
}

fn root_draft(nonce: [u8; 32], now: Millis) -> Draft {
    let occasion = Occasion { origin: ORIGIN, nonce, now };
    Draft::new("root", &occasion)
        .member("keys", json!([SoftKey::from_seed(&[0xA0; 32]).public_key().jwk()]))
        .member("quorum", json!(1))
        .member("key_delay", json!(259_200_000_u64))
        .member("trial", json!(true))
        .vrf_key(vrf().public_key())
}

/// What the world's aliases are computed with.
#[must_use]
pub fn vrf() -> Arc<Secret> {
    Arc::new(Secret::from_seed(&[0xA2; 32]))
}

fn options(clock: &Arc<TestClock>, random: &Arc<CountedRandom>) -> Options {
    Options { clock: clock.clone(), random: random.clone(), vrf: Some(vrf()), ..Options::default() }
}

fn fill<const N: usize>(random: &CountedRandom) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes).unwrap();
    bytes
}

//! A root of several keys. Goal: no root key does alone what takes a quorum, in admission as in verification. Method: a
//! ledger of its own with a root of three keys, two of which must sign; then the same under a lying operator.
use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::Identifier;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, proof_of_possession_message};
use procura_core::receipt::{Mode, Policy, Question, verify_status};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock, Ledger, Options, Random, Setup, SubmitError};
use procura_tests::hostile::Liar;
use procura_tests::schemes::schemes;
use procura_tests::world::{CountedRandom, TestClock, vrf};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::Arc;

const ORIGIN: &str = "trial/council";
const DELAY_MS: u64 = 1000;

struct Council {
    ledger: Ledger,
    clock: Arc<TestClock>,
    random: Arc<CountedRandom>,
    log_key: Arc<SoftKey>,
    keys: Vec<SoftKey>,
    logged: RefCell<Vec<Hash>>,
    root: Hash,
}

impl Council {
    fn of(keys: u8, quorum: u64) -> Self {
        let (clock, random) = (Arc::new(TestClock::default()), Arc::new(CountedRandom::default()));
        let keys: Vec<SoftKey> = (0..keys).map(|n| SoftKey::from_seed(&[0xB0 + n; 32])).collect();
        let log_key = Arc::new(SoftKey::from_seed(&[0xA1; 32]));
        let jwks: Vec<Value> = keys.iter().map(|key| key.public_key().jwk()).collect();
        let record = Draft::new("root", &Occasion { origin: ORIGIN, nonce: [1; 32], now: clock.now() })
            .member("keys", json!(jwks))
            .member("quorum", json!(quorum))
            .member("key_delay", json!(DELAY_MS))
            .member("trial", json!(true))
            .vrf_key(vrf().public_key())
            .sign(&keys[0].public_key().thumbprint(), &keys[0])
            .unwrap();
        let root = id_of(&record);
        let setup = Setup { origin: ORIGIN.to_owned(), root: record, log_key: log_key.clone() };
        let options =
            Options { clock: clock.clone(), random: random.clone(), vrf: Some(vrf()), ..Options::default() };
        let ledger = Ledger::in_memory(setup, options).unwrap();
        Self { ledger, clock, random, log_key, keys, logged: RefCell::new(vec![root]), root }
    }

    /// A council that is in force, with a registrar who has a key.
    fn in_force() -> (Self, Hash, SoftKey, Hash) {
        let council = Self::of(3, 2);
        council.append(council.on("acceptance", 1, &council.root));
        let office = council.append(council.office(0, Some(2)));
        council.append(council.on("acceptance", 1, &office));
        let key = SoftKey::from_seed(&[0xD0; 32]);
        let kid = council.append(council.key(0, &office, &key, "first", Some(2)));
        council.append(council.on("acceptance", 2, &kid));
        (council, office, key, kid)
    }

    fn occasion(&self) -> Occasion<'static> {
        let mut nonce = [0; 32];
        self.random.fill(&mut nonce).unwrap();
        Occasion { origin: ORIGIN, nonce, now: self.clock.now() }
    }

    fn sign(&self, draft: Draft, by: usize) -> Submission {
        draft.sign(&self.keys[by].public_key().thumbprint(), &self.keys[by]).unwrap()
    }

    fn on(&self, kind: &str, by: usize, target: &Hash) -> Submission {
        self.sign(Draft::on(kind, &self.occasion(), target), by)
    }

    /// A registrar, under a quorum stated or not.
    fn office(&self, by: usize, quorum: Option<u64>) -> Submission {
        let identifier: Identifier = "kbo:0999999922".parse().unwrap();
        let salts = [[1; 16], [2; 16]];
        let draft =
            Draft::party(&self.occasion(), PartyType::Institution, [3; 32], &identifier, None, &salts)
                .unwrap()
                .member("roles", json!(["registrar"]));
        self.sign(with_quorum(draft, quorum), by)
    }

    fn key(&self, by: usize, party: &Hash, key: &SoftKey, basis: &str, quorum: Option<u64>) -> Submission {
        let occasion = self.occasion();
        let public = key.public_key();
        let proof = key.sign(&proof_of_possession_message(ORIGIN, party, &public, &occasion.nonce)).unwrap();
        let draft = Draft::key(&occasion, party, &public, &proof, basis, "high");
        self.sign(with_quorum(draft, quorum), by)
    }

    fn append(&self, submission: Submission) -> Hash {
        let id = self.ledger.append(submission).unwrap().id;
        self.logged.borrow_mut().push(id);
        id
    }

    fn refused(&self, submission: Submission) -> &'static str {
        match self.ledger.append(submission) {
            Err(SubmitError::Refused(refusal)) => refusal.name().to_owned().leak(),
            other => panic!("not refused: {:?}", other.map(|acknowledged| acknowledged.index)),
        }
    }

    fn status(&self, id: &Hash) -> Status {
        self.ledger.view().status(id).unwrap().unwrap()
    }

    fn policy(&self) -> Policy {
        let policy = Policy::plain(ORIGIN, self.ledger.log_key(), self.ledger.entry0(), 300);
        Policy::parse(policy.to_string().as_bytes()).unwrap()
    }

    /// What the ledger's own receipt proves.
    fn proven(&self, id: &Hash) -> Result<Status, &'static str> {
        let receipt = self.ledger.view().receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
        verify(&receipt.to_json(), id, &self.policy())
    }

    fn liar(&self) -> Liar {
        Liar::of(&self.ledger, &self.log_key, &self.logged.borrow())
    }

    /// What a liar gets a verifier to believe.
    fn believed(&self, mut liar: Liar, id: &Hash) -> Result<Status, &'static str> {
        liar.commit();
        let question = Question::Status { id: *id, through: None, as_of: None };
        verify(&liar.receipt(&question).to_json(), id, &self.policy())
    }
}

fn with_quorum(draft: Draft, quorum: Option<u64>) -> Draft {
    match quorum {
        Some(quorum) => draft.member("quorum", json!(quorum)),
        None => draft,
    }
}

fn verify(receipt: &str, id: &Hash, policy: &Policy) -> Result<Status, &'static str> {
    verify_status(receipt.as_bytes(), id, None, policy, Mode::Historic)
        .map(|verified| *verified.status())
        .map_err(|error| error.name())
}

fn id_of(submission: &Submission) -> Hash {
    Record::parse(&submission.record).unwrap().id()
}

#[test]
fn the_root_signs_itself_into_force() {
    let council = Council::of(3, 3);
    assert_eq!(council.status(&council.root), Status::PENDING);
    assert_eq!(council.refused(council.office(0, Some(3))), "key_not_active");
    assert_eq!(council.refused(council.on("acceptance", 0, &council.root)), "signed_twice");
    council.append(council.on("acceptance", 1, &council.root));
    assert_eq!(council.status(&council.root), Status::PENDING, "two of three");
    assert_eq!(council.refused(council.on("acceptance", 1, &council.root)), "signed_twice");
    assert_eq!(council.refused(council.office(1, Some(3))), "key_not_active");
    council.append(council.on("acceptance", 2, &council.root));
    assert_eq!(council.proven(&council.root), Ok(Status::ACTIVE));
    assert_eq!(council.refused(council.on("acceptance", 2, &council.root)), "signed_twice");
    council.append(council.office(2, Some(3)));
}

#[test]
fn what_the_root_signs_waits_for_its_quorum() {
    let council = Council::of(3, 2);
    council.append(council.on("acceptance", 2, &council.root));
    for wrong in [None, Some(3)] {
        assert_eq!(council.refused(council.office(0, wrong)), "quorum");
    }
    let office = council.append(council.office(0, Some(2)));
    assert_eq!(council.proven(&office), Ok(Status::PENDING));
    assert_eq!(council.refused(council.on("acceptance", 0, &office)), "signed_twice");
    council.append(council.on("acceptance", 2, &office));
    assert_eq!(council.proven(&office), Ok(Status::ACTIVE));
    assert_eq!(council.refused(council.on("acceptance", 1, &office)), "move");

    let key = SoftKey::from_seed(&[0xD0; 32]);
    assert_eq!(council.refused(council.key(1, &office, &key, "first", None)), "quorum");
    let kid = council.append(council.key(1, &office, &key, "first", Some(2)));
    let person = |quorum| {
        let identifier: Identifier = "niss:48031500292".parse().unwrap();
        let salts = [[1; 16], [2; 16]];
        let draft =
            Draft::party(&council.occasion(), PartyType::Person, [4; 32], &identifier, None, &salts).unwrap();
        with_quorum(draft, quorum).sign(&kid, &key).unwrap()
    };
    assert_eq!(council.refused(person(None)), "key_not_active");
    council.append(council.on("acceptance", 0, &kid));
    assert_eq!(council.refused(person(Some(2))), "quorum");
    // A scheme too is in force once its catalogue is.
    let title = json!({"de": "x", "en": "x", "fr": "x", "nl": "x"});
    let words = json!([{"code": "x", "title": title}]);
    let catalogue = Draft::new("catalogue", &council.occasion())
        .member("code", json!("x"))
        .member("version", json!(1))
        .member("categories", words.clone())
        .member("purposes", words)
        .member("bases", json!([]))
        .member("schemes", schemes());
    let catalogue = council.append(council.sign(with_quorum(catalogue, Some(2)), 0));
    assert_eq!(council.refused(person(None)), "unknown_scheme");
    council.append(council.on("acceptance", 1, &catalogue));
    let person = council.append(person(None));
    assert_eq!(council.proven(&person), Ok(Status::ACTIVE));
}

#[test]
fn one_root_key_ends_nothing_and_recovers_nothing() {
    let (council, office, key, kid) = Council::in_force();
    assert_eq!(council.refused(council.on("revocation", 0, &office)), "root_quorum");
    let end = Draft::on("key-end", &council.occasion(), &kid).member("reason", json!("lost"));
    assert_eq!(council.refused(council.sign(end, 0)), "root_quorum");

    // One root key binds a new key to the registrar; neither it nor another root key brings it into force.
    let recovery =
        council.append(council.key(0, &office, &SoftKey::from_seed(&[0xD1; 32]), "recovery", None));
    council.clock.pass(DELAY_MS);
    for root_key in 0..3 {
        assert_eq!(council.refused(council.on("acceptance", root_key, &recovery)), "root_quorum");
    }
    let accept = Draft::on("acceptance", &council.occasion(), &recovery).sign(&kid, &key).unwrap();
    council.append(accept);
    assert_eq!(council.proven(&recovery), Ok(Status::ACTIVE));
}

#[test]
fn no_liar_makes_one_root_key_a_quorum() {
    let (council, ..) = Council::in_force();
    let office = || {
        let identifier: Identifier = "kbo:1000000021".parse().unwrap();
        let salts = [[1; 16], [2; 16]];
        Draft::party(&council.occasion(), PartyType::Institution, [5; 32], &identifier, None, &salts).unwrap()
    };
    let quorum = council.sign(office().member("quorum", json!(2)), 0);
    let id = id_of(&quorum);
    let accept = |by| council.on("acceptance", by, &id);
    let begun = |status| {
        let mut liar = council.liar();
        liar.log(&quorum, Some(status), &[]);
        liar
    };
    let mut honest = begun(Status::PENDING);
    honest.log(&accept(1), Some(Status::ACTIVE), &[]);
    assert_eq!(council.believed(honest, &id), Ok(Status::ACTIVE));

    assert_eq!(council.believed(begun(Status::ACTIVE), &id), Err("opening_move"), "active from the start");
    let mut twice = begun(Status::PENDING);
    twice.log(&accept(0), Some(Status::ACTIVE), &[]);
    assert_eq!(council.believed(twice, &id), Err("not_allowed"), "one key twice");
    let mut partial = begun(Status::PENDING);
    partial.log(&accept(1), Some(Status::PENDING), &[]);
    assert_eq!(council.believed(partial, &id), Err("opening_move"), "two signed, and it waits for more");
    let mut unopened = begun(Status::PENDING);
    let at = unopened.log(&accept(1), Some(Status::ACTIVE), &[]);
    unopened.rows[usize::try_from(at.0).unwrap()].sealed = None;
    assert_eq!(council.believed(unopened, &id), Err("unopened"));

    // Without a word of the quorum the root's record is nobody's.
    let alone = council.sign(office(), 0);
    let mut liar = council.liar();
    liar.log(&alone, Some(Status::ACTIVE), &[]);
    assert_eq!(council.believed(liar, &id_of(&alone)), Err("not_allowed"));
    assert!(council.clock.now() >= Millis(0));
}

//! A ledger whose root has three keys, two of which must sign, and a registrar under it.

use crate::hostile::Liar;
use crate::world::{CountedRandom, TestClock, vrf};
use procura_core::Hash;
use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::Identifier;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, proof_of_possession_message};
use procura_core::receipt::{Mode, Policy, Question, verify_status};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_ledger::{Ask, Audience, Clock, Ledger, Options, Random, Setup, SubmitError};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::Arc;

/// The ledger's name.
pub const ORIGIN: &str = "trial/council";
/// How long a recovery waits, in milliseconds.
pub const DELAY_MS: u64 = 1000;

/// A ledger whose root has several keys.
pub struct Council {
    /// The ledger.
    pub ledger: Ledger,
    /// Its clock.
    pub clock: Arc<TestClock>,
    random: Arc<CountedRandom>,
    log_key: Arc<SoftKey>,
    keys: Vec<SoftKey>,
    logged: RefCell<Vec<Hash>>,
    /// The root's record.
    pub root: Hash,
}

impl Council {
    /// A council of so many keys, so many of which must sign.
    pub fn of(keys: u8, quorum: u64) -> Self {
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
    pub fn in_force() -> (Self, Hash, SoftKey, Hash) {
        let council = Self::of(3, 2);
        council.append(council.on("acceptance", 1, &council.root));
        let office = council.append(council.office(0, Some(2)));
        council.append(council.on("acceptance", 1, &office));
        let key = SoftKey::from_seed(&[0xD0; 32]);
        let kid = council.append(council.key(0, &office, &key, "first", Some(2)));
        council.append(council.on("acceptance", 2, &kid));
        (council, office, key, kid)
    }

    /// An occasion to sign something now.
    pub fn occasion(&self) -> Occasion<'static> {
        let mut nonce = [0; 32];
        self.random.fill(&mut nonce).unwrap();
        Occasion { origin: ORIGIN, nonce, now: self.clock.now() }
    }

    /// Signed by the root key of this number.
    pub fn sign(&self, draft: Draft, by: usize) -> Submission {
        draft.sign(&self.keys[by].public_key().thumbprint(), &self.keys[by]).unwrap()
    }

    /// A transition, signed by a root key.
    pub fn on(&self, kind: &str, by: usize, target: &Hash) -> Submission {
        self.sign(Draft::on(kind, &self.occasion(), target), by)
    }

    /// A registrar, under a quorum stated or not.
    pub fn office(&self, by: usize, quorum: Option<u64>) -> Submission {
        let identifier: Identifier = "kbo:0999999922".parse().unwrap();
        let salts = [[1; 16], [2; 16]];
        let draft =
            Draft::party(&self.occasion(), PartyType::Institution, [3; 32], &identifier, None, &salts)
                .unwrap()
                .member("roles", json!(["registrar"]));
        self.sign(with_quorum(draft, quorum), by)
    }

    /// A key for a party, signed by a root key.
    pub fn key(
        &self,
        by: usize,
        party: &Hash,
        key: &SoftKey,
        basis: &str,
        quorum: Option<u64>,
    ) -> Submission {
        let occasion = self.occasion();
        let public = key.public_key();
        let proof = key.sign(&proof_of_possession_message(ORIGIN, party, &public, &occasion.nonce)).unwrap();
        let draft = Draft::key(&occasion, party, &public, &proof, basis, "high");
        self.sign(with_quorum(draft, quorum), by)
    }

    /// Hands in a record and expects it to be new.
    pub fn append(&self, submission: Submission) -> Hash {
        let id = self.ledger.append(submission).unwrap().id;
        self.logged.borrow_mut().push(id);
        id
    }

    /// Hands in a record and expects a refusal of this name.
    pub fn refused(&self, submission: Submission) -> &'static str {
        match self.ledger.append(submission) {
            Err(SubmitError::Refused(refusal)) => refusal.name().to_owned().leak(),
            other => panic!("not refused: {:?}", other.map(|acknowledged| acknowledged.index)),
        }
    }

    /// The status now.
    pub fn status(&self, id: &Hash) -> Status {
        self.ledger.view().status(id).unwrap().unwrap()
    }

    /// What a verifier of this ledger trusts, as JSON.
    #[must_use]
    pub fn plain_policy(&self) -> Value {
        Policy::plain(ORIGIN, self.ledger.log_key(), self.ledger.entry0(), 300)
    }

    /// The same, read.
    pub fn policy(&self) -> Policy {
        Policy::parse(self.plain_policy().to_string().as_bytes()).unwrap()
    }

    /// What the ledger's own receipt proves.
    pub fn proven(&self, id: &Hash) -> Result<Status, &'static str> {
        let receipt = self.ledger.view().receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
        verify(&receipt.to_json(), id, &self.policy())
    }

    /// A lying operator of this ledger.
    pub fn liar(&self) -> Liar {
        Liar::of(&self.ledger, &self.log_key, &self.logged.borrow())
    }

    /// What a liar gets a verifier to believe.
    pub fn believed(&self, mut liar: Liar, id: &Hash) -> Result<Status, &'static str> {
        liar.commit();
        let question = Question::Status { id: *id, through: None, as_of: None };
        verify(&liar.receipt(&question).to_json(), id, &self.policy())
    }
}

/// A draft under a quorum stated or not.
#[must_use]
pub fn with_quorum(draft: Draft, quorum: Option<u64>) -> Draft {
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

/// A record's id.
#[must_use]
pub fn id_of(submission: &Submission) -> Hash {
    Record::parse(&submission.record).unwrap().id()
}

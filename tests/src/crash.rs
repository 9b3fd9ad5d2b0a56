//! What the tests that break a process and that process share: a small cast whose records are the same bytes on every run,
//! so that setting up again after a kill is idempotent, and the lines that the process prints.

use crate::schemes::schemes;
use crate::world::vrf;
use procura_core::draft::{Draft, Occasion};
use procura_core::hash::sha256;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, proof_of_possession_message};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::index::Limits;
use procura_ledger::store::redb::Options as VolumeOptions;
use procura_ledger::{Ledger, OpenError, Options, Registrar, Setup, SubmitError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The origin of the ledger that is killed.
pub const ORIGIN: &str = "trial/crash";

/// One line on the process's standard output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Line {
    /// About to be handed in.
    Trying {
        /// The record.
        id: Hash,
        /// What it moves, if it is a transition.
        target: Option<Hash>,
    },
    /// Acknowledged.
    Acknowledged {
        /// The record.
        id: Hash,
        /// Where it stands.
        index: u64,
        /// The size of the checkpoint that came with it.
        size: u64,
        /// The root.
        root: Hash,
    },
}

/// A party with its key.
#[derive(Clone)]
pub struct Player {
    /// The party.
    pub party: Hash,
    /// Its key record, or the root key's thumbprint.
    pub kid: Hash,
    /// The key.
    pub key: Arc<SoftKey>,
}

/// Everyone who plays.
pub struct Cast {
    /// Registers persons.
    pub registrar: Player,
    /// Prepares parties.
    pub provisional: Player,
    /// Persons who give mandates to each other.
    pub persons: Vec<Player>,
    /// The catalogue.
    pub catalogue: Hash,
    /// The records that bring all of them in, in order.
    pub records: Vec<Submission>,
}

/// Options under which everything happens often: volumes, flushes, heartbeats.
#[must_use]
pub fn options() -> Options {
    Options {
        heartbeat: Duration::from_millis(30),
        index: Limits { flush_rows: 300, ..Limits::default() },
        volumes: VolumeOptions { volume_entries: 64, sealed_open: 4, ..VolumeOptions::default() },
        vrf: Some(vrf()),
        ..Options::default()
    }
}

/// The log's key.
#[must_use]
pub fn log_key() -> Arc<SoftKey> {
    Arc::new(SoftKey::from_seed(&fixed("log", 0)))
}

/// Bytes that are the same on every run.
pub(crate) fn fixed<const N: usize>(label: &str, n: u64) -> [u8; N] {
    let block = sha256(&[label.as_bytes(), &n.to_be_bytes()]);
    block.0[..N].try_into().unwrap()
}

/// Opens the ledger in `folder`, or makes it if it has none yet. `began`: when the test began; every record of the set-up is signed then.
///
/// # Errors
/// [`OpenError`].
pub fn open_or_init(folder: &Path, began: Millis, options: Options) -> Result<Ledger, OpenError> {
    match Ledger::open(folder, ORIGIN, log_key(), options.clone()) {
        Ok(ledger) => return Ok(ledger),
        Err(OpenError::Store(error)) if error.name() == "absent" => {}
        // A first start that was killed before its first commit.
        Err(OpenError::OtherLog { .. }) => {}
        Err(error) => return Err(error),
    }
    Ledger::init(folder, setup(began), options)
}

/// What the ledger starts with.
#[must_use]
pub fn setup(began: Millis) -> Setup {
    let root = root();
    let record = draft("root", began, 0)
        .member("keys", json!([root.key.public_key().jwk()]))
        .member("quorum", json!(1))
        .member("key_delay", json!(259_200_000_u64))
        .member("trial", json!(true))
        .vrf_key(vrf().public_key());
    Setup { origin: ORIGIN.to_owned(), root: sign(record, &root), log_key: log_key() }
}

fn root() -> Player {
    let key = Arc::new(SoftKey::from_seed(&fixed("root", 0)));
    Player { party: Hash::default(), kid: key.public_key().thumbprint(), key }
}

/// An occasion of the test's beginning.
pub(crate) fn occasion(label: &str, began: Millis, n: u64) -> Occasion<'static> {
    Occasion { origin: ORIGIN, nonce: fixed(label, n), now: began }
}

fn draft(kind: &str, began: Millis, n: u64) -> Draft {
    Draft::new(kind, &occasion(kind, began, n))
}

/// Hands in what is not there yet of the cast.
///
/// # Errors
/// [`SubmitError`].
pub fn set_up(ledger: &Ledger, began: Millis) -> Result<Cast, SubmitError> {
    let cast = Cast::of(began);
    for record in &cast.records {
        ledger.append(record.clone())?;
    }
    let Player { kid, key, .. } = cast.provisional.clone();
    ledger.set_provisional(Registrar { kid, signer: key });
    Ok(cast)
}

impl Cast {
    /// The cast of a test that began then.
    #[must_use]
    pub fn of(began: Millis) -> Self {
        let (root, mut records) = (root(), Vec::new());
        let registrar = register(&mut records, &root, began, 1, "kbo:0999999922", &["registrar"]);
        let provisional = register(&mut records, &root, began, 2, "kbo:1000000021", &["provisional"]);
        let title = |text: &str| json!({"de": text, "en": text, "fr": text, "nl": text});
        let catalogue_draft = draft("catalogue", began, 3)
            .member("code", json!("be.social"))
            .member("version", json!(1))
            .member("categories", json!([{"code": "pension", "title": title("Pension")}]))
            .member("purposes", json!([{"code": "read", "title": title("Read")}]))
            .member("bases", json!([]))
            .member("schemes", schemes());
        let catalogue = catalogue_draft.id();
        records.push(sign(catalogue_draft, &root));
        let persons = (0..4)
            .map(|n| register(&mut records, &registrar, began, 10 + n, &niss(900_101_001 + 2 * n), &[]))
            .collect();
        Self { registrar, provisional, persons, catalogue, records }
    }
}

/// The identifier of a person born in the last century, from its first nine digits.
#[must_use]
pub fn niss(digits: u64) -> String {
    format!("niss:{digits:09}{:02}", 97 - digits % 97)
}

/// A draft as somebody hands it in.
pub(crate) fn sign(draft: Draft, by: &Player) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

/// A party with its first key, behind the records that there are.
pub(crate) fn register(
    records: &mut Vec<Submission>,
    by: &Player,
    began: Millis,
    n: u64,
    identifier: &str,
    roles: &[&str],
) -> Player {
    let party_type = if roles.is_empty() { PartyType::Person } else { PartyType::Institution };
    let salts = [fixed("salt", n), fixed("salt of the name", n)];
    let occasion = occasion("party", began, n);
    let identifier = identifier.parse().unwrap();
    let draft =
        Draft::party(&occasion, party_type, fixed("handle", n), &identifier, Some("Somebody"), &salts)
            .unwrap();
    let draft = if roles.is_empty() { draft } else { draft.member("roles", json!(roles)) };
    let party = draft.id();
    records.push(sign(draft, by));
    let key = Arc::new(SoftKey::from_seed(&fixed("key", n)));
    let draft = key_draft(&party, &key, began, n, "first");
    let kid = draft.id();
    records.push(sign(draft, by));
    Player { party, kid, key }
}

/// A key of a party, with its proof of possession.
pub(crate) fn key_draft(party: &Hash, key: &SoftKey, began: Millis, n: u64, basis: &str) -> Draft {
    let occasion = occasion("key record", began, n);
    let public = key.public_key();
    let message = proof_of_possession_message(ORIGIN, party, &public, &occasion.nonce);
    Draft::key(&occasion, party, &public, &key.sign(&message).unwrap(), basis, "substantial")
}

//! What the crash test and the process that it kills share: a small cast whose records are the same bytes on every run,
//! so that setting up again after a kill is idempotent, and the lines that the process prints.

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
    /// Persons who give mandates to each other.
    pub persons: Vec<Player>,
    /// The catalogue.
    pub catalogue: Hash,
}

/// Options under which everything happens often: volumes, flushes, heartbeats.
#[must_use]
pub fn options() -> Options {
    Options {
        heartbeat: Duration::from_millis(30),
        index: Limits { flush_rows: 300, ..Limits::default() },
        volumes: VolumeOptions { volume_entries: 64, sealed_open: 4, ..VolumeOptions::default() },
        ..Options::default()
    }
}

/// The log's key.
#[must_use]
pub fn log_key() -> Arc<SoftKey> {
    Arc::new(SoftKey::from_seed(&fixed("log", 0)))
}

fn fixed<const N: usize>(label: &str, n: u64) -> [u8; N] {
    let block = sha256(&[label.as_bytes(), &n.to_be_bytes()]);
    block.0[..N].try_into().unwrap()
}

/// Opens the ledger in `folder`, or makes it if it has none yet. `began`: when the test began; every record of the set-up is signed then.
///
/// # Errors
/// [`OpenError`].
pub fn open_or_init(folder: &Path, began: Millis) -> Result<Ledger, OpenError> {
    match Ledger::open(folder, ORIGIN, log_key(), options()) {
        Ok(ledger) => return Ok(ledger),
        Err(OpenError::Store(error)) if error.name() == "absent" => {}
        // A first start that was killed before its first commit.
        Err(OpenError::OtherLog { .. }) => {}
        Err(error) => return Err(error),
    }
    let root = SoftKey::from_seed(&fixed("root", 0));
    let record = draft("root", began, 0)
        .member("keys", json!([root.public_key().jwk()]))
        .member("quorum", json!(1))
        .member("key_delay", json!(259_200_000_u64))
        .member("trial", json!(true))
        .sign(&root.public_key().thumbprint(), &root)
        .unwrap();
    Ledger::init(folder, Setup { origin: ORIGIN.to_owned(), root: record, log_key: log_key() }, options())
}

fn occasion(label: &str, began: Millis, n: u64) -> Occasion<'static> {
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
    let key = Arc::new(SoftKey::from_seed(&fixed("root", 0)));
    let root = Player { party: Hash::default(), kid: key.public_key().thumbprint(), key };
    let registrar = register(ledger, &root, began, 1, "kbo:0999999922", &["registrar"])?;
    let provisional = register(ledger, &root, began, 2, "kbo:1000000021", &["provisional"])?;
    ledger.set_provisional(Registrar { kid: provisional.kid, signer: provisional.key });
    let title = |text: &str| json!({"de": text, "en": text, "fr": text, "nl": text});
    let catalogue = draft("catalogue", began, 3)
        .member("code", json!("be.social"))
        .member("version", json!(1))
        .member("categories", json!([{"code": "pension", "title": title("Pension")}]))
        .member("purposes", json!([{"code": "read", "title": title("Read")}]))
        .member("bases", json!([]));
    let catalogue = ledger.append(sign(catalogue, &root))?.id;
    let persons = (0..4)
        .map(|n| register(ledger, &registrar, began, 10 + n, &niss(900_101_001 + 2 * n), &[]))
        .collect::<Result<_, _>>()?;
    Ok(Cast { persons, catalogue })
}

/// The identifier of a person born in the last century, from its first nine digits.
#[must_use]
pub fn niss(digits: u64) -> String {
    format!("niss:{digits:09}{:02}", 97 - digits % 97)
}

fn sign(draft: Draft, by: &Player) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

fn register(
    ledger: &Ledger,
    by: &Player,
    began: Millis,
    n: u64,
    identifier: &str,
    roles: &[&str],
) -> Result<Player, SubmitError> {
    let party_type = if roles.is_empty() { PartyType::Person } else { PartyType::Institution };
    let salts = [fixed("salt", n), fixed("salt of the name", n)];
    let occasion = occasion("party", began, n);
    let identifier = identifier.parse().unwrap();
    let party =
        Draft::party(&occasion, party_type, fixed("handle", n), &identifier, Some("Somebody"), &salts)
            .unwrap();
    let party = if roles.is_empty() { party } else { party.member("roles", json!(roles)) };
    let party = ledger.append(sign(party, by))?.id;
    let key = Arc::new(SoftKey::from_seed(&fixed("key", n)));
    let nonce = fixed("key record", n);
    let occasion = Occasion { origin: ORIGIN, nonce, now: began };
    let public = key.public_key();
    let possession = key.sign(&proof_of_possession_message(ORIGIN, &party, &public, &nonce)).unwrap();
    let record = Draft::key(&occasion, &party, &public, &possession, "first", "substantial");
    let kid = ledger.append(sign(record, by))?.id;
    Ok(Player { party, kid, key })
}

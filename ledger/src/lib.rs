//! The embeddable Procura ledger: open, append, prove, decide, audit. Synchronous; one sequencer thread owns the tail.
//!
//! | to see how | read |
//! |---|---|
//! | a submission becomes an entry | `append.rs` |
//! | a folder becomes a ledger | `open.rs`, `replay.rs` |
//! | an answer becomes a receipt | `prove.rs`, `check.rs` |
//! | a copy is made, and a ledger of it | `backup/` |
//! | somebody else's log is followed | `mirror/` |
//! | everything is checked against nothing but itself | `audit.rs` |
//!
//! # Example
//!
//! A trial ledger in memory: its root, an institution that the root registers, and the proof that it stands there. With
//! [`Ledger::init`] and [`Ledger::open`] the same lives in a folder.
//!
//! ```
//! use procura_core::draft::{Draft, Occasion};
//! use procura_core::key::{Signer, SoftKey};
//! use procura_core::kinds::PartyType;
//! use procura_core::receipt::{Mode, Policy, verify_status};
//! use procura_core::status::Status;
//! use procura_core::vrf::Secret;
//! use procura_ledger::{Ask, Audience, Clock, Ledger, Options, OsRandom, Random, Setup, SystemClock};
//! use serde_json::json;
//! use std::sync::Arc;
//!
//! fn random<const N: usize>() -> Result<[u8; N], String> {
//!     let mut bytes = [0; N];
//!     OsRandom.fill(&mut bytes)?;
//!     Ok(bytes)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let origin = "trial/example";
//! let root_key = SoftKey::from_seed(&random()?);
//! let root_kid = root_key.public_key().thumbprint();
//! let clock = SystemClock::default();
//!
//! // Entry 0: who governs the ledger, and the key of aliases: one identifier, one party.
//! let vrf = Arc::new(Secret::from_seed(&random()?));
//! let occasion = Occasion { origin, nonce: random()?, now: clock.now() };
//! let root = Draft::new("root", &occasion)
//!     .member("keys", json!([root_key.public_key().jwk()]))
//!     .member("quorum", json!(1))
//!     .member("key_delay", json!(259_200_000))
//!     .member("trial", json!(true))
//!     .vrf_key(vrf.public_key())
//!     .sign(&root_kid, &root_key)?;
//! let log_key = Arc::new(SoftKey::from_seed(&random()?));
//! let setup = Setup { origin: origin.to_owned(), root, log_key };
//! let ledger = Ledger::in_memory(setup, Options { vrf: Some(vrf), ..Options::default() })?;
//!
//! // A record, signed, handed in, acknowledged once it is durable and under a signed checkpoint.
//! let occasion = Occasion { origin, nonce: random()?, now: clock.now() };
//! let (identifier, salts) = ("kbo:0999999922".parse()?, [random()?, random()?]);
//! let (party_type, name) = (PartyType::Institution, Some("Registry"));
//! let party = Draft::party(&occasion, party_type, random()?, &identifier, name, &salts)?;
//! let logged = ledger.append(party.sign(&root_kid, &root_key)?)?;
//!
//! // Its receipt stands alone: whoever has the policy checks it without the ledger.
//! let receipt = logged.view.receipt(&logged.id, &Ask::now(Audience::Anyone))?.ok_or("it is there")?;
//! let policy = Policy::plain(origin, ledger.log_key(), ledger.entry0(), 300).to_string();
//! let policy = Policy::parse(policy.as_bytes())?;
//! let mode = Mode::Fresh(clock.now());
//! let verified = verify_status(receipt.to_json().as_bytes(), &logged.id, None, &policy, mode)?;
//! assert_eq!(*verified.status(), Status::ACTIVE);
//!
//! // And the whole ledger stands up to an audit from its entries alone.
//! assert!(ledger.audit(&mut |_done, _all| {})?.is_clean());
//! # Ok(())
//! # }
//! ```

mod append;
pub mod audit;
pub mod backup;
mod behind;
mod cache;
mod candidates;
mod catalogues;
mod check;
mod checked;
pub mod disk;
mod eraser;
mod error;
mod feed;
mod filing;
#[cfg(fuzzing)]
pub mod fuzzing;
mod given;
mod grounds;
mod growth;
mod guard;
pub mod index;
mod ledger;
mod live;
mod lock;
mod log;
mod log_keys;
mod memo;
mod memory_index;
pub mod mirror;
mod nodes;
mod observer;
mod open;
mod permitted;
mod prepared;
mod prove;
mod published;
mod readable;
mod replay;
mod reply;
mod search;
mod sequencer;
pub mod side;
mod standings;
pub mod store;
mod unwritten;
mod vault;
mod view;
mod watch;

pub use audit::{AuditError, AuditReport, audit, audit_store};
pub use error::{OpenError, ReadError, State, SubmitError};
pub use feed::ListMark;
pub use given::{Clock, OsRandom, Random, SystemClock};
pub use growth::{Grown, Growth};
pub use ledger::{Acknowledged, Ledger};
pub use memory_index::MemoryIndex;
pub use observer::{Committed, Measures, Observer};
pub use open::{Options, Setup, Storage};
pub use permitted::{Permitted, SPARE, Wanted};
pub use prepared::Registrar;
pub use prove::{Ask, Audience, PERSON_SEGMENTS};
pub use search::{MAX_GRANTS, SEGMENT_ITEMS};
pub use view::{Found, KeyInfo, PartyInfo, View};

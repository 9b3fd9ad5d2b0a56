//! The embeddable Procura ledger: open, append, prove, decide, audit. Synchronous; one sequencer thread owns the tail.
//!
//! | to see how | read |
//! |---|---|
//! | a submission becomes an entry | `append.rs` |
//! | a folder becomes a ledger | `open.rs`, `replay.rs` |
//! | an answer becomes a receipt | `prove.rs`, `check.rs` |
//! | everything is checked against nothing but itself | `audit.rs` |

mod append;
pub mod audit;
mod check;
mod checked;
mod error;
mod filing;
mod given;
mod guard;
pub mod index;
mod ledger;
mod live;
mod lock;
mod log;
mod memory_index;
mod open;
mod prepared;
mod prove;
mod published;
mod replay;
mod search;
pub mod side;
pub mod store;
mod vault;
mod view;

pub use audit::{AuditError, AuditReport, audit, audit_store};
pub use error::{OpenError, ReadError, State, SubmitError};
pub use given::{Clock, OsRandom, Random, SystemClock};
pub use ledger::{Acknowledged, Ledger};
pub use memory_index::MemoryIndex;
pub use open::{Options, Setup, Storage};
pub use prepared::Registrar;
pub use prove::{Ask, Audience, PERSON_SEGMENTS};
pub use search::{MAX_GRANTS, SEGMENT_ITEMS};
pub use view::{Found, KeyInfo, PartyInfo, View};

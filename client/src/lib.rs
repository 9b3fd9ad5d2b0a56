//! The verifying client of a Procura ledger.
//!
//! [`Client`] asks a server and believes nothing that it says: every answer comes with a receipt, which is
//! verified against a [`Policy`](procura_core::receipt::Policy) and held against the last checkpoint seen
//! ([`store::Store`]) before it is handed over as a value of core's `Verified…` types. What cannot be proven has
//! a name that says so ([`Client::evaluate_unverified`], [`Client::log_info_unverified`]).
//!
//! - [`client`]: the client, and how an answer comes to be believed;
//! - [`store`]: what was seen of each ledger, kept so that no ledger can take it back;
//! - [`tiles`]: proofs computed from public tiles alone, and [`audit`] of a whole log;
//! - [`monitor`]: watches a ledger; [`compare`] what two readers were shown; [`evidence`] of a fault, for everybody;
//! - [`import`]: a mandate for each line of a file; [`bulk`]: many records of any kind;
//! - [`feed`]: what happens to one's own party, as it happens, with nothing left out;
//! - [`guard`]: what a source puts in front of its data;
//! - [`keyfile`]: private keys on disk;
//! - [`pairing`]: a device that signs adds another;
//! - [`present`]: showing a mandate to one verifier, and taking what is shown once;
//! - [`webhook`]: for those whom a ledger tells what happens;
//! - `witness` (feature `witness`): cosigns what logs publish, a service of its own;
//! - `mirror` (feature `mirror`): follows a ledger and answers from there, another. It alone knows the engine.
//!
//! The calls block. Errors are an enum per operation; each says whose fault it is and what to do.

mod accesses;
pub mod audit;
pub mod bulk;
mod catalogues;
mod check;
pub mod client;
pub mod compare;
mod courier;
pub mod error;
pub mod evidence;
pub mod feed;
pub mod guard;
mod history;
mod holdings;
mod http;
pub mod import;
pub mod keyfile;
mod links;
mod log;
mod log_keys;
mod lost;
#[cfg(feature = "mirror")]
pub mod mirror;
pub mod monitor;
pub mod pairing;
mod parties;
pub mod present;
mod promise;
mod receipts;
pub mod records;
pub mod relay;
mod renew;
mod requests;
#[cfg(feature = "witness")]
mod service;
mod shown;
mod signing;
pub mod store;
mod submit;
pub mod terms;
pub mod tiles;
mod token;
mod waiting;
pub mod webhook;
#[cfg(feature = "witness")]
pub mod witness;

pub use accesses::{AccessError, Asking};
pub use catalogues::CatalogueFound;
pub use check::Evaluation;
pub use client::{Client, Identity, NewError, Proven};
pub use error::{CallError, CheckpointFault, Distrust, Problem, ReadError, SubmitError, TokenError};
pub use holdings::Held;
pub use links::link_address;
pub use log::{LogInfo, MeetError};
pub use lost::Lost;
pub use parties::PartyFound;
pub use promise::PromiseFault;
pub use receipts::ReceiptAnswer;
pub use records::{AllRecords, Complete, Filed, Page, RecordsError};
pub use renew::RenewError;
pub use requests::{AnswerError, Asked, Given};
pub use shown::Shown;
pub use signing::SignFault;
pub use submit::Submitted;

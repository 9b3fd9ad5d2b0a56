//! A mirror: follows a ledger, checks every byte of it, and answers from there how records stand.
//!
//! [`Follower`] brings entries and index up to what the ledger publishes, by the engine's own `apply`; [`serve`] answers from what was
//! checked whole. A mirror has no body of any record: who asks brings the receipt in hand. With a key of its own it cosigns, as a
//! map-checker, what it checked.
//!
//! spec: log.md#mirrors

mod checker;
mod follower;
mod metrics;
mod serve;
mod standing;

pub use checker::MapChecker;
pub use follower::Follower;
pub use serve::{Service, serve};
pub use standing::{Fault, Standing};

//! The stories, told over HTTP by processes of their own: the ledger, and the declaration service. Each is killed and started again in the
//! middle, by its own id.

// A test may panic; the lints know only functions marked as tests, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod counter;
mod handover;
mod ledger;
mod month;
mod only_once;
mod processes;
mod right;
mod service;
mod sharing;

//! Witnesses as processes of their own: killed and started again while a ledger asks them, and while a log lies to them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is the finding; clippy knows only functions marked as tests"
)]

mod ledger;
mod lies;
mod process;

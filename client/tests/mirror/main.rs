//! `procura mirror run` as a process, of a ledger that is another.
#![cfg(feature = "mirror")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "in tests a panic is the finding; a process tells its address by a line"
)]

mod offline;
mod process;
mod rotation;
mod stale;
mod town;

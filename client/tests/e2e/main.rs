//! The client against a ledger in memory, behind a server of these tests' own that can be told to lie.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in tests a panic is the finding"
)]

mod command;
mod export;
mod feed;
mod honest;
mod hooks;
mod hostile;
mod import;
#[cfg(feature = "mirror")]
mod mirror;
mod monitor;
mod pair;
mod present;
mod roles;
mod root;
mod steps;
mod stub;
mod terms;
mod waiting;

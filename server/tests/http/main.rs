//! Goal: every endpoint answers as `spec/http.md` says, and its tampered twin is refused. Method: a server in this process on
//! a free port of the loopback, over a real ledger with the demo's directory, asked by an HTTP client.
// A test may panic; the lints know only functions marked as tests, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod access;
mod accesses;
mod certification;
mod connections;
mod desk;
mod events;
mod examples;
mod holdings;
mod hooks;
mod log;
mod metrics;
mod overload;
mod pages;
mod privacy;
mod raw;
mod readers;
#[path = "../receiver/mod.rs"]
mod receiver;
mod records;
mod schema;
mod searches;
mod shown;
mod start;
mod tokens;
mod witnesses;
mod world;

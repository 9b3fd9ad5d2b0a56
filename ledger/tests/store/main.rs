//! Goal: every store keeps the contract of `Store`, and the one on disk keeps it through kills and damage.
//! Method: one contract test run over each store, then files cut, flipped, removed and mixed by hand.
// A test may panic; the lints know only functions marked as tests, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod contract;
mod failing;
mod grove;
mod memory;
mod volumes;

//! What becomes of the real program when something under it fails: it is killed, the disk is full, the clock is wrong.
// A test may panic; the lints know only functions marked as tests, not the helpers beside them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "in tests a panic is the finding"
)]

mod clock;
mod crash;
mod disk;
mod hooks;
mod process;
#[path = "../receiver/mod.rs"]
mod receiver;

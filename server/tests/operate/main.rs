//! The program as operators meet it: its settings, its certificate.
// A test may panic; the lints know only functions marked as tests, not the helpers beside them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "in tests a panic is the finding"
)]

mod process;
mod reference;
mod settings;
mod tls;

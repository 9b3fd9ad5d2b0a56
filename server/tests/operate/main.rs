//! The program as operators meet it: its settings, its certificate, what it says of itself.
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
mod requests;
mod settings;
mod status;
mod tls;
#[cfg(feature = "otlp")]
mod traces;

//! What Procura's end-to-end tests share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "in tests a panic is the finding"
)]

pub mod crash;
pub mod meddler;
pub mod vectors;
pub mod world;

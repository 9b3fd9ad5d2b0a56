//! `procura import` as its users run it: the program itself, against the real server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in tests a panic is the finding"
)]

mod crash;
mod desk;
mod many;
mod refusals;
mod roads;
mod whole;

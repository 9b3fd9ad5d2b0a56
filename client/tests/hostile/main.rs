//! The hostile operator. Goal: for each lie of an operator who holds the log's key, its database and its server, it is known who notices, with
//! what, and how soon; and where nobody can, that is known as well. Method: the real server over a real ledger, and before it a layer
//! that changes one thing ([`procura_tests::hostile::LyingServer`]); the readers are the command `procura` and the client library as everybody has
//! them. One lie a test, told first by an honest server, which raises nothing. Evidence is checked by a third person, who has the
//! policy, the file, and no network.
//!
//! The table that this suite holds is in spec/threats.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in tests a panic is the finding"
)]

mod answers;
mod censored;
mod histories;
mod lists;
mod sizes;
mod told;
mod town;
mod witnesses;

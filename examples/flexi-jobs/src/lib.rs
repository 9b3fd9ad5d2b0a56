//! Flexi-jobs on a Procura ledger: the authentic source of their wages, the counter against the year's ceiling, and what others may know
//! of it. Built as an outside team would build it: on the client library and the ledger's HTTP interface, and nothing else of it.
//!
//! - [`counters`]: what is counted, from files of data;
//! - [`declaration`]: what is handed in, and what is wrong with it;
//! - [`book`]: what was declared, on disk; [`counter`]: the year's total against the ceiling;
//! - [`admission`]: no receipt of a logged access, no entry;
//! - [`files`]: each worker's file is registered once with the ledger;
//! - [`notices`]: whom the law lets see a status is told that one changed;
//! - [`service`]: all of it over HTTP, with pages for people, as the two other services have; what a worker sees changes as it is declared;
//! - [`caller`]: the other side of it, for employers, secretariats and workers;
//! - [`look`]: somebody's data, looked at once; [`tariff`]: a right that nobody asks for, a service of its own;
//! - [`form`]: a town's form that asks only once, another one;
//! - [`prepare`]: how the service comes into a trial ledger; [`month`]: a month of many workers.

pub mod admission;
mod answered;
pub mod behind;
pub mod book;
pub mod caller;
pub mod connect;
pub mod counter;
pub mod counters;
pub mod declaration;
pub mod enrol;
pub mod errand;
pub mod files;
mod following;
pub mod form;
pub mod look;
pub mod month;
pub mod notices;
mod pages;
pub mod prepare;
mod problem;
pub mod service;
pub mod status;
pub mod tariff;

use procura_core::Millis;
use std::sync::Arc;

/// Where the time comes from: the system, or a test.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// The system's clock.
#[must_use]
pub fn system_clock() -> Clock {
    use std::time::{SystemTime, UNIX_EPOCH};
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    })
}

//! The stories, told over HTTP by processes of their own: the ledger, and the declaration service. Each is killed and started again in the
//! middle, by its own id.

mod counter;
mod ledger;
mod month;
mod processes;
mod service;
mod sharing;

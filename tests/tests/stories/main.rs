//! The acceptance stories, end to end: over HTTP, with the client that verifies, on days that the test turns to.
//!
//! Goal: what the field expects happens, and its twin that must not happen is refused by its name. Method: a desk at which
//! everybody has a client of their own; every question is asked twice, in plain AuthZEN and with proof, and the receipts
//! are tampered with.

mod asking;
mod data;
mod desk;
mod erasing;
mod family;
mod helpers;
mod keys;
mod urgent;
mod work;

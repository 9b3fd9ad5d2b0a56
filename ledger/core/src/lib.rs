//! The rules of the Procura ledger as pure functions: records, entries, the tree, the index, receipts and
//! decisions. No I/O, no clock, no randomness: the same arguments give the same answer everywhere.
//!
//! The protocol in words is in `spec/`; comments point there as `spec: file.md#anchor`.

pub mod b64;
mod cursor;
pub mod entry;
pub mod hash;
pub mod index;
pub mod kv;
pub mod peaks;
pub mod status;
pub mod trie;
pub mod units;

pub use hash::Hash;
pub use units::{Index, Millis, Size};

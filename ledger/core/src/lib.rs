//! The rules of the Procura ledger as pure functions: records, entries, the tree, the index, receipts and
//! decisions. No I/O, no clock, no randomness: the same arguments give the same answer everywhere.
//!
//! The protocol in words is in `spec/`; comments point there as `spec: file.md#anchor`.

pub mod admission;
pub mod alias;
pub mod b64;
pub mod checkpoint;
pub mod conditions;
pub mod cosignature;
mod cursor;
pub mod days;
pub mod decide;
pub mod disclosure;
pub mod draft;
pub mod entry;
pub mod hash;
pub mod identifier;
pub mod index;
pub mod json;
pub mod judge;
pub mod jws;
pub mod key;
pub mod kinds;
pub mod kv;
pub mod language;
pub mod log_keys;
pub mod note;
pub mod policy;
pub mod presentation;
pub mod receipt;
pub mod record;
pub mod root_file;
pub mod schemes;
pub mod source;
pub mod status;
pub mod submission;
pub mod successor;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod trie;
pub mod units;
pub mod vrf;
pub mod webhook;
pub mod witness;

pub use hash::Hash;
pub use units::{Index, Millis, Size};

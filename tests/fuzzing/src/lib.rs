//! Fuzz targets: every reader of bytes that come from outside or from the disk.
//!
//! A target asks for more than "no panic": what is read is written back byte for byte where the format has one spelling, what
//! a changed proof or receipt says is still true, and two ways to one answer agree. `bash tests/fuzz` runs them under
//! libFuzzer.
#![forbid(unsafe_code)]

mod http;
mod index;
mod input;
mod json;
mod log;
mod receipts;
mod records;
pub mod seeds;
mod stored;
mod texts;
mod trees;

/// What is fuzzed, by name.
pub struct Target {
    /// The name: that of its folder in `corpus/`.
    pub name: &'static str,
    /// Panics if the input shows a fault.
    pub run: fn(&[u8]),
    /// The longest input in bytes. Long enough for the limits that the reader states, where that is bearable.
    pub max_len: usize,
}

impl Target {
    /// The target of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }
}

const fn target(name: &'static str, run: fn(&[u8]), max_len: usize) -> Target {
    Target { name, run, max_len }
}

/// Every target.
pub static TARGETS: [Target; 36] = [
    target("add-checkpoint", log::add_checkpoint, 8192),
    target("answer", http::answer, 4096),
    target("apply", index::apply, 512),
    target("authzen", json::authzen, 4096),
    target("checkpoint", log::checkpoint, 4096),
    target("conditions", json::conditions, 4096),
    target("disclosures", records::disclosures, 4096),
    target("entry", index::entry, 1024),
    target("evidence", receipts::evidence, 64 << 10),
    target("file-journal", stored::journal, 8192),
    target("file-key", stored::key_file, 4096),
    target("file-side", stored::side_file, 40 << 10),
    target("file-trusted", stored::trusted_file, 8192),
    target("import", texts::import, 4096),
    target("json", json::json, 16 << 10),
    target("jws", records::jws, 8192),
    target("note", log::note, 8192),
    target("policy", json::policy, 4096),
    target("presentation", receipts::presentation, 32 << 10),
    target("proof", trees::proof, 256),
    target("receipt", receipts::receipt, 32 << 10),
    target("record", records::record, 8192),
    target("request", http::request, 8192),
    target("root-file", records::root_file, 16 << 10),
    target("rows", index::rows, 8192),
    target("status-proof", receipts::status_proof, 16 << 10),
    target("submission", records::submission, 8192),
    target("successor", log::successor, 8192),
    target("tampered", receipts::tampered, 64),
    target("texts", texts::texts, 1024),
    target("tiles", log::tiles, 8192),
    target("tlog-policy", log::tlog_policy, 8192),
    target("tlog-proof", log::tlog_proof, 4096),
    target("token", http::token, 4096),
    target("trie", trees::trie, 4096),
    target("vault", stored::vault, 4096),
];

//! Goal: the layers answer as one map would, each snapshot as of its moment, whatever is flushed meanwhile; the file
//! stands at its mark or is thrown away. Method: a plain map as the model under random interleavings, then a file that
//! fails and waits on command, then folders damaged by hand.
// A test may panic; the lints know only functions marked as tests, not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod flush;
mod folder;
mod model;

use procura_core::kv::Changes;
use procura_ledger::index::{Found, RunsIndex};
use std::path::Path;
use tempfile::TempDir;

const FORMAT: u32 = 7;
const ORIGIN: &str = "example.org/log";

/// A folder for what is opened hundreds of times: in memory where the system has such a place, as nothing here
/// asks for durability.
fn passing_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

fn open(path: &Path) -> (RunsIndex, Found) {
    RunsIndex::open(path, FORMAT, ORIGIN, 1 << 20).unwrap()
}

fn changes<K: AsRef<[u8]>>(rows: impl IntoIterator<Item = (K, String)>) -> Changes {
    rows.into_iter().map(|(key, row)| (key.as_ref().to_vec(), row.into_bytes().into())).collect()
}

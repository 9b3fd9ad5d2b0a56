//! A mirror of a ledger in this process, without anything in between.

use procura_core::Index;
use procura_core::checkpoint::SignedCheckpoint;
use procura_ledger::Ledger;
use procura_ledger::mirror::{Mirror, MirrorView};

/// A mirror in memory that has followed a ledger up to now, and reads that.
#[must_use]
pub fn mirror_of(ledger: &Ledger) -> MirrorView {
    let mut mirror = Mirror::in_memory(ledger.origin()).unwrap();
    follow(&mut mirror, ledger);
    mirror.reader().view().unwrap()
}

/// Follows a ledger up to now, and reads that.
pub fn follow(mirror: &mut Mirror, ledger: &Ledger) {
    let view = ledger.view();
    let fresh = (mirror.root().size.0..view.size().0).map(|index| view.entry(Index(index)).unwrap().unwrap());
    let fresh: Vec<Vec<u8>> = fresh.collect();
    if !fresh.is_empty() {
        mirror.follow(&fresh).unwrap();
    }
    mirror.adopt(&SignedCheckpoint::parse(view.checkpoint().as_bytes()).unwrap()).unwrap();
}

//! What a ledger that came back from a backup no longer has: told by the receipts that were kept.
//!
//! spec: log.md#after-a-loss

use crate::client::Client;
use crate::error::CheckpointFault;
use crate::tiles::LogError;
use procura_core::Index;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::entry::Entry;
use procura_core::hash::leaf;
use procura_core::receipt::{Receipt, ReceiptEntry};
use procura_core::tile::TileNodes;
use procura_core::tree::{Nodes as _, Root};
use std::collections::BTreeMap;

/// What the receipts show, held against the tree that the server publishes.
#[derive(Debug)]
pub struct Lost {
    /// The server's tree.
    pub root: Root,
    /// How many records are still there.
    pub held: usize,
    /// Those that are not, by their places: they were logged after what the server has.
    pub missing: BTreeMap<Index, ReceiptEntry>,
    /// Those in whose place something else stands. Both are signed: that convicts whoever did.
    pub replaced: BTreeMap<Index, ReceiptEntry>,
}

impl Client {
    /// Holds the records of receipts that the caller has verified against the tree that the server publishes now. It is believed as far
    /// as a key of the log signed it, and may be smaller than what was seen before: that is what is asked.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn lost(&self, receipts: &[Receipt]) -> Result<Lost, LogError> {
        const PATH: &str = "/checkpoint";
        let text = self.server.get(PATH, None)?.text(PATH)?;
        let keys: Vec<_> = self.policy.log_keys.iter().map(|key| key.key.clone()).collect();
        let verify = || SignedCheckpoint::parse(text.as_bytes())?.verify(&self.policy.origin, &keys);
        let root = verify().map_err(CheckpointFault::from)?.root();
        let nodes = TileNodes::open(&root, |path| self.tile(path))?;
        let mut lost = Lost { root, held: 0, missing: BTreeMap::new(), replaced: BTreeMap::new() };
        let shown: BTreeMap<Index, &ReceiptEntry> =
            receipts.iter().flat_map(|receipt| &receipt.entries).map(|entry| (entry.index, entry)).collect();
        for (index, entry) in shown {
            if matches!(Entry::decode(&entry.entry), Ok(Entry::Commit(_))) {
                continue;
            }
            if index.0 >= root.size.0 {
                lost.missing.insert(index, entry.clone());
            } else if nodes.node(0, index.0)? == leaf(&entry.entry) {
                lost.held += 1;
            } else {
                lost.replaced.insert(index, entry.clone());
            }
        }
        Ok(lost)
    }
}

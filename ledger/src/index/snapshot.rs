//! The index as one reader sees it.

use super::fresh::Fresh;
use super::merge::{lower_bound, newest};
use super::{IndexRow, Rows};
use procura_core::kv::{Changes, Kv, Unreadable};
use procura_core::trie::Trie;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::OnceLock;

/// The index as it stood when the snapshot was taken, for as long as it is held: pass it to a request, then drop it.
/// (A file can't reuse what a snapshot sees: one that is kept for long makes it grow.)
///
/// The trie is at hand; what of it the file lacks is no row but for [`Rows::range`].
#[derive(Clone)]
pub struct Snapshot {
    /// Fresh rows, the newest first, seen up to a write.
    layers: [Option<Arc<Fresh>>; 2],
    up_to: u64,
    trie: Trie,
    base: Arc<dyn Rows>,
    /// The pages that the file lacks, once somebody asked for all rows.
    pages: OnceLock<Arc<Changes>>,
}

impl Snapshot {
    pub(super) const fn new(
        layers: [Option<Arc<Fresh>>; 2],
        up_to: u64,
        trie: Trie,
        base: Arc<dyn Rows>,
    ) -> Self {
        Self { layers, up_to, trie, base, pages: OnceLock::new() }
    }
}

impl Kv for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        match self.layers.iter().flatten().find_map(|layer| layer.get(key, self.up_to)) {
            Some(row) => Ok(Some(row)),
            None => self.base.get(key),
        }
    }

    fn trie(&self) -> Option<&Trie> {
        Some(&self.trie)
    }
}

impl Rows for Snapshot {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        // No layer takes rows away, so that the first `limit` of each hold the first `limit` of all.
        let mut rows = self.base.range(prefix, after, limit)?;
        if Trie::may_have_rows(prefix) {
            let pages = self.pages.get_or_init(|| Arc::new(self.trie.fresh_rows().collect()));
            let fresh = pages.range::<[u8], _>((lower_bound(prefix, after), Bound::Unbounded));
            let fresh = fresh.take_while(|(key, _)| key.starts_with(prefix));
            let fresh = fresh.map(|(key, row)| (Arc::from(key.as_slice()), Arc::clone(row)));
            rows = newest(fresh, rows).take(limit).collect();
        }
        for layer in self.layers.iter().rev().flatten() {
            let fresh = layer.range(self.up_to, prefix, after, limit);
            if !fresh.is_empty() {
                rows = newest(fresh, rows).take(limit).collect();
            }
        }
        Ok(rows)
    }
}

//! Reading a mirror as of one checkpoint: the log, and how records stand, proven.

use super::{Adopted, Shared};
use crate::error::ReadError;
use crate::log;
use procura_core::entry::Entry;
use procura_core::hash::{alias_key_in, leaf, sha256, status_key_in};
use procura_core::index::status_items;
use procura_core::receipt::{Consistency, ListPart, StatusAsk, StatusProof};
use procura_core::tile::TilePath;
use procura_core::tree::{Root, prove_below_peaks};
use procura_core::{Hash, Index, Millis, Size, trie};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A mirror under one checkpoint, for as long as it is held.
#[derive(Clone)]
pub struct MirrorView {
    shared: Arc<Shared>,
    adopted: Arc<Adopted>,
}

impl MirrorView {
    pub(super) const fn new(shared: Arc<Shared>, adopted: Arc<Adopted>) -> Self {
        Self { shared, adopted }
    }

    /// Size and root of the tree.
    #[must_use]
    pub fn root(&self) -> Root {
        self.adopted.point.root
    }

    /// How many entries there are.
    #[must_use]
    pub fn size(&self) -> Size {
        self.adopted.point.root.size
    }

    /// The time of the index commit: what is answered is as of then.
    #[must_use]
    pub fn time(&self) -> Millis {
        self.adopted.point.time
    }

    /// The checkpoint, a signed note, with all signatures that came with it.
    #[must_use]
    pub fn checkpoint(&self) -> &str {
        &self.adopted.checkpoint
    }

    /// The inclusion proof of an entry, as a tlog-proof text; `None` if there is no such entry.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn inclusion(&self, index: Index) -> Result<Option<String>, ReadError> {
        let reader = self.shared.store.read()?;
        log::inclusion(&self.shared.nodes.of(reader.as_ref()), index, self.size(), self.checkpoint())
    }

    /// The consistency proof between two sizes; `None` if the log never had them, or they are out of order.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn consistency(&self, from: Size, to: Size) -> Result<Option<Vec<Hash>>, ReadError> {
        if to > self.size() {
            return Ok(None);
        }
        let reader = self.shared.store.read()?;
        log::consistency(&self.shared.nodes.of(reader.as_ref()), from, to)
    }

    /// A tile or an entry bundle; `None` if the checkpoint does not contain it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, ReadError> {
        let reader = self.shared.store.read()?;
        log::tile(reader.as_ref(), path, self.size())
    }

    /// How the entries and lists that are asked for stand. `None` if an entry is not the one at its place: who asks does not know
    /// what was logged there, or it was not logged by then.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn status(&self, ask: &StatusAsk) -> Result<Option<StatusProof>, ReadError> {
        let (size, snapshot) = (self.size(), &self.adopted.point.snapshot);
        let commit_at = size.last().ok_or_else(|| ReadError::Fault("an empty log".to_owned()))?;
        let reader = self.shared.store.read()?;
        for (index, bytes) in &ask.entries {
            // The commit is led to by itself; commits belong to no record, and anybody may know them.
            if *index >= commit_at || reader.entries(index.0..index.0 + 1)?.first() != Some(bytes) {
                return Ok(None);
            }
        }
        let mut lists = Vec::with_capacity(ask.lists.len());
        for id in &ask.lists {
            let items = status_items(snapshot, id)?;
            // The create was shown, so that whoever asks may know what became of it.
            let is_shown = items.first().is_some_and(|item| {
                ask.entries.iter().any(|(index, bytes)| *index == item.index && leaf(bytes) == item.leaf)
            });
            if !is_shown {
                return Ok(None);
            }
            lists.push(ListPart { id: *id, items });
        }
        let nodes = self.shared.nodes.of(reader.as_ref());
        let indexes: BTreeSet<Index> = ask.entries.iter().map(|(index, _)| *index).collect();
        let tree = prove_below_peaks(&nodes, Size(commit_at.0), &indexes).map_err(log::unprovable)?;
        let origin = &sha256(&[self.shared.origin.as_bytes()]);
        // The aliases stand in the entries, which are those of the log.
        let aliases = ask.entries.iter().filter_map(|(_, bytes)| match Entry::decode(bytes) {
            Ok(Entry::Party { head, alias, .. }) if ask.aliases.contains(&head.id) => Some(alias),
            _ => None,
        });
        let lists_asked = ask.lists.iter().map(|id| status_key_in(origin, id));
        let keys: BTreeSet<Hash> =
            lists_asked.chain(aliases.map(|alias| alias_key_in(origin, &alias))).collect();
        let consistency = match ask.from.filter(|from| *from < size) {
            Some(from) => log::consistency(&nodes, from, size)?.map(|hashes| Consistency { from, hashes }),
            None => None,
        };
        let proof = log::inclusion(&nodes, commit_at, size, self.checkpoint())?;
        Ok(Some(StatusProof {
            proof: proof.ok_or_else(|| ReadError::Fault("no index commit".to_owned()))?,
            commit: self.adopted.point.commit.clone(),
            tree,
            lists,
            trie: trie::prove(snapshot, &keys)?,
            consistency,
        }))
    }
}

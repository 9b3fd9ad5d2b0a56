//! The log as C2SP tlog-tiles show it: tiles, entry bundles, inclusion and consistency proofs.
//!
//! spec: log.md

use crate::error::ReadError;
use crate::nodes::StoredNodes;
use crate::open::ReaderNodes;
use crate::store::{Reader, StoreError};
use crate::view::View;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::tile::{TileKind, TilePath, encode_bundle, encode_tile};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::{Nodes, ProveError, prove_consistency, prove_inclusion};
use procura_core::{Hash, Index, Size};

impl View {
    /// The inclusion proof of an entry under the view's checkpoint, as a tlog-proof text; `None` if there is no such
    /// entry.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn inclusion(&self, index: Index) -> Result<Option<String>, ReadError> {
        let reader = self.shared.store.read()?;
        inclusion(&self.shared.nodes.of(reader.as_ref()), index, self.size(), self.checkpoint())
    }

    /// The bytes of an entry; `None` if there is no such entry.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn entry(&self, index: Index) -> Result<Option<Vec<u8>>, ReadError> {
        if index.0 >= self.size().0 {
            return Ok(None);
        }
        Ok(Some(self.kept(index)?.logged.entry.encode()))
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
        consistency(&self.shared.nodes.of(reader.as_ref()), from, to)
    }

    /// A tile or an entry bundle; `None` if the view's size does not contain it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, ReadError> {
        let reader = self.shared.store.read()?;
        tile(reader.as_ref(), path, self.size())
    }
}

/// The inclusion proof of an entry in the tree of a checkpoint; `None` if there is no such entry.
pub(crate) fn inclusion(
    nodes: &StoredNodes<'_>,
    index: Index,
    size: Size,
    checkpoint: &str,
) -> Result<Option<String>, ReadError> {
    let path = match prove_inclusion(nodes, index, size) {
        Ok(path) => path,
        Err(ProveError::Nodes(error)) => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())
        .map_err(|error| ReadError::Fault(error.to_string()))?;
    Ok(Some(TlogProof { index, path, checkpoint }.to_string()))
}

/// The consistency proof between two sizes, both of which are stored; `None` for 0, or out of order.
pub(crate) fn consistency(
    nodes: &StoredNodes<'_>,
    from: Size,
    to: Size,
) -> Result<Option<Vec<Hash>>, ReadError> {
    if from.0 == 0 || from > to {
        return Ok(None);
    }
    match prove_consistency(nodes, from, to) {
        Ok(hashes) => Ok(Some(hashes)),
        Err(ProveError::Nodes(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// A tile or an entry bundle of the first `size` entries; `None` if these do not contain it.
pub(crate) fn tile(reader: &dyn Reader, path: &TilePath, size: Size) -> Result<Option<Vec<u8>>, ReadError> {
    if !path.is_within(size) {
        return Ok(None);
    }
    let first = path.index() * 256;
    let places = first..first + u64::from(path.width());
    match path.kind() {
        TileKind::Entries => {
            let entries = reader.entries(places)?;
            encode_bundle(&entries).map(Some).map_err(|error| ReadError::Fault(error.to_string()))
        }
        TileKind::Hashes { level } => {
            let nodes = ReaderNodes(reader);
            let hashes: Vec<Hash> =
                places.map(|index| nodes.node(level * 8, index)).collect::<Result<_, _>>()?;
            Ok(Some(encode_tile(&hashes)))
        }
    }
}

/// A proof that the tree did not give: the storage's fault, or a fault of what is stored.
pub(crate) fn unprovable(error: ProveError<StoreError>) -> ReadError {
    match error {
        ProveError::Nodes(error) => error.into(),
        other => ReadError::Fault(other.to_string()),
    }
}

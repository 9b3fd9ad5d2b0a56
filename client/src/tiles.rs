//! Checkpoints, and proofs computed here from public tiles: the server's word is not needed for them, and no token.
//!
//! spec: http.md#c2sp

use crate::client::Client;
use crate::error::{CallError, CheckpointFault, Distrust};
use crate::http::unexpected;
use crate::store::Seen;
use procura_core::checkpoint::VerifiedCheckpoint;
use procura_core::tile::{TILE_WIDTH, TileError, TileNodes, TilePath};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::{
    Leaf, Nodes as _, ProofError, ProveError, Root, check_consistency, check_inclusion, prove_consistency,
    prove_inclusion,
};
use procura_core::{Hash, Index, Size};

/// The path of the checkpoint.
const CHECKPOINT: &str = "/checkpoint";

/// Why nothing was learnt from the public log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The checkpoint is not believed: the operator's fault, or the policy is another ledger's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// The tiles are not those of the checkpoint: the operator's fault, or that of whoever serves the tiles.
    #[error("the tiles are not those of the checkpoint: {0}")]
    Tiles(TileError<CallError>),
    /// The checkpoint and the one seen are two histories, or what was seen can't be read.
    #[error(transparent)]
    Distrust(#[from] Distrust),
    /// The server's own proof does not hold.
    #[error("the server's proof does not hold: {0}")]
    Proof(#[from] ProofError),
    /// The caller asks for an entry or a size that the log does not have yet.
    #[error("the log has {size} entries: there is nothing at {asked} yet")]
    Beyond {
        /// What was asked for.
        asked: u64,
        /// How many entries there are.
        size: Size,
    },
}

impl LogError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Call(error) => error.name(),
            Self::Checkpoint(error) => error.name(),
            Self::Tiles(TileError::Fetch(error)) => error.name(),
            Self::Tiles(error) => error.name(),
            Self::Distrust(error) => error.name(),
            Self::Proof(error) => error.name(),
            Self::Beyond { .. } => "beyond_log",
        }
    }
}

impl From<TileError<CallError>> for LogError {
    fn from(error: TileError<CallError>) -> Self {
        match error {
            TileError::Fetch(error) => Self::Call(error),
            error => Self::Tiles(error),
        }
    }
}

/// An entry's place in the tree of a checkpoint, computed from tiles.
#[derive(Debug, Clone)]
pub struct VerifiedInclusion {
    leaf: Leaf,
    path: Vec<Hash>,
    checkpoint: VerifiedCheckpoint,
}

impl VerifiedInclusion {
    /// The entry's index and leaf hash.
    #[must_use]
    pub const fn leaf(&self) -> Leaf {
        self.leaf
    }

    /// The inclusion path, from the leaf's sibling to the root's child.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The proof as a C2SP tlog-proof.
    #[must_use]
    pub fn to_tlog_proof(&self) -> String {
        let checkpoint = self.checkpoint.signed().clone();
        TlogProof { index: self.leaf.index, path: self.path.clone(), checkpoint }.to_string()
    }
}

/// That a tree continues an earlier one, computed from tiles.
#[derive(Debug, Clone)]
pub struct VerifiedConsistency {
    old: Root,
    hashes: Vec<Hash>,
    checkpoint: VerifiedCheckpoint,
}

impl VerifiedConsistency {
    /// The earlier tree.
    #[must_use]
    pub const fn old(&self) -> Root {
        self.old
    }

    /// The consistency proof.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }
}

impl Client {
    /// The checkpoint that the ledger publishes, signed as the policy wants, and of one history with the one seen before.
    /// It may be a little older than what receipts have shown; it is believed then, and not kept.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn checkpoint(&self) -> Result<VerifiedCheckpoint, LogError> {
        let text = self.server.get(CHECKPOINT, None)?.text(CHECKPOINT)?;
        let checkpoint = self.check_signatures(&text)?;
        let (seen, now) = (self.seen()?, Seen::of(&checkpoint));
        if let Some(seen) = &seen {
            self.check_continues(seen, &checkpoint)?;
        }
        self.remember::<LogError>(seen, &now)?;
        Ok(checkpoint)
    }

    /// Proves that the entry at `index` stands in the log.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn inclusion(&self, index: Index) -> Result<VerifiedInclusion, LogError> {
        let checkpoint = self.checkpoint()?;
        let root = checkpoint.root();
        let nodes = TileNodes::open(&root, |path| self.tile(path))?;
        let path = prove_inclusion(&nodes, index, root.size).map_err(from_prove)?;
        let leaf = Leaf { index, hash: nodes.node(0, index.0)? };
        check_inclusion(&leaf, &root, &path)?;
        Ok(VerifiedInclusion { leaf, path, checkpoint })
    }

    /// Proves that the log continues the tree of `old`, or of its own first `old` entries if no root is known.
    ///
    /// # Errors
    /// [`LogError`]; another root than `old`'s is [`ProofError::WrongOldRoot`] in [`LogError::Proof`].
    pub fn consistency(&self, old: Size, old_hash: Option<Hash>) -> Result<VerifiedConsistency, LogError> {
        let checkpoint = self.checkpoint()?;
        let root = checkpoint.root();
        if old > root.size {
            return Err(LogError::Beyond { asked: old.0, size: root.size });
        }
        let nodes = TileNodes::open(&root, |path| self.tile(path))?;
        let hashes = prove_consistency(&nodes, old, root.size).map_err(from_prove)?;
        let hash = match old_hash {
            Some(hash) => hash,
            None => root_at(&nodes, old)?,
        };
        let old = Root { size: old, hash };
        check_consistency(&old, &root, &hashes)?;
        Ok(VerifiedConsistency { old, hashes, checkpoint })
    }

    /// What the larger of two trees begins with instead of the smaller, with the hashes that lead on from there. `None` if it does begin
    /// with it, or the server does not show the larger one's tiles.
    pub(crate) fn beginning(&self, one: Root, other: Root) -> Option<(Hash, Vec<Hash>)> {
        let (old, new) = if one.size < other.size { (one, other) } else { (other, one) };
        if old.size == new.size {
            return None;
        }
        let nodes = TileNodes::open(&new, |path| self.tile(path)).ok()?;
        let hashes = prove_consistency(&nodes, old.size, new.size).ok()?;
        let begins = Root { size: old.size, hash: root_at(&nodes, old.size).ok()? };
        (begins != old && check_consistency(&begins, &new, &hashes).is_ok()).then_some((begins.hash, hashes))
    }

    /// A tile of hashes; a partial one may come as the full one, which is cut.
    pub(crate) fn tile(&self, path: TilePath) -> Result<Vec<u8>, CallError> {
        let (mut bytes, _) = self.tile_or_full(path, None)?;
        bytes.truncate(usize::from(path.width()) * 32);
        Ok(bytes)
    }

    /// A tile's bytes and the width that they have: once a tile is full, its partial forms may be gone.
    pub(crate) fn tile_or_full(
        &self,
        path: TilePath,
        token: Option<&str>,
    ) -> Result<(Vec<u8>, u16), CallError> {
        let error = match self.server.get(&format!("/{path}"), token) {
            Ok(reply) => return Ok((reply.body, path.width())),
            Err(error) => error,
        };
        if !path.is_partial() || error.refusal(404).is_none() {
            return Err(error);
        }
        let Some(full) = TilePath::new(path.kind(), path.index(), TILE_WIDTH as u16) else {
            return Err(error);
        };
        // Nobody but the partial tile's absence is to be told of if the full one is not there either.
        let reply = self.server.get(&format!("/{full}"), token).map_err(|_| error)?;
        Ok((reply.body, full.width()))
    }

    /// Holds a checkpoint against the one seen before.
    pub(crate) fn check_continues(
        &self,
        seen: &Seen,
        checkpoint: &VerifiedCheckpoint,
    ) -> Result<(), LogError> {
        let (old, new) = (seen.root(), checkpoint.root());
        let fork =
            |consistency| Err(LogError::Distrust(self.fork(seen, &Seen::of(checkpoint), consistency)?));
        if old.size == new.size {
            return if old.hash == new.hash { Ok(()) } else { fork(None) };
        }
        if new.size < old.size {
            // Who has shown more has it, and can prove that this is on the way there.
            let Some(hashes) = self.stated_consistency(new.size, old.size)? else {
                return Err(Distrust::Rollback { size: new.size, seen: old.size }.into());
            };
            return match check_consistency(&new, &old, &hashes) {
                Ok(()) => Ok(()),
                Err(_) => fork(Some(hashes)),
            };
        }
        if self.leads_on(old, new)? { Ok(()) } else { fork(None) }
    }

    /// Whether the larger of two trees of different sizes begins with the smaller, by the larger one's tiles.
    pub(crate) fn leads_on(&self, one: Root, other: Root) -> Result<bool, LogError> {
        let (old, new) = if one.size < other.size { (one, other) } else { (other, one) };
        let nodes = TileNodes::open(&new, |path| self.tile(path))?;
        let hashes = prove_consistency(&nodes, old.size, new.size).map_err(from_prove)?;
        Ok(check_consistency(&old, &new, &hashes).is_ok())
    }
}

/// The root of the first `size` leaves, out of their complete subtrees.
fn root_at<F>(nodes: &TileNodes<F>, size: Size) -> Result<Hash, TileError<CallError>>
where
    F: Fn(TilePath) -> Result<Vec<u8>, CallError>,
{
    let mut peaks = Vec::new();
    let mut start = 0_u64;
    for level in (0..64_u8).rev().filter(|level| size.0 >> level & 1 == 1) {
        peaks.push(nodes.node(level, start >> level)?);
        start += 1 << level;
    }
    let root = peaks.into_iter().rev().reduce(|right, left| procura_core::hash::node(&left, &right));
    Ok(root.unwrap_or_else(procura_core::hash::empty))
}

pub(crate) fn from_prove(error: ProveError<TileError<CallError>>) -> LogError {
    match error {
        ProveError::Nodes(error) => error.into(),
        ProveError::IndexBeyondTree { index, size } => LogError::Beyond { asked: index.0, size },
        ProveError::OldLarger { old, new } => LogError::Beyond { asked: old.0, size: new },
        other => LogError::Call(unexpected(CHECKPOINT, &other.to_string())),
    }
}

//! A tree read out of public tiles, trusting its root only.
//!
//! The partial tiles of a tree hold exactly its peaks, which hash to the root. Every full tile hashes to one hash
//! of the tile above it. So each tile is checked before a hash of it is used.

use super::path::width_of_level;
use super::{TILE_WIDTH, TileKind, TilePath, decode_tile};
use crate::tree::{Frontier, Nodes, Root, mth};
use crate::{Hash, Size};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A node could not be had from tiles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError<E> {
    /// The tile could not be fetched.
    #[error("the tile could not be fetched: {0}")]
    Fetch(E),
    /// The bytes are not as many hashes as the tile has.
    #[error("{path} has {bytes} bytes, not 32 for each of its hashes")]
    Length {
        /// The tile.
        path: TilePath,
        /// How many bytes came.
        bytes: usize,
    },
    /// The partial tiles do not hash to the root: the log serves tiles of another tree.
    #[error("the partial tiles lead to {computed}, not to the root {stated} of {size} leaves")]
    WrongRoot {
        /// The tree's size.
        size: Size,
        /// The root trusted.
        stated: Hash,
        /// The root computed.
        computed: Hash,
    },
    /// A full tile does not hash to what the tile above says of it.
    #[error("{path} does not have the hash that the tile above it states")]
    WrongTile {
        /// The tile.
        path: TilePath,
    },
    /// The caller asks for a subtree that the tree does not have whole.
    #[error("the tree has no complete subtree {index} of level {level}")]
    BeyondTree {
        /// The subtree's height.
        level: u8,
        /// Its place in that level.
        index: u64,
    },
}

impl<E> TileError<E> {
    /// The stable name, spec: log.md#errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "tile_fetch",
            Self::Length { .. } => "tile_length",
            Self::WrongRoot { .. } => "wrong_root",
            Self::WrongTile { .. } => "wrong_tile",
            Self::BeyondTree { .. } => "index_beyond_tree",
        }
    }
}

/// [`Nodes`] of a tree whose tiles `fetch` gets. Every tile got is checked against the root once and kept; a
/// `fetch` that gets the full tile in place of a partial one cuts it to the width asked for.
pub struct TileNodes<F> {
    size: Size,
    fetch: F,
    checked: RefCell<BTreeMap<TilePath, Vec<Hash>>>,
}

impl<F, E> TileNodes<F>
where
    F: Fn(TilePath) -> Result<Vec<u8>, E>,
{
    /// Fetches the tree's partial tiles and checks them against `root`, which the caller trusts.
    ///
    /// # Errors
    /// [`TileError`]: `Fetch`, `Length`, `WrongRoot`.
    pub fn open(root: &Root, fetch: F) -> Result<Self, TileError<E>> {
        let mut peaks = Vec::new();
        let mut checked = BTreeMap::new();
        for path in (0..8).rev().filter_map(|level| partial_tile(root.size, level)) {
            let hashes = fetch_tile(&fetch, path)?;
            peaks.extend(peaks_of_tile(&hashes));
            checked.insert(path, hashes);
        }
        // The widths of the partial tiles are the size's digits to the base 256: the peaks cannot be too few.
        let computed = Frontier::from_peaks(root.size, peaks).map(|frontier| frontier.root());
        if computed != Some(root.hash) {
            return Err(TileError::WrongRoot {
                size: root.size,
                stated: root.hash,
                computed: computed.unwrap_or_default(),
            });
        }
        Ok(Self { size: root.size, fetch, checked: RefCell::new(checked) })
    }

    /// A checked tile. It ends because the highest level is always partial, and the partial tiles are checked.
    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash>, TileError<E>> {
        let path = tile_of(self.size, level, index)
            .ok_or(TileError::BeyondTree { level: level.saturating_mul(8), index })?;
        if let Some(hashes) = self.checked.borrow().get(&path) {
            return Ok(hashes.clone());
        }
        let above = self.tile(level + 1, index / TILE_WIDTH)?;
        let stated = above.get((index % TILE_WIDTH) as usize).copied();
        let hashes = fetch_tile(&self.fetch, path)?;
        if stated != Some(mth(&hashes)) {
            return Err(TileError::WrongTile { path });
        }
        self.checked.borrow_mut().insert(path, hashes.clone());
        Ok(hashes)
    }
}

impl<F, E> Nodes for TileNodes<F>
where
    F: Fn(TilePath) -> Result<Vec<u8>, E>,
{
    type Error = TileError<E>;

    fn node(&self, level: u8, index: u64) -> Result<Hash, TileError<E>> {
        let beyond = || TileError::BeyondTree { level, index };
        if level > 63 || index >= self.size.0 >> level {
            return Err(beyond());
        }
        // The node is the root of `count` neighbours in the row of its tile; they never cross a tile's edge.
        let count = 1_u64 << (level % 8);
        let first = index * count;
        let tile = self.tile(level / 8, first / TILE_WIDTH)?;
        let (_, from) = tile.split_at_checked((first % TILE_WIDTH) as usize).ok_or_else(beyond)?;
        let (hashes, _) = from.split_at_checked(count as usize).ok_or_else(beyond)?;
        Ok(mth(hashes))
    }
}

fn fetch_tile<F, E>(fetch: &F, path: TilePath) -> Result<Vec<Hash>, TileError<E>>
where
    F: Fn(TilePath) -> Result<Vec<u8>, E>,
{
    let bytes = fetch(path).map_err(TileError::Fetch)?;
    decode_tile(&bytes, path.width()).ok_or(TileError::Length { path, bytes: bytes.len() })
}

/// The tile of hashes at this place of a tree, partial or full.
fn tile_of(size: Size, level: u8, index: u64) -> Option<TilePath> {
    let start = index.checked_mul(TILE_WIDTH)?;
    let width = width_of_level(size, level).checked_sub(start)?.min(TILE_WIDTH);
    TilePath::new(TileKind::Hashes { level }, index, width as u16)
}

/// The one partial tile of a level, if the level has one.
fn partial_tile(size: Size, level: u8) -> Option<TilePath> {
    tile_of(size, level, width_of_level(size, level) / TILE_WIDTH)
}

/// The peaks among a partial tile's hashes, largest first.
fn peaks_of_tile(hashes: &[Hash]) -> Vec<Hash> {
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.peaks().to_vec()
}

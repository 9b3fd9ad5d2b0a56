//! Tiles: the tree and its entries as immutable files of 256 (C2SP tlog-tiles).
//!
//! spec: log.md#tiles

mod bundle;
mod nodes;
mod path;

pub use bundle::{BundleError, decode_bundle, encode_bundle};
pub use nodes::{TileError, TileNodes};
pub use path::{TileKind, TilePath, TilePathError, tiles_of, tiles_since};

use crate::Hash;

/// How many hashes or entries a full tile holds.
pub const TILE_WIDTH: u64 = 256;

/// The bytes of a tile of hashes.
#[must_use]
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of a tile's bytes; `None` unless they are exactly `width` hashes.
#[must_use]
pub fn decode_tile(bytes: &[u8], width: u16) -> Option<Vec<Hash>> {
    if bytes.len() != usize::from(width) * 32 {
        return None;
    }
    bytes.chunks_exact(32).map(Hash::from_slice).collect()
}

//! What a server answers that serves the liar's log instead of its own.

use super::Liar;
use procura_core::receipt::Question;
use procura_core::tile::{TILE_WIDTH, TileKind, TilePath, encode_bundle};
use procura_core::tree::{Nodes as _, prove_consistency};
use procura_core::{Hash, Size};
use serde_json::json;

impl Liar {
    /// The answer to a path of its log's: the checkpoint, tiles, consistency, a party's list, the receipt of a create. `None`: it
    /// leaves that to the true server.
    #[must_use]
    pub fn answer(&self, path: &str) -> Option<Vec<u8>> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let number = |name: &str| {
            let of = |pair: &str| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok();
            query.split('&').find_map(of)
        };
        if path == "/checkpoint" {
            return Some(self.signed_checkpoint().to_string().into_bytes());
        }
        if path == "/v1/proofs/consistency" {
            let nodes = self.nodes(self.rows.len());
            let hashes = prove_consistency(&nodes, Size(number("from")?), Size(number("to")?)).unwrap();
            return Some(json!({"hashes": hashes}).to_string().into_bytes());
        }
        if let Some(tile) = path.strip_prefix('/').and_then(|path| TilePath::parse(path).ok()) {
            return Some(self.tile(&tile));
        }
        let of = |kind: &str, what: &str| -> Option<Hash> {
            path.strip_prefix("/v1/")?.strip_prefix(kind)?.strip_suffix(what)?.parse().ok()
        };
        let question = match (of("parties/", "/records"), of("records/", "/receipt")) {
            (Some(party), _) => Question::Complete { party, from: number("from").unwrap_or(0), to: None },
            (None, Some(id)) if self.lists.contains_key(&id) => {
                Question::Status { id, through: None, as_of: None }
            }
            _ => return None,
        };
        Some(self.receipt(&question).to_json().into_bytes())
    }

    fn tile(&self, tile: &TilePath) -> Vec<u8> {
        let (first, width) = (tile.index() * TILE_WIDTH, usize::from(tile.width()));
        match tile.kind() {
            TileKind::Entries => {
                let rows = self.rows.iter().skip(usize::try_from(first).unwrap()).take(width);
                let entries: Vec<Vec<u8>> = rows.map(|row| row.entry.encode()).collect();
                encode_bundle(&entries).unwrap()
            }
            TileKind::Hashes { level } => {
                let nodes = self.nodes(self.rows.len());
                let hash = |at: u64| nodes.node(level * 8, first + at).unwrap().0;
                (0..width as u64).flat_map(hash).collect()
            }
        }
    }
}

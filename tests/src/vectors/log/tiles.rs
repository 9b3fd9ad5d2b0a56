//! Tile paths and bundles.

use crate::vectors::Case;
use procura_core::b64;
use serde_json::json;

pub(super) fn cases() -> Vec<Case> {
    let accepted = PATHS.iter().map(|[name, path, kind, index, width]| {
        let members =
            json!({ "type": "tile-path", "path": path, "kind": kind, "index": index, "width": width });
        Case::new(&format!("tile-path-{name}"), "A tile's name in its one spelling.", "accept", members)
    });
    let refused = NO_PATHS.iter().map(|[name, reason, expect, path]| {
        let members = json!({ "type": "tile-path", "path": path });
        Case::new(&format!("tile-path-{name}"), reason, expect, members)
    });
    accepted.chain(refused).chain(bundles()).collect()
}

/// Name, path, kind (the level, or `entries`), index, width.
const PATHS: &[[&str; 5]] = &[
    ["first", "tile/0/000", "0", "0", "256"],
    ["partial", "tile/1/x001/000.p/1", "1", "1000", "1"],
    ["widest-partial", "tile/63/999.p/255", "63", "999", "255"],
    ["long", "tile/0/x001/x234/067", "0", "1234067", "256"],
    ["zeros-inside", "tile/0/x001/x000/000", "0", "1000000", "256"],
    ["largest", "tile/0/x018/x446/x744/x073/x709/x551/615", "0", "18446744073709551615", "256"],
    ["entries", "tile/entries/067.p/8", "entries", "67", "8"],
];

/// Name, reason, expect, path.
const NO_PATHS: &[[&str; 4]] = &[
    ["slash", "A slash leads.", "tile_form", "/tile/0/000"],
    ["no-index", "The index is missing.", "tile_form", "tile/0"],
    ["level-64", "Levels end at 63.", "tile_level", "tile/64/000"],
    ["level-zeros", "A level has no leading zero.", "tile_level", "tile/00/000"],
    ["height", "Go's older form states a height of 8 first.", "tile_index", "tile/8/0/000"],
    ["data", "Go's older word for entries.", "tile_level", "tile/data/000"],
    ["short-group", "A group has three digits.", "tile_index", "tile/0/67"],
    ["long-group", "A group has three digits.", "tile_index", "tile/0/1234"],
    ["no-x", "All groups but the last start with x.", "tile_index", "tile/0/001/234"],
    ["last-x", "The last group starts with no x.", "tile_index", "tile/0/x001/x234"],
    ["needless-group", "A first group of zeros is a second spelling.", "tile_index", "tile/0/x000/067"],
    ["overflow", "The index is 2^64.", "tile_index", "tile/0/x018/x446/x744/x073/x709/x551/616"],
    ["width-0", "An empty tile is never served.", "tile_width", "tile/0/000.p/0"],
    ["width-256", "256 hashes are a full tile.", "tile_width", "tile/0/000.p/256"],
    ["width-zeros", "A width has no leading zero.", "tile_width", "tile/0/000.p/08"],
];

fn bundles() -> Vec<Case> {
    let members = |bytes: &[u8], width: u16| json!({ "type": "bundle", "bytes": b64::encode(bytes), "width": width.to_string() });
    let two = b"\0\x03one\0\x00";
    let mut accepted = members(two, 2);
    if let Some(members) = accepted.as_object_mut() {
        members.insert("entries".to_owned(), json!([b64::encode(b"one"), ""]));
    }
    vec![
        Case::new("bundle", "Two entries, the second one empty.", "accept", accepted),
        Case::new(
            "bundle-length-cut",
            "The bytes end inside a length.",
            "bundle_truncated",
            members(&two[..6], 2),
        ),
        Case::new(
            "bundle-entry-cut",
            "The bytes end inside an entry.",
            "bundle_truncated",
            members(&two[..4], 1),
        ),
        Case::new("bundle-missing", "An entry is missing.", "bundle_missing_entry", members(two, 3)),
        Case::new("bundle-surplus", "An entry too many.", "bundle_surplus", members(two, 1)),
        Case::new("bundle-width-0", "A bundle holds at least one entry.", "bundle_width", members(b"", 0)),
        Case::new(
            "bundle-width-257",
            "A bundle holds at most 256 entries.",
            "bundle_width",
            members(b"", 257),
        ),
    ]
}

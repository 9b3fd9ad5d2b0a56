//! Vectors of `spec/log.md`: tree proofs, tiles, notes, checkpoints, cosignatures, tlog-proofs, policies, successors, requests to witnesses.
//!
//! `type` says which; the members of each are listed in `spec/log.md#vectors`. A member that states a result
//! (`signed`, `peaks`, …) is compared where the case is accepted.

mod policies;
mod successors;
mod texts;
mod tiles;
mod trees;
mod witnesses;

use super::Case;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::check_cosignature;
use procura_core::kinds::Content;
use procura_core::note::{NoteSignature, NoteVerifier, Signed, SignedNote};
use procura_core::policy::{Quorum, TlogPolicy};
use procura_core::record::Record;
use procura_core::successor::Successor;
use procura_core::tile::{TileKind, TilePath, decode_bundle};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::{
    Leaf, Root, check_below_peaks, check_consistency, check_inclusion, check_range, peaks_of_last,
};
use procura_core::witness::{AddCheckpoint, judge};
use procura_core::{Hash, Index, Size, b64};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        trees::cases(),
        tiles::cases(),
        texts::cases(),
        policies::cases(),
        successors::cases(),
        witnesses::cases(),
    ]
    .concat()
}

/// Runs one case: `"accept"`, the stable name of the error, or what differs from the case's own statement.
#[must_use]
pub fn run(case: &Value) -> String {
    let answer = match string(case, "type") {
        "inclusion" => run_inclusion(case),
        "consistency" => run_consistency(case),
        "peaks-of-last" => run_peaks_of_last(case),
        "below-peaks" => run_below_peaks(case),
        "range" => run_range(case),
        "tile-path" => run_tile_path(case),
        "bundle" => run_bundle(case),
        "note" => run_note(case),
        "checkpoint" => run_checkpoint(case),
        "cosignature" => run_cosignature(case),
        "tlog-proof" => run_tlog_proof(case),
        "policy" => run_policy(case),
        "successor" => run_successor(case),
        "witness" => run_witness(case),
        other => Err(format!("no type {other:?}")),
    };
    answer.map_or_else(|name| name, |()| "accept".to_owned())
}

fn run_successor(case: &Value) -> Result<(), String> {
    let root = Record::parse(string(case, "root")).map_err(|error| error.name().to_owned())?;
    let Content::Root(root) = root.content() else { return Err("no root".to_owned()) };
    let successor =
        Successor::parse(string(case, "text").as_bytes()).map_err(|error| error.name().to_owned())?;
    successor.verify(root).map_err(|error| error.name().to_owned())?;
    states(case, "policy", successor.policy_json().clone())
}

fn run_witness(case: &Value) -> Result<(), String> {
    let request = AddCheckpoint::parse(&text(case)?).map_err(|error| error.name())?;
    let verified = judge(&request, &keys(case, "log_keys")?, &root(member(case, "known"))?);
    let verified = verified.map_err(|refusal| refusal.name())?;
    states(case, "size", verified.size().to_string())?;
    states(case, "root", verified.root().hash.to_string())
}

fn run_inclusion(case: &Value) -> Result<(), String> {
    let leaf = Leaf { index: Index(number(case, "index")?), hash: hash(case, "leaf")? };
    check_inclusion(&leaf, &root(case)?, &hashes(case, "hashes")?).map_err(|error| error.name().to_owned())
}

fn run_consistency(case: &Value) -> Result<(), String> {
    let (old, new) = (root(member(case, "old"))?, root(member(case, "new"))?);
    check_consistency(&old, &new, &hashes(case, "hashes")?).map_err(|error| error.name().to_owned())
}

fn run_peaks_of_last(case: &Value) -> Result<(), String> {
    let peaks = peaks_of_last(Size(number(case, "size")?), &hashes(case, "hashes")?);
    let peaks = peaks.map_err(|error| error.name())?;
    states(case, "peaks", peaks.iter().map(Hash::to_string).collect::<Vec<_>>())
}

fn run_below_peaks(case: &Value) -> Result<(), String> {
    let leaves: Result<BTreeMap<Index, Hash>, String> =
        list(case, "leaves").map(|leaf| Ok((Index(number(leaf, "index")?), hash(leaf, "leaf")?))).collect();
    let size = Size(number(case, "size")?);
    check_below_peaks(size, &hashes(case, "peaks")?, &leaves?, &hashes(case, "hashes")?)
        .map_err(|error| error.name().to_owned())
}

fn run_range(case: &Value) -> Result<(), String> {
    let first = Index(number(case, "first")?);
    check_range(first, &hashes(case, "leaves")?, &root(case)?, &hashes(case, "hashes")?)
        .map_err(|error| error.name().to_owned())
}

fn run_tile_path(case: &Value) -> Result<(), String> {
    let path = string(case, "path");
    let tile = TilePath::parse(path).map_err(|error| error.name())?;
    if tile.to_string() != path {
        return Err("another path".to_owned());
    }
    let kind = match tile.kind() {
        TileKind::Hashes { level } => level.to_string(),
        TileKind::Entries => "entries".to_owned(),
    };
    states(case, "kind", kind)?;
    states(case, "index", tile.index().to_string())?;
    states(case, "width", tile.width().to_string())
}

fn run_bundle(case: &Value) -> Result<(), String> {
    let width = u16::try_from(number(case, "width")?).map_err(|_| "bundle_width")?;
    let bytes = bytes(case, "bytes")?;
    let entries = decode_bundle(&bytes, width).map_err(|error| error.name())?;
    states(case, "entries", entries.into_iter().map(b64::encode).collect::<Vec<_>>())
}

fn run_note(case: &Value) -> Result<(), String> {
    let note = SignedNote::parse(&text(case)?).map_err(|error| error.name())?;
    let keys = keys(case, "keys")?;
    let signed = note.verify(&keys).map_err(|error| error.name())?;
    states(case, "signed", signed.iter().map(written).collect::<Vec<_>>())
}

fn run_checkpoint(case: &Value) -> Result<(), String> {
    let checkpoint = SignedCheckpoint::parse(&text(case)?).map_err(|error| error.name())?;
    let keys = keys(case, "log_keys")?;
    let verified = checkpoint.verify(string(case, "origin"), &keys).map_err(|error| error.name())?;
    states(case, "size", verified.size().to_string())?;
    states(case, "root", verified.root().hash.to_string())
}

fn run_cosignature(case: &Value) -> Result<(), String> {
    let key = NoteVerifier::parse(string(case, "key")).map_err(|error| error.name())?;
    let line = NoteSignature::parse(string(case, "line")).map_err(|error| error.name())?;
    let time_s = check_cosignature(&key, string(case, "text"), &line).map_err(|error| error.name())?;
    states(case, "time_s", time_s.to_string())
}

fn run_tlog_proof(case: &Value) -> Result<(), String> {
    let proof = TlogProof::parse(&text(case)?).map_err(|error| error.name())?;
    let keys = keys(case, "log_keys")?;
    proof.checkpoint.verify(string(case, "origin"), &keys).map_err(|error| error.name())?;
    proof.check_inclusion(hash(case, "leaf")?).map_err(|error| error.name().to_owned())
}

fn run_policy(case: &Value) -> Result<(), String> {
    let policy = TlogPolicy::parse(&text(case)?).map_err(|error| error.name())?;
    let Some(checkpoint) = case.get("checkpoint").and_then(Value::as_str) else { return Ok(()) };
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(|error| error.name())?;
    let witnessed = policy.verify(&checkpoint).map_err(|error| error.name())?;
    let time_s = match witnessed.quorum() {
        Quorum::NoneNeeded => Value::Null,
        Quorum::Met { time_s } => time_s.to_string().into(),
    };
    states(case, "quorum_time_s", time_s)
}

/// How `signed` states a signer.
fn written(signed: &Signed<'_>) -> Value {
    json!({ "key": signed.key.to_string(), "time_s": signed.time_s.map(|time_s| time_s.to_string()) })
}

/// What the case states under `member`, if anything, is what came out.
fn states(case: &Value, member: &str, found: impl Into<Value>) -> Result<(), String> {
    match case.get(member) {
        Some(stated) if *stated != found.into() => Err(format!("another {member}")),
        _ => Ok(()),
    }
}

fn member<'a>(case: &'a Value, member: &str) -> &'a Value {
    case.get(member).unwrap_or(&Value::Null)
}

fn string<'a>(case: &'a Value, name: &str) -> &'a str {
    member(case, name).as_str().unwrap_or_default()
}

fn list<'a>(case: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    member(case, name).as_array().into_iter().flatten()
}

/// Numbers are decimal strings: some are over 2^53.
fn number(case: &Value, name: &str) -> Result<u64, String> {
    string(case, name).parse().map_err(|_| format!("{name} is not a decimal string"))
}

fn bytes(case: &Value, name: &str) -> Result<Vec<u8>, String> {
    b64::decode(string(case, name)).map_err(|_| format!("{name} is not base64url"))
}

/// The text judged: `text`, or `bytes` where it is not UTF-8.
fn text(case: &Value) -> Result<Vec<u8>, String> {
    match case.get("bytes") {
        Some(_) => bytes(case, "bytes"),
        None => Ok(string(case, "text").as_bytes().to_vec()),
    }
}

fn hash(case: &Value, name: &str) -> Result<Hash, String> {
    string(case, name).parse().map_err(|_| format!("{name} is no hash"))
}

fn hashes(case: &Value, name: &str) -> Result<Vec<Hash>, String> {
    list(case, name)
        .map(|hash| {
            hash.as_str().and_then(|hash| hash.parse().ok()).ok_or_else(|| format!("{name} are no hashes"))
        })
        .collect()
}

fn root(case: &Value) -> Result<Root, String> {
    Ok(Root { size: Size(number(case, "size")?), hash: hash(case, "root")? })
}

fn keys(case: &Value, name: &str) -> Result<Vec<NoteVerifier>, String> {
    list(case, name)
        .map(|vkey| {
            NoteVerifier::parse(vkey.as_str().unwrap_or_default()).map_err(|error| error.name().to_owned())
        })
        .collect()
}

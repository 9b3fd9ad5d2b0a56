//! Entries, moves, the trie and `apply`.
//!
//! Members by `type`; bytes are lower-case hex.
//!
//! - `entry`: `entry`. Decoded, and encoded to the same bytes.
//! - `move`: `from`; `permitted`, `enabling`, `use`: the statuses `to` of which each holds. Every byte not listed is none.
//! - `trie`: `root`, `proof`, `queries` of `key` and `answer`: a value, `"absent"` or `"missing"`; `surplus`, if present: the
//!   keys of the leaves that no query needed.
//! - `apply`: `origin`, `entries` from entry 0. Accepted: `map_root` and `keys` after the last. Else the last entry is
//!   the invalid one.

use super::Case;
use procura_core::entry::{Commit, Entry, Head, Tags};
use procura_core::hash::{self, Hash};
use procura_core::index::{ApplyError, Working};
use procura_core::kv::MemoryKv;
use procura_core::status::{Initial, Move, Status};
use procura_core::trie::PrunedTrie;
use procura_core::units::{Index, Millis, Size};
use serde_json::{Value, json};

mod apply;
mod entries;
mod tries;

/// Every case of the area.
#[must_use]
pub fn cases() -> Vec<Case> {
    [entries::cases(), moves(), tries::cases(), apply::cases()].concat()
}

/// Runs one case: `"accept"`, the name of the error met, or a word on the member that differs.
#[must_use]
pub fn run(body: &Value) -> String {
    let answer = match text(body, "type") {
        "entry" => run_entry(body),
        "move" => run_move(body),
        "trie" => run_trie(body),
        "apply" => run_apply(body),
        other => Err(format!("unknown type {other}")),
    };
    answer.err().unwrap_or_else(|| "accept".to_owned())
}

fn run_entry(body: &Value) -> Result<(), String> {
    let bytes = bytes(&body["entry"])?;
    let entry = Entry::decode(&bytes).map_err(|error| error.name().to_owned())?;
    same("entry", &entry.encode(), &bytes)
}

fn run_move(body: &Value) -> Result<(), String> {
    let from = body["from"].as_u64().and_then(|byte| u8::try_from(byte).ok()).ok_or("from is no byte")?;
    for (name, table) in table(from) {
        same(name, &json!(table), &body[name])?;
    }
    Ok(())
}

fn run_trie(body: &Value) -> Result<(), String> {
    let proof = PrunedTrie::decode(&bytes(&body["proof"])?).map_err(|error| error.name().to_owned())?;
    let checked = proof.check(hash(&body["root"])?).map_err(|error| error.name().to_owned())?;
    for query in body["queries"].as_array().into_iter().flatten() {
        let answer = match checked.get(&hash(&query["key"])?) {
            Ok(Some(value)) => hex(&value.0),
            Ok(None) => "absent".to_owned(),
            Err(_) => "missing".to_owned(),
        };
        same("answer", &json!(answer), &query["answer"])?;
    }
    let surplus: Vec<String> = checked.unused().iter().map(|key| hex(&key.0)).collect();
    let stated = body.get("surplus").cloned().unwrap_or_else(|| json!([]));
    same("surplus", &json!(surplus), &stated)
}

fn run_apply(body: &Value) -> Result<(), String> {
    let kv = MemoryKv::default();
    let unreadable = |error: procura_core::kv::Unreadable| error.to_string();
    let mut working = Working::new(&kv, text(body, "origin")).map_err(unreadable)?;
    let entries = body["entries"].as_array().ok_or("no entries")?;
    for (at, entry) in entries.iter().enumerate() {
        working.apply(&bytes(entry)?).map_err(|error| match error {
            ApplyError::Fault(fault) if at + 1 < entries.len() => {
                format!("{} too early, at {at}", fault.name())
            }
            error => error.name().to_owned(),
        })?;
    }
    let (root, keys) = working.map().map_err(unreadable)?;
    same("map_root", &json!(hex(&root.0)), &body["map_root"])?;
    same("keys", &json!(keys), &body["keys"])
}

/// One file for each status to start from.
fn moves() -> Vec<Case> {
    let case = |from: Status| {
        let [permitted, enabling, uses] = table(from.byte()).map(|(_, to)| to);
        let members = json!({
            "type": "move", "from": from.byte(), "permitted": permitted, "enabling": enabling, "use": uses,
        });
        Case::new(
            &format!("moves-from-{:02x}", from.byte()),
            &format!("The moves from {from}."),
            "accept",
            members,
        )
    };
    Status::ALL.into_iter().map(case).collect()
}

fn table(from: u8) -> [(&'static str, Vec<u8>); 3] {
    let bytes = |holds: fn(Move) -> bool| {
        let holds_to = |to: &u8| match (Status::new(from), Status::new(*to)) {
            (Ok(from), Ok(to)) => holds(Move { from, to }),
            _ => false,
        };
        (0..=u8::MAX).filter(holds_to).collect()
    };
    [
        ("permitted", bytes(Move::is_permitted)),
        ("enabling", bytes(Move::is_enabling)),
        ("use", bytes(Move::is_use)),
    ]
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(value: &Value) -> Result<Vec<u8>, String> {
    let text = value.as_str().ok_or("no hex")?;
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(format!("no hex: {text}")),
    };
    let pair = |pair: &[u8]| match pair {
        [high, low] => Ok(digit(*high)? << 4 | digit(*low)?),
        _ => Err(format!("no hex: {text}")),
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

fn hash(value: &Value) -> Result<Hash, String> {
    Hash::from_slice(&bytes(value)?).ok_or_else(|| "no 32 bytes".to_owned())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, stated: &T) -> Result<(), String> {
    if found == stated { Ok(()) } else { Err(format!("{what} is {found:?}, not {stated:?}")) }
}

/// Records for the cases: ids, tags and aliases are hashes of a letter and a number.
fn named(letter: &str, n: u64) -> Hash {
    hash::labelled(letter, &[&n.to_be_bytes()])
}

fn head(time: u64, n: u64, tags: &[u64]) -> Head {
    let tags = Tags::new(tags.iter().map(|n| named("tag", *n)).collect()).unwrap_or_default();
    Head { time: Millis(time), commitment: named("commitment", n), id: named("id", n), tags }
}

fn create(time: u64, n: u64, tags: &[u64]) -> Entry {
    Entry::Create { head: head(time, n, tags), status: Initial::Active }
}

fn party(time: u64, n: u64, alias: u64, tags: &[u64]) -> Entry {
    Entry::Party { head: head(time, n, tags), status: Initial::Pending, alias: named("alias", alias) }
}

fn trace(time: u64, n: u64, tags: &[u64]) -> Entry {
    Entry::Trace { head: head(time, n, tags) }
}

/// The transition `n` on the create `target_n` at `target`.
fn transition(time: u64, n: u64, (target, target_n): (u64, u64), status: Status) -> Entry {
    Entry::Transition {
        head: head(time, n, &[]),
        target: Index(target),
        target_id: named("id", target_n),
        status,
    }
}

fn commit(time: u64, size: u64, map_root: Hash, keys: u64, prev_commit: u64) -> Entry {
    Entry::Commit(Commit {
        time: Millis(time),
        size: Size(size),
        map_root,
        keys,
        prev_commit: Index(prev_commit),
    })
}

//! Logs from entry 0: the map they make, and each rule of validity broken once.

use super::{Case, commit, create, head, hex, named, party, trace, transition};
use procura_core::Hash;
use procura_core::entry::{Commit, Entry, Head};
use procura_core::hash;
use procura_core::index::Working;
use procura_core::kv::MemoryKv;
use procura_core::status::Status;
use procura_core::units::{Index, Millis, Size};
use serde_json::json;

const ORIGIN: &str = "vectors.example/ledger";

pub(super) fn cases() -> Vec<Case> {
    [accepted(), refused(), commits(), limits()].concat()
}

/// 0: create 1 · 1: party 2 · 2: transition 3, partial acceptance of 2 · 3: trace 4.
fn base() -> Vec<Entry> {
    vec![
        create(1000, 1, &[1]),
        party(1000, 2, 1, &[2]),
        transition(1001, 3, (1, 2), Status::PENDING),
        trace(1002, 4, &[1, 2, 3]),
    ]
}

fn accepted() -> Vec<Case> {
    let with = |more: &[Entry]| [&base()[..], more].concat();
    let committed = with(&[next_commit(&base(), 1003)]);
    let twice = [&committed[..], &[next_commit(&committed, 1003)]].concat();
    vec![
        accept("entry-0", "A create and its tag: two keys.", &[create(1000, 1, &[1])]),
        accept(
            "every-class",
            "A create, a party, a transition and a trace, filed under three tags.",
            &base(),
        ),
        accept("commit", "An index commit adds no key and changes no value.", &committed),
        accept("commit-after-commit", "A heartbeat: a commit that names the one just before it.", &twice),
        accept(
            "transition-ids",
            "A transition's id is new in its target's list only: it may be that of a create elsewhere, or in another list.",
            &with(&[
                transition(1002, 1, (1, 2), Status::ACTIVE),
                transition(1002, 3, (0, 1), Status::ACTIVE),
            ]),
        ),
        accept(
            "trace-ids",
            "The ids of traces are not compared here.",
            &with(&[trace(1002, 4, &[]), trace(1002, 1, &[])]),
        ),
    ]
}

fn refused() -> Vec<Case> {
    let (active, ended) = (Status::ACTIVE, Status::ENDED);
    let after =
        |name: &str, reason: &str, fault: &str, last: Entry| refuse(name, reason, fault, &base(), &last);
    let ended_record = [&base()[..], &[transition(1002, 5, (0, 1), ended)]].concat();
    let disputed = Status::ACTIVE
        .disputed()
        .map(|status| transition(1002, 5, (0, 1), status))
        .into_iter()
        .collect::<Vec<_>>();
    let disputed = [&base()[..], &disputed].concat();
    vec![
        refuse("first-party", "Entry 0 is of class 1.", "first_class", &[], &party(1, 1, 1, &[])),
        refuse("first-trace", "Entry 0 is of class 1.", "first_class", &[], &trace(1, 1, &[])),
        refuse(
            "first-commit",
            "Entry 0 is of class 1.",
            "first_class",
            &[],
            &commit(1, 0, hash::empty(), 0, 0),
        ),
        after(
            "time-backwards",
            "A time before the previous entry's.",
            "time_backwards",
            create(1001, 5, &[]),
        ),
        after("id-taken", "The id of another create.", "id_taken", create(1002, 1, &[])),
        after(
            "id-taken-party",
            "Creates and parties share one space of ids.",
            "id_taken",
            party(1002, 1, 5, &[]),
        ),
        after("alias-taken", "The alias of another party.", "alias_taken", party(1002, 5, 1, &[])),
        after(
            "target-itself",
            "The target is the transition's own index.",
            "target_not_before",
            transition(1002, 5, (4, 1), ended),
        ),
        after(
            "target-unknown",
            "No create has the target's id.",
            "target_unknown",
            transition(1002, 5, (0, 9), ended),
        ),
        after(
            "target-transition",
            "A transition is no target.",
            "target_unknown",
            transition(1002, 5, (2, 3), active),
        ),
        after("target-trace", "A trace is no target.", "target_unknown", transition(1002, 5, (3, 4), active)),
        after(
            "target-index",
            "The create with the target's id stands elsewhere.",
            "target_index",
            transition(1002, 5, (1, 1), ended),
        ),
        after(
            "id-in-list",
            "The target's list holds the id already.",
            "id_in_list",
            transition(1002, 3, (1, 2), active),
        ),
        after(
            "id-of-target",
            "Item 0 of the target's list is the create, with its id.",
            "id_in_list",
            transition(1002, 2, (1, 2), active),
        ),
        after(
            "move-forbidden",
            "A pending record is not suspended.",
            "move_forbidden",
            transition(1002, 5, (1, 2), Status::SUSPENDED),
        ),
        refuse(
            "ended-stays-ended",
            "Nothing leaves the end.",
            "move_forbidden",
            &ended_record,
            &transition(1002, 6, (0, 1), active),
        ),
        refuse(
            "dispute-lifts-to-origin",
            "A dispute ends in the status that it was opened on.",
            "move_forbidden",
            &disputed,
            &transition(1002, 6, (0, 1), Status::SUSPENDED),
        ),
    ]
}

fn commits() -> Vec<Case> {
    let before = [&base()[..], &[next_commit(&base(), 1003)]].concat();
    let Entry::Commit(good) = next_commit(&before, 1003) else { return Vec::new() };
    let refuse = |name: &str, reason: &str, fault: &str, commit: Commit| {
        refuse(name, reason, fault, &before, &Entry::Commit(commit))
    };
    vec![
        refuse(
            "commit-size",
            "A commit's size is its index.",
            "commit_size",
            Commit { size: Size(4), ..good },
        ),
        refuse(
            "commit-previous",
            "A commit names the previous one.",
            "commit_previous",
            Commit { prev_commit: Index(0), ..good },
        ),
        refuse(
            "commit-keys",
            "A commit counts the map's keys.",
            "commit_keys",
            Commit { keys: good.keys - 1, ..good },
        ),
        refuse(
            "commit-root",
            "A commit states the map's root.",
            "commit_root",
            Commit { map_root: hash::empty(), ..good },
        ),
        refuse(
            "commit-time",
            "A commit keeps to the order of times.",
            "time_backwards",
            Commit { time: Millis(1002), ..good },
        ),
    ]
}

/// A counted consent with as many uses as fit, and what may follow.
fn limits() -> Vec<Case> {
    let step = |n: u64, status: Status| Entry::Transition {
        head: Head { id: named("use", n), ..head(1000, n, &[]) },
        target: Index(0),
        target_id: named("id", 1),
        status,
    };
    let mut used = vec![create(1000, 1, &[])];
    used.extend((1..1008).map(|n| step(n, Status::ACTIVE)));
    let suspended = [&used[..], &[step(1008, Status::SUSPENDED)]].concat();
    let mut full = suspended.clone();
    full.extend((1009..1024).map(|n| step(n, Status::ENDED)));
    vec![
        refuse(
            "list-reserved-use",
            "No use takes one of the last 16 places.",
            "list_reserved",
            &used,
            &step(2000, Status::ACTIVE),
        ),
        refuse(
            "list-reserved-enabling",
            "No enabling move takes one of the last 16 places.",
            "list_reserved",
            &suspended,
            &step(2000, Status::ACTIVE),
        ),
        refuse(
            "list-full",
            "A record full of uses can still be ended, but no list holds more than 1,024 items.",
            "list_full",
            &full,
            &step(2000, Status::ENDED),
        ),
    ]
}

fn accept(name: &str, reason: &str, entries: &[Entry]) -> Case {
    let (map_root, keys) = map(entries);
    let members = json!({
        "type": "apply", "origin": ORIGIN, "entries": hexes(entries),
        "map_root": hex(&map_root.0), "keys": keys,
    });
    Case::new(&format!("apply-{name}"), reason, "accept", members)
}

fn refuse(name: &str, reason: &str, fault: &str, before: &[Entry], last: &Entry) -> Case {
    let entries: Vec<String> = hexes(before).into_iter().chain([hex(&last.encode())]).collect();
    let members = json!({ "type": "apply", "origin": ORIGIN, "entries": entries });
    Case::new(&format!("apply-{name}"), reason, fault, members)
}

fn hexes(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| hex(&entry.encode())).collect()
}

fn map(entries: &[Entry]) -> (Hash, u64) {
    after(entries, |working| working.map().unwrap_or_default())
}

fn next_commit(entries: &[Entry], time: u64) -> Entry {
    let fallback = || commit(time, 0, Hash::default(), 0, 0);
    after(entries, |working| working.commit_entry(Millis(time)).unwrap_or_else(|_| fallback()))
}

/// A wrong entry here shows when the case is run.
fn after<T>(entries: &[Entry], ask: impl FnOnce(&mut Working<'_, MemoryKv>) -> T) -> T {
    let kv = MemoryKv::default();
    match Working::new(&kv, ORIGIN) {
        Ok(mut working) => {
            for entry in entries {
                let _shown_by_the_run = working.apply(&entry.encode());
            }
            ask(&mut working)
        }
        Err(never) => unreachable!("{never}"),
    }
}

//! F. Audit and open: what replaying the log costs beside the hashing that it cannot do without, how soon a ledger is back after
//! a kill, and how much memory it takes.

use crate::Outcome;
use crate::check;
use crate::figure::{Figure, median};
use crate::floor::{Signatures, hashing_us};
use crate::grown::{Grown, Plan};
use crate::http::{Connection, saturate};
use crate::model::Model;
use crate::people::{Names, pair};
use crate::process::{Served, thread_us};
use crate::sign;
use crate::size::Size;
use procura_core::index::Working;
use procura_core::kv::{Changes, MemoryKv};
use procura_core::tree::Frontier;
use procura_ledger::store::Store;
use procura_ledger::store::redb::{Options as VolumeOptions, RedbStore};
use procura_ledger::{Clock, Options, SystemClock};
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

const PART: &str = "audit";
/// How many entries are applied before their rows are written, as opening does it.
const CHUNK: usize = 4096;
const CONNECTIONS: u64 = 64;
const MIB: f64 = 1_048_576.0;

/// Measures.
pub(crate) fn run(size: &Size) -> Outcome {
    let get = |mandates: u64| Grown::get(&size.data, Plan::of(mandates), false);
    replay(size, &get(size.pick(500, 100_000))?)?;
    let mut resident = Vec::new();
    // From the first on that is larger than what is held in memory anyway.
    for mandates in size.ledgers().into_iter().skip(size.pick(0, 1)) {
        resident.push(after_a_kill(size, &get(mandates)?)?);
    }
    let [.., before, last] = resident[..] else { return Ok(()) };
    Figure::new(PART, "memory at most, the largest")
        .is(last, "MiB")
        .against(before, "the second largest's")
        .at_most(1.1)
        .print()
}

/// Tree and index out of the entries alone, in memory; then the whole audit.
fn replay(size: &Size, grown: &Grown) -> Outcome {
    let entries = {
        let store = RedbStore::open(&grown.data.join("ledger/main"), VolumeOptions::default())?;
        let end = store.head()?.size.0;
        store.read()?.entries(0..end)?
    };
    let count = entries.len() as f64;
    let mut model = Model::default();
    entries.iter().try_for_each(|entry| model.apply(entry))?;
    let mut rows = Vec::new();
    for round in 0..=size.pick(1, 5) {
        let before_us = thread_us();
        rebuild(&entries, &grown.names.origin)?;
        let replay_us = thread_us() - before_us;
        let row = (replay_us, hashing_us(&model.hashed));
        if round > 0 {
            rows.push(row);
        }
    }
    let of = |at: fn(&(f64, f64)) -> f64| median(&rows.iter().map(at).collect::<Vec<_>>());
    let figure = |what: String| Figure::new(PART, what);
    figure(format!("replay of {count} entries in memory, a core: tree, lists, trie"))
        .is(count * 1e6 / of(|row| row.0), "entries/s")
        .ratio(of(|row| row.1 / row.0), "bare hashing of the same bytes")
        .at_least(0.3)
        .print()?;
    figure(format!("of which bare hashing, {:.0} bytes an entry", model.bytes() as f64 / count))
        .is(count * 1e6 / of(|row| row.1), "entries/s")
        .print()?;

    let trial = grown.open(Options::default())?;
    let before_us = thread_us();
    let report = trial.ledger.audit(&mut |_, _| {})?;
    let audit_us = thread_us() - before_us;
    trial.ledger.close();
    if !report.is_clean() {
        return Err(format!("the audit found {:?}", report.findings.first()).into());
    }
    let signatures = report.counts.signatures as f64;
    let floor_us = of(|row| row.1) + signatures * Signatures::make(1_000)?.verify_us()?;
    figure(format!("the whole audit, a core, {signatures} signatures included"))
        .is(count / audit_us * 1e6, "entries/s")
        .ratio(floor_us / audit_us, "that hashing + a verify_strict each")
        .print()
}

fn rebuild(entries: &[Vec<u8>], origin: &str) -> Outcome {
    let (mut kv, mut frontier) = (MemoryKv::default(), Frontier::new());
    for chunk in entries.chunks(CHUNK) {
        let mut working = Working::new(&kv, origin)?;
        for bytes in chunk {
            frontier.push(working.apply(bytes)?.leaf);
        }
        let changes: Changes = working.finish()?;
        kv.write(changes);
    }
    Ok(())
}

/// Kills a server that has just logged records, and starts it again; then asks it about all there is. The memory that it
/// has afterwards, in MiB.
fn after_a_kill(size: &Size, grown: &Grown) -> Outcome<f64> {
    let now = SystemClock::default().now();
    let path = grown.data.join("requests-before-the-kill");
    let (fresh, count) = (Names { began: now, ..grown.names.clone() }, size.pick(200, 5_000));
    drop(fs::remove_file(path.with_extension("length")));
    // Between pairs that have a mandate, so that no answer becomes another.
    let pair_of = |n| pair(n % grown.plan.mandates, grown.plan.citizens);
    let requests = sign::mandates(grown, &fresh, &path, now.0..now.0 + count, pair_of)?;

    let server = Served::procura(&grown.data)?;
    let load = saturate(server.address, &Arc::new(requests), CONNECTIONS, Duration::from_secs(600), 201)?;
    let logged = load.check("before the kill")?.took_us.len();
    server.kill()?;
    let server = Served::procura(&grown.data)?;
    let entries = entries(&server)?;
    if entries < grown.entries + logged as u64 {
        return Err(format!("{entries} entries after the kill").into());
    }
    let figure = |what: String| Figure::new(PART, what);
    figure(format!("open {entries} entries after kill -9, {logged} records just logged"))
        .is(server.ready_s, "s")
        .at_most(5.0)
        .print()?;
    let (opened, _) = server.memory_bytes()?;
    figure(format!("memory then, {entries} entries")).is(opened / MIB, "MiB").print()?;
    let asked = Arc::new(check::requests(grown, size.pick(2_000, 200_000)));
    let time = Duration::from_millis(size.pick(400, 20_000));
    saturate(server.address, &asked, CONNECTIONS, time, 200)?.check("after the kill")?;
    let (_, most) = server.memory_bytes()?;
    figure(format!("memory at most, random evaluations, {entries} entries"))
        .is(most / MIB, "MiB")
        .at_most(1024.0)
        .print()?;
    server.stop()?;
    Ok(most / MIB)
}

/// How many entries the server says there are.
fn entries(server: &Served) -> Outcome<u64> {
    let mut connection = Connection::open(server.address)?;
    let (_, answer) = connection.ask(b"GET /v1/log HTTP/1.1\r\nhost: bench\r\n\r\n")?;
    let log: Value = serde_json::from_slice(answer)?;
    Ok(log.get("size").and_then(Value::as_u64).ok_or("no size")?)
}

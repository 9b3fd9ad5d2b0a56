//! The whole index, as mandates with three tags each write it, in our runs, in redb and in fjall.

use super::PART;
use crate::Outcome;
use crate::figure::Figure;
use crate::process::process_us;
use crate::size::Size as RunSize;
use procura_core::entry::{Entry, Head, Tags};
use procura_core::hash::labelled;
use procura_core::index::{Working, status_of};
use procura_core::status::Initial;
use procura_core::{Hash, Millis};
use procura_ledger::index::{IndexFile, Layers, Limits, RunsIndex};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// How many entries a batch has.
const BATCH: u64 = 64;
const CACHE_BYTES: usize = 128 << 20;

pub(super) fn run(size: &RunSize) -> Outcome {
    let count = size.pick(2000, 100_000);
    let folder = size.data.join("index-stores");
    let one = |name: &str, open: fn(&Path) -> Outcome<Arc<dyn IndexFile>>| -> Outcome<f64> {
        crate::tell(&format!("{count} entries in {name}"));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder)?;
        let cpu_us = store(name, open(&folder)?, count)?;
        std::fs::remove_dir_all(&folder)?;
        Ok(cpu_us)
    };
    one("runs", |folder| Ok(Arc::new(RunsIndex::open(&folder.join("index"), 0, "bench", CACHE_BYTES)?.0)))?;
    #[cfg(feature = "peers")]
    {
        one("fjall", |folder| Ok(Arc::new(super::peers::Fjall::open(folder, CACHE_BYTES)?)))?;
        one("redb", |folder| Ok(Arc::new(super::peers::Redb::open(folder, CACHE_BYTES)?)))?;
    }
    Ok(())
}

/// Entry `n`: a create with two tags of its own and one that 1,024 entries share.
fn entry(n: u64) -> Outcome<Entry> {
    let tag = |kind: &str, n: u64| labelled(kind, &[&n.to_be_bytes()]);
    let mut tags = vec![tag("bench one", n), tag("bench other", n), tag("bench shared", n / 1024)];
    tags.sort_unstable();
    let head = Head { time: Millis(n + 1), commitment: Hash::default(), id: id(n), tags: Tags::new(tags)? };
    Ok(Entry::Create { head, status: Initial::Active })
}

fn id(n: u64) -> Hash {
    labelled("bench id", &[&n.to_be_bytes()])
}

/// Applies so many entries; prints what an entry of the last third costs.
fn store(name: &str, file: Arc<dyn IndexFile>, count: u64) -> Outcome<f64> {
    let layers = Layers::new(file, Limits::default(), 0, "bench")?;
    let (mut from, mut measured) = (0, None);
    while from < count {
        if from >= count / 3 * 2 && measured.is_none() {
            measured = Some((from, Instant::now(), process_us(), written_bytes()?));
        }
        layers.wait_for_room()?;
        let snapshot = layers.snapshot();
        let mut working = Working::new(&snapshot, "bench")?;
        for n in from..from + BATCH {
            working.apply(&entry(n)?.encode())?;
        }
        let (root, _) = working.map()?;
        let size = working.size();
        let (changes, trie) = working.close()?;
        layers.write(changes, trie);
        if layers.should_flush() {
            layers.freeze(size, root);
        }
        from += BATCH;
    }
    layers.settle()?;
    let (since, began, cpu_us, written) = measured.ok_or("nothing was measured")?;
    let entries = (from - since) as f64;
    let cpu_us = (process_us() - cpu_us) / entries;
    let figure = |what: &str| Figure::new(PART, format!("index in {name}, {count} entries: {what}"));
    figure("entries").is(entries / began.elapsed().as_secs_f64(), "/s").print()?;
    figure("processor time an entry").is(cpu_us, "µs").print()?;
    figure("bytes written an entry").is((written_bytes()? - written) / entries, "bytes").print()?;

    let snapshot = layers.snapshot();
    let (looked, began_us) = (20_000.min(count), crate::process::thread_us());
    for n in 0..looked {
        status_of(&snapshot, &id(n.wrapping_mul(0x9e37_79b9) % count))?
            .ok_or("an entry is not in the index")?;
    }
    figure("a row read").is((crate::process::thread_us() - began_us) / looked as f64, "µs").print()?;
    Ok(cpu_us)
}

/// What this process gave to the system to write so far.
fn written_bytes() -> Outcome<f64> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: ")).ok_or("no wchar")?;
    Ok(line.parse()?)
}

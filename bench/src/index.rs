//! D. The index: its trie alone, in memory and durably, beside `jmt`, the tree that Diem and Penumbra keep their state in; then
//! the whole index as mandates write it, in our runs, in redb and in fjall.

#[cfg(feature = "peers")]
mod jmt;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod stores;

use crate::Outcome;
use crate::figure::{Figure, median};
use crate::size::Size;
use ours::{InMemory, Kept};
use procura_core::hash::{self, Hash};

const PART: &str = "index";
/// How many keys a batch has.
const BATCH: u64 = 1000;
/// How many slices are taken of each of two that are compared, by turns.
const SLICES: u64 = 15;
/// How many keys are proven and verified.
const PROVEN: u64 = 300;
/// The most keys that jmt is given: it keeps about a kilobyte of memory for each.
const JMT_MOST: u64 = 1_000_000;
// What limits/index.md says was measured once, on a machine like this.
/// akd 0.13, 100,000 users: bytes of a proof, microseconds to verify it.
const AKD: (f64, f64) = (3500.0, 500.0);
/// nomt 1.0.5, 1,000,000 keys: the size of a batch, keys a second, durable.
const NOMT: [(u64, f64); 2] = [(1000, 25_900.0), (10_000, 48_400.0)];

/// Key `n`.
fn key(n: u64) -> Hash {
    hash::labelled("bench key", &[&n.to_be_bytes()])
}

/// A batch of updates: keys of `count` there are, chosen by `round`, with new values.
fn batch(round: u64, size: u64, count: u64) -> Vec<(Hash, Hash)> {
    let chosen = |n: u64| (round * size + n).wrapping_mul(0x9e37_79b9_7f4a_7c15) % count;
    (0..size)
        .map(|n| (key(chosen(n)), hash::labelled("bench value", &[&(round * size + n).to_be_bytes()])))
        .collect()
}

/// Measures.
pub(crate) fn run(size: &Size) -> Outcome {
    stores::run(size)?;
    let sizes: &[u64] = size.pick(&[1000, 10_000], &[100_000, 1_000_000, 10_000_000]);
    let mut first: Option<(f64, f64)> = None;
    for count in sizes {
        let memory = in_memory(*count)?;
        let durable = durably(size, *count)?;
        if let Some((memory_first, durable_first)) = first {
            let to = format!("that of {} keys", sizes.first().unwrap_or(count));
            let figure = |what: &str, us: f64, first: f64| {
                Figure::new(PART, format!("{what}, {count} keys"))
                    .is(us, "µs")
                    .against(first, &to)
                    .at_most(1.5)
                    .print()
            };
            figure("processor time a key, in memory", memory, memory_first)?;
            figure("processor time a key, durable", durable, durable_first)?;
            let fewest = sizes.first().copied().unwrap_or(*count);
            Figure::new(PART, format!("hashes that a key of an update needs, {count} keys"))
                .is(hashes(*count), "")
                .against(hashes(fewest), &to)
                .print()?;
        }
        first = first.or(Some((memory, durable)));
    }
    Ok(())
}

/// Updates, proofs and verification in memory: the processor time of an update in microseconds.
fn in_memory(count: u64) -> Outcome<f64> {
    crate::tell(&format!("{count} keys in memory"));
    let mut ours = InMemory::grown(count)?;
    #[cfg(feature = "peers")]
    let mut peer = jmt::Tree::grown(count.min(JMT_MOST))?;
    #[cfg_attr(not(feature = "peers"), allow(unused_mut, reason = "filled beside a peer only"))]
    let (mut ours_us, mut peers_us, mut ratios) = (Vec::new(), Vec::<f64>::new(), Vec::<f64>::new());
    for slice in 0..SLICES {
        let one = ours.update(&batch(slice, BATCH, count))? / BATCH as f64;
        ours_us.push(one);
        #[cfg(feature = "peers")]
        {
            let other = peer.update(&batch(slice, BATCH, count.min(JMT_MOST)))? / BATCH as f64;
            peers_us.push(other);
            ratios.push(other / one);
        }
    }
    let update_us = median(&ours_us);
    let mut figure =
        Figure::new(PART, format!("update in memory, {count} keys")).is(1e6 / update_us, "keys/s");
    if !ratios.is_empty() {
        figure = figure.ratio(median(&ratios), &peer_of(count)).at_least(2.0);
    }
    figure.print()?;
    if !peers_us.is_empty() {
        Figure::new(PART, "of which jmt's").is(1e6 / median(&peers_us), "keys/s").print()?;
    }
    let proofs = ours.prove(count, PROVEN)?;
    #[cfg(feature = "peers")]
    let others = Some(peer.prove(count.min(JMT_MOST), PROVEN)?);
    #[cfg(not(feature = "peers"))]
    let others: Option<Proofs> = None;
    let figure = |what: &str, ours: f64, unit: &str, other: Option<f64>, goal: Option<f64>| {
        let figure = Figure::new(PART, format!("{what}, {count} keys")).is(ours, unit);
        let figure = other.map_or(figure.clone(), |other| figure.against(other, &peer_of(count)));
        match (goal, other) {
            (Some(goal), Some(_)) => figure.at_most(goal).print(),
            _ => figure.print(),
        }
    };
    let other = |of: fn(&Proofs) -> f64| others.as_ref().map(of);
    figure("proof of 1,000 keys, a key", proofs.many_bytes, "bytes", other(|p| p.many_bytes), Some(0.5))?;
    figure("proof of one key", proofs.one_bytes, "bytes", other(|p| p.one_bytes), None)?;
    if count == 100_000 {
        let akd = |what: &str, ours: f64, unit: &str, theirs: f64, goal: f64| {
            let figure = Figure::new(PART, format!("proof of one key{what}, {count} keys")).is(ours, unit);
            figure.against(theirs, "akd 0.13, measured once").at_most(goal).print()
        };
        akd("", proofs.one_bytes, "bytes", AKD.0, 0.2)?;
        akd(", time to verify", proofs.verify_us, "µs", AKD.1, 0.02)?;
    }
    figure("proof of one key, time to make", proofs.prove_us, "µs", other(|p| p.prove_us), None)?;
    figure("proof of one key, time to verify", proofs.verify_us, "µs", other(|p| p.verify_us), Some(1.0))?;
    figure(
        "proof of 1,000 keys, time to verify a key",
        proofs.many_verify_us,
        "µs",
        other(|p| p.many_verify_us),
        Some(1.0),
    )?;
    Ok(update_us)
}

/// How many hashes a key of a batch needs in a binary tree of so many keys that are hashes themselves, expected: its leaf, and
/// its share of the nodes above, each of which is hashed once a batch. No tree with a hash of two at each node needs fewer.
fn hashes(count: u64) -> f64 {
    let (batch, others) = (BATCH as f64, count as f64 - 1.0);
    // The chance that one key's path to a depth is that of none of so many others.
    let of_none = |depth: i32, many: f64| (many * (-f64::exp2(f64::from(-depth))).ln_1p()).exp();
    // Of the places at a depth, those that the batch passes and where keys branch.
    let nodes = (0..64).map(|depth| {
        f64::exp2(f64::from(depth)) * (1.0 - of_none(depth, batch)) * (1.0 - of_none(depth, others))
    });
    1.0 + nodes.sum::<f64>() / batch
}

/// What a trie of so many keys is compared with.
fn peer_of(count: u64) -> String {
    if count > JMT_MOST { format!("jmt of {JMT_MOST} keys") } else { "jmt".to_owned() }
}

/// What proofs cost.
struct Proofs {
    one_bytes: f64,
    /// Of a thousand keys together, a key.
    many_bytes: f64,
    prove_us: f64,
    verify_us: f64,
    many_verify_us: f64,
}

/// Updates that end on disk: the processor time of one of a batch of 1,000, in microseconds.
fn durably(size: &Size, count: u64) -> Outcome<f64> {
    crate::tell(&format!("{count} keys on disk"));
    let folder = size.data.join("index-trie");
    let mut kept = Kept::grown(&folder, count)?;
    let mut spent = 0.0;
    for (batch_size, nomt) in NOMT {
        let batches = size.pick(20_000, 300_000) / batch_size;
        let before_us = crate::process::process_us();
        let rate = kept.update(count, batch_size, batches)?;
        let each_us = (crate::process::process_us() - before_us) / (batch_size * batches) as f64;
        let what = format!("update durably, {count} keys, batches of {batch_size}");
        let figure = Figure::new(PART, &what).is(rate, "keys/s");
        if count == 1_000_000 {
            figure.against(nomt, "nomt 1.0.5, measured once").at_least(1.0).print()?
        } else {
            figure.print()?
        }
        if batch_size == BATCH {
            spent = each_us;
        }
    }
    drop(kept);
    std::fs::remove_dir_all(&folder)?;
    Ok(spent)
}

//! The trie alone, as the engine keeps it.

use super::{Proofs, batch, key};
use crate::Outcome;
use crate::figure::median;
use crate::held::Held;
use crate::process::thread_us;
use procura_core::kv::Changes;
use procura_core::trie::{PrunedTrie, TrieWriter, prove};
use procura_core::{Hash, Size};
use procura_ledger::index::{Layers, Limits, RunsIndex};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// How many keys are inserted at once while a trie grows.
const GROWN: u64 = 10_000;

/// All of it in memory.
pub(super) struct InMemory(Held);

impl InMemory {
    pub(super) fn grown(count: u64) -> Outcome<Self> {
        let mut held = Held::default();
        for from in (0..count).step_by(GROWN as usize) {
            held.put((from..count.min(from + GROWN)).map(|n| (key(n), key(!n))))?;
        }
        Ok(Self(held))
    }

    /// Puts a batch, as far as the new root; the processor time in microseconds.
    pub(super) fn update(&mut self, rows: &[(Hash, Hash)]) -> Outcome<f64> {
        let before_us = thread_us();
        let before = self.0.put(rows.iter().copied())?;
        let spent_us = thread_us() - before_us;
        drop(before);
        Ok(spent_us)
    }

    pub(super) fn prove(&self, count: u64, proven: u64) -> Outcome<Proofs> {
        let root = self.0.root();
        let (mut one_bytes, mut prove_us, mut verify_us) = (0, 0.0, 0.0);
        for n in 0..proven {
            let key = key(n * (count / proven.min(count)));
            let before_us = thread_us();
            let proof = prove(&self.0, &BTreeSet::from([key]))?;
            let proven_us = thread_us();
            let value = PrunedTrie::decode(&proof)?.check(root)?.get(&key)?;
            verify_us += thread_us() - proven_us;
            prove_us += proven_us - before_us;
            one_bytes += proof.len();
            value.ok_or("a key was not proven")?;
        }
        let keys: BTreeSet<_> = batch(999, super::BATCH, count).into_iter().map(|(key, _)| key).collect();
        let proof = prove(&self.0, &keys)?;
        let mut many_us = Vec::new();
        for _ in 0..super::SLICES {
            let before_us = thread_us();
            let checked = PrunedTrie::decode(&proof)?.check(root)?;
            for key in &keys {
                checked.get(key)?.ok_or("a key was not proven")?;
            }
            many_us.push((thread_us() - before_us) / keys.len() as f64);
        }
        let each = |sum: f64| sum / proven as f64;
        Ok(Proofs {
            one_bytes: each(one_bytes as f64),
            many_bytes: proof.len() as f64 / keys.len() as f64,
            prove_us: each(prove_us),
            verify_us: each(verify_us),
            many_verify_us: median(&many_us),
        })
    }
}

/// In layers over runs; each batch is in a log, synced, before it is seen.
pub(super) struct Kept {
    layers: Layers,
    log: File,
    rounds: u64,
}

impl Kept {
    pub(super) fn grown(folder: &Path, count: u64) -> Outcome<Self> {
        drop(std::fs::remove_dir_all(folder));
        std::fs::create_dir_all(folder)?;
        let (runs, _) = RunsIndex::open(&folder.join("index"), 0, "bench", 128 << 20)?;
        let layers = Layers::new(Arc::new(runs), Limits::default(), 0, "bench")?;
        let kept = Self { layers, log: File::create(folder.join("log"))?, rounds: 0 };
        for from in (0..count).step_by(GROWN as usize) {
            let rows: Vec<_> = (from..count.min(from + GROWN)).map(|n| (key(n), key(!n))).collect();
            kept.put(&rows)?;
        }
        kept.flush()?;
        Ok(kept)
    }

    fn put(&self, rows: &[(Hash, Hash)]) -> Outcome {
        self.layers.wait_for_room()?;
        let snapshot = self.layers.snapshot();
        let mut writer = TrieWriter::new(&snapshot)?;
        for (key, value) in rows {
            writer.put(*key, *value)?;
        }
        let (trie, _) = writer.close();
        let root = trie.root();
        self.layers.write(Changes::new(), trie);
        if self.layers.should_flush() {
            self.layers.freeze(Size(1), root);
        }
        Ok(())
    }

    fn flush(&self) -> Outcome {
        self.layers.settle()?;
        self.layers.freeze(Size(1), Hash::default());
        Ok(self.layers.settle()?)
    }

    /// Keys a second, until the last of them is flushed too.
    pub(super) fn update(&mut self, count: u64, size: u64, batches: u64) -> Outcome<f64> {
        let began = Instant::now();
        let mut making_s = 0.0;
        for _ in 0..batches {
            let made = Instant::now();
            self.rounds += 1;
            let rows = batch(self.rounds, size, count);
            let bytes: Vec<u8> = rows.iter().flat_map(|(key, value)| [key.0, value.0]).flatten().collect();
            making_s += made.elapsed().as_secs_f64();
            self.log.write_all(&bytes)?;
            self.log.sync_data()?;
            self.put(&rows)?;
        }
        self.flush()?;
        Ok((size * batches) as f64 / (began.elapsed().as_secs_f64() - making_s))
    }
}

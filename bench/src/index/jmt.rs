//! jmt 0.12 in memory, in the store that it brings for tests: a hash map of its nodes.

use super::{Proofs, key};
use crate::Outcome;
use crate::process::thread_us;
use jmt::mock::MockTreeStore;
use jmt::{KeyHash, RootHash, Sha256Jmt};
use procura_core::Hash;

const GROWN: u64 = 10_000;

pub(super) struct Tree {
    store: MockTreeStore,
    version: u64,
    root: RootHash,
}

impl Tree {
    pub(super) fn grown(count: u64) -> Outcome<Self> {
        let mut tree = Self { store: MockTreeStore::new(true), version: 0, root: RootHash([0; 32]) };
        for from in (0..count).step_by(GROWN as usize) {
            let rows: Vec<_> = (from..count.min(from + GROWN)).map(|n| (key(n), key(!n))).collect();
            tree.update(&rows)?;
            tree.store.purge_stale_nodes(tree.version - 1)?;
        }
        Ok(tree)
    }

    /// Puts a batch, as far as the new root: not yet in the store; the processor time in microseconds.
    pub(super) fn update(&mut self, rows: &[(Hash, Hash)]) -> Outcome<f64> {
        let rows: Vec<_> = rows.iter().map(|(key, value)| (KeyHash(key.0), Some(value.0.to_vec()))).collect();
        let before_us = thread_us();
        let (root, nodes) = Sha256Jmt::new(&self.store).put_value_set(rows, self.version)?;
        let spent_us = thread_us() - before_us;
        self.store.write_tree_update_batch(nodes)?;
        self.version += 1;
        self.root = root;
        Ok(spent_us)
    }

    pub(super) fn prove(&self, count: u64, proven: u64) -> Outcome<Proofs> {
        let tree = Sha256Jmt::new(&self.store);
        let (mut bytes, mut prove_us, mut verify_us) = (0, 0.0, 0.0);
        for n in 0..proven {
            let key = KeyHash(key(n * (count / proven.min(count))).0);
            let before_us = thread_us();
            let (value, proof) = tree.get_with_proof(key, self.version - 1)?;
            let encoded = borsh::to_vec(&proof)?;
            let proven_us = thread_us();
            let proof: jmt::proof::SparseMerkleProof<sha2_10::Sha256> = borsh::from_slice(&encoded)?;
            proof.verify_existence(self.root, key, value.ok_or("a key was not proven")?)?;
            verify_us += thread_us() - proven_us;
            prove_us += proven_us - before_us;
            bytes += encoded.len();
        }
        let each = |sum: f64| sum / proven as f64;
        let (bytes, verify_us) = (each(bytes as f64), each(verify_us));
        // It has no proof of several keys.
        Ok(Proofs {
            one_bytes: bytes,
            many_bytes: bytes,
            prove_us: each(prove_us),
            verify_us,
            many_verify_us: verify_us,
        })
    }
}

//! The least that a ledger of this promise can do with a submission: what no way of writing one can be faster than.
//!
//! A bare handler verifies the signature; one thread puts what came into a tree and a map in memory, signs their root once a
//! batch, and stores entry, body and tree in one redb transaction before anybody is answered. Left out is all that makes a
//! ledger useful: nobody is looked up, nothing is decided, the map is on no disk and remembers no state before, and the answer
//! is an index, not a proof.

use crate::Outcome;
use crate::held::Held;
use crate::people::fixed;
use procura_core::hash::{self, commitment, status_key_in, tag_key_in};
use procura_core::key::{Signer, SoftKey};
use procura_core::tree::Frontier;
use procura_core::{Hash, Index};
use procura_ledger::{OsRandom, Random};
use redb::{Database, TableDefinition, WriteTransaction};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// By index: the entry, the body with its opening, the roots that the leaf completes.
const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entries");
const BODIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bodies");
const NODES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("nodes");
const HEAD: TableDefinition<'_, (), &[u8]> = TableDefinition::new("head");
/// The most of one batch, as in the ledger.
const MAX_BATCH: usize = 2048;
/// How many keys are put into the map at once while it grows.
const GROWN: usize = 10_000;

/// A record to keep, and who waits for its index.
type Job = (Hash, String, oneshot::Sender<Index>);

/// Hands records to the thread that keeps them.
#[derive(Clone)]
pub(crate) struct Keeper(Sender<Job>);

/// What it keeps in memory.
struct Kept {
    database: Database,
    map: Held,
    tree: Frontier,
    key: SoftKey,
    origin: Hash,
}

impl Keeper {
    /// Keeps records in a file, which is made anew, and in a map with a key each of `before`.
    pub(crate) fn start(file: &Path, before: &[Hash]) -> Outcome<Self> {
        drop(std::fs::remove_file(file));
        let mut kept = Kept {
            database: Database::create(file)?,
            map: Held::default(),
            tree: Frontier::new(),
            key: SoftKey::from_seed(&fixed("least", 0)),
            origin: hash::sha256(&[b"least"]),
        };
        for some in before.chunks(GROWN) {
            kept.map.put(some.iter().map(|id| (status_key_in(&kept.origin, id), *id)))?;
        }
        let (sender, jobs) = channel();
        std::thread::spawn(move || {
            while let Some(batch) = next(&jobs) {
                // Who waits learns by the answer that never comes.
                if kept.keep(batch).is_err() {
                    return;
                }
            }
        });
        Ok(Self(sender))
    }

    /// Keeps a record: where it stands, once that is durable; `None` if it could not be kept.
    pub(crate) async fn keep(&self, id: Hash, body: String) -> Option<Index> {
        let (reply, answer) = oneshot::channel();
        self.0.send((id, body, reply)).ok()?;
        answer.await.ok()
    }
}

/// All that waits; `None` once nobody can send any more.
fn next(jobs: &Receiver<Job>) -> Option<Vec<Job>> {
    let first = jobs.recv().ok()?;
    Some(std::iter::once(first).chain(jobs.try_iter().take(MAX_BATCH - 1)).collect())
}

impl Kept {
    fn keep(&mut self, batch: Vec<Job>) -> Outcome {
        let (mut rows, mut told) = (Vec::with_capacity(3 * batch.len()), Vec::with_capacity(batch.len()));
        let write = self.database.begin_write()?;
        for (id, body, reply) in batch {
            let index = self.tree.size().0;
            let mut r = [0; 64];
            OsRandom.fill(&mut r)?;
            // A create's entry: a commitment, an id, two tags.
            let (one, other) = (hash::tag(&id.0, 2 * index), hash::tag(&id.0, 2 * index + 1));
            let entry = [commitment(body.as_bytes(), &r), id, one, other].map(|hash| hash.0).concat();
            let nodes = self.tree.push(hash::leaf(&entry));
            for key in [
                status_key_in(&self.origin, &id),
                tag_key_in(&self.origin, &one),
                tag_key_in(&self.origin, &other),
            ] {
                rows.push((key, hash::labelled("least", &[&index.to_be_bytes()])));
            }
            store(&write, index, [&entry, &[body.as_bytes(), &r].concat(), &bytes(&nodes)])?;
            told.push((reply, Index(index)));
        }
        self.map.put(rows)?;
        let head = [self.tree.root().0, self.map.root().0].concat();
        let signature = self.key.sign(&head)?;
        write.open_table(HEAD)?.insert((), [&head[..], &signature].concat().as_slice())?;
        write.commit()?;
        for (reply, index) in told {
            let _ = reply.send(index);
        }
        Ok(())
    }
}

fn store(write: &WriteTransaction, index: u64, rows: [&[u8]; 3]) -> Outcome {
    for (table, row) in [ENTRIES, BODIES, NODES].into_iter().zip(rows) {
        write.open_table(table)?.insert(index, row)?;
    }
    Ok(())
}

fn bytes(nodes: &[Hash]) -> Vec<u8> {
    nodes.iter().flat_map(|node| node.0).collect()
}

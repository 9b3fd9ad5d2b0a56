//! Flushing beside a writer and readers, with a file that fails and waits on command.

use crate::{FORMAT, ORIGIN, changes};
use procura_core::kv::{Kv, MemoryKv, Unreadable};
use procura_core::trie::Trie;
use procura_core::{Hash, Size};
use procura_ledger::MemoryIndex;
use procura_ledger::index::{IndexError, IndexFile, IndexRow, Layers, Limits, Mark, Rows};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A file in memory whose writes wait while it is `shut` and fail while it is `full`.
#[derive(Default)]
struct Gate {
    rows: Mutex<(MemoryKv, Option<Mark>)>,
    shut: Mutex<bool>,
    opened: Condvar,
    full: AtomicBool,
}

impl Gate {
    fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }
}

struct Held(MemoryKv);

impl Kv for Held {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        self.0.get(key)
    }
}

impl Rows for Held {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        let rows =
            self.0.0.iter().filter(|(key, _)| key.starts_with(prefix) && after.is_none_or(|a| ***key > *a));
        Ok(rows.take(limit).map(|(key, row)| (key.as_slice().into(), Arc::clone(row))).collect())
    }
}

impl IndexFile for Gate {
    fn mark(&self) -> Option<Mark> {
        self.rows.lock().unwrap().1.clone()
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        Ok(Arc::new(Held(self.rows.lock().unwrap().0.clone())))
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        let mut shut = self.shut.lock().unwrap();
        while *shut {
            shut = self.opened.wait(shut).unwrap();
        }
        if self.full.load(Ordering::SeqCst) {
            return Err(IndexError::Full { what: "gate".into() });
        }
        let mut rows = self.rows.lock().unwrap();
        rows.0.write(changes.map(|(key, row)| (key.to_vec(), row)).collect());
        rows.1 = Some(mark.clone());
        Ok(())
    }

    fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        self.rows.lock().unwrap().0.0.retain(|key, _| !keys.contains(key));
        Ok(())
    }
}

fn limits() -> Limits {
    Limits { flush_rows: 4, flush_bytes: 10_000, hard_bytes: 2_000, retry: Duration::from_millis(5) }
}

fn layers(gate: &Arc<Gate>) -> Arc<Layers> {
    Arc::new(Layers::new(Arc::clone(gate) as Arc<dyn IndexFile>, limits(), FORMAT, ORIGIN).unwrap())
}

fn rows(range: std::ops::Range<u32>) -> procura_core::kv::Changes {
    changes(range.map(|n| (n.to_be_bytes(), format!("row {n}"))))
}

/// A flush is due by rows and by bytes, not while one is under way; a row written over counts again, as readers may still see the one before.
#[test]
fn a_flush_is_due_by_rows_and_bytes() {
    let gate = Arc::new(Gate::default());
    let layers = layers(&gate);
    layers.write(rows(0..1), Trie::default());
    layers.write(rows(0..2), Trie::default());
    assert_eq!(layers.fresh().0, 3);
    assert!(!layers.should_flush());
    layers.write(rows(3..4), Trie::default());
    assert!(layers.should_flush());
    gate.shut(true);
    assert!(layers.freeze(Size(1), Hash::default()));
    layers.write(rows(4..12), Trie::default());
    assert!(!layers.should_flush());
    assert!(!layers.freeze(Size(2), Hash::default()));
    gate.shut(false);
    layers.settle().unwrap();
    assert!(layers.should_flush());
    assert!(layers.freeze(Size(2), Hash::default()));
    layers.settle().unwrap();
    layers.write(changes([(b"k", "x".repeat(10_000))]), Trie::default());
    assert!(layers.should_flush());
    assert_eq!(gate.mark().unwrap().size, Size(2));
}

/// While a flush takes its time, writes and reads go on at once, and nothing frozen is missing from what they see.
#[test]
fn a_slow_flush_holds_nobody_up() {
    let gate = Arc::new(Gate::default());
    let layers = layers(&gate);
    layers.write(rows(0..8), Trie::default());
    gate.shut(true);
    assert!(layers.freeze(Size(8), Hash::default()));
    let during = layers.snapshot();
    layers.write(changes([(0u32.to_be_bytes(), "newer".to_owned())]), Trie::default());
    assert_eq!(during.range(b"", None, 100).unwrap().len(), 8);
    assert_eq!(during.get(&0u32.to_be_bytes()).unwrap().as_deref(), Some(&b"row 0"[..]));
    assert_eq!(layers.snapshot().get(&0u32.to_be_bytes()).unwrap().as_deref(), Some(&b"newer"[..]));
    layers.wait_for_room().unwrap();
    gate.shut(false);
    layers.settle().unwrap();
    assert_eq!(during.get(&0u32.to_be_bytes()).unwrap().as_deref(), Some(&b"row 0"[..]));
    assert_eq!(layers.snapshot().get(&0u32.to_be_bytes()).unwrap().as_deref(), Some(&b"newer"[..]));
    // The file stands at what was frozen, not at what came after.
    assert_eq!(gate.rows.lock().unwrap().0.get(&0u32.to_be_bytes()).unwrap().as_deref(), Some(&b"row 0"[..]));
}

/// Past the hard bound the writer waits for the flush, and goes on when it ends.
#[test]
fn past_the_hard_bound_the_writer_waits() {
    let gate = Arc::new(Gate::default());
    let layers = layers(&gate);
    layers.write(rows(0..8), Trie::default());
    layers.wait_for_room().unwrap();
    gate.shut(true);
    layers.freeze(Size(8), Hash::default());
    layers.write(rows(8..40), Trie::default());
    let (waited, flag) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let writer = thread::spawn({
        let (layers, waited, flag) = (Arc::clone(&layers), Arc::clone(&waited), Arc::clone(&flag));
        move || {
            layers.wait_for_room().unwrap();
            waited.store(flag.load(Ordering::SeqCst), Ordering::SeqCst);
        }
    });
    thread::sleep(Duration::from_millis(50));
    assert!(!writer.is_finished());
    flag.store(true, Ordering::SeqCst);
    gate.shut(false);
    writer.join().unwrap();
    assert!(waited.load(Ordering::SeqCst));
}

/// While flushes fail, everything stays readable and the writer goes on to the hard bound, then is told; when there is
/// room again the flush succeeds by itself.
#[test]
fn a_failed_flush_is_told_and_tried_again() {
    let gate = Arc::new(Gate::default());
    let layers = layers(&gate);
    gate.full.store(true, Ordering::SeqCst);
    layers.write(rows(0..8), Trie::default());
    layers.freeze(Size(8), Hash::default());
    assert!(matches!(layers.settle(), Err(IndexError::Stalled { .. })));
    assert!(layers.failing().is_some());
    layers.wait_for_room().unwrap();
    layers.write(rows(8..40), Trie::default());
    assert!(matches!(layers.wait_for_room(), Err(IndexError::Stalled { .. })));
    assert_eq!(layers.snapshot().range(b"", None, 100).unwrap().len(), 40);
    assert_eq!(gate.mark(), None);
    gate.full.store(false, Ordering::SeqCst);
    while layers.failing().is_some() {
        thread::sleep(Duration::from_millis(2));
    }
    layers.wait_for_room().unwrap();
    assert_eq!(gate.mark().unwrap().size, Size(8));
    assert_eq!(layers.snapshot().range(b"", None, 100).unwrap().len(), 40);
}

/// Dropping the layers while flushes fail ends, and does not wait for a disk that may never get room.
#[test]
fn dropping_ends_though_flushes_fail() {
    let gate = Arc::new(Gate::default());
    gate.full.store(true, Ordering::SeqCst);
    let layers = layers(&gate);
    layers.write(rows(0..8), Trie::default());
    layers.freeze(Size(8), Hash::default());
    drop(layers);
    assert_eq!(gate.mark(), None);
}

/// Readers in other threads, each with its own snapshot, see every batch whole while batches are written and flushed.
#[test]
fn snapshots_see_whole_batches() {
    let folder = crate::passing_folder();
    let (file, _) = crate::open(folder.path());
    let layers = Arc::new(Layers::new(Arc::new(file), limits(), FORMAT, ORIGIN).unwrap());
    let done = Arc::new(AtomicBool::new(false));
    let batch = |n: u32| changes((0..6u32).map(|key| (key.to_be_bytes(), format!("batch {n}"))));
    layers.write(batch(0), Trie::default());
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (layers, done) = (Arc::clone(&layers), Arc::clone(&done));
            thread::spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let snapshot = layers.snapshot();
                    let rows = snapshot.range(b"", None, 10).unwrap();
                    assert_eq!(rows.len(), 6);
                    assert!(rows.iter().all(|(_, row)| *row == rows[0].1));
                    assert_eq!(snapshot.get(&0u32.to_be_bytes()).unwrap().unwrap(), rows[0].1);
                }
            })
        })
        .collect();
    for n in 1..300 {
        layers.wait_for_room().unwrap();
        layers.write(batch(n), Trie::default());
        if layers.should_flush() {
            layers.freeze(Size(n.into()), Hash::default());
        }
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.join().unwrap();
    }
}

/// A file in memory whose rows, once nobody has them any more, say on which thread that was.
#[derive(Default)]
struct Farewells {
    file: MemoryIndex,
    threads: Arc<Mutex<Vec<String>>>,
}

struct Leaving {
    rows: Arc<dyn Rows>,
    threads: Arc<Mutex<Vec<String>>>,
}

impl IndexFile for Farewells {
    fn mark(&self) -> Option<Mark> {
        self.file.mark()
    }

    fn read(&self) -> Result<Arc<dyn Rows>, IndexError> {
        Ok(Arc::new(Leaving { rows: self.file.read()?, threads: Arc::clone(&self.threads) }))
    }

    fn write(&self, changes: &mut dyn Iterator<Item = IndexRow>, mark: &Mark) -> Result<(), IndexError> {
        self.file.write(changes, mark)
    }

    fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        self.file.forget(keys)
    }
}

impl Kv for Leaving {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        self.rows.get(key)
    }
}

impl Rows for Leaving {
    fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<IndexRow>, Unreadable> {
        self.rows.range(prefix, after, limit)
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.threads.lock().unwrap().push(std::thread::current().name().unwrap_or_default().to_owned());
    }
}

/// Whoever read last does not free what a flush replaced: that is a whole layer, and files that are deleted.
#[test]
fn what_readers_let_go_the_flusher_frees() {
    let file = Arc::new(Farewells::default());
    let threads = Arc::clone(&file.threads);
    let layers = Layers::new(file, limits(), FORMAT, ORIGIN).unwrap();
    for round in 0..3 {
        layers.write(rows(round..round + 1), Trie::default());
        let reader = layers.snapshot();
        assert!(layers.freeze(Size(u64::from(round) + 1), Hash::default()));
        layers.settle().unwrap();
        // The flusher comes by and finds that it is still read.
        std::thread::sleep(Duration::from_millis(20));
        drop(reader);
        let is_gone = || threads.lock().unwrap().len() > round as usize;
        let waited = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            is_gone()
        });
        assert!(waited, "nobody freed it");
    }
    assert_eq!(*threads.lock().unwrap(), ["index-flush"; 3]);
}

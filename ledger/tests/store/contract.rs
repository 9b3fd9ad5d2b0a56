//! What every store must do, whatever it is made of. `make` gives a new, empty store whose volumes, if it has any,
//! hold 8 entries.

use crate::grove::Grove;
use procura_core::{Index, Size};
use procura_ledger::store::{Batch, Store, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

pub(crate) fn contract(make: &dyn Fn() -> Arc<dyn Store>) {
    starts_empty(&*make());
    keeps_what_it_was_given(&*make());
    refuses_another_size(&*make());
    refuses_what_is_no_batch(&*make());
    fences_the_writer_before(&*make());
    lets_one_of_two_racing_writers_win(&make());
    lets_no_fenced_commit_through_a_race(&make());
    says_what_is_missing(&*make());
    keeps_a_reader_where_it_was(&*make());
    erases_vault_rows_and_nothing_else(&*make());
    serves_readers_while_it_is_written(&make());
}

/// An empty store is of size 0, epoch 0, without a checkpoint, and holds nothing.
fn starts_empty(store: &dyn Store) {
    Grove::default().assert_held_by(store);
    assert_eq!(store.head().unwrap().epoch, 0);
    assert!(matches!(store.node(0, 0), Err(StoreError::Missing { index: Index(0) })));
    store.reopen().unwrap();
    Grove::default().assert_held_by(store);
}

/// Batches of every length to the bound, across volumes, are all there, before and after reopening; so is the epoch.
fn keeps_what_it_was_given(store: &dyn Store) {
    let mut grove = Grove::default();
    let epoch = store.claim().unwrap();
    for length in [1, 1, 3, 3, 8, 1, 8, 7, 2, 5, 8, 8] {
        let expected = grove.size();
        store.commit(expected, epoch, grove.grow(length)).unwrap();
        grove.assert_held_by(store);
    }
    let head = store.reopen().unwrap();
    assert_eq!((head.size, head.epoch), (grove.size(), epoch));
    grove.assert_held_by(store);
    store.commit(grove.size(), epoch, grove.grow(2)).unwrap();
    grove.assert_held_by(store);
}

/// A batch made for a smaller or larger store is refused with both sizes and leaves no trace.
fn refuses_another_size(store: &dyn Store) {
    let mut grove = Grove::default();
    let epoch = store.claim().unwrap();
    store.commit(Size(0), epoch, grove.grow(3)).unwrap();
    for wrong in [0, 2, 4] {
        let error = store.commit(Size(wrong), epoch, grove.clone().grow(1)).unwrap_err();
        let named =
            matches!(error, StoreError::WrongSize { expected: Size(e), found: Size(3) } if e == wrong);
        assert!(named && error.nothing_written(), "{error:?}");
    }
    grove.assert_held_by(store);
    store.commit(Size(3), epoch, grove.grow(1)).unwrap();
}

/// No rows, more than a volume holds, a wrong number of nodes: refused, no trace, and the writer may go on.
fn refuses_what_is_no_batch(store: &dyn Store) {
    let mut grove = Grove::default();
    let epoch = store.claim().unwrap();
    let refused = |batch| {
        let error = store.commit(Size(0), epoch, batch).unwrap_err();
        assert!(matches!(error, StoreError::BadBatch { .. }) && error.nothing_written(), "{error:?}");
    };
    refused(Batch::default());
    let mut short = grove.clone().grow(4);
    short.rows[3].nodes.pop();
    refused(short);
    let mut long = grove.clone().grow(4);
    let extra = long.rows[0].nodes[0];
    long.rows[2].nodes.push(extra);
    refused(long);
    grove.assert_held_by(store);
    store.commit(Size(0), epoch, grove.grow(1)).unwrap();
}

/// Each claim takes a higher epoch and ends the one before: also when sizes agree, also after reopening.
fn fences_the_writer_before(store: &dyn Store) {
    let mut grove = Grove::default();
    let first = store.claim().unwrap();
    store.commit(Size(0), first, grove.grow(2)).unwrap();
    let second = store.claim().unwrap();
    assert!(second > first);
    let fenced = |size: u64, epoch| {
        let error = store.commit(Size(size), epoch, grove.clone().grow(1)).unwrap_err();
        let named =
            matches!(error, StoreError::Fenced { held, current } if held == epoch && current == second);
        assert!(named && error.nothing_written(), "{error:?}");
    };
    fenced(2, first);
    // Fencing is looked at before the size, and an epoch that was never given is no writer's.
    fenced(7, first);
    fenced(2, second + 1);
    fenced(2, 0);
    store.reopen().unwrap();
    fenced(2, first);
    grove.assert_held_by(store);
    store.commit(Size(2), second, grove.grow(1)).unwrap();
    grove.assert_held_by(store);
}

/// Two threads with the same epoch push to the same sizes: each size is won once, and all that was won is there.
fn lets_one_of_two_racing_writers_win(store: &Arc<dyn Store>) {
    let epoch = store.claim().unwrap();
    let race = |store: Arc<dyn Store>| {
        move || {
            let (mut grove, mut won) = (Grove::default(), 0);
            while grove.size().0 < 40 {
                let expected = grove.size();
                match store.commit(expected, epoch, grove.grow(2)) {
                    Ok(()) => won += 1,
                    Err(StoreError::WrongSize { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            (grove, won)
        }
    };
    let (a, b) = (thread::spawn(race(Arc::clone(store))), thread::spawn(race(Arc::clone(store))));
    let ((grove, a), (_, b)) = (a.join().unwrap(), b.join().unwrap());
    assert_eq!(a + b, 20);
    grove.assert_held_by(&**store);
}

/// While one writer commits, another claims: from the claim on nothing of the first is stored.
fn lets_no_fenced_commit_through_a_race(store: &Arc<dyn Store>) {
    let epoch = store.claim().unwrap();
    let first = thread::spawn({
        let store = Arc::clone(store);
        move || {
            let mut grove = Grove::default();
            loop {
                let expected = grove.size();
                match store.commit(expected, epoch, grove.grow(1)) {
                    Ok(()) => {}
                    Err(StoreError::Fenced { held, .. }) if held == epoch => return expected,
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    });
    while store.head().unwrap().size.0 < 12 {
        thread::yield_now();
    }
    store.claim().unwrap();
    let size = store.head().unwrap().size;
    assert_eq!(first.join().unwrap(), size);
    assert_eq!(store.head().unwrap().size, size);
}

/// What lies beyond the size is an error with the first index missing, never a shorter answer.
fn says_what_is_missing(store: &dyn Store) {
    let mut grove = Grove::default();
    let epoch = store.claim().unwrap();
    for _ in 0..3 {
        store.commit(grove.size(), epoch, grove.grow(4)).unwrap();
    }
    let missing = |range: std::ops::Range<u64>, first| {
        let error = store.entries(range.clone()).unwrap_err();
        assert!(
            matches!(error, StoreError::Missing { index: Index(i) } if i == first),
            "{range:?}: {error:?}"
        );
    };
    missing(0..13, 12);
    missing(12..13, 12);
    missing(20..22, 20);
    missing(3..u64::MAX, 12);
    for at in [0, 5, 8, 12] {
        assert!(store.entries(at..at).unwrap().is_empty());
    }
    assert!(matches!(store.vault(Index(12)), Err(StoreError::Missing { index: Index(12) })));
    assert!(matches!(store.vault(Index(u64::MAX)), Err(StoreError::Missing { .. })));
    for (level, index) in [(0, 12), (2, 3), (3, 1), (4, 0), (63, 1), (64, 0), (255, 0), (0, u64::MAX)] {
        assert!(matches!(store.node(level, index), Err(StoreError::Missing { .. })), "{level} {index}");
    }
    store.node(3, 0).unwrap();
    store.node(2, 2).unwrap();
}

/// A reader taken before commits, volume changes and an erasure sees its own size throughout.
fn keeps_a_reader_where_it_was(store: &dyn Store) {
    let mut grove = Grove::default();
    let epoch = store.claim().unwrap();
    store.commit(Size(0), epoch, grove.grow(6)).unwrap();
    let reader = store.read().unwrap();
    let before = reader.entries(0..6).unwrap();
    for _ in 0..4 {
        store.commit(grove.size(), epoch, grove.grow(8)).unwrap();
        assert_eq!(reader.entries(0..6).unwrap(), before);
    }
    store.erase(&BTreeSet::from([Index(1), Index(9)])).unwrap();
    assert_eq!(reader.entries(0..6).unwrap(), before);
    assert_eq!(reader.head().size, Size(6));
    assert!(matches!(reader.entries(0..7), Err(StoreError::Missing { index: Index(6) })));
    assert!(matches!(reader.node(0, 6), Err(StoreError::Missing { .. })));
    assert_eq!(reader.node(2, 0).unwrap(), grove.rows[3].nodes[2]);
}

/// Erased rows are gone, everything else is as it was, and the log goes on; a repetition is no error.
fn erases_vault_rows_and_nothing_else(store: &dyn Store) {
    let mut grove = Grove::default();
    let epoch = store.claim().unwrap();
    for _ in 0..5 {
        store.commit(grove.size(), epoch, grove.grow(6)).unwrap();
    }
    let size = grove.size();
    let error = store.erase(&BTreeSet::from([Index(0), Index(size.0)])).unwrap_err();
    assert!(matches!(error, StoreError::Missing { index } if index.0 == size.0));
    grove.assert_held_by(store);

    // In the first volume, one in the middle, the last; 2 never had a vault row.
    let erased = BTreeSet::from([0, 2, 10, 29].map(Index));
    store.erase(&BTreeSet::new()).unwrap();
    for _ in 0..2 {
        store.erase(&erased).unwrap();
        for index in &erased {
            grove.rows[usize::try_from(index.0).unwrap()].vault = None;
        }
        grove.assert_held_by(store);
    }
    store.commit(size, epoch, grove.grow(3)).unwrap();
    store.reopen().unwrap();
    grove.assert_held_by(store);
}

/// Readers in other threads see whole batches only, through volume changes and erasures of what they read.
fn serves_readers_while_it_is_written(store: &Arc<dyn Store>) {
    let epoch = store.claim().unwrap();
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let store = Arc::clone(store);
            thread::spawn(move || {
                loop {
                    let reader = store.read().unwrap();
                    let size = reader.head().size.0;
                    assert_eq!(size % 4, 0);
                    assert_eq!(reader.entries(0..size).unwrap().len() as u64, size);
                    for index in 0..size {
                        reader.node(0, index).unwrap();
                        reader.vault(Index(index)).unwrap();
                    }
                    if size == 96 {
                        return;
                    }
                }
            })
        })
        .collect();
    let mut grove = Grove::default();
    while grove.size().0 < 96 {
        store.commit(grove.size(), epoch, grove.grow(4)).unwrap();
        if grove.size().0.is_multiple_of(12) {
            store.erase(&BTreeSet::from([Index(grove.size().0 - 3), Index(grove.size().0 / 2)])).unwrap();
        }
    }
    for reader in readers {
        reader.join().unwrap();
    }
}

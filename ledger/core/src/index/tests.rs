//! Goal: `apply` is the protocol, no more and no less. Method: random logs against the model, entry by entry and root by root; then each
//! fault by hand, after which the same state must go on; then the limits of lists.

use super::model::{Model, ORIGIN, mth};
use super::*;
use crate::entry::{Class, Commit, Entry, EntryError, Head, Tags};
use crate::hash::{self, Hash};
use crate::kv::{Kv, MemoryKv};
use crate::status::{Initial, Status};
use crate::tree::Frontier;
use crate::trie;
use crate::units::{Index, Millis, Size};
use proptest::prelude::*;

fn id(n: u8) -> Hash {
    hash::labelled("id", &[&[n]])
}

fn tag(n: u8) -> Hash {
    hash::labelled("tag", &[&[n]])
}

fn head(time: u64, n: u8, tags: &[u8]) -> Head {
    let mut tags: Vec<Hash> = tags.iter().map(|n| tag(*n)).collect();
    tags.sort_unstable();
    tags.dedup();
    Head { time: Millis(time), commitment: id(n), id: id(n), tags: Tags::new(tags).unwrap() }
}

fn create(time: u64, n: u8, tags: &[u8]) -> Entry {
    Entry::Create { head: head(time, n, tags), status: Initial::Active }
}

fn party(time: u64, n: u8, alias: u8) -> Entry {
    Entry::Party { head: head(time, n, &[]), status: Initial::Pending, alias: id(alias) }
}

fn transition(time: u64, n: u8, target: u64, target_n: u8, status: u8) -> Entry {
    let status = Status::new(status).unwrap();
    Entry::Transition { head: head(time, n, &[]), target: Index(target), target_id: id(target_n), status }
}

/// A working state after these entries, all of them valid.
fn after<'a>(kv: &'a MemoryKv, entries: &[Entry]) -> Working<'a, MemoryKv> {
    let mut working = Working::new(kv, ORIGIN).unwrap();
    for entry in entries {
        working.apply(&entry.encode()).unwrap();
    }
    working
}

fn fault<K: Kv>(working: &mut Working<'_, K>, entry: &Entry) -> Fault {
    let before = (working.map().unwrap(), working.size(), working.time(), working.last_commit());
    let fault = match working.apply(&entry.encode()) {
        Err(ApplyError::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let now = (working.map().unwrap(), working.size(), working.time(), working.last_commit());
    assert_eq!(now, before, "a fault leaves no mark");
    fault
}

#[test]
fn each_fault_has_its_name_and_leaves_no_mark() {
    let kv = MemoryKv::default();
    let mut first = Working::new(&kv, ORIGIN).unwrap();
    assert_eq!(fault(&mut first, &party(1, 1, 1)), Fault::FirstClass(4));
    let commit = first.commit_entry(Millis(1)).unwrap();
    assert_eq!(fault(&mut first, &commit), Fault::FirstClass(0xf0));

    // 0: id 1, active · 1: id 2, alias 9, pending · 2: id 3 moves id 2 · 3: trace
    let mut state = after(
        &kv,
        &[
            create(10, 1, &[1]),
            party(10, 2, 9),
            transition(11, 3, 1, 2, 1),
            Entry::Trace { head: head(12, 4, &[1, 2]) },
        ],
    );
    let junk = state.apply(&[1, 9]).unwrap_err();
    assert_eq!(junk, ApplyError::Fault(Fault::Entry(EntryError::UnknownClass(9))));
    assert_eq!(
        fault(&mut state, &create(11, 5, &[])),
        Fault::TimeBackwards { time: Millis(11), previous: Millis(12) }
    );
    assert_eq!(fault(&mut state, &create(12, 1, &[])), Fault::IdTaken(id(1)));
    assert_eq!(
        fault(&mut state, &party(12, 1, 8)),
        Fault::IdTaken(id(1)),
        "one space of ids for classes 1 and 4"
    );
    assert_eq!(fault(&mut state, &create(12, 2, &[])), Fault::IdTaken(id(2)));
    assert_eq!(fault(&mut state, &party(12, 5, 9)), Fault::AliasTaken(id(9)));
    let not_before = |target| Fault::TargetNotBefore { target: Index(target), index: Index(4) };
    assert_eq!(fault(&mut state, &transition(12, 5, 4, 1, 15)), not_before(4));
    assert_eq!(fault(&mut state, &transition(12, 5, u64::MAX, 1, 15)), not_before(u64::MAX));
    assert_eq!(fault(&mut state, &transition(12, 5, 0, 7, 15)), Fault::TargetUnknown(id(7)));
    assert_eq!(
        fault(&mut state, &transition(12, 5, 2, 3, 15)),
        Fault::TargetUnknown(id(3)),
        "a transition is no target"
    );
    assert_eq!(
        fault(&mut state, &transition(12, 5, 3, 4, 15)),
        Fault::TargetUnknown(id(4)),
        "nor is a trace"
    );
    assert_eq!(
        fault(&mut state, &transition(12, 5, 1, 1, 15)),
        Fault::TargetIndex { target: Index(1), created: Index(0), id: id(1) }
    );
    assert_eq!(fault(&mut state, &transition(12, 3, 1, 2, 2)), Fault::IdInList(id(3)));
    assert_eq!(fault(&mut state, &transition(12, 2, 1, 2, 2)), Fault::IdInList(id(2)), "item 0 too");
    let pending = Status::PENDING;
    assert_eq!(
        fault(&mut state, &transition(12, 5, 1, 2, 3)),
        Fault::MoveForbidden { from: pending, to: Status::SUSPENDED }
    );

    let Entry::Commit(good) = state.commit_entry(Millis(12)).unwrap() else { panic!() };
    assert_eq!((good.size, good.prev_commit), (Size(4), Index(0)));
    let off = Commit { size: Size(5), ..good };
    assert_eq!(
        fault(&mut state, &Entry::Commit(off)),
        Fault::CommitSize { stated: Size(5), index: Index(4) }
    );
    let off = Commit { prev_commit: Index(1), ..good };
    assert_eq!(
        fault(&mut state, &Entry::Commit(off)),
        Fault::CommitPrevious { stated: Index(1), previous: Index(0) }
    );
    let off = Commit { keys: good.keys + 1, ..good };
    assert_eq!(
        fault(&mut state, &Entry::Commit(off)),
        Fault::CommitKeys { stated: good.keys + 1, keys: good.keys }
    );
    let off = Commit { map_root: id(0), ..good };
    assert_eq!(
        fault(&mut state, &Entry::Commit(off)),
        Fault::CommitRoot { stated: id(0), root: good.map_root }
    );
    let off = Commit { time: Millis(11), ..good };
    assert!(matches!(fault(&mut state, &Entry::Commit(off)), Fault::TimeBackwards { .. }));

    // And everything still goes on; a transition's id may be a create's elsewhere, or in another list.
    state.apply(&Entry::Commit(good).encode()).unwrap();
    assert_eq!(state.last_commit(), Index(4));
    state.apply(&transition(12, 3, 0, 1, 2).encode()).unwrap();
    state.apply(&transition(12, 1, 1, 2, 2).encode()).unwrap();
    state.apply(&Entry::Trace { head: head(12, 4, &[]) }.encode()).unwrap();
    let Entry::Commit(next) = state.commit_entry(Millis(12)).unwrap() else { panic!() };
    assert_eq!(next.prev_commit, Index(4));
}

#[test]
fn an_ended_record_stays_ended() {
    let kv = MemoryKv::default();
    let mut state =
        after(&kv, &[create(1, 1, &[]), transition(1, 2, 0, 1, 0x12), transition(1, 3, 0, 1, 15)]);
    for status in [1, 2, 3, 0x11, 0x12, 0x13] {
        let refused = fault(&mut state, &transition(1, 4, 0, 1, status));
        assert!(matches!(refused, Fault::MoveForbidden { .. }), "{status}");
    }
    let again = state.apply(&transition(1, 4, 0, 1, 15).encode()).unwrap();
    assert!(again.moved.is_some_and(|step| !step.is_enabling() && !step.is_use()));
}

#[test]
fn the_end_of_a_status_list_is_kept_for_taking_away() {
    let kv = MemoryKv::default();
    let mut state = after(&kv, &[create(1, 1, &[])]);
    let step = |n: u64, status: u8| {
        let head = Head { id: hash::leaf(&n.to_be_bytes()), ..head(1, 0, &[]) };
        let status = Status::new(status).unwrap();
        Entry::Transition { head, target: Index(0), target_id: id(1), status }
    };
    for n in 1..1008 {
        state.apply(&step(n, 2).encode()).unwrap();
    }
    assert_eq!(fault(&mut state, &step(2000, 2)), Fault::ListReserved(id(1)), "a use in the last 16");
    state.apply(&step(1008, 3).encode()).unwrap();
    assert_eq!(fault(&mut state, &step(2000, 2)), Fault::ListReserved(id(1)), "lifting a suspension");
    state.apply(&step(1009, 0x13).encode()).unwrap();
    assert_eq!(fault(&mut state, &step(2000, 3)), Fault::ListReserved(id(1)), "lifting a dispute");
    for n in 1010..1024 {
        state.apply(&step(n, 15).encode()).unwrap();
    }
    assert_eq!(fault(&mut state, &step(2000, 15)), Fault::ListFull(id(1)));
    assert_eq!(status_items(&state, &id(1)).unwrap().len(), 1024);
}

#[test]
fn a_tag_holds_2_to_the_20() {
    for (count, room) in [(MAX_TAG_ITEMS - 1, true), (MAX_TAG_ITEMS, false)] {
        let peaks = vec![id(0); count.count_ones() as usize];
        let first = Item { index: Index(0), leaf: id(0), class: Class::Trace, status: None };
        let items = Frontier::from_peaks(Size(count), peaks).unwrap();
        let header = TagHeader { list: List { first, last: first, items } };
        let mut kv = MemoryKv::default();
        kv.0.insert(rows::key::tag(&tag(1)), header.encode().into());
        let mut state = after(&kv, &[create(1, 1, &[])]);
        let entry = Entry::Trace { head: head(1, 2, &[1, 2]) };
        if room {
            state.apply(&entry.encode()).unwrap();
        } else {
            assert_eq!(fault(&mut state, &entry), Fault::TagFull(tag(1)));
            assert_eq!(tag_header(&state, &tag(2)), Ok(None), "the tags beside it neither");
        }
    }
}

#[test]
fn readers_answer_from_the_batch_and_from_the_store() {
    let mut kv = MemoryKv::default();
    let entries = [create(1, 1, &[1, 2]), party(2, 2, 9), transition(3, 3, 0, 1, 3)];
    let check = |kv: &dyn Kv| {
        let record = status_of(kv, &id(1)).unwrap().unwrap();
        assert_eq!(record.status, Status::SUSPENDED);
        assert_eq!((record.created(), record.list.last.index), (Index(0), Index(2)));
        let items = status_items(kv, &id(1)).unwrap();
        assert_eq!(items.iter().map(|item| item.index.0).collect::<Vec<_>>(), [0, 2]);
        let leaves: Vec<Hash> = items.iter().map(Item::leaf_in_list).collect();
        assert_eq!(record.body().items, mth(&leaves));
        assert_eq!(items[0].leaf, hash::leaf(&entries[0].encode()));
        assert_eq!(tag_items(kv, &tag(2), 0..9).unwrap(), items[..1]);
        assert_eq!(tag_items(kv, &tag(2), 1..9).unwrap(), []);
        assert_eq!(tag_items(kv, &tag(3), 0..9).unwrap(), []);
        assert_eq!(transition_of(kv, &id(1), &id(3)), Ok(Some(Index(2))));
        assert_eq!(transition_of(kv, &id(2), &id(3)), Ok(None));
        assert_eq!(alias_of(kv, &id(9)), Ok(Some(AliasBody { index: Index(1), id: id(2) })));
        assert_eq!(status_of(kv, &id(3)), Ok(None));
    };
    let mut working = after(&kv, &entries);
    check(&working);
    assert!(meta(&working).is_err() && trie::get(&working, &id(1)).is_err(), "no stale root");
    let (root, keys) = working.map().unwrap();
    let changes = working.finish().unwrap();
    kv.write(changes);
    check(&kv);
    let stored = meta(&kv).unwrap().unwrap();
    assert_eq!((stored.size, stored.time, stored.root, stored.keys), (Size(3), Millis(3), root, keys));
    assert_eq!(keys, 5, "two records, two tags, one alias");
    let record = status_of(&kv, &id(1)).unwrap().unwrap();
    assert_eq!(trie::get(&kv, &hash::status_key(ORIGIN, &id(1))), Ok(Some(record.body().value())));
}

#[test]
fn another_ledgers_or_a_torn_index_is_unreadable() {
    let mut kv = MemoryKv::default();
    let changes = after(&kv, &[create(1, 1, &[])]).finish().unwrap();
    kv.write(changes.clone());
    assert!(Working::new(&kv, ORIGIN).is_ok());
    assert!(Working::new(&kv, "trial/other").is_err());
    let next = after(&kv, &[create(1, 2, &[])]).finish().unwrap();
    for torn in next.keys() {
        let mut half = kv.clone();
        half.write(next.clone().into_iter().filter(|(key, _)| key == torn).collect());
        if torn == b"m" || torn[0] == b'p' {
            assert!(Working::new(&half, ORIGIN).is_err(), "half flushed");
        }
    }
}

/// A random step of a log over few ids, tags and aliases, so that most rules are met and broken.
fn step() -> impl Strategy<Value = Step> {
    let tags = proptest::collection::vec(0u8..6, 0..3);
    prop_oneof![
        2 => (0u8..12, tags.clone(), any::<bool>()).prop_map(|(n, tags, active)| Step::Create(n, tags, active)),
        1 => (0u8..12, 0u8..6).prop_map(|(n, alias)| Step::Party(n, alias)),
        8 => (0u8..40, 0u8..12, 0usize..7, tags.clone(), any::<bool>())
            .prop_map(|(n, target, status, tags, right)| Step::Move(n, target, status, tags, right)),
        1 => (0u8..40, tags).prop_map(|(n, tags)| Step::Trace(n, tags)),
        2 => any::<bool>().prop_map(Step::Commit),
        1 => Just(Step::Backwards),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Create(u8, Vec<u8>, bool),
    Party(u8, u8),
    Move(u8, u8, usize, Vec<u8>, bool),
    Trace(u8, Vec<u8>),
    Commit(bool),
    Backwards,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn random_logs_agree_with_the_model(
        batches in proptest::collection::vec(proptest::collection::vec(step(), 0..40), 1..5)
    ) {
        let (mut kv, mut model, mut time) = (MemoryKv::default(), Model::default(), 5);
        for batch in batches {
            let mut working = Working::new(&kv, ORIGIN).unwrap();
            for step in batch {
                time += 1;
                let entry = match step {
                    Step::Create(n, tags, active) => Entry::Create {
                        head: head(time, n, &tags),
                        status: if active { Initial::Active } else { Initial::Pending },
                    },
                    Step::Party(n, alias) => party(time, n, alias),
                    Step::Move(n, target_n, status, tags, right) => Entry::Transition {
                        head: head(time, n, &tags),
                        target: status_of(&working, &id(target_n))
                            .unwrap()
                            .filter(|_| right)
                            .map_or(Index(3), |record| record.created()),
                        target_id: id(target_n),
                        status: Status::ALL[status],
                    },
                    Step::Trace(n, tags) => Entry::Trace { head: head(time, n, &tags) },
                    Step::Commit(right) => {
                        let entry = working.commit_entry(Millis(time)).unwrap();
                        prop_assert_eq!(&entry, &model.commit(Millis(time)));
                        match entry {
                            Entry::Commit(commit) if !right => {
                                Entry::Commit(Commit { keys: commit.keys ^ 1, ..commit })
                            }
                            entry => entry,
                        }
                    }
                    Step::Backwards => create(time - 3, 200, &[]),
                };
                let valid = model.apply(&entry);
                let applied = working.apply(&entry.encode());
                prop_assert_eq!(applied.is_ok(), valid, "{:?} {:?}", entry, applied);
            }
            let stated = working.map().unwrap();
            let changes = working.finish().unwrap();
            kv.write(changes);
            let stored = meta(&kv).unwrap().unwrap();
            prop_assert_eq!(stated, model.map());
            prop_assert_eq!((stored.root, stored.keys), model.map());
        }
    }
}

//! Layers over a folder of runs against a `BTreeMap`.

use crate::{FORMAT, ORIGIN, changes, open};
use procura_core::kv::Kv;
use procura_core::trie::Trie;
use procura_core::{Hash, Size};
use procura_ledger::index::{Found, IndexFile, Layers, Limits, Mark, Rows, Snapshot};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(Vec<u8>, u16)>),
    Snapshot,
    Freeze,
    Settle,
    /// Kill and open: what was not flushed is lost, as far as the mark says.
    Reopen,
    Look {
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: usize,
    },
}

/// Short keys over few letters, so that prefixes, overwrites and the empty key come up.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0u8), Just(1), Just(b'a'), Just(255)], 0..4)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec((key(), any::<u16>()), 0..12).prop_map(Step::Write),
        3 => Just(Step::Snapshot),
        2 => Just(Step::Freeze),
        1 => Just(Step::Settle),
        1 => Just(Step::Reopen),
        4 => (key(), proptest::option::of(key()), 0usize..20)
            .prop_map(|(prefix, after, limit)| Step::Look { prefix, after, limit }),
    ]
}

fn look(rows: &dyn Rows, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let found = rows.range(prefix, after, limit).unwrap();
    found.into_iter().map(|(key, row)| (key.to_vec(), row.to_vec())).collect()
}

/// Everything the model says of a range, straight from its definition.
fn expected(model: &Model, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let rows = model.range::<[u8], _>((from, Bound::Unbounded)).filter(|(key, _)| key.starts_with(prefix));
    rows.take(limit).map(|(key, row)| (key.clone(), row.clone())).collect()
}

fn assert_same(snapshot: &Snapshot, model: &Model) {
    assert_eq!(look(snapshot, b"", None, usize::MAX), expected(model, b"", None, usize::MAX));
    for (key, row) in model {
        assert_eq!(snapshot.get(key).unwrap().as_deref(), Some(&**row));
    }
    assert_eq!(snapshot.get(b"not there").unwrap(), None);
}

/// What a mark claims, so that a file at the wrong one is noticed.
fn root(step: usize) -> Hash {
    procura_core::hash::sha256(&[&step.to_be_bytes()])
}

fn run(steps: Vec<Step>) {
    let folder = crate::passing_folder();
    let path = folder.path().join("index");
    let start = || {
        let (file, found) = open(&path);
        let file: Arc<dyn IndexFile> = Arc::new(file);
        (Layers::new(Arc::clone(&file), Limits::default(), FORMAT, ORIGIN).unwrap(), found)
    };
    let (mut layers, _) = start();
    let mut model = Model::new();
    // What the file must hold for each mark that was ever asked for; size 0 stands for no mark.
    let mut marked = BTreeMap::from([(0, Model::new())]);
    let mut snapshots = Vec::new();
    for (number, step) in (1..).zip(steps) {
        match step {
            Step::Write(rows) => {
                let rows = rows.into_iter().map(|(key, row)| (key, format!("row {row}")));
                let rows = changes(rows);
                model.extend(rows.iter().map(|(key, row)| (key.clone(), row.to_vec())));
                layers.write(rows, Trie::default());
            }
            Step::Snapshot => snapshots.push((layers.snapshot(), model.clone())),
            Step::Freeze => {
                if layers.freeze(Size(number), root(number as usize)) {
                    marked.insert(number, model.clone());
                }
            }
            Step::Settle => layers.settle().unwrap(),
            Step::Reopen => {
                snapshots.clear();
                drop(layers);
                let found;
                (layers, found) = start();
                let size = match found {
                    Found::Nothing => 0,
                    Found::Rows(Mark { size, root: found, format, origin }) => {
                        assert_eq!((found, format, &*origin), (root(size.0 as usize), FORMAT, ORIGIN));
                        size.0
                    }
                    Found::Discarded(why) => panic!("{why:?}"),
                };
                // The flush under way was let end: the file stands at the last freeze.
                assert_eq!(Some(&size), marked.keys().next_back());
                model.clone_from(&marked[&size]);
            }
            Step::Look { prefix, after, limit } => {
                let after = after.as_deref();
                let found = look(&layers.snapshot(), &prefix, after, limit);
                assert_eq!(found, expected(&model, &prefix, after, limit));
            }
        }
        assert_same(&layers.snapshot(), &model);
    }
    layers.settle().unwrap();
    assert_same(&layers.snapshot(), &model);
    for (snapshot, model) in &snapshots {
        assert_same(snapshot, model);
        assert_same(&snapshot.clone(), model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Any order of writes, snapshots, freezes, flushes and reopenings gives what one map gives; old snapshots stay.
    #[test]
    fn layers_are_one_map(steps in vec(step(), 1..40)) {
        run(steps);
    }
}

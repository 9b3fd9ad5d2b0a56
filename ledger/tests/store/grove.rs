//! Batches with true RFC 6962 nodes, and what a store that took them must answer.

use procura_core::{Hash, Index, Size, hash};
use procura_ledger::store::{Batch, Row, Store};

/// A log grown beside the store: the oracle of what the store must hold.
#[derive(Clone, Default)]
pub(crate) struct Grove {
    pub rows: Vec<Row>,
    stack: Vec<Hash>,
}

/// The entry that stands at `index` in every test.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index} {}", "e".repeat(usize::try_from(index % 7).unwrap() * 20)).into_bytes()
}

/// The vault row that stands at `index`: none at every third; recognisable among a file's bytes.
pub(crate) fn vault(index: u64) -> Option<Vec<u8>> {
    (index % 3 != 2).then(|| format!("<vault row of entry {index}, private>").repeat(5).into_bytes())
}

pub(crate) fn checkpoint(size: u64) -> String {
    format!("example.org/log\n{size}\nroot\n")
}

impl Grove {
    pub(crate) fn size(&self) -> Size {
        Size(self.rows.len() as u64)
    }

    /// The next `count` entries as a batch, which the grove takes as stored.
    pub(crate) fn grow(&mut self, count: u64) -> Batch {
        let rows: Vec<_> = (0..count).map(|_| self.push()).collect();
        Batch { rows, checkpoint: checkpoint(self.size().0) }
    }

    fn push(&mut self) -> Row {
        let index = self.size().0;
        let mut nodes = vec![hash::leaf(&entry(index))];
        for _ in 0..index.trailing_ones() {
            nodes.push(hash::node(&self.stack.pop().unwrap(), nodes.last().unwrap()));
        }
        self.stack.push(*nodes.last().unwrap());
        let row = Row { entry: entry(index), nodes, vault: vault(index) };
        self.rows.push(row.clone());
        row
    }

    /// That the store holds exactly this: head, every entry by itself and as ranges, every node, every vault row.
    pub(crate) fn assert_held_by(&self, store: &dyn Store) {
        let size = self.size().0;
        let head = store.head().unwrap();
        assert_eq!(head.size, self.size());
        assert_eq!(head.checkpoint, if size == 0 { String::new() } else { checkpoint(size) });
        let reader = store.read().unwrap();
        assert_eq!(*reader.head(), head);
        let entries: Vec<_> = self.rows.iter().map(|row| row.entry.clone()).collect();
        assert_eq!(reader.entries(0..size).unwrap(), entries);
        for (index, row) in (0..).zip(&self.rows) {
            assert_eq!(reader.entries(index..index + 1).unwrap(), std::slice::from_ref(&row.entry));
            assert_eq!(reader.vault(Index(index)).unwrap(), row.vault);
            for (level, node) in (0u8..).zip(&row.nodes) {
                assert_eq!(reader.node(level, ((index + 1) >> level) - 1).unwrap(), *node);
            }
        }
    }
}

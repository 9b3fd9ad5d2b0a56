//! The index as section "Valid" and "The index" of the protocol say it, over plain vectors: slow and obvious. For tests only.

use crate::entry::{Commit, Entry, Head};
use crate::hash::{self, Hash};
use crate::trie::model::Model as Trie;
use crate::units::{Index, Millis, Size};

pub(super) const ORIGIN: &str = "trial/index";

#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    entries: Vec<(Vec<u8>, Entry)>,
}

/// A list item as bytes, and the index in it.
type Items = Vec<(u64, Vec<u8>)>;

impl Model {
    /// Appends the entry if it is valid.
    pub(super) fn apply(&mut self, entry: &Entry) -> bool {
        let valid = self.is_valid(entry);
        if valid {
            self.entries.push((entry.encode(), entry.clone()));
        }
        valid
    }

    pub(super) fn commit(&self, time: Millis) -> Entry {
        let (map_root, keys) = self.map();
        let prev_commit = Index(self.last_commit());
        Entry::Commit(Commit { time, size: Size(self.entries.len() as u64), map_root, keys, prev_commit })
    }

    /// Root and number of keys, from entry 0.
    pub(super) fn map(&self) -> (Hash, u64) {
        let mut trie = Trie::default();
        let body = |kind: &[u8], items: &Items| {
            let leaves: Vec<Hash> = items.iter().map(|(_, item)| hash::leaf(item)).collect();
            let last = items.last().unwrap().0;
            let count = items.len() as u64;
            hash::map_value(&[kind, &count.to_be_bytes(), &last.to_be_bytes(), &mth(&leaves).0].concat())
        };
        for (_, entry) in &self.entries {
            if let Entry::Create { head, .. } | Entry::Party { head, .. } = entry {
                let items = self.list_of(&head.id);
                let status = items.last().unwrap().1[41];
                trie.0.insert(hash::status_key(ORIGIN, &head.id), body(&[1, status], &items));
            }
            for tag in entry.tags() {
                trie.0.insert(hash::tag_key(ORIGIN, tag), body(&[2], &self.filed_under(tag)));
            }
        }
        for (at, (_, entry)) in self.entries.iter().enumerate() {
            if let Entry::Party { head, alias, .. } = entry {
                let body = [&[3][..], &(at as u64).to_be_bytes(), &head.id.0].concat();
                trie.0.insert(hash::alias_key(ORIGIN, alias), hash::map_value(&body));
            }
        }
        (trie.root(), trie.0.len() as u64)
    }

    fn last_commit(&self) -> u64 {
        self.entries.iter().rposition(|(_, entry)| matches!(entry, Entry::Commit(_))).unwrap_or(0) as u64
    }

    fn create_of(&self, id: &Hash) -> Option<usize> {
        self.entries.iter().position(|(_, entry)| entry.class().is_create() && entry.id() == Some(*id))
    }

    fn items(&self, belongs: impl Fn(&Entry) -> bool) -> Items {
        let all = self.entries.iter().enumerate().filter(|(_, (_, entry))| belongs(entry));
        all.map(|(at, (bytes, entry))| {
            let index = at as u64;
            let tail = [entry.class().byte(), entry.status_byte()];
            (index, [&index.to_be_bytes()[..], &hash::leaf(bytes).0, &tail].concat())
        })
        .collect()
    }

    fn list_of(&self, id: &Hash) -> Items {
        self.items(|entry| match entry {
            Entry::Transition { target_id, .. } => target_id == id,
            entry => entry.class().is_create() && entry.id() == Some(*id),
        })
    }

    fn filed_under(&self, tag: &Hash) -> Items {
        self.items(|entry| entry.tags().contains(tag))
    }

    fn is_valid(&self, entry: &Entry) -> bool {
        let first_is_create = !self.entries.is_empty() || matches!(entry, Entry::Create { .. });
        let in_time = self.entries.last().is_none_or(|(_, last)| last.time() <= entry.time());
        let by_class = match entry {
            Entry::Create { head, .. } => self.create_of(&head.id).is_none(),
            Entry::Party { head, alias, .. } => {
                let taken =
                    |(_, other): &(_, Entry)| matches!(other, Entry::Party { alias: a, .. } if a == alias);
                self.create_of(&head.id).is_none() && !self.entries.iter().any(taken)
            }
            Entry::Transition { head, target, target_id, status } => {
                self.create_of(target_id) == Some(target.0 as usize)
                    && self.id_is_new(head, target_id)
                    && self.may_move(target_id, status.byte())
            }
            Entry::Trace { .. } => true,
            Entry::Commit(_) => *entry == self.commit(entry.time()),
        };
        first_is_create && in_time && by_class
    }

    fn id_is_new(&self, head: &Head, target_id: &Hash) -> bool {
        head.id != *target_id
            && !self.entries.iter().any(|(_, other)| match other {
                Entry::Transition { head: h, target_id: t, .. } => h.id == head.id && t == target_id,
                _ => false,
            })
    }

    /// The design's sentence on moves, with the reserve at the list's end.
    fn may_move(&self, id: &Hash, to: u8) -> bool {
        let items = self.list_of(id);
        let from = items.last().unwrap().1[41];
        let plain = [(1, 2), (1, 15), (2, 3), (3, 2), (2, 15), (3, 15), (1, 1), (2, 2), (15, 15)];
        let disputes = (1..=3).contains(&from) && to == from + 16 || (1..=3).contains(&to) && from == to + 16;
        let ends = (17..=19).contains(&from) && to == 15;
        let reserved = items.len() >= 1024 - 16;
        let gives = to == 2 || (from, to) == (1, 1) || from >= 17 && to < 15;
        (plain.contains(&(from, to)) || disputes || ends) && items.len() < 1024 && !(reserved && gives)
    }
}

/// RFC 6962 section 2.1.
pub(super) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash::empty(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
            hash::node(&mth(left), &mth(right))
        }
    }
}

//! The lists behind the map's values, folded from the entries a second time and hashed by rs_merkle: another program than
//! the one that made them. These are mini-logs held whole; nothing untrusted is verified with it.

use super::finding::Finding;
use super::rebuild::Rebuilt;
use procura_core::entry::Entry;
use procura_core::index::{Item, StatusBody, TagBody, status_of, tag_header};
use procura_core::status::Status;
use procura_core::{Hash, Index, hash};
use rs_merkle::{Hasher, MerkleTree};
use std::collections::BTreeMap;

/// RFC 6962 as rs_merkle takes it: leaves and nodes are told apart, and a node without a sibling is promoted.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        hash::leaf(data).0
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        right.map_or(*left, |right| hash::node(&Hash(*left), &Hash(*right)).0)
    }
}

/// One list: its leaf hashes and what its last item says.
struct List {
    leaves: Vec<[u8; 32]>,
    last: Index,
    status: Option<Status>,
}

impl List {
    fn root(&self) -> Hash {
        MerkleTree::<Rfc6962>::from_leaves(&self.leaves).root().map_or_else(hash::empty, Hash)
    }
}

/// Every list, folded from the entries.
#[derive(Default)]
pub(super) struct Lists {
    statuses: BTreeMap<Hash, List>,
    tags: BTreeMap<Hash, List>,
}

impl Lists {
    /// Adds a valid entry.
    pub(super) fn add(&mut self, index: Index, leaf: Hash, entry: &Entry) {
        let item = Item { index, leaf, class: entry.class(), status: entry.status() };
        let record = match entry {
            Entry::Create { head, .. } | Entry::Party { head, .. } => Some(head.id),
            Entry::Transition { target_id, .. } => Some(*target_id),
            Entry::Trace { .. } | Entry::Commit(_) => None,
        };
        if let Some(id) = record {
            push(&mut self.statuses, id, &item);
        }
        for tag in entry.tags() {
            push(&mut self.tags, *tag, &item);
        }
    }
}

fn push(lists: &mut BTreeMap<Hash, List>, key: Hash, item: &Item) {
    let list =
        lists.entry(key).or_insert_with(|| List { leaves: Vec::new(), last: item.index, status: None });
    list.leaves.push(Rfc6962::hash(&item.encode()));
    list.last = item.index;
    list.status = item.status;
}

impl Rebuilt<'_> {
    /// Holds the map's values against the lists: number, last item, status and root.
    pub(super) fn check_lists(&mut self) {
        let mut found = Vec::new();
        for (id, list) in &self.lists.statuses {
            let count = list.leaves.len() as u64;
            let body = list.status.map(|status| StatusBody {
                status,
                count,
                last_index: list.last,
                items: list.root(),
            });
            if status_of(&self.kv, id).ok().flatten().map(|header| header.body()) != body {
                found.push(Finding::StatusList { id: *id });
            }
        }
        for (tag, list) in &self.lists.tags {
            let body = TagBody { count: list.leaves.len() as u64, last_index: list.last, items: list.root() };
            if tag_header(&self.kv, tag).ok().flatten().map(|header| header.body()) != Some(body) {
                found.push(Finding::TagList { tag: *tag });
            }
        }
        found.into_iter().for_each(|finding| self.find(finding));
    }
}

/// Goal: rs_merkle, so configured, computes RFC 6962's tree. Method: against core's at every size to 300.
#[cfg(test)]
mod tests {
    use super::*;
    use procura_core::tree::mth;

    #[test]
    fn the_tree_is_that_of_rfc_6962() {
        let leaves: Vec<Hash> = (0..300u16).map(|n| hash::leaf(&n.to_be_bytes())).collect();
        for size in 0..=leaves.len() {
            let leaves = &leaves[..size];
            let list =
                List { leaves: leaves.iter().map(|leaf| leaf.0).collect(), last: Index(0), status: None };
            assert_eq!(list.root(), mth(leaves), "{size}");
        }
    }
}

//! The trie as it is defined, recursively over a sorted map: slow and obvious. For tests only.

use crate::hash::{self, Hash};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(crate) struct Model(pub(crate) BTreeMap<Hash, Hash>);

impl Model {
    pub(crate) fn root(&self) -> Hash {
        let all: Vec<_> = self.0.iter().map(|(key, value)| (*key, *value)).collect();
        if all.is_empty() { hash::empty() } else { root_from(&all, 0) }
    }
}

/// The root of the entries given, which agree before `bit`.
fn root_from(entries: &[(Hash, Hash)], bit: usize) -> Hash {
    if let [(key, value)] = entries {
        return hash::sha256(&[&key.0, &value.0]);
    }
    let ones = entries.iter().filter(|(key, _)| key.0[bit / 8] >> (7 - bit % 8) & 1 == 1).count();
    if ones == 0 || ones == entries.len() {
        return root_from(entries, bit + 1);
    }
    let (left, right) = entries.split_at(entries.len() - ones);
    let bit_byte = u8::try_from(bit).unwrap();
    hash::sha256(&[&root_from(left, bit + 1).0, &root_from(right, bit + 1).0, &[bit_byte]])
}

/// A key like any other.
pub(crate) fn key_of(n: u32) -> Hash {
    hash::labelled("key", &[&n.to_be_bytes()])
}

/// Keys that agree in their first `shared` bits (all ones), then differ.
pub(crate) fn close_key(shared: u8, n: u32) -> Hash {
    let mut key = key_of(n);
    for bit in 0..usize::from(shared) {
        key.0[bit / 8] |= 0x80 >> (bit % 8);
    }
    key
}

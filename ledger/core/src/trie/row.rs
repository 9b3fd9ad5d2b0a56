//! The row of a page, byte by byte.
//!
//! ```text
//! key     b'p' | nibbles u8 | the prefix, two nibbles a byte, the last padded with 0
//! row     1 | node                     a whole page
//!         2 | node                     a split page
//! node    1 | K[32] | V[32]            leaf
//!         2 | b u8 | hash[32] | left | right
//!         3 | nibble u8 | hash[32]     child page, in split pages only
//! ```
//!
//! A row that says anything impossible is [`Unreadable`]; hashes are taken as they stand, the index being checked
//! as a whole against the last index commit.

use super::first_difference;
use super::page::{Form, Node, PAGE_LEAVES, Page, Prefix, Sides};
use crate::cursor::Cursor;
use crate::hash::Hash;
use crate::kv::{Kv, Unreadable};

const WHOLE: u8 = 1;
const SPLIT: u8 = 2;
const LEAF: u8 = 1;
const INNER: u8 = 2;
const CHILD: u8 = 3;

/// The first byte of every page's key.
pub(super) const PAGE_ROWS: u8 = b'p';

/// The key of the page at `at`.
pub(super) fn key(at: Prefix) -> Vec<u8> {
    let mut key = vec![PAGE_ROWS, at.nibbles];
    key.extend(at.path.0.iter().take(usize::from(at.nibbles).div_ceil(2)));
    key
}

/// The top page, or `None` of an empty trie.
pub(super) fn load_top<K: Kv + ?Sized>(kv: &K) -> Result<Option<Page>, Unreadable> {
    let at = Prefix::TOP;
    kv.get(&key(at))?.map(|row| decode(&row, at)).transpose()
}

/// The child page at `at`, which its parent says hashes to `hash`.
pub(super) fn load_child<K: Kv + ?Sized>(kv: &K, at: Prefix, hash: Option<Hash>) -> Result<Page, Unreadable> {
    let row = kv.get(&key(at))?.ok_or_else(|| unreadable(at, "is missing"))?;
    let mut page = decode(&row, at)?;
    if matches!(page.top, Node::Leaf { .. }) {
        return Err(unreadable(at, "holds one leaf only"));
    }
    // A page of another state of the trie than its parent's.
    if Some(page.top.hash()) != hash {
        return Err(unreadable(at, "is not the page its parent names"));
    }
    Ok(page)
}

/// The row of `page`, with every hash computed.
pub(super) fn encode(page: &mut Page) -> Vec<u8> {
    let (form, room) = match page.form {
        Form::Whole { leaves } => (WHOLE, 99 * leaves),
        Form::Split => (SPLIT, 99 * 16),
    };
    let mut out = Vec::with_capacity(1 + room);
    out.push(form);
    encode_node(&mut page.top, &mut out);
    out
}

fn encode_node(node: &mut Node, out: &mut Vec<u8>) {
    // A leaf's hash is not kept, and would be computed here for nothing.
    let hash = if matches!(node, Node::Leaf { .. }) { Hash::default() } else { node.hash() };
    match node {
        Node::Leaf { key, value } => {
            out.push(LEAF);
            out.extend_from_slice(&key.0);
            out.extend_from_slice(&value.0);
        }
        Node::Inner { bit, sides, .. } => {
            out.extend_from_slice(&[INNER, *bit]);
            out.extend_from_slice(&hash.0);
            encode_node(&mut sides.left, out);
            encode_node(&mut sides.right, out);
        }
        Node::Child { nibble, .. } => {
            out.extend_from_slice(&[CHILD, *nibble]);
            out.extend_from_slice(&hash.0);
        }
    }
}

/// The page of a row.
pub(super) fn decode(row: &[u8], at: Prefix) -> Result<Page, Unreadable> {
    let mut reader = Reader { rest: Cursor::new(row), at, split: false, leaves: 0 };
    let page = reader.page().ok_or_else(|| unreadable(at, "is damaged"))?;
    if reader.rest.left() == 0 { Ok(page) } else { Err(unreadable(at, "is followed by bytes")) }
}

fn unreadable(at: Prefix, what: &str) -> Unreadable {
    let path: String = (0..at.nibbles).map(|n| format!("{:x}", super::nibble(&at.path, n))).collect();
    Unreadable(format!("the trie page at prefix '{path}' {what}"))
}

struct Reader<'a> {
    rest: Cursor<'a>,
    at: Prefix,
    split: bool,
    leaves: usize,
}

impl Reader<'_> {
    fn page(&mut self) -> Option<Page> {
        self.split = match self.rest.byte()? {
            WHOLE => false,
            SPLIT => true,
            _ => return None,
        };
        let first_bit = u16::from(self.at.nibbles) * 4;
        let (top, key) = self.node(first_bit)?;
        // All keys of a node agree before its bit, so one key speaks for the prefix of all.
        let in_place = first_difference(&key, &self.at.path).is_none_or(|bit| u16::from(bit) >= first_bit);
        let form = if self.split { Form::Split } else { Form::Whole { leaves: self.leaves } };
        (in_place && (self.split || self.leaves <= PAGE_LEAVES)).then_some(Page { top, form, changed: false })
    }

    /// A node that branches at `lowest` or after, and a key that begins as all its keys do. As bits grow downward, the recursion
    /// is at most 256 deep.
    fn node(&mut self, lowest: u16) -> Option<(Node, Hash)> {
        match self.rest.byte()? {
            LEAF => {
                let (key, value) = (self.rest.hash()?, self.rest.hash()?);
                self.leaves += 1;
                Some((Node::Leaf { key, value }, key))
            }
            INNER => {
                let bit = self.rest.byte()?;
                let hash = Some(self.rest.hash()?);
                let end = if self.split { self.at.window_end() } else { 256 };
                if !(lowest..end).contains(&u16::from(bit)) {
                    return None;
                }
                let (left, key) = self.node(u16::from(bit) + 1)?;
                let (right, other) = self.node(u16::from(bit) + 1)?;
                let in_place = first_difference(&key, &other) == Some(bit) && key < other;
                in_place.then(|| (Node::Inner { bit, hash, sides: Box::new(Sides { left, right }) }, key))
            }
            CHILD => {
                let nibble = self.rest.byte()?;
                let hash = Some(self.rest.hash()?);
                let known = self.at.then(nibble).path;
                (self.split && nibble < 16).then_some((Node::Child { nibble, hash, page: None }, known))
            }
            _ => None,
        }
    }
}

/// Goal: a damaged row is refused or harmless, never a panic. Method: every byte of a whole and of a split page flipped,
/// every length cut, rows of other times and forms.
#[cfg(test)]
mod tests {
    use super::super::model::key_of;
    use super::super::{TrieWriter, get};
    use super::*;
    use crate::kv::MemoryKv;

    fn stored(keys: u32) -> MemoryKv {
        let mut kv = MemoryKv::default();
        let mut writer = TrieWriter::new(&kv).unwrap();
        for n in 0..keys {
            writer.put(key_of(n), Hash([1; 32])).unwrap();
        }
        let changes = writer.finish().2;
        kv.write(changes);
        kv
    }

    #[test]
    fn rows_are_those_of_the_layout() {
        let whole = stored(1);
        let row = &whole.0[&vec![b'p', 0]];
        assert_eq!(row[..], [&[1, 1], &key_of(0).0[..], &[1; 32]].concat()[..]);
        assert_eq!(key(Prefix::TOP.then(0xa).then(0xb).then(0xc)), [b'p', 3, 0xab, 0xc0]);
        let split = stored(129);
        assert!(split.0.len() > 1);
        assert_eq!(split.0[&vec![b'p', 0]][..2], [2, 2]);
    }

    #[test]
    fn damaged_rows_never_panic() {
        for keys in [5, 140] {
            let kv = stored(keys);
            let top = kv.0[&vec![b'p', 0]].clone();
            for at in 0..top.len() {
                assert!(decode(&top[..at], Prefix::TOP).is_err(), "cut at {at}");
                for flip in [1, 0x80] {
                    let mut row = top.to_vec();
                    row[at] ^= flip;
                    let mut kv = kv.clone();
                    kv.0.insert(vec![b'p', 0], row.into());
                    for n in (0..keys + 30).step_by(29) {
                        let _answer_or_unreadable = get(&kv, &key_of(n));
                    }
                }
            }
            let longer = [&top[..], &[0]].concat();
            assert!(decode(&longer, Prefix::TOP).is_err());
            assert!(decode(&top, Prefix::TOP.then(5)).is_err(), "keys outside the prefix");
        }
    }

    #[test]
    fn a_child_of_another_time_or_none_is_unreadable() {
        let old = stored(200);
        let mut new = stored(400);
        let child = old.0.keys().find(|key| key[1] == 1).unwrap().clone();
        let n = (0..200).find(|n| key_of(*n).0[0] >> 4 == child[2] >> 4).unwrap();
        assert!(get(&new, &key_of(n)).is_ok());
        new.0.insert(child.clone(), old.0[&child].clone());
        assert!(get(&new, &key_of(n)).is_err(), "a page of an older state");
        new.0.remove(&child);
        assert!(get(&new, &key_of(n)).is_err(), "no page");
    }

    #[test]
    fn a_page_of_another_prefix_is_unreadable() {
        let kv = stored(400);
        for (row_key, row) in kv.0.iter().filter(|(row_key, _)| row_key[1] == 1) {
            let stands = row_key[2] >> 4;
            for nibble in 0..16 {
                assert_eq!(decode(row, Prefix::TOP.then(nibble)).is_ok(), nibble == stands);
            }
        }
    }

    #[test]
    fn a_child_stands_in_split_pages_only_and_a_whole_page_holds_128_leaves() {
        let kv = stored(140);
        let mut row = kv.0[&vec![b'p', 0]].to_vec();
        row[0] = WHOLE;
        assert!(decode(&row, Prefix::TOP).is_err());
        let kv = stored(128);
        let mut row = kv.0[&vec![b'p', 0]].to_vec();
        assert_eq!(row[0], WHOLE);
        row[0] = SPLIT;
        assert!(decode(&row, Prefix::TOP).is_err(), "branches below the window");
    }
}

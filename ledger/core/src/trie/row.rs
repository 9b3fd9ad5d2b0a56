//! The row of a page, byte by byte.
//!
//! ```text
//! key     b'p' | the prefix, a byte for each pair
//! row     1 | n u8 | (n − 1) × hash[32] | n × (K[32] | V[32])     a whole page
//!         2 | n u8 | (n − 1) × hash[32] | n × item                a split page
//! item    1 | K[32] | V[32]                                       the one leaf there is
//!         3 | pair u8 | hash[32]                                a child page
//! ```
//!
//! Leaves and children stand in the order of their keys; the hash between two of them is that of the inner node that branches
//! where they differ. Keys are such that a page comes right before the pages below it.
//!
//! A row that says anything impossible is [`Unreadable`]; hashes are taken as they stand, the index being checked
//! as a whole against the last index commit.

use super::page::{Child, Form, Gap, Item, PAGE_LEAVES, Page, Prefix, Slot};
use super::{first_difference, pair};
use crate::cursor::Cursor;
use crate::hash::Hash;
use crate::kv::{Kv, Unreadable};

const WHOLE: u8 = 1;
const SPLIT: u8 = 2;
const LEAF: u8 = 1;
const CHILD: u8 = 3;

/// The first byte of every page's key.
pub(super) const PAGE_ROWS: u8 = b'p';

/// The key of the page at `at`.
pub(super) fn key(at: Prefix) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + usize::from(at.pairs));
    key.push(PAGE_ROWS);
    key.extend((0..at.pairs).map(|n| pair(&at.path, n)));
    key
}

/// The top page, or `None` of an empty trie.
pub(super) fn load_top<K: Kv + ?Sized>(kv: &K) -> Result<Option<Page>, Unreadable> {
    let at = Prefix::TOP;
    kv.get(&key(at))?.map(|row| decode(&row, at)).transpose()
}

/// The child page at `at`, which its parent says hashes to `hash`.
pub(super) fn load_child<K: Kv + ?Sized>(kv: &K, at: Prefix, hash: &Hash) -> Result<Page, Unreadable> {
    let row = kv.get(&key(at))?.ok_or_else(|| unreadable(at, "is missing"))?;
    let page = decode(&row, at)?;
    if matches!(page.slots[..], [Slot { item: Item::Leaf { .. }, .. }]) {
        return Err(unreadable(at, "holds one leaf only"));
    }
    // A page of another state of the trie than its parent's.
    if page.span().hash() != *hash {
        return Err(unreadable(at, "is not the page its parent names"));
    }
    Ok(page)
}

/// The row of a page that was rehashed.
pub(super) fn encode(page: &Page) -> Vec<u8> {
    let is_whole = page.form == Form::Whole;
    let mut out = Vec::with_capacity(2 + 97 * page.slots.len());
    out.push(if is_whole { WHOLE } else { SPLIT });
    // At most 16 of either form.
    out.push(page.slots.len() as u8);
    page.slots.iter().skip(1).for_each(|slot| out.extend_from_slice(&slot.gap.hash.0));
    for slot in &page.slots {
        match &slot.item {
            Item::Leaf { key, value } => {
                out.extend((!is_whole).then_some(LEAF));
                out.extend_from_slice(&key.0);
                out.extend_from_slice(&value.0);
            }
            Item::Child(child) => {
                out.extend_from_slice(&[CHILD, child.pair]);
                out.extend_from_slice(&child.hash.0);
            }
        }
    }
    out
}

/// The page of a row.
pub(super) fn decode(row: &[u8], at: Prefix) -> Result<Page, Unreadable> {
    let mut rest = Cursor::new(row);
    let page = read(&mut rest, at).ok_or_else(|| unreadable(at, "is damaged"))?;
    if rest.left() == 0 { Ok(page) } else { Err(unreadable(at, "is followed by bytes")) }
}

fn unreadable(at: Prefix, what: &str) -> Unreadable {
    let path: String = (0..at.pairs).map(|n| pair(&at.path, n).to_string()).collect();
    Unreadable(format!("the trie page at prefix '{path}' {what}"))
}

fn read(rest: &mut Cursor<'_>, at: Prefix) -> Option<Page> {
    let form = match rest.byte()? {
        WHOLE => Form::Whole,
        SPLIT => Form::Split,
        _ => return None,
    };
    let count = usize::from(rest.byte()?);
    if count == 0 || count > PAGE_LEAVES {
        return None;
    }
    // All hashes stand before the items.
    let mut hashes = rest.clone();
    for _ in 1..count {
        rest.hash()?;
    }
    let mut slots: Vec<Slot> = Vec::with_capacity(count);
    for _ in 0..count {
        let item = if form == Form::Whole { leaf(rest, at)? } else { item(rest, at)? };
        let gap = match slots.last() {
            None => Gap::default(),
            Some(before) => {
                let bit = branch(&before.item, &item, at, form)?;
                Gap { bit, hash: hashes.hash()?, is_stale: false }
            }
        };
        slots.push(Slot { gap, item });
    }
    Some(Page { form, slots, changed: 0 })
}

fn item(rest: &mut Cursor<'_>, at: Prefix) -> Option<Item> {
    match rest.byte()? {
        LEAF => leaf(rest, at),
        CHILD => {
            let pair = rest.byte().filter(|pair| *pair < 4)?;
            Some(Item::Child(Child { pair, hash: rest.hash()?, is_stale: false, page: None }))
        }
        _ => None,
    }
}

/// A leaf whose key begins with the page's prefix.
fn leaf(rest: &mut Cursor<'_>, at: Prefix) -> Option<Item> {
    let (key, value) = (rest.hash()?, rest.hash()?);
    let first_bit = u16::from(at.pairs) * 2;
    let in_place = first_difference(&key, &at.path).is_none_or(|bit| u16::from(bit) >= first_bit);
    in_place.then_some(Item::Leaf { key, value })
}

/// The bit at which two neighbours differ, if they stand in order.
fn branch(before: &Item, after: &Item, at: Prefix, form: Form) -> Option<u8> {
    match (before, after) {
        (Item::Leaf { key, .. }, Item::Leaf { key: next, .. }) if form == Form::Whole => {
            first_difference(key, next).filter(|_| key < next)
        }
        _ => {
            let (one, other) = (before.pair(at), after.pair(at));
            (one < other).then(|| at.branch(one, other))
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

    fn top_of(kv: &MemoryKv) -> Vec<u8> {
        kv.0[&vec![b'p']].to_vec()
    }

    #[test]
    fn rows_are_those_of_the_layout() {
        assert_eq!(top_of(&stored(1)), [&[1, 1], &key_of(0).0[..], &[1; 32]].concat());
        assert_eq!(key(Prefix::TOP.then(2).then(0).then(3).then(1).then(1)), [b'p', 2, 0, 3, 1, 1]);
        let two = top_of(&stored(2));
        let (first, second) = (key_of(0).min(key_of(1)), key_of(0).max(key_of(1)));
        assert_eq!(two[..2], [1, 2]);
        assert_eq!(two[34..], [first.0, [1; 32], second.0, [1; 32]].concat());
        let split = stored(17);
        assert!(split.0.len() > 1);
        assert_eq!(top_of(&split)[0], 2);
    }

    #[test]
    fn damaged_rows_never_panic() {
        for keys in [5, 40] {
            let kv = stored(keys);
            let top = top_of(&kv);
            for at in 0..top.len() {
                assert!(decode(&top[..at], Prefix::TOP).is_err(), "cut at {at}");
                for flip in [1, 0x80] {
                    let mut row = top.clone();
                    row[at] ^= flip;
                    let mut kv = kv.clone();
                    kv.0.insert(vec![b'p'], row.into());
                    for n in 0..keys + 9 {
                        let _answer_or_unreadable = get(&kv, &key_of(n));
                    }
                    if let Ok(mut writer) = TrieWriter::new(&kv) {
                        let _done_or_unreadable = writer.put(key_of(keys), Hash([2; 32]));
                        let _any = writer.finish();
                    }
                }
            }
            let longer = [&top[..], &[0]].concat();
            assert!(decode(&longer, Prefix::TOP).is_err());
        }
        assert!(decode(&top_of(&stored(5)), Prefix::TOP.then(2).then(1)).is_err(), "keys outside the prefix");
    }

    #[test]
    fn a_child_of_another_time_or_none_is_unreadable() {
        let old = stored(200);
        let mut new = stored(400);
        let child = old.0.keys().find(|key| key.len() == 2).unwrap().clone();
        let n = (0..200).find(|n| key_of(*n).0[0] >> 6 == child[1]).unwrap();
        assert!(get(&new, &key_of(n)).is_ok());
        new.0.insert(child.clone(), old.0[&child].clone());
        assert!(get(&new, &key_of(n)).is_err(), "a page of an older state");
        new.0.remove(&child);
        assert!(get(&new, &key_of(n)).is_err(), "no page");
    }

    #[test]
    fn a_whole_page_of_another_prefix_is_unreadable() {
        let kv = stored(50);
        let whole = kv.0.iter().filter(|(row_key, row)| row_key.len() == 2 && row[0] == WHOLE);
        assert!(whole.clone().count() > 1);
        for (row_key, row) in whole {
            for pair in 0..4 {
                assert_eq!(decode(row, Prefix::TOP.then(pair)).is_ok(), pair == row_key[1]);
            }
        }
    }

    #[test]
    fn items_stand_in_order_each_once() {
        let whole = top_of(&stored(3));
        let (hashes, leaves) = whole[2..].split_at(64);
        let leaf = |n: usize| &leaves[n * 64..(n + 1) * 64];
        for order in [[1, 0, 2], [0, 2, 1], [0, 0, 1]] {
            let row = [&whole[..2], hashes, leaf(order[0]), leaf(order[1]), leaf(order[2])].concat();
            assert!(decode(&row, Prefix::TOP).is_err(), "{order:?}");
        }
        let child = |pair: u8| [&[CHILD, pair][..], &[7; 32]].concat();
        for (one, other, fine) in [(2, 3, true), (3, 2, false), (2, 2, false), (2, 4, false)] {
            let row = [&[SPLIT, 2], &[9; 32][..], &child(one), &child(other)].concat();
            assert_eq!(decode(&row, Prefix::TOP).is_ok(), fine, "{one} {other}");
        }
        assert!(decode(&[WHOLE, 0], Prefix::TOP).is_err(), "an empty page");
    }
}

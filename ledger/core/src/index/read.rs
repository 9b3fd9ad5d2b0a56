//! Reading the index from any [`Kv`].

use super::body::{AliasBody, Item};
use super::rows::{self, Ends, Listed, Meta, StatusHeader, TagHeader, key};
use crate::hash::Hash;
use crate::kv::{Kv, Unreadable};
use crate::units::Index;
use std::ops::Range;

/// How far the index came; `None` if nothing was ever applied.
///
/// # Errors
/// [`Unreadable`] if the row can't be read.
pub fn meta<K: Kv + ?Sized>(kv: &K) -> Result<Option<Meta>, Unreadable> {
    kv.get(key::META)?.map(|row| Meta::decode(&row)).transpose()
}

/// The record whose create has this id, or `None`.
///
/// # Errors
/// [`Unreadable`] if the row can't be read.
pub fn status_of<K: Kv + ?Sized>(kv: &K, id: &Hash) -> Result<Option<StatusHeader>, Unreadable> {
    kv.get(&key::status(id))?.map(|row| StatusHeader::decode(&row)).transpose()
}

/// The same as far as it needs no hashing.
///
/// # Errors
/// [`Unreadable`] if the row can't be read.
pub fn listed<K: Kv + ?Sized>(kv: &K, id: &Hash) -> Result<Option<Listed>, Unreadable> {
    kv.get(&key::status(id))?.map(|row| Listed::decode(&row)).transpose()
}

/// Every item of that record's list, the create first; none if there is no such record.
///
/// # Errors
/// [`Unreadable`] if a row can't be read or an item is missing.
pub fn status_items<K: Kv + ?Sized>(kv: &K, id: &Hash) -> Result<Vec<Item>, Unreadable> {
    listed(kv, id)?.map_or(Ok(Vec::new()), |found| items_of(kv, id, &found))
}

/// The items of the record's list, of which `found` is what its row says.
///
/// # Errors
/// As [`status_items`].
pub fn items_of<K: Kv + ?Sized>(kv: &K, id: &Hash, found: &Listed) -> Result<Vec<Item>, Unreadable> {
    items(&found.list, 0..found.list.count, |n| item(kv, &key::status_item(id, n)))
}

/// Where the transition `id` on the record `target_id` stands, or `None`.
///
/// # Errors
/// [`Unreadable`] if the row can't be read.
pub fn transition_of<K: Kv + ?Sized>(
    kv: &K,
    target_id: &Hash,
    id: &Hash,
) -> Result<Option<Index>, Unreadable> {
    kv.get(&key::transition(target_id, id))?.map(|row| rows::decode_index(&row)).transpose()
}

/// The tag, or `None` if no entry carries it.
///
/// # Errors
/// [`Unreadable`] if the row can't be read.
pub fn tag_header<K: Kv + ?Sized>(kv: &K, tag: &Hash) -> Result<Option<TagHeader>, Unreadable> {
    kv.get(&key::tag(tag))?.map(|row| TagHeader::decode(&row)).transpose()
}

/// How many items the tag's list has; `None` if no entry carries it.
///
/// # Errors
/// [`Unreadable`] if the row can't be read.
pub fn tag_count<K: Kv + ?Sized>(kv: &K, tag: &Hash) -> Result<Option<u64>, Unreadable> {
    let row = kv.get(&key::tag(tag))?;
    row.map(|row| rows::decode_tagged(&row).map(|list| list.count)).transpose()
}

/// The items at the places `range` of the tag's list, as far as the list goes.
///
/// # Errors
/// [`Unreadable`] if a row can't be read or an item is missing.
pub fn tag_items<K: Kv + ?Sized>(kv: &K, tag: &Hash, range: Range<u64>) -> Result<Vec<Item>, Unreadable> {
    let Some(row) = kv.get(&key::tag(tag))? else { return Ok(Vec::new()) };
    items(&rows::decode_tagged(&row)?, range, |n| item(kv, &key::tag_item(tag, n)))
}

/// The items at the places `range` of a list, as far as it goes; `between`: one that is neither the first nor the last.
fn items(
    list: &Ends,
    range: Range<u64>,
    between: impl Fn(u64) -> Result<Item, Unreadable>,
) -> Result<Vec<Item>, Unreadable> {
    let at = |n| match n {
        0 => Ok(list.first),
        n if n + 1 == list.count => Ok(list.last),
        n => between(n),
    };
    (range.start..range.end.min(list.count)).map(at).collect()
}

/// The party with this alias, or `None`.
///
/// # Errors
/// [`Unreadable`] if the row can't be read.
pub fn alias_of<K: Kv + ?Sized>(kv: &K, alias: &Hash) -> Result<Option<AliasBody>, Unreadable> {
    kv.get(&key::alias(alias))?.map(|row| rows::decode_alias(&row)).transpose()
}

fn item<K: Kv + ?Sized>(kv: &K, key: &[u8]) -> Result<Item, Unreadable> {
    match kv.get(key)? {
        Some(row) => rows::decode_item(&row),
        None => Err(Unreadable("an item's row is missing".to_owned())),
    }
}

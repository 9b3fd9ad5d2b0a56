//! The index: entries, what they do to the map, and the rows that it is kept in.

use crate::input::Input;
use procura_core::entry::{Commit, Entry, Head, Tags};
use procura_core::hash::leaf;
use procura_core::index::{
    AliasBody, Item, StatusBody, TagBody, Working, alias_of, meta, status_items, status_of, tag_header,
    tag_items, transition_of,
};
use procura_core::kv::MemoryKv;
use procura_core::status::{Initial, Status};
use procura_core::trie::{TrieWriter, get, prove};
use procura_core::{Hash, Index, Millis};
use std::collections::BTreeSet;

/// The ledger that entries are applied to.
pub(crate) const ORIGIN: &str = "trial/world";

/// One of the few ids, tags and aliases that entries name.
pub(crate) fn hash(n: u8) -> Hash {
    leaf(&[n % 8])
}

/// An entry, and each body that the map's values commit to, has one spelling.
pub(crate) fn entry(bytes: &[u8]) {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
    }
    if let Ok(body) = StatusBody::decode(bytes) {
        assert_eq!(body.encode()[..], *bytes);
    }
    if let Ok(body) = TagBody::decode(bytes) {
        assert_eq!(body.encode()[..], *bytes);
    }
    if let Ok(body) = AliasBody::decode(bytes) {
        assert_eq!(body.encode()[..], *bytes);
    }
    if let Ok(item) = Item::decode(bytes) {
        assert_eq!(item.encode()[..], *bytes);
    }
}

/// Entries over few ids and tags: whether they are applied in one batch or each in its own, the same are refused for the same
/// reasons, and the same rows are left.
pub(crate) fn apply(bytes: &[u8]) {
    let empty = MemoryKv::default();
    let mut whole = Working::new(&empty, ORIGIN).expect("an index of nothing");
    let mut single = MemoryKv::default();
    let mut input = Input::new(bytes);
    let mut time = 1000;
    while !input.is_empty() {
        let entry = next(&mut input, &mut whole, &mut time);
        let bytes = entry.encode();
        let one = whole.apply(&bytes);
        let mut batch = Working::new(&single, ORIGIN).expect("rows that were just written");
        let other = batch.apply(&bytes);
        assert_eq!(one, other, "another outcome in another batch");
        assert_eq!(whole.map(), batch.map());
        let changes = batch.finish().expect("rows that were just written");
        single.write(changes);
    }
    let mut all = MemoryKv::default();
    all.write(whole.finish().expect("rows in memory"));
    for n in 0..8 {
        let id = hash(n);
        assert_eq!(status_of(&all, &id), status_of(&single, &id));
        assert_eq!(status_items(&all, &id), status_items(&single, &id));
        assert_eq!(tag_items(&all, &id, 0..u64::MAX), tag_items(&single, &id, 0..u64::MAX));
        assert_eq!(alias_of(&all, &id), alias_of(&single, &id));
    }
}

/// The next entry that the input spells; mostly one that could be valid.
fn next(input: &mut Input<'_>, whole: &mut Working<'_, MemoryKv>, time: &mut u64) -> Entry {
    let choice = input.byte();
    *time += u64::from(choice >> 6);
    let at = Millis(time.saturating_sub(u64::from(choice == 0xff) * 5));
    let mut head = || {
        let tags: BTreeSet<Hash> = (0..1 + input.choice(3)).map(|_| hash(input.byte())).collect();
        let tags = Tags::new(tags.into_iter().collect()).expect("tags that differ");
        Head { time: at, id: hash(input.byte()), commitment: leaf(&[choice]), tags }
    };
    match choice % 8 {
        0 | 1 => Entry::Create { head: head(), status: initial(choice) },
        2 => Entry::Party { head: head(), status: initial(choice), alias: hash(input.byte()) },
        3 | 4 => {
            let (head, target_id) = (head(), hash(input.byte()));
            let status = Status::ALL[usize::from(input.byte()) % Status::ALL.len()];
            let target = match status_of(whole, &target_id) {
                Ok(Some(header)) => header.created(),
                _ => Index(u64::from(input.byte())),
            };
            Entry::Transition { head, target, target_id, status }
        }
        5 => Entry::Trace { head: head() },
        6 => whole.commit_entry(at).expect("rows in memory"),
        _ => Entry::Commit(Commit {
            time: at,
            size: whole.size(),
            map_root: hash(input.byte()),
            keys: u64::from(input.byte()),
            prev_commit: whole.last_commit(),
        }),
    }
}

fn initial(choice: u8) -> Initial {
    Initial::new(1 + (choice >> 5) % 2).expect("pending or active")
}

/// Rows as damage may leave them: each a kind, an id and its bytes. Reading answers or says that it cannot, and so does writing
/// over them.
pub(crate) fn rows(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut kv = MemoryKv::default();
    while !input.is_empty() {
        let key = key(input.byte(), input.byte());
        kv.0.insert(key, input.chunk().into());
    }
    let _meta = meta(&kv);
    for n in 0..8 {
        let id = hash(n);
        let _header = status_of(&kv, &id);
        let _items = status_items(&kv, &id);
        let _at = transition_of(&kv, &id, &hash(n + 1));
        let _tag = tag_header(&kv, &id);
        let _items = tag_items(&kv, &id, 0..8);
        let _alias = alias_of(&kv, &id);
        let _value = get(&kv, &id);
    }
    let _proof = prove(&kv, &(0..8).map(hash).collect());
    if let Ok(mut writer) = TrieWriter::new(&kv)
        && (0..8).all(|n| writer.put(hash(n), leaf(&[n])).is_ok())
    {
        let _rows = writer.finish();
    }
    if let Ok(mut working) = Working::new(&kv, ORIGIN) {
        let (mut more, mut time) = (Input::new(bytes), working.time().0);
        for _ in 0..4 {
            let entry = next(&mut more, &mut working, &mut time);
            if working.apply(&entry.encode()).is_err() {
                break;
            }
        }
        let _changes = working.finish();
    }
}

/// A row's key, as `ledger/core/src/index/rows.rs` and `trie/row.rs` lay it out.
pub(crate) fn key(kind: u8, n: u8) -> Vec<u8> {
    let id = hash(n);
    let place = [0, 0, 0, n >> 3];
    match kind % 8 {
        0 => b"m".to_vec(),
        1 => [b"s", &id.0[..]].concat(),
        2 => [b"i", &id.0[..], &place].concat(),
        3 => [b"x", &id.0[..], &hash(n.wrapping_add(1)).0].concat(),
        4 => [b"t", &id.0[..]].concat(),
        5 => [b"u", &id.0[..], &place].concat(),
        6 => [b"a", &id.0[..]].concat(),
        _ => match n >> 4 {
            // A page's: the top one, or one below it.
            0 => b"p\0".to_vec(),
            _ => vec![b'p', 1, n & 0xf0],
        },
    }
}

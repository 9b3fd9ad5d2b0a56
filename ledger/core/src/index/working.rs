//! `apply`: one entry after another into the map.

use super::body::{AliasBody, Item};
use super::fault::Fault;
use super::read::{alias_of, meta, status_of, tag_header, transition_of};
use super::rows::{self, List, Meta, StatusHeader, TagHeader, key};
use super::{MAX_STATUS_ITEMS, MAX_TAG_ITEMS, RESERVED_STATUS_ITEMS};
use crate::entry::{Class, Commit, Entry, Head};
use crate::hash::{self, Hash};
use crate::kv::{Changes, Kv, Unreadable};
use crate::status::{Move, Status};
use crate::trie::{self, Trie, TrieWriter};
use crate::units::{Index, Millis, Size};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The index with a batch of entries on top of what `kv` holds.
///
/// Reading it as a [`Kv`] gives every row as of the last entry applied. Only what states the root, the trie's pages and
/// [`Meta`], exists once [`Working::finish`] wrote it; asking for that before is [`Unreadable`].
#[derive(Debug)]
pub struct Working<'a, K: Kv + ?Sized> {
    kv: &'a K,
    meta: Meta,
    changes: Changes,
    trie: TrieWriter<'a, K>,
    /// What must be put into the trie before its root is true again.
    stale: BTreeMap<MapKey, Value>,
}

/// What a value of the map is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum MapKey {
    Status(Hash),
    Tag(Hash),
    Alias(Hash),
}

/// What a value of the map commits to, its body not computed yet: a list may grow several times in a batch.
#[derive(Debug)]
enum Value {
    Status(StatusHeader),
    Tag(TagHeader),
    Alias(AliasBody),
}

/// An entry that is in the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Where it stands.
    pub index: Index,
    /// Its leaf hash in the log.
    pub leaf: Hash,
    /// The entry.
    pub entry: Entry,
    /// The move that it made, if it is a transition.
    pub moved: Option<Move>,
}

/// Why an entry was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The entry is invalid; the state is as before it, and another entry can be tried in its place.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The state can't be read: drop it, reopen, replay.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl ApplyError {
    /// The stable name, as vectors state it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.name(),
            Self::Unreadable(_) => "unreadable",
        }
    }
}

impl<K: Kv + ?Sized> Kv for Working<'_, K> {
    fn get(&self, key: &[u8]) -> Result<Option<Arc<[u8]>>, Unreadable> {
        if key == key::META || trie::is_page(key) {
            return Err(Unreadable("a batch in progress has no root and no trie pages yet".to_owned()));
        }
        match self.changes.get(key) {
            Some(row) => Ok(Some(row.clone())),
            None => self.kv.get(key),
        }
    }
}

impl<'a, K: Kv + ?Sized> Working<'a, K> {
    /// Starts a batch on the index in `kv`, that of the ledger `origin`; no rows are the index of nothing.
    ///
    /// # Errors
    /// [`Unreadable`] if rows can't be read, or are another origin's, or the trie is not at the root they state.
    pub fn new(kv: &'a K, origin: &str) -> Result<Self, Unreadable> {
        let empty = Meta::empty(origin);
        let meta = meta(kv)?.unwrap_or(empty);
        if meta.origin != empty.origin {
            return Err(Unreadable(format!("it is another ledger's than {origin}'s")));
        }
        let mut trie = TrieWriter::new(kv)?;
        if trie.root() != meta.root {
            return Err(Unreadable("its trie is not at the root that its rows state".to_owned()));
        }
        Ok(Self { kv, meta, changes: Changes::new(), trie, stale: BTreeMap::new() })
    }

    /// How many entries the index covers: the index of the next.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.meta.size
    }

    /// The last entry's time; the next must not be before it.
    #[must_use]
    pub const fn time(&self) -> Millis {
        self.meta.time
    }

    /// Where the last index commit stands; 0: there is none.
    #[must_use]
    pub const fn last_commit(&self) -> Index {
        self.meta.last_commit
    }

    /// The map's root and number of keys now.
    ///
    /// # Errors
    /// [`Unreadable`] if a row or page can't be read.
    pub fn map(&mut self) -> Result<(Hash, u64), Unreadable> {
        let origin = self.meta.origin;
        while let Some(stale) = self.stale.first_entry() {
            let map_key = match stale.key() {
                MapKey::Status(id) => hash::status_key_in(&origin, id),
                MapKey::Tag(tag) => hash::tag_key_in(&origin, tag),
                MapKey::Alias(alias) => hash::alias_key_in(&origin, alias),
            };
            let value = match stale.get() {
                Value::Status(record) => record.body().value(),
                Value::Tag(header) => header.body().value(),
                Value::Alias(body) => body.value(),
            };
            self.trie.put(map_key, value)?;
            stale.remove();
        }
        Ok((self.trie.root(), self.meta.keys + self.trie.keys_added()))
    }

    /// Applies the entry that stands next in the log.
    ///
    /// # Errors
    /// [`ApplyError`]. After a [`Fault`] the state is as before.
    pub fn apply(&mut self, entry_bytes: &[u8]) -> Result<Applied, ApplyError> {
        let entry = Entry::decode(entry_bytes).map_err(Fault::Entry)?;
        let (index, leaf) = (Index(self.meta.size.0), hash::leaf(entry_bytes));
        self.check_place(&entry)?;
        // Every row is read and every rule checked before the first row is changed.
        let moved = match &entry {
            Entry::Commit(commit) => {
                self.check_commit(commit)?;
                self.meta.last_commit = index;
                None
            }
            Entry::Create { head, status } => {
                self.check_new_id(&head.id)?;
                let lists = self.tag_lists(head)?;
                let item = Item { index, leaf, class: Class::Create, status: Some(status.status()) };
                self.open_list(head.id, &item, status.status());
                self.file(lists, &item);
                None
            }
            Entry::Party { head, status, alias } => {
                self.check_new_id(&head.id)?;
                self.check_new_alias(alias)?;
                let lists = self.tag_lists(head)?;
                let item = Item { index, leaf, class: Class::Party, status: Some(status.status()) };
                self.open_list(head.id, &item, status.status());
                self.claim(alias, AliasBody { index, id: head.id });
                self.file(lists, &item);
                None
            }
            Entry::Transition { head, target, target_id, status } => {
                let (record, moved) = self.check_move(&head.id, *target, target_id, *status)?;
                let lists = self.tag_lists(head)?;
                let item = Item { index, leaf, class: Class::Transition, status: Some(*status) };
                self.extend_list(*target_id, record, &head.id, &item, *status);
                self.file(lists, &item);
                Some(moved)
            }
            Entry::Trace { head } => {
                let lists = self.tag_lists(head)?;
                self.file(lists, &Item { index, leaf, class: Class::Trace, status: None });
                None
            }
        };
        self.meta.size = index.size_with();
        self.meta.time = entry.time();
        Ok(Applied { index, leaf, entry, moved })
    }

    /// The index commit that is valid next, at `time`. It changes nothing: [`Working::apply`] it.
    ///
    /// # Errors
    /// [`Unreadable`] if a row or page can't be read.
    pub fn commit_entry(&mut self, time: Millis) -> Result<Entry, Unreadable> {
        let (map_root, keys) = self.map()?;
        Ok(Entry::Commit(Commit {
            time,
            size: self.meta.size,
            map_root,
            keys,
            prev_commit: self.meta.last_commit,
        }))
    }

    /// Every row to write so that the `kv` under this batch holds what the batch made of it.
    ///
    /// # Errors
    /// [`Unreadable`] if a row or page can't be read.
    pub fn finish(self) -> Result<Changes, Unreadable> {
        let (mut changes, trie) = self.close()?;
        changes.extend(trie.fresh_rows());
        Ok(changes)
    }

    /// As [`Working::finish`], but for the trie's pages, which are in the trie for now: the `kv` that takes both must have
    /// it [at hand](Kv::trie) until its [fresh rows](Trie::fresh_rows) are written too.
    ///
    /// # Errors
    /// [`Unreadable`] if a row or page can't be read.
    pub fn close(mut self) -> Result<(Changes, Trie), Unreadable> {
        let (root, keys) = self.map()?;
        let (trie, _) = self.trie.close();
        let meta = Meta { root, keys, ..self.meta };
        self.changes.insert(key::META.to_vec(), meta.encode().into());
        Ok((self.changes, trie))
    }
}

/// The rules, in the order of [`Fault`]'s variants. Nothing here changes anything.
impl<K: Kv + ?Sized> Working<'_, K> {
    fn check_place(&self, entry: &Entry) -> Result<(), Fault> {
        if self.meta.size == Size(0) && entry.class() != Class::Create {
            return Err(Fault::FirstClass(entry.class().byte()));
        }
        if entry.time() < self.meta.time {
            return Err(Fault::TimeBackwards { time: entry.time(), previous: self.meta.time });
        }
        Ok(())
    }

    /// Computing the root changes no answer, so that it may run before the commit is found valid.
    fn check_commit(&mut self, commit: &Commit) -> Result<(), ApplyError> {
        if commit.size != self.meta.size {
            let index = Index(self.meta.size.0);
            return Err(Fault::CommitSize { stated: commit.size, index }.into());
        }
        if commit.prev_commit != self.meta.last_commit {
            let previous = self.meta.last_commit;
            return Err(Fault::CommitPrevious { stated: commit.prev_commit, previous }.into());
        }
        let (root, keys) = self.map()?;
        if commit.keys != keys {
            return Err(Fault::CommitKeys { stated: commit.keys, keys }.into());
        }
        if commit.map_root != root {
            return Err(Fault::CommitRoot { stated: commit.map_root, root }.into());
        }
        Ok(())
    }

    fn check_new_id(&self, id: &Hash) -> Result<(), ApplyError> {
        match self.get(&key::status(id))? {
            Some(_) => Err(Fault::IdTaken(*id).into()),
            None => Ok(()),
        }
    }

    fn check_new_alias(&self, alias: &Hash) -> Result<(), ApplyError> {
        match alias_of(self, alias)? {
            Some(_) => Err(Fault::AliasTaken(*alias).into()),
            None => Ok(()),
        }
    }

    /// The record that the transition `id` moves, and its move.
    fn check_move(
        &self,
        id: &Hash,
        target: Index,
        target_id: &Hash,
        to: Status,
    ) -> Result<(StatusHeader, Move), ApplyError> {
        let index = Index(self.meta.size.0);
        if target >= index {
            return Err(Fault::TargetNotBefore { target, index }.into());
        }
        let record = status_of(self, target_id)?.ok_or(Fault::TargetUnknown(*target_id))?;
        if record.created() != target {
            return Err(Fault::TargetIndex { target, created: record.created(), id: *target_id }.into());
        }
        // The create is in the list too, as item 0.
        if id == target_id || transition_of(self, target_id, id)?.is_some() {
            return Err(Fault::IdInList(*id).into());
        }
        let step = Move { from: record.status, to };
        if !step.is_permitted() {
            return Err(Fault::MoveForbidden { from: step.from, to }.into());
        }
        let count = record.list.count();
        if count >= MAX_STATUS_ITEMS {
            return Err(Fault::ListFull(*target_id).into());
        }
        if count >= MAX_STATUS_ITEMS - RESERVED_STATUS_ITEMS && (step.is_use() || step.is_enabling()) {
            return Err(Fault::ListReserved(*target_id).into());
        }
        Ok((record, step))
    }

    /// The lists of the entry's tags as they are, each with room for one more; `None`: one that starts.
    fn tag_lists(&self, head: &Head) -> Result<Vec<(Hash, Option<TagHeader>)>, ApplyError> {
        let list = |tag: &Hash| match tag_header(self, tag)? {
            Some(header) if header.list.count() >= MAX_TAG_ITEMS => Err(Fault::TagFull(*tag).into()),
            header => Ok((*tag, header)),
        };
        head.tags.as_slice().iter().map(list).collect()
    }
}

/// The rows. Nothing here can fail.
impl<K: Kv + ?Sized> Working<'_, K> {
    /// Starts a record's list with its create.
    fn open_list(&mut self, id: Hash, item: &Item, status: Status) {
        self.put_record(id, StatusHeader { status, list: List::of_one(item) });
    }

    /// Adds the transition `transition_id` to a record's list.
    fn extend_list(
        &mut self,
        id: Hash,
        StatusHeader { mut list, .. }: StatusHeader,
        transition_id: &Hash,
        item: &Item,
        status: Status,
    ) {
        self.write(key::transition(&id, transition_id), &item.index.0.to_be_bytes());
        if let Some((place, before)) = list.push(item) {
            self.write(key::status_item(&id, place), &before.encode());
        }
        self.put_record(id, StatusHeader { status, list });
    }

    fn put_record(&mut self, id: Hash, record: StatusHeader) {
        self.write(key::status(&id), &record.encode());
        self.stale.insert(MapKey::Status(id), Value::Status(record));
    }

    /// Files an entry under its tags.
    fn file(&mut self, lists: Vec<(Hash, Option<TagHeader>)>, item: &Item) {
        for (tag, header) in lists {
            let list = match header {
                None => List::of_one(item),
                Some(TagHeader { mut list }) => {
                    if let Some((place, before)) = list.push(item) {
                        self.write(key::tag_item(&tag, place), &before.encode());
                    }
                    list
                }
            };
            let header = TagHeader { list };
            self.write(key::tag(&tag), &header.encode());
            self.stale.insert(MapKey::Tag(tag), Value::Tag(header));
        }
    }

    fn claim(&mut self, alias: &Hash, body: AliasBody) {
        self.write(key::alias(alias), &rows::encode_alias(&body));
        self.stale.insert(MapKey::Alias(*alias), Value::Alias(body));
    }

    fn write(&mut self, key: Vec<u8>, row: &[u8]) {
        self.changes.insert(key, row.into());
    }
}

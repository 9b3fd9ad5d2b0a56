//! A receipt as a source: every part held against the checkpoint, and noted when it is used.

use super::fault::VerifyError;
use super::wire::Receipt;
use crate::alias::Claim;
use crate::entry::{Class, Commit, Entry};
use crate::hash::{alias_key, leaf, status_key, tag_key};
use crate::identifier::Identifier;
use crate::index::{AliasBody, Item, TagBody};
use crate::key::PublicKey;
use crate::kinds::Content;
use crate::kv::Unreadable;
use crate::source::{Lack, List, Logged, Opened, Source, check_form, root_of_items, status_body};
use crate::tree::{check_below_peaks, peaks_of_last};
use crate::trie::{CheckedTrie, PrunedTrie};
use crate::vrf::PROOF_BYTES;
use crate::{Hash, Index, Size};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The parts of a receipt, each found to be the ledger's.
pub(crate) struct Evidence {
    origin: String,
    entries: BTreeMap<Index, Arc<Logged>>,
    ids: BTreeMap<Hash, Index>,
    lists: BTreeMap<Hash, Arc<List>>,
    /// By the map's value for them.
    tags: BTreeMap<Hash, Arc<Vec<Item>>>,
    /// The proofs of aliases that are shown besides those of parties.
    aliases: Vec<[u8; PROOF_BYTES]>,
    vrf_key: Option<PublicKey>,
    trie: CheckedTrie,
    /// The index commit that the checkpoint ends with.
    last: Arc<Logged>,
    used: RefCell<Used>,
}

#[derive(Default)]
struct Used {
    entries: BTreeSet<Index>,
    lists: BTreeSet<Hash>,
    tags: BTreeSet<Hash>,
    aliases: BTreeSet<[u8; PROOF_BYTES]>,
}

impl Evidence {
    /// Holds a receipt's parts against the index commit, which stands at `size` − 1 under a checked path.
    pub(super) fn check(
        receipt: &Receipt,
        origin: &str,
        entry_0: &Hash,
        commit: &Commit,
        path: &[Hash],
    ) -> Result<Self, VerifyError> {
        let plain = included(receipt, commit.size, path)?;
        match plain.get(&Index(0)) {
            Some((_, leaf)) if leaf == entry_0 => {}
            _ => return Err(VerifyError::Entry0),
        }
        if times_go_back(&plain, commit) {
            return Err(VerifyError::EntryTime);
        }
        let entries = opened(receipt, plain, origin)?;
        let ids = ids(&entries)?;
        let trie = PrunedTrie::decode(&receipt.trie).map_err(|_| VerifyError::TrieMalformed)?;
        let trie = trie.check(commit.map_root).map_err(|_| VerifyError::MapRoot)?;
        let lists = lists(receipt, origin, &entries, &ids, &trie)?;
        let tags = receipt
            .tags
            .iter()
            .map(|items| Some((tag_value(items)?, Arc::new(items.clone()))))
            .collect::<Option<BTreeMap<_, _>>>()
            .filter(|tags| tags.len() == receipt.tags.len())
            .ok_or(VerifyError::TagMalformed)?;
        let last = Arc::new(Logged {
            index: Index(commit.size.0),
            entry: Entry::Commit(*commit),
            leaf: leaf(&receipt.commit),
            opened: None,
        });
        let (used, vrf_key) = (RefCell::default(), vrf_key(&entries));
        let (origin, aliases) = (origin.to_owned(), receipt.aliases.clone());
        Ok(Self { origin, entries, ids, lists, tags, aliases, vrf_key, trie, last, used })
    }

    /// The index commit that follows the one at `size` − 1, among the entries given; the last of all is given always.
    pub(super) fn next_commit(&self, size: Size) -> Option<Index> {
        let is_commit = |logged: &&Arc<Logged>| matches!(logged.entry, Entry::Commit(_));
        self.entries
            .range(Index(size.0)..)
            .map(|(_, logged)| logged)
            .chain([&self.last])
            .find(is_commit)
            .map(|logged| logged.index)
            .filter(|index| index.0 >= size.0)
    }

    /// Every part was used.
    pub(super) fn check_used(&self) -> Result<(), VerifyError> {
        let used = self.used.borrow();
        if let Some(index) = self.entries.keys().find(|index| !used.entries.contains(index)) {
            return Err(VerifyError::Surplus(format!("the entry at {index}")));
        }
        if let Some(id) = self.lists.keys().find(|id| !used.lists.contains(id)) {
            return Err(VerifyError::Surplus(format!("the list of {id}")));
        }
        if used.tags.len() < self.tags.len() {
            return Err(VerifyError::Surplus("a tag".to_owned()));
        }
        if used.aliases.len() < self.aliases.len() {
            return Err(VerifyError::Surplus("the proof of an alias".to_owned()));
        }
        if !self.trie.unused().is_empty() {
            return Err(VerifyError::Surplus("a leaf of the trie".to_owned()));
        }
        Ok(())
    }

    fn note(&self, index: Index) -> Option<Arc<Logged>> {
        let logged = self.entries.get(&index)?;
        self.used.borrow_mut().entries.insert(index);
        Some(Arc::clone(logged))
    }
}

/// Decodes the entries and leads them to the peaks of the tree before the commit.
fn included(
    receipt: &Receipt,
    size: Size,
    path: &[Hash],
) -> Result<BTreeMap<Index, (Entry, Hash)>, VerifyError> {
    let mut plain = BTreeMap::new();
    let mut last = None;
    for part in &receipt.entries {
        if last.is_some_and(|last| part.index <= last) || part.index.0 >= size.0 {
            return Err(VerifyError::EntryMalformed { index: part.index });
        }
        last = Some(part.index);
        let entry =
            Entry::decode(&part.entry).map_err(|_| VerifyError::EntryMalformed { index: part.index })?;
        plain.insert(part.index, (entry, leaf(&part.entry)));
    }
    let peaks = peaks_of_last(Size(size.0 + 1), path).map_err(|_| VerifyError::CommitInclusion)?;
    let leaves = plain.iter().map(|(index, (_, leaf))| (*index, *leaf)).collect();
    check_below_peaks(size, &peaks, &leaves, &receipt.tree).map_err(|_| VerifyError::Inclusion)?;
    Ok(plain)
}

/// Whether an entry is older than one before it, or younger than the index commit: it was back-dated.
fn times_go_back(entries: &BTreeMap<Index, (Entry, Hash)>, commit: &Commit) -> bool {
    let times = entries.values().map(|(entry, _)| entry.time()).chain([commit.time]);
    !times.is_sorted()
}

/// The opening check of every entry that is opened.
fn opened(
    receipt: &Receipt,
    mut plain: BTreeMap<Index, (Entry, Hash)>,
    origin: &str,
) -> Result<BTreeMap<Index, Arc<Logged>>, VerifyError> {
    let mut entries = BTreeMap::new();
    for part in &receipt.entries {
        let Some((entry, leaf)) = plain.remove(&part.index) else { continue };
        let opened = match &part.sealed {
            None => None,
            Some(sealed) => {
                // Entries ascend: entry 0 has been opened before any other.
                let vrf_key = vrf_key(&entries);
                Some(Opened::check(part.index, &entry, sealed.clone(), origin, vrf_key.as_ref())?)
            }
        };
        entries.insert(part.index, Arc::new(Logged { index: part.index, entry, leaf, opened }));
    }
    Ok(entries)
}

/// The key that entry 0 states for aliases.
fn vrf_key(entries: &BTreeMap<Index, Arc<Logged>>) -> Option<PublicKey> {
    match entries.get(&Index(0))?.opened.as_ref()?.record.content() {
        Content::Root(root) => Some(root.vrf_key),
        _ => None,
    }
}

/// Creates and traces by id: no id twice.
fn ids(entries: &BTreeMap<Index, Arc<Logged>>) -> Result<BTreeMap<Hash, Index>, VerifyError> {
    let mut ids = BTreeMap::new();
    for (index, logged) in entries {
        if logged.entry.class() == Class::Transition {
            continue;
        }
        if let Some(id) = logged.entry.id()
            && ids.insert(id, *index).is_some()
        {
            return Err(VerifyError::ListDouble { id });
        }
    }
    Ok(ids)
}

/// The status lists: the value that stands in the map, permitted moves, and the entries' own items.
fn lists(
    receipt: &Receipt,
    origin: &str,
    entries: &BTreeMap<Index, Arc<Logged>>,
    ids: &BTreeMap<Hash, Index>,
    trie: &CheckedTrie,
) -> Result<BTreeMap<Hash, Arc<List>>, VerifyError> {
    let mut lists: BTreeMap<Hash, Arc<List>> = BTreeMap::new();
    for part in &receipt.lists {
        if lists.last_key_value().is_some_and(|(last, _)| *last >= part.id) {
            return Err(VerifyError::ListOrder { id: part.id });
        }
        let no_list = |error| VerifyError::List { id: part.id, error };
        check_form(&part.items).map_err(no_list)?;
        // What the map has is the ledger's word: only then do its moves convict it.
        let found = trie
            .get(&status_key(origin, &part.id))
            .map_err(|_| VerifyError::Walk(Lack::List { id: part.id }.into()))?;
        if found.is_none() || found != status_body(&part.items).map(|body| body.value()) {
            return Err(VerifyError::ListValue { id: part.id });
        }
        let list = List::new(part.items.clone()).map_err(no_list)?;
        // The list is that of the record shown, not of another entry with its id.
        if let (Some(shown), Some(create)) = (ids.get(&part.id), list.items().first())
            && *shown != create.index
        {
            return Err(VerifyError::ListItem { id: part.id, index: create.index });
        }
        let mut seen = BTreeSet::new();
        for item in list.items() {
            let Some(logged) = entries.get(&item.index) else { continue };
            let same = logged.leaf == item.leaf
                && logged.entry.class() == item.class
                && logged.entry.status() == item.status
                && stands_on(&logged.entry, &part.id);
            if !same {
                return Err(VerifyError::ListItem { id: part.id, index: item.index });
            }
            if logged.entry.id().is_some_and(|id| !seen.insert(id)) {
                return Err(VerifyError::ListDouble { id: part.id });
            }
        }
        lists.insert(part.id, Arc::new(list));
    }
    Ok(lists)
}

/// What the map holds of a tag with these items, which must ascend.
fn tag_value(items: &[Item]) -> Option<Hash> {
    let last_index = items.last()?.index;
    let ascending = items.is_sorted_by(|a, b| a.index < b.index);
    let body = TagBody { count: items.len() as u64, last_index, items: root_of_items(items) };
    ascending.then(|| body.value())
}

/// Whether an entry is the create of this id or a transition on it.
fn stands_on(entry: &Entry, id: &Hash) -> bool {
    match entry {
        Entry::Transition { target_id, .. } => target_id == id,
        _ => entry.id() == Some(*id),
    }
}

impl Source for Evidence {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn record(&self, id: &Hash) -> Result<Arc<Logged>, Lack> {
        self.ids.get(id).and_then(|index| self.note(*index)).ok_or(Lack::Record { id: *id })
    }

    fn at(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        if index == self.last.index {
            return Ok(Arc::clone(&self.last));
        }
        self.note(index).ok_or(Lack::Entry { index })
    }

    fn list(&self, id: &Hash) -> Result<Arc<List>, Lack> {
        let list = self.lists.get(id).ok_or(Lack::List { id: *id })?;
        self.used.borrow_mut().lists.insert(*id);
        Ok(Arc::clone(list))
    }

    fn tag(&self, wanted: &Hash) -> Result<Option<Arc<Vec<Item>>>, Lack> {
        match self.trie.get(&tag_key(&self.origin, wanted)) {
            Err(_) => Err(Lack::Tag { tag: *wanted }),
            Ok(None) => Ok(None),
            Ok(Some(value)) => {
                let items = self.tags.get(&value).ok_or(Lack::Tag { tag: *wanted })?;
                self.used.borrow_mut().tags.insert(value);
                Ok(Some(Arc::clone(items)))
            }
        }
    }

    fn alias(&self, wanted: &Hash) -> Result<Option<Index>, Lack> {
        let found = self.trie.get(&alias_key(&self.origin, wanted));
        let Some(value) = found.map_err(|_| Lack::Alias { alias: *wanted })? else { return Ok(None) };
        let is_theirs = |logged: &&Arc<Logged>| {
            let Entry::Party { head, alias, .. } = &logged.entry else { return false };
            alias == wanted && AliasBody { index: logged.index, id: head.id }.value() == value
        };
        match self.entries.values().find(is_theirs) {
            Some(logged) => Ok(Some(logged.index)),
            None => Err(Lack::AliasTaken { alias: *wanted }),
        }
    }

    fn claim(&self, identifier: &Identifier) -> Result<Claim, Lack> {
        let key = self.vrf_key.as_ref().ok_or(Lack::Claim)?;
        let mut claims = self.aliases.iter().filter_map(|proof| Claim::check(identifier, key, proof).ok());
        let claim = claims.next().ok_or(Lack::Claim)?;
        self.used.borrow_mut().aliases.insert(claim.proof);
        Ok(claim)
    }

    fn holds(&self, index: Index, id: &Hash) -> Result<bool, Unreadable> {
        Ok(self.entries.get(&index).is_some_and(|logged| logged.entry.id() == Some(*id)))
    }
}

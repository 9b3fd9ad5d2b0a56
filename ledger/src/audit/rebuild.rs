//! Tree and index, rebuilt from the entries, and each stored hash and body held against them on the way.

use super::Counts;
use super::finding::Finding;
use super::lists::Lists;
use crate::cache::RecordCache;
use crate::replay;
use crate::search;
use crate::store::Reader;
use crate::vault::VaultRow;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::entry::Entry;
use procura_core::index::{ApplyError, Working};
use procura_core::key::PublicKey;
use procura_core::kinds::Content;
use procura_core::kv::{Changes, MemoryKv};
use procura_core::note::NoteVerifier;
use procura_core::source::Opened;
use procura_core::tree::Frontier;
use procura_core::{Hash, Index, Size, hash};
use std::collections::BTreeSet;
use std::ops::Range;

/// How many entries are applied before their rows are written.
const CHUNK: u64 = 4096;
/// How many entries are read at a time.
const READ: u64 = 256;
/// The memory for records that are kept ready to read.
const CACHED_BYTES: usize = 40 << 20;

/// What is known of the ledger from its entries alone.
pub(super) struct Rebuilt<'a> {
    pub(super) reader: &'a dyn Reader,
    pub(super) origin: &'a str,
    pub(super) kv: MemoryKv,
    pub(super) lists: Lists,
    pub(super) cache: RecordCache,
    pub(super) counts: Counts,
    size: Size,
    at: u64,
    /// `None` once an entry could not be read: the tree is not known from there on.
    frontier: Option<Frontier>,
    /// The first entry that is not in the map: an invalid or unreadable one.
    map_end: Option<u64>,
    is_commit_last: bool,
    /// What entry 0 states aliases are made with.
    pub(super) vrf_key: Option<PublicKey>,
    /// Entries without a body.
    unopened: BTreeSet<Index>,
    /// Records that a logged erasure names.
    erased: BTreeSet<Hash>,
    findings: Vec<Finding>,
}

impl<'a> Rebuilt<'a> {
    pub(super) fn new(reader: &'a dyn Reader, origin: &'a str, size: Size) -> Self {
        Self {
            reader,
            origin,
            kv: MemoryKv::default(),
            lists: Lists::default(),
            cache: RecordCache::new(CACHED_BYTES),
            counts: Counts::default(),
            size,
            at: 0,
            frontier: Some(Frontier::new()),
            map_end: None,
            is_commit_last: false,
            vrf_key: None,
            unopened: BTreeSet::new(),
            erased: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    pub(super) fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn into_parts(self) -> (Counts, Vec<Finding>) {
        (self.counts, self.findings)
    }

    /// What was found so far, in words.
    pub(super) fn told(&self) -> BTreeSet<String> {
        self.findings.iter().map(ToString::to_string).collect()
    }

    /// Where the map ends: at the size, unless an entry before it is invalid.
    pub(super) fn mapped(&self) -> Size {
        Size(self.map_end.unwrap_or(self.at))
    }

    /// Whether the map stands at `size`, right behind an index commit.
    pub(super) fn stands_at(&self, size: Size) -> bool {
        self.map_end.is_none() && self.at == size.0 && self.is_commit_last
    }

    /// Rebuilds up to `stop`.
    pub(super) fn up_to(&mut self, stop: Size, progress: &mut dyn FnMut(u64)) {
        while self.at < stop.0 {
            let end = stop.0.min(self.at.saturating_add(CHUNK));
            let mut kv = std::mem::take(&mut self.kv);
            let changes = self.chunk(&kv, self.at..end);
            kv.write(changes);
            self.kv = kv;
            progress(self.at);
        }
    }

    /// Goes through a chunk of entries; the rows that they give.
    fn chunk(&mut self, kv: &MemoryKv, range: Range<u64>) -> Changes {
        let mut working = match Working::new(kv, self.origin) {
            Ok(working) => working,
            Err(error) => {
                self.rebuild_failed(error.to_string());
                self.at = range.end;
                return Changes::new();
            }
        };
        let mut found = Changes::new();
        let mut from = range.start;
        while from < range.end {
            let to = range.end.min(from.saturating_add(READ));
            for (index, bytes) in (from..).zip(self.read(from..to)) {
                self.at = index + 1;
                let Some(bytes) = bytes else { continue };
                let leaf = hash::leaf(&bytes);
                self.check_nodes(index, leaf);
                self.counts.entries += 1;
                let entry = self.apply(&mut working, index, leaf, &bytes);
                let Some(entry) = entry else { continue };
                let Some((opened, row)) = self.open(Index(index), &entry) else {
                    if self.map_end.is_none() {
                        search::write_place_of(&entry, Index(index), &mut found);
                    }
                    continue;
                };
                if let Content::Erasure(erasure) = opened.record.content() {
                    self.erased.extend(&erasure.targets);
                }
                if self.map_end.is_none() {
                    let rows = replay::Overlay { fresh: &found, base: kv };
                    match replay::derive(&rows, Index(index), &opened.record, &row) {
                        Ok(fresh) => found.extend(fresh),
                        Err(error) => self.rebuild_failed(error.to_string()),
                    }
                }
            }
            from = to;
        }
        match working.finish() {
            Ok(mut changes) => {
                changes.extend(found);
                changes
            }
            Err(error) => {
                self.rebuild_failed(error.to_string());
                Changes::new()
            }
        }
    }

    fn rebuild_failed(&mut self, what: String) {
        self.map_end.get_or_insert(self.at);
        self.find(Finding::Rebuild { size: Size(self.at), what });
    }

    /// The entries of a range, `None` for one that can't be read.
    fn read(&mut self, range: Range<u64>) -> Vec<Option<Vec<u8>>> {
        if let Ok(entries) = self.reader.entries(range.clone()) {
            return entries.into_iter().map(Some).collect();
        }
        range.map(|index| self.read_one(index)).collect()
    }

    fn read_one(&mut self, index: u64) -> Option<Vec<u8>> {
        let what = match self.reader.entries(index..index + 1).map(|found| found.into_iter().next()) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => "it is not there".to_owned(),
            Err(error) => error.to_string(),
        };
        self.find(Finding::Unreadable { index: Index(index), what });
        (self.frontier, self.is_commit_last) = (None, false);
        self.map_end.get_or_insert(index);
        None
    }

    /// The subtrees that end with this leaf have the hashes that are stored.
    fn check_nodes(&mut self, index: u64, leaf: Hash) {
        let Some(frontier) = &mut self.frontier else { return };
        for (level, node) in (0u8..).zip(frontier.push(leaf)) {
            let place = index >> level;
            if !self.reader.node(level, place).is_ok_and(|stored| stored == node) {
                self.findings.push(Finding::Node { level, index: place });
            }
        }
    }

    /// The entry, applied to the map as long as the map goes on.
    fn apply(
        &mut self,
        working: &mut Working<'_, MemoryKv>,
        index: u64,
        leaf: Hash,
        bytes: &[u8],
    ) -> Option<Entry> {
        let entry = if self.map_end.is_some() {
            Entry::decode(bytes).ok()
        } else {
            match working.apply(bytes) {
                Ok(applied) => {
                    self.lists.add(Index(index), leaf, &applied.entry);
                    Some(applied.entry)
                }
                Err(ApplyError::Fault(fault)) => {
                    self.map_end = Some(index);
                    self.find(Finding::Fault { index: Index(index), fault });
                    Entry::decode(bytes).ok()
                }
                Err(ApplyError::Unreadable(error)) => {
                    self.rebuild_failed(error.to_string());
                    Entry::decode(bytes).ok()
                }
            }
        };
        self.is_commit_last = matches!(entry, Some(Entry::Commit(_)));
        match entry.as_ref()? {
            Entry::Create { .. } | Entry::Party { .. } => self.counts.creates += 1,
            Entry::Transition { .. } => self.counts.transitions += 1,
            Entry::Trace { .. } => self.counts.traces += 1,
            Entry::Commit(_) => self.counts.commits += 1,
        }
        entry
    }

    /// The body at an index, if it is there and opens the entry.
    fn open(&mut self, index: Index, entry: &Entry) -> Option<(Opened, VaultRow)> {
        let is_commit = matches!(entry, Entry::Commit(_));
        let row = match self.reader.vault(index) {
            Ok(Some(_)) if is_commit => {
                self.find(Finding::SurplusVault { index });
                return None;
            }
            Ok(Some(row)) => VaultRow::decode(&row),
            Ok(None) if is_commit => return None,
            Ok(None) => {
                self.counts.unopened += 1;
                // Whether an erasure says so is known once all of them are.
                self.unopened.insert(index);
                return None;
            }
            Err(error) => {
                self.find(Finding::Unreadable { index, what: error.to_string() });
                return None;
            }
        };
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                self.find(Finding::VaultRow { index, what: error.to_string() });
                return None;
            }
        };
        match Opened::check(index, entry, row.admitted.sealed(), self.origin, self.vrf_key.as_ref()) {
            Ok(opened) => {
                if let (Index(0), Content::Root(root)) = (index, opened.record.content()) {
                    self.vrf_key = Some(root.vrf_key);
                }
                self.counts.opened += 1;
                self.check_kept(index, &opened);
                Some((opened, row))
            }
            Err(source) => {
                self.find(Finding::Opening { index, source });
                None
            }
        }
    }

    /// All that was handed in with the record is still beside it.
    fn check_kept(&mut self, index: Index, opened: &Opened) {
        if let Err(error) = opened.record.disclosed(&opened.disclosures, true) {
            self.find(Finding::Disclosures { index, what: error.name().to_owned() });
        }
        if matches!(opened.record.content(), Content::Party(_)) && opened.handle.is_none() {
            self.find(Finding::HandleMissing { index });
        }
    }

    /// What has no body was erased by a record of the log: nobody pleads erasure without one.
    pub(super) fn check_erased(&mut self) {
        let mut unopened = std::mem::take(&mut self.unopened);
        for id in &self.erased {
            for index in search::indexes_of(&self.kv, id).unwrap_or_default() {
                unopened.remove(&index);
            }
        }
        unopened.into_iter().for_each(|index| self.find(Finding::NotOpened { index }));
    }

    /// The checkpoint is this log's, signed by one of its keys, of this size and root, at an index commit; the root.
    pub(super) fn check_checkpoint(&mut self, text: &str, log_keys: &[NoteVerifier]) -> Option<Hash> {
        match self.size.last() {
            None => self.find(Finding::Empty),
            Some(index) if !self.is_commit_last => self.find(Finding::RuleR1 { index }),
            Some(_) => {}
        }
        let computed = self.frontier.as_ref().map(Frontier::root);
        let signed =
            SignedCheckpoint::parse(text.as_bytes()).and_then(|signed| signed.verify(self.origin, log_keys));
        match signed.map(|checkpoint| checkpoint.root()) {
            Err(error) => self.find(Finding::Checkpoint(error.name())),
            Ok(stated) if stated.size != self.size => {
                self.find(Finding::CheckpointSize { stated: stated.size, stored: self.size });
            }
            Ok(stated) => {
                if let Some(computed) = computed.filter(|computed| *computed != stated.hash) {
                    self.find(Finding::CheckpointRoot { stated: stated.hash, computed });
                }
            }
        }
        computed
    }
}

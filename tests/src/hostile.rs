//! A lying operator: it holds the log key and the records, and signs whatever log, map and receipt it likes.
//!
//! It starts as a faithful copy of a world's ledger; then a test has it log entries that no sequencer would, or say
//! in the map what its entries do not, and asks it for receipts. The walk that an honest prover makes is made here as well, as
//! far as it goes: the receipt holds what was touched up to there. [`LyingServer`] is the whole server that such an operator runs.

mod answers;
mod server;

pub use server::{Asked, LyingServer, Reply};

use crate::world::{World, vrf};
use procura_core::alias::Claim;
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::entry::{Commit, Entry, Head, Tags};
use procura_core::hash::{alias_key, commitment, leaf, status_key, tag, tag_key};
use procura_core::identifier::Identifier;
use procura_core::index::{AliasBody, Item, StatusBody, TagBody, Working};
use procura_core::judge::Judge;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::Content;
use procura_core::kv::{MemoryKv, Unreadable};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::walk::{self, WalkError};
use procura_core::receipt::{Consistency, ListPart, Question, Receipt, ReceiptEntry, Recording};
use procura_core::record::Record;
use procura_core::source::{Lack, List, Logged, Opened, Sealed, Source, root_of_items};
use procura_core::status::{Initial, Status};
use procura_core::submission::Submission;
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::{MemoryNodes, Root, prove_below_peaks, prove_consistency, prove_inclusion};
use procura_core::trie::{self, TrieWriter};
use procura_core::vrf::Secret;
use procura_core::{Hash, Index, Millis, Size};
use procura_ledger::Ledger;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An entry as the liar keeps it.
#[derive(Clone)]
pub struct Row {
    /// The entry.
    pub entry: Entry,
    /// Its body, if the liar shows it.
    pub sealed: Option<Sealed>,
}

/// The lying operator's log.
#[derive(Clone)]
pub struct Liar {
    /// The name it gives its log.
    pub origin: String,
    /// The key it signs with.
    pub log_key: Arc<SoftKey>,
    /// Its entries.
    pub rows: Vec<Row>,
    /// The status lists that its map holds; true ones as long as the test leaves them alone.
    pub lists: BTreeMap<Hash, Vec<Item>>,
    /// The tags that its map holds.
    pub tags: BTreeMap<Hash, Vec<Item>>,
    /// Where its map leads each alias.
    pub aliases: BTreeMap<Hash, AliasBody>,
    /// What it computes aliases with.
    pub vrf: Arc<Secret>,
    /// Which entry it passes off as the record of an id.
    pub ids: BTreeMap<Hash, Index>,
    /// The time of the next entry.
    pub now: Millis,
    last_commit: Index,
    map: MemoryKv,
    counted: u64,
}

impl Liar {
    /// A faithful copy of a world's ledger as it stands.
    #[must_use]
    pub fn copy(world: &World) -> Self {
        Self::of(&world.ledger, &world.log_key, &world.logged.lock().unwrap())
    }

    /// A faithful copy of a ledger in which exactly these records are logged.
    #[must_use]
    pub fn of(ledger: &Ledger, log_key: &Arc<SoftKey>, logged: &[Hash]) -> Self {
        let view = ledger.view();
        let mut known = BTreeMap::new();
        for id in logged {
            let logged = view.record(id).unwrap().unwrap().logged;
            known.insert(logged.index, logged);
        }
        let mut liar = Self {
            origin: ledger.origin().to_owned(),
            log_key: log_key.clone(),
            rows: Vec::new(),
            lists: BTreeMap::new(),
            tags: BTreeMap::new(),
            aliases: BTreeMap::new(),
            vrf: vrf(),
            ids: BTreeMap::new(),
            now: Millis(0),
            last_commit: Index(0),
            map: MemoryKv::default(),
            counted: 0,
        };
        for index in 0..view.size().0 {
            match known.get(&Index(index)) {
                Some(logged) => {
                    liar.now = logged.entry.time();
                    liar.push(logged.entry.clone(), logged.opened.as_ref().map(sealed));
                }
                None => liar.commit(),
            }
        }
        assert_eq!(liar.nodes(liar.rows.len()).root(), view.root(), "the copy is not faithful");
        liar
    }

    /// The same log after another entry 0.
    #[must_use]
    pub fn begun_anew(&self, first: Row) -> Self {
        let mut anew = Self {
            rows: Vec::new(),
            lists: BTreeMap::new(),
            tags: BTreeMap::new(),
            aliases: BTreeMap::new(),
            ids: BTreeMap::new(),
            ..self.clone()
        };
        anew.push(first.entry, first.sealed);
        for row in &self.rows[1..] {
            anew.now = row.entry.time();
            match &row.entry {
                Entry::Commit(_) => anew.commit(),
                entry => drop(anew.push(entry.clone(), row.sealed.clone())),
            }
        }
        anew
    }

    /// Logs an entry, true or not, and maps it as if it were valid.
    pub fn push(&mut self, entry: Entry, sealed: Option<Sealed>) -> Index {
        let index = Index(self.rows.len() as u64);
        let item = Item { index, leaf: leaf(&entry.encode()), class: entry.class(), status: entry.status() };
        match &entry {
            Entry::Transition { target_id, .. } => {
                self.lists.entry(*target_id).or_default().push(item);
            }
            Entry::Create { head, .. } | Entry::Party { head, .. } => {
                self.lists.entry(head.id).or_insert_with(|| vec![item]);
                self.ids.insert(head.id, index);
            }
            Entry::Trace { head } => drop(self.ids.insert(head.id, index)),
            Entry::Commit(_) => self.last_commit = index,
        }
        if let Entry::Party { head, alias, .. } = &entry {
            self.aliases.entry(*alias).or_insert(AliasBody { index, id: head.id });
        }
        for tag in entry.tags() {
            self.tags.entry(*tag).or_default().push(item);
        }
        self.rows.push(Row { entry, sealed });
        index
    }

    /// Logs a submission under tags, with the status that the liar says it leads to; `None` for a trace.
    pub fn log(&mut self, submission: &Submission, status: Option<Status>, tags: &[Hash]) -> Index {
        let record = Record::parse(&submission.record).unwrap();
        let sealed = self.seal(submission);
        let head = self.head(&record, &sealed, tags);
        let target = record.common().target.map(|id| (id, self.ids.get(&id).copied().unwrap_or(Index(0))));
        let alias = self.claim_of(&record, &sealed).map(|claim| claim.alias);
        let entry = match (status, target) {
            (None, _) => Entry::Trace { head },
            (Some(status), None) => {
                let status = Initial::new(status.byte()).unwrap();
                match alias {
                    Some(alias) => Entry::Party { head, status, alias },
                    None => Entry::Create { head, status },
                }
            }
            (Some(status), Some((target_id, target))) => {
                Entry::Transition { head, target, target_id, status }
            }
        };
        self.push(entry, Some(sealed))
    }

    /// A body with an opening of the liar's.
    pub fn seal(&mut self, submission: &Submission) -> Sealed {
        self.counted += 1;
        let mut r = vec![0xEE; 64];
        r[..8].copy_from_slice(&self.counted.to_be_bytes());
        let (body, disclosures) = (submission.record.clone(), submission.disclosures.clone());
        let mut sealed = Sealed { body, r, disclosures, handle: submission.handle, alias_proof: None };
        let claim = Record::parse(&sealed.body).ok().and_then(|record| self.claim_of(&record, &sealed));
        sealed.alias_proof = claim.map(|claim| claim.proof);
        sealed
    }

    /// The alias of a party, as the identifier that it discloses has it.
    fn claim_of(&self, record: &Record, sealed: &Sealed) -> Option<Claim> {
        let disclosed = record.disclosed(&sealed.disclosures, false).ok()?;
        let is_party = matches!(record.content(), Content::Party(_));
        let identifier = disclosed.get("identifier").filter(|_| is_party)?.as_str()?;
        Some(Claim::of(&identifier.parse().ok()?, &self.vrf))
    }

    /// An entry's head that commits to a body.
    #[must_use]
    pub fn head(&self, record: &Record, sealed: &Sealed, tags: &[Hash]) -> Head {
        let r: [u8; 64] = sealed.r.clone().try_into().unwrap();
        Head {
            time: self.now,
            commitment: commitment(sealed.body.as_bytes(), &r),
            id: record.id(),
            tags: Tags::new(tags.to_vec()).unwrap(),
        }
    }

    /// The index commit that would be true of the liar's map.
    pub fn true_commit(&mut self) -> Commit {
        let mut map = MemoryKv::default();
        let mut trie = TrieWriter::new(&map).unwrap();
        for (id, items) in &self.lists {
            trie.put(status_key(&self.origin, id), status_value(items)).unwrap();
        }
        for (tag, items) in &self.tags {
            trie.put(tag_key(&self.origin, tag), tag_value(items)).unwrap();
        }
        for (alias, body) in &self.aliases {
            trie.put(alias_key(&self.origin, alias), body.value()).unwrap();
        }
        let (map_root, keys, changes) = trie.finish();
        map.write(changes);
        self.map = map;
        let size = Size(self.rows.len() as u64);
        Commit { time: self.now, size, map_root, keys, prev_commit: self.last_commit }
    }

    /// Closes with an index commit.
    pub fn commit(&mut self) {
        let commit = self.true_commit();
        self.push(Entry::Commit(commit), None);
    }

    /// The tree of the first `size` entries.
    #[must_use]
    pub fn nodes(&self, size: usize) -> MemoryNodes {
        self.rows[..size].iter().map(|row| leaf(&row.entry.encode())).collect()
    }

    /// The answer to a question over the whole log, as far as the prover's walk goes.
    #[must_use]
    pub fn receipt(&self, question: &Question) -> Receipt {
        self.receipt_from(question, None)
    }

    /// The same with the consistency proof from an older size.
    #[must_use]
    pub fn receipt_from(&self, question: &Question, from: Option<Size>) -> Receipt {
        let recording = Recording::new(self);
        // Where the walk stumbles over the lie, a verifier is to stumble as well.
        let _ = self.walk(&recording, question);
        let touched = recording.into_touched();

        let size = self.rows.len();
        let last = Index(size as u64 - 1);
        let nodes = self.nodes(size);
        let indexes: BTreeSet<Index> =
            touched.entries.keys().copied().filter(|index| *index < last).collect();
        let path = prove_inclusion(&nodes, last, Size(size as u64)).unwrap();
        let checkpoint = self.signed_checkpoint();
        let mut keys: BTreeSet<Hash> = touched.lists.keys().map(|id| status_key(&self.origin, id)).collect();
        keys.extend(touched.tags.keys().map(|tag| tag_key(&self.origin, tag)));
        keys.extend(touched.aliases.iter().map(|alias| alias_key(&self.origin, alias)));
        let mut tags: Vec<Vec<Item>> =
            touched.tags.values().flatten().map(|items| items.as_ref().clone()).collect();
        tags.sort_by_key(|items| items.first().map(|item| item.index));
        let row = |index: &Index| &self.rows[usize::try_from(index.0).unwrap()];
        Receipt {
            question: question.clone(),
            proof: TlogProof { index: last, path, checkpoint }.to_string(),
            commit: self.rows[size - 1].entry.encode(),
            entries: indexes
                .iter()
                .map(|index| ReceiptEntry {
                    index: *index,
                    entry: row(index).entry.encode(),
                    sealed: row(index).sealed.clone(),
                })
                .collect(),
            tree: prove_below_peaks(&nodes, Size(last.0), &indexes).unwrap(),
            lists: touched
                .lists
                .iter()
                .map(|(id, list)| ListPart { id: *id, items: list.items().to_vec() })
                .collect(),
            tags,
            aliases: touched.claims.into_iter().collect(),
            trie: trie::prove(&self.map, &keys).unwrap(),
            consistency: from.map(|from| Consistency {
                from,
                hashes: prove_consistency(&nodes, from, Size(size as u64)).unwrap(),
            }),
        }
    }

    /// Shows more entries in a receipt of this very log, or fewer, with a tree proof that fits.
    pub fn show(&self, receipt: &mut Receipt, indexes: &BTreeSet<Index>) {
        let last = self.rows.len() - 1;
        let row = |index: &Index| &self.rows[usize::try_from(index.0).unwrap()];
        let part = |index: &Index| ReceiptEntry {
            index: *index,
            entry: row(index).entry.encode(),
            sealed: row(index).sealed.clone(),
        };
        receipt.entries = indexes.iter().map(part).collect();
        receipt.tree = prove_below_peaks(&self.nodes(last), Size(last as u64), indexes).unwrap();
    }

    /// Shows in a party's whole list the status list of a record too, of which the walk says that it is none.
    pub fn show_list(&self, receipt: &mut Receipt, id: &Hash, party: &Hash, handle: &[u8; 32]) {
        receipt.lists.push(ListPart { id: *id, items: self.lists[id].clone() });
        receipt.lists.sort_by_key(|list| list.id);
        let mut keys: BTreeSet<Hash> =
            receipt.lists.iter().map(|list| status_key(&self.origin, &list.id)).collect();
        let segments = (0..=receipt.tags.len() as u64).map(|segment| tag(handle, segment));
        keys.extend(segments.map(|tag| tag_key(&self.origin, &tag)));
        let own = self.aliases.iter().filter(|(_, body)| body.id == *party);
        keys.extend(own.map(|(alias, _)| alias_key(&self.origin, alias)));
        receipt.trie = self.map_of(&keys);
    }

    /// The part of the map that decides about these keys, and no more.
    #[must_use]
    pub fn map_of(&self, keys: &BTreeSet<Hash>) -> Vec<u8> {
        trie::prove(&self.map, keys).unwrap()
    }

    /// The first rule of validity that the log breaks, as whoever replays it finds.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let rows = MemoryKv::default();
        let mut working = Working::new(&rows, &self.origin).unwrap();
        self.rows.iter().find_map(|row| working.apply(&row.entry.encode()).err()).map(|error| error.name())
    }

    fn walk(&self, source: &Recording<'_, Self>, question: &Question) -> Result<(), WalkError> {
        let judge = Judge::trusting_admission(source);
        walk::root(&judge)?;
        let next = |size: Size| {
            let is_commit = |row: &Row| matches!(row.entry, Entry::Commit(_));
            let from = usize::try_from(size.0).unwrap();
            self.rows.iter().skip(from).position(is_commit).map(|n| Index(size.0 + n as u64))
        };
        let size = walk::as_of(source, question.as_of(), Size(self.rows.len() as u64), next)?;
        match question {
            Question::Existence { id } => walk::existence(&judge, id).map(drop),
            Question::Status { id, through, .. } => {
                walk::status(&judge, id, through.as_ref(), size).map(drop)
            }
            Question::Complete { party, from, to } => walk::complete(source, party, *from, *to).map(drop),
            Question::Authority(asked) => walk::authority(&judge, asked, size).map(drop),
        }
    }

    /// The checkpoint over the whole log.
    #[must_use]
    pub fn signed_checkpoint(&self) -> SignedCheckpoint {
        self.sign(self.nodes(self.rows.len()).root())
    }

    /// A checkpoint over a tree that need not be there.
    #[must_use]
    pub fn sign(&self, root: Root) -> SignedCheckpoint {
        let sign = |message: &[u8]| self.log_key.sign(message).unwrap();
        Checkpoint::new(&self.origin, root).unwrap().sign(&self.vkey(), &sign).unwrap()
    }

    /// The public half of the log key.
    #[must_use]
    pub fn vkey(&self) -> NoteVerifier {
        NoteVerifier::new(&self.origin, KeyType::Ed25519, self.log_key.public_key().as_bytes()).unwrap()
    }
}

/// The value that the map has for a status list.
#[must_use]
pub fn status_value(items: &[Item]) -> Hash {
    let last = items.last().unwrap();
    let (count, items) = (items.len() as u64, root_of_items(items));
    StatusBody { status: last.status.unwrap(), count, last_index: last.index, items }.value()
}

fn tag_value(items: &[Item]) -> Hash {
    let last_index = items.last().unwrap().index;
    TagBody { count: items.len() as u64, last_index, items: root_of_items(items) }.value()
}

fn sealed(opened: &Opened) -> Sealed {
    Sealed {
        body: opened.record.text().to_owned(),
        r: opened.r.to_vec(),
        disclosures: opened.disclosures.clone(),
        handle: opened.handle,
        alias_proof: opened.alias_proof,
    }
}

/// What the liar's own walk sees: bodies are taken as they are, wherever they were filed.
impl Source for Liar {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn record(&self, id: &Hash) -> Result<Arc<Logged>, Lack> {
        self.at(*self.ids.get(id).ok_or(Lack::Record { id: *id })?)
    }

    fn at(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        let row = usize::try_from(index.0).ok().and_then(|at| self.rows.get(at));
        let Row { entry, sealed } = row.ok_or(Lack::Entry { index })?.clone();
        let opened = sealed.and_then(|sealed| {
            let record = Record::parse(&sealed.body).ok()?;
            let disclosed = record.disclosed(&sealed.disclosures, false).ok()?;
            let Sealed { r, disclosures, handle, alias_proof, .. } = sealed;
            Some(Opened { record, r: r.try_into().ok()?, disclosures, disclosed, handle, alias_proof })
        });
        Ok(Arc::new(Logged { index, leaf: leaf(&entry.encode()), entry, opened }))
    }

    fn list(&self, id: &Hash) -> Result<Arc<List>, Lack> {
        let items = self.lists.get(id).ok_or(Lack::List { id: *id })?;
        List::new(items.clone()).map(Arc::new).map_err(|_| Lack::List { id: *id })
    }

    fn tag(&self, tag: &Hash) -> Result<Option<Arc<Vec<Item>>>, Lack> {
        Ok(self.tags.get(tag).cloned().map(Arc::new))
    }

    fn alias(&self, alias: &Hash) -> Result<Option<Index>, Lack> {
        Ok(self.aliases.get(alias).map(|body| body.index))
    }

    fn claim(&self, identifier: &Identifier) -> Result<Claim, Lack> {
        Ok(Claim::of(identifier, &self.vrf))
    }

    fn holds(&self, index: Index, id: &Hash) -> Result<bool, Unreadable> {
        Ok(self.at(index).is_ok_and(|logged| logged.entry.id() == Some(*id)))
    }
}

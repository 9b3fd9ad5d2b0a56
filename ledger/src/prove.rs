//! Answers with their proofs.
//!
//! The walk that a verifier makes over a receipt is made here over the ledger, noting what it touches; the receipt is
//! that, led to the checkpoint.
//!
//! spec: receipts.md

use crate::error::ReadError;
use crate::index::Snapshot;
use crate::live::Live;
use crate::log::{self, unprovable};
use crate::published::Top;
use crate::search;
use crate::store::Reader;
use crate::view::{View, entry_at};
use procura_core::disclosure::Disclosure;
use procura_core::entry::Entry;
use procura_core::hash::{alias_key_in, sha256, status_key_in, tag_key_in};
use procura_core::judge::{Judge, Verdict};
use procura_core::kinds::PartyType;
use procura_core::receipt::walk::{self, WalkError};
use procura_core::receipt::{
    AsOf, Authority, Consistency, ListPart, Question, Receipt, ReceiptEntry, Recording, Touched,
};
use procura_core::source::{Logged, Sealed};
use procura_core::tree::{prove_below_peaks, prove_consistency};
use procura_core::{Hash, Index, Size, trie};
use std::collections::BTreeSet;

/// The most segments of a person on one page of their list.
pub const PERSON_SEGMENTS: u64 = 256;

/// What a receipt is to be like.
#[derive(Debug, Clone)]
pub struct Ask {
    /// As it was then; `None`: now.
    pub as_of: Option<AsOf>,
    /// With the consistency proof from this size, which the reader pinned.
    pub from: Option<Size>,
    /// Who reads it.
    pub reader: Audience,
}

/// Who reads a receipt: that decides which withheld members and handles it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A party: everything withheld in records that concern it, and its own handle.
    Party(Hash),
    /// An auditor: everything.
    Auditor,
    /// Anyone else: nothing that is withheld.
    Anyone,
}

impl Ask {
    /// An answer as of now for a reader.
    #[must_use]
    pub const fn now(reader: Audience) -> Self {
        Self { as_of: None, from: None, reader }
    }
}

type Walk<'w> = dyn Fn(&Judge<'_, Recording<'_, Live<'_, Snapshot>>>) -> Result<Question, WalkError> + 'w;

impl View {
    /// The receipt of a record: the status of a create, the status of its target through a transition, the existence of a
    /// trace. `None` if there is no such record.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn receipt(&self, id: &Hash, ask: &Ask) -> Result<Option<Receipt>, ReadError> {
        let Some(index) = search::index_of(&self.head.snapshot, id)? else { return Ok(None) };
        let found = self.kept(index)?;
        let is_trace = matches!(found.logged.entry, Entry::Trace { .. });
        if is_trace {
            return self.prove(ask, None, &|judge| {
                walk::existence(judge, id)?;
                Ok(Question::Existence { id: *id })
            });
        }
        let (target, through) = match &found.logged.entry {
            Entry::Transition { target_id, .. } => (*target_id, Some(*id)),
            _ => (*id, None),
        };
        self.prove(ask, None, &|judge| {
            let as_of = self.size_asked(judge, ask)?;
            walk::status(judge, &target, through.as_ref(), as_of)?;
            Ok(Question::Status { id: target, through, as_of: ask.as_of })
        })
    }

    /// Everything that concerns a party, from segment `from` on: a page, whose question says where it stops if there
    /// is more. `None` if there is no such party.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn complete(&self, party: &Hash, from: u64, ask: &Ask) -> Result<Option<Receipt>, ReadError> {
        let Some(filing) = search::filing_of(&self.head.snapshot, party)? else { return Ok(None) };
        let page = if filing.party_type == PartyType::Person { PERSON_SEGMENTS } else { 1 };
        let to = from.checked_add(page).filter(|to| *to <= filing.segment);
        self.prove(ask, Some(*party), &|judge| {
            walk::complete(judge.source(), party, from, to)?;
            Ok(Question::Complete { party: *party, from, to })
        })
    }

    /// The receipt of an authority question whose records were chosen already.
    pub(crate) fn authority(&self, asked: &Authority, ask: &Ask) -> Result<Option<Receipt>, ReadError> {
        self.prove(ask, None, &|judge| {
            let as_of = self.size_asked(judge, ask)?;
            walk::authority(judge, asked, as_of)?;
            Ok(Question::Authority(Box::new(asked.clone())))
        })
    }

    /// The size asked for, with the index commits that settle it if it was asked by time.
    fn size_asked<S: procura_core::source::Source + ?Sized>(
        &self,
        judge: &Judge<'_, S>,
        ask: &Ask,
    ) -> Result<Size, WalkError> {
        let next = |size: Size| {
            let reader = self.shared.store.read().ok()?;
            (size.0..self.size().0)
                .find(|index| matches!(entry_at(reader.as_ref(), *index), Ok(Entry::Commit(_))))
                .map(Index)
        };
        walk::as_of(judge.source(), ask.as_of, self.size(), next)
    }

    /// Walks, and makes a receipt of what was touched. `handle_of`: the party whose handle is shown.
    fn prove(
        &self,
        ask: &Ask,
        handle_of: Option<Hash>,
        walk: &Walk<'_>,
    ) -> Result<Option<Receipt>, ReadError> {
        let cache = self.shared.cache.now();
        let reader = self.shared.store.read()?;
        let walked = self.live_over((reader.as_ref(), cache), |live| {
            let recording = Recording::new(live);
            let question = {
                let judge = Judge::trusting_admission(&recording);
                walk::root(&judge)?;
                walk(&judge)
            }?;
            Ok((question, recording.into_touched()))
        });
        match walked {
            Ok((question, touched)) => {
                self.assemble(reader.as_ref(), question, touched, ask, handle_of).map(Some)
            }
            Err(WalkError::NotYet(_) | WalkError::AsOfTime(_)) => Ok(None),
            Err(WalkError::Verdict(Verdict::Lack(lack))) => Err(lack.into()),
            Err(WalkError::Verdict(verdict @ Verdict::KeyCompromised(_))) => {
                Err(ReadError::Void(verdict.to_string()))
            }
            Err(error) => Err(ReadError::Fault(error.to_string())),
        }
    }

    fn assemble(
        &self,
        reader: &dyn Reader,
        question: Question,
        touched: Touched,
        ask: &Ask,
        handle_of: Option<Hash>,
    ) -> Result<Receipt, ReadError> {
        let size = self.size();
        let commit_at = size.last().ok_or_else(|| ReadError::Fault("an empty log".to_owned()))?;
        let nodes = self.shared.nodes.of(reader);
        let top = self.head.top(|| self.top(reader, commit_at))?;

        let indexes: BTreeSet<Index> =
            touched.entries.keys().copied().filter(|index| *index < commit_at).collect();
        let tree = prove_below_peaks(&nodes, Size(commit_at.0), &indexes).map_err(unprovable)?;

        let origin = &sha256(&[self.shared.origin.as_bytes()]);
        let mut keys: BTreeSet<Hash> = touched.lists.keys().map(|id| status_key_in(origin, id)).collect();
        keys.extend(touched.tags.keys().map(|tag| tag_key_in(origin, tag)));
        keys.extend(touched.aliases.iter().map(|alias| alias_key_in(origin, alias)));
        let trie = trie::prove(&self.head.snapshot, &keys)?;

        let named = named_parties(&question);
        let mut entries = Vec::with_capacity(indexes.len());
        for (index, logged) in touched.entries.iter().filter(|(index, _)| **index < commit_at) {
            let sealed = self.sealed(logged, ask.reader, &named, handle_of)?;
            entries.push(ReceiptEntry { index: *index, entry: logged.entry.encode(), sealed });
        }
        let lists = touched.lists.iter().map(|(id, list)| ListPart { id: *id, items: list.items().to_vec() });
        let consistency = match ask.from {
            Some(from) if from.0 > 0 && from < size => {
                Some(Consistency { from, hashes: prove_consistency(&nodes, from, size).map_err(unprovable)? })
            }
            _ => None,
        };
        // Touched by the order of tags' hashes; told in the order of segments, which is that of indexes.
        let mut tags: Vec<Vec<_>> =
            touched.tags.values().flatten().map(|items| items.as_ref().clone()).collect();
        tags.sort_by_key(|items| items.first().map(|item| item.index));
        Ok(Receipt {
            question,
            proof: top.proof.clone(),
            commit: top.commit.clone(),
            entries,
            tree,
            lists: lists.collect(),
            tags,
            aliases: touched.claims.into_iter().collect(),
            trie,
            consistency,
        })
    }

    /// What leads from the checkpoint to the index commit, which stands at `commit_at`.
    fn top(&self, reader: &dyn Reader, commit_at: Index) -> Result<Top, ReadError> {
        let size = self.size();
        let commit = reader.entries(commit_at.0..size.0)?.into_iter().next().unwrap_or_default();
        let proof = log::inclusion(&self.shared.nodes.of(reader), commit_at, size, self.checkpoint())?;
        let proof = proof.ok_or_else(|| ReadError::Fault("no index commit".to_owned()))?;
        Ok(Top { proof, commit })
    }

    /// A record as this reader may see it.
    fn sealed(
        &self,
        logged: &Logged,
        reader: Audience,
        named: &BTreeSet<Hash>,
        handle_of: Option<Hash>,
    ) -> Result<Option<Sealed>, ReadError> {
        let Some(opened) = &logged.opened else { return Ok(None) };
        let id = opened.record.id();
        let sees_all = match reader {
            Audience::Auditor => true,
            Audience::Anyone => false,
            Audience::Party(party) => self.kept(logged.index)?.filed.iter().any(|(filed, _)| *filed == party),
        };
        let is_shown = |text: &&String| {
            sees_all
                || (named.contains(&id)
                    && Disclosure::parse(text).is_ok_and(|disclosure| disclosure.name() == "identifier"))
        };
        // The proof confirms whoever guesses the identifier: it goes where that is disclosed.
        let shows_identifier = sees_all || named.contains(&id);
        Ok(Some(Sealed {
            body: opened.record.text().to_owned(),
            r: opened.r.to_vec(),
            alias_proof: opened.alias_proof.filter(|_| shows_identifier),
            disclosures: opened.disclosures.iter().filter(is_shown).cloned().collect(),
            handle: opened.handle.filter(|_| handle_of == Some(id) && reader != Audience::Anyone),
        }))
    }
}

/// The parties that a request names, whose identifiers the receipt must show.
fn named_parties(question: &Question) -> BTreeSet<Hash> {
    match question {
        Question::Authority(authority) => authority.parties.registered(),
        _ => BTreeSet::new(),
    }
}

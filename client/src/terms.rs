//! What is kept longer than its term: found by walking the log, one kind after another, each from where its last walk ended.
//!
//! A term counts from when a record is past: from its end, from when it lapsed or, of what has no status, from when it was logged.
//! What an entry says by itself is enough to pass over most: only what ended, was made or was looked at by then is read as a record.
//!
//! spec: kinds.md#erasing

use crate::audit::{AuditError, bundle_at};
use crate::client::Client;
use crate::error::{CallError, ReadError};
use crate::receipts::ReceiptAnswer;
use crate::records::kind_of;
use crate::tiles::LogError;
use procura_core::entry::Entry;
use procura_core::hash::leaf;
use procura_core::kinds::{self, Class, KEPT, lapses};
use procura_core::tile::{TILE_WIDTH, TileNodes, TilePath, decode_bundle};
use procura_core::tree::{Nodes as _, Root};
use procura_core::{Hash, Index, Millis};
use std::collections::BTreeMap;

const DAY_MS: u64 = 24 * 3600 * 1000;

/// How long records of each kind are kept once they are past; kinds that are not named are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms(BTreeMap<String, u64>);

/// Why a term makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// No kind of record has this name.
    #[error("no kind of record that is erased has this name")]
    NotErased,
    /// A transition.
    #[error("a record of this kind goes with the one that it is about")]
    Transition,
    /// Two terms for one kind.
    #[error("this kind has a term already")]
    Twice,
    /// More days than a clock counts.
    #[error("that is longer than a clock counts")]
    TooLong,
}

impl Terms {
    /// Adds a term.
    ///
    /// # Errors
    /// [`TermError`]: it makes no sense, and was not added.
    pub fn add(&mut self, kind: &str, days: u64) -> Result<(), TermError> {
        let row = kinds::row(kind).filter(|row| !row.name.is_empty() && !KEPT.contains(&row.name));
        // Reports are the one kind outside the table that Procura's own pages write.
        if row.is_none() && kind != "report" {
            return Err(TermError::NotErased);
        }
        if row.is_some_and(|row| row.class == Class::Transition) {
            return Err(TermError::Transition);
        }
        let ms = days.checked_mul(DAY_MS).ok_or(TermError::TooLong)?;
        if self.0.contains_key(kind) {
            return Err(TermError::Twice);
        }
        self.0.insert(kind.to_owned(), ms);
        Ok(())
    }
}

/// How far the log was walked for one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// The first entry that was not looked at.
    pub next: Index,
    /// What must be looked at again although it was passed, and from when on: what lapses later, and what could not be erased.
    pub later: BTreeMap<Hash, Millis>,
}

/// Why a walk did not go on.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The log could not be read, or is wrong.
    #[error(transparent)]
    Log(#[from] AuditError),
    /// A record could not be read, or is not proven.
    #[error(transparent)]
    Record(#[from] ReadError),
}

impl WalkError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Log(error) => error.name(),
            Self::Record(error) => error.name(),
        }
    }
}

/// A record that is kept longer than its term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The record.
    pub id: Hash,
    /// Since when it is past.
    pub since: Millis,
}

/// A walk for one kind of record.
pub struct Walk<'c> {
    client: &'c Client,
    kind: String,
    /// What is past since then or earlier is overdue.
    horizon: Millis,
    again: Vec<Hash>,
    walked: Walked,
}

impl Client {
    /// Begins the walks that `terms` ask for; `walked` says how far the last one for a kind came.
    #[must_use]
    pub fn walks(&self, terms: &Terms, mut walked: impl FnMut(&str) -> Walked) -> Vec<Walk<'_>> {
        let now = self.now();
        let begin = |(kind, term): (&String, &u64)| {
            let horizon = Millis(now.0.checked_sub(*term)?);
            let walked = walked(kind);
            let is_due = |(id, from): (&Hash, &Millis)| (*from <= horizon).then_some(*id);
            let again = walked.later.iter().filter_map(is_due).collect();
            Some(Walk { client: self, kind: kind.clone(), horizon, again, walked })
        };
        terms.0.iter().filter_map(begin).collect()
    }

    /// The entries of one bundle from `from` on, each of them the one in the tree.
    fn entries_from(
        &self,
        from: Index,
        root: Root,
        nodes: &TileNodes<impl Fn(TilePath) -> Result<Vec<u8>, CallError>>,
    ) -> Result<Vec<(Index, Entry)>, AuditError> {
        let number = from.0 / TILE_WIDTH;
        let first = number * TILE_WIDTH;
        let Some(path) = bundle_at(number, root.size) else { return Ok(Vec::new()) };
        let (bytes, width) = self.bundle(path)?;
        let bundle = decode_bundle(&bytes, width).map_err(|error| AuditError::Bundle { first, error })?;
        let mut entries = Vec::new();
        for (index, bytes) in (first..root.size.0).zip(bundle).skip((from.0 - first) as usize) {
            let other = AuditError::OtherEntry(Index(index));
            if leaf(bytes) != nodes.node(0, index).map_err(LogError::from)? {
                return Err(other);
            }
            entries.push((Index(index), Entry::decode(bytes).map_err(|_| other)?));
        }
        Ok(entries)
    }
}

impl Walk<'_> {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// How far it came. What was given and could not be erased must have been [held](Self::hold) before.
    #[must_use]
    pub const fn walked(&self) -> &Walked {
        &self.walked
    }

    /// Goes on until `most` records are found that are overdue, or the last entry that is old enough; empty: there are no more. After
    /// an error the walk must begin anew from what was [walked](Self::walked) before.
    ///
    /// # Errors
    /// [`WalkError`].
    pub fn go_on(&mut self, most: usize) -> Result<Vec<Overdue>, WalkError> {
        let mut found = Vec::new();
        while found.len() < most
            && let Some(id) = self.again.pop()
        {
            let since = self.walked.later.remove(&id);
            found.extend(self.look(id, since)?);
        }
        let checkpoint = self.client.checkpoint().map_err(AuditError::from)?;
        let root = checkpoint.root();
        let nodes = TileNodes::open(&root, |path| self.client.tile(path))
            .map_err(LogError::from)
            .map_err(AuditError::from)?;
        while found.len() < most && self.walked.next.0 < root.size.0 {
            for (index, entry) in self.client.entries_from(self.walked.next, root, &nodes)? {
                if entry.time() > self.horizon || found.len() >= most {
                    return Ok(found);
                }
                if let Some((id, past)) = self.hint(&entry) {
                    found.extend(self.look(id, past)?);
                }
                self.walked.next = Index(index.0 + 1);
            }
        }
        Ok(found)
    }

    /// Remembers to look at it again with the next walk: it could not be erased.
    pub fn hold(&mut self, overdue: &Overdue) {
        self.walked.later.insert(overdue.id, overdue.since);
    }

    /// The record that an entry may be about, if it is of the kind, and since when it is past by this entry.
    fn hint(&self, entry: &Entry) -> Option<(Hash, Option<Millis>)> {
        let has_status = kinds::row(&self.kind).is_some_and(|row| row.class == Class::Create);
        match entry {
            Entry::Transition { target_id, status, .. } if has_status && status.is_ended() => {
                Some((*target_id, Some(entry.time())))
            }
            Entry::Create { head, .. } | Entry::Party { head, .. } if has_status => Some((head.id, None)),
            Entry::Trace { head } if !has_status => Some((head.id, Some(entry.time()))),
            _ => None,
        }
    }

    /// Reads the record, proven: whether it is of the kind, still there, and past for as long as its term. `past`: since when, if it
    /// has ended or has no status; of what has ended and is not known since when, its end's own entry tells.
    fn look(&mut self, id: Hash, past: Option<Millis>) -> Result<Option<Overdue>, ReadError> {
        let answer = match self.client.record_receipt(&id, None) {
            Err(ReadError::Call(CallError::Refused(problem))) if problem.name == "erased" => return Ok(None),
            other => other?,
        };
        let Some(opened) = &answer.logged().opened else { return Ok(None) };
        if kind_of(&opened.record) != self.kind {
            return Ok(None);
        }
        let since = match &answer {
            ReceiptAnswer::Create(proven) if !proven.answer().status().is_ended() => {
                // While somebody disputes it the ledger keeps it: asked again each time.
                lapses(&opened.record, proven.answer().status().undisputed())
            }
            _ => past,
        };
        let Some(since) = since else { return Ok(None) };
        if since > self.horizon {
            self.walked.later.insert(id, since);
            return Ok(None);
        }
        self.walked.later.remove(&id);
        Ok(Some(Overdue { id, since }))
    }
}

//! The log's keys as the list in force says, kept at hand, and those of them that are here to sign.
//!
//! spec: log.md#log-keys

use crate::error::OpenError;
use crate::index::Rows;
use crate::search;
use crate::store::Reader;
use crate::vault::VaultRow;
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::index::{listed, status_of};
use procura_core::key::Signer;
use procura_core::kinds::Content;
use procura_core::log_keys::{LogKey, check_continued};
use procura_core::note::{KeyType, NoteSignature, NoteVerifier};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::tree::Root;
use procura_core::{Hash, Millis};
use std::cell::Cell;
use std::sync::Arc;

/// The list in force, as of one entry. A clone is cheap.
#[derive(Clone)]
pub(crate) struct LogKeys {
    list: Arc<[LogKey]>,
    record: Option<Hash>,
}

impl LogKeys {
    /// Before any record: the keys that the log began with.
    pub(crate) fn first(keys: Vec<NoteVerifier>) -> Self {
        let list = keys.into_iter().map(|key| LogKey { key, retired_at: None }).collect();
        Self { list, record: None }
    }

    /// Reads what is in force out of all lists that there ever were: when a ledger is opened. Each that came into force continues
    /// the one before, so the last one is the one that continues the others.
    pub(crate) fn read(
        rows: &dyn Rows,
        reader: &dyn Reader,
        first: Vec<NoteVerifier>,
    ) -> Result<Self, String> {
        let mut found = Self::first(first);
        for id in search::lists_of_log_keys(rows).map_err(|error| error.to_string())? {
            let damaged = |what: &str| format!("the list of log keys {id} is damaged: {what}");
            let status = status_of(rows, &id).map_err(|error| error.to_string())?;
            if status.is_none_or(|header| header.status != Status::ACTIVE) {
                continue;
            }
            let at = listed(rows, &id).map_err(|error| error.to_string())?;
            let at = at.ok_or_else(|| damaged("it is not in the index"))?;
            let row = reader.vault(at.created()).map_err(|error| error.to_string())?;
            let row = VaultRow::decode(&row.ok_or_else(|| damaged("its body is gone"))?);
            let row = row.map_err(|error| damaged(&error.to_string()))?;
            let record = Record::parse(row.admitted.jws.text()).map_err(|error| damaged(error.name()))?;
            let Content::LogKeys(list) = record.content() else {
                return Err(damaged("it is another kind"));
            };
            if found.record.is_none() || check_continued(&found.list, &list.log_keys).is_ok() {
                found = Self { list: list.log_keys.clone().into(), record: Some(id) };
            }
        }
        Ok(found)
    }

    /// Takes note of a record that was logged with the status that it led to, and of what it moved.
    pub(crate) fn note(&mut self, record: &Record, status: Option<Status>, target: Option<&Record>) {
        if status != Some(Status::ACTIVE) {
            return;
        }
        for named in [Some(record), target].into_iter().flatten() {
            if let Content::LogKeys(list) = named.content() {
                *self = Self { list: list.log_keys.clone().into(), record: Some(named.id()) };
            }
        }
    }

    /// The keys, retired ones included.
    pub(crate) fn list(&self) -> &[LogKey] {
        &self.list
    }

    /// The record that says so; `None`: there is none yet.
    pub(crate) const fn record(&self) -> Option<Hash> {
        self.record
    }

    /// The same keys as verifiers.
    pub(crate) fn verifiers(&self) -> Vec<NoteVerifier> {
        self.list.iter().map(|key| key.key.clone()).collect()
    }
}

/// The keys that are here.
pub(crate) struct Signers {
    first: Key,
    also: Vec<Key>,
}

type Key = (NoteVerifier, Arc<dyn Signer>);

impl Signers {
    pub(crate) fn new(
        origin: &str,
        log_key: Arc<dyn Signer>,
        also_signs: Vec<Arc<dyn Signer>>,
    ) -> Result<Self, OpenError> {
        let named = |signer: Arc<dyn Signer>| {
            let verifier = NoteVerifier::new(origin, KeyType::Ed25519, signer.public_key().as_bytes());
            Ok((verifier.map_err(|error| OpenError::LogKey(error.to_string()))?, signer))
        };
        let also = also_signs.into_iter().map(named).collect::<Result<_, OpenError>>()?;
        Ok(Self { first: named(log_key)?, also })
    }

    pub(crate) const fn first(&self) -> &NoteVerifier {
        &self.first.0
    }

    pub(crate) fn verifiers(&self) -> Vec<NoteVerifier> {
        self.all().map(|(verifier, _)| verifier.clone()).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.also)
    }

    /// Those that sign at an instant: the list names them, and has not retired them.
    fn signing<'a>(&'a self, keys: &'a LogKeys, time: Millis) -> impl Iterator<Item = &'a Key> {
        let signs = move |verifier: &NoteVerifier| {
            keys.list.iter().any(|key| key.key == *verifier && key.signs_at(time))
        };
        self.all().filter(move |(verifier, _)| signs(verifier))
    }

    pub(crate) fn can_sign(&self, keys: &LogKeys, time: Millis) -> bool {
        self.signing(keys, time).next().is_some()
    }

    /// The signed checkpoint of a tree, as a note's text: by every key that is here and signs at `time`.
    pub(crate) fn sign(
        &self,
        origin: &str,
        root: Root,
        keys: &LogKeys,
        time: Millis,
    ) -> Result<String, String> {
        let failed = Cell::new(None);
        let mut signed: Option<SignedCheckpoint> = None;
        for (verifier, signer) in self.signing(keys, time) {
            let sign = |message: &[u8]| match signer.sign(message) {
                Ok(signature) => signature,
                Err(error) => {
                    failed.set(Some(error.to_string()));
                    [0; 64]
                }
            };
            let by_one = match signed {
                None => Checkpoint::new(origin, root).and_then(|checkpoint| checkpoint.sign(verifier, &sign)),
                Some(signed) => NoteSignature::sign(verifier, signed.note().text(), &sign)
                    .map_err(Into::into)
                    .and_then(|line| signed.with(line)),
            };
            signed = Some(by_one.map_err(|error| error.to_string())?);
        }
        match (failed.take(), signed) {
            (Some(error), _) => Err(error),
            (None, Some(signed)) => Ok(signed.to_string()),
            (None, None) => Err(NONE_SIGNS.to_owned()),
        }
    }
}

/// Why nothing is signed.
pub(crate) const NONE_SIGNS: &str =
    "none of the keys that are here is one that the log's list of keys lets sign now";

/// Those of `candidates` that signed a checkpoint.
pub(crate) fn signed_by(
    signed: &SignedCheckpoint,
    origin: &str,
    candidates: &[NoteVerifier],
) -> Vec<NoteVerifier> {
    let has_signed = |key: &&NoteVerifier| signed.verify(origin, std::slice::from_ref(*key)).is_ok();
    candidates.iter().filter(has_signed).cloned().collect()
}

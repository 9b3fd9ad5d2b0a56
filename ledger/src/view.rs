//! The ledger as of one signed checkpoint: look things up, decide, prove. Cheap to take, consistent for as long as it is held.

use crate::cache::CacheAt;
use crate::catalogues;
use crate::error::ReadError;
use crate::growth::size_at;
use crate::index::Rows;
use crate::ledger::Shared;
use crate::live::{Kept, Live, Trust};
use crate::published::Head;
use crate::search::{self, Ids};
use crate::store::Reader;
use procura_core::admission::State as _;
use procura_core::checkpoint::{CheckpointError, SignedCheckpoint};
use procura_core::entry::Entry;
use procura_core::hash::link_commitment;
use procura_core::identifier::Identifier;
use procura_core::judge::{Judge, Standing, Verdict};
use procura_core::key::PublicKey;
use procura_core::kinds::{Content, KeyEnd, Party};
use procura_core::kv::Unreadable;
use procura_core::log_keys::LogKey;
use procura_core::note::NoteSignature;
use procura_core::receipt::AsOf;
use procura_core::source::{Lack, List, Logged, Source};
use procura_core::status::Status;
use procura_core::tree::Root;
use procura_core::{Hash, Index, Millis, Size};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The ledger as of one signed checkpoint.
#[derive(Clone)]
pub struct View {
    pub(crate) shared: Arc<Shared>,
    pub(crate) head: Arc<Head>,
}

/// A record of any kind, found by its id.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id.
    pub id: Hash,
    /// The entry with the record.
    pub logged: Arc<Logged>,
    /// A create's status.
    pub status: Option<Status>,
    /// The parties in whose lists it stands.
    pub parties: Vec<Hash>,
}

/// A party as the ledger knows it.
#[derive(Debug, Clone)]
pub struct PartyInfo {
    /// Its record's id.
    pub id: Hash,
    /// What its record says.
    pub content: Party,
    /// What it is registered under; `None` of a role.
    pub identifier: Option<Identifier>,
    /// Its status.
    pub status: Status,
}

impl PartyInfo {
    /// `None` if the record is no party, or was erased.
    pub(crate) fn of(id: &Hash, create: &Logged, list: &List) -> Option<Self> {
        let opened = create.opened.as_ref()?;
        let Content::Party(content) = opened.record.content() else { return None };
        let identifier = opened.disclosed_str("identifier").and_then(|text| text.parse().ok());
        Some(Self { id: *id, content: content.clone(), identifier, status: list.status()? })
    }
}

/// A key as the ledger knows it.
#[derive(Debug, Clone)]
pub struct KeyInfo {
    /// Whose it is.
    pub party: Hash,
    /// The key.
    pub public_key: PublicKey,
    /// Its status.
    pub status: Status,
    /// Whether a key-end says that it was in other hands.
    pub compromised: bool,
}

impl View {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let head = shared.published.head();
        Self { shared, head }
    }

    /// The ledger's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// How many entries the view covers.
    #[must_use]
    pub fn size(&self) -> Size {
        self.head.root.size
    }

    /// The tree's size and root.
    #[must_use]
    pub fn root(&self) -> Root {
        self.head.root
    }

    /// The time of the index commit.
    #[must_use]
    pub fn time(&self) -> Millis {
        self.head.time
    }

    /// The signed checkpoint, a note's text.
    #[must_use]
    pub fn checkpoint(&self) -> &str {
        &self.head.checkpoint
    }

    /// The same view under its checkpoint with these cosignatures, which the caller has checked: proofs made of it carry them.
    ///
    /// # Errors
    /// [`ReadError::Fault`] if they are too many.
    pub fn cosigned(&self, cosignatures: &[NoteSignature]) -> Result<Self, ReadError> {
        let fault = |error: CheckpointError| ReadError::Fault(error.to_string());
        let checkpoint = SignedCheckpoint::parse(self.checkpoint().as_bytes()).map_err(fault)?;
        let checkpoint = cosignatures.iter().cloned().try_fold(checkpoint, SignedCheckpoint::with);
        let head = self.head.under(checkpoint.map_err(fault)?.to_string());
        Ok(Self { shared: Arc::clone(&self.shared), head: Arc::new(head) })
    }

    /// The record with this id, of any kind; `None` if there is none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn record(&self, id: &Hash) -> Result<Option<Found>, ReadError> {
        let Some(index) = search::index_of(&self.head.snapshot, id)? else { return Ok(None) };
        let kept = self.kept(index)?;
        let status = match kept.logged.entry {
            Entry::Create { .. } | Entry::Party { .. } => self.status(id)?,
            _ => None,
        };
        let parties = kept.filed.iter().map(|(party, _)| *party).collect();
        Ok(Some(Found { id: *id, logged: Arc::clone(&kept.logged), status, parties }))
    }

    /// The parties in whose lists a record stands, or a transition on it, ascending; `None` if there is no such record. Of what was
    /// erased nobody knows any more.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn parties_of(&self, id: &Hash) -> Result<Option<BTreeSet<Hash>>, ReadError> {
        if search::index_of(&self.head.snapshot, id)?.is_none() {
            return Ok(None);
        }
        Ok(Some(self.live(|live| live.parties_of(id))??))
    }

    /// The status of a create; `None` if there is none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn status(&self, id: &Hash) -> Result<Option<Status>, ReadError> {
        Ok(procura_core::index::listed(&self.head.snapshot, id)?.map(|found| found.status))
    }

    /// The party with this id.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn party(&self, id: &Hash) -> Result<Option<PartyInfo>, ReadError> {
        let Some(Standing { create, list }) = self.create(id)? else { return Ok(None) };
        Ok(PartyInfo::of(id, &create, &list))
    }

    /// A create with its status list; `None` if there is none with this id.
    pub(crate) fn create(&self, id: &Hash) -> Result<Option<Standing>, ReadError> {
        self.live(|live| match live.record(id) {
            Ok(create) if create.entry.class().is_create() => {
                Ok(Some(Standing { create, list: live.list(id)? }))
            }
            Ok(_) | Err(Lack::Record { .. }) => Ok(None),
            Err(lack) => Err(lack),
        })?
        .map_err(Into::into)
    }

    /// The party registered under an identifier.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn party_of(&self, identifier: &Identifier) -> Result<Option<Hash>, ReadError> {
        Ok(search::party_with(&self.head.snapshot, identifier)?)
    }

    /// The key with this record id.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn key(&self, kid: &Hash) -> Result<Option<KeyInfo>, ReadError> {
        let Some(Standing { create, list }) = self.create(kid)? else { return Ok(None) };
        let Some(opened) = &create.opened else { return Ok(None) };
        let (Content::Key(key), Some(status)) = (opened.record.content(), list.status()) else {
            return Ok(None);
        };
        let compromised = self.live(|live| -> Result<bool, Lack> {
            for item in list.items().iter().skip(1) {
                let end = live.at(item.index)?;
                if let Some(Content::KeyEnd(KeyEnd { compromised_since: Some(_), .. })) =
                    end.opened.as_ref().map(|opened| opened.record.content())
                {
                    return Ok(true);
                }
            }
            Ok(false)
        })??;
        Ok(Some(KeyInfo { party: key.party, public_key: key.public_key, status, compromised }))
    }

    /// The keys that sign the log, retired ones included.
    #[must_use]
    pub fn log_keys(&self) -> &[LogKey] {
        self.head.log_keys.list()
    }

    /// The record that says which keys these are; `None` while it is the one that the log began with.
    #[must_use]
    pub fn log_keys_record(&self) -> Option<Hash> {
        self.head.log_keys.record()
    }

    /// The catalogues in force, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn catalogues(&self) -> Result<Vec<Hash>, ReadError> {
        self.live(|live| self.catalogues_as_of(live, self.size()))?
    }

    /// The catalogues that were in force at `size`, oldest first.
    pub(crate) fn catalogues_as_of(&self, source: &impl Source, size: Size) -> Result<Vec<Hash>, ReadError> {
        let in_force = if size == self.size() {
            catalogues::in_force(source, self.head.catalogues.ids(), size)
        } else {
            catalogues::in_force(source, &catalogues::ever(&self.head.snapshot)?, size)
        };
        Ok(in_force?)
    }

    /// The mandates and consents from one party to another, newest first, at most [`search::MAX_GRANTS`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn grants(&self, from: &Hash, to: &Hash) -> Result<Vec<Hash>, ReadError> {
        Ok(self.ids(&search::grants_prefix(from, to), search::MAX_GRANTS)?)
    }

    /// The ids that rows under a prefix name.
    pub(crate) fn ids(&self, prefix: &[u8], limit: usize) -> Result<Vec<Hash>, Unreadable> {
        self.head.snapshot.ids(prefix, limit)
    }

    /// The record that who holds this link may answer; `None` if there is none, or it was erased.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn linked(&self, link: &[u8; 32]) -> Result<Option<Found>, ReadError> {
        match search::linked(&self.head.snapshot, &link_commitment(link))? {
            Some(id) => Ok(self.record(&id)?.filter(|found| found.logged.opened.is_some())),
            None => Ok(None),
        }
    }

    /// Whether a party wants no more requests of another, by its newest 64 blocks on it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn has_blocked(&self, party: &Hash, other: &Hash) -> Result<bool, ReadError> {
        for id in self.ids(&search::blocks_prefix(party, other), search::MAX_BLOCKS)? {
            if self.status(&id)? == Some(Status::ACTIVE) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The records in force that say who holds somebody's data, newest first, at most [`search::MAX_GRANTS`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn holdings(&self, subject: &Hash) -> Result<Vec<Found>, ReadError> {
        let mut found = Vec::new();
        for id in self.ids(&search::holdings_prefix(subject), search::MAX_GRANTS)? {
            found.extend(self.record(&id)?.filter(|found| found.status == Some(Status::ACTIVE)));
        }
        Ok(found)
    }

    /// The hooks logged behind `after`, or all that ever were, oldest first, at most `limit`; ended or not.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn hooks(&self, after: Option<Index>, limit: usize) -> Result<Vec<Found>, ReadError> {
        let prefix = search::hooks_prefix();
        let after = after.map(|index| [&prefix[..], &index.0.to_be_bytes()].concat());
        let mut found = Vec::new();
        for (_, row) in self.head.snapshot.range(&prefix, after.as_deref(), limit)? {
            found.extend(self.record(&search::id_of(&row)?)?);
        }
        Ok(found)
    }

    /// The hook of a party that has this number and is in force.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn hook(&self, party: &Hash, number: u8) -> Result<Option<Found>, ReadError> {
        match self.ids(&search::numbered_prefix(party, number), 1)?.first() {
            Some(id) => Ok(self.record(id)?.filter(|found| found.status == Some(Status::ACTIVE))),
            None => Ok(None),
        }
    }

    /// Whether the signature of a logged record still counts.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn counts(&self, id: &Hash) -> Result<bool, ReadError> {
        self.live(|live| match Judge::trusting_admission(live).standing(id) {
            Ok(_) => Ok(true),
            Err(Verdict::Lack(lack)) => Err(lack.into()),
            Err(_) => Ok(false),
        })?
    }

    /// The tree size as of a time: that of the last index commit with a time not after it. `None` if that is not settled
    /// yet, or the ledger did not exist.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn as_of_time(&self, time: Millis) -> Result<Option<AsOf>, ReadError> {
        let reader = self.shared.store.read()?;
        let low = size_at(reader.as_ref(), time, Size(0), self.size())?.0;
        // A later commit must show that nothing more came before `time` was over.
        if low == 0 || self.time() <= time {
            return Ok(None);
        }
        for index in (0..low).rev() {
            if matches!(entry_at(reader.as_ref(), index)?, Entry::Commit(_)) {
                return Ok(Some(AsOf { size: Index(index).size_with(), time: Some(time) }));
            }
        }
        Ok(None)
    }

    pub(crate) fn kept(&self, index: Index) -> Result<Arc<Kept>, ReadError> {
        Ok(self.live(|live| live.kept(index))??)
    }

    /// Reads the ledger as a source.
    pub(crate) fn live<T>(
        &self,
        read: impl FnOnce(&Live<'_, crate::index::Snapshot>) -> T,
    ) -> Result<T, ReadError> {
        let cache = self.shared.cache.now();
        let reader = self.shared.store.read()?;
        Ok(self.live_over((reader.as_ref(), cache), read))
    }

    pub(crate) fn live_over<T>(
        &self,
        (reader, cache): (&dyn Reader, CacheAt<'_>),
        read: impl FnOnce(&Live<'_, crate::index::Snapshot>) -> T,
    ) -> T {
        let nothing_prepared = |_: &Hash| false;
        read(&Live {
            origin: &self.shared.origin,
            kv: &self.head.snapshot,
            reader,
            cache,
            trust: Trust::Admission,
            vrf: self.shared.vrf.as_deref(),
            pending: &[],
            prepared: &nothing_prepared,
            catalogues: &self.head.catalogues,
            log_keys: self.head.log_keys.list(),
            standings: Some((self.shared.standings.as_ref(), self.head.footing)),
            size: self.size(),
            found: RefCell::default(),
        })
    }
}

/// The entry at an index.
pub(crate) fn entry_at(reader: &dyn Reader, index: u64) -> Result<Entry, ReadError> {
    let bytes = reader.entries(index..index + 1)?;
    let bytes = bytes.first().map_or(&[][..], Vec::as_slice);
    Entry::decode(bytes).map_err(|error| ReadError::Fault(format!("the entry at {index}: {error}")))
}

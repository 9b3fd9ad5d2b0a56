//! Whether a signature counts, and whether a record's status came about as the kinds table says.
//!
//! spec: records.md#signatures

use crate::entry::Entry;
use crate::key::{PublicKey, SignatureError};
use crate::kinds::{
    Content, KeyEnd, NotAllowed, Party, Root, Signatory, Signer, Signing, Target, check_possession,
    check_within, under_of,
};
use crate::record::Record;
use crate::source::{Lack, List, Logged, OpeningError, Source};
use crate::status::{Move, Status};
use crate::{Hash, Index, Millis, Size};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The longest chain of keys from a record to the root.
pub const MAX_CHAIN: usize = 8;

/// Why a signature, or a status, does not count.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Verdict {
    /// Something that the judgement needs is not there.
    #[error(transparent)]
    Lack(#[from] Lack),
    /// `kid` names no key.
    #[error("the record at {0} is signed by a key that is not in the ledger")]
    UnknownSigner(Index),
    /// The signature does not verify.
    #[error("the signature of the record at {0} does not verify: {1}")]
    Signature(Index, SignatureError),
    /// The key was not active then.
    #[error("the record at {0} is signed by a key that was not active then")]
    KeyNotActive(Index),
    /// The key's party was not active then.
    #[error("the record at {0} is signed for a party that was not active then")]
    PartyNotActive(Index),
    /// The key had been compromised by then.
    #[error("the record at {0} is signed by a key that was compromised by then")]
    KeyCompromised(Index),
    /// The kinds table does not let this signer sign this.
    #[error("the record at {0}: {1}")]
    NotAllowed(Index, NotAllowed),
    /// The chain of keys is longer than any honest one.
    #[error("the chain of keys above the record at {0} is too long")]
    ChainTooLong(Index),
}

impl Verdict {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lack(lack) => lack.name(),
            Self::UnknownSigner(_) => "unknown_signer",
            Self::Signature(..) => "signature",
            Self::KeyNotActive(_) => "key_not_active",
            Self::PartyNotActive(_) => "party_not_active",
            Self::KeyCompromised(_) => "key_compromised",
            Self::NotAllowed(..) => "not_allowed",
            Self::ChainTooLong(_) => "chain_too_long",
        }
    }
}

impl From<OpeningError> for Verdict {
    fn from(error: OpeningError) -> Self {
        Self::Lack(Lack::Opening(error))
    }
}

/// Judges records of one source as of one checkpoint. What was judged once is not judged again.
pub struct Judge<'a, S: Source + ?Sized> {
    source: &'a S,
    trusts_admission: bool,
    judged: RefCell<Judged>,
    verified: RefCell<BTreeSet<Index>>,
    /// What was found to stand, for the source to know.
    standings: RefCell<Vec<Standing>>,
    in_full: bool,
}

/// What was judged and counts. What does not is judged again by whoever asks again: it may count for a shorter list.
#[derive(Default)]
struct Judged {
    /// Signatures, by their entry.
    signatures: BTreeSet<(Index, bool)>,
    /// Lists, by their create, with the index up to which.
    lists: BTreeMap<(Index, bool), Index>,
}

/// How a signature is judged.
#[derive(Debug, Clone, Copy)]
struct How {
    /// How many keys are between it and the one asked for.
    depth: usize,
    /// Whether it matters that a key was compromised by then: not for a key-end, nor for what that rests on.
    struck: bool,
}

impl How {
    const ASKED: Self = Self { depth: 0, struck: true };

    const fn above(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// Later than any index.
const EVER: Index = Index(u64::MAX);

/// Where a record stands, or is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its index.
    pub at: Index,
    /// Its entry's time.
    pub time: Millis,
}

/// A create whose signer and status came about as they should.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The create.
    pub create: Arc<Logged>,
    /// Its list.
    pub list: Arc<List>,
}

impl Standing {
    /// The status as of a tree size; `None` if it was not there yet.
    #[must_use]
    pub fn status_as_of(&self, size: Size) -> Option<Status> {
        self.list.status_as_of(size)
    }
}

impl<'a, S: Source + ?Sized> Judge<'a, S> {
    /// Judges from scratch, as a verifier must.
    pub fn new(source: &'a S) -> Self {
        Self {
            source,
            trusts_admission: false,
            judged: RefCell::default(),
            verified: RefCell::default(),
            standings: RefCell::default(),
            in_full: true,
        }
    }

    /// Judges records that this very ledger admitted: their signatures were verified then and their bytes are its
    /// own, so only what can change later is looked at again, and what the source knows to stand is not.
    pub fn trusting_admission(source: &'a S) -> Self {
        Self { trusts_admission: true, in_full: false, ..Self::new(source) }
    }

    /// The same, but every chain of keys is walked to the root: for a key that is to be bound, whose chain must not be too long.
    #[must_use]
    pub fn in_full(self) -> Self {
        Self { in_full: true, ..self }
    }

    /// What is judged.
    #[must_use]
    pub const fn source(&self) -> &'a S {
        self.source
    }

    /// The root's key set and rules.
    ///
    /// # Errors
    /// [`Lack`] if entry 0 is not there or not opened.
    pub fn root(&self) -> Result<Arc<Logged>, Verdict> {
        Ok(self.source.at(Index(0))?)
    }

    /// Judges a create with its list: who signed it, that it started as its kind says, and who signed every item
    /// that put it into force (of a key also those that ended it).
    ///
    /// # Errors
    /// [`Verdict`].
    pub fn standing(&self, id: &Hash) -> Result<Standing, Verdict> {
        self.settled(self.standing_before(id, EVER, How::ASKED))
    }

    /// The same as of a tree size: what put it into force later is not asked.
    ///
    /// # Errors
    /// [`Verdict`].
    pub fn standing_as_of(&self, id: &Hash, size: Size) -> Result<Standing, Verdict> {
        self.settled(self.standing_before(id, Index(size.0), How::ASKED))
    }

    /// Tells the source what was found to stand.
    fn settled<T>(&self, judged: T) -> T {
        let found = std::mem::take(&mut *self.standings.borrow_mut());
        if !found.is_empty() {
            self.source.stand(found);
        }
        judged
    }

    /// Judges one item of a create's list, whatever its other items are worth.
    ///
    /// # Errors
    /// [`Verdict`].
    pub fn item(&self, id: &Hash, index: Index) -> Result<Arc<Logged>, Verdict> {
        let standing = Standing { create: self.source.record(id)?, list: self.source.list(id)? };
        let signers = self.signers_before(&standing, index)?;
        self.settled(self.transition(&standing, index, &signers, How::ASKED))
    }

    /// Judges the signature of a record that has no list of its own to judge: a trace.
    ///
    /// # Errors
    /// [`Verdict`].
    pub fn signer(&self, logged: &Logged) -> Result<(), Verdict> {
        self.settled(self.signature(logged, None, How::ASKED))
    }

    /// Judges a record that is to be logged at a place, with its signature verified by `verify`: the status that it
    /// leads to. A key's proof of possession is the caller's to check.
    ///
    /// # Errors
    /// [`Verdict`]; [`OpeningError::Move`] if its target does not allow the move.
    pub fn candidate(
        &self,
        record: &Record,
        place: Place,
        verify: &dyn Fn(&PublicKey) -> Result<(), Verdict>,
    ) -> Result<Option<Status>, Verdict> {
        self.settled(self.judge_candidate(record, place, verify))
    }

    fn judge_candidate(
        &self,
        record: &Record,
        place: Place,
        verify: &dyn Fn(&PublicKey) -> Result<(), Verdict>,
    ) -> Result<Option<Status>, Verdict> {
        let becomes = record.row().becomes;
        let Some(target_id) = record.common().target else {
            // A key is judged as deep as a record that it will sign: none is bound whose signatures could not count.
            let is_key = matches!(record.content(), Content::Key(_));
            let how = if is_key { How::ASKED.above() } else { How::ASKED };
            self.statement(record, place, None, how, verify)?;
            return Ok(becomes(record, None));
        };
        self.signatory(record).map_err(|verdict| match verdict {
            Verdict::Lack(Lack::Record { .. }) => Verdict::UnknownSigner(place.at),
            other => other,
        })?;
        // What no longer counts cannot be moved; but a key can always be ended.
        let how = How { struck: !matches!(record.content(), Content::KeyEnd(_)), ..How::ASKED };
        let standing = self.standing_before(&target_id, place.at, how)?;
        let signers = self.signers_before(&standing, place.at)?;
        let status = standing.list.status().ok_or(Lack::List { id: target_id })?;
        let target = Target {
            record: &standing.create.opened()?.record,
            logged_at: standing.create.entry.time(),
            items: standing.list.items(),
            status,
        };
        let next = becomes(record, Some(&target));
        // Who may not touch the record learns nothing of its status.
        self.statement(record, place, Some((&target, &signers)), How::ASKED, verify)?;
        match next {
            Some(next) if (Move { from: status, to: next }).is_permitted() => Ok(Some(next)),
            _ => Err(OpeningError::Move(place.at).into()),
        }
    }

    /// What the source knows to stand, where that may be relied on.
    fn known(&self, id: &Hash) -> Option<Standing> {
        if self.in_full { None } else { self.source.judged(id) }
    }

    /// The record with this id, from what the source knows to stand if it is among that: to look it up takes longer.
    fn named(&self, id: &Hash) -> Result<Arc<Logged>, Lack> {
        self.known(id).map_or_else(|| self.source.record(id), |known| Ok(known.create))
    }

    /// Judges a create with the items before `before` that put it into force, and of a key with all that ended it: these say
    /// since when it was in other hands. Each signature rests on earlier entries only, so this comes to an end.
    fn standing_before(&self, id: &Hash, before: Index, how: How) -> Result<Standing, Verdict> {
        if let Some(known) = self.known(id) {
            return Ok(known);
        }
        let standing = Standing { create: self.source.record(id)?, list: self.source.list(id)? };
        let known = (standing.create.index, how.struck);
        if self.judged.borrow().lists.get(&known).is_some_and(|judged| *judged >= before) {
            return Ok(standing);
        }
        let opened = standing.create.opened()?;
        check_status(&standing.create, None)?;
        self.signature(&standing.create, None, how)?;
        let is_key = matches!(opened.record.content(), Content::Key(_));
        let mut signers = vec![self.signatory(&opened.record)?];
        let mut is_whole = how.struck;
        for (made, item) in moves(&standing.list) {
            if made.is_enabling() && item < before {
                let logged = self.transition(&standing, item, &signers, how)?;
                signers.push(self.signatory(&logged.opened()?.record)?);
            } else if made.is_enabling() {
                is_whole = false;
            } else if is_key && how.struck && made.to.is_ended() {
                self.transition(&standing, item, &signers, how)?;
            }
        }
        self.judged.borrow_mut().lists.insert(known, before);
        if is_whole {
            self.standings.borrow_mut().push(standing.clone());
        }
        Ok(standing)
    }

    /// With what the create and the enabling items before `index` were signed.
    ///
    /// # Errors
    /// [`Verdict`] if one of them is not there.
    pub fn signers_before(&self, standing: &Standing, index: Index) -> Result<Vec<Signatory>, Verdict> {
        let mut signers = vec![self.signatory(&standing.create.opened()?.record)?];
        for (before, item) in moves(&standing.list) {
            if item < index && before.is_enabling() {
                signers.push(self.signatory(&self.source.at(item)?.opened()?.record)?);
            }
        }
        Ok(signers)
    }

    /// With what a record is signed that was judged before.
    fn signatory(&self, record: &Record) -> Result<Signatory, Verdict> {
        let kid = *record.jws().kid();
        let root_entry = self.root()?;
        if root_of(&root_entry)?.key(&kid).is_some() {
            return Ok(Signatory { kid, party: None });
        }
        match self.named(&kid)?.opened()?.record.content() {
            Content::Key(key) => Ok(Signatory { kid, party: Some(key.party) }),
            _ => Err(Lack::Record { id: kid }.into()),
        }
    }

    /// Judges the transition at `index` of a list: that it makes the move its kind gives, and who signed it.
    fn transition(
        &self,
        standing: &Standing,
        index: Index,
        signers: &[Signatory],
        how: How,
    ) -> Result<Arc<Logged>, Verdict> {
        let logged = self.source.at(index)?;
        logged.opened()?;
        let create = standing.create.opened()?;
        let items = standing.list.as_of(Size(index.0));
        let status = standing.list.status_as_of(Size(index.0));
        let on_target = matches!(&logged.entry, Entry::Transition { target, target_id, .. }
            if *target == standing.create.index && *target_id == create.record.id());
        let (Some(status), true) = (status, on_target) else {
            return Err(OpeningError::Target(index).into());
        };
        let target =
            Target { record: &create.record, logged_at: standing.create.entry.time(), items, status };
        check_status(&logged, Some(&target))?;
        self.signature(&logged, Some((&target, signers)), how)?;
        Ok(logged)
    }

    fn signature(
        &self,
        logged: &Logged,
        target: Option<(&Target<'_>, &[Signatory])>,
        how: How,
    ) -> Result<(), Verdict> {
        let record = &logged.opened()?.record;
        let known = (logged.index, how.struck);
        if self.judged.borrow().signatures.contains(&known) {
            return Ok(());
        }
        let place = Place { at: logged.index, time: logged.entry.time() };
        self.statement(record, place, target, how, &|key| self.check_signature(logged.index, record, key))?;
        self.judged.borrow_mut().signatures.insert(known);
        Ok(())
    }

    /// Whether the signature of a record at a place counts. `verify` is told the key.
    fn statement(
        &self,
        record: &Record,
        Place { at, time }: Place,
        target: Option<(&Target<'_>, &[Signatory])>,
        how: How,
        verify: &dyn Fn(&PublicKey) -> Result<(), Verdict>,
    ) -> Result<(), Verdict> {
        if how.depth > MAX_CHAIN {
            return Err(Verdict::ChainTooLong(at));
        }
        // Whoever held a key may say that it is over, and who ended one is not to void what that one signed before.
        let how = How { struck: how.struck && !matches!(record.content(), Content::KeyEnd(_)), ..how };
        if at == Index(0) {
            return self.root_itself(record, time, verify);
        }
        let root_entry = self.root()?;
        let root_record = &root_entry.opened()?.record;
        let root = root_of(&root_entry)?;
        let kid = record.jws().kid();

        let holder = match record.content() {
            Content::Key(key) => Some(self.party(&key.party, at, how)?.0),
            Content::Party(Party { under: Some(under), .. }) => Some(self.party(under, at, how)?.0),
            _ => None,
        };
        let signer_party;
        let signer = if let Some(key) = root.key(kid) {
            verify(key)?;
            self.check_root_active(target, &root_record.id(), at)?;
            Signer::Root
        } else {
            let standing = self.key(kid, at, how)?;
            let Content::Key(key) = standing.create.opened()?.record.content() else {
                return Err(Verdict::UnknownSigner(at));
            };
            verify(&key.public_key)?;
            if standing.status_as_of(Size(at.0)) != Some(Status::ACTIVE) {
                return Err(Verdict::KeyNotActive(at));
            }
            if how.struck {
                self.check_compromise(&standing.list, time, at)?;
            }
            let (party, list) = self.party(&key.party, at, how)?;
            if list.status_as_of(Size(at.0)) != Some(Status::ACTIVE) {
                return Err(Verdict::PartyNotActive(at));
            }
            signer_party = party;
            let party = party_of(&signer_party).ok_or(Verdict::UnknownSigner(at))?;
            // The entry's time, which is the ledger's: `iat` is whatever the role says.
            if party.is_over(time) {
                return Err(Verdict::PartyNotActive(at));
            }
            Signer::Party { id: key.party, party, assurance: key.assurance }
        };
        let holder = holder.as_deref().and_then(party_of);
        let signing = Signing { record, time, signer, root, target, holder };
        if matches!(record.content(), Content::Root(_)) {
            return Err(Verdict::NotAllowed(at, NotAllowed::NotFirstEntry));
        }
        (record.row().may_sign)(&signing).map_err(|error| Verdict::NotAllowed(at, error))?;
        self.check_above(record, at, how)
    }

    /// The mandate that a grant is under was logged before, was active then and reaches as far. What the two records say is
    /// compared first: that bounds how many stand above one another.
    fn check_above(&self, record: &Record, at: Index, how: How) -> Result<(), Verdict> {
        let Some(under) = under_of(record) else { return Ok(()) };
        let not_there = Verdict::NotAllowed(at, NotAllowed::Under);
        let above = match self.source.record(&under.mandate) {
            Err(Lack::Record { .. }) => return Err(not_there),
            other => other?,
        };
        if above.index >= at {
            return Err(not_there);
        }
        check_within(record, &above.opened()?.record).map_err(|error| Verdict::NotAllowed(at, error))?;
        let standing = self.standing_before(&under.mandate, at, how)?;
        if standing.status_as_of(Size(at.0)) == Some(Status::ACTIVE) { Ok(()) } else { Err(not_there) }
    }

    /// Entry 0 signs itself, with one of the keys that it lists.
    fn root_itself(
        &self,
        record: &Record,
        time: Millis,
        verify: &dyn Fn(&PublicKey) -> Result<(), Verdict>,
    ) -> Result<(), Verdict> {
        let at = Index(0);
        let Content::Root(root) = record.content() else { return Err(OpeningError::Class(at).into()) };
        let key = root.key(record.jws().kid()).ok_or(Verdict::UnknownSigner(at))?;
        verify(key)?;
        let signer = Signer::Root;
        let signing = Signing { record, time, signer, root, target: None, holder: None };
        (record.row().may_sign)(&signing).map_err(|error| Verdict::NotAllowed(at, error))
    }

    /// The record of a signer's key, judged; it must have been logged before.
    fn key(&self, kid: &Hash, at: Index, how: How) -> Result<Standing, Verdict> {
        let named = match self.named(kid) {
            Err(Lack::Record { .. }) => return Err(Verdict::UnknownSigner(at)),
            other => other?,
        };
        // Some other record's id: it may have no status list to judge.
        if !matches!(named.opened()?.record.content(), Content::Key(_)) {
            return Err(Verdict::UnknownSigner(at));
        }
        if named.index >= at {
            return Err(Verdict::UnknownSigner(at));
        }
        self.standing_before(kid, at, how.above())
    }

    /// A party that a key names, judged; it must have been logged before.
    fn party(&self, id: &Hash, at: Index, how: How) -> Result<(Arc<Logged>, Arc<List>), Verdict> {
        if self.named(id)?.index >= at {
            return Err(Verdict::PartyNotActive(at));
        }
        let standing = self.standing_before(id, at, how.above())?;
        Ok((standing.create, standing.list))
    }

    fn check_signature(&self, at: Index, record: &Record, key: &PublicKey) -> Result<(), Verdict> {
        if self.trusts_admission || self.verified.borrow().contains(&at) {
            return Ok(());
        }
        record.jws().verify(key).map_err(|error| Verdict::Signature(at, error))?;
        check_possession(record).map_err(|error| Verdict::NotAllowed(at, error))?;
        self.verified.borrow_mut().insert(at);
        Ok(())
    }

    /// The root signs while it is active; before that it signs only itself into force.
    fn check_root_active(
        &self,
        target: Option<(&Target<'_>, &[Signatory])>,
        root: &Hash,
        at: Index,
    ) -> Result<(), Verdict> {
        let on_itself = target.is_some_and(|(target, _)| target.record.id() == *root);
        let list = self.source.list(root)?;
        if on_itself || list.status_as_of(Size(at.0)) == Some(Status::ACTIVE) {
            Ok(())
        } else {
            Err(Verdict::KeyNotActive(at))
        }
    }

    /// No key-end up to the checkpoint says that the key was compromised by `time`. Every ending item of a key is
    /// opened, so that none can be left out to hide this.
    fn check_compromise(&self, key: &List, time: Millis, at: Index) -> Result<(), Verdict> {
        for (made, item) in moves(key) {
            if !made.to.is_ended() {
                continue;
            }
            if let Content::KeyEnd(KeyEnd { compromised_since: Some(since), .. }) =
                self.source.at(item)?.opened()?.record.content()
                && *since <= time
            {
                return Err(Verdict::KeyCompromised(at));
            }
        }
        Ok(())
    }
}

/// That an opened entry states the status which its kind gives: a create its first one, a transition its target's next one.
///
/// spec: entries.md#opening-check
///
/// # Errors
/// [`Lack::Unopened`]; [`OpeningError::Move`].
pub(crate) fn check_status(logged: &Logged, target: Option<&Target<'_>>) -> Result<(), Lack> {
    let record = &logged.opened()?.record;
    let becomes = (record.row().becomes)(record, target);
    if becomes.is_none() || logged.entry.status() != becomes {
        return Err(OpeningError::Move(logged.index).into());
    }
    Ok(())
}

fn party_of(logged: &Logged) -> Option<&Party> {
    match logged.opened.as_ref().map(|opened| opened.record.content()) {
        Some(Content::Party(party)) => Some(party),
        _ => None,
    }
}

/// Every move of a list with the index of the item that made it.
fn moves(list: &List) -> impl Iterator<Item = (Move, Index)> {
    list.items().windows(2).filter_map(|pair| match pair {
        [before, item] => {
            let made = Move { from: before.status?, to: item.status? };
            Some((made, item.index))
        }
        _ => None,
    })
}

/// The root that entry 0 holds.
///
/// # Errors
/// [`Lack`] if it is not opened; [`OpeningError::Class`] if it is something else.
pub fn root_of(entry_0: &Logged) -> Result<&Root, Lack> {
    match entry_0.opened()?.record.content() {
        Content::Root(root) => Ok(root),
        _ => Err(OpeningError::Class(Index(0)).into()),
    }
}

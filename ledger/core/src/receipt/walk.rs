//! What each question needs: one walk, for the prover and the verifier.
//!
//! spec: receipts.md#what-an-answer-needs

use super::{AsOf, Authority, Moves};
use crate::decide::notice;
use crate::decide::{Decision, Facts, Gather, PartyRef, decide};
use crate::entry::Entry;
use crate::hash::tag;
use crate::identifier::Identifier;
use crate::index::Item;
use crate::judge::{Judge, Standing, Verdict};
use crate::kinds::{Content, is_counted};
use crate::source::{Lack, ListError, Logged, OpeningError, Source};
use crate::status::Status;
use crate::{Hash, Index, Millis, Size};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why a walk did not reach its answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WalkError {
    /// A signature or a status does not count, or something is not there.
    #[error(transparent)]
    Verdict(#[from] Verdict),
    /// The time asked for cannot be placed between two index commits.
    #[error("no index commit after {0} is there, so the size as of then is not settled")]
    AsOfTime(Millis),
    /// The transition asked for is not in the list.
    #[error("the transition {0} is not in the list")]
    NotInList(Hash),
    /// The record was not there yet.
    #[error("the record was not logged yet at size {0}")]
    NotYet(Size),
    /// A segment is missing before the end.
    #[error("segment {0} of the party is not there, but must be")]
    SegmentGap(u64),
    /// The party's handle is not shown.
    #[error("the party's handle is not shown")]
    NoHandle,
    /// An item stands in a segment that its entry does not name.
    #[error("the entry at {0} does not carry the tag under which it is filed")]
    Tag(Index),
    /// A record's status list has an item that the party's segments lack.
    #[error("the item at {index} of record {id} is not filed under the party")]
    Misfiled {
        /// The record.
        id: Hash,
        /// The item.
        index: Index,
    },
    /// What a list shows of a record are no permitted moves.
    #[error("the list of {id}: {error}")]
    Moves {
        /// The record.
        id: Hash,
        /// What is wrong.
        error: ListError,
    },
    /// A party in the receipt is not the one that the request names.
    #[error("the {0} in the receipt is not the one that the request names")]
    OtherParty(&'static str),
    /// `decide` says something else.
    #[error("decide says {:?} over these records", .0.reason)]
    OtherDecision(Decision),
    /// A grant that the decision does not rest on.
    #[error("the decision does not rest on the grant {0}")]
    OtherGrant(Hash),
}

impl WalkError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.name(),
            Self::AsOfTime(_) => "as_of_time",
            Self::NotInList(_) => "not_in_list",
            Self::NotYet(_) => "not_yet",
            Self::SegmentGap(_) => "segment_gap",
            Self::NoHandle => "no_handle",
            Self::Tag(_) => "opening_tag",
            Self::Misfiled { .. } => "misfiled",
            Self::Moves { error, .. } => error.name(),
            Self::OtherParty(_) => "other_party",
            Self::OtherDecision(_) => "other_decision",
            Self::OtherGrant(_) => "surplus",
        }
    }
}

impl From<Lack> for WalkError {
    fn from(lack: Lack) -> Self {
        Self::Verdict(Verdict::Lack(lack))
    }
}

/// Entry 0 with its list: every answer rests on it.
///
/// # Errors
/// [`WalkError`].
pub fn root<S: Source + ?Sized>(judge: &Judge<'_, S>) -> Result<Standing, WalkError> {
    let entry_0 = judge.root()?;
    let id = entry_0.opened()?.record.id();
    Ok(judge.standing(&id)?)
}

/// The record and its signer.
///
/// # Errors
/// [`WalkError`].
pub fn existence<S: Source + ?Sized>(judge: &Judge<'_, S>, id: &Hash) -> Result<Arc<Logged>, WalkError> {
    let logged = judge.source().record(id)?;
    judge.signer(&logged)?;
    Ok(logged)
}

/// A create with its status, and the transition asked for.
#[derive(Debug, Clone)]
pub struct StatusAnswer {
    /// The create and its list.
    pub standing: Standing,
    /// The status as of the size asked for.
    pub status: Status,
    /// When a mandate ends by a notice, of which there may be several: the first.
    pub ends: Option<Millis>,
    /// The transition asked for.
    pub through: Option<Arc<Logged>>,
}

/// The status of a create.
///
/// # Errors
/// [`WalkError`].
pub fn status<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    id: &Hash,
    through: Option<&Hash>,
    as_of: Size,
) -> Result<StatusAnswer, WalkError> {
    let standing = judge.standing_as_of(id, as_of)?;
    let status = standing.status_as_of(as_of).ok_or(WalkError::NotYet(as_of))?;
    let is_mandate = matches!(standing.create.opened()?.record.content(), Content::Mandate(_));
    let ends = if is_mandate { notice(judge, id, &standing, as_of)? } else { None };
    let through = through.map(|wanted| transition(judge, id, &standing, wanted)).transpose()?;
    Ok(StatusAnswer { standing, status, ends, through })
}

/// The transition with id `wanted` in a list. Of the items that need not be opened only this one is.
fn transition<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    id: &Hash,
    standing: &Standing,
    wanted: &Hash,
) -> Result<Arc<Logged>, WalkError> {
    for item in standing.list.items().iter().skip(1).rev() {
        match judge.source().holds(item.index, wanted) {
            Ok(true) => return Ok(judge.item(id, item.index)?),
            Ok(false) => {}
            Err(unreadable) => return Err(Lack::from(unreadable).into()),
        }
    }
    Err(WalkError::NotInList(*wanted))
}

/// The tree size that a question counts up to, with the index commits that prove it if it was asked by time.
///
/// # Errors
/// [`WalkError::AsOfTime`].
pub fn as_of<S: Source + ?Sized>(
    source: &S,
    asked: Option<AsOf>,
    checkpoint: Size,
    next_commit: impl FnOnce(Size) -> Option<Index>,
) -> Result<Size, WalkError> {
    let Some(AsOf { size, time }) = asked else { return Ok(checkpoint) };
    if size > checkpoint {
        return Err(WalkError::NotYet(size));
    }
    let Some(time) = time else { return Ok(size) };
    let settled = || {
        let last = size.last()?;
        let Entry::Commit(before) = source.at(last).ok()?.entry else { return None };
        let Entry::Commit(after) = source.at(next_commit(size)?).ok()?.entry else { return None };
        (before.time <= time && after.time > time && after.prev_commit == last).then_some(size)
    };
    settled().ok_or(WalkError::AsOfTime(time))
}

/// What concerns a party.
#[derive(Debug, Clone)]
pub struct CompleteAnswer {
    /// The party's record.
    pub party: Arc<Logged>,
    /// The segments shown, in order, with their entries.
    pub segments: Vec<(u64, Vec<Arc<Logged>>)>,
    /// The status lists of the records that no item shown ends.
    pub statuses: BTreeMap<Hash, Status>,
    /// Whether the end was proven.
    pub to_the_end: bool,
}

/// Every record that concerns a party from segment `from` on, before `to` if given.
///
/// # Errors
/// [`WalkError`].
pub fn complete<S: Source + ?Sized>(
    source: &S,
    party: &Hash,
    from: u64,
    to: Option<u64>,
) -> Result<CompleteAnswer, WalkError> {
    let record = source.record(party)?;
    let handle = record.opened()?.handle.ok_or(WalkError::NoHandle)?;
    check_alias(source, &record)?;
    let mut segments = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    for segment in from.. {
        if to == Some(segment) {
            break;
        }
        let tag = tag(&handle, segment);
        let Some(found) = source.tag(&tag)? else {
            // A party's own record stands in its first segment: without it nothing was ever filed.
            if to.is_some() || segment == 0 {
                return Err(WalkError::SegmentGap(segment));
            }
            break;
        };
        let mut entries = Vec::with_capacity(found.len());
        for item in found.iter() {
            let logged = source.at(item.index)?;
            let same = logged.leaf == item.leaf
                && logged.entry.class() == item.class
                && logged.entry.status() == item.status;
            if !same || !logged.entry.tags().contains(&tag) {
                return Err(WalkError::Tag(item.index));
            }
            entries.push(logged);
        }
        items.extend(found.iter());
        segments.push((segment, entries));
    }
    let statuses = filed(source, &segments, &items, to.is_some())?;
    moved(&segments)?;
    Ok(CompleteAnswer { party: record, segments, statuses, to_the_end: to.is_none() })
}

/// Every item of the status list of each record shown that was not ended is itself shown: else it is misfiled.
fn filed<S: Source + ?Sized>(
    source: &S,
    segments: &[(u64, Vec<Arc<Logged>>)],
    items: &[Item],
    stops_early: bool,
) -> Result<BTreeMap<Hash, Status>, WalkError> {
    let shown: BTreeSet<Index> = items.iter().map(|item| item.index).collect();
    let last = shown.last().copied();
    let entries = || segments.iter().flat_map(|(_, entries)| entries);
    let ended: BTreeSet<Hash> = entries()
        .filter_map(|logged| match &logged.entry {
            Entry::Transition { target_id, status, .. } if status.is_ended() => Some(*target_id),
            _ => None,
        })
        .collect();
    let mut statuses = BTreeMap::new();
    for logged in entries() {
        let (true, Some(id)) = (logged.entry.class().is_create(), logged.entry.id()) else { continue };
        if ended.contains(&id) {
            statuses.insert(id, Status::ENDED);
            continue;
        }
        let list = source.list(&id)?;
        for item in list.items() {
            let beyond = stops_early && last.is_none_or(|last| item.index > last);
            if !beyond && !shown.contains(&item.index) {
                return Err(WalkError::Misfiled { id, index: item.index });
            }
        }
        if let Some(status) = list.status() {
            statuses.insert(id, status);
        }
    }
    Ok(statuses)
}

/// What is shown of each record shown are the moves that its kind and theirs give: whoever is filed with a create is filed with all that
/// moves it, so that nothing lies between two of them.
fn moved(segments: &[(u64, Vec<Arc<Logged>>)]) -> Result<(), WalkError> {
    let in_log_order: BTreeMap<Index, &Arc<Logged>> =
        segments.iter().flat_map(|(_, entries)| entries).map(|logged| (logged.index, logged)).collect();
    let mut moves = Moves::default();
    in_log_order.into_values().try_for_each(|logged| moves.add(logged))
}

/// Runs the decision of an authority question over exactly its records: it is the one stated, and rests on each grant. With it the
/// access that asked, if one did.
///
/// # Errors
/// [`WalkError`].
pub fn authority<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    asked: &Authority,
    as_of: Size,
) -> Result<(Decision, Option<Arc<Logged>>), WalkError> {
    let named = &asked.parties;
    let roles = [
        ("actor", Some(&asked.request.actor), Some(named.actor)),
        ("subject", Some(&asked.request.subject), Some(named.subject)),
        ("on_behalf_of", asked.request.on_behalf_of.as_ref(), named.on_behalf_of),
    ];
    for (role, reference, id) in roles {
        check_named(judge.source(), role, reference, id, as_of)?;
    }
    if named.together_with.len() != asked.request.together_with.len() {
        return Err(WalkError::OtherParty("together_with"));
    }
    for (reference, id) in asked.request.together_with.iter().zip(&named.together_with) {
        check_named(judge.source(), "together_with", Some(reference), Some(*id), as_of)?;
    }
    let gather = Gather {
        parties: named.registered(),
        grants: asked.grants.iter().copied().collect(),
        catalogues: asked.catalogues.iter().copied().collect(),
    };
    let access = asked.access.map(|id| access(judge, asked, &id)).transpose()?;
    let as_of = access.as_ref().map_or(as_of, |access| Size(access.index.0));
    let facts = Facts::gather(judge, &gather, as_of)?;
    let decision = decide(&named.request(&asked.request), asked.at, &facts);
    if let Some(access) = &access {
        check_use(judge.source(), access, &decision)?;
    }
    if decision != asked.decision {
        return Err(WalkError::OtherDecision(decision));
    }
    match asked.grants.iter().find(|id| !decision.evidence.contains(id)) {
        Some(surplus) => Err(WalkError::OtherGrant(*surplus)),
        None => Ok((decision, access)),
    }
}

/// The access that asks, judged: it asks just this, at just this instant.
fn access<S: Source + ?Sized>(
    judge: &Judge<'_, S>,
    asked: &Authority,
    id: &Hash,
) -> Result<Arc<Logged>, WalkError> {
    let logged = match judge.source().record(id) {
        Ok(logged) => {
            judge.signer(&logged)?;
            logged
        }
        // No trace: a use of one of the grants.
        Err(Lack::Record { .. }) => {
            let mut found = None;
            for grant in &asked.grants {
                let standing = judge.standing(grant)?;
                match transition(judge, grant, &standing, id) {
                    Ok(logged) => found = Some(logged),
                    Err(WalkError::NotInList(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            found.ok_or(Lack::Record { id: *id })?
        }
        Err(lack) => return Err(lack.into()),
    };
    match logged.opened()?.record.content() {
        Content::Access(access) if access.request() == asked.request && logged.entry.time() == asked.at => {
            Ok(logged)
        }
        _ => Err(WalkError::OtherParty("access")),
    }
}

/// An access is a use of the consent that the decision rests on, if its uses are counted, and of none else.
fn check_use<S: Source + ?Sized>(source: &S, access: &Logged, decision: &Decision) -> Result<(), WalkError> {
    let used = match &access.entry {
        Entry::Transition { target_id, .. } => Some(*target_id),
        _ => None,
    };
    if counted(source, decision)? == used {
        Ok(())
    } else {
        Err(Lack::from(OpeningError::Class(access.index)).into())
    }
}

/// The consent that a permit rests on and whose uses are counted.
///
/// # Errors
/// [`Lack`] if the evidence is not there.
pub fn counted<S: Source + ?Sized>(source: &S, decision: &Decision) -> Result<Option<Hash>, Lack> {
    for id in decision.evidence.iter().filter(|_| decision.permit) {
        if is_counted(&source.record(id)?.opened()?.record) {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

/// The map leads the alias of a party to that very party: there is no other for its identifier.
fn check_alias<S: Source + ?Sized>(source: &S, party: &Logged) -> Result<(), WalkError> {
    let Entry::Party { alias, .. } = party.entry else { return Ok(()) };
    match source.alias(&alias)? {
        Some(index) if index == party.index => Ok(()),
        _ => Err(Lack::AliasTaken { alias }.into()),
    }
}

/// Nobody had an identifier as of a size: the map leads its alias nowhere, or to a party that came later or has ended. (One that
/// was erased has ended. Where another that has is passed off as nobody the answer is a no either way.)
fn check_nobody<S: Source + ?Sized>(
    source: &S,
    role: &'static str,
    identifier: &Identifier,
    as_of: Size,
) -> Result<(), WalkError> {
    let claim = source.claim(identifier)?;
    let Some(index) = source.alias(&claim.alias)? else { return Ok(()) };
    let party = source.unopened(index)?;
    let Some(id) = party.entry.id().filter(|_| index.0 < as_of.0) else { return Ok(()) };
    match source.list(&id)?.status_as_of(as_of) {
        Some(status) if status.is_ended() => Ok(()),
        _ => Err(WalkError::OtherParty(role)),
    }
}

/// The party that the request names is the one whose record is there: by its id, or by the identifier that its
/// record discloses.
fn check_named<S: Source + ?Sized>(
    source: &S,
    role: &'static str,
    reference: Option<&PartyRef>,
    id: Option<Option<Hash>>,
    as_of: Size,
) -> Result<(), WalkError> {
    let other = Err(WalkError::OtherParty(role));
    let (reference, id) = match (reference, id) {
        (None, None) => return Ok(()),
        (Some(reference), Some(id)) => (reference, id),
        _ => return other,
    };
    let Some(id) = id else {
        return match reference {
            PartyRef::Identifier(identifier) => check_nobody(source, role, identifier, as_of),
            PartyRef::Id(_) | PartyRef::Nobody(_) => Ok(()),
        };
    };
    let logged = source.record(&id)?;
    let is_named = match reference {
        PartyRef::Id(named) => *named == id,
        PartyRef::Identifier(identifier) => {
            let opened = logged.opened()?;
            let is_party = matches!(opened.record.content(), Content::Party(_));
            is_party && opened.disclosed_str("identifier") == Some(identifier.text().as_str())
        }
        PartyRef::Nobody(_) => false,
    };
    if is_named { check_alias(source, &logged) } else { other }
}

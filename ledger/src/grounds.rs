//! Everything that a decision may rest on: the grants between the parties and what these are under, the catalogues. Looked up
//! the same way by who asks a view and by the sequencer, which asks the batch in progress.
//!
//! spec: decisions.md#the-walk

use crate::error::ReadError;
use crate::search;
use procura_core::decide::{AuthZen, Decision, Facts, Gather, decide};
use procura_core::judge::{Judge, Verdict};
use procura_core::kinds::{Content, Party, under_of};
use procura_core::kv::Unreadable;
use procura_core::receipt::Named;
use procura_core::source::Source;
use procura_core::{Hash, Millis, Size};
use std::collections::BTreeSet;

/// The ids that the first so many rows under a prefix name, in the order of their keys.
pub(crate) type Ids<'a> = &'a dyn Fn(&[u8], usize) -> Result<Vec<Hash>, Unreadable>;

/// For when a decision is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    /// The instant decided for.
    pub(crate) at: Millis,
    /// The size of the log as of which it is.
    pub(crate) size: Size,
    /// Whether that may be earlier than what is held now: such a decision is what it was then, or there is none.
    pub(crate) is_past: bool,
}

/// What a decision as of a size was made on.
pub(crate) struct Grounds {
    /// What it may rest on.
    pub(crate) gather: Gather,
    /// What was found.
    pub(crate) facts: Facts,
    /// The decision.
    pub(crate) decision: Decision,
}

/// Decides a request between these parties for an instant, as of a size. `catalogues`: those in force then.
pub(crate) fn decided<S: Source>(
    ids: Ids<'_>,
    source: &S,
    catalogues: BTreeSet<Hash>,
    (request, parties): (&AuthZen, &Named),
    when: When,
) -> Result<Grounds, ReadError> {
    let (gather, facts) = found(ids, source, catalogues, parties, when)?;
    let decision = decide(&parties.request(request), when.at, &facts);
    Ok(Grounds { gather, facts, decision })
}

/// What decisions between these parties may rest on, whatever they are for.
pub(crate) fn found<S: Source>(
    ids: Ids<'_>,
    source: &S,
    catalogues: BTreeSet<Hash>,
    parties: &Named,
    when: When,
) -> Result<(Gather, Facts), ReadError> {
    let gather = gather(ids, source, catalogues, parties, when)?;
    let facts = Facts::gather(&Judge::trusting_admission(source), &gather, when.size).map_err(no_facts)?;
    Ok((gather, facts))
}

fn gather(
    ids: Ids<'_>,
    source: &impl Source,
    catalogues: BTreeSet<Hash>,
    parties: &Named,
    When { size, is_past, .. }: When,
) -> Result<Gather, ReadError> {
    let actor = parties.actor.map(|actor| acts_as(source, actor)).transpose()?;
    // In its own name, a role too: for the party that it is under.
    let principal = parties.on_behalf_of.filter(|principal| *principal != parties.actor).unwrap_or(actor);
    let mut gather = Gather { parties: parties.registered(), grants: BTreeSet::new(), catalogues };
    for (from, to) in [(principal, actor), (parties.subject, principal)] {
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            let (from, to) = (with_merged(ids, &from)?, with_merged(ids, &to)?);
            for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
                gather.grants.extend(ids(&search::grants_prefix(from, to), search::MAX_GRANTS)?);
                if is_past && let Some(erasure) = ids(&search::erased_between(from, to), 1)?.first() {
                    // What it was, and whether it would have changed the answer, nobody can tell.
                    return Err(ReadError::Erased(source.record(erasure)?.index));
                }
            }
        }
    }
    let mut waiting: Vec<Hash> = gather.grants.iter().copied().collect();
    while let Some(id) = waiting.pop() {
        let logged = source.record(&id)?;
        let opened = logged.opened.as_ref().filter(|_| logged.index.0 < size.0);
        let catalogue = match opened.map(|opened| opened.record.content()) {
            Some(Content::Mandate(mandate)) => mandate.catalogue,
            Some(Content::Consent(consent)) => consent.catalogue,
            // An erased grant permits nothing.
            _ => {
                gather.grants.remove(&id);
                continue;
            }
        };
        gather.catalogues.insert(catalogue);
        let above = opened.and_then(|opened| under_of(&opened.record)).map(|under| under.mandate);
        waiting.extend(above.filter(|above| gather.grants.insert(*above)));
    }
    Ok(gather)
}

/// The party that an actor acts as: a role as the one that it is under.
pub(crate) fn acts_as(source: &impl Source, actor: Hash) -> Result<Hash, ReadError> {
    let logged = source.record(&actor)?;
    let content = logged.opened.as_ref().map(|opened| opened.record.content());
    match content {
        Some(Content::Party(Party { under: Some(under), .. })) => Ok(*under),
        _ => Ok(actor),
    }
}

/// A party and those that were merged into it, or into one of these; at most [`search::MAX_MERGED`].
pub(crate) fn with_merged(ids: Ids<'_>, party: &Hash) -> Result<Vec<Hash>, ReadError> {
    let mut all = vec![*party];
    let mut next = 0;
    while let Some(into) = all.get(next).copied()
        && all.len() < search::MAX_MERGED
    {
        for from in ids(&search::merged_prefix(&into), search::MAX_MERGED - all.len())? {
            if !all.contains(&from) {
                all.push(from);
            }
        }
        next += 1;
    }
    Ok(all)
}

fn no_facts(verdict: Verdict) -> ReadError {
    match verdict {
        Verdict::Lack(lack) => lack.into(),
        other => ReadError::Fault(other.to_string()),
    }
}

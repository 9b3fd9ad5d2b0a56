//! Who may do this with a person's data, with whose data this party may do that, and for which purposes: found page by page,
//! each decided as an evaluation would be.
//!
//! spec: http.md#searches

use crate::candidates::Candidates;
use crate::catalogues;
use crate::error::ReadError;
use crate::grounds::{self, Grounds, Ids, When};
use crate::memo::{Memo, Memory};
use crate::search;
use crate::view::{PartyInfo, View};
use procura_core::decide::{AuthZen, Decision, PARTY, PartyRef, Reason, Search, Sought, decide};
use procura_core::kinds::{Catalogue, Content, Event, LifeEvent};
use procura_core::receipt::Named;
use procura_core::source::{Lack, Source};
use procura_core::status::Status;
use procura_core::{Hash, Millis};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many more parties than are wanted are looked at for one page.
pub const SPARE: usize = 10;
/// The most parties that took one another's place that are followed.
const MOST_LINKS: usize = 8;

/// A page of what was found.
#[derive(Debug, Clone)]
pub struct Permitted<T, P> {
    /// What was found, in the order of the places.
    pub found: Vec<T>,
    /// After which place the next page goes on; `None`: there is nothing more.
    pub next: Option<P>,
    /// How many evaluations it took: of parties at most [`SPARE`] more than were wanted.
    pub evaluations: usize,
}

impl<T, P: Default> Permitted<T, P> {
    /// A page that nobody wants anything on: nothing is looked at, so that it says nothing of what there is.
    fn of_none(page: Wanted<P>) -> Self {
        Self { found: Vec::new(), next: Some(page.after.unwrap_or_default()), evaluations: 0 }
    }
}

/// Which page is wanted.
#[derive(Debug, Clone)]
pub struct Wanted<P> {
    /// After which place; `None`: from the first on.
    pub after: Option<P>,
    /// How many are found at most. Fewer may be, with more behind them.
    pub most: usize,
}

/// Where a search for parties looks: at parties known beforehand, and behind prefixes of rows.
type Around = (BTreeSet<Hash>, Vec<Vec<u8>>);

impl View {
    /// The parties that a search for actors or subjects finds at `at`, by id, those among them that are `wanted`.
    ///
    /// Nobody is listed for themselves. That needs no grant, so it would only tell who is registered. What a basis in law permits with everybody's data is not listed as subjects; roles are not listed as actors, for the party that one is under
    /// is. A search for purposes finds no party.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn permitted_parties(
        &self,
        search: &Search,
        at: Millis,
        page: Wanted<Hash>,
        is_wanted: &dyn Fn(&PartyInfo) -> bool,
    ) -> Result<Permitted<PartyInfo, Hash>, ReadError> {
        let when = When { at, size: self.size(), is_past: false };
        if page.most == 0 {
            return Ok(Permitted::of_none(page));
        }
        if search.sought == Sought::Subjects && !self.may_act(&search.request)? {
            return Ok(Permitted { found: Vec::new(), next: None, evaluations: 0 });
        }
        let most_looked_at = page.most + SPARE;
        let cache = self.shared.cache.now();
        let reader = self.shared.store.read()?;
        self.live_over((reader.as_ref(), cache), |live| {
            let memory = Memory::default();
            let memo = Memo::new(live, &memory);
            let ids = |prefix: &[u8], limit| self.ids(prefix, limit);
            let parties = self.parties(&memo, &search.request, when.size, false)?;
            let in_force: BTreeSet<Hash> = self.catalogues_as_of(&memo, when.size)?.into_iter().collect();
            let start = page.after.unwrap_or_default();
            let mut listed = Permitted { found: Vec::new(), next: Some(start), evaluations: 0 };
            let Some((known, prefixes)) = self.around(search, &parties, &memo)? else {
                return Ok(Permitted { next: None, ..listed });
            };
            let mut candidates =
                Candidates::new(&self.head.snapshot, most_looked_at + 1, known, prefixes, page.after);
            for _ in 0..most_looked_at {
                if listed.found.len() == page.most {
                    break;
                }
                let Some(place) = candidates.next()? else { break };
                listed.next = Some(place);
                let Some(info) = first_of(&ids, &memo, &candidates, place)?.filter(|info| is_wanted(info))
                else {
                    continue;
                };
                let parties = match search.sought {
                    Sought::Actors => Named { actor: Some(info.id), ..parties.clone() },
                    _ => Named { subject: Some(info.id), ..parties.clone() },
                };
                listed.evaluations += 1;
                let asked = (&search.request, &parties);
                match grounds::decided(&ids, &memo, in_force.clone(), asked, when) {
                    Ok(Grounds { decision: Decision { permit: true, reason, .. }, .. })
                        if reason != Reason::Own =>
                    {
                        listed.found.push(info);
                    }
                    // What can't be judged any more permits nothing.
                    Ok(_) | Err(ReadError::Erased(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            if candidates.next()?.is_none() {
                listed.next = None;
            }
            Ok(listed)
        })
    }

    /// The purposes that a search finds at `at`, by code. They are decided over the same facts, so that all are looked at for each page: where nothing
    /// is permitted there is no further page, whoever is asked about.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn permitted_purposes(
        &self,
        search: &Search,
        at: Millis,
        page: Wanted<String>,
    ) -> Result<Permitted<String, String>, ReadError> {
        if page.most == 0 {
            return Ok(Permitted::of_none(page));
        }
        let when = When { at, size: self.size(), is_past: false };
        let cache = self.shared.cache.now();
        let reader = self.shared.store.read()?;
        self.live_over((reader.as_ref(), cache), |live| {
            let memory = Memory::default();
            let memo = Memo::new(live, &memory);
            let ids = |prefix: &[u8], limit| self.ids(prefix, limit);
            let parties = self.parties(&memo, &search.request, when.size, false)?;
            let in_force = self.catalogues_as_of(&memo, when.size)?.into_iter().collect();
            let (_, facts) = grounds::found(&ids, &memo, in_force, &parties, when)?;
            let catalogues = facts.catalogues.values().map(|fact| &fact.content);
            let codes = catalogues
                .filter(|catalogue| catalogue.category(&search.request.category).is_some())
                .flat_map(|catalogue| catalogue.purposes.iter().map(|purpose| &purpose.code));
            let after = page.after.unwrap_or_default();
            let codes: BTreeSet<&String> = codes.filter(|code| **code > after).collect();
            let mut listed = Permitted { found: Vec::new(), next: Some(after), evaluations: 0 };
            for code in codes {
                if listed.found.len() == page.most {
                    return Ok(listed);
                }
                listed.evaluations += 1;
                let mut request = parties.request(&search.request);
                request.purpose.clone_from(code);
                if decide(&request, when.at, &facts).permit {
                    listed.found.push(code.clone());
                    listed.next = Some(code.clone());
                }
            }
            Ok(Permitted { next: None, ..listed })
        })
    }

    /// Whether the principal ever gave the actor anything, if there is one: else nobody is found, and it must not be seen, by pages to turn or by
    /// reads, who is registered and how many gave the principal something.
    fn may_act(&self, request: &AuthZen) -> Result<bool, ReadError> {
        let Some(principal) = &request.on_behalf_of else { return Ok(true) };
        let ids = |prefix: &[u8], limit| self.ids(prefix, limit);
        // Nobody has this id.
        let id = |party: &PartyRef| -> Result<Hash, ReadError> {
            Ok(match party {
                PartyRef::Id(id) => *id,
                PartyRef::Identifier(identifier) => self.party_of(identifier)?.unwrap_or_default(),
                PartyRef::Nobody(_) => Hash::default(),
            })
        };
        let (principal, actor) = (id(principal)?, id(&request.actor)?);
        if self.party(&actor)?.is_none() {
            return Ok(false);
        }
        let acting = self.live(|live| grounds::acts_as(live, actor))??;
        if principal == actor || principal == acting {
            return Ok(true);
        }
        let (from, to) = (grounds::with_merged(&ids, &principal)?, grounds::with_merged(&ids, &acting)?);
        for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
            if !ids(&search::grants_prefix(from, to), 1)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where a search for parties looks. `None`: nowhere, since somebody named is not
    /// there, or a word that no catalogue ever had.
    fn around(
        &self,
        search: &Search,
        parties: &Named,
        source: &impl Source,
    ) -> Result<Option<Around>, ReadError> {
        let ids = |prefix: &[u8], limit| self.ids(prefix, limit);
        if !self.has_words(search)? {
            return Ok(None);
        }
        let actor = parties.actor.map(|actor| grounds::acts_as(source, actor)).transpose()?;
        let principal = parties.on_behalf_of.filter(|principal| *principal != parties.actor).unwrap_or(actor);
        let mut known = BTreeSet::new();
        // Whoever acts does so for the principal; without one, for themselves, with the data of the subject.
        let (around, prefix): (_, fn(&Hash) -> Vec<u8>) = match search.sought {
            Sought::Actors if parties.on_behalf_of.is_some() => (principal, search::from_prefix),
            Sought::Actors => {
                known = self.lawful_recipients(search)?;
                (parties.subject, search::from_prefix)
            }
            Sought::Subjects => (principal, search::to_prefix),
            Sought::Purposes => return Ok(None),
        };
        let Some(around) = around else { return Ok(None) };
        known.insert(around);
        let prefixes = grounds::with_merged(&ids, &around)?.iter().map(prefix).collect();
        Ok(Some((known, prefixes)))
    }

    /// Whether there ever was a catalogue with the category and the purpose of a search, and one with the type of its subjects. Else there is nothing
    /// to look for, and nobody should have to turn empty pages.
    fn has_words(&self, search: &Search) -> Result<bool, ReadError> {
        let request = &search.request;
        let has_purpose = |catalogue: &Catalogue| {
            catalogue.category(&request.category).is_some() && catalogue.has_purpose(&request.purpose)
        };
        let has_type =
            |catalogue: &Catalogue| catalogue.schemes.iter().any(|scheme| scheme.code == search.subject_type);
        let is_any = search.sought != Sought::Actors || search.subject_type == PARTY;
        let (mut purpose, mut subjects) = (false, is_any);
        let mut look_at = |ids: &[Hash]| -> Result<bool, ReadError> {
            for id in ids {
                if let Some(catalogue) = self.catalogue(id)? {
                    purpose |= has_purpose(&catalogue);
                    subjects |= has_type(&catalogue);
                }
            }
            Ok(purpose && subjects)
        };
        // Those that are at hand nearly always say it.
        Ok(look_at(self.head.catalogues.ids())? || look_at(&catalogues::ever(&self.head.snapshot)?)?)
    }

    /// Those whom the law in force lets use the category for the purpose.
    fn lawful_recipients(&self, search: &Search) -> Result<BTreeSet<Hash>, ReadError> {
        let mut recipients = BTreeSet::new();
        for id in self.catalogues()? {
            let Some(catalogue) = self.catalogue(&id)? else { continue };
            for basis in &catalogue.bases {
                if basis.purposes.contains(&search.request.purpose)
                    && catalogue.covers(&basis.categories, &search.request.category)
                {
                    recipients.extend(&basis.recipients);
                }
            }
        }
        Ok(recipients)
    }

    /// The catalogue with this id; `None` if it was erased.
    fn catalogue(&self, id: &Hash) -> Result<Option<Arc<Catalogue>>, ReadError> {
        let standing = self.create(id)?;
        let opened = standing.as_ref().and_then(|standing| standing.create.opened.as_ref());
        Ok(opened.and_then(|opened| match opened.record.content() {
            Content::Catalogue(catalogue) => Some(Arc::clone(catalogue)),
            _ => None,
        }))
    }
}

/// The party that stands in the place of a candidate by now, if this is the first of the places that are now its own: so it is
/// listed once. `None` also if its record was erased, or nobody registered it.
fn first_of(
    ids: Ids<'_>,
    source: &impl Source,
    candidates: &Candidates<'_>,
    place: Hash,
) -> Result<Option<PartyInfo>, ReadError> {
    let Some(party) = heir(source, place)? else { return Ok(None) };
    for other in grounds::with_merged(ids, &party)? {
        if other < place && candidates.has(&other)? {
            return Ok(None);
        }
    }
    Ok(PartyInfo::of(&party, &*source.record(&party)?, &*source.list(&party)?))
}

/// The party that stands in a party's place by now: itself, unless it was merged into another. `None` if nobody registered it: the law may
/// name anybody.
fn heir(source: &impl Source, mut party: Hash) -> Result<Option<Hash>, Lack> {
    for _ in 0..MOST_LINKS {
        let list = match source.list(&party) {
            Ok(list) => list,
            Err(Lack::List { .. }) => return Ok(None),
            Err(lack) => return Err(lack),
        };
        if !list.status().is_some_and(Status::is_ended) {
            break;
        }
        let mut into = None;
        for item in list.items().iter().skip(1) {
            let logged = source.at(item.index)?;
            if let Some(Content::LifeEvent(LifeEvent { event: Event::Merger(heir), .. })) =
                logged.opened.as_ref().map(|opened| opened.record.content())
            {
                into = Some(*heir);
            }
        }
        let Some(into) = into else { break };
        party = into;
    }
    Ok(Some(party))
}

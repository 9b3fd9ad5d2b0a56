//! "May this party do this for this person, now?": looked up, decided, and proven.
//!
//! spec: decisions.md

use crate::error::ReadError;
use crate::grounds::{self, Grounds, When};
use crate::memo::{Memo, Memory};
use crate::prove::{Ask, Audience};
use crate::view::View;
use procura_core::decide::{AuthZen, Decision, PartyRef};
use procura_core::kinds::Content;
use procura_core::receipt::{AsOf, Authority, Named, Receipt, Recording};
use procura_core::source::{Lack, Logged, Source};
use procura_core::{Hash, Millis, Size};
use std::collections::BTreeSet;
use std::sync::Arc;

impl View {
    /// What `decide` says over all that the ledger holds between the parties named.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn evaluate(&self, request: &AuthZen, at: Millis) -> Result<Decision, ReadError> {
        Ok(self.decided(request, at, None)?.decision)
    }

    /// The same with its proof: an authority receipt over the evidence.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn check(&self, request: &AuthZen, at: Millis, ask: &Ask) -> Result<Receipt, ReadError> {
        let authority = self.decided(request, at, ask.as_of)?;
        self.authority(&authority, ask)?.ok_or_else(|| ReadError::Fault("a check as of no size".to_owned()))
    }

    fn decided(&self, request: &AuthZen, at: Millis, as_of: Option<AsOf>) -> Result<Authority, ReadError> {
        let size = as_of.map_or(self.size(), |as_of| as_of.size);
        let cache = self.shared.cache.now();
        let reader = self.shared.store.read()?;
        self.live_over((reader.as_ref(), cache), |live| {
            // The parties, the grants and the catalogues come by the same keys and registrars.
            let memory = Memory::default();
            let memo = Memo::new(live, &memory);
            let ids = |prefix: &[u8], limit| self.ids(prefix, limit);
            let parties = self.parties(&memo, request, size, as_of.is_some())?;
            let catalogues = self.catalogues_as_of(&memo, size)?.into_iter().collect();
            let grounds = if as_of.is_none() {
                grounds::decided(
                    &ids,
                    &memo,
                    catalogues,
                    (request, &parties),
                    When { at, size, is_past: false },
                )?
            } else {
                // Of the past an answer is what it was then, or none: it must not rest on less than it did.
                let recording = Recording::new(&memo);
                let grounds = grounds::decided(
                    &ids,
                    &recording,
                    catalogues,
                    (request, &parties),
                    When { at, size, is_past: true },
                )?;
                lacks_nothing(recording, size)?;
                grounds
            };
            Ok(authority(request, parties, at, grounds))
        })
        .map(|authority| Authority { as_of, ..authority })
    }

    /// The proof of what was decided on an access as it was logged: who asked the ledger gets it, and shows it to the source.
    /// `None` if there is no such access.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn access(
        &self,
        id: &Hash,
        from: Option<Size>,
        reader: Audience,
    ) -> Result<Option<Receipt>, ReadError> {
        let Some(found) = self.record(id)? else { return Ok(None) };
        let Some(Content::Access(access)) =
            found.logged.opened.as_ref().map(|opened| opened.record.content())
        else {
            return Ok(None);
        };
        let (request, at) = (access.request(), found.logged.entry.time());
        let then = Some(AsOf { size: Size(found.logged.index.0), time: None });
        let decided = self.decided(&request, at, then)?;
        let authority = Authority { access: Some(*id), as_of: None, ..decided };
        self.authority(&authority, &Ask { as_of: None, from, reader })
    }

    /// The party that a reference names; `None` if nobody is registered under it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn find_party(&self, reference: &PartyRef) -> Result<Option<Hash>, ReadError> {
        self.live(|live| self.named(live, reference, self.size(), false))?
    }

    /// The parties that a request named at `size`.
    pub(crate) fn parties(
        &self,
        source: &impl Source,
        request: &AuthZen,
        size: Size,
        is_past: bool,
    ) -> Result<Named, ReadError> {
        let named = |reference| self.named(source, reference, size, is_past);
        Ok(Named {
            actor: named(&request.actor)?,
            subject: named(&request.subject)?,
            on_behalf_of: request.on_behalf_of.as_ref().map(named).transpose()?,
            together_with: request.together_with.iter().map(named).collect::<Result<_, _>>()?,
        })
    }

    /// The party that a reference named at `size`; `None` if nobody was registered under it. One that was erased is nobody now, and
    /// in the past it is not known any more who it was.
    fn named(
        &self,
        source: &impl Source,
        reference: &PartyRef,
        size: Size,
        is_past: bool,
    ) -> Result<Option<Hash>, ReadError> {
        let id = match reference {
            PartyRef::Nobody(_) => None,
            PartyRef::Identifier(identifier) => self.party_of(identifier)?,
            PartyRef::Id(id) => Some(*id),
        };
        let Some(id) = id else { return Ok(None) };
        let create = match source.record(&id) {
            Ok(create) if create.entry.class().is_create() => create,
            Ok(_) | Err(Lack::Record { .. }) => return Ok(None),
            Err(lack) => return Err(lack.into()),
        };
        if is_past && create.opened.is_none() && create.index.0 < size.0 {
            return Err(ReadError::Erased(create.index));
        }
        let is_party =
            create.opened.as_ref().is_some_and(|opened| matches!(opened.record.content(), Content::Party(_)));
        Ok((is_party && create.index.0 < size.0).then_some(id))
    }
}

/// Whether no record that was looked at, of those that were there at `size`, was erased since.
fn lacks_nothing<S: Source>(recording: Recording<'_, S>, size: Size) -> Result<(), ReadError> {
    let touched = recording.into_touched();
    let is_erased = |logged: &&Arc<Logged>| {
        logged.index.0 < size.0 && logged.opened.is_none() && !touched.shut.contains(&logged.index)
    };
    match touched.entries.values().find(is_erased) {
        Some(erased) => Err(ReadError::Erased(erased.index)),
        None => Ok(()),
    }
}

/// The question that a decision answers, over the records that it rests on: the evidence, and the catalogues that its grants
/// name.
fn authority(request: &AuthZen, parties: Named, at: Millis, grounds: Grounds) -> Authority {
    let Grounds { gather, facts, decision } = grounds;
    let is_evidence = |id: &&Hash| decision.evidence.contains(id);
    let grants: Vec<Hash> = gather.grants.iter().filter(is_evidence).copied().collect();
    let mut catalogues: BTreeSet<Hash> = gather.catalogues.iter().filter(is_evidence).copied().collect();
    catalogues.extend(grants.iter().filter_map(|id| Some(facts.grants.get(id)?.catalogue)));
    let catalogues = catalogues.into_iter().collect();
    let request = request.clone();
    Authority { request, at, parties, grants, catalogues, decision, access: None, as_of: None }
}

//! "May this party do this for this person, now?": looked up, decided, and proven.
//!
//! spec: decisions.md

use crate::error::ReadError;
use crate::memo::{Memo, Memory};
use crate::prove::Ask;
use crate::view::View;
use procura_core::decide::{AuthZen, Decision, Facts, Gather, PartyRef, decide};
use procura_core::judge::{Judge, Standing, Verdict};
use procura_core::kinds::{Content, Party, under_of};
use procura_core::receipt::{AsOf, Authority, Named, Receipt};
use procura_core::source::Source;
use procura_core::{Hash, Millis, Size};
use std::collections::BTreeSet;

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
        let named = |reference| self.named(reference, size);
        let parties = Named {
            actor: named(&request.actor)?,
            subject: named(&request.subject)?,
            on_behalf_of: request.on_behalf_of.as_ref().map(named).transpose()?,
            together_with: request.together_with.iter().map(named).collect::<Result<_, _>>()?,
        };
        let reader = self.shared.store.read()?;
        self.live_over(reader.as_ref(), |live| {
            // The parties, the grants and the catalogues come by the same keys and registrars.
            let memory = Memory::default();
            let memo = Memo::new(live, &memory);
            let gather = self.gather(&memo, &parties, size)?;
            let judge = Judge::trusting_admission(&memo);
            let facts = Facts::gather(&judge, &gather, size).map_err(no_facts)?;
            let decision = decide(&parties.request(request), at, &facts);
            // The records of the receipt: the evidence, and the catalogues that its grants name.
            let is_evidence = |id: &&Hash| decision.evidence.contains(id);
            let grants: Vec<Hash> = gather.grants.iter().filter(is_evidence).copied().collect();
            let mut catalogues: BTreeSet<Hash> =
                gather.catalogues.iter().filter(is_evidence).copied().collect();
            catalogues.extend(grants.iter().filter_map(|id| Some(facts.grants.get(id)?.catalogue)));
            let catalogues = catalogues.into_iter().collect();
            let request = request.clone();
            Ok(Authority { request, at, parties, grants, catalogues, decision, as_of })
        })
    }

    /// Everything between these parties that a decision as of `size` may rest on.
    fn gather(&self, source: &impl Source, parties: &Named, size: Size) -> Result<Gather, ReadError> {
        let actor = parties.actor.map(|actor| self.acts_as(source, actor)).transpose()?;
        let principal = parties.on_behalf_of.unwrap_or(actor);
        let mut gather = Gather {
            parties: parties.registered(),
            grants: BTreeSet::new(),
            catalogues: self.catalogues_as_of(size)?.into_iter().collect(),
        };
        for (from, to) in [(principal, actor), (parties.subject, principal)] {
            if let (Some(from), Some(to)) = (from, to)
                && from != to
            {
                let (from, to) = (self.with_merged(&from)?, self.with_merged(&to)?);
                for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
                    gather.grants.extend(self.grants(from, to)?);
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
    fn acts_as(&self, source: &impl Source, actor: Hash) -> Result<Hash, ReadError> {
        let logged = source.record(&actor)?;
        let content = logged.opened.as_ref().map(|opened| opened.record.content());
        match content {
            Some(Content::Party(Party { under: Some(under), .. })) => Ok(*under),
            _ => Ok(actor),
        }
    }

    /// The party that a reference named at `size`; `None` if nobody was registered under it.
    fn named(&self, reference: &PartyRef, size: Size) -> Result<Option<Hash>, ReadError> {
        let id = match reference {
            PartyRef::Nobody(_) => None,
            PartyRef::Identifier(identifier) => self.party_of(identifier)?,
            PartyRef::Id(id) => Some(*id),
        };
        let Some(id) = id else { return Ok(None) };
        let Some(Standing { create, .. }) = self.create(&id)? else { return Ok(None) };
        let is_party =
            create.opened.as_ref().is_some_and(|opened| matches!(opened.record.content(), Content::Party(_)));
        Ok((is_party && create.index.0 < size.0).then_some(id))
    }
}

fn no_facts(verdict: Verdict) -> ReadError {
    match verdict {
        Verdict::Lack(lack) => lack.into(),
        other => ReadError::Fault(other.to_string()),
    }
}

//! "May this party do this for this person, now?": looked up, decided, and proven.
//!
//! spec: decisions.md

use crate::error::ReadError;
use crate::memo::{Memo, Memory};
use crate::prove::Ask;
use crate::view::View;
use procura_core::decide::{AuthZen, Decision, Facts, Gather, PartyRef, Request, decide};
use procura_core::judge::{Judge, Standing, Verdict};
use procura_core::kinds::Content;
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
        };
        let reader = self.shared.store.read()?;
        self.live_over(reader.as_ref(), |live| {
            // The parties, the grants and the catalogues come by the same keys and registrars.
            let memory = Memory::default();
            let memo = Memo::new(live, &memory);
            let gather = self.gather(&memo, &parties, size)?;
            let judge = Judge::trusting_admission(&memo);
            let facts = Facts::gather(&judge, &gather, size).map_err(no_facts)?;
            let asked = Request {
                actor: parties.actor,
                subject: parties.subject,
                on_behalf_of: parties.on_behalf_of,
                category: request.category.clone(),
                purpose: request.purpose.clone(),
            };
            let decision = decide(&asked, at, &facts);
            // The records of the receipt: the evidence, and the catalogues that its grants name.
            let is_evidence = |id: &&Hash| decision.evidence.contains(id);
            let grants: Vec<Hash> = gather.grants.iter().filter(is_evidence).copied().collect();
            let mut catalogues: BTreeSet<Hash> =
                gather.catalogues.iter().filter(is_evidence).copied().collect();
            let chosen = facts.grants.iter().filter(|grant| grants.contains(&grant.id));
            catalogues.extend(chosen.map(|grant| grant.catalogue));
            let catalogues = catalogues.into_iter().collect();
            let request = request.clone();
            Ok(Authority { request, at, parties, grants, catalogues, decision, as_of })
        })
    }

    /// Everything between these parties that a decision as of `size` may rest on.
    fn gather(&self, source: &impl Source, parties: &Named, size: Size) -> Result<Gather, ReadError> {
        let principal = parties.on_behalf_of.unwrap_or(parties.actor);
        let mut gather = Gather {
            parties: [parties.actor, parties.subject, principal].into_iter().flatten().collect(),
            grants: BTreeSet::new(),
            catalogues: self.catalogues_as_of(size)?.into_iter().collect(),
        };
        for (from, to) in [(principal, parties.actor), (parties.subject, principal)] {
            if let (Some(from), Some(to)) = (from, to)
                && from != to
            {
                gather.grants.extend(self.grants(&from, &to)?);
            }
        }
        for id in &gather.grants.clone() {
            let logged = source.record(id)?;
            if logged.index.0 >= size.0 {
                gather.grants.remove(id);
                continue;
            }
            match logged.opened.as_ref().map(|opened| opened.record.content()) {
                Some(Content::Mandate(mandate)) => drop(gather.catalogues.insert(mandate.catalogue)),
                Some(Content::Consent(consent)) => drop(gather.catalogues.insert(consent.catalogue)),
                // An erased grant permits nothing.
                _ => drop(gather.grants.remove(id)),
            }
        }
        Ok(gather)
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

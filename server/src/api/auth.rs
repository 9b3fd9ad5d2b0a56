//! Who asks, and what they may read.
//!
//! spec: http.md#who-calls

use super::problem::Problem;
use super::tokens::{Grant, hash_of};
use crate::app::App;
use crate::gate::Client;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use procura_core::decide::{AuthZen, PartyRef, Search, Sought};
use procura_core::kinds::{Content, PartyType, Role};
use procura_core::receipt::AsOf;
use procura_core::{Hash, Millis, Size};
use procura_ledger::{Ask, Audience, Found, ReadError, View};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{PoisonError, RwLock};

/// The bearer token that came with a request, hashed; whether it counts is asked of the state it is used on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bearer(Option<Hash>);

impl Bearer {
    fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Self(None) };
        let token = value.to_str().ok().and_then(|text| text.split_once(' '));
        match token {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Self(Some(hash_of(token.trim())))
            }
            _ => Self(None),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    /// Where the router is served by other means than ours, all are one client.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let unknown = || Self::of(Ipv4Addr::UNSPECIFIED.into());
        Ok(parts.extensions.get().copied().unwrap_or_else(unknown))
    }
}

/// A party that asks, as the state it asks about knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    party: Hash,
    is_institution: bool,
    is_auditor: bool,
    is_mirror: bool,
    /// Of a role: when it is over.
    until: Option<Millis>,
}

/// Callers who were found in one state of the ledger: nothing about them changes within it but that a role's time comes.
#[derive(Debug, Default)]
pub(crate) struct Known(RwLock<(Size, HashMap<Hash, Caller>)>);

impl Known {
    fn get(&self, token: &Hash, size: Size) -> Option<Caller> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.0 == size { known.1.get(token).copied() } else { None }
    }

    /// Whoever was known of an older state is forgotten.
    fn insert(&self, token: Hash, size: Size, caller: Caller) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.0 < size {
            *known = (size, HashMap::new());
        }
        if known.0 == size {
            known.1.insert(token, caller);
        }
    }
}

impl Caller {
    /// The caller whom a token stands for, if the token, its key and its party are in force in `view`.
    pub(crate) fn find(app: &App, view: &View, bearer: Bearer) -> Result<Self, Problem> {
        let token = bearer.0.ok_or_else(Problem::token)?;
        let grant = app.find_token(&token).ok_or_else(Problem::token)?;
        let caller = match app.known().get(&token, view.size()) {
            Some(known) => known,
            None => {
                let found = Self::of(view, grant)?;
                app.known().insert(token, view.size(), found);
                found
            }
        };
        let is_over = caller.until.is_some_and(|until| until <= app.now());
        if is_over { Err(Problem::token()) } else { Ok(caller) }
    }

    fn of(view: &View, grant: Grant) -> Result<Self, Problem> {
        if let Some(kid) = grant.kid {
            let key = view.key(&kid)?.ok_or_else(Problem::token)?;
            if key.party != grant.party || !key.status.permits() || key.compromised {
                return Err(Problem::token());
            }
        }
        let party = view.party(&grant.party)?.ok_or_else(Problem::token)?;
        if !party.status.permits() {
            return Err(Problem::token());
        }
        // A clerk's role asks as its institution does, while both are in force.
        let body = match &party.content.under {
            Some(under) => {
                view.party(under)?.filter(|body| body.status.permits()).ok_or_else(Problem::token)?
            }
            None => party.clone(),
        };
        Ok(Self {
            party: grant.party,
            is_institution: body.content.party_type == PartyType::Institution,
            is_auditor: party.content.roles.contains(&Role::Auditor),
            is_mirror: party.content.roles.contains(&Role::Mirror),
            until: party.content.until,
        })
    }

    /// Who asks.
    pub(crate) const fn id(&self) -> &Hash {
        &self.party
    }

    /// Whether the caller reads what the log consists of: auditors and mirrors do.
    pub(crate) const fn reads_entries(&self) -> bool {
        self.is_auditor || self.is_mirror
    }

    /// A record that the caller may read. One that is not there and one that the caller may not read are one answer.
    pub(crate) fn record(&self, view: &View, id: &str) -> Result<Found, Problem> {
        let may =
            |found: &Found| self.is_auditor || found.parties.contains(&self.party) || is_for_everybody(found);
        // What is no id can't be anybody's.
        let id = id.parse::<Hash>().map_err(|_| Problem::not_found())?;
        view.record_for(&id, &may)?.ok_or_else(Problem::not_found)
    }

    /// A party whose list the caller may read: its own; an auditor anybody's.
    pub(crate) fn party(&self, id: &str) -> Result<Hash, Problem> {
        match id.parse::<Hash>() {
            Ok(id) if self.is_auditor || id == self.party => Ok(id),
            _ => Err(Problem::not_found()),
        }
    }

    /// Whether the caller may ask this: an institution about anybody, others if they are one of the parties named.
    pub(crate) fn may_ask(&self, view: &View, request: &AuthZen) -> Result<bool, ReadError> {
        if self.is_institution {
            return Ok(true);
        }
        // All are looked up, whichever matches: the time says nothing about who is registered.
        let mut named = false;
        for party in [Some(&request.actor), Some(&request.subject), request.on_behalf_of.as_ref()] {
            named |= party.map_or(Ok(false), |party| self.is_named(view, party))?;
        }
        Ok(named)
    }

    /// Whether the caller may ask about a party, or about nobody: an institution about anybody, others about themselves.
    pub(crate) fn may_ask_about(&self, view: &View, party: &PartyRef) -> Result<bool, ReadError> {
        Ok(self.is_institution || self.is_named(view, party)?)
    }

    /// Whether this names the caller. Of somebody else nothing more is looked up than of nobody.
    fn is_named(&self, view: &View, party: &PartyRef) -> Result<bool, ReadError> {
        Ok(match party {
            PartyRef::Id(id) => *id == self.party,
            PartyRef::Identifier(identifier) => view.party_of(identifier)? == Some(self.party),
            PartyRef::Nobody(_) => false,
        })
    }

    /// Whether the caller may search so: an institution about anybody, others if they are one of the parties named. Who acts for a
    /// principal is the principal's to know: not of those whose data it may see.
    pub(crate) fn may_search(&self, view: &View, search: &Search) -> Result<bool, ReadError> {
        if search.sought == Sought::Actors && search.request.on_behalf_of.is_some() {
            let subject = PartyRef::Nobody(String::new());
            return self.may_ask(view, &AuthZen { subject, ..search.request.clone() });
        }
        self.may_ask(view, &search.request)
    }

    /// Which party this is.
    pub(crate) const fn party_id(&self) -> Hash {
        self.party
    }

    /// How the ledger is asked on the caller's behalf.
    pub(crate) const fn ask(&self, as_of: Option<AsOf>, from: Option<Size>) -> Ask {
        let reader = if self.is_auditor { Audience::Auditor } else { Audience::Party(self.party) };
        Ask { as_of, from, reader }
    }
}

/// The rules and the words of the ledger concern nobody in particular: whoever has a token reads them.
fn is_for_everybody(found: &Found) -> bool {
    let content = found.logged.opened.as_ref().map(|opened| opened.record.content());
    matches!(content, Some(Content::Root(_) | Content::LogKeys(_) | Content::Catalogue(_)))
}

#[cfg(test)]
mod tests {
    //! Goal: one well-formed header gives a token, anything else none. Method: one header for each.

    use super::*;
    use axum::http::HeaderValue;

    fn token(values: &[&'static str]) -> Option<Hash> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        Bearer::of(&headers).0
    }

    #[test]
    fn one_bearer_header() {
        assert_eq!(token(&["Bearer abc"]), Some(hash_of("abc")));
        assert_eq!(token(&["bearer  abc "]), Some(hash_of("abc")));
        assert_ne!(token(&["Bearer abcd"]), Some(hash_of("abc")));
        for values in [&[][..], &["abc"], &["Basic abc"], &["Bearer abc", "Bearer abd"]] {
            assert_eq!(token(values), None, "{values:?}");
        }
    }
}

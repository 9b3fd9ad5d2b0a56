//! From an identifier to a party.

use crate::catalogues::NO_PURPOSE;
use crate::client::Client;
use crate::error::ReadError;
use crate::http::{Send, unexpected};
use procura_core::Hash;
use procura_core::conditions::Properties;
use procura_core::decide::{AuthZen, PartyRef};
use procura_core::identifier::Identifier;
use serde_json::{Value, json};

/// A category that no catalogue has.
const NO_CATEGORY: &str = "procura.none";

/// The party with an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyFound {
    /// Registered under the identifier: its record discloses it, proven.
    Registered(Hash),
    /// Nobody is registered: an id that the ledger has prepared, on the server's word.
    Prepared(Hash),
}

impl PartyFound {
    /// The party's id.
    #[must_use]
    pub const fn id(&self) -> Hash {
        match self {
            Self::Registered(id) | Self::Prepared(id) => *id,
        }
    }
}

impl Client {
    /// The parties in whose lists a record stands, and the transitions on it: what an `erasure` names. The server's word; a
    /// wrong one is refused when the erasure is handed in.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn parties_of_unverified(&self, id: &Hash) -> Result<Vec<Hash>, ReadError> {
        let path = format!("/v1/records/{id}");
        let answer = self.private(|token| self.server.get(&path, Some(token))?.json(&path))?;
        let parties = answer.get("parties").and_then(Value::as_array);
        let parties =
            parties.ok_or_else(|| unexpected(&path, "it names no parties: the record was erased"))?;
        let ids: Option<Vec<Hash>> =
            parties.iter().map(|party| party.as_str().and_then(|id| id.parse().ok())).collect();
        Ok(ids.ok_or_else(|| unexpected(&path, "a party has no id"))?)
    }

    /// The id of the party with an identifier. Every identifier that the catalogues in force admit has one: whether anybody is
    /// registered is not told. The server's word; [`Client::find_party`] proves it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn resolve_unverified(&self, identifier: &Identifier) -> Result<Hash, ReadError> {
        const PATH: &str = "/v1/parties/resolve";
        let body = json!({ "identifier": identifier.text() }).to_string();
        let answer =
            self.private(|token| self.server.post(PATH, Send::Json(&body), Some(token))?.json(PATH))?;
        let party = answer.get("party").and_then(Value::as_str).and_then(|id| id.parse().ok());
        Ok(party.ok_or_else(|| unexpected(PATH, "it names no party"))?)
    }

    /// The party with an identifier, proven if one is registered: a check that names the identifier must show the
    /// party's record with it. So nobody signs a mandate to somebody else than they mean.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn find_party(&self, identifier: &Identifier) -> Result<PartyFound, ReadError> {
        let request = AuthZen {
            actor: PartyRef::Identifier(identifier.clone()),
            subject: PartyRef::Id(self.own_party()?),
            on_behalf_of: None,
            together_with: Vec::new(),
            category: NO_CATEGORY.to_owned(),
            purpose: NO_PURPOSE.to_owned(),
            properties: Properties::default(),
            emergency: false,
        };
        match self.check(&request)?.answer().question().parties.actor {
            Some(id) => Ok(PartyFound::Registered(id)),
            None => Ok(PartyFound::Prepared(self.resolve_unverified(identifier)?)),
        }
    }
}

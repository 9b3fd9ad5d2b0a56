//! The catalogues in force, each proven.

use crate::client::Client;
use crate::error::{Distrust, ReadError};
use crate::http::unexpected;
use procura_core::Hash;
use procura_core::conditions::Properties;
use procura_core::decide::{AuthZen, PartyRef};
use procura_core::kinds::{Catalogue, Content};
use procura_core::receipt::{Receipt, VerifyError};
use procura_core::record::Record;
use procura_core::status::Status;
use serde_json::Value;

/// The most catalogues that are looked at.
const MAX_CATALOGUES: usize = 100;
/// A purpose that no catalogue has.
pub(crate) const NO_PURPOSE: &str = "procura.none";

/// A catalogue, as a verified receipt shows it.
#[derive(Debug, Clone)]
pub struct CatalogueFound {
    /// Its id.
    pub id: Hash,
    /// What it says.
    pub catalogue: Catalogue,
}

impl Client {
    /// The catalogues in force, each proven. That none was left out is the server's word.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::NotFound`] from a server that does not list catalogues.
    pub fn catalogues(&self) -> Result<Vec<CatalogueFound>, ReadError> {
        const PATH: &str = "/v1/catalogues";
        let answer = self.private(|token| self.server.get(PATH, Some(token))?.json(PATH))?;
        let ids = answer.get("catalogues").and_then(Value::as_array);
        let ids: Option<Vec<Hash>> = ids
            .filter(|ids| ids.len() <= MAX_CATALOGUES)
            .and_then(|ids| ids.iter().map(|id| id.as_str()?.parse().ok()).collect());
        let ids = ids.ok_or_else(|| unexpected(PATH, "it has no catalogues, as ids"))?;
        let mut found = Vec::new();
        for id in &ids {
            let (catalogue, status) = self.catalogue(id)?;
            if status.permits() {
                found.push(catalogue);
            }
        }
        Ok(found)
    }

    /// The catalogue `id` with its status, proven.
    ///
    /// # Errors
    /// [`ReadError`]; a record of another kind is [`ReadError::NotFound`].
    pub fn catalogue(&self, id: &Hash) -> Result<(CatalogueFound, Status), ReadError> {
        let proven = self.status(id)?;
        let opened = proven.answer().logged().opened.as_ref();
        match opened.map(|opened| opened.record.content()) {
            Some(Content::Catalogue(catalogue)) => Ok((
                CatalogueFound { id: *id, catalogue: Catalogue::clone(catalogue) },
                *proven.answer().status(),
            )),
            _ => Err(ReadError::NotFound),
        }
    }

    /// The first catalogue by id, of those in force, that has a category. It is what a check of oneself for a
    /// purpose that there is not rests on, so the receipt of that check shows it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn catalogue_with(&self, category: &str) -> Result<Option<CatalogueFound>, ReadError> {
        let own = PartyRef::Id(self.own_party()?);
        let request = AuthZen {
            actor: own.clone(),
            subject: own,
            on_behalf_of: None,
            together_with: Vec::new(),
            category: category.to_owned(),
            purpose: NO_PURPOSE.to_owned(),
            properties: Properties::default(),
            emergency: false,
        };
        let proven = self.check(&request)?;
        let Some(id) = proven.answer().question().catalogues.first() else { return Ok(None) };
        // The receipt was verified: what it opens under this id is the ledger's.
        let receipt = Receipt::parse(proven.receipt()).map_err(Distrust::from)?;
        for sealed in receipt.entries.into_iter().filter_map(|entry| entry.sealed) {
            let record = Record::parse(&sealed.body)
                .map_err(|_| Distrust::from(VerifyError::Surplus("a body".to_owned())))?;
            if let (true, Content::Catalogue(catalogue)) = (record.id() == *id, record.content()) {
                return Ok(Some(CatalogueFound { id: *id, catalogue: Catalogue::clone(catalogue) }));
            }
        }
        Ok(None)
    }
}

//! What is given in another's name, by those who have a mandate from them.
//!
//! spec: kinds.md#under-a-mandate

use super::context::Who;
use super::output::Failure;
use super::signing::{find_record, other_party};
use clap::Args;
use procura_client::Client;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::{Content, Mandate};
use serde_json::json;

/// The words of it, the same for mandates and consents.
#[derive(Debug, Args)]
pub(super) struct Under {
    /// The mandate in whose mandator's name you give it: its id, or the beginning of it
    #[arg(long, allow_hyphen_values = true)]
    under: Option<String>,
    /// Who else must give it, of those who have that mandate; may be given several times
    #[arg(long, requires = "under")]
    by: Vec<Who>,
}

/// The mandate above, and who gives something under it.
pub(super) struct Above {
    id: Hash,
    by: Vec<Hash>,
    pub(super) mandate: Mandate,
}

impl Under {
    /// Looks the mandate up, if one is named.
    pub(super) fn find(&self, client: &Client) -> Result<Option<Above>, Failure> {
        let Some(typed) = &self.under else { return Ok(None) };
        let id = find_record(client, typed)?;
        let status = client.status(&id)?;
        let content = status.answer().logged().opened.as_ref().map(|opened| opened.record.content());
        let Some(Content::Mandate(mandate)) = content else {
            return Err(Failure::no("under", "what is named there is no mandate"));
        };
        let mut by = parties(client, &self.by)?;
        by.push(client.own_party()?);
        Ok(Some(Above { id, by: ascending(by), mandate: mandate.clone() }))
    }
}

impl Above {
    /// The days of what is given, as far as they were not typed: as long as the mandate above.
    pub(super) fn days(&self, from: Option<Day>, until: Option<Day>, today: Option<Day>) -> [Option<Day>; 2] {
        let above = &self.mandate.validity;
        let earliest = || today.map(|today| today.max(above.valid_from));
        [from.or_else(earliest), until.or(above.valid_until)]
    }

    /// The members that say so. Its conditions go along: what is given on is bound by them too.
    pub(super) fn complete(&self, draft: Draft) -> Draft {
        draft
            .member("under", json!(self.id))
            .member("by", json!(self.by))
            .member("informed", json!(self.mandate.informs()))
            .conditions(&self.mandate.conditions)
    }
}

/// The ids of parties as they were typed.
pub(super) fn parties(client: &Client, typed: &[Who]) -> Result<Vec<Hash>, Failure> {
    typed.iter().map(|who| Ok(other_party(client, who)?.0)).collect()
}

/// Ids as a record has them: in order, each once.
pub(super) fn ascending(mut ids: Vec<Hash>) -> Vec<Hash> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

//! What an officer records for a citizen at the counter, who signed a paper or said so.
//!
//! spec: kinds.md#members (`assisted`)

use super::context::Who;
use super::output::Failure;
use super::signing::other_party;
use clap::Args;
use procura_client::Client;
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::hash::sha256;
use serde_json::json;
use std::path::PathBuf;

/// The words of it, the same for mandates and consents.
#[derive(Debug, Args)]
pub(super) struct AtCounter {
    /// For officers: the citizen at the counter, who gives it
    #[arg(long, value_name = "CITIZEN", conflicts_with = "under")]
    of: Option<Who>,
    /// The paper that they signed, scanned: its hash is recorded, the file stays here
    #[arg(long, value_name = "FILE", requires = "of", conflicts_with = "spoken")]
    paper: Option<PathBuf>,
    /// They said so
    #[arg(long, requires = "of")]
    spoken: bool,
}

/// A citizen at the counter and how they said what they want.
pub(super) struct Wish {
    pub(super) citizen: Hash,
    document: Option<Hash>,
}

impl AtCounter {
    /// Who gives it, if not whoever types.
    pub(super) fn wish(&self, client: &Client) -> Result<Option<Wish>, Failure> {
        let Some(of) = &self.of else { return Ok(None) };
        let document = match (&self.paper, self.spoken) {
            (None, false) => {
                let message = "say how the citizen wants it: --paper FILE, or --spoken";
                return Err(Failure::unknown("no_wish", message));
            }
            (None, true) => None,
            (Some(path), _) => {
                let bytes = std::fs::read(path).map_err(|error| {
                    Failure::unknown("file", format!("{} cannot be read: {error}", path.display()))
                })?;
                Some(sha256(&[&bytes]))
            }
        };
        Ok(Some(Wish { citizen: other_party(client, of)?.0, document }))
    }
}

impl Wish {
    /// The member that says so.
    pub(super) fn complete(&self, draft: Draft) -> Draft {
        let assisted = match self.document {
            Some(document) => json!({"channel": "paper", "document": document}),
            None => json!({"channel": "spoken"}),
        };
        draft.member("assisted", assisted)
    }

    /// What the officer is told of it.
    pub(super) fn told(&self) -> String {
        let how = match self.document {
            Some(document) => format!("The paper's SHA-256 is recorded: {document}. Keep the paper."),
            None => "That they said so is recorded.".to_owned(),
        };
        format!(
            "{how} You vouch for it; services that need a surer key ask the citizen to give it themselves."
        )
    }
}

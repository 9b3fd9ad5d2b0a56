//! `procura log compare`: what somebody else was shown, held against what was seen here.

use super::context::Context;
use super::output::{Answer, Failure};
use clap::Args;
use procura_client::compare::checkpoint_in;
use procura_client::tiles::LogError;
use procura_client::{Distrust, client};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Compare {
    /// What somebody else got: a receipt, a proof, or a checkpoint
    file: PathBuf,
}

impl Compare {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let unusable =
            |what: &str| Failure::unknown("file", format!("{} cannot be used: {what}", self.file.display()));
        let bytes = std::fs::read(&self.file).map_err(|error| unusable(&error.to_string()))?;
        let shown = checkpoint_in(&bytes).ok_or_else(|| unusable("it holds no signed checkpoint"))?;
        let client = context.public_client()?;
        let compared = client.compare(&shown).map_err(|error| match &error {
            LogError::Distrust(Distrust::Fork { .. } | Distrust::Rollback { .. })
            | LogError::Checkpoint(_) => Failure::no(error.name(), error.to_string()),
            _ => Failure::unknown(error.name(), error.to_string()),
        })?;
        let (seen, shown) = (compared.seen.size, compared.shown.size());
        Ok(Answer::yes()
            .line(format!(
                "The {shown} entries that were shown there and the {seen} seen here are of one history."
            ))
            .member("origin", client.policy().origin.clone())
            .member("size", json!(shown))
            .member("seen", json!(seen))
            .trial(client::is_trial(&client.policy().origin)))
    }
}

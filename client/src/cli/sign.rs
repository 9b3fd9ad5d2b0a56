//! `procura sign`: what no other verb writes, such as a registrar's records, out of a draft.

use super::context::Context;
use super::drafted::Drafted;
use super::output::{Answer, Failure};
use super::signing::{occasion, sign_and_submit};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The draft, a file: a JSON object with the kind and its members
    draft: PathBuf,
}

impl Sign {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let drafted = Drafted::read(&self.draft)?;
        let client = context.client()?;
        let draft = drafted.draft(&occasion(&client)?, None)?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let status = submitted.status().map(|proven| proven.answer().status().to_string());
        Ok(Answer::yes()
            .line(format!("A record of the kind {} is logged.", drafted.kind))
            .maybe(status.as_ref().map(|status| format!("Its status is {status}.")))
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("status", serde_json::json!(status))
            .trial(client.is_trial()))
    }
}

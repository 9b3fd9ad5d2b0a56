//! `procura accept`: accept a mandate, or give a consent that takes several.

use super::context::Context;
use super::describe;
use super::link::Link;
use super::output::{Answer, Failure};
use super::signing::find_record;
use super::step::Step;
use clap::Args;
use procura_core::b64;
use procura_core::status::Status;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct Accept {
    /// The id of the mandate or consent, or the beginning of it; or the link of an invitation
    #[arg(allow_hyphen_values = true)]
    id: String,
}

impl Accept {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        // Nobody accepts what they have not been shown.
        let (before, link) = match self.link() {
            Some(link) => (client.linked(&link.0)?, Some(link)),
            None => (client.status(&find_record(&client, &self.id)?)?, None),
        };
        let own = client.own_party()?;
        let what = describe::what(context, before.answer().logged(), Some(&own));
        let id = before.answer().logged().entry.id().map_or_else(|| self.id.clone(), |id| id.to_string());
        let step = Step::take(context, &client, "acceptance", &id, |draft| match link {
            Some(link) => Ok(draft.member("link", json!(b64::encode(&link.0)))),
            None => Ok(draft),
        })?;
        let waits = step.status() == Status::PENDING;
        Ok(step
            .answer(&format!("You have accepted: {what}."))
            .maybe(waits.then(|| "Others must sign it too before it holds.".to_owned())))
    }

    /// The link, if it is one that was typed: an id looks like the bytes of a link.
    fn link(&self) -> Option<Link> {
        self.id.contains('#').then(|| self.id.parse().ok()).flatten()
    }
}

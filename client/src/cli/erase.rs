//! `procura erase` and `procura retain`: for authorities, what is destroyed and what must be kept.

use super::context::Context;
use super::describe;
use super::output::{Answer, Failure};
use super::signing::{occasion, sign_and_submit, withheld};
use clap::Args;
use procura_core::Hash;
use procura_core::draft::Draft;
use serde_json::json;
use std::collections::BTreeSet;

#[derive(Debug, Args)]
pub(super) struct Erase {
    /// The id of a record; the transitions on it go too. May be repeated
    #[arg(long, required = true, allow_hyphen_values = true)]
    record: Vec<Hash>,
}

#[derive(Debug, Args)]
pub(super) struct Retain {
    /// The id of a record that must be kept; may be repeated
    #[arg(long, required = true, allow_hyphen_values = true)]
    record: Vec<Hash>,
    /// Why, for those who keep it
    #[arg(long)]
    reference: Option<String>,
}

impl Erase {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let targets: BTreeSet<Hash> = self.record.iter().copied().collect();
        let mut parties = BTreeSet::new();
        for id in &targets {
            parties.extend(client.parties_of_unverified(id)?);
        }
        let draft = Draft::new("erasure", &occasion(&client)?)
            .member("targets", json!(targets))
            .member("parties", json!(parties));
        let (id, _) = sign_and_submit(&client, draft)?;
        Ok(Answer::yes()
            .line("It is logged; the ledger destroys them now. Whom it concerns sees that, and by whom.")
            .line("Copies of the ledger's folder are for its operator to destroy.")
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("targets", json!(targets))
            .member("parties", json!(parties))
            .trial(client.is_trial()))
    }
}

impl Retain {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let targets: BTreeSet<Hash> = self.record.iter().copied().collect();
        let draft = Draft::new("retention", &occasion(&client)?).member("targets", json!(targets));
        let draft = withheld(draft, "reference", self.reference.as_deref())?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let proven = submitted.status().map(|proven| proven.answer());
        Ok(Answer::yes()
            .line("They are kept until you end that.")
            .line(format!("You end it with: procura revoke {}", context.shown(&id)))
            .maybe(proven.map(|answer| describe::ground(answer.receipt())))
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("targets", json!(targets))
            .trial(client.is_trial()))
    }
}

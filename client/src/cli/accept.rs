//! `procura accept`: accept a mandate.

use super::context::Context;
use super::describe;
use super::output::{Answer, Failure};
use super::signing::{find_record, occasion, sign_and_submit};
use clap::Args;
use procura_core::draft::Draft;

#[derive(Debug, Args)]
pub(super) struct Accept {
    /// The mandate's id, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
}

impl Accept {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let target = find_record(&client, &self.id)?;
        // Nobody accepts what they have not been shown.
        let before = client.status(&target)?;
        let own = client.own_party()?;
        let what = describe::what(context, before.answer().logged(), Some(&own));
        let draft = Draft::on("acceptance", &occasion(&client)?, &target);
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let answer = submitted
            .status()
            .ok_or_else(|| Failure::unknown("no_status", "the ledger proved no status"))?
            .answer();
        Ok(Answer::of(answer.status().permits())
            .line(format!("You have accepted: {what}."))
            .line(format!("It is now {}.", answer.status()))
            .line(describe::ground(answer.receipt()))
            .member("id", id.to_string())
            .member("target", target.to_string())
            .member("status", answer.status().to_string())
            .trial(client.is_trial()))
    }
}

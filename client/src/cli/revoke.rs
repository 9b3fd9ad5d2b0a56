//! `procura revoke`: end a mandate or a consent. As easy as giving it.

use super::context::Context;
use super::describe;
use super::output::{Answer, Failure};
use super::signing::{find_record, occasion, sign_and_submit};
use clap::Args;
use procura_core::draft::Draft;

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The id of what you gave, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
}

impl Revoke {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let target = find_record(&client, &self.id)?;
        let own = client.own_party()?;
        let draft = Draft::on("revocation", &occasion(&client)?, &target);
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let answer = submitted
            .status()
            .ok_or_else(|| Failure::unknown("no_status", "the ledger proved no status"))?
            .answer();
        let what = describe::what(context, answer.logged(), Some(&own));
        Ok(Answer::of(answer.status().is_ended())
            .line(format!("You have ended: {what}."))
            .line(format!("It is now {}, for good.", answer.status()))
            .line(describe::ground(answer.receipt()))
            .member("id", id.to_string())
            .member("target", target.to_string())
            .member("status", answer.status().to_string())
            .trial(client.is_trial()))
    }
}

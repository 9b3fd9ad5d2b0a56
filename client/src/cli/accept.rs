//! `procura accept`: accept a mandate, or give a consent that takes several.

use super::context::Context;
use super::describe;
use super::output::{Answer, Failure};
use super::signing::find_record;
use super::step::Step;
use clap::Args;
use procura_core::status::Status;

#[derive(Debug, Args)]
pub(super) struct Accept {
    /// The id of the mandate or consent, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
}

impl Accept {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        // Nobody accepts what they have not been shown.
        let before = client.status(&find_record(&client, &self.id)?)?;
        let own = client.own_party()?;
        let what = describe::what(context, before.answer().logged(), Some(&own));
        let step = Step::take(context, &client, "acceptance", &self.id, Ok)?;
        let waits = step.status() == Status::PENDING;
        Ok(step
            .answer(&format!("You have accepted: {what}."))
            .maybe(waits.then(|| "Others must sign it too before it holds.".to_owned())))
    }
}

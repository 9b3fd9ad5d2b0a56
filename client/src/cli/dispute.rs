//! `procura dispute`: say that a mandate or consent is not what it seems; an authority settles it.

use super::context::Context;
use super::output::{Answer, Failure};
use super::signing::withheld;
use super::step::Step;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct Dispute {
    /// The id of the mandate or consent, or the beginning of it; an authority gives it whole
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// What is wrong, or what was found; others see it only if you show it
    #[arg(long)]
    statement: Option<String>,
    /// As an authority: it is what it was
    #[arg(long, conflicts_with = "uphold")]
    dismiss: bool,
    /// As an authority: it has ended
    #[arg(long)]
    uphold: bool,
}

impl Dispute {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let (step, done) = match (self.dismiss, self.uphold) {
            (true, _) => ("dismissed", "You have dismissed the dispute about"),
            (_, true) => ("upheld", "You have upheld the dispute about"),
            _ => ("open", "You have disputed"),
        };
        let step = Step::take(context, &context.client()?, "dispute", &self.id, |draft| {
            withheld(draft.member("step", json!(step)), "statement", self.statement.as_deref())
        })?;
        Ok(step.answer(&format!("{done}: {}.", step.what())))
    }
}

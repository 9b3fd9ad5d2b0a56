//! `procura suspend`: out of force until it is lifted.

use super::context::Context;
use super::output::{Answer, Failure};
use super::step::Step;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct Suspend {
    /// The id of a mandate or consent that you gave, or of a key; or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// Put it back in force
    #[arg(long)]
    lift: bool,
}

impl Suspend {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let step = Step::take(context, &context.client()?, "suspension", &self.id, |draft| {
            Ok(if self.lift { draft.member("lift", json!(true)) } else { draft })
        })?;
        let done = if self.lift { "You have put back in force" } else { "You have suspended" };
        Ok(step.answer(&format!("{done}: {}.", step.what())))
    }
}

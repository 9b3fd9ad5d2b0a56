//! `procura renounce`: give up what one was given.

use super::context::Context;
use super::output::{Answer, Failure};
use super::step::Step;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Renounce {
    /// The id of what you were given, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
}

impl Renounce {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let step = Step::take(context, &context.client()?, "renunciation", &self.id, Ok)?;
        Ok(step.answer(&format!("You have given up: {}.", step.what())))
    }
}

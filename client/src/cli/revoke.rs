//! `procura revoke`: end a mandate, a consent, a request, a block. As easy as giving it.

use super::context::Context;
use super::output::{Answer, Failure};
use super::step::Step;
use clap::Args;
use procura_core::days::Day;
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The id of what you gave, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// The first day on which a mandate no longer holds, YYYY-MM-DD, Brussels time [default: it ends at once]
    #[arg(long)]
    from: Option<Day>,
}

impl Revoke {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let step = Step::take(context, &context.client()?, "revocation", &self.id, |draft| {
            Ok(match self.from {
                Some(day) => draft.member("effective", json!(day.first_instant())),
                None => draft,
            })
        })?;
        let when = self.from.map_or_else(|| "for good".to_owned(), |day| format!("from {day} on"));
        Ok(step.answer(&format!("You have ended, {when}: {}.", step.what())))
    }
}

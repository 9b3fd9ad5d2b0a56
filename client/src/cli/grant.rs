//! `procura grant`: a mandate.

use super::context::{Context, Who};
use super::output::{Answer, Failure};
use super::signing::{catalogue_for, occasion, other_party, sign_and_submit, validity, with_reference};
use super::{describe, time};
use clap::Args;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;

#[derive(Debug, Args)]
pub(super) struct Grant {
    /// Who may act for you: niss:…, kbo:… or party:…
    #[arg(long)]
    to: Who,
    /// For which category of data; may be repeated
    #[arg(long, required = true)]
    scope: Vec<String>,
    /// The first day, YYYY-MM-DD, Brussels time [default: today]
    #[arg(long)]
    from: Option<Day>,
    /// The last day, included [default: no end]
    #[arg(long)]
    until: Option<Day>,
    /// Your own reference; others see it only if you show it
    #[arg(long)]
    reference: Option<String>,
    /// The catalogue that the categories are of [default: the one in force]
    #[arg(long, allow_hyphen_values = true)]
    catalogue: Option<Hash>,
}

impl Grant {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let validity = validity(&client, self.from, self.until)?;
        let (catalogue, _) = catalogue_for(&client, self.catalogue, &self.scope)?;
        let (mandatee, note) = other_party(&client, &self.to)?;
        let (occasion, own) = (occasion(&client)?, client.own_party()?);
        let draft = Draft::mandate(&occasion, &own, &mandatee, &catalogue, &self.scope, &validity);
        let draft = with_reference(draft, self.reference.as_deref())?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let status = submitted.status().map(|proven| proven.answer());
        Ok(Answer::yes()
            .line(format!(
                "You have given a mandate for {}, {}.",
                self.scope.join(", "),
                time::days(&validity)
            ))
            .line("It waits until the other side accepts it; then they may act for you.")
            .maybe(note)
            .line(format!("Its id: {id}"))
            .maybe(status.map(|answer| describe::ground(answer.receipt())))
            .member("id", id.to_string())
            .member("mandatee", mandatee.to_string())
            .member("catalogue", catalogue.to_string())
            .member("status", status.map_or_else(String::new, |answer| answer.status().to_string()))
            .trial(client.is_trial()))
    }
}

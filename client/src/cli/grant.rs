//! `procura grant`: a mandate.

use super::assisted::{AtCounter, Wish};
use super::context::{Context, Who};
use super::output::{Answer, Failure};
use super::signing::{catalogue_for, occasion, other_party, sign_and_submit, validity, withheld};
use super::under::{Above, Under, ascending, parties};
use super::{describe, time};
use clap::Args;
use clap::value_parser;
use procura_client::Client;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;
use serde_json::json;

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
    /// The last day, included [default: no end; with --under the last day of that mandate]
    #[arg(long)]
    until: Option<Day>,
    /// Who else may act, as the first one may; may be repeated
    #[arg(long)]
    joint_with: Vec<Who>,
    /// How many of them must act together [default: each may alone]
    #[arg(long, requires = "joint_with", value_parser = value_parser!(u64).range(2..))]
    needed: Option<u64>,
    /// Who else it is from, and must accept it too; may be repeated
    #[arg(long, conflicts_with = "under")]
    also_from: Vec<Who>,
    /// They may hand it on, in so many steps, from one to the next [default: they may not]
    #[arg(long, value_parser = value_parser!(u64).range(1..=4))]
    substitution: Option<u64>,
    /// It holds on while you are under protection
    #[arg(long)]
    survives: bool,
    #[command(flatten)]
    under: Under,
    #[command(flatten)]
    at_counter: AtCounter,
    /// Your own reference; others see it only if you show it
    #[arg(long)]
    reference: Option<String>,
    /// The catalogue that the categories are of [default: the one in force; with --under that mandate's]
    #[arg(long, allow_hyphen_values = true)]
    catalogue: Option<Hash>,
}

impl Grant {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let above = self.under.find(&client)?;
        let wish = self.at_counter.wish(&client)?;
        let validity = validity(&client, above.as_ref(), self.from, self.until)?;
        let named = self.catalogue.or(above.as_ref().map(|above| above.mandate.catalogue));
        let (catalogue, _) = catalogue_for(&client, named, &self.scope)?;
        let (mandatee, note) = other_party(&client, &self.to)?;
        let mut mandatees = parties(&client, &self.joint_with)?;
        mandatees.push(mandatee);
        let (mandators, mandatees) =
            (self.mandators(&client, above.as_ref(), wish.as_ref())?, ascending(mandatees));
        let (occasion, own) = (occasion(&client)?, client.own_party()?);
        let draft = Draft::mandate(&occasion, &own, &mandatee, &catalogue, &self.scope, &validity)
            .member("mandators", json!(mandators))
            .member("mandatees", json!(mandatees));
        let draft = self.complete(draft, above.as_ref());
        let draft = wish.iter().fold(draft, |draft, wish| wish.complete(draft));
        let draft = withheld(draft, "reference", self.reference.as_deref())?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let status = submitted.status().map(|proven| proven.answer());
        let in_a_name = above.is_some() || wish.is_some();
        let whose = if in_a_name { "You have given, in another's name," } else { "You have given" };
        let waits = if mandators.len() + mandatees.len() > 2 || above.is_some() {
            "It waits until all who give it and take it have accepted it; then it holds."
        } else {
            "It waits until the other side accepts it; then it holds."
        };
        Ok(Answer::yes()
            .line(format!("{whose} a mandate for {}, {}.", self.scope.join(", "), time::days(&validity)))
            .line(waits)
            .maybe(wish.as_ref().map(Wish::told))
            .maybe(note)
            .line(format!("Its id: {id}"))
            .maybe(status.map(|answer| describe::ground(answer.receipt())))
            .member("id", id.to_string())
            .member("mandators", json!(mandators))
            .member("mandatees", json!(mandatees))
            .member("catalogue", catalogue.to_string())
            .member("status", status.map_or_else(String::new, |answer| answer.status().to_string()))
            .trial(client.is_trial()))
    }

    fn mandators(
        &self,
        client: &Client,
        above: Option<&Above>,
        wish: Option<&Wish>,
    ) -> Result<Vec<Hash>, Failure> {
        if let Some(above) = above {
            return Ok(above.mandate.mandators.clone());
        }
        let mut mandators = parties(client, &self.also_from)?;
        mandators.push(wish.map_or_else(|| client.own_party(), |wish| Ok(wish.citizen))?);
        Ok(ascending(mandators))
    }

    fn complete(&self, draft: Draft, above: Option<&Above>) -> Draft {
        let draft = match above {
            Some(above) => above.complete(draft),
            None => draft,
        };
        let numbers = [("needed", self.needed), ("substitution", self.substitution)];
        let draft = numbers.into_iter().fold(draft, |draft, (name, number)| match number {
            Some(number) => draft.member(name, json!(number)),
            None => draft,
        });
        if self.survives { draft.member("survives", json!(true)) } else { draft }
    }
}

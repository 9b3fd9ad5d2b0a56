//! `procura request`: ask somebody for a consent or a mandate, by name or by a link that works once.

use super::context::{Context, Who};
use super::output::{Answer, Failure};
use super::signing::{catalogue_for, fresh, occasion, other_party, sign_and_submit, validity, withheld};
use super::{describe, link::Link, qr, time};
use clap::Args;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::hash::link_commitment;
use procura_core::{Hash, Millis};
use serde_json::json;
use std::path::PathBuf;

const DAY_MS: u64 = 24 * 3600 * 1000;

#[derive(Debug, Args)]
pub(super) struct Request {
    /// Whom you ask: niss:…, kbo:… or party:… [default: whoever gets the link]
    #[arg(long)]
    of: Option<Who>,
    /// Which category of data; may be repeated
    #[arg(long, required = true)]
    scope: Vec<String>,
    /// For which purpose you want to see it; may be repeated [default: you ask to act for them]
    #[arg(long)]
    purpose: Vec<String>,
    /// The first day, YYYY-MM-DD, Brussels time [default: today]
    #[arg(long)]
    from: Option<Day>,
    /// The last day, included [default: no end]
    #[arg(long)]
    until: Option<Day>,
    /// How many days the request waits for an answer
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=366))]
    days: u64,
    /// Write the link as a QR code into this file, an SVG
    #[arg(long, value_name = "FILE", conflicts_with = "of")]
    qr: Option<PathBuf>,
    /// Your own reference; who is asked sees it
    #[arg(long)]
    reference: Option<String>,
    /// The catalogue that the categories are of [default: the one in force]
    #[arg(long, allow_hyphen_values = true)]
    catalogue: Option<Hash>,
}

impl Request {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let validity = validity(&client, None, self.from, self.until)?;
        let (catalogue, _) = catalogue_for(&client, self.catalogue, &self.scope)?;
        let (occasion, own) = (occasion(&client)?, client.own_party()?);
        let answer_by = Millis(client.now().0.saturating_add(self.days.saturating_mul(DAY_MS)));
        let asked = (self.scope.as_slice(), self.purpose.as_slice());
        let draft = Draft::request(&occasion, &own, &catalogue, asked, &validity, answer_by);
        let (draft, link, note) = match &self.of {
            Some(who) => {
                let (subject, note) = other_party(&client, who)?;
                (draft.member("subject", json!(subject)), None, note)
            }
            None => {
                let link = Link(fresh()?);
                (draft.member("link", json!(link_commitment(&link.0))), Some(link), None)
            }
        };
        let draft = withheld(draft, "reference", self.reference.as_deref())?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let proven = submitted.status().map(|proven| proven.answer());
        let shown = link.as_ref().map(|link| link.address(client.server()));
        let drawn = self.qr.as_deref().zip(shown.as_deref()).map(|(path, address)| qr::draw(path, address));
        let drawn = drawn.transpose()?;
        Ok(Answer::yes()
            .line(format!("It waits for an answer until {}.", time::at(answer_by)))
            .maybe(note)
            .maybe(shown.as_ref().map(|address| {
                format!("Give this link to the one whom you ask; it works once:\n  {address}")
            }))
            .maybe(drawn)
            .line(format!("You take it back with: procura revoke {}", context.shown(&id)))
            .line(format!("Its id: {id}"))
            .maybe(proven.map(|answer| describe::ground(answer.receipt())))
            .member("id", id.to_string())
            .member("answer_by", json!(answer_by))
            .member("link", json!(shown))
            .trial(client.is_trial()))
    }
}

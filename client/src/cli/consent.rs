//! `procura consent`: let somebody see one's data for a purpose.

use super::context::{Context, Who};
use super::output::{Answer, Failure};
use super::signing::{catalogue_for, occasion, other_party, sign_and_submit, validity, with_reference};
use super::{describe, time};
use clap::Args;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;

#[derive(Debug, Args)]
pub(super) struct Consent {
    /// Who may see your data: niss:…, kbo:… or party:…
    #[arg(long)]
    to: Who,
    /// Which category of data; may be repeated
    #[arg(long, required = true)]
    scope: Vec<String>,
    /// For which purpose; may be repeated
    #[arg(long, required = true)]
    purpose: Vec<String>,
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

impl Consent {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let validity = validity(&client, self.from, self.until)?;
        let (catalogue, known) = catalogue_for(&client, self.catalogue, &self.scope)?;
        if let Some(purpose) =
            known.and_then(|known| self.purpose.iter().find(|purpose| !known.has_purpose(purpose)))
        {
            let message = format!("the catalogue has no purpose {purpose}; `procura catalogue` lists them");
            return Err(Failure::no("unknown_purpose", message));
        }
        let (recipient, note) = other_party(&client, &self.to)?;
        let (occasion, own) = (occasion(&client)?, client.own_party()?);
        let draft =
            Draft::consent(&occasion, &own, &recipient, &catalogue, &self.scope, &self.purpose, &validity);
        let draft = with_reference(draft, self.reference.as_deref())?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let status = submitted.status().map(|proven| proven.answer());
        let what = format!(
            "They may now see your {} for {}, {}.",
            self.scope.join(", "),
            self.purpose.join(", "),
            time::days(&validity)
        );
        Ok(Answer::yes()
            .line(what)
            .line(format!("You end it with: procura revoke {}", context.shown(&id)))
            .maybe(note)
            .line(format!("Its id: {id}"))
            .maybe(status.map(|answer| describe::ground(answer.receipt())))
            .member("id", id.to_string())
            .member("recipient", recipient.to_string())
            .member("catalogue", catalogue.to_string())
            .member("status", status.map_or_else(String::new, |answer| answer.status().to_string()))
            .trial(client.is_trial()))
    }
}

//! `procura consent`: let somebody see one's data for a purpose.

use super::assisted::{AtCounter, Wish};
use super::context::{Context, Who};
use super::output::{Answer, Failure};
use super::signing::{catalogue_for, occasion, other_party, sign_and_submit, validity, withheld};
use super::under::Under;
use super::{describe, time};
use clap::Args;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::status::Status;

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
    /// The last day, included [default: no end; with --under the last day of that mandate]
    #[arg(long)]
    until: Option<Day>,
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

impl Consent {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let above = self.under.find(&client)?;
        let wish = self.at_counter.wish(&client)?;
        let validity = validity(&client, above.as_ref(), self.from, self.until)?;
        let named = self.catalogue.or(above.as_ref().map(|above| above.mandate.catalogue));
        let (catalogue, known) = catalogue_for(&client, named, &self.scope)?;
        if let Some(purpose) =
            known.and_then(|known| self.purpose.iter().find(|purpose| !known.has_purpose(purpose)))
        {
            let message = format!("the catalogue has no purpose {purpose}; `procura catalogue` lists them");
            return Err(Failure::no("unknown_purpose", message));
        }
        let (recipient, note) = other_party(&client, &self.to)?;
        let subject = match (above.as_ref().map(|above| above.mandate.mandators.as_slice()), &wish) {
            (None, None) => client.own_party()?,
            (None, Some(wish)) => wish.citizen,
            (Some([subject]), _) => *subject,
            (Some(_), _) => {
                let message = "a consent is about one person: that mandate is from several";
                return Err(Failure::no("beyond", message));
            }
        };
        let occasion = occasion(&client)?;
        let (scope, purpose) = (&self.scope, &self.purpose);
        let draft = Draft::consent(&occasion, &subject, &recipient, &catalogue, scope, purpose, &validity);
        let draft = match &above {
            Some(above) => above.complete(draft),
            None => draft,
        };
        let draft = wish.iter().fold(draft, |draft, wish| wish.complete(draft));
        let draft = withheld(draft, "reference", self.reference.as_deref())?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let status = submitted.status().map(|proven| proven.answer());
        let waits = status.is_some_and(|answer| *answer.status() == Status::PENDING);
        let what = format!(
            "They may {} {} {} for {}, {}.",
            if waits { "see, once all who give it have accepted it," } else { "now see" },
            if above.is_some() || wish.is_some() { "the person's" } else { "your" },
            self.scope.join(", "),
            self.purpose.join(", "),
            time::days(&validity)
        );
        Ok(Answer::yes()
            .line(what)
            .maybe(wish.as_ref().map(Wish::told))
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

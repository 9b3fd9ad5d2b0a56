//! `procura access`: ask for somebody's data, and keep the receipt that its source wants to see.

use super::check::decided;
use super::context::{Context, Who};
use super::describe;
use super::output::{Answer, Failure};
use super::property::{Sent, by_part};
use super::receipt::keep;
use super::signing::{occasion, other_party, sign_and_submit, withheld};
use clap::Args;
use procura_client::Submitted;
use procura_core::draft::Draft;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Access {
    /// Whose data it is: niss:…, kbo:… or party:…
    #[arg(long)]
    subject: Who,
    /// Who holds the data
    #[arg(long)]
    source: Who,
    /// The category of data
    #[arg(long)]
    category: String,
    /// The purpose
    #[arg(long)]
    purpose: String,
    /// For whom you ask, if not for yourself
    #[arg(long)]
    on_behalf_of: Option<Who>,
    /// What a condition looks at, such as context.case=A7; may be repeated
    #[arg(long)]
    property: Vec<Sent>,
    /// It is an emergency: why. The person reads it
    #[arg(long, value_name = "JUSTIFICATION")]
    emergency: Option<String>,
    /// Keep the receipt, which the source wants to see, in a file
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Access {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let (subject, _) = other_party(&client, &self.subject)?;
        let (source, _) = other_party(&client, &self.source)?;
        let (occasion, own) = (occasion(&client)?, client.own_party()?);
        let mut draft = Draft::new("access", &occasion)
            .member("actor", json!(own))
            .member("subject", json!(subject))
            .member("source", json!(source))
            .member("category", json!(self.category))
            .member("purpose", json!(self.purpose));
        if let Some(principal) = &self.on_behalf_of {
            draft = draft.member("on_behalf_of", json!(other_party(&client, principal)?.0));
        }
        if let Some(properties) = by_part(&self.property) {
            draft = draft.member("properties", properties);
        }
        if self.emergency.is_some() {
            draft =
                withheld(draft.member("emergency", json!(true)), "justification", self.emergency.as_deref())?;
        }
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let Submitted::Access(proven) = submitted else {
            return Err(Failure::unknown("other_question", "the server answered something else".to_owned()));
        };
        let kept = keep(self.out.as_deref(), proven.receipt())?;
        let answer = proven.answer();
        Ok(decided(context, answer.decision())
            .line("It is logged either way.")
            .line(describe::ground(answer.receipt()))
            .maybe(kept)
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("at", json!(answer.question().at))
            .member("checkpoint", describe::ground_json(answer.receipt()))
            .trial(client.is_trial()))
    }
}

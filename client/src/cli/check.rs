//! `procura check`: may this party do this? The proof is verified here, and the decision made anew.

use super::context::{Context, Who};
use super::describe;
use super::in_hand::Withdrawals;
use super::output::{Answer, Failure};
use super::property::{self, Sent};
use super::receipt::keep;
use clap::Args;
use procura_core::conditions::Properties;
use procura_core::decide::{AuthZen, Decision};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Who wants to act: niss:…, kbo:…, party:… or me
    #[arg(long, default_value = "me")]
    actor: Who,
    /// Whose data it is
    #[arg(long)]
    subject: Who,
    /// The category of data
    #[arg(long)]
    category: String,
    /// The purpose
    #[arg(long)]
    purpose: String,
    /// For whom the actor acts, if not for itself
    #[arg(long)]
    on_behalf_of: Option<Who>,
    /// Who acts along with the actor; may be given several times
    #[arg(long)]
    together_with: Vec<Who>,
    /// What a condition looks at, such as context.case=A7; may be repeated
    #[arg(long)]
    property: Vec<Sent>,
    /// What would be if it were an emergency
    #[arg(long)]
    emergency: bool,
    /// Keep the receipt, which proves the answer to anybody, in a file
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    withdrawals: Withdrawals,
}

impl Check {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let request = AuthZen {
            actor: self.actor.reference(&client)?,
            subject: self.subject.reference(&client)?,
            on_behalf_of: self.on_behalf_of.as_ref().map(|who| who.reference(&client)).transpose()?,
            together_with: self
                .together_with
                .iter()
                .map(|who| who.reference(&client))
                .collect::<Result<_, _>>()?,
            category: self.category.clone(),
            purpose: self.purpose.clone(),
            properties: Properties::default(),
            emergency: self.emergency,
        };
        let request = property::with(&request, &self.property)?;
        let proven = client.check(&request)?;
        let kept = keep(self.out.as_deref(), proven.receipt())?;
        self.withdrawals.hold_against(context, &[proven.receipt()], client.policy(), client.now())?;
        let answer = proven.answer();
        Ok(decided(context, answer.decision())
            .line(describe::ground(answer.receipt()))
            .maybe(kept)
            .member("at", json!(answer.question().at))
            .member("checkpoint", describe::ground_json(answer.receipt()))
            .trial(client.is_trial()))
    }
}

/// A decision in words: yes or no, why, and what would change it.
pub(super) fn decided(context: &Context, decision: &Decision) -> Answer {
    let word = if decision.permit { "Yes." } else { "No." };
    let evidence = (context.global.verbose && !decision.evidence.is_empty()).then(|| {
        let ids: Vec<_> = decision.evidence.iter().map(ToString::to_string).collect();
        format!("It rests on: {}", ids.join(", "))
    });
    Answer::of(decision.permit)
        .line(format!("{word} {}", describe::decision(decision)))
        .maybe(describe::more(decision))
        .maybe(evidence)
        .member("decision", json!(decision))
}

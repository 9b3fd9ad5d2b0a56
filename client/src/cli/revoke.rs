//! `procura revoke`: end a mandate, a consent, a request, a block. As easy as giving it.

use super::context::Context;
use super::output::{Answer, Failure};
use super::receipt::keep;
use super::signing::{find_record, identity, occasion};
use super::step::Step;
use clap::Args;
use procura_client::Client;
use procura_client::relay::InHand;
use procura_core::days::Day;
use procura_core::draft::Draft;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The id of what you gave, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// The first day on which a mandate no longer holds, YYYY-MM-DD, Brussels time [default: it ends at once]
    #[arg(long)]
    from: Option<Day>,
    /// Only sign it, and keep it in this file: to hand in by a relay, or to show to whoever relies on the mandate
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Revoke {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let complete = |draft: Draft| match self.from {
            Some(day) => draft.member("effective", json!(day.first_instant())),
            None => draft,
        };
        if let Some(path) = &self.out {
            return self.sign(&client, complete, path);
        }
        let step = Step::take(context, &client, "revocation", &self.id, |draft| Ok(complete(draft)))?;
        let when = self.from.map_or_else(|| "for good".to_owned(), |day| format!("from {day} on"));
        Ok(step.answer(&format!("You have ended, {when}: {}.", step.what())))
    }

    /// Signs without handing in. Nothing is asked of the ledger if the id is whole, except for the receipt of the signer's key, which is
    /// kept beside if it gives it.
    fn sign(
        &self,
        client: &Client,
        complete: impl Fn(Draft) -> Draft,
        path: &Path,
    ) -> Result<Answer, Failure> {
        let target = find_record(client, &self.id)?;
        let draft = complete(Draft::on("revocation", &occasion(client)?, &target));
        let (id, submission) =
            client.sign(draft).map_err(|error| Failure::unknown(error.name(), error.to_string()))?;
        let mut in_hand = InHand::of(&submission);
        in_hand.key = client.key_receipt(&identity(client)?.kid).ok();
        let kept = keep(Some(path), in_hand.to_json().to_string().as_bytes())?;
        Ok(Answer::yes()
            .line("Signed, and not handed in: the mandate holds for whoever does not see this.")
            .maybe(kept)
            .member("id", id.to_string())
            .member("target", target.to_string())
            .trial(client.is_trial()))
    }
}

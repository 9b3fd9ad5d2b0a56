//! `procura show`: an address, or a QR code, by which anybody sees whether a mandate or consent holds.

use super::context::Context;
use super::output::{Answer, Failure};
use super::signing::find_record;
use super::{describe, qr};
use clap::Args;
use procura_client::Shown;
use procura_core::kinds::Content;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The mandate's or consent's id, or the beginning of it
    #[arg(allow_hyphen_values = true)]
    id: String,
    /// Write the address as a QR code into this file, an SVG
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client_with_key_if_any()?;
        let id = find_record(&client, &self.id)?;
        let answer = client.record_receipt(&id, None)?;
        let opened = answer.logged().opened.as_ref();
        let is_grant = opened.is_some_and(|opened| {
            matches!(opened.record.content(), Content::Mandate(_) | Content::Consent(_))
        });
        let Some(opened) = opened.filter(|_| is_grant) else {
            return Err(Failure::unknown("not_shown", "only mandates and consents are shown like this"));
        };
        let address = Shown::of(id, &opened.r).address(client.server());
        let drawn = self.qr.as_deref().map(|path| qr::draw(path, &address)).transpose()?;
        Ok(Answer::yes()
            .line(format!(
                "{}: {}",
                describe::kind(answer.logged()),
                describe::what(context, answer.logged(), client.own_party().ok().as_ref())
            ))
            .line(format!("Whoever has this address sees how it stands, now and later:\n  {address}"))
            .maybe(drawn)
            .member("id", id.to_string())
            .member("address", address)
            .trial(client.is_trial()))
    }
}

//! `procura records`: everything that concerns a party, with the proof that nothing is left out.

use super::context::Context;
use super::filter::Filter;
use super::output::{Answer, Failure, table};
use super::{describe, time};
use clap::Args;
use procura_client::Filed;
use procura_core::Hash;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct Records {
    /// The party; auditors may ask about any [default: yourself]
    #[arg(long, allow_hyphen_values = true)]
    party: Option<Hash>,
    /// Only what waits for the party's answer: requests of those whom it has not blocked, and mandates that it is to take
    #[arg(long)]
    waiting: bool,
    #[command(flatten)]
    filter: Filter,
}

impl Records {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let party = match self.party {
            Some(party) => party,
            None => client.own_party()?,
        };
        let shown = self.filter.resolve(&client)?;
        let bar = context.progress("records");
        let all = client.records(&party, &|count| bar.set_position(count as u64));
        bar.finish_and_clear();
        let all = all?;
        let row = |filed: &Filed| {
            [
                time::at(filed.logged.entry.time()),
                describe::kind(&filed.logged),
                filed.status.map_or_else(String::new, |status| status.to_string()),
                filed.logged.entry.id().map_or_else(String::new, |id| context.shown(&id)),
                describe::what(context, &filed.logged, Some(&party)),
            ]
        };
        let chosen = if self.waiting { all.waiting(client.now()) } else { all.records().iter().collect() };
        let of_filter = || chosen.iter().copied().filter(|filed| shown.shows(filed));
        let rows: Vec<_> = of_filter().map(row).collect();
        let count = match (rows.len(), all.records().len()) {
            (1, 1) => "1 record".to_owned(),
            (n, whole) if n == whole => format!("{n} records"),
            (n, whole) => format!("{n} of {whole} records"),
        };
        let records: Vec<Value> = of_filter()
            .map(|filed| {
                let mut value = describe::json(&filed.logged);
                if let Some(object) = value.as_object_mut() {
                    object.insert("status".to_owned(), json!(filed.status.map(|status| status.to_string())));
                    object.insert("segment".to_owned(), json!(filed.segment));
                }
                value
            })
            .collect();
        let time = time::at(all.time());
        Ok(Answer::yes()
            .line(table(["Logged", "Kind", "Status", "Id", "What"], &rows))
            .line("")
            .line(format!(
                "{count}. Verified here: as of {time} ({} entries) nothing is left out.",
                all.as_of()
            ))
            .member("party", party.to_string())
            .member("as_of", json!(all.as_of()))
            .member("time", json!(all.time()))
            .member("complete", true)
            .member("records", records)
            .trial(client.is_trial()))
    }
}

//! Which records of a list are shown. A filter never changes what was checked: always the whole.

use super::context::Who;
use super::describe;
use super::output::Failure;
use super::signing::other_party;
use clap::Args;
use procura_client::{Client, Filed};
use procura_core::Millis;
use procura_core::days::Day;
use serde_json::Value;

#[derive(Debug, Args)]
#[command(next_help_heading = "What is shown; checked is always the whole")]
pub(super) struct Filter {
    /// Records of this kind, such as access; may be repeated
    #[arg(long)]
    kind: Vec<String>,
    /// Logged on this day or later, YYYY-MM-DD
    #[arg(long)]
    since: Option<Day>,
    /// Logged on this day or before
    #[arg(long)]
    until: Option<Day>,
    /// That name this party: niss:…, kbo:… or party:…
    #[arg(long)]
    with: Option<Who>,
    /// On this category of data, by its code
    #[arg(long)]
    category: Option<String>,
}

/// A filter with its words looked up.
pub(super) struct Shown<'a> {
    filter: &'a Filter,
    from: Millis,
    to: Millis,
    /// The party's id as it stands in payloads.
    with: Option<String>,
}

impl Filter {
    pub(super) fn resolve(&self, client: &Client) -> Result<Shown<'_>, Failure> {
        let id = |who: &Who| Ok::<_, Failure>(other_party(client, who)?.0.to_string());
        let with = self.with.as_ref().map(id).transpose()?;
        Ok(Shown {
            filter: self,
            from: self.since.map_or(Millis(0), Day::first_instant),
            to: self.until.map_or(Millis(u64::MAX), Day::instant_after),
            with,
        })
    }
}

impl Shown<'_> {
    pub(super) fn shows(&self, filed: &Filed) -> bool {
        let (logged, time) = (&filed.logged, filed.logged.entry.time());
        if time < self.from || time >= self.to {
            return false;
        }
        if !self.filter.kind.is_empty() && !self.filter.kind.contains(&describe::kind(logged)) {
            return false;
        }
        if self.with.is_none() && self.filter.category.is_none() {
            return true;
        }
        let payload = describe::payload(logged);
        let names = |id: &String| named(&payload).any(|text| text == id);
        let has = |code: &str| {
            payload.get("category").and_then(Value::as_str) == Some(code)
                || payload
                    .get("scopes")
                    .and_then(Value::as_array)
                    .is_some_and(|scopes| scopes.iter().any(|scope| scope.as_str() == Some(code)))
        };
        self.with.as_ref().is_none_or(names) && self.filter.category.as_deref().is_none_or(has)
    }
}

/// The texts that stand in a payload, alone or in an array: ids among them.
fn named(payload: &Value) -> impl Iterator<Item = &str> {
    payload.as_object().into_iter().flat_map(|members| members.values()).flat_map(|member| match member {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    })
}

//! `procura hook`: where an organisation or institution is told of what happens to it.

use super::context::Context;
use super::describe;
use super::output::{Answer, Failure, table};
use super::signing::{occasion, sign_and_submit};
use super::step::Step;
use clap::{Args, Subcommand};
use procura_client::Client;
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::kinds::{Content, MAX_HOOKS, is_hook_url};
use procura_core::status::Status;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

const NUMBERS: RangeInclusive<i64> = 1..=MAX_HOOKS as i64;

#[derive(Debug, Subcommand)]
pub(super) enum Hook {
    /// Be told at an address of yours, from now on
    Add(Add),
    /// Show where you are told, with the proof that nothing is left out
    List,
    /// Be told there no more
    End(End),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// Where: https, no user, no query, a path (`/` at least)
    url: String,
    /// Which of your hooks it is [default: the first that is free]
    #[arg(long, value_parser = clap::value_parser!(u8).range(NUMBERS))]
    number: Option<u8>,
}

#[derive(Debug, Args)]
pub(super) struct End {
    /// Which of your hooks
    #[arg(value_parser = clap::value_parser!(u8).range(NUMBERS))]
    number: u8,
}

/// A hook that is in force.
struct InForce {
    id: Hash,
    number: u8,
    url: String,
}

impl Hook {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Add(add) => add.run(context),
            Self::List => list(context),
            Self::End(end) => end.run(context),
        }
    }
}

/// The own hooks in force, from the whole of the own list.
fn in_force(context: &Context, client: &Client) -> Result<Vec<InForce>, Failure> {
    let bar = context.progress("records");
    let all = client.records(&client.own_party()?, &|count| bar.set_position(count as u64));
    bar.finish_and_clear();
    let mut found = Vec::new();
    for filed in all?.records() {
        let content = filed.logged.opened.as_ref().map(|opened| opened.record.content());
        if let (Some(Content::Hook(hook)), Some(Status::ACTIVE), Some(id)) =
            (content, filed.status, filed.logged.entry.id())
        {
            found.push(InForce { id, number: hook.number, url: hook.url.clone() });
        }
    }
    found.sort_by_key(|hook| hook.number);
    Ok(found)
}

impl Add {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if !is_hook_url(&self.url) {
            let what = "no address for a hook: https://, a name in lower case, a path (`/` at least), no user, no query, at most 255 characters";
            return Err(Failure::no("hook_url", what.to_owned()));
        }
        let client = context.client()?;
        let number = match self.number {
            Some(number) => number,
            None => {
                let taken = in_force(context, &client)?;
                let free = (1..=MAX_HOOKS).find(|number| taken.iter().all(|hook| hook.number != *number));
                free.ok_or_else(|| {
                    Failure::no("number_taken", "all four hooks are in use: end one first".to_owned())
                })?
            }
        };
        let draft = Draft::new("hook", &occasion(&client)?)
            .member("party", json!(client.own_party()?))
            .member("number", json!(number))
            .member("url", json!(self.url));
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let proven = submitted.status().map(|proven| proven.answer());
        Ok(Answer::yes()
            .line(format!("From now on you are told at {}.", self.url))
            .line("Sent is only to public addresses at port 443, unless the ledger's operator allows others.")
            .line(format!("You end it with: procura hook end {number}"))
            .maybe(proven.map(|answer| describe::ground(answer.receipt())))
            .member("id", id.to_string())
            .member("number", json!(number))
            .member("url", self.url.as_str())
            .trial(client.is_trial()))
    }
}

fn list(context: &Context) -> Result<Answer, Failure> {
    let client = context.client()?;
    let hooks = in_force(context, &client)?;
    let rows: Vec<_> = hooks
        .iter()
        .map(|hook| [hook.number.to_string(), hook.url.clone(), context.shown(&hook.id)])
        .collect();
    let shown: Vec<Value> =
        hooks.iter().map(|hook| json!({"id": hook.id, "number": hook.number, "url": hook.url})).collect();
    Ok(Answer::yes()
        .line(table(["Number", "Url", "Id"], &rows))
        .member("hooks", shown)
        .trial(client.is_trial()))
}

impl End {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let hook = in_force(context, &client)?.into_iter().find(|hook| hook.number == self.number);
        let hook = hook
            .ok_or_else(|| Failure::no("unknown_target", "you have no hook with this number".to_owned()))?;
        let step = Step::take(context, &client, "revocation", &hook.id.to_string(), Ok)?;
        Ok(step.answer(&format!("You are told no more at {}.", hook.url)))
    }
}

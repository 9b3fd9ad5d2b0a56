//! `procura log`: look at the log; audit it.

use super::compare::Compare;
use super::context::Context;
use super::output::{Answer, Failure};
use super::time;
use clap::{Args, Subcommand};
use procura_client::audit::{AuditError, Audited, Stage};
use procura_client::store::TrustedBy;
use procura_core::Millis;
use procura_core::kinds::Content;
use procura_core::log_keys::LogKey;
use procura_core::record::Record;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Log {
    /// Show which ledger this is and how far it has come
    Show,
    /// Learn which keys sign the log, by the word of its root, and trust these from now on
    Keys,
    /// Trust the ledger that goes on where one was lost, by the word of the lost one's root
    Follow(Follow),
    /// Hold what somebody else was shown against what was seen here: a ledger with two histories is convicted
    Compare(Compare),
    /// Check the whole log; with an auditor's key every entry, without one what is public (then exit code 2)
    Audit,
}

#[derive(Debug, Args)]
pub(super) struct Follow {
    /// What the root's holders signed (`procura root successor`)
    note: PathBuf,
    /// Any receipt of the lost ledger that you kept: its root's keys are in it
    #[arg(long)]
    receipt: PathBuf,
}

impl Follow {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let (_, _, receipt) = super::receipt::verified(context, &self.receipt, false)?;
        let first = receipt.entries.first().and_then(|entry| entry.sealed.as_ref());
        let record = first.and_then(|sealed| Record::parse(&sealed.body).ok());
        let no_root = || Failure::unknown("root", "the receipt does not show the ledger's root");
        let record = record.ok_or_else(no_root)?;
        let Content::Root(root) = record.content() else { return Err(no_root()) };
        let successor = super::root::load_successor(&self.note)?;
        let (lost, policy) = (successor.lost(), successor.policy());
        if lost.origin() != record.common().origin {
            return Err(Failure::no(
                "other_ledger",
                format!("it is about {}, not about the receipt's ledger", lost.origin()),
            ));
        }
        successor.verify(root).map_err(|error| {
            Failure::no(
                error.name(),
                format!("{} does not follow: {error}. Trust it no more than a stranger", policy.origin),
            )
        })?;
        let server = context.global.server.trim_end_matches('/');
        context.store().trust(policy, successor.policy_json(), TrustedBy::Successor, Some(server))?;
        Ok(Answer::yes()
            .line(format!(
                "The root of {} says that {} goes on from its {} entries.",
                lost.origin(),
                policy.origin,
                lost.size()
            ))
            .line(format!("It is trusted from now on, at {server}."))
            .member("origin", policy.origin.clone())
            .member("entry0", policy.entry0.to_string())
            .trial(procura_client::client::is_trial(&policy.origin)))
    }
}

impl Log {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Show => show(context),
            Self::Keys => keys(context),
            Self::Follow(follow) => follow.run(context),
            Self::Compare(compare) => compare.run(context),
            Self::Audit => audit(context),
        }
    }
}

fn show(context: &Context) -> Result<Answer, Failure> {
    let client = context.public_client()?;
    let before = client.seen()?.map(|seen| seen.root());
    let checkpoint = client.checkpoint()?;
    let root = checkpoint.root();
    let info = client.log_info_unverified()?;
    let policy = client.policy();
    let keys: Vec<String> = policy.log_keys.iter().map(|log_key| log_key.key.to_string()).collect();
    let continues = match before {
        None => "It was not seen here before.".to_owned(),
        Some(before) if before.size == root.size => {
            "Nothing was added since it was last seen here.".to_owned()
        }
        Some(before) if before.size < root.size => {
            format!("It continues the {} entries last seen here, verified.", before.size)
        }
        Some(before) => {
            format!("Answers have shown {} entries already; this is on the way there.", before.size)
        }
    };
    let details = context
        .global
        .verbose
        .then(|| format!("Key: {}\nEntry 0: {}\nRoot: {}", keys.join(", "), policy.entry0, root.hash));
    Ok(Answer::yes()
        .line(format!("Ledger: {}", policy.origin))
        .line(format!(
            "{} entries, signed. The server says the last is of {}.",
            root.size,
            time::at(Millis(info.time_ms))
        ))
        .line(continues)
        .maybe(details)
        .member("origin", policy.origin.clone())
        .member("size", json!(root.size))
        .member("root", root.hash.to_string())
        .member("checkpoint", checkpoint.signed().to_string())
        .member("log_keys", keys)
        .member("entry0", policy.entry0.to_string())
        .member("server_time", json!(info.time_ms))
        .trial(client.is_trial()))
}

fn keys(context: &Context) -> Result<Answer, Failure> {
    let client = context.public_client()?;
    let Some(proven) = client.log_keys()? else {
        let keys = &client.policy().log_keys;
        return Ok(told(Answer::yes().line("The root has named no other keys than these:"), keys, &[])
            .trial(client.is_trial()));
    };
    let learnt = proven.answer();
    let trusted = context.store().learn(&client.policy().origin, learnt)?;
    let logged = time::at(learnt.status().receipt().time());
    let answer = Answer::yes().line(format!("The root says, as of {logged}, that these are the log's keys:"));
    let record = learnt.status().logged().entry.id().map(|id| id.to_string());
    Ok(told(answer, &trusted.policy.log_keys, &client.policy().log_keys)
        .member("record", record)
        .trial(client.is_trial()))
}

/// The keys; which of them are new to this client.
fn told(mut answer: Answer, keys: &[LogKey], before: &[LogKey]) -> Answer {
    for key in keys {
        // As `procura root log-keys` takes it.
        let retired = key.retired_at.map_or_else(String::new, |at| {
            format!("@{}, retired: it counts only with a quorum of witnesses before that", time::utc(at))
        });
        let is_new = !before.is_empty() && before.iter().all(|known| known.key != key.key);
        let new = if is_new { ", new here" } else { "" };
        answer = answer.line(format!("  {}{retired}{new}", key.key));
    }
    answer.member("log_keys", keys.iter().map(LogKey::to_json).collect::<Vec<_>>())
}

fn audit(context: &Context) -> Result<Answer, Failure> {
    let client = context.client_with_key_if_any()?;
    let bar = context.progress("tiles");
    let audited = client.audit(&|stage, done, total| {
        if stage == Stage::Entries {
            bar.set_message("entries");
        }
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let audited = audited.map_err(|error: AuditError| {
        let found = |error: &AuditError| format!("the log fails the audit: {error}");
        if error.is_finding() {
            Failure::no(error.name(), found(&error))
        } else {
            Failure::unknown(error.name(), error.to_string())
        }
    })?;
    Ok(report(audited).trial(client.is_trial()))
}

fn report(audited: Audited) -> Answer {
    let root = audited.checkpoint.root();
    let continues = match audited.continues {
        Some(before) => format!("It continues the {} entries seen here before.", before.size),
        None => "It was not seen here before, so nothing older was compared.".to_owned(),
    };
    let answer = Answer::yes()
        .line(format!("All {} leaves lead to the signed root.", audited.leaves))
        .line(continues)
        .member("size", json!(root.size))
        .member("root", root.hash.to_string())
        .member("leaves", audited.leaves);
    let Some(entries) = audited.entries else {
        let unchecked = [
            "that every entry follows the rules",
            "that the index commits are those of the entries",
            "that the checkpoint ends in an index commit",
        ];
        return answer
            .line(format!("Not checked: {}.", unchecked.join("; ")))
            .line("The entries are for auditors: name an auditor's key with --key.")
            .member("unchecked", json!(unchecked))
            .incomplete();
    };
    let unchecked = "what the records say: each one's receipt shows that";
    answer
        .line(format!(
            "All entries follow the rules: {} creates, {} transitions, {} traces.",
            entries.creates, entries.transitions, entries.traces
        ))
        .line(format!(
            "All {} index commits are those of the index rebuilt here ({} keys); the last entry is one.",
            entries.commits, entries.keys
        ))
        .line(format!("Not part of it: {unchecked}."))
        .member("creates", entries.creates)
        .member("transitions", entries.transitions)
        .member("traces", entries.traces)
        .member("commits", entries.commits)
        .member("keys", entries.keys)
        .member("map_root", entries.map_root.to_string())
        .member("not_part", json!([unchecked]))
}

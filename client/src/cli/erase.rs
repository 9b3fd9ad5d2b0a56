//! `procura erase` and `procura retain`: for authorities, what is destroyed and what must be kept.

use super::context::Context;
use super::describe;
use super::output::{Answer, Failure};
use super::signing::{occasion, sign_and_submit, withheld};
use super::time;
use clap::Args;
use procura_client::Client;
use procura_client::terms::{Overdue, Terms, Walk};
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::kinds::MAX_NAMED;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Why the ledger keeps a record that is overdue, for now; `erased`: somebody else was quicker.
const KEPT_BY: [&str; 4] = ["in_force", "legal_hold", "parties", "erased"];

#[derive(Debug, Args)]
pub(super) struct Erase {
    /// The id of a record; the transitions on it go too. May be repeated
    #[arg(long, required_unless_present = "term", allow_hyphen_values = true)]
    record: Vec<Hash>,
    /// Erase the records of a kind that ended, lapsed or, without a status, were logged more than so many days ago. May be
    /// repeated. What a legal hold or something else still needs is kept, and looked at again the next time
    #[arg(long, value_name = "KIND=DAYS", conflicts_with = "record", value_parser = term)]
    term: Vec<(String, u64)>,
    /// Erase nothing; say what is kept longer than its term (exit code 1 if anything is)
    #[arg(long, requires = "term")]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct Retain {
    /// The id of a record that must be kept; may be repeated
    #[arg(long, required = true, allow_hyphen_values = true)]
    record: Vec<Hash>,
    /// Why, for those who keep it
    #[arg(long)]
    reference: Option<String>,
}

fn term(text: &str) -> Result<(String, u64), String> {
    let (kind, days) = text.split_once('=').ok_or("a kind, =, and a number of days: access=730")?;
    let days = days.parse().map_err(|_| format!("{days} is no number of days"))?;
    Ok((kind.to_owned(), days))
}

impl Erase {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        if !self.term.is_empty() {
            return self.run_terms(context, &client);
        }
        let targets: BTreeSet<Hash> = self.record.iter().copied().collect();
        let mut parties = BTreeSet::new();
        for id in &targets {
            parties.extend(client.parties_of_unverified(id)?);
        }
        let id = erase(&client, &targets, &parties)?;
        Ok(Answer::yes()
            .line("It is logged; the ledger destroys them now. Whom it concerns sees that, and by whom.")
            .line("Copies of the ledger's folder are for its operator to destroy.")
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("targets", json!(targets))
            .member("parties", json!(parties))
            .trial(client.is_trial()))
    }

    fn run_terms(&self, context: &Context, client: &Client) -> Result<Answer, Failure> {
        let mut terms = Terms::default();
        for (kind, days) in &self.term {
            terms.add(kind, *days).map_err(|error| Failure::unknown("term", format!("{kind}: {error}")))?;
        }
        let (store, origin) = (context.store(), &client.policy().origin);
        let mut walked = BTreeMap::new();
        for (kind, _) in &self.term {
            walked.insert(kind.clone(), store.walked(origin, kind)?);
        }
        let mut done = Done::default();
        for mut walk in client.walks(&terms, |kind| walked.remove(kind).unwrap_or_default()) {
            loop {
                let overdue = walk.go_on(MAX_NAMED)?;
                if overdue.is_empty() {
                    break;
                }
                if self.dry_run {
                    overdue.iter().for_each(|record| done.found(&walk, record));
                } else {
                    done.erase(client, &mut walk, &overdue)?;
                    store.note_walked(origin, walk.kind(), walk.walked())?;
                }
            }
            if !self.dry_run {
                store.note_walked(origin, walk.kind(), walk.walked())?;
            }
        }
        Ok(done.answer(context, self.dry_run).trial(client.is_trial()))
    }
}

/// Signs an erasure and hands it in.
fn erase(client: &Client, targets: &BTreeSet<Hash>, parties: &BTreeSet<Hash>) -> Result<Hash, Failure> {
    let draft = Draft::new("erasure", &occasion(client)?)
        .member("targets", json!(targets))
        .member("parties", json!(parties));
    Ok(sign_and_submit(client, draft)?.0)
}

/// What came of terms.
#[derive(Default)]
struct Done {
    overdue: Vec<(String, Overdue)>,
    erasures: Vec<Hash>,
    kept: Vec<(Hash, Failure)>,
}

impl Done {
    fn found(&mut self, walk: &Walk<'_>, record: &Overdue) {
        self.overdue.push((walk.kind().to_owned(), record.clone()));
    }

    /// Erases what may be. Only records that concern the same parties go together: an erasure shows to all of them what it names.
    fn erase(&mut self, client: &Client, walk: &mut Walk<'_>, overdue: &[Overdue]) -> Result<(), Failure> {
        let mut groups: BTreeMap<BTreeSet<Hash>, Vec<&Overdue>> = BTreeMap::new();
        for record in overdue {
            let parties = client.parties_of_unverified(&record.id)?.into_iter().collect();
            groups.entry(parties).or_default().push(record);
        }
        for (parties, group) in groups {
            let Some(refusal) = self.erase_all(client, walk, &group, &parties)? else { continue };
            for record in &group {
                // One of them is kept: which, each tells by itself.
                let refusal = match group.len() {
                    1 => Some(refusal.clone()),
                    _ => self.erase_all(client, walk, &[record], &parties)?,
                };
                if let Some(refusal) = refusal {
                    walk.hold(record);
                    self.kept.push((record.id, refusal));
                }
            }
        }
        Ok(())
    }

    /// Erases these together, or says why the ledger keeps one of them.
    fn erase_all(
        &mut self,
        client: &Client,
        walk: &Walk<'_>,
        records: &[&Overdue],
        parties: &BTreeSet<Hash>,
    ) -> Result<Option<Failure>, Failure> {
        let targets = records.iter().map(|record| record.id).collect();
        match erase(client, &targets, parties) {
            Ok(id) => {
                self.erasures.push(id);
                records.iter().for_each(|record| self.found(walk, record));
                Ok(None)
            }
            Err(refusal) if KEPT_BY.contains(&refusal.name()) => Ok(Some(refusal)),
            Err(error) => Err(error),
        }
    }

    fn answer(self, context: &Context, is_dry: bool) -> Answer {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        self.overdue.iter().for_each(|(kind, _)| *counts.entry(kind).or_default() += 1);
        let what = if is_dry { "kept longer than its term" } else { "erased" };
        let mut answer = Answer::of(!is_dry || self.overdue.is_empty());
        for (kind, count) in counts {
            answer = answer.line(format!("{kind}: {count} {what}"));
        }
        if self.overdue.is_empty() && self.kept.is_empty() {
            answer = answer.line("Nothing is kept longer than its term.");
        }
        for (kind, record) in self.overdue.iter().filter(|_| is_dry) {
            let (id, since) = (context.shown(&record.id), time::at(record.since));
            answer = answer.line(format!("  {kind}  {id}  since {since}"));
        }
        for (id, refusal) in &self.kept {
            answer = answer.line(format!("Kept: {}  {}", context.shown(id), refusal.message()));
        }
        let overdue: Vec<Value> = self
            .overdue
            .iter()
            .map(|(kind, record)| json!({"id": record.id, "kind": kind, "since": record.since}))
            .collect();
        let kept: Vec<Value> =
            self.kept.iter().map(|(id, refusal)| json!({"id": id, "because": refusal.name()})).collect();
        answer.member("overdue", overdue).member("kept", kept).member("erasures", json!(self.erasures))
    }
}

impl Retain {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client()?;
        let targets: BTreeSet<Hash> = self.record.iter().copied().collect();
        let draft = Draft::new("retention", &occasion(&client)?).member("targets", json!(targets));
        let draft = withheld(draft, "reference", self.reference.as_deref())?;
        let (id, submitted) = sign_and_submit(&client, draft)?;
        let proven = submitted.status().map(|proven| proven.answer());
        Ok(Answer::yes()
            .line("They are kept until you end that.")
            .line(format!("You end it with: procura revoke {}", context.shown(&id)))
            .maybe(proven.map(|answer| describe::ground(answer.receipt())))
            .line(format!("Its id: {id}"))
            .member("id", id.to_string())
            .member("targets", json!(targets))
            .trial(client.is_trial()))
    }
}

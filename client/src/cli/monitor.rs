//! `procura monitor`: watch a ledger, on one's own behalf or as an auditor; and check the evidence that somebody kept.

use super::context::Context;
use super::output::{self, Answer, Failure};
use super::{describe, time};
use clap::Args;
use procura_client::Client;
use procura_client::evidence::{self, Evidence, Verdict};
use procura_client::feed::Place;
use procura_client::monitor::{Monitor as Watch, MonitorError, Round, Watching};
use procura_core::Size;
use serde_json::{Map, Value, json};
use std::io;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

const DAY_S: u64 = 24 * 3600;

#[derive(Debug, Args)]
pub(super) struct Monitor {
    /// Look once and say how it is, instead of going on until something is wrong
    #[arg(long)]
    once: bool,
    /// How many seconds lie between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// How many seconds lie between two readings of your whole list
    #[arg(long, value_name = "SECONDS", default_value_t = DAY_S)]
    whole_every: u64,
    /// Replay every entry too: for auditors
    #[arg(long)]
    entries: bool,
}

impl Monitor {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client_with_key_if_any()?;
        let store = context.store();
        let party = client.identity().map(|identity| identity.party);
        let mut noted = match &party {
            Some(party) => store.noted(&client.policy().origin, party)?,
            None => Place::default(),
        };
        let watching = Watching { entries: self.entries, whole_every: Duration::from_secs(self.whole_every) };
        let mut watch = Watch::new(&client, watching, noted);
        let mut before = None;
        loop {
            match watch.round() {
                Ok(round) => {
                    let told = Told::of(context, &client, &round, before);
                    if !self.once && told.is_news {
                        tell(&told, context.global.json)?;
                    }
                    before = Some(round.checkpoint.size());
                    // Told first: what is told twice harms less than what is never told.
                    if let Some(party) = party.filter(|_| round.place != noted) {
                        store.note(&client.policy().origin, &party, &round.place)?;
                        noted = round.place;
                    }
                    if self.once {
                        return Ok(told.answer().trial(client.is_trial()));
                    }
                }
                Err(error @ MonitorError::Fault { .. }) => {
                    return Err(Failure::no(error.name(), error.to_string()));
                }
                Err(error @ MonitorError::Unknown { .. }) if self.once => {
                    return Err(Failure::unknown(error.name(), error.to_string()));
                }
                Err(error @ MonitorError::Unknown { .. }) => {
                    let told = Told {
                        is_news: true,
                        lines: vec![error.to_string()],
                        json: json!({"result": "unknown", "error": error.name(), "detail": error.to_string()}),
                    };
                    tell(&told, context.global.json)?;
                }
            }
            sleep(Duration::from_secs(self.every));
        }
    }
}

/// What is said of a round.
struct Told {
    is_news: bool,
    lines: Vec<String>,
    json: Value,
}

impl Told {
    fn of(context: &Context, client: &Client, round: &Round, before: Option<Size>) -> Self {
        let size = round.checkpoint.size();
        let mut lines = Vec::new();
        let continues = match before {
            Some(before) => format!("{size} entries, which continue the {before} of the look before."),
            None => format!("{size} entries, signed, and of one history with what was seen here before."),
        };
        let mut json = Map::new();
        let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
        put("result", json!("yes"));
        put("size", json!(size));
        lines.push(continues);
        if let Some(entries) = round.audited.as_ref().and_then(|audited| audited.entries) {
            lines
                .push(format!("Every entry follows the rules; {} index commits are right.", entries.commits));
            put("commits", json!(entries.commits));
        }
        if let Some(whole) = round.whole {
            let at = time::at(whole.time);
            lines
                .push(format!("Your list is whole: as of {at} nothing is left out, and every record opens."));
            put("whole_as_of", json!(whole.as_of));
        }
        let me = client.identity().map(|identity| identity.party);
        for filed in &round.news {
            let (at, kind) = (time::at(filed.logged.entry.time()), describe::kind(&filed.logged));
            lines.push(format!("New: {at}  {kind}  {}", describe::what(context, &filed.logged, me.as_ref())));
        }
        put("new", round.news.iter().map(|filed| describe::json(&filed.logged)).collect());
        Self {
            is_news: before.is_none() || !round.news.is_empty() || round.whole.is_some(),
            lines,
            json: json.into(),
        }
    }
}

impl Told {
    fn answer(self) -> Answer {
        let answer = self.lines.iter().fold(Answer::yes(), Answer::line);
        let members = self.json.as_object().cloned().unwrap_or_default();
        members.into_iter().fold(answer, |answer, (name, value)| answer.member(&name, value))
    }
}

fn tell(told: &Told, as_json: bool) -> Result<(), Failure> {
    let text = if as_json { told.json.to_string() } else { told.lines.join("\n") };
    output::say(&text).map_err(|error: io::Error| Failure::unknown("output", error.to_string()))
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The file
    file: PathBuf,
}

impl Check {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let unreadable =
            |error: io::Error| Failure::unknown("evidence", format!("{}: {error}", self.file.display()));
        let size = std::fs::metadata(&self.file).map_err(unreadable)?.len();
        if size > evidence::MAX_BYTES as u64 {
            return Err(Failure::unknown("evidence", "the file is larger than any evidence"));
        }
        let bytes = std::fs::read(&self.file).map_err(unreadable)?;
        let is_none = |error: evidence::EvidenceError| {
            Failure::no(error.name(), format!("this is no evidence: {error}"))
        };
        let (origin, evidence): (String, Evidence) = Evidence::parse(&bytes).map_err(is_none)?;
        let policy = context.policy_of(&origin)?;
        let verdict = evidence.check(&origin, &policy).map_err(is_none)?;
        let fault = evidence.fault();
        let both = evidence.both_sides(&origin, &policy).map_err(is_none)?;
        let answer = Answer::yes()
            .member("origin", origin.clone())
            .member("fault", fault)
            .member("proven", verdict == Verdict::Proven)
            .member("witnesses", json!(both));
        let cosigned = |name: &String| {
            format!(
                "So is {name}: it cosigned both sides, and said of each that it continues all it saw before."
            )
        };
        Ok(match verdict {
            Verdict::Proven => {
                let answer =
                    answer.line(format!("Proven: {origin} is at fault ({fault}), by what its own key signed."));
                both.iter().map(cosigned).fold(answer, Answer::line)
            }
            Verdict::OneOfTwo => {
                let relays = evidence.relays(&policy).map_err(is_none)?;
                let names: Vec<String> = relays.iter().map(|relay| context.shown(relay)).collect();
                answer
                    .line(format!("Proven: {origin}, or every relay named, says what is not so ({fault})."))
                    .line(format!("The ledger lacks what these signed they had, over ten minutes before: {}.", names.join(", ")))
                    .member("relays", json!(relays))
            }
            Verdict::Stated => answer
                .line(format!("{origin} signed what is shown. That it is at fault ({fault}) shows to who knows more:"))
                .line(match evidence {
                    Evidence::Fork(_) => {
                        "ask it for a proof that the larger tree continues the smaller; without one it is convicted."
                    }
                    _ => "replay the log up to the entry, with an auditor's key (`procura log audit`) or from a mirror.",
                })
                .incomplete(),
        })
    }
}

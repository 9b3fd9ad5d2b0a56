//! `procura import`: a mandate for each line of a file.

mod told;

use super::confirm::confirm;
use super::context::Context;
use super::output::{Answer, Failure};
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use procura_client::import::{
    self, FileError, Journal, JournalError, Layout, MAX_BYTES, Member, Outcome, Row, Run, Settings, Sheet,
    report,
};
use procura_client::{CatalogueFound, Client, ReadError};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::schemes::Schemes;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What is said below the options.
const AFTER: &str = "Every line becomes a mandate that you give to the line's mandatee; it waits until they accept. The whole file is \
checked first: with an error in it nothing is signed. What is signed is kept beside the report (REPORT.journal, for you alone: keep \
it) before it is sent, so that the same command may be run again after whatever happened: nothing is given twice. Correct the \
lines that were refused, in the same file, and run it again. To give once more what was given before, choose another --report.

Exit codes: 0 all of it is given, 1 some lines are refused, 2 could not tell: run it again.";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Import {
    /// The file, UTF-8
    file: PathBuf,
    /// How it is written
    #[arg(long, value_enum)]
    format: Format,
    /// A category of data for lines that name none; may be repeated
    #[arg(long)]
    scope: Vec<String>,
    /// csam: the scopes that a capacity stands for, CODE=SCOPE,…; may be repeated
    #[arg(long, value_parser = capacity)]
    capacity: Vec<(String, Vec<String>)>,
    /// csv, jsonl: what a column is, COLUMN=MEMBER, or COLUMN=- to pass it over; may be repeated
    #[arg(long, value_parser = column)]
    map: Vec<(String, Option<Member>)>,
    /// The catalogue that the categories are of [default: the newest in force that has them]
    #[arg(long, allow_hyphen_values = true)]
    catalogue: Option<Hash>,
    /// By invitation: accepted within so many days, and only with the link that the report has for the line
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=366))]
    invite: Option<u64>,
    /// Where it says what became of each line [default: FILE.report.csv]
    #[arg(long)]
    report: Option<PathBuf>,
    /// Check the file, and sign nothing
    #[arg(long)]
    dry_run: bool,
    /// Give what the good lines say although there are bad ones
    #[arg(long)]
    skip_bad: bool,
    /// Don't ask before all of it is signed
    #[arg(long)]
    yes: bool,
    /// How many connections are used at once
    #[arg(long, default_value_t = 32, value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    connections: usize,
    /// For how many seconds a server may do nothing before the rest is left for another time
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    patience: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// mandatee;e-mail;capacity;language;reference;start;end, days as yyyyMMdd, no header; e-mail and language are not kept
    Csam,
    /// A table between `,` or `;`, its header of mandatee, scopes, reference, valid_from, valid_until, conditions, substitution
    Csv,
    /// A JSON object a line, with the same members
    Jsonl,
}

fn capacity(text: &str) -> Result<(String, Vec<String>), String> {
    let (code, scopes) = text.split_once('=').ok_or("write CODE=SCOPE,…")?;
    let scopes = scopes.split(',').map(|scope| scope.trim().to_owned());
    let scopes: Vec<String> = scopes.filter(|scope| !scope.is_empty()).collect();
    if scopes.is_empty() { Err("it names no scope".to_owned()) } else { Ok((code.trim().to_owned(), scopes)) }
}

fn column(text: &str) -> Result<(String, Option<Member>), String> {
    let (column, name) = text.rsplit_once('=').ok_or("write COLUMN=MEMBER, or COLUMN=-")?;
    let member = match name {
        "-" => None,
        name => Some(Member::named(name).ok_or_else(|| {
            let names = Member::ALL.map(Member::name).join(", ");
            format!("a member is one of {names}, or -")
        })?),
    };
    Ok((column.trim().to_owned(), member))
}

impl Import {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let layout = self.layout()?;
        let mut sheet = import::read(&self.bytes()?, &layout, &self.scope).map_err(unread)?;
        let client = context.client()?;
        let catalogues = catalogues(&client)?;
        let catalogue = import::choose(&catalogues, self.catalogue.as_ref(), &sheet.rows)
            .map_err(|error| Failure::no(error.name(), error.to_string()))?;
        let report = self.report.clone().unwrap_or_else(|| beside(&self.file, ".report.csv"));
        let journal_at = beside(&report, ".journal");
        let journal = if journal_at.exists() { Some(open(&journal_at, &client)?) } else { None };
        let known = |row: &Row| {
            let journal = journal.as_ref()?;
            journal.known(&row.key(journal.salt()))
        };
        let today = Day::of(client.now())
            .ok_or_else(|| Failure::unknown("clock", "this machine's clock is wrong"))?;
        let schemes = Schemes::of(catalogues.iter().map(|found| Arc::new(found.catalogue.clone())).collect());
        import::check(&mut sheet, &catalogue.catalogue, &schemes, today, |row| known(row).is_some());
        let given = |row: &&Row| known(row).is_some_and(|known| known.given.is_some());
        let already = sheet.rows.iter().filter(given).count();
        let summary = self.summary(&sheet, already, catalogue, today);
        let refuses = !sheet.faults.is_empty() && !self.skip_bad;
        if self.dry_run {
            return Ok(told::faults(Answer::of(sheet.faults.is_empty()), &sheet, None)
                .line(summary)
                .line("Nothing was signed."));
        }
        if refuses {
            let outcomes = self.before(&sheet, &known, "another line has an error: nothing was signed");
            told::write(&report, &client, &outcomes)?;
            let answer = told::faults(Answer::of(false), &sheet, Some(&report));
            return Ok(
                answer.line("Nothing was signed. Correct these lines, or leave them out with --skip-bad.")
            );
        }
        if already < sheet.rows.len() {
            confirm(&summary, self.yes)?;
        }
        told::write(&report, &client, &self.before(&sheet, &known, "the import did not end: run it again"))?;
        let mut journal = match journal {
            Some(journal) => journal,
            None => open(&journal_at, &client)?,
        };
        let bar = context.progress("Giving");
        bar.set_length(sheet.rows.len() as u64);
        let settings = self.settings(catalogue.id);
        let run =
            Run::over(&client, &mut journal, &settings, &sheet.rows, &|done| bar.set_position(done as u64));
        bar.finish_and_clear();
        told::of_run(run, &sheet, &report, &client)
    }

    fn settings(&self, catalogue: Hash) -> Settings {
        Settings {
            catalogue,
            invite_days: self.invite,
            connections: self.connections,
            patience: Duration::from_secs(self.patience),
        }
    }

    fn layout(&self) -> Result<Layout, Failure> {
        let is_csam = self.format == Format::Csam;
        if is_csam && !self.map.is_empty() {
            return Err(Failure::unknown(
                "usage",
                "a csam file has no columns to name: --map is for csv and jsonl",
            ));
        }
        if !is_csam && !self.capacity.is_empty() {
            return Err(Failure::unknown("usage", "only a csam file has capacities"));
        }
        let columns = self.map.iter().cloned().collect();
        Ok(match self.format {
            Format::Csam => Layout::Csam { capacities: self.capacity.iter().cloned().collect() },
            Format::Csv => Layout::Csv { columns },
            Format::Jsonl => Layout::Jsonl { columns },
        })
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let failed = |error: std::io::Error| {
            Failure::unknown("file", format!("{} cannot be read: {error}", self.file.display()))
        };
        if fs::metadata(&self.file).map_err(failed)?.len() > MAX_BYTES as u64 {
            return Err(unread(FileError::TooLarge));
        }
        fs::read(&self.file).map_err(failed)
    }

    /// What is to be signed, in a few lines.
    fn summary(&self, sheet: &Sheet, already: usize, catalogue: &CatalogueFound, today: Day) -> String {
        let rows = &sheet.rows;
        let scopes: BTreeSet<&str> = rows.iter().flat_map(|row| &row.scopes).map(String::as_str).collect();
        let scopes: Vec<&str> = scopes.into_iter().collect();
        let whom: BTreeSet<_> = rows.iter().map(|row| &row.mandatee).collect();
        let from = rows.iter().map(|row| row.valid_from.unwrap_or(today)).min().unwrap_or(today);
        let ends = rows.iter().map(|row| row.valid_until).collect::<Option<Vec<_>>>();
        let until = ends.and_then(|ends| ends.into_iter().max());
        let until =
            until.map_or_else(|| "some without end".to_owned(), |day| format!("the last until {day}"));
        let before = if already > 0 { format!(", {already} of them given before") } else { String::new() };
        let catalogue = format!("{} version {}", catalogue.catalogue.code, catalogue.catalogue.version);
        let mut text = format!(
            "{} mandates from you to {} parties{before}; for {} of {catalogue}; the first from {from}, {until}.",
            rows.len(),
            whom.len(),
            scopes.join(", ")
        );
        if let Some(days) = self.invite {
            text.push_str(&format!(
                " By invitation: the report has a link for each, which opens it for {days} days."
            ));
        }
        if self.format == Format::Csam {
            text.push_str(" E-mail addresses and languages stay in the file: the ledger has none.");
        }
        text
    }

    /// What is known of each line before anything is sent.
    fn before<'k>(
        &self,
        sheet: &Sheet,
        known: &impl Fn(&Row) -> Option<&'k import::Known>,
        why: &str,
    ) -> Vec<(u64, Outcome)> {
        let mut outcomes = report::of_faults(&sheet.faults);
        outcomes.extend(sheet.rows.iter().map(|row| {
            let outcome = match known(row).filter(|known| known.given.is_some()) {
                Some(known) => Outcome::Already { id: known.id, link: known.link },
                None => Outcome::NotSent(why.to_owned()),
            };
            (row.line, outcome)
        }));
        outcomes
    }
}

fn catalogues(client: &Client) -> Result<Vec<CatalogueFound>, Failure> {
    client.catalogues().map_err(|error| match error {
        ReadError::NotFound => Failure::unknown("not_listed", "this server does not list its catalogues"),
        error => error.into(),
    })
}

fn open(path: &Path, client: &Client) -> Result<Journal, Failure> {
    let own = client.own_party()?;
    let failed = |error: JournalError| Failure::unknown(error.name(), error.to_string());
    Journal::open(path, &client.policy().origin, &own).map_err(failed)
}

fn unread(error: FileError) -> Failure {
    Failure::no(error.name(), error.to_string())
}

/// A file's name with an ending more.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

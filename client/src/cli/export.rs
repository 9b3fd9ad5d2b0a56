//! `procura export`: everything that concerns a party, in a file that other programs open; page by page, so that a list of millions
//! takes no more room than a page.

use super::context::Context;
use super::filter::Filter;
use super::output::{Answer, Failure};
use super::{describe, time};
use clap::{Args, ValueEnum};
use procura_client::{CallError, Client, Filed, ReadError};
use procura_core::Hash;
use procura_core::source::Logged;
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write; it must not be there yet
    file: PathBuf,
    /// Its form [default: by the file's name]
    #[arg(long)]
    format: Option<Format>,
    /// The party; auditors may ask about any [default: yourself]
    #[arg(long, allow_hyphen_values = true)]
    party: Option<Hash>,
    /// Also what was decided on each access, each proven by a receipt of its own
    #[arg(long)]
    decisions: bool,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table, with a line of headings
    Csv,
    /// A JSON object a line, with the whole payload
    Jsonl,
}

/// The columns of a table, which are members of a row.
const COLUMNS: [&str; 21] = [
    "logged_at",
    "index",
    "id",
    "kind",
    "status",
    "target",
    "who",
    "on_behalf_of",
    "whose",
    "source",
    "categories",
    "purposes",
    "valid_from",
    "valid_until",
    "emergency",
    "said",
    "decision",
    "reason",
    "rests_on",
    "what",
    "segment",
];

/// Those that others wrote at will.
const TEXTS: [&str; 2] = ["said", "what"];

impl Export {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let by_name = match self.file.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => Some(Format::Csv),
            Some("jsonl" | "ndjson") => Some(Format::Jsonl),
            _ => None,
        };
        let format = self.format.or(by_name).ok_or_else(|| {
            Failure::unknown("no_format", "say --format csv or --format jsonl, or name the file so")
        })?;
        let client = context.client()?;
        let party = match self.party {
            Some(party) => party,
            None => client.own_party()?,
        };
        let shown = self.filter.resolve(&client)?;
        // Under its own name only once it is known to be whole.
        let part = part_of(&self.file)?;
        let (mut writer, mut count, mut whole, mut largest_bytes) =
            (Writer::create(&part, format)?, 0_u64, 0_u64, 0);
        let bar = context.progress("records");
        let read = client.each_page(&party, &mut |page| {
            whole += page.records.len() as u64;
            largest_bytes = largest_bytes.max(page.receipt.len());
            bar.set_position(whole);
            for filed in page.records.iter().filter(|filed| shown.shows(filed)) {
                writer.write(self.row(context, &client, &party, filed)?)?;
                count += 1;
            }
            Ok::<_, Failure>(())
        });
        bar.finish_and_clear();
        let written = read.and_then(|complete| writer.finish().map(|()| complete));
        let complete = written.inspect_err(|_| drop(std::fs::remove_file(&part)))?;
        std::fs::rename(&part, &self.file).map_err(|error| unwritable(&self.file, &error))?;
        let (as_of, at) = (complete.as_of, time::at(complete.time));
        Ok(Answer::yes()
            .line(format!("{count} of {whole} records written to {}.", self.file.display()))
            .line(format!("Verified here: as of {at} ({as_of} entries) nothing is left out of the whole."))
            .member("party", party.to_string())
            .member("file", self.file.display().to_string())
            .member("written", count)
            .member("records", whole)
            .member("largest_page_bytes", largest_bytes)
            .member("as_of", json!(as_of))
            .member("time", json!(complete.time))
            .member("complete", true)
            .trial(client.is_trial()))
    }

    fn row(
        &self,
        context: &Context,
        client: &Client,
        party: &Hash,
        filed: &Filed,
    ) -> Result<Map<String, Value>, Failure> {
        let logged = &filed.logged;
        let mut row = of_record(context, party, filed);
        if self.decisions
            && describe::kind(logged) == "access"
            && let Some(id) = logged.entry.id()
        {
            match client.decided(&id) {
                Ok(proven) => {
                    let decision = proven.answer().decision();
                    let word = if decision.permit { "yes" } else { "no" };
                    row.insert("decision".to_owned(), json!(word));
                    row.insert("reason".to_owned(), json!(decision.reason.name()));
                    row.insert("rests_on".to_owned(), json!(decision.evidence));
                }
                // What it rested on was erased, or does not count any more: nobody can say.
                Err(ReadError::Call(CallError::Refused(problem))) if problem.status == 409 => {
                    row.insert("decision".to_owned(), json!("unknown"));
                    row.insert("reason".to_owned(), json!(problem.name));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(row)
    }
}

/// What a row says of a record: the columns, and the payload with what is disclosed.
fn of_record(context: &Context, party: &Hash, filed: &Filed) -> Map<String, Value> {
    let logged: &Logged = &filed.logged;
    let payload = describe::payload(logged);
    let first = |names: &[&str]| names.iter().find_map(|name| payload.get(name)).cloned().unwrap_or_default();
    let disclosed = |name: &str| logged.opened.as_ref().and_then(|opened| opened.disclosed_str(name));
    let said = ["justification", "statement", "reference"].into_iter().find_map(disclosed);
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            row.insert(name.to_owned(), value);
        }
    };
    put("logged_at", json!(time::utc(logged.entry.time())));
    put("index", json!(logged.index));
    put("id", json!(logged.entry.id()));
    put("kind", json!(describe::kind(logged)));
    put("status", json!(filed.status.map(|status| status.to_string())));
    put("target", first(&["target"]));
    put("who", first(&["actor", "mandatees", "recipient", "requester", "blocked"]));
    put("on_behalf_of", first(&["on_behalf_of"]));
    put("whose", first(&["mandators", "subject", "party"]));
    put("source", first(&["source"]));
    put("categories", first(&["category", "scopes"]));
    put("purposes", first(&["purpose", "purposes"]));
    put("valid_from", first(&["valid_from", "since"]));
    put("valid_until", first(&["valid_until"]));
    put("emergency", first(&["emergency"]));
    put("said", json!(said));
    put("what", json!(describe::what(context, logged, Some(party))));
    put("segment", json!(filed.segment));
    put("payload", payload.clone());
    put("disclosed", logged.opened.as_ref().map_or(Value::Null, |opened| json!(opened.disclosed)));
    row
}

enum Writer {
    Csv(Box<csv::Writer<File>>, PathBuf),
    Jsonl(BufWriter<File>, PathBuf),
}

impl Writer {
    fn create(path: &Path, format: Format) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // It says what concerns somebody: nobody else's to read.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| unwritable(path, &error))?;
        Ok(match format {
            Format::Jsonl => Self::Jsonl(BufWriter::new(file), path.to_owned()),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                writer.write_record(COLUMNS).map_err(|error| unwritable(path, &error))?;
                Self::Csv(Box::new(writer), path.to_owned())
            }
        })
    }

    fn write(&mut self, row: Map<String, Value>) -> Result<(), Failure> {
        match self {
            Self::Csv(writer, path) => {
                let cells = COLUMNS.iter().map(|name| {
                    let text = cell(row.get(*name));
                    if TEXTS.contains(name) { no_formula(text) } else { text }
                });
                writer.write_record(cells).map_err(|error| unwritable(path, &error))
            }
            Self::Jsonl(writer, path) => {
                writeln!(writer, "{}", Value::Object(row)).map_err(|error| unwritable(path, &error))
            }
        }
    }

    fn finish(self) -> Result<(), Failure> {
        let (file, path) = match self {
            Self::Csv(writer, path) => (writer.into_inner().map_err(|error| error.into_error()), path),
            Self::Jsonl(writer, path) => {
                (writer.into_inner().map_err(std::io::IntoInnerError::into_error), path)
            }
        };
        file.and_then(|file| file.sync_all()).map_err(|error| unwritable(&path, &error))
    }
}

/// What others wrote is no formula: a text that a spreadsheet would run is preceded by an apostrophe.
fn no_formula(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// A cell of a table.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Array(items)) => items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(" "),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn part_of(file: &Path) -> Result<PathBuf, Failure> {
    if file.exists() {
        let message = format!("{} is there already; name another file", file.display());
        return Err(Failure::unknown("file_exists", message));
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    Ok(PathBuf::from(name))
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::unknown("file", format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text() {
        for (value, written) in [
            (json!("file 7"), "file 7"),
            (json!(["tax", "pension"]), "tax pension"),
            (json!(true), "true"),
            // An id may begin so, and stays what it is.
            (json!("-8xQ"), "-8xQ"),
        ] {
            assert_eq!(cell(Some(&value)), written);
        }
        assert_eq!(cell(None), "");
    }

    #[test]
    fn what_others_wrote_is_no_formula() {
        for text in ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1"] {
            assert_eq!(no_formula(text.to_owned()), format!("'{text}"));
        }
        assert_eq!(no_formula("file 7 = 8".to_owned()), "file 7 = 8");
    }
}

//! What is told of an import: the faults of its file, and what became of each line.

use super::super::output::{Answer, Failure};
use procura_client::Client;
use procura_client::import::{Outcome, Run, Sheet, report};
use serde_json::{Value, json};
use std::path::Path;

/// How many faults are shown; the report has all of them.
const MOST_SHOWN: usize = 20;

/// What became of the lines, counted.
#[derive(Default)]
struct Counts {
    given: usize,
    already: usize,
    refused: usize,
    not_sent: usize,
}

impl Counts {
    fn of(outcomes: &[(u64, Outcome)]) -> Self {
        let mut counts = Self::default();
        for (_, outcome) in outcomes {
            *match outcome {
                Outcome::Given { .. } => &mut counts.given,
                Outcome::Already { .. } => &mut counts.already,
                Outcome::Refused(_) => &mut counts.refused,
                Outcome::NotSent(_) => &mut counts.not_sent,
            } += 1;
        }
        counts
    }
}

/// What a run came to, told and written.
pub(super) fn of_run(run: Run, sheet: &Sheet, report: &Path, client: &Client) -> Result<Answer, Failure> {
    let mut outcomes = report::of_faults(&sheet.faults);
    outcomes.extend(run.outcomes);
    write(report, client, &outcomes)?;
    let counts = Counts::of(&outcomes);
    let prepared = (run.prepared > 0).then(|| {
        format!(
            "Nobody is registered yet under {} of the identifiers: the ledger keeps a place for them. That the place is \
             theirs is the ledger's word until they register.",
            run.prepared
        )
    });
    let answer = Answer::of(counts.refused == 0)
        .line(format!(
            "Given: {}. Given before: {}. Refused: {}. Not sent: {}.",
            counts.given, counts.already, counts.refused, counts.not_sent
        ))
        .maybe((counts.given > 0).then(|| "Each waits until the other side accepts it.".to_owned()))
        .maybe(prepared)
        .maybe(run.stopped.as_ref().map(|error| {
            format!("It stopped before its end: {error}. Run the same again: nothing is given twice.")
        }))
        .line(format!("What became of each line: {}", report.display()));
    let answer = numbers(answer, &counts)
        .member("not_registered", json!(run.prepared))
        .member("stopped", json!(run.stopped.as_ref().map(|error| error.name())))
        .member("report", json!(report.display().to_string()))
        .trial(client.is_trial());
    Ok(if counts.not_sent > 0 || run.stopped.is_some() { answer.incomplete() } else { answer })
}

fn numbers(answer: Answer, counts: &Counts) -> Answer {
    answer
        .member("given", json!(counts.given))
        .member("already", json!(counts.already))
        .member("refused", json!(counts.refused))
        .member("not_sent", json!(counts.not_sent))
}

/// The faults of a sheet, as many as can be read.
pub(super) fn faults(answer: Answer, sheet: &Sheet, report: Option<&Path>) -> Answer {
    let most = if report.is_some() { MOST_SHOWN } else { usize::MAX };
    let mut answer = answer;
    for fault in sheet.faults.iter().take(most) {
        answer = answer.line(fault.to_string());
    }
    let more = sheet.faults.len().saturating_sub(most);
    let members: Vec<Value> = sheet
        .faults
        .iter()
        .map(
            |fault| json!({"line": fault.line, "field": fault.field, "name": fault.name, "what": fault.what}),
        )
        .collect();
    answer
        .maybe((more > 0).then(|| format!("… and {more} more")))
        .maybe((!sheet.faults.is_empty()).then(|| format!("{} lines have errors.", sheet.bad_lines())))
        .maybe(report.map(|report| format!("What is wrong with each line: {}", report.display())))
        .member("faults", members)
        .member("report", json!(report.map(|report| report.display().to_string())))
}

/// Writes the report.
pub(super) fn write(path: &Path, client: &Client, outcomes: &[(u64, Outcome)]) -> Result<(), Failure> {
    let failed = |why: String| {
        Failure::unknown("report_io", format!("the report {} cannot be written: {why}", path.display()))
    };
    // The file that is imported, for one, is easily named by mistake.
    if !report::is_one_or_none(path).map_err(|error| failed(error.to_string()))? {
        return Err(failed("another file is there. Choose another name".to_owned()));
    }
    report::write(path, client.server(), outcomes).map_err(|error| failed(error.to_string()))
}

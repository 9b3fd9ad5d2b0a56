//! What is printed, and the exit code: 0 yes, 1 no, 2 could not tell.

use procura_client::keyfile::KeyFileError;
use procura_client::store::StoreError;
use serde_json::{Map, Value, json};
use std::io::{self, Write as _};
use std::process::ExitCode;

/// What a verb found.
pub(crate) struct Answer {
    yes: bool,
    text: String,
    members: Map<String, Value>,
    trial: bool,
    incomplete: bool,
}

/// Why a verb found nothing.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    is_no: bool,
    name: String,
    message: String,
}

impl Answer {
    /// Yes, or done.
    pub(crate) fn yes() -> Self {
        Self::of(true)
    }

    /// Yes or no.
    pub(crate) fn of(yes: bool) -> Self {
        Self { yes, text: String::new(), members: Map::new(), trial: false, incomplete: false }
    }

    /// Adds a line for people.
    pub(crate) fn line(mut self, line: impl AsRef<str>) -> Self {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
        self
    }

    /// Adds a line for people, if there is one.
    pub(crate) fn maybe(self, line: Option<String>) -> Self {
        match line {
            Some(line) => self.line(line),
            None => self,
        }
    }

    /// Adds a member for programs.
    pub(crate) fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Says that the ledger is a trial, if it is.
    pub(crate) fn trial(mut self, is_trial: bool) -> Self {
        self.trial = is_trial;
        self
    }

    /// What was found is right as far as it goes, but not all could be checked: exit code 2.
    pub(crate) fn incomplete(mut self) -> Self {
        self.incomplete = true;
        self
    }
}

impl Failure {
    /// It could not be told.
    pub(crate) fn unknown(name: &str, message: impl Into<String>) -> Self {
        Self { is_no: false, name: name.to_owned(), message: message.into() }
    }

    /// The error's stable name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it is, for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The answer is no.
    pub(crate) fn no(name: &str, message: impl Into<String>) -> Self {
        Self { is_no: true, name: name.to_owned(), message: message.into() }
    }
}

macro_rules! could_not_tell {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::unknown(error.name(), error.to_string())
            }
        })*
    };
}
could_not_tell!(
    procura_client::CallError,
    procura_client::Distrust,
    procura_client::MeetError,
    procura_client::NewError,
    procura_client::ReadError,
    procura_client::RecordsError,
    procura_client::TokenError,
    procura_client::terms::WalkError,
    procura_client::tiles::LogError,
    KeyFileError,
    StoreError,
);

impl From<procura_client::pairing::PairingError> for Failure {
    fn from(error: procura_client::pairing::PairingError) -> Self {
        Self::no(error.name(), error.to_string())
    }
}

impl From<procura_client::SubmitError> for Failure {
    fn from(error: procura_client::SubmitError) -> Self {
        use procura_client::SubmitError::{Record, Refused};
        Self {
            is_no: matches!(error, Record(_) | Refused(_)),
            name: error.name().to_owned(),
            message: error.to_string(),
        }
    }
}

/// Tells something at once: of a verb that goes on until it is stopped.
///
/// # Errors
/// The reader is gone.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

impl From<procura_client::AnswerError> for Failure {
    fn from(error: procura_client::AnswerError) -> Self {
        use procura_client::AnswerError::{NoDay, NoRequest, Read, Sign, Submit};
        match error {
            Read(error) => error.into(),
            Submit(error) => error.into(),
            Sign(_) => Self::unknown(error.name(), error.to_string()),
            NoDay | NoRequest => Self::no(error.name(), error.to_string()),
        }
    }
}

/// Prints what a verb found and gives the exit code.
pub(crate) fn print(outcome: Result<Answer, Failure>, as_json: bool) -> ExitCode {
    let (text, error, code) = match outcome {
        Ok(answer) => {
            let code = if answer.incomplete { 2 } else { u8::from(!answer.yes) };
            let text = if as_json { as_program(answer, code) } else { as_people(answer) };
            (text, String::new(), code)
        }
        Err(Failure { is_no, name, message }) => {
            let code = if is_no { 1 } else { 2 };
            if as_json {
                let value = json!({"result": word(code), "error": name, "detail": message});
                (format!("{value:#}\n"), String::new(), code)
            } else {
                (String::new(), format!("procura: {message}\n"), code)
            }
        }
    };
    let written = io::stdout().lock().write_all(text.as_bytes());
    let told = io::stderr().lock().write_all(error.as_bytes());
    // A reader that went away did not get its answer.
    if written.and(told).is_err() { ExitCode::from(2) } else { ExitCode::from(code) }
}

fn as_people(answer: Answer) -> String {
    let mut text = answer.text;
    if answer.trial {
        text.push_str("This is a trial ledger: nothing in it is binding.\n");
    }
    text
}

fn as_program(answer: Answer, code: u8) -> String {
    let mut members = Map::new();
    members.insert("result".to_owned(), json!(word(code)));
    members.insert("trial".to_owned(), json!(answer.trial));
    members.extend(answer.members);
    format!("{:#}\n", Value::Object(members))
}

const fn word(code: u8) -> &'static str {
    match code {
        0 => "yes",
        1 => "no",
        _ => "unknown",
    }
}

/// Rows under headings, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&headings.map(str::to_owned), &widths);
    rows.iter().for_each(|row| text.push_str(&line(row, &widths)));
    // The last line's end is the caller's.
    text.pop();
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str(&format!("{cell:width$}  "));
    }
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [["é".to_owned(), "x".to_owned()], ["long".to_owned(), "y".to_owned()]];
        assert_eq!(table(["A", "B"], &rows), "A     B\né     x\nlong  y");
    }
}

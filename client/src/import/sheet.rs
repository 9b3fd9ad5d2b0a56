//! From the bytes of a file to its rows, and to what is wrong with the lines that are none.

use super::row::{Member, Row};
use super::{csam, lines, table};
use std::collections::{BTreeMap, HashMap};

/// The largest file.
pub const MAX_BYTES: usize = 256 << 20;

/// How a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// The seven fields of CSAM Self-Service Mandates, without a header: mandatee, e-mail, capacity, language, reference,
    /// start, end.
    Csam {
        /// The scopes that each capacity stands for. If there are none, the field is not looked at.
        capacities: BTreeMap<String, Vec<String>>,
    },
    /// A table with a header, delimited by `,` or `;`.
    Csv {
        /// What columns are that are not called as the member is; `None`: passed over.
        columns: BTreeMap<String, Option<Member>>,
    },
    /// A JSON object a line.
    Jsonl {
        /// As for a table.
        columns: BTreeMap<String, Option<Member>>,
    },
}

/// Something wrong with a line. It names line and field and never shows the value, which may be somebody's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The column, field or member.
    pub field: Option<String>,
    /// A stable name.
    pub name: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl Fault {
    pub(super) fn new(line: u64, field: Option<&str>, name: &str, what: impl Into<String>) -> Self {
        Self { line, field: field.map(str::to_owned), name: name.to_owned(), what: what.into() }
    }
}

/// `line 3, reference: it has over 255 characters (member_mistyped)`.
impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(field) = &self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": {} ({})", self.what, self.name)
    }
}

/// Why a file as a whole is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Another encoding.
    #[error(
        "line {line} is not UTF-8: the file was saved in another encoding (such as Windows-1252). Save it as UTF-8"
    )]
    Encoding {
        /// The first line that is not.
        line: u64,
    },
    /// UTF-16, by its first bytes.
    #[error("line 1 begins as UTF-16 does: save the file as UTF-8")]
    Utf16,
    /// Over [`MAX_BYTES`].
    #[error("the file has over {} MiB: split it", MAX_BYTES >> 20)]
    TooLarge,
    /// No line.
    #[error("the file has no line to import")]
    Empty,
    /// A column that means nothing here: perhaps a slip that would make a mandate without end.
    #[error(
        "the header's column {0:?} means nothing here: say what it is with --map '{0}=MEMBER', or that it is to be passed over with --map '{0}=-'"
    )]
    UnknownColumn(String),
    /// Two columns of one meaning.
    #[error("the header has two columns for {}", .0.name())]
    Twice(Member),
    /// A column that is needed.
    #[error("the header has no column {}: rename it, or say which one it is with --map COLUMN={}", .0.name(), .0.name())]
    NoColumn(Member),
    /// `--map` names what is not in the file.
    #[error("the header has no column {0:?}, which --map names")]
    NoSuchColumn(String),
}

impl FileError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Encoding { .. } | Self::Utf16 => "encoding",
            Self::TooLarge => "file_too_large",
            Self::Empty => "file_empty",
            Self::UnknownColumn(_) => "unknown_column",
            Self::Twice(_) => "column_twice",
            Self::NoColumn(_) | Self::NoSuchColumn(_) => "no_column",
        }
    }
}

/// What a file says.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// The good lines, in the file's order.
    pub rows: Vec<Row>,
    /// What is wrong with the others, in the file's order.
    pub faults: Vec<Fault>,
    labels: HashMap<Member, String>,
}

impl Sheet {
    /// What the file calls a member: for whoever must correct it.
    #[must_use]
    pub fn label(&self, member: Member) -> &str {
        self.labels.get(&member).map_or(member.name(), String::as_str)
    }

    /// How many lines have a fault.
    #[must_use]
    pub fn bad_lines(&self) -> usize {
        let mut lines: Vec<u64> = self.faults.iter().map(|fault| fault.line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.len()
    }

    pub(super) fn call(&mut self, member: Member, label: impl Into<String>) {
        self.labels.insert(member, label.into());
    }

    /// Adds what a line says, member by member.
    pub(super) fn add(&mut self, line: u64, cells: &HashMap<Member, String>, scopes: &[String]) {
        let read = Row::read(line, cells, scopes, |member| self.label(member));
        match read {
            Ok(row) => self.rows.push(row),
            Err(faults) => self.faults.extend(faults),
        }
    }
}

/// Reads a file. `scopes` are those of lines that name none.
///
/// # Errors
/// [`FileError`]; what is wrong with single lines stands in the sheet.
pub fn read(bytes: &[u8], layout: &Layout, scopes: &[String]) -> Result<Sheet, FileError> {
    let text = text(bytes)?;
    let sheet = match layout {
        Layout::Csam { capacities } => csam::read(text, capacities, scopes),
        Layout::Csv { columns } => table::read(text, columns, scopes)?,
        Layout::Jsonl { columns } => lines::read(text, columns, scopes),
    };
    if sheet.rows.is_empty() && sheet.faults.is_empty() { Err(FileError::Empty) } else { Ok(sheet) }
}

/// The text, without a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, FileError> {
    if bytes.len() > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(FileError::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        FileError::Encoding { line: 1 + table::line_ends(before) }
    })
}

#[cfg(test)]
mod tests {
    //! Goal: one encoding is read, the others are told with their line. Method: the same name in each.

    use super::*;

    fn read_csam(bytes: &[u8]) -> Result<Sheet, FileError> {
        read(bytes, &Layout::Csam { capacities: BTreeMap::new() }, &["pensions".to_owned()])
    }

    #[test]
    fn utf8_is_read_with_a_mark_and_without() {
        let line = "48031500292;;;;Zoé;20990101;";
        for text in [line.to_owned(), format!("\u{feff}{line}\r\n")] {
            let sheet = read_csam(text.as_bytes()).unwrap();
            assert_eq!(sheet.faults, []);
            assert_eq!(sheet.rows[0].reference.as_deref(), Some("Zoé"));
        }
    }

    #[test]
    fn other_encodings_are_refused_with_their_line() {
        let latin = b"48031500292;;;;Zoe;20990101;\n75061200192;;;;Zo\xe9;20990101;\n";
        assert_eq!(read_csam(latin).unwrap_err(), FileError::Encoding { line: 2 });
        assert_eq!(read_csam(b"\xff\xfe4\08\0").unwrap_err(), FileError::Utf16);
        assert_eq!(read_csam(b"\xef\xbb\xbf\r\n\n").unwrap_err(), FileError::Empty);
    }
}

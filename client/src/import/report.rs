//! What became of each line, as a table: `line,status,record,link,reason`.
//!
//! Only its owner may read it, for it holds links.

use super::sheet::Fault;
use crate::links::link_address;
use crate::store::replace;
use procura_core::Hash;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The columns.
const HEAD: [&str; 5] = ["line", "status", "record", "link", "reason"];

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The mandate stands in the ledger, proven.
    Given {
        /// The record's id.
        id: Hash,
        /// The link with which it is accepted.
        link: Option<[u8; 32]>,
    },
    /// It was given by an earlier run.
    Already {
        /// The record's id.
        id: Hash,
        /// The link with which it is accepted.
        link: Option<[u8; 32]>,
    },
    /// It is not given, and will not be as it stands.
    Refused(String),
    /// It is not known to be given. Run the import again: that is safe.
    NotSent(String),
}

impl Outcome {
    /// The status's word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Given { .. } => "given",
            Self::Already { .. } => "already",
            Self::Refused(_) => "refused",
            Self::NotSent(_) => "not sent",
        }
    }
}

/// The outcomes of a sheet's faults: a line each, with everything that is wrong with it.
#[must_use]
pub fn of_faults(faults: &[Fault]) -> Vec<(u64, Outcome)> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    for fault in faults {
        let what = match &fault.field {
            Some(field) => format!("{field}: {} ({})", fault.what, fault.name),
            None => format!("{} ({})", fault.what, fault.name),
        };
        match lines.last_mut().filter(|(line, _)| *line == fault.line) {
            Some((_, all)) => {
                all.push_str("; ");
                all.push_str(&what);
            }
            None => lines.push((fault.line, what)),
        }
    }
    lines.into_iter().map(|(line, what)| (line, Outcome::Refused(what))).collect()
}

/// Whether a report stands at a path, or nothing: no other file is written over.
///
/// # Errors
/// What the disk says.
pub fn is_one_or_none(path: &Path) -> io::Result<bool> {
    let head = HEAD.join(",");
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut begins = vec![0; head.len()];
    match file.read_exact(&mut begins) {
        Ok(()) => Ok(begins == head.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a report in the place of the one before: a crash leaves the old or the new, whole. `server` is the address that links
/// lead to.
///
/// # Errors
/// What the disk says.
pub fn write(path: &Path, server: &str, outcomes: &[(u64, Outcome)]) -> io::Result<()> {
    let mut sorted: Vec<&(u64, Outcome)> = outcomes.iter().collect();
    sorted.sort_by_key(|(line, _)| *line);
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(HEAD)?;
    for (line, outcome) in sorted {
        let (id, link, reason) = match outcome {
            Outcome::Given { id, link } | Outcome::Already { id, link } => {
                let link = link.map(|link| link_address(server, &link));
                (id.to_string(), link.unwrap_or_default(), "")
            }
            Outcome::Refused(reason) | Outcome::NotSent(reason) => {
                (String::new(), String::new(), reason.as_str())
            }
        };
        table.write_record([line.to_string().as_str(), outcome.word(), &id, &link, reason])?;
    }
    let bytes = table.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    replace(path, &bytes)
}

#[cfg(test)]
mod tests {
    //! Goal: a table with a row a line, whatever a reason holds. Method: write one and read it.

    use super::*;

    #[test]
    fn each_line_has_its_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        let (id, link) = (Hash([1; 32]), [2; 32]);
        let fault = |line, field| Fault::new(line, field, "day", "not, \"a\" day");
        let mut outcomes = of_faults(&[fault(2, Some("start")), fault(2, None), fault(5, None)]);
        outcomes.push((1, Outcome::Given { id, link: Some(link) }));
        outcomes.push((3, Outcome::Already { id, link: None }));
        outcomes.push((4, Outcome::NotSent("busy".to_owned())));
        assert!(is_one_or_none(&path).unwrap());
        for other in ["", "line", "48031500292;;;;;20990101;\n"] {
            std::fs::write(&path, other).unwrap();
            assert!(!is_one_or_none(&path).unwrap(), "{other:?}");
        }
        write(&path, "https://ledger.example", &outcomes).unwrap();
        assert!(is_one_or_none(&path).unwrap());
        let mut table = csv::Reader::from_path(&path).unwrap();
        let rows: Vec<Vec<String>> =
            table.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        let words: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(words, ["given", "refused", "already", "not sent", "refused"]);
        assert_eq!(rows[0][2..4], [id.to_string(), link_address("https://ledger.example", &link)]);
        assert_eq!(rows[1][4], "start: not, \"a\" day (day); not, \"a\" day (day)");
        assert_eq!(rows[2][3..], ["", ""]);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

//! A table with a header, delimited by `,` or `;`, quoted as RFC 4180 has it.

use super::row::Member;
use super::sheet::{Fault, FileError, Sheet};
use std::collections::{BTreeMap, HashMap};

pub(super) fn read(
    text: &str,
    columns: &BTreeMap<String, Option<Member>>,
    scopes: &[String],
) -> Result<Sheet, FileError> {
    let first = text.split(['\r', '\n']).find(|line| !line.is_empty()).ok_or(FileError::Empty)?;
    let delimiter = if first.contains(';') { b';' } else { b',' };
    let mut records = records(text, delimiter, true);
    let (_, header) = records.next().ok_or(FileError::Empty)?;
    let mut sheet = Sheet::default();
    let members = members(&header, columns)?;
    for (column, member) in header.iter().zip(&members) {
        if let Some(member) = member {
            sheet.call(*member, format!("column {}", column.trim()));
        }
    }
    for (line, fields) in records {
        if fields.len() != header.len() {
            let what = format!("{} fields, the header has {}", fields.len(), header.len());
            sheet.faults.push(Fault::new(line, None, "fields", what));
            continue;
        }
        let cells: HashMap<Member, String> = fields
            .into_iter()
            .zip(&members)
            .filter_map(|(field, member)| Some(((*member)?, field)))
            .collect();
        sheet.add(line, &cells, scopes);
    }
    Ok(sheet)
}

/// What each column of the header is. A column that is not known is a fault of the whole file: a slip in `valid_until` would
/// else make mandates without end.
fn members(
    header: &[String],
    columns: &BTreeMap<String, Option<Member>>,
) -> Result<Vec<Option<Member>>, FileError> {
    let mut found = Vec::new();
    for column in header {
        let column = column.trim();
        let member = match columns.get(column) {
            Some(mapped) => *mapped,
            None => Some(Member::named(column).ok_or_else(|| FileError::UnknownColumn(column.to_owned()))?),
        };
        if let Some(twice) = member.filter(|member| found.contains(&Some(*member))) {
            return Err(FileError::Twice(twice));
        }
        found.push(member);
    }
    let is_there = |name: &&String| header.iter().any(|column| column.trim() == name.as_str());
    if let Some(missing) = columns.keys().find(|name| !is_there(name)) {
        return Err(FileError::NoSuchColumn(missing.clone()));
    }
    if found.contains(&Some(Member::Mandatee)) {
        Ok(found)
    } else {
        Err(FileError::NoColumn(Member::Mandatee))
    }
}

/// The records of a text with the line that each begins on. Empty lines are none.
pub(super) fn records(text: &str, delimiter: u8, quoting: bool) -> impl Iterator<Item = (u64, Vec<String>)> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(quoting)
        .from_reader(text.as_bytes());
    let (mut line, mut at) = (1, 0);
    // Of a text in memory that is UTF-8 no record fails.
    reader.into_records().filter_map(Result::ok).map(move |record| {
        // The reader says where it began to look for the record, perhaps at empty lines before it.
        let from =
            record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        let begins = from + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = text.as_bytes().get(at..begins).unwrap_or_default();
        line += line_ends(passed);
        at = begins;
        (line, record.iter().map(str::to_owned).collect())
    })
}

/// How many lines end in a text: with CR LF, with LF or, as the reader of tables has it too, with CR alone.
pub(super) fn line_ends(text: &[u8]) -> u64 {
    let is_end = |(at, byte)| byte == b'\n' || byte == b'\r' && text.get(at + 1) != Some(&b'\n');
    text.iter().copied().enumerate().filter(|next| is_end(*next)).count() as u64
}

#[cfg(test)]
mod tests {
    //! Goal: columns are known by their names, and none is passed over unsaid. Method: headers, one thing wrong at a time.

    use super::*;

    fn table(text: &str) -> Result<Sheet, FileError> {
        read(text, &BTreeMap::new(), &["pensions".to_owned()])
    }

    fn mapped(text: &str, columns: &[(&str, Option<Member>)]) -> Result<Sheet, FileError> {
        let columns = columns.iter().map(|(column, member)| ((*column).to_owned(), *member)).collect();
        read(text, &columns, &["pensions".to_owned()])
    }

    #[test]
    fn a_table_is_read_in_both_delimiters_quoted_or_not() {
        for text in [
            "mandatee,scopes,reference,valid_until\n48031500292,\"taxes,flexi\",\"a \"\"b\"\", c\",2099-12-31\n",
            "mandatee;scopes;reference;valid_until\r\n\r\n48031500292;taxes flexi;\"a \"\"b\"\", c\";20991231\r\n",
        ] {
            let sheet = table(text).unwrap();
            assert_eq!(sheet.faults, []);
            let row = &sheet.rows[0];
            assert_eq!(row.scopes, ["flexi", "taxes"]);
            assert_eq!(row.reference.as_deref(), Some("a \"b\", c"));
            assert_eq!(row.valid_until.unwrap().to_string(), "2099-12-31");
        }
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let text = "mandatee,reference\n\n48031500292,\"two words\"\n\n\n1,x\n\"75061200192\",\n1,x,y\n";
        let sheet = table(text).unwrap();
        assert_eq!(sheet.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 7]);
        let faults: Vec<_> = sheet.faults.iter().map(|fault| (fault.line, fault.name.as_str())).collect();
        assert_eq!(faults, [(6, "niss_length"), (8, "fields")]);
    }

    #[test]
    fn a_line_that_ends_as_they_once_did_is_a_line() {
        let text = "mandatee;reference\r\r48031500292;\"two\rwords\"\r\n1;x\r\u{f}\n75061200192;y";
        let sheet = table(text).unwrap();
        assert_eq!(sheet.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [7]);
        let faults: Vec<_> = sheet.faults.iter().map(|fault| (fault.line, fault.name.as_str())).collect();
        assert_eq!(faults, [(3, "reference"), (5, "niss_length"), (6, "fields")]);
    }

    #[test]
    fn a_column_is_what_it_is_said_to_be() {
        let text = "INSZ,Naam,scopes\n48031500292,An,taxes\n";
        let columns = [("INSZ", Some(Member::Mandatee)), ("Naam", None)];
        assert_eq!(mapped(text, &columns).unwrap().rows[0].mandatee.text(), "niss:48031500292");
        assert_eq!(mapped(text, &columns[..1]).unwrap_err(), FileError::UnknownColumn("Naam".to_owned()));
        assert_eq!(
            table("mandatee,valid_untill\n").unwrap_err(),
            FileError::UnknownColumn("valid_untill".to_owned())
        );
        assert_eq!(table("mandatee,mandatee\n").unwrap_err(), FileError::Twice(Member::Mandatee));
        assert_eq!(table("scopes\n").unwrap_err(), FileError::NoColumn(Member::Mandatee));
        let absent = mapped("mandatee\n", &[("Naam", None)]);
        assert_eq!(absent.unwrap_err(), FileError::NoSuchColumn("Naam".to_owned()));
        assert_eq!(table("").unwrap_err(), FileError::Empty);
        let faults = mapped("INSZ\n48031500293\n", &columns[..1]).unwrap().faults;
        assert_eq!(faults[0].to_string().split(": ").next(), Some("line 2, column INSZ"));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_no_reference() {
        let sheet = table("mandatee,reference\n48031500292,\"open\n75061200192,x\n").unwrap();
        assert_eq!((sheet.rows.len(), sheet.faults[0].name.as_str()), (0, "reference"));
    }
}

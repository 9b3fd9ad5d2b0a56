//! The bulk file of CSAM Self-Service Mandates: seven fields between `;`, no header.
//!
//! `mandatee;e-mail;capacity;language;reference;start;end`. The ledger has no e-mail addresses: that field is not kept, nor
//! is the language, which only somebody's words could have. A capacity stands for the scopes that the caller says.

use super::row::Member;
use super::sheet::{Fault, Sheet};
use super::table::records;
use std::collections::{BTreeMap, HashMap};

const FIELDS: usize = 7;
const LANGUAGES: [&str; 4] = ["de", "en", "fr", "nl"];

pub(super) fn read(text: &str, capacities: &BTreeMap<String, Vec<String>>, scopes: &[String]) -> Sheet {
    let mut sheet = Sheet::default();
    for (member, label) in [
        (Member::Mandatee, "field 1 (mandatee)"),
        (Member::Scopes, "field 3 (capacity)"),
        (Member::Reference, "field 5 (reference)"),
        (Member::ValidFrom, "field 6 (start)"),
        (Member::ValidUntil, "field 7 (end)"),
    ] {
        sheet.call(member, label);
    }
    for (line, fields) in records(text, b';', false) {
        let [mandatee, _email, capacity, language, reference, start, end] = fields.as_slice() else {
            let what = format!("{} fields between `;`, not {FIELDS}", fields.len());
            sheet.faults.push(Fault::new(line, None, "fields", what));
            continue;
        };
        if let Some(fault) = other_fields(line, capacity, language, start, capacities) {
            sheet.faults.push(fault);
            continue;
        }
        let scopes = capacities.get(capacity.trim()).map_or(scopes, Vec::as_slice);
        let cells = HashMap::from(
            [
                (Member::Mandatee, mandatee),
                (Member::Reference, reference),
                (Member::ValidFrom, start),
                (Member::ValidUntil, end),
            ]
            .map(|(member, text)| (member, text.clone())),
        );
        sheet.add(line, &cells, scopes);
    }
    sheet
}

/// What is wrong with the fields that no mandate has.
fn other_fields(
    line: u64,
    capacity: &str,
    language: &str,
    start: &str,
    capacities: &BTreeMap<String, Vec<String>>,
) -> Option<Fault> {
    let capacity = capacity.trim();
    // Where capacities mean something, one that means nothing is a slip: no other scopes are taken for it.
    if !capacities.is_empty() && !capacity.is_empty() && !capacities.contains_key(capacity) {
        let what = "no scopes are known for this capacity: say them with --capacity CODE=SCOPE,…";
        return Some(Fault::new(line, Some("field 3 (capacity)"), "unknown_capacity", what));
    }
    let language = language.trim().to_ascii_lowercase();
    if !language.is_empty() && !LANGUAGES.contains(&language.as_str()) {
        let what = "it is none of FR, NL, DE, EN: see that no field is missing before it";
        return Some(Fault::new(line, Some("field 4 (language)"), "language", what));
    }
    if start.trim().is_empty() {
        return Some(Fault::new(line, Some("field 6 (start)"), "missing", "it is empty; write yyyyMMdd"));
    }
    None
}

#[cfg(test)]
mod tests {
    //! Goal: the file as CSAM takes it is read, and a line that is not one says where. Method: one line, one thing wrong.

    use super::*;

    fn one(line: &str, capacities: &BTreeMap<String, Vec<String>>) -> Sheet {
        read(line, capacities, &["pensions".to_owned()])
    }

    #[test]
    fn seven_fields_make_a_row() {
        let sheet = one(
            "48031500292;a@b.be;10;FR;file \"7\";20990101;\n\n0440966354;;;;;20990101;20991231",
            &BTreeMap::new(),
        );
        assert_eq!(sheet.faults, []);
        let [open, ended] = sheet.rows.as_slice() else { panic!("{sheet:?}") };
        assert_eq!((open.line, ended.line), (1, 3));
        assert_eq!(
            (open.mandatee.text(), ended.mandatee.text()),
            ("niss:48031500292".into(), "kbo:0440966354".into())
        );
        assert_eq!((open.reference.as_deref(), ended.reference.as_deref()), (Some("file \"7\""), None));
        assert_eq!(
            (open.valid_until, ended.valid_until.unwrap().to_string()),
            (None, "2099-12-31".to_owned())
        );
        assert_eq!(open.scopes, ["pensions"]);
    }

    #[test]
    fn one_thing_wrong_is_one_fault() {
        for (line, field, name) in [
            ("48031500292;;;;;20990101", None, "fields"),
            ("48031500292;;;;;20990101;;", None, "fields"),
            ("48031500293;;;;;20990101;", Some("field 1 (mandatee)"), "niss_check"),
            (";;;;;20990101;", Some("field 1 (mandatee)"), "missing"),
            ("48031500292;;;xx;;20990101;", Some("field 4 (language)"), "language"),
            ("48031500292;;;;;;", Some("field 6 (start)"), "missing"),
            ("48031500292;;;;;20990230;", Some("field 6 (start)"), "day"),
            ("48031500292;;;;;20990101;01012100", Some("field 7 (end)"), "day"),
            ("48031500292;;;;;20990102;20990101", Some("field 7 (end)"), "validity"),
        ] {
            let sheet = one(line, &BTreeMap::new());
            let found: Vec<_> = sheet
                .faults
                .iter()
                .map(|fault| (fault.line, fault.field.as_deref(), fault.name.as_str()))
                .collect();
            assert_eq!(found, [(1, field, name)], "{line}");
            assert!(sheet.rows.is_empty());
        }
    }

    #[test]
    fn a_capacity_stands_for_scopes_if_it_was_said_so() {
        let capacities = BTreeMap::from([("10".to_owned(), vec!["taxes".to_owned()])]);
        assert_eq!(one("48031500292;;10;;;20990101;", &capacities).rows[0].scopes, ["taxes"]);
        assert_eq!(one("48031500292;;;;;20990101;", &capacities).rows[0].scopes, ["pensions"]);
        assert_eq!(one("48031500292;;11;;;20990101;", &capacities).faults[0].name, "unknown_capacity");
        assert_eq!(one("48031500292;;11;;;20990101;", &BTreeMap::new()).rows[0].scopes, ["pensions"]);
        assert_eq!(read("48031500292;;;;;20990101;", &capacities, &[]).faults[0].name, "missing");
    }
}

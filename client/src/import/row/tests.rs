//! Goal: a cell is read as people write it, and nothing else is. Method: each form with its tampered twin.

use super::*;

#[test]
fn numbers_are_read_as_they_are_printed() {
    for (text, normal) in [
        ("48031500292", "niss:48031500292"),
        ("48.03.15-002.92", "niss:48031500292"),
        ("0440966354", "kbo:0440966354"),
        ("440966354", "kbo:0440966354"),
        ("BE 0440.966.354", "kbo:0440966354"),
        ("niss:48031500292", "niss:48031500292"),
        ("eidas:BE/NL/12345", "eidas:BE/NL/12345"),
    ] {
        assert_eq!(identifier(text).unwrap().text(), normal, "{text}");
    }
    for (text, error) in [
        ("48031500293", IdentifierError::NissCheck),
        ("0440966355", IdentifierError::KboCheck),
        ("4803150029", IdentifierError::KboFirstDigit),
        ("480315002921", IdentifierError::NissLength),
        ("BE48031500292", IdentifierError::KboLength),
        ("ann", IdentifierError::Form),
        ("insz:48031500292", IdentifierError::SchemeName("niss")),
    ] {
        assert_eq!(identifier(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn days_are_read_in_two_forms() {
    assert_eq!(day("20261123").unwrap(), day("2026-11-23").unwrap());
    for text in ["23/11/2026", "20261131", "2026-1-1", "2026-11-23T00:00", "202611", "é0261123"] {
        assert!(day(text).is_err(), "{text}");
    }
}

fn row(cells: &[(Member, &str)]) -> Result<Row, Vec<Fault>> {
    let cells = cells.iter().map(|(member, text)| (*member, (*text).to_owned())).collect();
    Row::read(7, &cells, &["taxes".to_owned()], Member::name)
}

const NISS: (Member, &str) = (Member::Mandatee, "48031500292");

#[test]
fn what_is_wrong_is_named_with_its_field() {
    let long = "x".repeat(256);
    for (cell, name) in [
        ((Member::Mandatee, ""), "missing"),
        ((Member::Mandatee, "48031500293"), "niss_check"),
        ((Member::Reference, long.as_str()), "reference"),
        ((Member::Reference, "a\nb"), "reference"),
        ((Member::ValidFrom, "tomorrow"), "day"),
        ((Member::ValidUntil, "2026-02-30"), "day"),
        ((Member::Conditions, "{}"), "conditions"),
        ((Member::Conditions, "["), "conditions"),
        ((Member::Substitution, "5"), "substitution"),
    ] {
        let faults = row(&[NISS, cell]).unwrap_err();
        let found = (faults.len(), faults[0].line, faults[0].field.as_deref(), faults[0].name.as_str());
        assert_eq!(found, (1, 7, Some(cell.0.name()), name));
    }
    let backwards = row(&[NISS, (Member::ValidFrom, "20270102"), (Member::ValidUntil, "20270101")]);
    assert_eq!(backwards.unwrap_err()[0].name, "validity");
    let all = row(&[(Member::Mandatee, "1"), (Member::ValidFrom, "1")]).unwrap_err();
    assert_eq!(all.len(), 2, "all that is wrong with a line is said at once");
}

#[test]
fn lines_that_say_the_same_have_one_key() {
    let plain = row(&[NISS]).unwrap();
    let key = |row: &Row| row.key(&[1; 32]);
    let same = Row {
        line: 9,
        ..row(&[(Member::Mandatee, "48.03.15-002.92"), (Member::Scopes, "taxes taxes")]).unwrap()
    };
    assert_eq!(key(&plain), key(&same));
    for cell in [
        (Member::Mandatee, "75061200192"),
        (Member::Scopes, "pensions"),
        (Member::Reference, "x"),
        (Member::ValidFrom, "20990101"),
        (Member::ValidUntil, "20990101"),
        (Member::Substitution, "1"),
    ] {
        assert_ne!(key(&plain), key(&row(&[NISS, cell]).unwrap()), "{:?}", cell.0);
    }
    assert_ne!(key(&plain), plain.key(&[2; 32]), "the salt counts");
}

//! A JSON object a line.

use super::row::Member;
use super::sheet::{Fault, Sheet};
use procura_core::json::parse_strict;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// The longest line.
const MAX_LINE_BYTES: usize = 64 << 10;

pub(super) fn read(text: &str, columns: &BTreeMap<String, Option<Member>>, scopes: &[String]) -> Sheet {
    let mut sheet = Sheet::default();
    for (name, member) in columns {
        if let Some(member) = member {
            sheet.call(*member, name);
        }
    }
    for (line, written) in (1..).zip(text.lines()).filter(|(_, written)| !written.trim().is_empty()) {
        match cells(line, written, columns) {
            Ok(cells) => sheet.add(line, &cells, scopes),
            Err(fault) => sheet.faults.push(fault),
        }
    }
    sheet
}

fn cells(
    line: u64,
    written: &str,
    columns: &BTreeMap<String, Option<Member>>,
) -> Result<HashMap<Member, String>, Fault> {
    let object = parse_strict(written.trim().as_bytes(), MAX_LINE_BYTES)
        .map_err(|error| Fault::new(line, None, error.name(), format!("it is no JSON object: {error}")))?;
    let mut cells = HashMap::new();
    for (name, value) in object {
        let member = match columns.get(&name) {
            Some(mapped) => *mapped,
            None => Some(Member::named(&name).ok_or_else(|| {
                let what = format!(
                    "it means nothing here: say what it is with --map '{name}=MEMBER', or '{name}=-'"
                );
                Fault::new(line, Some(&name), "unknown_column", what)
            })?),
        };
        let Some(member) = member else { continue };
        let text = cell(member, value).ok_or_else(|| {
            Fault::new(line, Some(&name), "member_mistyped", "its value is of another type")
        })?;
        if cells.insert(member, text).is_some() {
            return Err(Fault::new(line, Some(&name), "column_twice", format!("a second {}", member.name())));
        }
    }
    Ok(cells)
}

/// A value as a table would have it.
fn cell(member: Member, value: Value) -> Option<String> {
    match (member, value) {
        (_, Value::Null) => Some(String::new()),
        (Member::Conditions, value @ Value::Array(_)) => Some(value.to_string()),
        (Member::Substitution, Value::Number(levels)) => Some(levels.to_string()),
        (Member::Scopes, Value::Array(codes)) => {
            let codes: Option<Vec<&str>> = codes.iter().map(Value::as_str).collect();
            codes.map(|codes| codes.join(" "))
        }
        (Member::Conditions | Member::Substitution, _) => None,
        (_, Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a line says the same as in a table, and a slip is told. Method: one object, one thing wrong at a time.

    use super::*;

    fn one(line: &str) -> Sheet {
        read(
            line,
            &BTreeMap::from([("who".to_owned(), Some(Member::Mandatee)), ("note".to_owned(), None)]),
            &[],
        )
    }

    #[test]
    fn an_object_makes_a_row() {
        let condition = r#"[{"of":"context","property":"channel","type":"equals","value":"web"}]"#;
        let sheet = one(&format!(
            "\n{{\"who\":\"48031500292\",\"note\":[1],\"scopes\":[\"taxes\",\"flexi\"],\"reference\":null,\
             \"substitution\":2,\"valid_from\":\"2099-01-01\",\"conditions\":{condition}}}\n"
        ));
        assert_eq!(sheet.faults, []);
        let row = &sheet.rows[0];
        assert_eq!((row.line, row.scopes.join(" ").as_str(), row.substitution), (2, "flexi taxes", Some(2)));
        assert_eq!((row.reference.clone(), row.conditions.iter().count()), (None, 1));
    }

    #[test]
    fn one_thing_wrong_is_told() {
        for (line, field, name) in [
            ("[]", None, "json_not_an_object"),
            (
                "{\"mandatee\":\"48031500292\",\"scopes\":\"taxes\",\"scopes\":\"x\"}",
                None,
                "json_duplicate_member",
            ),
            ("{\"mandatee\":\"48031500292\",\"scope\":\"taxes\"}", Some("scope"), "unknown_column"),
            ("{\"mandatee\":48031500292,\"scopes\":\"taxes\"}", Some("mandatee"), "member_mistyped"),
            ("{\"mandatee\":\"48031500292\",\"scopes\":[1]}", Some("scopes"), "member_mistyped"),
            ("{\"mandatee\":\"48031500292\",\"who\":\"48031500292\"}", Some("who"), "column_twice"),
            ("{\"who\":\"48031500293\",\"scopes\":\"taxes\"}", Some("who"), "niss_check"),
            ("{\"who\":\"48031500292\"}", Some("scopes"), "missing"),
        ] {
            let sheet = one(line);
            let found: Vec<_> = sheet
                .faults
                .iter()
                .map(|fault| (fault.line, fault.field.as_deref(), fault.name.as_str()))
                .collect();
            assert_eq!(found, [(1, field, name)], "{line}");
        }
    }
}

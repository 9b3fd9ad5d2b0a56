//! Goal: with an error in it nothing of a file is signed, unless that is wanted, and nothing is signed unasked. Method: one thing
//! wrong at a time, and the employer's own list.

use super::desk::{Desk, SON, code, counts, csam, json_of, niss};
use serde_json::{Value, json};

#[test]
fn with_an_error_in_it_nothing_is_signed() {
    let desk = Desk::new();
    let good = csam(2);
    for (line, field, name) in [
        (format!("{SON};;;;;20990101"), Value::Null, "fields"),
        (format!("{SON};;;;;20990101;;"), Value::Null, "fields"),
        ("75061200193;;;;;20990101;".to_owned(), json!("field 1 (mandatee)"), "niss_check"),
        (format!("{SON};;;;;20200101;"), json!("field 6 (start)"), "retroactive"),
        (format!("{SON};;;;file 0;20990101;"), Value::Null, "double"),
        ("eidas:xx:1;;;;;20990101;".to_owned(), json!("field 1 (mandatee)"), "form_prefix"),
        ("unheard-of:1;;;;;20990101;".to_owned(), json!("field 1 (mandatee)"), "unknown_scheme"),
    ] {
        let file = desk.write("file.csv", &format!("{good}{line}\n"));
        let refused = desk.import(&file, &[]);
        let faults = json_of(&refused)["faults"].clone();
        assert_eq!(code(&refused), 1, "{refused:?}");
        assert_eq!((faults[0]["line"].clone(), &faults[0]["name"]), (json!(3), &json!(name)), "{line}");
        assert_eq!((faults[0]["field"].clone(), faults.as_array().unwrap().len()), (field, 1), "{line}");
        let shown = String::from_utf8(refused.stdout).unwrap();
        assert!(!shown.contains("75061200193"), "a number is not shown");
        let report = desk.report(&file);
        assert_eq!((report[&1].status.as_str(), report[&3].status.as_str()), ("not sent", "refused"));
    }
    let scope = desk.run(
        "employer",
        &[
            "import",
            desk.write("f", &good).to_str().unwrap(),
            "--format",
            "csam",
            "--scope",
            "flexy",
            "--yes",
            "--json",
        ],
    );
    assert_eq!(
        (code(&scope), &json_of(&scope)["faults"][1]["name"]),
        (1, &json!("unknown_scope")),
        "{scope:?}"
    );
    let latin = desk.path("latin.csv");
    std::fs::write(&latin, [good.as_bytes(), b"Zo\xe9\n"].concat()).unwrap();
    let latin = desk.import(&latin, &[]);
    assert_eq!((code(&latin), &json_of(&latin)["error"]), (1, &json!("encoding")), "{latin:?}");
    assert!(json_of(&latin)["detail"].as_str().unwrap().contains("line 3"));
    assert!(desk.given().is_empty());
    assert!(!desk.path("file.csv.report.csv.journal").exists(), "nothing was signed");
}

#[test]
fn nothing_is_signed_unasked() {
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(3));
    let words = ["import", file.to_str().unwrap(), "--format", "csam", "--scope", "flexi", "--json"];
    let unasked = desk.run("employer", &words);
    assert_eq!((code(&unasked), &json_of(&unasked)["error"]), (2, &json!("not_confirmed")), "{unasked:?}");
    let dry = desk.import(&file, &["--dry-run"]);
    assert_eq!((code(&dry), json_of(&dry)["faults"].clone()), (0, json!([])), "{dry:?}");
    let wrong = desk.write("wrong.csv", &format!("{}x\n", csam(3)));
    assert_eq!(code(&desk.import(&wrong, &["--dry-run"])), 1);
    assert!(desk.given().is_empty() && !desk.path("file.csv.report.csv").exists());
}

#[test]
fn what_the_ledger_alone_knows_is_refused_line_by_line() {
    let desk = Desk::new();
    // The employer's own number, and somebody of whom the file has two mandates that differ.
    let text = format!("{}0999999922;;;;own;20990101;\n{};;;;other file;20990101;\n", csam(2), niss(1));
    let file = desk.write("file.csv", &text);
    let some = desk.import(&file, &[]);
    assert_eq!((code(&some), counts(&some)), (1, [3, 0, 1, 0]), "{some:?}");
    assert!(desk.report(&file)[&3].reason.ends_with("(same_party)"));
    assert_eq!(desk.given().len(), 3);
}

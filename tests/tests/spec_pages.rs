//! The pages of `spec/` and the code say the same. Goal: a kind, a name of a refusal or of an error never stands in one of
//! them alone. Method: the kinds table is read out of its page; names are read out of the `name` functions of the code.
use procura_core::conditions::Conditions;
use procura_core::kinds::{Class, RESERVED, Row, TABLE, row};
use procura_core::language::Language;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The cells of every table row of a page.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|--")).map(cells).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn class_of(cell: &str) -> Class {
    match cell.split(' ').next().unwrap() {
        "create" => Class::Create,
        "transition" => Class::Transition,
        "trace," => Class::TraceOrUse,
        _ => Class::Trace,
    }
}

#[test]
fn the_kinds_table_is_the_codes_table() {
    let page = text("spec/kinds.md");
    let table: BTreeMap<String, Vec<String>> = rows(&page)
        .into_iter()
        .skip(1)
        .take(22)
        .map(|cells| (quoted(&cells[0]).first().cloned().unwrap_or_default(), cells))
        .collect();
    assert_eq!(table.len(), TABLE.len() + 1, "{:?}", table.keys());
    for row in TABLE {
        let cells = &table[row.name];
        assert_eq!(class_of(&cells[1]), row.class, "{}", row.name);
        assert_eq!(quoted(&cells[5]), row.withholdable, "{}", row.name);
    }
    // The row of all others has no name.
    let other: &Row = row("any-other").unwrap();
    assert_eq!((other.name, class_of(&table[""][1])), ("", other.class));

    let reserved = page.split("Reserved for later versions").nth(1).unwrap();
    let named: BTreeSet<String> =
        quoted(reserved.split("A record of any other").next().unwrap()).into_iter().collect();
    assert_eq!(named, RESERVED.iter().map(|kind| (*kind).to_owned()).collect());
    assert!(RESERVED.iter().all(|kind| row(kind).is_none()));
    // Withdrawing is never too late, and only withdrawing.
    let any_time: Vec<&str> = TABLE.iter().filter(|row| row.any_time).map(|row| row.name).collect();
    assert_eq!(any_time, ["key-end", "renunciation", "revocation"]);
}

/// The names that the `name` functions of a source file give.
fn names(path: &str) -> BTreeSet<String> {
    let source = text(&format!("ledger/core/src/{path}"));
    let body = source.split("fn name(").skip(1).map(|rest| rest.split("\n    }\n").next().unwrap());
    let is_name =
        |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let words = body.flat_map(|body| body.split('"').skip(1).step_by(2)).filter(|word| is_name(word));
    words.map(str::to_owned).collect()
}

fn names_of(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().flat_map(|path| names(path)).collect()
}

/// Names that a page gives, `sd_…` standing for all that begin so.
fn is_on(page: &BTreeSet<String>, name: &str) -> bool {
    page.contains(name)
        || page.iter().any(|word| word.strip_suffix('…').is_some_and(|start| name.starts_with(start)))
}

#[test]
fn every_error_of_a_receipt_is_on_its_page() {
    let code = names_of(&["receipt/fault.rs", "receipt/walk.rs", "receipt/wire.rs", "judge.rs", "source.rs"]);
    // The storage's own, which no receipt meets.
    let code: BTreeSet<String> = code.into_iter().filter(|name| name != "unreadable").collect();
    assert!(code.len() > 50, "{code:?}");
    let page = text("spec/receipts.md");
    let verification = page.split("## Verification").nth(1).unwrap().split("\n## ").next().unwrap();
    let table: BTreeSet<String> =
        rows(verification).iter().skip(1).flat_map(|cells| quoted(cells.last().unwrap())).collect();
    let missing: Vec<_> = code.iter().filter(|name| !table.contains(*name)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    let members = ["max_age_s", "at", "consistency"];
    let unknown: Vec<_> =
        table.iter().filter(|name| !code.contains(*name) && !members.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "not in the code: {unknown:?}");
}

/// What does not renew a receipt, on the page and with a vector each.
#[test]
fn every_error_of_a_renewal_is_on_its_page() {
    let code = names("receipt/renewal.rs");
    assert!(code.len() > 5, "{code:?}");
    let page = text("spec/receipts.md");
    let named: BTreeSet<String> = quoted(section(&page, "Renewal")).into_iter().collect();
    let missing: Vec<_> = code.iter().filter(|name| !named.contains(*name)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    let cases = procura_tests::vectors::renewal::cases();
    let met: BTreeSet<String> =
        cases.iter().map(|case| case.body["expect"].as_str().unwrap().to_owned()).collect();
    // 16 MiB are too much for a vector; what is asked of a mirror has none.
    let without = ["too_large", "unshown"];
    let missing: Vec<_> =
        code.iter().filter(|name| !met.contains(*name) && !without.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "no vector: {missing:?}");
}

#[test]
fn every_refusal_is_on_its_page() {
    let code = names_of(&[
        "admission/refusal.rs",
        "record.rs",
        "kinds/mod.rs",
        "kinds/scheme.rs",
        "identifier.rs",
        "disclosure.rs",
        "schemes.rs",
    ]);
    assert!(code.len() > 50, "{code:?}");
    let pages = [text("spec/records.md"), text("spec/kinds.md"), text("spec/encoding.md")];
    let named: BTreeSet<String> = pages.iter().flat_map(|page| quoted(page)).collect();
    let missing: Vec<_> = code.iter().filter(|name| !is_on(&named, name)).collect();
    assert!(missing.is_empty(), "not on the pages: {missing:?}");

    // And the first column of the table of refusals names nothing that the code does not say.
    let refusals = pages[0].split("## Refusals").nth(1).unwrap().split("\n## ").next().unwrap();
    let first: BTreeSet<String> = rows(refusals).iter().skip(1).flat_map(|cells| quoted(&cells[0])).collect();
    let of_engine = ["list_full"];
    let unknown: Vec<_> = first
        .iter()
        .filter(|name| !name.ends_with('…') && !code.contains(*name) && !of_engine.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "not in the code: {unknown:?}");
    let kinds = pages[1].split("### Who may not sign").nth(1).unwrap().split("\n## ").next().unwrap();
    let signers: BTreeSet<String> = rows(kinds).iter().skip(1).flat_map(|cells| quoted(&cells[0])).collect();
    assert_eq!(signers, names("kinds/mod.rs"));
}

#[test]
fn every_reason_is_on_its_page() {
    let page = text("spec/decisions.md");
    let reasons = page.split("## Reasons").nth(1).unwrap().split("\n## ").next().unwrap();
    let table = rows(reasons);
    let cell = |row: &Vec<String>| row.iter().find_map(|cell| quoted(cell).into_iter().next());
    let named: BTreeSet<String> = table.iter().filter_map(cell).collect();
    let source = text("ledger/core/src/decide/reason.rs");
    let body = source.split("pub const fn name(self)").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let code: BTreeSet<String> = body.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(named, code);
}

/// Each error of a receipt that can be made at all has its vector.
#[test]
fn every_error_of_a_receipt_has_a_vector() {
    let met: BTreeSet<String> =
        procura_tests::vectors::receipt::trials().iter().map(|trial| trial.expect.to_owned()).collect();
    let code = names_of(&["receipt/fault.rs", "receipt/walk.rs", "receipt/wire.rs", "judge.rs", "source.rs"]);
    // 64 MiB are too much for a vector; the storage's error is not a receipt's.
    let without = ["too_large", "unreadable"];
    let missing: Vec<_> =
        code.iter().filter(|name| !met.contains(*name) && !without.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "no vector: {missing:?}");
}

/// Goal: what a presentation is refused for stands on its page and has its vector. Method: the names of the code, those of receipts,
/// keys and reasons apart, beside those of the table and of the vectors.
#[test]
fn every_error_of_a_presentation_is_on_its_page_and_has_a_vector() {
    let code = names("presentation/fault.rs");
    assert!(code.len() > 15, "{code:?}");
    let page = text("spec/presentations.md");
    let table: BTreeSet<String> = rows(section(&page, "Verification"))
        .iter()
        .skip(1)
        .flat_map(|cells| quoted(cells.last().unwrap()))
        .collect();
    let met: BTreeSet<String> =
        procura_tests::vectors::presentation::trials().iter().map(|trial| trial.expect.to_owned()).collect();
    let missing: Vec<_> = code.iter().filter(|name| !table.contains(*name)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    // 4 MiB are too much for a vector.
    let untried: Vec<_> = table.iter().filter(|name| !met.contains(*name)).collect();
    assert_eq!(untried, ["jws_…", "too_large"]);
    let of_others = names_of(&["receipt/fault.rs", "decide/reason.rs"]);
    let unknown: Vec<_> = table
        .iter()
        .filter(|name| !code.contains(*name) && !of_others.contains(*name) && *name != "jws_…")
        .collect();
    assert!(unknown.is_empty(), "not in the code: {unknown:?}");
}

fn section<'p>(page: &'p str, title: &str) -> &'p str {
    page.split(&format!("## {title}\n")).nth(1).unwrap().split("\n## ").next().unwrap()
}

#[test]
fn every_condition_is_on_its_page() {
    let page = text("spec/conditions.md");
    let first = |title| -> BTreeSet<String> {
        rows(section(&page, title)).iter().skip(1).flat_map(|cells| quoted(&cells[0])).collect()
    };
    assert_eq!(first("Types"), names("conditions/mod.rs"));
    assert_eq!(first("Holds"), names("conditions/evaluate.rs"));
}

/// Goal: a condition is told in the page's words. Method: the page's templates, filled with its words, beside what the code says of
/// the same condition.
#[test]
fn every_sentence_is_on_its_page() {
    let page = text("spec/conditions.md");
    let table = rows(section(&page, "Sentences"));
    for (column, code) in (1..).zip(["en", "fr", "nl", "de"]) {
        let cell = |first: &str| {
            table.iter().find(|cells| cells[0] == first).unwrap_or_else(|| panic!("no row {first}"))[column]
                .as_str()
        };
        assert_eq!(cell("word"), code);
        let quotes = cell("quotes (French: with U+00A0 inside)").replace(' ', "\u{a0}");
        let quote = |text: &str| quotes.replace('x', text);
        let says = |condition: Value, sentence: String| {
            let conditions = Conditions::read(json!([condition])).unwrap();
            let told = conditions.iter().next().unwrap().sentence(Language::of_code(code).unwrap());
            assert_eq!(told, sentence, "{condition}");
        };

        for of in ["subject", "action", "resource", "context"] {
            let property = format!("{} {}", quote("amount"), cell(&format!("`{of}`")));
            let is = |what: &str| {
                let template = cell("`equals`, `one_of`, `range`");
                template.replace("{property}", &property).replace("{what}", what)
            };
            let on = |members: Value| {
                let mut condition = json!({"of": of, "property": "amount"});
                condition.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
                condition
            };
            says(on(json!({"type": "equals", "value": true})), is(cell("`true`")));
            says(on(json!({"type": "equals", "value": false})), is(cell("`false`")));
            let several = format!("{}, {} {} {}", quote("a"), quote("b"), cell("or"), quote("c"));
            says(on(json!({"type": "one_of", "values": ["a", "b", "c"]})), is(&several));
            let (min, max) = (cell("`min`").replace("{n}", "5"), cell("`max`").replace("{n}", "50000"));
            let both = format!("{min} {} {max}", cell("and"));
            says(on(json!({"type": "range", "min": 5, "max": 50_000})), is(&both));
            says(on(json!({"type": "range", "min": 5})), is(&min));
            says(on(json!({"type": "range", "max": 50_000})), is(&max));
            for (test, instant, told) in [
                ("before", 1_795_388_400_000_u64, "{instant}"),
                ("after", 1_795_424_400_000, "{instant} with a time"),
            ] {
                let template = cell(&format!("`{test}`"));
                let sentence = template.replace("{property}", &property).replace("{instant}", cell(told));
                says(on(json!({"type": test, "instant": instant})), sentence);
            }
        }
        let purposes = json!({"type": "purpose", "purposes": ["declare", "read"]});
        let either = format!("{} {} {}", quote("declare"), cell("or"), quote("read"));
        says(purposes, cell("`purpose`").replace("{what}", &either));
        for per in ["day", "month", "quarter", "year", ""] {
            for (count, times) in [(1, "`times` 1"), (12, "`times` {n}")] {
                let mut condition = json!({"type": "uses", "times": count});
                let stated = if per.is_empty() { "no `per`".to_owned() } else { format!("`{per}`") };
                if !per.is_empty() {
                    condition["per"] = json!(per);
                }
                let times = cell(times).replace("{n}", "12");
                let template = cell("`uses`");
                says(condition, template.replace("{times}", &times).replace("{per}", cell(&stated)));
            }
        }
    }
}

/// Goal: what a page says is tried, is. Method: each link to a test or a vector leads to a file that has it.
#[test]
fn every_threat_s_test_is_there() {
    let page = text("spec/threats.md");
    let links: Vec<(&str, &str)> = page
        .split("[`")
        .skip(1)
        .filter_map(|rest| {
            let (name, rest) = rest.split_once("`](")?;
            Some((name, rest.split_once(')')?.0))
        })
        .filter(|(_, path)| path.ends_with(".rs") || path.starts_with("vectors/"))
        .collect();
    assert!(links.len() > 30, "{links:?}");
    for (name, path) in links {
        let found = text(&format!("spec/{path}"));
        match path.strip_suffix(".rs") {
            Some(_) => assert!(found.contains(&format!("fn {name}(")), "{name} is not in {path}"),
            None => assert!(path.ends_with(&format!("/{name}.json")), "{name} leads to {path}"),
        }
    }
}

//! Goal: each line is given once and said so, and the same file again gives nothing. Method: files in each format, and the
//! employer's own list, proven complete.

use super::desk::{Desk, SON, code, counts, csam, json_of, niss};
use procura_client::import::{Journal, Member};
use serde_json::json;

#[test]
fn every_line_is_given_once_and_said_so() {
    const LINES: u64 = 300;
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(LINES));
    let first = desk.import(&file, &[]);
    assert_eq!((code(&first), counts(&first)), (0, [LINES, 0, 0, 0]), "{first:?}");
    assert_eq!(json_of(&first)["not_registered"], json!(LINES - 1), "all but the son");
    let (given, report) = (desk.given(), desk.report(&file));
    assert_eq!((given.len() as u64, report.len() as u64), (LINES, LINES));
    for (line, said) in &report {
        assert_eq!(said.status, "given");
        assert_eq!(said.record, given[&format!("file {}", line - 1)].to_string(), "line {line}");
    }
    // The other side of the first line takes it, by what the report says.
    let accepted = desk.run("son", &["accept", &report[&1].record, "--json"]);
    assert_eq!((code(&accepted), &json_of(&accepted)["status"]), (0, &json!("active")), "{accepted:?}");

    let again = desk.import(&file, &[]);
    assert_eq!((code(&again), counts(&again)), (0, [0, LINES, 0, 0]), "{again:?}");
    assert_eq!(desk.given().len() as u64, LINES - 1, "nothing more was given; one was accepted");
    let said_again = desk.report(&file);
    assert!(report.iter().all(|(line, said)| said_again[line].record == said.record));
    assert!(said_again.values().all(|said| said.status == "already"));
}

#[test]
fn a_table_and_objects_say_the_same() {
    let desk = Desk::new();
    let import = |name: &str, format: &str, text: &str| {
        let file = desk.write(name, text);
        // One journal: what one file gave the other finds given.
        let report = desk.path("report.csv");
        let words = ["import", file.to_str().unwrap(), "--format", format, "--yes", "--json"];
        let more = ["--report", report.to_str().unwrap(), "--map", "INSZ=mandatee", "--map", "Naam=-"];
        desk.run("employer", &[&words[..], &more[..]].concat())
    };
    let table = format!(
        "INSZ;Naam;scopes;reference;valid_until;substitution\n{SON};Tom;taxes flexi;\"a; b\";2099-12-31;2\n"
    );
    let written = import("table.csv", "csv", &table);
    assert_eq!((code(&written), counts(&written)), (0, [1, 0, 0, 0]), "{written:?}");
    let object = json!({
        "INSZ": SON, "Naam": {"first": "Tom"}, "scopes": ["flexi", "taxes"], "reference": "a; b",
        "valid_until": "2099-12-31", "substitution": 2,
    });
    let other = json!({"INSZ": SON, "Naam": null, "scopes": ["taxes"], "conditions": [
        {"type": "equals", "of": "context", "property": "channel", "value": "desk"},
    ]});
    let objects = import("objects.jsonl", "jsonl", &format!("{object}\n\n{other}\n"));
    assert_eq!((code(&objects), counts(&objects)), (0, [1, 1, 0, 0]), "{objects:?}");
    assert_eq!(desk.given().len(), 2);
}

#[test]
fn an_invitation_is_opened_by_the_link_of_its_line() {
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(2));
    let invited = desk.import(&file, &["--invite", "30"]);
    assert_eq!((code(&invited), counts(&invited)), (0, [2, 0, 0, 0]), "{invited:?}");
    let report = desk.report(&file);
    let link = report[&1].link.clone();
    assert!(link.starts_with(&format!("{}/r#", desk.url())) && link != report[&2].link);
    let unlinked = desk.run("son", &["accept", &report[&1].record, "--json"]);
    assert_eq!((code(&unlinked), &json_of(&unlinked)["error"]), (1, &json!("link")), "{unlinked:?}");
    let others = desk.run("son", &["accept", &report[&2].link, "--json"]);
    assert_eq!(code(&others), 1, "another's link is another's: {others:?}");
    let accepted = desk.run("son", &["accept", &link, "--json"]);
    assert_eq!((code(&accepted), &json_of(&accepted)["status"]), (0, &json!("active")), "{accepted:?}");
    let again = desk.import(&file, &["--invite", "30"]);
    assert_eq!(counts(&again), [0, 2, 0, 0]);
    assert_eq!(desk.report(&file)[&1].link, link, "the link is kept");
}

#[test]
fn a_corrected_file_gives_what_was_corrected_alone() {
    let desk = Desk::new();
    let wrong = csam(5).replace(&niss(2), &niss(2).replace(&niss(2)[9..], "99"));
    let file = desk.write("file.csv", &wrong);
    let some = desk.import(&file, &["--skip-bad"]);
    assert_eq!((code(&some), counts(&some)), (1, [4, 0, 1, 0]), "{some:?}");
    let said = &desk.report(&file)[&3];
    assert_eq!((said.status.as_str(), said.record.as_str()), ("refused", ""));
    assert!(
        said.reason.starts_with("field 1 (mandatee): ") && said.reason.ends_with("(niss_check)"),
        "{said:?}"
    );
    desk.write("file.csv", &csam(5));
    let rest = desk.import(&file, &[]);
    assert_eq!((code(&rest), counts(&rest)), (0, [1, 4, 0, 0]), "{rest:?}");
    assert_eq!(desk.given().len(), 5);
}

#[test]
fn the_library_names_what_the_command_does() {
    assert_eq!(Member::named("valid_until"), Some(Member::ValidUntil));
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(1));
    assert_eq!(code(&desk.import(&file, &[])), 0);
    let (client, path) = (desk.employer(), desk.path("file.csv.report.csv.journal"));
    let origin = client.policy().origin.clone();
    let open = |mandator| Journal::open(&path, &origin, mandator);
    assert_eq!(open(&procura_core::Hash([1; 32])).unwrap_err().name(), "journal_other");
    let _held = open(&client.own_party().unwrap()).unwrap();
    let busy = desk.import(&file, &[]);
    assert_eq!((code(&busy), &json_of(&busy)["error"]), (2, &json!("journal_busy")), "one import at a time");
}

/// Goal: who imports at a terminal sees how far it is, and nobody else's output has a bar in it. Method: script(1), which lends the command
/// a terminal.
#[test]
fn at_a_terminal_a_bar_says_how_far_it_is() {
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(40));
    let words = ["import", file.to_str().unwrap(), "--format", "csam", "--scope", "flexi", "--yes"];
    let typed = [&[env!("CARGO_BIN_EXE_procura")], &words[..]].concat();
    assert!(typed.iter().all(|word| !word.contains([' ', '\'', '"'])), "they are words to a shell");
    let mut command = desk.lend_a_terminal(&typed.join(" "));
    let shown = command.output().unwrap();
    let screen = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert_eq!(code(&shown), 0, "{screen}");
    assert!(screen.contains("Giving ") && screen.contains("/40"), "{screen}");
    assert_eq!(desk.given().len(), 40);

    let file = desk.write("other.csv", &csam(41));
    let elsewhere = desk.import(&file, &[]);
    assert_eq!(counts(&elsewhere), [41, 0, 0, 0], "{elsewhere:?}");
    assert!(!String::from_utf8_lossy(&elsewhere.stderr).contains("Giving"), "{elsewhere:?}");
}

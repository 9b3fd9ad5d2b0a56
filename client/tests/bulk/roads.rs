//! Goal: over connections that break and a server that is busy all is given once; what does not prove itself is not believed. Method: a
//! proxy between the program and the server.

use super::desk::{Desk, code, counts, csam, json_of};
use procura_tests::road::{Road, Way};
use serde_json::json;

#[test]
fn over_a_bad_road_all_is_given_once() {
    const LINES: u64 = 400;
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(LINES));
    let road = Road::to(&desk.url(), |connection| match connection % 5 {
        // The first ones are those on which the ledger and its catalogues are read.
        _ if connection < 5 => Way::BreaksAfter(90_000),
        0 => Way::Busy,
        1 | 2 => Way::BreaksAfter(usize::try_from(connection % 40 * 1500 + 700).unwrap()),
        _ => Way::BreaksAfter(90_000),
    });
    let done = desk.import_over(&road.url, &file, &[]);
    assert_eq!((code(&done), counts(&done)), (0, [LINES, 0, 0, 0]), "{done:?}");
    assert!(road.taken() > 60, "{} connections: it was a good road", road.taken());
    assert_eq!(desk.given().len() as u64, LINES);
}

#[test]
fn a_server_that_does_nothing_is_left() {
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(3));
    // The first connections are those on which the ledger and its catalogues are read.
    let road =
        Road::to(&desk.url(), |connection| if connection < 8 { Way::BreaksAfter(60_000) } else { Way::Busy });
    let many = desk.write("many.csv", &csam(60));
    let left = desk.import_over(&road.url, &many, &["--patience", "2"]);
    let [given, _, refused, not_sent] = counts(&left);
    assert_eq!((code(&left), given + not_sent, refused), (2, 60, 0), "{left:?}");
    drop(road);
    assert_eq!(code(&desk.import(&many, &[])), 0);
    assert_eq!(desk.given().len(), 60);
    assert_eq!(code(&desk.import_over("http://127.0.0.1:1", &file, &[])), 2, "no server at all");
}

#[test]
fn what_does_not_prove_itself_is_not_believed() {
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(2));
    for (text, behind, name) in [
        // Behind version, class and time stands what commits to the record.
        ("\"entry\":\"", 20, "inclusion"),
        ("\"entry\":\"", 60, "other_record"),
        ("\"entry\":\"", 0, "entry_malformed"),
        ("tlog-proof@v1\\nindex ", 0, "index_line"),
        ("\\n\\n", 0, "other_origin"),
        ("\\n\\n\u{2014} ", 80, "bad_signature"),
    ] {
        let road = Road::to(&desk.url(), move |_| Way::Changes(text, behind));
        let doubted = desk.import_over(&road.url, &file, &["--patience", "2"]);
        assert_eq!((code(&doubted), counts(&doubted)[0]), (2, 0), "{text} {behind}: {doubted:?}");
        assert_eq!(json_of(&doubted)["stopped"], json!(name), "{text} {behind}: {doubted:?}");
        assert!(desk.report(&file).values().all(|said| said.status == "not sent" && !said.reason.is_empty()));
    }
    // They were logged all the same; the honest road says so, and nothing is given twice.
    assert_eq!(counts(&desk.import(&file, &[])), [2, 0, 0, 0]);
    assert_eq!(desk.given().len(), 2);
}

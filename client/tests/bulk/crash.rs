//! Goal: whenever the program is killed, the same file again gives the rest and nothing twice. Method: the real program, killed
//! (SIGKILL) as often as its journal has grown by a part, and the employer's own list.

use super::desk::{Desk, code, counts, csam};
use procura_tests::road::{Road, Way};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_killed_import_goes_on_where_it_was() {
    const LINES: u64 = 1300;
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(LINES));
    let journal = desk.path("file.csv.report.csv.journal");
    let size = || std::fs::metadata(&journal).map_or(0, |file| file.len());
    let words = ["import", file.to_str().unwrap(), "--format", "csam", "--scope", "flexi", "--yes"];
    // Killed: while whom it is to is looked up; once something was signed; while that is sent; and so on.
    for (grows, then_ms) in [(0, 300), (1, 0), (0, 120), (0, 400), (1, 5), (0, 250)] {
        let (before, from) = (size(), Instant::now());
        let mut child = desk
            .command("employer", &desk.url(), &words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while size() < before + grows && from.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(then_ms));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = desk.import(&file, &[]);
    let [given, already, refused, not_sent] = counts(&last);
    assert_eq!((code(&last), given + already, refused, not_sent), (0, LINES, 0, 0), "{last:?}");
    assert!(given > 0, "it was killed before its end each time");
    // That none is there twice is asserted in there.
    assert_eq!(desk.given().len() as u64, LINES);
    assert_eq!(counts(&desk.import(&file, &[])), [0, LINES, 0, 0]);
}

#[test]
fn a_place_that_is_gone_is_kept_anew() {
    let mut desk = Desk::new();
    let file = desk.write("file.csv", &csam(3));
    // Everything is answered but what hands in a record: it is signed, and not logged.
    let road = Road::to(&desk.url(), |_| Way::Without("POST /v1/records"));
    let stuck = desk.import_over(&road.url, &file, &["--patience", "1"]);
    assert_eq!((code(&stuck), counts(&stuck)), (2, [0, 0, 0, 3]), "{stuck:?}");
    assert!(desk.given().is_empty());
    // The places of the two who are not registered are forgotten with the server's memory.
    desk.restart();
    let rest = desk.import(&file, &[]);
    assert_eq!((code(&rest), counts(&rest)), (0, [3, 0, 0, 0]), "{rest:?}");
    assert_eq!(desk.given().len(), 3);
    assert_eq!(counts(&desk.import(&file, &[])), [0, 3, 0, 0]);
}

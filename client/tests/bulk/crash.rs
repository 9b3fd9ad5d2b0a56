//! Goal: whenever the program is killed, the same file again gives the rest and nothing twice. Method: the real program, killed
//! (SIGKILL) when the log has grown by some records, several times, and the employer's own list.

use super::desk::{Desk, code, counts, csam};
use procura_client::LogInfo;
use procura_tests::road::{Road, Way};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// For a record to be logged.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_killed_import_goes_on_where_it_was() {
    const LINES: u64 = 1300;
    let desk = Desk::new();
    let file = desk.write("file.csv", &csam(LINES));
    let size = || LogInfo::unverified(&desk.url()).unwrap().size;
    let words = ["import", file.to_str().unwrap(), "--format", "csam", "--scope", "flexi", "--yes"];
    // Killed once so many entries were logged: with the first of them, in the midst of many, and one while the mandatees are looked
    // up, before anything is sent.
    for grows in [1, 0, 150, 1, 700, 40] {
        let (before, from) = (size(), Instant::now());
        let mut child = desk
            .command("employer", &desk.url(), &words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while size() < before + grows && from.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        if grows == 0 {
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(child.try_wait().unwrap(), None, "it came to its end before it was killed");
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

//! Goal: what was signed is there to the byte after a crash, wherever it broke off, and nobody else's journal is taken for
//! one's own. Method: a journal of three lines, cut at every byte; then one thing wrong at a time.

use super::*;
use procura_core::Millis;
use procura_core::draft::{Draft, Occasion};
use procura_core::key::SoftKey;

const ORIGIN: &str = "trial/x";
const OWN: Hash = Hash([1; 32]);

fn signed(n: u8) -> (Hash, Known) {
    let occasion = Occasion { origin: ORIGIN, nonce: [n; 32], now: Millis(1_795_424_400_000) };
    let draft = Draft::on("revocation", &occasion, &Hash([n; 32]));
    let draft = draft.withheld("reference", &json!("x"), &[n; 16]).unwrap();
    let id = draft.id();
    let submission = draft.sign(&OWN, &SoftKey::from_seed(&[3; 32])).unwrap();
    (Hash([n; 32]), Known { id, link: Some([n; 32]), given: None, submission: Some(submission) })
}

fn open(path: &Path) -> Result<Journal, JournalError> {
    Journal::open(path, ORIGIN, &OWN)
}

#[test]
fn what_was_signed_comes_back_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = open(&path).unwrap();
    let salt = *journal.salt();
    let (first, second) = (signed(1), signed(2));
    journal.sign(vec![first.clone(), second.clone()]).unwrap();
    journal.give(&[(first.0, Index(7))]).unwrap();
    assert_eq!(open(&path).unwrap_err().name(), "journal_busy", "one import at a time");
    drop(journal);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let journal = open(&path).unwrap();
    assert_eq!(*journal.salt(), salt);
    let given = journal.known(&first.0).unwrap();
    assert_eq!((given.id, given.given, given.link), (first.1.id, Some(Index(7)), Some([1; 32])));
    assert_eq!(given.submission, None);
    let waits = journal.known(&second.0).unwrap();
    assert_eq!((waits.given, &waits.submission), (None, &second.1.submission));
}

#[test]
fn a_line_that_broke_off_was_never_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = open(&path).unwrap();
    let lines = [signed(1), signed(2)];
    journal.sign(lines.to_vec()).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').map(|at| at + 1).collect();
    // Around each line's end, and here and there within one.
    let near = |cut: &usize| cut.is_multiple_of(97) || ends.iter().any(|end| end.abs_diff(*cut) <= 1);
    for cut in (0..whole.len()).filter(near) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut journal = open(&path).unwrap();
        let kept = ends.iter().filter(|end| **end <= cut).count();
        for (number, (key, _)) in (2..).zip(&lines) {
            assert_eq!(journal.known(key).is_some(), number <= kept, "cut at {cut}");
        }
        journal.sign(vec![signed(3)]).unwrap();
        drop(journal);
        assert!(open(&path).unwrap().known(&Hash([3; 32])).is_some(), "it goes on behind the cut");
    }
}

#[test]
fn what_is_damaged_is_said_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = open(&path).unwrap();
    journal.sign(vec![signed(1), signed(2)]).unwrap();
    drop(journal);
    let text = std::fs::read_to_string(&path).unwrap();
    let damaged = |wrong: &str| {
        std::fs::write(&path, wrong).unwrap();
        open(&path).unwrap_err()
    };
    let record = signed(1).1.submission.unwrap().record;
    let cut = damaged(&text.replace(&record, &record[..record.len() / 2]));
    assert!(matches!(cut, JournalError::Damaged { line: 2, .. }), "{cut}");
    let unknown = damaged(&format!("{text}{{\"key\":\"{}\",\"given\":1}}\n", Hash([9; 32])));
    assert!(matches!(unknown, JournalError::Damaged { line: 4, .. }), "{unknown}");
    assert_eq!(damaged(&text.replacen("\"v\":1", "\"v\":2", 1)).name(), "journal_version");
    assert_eq!(damaged(&text.replacen("\"v\":1", "\"w\":1", 1)).name(), "journal_damaged");
    std::fs::write(&path, &text).unwrap();
    assert_eq!(Journal::open(&path, "trial/y", &OWN).unwrap_err().name(), "journal_other");
    assert_eq!(Journal::open(&path, ORIGIN, &Hash([2; 32])).unwrap_err().name(), "journal_other");
    assert!(open(&path).is_ok());
}

//! Goal: what is handed in again, replaced or cancelled counts once, and what is refused changes nothing, after a restart too. Method: one
//! book on disk, one declaration after the other, the sum read back; then the same file opened again.

use super::*;
use crate::counters::Counters;
use crate::status::Status;
use serde_json::{Value, json};

const WORKER: &str = "niss:75061200192";

struct Desk {
    folder: tempfile::TempDir,
    book: Option<Book>,
    counters: Counters,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let counters = Counters::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("counters")).unwrap();
        let book = Some(Book::open(&folder.path().join("book")).unwrap());
        Self { folder, book, counters }
    }

    fn reopen(&mut self) {
        self.book = None;
        self.book = Some(Book::open(&self.folder.path().join("book")).unwrap());
    }

    fn take(&self, lines: Value) -> Result<(bool, Taken), BookError> {
        let now = Millis("2024-07-05".parse::<Day>().unwrap().first_instant().0 + 1);
        let sent = json!({"employer": "kbo:0999999922", "counter": "flexi", "lines": lines});
        let declared =
            Declaration::read(&sent, |code| self.counters.get(code), Day::of(now).unwrap()).unwrap();
        self.book.as_ref().unwrap().take(&declared, &Hash([7; 32]), now)
    }

    fn refused(&self, lines: Value) -> (&'static str, usize) {
        match self.take(lines) {
            Err(BookError::Line { name, at, .. }) => (name, at),
            other => panic!("{other:?}"),
        }
    }

    fn total(&self) -> u64 {
        let lines = self.book.as_ref().unwrap().year("flexi", WORKER, 2024).unwrap();
        lines.iter().map(|line| line.entry.amount).sum()
    }
}

fn line(id: &str, month: u8, amount: u64) -> Value {
    json!({"id": id, "worker": WORKER, "from": format!("2024-{month:02}-01"), "to": format!("2024-{month:02}-28"),
        "payslip": format!("2024-{month:02}-28"), "amount": amount})
}

fn with(mut line: Value, name: &str, value: &str) -> Value {
    line[name] = json!(value);
    line
}

#[test]
fn what_is_handed_in_again_counts_once() {
    let mut desk = Desk::new();
    assert_eq!(
        desk.take(json!([line("a", 5, 100)])).unwrap().1,
        Taken { new: 1, repeated: 0, late: vec!["a".to_owned()] }
    );
    let (is_new, again) = desk.take(json!([line("a", 5, 100)])).unwrap();
    assert_eq!((is_new, again.new), (false, 1), "the same declaration gets the same answer");
    let (_, more) = desk.take(json!([line("a", 5, 100), line("b", 6, 20)])).unwrap();
    assert_eq!((more.new, more.repeated, desk.total()), (1, 1, 120));
    desk.reopen();
    assert!(!desk.take(json!([line("a", 5, 100)])).unwrap().0);
    assert_eq!(desk.total(), 120);
}

#[test]
fn a_line_is_replaced_or_cancelled_once() {
    let desk = Desk::new();
    desk.take(json!([line("a", 5, 100), line("b", 6, 20)])).unwrap();
    desk.take(json!([with(line("c", 6, 25), "replaces", "b")])).unwrap();
    assert_eq!(desk.total(), 125);
    assert_eq!(desk.refused(json!([with(line("d", 6, 1), "replaces", "b")])), ("superseded", 0));
    desk.take(json!([{"id": "e", "cancels": "a"}])).unwrap();
    assert_eq!(desk.total(), 25);
    assert_eq!(desk.refused(json!([{"id": "f", "cancels": "a"}])), ("superseded", 0));
    assert_eq!(desk.refused(json!([{"id": "f", "cancels": "e"}])), ("unknown_line", 0));
    assert_eq!(desk.refused(json!([{"id": "f", "cancels": "none"}])), ("unknown_line", 0));
    // The place of a line that was cancelled is free.
    desk.take(json!([line("g", 5, 90)])).unwrap();
    assert_eq!(desk.total(), 115);
}

#[test]
fn one_line_that_is_refused_takes_all_along() {
    let desk = Desk::new();
    desk.take(json!([line("a", 5, 100)])).unwrap();
    assert_eq!(desk.refused(json!([line("b", 6, 20), line("a", 5, 101)])), ("id_taken", 1));
    assert_eq!(desk.refused(json!([line("b", 6, 20), line("c", 5, 1)])), ("overlaps", 1));
    assert_eq!(desk.refused(json!([line("b", 6, 20), line("c", 6, 1)])), ("overlaps", 1));
    let other = with(with(line("c", 6, 1), "worker", "niss:48031500292"), "replaces", "a");
    assert_eq!(desk.refused(json!([other])), ("other_line", 0));
    assert_eq!((desk.total(), desk.book.as_ref().unwrap().count_files().unwrap().files), (100, 1));
    // Nothing is left of what was refused: the same ids are free.
    desk.take(json!([line("b", 6, 20)])).unwrap();
    assert_eq!(desk.total(), 120);
}

#[test]
fn an_access_is_answered_once() {
    let mut desk = Desk::new();
    let book = desk.book.as_ref().unwrap();
    let (one, other) = (Hash([1; 32]), Hash([2; 32]));
    assert!(book.answer_once(&one, Millis(1_000), Millis(0)).unwrap());
    desk.reopen();
    let book = desk.book.as_ref().unwrap();
    assert!(!book.answer_once(&one, Millis(1_000), Millis(0)).unwrap());
    assert!(book.answer_once(&other, Millis(1_000), Millis(1_000)).unwrap());
    assert!(!book.answer_once(&other, Millis(1_000), Millis(1_000)).unwrap());
}

#[test]
fn a_status_is_had_on_its_days() {
    let desk = Desk::new();
    let book = desk.book.as_ref().unwrap();
    let day = |text: &str| text.parse::<Day>().unwrap();
    let status = Status {
        person: WORKER.parse().unwrap(),
        status: "pensioner".to_owned(),
        from: day("2024-02-01"),
        until: Some(day("2024-03-31")),
    };
    book.tell(&status, &Hash([3; 32])).unwrap();
    let had = |first, last| book.had_status(WORKER, "pensioner", (day(first), day(last))).unwrap();
    assert!(
        had("2024-01-01", "2024-02-01") && had("2024-03-31", "2024-12-31") && had("2024-02-10", "2024-02-10")
    );
    assert!(!had("2024-01-01", "2024-01-31") && !had("2024-04-01", "2024-04-01"));
    assert!(!book.had_status(WORKER, "student", (day("2024-02-10"), day("2024-02-10"))).unwrap());
    assert_eq!(book.person(&Hash([3; 32])).unwrap().as_deref(), Some(WORKER));
}

fn pensioner(until: Option<&str>) -> Status {
    Status {
        person: WORKER.parse().unwrap(),
        status: "pensioner".to_owned(),
        from: "2024-02-01".parse().unwrap(),
        until: until.map(|day| day.parse().unwrap()),
    }
}

/// A notice, signed as it would be.
fn signed(mut notice: Notice, id: u8) -> Notice {
    let submission = br#"{"disclosures":[],"record":"a.b.c"}"#;
    notice.signed = Some((Hash([id; 32]), procura_core::submission::Submission::parse(submission).unwrap()));
    notice
}

#[test]
fn whom_a_law_names_is_told_once_of_each_change() {
    let mut desk = Desk::new();
    let (person, town) = (Hash([3; 32]), Hash([8; 32]));
    let waiting = |desk: &Desk| desk.book.as_ref().unwrap().to_tell(10).unwrap();
    let law = Law::from([("status.pensioner".to_owned(), town)]);
    let tell = |desk: &Desk, until| desk.book.as_ref().unwrap().tell(&pensioner(until), &person).unwrap();

    // Nobody is named: nobody is told. Who is named later is told of what there is.
    tell(&desk, None);
    assert!(waiting(&desk).is_empty());
    desk.book.as_ref().unwrap().keep_law(&law).unwrap();
    desk.reopen();
    let first = waiting(&desk);
    assert_eq!((first.len(), first[0].person, first[0].recipient), (1, person, town));
    let book = desk.book.as_ref().unwrap();
    let first = signed(first[0].clone(), 1);
    book.keep_notices(std::slice::from_ref(&first)).unwrap();
    assert!(waiting(&desk)[0].signed.is_some(), "what goes out is kept before");

    // Something changes while the notice is on its way: another one follows.
    tell(&desk, Some("2024-06-30"));
    book.told([&first].into_iter()).unwrap();
    let second = waiting(&desk);
    assert_eq!((second.len(), second[0].signed.is_none()), (1, true));
    let second = signed(second[0].clone(), 2);
    book.keep_notices(std::slice::from_ref(&second)).unwrap();
    book.told([&second].into_iter()).unwrap();
    assert!(waiting(&desk).is_empty());

    // The same again changes nothing, the same law neither; a law that comes again does.
    tell(&desk, Some("2024-06-30"));
    book.keep_law(&law).unwrap();
    assert!(waiting(&desk).is_empty());
    book.keep_law(&Law::new()).unwrap();
    tell(&desk, Some("2024-07-31"));
    assert!(waiting(&desk).is_empty());
    book.keep_law(&law).unwrap();
    assert_eq!(waiting(&desk).len(), 1);
}

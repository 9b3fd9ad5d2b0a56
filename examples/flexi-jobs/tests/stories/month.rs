//! A month of many workers. Goal: whatever is killed while it is declared, and run again, every line counts once and every worker's file is
//! registered once. Method: a small month in a thread, while the service and then the ledger are killed and started again; then the sums are
//! held against the plan, and the holdings against the office's own list in the ledger.

use crate::processes::{Processes, until};
use procura_client::Asking;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::Content;
use procura_flexi_jobs::book::{Book, Files};
use procura_flexi_jobs::declaration::digest;
use procura_flexi_jobs::month::{Plan, Progress, amount, declare, niss};
use procura_flexi_jobs::prepare::Prepared;
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const WORKERS: u32 = 240;
const EMPLOYERS: u32 = 6;

/// What is under way, and how far it is.
#[derive(Default)]
struct Seen {
    part: AtomicU64,
    done: AtomicU64,
}

impl Progress for &Seen {
    fn begin(&self, _what: &'static str, _of: u64) {
        self.done.store(0, Ordering::SeqCst);
        self.part.fetch_add(1, Ordering::SeqCst);
    }

    fn at(&self, done: u64) {
        self.done.store(done, Ordering::SeqCst);
    }
}

impl Seen {
    fn is_at(&self, part: u64, done: u64) -> bool {
        let now = self.part.load(Ordering::SeqCst);
        now > part || (now == part && self.done.load(Ordering::SeqCst) >= done)
    }
}

#[test]
fn a_month_counts_once_whatever_is_killed() {
    let mut all = Processes::start();
    let prepared = Prepared::read(&all.home()).unwrap();
    let folder = all.home().join("month");
    let caller = all.caller("social-secretariat");
    let today = Day::of(caller.client().now()).unwrap();
    let plan = Plan::new(WORKERS, EMPLOYERS, today).unwrap().kept(&folder).unwrap();
    let (seen, data) = (Seen::default(), all.ledger_data());
    let run = || declare(&caller, (&plan, &prepared), (&data, &folder), &&seen);

    thread::scope(|scope| {
        let running = scope.spawn(run);
        until("the employers", || seen.is_at(2, 1));
        all.kill_service();
        thread::sleep(Duration::from_millis(300));
        all.start_service();
        until("more of it", || seen.is_at(2, u64::from(WORKERS / 2)));
        all.kill_ledger();
        thread::sleep(Duration::from_millis(300));
        all.start_ledger();
        running.join().unwrap().unwrap();
    });
    // The whole again: each declaration is known, each file registered.
    declare(&caller, (&plan, &prepared), (&data, &folder), &&seen).unwrap();
    let files = Files { files: u64::from(WORKERS), to_register: 0, refused: 0 };
    assert_eq!(caller.health().unwrap(), files);

    // The office's own list is proven complete: a holding for each worker, none twice.
    let office = all.office();
    let list = office.client().records(&prepared.office, &|_| {}).unwrap();
    let opened = list.records().iter().filter_map(|filed| filed.logged.opened.as_ref());
    let mut subjects: Vec<Hash> = opened
        .filter_map(|opened| match opened.record.content() {
            Content::Holding(holding) => Some(holding.subject),
            _ => None,
        })
        .collect();
    assert_eq!(subjects.len(), WORKERS as usize);
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), WORKERS as usize);

    all.kill_service();
    let book = Book::open(&all.home().join("book.redb")).unwrap();
    for worker in 0..WORKERS {
        let lines = book.year("flexi", &niss(worker), plan.from.year()).unwrap();
        let amounts: Vec<u64> = lines.iter().map(|line| line.entry.amount).collect();
        assert_eq!(amounts, [amount(worker)], "{worker}");
    }
}

/// Goal: a file whose record reached the ledger just before the service died is not registered a second time. Method: what the service would
/// have signed and kept is handed in by hand, and nothing noted; then the service comes up.
#[test]
fn what_was_sent_and_not_noted_is_not_registered_twice() {
    let mut all = Processes::start();
    let prepared = Prepared::read(&all.home()).unwrap();
    let (employer, office) = (all.caller("employer"), all.office());
    let parties = (employer.client().own_party().unwrap(), prepared.office);
    let today = Day::of(employer.client().now()).unwrap();
    let line = |id: &str, worker: u32| {
        let line = json!({"id": id, "worker": niss(worker), "from": today, "to": today, "payslip": today, "amount": 1});
        json!({"employer": "kbo:0999999922", "counter": "flexi", "lines": [line]})
    };
    employer.declare(&line("a", 1), parties, "flexi.declaration").unwrap();
    until("the first file", || office.health().unwrap().to_register == 0);

    // The ledger goes between the access and the declaration: the second file has to wait.
    let second = line("b", 2);
    let receipt = employer
        .receipt(&Asking {
            on_behalf_of: None,
            subject: parties.0,
            source: parties.1,
            category: "flexi.declaration",
            purpose: "declare",
            properties: Some(json!({"resource": {"document": digest(&second)}})),
        })
        .unwrap();
    all.kill_ledger();
    let body = json!({"declaration": second, "receipt": receipt}).to_string();
    assert_eq!(ureq::post(format!("{}/declarations", all.service_url())).send(&body).unwrap().status(), 201);
    assert_eq!(office.health().unwrap().to_register, 1);
    all.kill_service();
    all.start_ledger();

    let book = Book::open(&all.home().join("book.redb")).unwrap();
    let mut file = book.to_register(10).unwrap().pop().unwrap();
    assert!(file.signed.is_none());
    let client = office.client();
    let worker = client.find_party(&niss(2).parse().unwrap()).unwrap().id();
    let draft = Draft::new("holding", &client.occasion().unwrap())
        .member("source", json!(prepared.office))
        .member("subject", json!(worker))
        .member("catalogue", json!(prepared.catalogue))
        .member("scopes", json!(["flexi.wages"]))
        .member("since", json!(today));
    let (id, submission) = client.sign(draft).unwrap();
    file.signed = Some((worker, id, submission.clone()));
    book.keep_signed(&[file]).unwrap();
    client.submit(&submission).unwrap();
    drop(book);

    all.start_service();
    until("the second file", || office.health().unwrap().to_register == 0);
    let list = office.client().records(&prepared.office, &|_| {}).unwrap();
    let opened = list.records().iter().filter_map(|filed| filed.logged.opened.as_ref());
    assert_eq!(opened.filter(|opened| matches!(opened.record.content(), Content::Holding(_))).count(), 2);
}

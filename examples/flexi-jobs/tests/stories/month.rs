//! A month of many workers. Goal: whatever is killed while it is declared, and run again, every line counts once and every worker's file is
//! registered once. Method: a small month in a thread, while the service and then the ledger are killed and started again; then the sums are
//! held against the plan, and the holdings against the office's own list in the ledger.

use crate::processes::{Processes, until};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::kinds::Content;
use procura_flexi_jobs::book::{Book, Files};
use procura_flexi_jobs::month::{Plan, Progress, amount, declare, niss};
use procura_flexi_jobs::prepare::Prepared;
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

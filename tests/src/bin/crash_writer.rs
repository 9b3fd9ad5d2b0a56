//! Appends under load until it is killed: one line before each submission and one after each acknowledgement.
//! `crash_writer <folder> <ms when the test began>`.
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::kinds::Validity;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{Clock, Ledger, OsRandom, Random, SystemClock};
use procura_tests::crash::{Cast, Line, ORIGIN, niss, open_or_init, options, set_up};
use std::io::Write;
use std::path::Path;

const THREADS: usize = 4;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let began = Millis(arguments[2].parse().unwrap());
    let ledger = open_or_init(Path::new(&arguments[1]), began, options()).unwrap();
    let cast = set_up(&ledger, began).unwrap();
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let (ledger, cast) = (&ledger, &cast);
            scope.spawn(move || work(ledger, cast, number));
        }
    });
}

fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRandom.fill(&mut bytes).unwrap();
    bytes
}

fn now() -> Occasion<'static> {
    Occasion { origin: ORIGIN, nonce: fresh(), now: SystemClock::default().now() }
}

/// One person's mandates, to known and to new persons, and the revocation of every third.
fn work(ledger: &Ledger, cast: &Cast, number: usize) {
    let me = &cast.persons[number % cast.persons.len()];
    let friend = cast.persons[(number + 1) % cast.persons.len()].party;
    for round in 0u64.. {
        let to = if round % 5 == 4 {
            let [a, b] = fresh::<2>();
            let born = 800_000_000 + 100_000 * (1 + u64::from(a) % 12) + 1_000 * (1 + u64::from(b) % 28);
            ledger.resolve(&niss(born + 2 * (round % 400) + 1).parse().unwrap()).unwrap()
        } else {
            friend
        };
        let occasion = now();
        let today = Day::of(occasion.now).unwrap();
        let validity = Validity::of_days(today, None);
        let scopes = ["pension".to_owned()];
        let mandate = Draft::mandate(&occasion, &me.party, &to, &cast.catalogue, &scopes, &validity);
        let id = mandate.id();
        hand_in(ledger, id, None, mandate.sign(&me.kid, me.key.as_ref()).unwrap());
        if round % 3 == 2 {
            let revocation = Draft::on("revocation", &now(), &id);
            let submission = revocation.clone().sign(&me.kid, me.key.as_ref()).unwrap();
            hand_in(ledger, revocation.id(), Some(id), submission);
        }
    }
}

fn hand_in(ledger: &Ledger, id: Hash, target: Option<Hash>, submission: Submission) {
    print(&Line::Trying { id, target });
    let acknowledged = ledger.append(submission).unwrap();
    let root = acknowledged.view.root();
    print(&Line::Acknowledged { id, index: acknowledged.index.0, size: root.size.0, root: root.hash });
}

/// One write a line, so that a kill tears none that the reader would take for whole.
fn print(line: &Line) {
    let text = format!("{}\n", serde_json::to_string(line).unwrap());
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).unwrap();
    out.flush().unwrap();
}

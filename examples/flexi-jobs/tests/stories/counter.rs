//! Story 15: the counter. Goal: what employers declare counts once against the year's ceiling, at once, and nothing else does. Method: the
//! story's amounts by a secretariat under the employer's mandate, with each process killed and started again in between; the worker
//! reads the year.

use crate::processes::{Processes, member, until};
use procura_client::Asking;
use procura_core::Hash;
use procura_core::identifier::Identifier;
use procura_flexi_jobs::caller::{Caller, CallerError};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const WORKER: &str = "niss:75061200192";
const PENSIONER: &str = "niss:48031500292";
const EMPLOYER: &str = "kbo:0999999922";

struct Desk {
    all: Processes,
    employer: Hash,
    office: Hash,
}

impl Desk {
    fn new() -> Self {
        Self::over(Processes::start())
    }

    fn over(all: Processes) -> Self {
        let secretariat = all.caller("social-secretariat");
        let employer = secretariat.party(&EMPLOYER.parse().unwrap()).unwrap();
        let office = secretariat.source_of("flexi.wages").unwrap();
        Self { all, employer, office }
    }

    fn declare(&self, by: &str, lines: &Value) -> Result<Value, CallerError> {
        self.send(&self.all.caller(by), lines)
    }

    fn send(&self, by: &Caller, lines: &Value) -> Result<Value, CallerError> {
        by.declare(&declaration(lines), (self.employer, self.office), "flexi.declaration")
    }

    fn refused(&self, by: &str, lines: &Value) -> (u16, String, Option<String>) {
        match self.declare(by, lines) {
            Err(CallerError::Refused { status, name, pointer, .. }) => (status, name, pointer),
            other => panic!("{other:?}"),
        }
    }

    /// Somebody's year as they read it themselves.
    fn year(&self, who: &str, year: i16) -> Value {
        let caller = self.all.caller(who);
        let subject = caller.client().own_party().unwrap();
        let properties = Some(json!({"resource": {"year": year}}));
        let (category, purpose) = ("flexi.wages", "inform");
        let asking =
            Asking { on_behalf_of: None, subject, source: self.office, category, purpose, properties };
        let mut answer = None;
        until("the year", || {
            // Right after a start files may still be on their way to the ledger.
            match caller.ask(&asking) {
                Ok(year) => answer = Some(year),
                Err(CallerError::Refused { status: 503, .. }) => {}
                Err(error) => panic!("{error}"),
            }
            answer.is_some()
        });
        answer.unwrap()
    }

    fn stands(&self, total: u64, level: &str) {
        let year = self.year("son", 2024);
        assert_eq!((member(&year, "total"), member(&year, "level")), (json!(total), json!(level)), "{year}");
    }
}

fn declaration(lines: &Value) -> Value {
    json!({"employer": EMPLOYER, "counter": "flexi", "lines": lines})
}

fn line(id: &str, worker: &str, (from, to): (&str, &str), amount: u64) -> Value {
    json!({"id": id, "worker": worker, "from": from, "to": to, "payslip": to, "amount": amount})
}

const MAY: (&str, &str) = ("2024-05-01", "2024-05-31");
const JUNE: (&str, &str) = ("2024-06-01", "2024-06-30");

#[test]
fn what_is_declared_counts_once_whatever_is_killed() {
    let mut desk = Desk::new();
    let first = json!([line("a", WORKER, MAY, 700_000)]);
    let taken = desk.declare("social-secretariat", &first).unwrap();
    // 2024 is long ago: it is taken, and said to be late.
    assert_eq!(taken, json!({"new": 1, "repeated": 0, "late": ["a"]}));
    desk.stands(700_000, "below");

    // The service goes while a declaration is on its way; whether it was taken nobody knows, so it is sent again.
    let second = json!([line("b", WORKER, JUNE, 499_999)]);
    let secretariat = desk.all.caller("social-secretariat");
    thread::scope(|scope| {
        let sending = scope.spawn(|| desk.send(&secretariat, &second).is_ok());
        thread::sleep(Duration::from_millis(30));
        sending.is_finished()
    });
    desk.all.kill_service();
    desk.all.start_service();
    let again = desk.declare("social-secretariat", &second).unwrap();
    assert_eq!(member(&again, "new"), json!(1));
    desk.stands(1_199_999, "warning");

    // The ledger goes too.
    desk.all.kill_ledger();
    desk.all.start_ledger();
    let third = json!([line("c", WORKER, JUNE, 500_001)]);
    let mut replacing = third.clone();
    replacing[0]["replaces"] = json!("b");
    assert_eq!(desk.refused("employer", &third), (409, "overlaps".to_owned(), Some("/lines/0".to_owned())));
    desk.declare("employer", &replacing).unwrap();
    desk.stands(1_200_001, "exceeded");
    desk.declare("employer", &replacing).unwrap();
    desk.all.kill_service();
    desk.all.start_service();
    desk.stands(1_200_001, "exceeded");

    // Each file was registered once, and the ledger says so to whoever may ask.
    until("the files", || desk.all.office().health().unwrap().to_register == 0);
    let town = desk.all.caller("municipality");
    let worker = desk.all.caller("son").client().own_party().unwrap();
    let held = town.client().holdings_unverified(&worker, "flexi.wages").unwrap();
    assert_eq!(held.len(), 1);
    assert!(held.iter().all(|held| held.source == desk.office && held.authentic));
}

#[test]
fn what_may_not_be_declared_changes_nothing() {
    let desk = Desk::new();
    let good = line("a", WORKER, MAY, 700_000);
    desk.declare("employer", &json!([good])).unwrap();

    let across = line("b", WORKER, ("2024-12-16", "2025-01-15"), 1);
    let refused = desk.refused("employer", &json!([line("c", WORKER, JUNE, 1), across]));
    assert_eq!(refused, (422, "two_years".to_owned(), Some("/lines/1/to".to_owned())));
    let split = [
        line("d", WORKER, ("2024-12-16", "2024-12-31"), 10),
        line("e", WORKER, ("2025-01-01", "2025-01-15"), 5),
    ];
    desk.declare("employer", &json!(split)).unwrap();
    desk.stands(700_010, "below");

    // Nobody without a mandate; nor whoever shows a receipt of another declaration.
    let (status, name, _) = desk.refused("tax-office", &json!([line("f", WORKER, JUNE, 1)]));
    assert_eq!((status, name.as_str()), (403, "denied"));
    let employer = desk.all.caller("employer");
    let bound = |document: &Value| {
        let digest = procura_flexi_jobs::declaration::digest(document);
        employer
            .receipt(&Asking {
                on_behalf_of: None,
                subject: desk.employer,
                source: desk.office,
                category: "flexi.declaration",
                purpose: "declare",
                properties: Some(json!({"resource": {"document": digest}})),
            })
            .unwrap()
    };
    let (mine, other) = (
        declaration(&json!([line("g", WORKER, JUNE, 1)])),
        declaration(&json!([line("g", WORKER, JUNE, 2)])),
    );
    let post = |sent: &Value, receipt: &Value| {
        let body = json!({"declaration": sent, "receipt": receipt}).to_string();
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.post(format!("{}/declarations", desk.all.service_url())).send(&body).unwrap().status().as_u16()
    };
    assert_eq!(post(&other, &bound(&mine)), 403);
    // Of another employer than the access is about.
    let mut another = mine.clone();
    another["employer"] = json!("kbo:0440966354");
    assert_eq!(post(&another, &bound(&another)), 403);
    assert_eq!(post(&mine, &json!({})), 403);
    desk.stands(700_010, "below");
    // A permit is no access: a yes that was only asked for stands in nobody's list, and tells nothing.
    let son = desk.all.caller("son");
    let subject = son.client().own_party().unwrap();
    let (category, purpose) = ("flexi.wages", "inform");
    let asking =
        Asking { on_behalf_of: None, subject, source: desk.office, category, purpose, properties: None };
    let check = son.would_be(&asking).unwrap();
    assert!(check.answer().decision().permit);
    match son.answer(&serde_json::from_slice(check.receipt()).unwrap()) {
        Err(CallerError::Refused { status, name, .. }) => {
            assert_eq!((status, name.as_str()), (403, "not_an_access"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(post(&mine, &bound(&mine)), 201);
    desk.stands(700_011, "below");
}

#[test]
fn a_pensioner_has_no_ceiling_and_a_year_has_that_of_the_table() {
    let desk = Desk::over(Processes::prepared(|counters| {
        let table = std::fs::read_to_string(counters.join("flexi.toml")).unwrap();
        let confirmed = table.replace("to_confirm = true", "");
        assert_ne!(confirmed, table);
        std::fs::write(counters.join("flexi.toml"), confirmed).unwrap();
    }));
    let lines = json!([
        line("a", WORKER, MAY, 1_200_001),
        line("b", WORKER, ("2025-05-01", "2025-05-31"), 1_200_001),
        line("c", PENSIONER, MAY, 1_200_001),
        line("d", WORKER, ("2023-05-01", "2023-05-31"), 1),
    ]);
    desk.declare("employer", &lines).unwrap();
    let status = json!({"person": PENSIONER, "status": "pensioner", "from": "2013-04-01"});
    let tell = |by: &str| {
        let caller = desk.all.caller(by);
        let person = caller.party(&PENSIONER.parse::<Identifier>().unwrap()).unwrap();
        caller.tell(&status, (person, desk.office), "status.pensioner")
    };
    assert_eq!(member(&desk.year("mother", 2024), "level"), json!("exceeded"));
    assert_eq!(tell("employer").unwrap_err().name(), "denied");
    tell("pension-office").unwrap();
    assert_eq!(member(&desk.year("mother", 2024), "level"), json!("unlimited"));
    assert_eq!(member(&desk.year("son", 2024), "level"), json!("exceeded"));
    let of_2025 = desk.year("son", 2025);
    assert_eq!((member(&of_2025, "ceiling"), member(&of_2025, "level")), (json!(1_800_000), json!("below")));
    // What the table does not know is unknown, and no room.
    let of_2023 = desk.year("son", 2023);
    assert_eq!((member(&of_2023, "room"), member(&of_2023, "level")), (json!(0), json!("unknown")));
}

//! Story 5: one secretariat hands over to another. Goal: a mandate to declare changes hands where a quarter begins and nowhere else; from then
//! on the new one manages what was declared before and after, the old one nothing, and each line counts once. Method: the story over HTTP,
//! under words that ask for the quarter, by a clock that is put ahead; both processes are killed and started again in the middle.

use crate::processes::{Processes, member, until};
use procura_client::{Asking, Identity, SubmitError};
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::{Content, PartyType, Validity};
use procura_core::{Hash, Millis};
use procura_flexi_jobs::caller::{Caller, CallerError};
use procura_flexi_jobs::connect::client;
use procura_flexi_jobs::enrol::{Enrolment, NewParty};
use procura_flexi_jobs::prepare::{Prepared, Trial, of_demo};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const WORKER: &str = "niss:75061200192";
const EMPLOYER: &str = "kbo:0999999922";
const DAY_MS: u64 = 24 * 3600 * 1000;

struct Desk {
    all: Processes,
    employer: Identity,
    first: Identity,
    second: Identity,
    office: Hash,
    catalogue: Hash,
}

impl Desk {
    /// With words under which a mandate to declare begins and ends with a quarter, and none given yet.
    fn new() -> Self {
        let all = Processes::ahead();
        let (data, home, clock) = (all.ledger_data(), all.home(), all.clock());
        let url = all.ledger_url();
        let shipped = std::fs::read_to_string("catalogue.toml").unwrap();
        let words = shipped
            .replace("code = \"flexi-jobs\"", "code = \"flexi-quarters\"")
            .replace("code = \"flexi.declaration\"", "code = \"flexi.declaration\"\nperiod = \"quarter\"");
        let file = home.join("quarters.toml");
        std::fs::write(&file, words).unwrap();
        let trial = Trial { ledger: &url, data: &data, home: &home, clock: &clock };
        let office = Prepared::read(&home).unwrap().office;
        let catalogue = trial.publish(&file).unwrap();

        let ledger = client(&url, &home, &clock).unwrap();
        let enrolment = Enrolment::new(&ledger, &home.join("records")).unwrap();
        let identifier = procura_flexi_jobs::month::kbo(31).parse().unwrap();
        let new = NewParty {
            party_type: PartyType::Organisation,
            identifier: &identifier,
            name: "Another Fictional Secretariat",
            level: None,
        };
        let registrar = of_demo(&data, "registrar").unwrap();
        let second = enrolment.party("second", &registrar, &new, &home.join("second.json")).unwrap();
        let employer = of_demo(&data, "employer").unwrap();
        let first = of_demo(&data, "social-secretariat").unwrap();
        let desk = Self { all, employer, first, second, office, catalogue };
        // What the employer has given already is taken back.
        for id in desk.mandates() {
            desk.logs("employer", |caller| {
                Draft::on("revocation", &caller.client().occasion().unwrap(), &id)
            })
            .unwrap();
        }
        desk
    }

    fn caller(&self, name: &str) -> Caller {
        if name == "second" {
            return self.all.caller_of(&self.all.home().join("second.json"), name);
        }
        self.all.caller(name)
    }

    fn mandates(&self) -> Vec<Hash> {
        let employer = self.caller("employer");
        let list = employer.client().records(&self.employer.party, &|_| {}).unwrap();
        let in_force =
            list.records().iter().filter(|filed| filed.status.is_some_and(|status| status.permits()));
        let mandates = in_force.filter(|filed| {
            let opened = filed.logged.opened.as_ref();
            opened.is_some_and(|opened| matches!(opened.record.content(), Content::Mandate(_)))
        });
        mandates.filter_map(|filed| filed.logged.entry.id()).collect()
    }

    /// The id of a record that somebody hands in, or the name of the refusal.
    fn logs(&self, by: &str, draft: impl FnOnce(&Caller) -> Draft) -> Result<Hash, String> {
        let caller = self.caller(by);
        let (id, submission) = caller.client().sign(draft(&caller)).unwrap();
        match caller.client().submit(&submission) {
            Ok(_) => Ok(id),
            Err(SubmitError::Refused(problem)) => Err(problem.name),
            Err(error) => panic!("{error}"),
        }
    }

    /// A mandate to declare, from a day on, accepted.
    fn gives(&self, to: (&str, &Identity), from: Day) -> Result<Hash, String> {
        let scopes = ["flexi.declaration".to_owned()];
        let validity = Validity::of_days(from, None);
        let id = self.logs("employer", |caller| {
            let occasion = caller.client().occasion().unwrap();
            let (mandator, mandatee) = (&self.employer.party, &to.1.party);
            Draft::mandate(&occasion, mandator, mandatee, &self.catalogue, &scopes, &validity)
        })?;
        self.logs(to.0, |caller| Draft::on("acceptance", &caller.client().occasion().unwrap(), &id))?;
        Ok(id)
    }

    /// Notice of a mandate.
    fn ends(&self, mandate: &Hash, effective: Day) -> Result<Hash, String> {
        self.logs("employer", |caller| {
            Draft::on("revocation", &caller.client().occasion().unwrap(), mandate)
                .member("effective", json!(effective.first_instant()))
        })
    }

    fn declares(&self, by: &str, lines: &Value) -> Result<Value, CallerError> {
        let sent = json!({"employer": EMPLOYER, "counter": "flexi", "lines": lines});
        self.caller(by).declare(&sent, (self.employer.party, self.office), "flexi.declaration")
    }

    fn denied(&self, by: &str, lines: &Value) {
        assert_eq!(self.declares(by, lines).unwrap_err().name(), "denied", "{by}");
    }

    /// Everything ends wherever it is, and comes again on another day.
    fn pass_to(&mut self, day: Day) {
        self.all.kill_service();
        self.all.kill_ledger();
        let now = self.all.clock()().0;
        let ahead = self.all.ahead_ms();
        self.all.put_ahead(ahead + (day.first_instant().0 + DAY_MS / 2 - now));
        self.all.start_ledger();
        self.all.start_service();
    }

    /// What counts of the worker's year, as they read it themselves.
    fn total(&self, year: i16) -> u64 {
        let son = self.caller("son");
        let subject = son.client().own_party().unwrap();
        let asking = Asking {
            on_behalf_of: None,
            subject,
            source: self.office,
            category: "flexi.wages",
            purpose: "inform",
            properties: Some(json!({"resource": {"year": year}})),
        };
        let mut total = None;
        until("the year", || {
            match son.ask(&asking) {
                Ok(year) => total = member(&year, "total").as_u64(),
                Err(CallerError::Refused { status: 503, .. }) => {}
                Err(error) => panic!("{error}"),
            }
            total.is_some()
        });
        total.unwrap()
    }
}

fn line(id: &str, day: Day, amount: u64) -> Value {
    json!({"id": id, "worker": WORKER, "from": day, "to": day, "payslip": day, "amount": amount})
}

/// The first day of the quarter after a day's.
fn next_quarter(day: Day) -> Day {
    let month = (day.month() - 1) / 3 * 3 + 4;
    if month > 12 { Day::new(day.year() + 1, 1, 1) } else { Day::new(day.year(), month, 1) }.unwrap()
}

fn plus(day: Day, days: u64) -> Day {
    Day::of(Millis(day.first_instant().0 + days * DAY_MS + DAY_MS / 2)).unwrap()
}

#[test]
fn a_secretariat_hands_over_where_a_quarter_begins_whatever_is_killed() {
    let mut desk = Desk::new();
    let (first, second) = (desk.first.clone(), desk.second.clone());
    let (first, second) = (("social-secretariat", &first), ("second", &second));
    let today = Day::of(desk.all.clock()()).unwrap();
    let begins = next_quarter(today);
    let changes = next_quarter(begins);
    assert_eq!(desk.gives(first, plus(begins, 1)), Err("period".to_owned()));
    let mandate = desk.gives(first, begins).unwrap();
    desk.denied(first.0, &json!([line("a", today, 1)]));

    // In the middle of its quarter the first declares, and nothing can change hands.
    desk.pass_to(plus(begins, 30));
    let middle = plus(begins, 30);
    desk.declares(first.0, &json!([line("a", begins, 700_000)])).unwrap();
    assert_eq!(desk.ends(&mandate, plus(middle, 1)), Err("period".to_owned()));
    assert_eq!(desk.gives(second, plus(middle, 1)), Err("period".to_owned()));
    assert_eq!(desk.gives(second, plus(changes, 1)), Err("period".to_owned()));
    desk.denied(second.0, &json!([line("b", middle, 20)]));

    // Where the next quarter begins it may; until then all stays.
    desk.ends(&mandate, changes).unwrap();
    desk.gives(second, changes).unwrap();
    desk.denied(second.0, &json!([line("b", middle, 20)]));
    // The service goes while the first declares for the last time; whether that was taken nobody knows, so it is sent again.
    let last = json!([line("b", middle, 20)]);
    thread::scope(|scope| {
        let sending = scope.spawn(|| desk.declares(first.0, &last).is_ok());
        thread::sleep(Duration::from_millis(30));
        sending.is_finished()
    });
    desk.all.kill_service();
    desk.all.kill_ledger();
    desk.all.start_ledger();
    desk.all.start_service();
    desk.declares(first.0, &last).unwrap();
    assert_eq!(desk.total(begins.year()), 700_020);

    // The day on which the quarter begins: the second manages what the first has declared, and what comes.
    desk.pass_to(changes);
    desk.denied(first.0, &json!([line("c", changes, 3)]));
    desk.denied(first.0, &json!([{"id": "d", "cancels": "a"}]));
    let mut replaced = line("d", begins, 650_000);
    replaced["replaces"] = json!("a");
    let managed = json!([replaced, {"id": "e", "cancels": "b"}, line("c", changes, 3)]);
    let taken = desk.declares(second.0, &managed).unwrap();
    assert_eq!((member(&taken, "new"), member(&taken, "repeated")), (json!(3), json!(0)));
    desk.all.kill_service();
    desk.all.start_service();
    // Again, as after a crash: nothing counts twice.
    desk.declares(second.0, &managed).unwrap();
    let (past, new) = (desk.total(begins.year()), desk.total(changes.year()));
    if begins.year() == changes.year() {
        assert_eq!((past, new), (650_003, 650_003));
    } else {
        assert_eq!((past, new), (650_000, 3));
    }

    // Withdrawing at once knows no boundary.
    for id in desk.mandates() {
        desk.logs("employer", |caller| Draft::on("revocation", &caller.client().occasion().unwrap(), &id))
            .unwrap();
    }
    desk.denied(second.0, &json!([line("f", changes, 1)]));
}

//! Story 1: the flexi check. Goal: an employer who asks by a link learns yes or no for as long as the worker has approved, nothing besides,
//! and nothing after; the worker sees every attempt. Method: the story over HTTP, both processes killed and started again in the middle, and
//! then a month later, by a clock that is put ahead.

use crate::processes::{Processes, until};
use procura_client::{Asking, Client, link_address};
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::{Content, Validity};
use procura_core::{Hash, Millis};
use procura_flexi_jobs::caller::CallerError;
use procura_flexi_jobs::prepare::Prepared;
use serde_json::{Value, json};

const EMPLOYER: &str = "kbo:0999999922";
const WORKER: &str = "niss:75061200192";
const DAY_MS: u64 = 24 * 3600 * 1000;

struct Desk {
    all: Processes,
    office: Hash,
    worker: Hash,
}

impl Desk {
    fn new() -> Self {
        let all = Processes::ahead();
        let office = all.caller("employer").source_of("flexi.room").unwrap();
        let worker = all.caller("son").client().own_party().unwrap();
        // What the demo's directory has given already is taken back: the story begins with nothing.
        let son = all.caller("son");
        for id in consents(son.client(), &worker) {
            let draft = Draft::on("revocation", &son.client().occasion().unwrap(), &id);
            son.client().submit(&son.client().sign(draft).unwrap().1).unwrap();
        }
        Self { all, office, worker }
    }

    fn asking<'a>(&self, category: &'a str) -> Asking<'a> {
        Asking {
            on_behalf_of: None,
            subject: self.worker,
            source: self.office,
            category,
            purpose: "hiring",
            properties: None,
        }
    }

    /// What the employer learns.
    fn asks(&self, category: &str) -> Result<Value, String> {
        let mut answer = None;
        until("an answer", || {
            answer = match self.all.caller("employer").ask(&self.asking(category)) {
                Ok(told) => Some(Ok(told)),
                // Files on their way to the ledger.
                Err(CallerError::Refused { status: 503, .. }) => None,
                Err(error) => Some(Err(error.name().to_owned())),
            };
            answer.is_some()
        });
        answer.unwrap()
    }

    /// The employer shows a QR code, the worker approves it for a month.
    fn approved(&self, category: &str) -> Hash {
        let employer = self.all.caller("employer");
        let now = employer.client().now();
        let day = |days: u64| Day::of(Millis(now.0 + days * DAY_MS)).unwrap();
        let catalogue = Prepared::read(&self.all.home()).unwrap().catalogue;
        let (scopes, purposes) = ([category.to_owned()], ["hiring".to_owned()]);
        let validity = Validity::of_days(day(0), Some(day(60)));
        let answer_by = Millis(now.0 + DAY_MS);
        let asked =
            employer.client().ask_by_link(&catalogue, (&scopes, &purposes), &validity, answer_by).unwrap();
        assert!(link_address(&self.all.ledger_url(), &asked.link).contains("/r#"));
        let son = self.all.caller("son");
        let shown = son.client().linked(&asked.link).unwrap();
        let record = &shown.answer().logged().opened.as_ref().unwrap().record;
        assert!(matches!(record.content(), Content::Request(request) if *request.scopes == scopes));
        let given = son.client().give_by_link(&asked.link, Some(day(30))).unwrap();
        // A link works once.
        assert_eq!(son.client().give_by_link(&asked.link, None).unwrap_err().name(), "link_used");
        given.id
    }

    fn declares(&self, id: &str, amount: u64) {
        let employer = self.all.caller("employer");
        let today = Day::of(employer.client().now()).unwrap();
        let line = json!({"id": id, "worker": WORKER, "from": today, "to": today, "payslip": today, "amount": amount});
        let sent = json!({"employer": EMPLOYER, "counter": "flexi", "lines": [line]});
        let parties = (employer.client().own_party().unwrap(), self.office);
        employer.declare(&sent, parties, "flexi.declaration").unwrap();
    }
}

/// The consents in somebody's list that are in force.
fn consents(client: &Client, of: &Hash) -> Vec<Hash> {
    let list = client.records(of, &|_| {}).unwrap();
    let in_force = list.records().iter().filter(|filed| filed.status.is_some_and(|status| status.permits()));
    let consents = in_force.filter(|filed| {
        let opened = filed.logged.opened.as_ref();
        opened.is_some_and(|opened| matches!(opened.record.content(), Content::Consent(_)))
    });
    consents.filter_map(|filed| filed.logged.entry.id()).collect()
}

/// The accesses in the worker's own list.
fn looks(desk: &Desk) -> usize {
    let list = desk.all.caller("son").client().records(&desk.worker, &|_| {}).unwrap();
    let opened = list.records().iter().filter_map(|filed| filed.logged.opened.as_ref());
    opened.filter(|opened| matches!(opened.record.content(), Content::Access(_))).count()
}

#[test]
fn an_employer_learns_yes_or_no_for_a_month() {
    let mut desk = Desk::new();
    let office = desk.all.office();
    let employed = json!({"person": WORKER, "status": "four-fifths", "from": "2020-01-01"});
    office.tell(&employed, (desk.worker, desk.office), "status.four-fifths").unwrap();
    let denied = Err("denied".to_owned());
    let before = looks(&desk);

    assert_eq!(desk.asks("flexi.eligibility"), denied);
    desk.approved("flexi.eligibility");
    // Yes, and not one word more.
    assert_eq!(desk.asks("flexi.eligibility"), Ok(json!({"eligible": true})));
    assert_eq!((desk.asks("flexi.wages"), desk.asks("flexi.room")), (denied.clone(), denied.clone()));

    // A receipt tells once, also when the service has gone and come again.
    let employer = desk.all.caller("employer");
    let receipt = employer.receipt(&desk.asking("flexi.eligibility")).unwrap();
    assert_eq!(employer.answer(&receipt).unwrap(), json!({"eligible": true}));
    assert_eq!(employer.answer(&receipt).unwrap_err().name(), "used");
    desk.all.kill_service();
    desk.all.kill_ledger();
    desk.all.start_ledger();
    desk.all.start_service();
    assert_eq!(desk.all.caller("employer").answer(&receipt).unwrap_err().name(), "used");
    assert_eq!(desk.asks("flexi.eligibility"), Ok(json!({"eligible": true})));

    // What is declared counts at once.
    desk.declares("a", 1_199_999);
    assert_eq!(desk.asks("flexi.eligibility"), Ok(json!({"eligible": true})));
    declares_one_cent(&desk);
    assert_eq!(desk.asks("flexi.eligibility"), Ok(json!({"eligible": false})));

    // The worker has seen each of these, refused ones too.
    assert_eq!(looks(&desk) - before, 8);

    // The last day, and the day after.
    desk.all.put_ahead(30 * DAY_MS);
    assert!(desk.asks("flexi.eligibility").is_ok());
    desk.all.kill_service();
    desk.all.kill_ledger();
    desk.all.put_ahead(31 * DAY_MS);
    desk.all.start_ledger();
    desk.all.start_service();
    assert_eq!(desk.asks("flexi.eligibility"), denied);
}

/// One cent, of another employer's: the counter is over all of them.
fn declares_one_cent(desk: &Desk) {
    let secretariat = desk.all.caller("social-secretariat");
    let own = secretariat.client().own_party().unwrap();
    let today = Day::of(secretariat.client().now()).unwrap();
    let line =
        json!({"id": "x", "worker": WORKER, "from": today, "to": today, "payslip": today, "amount": 1});
    let sent = json!({"employer": "kbo:0440966354", "counter": "flexi", "lines": [line]});
    secretariat.declare(&sent, (own, desk.office), "flexi.declaration").unwrap();
}

#[test]
fn what_is_left_is_told_in_whole_steps_until_it_is_revoked() {
    let desk = Desk::new();
    desk.declares("a", 123_456);
    let consent = desk.approved("flexi.room");
    // 1,200,000 − 123,456 cents, in steps of 100 euros.
    assert_eq!(desk.asks("flexi.room"), Ok(json!({"room": 1_070_000, "unit": "cents"})));
    assert_eq!(desk.asks("flexi.wages"), Err("denied".to_owned()));
    let son = desk.all.caller("son");
    let draft = Draft::on("revocation", &son.client().occasion().unwrap(), &consent);
    son.client().submit(&son.client().sign(draft).unwrap().1).unwrap();
    assert_eq!(desk.asks("flexi.room"), Err("denied".to_owned()));
}

#[test]
fn a_counter_is_added_by_a_file() {
    let mut desk = Desk::new();
    let employer = desk.all.caller("employer");
    let today = Day::of(employer.client().now()).unwrap();
    let line =
        json!({"id": "h1", "worker": WORKER, "from": today, "to": today, "payslip": today, "amount": 8});
    let sent = json!({"employer": EMPLOYER, "counter": "student", "lines": [line]});
    let parties = (employer.client().own_party().unwrap(), desk.office);
    let declare = || desk.all.caller("employer").declare(&sent, parties, "student.declaration");
    assert_eq!(declare().unwrap_err().name(), "unknown_counter");

    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("counters/student.toml");
    std::fs::copy(file, desk.all.counters().join("student.toml")).unwrap();
    desk.all.kill_service();
    desk.all.start_service();
    let declare = || desk.all.caller("employer").declare(&sent, parties, "student.declaration");
    declare().unwrap();
    desk.approved("student.hours");
    assert_eq!(desk.asks("student.hours"), Ok(json!({"room": 642, "unit": "hours"})));
    // The other counter knows nothing of them.
    desk.approved("flexi.room");
    assert_eq!(desk.asks("flexi.room"), Ok(json!({"room": 1_200_000, "unit": "cents"})));
}

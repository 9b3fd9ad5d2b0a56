//! A right that nobody asks for. Goal: whoever is told to be a pensioner has reduced fares by law, once, and can say why; the right ends with
//! the status, and with the law; whatever is killed in between, nobody gets it twice and nobody is forgotten. Method: the ledger, the
//! declaration service and the tariff service as processes, killed by their ids while statuses are told; then everybody's own list is held
//! against what the tariff service says, and each receipt is verified here.

use crate::processes::{Processes, member, until};
use procura_client::Asking;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::{Content, Validity};
use procura_core::receipt::{Mode, verify_access};
use procura_core::{Hash, Millis};
use procura_flexi_jobs::prepare::Prepared;
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const DAY_MS: u64 = 24 * 3600 * 1000;
/// The people of the demo, by their key files and identifiers.
const PEOPLE: [(&str, &str); 5] = [
    ("mother", "niss:48031500292"),
    ("son", "niss:75061200192"),
    ("neighbour", "niss:88422999979"),
    ("student", "niss:08422999977"),
    ("worker", "eidas:PL/BE/fictional-worker-1"),
];
const MOTHER: (&str, &str) = PEOPLE[0];

struct Desk {
    all: Processes,
    office: Hash,
    transport: Prepared,
}

impl Desk {
    fn over(all: Processes) -> Self {
        let office = Prepared::read(&all.home()).unwrap().office;
        let transport = Prepared::read(&all.tariff_home()).unwrap();
        Self { all, office, transport }
    }

    fn today(&self) -> Day {
        Day::of(self.all.clock()()).unwrap()
    }

    /// The pension office tells that somebody is a pensioner; again, if something was killed meanwhile.
    fn told(&self, (_, identifier): (&str, &str), from: &str, to: Option<Day>) {
        let mut status = json!({"person": identifier, "status": "pensioner", "from": from});
        if let Some(to) = to {
            status["until"] = json!(to);
        }
        until("a status is told", || {
            let pensions = self.all.caller("pension-office");
            let party = pensions.party(&identifier.parse().unwrap());
            party.is_ok_and(|party| pensions.tell(&status, (party, self.office), "status.pensioner").is_ok())
        });
    }

    /// What somebody reads of their own right.
    fn reads(&self, (who, _): (&str, &str)) -> Value {
        let mut answer = None;
        until("the right is told", || {
            let caller = self.all.at_tariff(who);
            let own = caller.client().own_party().unwrap();
            answer = caller.ask(&self.asking(own, "inform")).ok();
            answer.is_some()
        });
        answer.unwrap()
    }

    fn asking(&self, subject: Hash, purpose: &'static str) -> Asking<'static> {
        let (source, category) = (self.transport.office, "tariff.transport");
        Asking { on_behalf_of: None, subject, source, category, purpose, properties: None }
    }

    fn has(&self, who: (&str, &str)) -> bool {
        member(&self.reads(who), "granted") == json!(true)
    }

    /// Waits until somebody has the right, or has it no longer, and the ledger knows it.
    fn settles(&self, who: (&str, &str), granted: bool) {
        until("the right", || self.has(who) == granted);
        until("the ledger knows", || self.holdings(who).1 == usize::from(granted));
    }

    /// The holdings of the right in somebody's own list: all, and those in force.
    fn holdings(&self, (who, _): (&str, &str)) -> (usize, usize) {
        let caller = self.all.caller(who);
        let own = caller.client().own_party().unwrap();
        let list = caller.client().records(&own, &|_| {}).unwrap();
        let all = list.records().iter().filter(|filed| {
            let record = filed.logged.opened.as_ref().map(|opened| opened.record.content());
            matches!(record, Some(Content::Holding(holding)) if holding.source == self.transport.office)
        });
        let statuses: Vec<bool> =
            all.map(|filed| filed.status.is_some_and(|status| status.permits())).collect();
        (statuses.len(), statuses.iter().filter(|is_in_force| **is_in_force).count())
    }

    /// The looks of the tariff service in somebody's own list.
    fn looks(&self, (who, _): (&str, &str)) -> Vec<Hash> {
        let caller = self.all.caller(who);
        let own = caller.client().own_party().unwrap();
        let list = caller.client().records(&own, &|_| {}).unwrap();
        let opened = list.records().iter().filter_map(|filed| filed.logged.opened.as_ref());
        opened
            .filter(|opened| {
                matches!(opened.record.content(), Content::Access(access) if access.actor == self.transport.office)
            })
            .map(|opened| opened.record.id())
            .collect()
    }

    /// The records in somebody's own list that tell of a change.
    fn notices(&self, (who, _): (&str, &str)) -> usize {
        let caller = self.all.caller(who);
        let own = caller.client().own_party().unwrap();
        let list = caller.client().records(&own, &|_| {}).unwrap();
        let opened = list.records().iter().filter_map(|filed| filed.logged.opened.as_ref());
        opened.filter(|opened| matches!(opened.record.content(), Content::Other(_))).count()
    }

    /// The steps of somebody's last right.
    fn steps(&self, who: (&str, &str)) -> Vec<Value> {
        let rights = member(&self.reads(who), "rights");
        let last = rights.as_array().unwrap().last().cloned().unwrap();
        member(&last, "steps").as_array().unwrap().clone()
    }

    /// Ends the law.
    fn end_law(&self) {
        let publisher = self.all.caller("catalogue-publisher");
        let occasion = publisher.client().occasion().unwrap();
        let end = Draft::on("revocation", &occasion, &self.all.law);
        publisher.client().submit(&publisher.client().sign(end).unwrap().1).unwrap();
    }
}

#[test]
fn a_right_is_granted_explained_and_taken_back() {
    let desk = Desk::over(Processes::start().with_tariff());
    assert!(!desk.has(MOTHER));
    let long_ago = "2013-04-01";
    desk.told(MOTHER, long_ago, None);
    desk.settles(MOTHER, true);
    // She has filled in nothing, and finds the look in her list; each thing that it rests on is hers to verify.
    let looks = desk.looks(MOTHER);
    assert_eq!((looks.len(), desk.holdings(MOTHER)), (1, (1, 1)));
    let [granted] = <[Value; 1]>::try_from(desk.steps(MOTHER)).unwrap();
    assert_eq!(member(&granted, "step"), json!("granted"));
    let evidence = member(&granted, "evidence");
    assert_eq!(evidence["periods"], json!([{"from": long_ago, "until": null}]));
    assert_eq!((&evidence["access"], &evidence["source"]), (&json!(looks[0]), &json!(desk.office)));
    let basis = &evidence["basis"];
    assert_eq!((&basis["catalogue"], &basis["code"]), (&json!(desk.all.law), &json!("transport.law")));
    let mother = desk.all.caller("mother");
    let policy = mother.client().policy();
    let receipt = evidence["receipt"].to_string();
    let verified = verify_access(receipt.as_bytes(), &looks[0], policy, Mode::Historic).unwrap();
    assert!(verified.decision().permit && verified.decision().evidence.contains(&desk.all.law));
    assert_eq!(verified.access().category, "status.pensioner");
    assert!(mother.client().decided(&looks[0]).unwrap().answer().decision().permit);
    // The twin that says another reason for the look.
    let forged = receipt.replace("\"tariff\"", "\"inform\"");
    assert_ne!(forged, receipt);
    verify_access(forged.as_bytes(), &looks[0], policy, Mode::Historic).unwrap_err();
    // The record that told of the change stands in her list too.
    let notice: Hash = member(&granted, "notice").as_str().unwrap().parse().unwrap();
    mother.client().record_receipt(&notice, None).unwrap();

    // Nobody reads somebody else's; the receipt tells once.
    let son = desk.all.at_tariff("son");
    let of_mother = desk.asking(mother.client().own_party().unwrap(), "inform");
    assert_eq!(son.ask(&of_mother).unwrap_err().name(), "denied");
    let receipt = mother.receipt(&of_mother).unwrap();
    let at_tariff = desk.all.at_tariff("mother");
    at_tariff.answer(&receipt).unwrap();
    assert_eq!(at_tariff.answer(&receipt).unwrap_err().name(), "used");

    // The same again changes nothing; another last day does; one that has passed ends it.
    desk.told(MOTHER, long_ago, None);
    let yesterday = Day::of(Millis(desk.all.clock()().0 - DAY_MS)).unwrap();
    let later = Day::of(Millis(desk.all.clock()().0 + 30 * DAY_MS)).unwrap();
    desk.told(MOTHER, long_ago, Some(later));
    until("the last day", || desk.reads(MOTHER)["days"]["until"] == json!(later));
    desk.told(MOTHER, long_ago, Some(yesterday));
    desk.settles(MOTHER, false);
    let steps = desk.steps(MOTHER);
    let what: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(what, ["granted", "amended", "ended"]);
    assert_eq!(steps[2]["why"], json!("status_ended"));
    assert_eq!(desk.looks(MOTHER).len(), 3);

    // A pensioner again; then the law ends, and the right with it. Nobody looks at her status any more, and none of it was forgotten.
    desk.told(MOTHER, long_ago, None);
    desk.settles(MOTHER, true);
    let before = desk.looks(MOTHER).len();
    desk.end_law();
    desk.settles(MOTHER, false);
    let last = desk.steps(MOTHER).pop().unwrap();
    assert_eq!((&last["why"], &last["evidence"]["access"]), (&json!("basis_ended"), &Value::Null));
    assert!(last["evidence"]["receipt"].is_object());
    desk.told(MOTHER, long_ago, Some(later));
    thread::sleep(Duration::from_secs(3));
    assert_eq!((desk.looks(MOTHER).len(), desk.holdings(MOTHER)), (before, (2, 0)));
    assert!(!desk.has(MOTHER));
}

#[test]
fn a_law_that_comes_later_reaches_those_who_have_the_status_already_and_ends_with_their_last_day() {
    let mut all = Processes::ahead();
    let office = all.home();
    let pensions = all.caller("pension-office");
    let source = Prepared::read(&office).unwrap().office;
    let tomorrow = Day::of(Millis(all.clock()().0 + DAY_MS)).unwrap();
    let status = json!({"person": MOTHER.1, "status": "pensioner", "from": "2013-04-01", "until": tomorrow});
    let party = pensions.party(&MOTHER.1.parse().unwrap()).unwrap();
    pensions.tell(&status, (party, source), "status.pensioner").unwrap();
    all = all.with_tariff();
    let mut desk = Desk::over(all);
    desk.settles(MOTHER, true);
    // The last day, and the day after.
    for (days, granted) in [(1, true), (2, false)] {
        desk.all.kill_tariff();
        desk.all.kill_service();
        desk.all.kill_ledger();
        desk.all.put_ahead(days * DAY_MS);
        desk.all.start_ledger();
        desk.all.start_service();
        desk.all.start_tariff();
        desk.settles(MOTHER, granted);
        assert!(desk.today() >= tomorrow);
    }
    let last = desk.steps(MOTHER).pop().unwrap();
    assert_eq!((&last["why"], &last["evidence"]), (&json!("status_ended"), &Value::Null));
    assert_eq!(desk.looks(MOTHER).len(), 1, "that a day has passed needs no look");
}

#[test]
fn nobody_gets_it_twice_and_nobody_is_forgotten_whatever_is_killed() {
    let mut desk = Desk::over(Processes::start().with_tariff());
    // Each is killed at another moment of the way: while it is told, while it is looked, while it is granted.
    let mut kills = 0;
    for (number, who) in PEOPLE.into_iter().enumerate() {
        desk.told(who, "2013-04-01", None);
        thread::sleep(Duration::from_millis(37 * number as u64));
        desk.all.kill_tariff();
        if number % 2 == 0 {
            desk.all.kill_service();
            desk.all.start_service();
        } else {
            desk.all.kill_ledger();
            desk.all.start_ledger();
        }
        desk.all.start_tariff();
        kills += 2;
    }
    for round in 0..6 {
        thread::sleep(Duration::from_millis(61 * round));
        desk.all.kill_tariff();
        desk.all.start_tariff();
        kills += 1;
    }
    for who in PEOPLE {
        desk.settles(who, true);
        assert_eq!(desk.holdings(who), (1, 1), "{who:?}");
        let rights = member(&desk.reads(who), "rights");
        assert_eq!(rights.as_array().unwrap().len(), 1, "{who:?}");
        assert_eq!(desk.steps(who).len(), 1, "{who:?}");
        // A look whose answer was lost with the process is made again, and nothing besides.
        assert!((1..=1 + kills).contains(&desk.looks(who).len()), "{who:?}");
    }
    let health = desk.all.tariff_health();
    assert_eq!(health, json!({"running": PEOPLE.len(), "to_look_at": 0, "to_hand_in": 0}));
    // They end once each, too.
    desk.end_law();
    desk.all.kill_tariff();
    desk.all.start_tariff();
    for who in PEOPLE {
        desk.settles(who, false);
        assert_eq!((desk.holdings(who), desk.steps(who).len()), ((1, 0), 2), "{who:?}");
    }
}

#[test]
fn a_look_that_was_sent_is_not_sent_twice_and_one_whose_answer_was_lost_is_made_again() {
    let mut desk = Desk::over(Processes::start().with_tariff());
    desk.all.kill_tariff();
    // Its source is away: the access is logged, and nothing told.
    let nowhere = "http://127.0.0.1:9";
    desk.all.start_tariff_at(nowhere);
    desk.told(MOTHER, "2013-04-01", None);
    until("the look", || desk.looks(MOTHER).len() == 1);
    desk.all.kill_tariff();
    desk.all.start_tariff();
    desk.settles(MOTHER, true);
    assert_eq!(desk.looks(MOTHER).len(), 1, "it was the same");

    // The source tells, and whoever was told is killed before they could keep it.
    let son = PEOPLE[1];
    desk.all.kill_tariff();
    desk.all.start_tariff_at(nowhere);
    desk.told(son, "2013-04-01", None);
    until("the look", || desk.looks(son).len() == 1);
    desk.all.kill_tariff();
    let transport = desk.all.caller_of(&desk.all.tariff_home().join("office.json"), "transport");
    let decided = transport.client().decided(&desk.looks(son)[0]).unwrap();
    transport.answer(&serde_json::from_slice(decided.receipt()).unwrap()).unwrap();
    desk.all.start_tariff();
    desk.settles(son, true);
    assert_eq!((desk.looks(son).len(), desk.holdings(son), desk.steps(son).len()), (2, (1, 1), 1));
}

#[test]
fn a_consent_is_no_basis_for_a_right_that_nobody_asks_for() {
    let mut desk = Desk::over(Processes::start().with_tariff());
    desk.all.kill_tariff();
    // A tariff that looks for a purpose that no law names, and for which she consents.
    let file = desk.all.tariff_home().join("tariff.toml");
    let tariff = std::fs::read_to_string(&file).unwrap();
    let other = tariff.replace("purpose = \"tariff\"", "purpose = \"benefit\"");
    assert_ne!(other, tariff);
    std::fs::write(&file, other).unwrap();
    desk.all.start_tariff();
    let transport = desk.all.caller_of(&desk.all.tariff_home().join("office.json"), "transport");
    let now = transport.client().now();
    let validity = Validity::of_days(desk.today(), None);
    let (scopes, purposes) = (["status.pensioner".to_owned()], ["benefit".to_owned()]);
    let catalogue = Prepared::read(&desk.all.home()).unwrap().catalogue;
    let by = Millis(now.0 + DAY_MS);
    let asked = transport.client().ask_by_link(&catalogue, (&scopes, &purposes), &validity, by).unwrap();
    desk.all.caller("mother").client().give_by_link(&asked.link, None).unwrap();
    desk.told(MOTHER, "2013-04-01", None);
    until("it is heard", || desk.notices(MOTHER) == 1);
    thread::sleep(Duration::from_secs(3));
    until("it is over", || desk.all.tariff_health()["to_look_at"] == json!(0));
    assert_eq!((desk.has(MOTHER), desk.looks(MOTHER).len()), (false, 0));
}

#[test]
fn whoever_rings_makes_the_service_look_and_nothing_more() {
    let desk = Desk::over(Processes::start().with_tariff());
    // Her son writes a record like those of the source: she is no pensioner, and gets nothing for it.
    let son = desk.all.caller("son");
    let (client, mother) = (son.client(), desk.all.caller("mother").client().own_party().unwrap());
    let mut parties = [mother, desk.transport.office];
    parties.sort_unstable();
    let draft = Draft::new("status-changed", &client.occasion().unwrap())
        .member("subject", json!(mother))
        .member("category", json!("status.pensioner"))
        .member("parties", json!(parties));
    client.submit(&client.sign(draft).unwrap().1).unwrap();
    until("the look", || !desk.looks(MOTHER).is_empty());
    until("it is over", || desk.all.tariff_health()["to_look_at"] == json!(0));
    assert_eq!((desk.has(MOTHER), desk.holdings(MOTHER)), (false, (0, 0)));
    // Something that is no such record rings for nothing.
    let other = Draft::new("status-changed", &client.occasion().unwrap())
        .member("subject", json!("nobody"))
        .member("category", json!("status.pensioner"))
        .member("parties", json!([desk.transport.office]));
    client.submit(&client.sign(other).unwrap().1).unwrap();
    desk.told(MOTHER, "2013-04-01", None);
    desk.settles(MOTHER, true);
}

//! Only once. Goal: a town's form has from its source what a source holds, under the person's consent; asks the person by a link if there is
//! none; takes from the person what nobody holds, and nothing else; whatever is killed, the person is asked once and looked at once. Method:
//! the ledger, the declaration service and the form as processes, killed by their ids in the middle; the person's own list is held against
//! what the clerk reads.

use crate::processes::{Processes, member, until};
use procura_core::draft::Draft;
use procura_core::kinds::Content;
use procura_core::receipt::{Mode, verify_access};
use procura_core::{Hash, b64};
use procura_flexi_jobs::caller::Caller;
use procura_flexi_jobs::prepare::Prepared;
use serde_json::{Value, json};
use std::path::Path;

const MOTHER: (&str, &str) = ("mother", "niss:48031500292");
const SON: (&str, &str) = ("son", "niss:75061200192");
const NEIGHBOUR: (&str, &str) = ("neighbour", "niss:88422999979");
const STUDENT: (&str, &str) = ("student", "niss:08422999977");
const CARD: &str = "parking-card.toml";

struct Desk {
    all: Processes,
    office: Hash,
    town: Hash,
}

impl Desk {
    fn new(form: &Path) -> Self {
        let mut all = Processes::prepared(|counters| {
            let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("counters/student.toml");
            std::fs::copy(shipped, counters.join("student.toml")).unwrap();
        });
        all.start_form(form);
        let office = Prepared::read(&all.home()).unwrap().office;
        let town = all.caller("municipality").client().own_party().unwrap();
        Self { all, office, town }
    }

    fn sent(&self, path: &str, body: Option<&Value>) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let url = format!("{}{path}", self.all.form_url());
        let mut answer = match body {
            Some(body) => {
                agent.post(url).header("content-type", "application/json").send(body.to_string()).unwrap()
            }
            None => agent.get(url).call().unwrap(),
        };
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap())
    }

    fn applies(&self, (_, person): (&str, &str)) -> (u16, Value) {
        self.sent("/applications", Some(&json!({ "person": person })))
    }

    fn application(&self, id: &Value) -> Value {
        self.sent(&format!("/applications/{}", id.as_str().unwrap()), None).1
    }

    fn says(&self, id: &Value, name: &str, value: &str) -> (u16, Value) {
        let path = format!("/applications/{}/fields", id.as_str().unwrap());
        self.sent(&path, Some(&json!({"name": name, "value": value})))
    }

    /// Waits until an application stands so.
    fn stands(&self, id: &Value, state: &str) -> Value {
        until("the application", || member(&self.application(id), "state") == json!(state));
        self.application(id)
    }

    /// A status is told, by whom the law lets, and registered.
    fn told(&self, by: &Caller, (_, identifier): (&str, &str), status: &str) {
        let party = by.party(&identifier.parse().unwrap()).unwrap();
        let sent = json!({"person": identifier, "status": status, "from": "2020-01-01"});
        by.tell(&sent, (party, self.office), &format!("status.{status}")).unwrap();
        self.registered();
    }

    fn registered(&self) {
        until("the files", || self.all.office().health().is_ok_and(|files| files.to_register == 0));
    }

    /// How often something that concerns the town stands in somebody's own list.
    fn count(&self, (who, _): (&str, &str), is_it: impl Fn(&Content) -> bool) -> usize {
        let caller = self.all.caller(who);
        let list = caller.client().records(&caller.client().own_party().unwrap(), &|_| {}).unwrap();
        let opened = list.records().iter().filter_map(|filed| filed.logged.opened.as_ref());
        opened.filter(|opened| is_it(opened.record.content())).count()
    }

    fn looks(&self, who: (&str, &str)) -> usize {
        self.count(who, |content| matches!(content, Content::Access(access) if access.actor == self.town))
    }

    fn requests(&self, who: (&str, &str)) -> usize {
        self.count(who, |content| matches!(content, Content::Request(asked) if asked.requester == self.town))
    }

    fn everything_goes(&mut self, form: &Path) {
        self.all.kill_form();
        self.all.kill_service();
        self.all.kill_ledger();
        self.all.start_ledger();
        self.all.start_service();
        self.all.start_form(form);
    }
}

fn link(application: &Value) -> [u8; 32] {
    let address = application["ask"]["link"].as_str().unwrap();
    b64::decode_array(address.rsplit_once('#').unwrap().1).unwrap()
}

/// Something that the form asks, and how it stands.
fn field(application: &Value, at: usize) -> Value {
    application["fields"][at].clone()
}

fn state(application: &Value, at: usize) -> String {
    field(application, at)["state"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_source_holds_is_had_from_there_and_the_person_is_asked_once() {
    let card = Path::new(CARD);
    let mut desk = Desk::new(card);
    desk.told(&desk.all.caller("pension-office"), MOTHER, "pensioner");
    let (status, application) = desk.applies(MOTHER);
    assert_eq!((status, member(&application, "state")), (201, json!("waiting")), "{application}");
    assert_eq!((&*state(&application, 0), &*state(&application, 1)), ("asked", "to_say"));
    let id = member(&application, "id");
    // What a source holds nobody types in; what nobody holds the person says.
    let (status, refused) = desk.says(&id, "pensioner", "yes");
    assert_eq!((status, member(&refused, "title")), (409, json!("held")));
    assert_eq!(desk.says(&id, "plate", "1-ABC-234").0, 200);
    assert_eq!(desk.says(&id, "colour", "red").0, 422);
    // Before she has answered nobody has looked, nor tried to.
    assert_eq!((desk.looks(MOTHER), desk.requests(MOTHER)), (0, 1));

    // Everything goes; whoever applies again has the same application, and is not asked again.
    desk.everything_goes(card);
    let (status, again) = desk.applies(MOTHER);
    assert_eq!((status, &again["id"], &again["ask"]), (200, &id, &application["ask"]));
    // The link is hers alone.
    let son = desk.all.caller("son");
    assert_eq!(son.client().give_by_link(&link(&again), None).unwrap_err().name(), "not_yours");
    let mother = desk.all.caller("mother");
    mother.client().give_by_link(&link(&again), None).unwrap();
    desk.all.kill_form();
    desk.all.start_form(card);
    let complete = desk.stands(&id, "complete");
    let filled = field(&complete, 0);
    let periods = json!([{"from": "2020-01-01", "until": null}]);
    assert_eq!(filled["value"], json!({"status": "pensioner", "periods": periods}));
    assert_eq!(
        (&filled["source"], &field(&complete, 1)["value"]),
        (&json!(desk.office), &json!("1-ABC-234"))
    );
    assert_eq!(desk.requests(MOTHER), 1);
    let looks = desk.looks(MOTHER);
    assert!((1..=2).contains(&looks), "one, or another if the first one's answer was lost: {looks}");
    // It is proven that it might be had.
    let access: Hash = filled["access"].as_str().unwrap().parse().unwrap();
    let (receipt, policy) = (filled["receipt"].to_string(), mother.client().policy());
    let verified = verify_access(receipt.as_bytes(), &access, policy, Mode::Historic).unwrap();
    assert_eq!(
        (verified.access().purpose.as_str(), verified.decision().reason.name()),
        ("benefit", "consent")
    );
    let forged = receipt.replace("benefit", "inform");
    verify_access(forged.as_bytes(), &access, policy, Mode::Historic).unwrap_err();

    // As long as she agrees, the next form asks nothing. Once she doesn't, it asks.
    let (_, next) = desk.applies(MOTHER);
    assert_eq!((&*state(&next, 0), next.get("ask")), ("filled", None));
    assert_eq!((desk.requests(MOTHER), desk.looks(MOTHER)), (1, looks + 1));
    desk.says(&next["id"], "plate", "1-ABC-235");
    assert_eq!(member(&desk.application(&next["id"]), "state"), json!("complete"));
    takes_back(&mother);
    let (_, asks) = desk.applies(MOTHER);
    assert_eq!((&*state(&asks, 0), desk.looks(MOTHER)), ("asked", looks + 1));

    // She refuses. That is the end of it, and nobody has looked.
    let asked = mother.client().linked(&link(&asks)).unwrap();
    let request = asked.answer().logged().entry.id().unwrap();
    let no = Draft::on("renunciation", &mother.client().occasion().unwrap(), &request)
        .member("link", json!(b64::encode(&link(&asks))));
    mother.client().submit(&mother.client().sign(no).unwrap().1).unwrap();
    desk.all.kill_form();
    desk.all.start_form(card);
    let refused = desk.stands(&asks["id"], "refused");
    assert_eq!((&*state(&refused, 0), refused.get("ask")), ("refused", None));
    assert_eq!((desk.looks(MOTHER), desk.says(&asks["id"], "pensioner", "yes").0), (looks + 1, 409));
}

/// Somebody takes back every consent that they have given.
fn takes_back(caller: &Caller) {
    let client = caller.client();
    let list = client.records(&client.own_party().unwrap(), &|_| {}).unwrap();
    let in_force = list.records().iter().filter(|filed| filed.status.is_some_and(|status| status.permits()));
    for filed in in_force {
        let opened = filed.logged.opened.as_ref();
        if opened.is_some_and(|opened| matches!(opened.record.content(), Content::Consent(_))) {
            let id = filed.logged.entry.id().unwrap();
            let end = Draft::on("revocation", &client.occasion().unwrap(), &id);
            client.submit(&client.sign(end).unwrap().1).unwrap();
        }
    }
}

#[test]
fn what_nobody_holds_the_person_says() {
    let desk = Desk::new(Path::new(CARD));
    let (_, application) = desk.applies(SON);
    assert_eq!((&*state(&application, 0), application.get("ask")), ("to_say", None));
    let id = member(&application, "id");
    // Until they have said it a source may turn up, and then they need not.
    desk.told(&desk.all.caller("pension-office"), SON, "pensioner");
    let (_, application) = desk.applies(SON);
    assert_eq!((&application["id"], &*state(&application, 0)), (&id, "asked"));
    assert_eq!(desk.says(&id, "pensioner", "no").0, 409);

    let (_, application) = desk.applies(NEIGHBOUR);
    let id = member(&application, "id");
    desk.says(&id, "pensioner", "no");
    let (_, told) = desk.says(&id, "plate", "1-XYZ-987");
    assert_eq!(member(&told, "state"), json!("complete"));
    // What they have said stays.
    desk.told(&desk.all.caller("pension-office"), NEIGHBOUR, "pensioner");
    assert_eq!(&*state(&desk.application(&id), 0), "said");
    assert_eq!((desk.looks(NEIGHBOUR), desk.requests(NEIGHBOUR)), (0, 0));
    // Nobody is registered so; and what is no identifier names nobody.
    assert_eq!(desk.applies(("", &procura_flexi_jobs::month::niss(1))).0, 422);
    assert_eq!(desk.applies(("", "Tom")).0, 422);
    assert_eq!(desk.sent("/applications/none", None).0, 404);
    // A page from elsewhere can have a clerk's browser send text.
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for address in ["/applications".to_owned(), format!("/applications/{}/fields", id.as_str().unwrap())] {
        let request = agent.post(format!("{}{address}", desk.all.form_url()));
        let answer = request.header("content-type", "text/plain").send(json!({"person": SON.1}).to_string());
        assert_eq!(answer.unwrap().status().as_u16(), 415, "{address}");
    }
    assert_eq!(desk.sent(&format!("/applications/{}", Hash([7; 32])), None).0, 404);
}

#[test]
fn one_link_asks_for_all_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let form = folder.path().join("allowance.toml");
    let asked = [("student", "status.student"), ("hours", "student.hours")];
    let fields =
        asked.map(|(name, category)| format!("[[field]]\nname = \"{name}\"\ncategory = \"{category}\"\n"));
    let words = "code = \"allowance\"\npurpose = \"benefit\"\nconsent_days = 3\nanswer_days = 1\n";
    std::fs::write(&form, format!("{words}{}", fields.concat())).unwrap();
    let mut desk = Desk::new(&form);
    desk.told(&desk.all.office(), STUDENT, "student");
    let employer = desk.all.caller("employer");
    let today = procura_core::days::Day::of(employer.client().now()).unwrap();
    let line =
        json!({"id": "h", "worker": STUDENT.1, "from": today, "to": today, "payslip": today, "amount": 8});
    let sent = json!({"employer": "kbo:0999999922", "counter": "student", "lines": [line]});
    let own = employer.client().own_party().unwrap();
    employer.declare(&sent, (own, desk.office), "student.declaration").unwrap();
    desk.registered();

    let (_, application) = desk.applies(STUDENT);
    assert_eq!((&*state(&application, 0), &*state(&application, 1)), ("asked", "asked"));
    // Killed while they answer.
    let student = desk.all.caller("student");
    desk.all.kill_form();
    student.client().give_by_link(&link(&application), None).unwrap();
    desk.everything_goes(&form);
    let complete = desk.stands(&application["id"], "complete");
    assert_eq!(field(&complete, 0)["value"]["status"], json!("student"));
    assert_eq!(field(&complete, 1)["value"], json!({"room": 642, "unit": "hours"}));
    assert_eq!((desk.requests(STUDENT), desk.looks(STUDENT)), (1, 2));
}

//! Goal: the certification scenario of OpenID AuthZEN 1.0 (openid/authzen, `certification/authorization-api-1_0-scenario.md`) at all of its
//! levels: Basic, Batch, Search, each Core and Properties, and Discovery. Method: its fixture as an ordinary catalogue, parties and
//! consents with conditions; its requests, over HTTP. Then all of it with other names, and with two who changed places: the answers
//! change too. `c-…` are the scenario's anchors.

use crate::world::{Answer, World};
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, Validity, proof_of_possession_message};
use procura_core::{Hash, Millis};
use procura_ledger::{Clock, OsRandom, Random};
use serde_json::{Value, json};

/// What the scenario calls things.
#[derive(Clone, Copy)]
struct Names {
    user: &'static str,
    alice: &'static str,
    bob: &'static str,
    record: &'static str,
    first: &'static str,
    second: &'static str,
    read: &'static str,
    write: &'static str,
    delete: &'static str,
    status: &'static str,
    active: &'static str,
    archived: &'static str,
    role: &'static str,
    admin: &'static str,
    soft: &'static str,
    /// The value of `soft` with which deleting is permitted.
    is_soft: bool,
}

const SCENARIO: Names = Names {
    user: "user",
    alice: "alice",
    bob: "bob",
    record: "record",
    first: "record-1",
    second: "record-2",
    read: "read",
    write: "write",
    delete: "delete",
    status: "status",
    active: "active",
    archived: "archived",
    role: "role",
    admin: "admin",
    soft: "soft",
    is_soft: true,
};

const RENAMED: Names = Names {
    user: "pilot",
    alice: "zoe-17",
    bob: "aaron",
    record: "flight",
    first: "z9",
    second: "a0",
    read: "board",
    write: "steer",
    delete: "divert",
    status: "phase",
    active: "landed",
    archived: "airborne",
    role: "rank",
    admin: "captain",
    soft: "hard",
    is_soft: false,
};

/// The scenario's words, but alice has bob's place and bob hers.
const OTHER_PEOPLE: Names = Names { alice: SCENARIO.bob, bob: SCENARIO.alice, ..SCENARIO };

/// The scenario's words, but each value has its opposite's place.
const OTHER_VALUES: Names =
    Names { active: SCENARIO.archived, archived: SCENARIO.active, is_soft: false, ..SCENARIO };

fn title(text: &str) -> Value {
    json!({"de": text, "en": text, "fr": text, "nl": text})
}

fn words(codes: &[&str]) -> Value {
    let mut codes = codes.to_vec();
    codes.sort_unstable();
    codes.iter().map(|code| json!({"code": code, "title": title(code)})).collect()
}

/// Writes what the scenario wants to be there.
struct Fixture<'a> {
    world: &'a World,
    names: Names,
}

impl Fixture<'_> {
    fn bytes<const N: usize>() -> [u8; N] {
        let mut bytes = [0; N];
        OsRandom.fill(&mut bytes).unwrap();
        bytes
    }

    fn log(&self, kid: &Hash, signer: &dyn Signer, draft: impl FnOnce(&Occasion<'_>) -> Draft) -> Hash {
        let ledger = &self.world.trial.ledger;
        let occasion =
            Occasion { origin: ledger.origin(), nonce: Self::bytes(), now: self.world.clock.now() };
        ledger.append(draft(&occasion).sign(kid, signer).unwrap()).unwrap().id
    }

    fn by_root(&self, draft: impl FnOnce(&Occasion<'_>) -> Draft) -> Hash {
        let root = &self.world.trial.root;
        self.log(&root.public_key().thumbprint(), root, draft)
    }

    /// A catalogue with one category, three purposes, and a scheme for either sort of name.
    fn catalogue(&self) -> Hash {
        let Names { user, record, read, write, delete, .. } = self.names;
        let scheme = |code: &str| {
            json!({
                "code": code, "title": title(code), "party_types": ["organisation"],
                "form": {"characters": ["-", "digits", "lower"], "min": 1, "max": 40},
            })
        };
        self.by_root(|occasion| {
            Draft::new("catalogue", occasion)
                .member("code", json!("certification"))
                .member("version", json!(1))
                .member("categories", words(&[record]))
                .member("purposes", words(&[read, write, delete]))
                .member("bases", json!([]))
                .member("schemes", json!([scheme(user), scheme(record)]))
        })
    }

    /// A party with a key.
    fn party(&self, scheme: &str, value: &str) -> (Hash, Hash, SoftKey) {
        let identifier = format!("{scheme}:{value}").parse().unwrap();
        let (handle, salts) = (Self::bytes(), [Self::bytes(), Self::bytes()]);
        let party = self.by_root(|occasion| {
            Draft::party(occasion, PartyType::Organisation, handle, &identifier, Some(value), &salts).unwrap()
        });
        let key = SoftKey::from_seed(&Self::bytes());
        let kid = self.by_root(|occasion| {
            let public = key.public_key();
            let message = proof_of_possession_message(occasion.origin, &party, &public, &occasion.nonce);
            Draft::key(occasion, &party, &public, &key.sign(&message).unwrap(), "first", "substantial")
        });
        (party, kid, key)
    }

    fn write(&self) {
        let names = self.names;
        let catalogue = self.catalogue();
        let [alice, bob] = [names.alice, names.bob].map(|name| self.party(names.user, name).0);
        let [first, second] = [names.first, names.second].map(|name| self.party(names.record, name));
        let is = |of: &str, property: &str, value: Value| json!([{"type": "equals", "of": of, "property": property, "value": value}]);
        let today = Day::of(Millis(self.world.clock.now().0)).unwrap();
        let consent = |(subject, kid, key): &(Hash, Hash, SoftKey),
                       recipient: &Hash,
                       purposes: &[&str],
                       conditions: Option<Value>| {
            let mut purposes: Vec<String> = purposes.iter().map(|code| (*code).to_owned()).collect();
            purposes.sort_unstable();
            let (scopes, validity) = ([names.record.to_owned()], Validity::of_days(today, None));
            self.log(kid, key, |occasion| {
                let draft =
                    Draft::consent(occasion, subject, recipient, &catalogue, &scopes, &purposes, &validity);
                match conditions {
                    Some(conditions) => draft.member("conditions", conditions),
                    None => draft,
                }
            });
        };
        // c-1-4, rules 1, 2 and 7: alice and the first record.
        consent(&first, &alice, &[names.read, names.write], None);
        consent(&first, &alice, &[names.delete], Some(is("action", names.soft, json!(names.is_soft))));
        // Rule 3.
        consent(&first, &bob, &[names.read], None);
        // Rule 5: alice and the second record, as long as it is not archived.
        consent(&second, &alice, &[names.write], Some(is("resource", names.status, json!(names.active))));
        // Rule 6: either of what is said of bob and of the record is enough.
        consent(&second, &bob, &[names.write], Some(is("subject", names.role, json!(names.admin))));
        consent(&second, &bob, &[names.write], Some(is("resource", names.status, json!(names.archived))));
    }
}

/// Asks as the scenario's harness does.
struct Harness<'a> {
    world: &'a World,
    names: Names,
}

/// A request's parts.
impl Harness<'_> {
    fn user(&self, id: &str) -> Value {
        json!({"type": self.names.user, "id": id})
    }

    fn admin(&self, id: &str) -> Value {
        json!({"type": self.names.user, "id": id, "properties": {self.names.role: self.names.admin}})
    }

    fn record(&self, id: &str) -> Value {
        json!({"type": self.names.record, "id": id})
    }

    fn record_that_is(&self, id: &str, status: &str) -> Value {
        json!({"type": self.names.record, "id": id, "properties": {self.names.status: status}})
    }

    fn action(name: &str) -> Value {
        json!({"name": name})
    }

    fn delete(&self, soft: bool) -> Value {
        json!({"name": self.names.delete, "properties": {self.names.soft: soft}})
    }

    fn request(subject: &Value, action: &Value, resource: &Value) -> Value {
        json!({"subject": subject, "action": action, "resource": resource})
    }
}

fn time() -> Value {
    json!({"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"})
}

fn with(mut request: Value, name: &str, value: Value) -> Value {
    request[name] = value;
    request
}

impl Harness<'_> {
    fn post(&self, endpoint: &str, body: &Value) -> Answer {
        self.world.post_json(&format!("/access/v1/{endpoint}"), Some(&self.world.demo.token), body)
    }

    fn ok(&self, endpoint: &str, body: &Value) -> Value {
        let answer = self.post(endpoint, body);
        assert_eq!(answer.status, 200, "{body} {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.json()
    }

    fn decides(&self, subject: &Value, action: &Value, resource: &Value, decision: bool) {
        let request = Self::request(subject, action, resource);
        let answer = self.ok("evaluation", &request);
        assert_eq!(answer["decision"], decision, "{request}");
        assert!(answer.get("context").is_none_or(Value::is_object));
    }

    fn is_bad(&self, endpoint: &str, body: &Value) {
        assert_eq!(self.post(endpoint, body).status, 400, "{endpoint} {body}");
    }

    fn decisions(&self, body: &Value) -> Vec<bool> {
        let answer = self.ok("evaluations", body);
        let items = answer["evaluations"].as_array().unwrap().iter();
        items.map(|item| item["decision"].as_bool().unwrap()).collect()
    }

    /// The ids or names found, all of the type that was asked for.
    fn finds(&self, endpoint: &str, body: &Value) -> Vec<String> {
        let answer = self.ok(&format!("search/{endpoint}"), body);
        let member = if endpoint == "action" { "name" } else { "id" };
        let results = answer["results"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        results
            .map(|result| {
                if endpoint != "action" {
                    assert_eq!(result["type"], body[endpoint]["type"]);
                }
                text(&result[member])
            })
            .collect()
    }

    fn finds_at_least(&self, endpoint: &str, body: &Value, wanted: &[&str]) {
        let found = self.finds(endpoint, body);
        for wanted in wanted {
            assert!(found.iter().any(|found| found == wanted), "{wanted} in {found:?}: {body}");
        }
    }

    /// The eight decisions of c-1-4.
    fn decisions_of_the_fixture(&self) -> [bool; 8] {
        let Names { alice, bob, first, second, read, write, archived, .. } = self.names;
        let (alice, bob, first) = (self.user(alice), self.user(bob), self.record(first));
        let (read, write) = (Self::action(read), Self::action(write));
        let archived = self.record_that_is(second, archived);
        [
            (&alice, &read, &first),
            (&alice, &write, &first),
            (&bob, &read, &first),
            (&bob, &write, &first),
            (&alice, &write, &archived),
            (&self.admin(self.names.bob), &write, &archived),
            (&alice, &self.delete(self.names.is_soft), &first),
            (&alice, &self.delete(!self.names.is_soft), &first),
        ]
        .map(|(subject, action, resource)| {
            self.ok("evaluation", &Self::request(subject, action, resource))["decision"].as_bool().unwrap()
        })
    }

    /// c-2.
    fn basic(&self) {
        let Names { alice, bob, first, second, read, write, archived, active, .. } = self.names;
        assert_eq!(self.decisions_of_the_fixture(), [true, true, true, false, false, true, true, false]);
        let (alice, bob, first) = (self.user(alice), self.user(bob), self.record(first));
        let (read, write) = (Self::action(read), Self::action(write));
        // The same several times over.
        for _ in 0..3 {
            self.decides(&alice, &read, &first, true);
            self.decides(&bob, &write, &first, false);
        }
        let good = Self::request(&alice, &read, &first);
        assert_eq!(self.ok("evaluation", &with(good.clone(), "context", time()))["decision"], true);
        // More properties, unknown members.
        let manager = with(alice.clone(), "properties", json!({"department": "Sales", "role": "manager"}));
        let get = with(read.clone(), "properties", json!({"method": "GET"}));
        let owned = with(first.clone(), "properties", json!({self.names.status: active, "owner": "bob"}));
        self.decides(&manager, &get, &owned, true);
        let more = with(with(good.clone(), "foo", json!("bar")), "futureField", json!({"nested": true}));
        assert_eq!(self.ok("evaluation", &more)["decision"], true);
        // What the scenario leaves open: without either property nothing says that bob may.
        self.decides(&bob, &write, &self.record(second), false);
        self.decides(&alice, &write, &self.record_that_is(second, active), true);
        self.decides(&bob, &write, &self.record_that_is(second, archived), true);

        self.errors_of("evaluation", &good);
        for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
            let (path, token) = ("/access/v1/evaluation", Some(self.world.demo.token.as_str()));
            assert_eq!(self.world.post(path, token, media_type, good.to_string()).status, 400);
            let charset = "application/json; charset=utf-8";
            assert_eq!(self.world.post(path, token, charset, good.to_string()).status, 200);
            for body in ["", "{\"subject\":", "not json"] {
                assert_eq!(self.world.post(path, token, "application/json", body).status, 400, "{body}");
            }
        }
    }

    /// A whole request with each of its members missing or mistyped.
    fn errors_of(&self, endpoint: &str, good: &Value) {
        self.ok(endpoint, good);
        for pointer in [
            "/subject",
            "/action",
            "/resource",
            "/subject/type",
            "/subject/id",
            "/action/name",
            "/resource/type",
            "/resource/id",
        ] {
            if good.pointer(pointer).is_none() {
                continue;
            }
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let mut bad = good.clone();
            bad.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
            self.is_bad(endpoint, &bad);
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = json!(123);
            self.is_bad(endpoint, &bad);
        }
    }

    /// c-3.
    fn batch(&self) {
        let Names { alice, bob, first, second, read, write, archived, active, .. } = self.names;
        let (alice, bob) = (self.user(alice), self.user(bob));
        let (read, write) = (Self::action(read), Self::action(write));
        let resources = json!([{"resource": self.record(first)}, {"resource": self.record(second)}]);
        let read_both = json!({"subject": alice, "action": read, "evaluations": resources});
        assert_eq!(self.decisions(&read_both), [true, false]);
        let request = json!({
            "subject": bob, "resource": self.record(first),
            "evaluations": [{"action": read}, {"action": write}],
        });
        assert_eq!(self.decisions(&request), [true, false]);
        let archived = self.record_that_is(second, archived);
        let request = json!({
            "subject": alice, "action": write,
            "evaluations": [{"resource": self.record_that_is(first, active)}, {"resource": archived}],
        });
        assert_eq!(self.decisions(&request), [true, false]);
        let request = json!({
            "action": write, "resource": archived,
            "evaluations": [{"subject": alice}, {"subject": self.admin(self.names.bob)}],
        });
        assert_eq!(self.decisions(&request), [false, true]);
        let request = json!({"evaluations": [
            Self::request(&alice, &read, &self.record(first)),
            Self::request(&bob, &write, &self.record(first)),
        ]});
        assert_eq!(self.decisions(&request), [true, false]);
        let mut request = with(read_both.clone(), "context", json!({"time": "2025-06-27T18:03-07:00"}));
        request["evaluations"][1]["context"] =
            json!({"time": "2025-06-27T19:00-07:00", "source": "batch-override"});
        assert_eq!(self.decisions(&request), [true, false]);
        let request = json!({
            "subject": alice, "action": write, "resource": self.record_that_is(first, active),
            "evaluations": [{}, {"resource": archived}],
        });
        assert_eq!(self.decisions(&request), [true, false]);
        // An error inside is a denial that says so.
        let request = json!({
            "subject": alice, "action": read, "options": {"evaluations_semantic": "execute_all"},
            "evaluations": [{"resource": self.record(first)}, {}],
        });
        assert_eq!(self.decisions(&request), [true, false]);
        assert_eq!(self.ok("evaluations", &request)["evaluations"][1]["context"]["error"]["status"], 400);
        // One question.
        let one = Self::request(&alice, &read, &self.record(first));
        assert_eq!(self.ok("evaluations", &one)["decision"], true);
        assert_eq!(self.ok("evaluations", &with(one.clone(), "evaluations", json!([])))["decision"], true);
        self.errors_of("evaluations", &one);
    }

    /// c-4.
    fn search(&self) {
        let Names { alice, bob, first, second, read, write, archived, .. } = self.names;
        let (read, write) = (Self::action(read), Self::action(write));
        let (any_user, any_record) = (json!({"type": self.names.user}), json!({"type": self.names.record}));
        let archived = self.record_that_is(second, archived);

        let who_reads = Self::request(&any_user, &read, &self.record(first));
        self.finds_at_least("subject", &who_reads, &[alice, bob]);
        let found = self.finds("subject", &who_reads);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(self.finds("subject", &with(who_reads.clone(), "context", time())), found);
        assert_eq!(self.finds("subject", &with(who_reads.clone(), "subject", self.user(alice))), found);
        self.finds_at_least("subject", &Self::request(&any_user, &write, &archived), &[bob]);

        let what_alice_reads = Self::request(&self.user(alice), &read, &any_record);
        self.finds_at_least("resource", &what_alice_reads, &[first]);
        let found = self.finds("resource", &what_alice_reads);
        assert!(!found.iter().any(|id| id == second), "{found:?}");
        assert_eq!(self.finds("resource", &with(what_alice_reads.clone(), "context", time())), found);
        assert_eq!(
            self.finds("resource", &with(what_alice_reads.clone(), "resource", self.record(first))),
            found
        );
        self.finds_at_least("resource", &Self::request(&self.admin(bob), &write, &any_record), &[second]);

        let what_for = json!({"subject": self.user(alice), "resource": self.record(first)});
        let mut both = [self.names.read, self.names.write];
        both.sort_unstable();
        assert_eq!(self.finds("action", &what_for), both);
        assert_eq!(self.finds("action", &with(what_for.clone(), "context", time())), both);
        let admins = json!({"subject": self.admin(bob), "resource": archived});
        self.finds_at_least("action", &admins, &[self.names.write]);

        self.pages("subject", &who_reads, &self.finds("subject", &who_reads));
        self.pages("action", &what_for, &both.map(str::to_owned));
        let nobody = self.user("nonexistent-user");
        let nothing = json!({"results": []});
        for (endpoint, request) in [
            ("action", with(what_for.clone(), "subject", nobody.clone())),
            ("action", with(what_for.clone(), "subject", json!({"type": "spaceship", "id": alice}))),
            ("action", with(what_for.clone(), "resource", json!({"type": "spaceship", "id": first}))),
            ("subject", with(who_reads.clone(), "subject", json!({"type": "spaceship"}))),
            ("subject", with(who_reads.clone(), "resource", self.record("nonexistent"))),
            ("subject", with(who_reads.clone(), "resource", json!({"type": "spaceship", "id": first}))),
            ("resource", with(what_alice_reads.clone(), "subject", nobody)),
            ("resource", with(what_alice_reads.clone(), "resource", json!({"type": "spaceship"}))),
        ] {
            assert_eq!(self.ok(&format!("search/{endpoint}"), &request), nothing, "{endpoint} {request}");
        }
        self.errors_of("search/subject", &who_reads);
        self.errors_of("search/resource", &what_alice_reads);
        self.errors_of("search/action", &what_for);
        // The one without ids is whole for nobody.
        for endpoint in ["search/subject", "search/resource"] {
            self.is_bad(endpoint, &Self::request(&any_user, &read, &any_record));
        }
    }

    /// One result a page, the limit said once.
    fn pages(&self, endpoint: &str, request: &Value, all: &[String]) {
        let (mut found, mut page) = (Vec::new(), json!({"limit": 1}));
        loop {
            let request = with(request.clone(), "page", page);
            found.extend(self.finds(endpoint, &request));
            let answer = self.ok(&format!("search/{endpoint}"), &request);
            let token = answer["page"]["next_token"].as_str().unwrap();
            assert_eq!(answer["page"]["count"], answer["results"].as_array().unwrap().len());
            if token.is_empty() {
                break;
            }
            page = json!({"token": token});
        }
        assert_eq!(found, all);
    }
}

fn certify(names: Names) {
    let world = World::new();
    Fixture { world: &world, names }.write();
    let harness = Harness { world: &world, names };
    harness.basic();
    harness.batch();
    harness.search();
}

#[test]
fn the_scenario() {
    certify(SCENARIO);
}

#[test]
fn the_scenario_with_other_names() {
    certify(RENAMED);
}

/// Who asks such a ledger as the scenario is written gets other answers: they come from the records, not from the names.
#[test]
fn the_scenario_with_exchanged_people_and_values() {
    for (names, answers) in [
        (OTHER_PEOPLE, [true, false, true, true, true, false, false, false]),
        (OTHER_VALUES, [true, true, true, false, true, true, false, true]),
    ] {
        certify(names);
        let world = World::new();
        Fixture { world: &world, names }.write();
        assert_eq!(Harness { world: &world, names: SCENARIO }.decisions_of_the_fixture(), answers);
    }
}

/// c-6. The scenario wants URLs with https, which a server behind a proxy names.
#[test]
fn discovery() {
    let base = "https://pdp.example.com";
    let world = World::with(|settings| base.clone_into(&mut settings.public_url));
    let answer = world.get("/.well-known/authzen-configuration", None);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let metadata = answer.json();
    assert_eq!(metadata["policy_decision_point"], base);
    for (member, path) in [
        ("access_evaluation_endpoint", "evaluation"),
        ("access_evaluations_endpoint", "evaluations"),
        ("search_subject_endpoint", "search/subject"),
        ("search_resource_endpoint", "search/resource"),
        ("search_action_endpoint", "search/action"),
    ] {
        assert_eq!(metadata[member], format!("{base}/access/v1/{path}"));
        // There is such an address, and it wants a token.
        assert_eq!(world.post_json(&format!("/access/v1/{path}"), None, &json!({})).status, 401, "{path}");
    }
}

/// Goal: no production code knows the scenario. Method: the words that are its own are looked for in all that is not a test, and found
/// where they are meant to be.
#[test]
fn no_production_code_knows_the_scenario() {
    let Names { alice, bob, first, second, archived, .. } = SCENARIO;
    let own = [alice, bob, first, second, archived];
    let knows = |text: &str| {
        let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        text.split(|c| !is_part(c)).find(|word| own.contains(word)).map(str::to_owned)
    };
    assert_eq!(knows(include_str!("certification.rs")).as_deref(), Some(alice));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> =
        ["client/src", "ledger/core/src", "ledger/src", "server/src"].map(|name| root.join(name)).into();
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                // Tests stand at the end of a file.
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                assert_eq!(knows(code), None, "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 200, "{count} files: this check checks nothing");
}

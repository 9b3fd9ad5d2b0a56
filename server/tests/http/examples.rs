//! Goal: the interface has an example of all JSON that it takes and gives, each is what its schema says and what a server takes and gives
//! today, and its receipts verify. Method: the served document; then the demo's server is asked what the examples ask, and the rest of
//! what they show. `PROCURA_WRITE=1` writes the examples anew: spec/openapi.json takes them from there.

use crate::schema::fits;
use crate::world::{Answer, START, World};
use procura_core::b64;
use procura_core::days::Day;
use procura_core::decide::AuthZen;
use procura_core::draft::{Draft, Occasion};
use procura_core::hash::{link_commitment, show_token};
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::Validity;
use procura_core::log_keys::LogKey;
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::{
    Mode, Policy, Question, Receipt, verify_access, verify_authority, verify_complete, verify_log_keys,
    verify_status,
};
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{OsRandom, Random};
use procura_server::demo::{EMPLOYER, MOTHER, MUNICIPALITY, SON};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// Where a real ledger would be.
const PUBLIC_URL: &str = "https://ledger.example";

fn file(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/docs/examples");
    PathBuf::from(folder).join(format!("{name}.json"))
}

/// An example as it is kept.
fn kept(name: &str) -> Value {
    let text = std::fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRandom.fill(&mut bytes).unwrap();
    bytes
}

/// What is asked and answered by the names of the examples, on one server.
struct Told {
    world: World,
    by_name: BTreeMap<&'static str, Value>,
}

impl Told {
    fn of_a_demo() -> Self {
        let world = World::with(|settings| settings.public_url = PUBLIC_URL.to_owned());
        let mut told = Self { world, by_name: BTreeMap::new() };
        told.records();
        told.accesses();
        told.asked_by_hand();
        told.by_token_of_what_is_shown();
        told.lists();
        told.log();
        told
    }

    fn keep(&mut self, name: &'static str, value: Value) {
        assert!(self.by_name.insert(name, value).is_none(), "{name} twice");
    }

    /// An answer that is as it should be.
    fn answered(&mut self, name: &'static str, status: u16, answer: &Answer) {
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        let is_text = answer.header("content-type").unwrap().starts_with("text/plain");
        self.keep(name, if is_text { json!(answer.text()) } else { answer.json() });
    }

    fn get(&mut self, name: &'static str, path: &str, token: Option<&str>) {
        let answer = self.world.get(path, token);
        self.answered(name, 200, &answer);
    }

    fn sign(&self, by: &'static str, draft: impl FnOnce(&Occasion<'_>) -> Draft) -> Submission {
        self.world.sign(self.world.party(by), draft)
    }

    /// Records handed in, either way, and read.
    fn records(&mut self) {
        let [mother, son, employer] = [MOTHER, SON, EMPLOYER].map(|name| self.world.party(name).party);
        let (catalogue, today) = (self.world.demo.catalogue, Day::of(START).unwrap());
        let validity = Validity::of_days(today, None);
        let scopes = |code: &str| [code.to_owned()];
        let mandate = self.sign(MOTHER, |occasion| {
            let draft = Draft::mandate(occasion, &mother, &son, &catalogue, &scopes("taxes"), &validity);
            draft.withheld("reference", &json!("file 7"), &fresh()).unwrap()
        });
        let consent = self.sign(MOTHER, |occasion| {
            let (scopes, purposes) = (scopes("household"), scopes("hiring"));
            Draft::consent(occasion, &mother, &employer, &catalogue, &scopes, &purposes, &validity)
        });
        let answer = self.world.submit(&mandate);
        self.answered("record-receipt", 201, &answer);
        let answer = self.world.post_preferring("return=minimal", "", &mandate);
        self.answered("logged", 200, &answer);
        assert_eq!(self.world.submit(&consent).status, 201);
        let (id, token) = (id_of(&mandate.record), self.world.token(MOTHER));
        self.get("record", &format!("/v1/records/{id}"), Some(&token));
        self.keep("submission", submitted(&mandate));
        self.keep("record-jws", json!(consent.record));
    }

    fn accesses(&mut self) {
        let [actor, subject, source] = [EMPLOYER, SON, "tax-office"].map(|name| self.world.party(name).party);
        let access = |_| {
            self.sign(EMPLOYER, |occasion| {
                Draft::new("access", occasion)
                    .member("actor", json!(actor))
                    .member("subject", json!(subject))
                    .member("source", json!(source))
                    .member("category", json!("flexi.eligibility"))
                    .member("purpose", json!("hiring"))
            })
        };
        let [one, other] = [0, 1].map(access);
        let answer = self.world.post_json("/v1/accesses", None, &submitted(&one));
        self.answered("access-receipt", 201, &answer);
        let bare = self.world.post("/v1/accesses", None, "application/jose", &other.record);
        assert_eq!(bare.status, 201, "{}", bare.text());
        self.keep("access-submission", submitted(&one));
        self.keep("access-record", json!(other.record));
    }

    /// The requests that only read and stand in the examples' own files.
    fn asked_by_hand(&mut self) {
        let [town, mother] = [MUNICIPALITY, MOTHER].map(|name| self.world.party(name).party);
        let catalogue = self.world.demo.catalogue;
        let holding = self.sign(MUNICIPALITY, |occasion| {
            Draft::new("holding", occasion)
                .member("source", json!(town))
                .member("subject", json!(mother))
                .member("catalogue", json!(catalogue))
                .member("scopes", json!(["taxes"]))
                .member("since", json!("2020-02-29"))
        });
        assert_eq!(self.world.submit(&holding).status, 201);
        let token = self.world.demo.token.clone();
        for (path, asked, name) in BY_HAND {
            let answer = self.world.post_json(path, Some(&token), &kept(asked));
            self.answered(name, 200, &answer);
        }
    }

    /// A token; and what is opened without one: by a link, and by what shows a record.
    fn by_token_of_what_is_shown(&mut self) {
        let assertion = {
            let by = self.world.party(EMPLOYER);
            let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": by.kid});
            crate::world::jwt(&header, &self.world.claims(by), &*by.signer)
        };
        let answer = self.world.send_assertion(&assertion);
        self.answered("token", 200, &answer);
        let asked = json!({
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        });
        self.keep("token-request", asked);

        let link: [u8; 32] = fresh();
        let (employer, catalogue) = (self.world.party(EMPLOYER).party, self.world.demo.catalogue);
        let request = self.sign(EMPLOYER, |occasion| {
            let (scopes, purposes) = (["flexi.eligibility".to_owned()], ["hiring".to_owned()]);
            let validity = Validity::of_days(Day::of(START).unwrap(), None);
            let answer_by = Millis(START.0 + 24 * 3600 * 1000);
            Draft::request(occasion, &employer, &catalogue, (&scopes, &purposes), &validity, answer_by)
                .member("link", json!(link_commitment(&link)))
        });
        assert_eq!(self.world.submit(&request).status, 201);
        let asked = json!({"link": b64::encode(&link)});
        let answer = self.world.post_json("/v1/links", None, &asked);
        self.answered("link-receipt", 200, &answer);
        self.keep("link-request", asked);

        let id = self.world.grant("pensions-for-mother");
        let receipt =
            self.world.get(&format!("/v1/records/{id}/receipt"), Some(&self.world.token(MOTHER))).json();
        let opens = |entry: &&Value| entry["record"].as_str().is_some_and(|record| id_of(record) == id);
        let entry = receipt["entries"].as_array().unwrap().iter().find(opens).unwrap().clone();
        let shown = show_token(&b64::decode_array(entry["r"].as_str().unwrap()).unwrap());
        let asked = json!({"id": id, "token": shown});
        let answer = self.world.post_json("/v1/receipts", None, &asked);
        self.answered("shown-receipt", 200, &answer);
        self.keep("shown-request", asked);
    }

    /// What concerns the reader.
    fn lists(&mut self) {
        let (town, token) = (self.world.party(MUNICIPALITY).party, self.world.demo.token.clone());
        self.get("list-receipt", &format!("/v1/parties/{town}/records"), Some(&token));
        self.get("catalogues", "/v1/catalogues", Some(&token));
        let hook = self.sign(MUNICIPALITY, |occasion| {
            Draft::new("hook", occasion)
                .member("party", json!(town))
                .member("number", json!(1))
                .member("url", json!("https://town.example/procura"))
        });
        assert_eq!(self.world.submit(&hook).status, 201);
        self.get("hooks", "/v1/hooks", Some(&token));

        let request = self.world.agent.get(format!("{}/v1/events?after=0", self.world.url));
        let response = request.header("Authorization", format!("Bearer {token}")).call().unwrap();
        let mut lines = BufReader::new(response.into_body().into_reader()).lines();
        let mut events = String::new();
        while events.matches("data: ").count() < 2 || !events.ends_with("\n\n") {
            events.push_str(&lines.next().unwrap().unwrap());
            events.push('\n');
        }
        self.keep("events", json!(events));
    }

    /// What everybody reads. Last, since the list of log keys names one that nobody has.
    fn log(&mut self) {
        for (name, path) in [
            ("authzen-configuration", "/.well-known/authzen-configuration"),
            ("ok", "/readyz"),
            ("checkpoint", "/checkpoint"),
            ("log", "/v1/log"),
            ("growth", "/v1/log/growth"),
            ("consistency", "/v1/proofs/consistency?from=10"),
            ("inclusion", "/v1/proofs/inclusion?index=7"),
        ] {
            self.get(name, path, None);
        }
        assert_eq!(self.world.get("/healthz", None).json(), self.by_name["ok"]);
        let (ledger, root) = (&self.world.trial.ledger, &self.world.trial.root);
        let next = SoftKey::from_seed(&fresh()).public_key();
        let next = NoteVerifier::new(ledger.origin(), KeyType::Ed25519, next.as_bytes()).unwrap();
        let keys = [ledger.log_key().clone(), next];
        let keys = keys.map(|key| LogKey { key, retired_at: None }.to_json());
        let occasion = Occasion { origin: ledger.origin(), nonce: fresh(), now: START };
        let draft = Draft::new("log-keys", &occasion).member("log_keys", json!(keys));
        let submission = draft.sign(&root.public_key().thumbprint(), root).unwrap();
        assert_eq!(self.world.submit(&submission).status, 201);
        self.get("log-keys-receipt", "/v1/log/keys", None);
    }

    fn write(&self) {
        for (name, value) in &self.by_name {
            std::fs::write(file(name), serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
        }
    }
}

/// The questions that are written by hand: where they are asked, and the names of the question and of the answer.
const BY_HAND: [(&str, &str, &str); 8] = [
    ("/access/v1/evaluation", "evaluation-request", "evaluation"),
    ("/access/v1/evaluations", "evaluations-request", "evaluations"),
    ("/access/v1/search/action", "action-search", "actions"),
    ("/access/v1/search/resource", "resource-search", "resources"),
    ("/access/v1/search/subject", "subject-search", "subjects"),
    ("/v1/checks", "evaluation-request", "check-receipt"),
    ("/v1/holdings", "holdings-request", "holdings"),
    ("/v1/parties/resolve", "resolve-request", "resolved"),
];

fn id_of(record: &str) -> Hash {
    Record::parse(record).unwrap().id()
}

fn submitted(submission: &Submission) -> Value {
    serde_json::from_str(&submission.to_json()).unwrap()
}

/// The members of a value, and of what is in it, down to a depth; decisions and reasons as they are.
fn shape(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(members) if depth > 0 => {
            let of = |(name, value): (&String, &Value)| {
                let value = if name == "reason" { value.clone() } else { shape(value, depth - 1) };
                (name.clone(), value)
            };
            members.iter().map(of).collect()
        }
        Value::Array(items) if depth > 0 => {
            items.first().map_or(json!([]), |one| json!([shape(one, depth - 1)]))
        }
        Value::Object(_) => json!({}),
        Value::Array(_) => json!([]),
        Value::Bool(_) => value.clone(),
        Value::Number(_) => json!(0),
        Value::String(_) => json!(""),
        Value::Null => Value::Null,
    }
}

#[test]
fn what_the_examples_ask_is_answered_as_they_show() {
    let told = Told::of_a_demo();
    if std::env::var_os("PROCURA_WRITE").is_some() {
        told.write();
    }
    for (name, value) in &told.by_name {
        assert_eq!(shape(&kept(name), 3), shape(value, 3), "{name}: PROCURA_WRITE=1 writes it anew");
    }
    for name in ["evaluation", "evaluations", "actions", "ok", "authzen-configuration"] {
        assert_eq!(kept(name), told.by_name[name], "{name} is the same at every demo");
    }
    // None is left that nobody asked for.
    let by_hand = BY_HAND.map(|(_, asked, _)| asked.to_owned());
    let asked: BTreeSet<String> = told.by_name.keys().map(|name| (*name).to_owned()).chain(by_hand).collect();
    let document = told.world.get("/openapi.json", None).json();
    let shown: BTreeSet<String> =
        document["components"]["examples"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(shown, asked);
    let in_files = std::fs::read_dir(file("ok").parent().unwrap()).unwrap();
    let in_files: BTreeSet<String> = in_files
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(in_files, asked);
}

/// The bodies of a side of an operation: where they are, and by media type.
fn bodies(operation: &Value) -> Vec<(String, &serde_json::Map<String, Value>)> {
    let asked = operation.get("requestBody").into_iter().map(|body| ("asks".to_owned(), body));
    let answers = operation["responses"].as_object().unwrap().iter();
    let answers = answers.filter(|(status, _)| status.starts_with('2'));
    let all = asked.chain(answers.map(|(status, body)| (status.clone(), body)));
    all.filter_map(|(side, body)| Some((side, body.get("content")?.as_object()?))).collect()
}

#[test]
fn each_operation_has_examples_and_they_fit_its_schemas() {
    let world = World::new();
    let document = world.get("/openapi.json", None).json();
    let (mut names, mut count) = (BTreeSet::new(), 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                names.insert(operation["operationId"].as_str().unwrap()),
                "{method} {path}: its id is another's"
            );
            for (side, contents) in bodies(operation) {
                for (media_type, body) in contents {
                    let place = format!("{method} {path}, {side}, {media_type}");
                    // A tile is bytes.
                    if media_type == "application/octet-stream" {
                        continue;
                    }
                    let examples = body.get("examples").unwrap_or_else(|| panic!("{place}: no example"));
                    let refers = examples["demo"]["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
                    let example = &document.pointer(refers).unwrap_or_else(|| panic!("{place}"))["value"];
                    fits(&document, &body["schema"], example)
                        .unwrap_or_else(|error| panic!("{place}: {error}"));
                    count += 1;
                }
            }
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn the_examples_of_members_fit_their_schemas() {
    let document = World::new().get("/openapi.json", None).json();
    let mut count = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let members = schema["properties"].as_object().into_iter().flatten();
        for (member, schema) in members.chain([(name, schema)]) {
            if let Some(example) = schema.get("example") {
                fits(&document, schema, example).unwrap_or_else(|error| panic!("{name}, {member}: {error}"));
                count += 1;
            }
        }
    }
    assert!(count > 4, "{count}");
}

#[test]
fn the_receipts_of_the_examples_verify() {
    let policy = Policy::parse(kept("log")["policy"].to_string().as_bytes()).unwrap();
    let (policy, mode) = (&policy, Mode::Historic);
    let bytes = |name: &str| kept(name).to_string().into_bytes();
    let record = |name: &str| id_of(kept(name)["record"].as_str().unwrap());
    let verified = |name: &str, receipt: &[u8]| match name {
        "record-receipt" => verify_status(receipt, &record("submission"), None, policy, mode).map(drop),
        "link-receipt" | "shown-receipt" => {
            let Question::Status { id, .. } = Receipt::parse(receipt)?.question else { panic!("{name}") };
            verify_status(receipt, &id, None, policy, mode).map(drop)
        }
        "access-receipt" => verify_access(receipt, &record("access-submission"), policy, mode).map(drop),
        "check-receipt" => {
            let asked = AuthZen::read(kept("evaluation-request").as_object().unwrap().clone()).unwrap();
            verify_authority(receipt, &asked, policy, mode).map(drop)
        }
        "list-receipt" => {
            let Question::Complete { party, .. } = Receipt::parse(receipt)?.question else {
                panic!("{name}")
            };
            verify_complete(receipt, &party, 0, policy, mode).map(drop)
        }
        "log-keys-receipt" => verify_log_keys(receipt, policy, mode).map(drop),
        other => panic!("{other} is verified by nothing"),
    };
    let in_files = std::fs::read_dir(file("ok").parent().unwrap()).unwrap();
    let names = in_files.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    let mut count = 0;
    for name in names.filter(|name| name.ends_with("-receipt")) {
        verified(&name, &bytes(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut other = kept(&name);
        let earlier = if name == "record-receipt" { "log-keys-receipt" } else { "record-receipt" };
        other["commit"] = kept(earlier)["commit"].clone();
        assert!(verified(&name, other.to_string().as_bytes()).is_err(), "{name} of another state");
        count += 1;
    }
    assert_eq!(count, 7);
}

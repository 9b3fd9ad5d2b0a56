//! Goal: batches end where they should, searches show to each caller what that one may see and to nobody an identifier that is not
//! theirs to read, and a token for a page is good for one caller, one request and one server. Method: the demo's directory and a few
//! consents; what is asked is changed in one way at a time.

use crate::world::{HandClock, World, request};
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::Validity;
use procura_ledger::{Clock, Options, Random};
use procura_server::demo::{EMPLOYER, MOTHER, MUNICIPALITY, SON, WORKER};
use procura_server::trial;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const EVALUATIONS: &str = "/access/v1/evaluations";
const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";
const MOTHER_ID: &str = "niss:48031500292";
const SON_ID: &str = "niss:75061200192";
const STUDENT_ID: &str = "niss:08422999977";
const NEIGHBOUR_ID: &str = "niss:88422999979";
const EMPLOYER_ID: &str = "kbo:0999999922";
const WORKER_ID: &str = "eidas:PL/BE/fictional-worker-1";
const SECRETARIAT_ID: &str = "kbo:0440966354";

fn with(mut request: Value, name: &str, value: Value) -> Value {
    request[name] = value;
    request
}

/// What is found by who has this token, as `type` and id or as names; the rest of the answer is held to be in order.
fn found(world: &World, path: &str, token: &str, request: &Value) -> BTreeSet<String> {
    let answer = world.post_json(path, Some(token), request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let first = answer.as_object().unwrap().keys().next().cloned();
    let results = answer["results"].as_array().unwrap();
    if let Some(page) = answer.get("page") {
        assert_eq!(first.as_deref(), Some("page"));
        assert_eq!(page["count"], results.len());
    }
    let name = |result: &Value| match result.get("name") {
        Some(name) => name.as_str().unwrap().to_owned(),
        None => format!("{} {}", result["type"].as_str().unwrap(), result["id"].as_str().unwrap()),
    };
    let names: BTreeSet<String> = results.iter().map(name).collect();
    assert_eq!(names.len(), results.len(), "twice in one page");
    names
}

fn of(world: &World, kind: &str, names: &[&'static str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("{kind} party:{}", world.party(name).party)).collect()
}

#[test]
fn a_batch_ends_where_it_is_told_to() {
    let world = World::new();
    let token = Some(world.demo.token.as_str());
    let (yes, no, wrong) = (
        json!({"resource": {"type": "pensions", "id": MOTHER_ID}}),
        json!({"resource": {"type": "taxes", "id": MOTHER_ID}}),
        json!({"resource": 1}),
    );
    let decisions = |semantic: Option<&str>, items: &[&Value]| {
        let mut batch = json!({
            "subject": {"type": "party", "id": SON_ID}, "action": {"name": "help"}, "evaluations": items,
        });
        if let Some(semantic) = semantic {
            batch["options"] = json!({"evaluations_semantic": semantic});
        }
        let answer = world.post_json(EVALUATIONS, token, &batch);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let evaluations = answer.json()["evaluations"].as_array().unwrap().clone();
        evaluations.iter().map(|one| one["decision"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    for semantic in [None, Some("execute_all")] {
        assert_eq!(decisions(semantic, &[&yes, &wrong, &no, &yes]), [true, false, false, true]);
    }
    let deny = Some("deny_on_first_deny");
    assert_eq!(decisions(deny, &[&yes, &no, &yes]), [true, false]);
    assert_eq!(decisions(deny, &[&yes, &wrong, &yes]), [true, false]);
    assert_eq!(decisions(deny, &[&yes, &yes]), [true, true]);
    let permit = Some("permit_on_first_permit");
    assert_eq!(decisions(permit, &[&no, &wrong, &yes, &no]), [false, false, true]);
    assert_eq!(decisions(permit, &[&no, &no]), [false, false]);
    assert_eq!(decisions(None, &[&yes; 100]), [true; 100]);
}

#[test]
fn a_batch_decides_as_evaluations_do() {
    let world = World::new();
    let asked = [
        request(SON_ID, "help", "pensions.amount", MOTHER_ID),
        request(SON_ID, "help", "weather", SON_ID),
        request(EMPLOYER_ID, "hiring", "flexi.eligibility", WORKER_ID),
        json!({"subject": {"type": "party", "id": SON_ID}}),
    ];
    for token in [world.demo.token.clone(), world.token(SON)] {
        let answer = world.post_json(EVALUATIONS, Some(&token), &json!({"evaluations": asked})).json();
        for (one, in_batch) in asked.iter().zip(answer["evaluations"].as_array().unwrap()) {
            let alone = world.post_json("/access/v1/evaluation", Some(&token), one);
            if alone.status == 200 {
                assert_eq!(alone.json(), *in_batch);
            } else {
                let error = json!({"status": alone.status, "message": alone.text()});
                assert_eq!(*in_batch, json!({"decision": false, "context": {"error": error}}));
            }
        }
    }
    let too_many = json!({"evaluations": vec![json!({}); 101]});
    assert_eq!(world.post_json(EVALUATIONS, Some(&world.demo.token), &too_many).status, 400);
}

#[test]
fn an_institution_searches_about_anybody_and_gets_no_persons_number() {
    let world = World::new();
    let token = &world.demo.token;
    let who = |kind: &str, purpose: &str, category: &str, of: &str| json!({"subject": {"type": kind}, "action": {"name": purpose}, "resource": {"type": category, "id": of}});
    let asked = who("party", "help", "pensions", MOTHER_ID);
    assert_eq!(found(&world, SUBJECTS, token, &asked), of(&world, "party", &[SON]));
    // By a scheme: those who have such a number, where the number is no person's.
    assert!(found(&world, SUBJECTS, token, &who("niss", "help", "pensions", MOTHER_ID)).is_empty());
    let hiring = |kind| who(kind, "hiring", "flexi.eligibility", WORKER_ID);
    assert_eq!(found(&world, SUBJECTS, token, &hiring("party")), of(&world, "party", &[EMPLOYER]));
    assert_eq!(found(&world, SUBJECTS, token, &hiring("kbo")), BTreeSet::from(["kbo 0999999922".to_owned()]));
    // What is found is a subject of an evaluation that says yes.
    let mut again = hiring("kbo");
    again["subject"]["id"] = json!("0999999922");
    assert_eq!(world.post_json("/access/v1/evaluation", Some(token), &again).json()["decision"], true);
    // Whom the law names.
    let law = found(&world, SUBJECTS, token, &who("demo", "pension.calculation", "pensions.career", SON_ID));
    assert_eq!(law, BTreeSet::from(["demo pensions".to_owned()]));
    // For another: those who act for it.
    let acting = with(hiring("party"), "context", json!({"on_behalf_of": EMPLOYER_ID}));
    let acting = found(&world, SUBJECTS, token, &acting);
    assert_eq!(acting.len(), 2, "{acting:?}");

    let what = |actor: &str, category: &str| json!({"subject": {"type": "party", "id": actor}, "action": {"name": "help"}, "resource": {"type": category}});
    assert_eq!(found(&world, RESOURCES, token, &what(SON_ID, "pensions")), of(&world, "pensions", &[MOTHER]));
    assert!(
        found(&world, RESOURCES, token, &what(SON_ID, "taxes")).is_empty(),
        "nobody is listed for themselves"
    );
    let hired =
        with(what(SECRETARIAT_ID, "flexi.eligibility"), "context", json!({"on_behalf_of": EMPLOYER_ID}));
    let hired = with(hired, "action", json!({"name": "hiring"}));
    assert_eq!(
        found(&world, RESOURCES, token, &hired),
        of(&world, "flexi.eligibility", &[EMPLOYER, SON, WORKER])
    );

    let why = json!({"subject": {"type": "kbo", "id": "0999999922"}, "resource": {"type": "flexi.eligibility", "id": SON_ID}});
    assert_eq!(found(&world, ACTIONS, token, &why), BTreeSet::from(["hiring".to_owned()]));
}

#[test]
fn a_party_searches_about_itself_only() {
    let world = World::new();
    let institution = world.demo.token.clone();
    let [mother, son, employer] = [MOTHER, SON, EMPLOYER].map(|name| world.token(name));
    let nothing = |path: &str, token: &str, asked: &Value| {
        assert!(!found(&world, path, &institution, asked).is_empty(), "{asked}");
        let answer = world.post_json(path, Some(token), asked);
        let of_nobody = {
            let mut asked = asked.clone();
            for member in ["subject", "resource"] {
                if asked[member].get("id").is_some() {
                    asked[member]["id"] = json!("niss:88222999936");
                }
            }
            world.post_json(path, Some(token), &asked)
        };
        assert_eq!((answer.status, answer.json()), (200, json!({"results": []})), "{path} {asked}");
        assert_eq!(answer.body, of_nobody.body);
    };
    let who = json!({"subject": {"type": "party"}, "action": {"name": "help"}, "resource": {"type": "pensions", "id": MOTHER_ID}});
    assert_eq!(found(&world, SUBJECTS, &mother, &who), of(&world, "party", &[SON]));
    nothing(SUBJECTS, &son, &who);
    nothing(SUBJECTS, &employer, &who);
    // Whom the actor is, a search for actors passes over: it makes nobody a party to it.
    nothing(SUBJECTS, &son, &with(who.clone(), "subject", json!({"type": "party", "id": SON_ID})));

    let what = json!({"subject": {"type": "party", "id": SON_ID}, "action": {"name": "help"}, "resource": {"type": "pensions"}});
    assert_eq!(found(&world, RESOURCES, &son, &what), of(&world, "pensions", &[MOTHER]));
    nothing(RESOURCES, &mother, &what);
    nothing(
        RESOURCES,
        &mother,
        &with(what.clone(), "resource", json!({"type": "pensions", "id": MOTHER_ID})),
    );

    let why = json!({"subject": {"type": "party", "id": SON_ID}, "resource": {"type": "pensions", "id": MOTHER_ID}});
    for token in [&mother, &son] {
        assert!(found(&world, ACTIONS, token, &why).contains("help"));
    }
    nothing(ACTIONS, &employer, &why);

    // Who acts for the employer is the employer's to know, not that of a person whom it hires.
    let acting = json!({
        "subject": {"type": "party"}, "action": {"name": "hiring"},
        "resource": {"type": "flexi.eligibility", "id": SON_ID}, "context": {"on_behalf_of": EMPLOYER_ID},
    });
    assert_eq!(found(&world, SUBJECTS, &employer, &acting).len(), 2);
    nothing(SUBJECTS, &son, &acting);
}

/// The employer's search for whom it may hire, of whom there are a few.
fn hiring(limit: Option<u64>) -> Value {
    let mut asked = json!({
        "subject": {"type": "party", "id": EMPLOYER_ID}, "action": {"name": "hiring"},
        "resource": {"type": "flexi.eligibility"},
    });
    if let Some(limit) = limit {
        asked["page"] = json!({"limit": limit});
    }
    asked
}

fn token_of(world: &World, caller: &str, asked: &Value) -> String {
    let answer = world.post_json(RESOURCES, Some(caller), asked).json();
    answer["page"]["next_token"].as_str().unwrap().to_owned()
}

#[test]
fn pages_are_the_whole() {
    let world = World::new();
    let caller = &world.demo.token;
    let all = found(&world, RESOURCES, caller, &hiring(None));
    assert_eq!(all, of(&world, "flexi.eligibility", &[SON, WORKER]));
    for limit in 1..5 {
        let (mut pages, mut one_by_one, mut asked) = (0, BTreeSet::new(), hiring(Some(limit)));
        loop {
            let page = found(&world, RESOURCES, caller, &asked);
            assert!(page.len() as u64 <= limit);
            one_by_one.extend(page);
            pages += 1;
            let token = token_of(&world, caller, &asked);
            if token.is_empty() {
                break;
            }
            asked["page"] = if pages % 2 == 0 {
                json!({"token": token})
            } else {
                json!({"token": token, "limit": limit})
            };
        }
        assert_eq!(one_by_one, all, "in pages of {limit}");
        assert!(pages >= 2_u64.div_ceil(limit));
    }
    // Nothing on the page, and all of it still to come.
    let none = world.post_json(RESOURCES, Some(caller), &hiring(Some(0))).json();
    assert_eq!((&none["results"], &none["page"]["count"]), (&json!([]), &json!(0)));
    let token = none["page"]["next_token"].as_str().unwrap();
    assert!(!token.is_empty());
    // More than there may be is as many as there may be.
    assert_eq!(found(&world, RESOURCES, caller, &hiring(Some(9_000_000))), all);
}

#[test]
fn a_token_is_of_one_request_one_caller_and_one_server() {
    let world = World::new();
    let caller = world.demo.token.clone();
    let asked = hiring(Some(1));
    let token = token_of(&world, &caller, &asked);
    let go_on = |world: &World, path: &str, caller: &str, request: &Value, page: Value| {
        world.post_json(path, Some(caller), &with(request.clone(), "page", page))
    };
    let page = || json!({"token": token, "limit": 1});
    assert_eq!(go_on(&world, RESOURCES, &caller, &asked, page()).status, 200);
    let refused = |answer: crate::world::Answer| {
        assert_eq!((answer.status, answer.header("content-type")), (400, Some("text/plain; charset=utf-8")));
        assert!(answer.text().contains("token"), "{}", answer.text());
    };
    // Another request.
    for other in [
        with(asked.clone(), "action", json!({"name": "help"})),
        with(asked.clone(), "context", json!({"n": 1})),
        with(asked.clone(), "resource", json!({"type": "flexi"})),
        with(asked.clone(), "subject", json!({"type": "party", "id": SECRETARIAT_ID})),
    ] {
        refused(go_on(&world, RESOURCES, &caller, &other, page()));
    }
    refused(go_on(&world, RESOURCES, &caller, &asked, json!({"token": token, "limit": 2})));
    // Another search: a request that is whole for both.
    let both = with(hiring(Some(1)), "resource", json!({"type": "flexi.eligibility", "id": SON_ID}));
    let of_both = token_of(&world, &caller, &both);
    assert_eq!(go_on(&world, RESOURCES, &caller, &both, json!({"token": of_both})).status, 200);
    refused(go_on(&world, SUBJECTS, &caller, &both, json!({"token": of_both})));
    // Another caller, who may search so too.
    let employer = world.token(EMPLOYER);
    assert_eq!(world.post_json(RESOURCES, Some(&employer), &asked).status, 200);
    refused(go_on(&world, RESOURCES, &employer, &asked, page()));
    // Any other text.
    let mut other = token.clone().into_bytes();
    let last = other.last_mut().unwrap();
    *last = if *last == b'A' { b'Q' } else { b'A' };
    for text in [String::from_utf8(other).unwrap(), String::new(), "x".to_owned(), token.repeat(2)] {
        refused(go_on(&world, RESOURCES, &caller, &asked, json!({"token": text})));
    }
    for page in [
        json!(1),
        json!(null),
        json!({"token": 1}),
        json!({"limit": "1"}),
        json!({"limit": -1}),
        json!({"limit": 1.5}),
    ] {
        assert_eq!(go_on(&world, RESOURCES, &caller, &asked, page).status, 400);
    }
    // Another server, or the same one started anew.
    let another = World::new();
    refused(go_on(&another, RESOURCES, &another.demo.token, &asked, page()));
}

/// A copy of a data folder that nothing has open.
fn copy_of(data: &Path) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                fs::create_dir(&target).unwrap();
                copy(&path, &target);
            } else {
                fs::copy(&path, &target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(data, folder.path());
    folder
}

/// Always the same: servers that have it have one key for tokens.
struct NoChance;

impl Random for NoChance {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        bytes.fill(7);
        Ok(())
    }
}

#[test]
fn a_token_of_a_larger_log_is_refused() {
    let of_one_key = |folder| World::over(folder, |settings| settings.random = Arc::new(NoChance));
    let data = tempfile::tempdir().unwrap();
    let options = Options { clock: HandClock::new(), ..Options::default() };
    let trial = trial::start(data.path(), options).unwrap();
    procura_server::demo::register(&trial, data.path()).unwrap();
    trial.ledger.close();
    drop(trial);
    let (small, large) = (of_one_key(copy_of(data.path())), of_one_key(copy_of(data.path())));
    let note = large.sign(large.party(SON), |occasion| Draft::new("note", occasion));
    assert_eq!(large.submit(&note).status, 201);

    let (caller, asked) = (&small.demo.token, hiring(Some(1)));
    assert_eq!(*caller, large.demo.token);
    let go_on = |world: &World, token: &str| {
        world.post_json(RESOURCES, Some(caller), &with(asked.clone(), "page", json!({"token": token})))
    };
    let [of_small, of_large] = [&small, &large].map(|world| token_of(world, caller, &asked));
    assert_eq!((go_on(&small, &of_small).status, go_on(&large, &of_large).status), (200, 200));
    // One ledger, one caller, one request, one key: only the size differs. A search goes on in a log that has grown, and in no smaller one.
    assert_eq!(go_on(&large, &of_small).status, 200);
    let refused = go_on(&small, &of_large);
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("token"), "{}", refused.text());
}

/// All that the employer's search finds from a token on.
fn rest(world: &World, caller: &str, token: &str) -> BTreeSet<String> {
    let (mut all, mut token) = (BTreeSet::new(), token.to_owned());
    while !token.is_empty() {
        let asked = with(hiring(None), "page", json!({"token": token}));
        all.extend(found(world, RESOURCES, caller, &asked));
        token = token_of(world, caller, &asked);
    }
    all
}

#[test]
fn the_next_page_is_of_the_ledger_as_it_stands() {
    let world = World::new();
    let caller = world.demo.token.clone();
    let asked = hiring(Some(1));
    let one = world.post_json(RESOURCES, Some(&caller), &asked);
    assert_eq!(
        one.body,
        world.post_json(RESOURCES, Some(&caller), &asked).body,
        "the same state, the same body"
    );
    let token = token_of(&world, &caller, &asked);
    let before = rest(&world, &caller, &token);
    // What was taken back meanwhile is on no page to come.
    for (name, by) in [("flexi-of-worker", WORKER), ("flexi-of-son", SON)] {
        let target = world.grant(name);
        let revocation = world.sign(world.party(by), |occasion| Draft::on("revocation", occasion, &target));
        assert_eq!(world.submit(&revocation).status, 201);
    }
    let after = rest(&world, &caller, &token);
    let revoked = of(&world, "flexi.eligibility", &[SON, WORKER]);
    assert!(before.intersection(&revoked).count() > 0, "{before:?}");
    assert_eq!(after, before.difference(&revoked).cloned().collect());
    // The size at which a search began is in its token, which shows nothing of it.
    assert_ne!(token_of(&world, &caller, &asked), token);
}

#[test]
fn conditions_count_in_a_search() {
    let world = World::new();
    let municipality = world.party(MUNICIPALITY).party;
    let (son, catalogue) = (world.party(SON), world.demo.catalogue);
    let today = Day::of(world.clock.now()).unwrap();
    let consent = world.sign(son, |occasion| {
        let (scopes, purposes) = (["household".to_owned()], ["help".to_owned()]);
        let validity = Validity::of_days(today, None);
        Draft::consent(occasion, &son.party, &municipality, &catalogue, &scopes, &purposes, &validity).member(
            "conditions",
            json!([{"type": "equals", "of": "action", "property": "urgent", "value": true}]),
        )
    });
    assert_eq!(world.submit(&consent).status, 201);
    let who = json!({
        "subject": {"type": "party"}, "action": {"name": "help"}, "resource": {"type": "household", "id": SON_ID},
    });
    let token = &world.demo.token;
    assert!(found(&world, SUBJECTS, token, &who).is_empty());
    let urgent = with(who, "action", json!({"name": "help", "properties": {"urgent": true}}));
    assert_eq!(found(&world, SUBJECTS, token, &urgent), of(&world, "party", &[MUNICIPALITY]));
}

#[test]
fn nobody_without_a_token_and_nothing_that_tells_of_people() {
    let world = World::new();
    for path in [EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS] {
        let none = world.post_json(path, None, &json!({}));
        assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer")), "{path}");
        assert_eq!(world.post_json(path, Some("x"), &json!({})).status, 401, "{path}");
        for (media_type, body) in [
            ("text/plain", "{}"),
            ("application/json", ""),
            ("application/json", "[]"),
            ("application/json", "{\"a\":1,\"a\":2}"),
        ] {
            let token = Some(world.demo.token.as_str());
            assert_eq!(world.post(path, token, media_type, body).status, 400, "{path} {body}");
        }
    }
    // Somebody unknown and somebody with whom there is nothing are one answer.
    let who = |of: &str| json!({"subject": {"type": "niss"}, "action": {"name": "help"}, "resource": {"type": "taxes", "id": of}});
    let token = Some(world.demo.token.as_str());
    let unknown = world.post_json(SUBJECTS, token, &who("niss:88222999936"));
    for known in [STUDENT_ID, NEIGHBOUR_ID] {
        assert_eq!(world.post_json(SUBJECTS, token, &who(known)).body, unknown.body);
    }
}

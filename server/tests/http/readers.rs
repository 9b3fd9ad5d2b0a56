//! Goal: who may not read a thing gets, byte for byte, the answer of a thing that is not there. Method: each private address
//! is read by its party, an auditor, a stranger and nobody, and compared with the same address of something unknown.

use crate::world::{Answer, World};
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::receipt::{Mode, Question, Receipt, verify_complete, verify_status};
use procura_core::record::Record;
use procura_ledger::Clock;
use procura_server::demo::{EMPLOYER, MOTHER, SON, WORKER};
use serde_json::json;

/// All of an answer but what differs from request to request.
fn same(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    answer.headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    answer
}

#[test]
fn forbidden_and_unknown_are_one_answer() {
    let world = World::new();
    let stranger = world.token(EMPLOYER);
    let record = world.grant("pensions-for-mother");
    let party = world.party(MOTHER).party;
    let unknown = Hash([5; 32]);
    for (path, is_private) in [
        ("/v1/records/ID", true),
        ("/v1/records/ID/receipt", true),
        ("/v1/records/ID/receipt?from=2", true),
        ("/v1/records/ID/receipt?as_of=3", true),
        ("/v1/parties/ID/records", true),
        ("/v1/parties/ID/records?from=1", true),
    ] {
        let of = |id: &str, token: Option<&str>| same(&world.get(&path.replace("ID", id), token));
        let id = if path.contains("parties") { party } else { record }.to_string();
        let forbidden = of(&id, Some(&stranger));
        assert_eq!(forbidden.problem(), (404, "not_found".to_owned()), "{path}");
        assert_eq!(forbidden, of(&unknown.to_string(), Some(&stranger)), "{path}");
        assert_eq!(forbidden, of("x", Some(&stranger)), "{path}");
        assert_eq!(of(&id, None).problem(), (401, "token".to_owned()), "{path}");
        assert_eq!(of(&id, None), of(&unknown.to_string(), None), "{path}");
        assert!(is_private);
    }
}

#[test]
fn the_parties_and_auditors_read() {
    let world = World::new();
    let record = world.grant("pensions-for-mother");
    for name in [MOTHER, SON, "auditor"] {
        let token = world.token(name);
        for path in [format!("/v1/records/{record}"), format!("/v1/records/{record}/receipt")] {
            assert_eq!(world.get(&path, Some(&token)).status, 200, "{name} {path}");
        }
    }
    // An institution that is no auditor reads as little as anybody.
    let municipality = world.get(&format!("/v1/records/{record}"), Some(&world.demo.token));
    assert_eq!(municipality.problem().0, 404);
}

/// The id of entry 0, which every receipt opens.
fn root_id(receipt: &[u8]) -> Hash {
    let receipt = Receipt::parse(receipt).unwrap();
    let sealed = receipt.entries[0].sealed.clone().unwrap();
    Record::parse(&sealed.body).unwrap().id()
}

#[test]
fn the_root_and_catalogues_are_for_whoever_has_a_token() {
    let world = World::new();
    let son = world.token(SON);
    assert_eq!(world.get("/v1/catalogues", None).problem(), (401, "token".to_owned()));
    let listed = world.get("/v1/catalogues", Some(&son));
    assert_eq!(listed.json(), json!({"catalogues": [world.demo.catalogue]}));
    let (policy, fresh) = (world.policy(), Mode::Fresh(world.clock.now()));
    let catalogue = world.demo.catalogue;
    let path = format!("/v1/records/{catalogue}");
    assert_eq!(world.get(&path, Some(&son)).json()["kind"], "catalogue");
    assert_eq!(world.get(&path, None).problem().0, 401);
    let receipt = world.get(&format!("{path}/receipt"), Some(&son));
    verify_status(&receipt.body, &catalogue, None, &policy, fresh).unwrap();
    // Of its publisher it shows no more than the signature needs.
    assert!(!receipt.text().contains("handle"), "{}", receipt.text());
    let root = root_id(&receipt.body);
    assert_eq!(world.get(&format!("/v1/records/{root}"), Some(&son)).json()["kind"], "root");
}

#[test]
fn a_reader_gets_the_way_from_what_it_pinned() {
    let world = World::new();
    let size = world.get("/v1/log", None).json()["size"].as_u64().unwrap();
    let (son, token) = (world.party(SON), world.token(SON));
    let list = format!("/v1/parties/{}/records?from=0", son.party);
    let asked = crate::world::request("niss:75061200192", "help", "pensions", "niss:48031500292");
    let note = |n: u64| world.sign(son, |occasion| Draft::new("visit-note", occasion).member("n", json!(n)));
    let from = |answer: Answer| answer.json()["consistency"]["from"].clone();
    let submit = |n: u64, from: u64| {
        world.post(&format!("/v1/records?from={from}"), None, "application/jose", note(n).record)
    };
    assert_eq!(from(submit(1, size)), size);
    assert_eq!(from(world.get(&format!("{list}&pinned={size}"), Some(&token))), size);
    assert_eq!(from(world.post_json(&format!("/v1/checks?from={size}"), Some(&token), &asked)), size);

    // A size that the ledger never had: refused before anything is logged.
    let now = world.get("/v1/log", None).json()["size"].as_u64().unwrap();
    let refused = (409, "size_unavailable".to_owned());
    assert_eq!(submit(2, now + 1).problem(), refused);
    assert_eq!(world.get("/v1/log", None).json()["size"].as_u64(), Some(now));
    assert_eq!(world.get(&format!("{list}&pinned={}", now + 1), Some(&token)).problem(), refused);
    assert_eq!(
        world.post_json(&format!("/v1/checks?from={}", now + 1), Some(&token), &asked).problem(),
        refused
    );
    // The size that it is: no way to go.
    let same = world.get(&format!("{list}&pinned={now}"), Some(&token));
    assert_eq!(same.status, 200, "{}", same.text());
    verify_complete(&same.body, &son.party, 0, &world.policy(), Mode::Fresh(world.clock.now())).unwrap();
    // Beyond the last segment there is nothing, and that is proven or not found, never an error of the server's.
    let beyond = world.get(&format!("/v1/parties/{}/records?from=99999", son.party), Some(&token));
    assert!(beyond.status == 200 || beyond.status == 404, "{}", beyond.text());
}

#[test]
fn a_list_is_complete_page_by_page() {
    let world = World::new();
    let (policy, fresh) = (world.policy(), Mode::Fresh(world.clock.now()));
    let mother = world.party(MOTHER).party;
    for name in [MOTHER, "auditor"] {
        let answer = world.get(&format!("/v1/parties/{mother}/records"), Some(&world.token(name)));
        assert_eq!(answer.status, 200, "{}", answer.text());
        verify_complete(&answer.body, &mother, 0, &policy, fresh).unwrap();
        assert_eq!(answer.header("link"), None);
        assert!(verify_complete(&answer.body, &world.party(SON).party, 0, &policy, fresh).is_err());
    }
    // An organisation's list has one segment a page.
    let employer = world.party(EMPLOYER).party;
    let answer = world.get(&format!("/v1/parties/{employer}/records"), Some(&world.token(EMPLOYER)));
    verify_complete(&answer.body, &employer, 0, &policy, fresh).unwrap();
    let receipt = Receipt::parse(&answer.body).unwrap();
    let next = match receipt.question {
        Question::Complete { to, .. } => to,
        _ => panic!("another question"),
    };
    let link = next.map(|next| format!("</v1/parties/{employer}/records?from={next}>; rel=\"next\""));
    assert_eq!(answer.header("link"), link.as_deref());
}

#[test]
fn looking_an_identifier_up_never_tells_who_is_registered() {
    let world = World::new();
    let token = world.token(SON);
    let resolve = |identifier: &str| {
        world.post_json("/v1/parties/resolve", Some(&token), &json!({ "identifier": identifier }))
    };
    let known = resolve("niss:480315 002-92");
    assert_eq!(known.json()["party"], json!(world.party(MOTHER).party));
    let unknown = resolve("niss:88222999936");
    assert_eq!((known.status, unknown.status), (200, 200));
    assert_eq!(known.body.len(), unknown.body.len());
    assert_eq!(unknown.json(), resolve("niss:88222999936").json());
    // What is only prepared is nobody's to read.
    let prepared = unknown.json()["party"].as_str().unwrap().to_owned();
    let path = format!("/v1/records/{prepared}");
    assert_eq!(world.get(&path, Some(&world.token("auditor"))).problem().0, 404);

    for (body, expected) in [
        (json!({"identifier": "niss:48031500293"}), (422, "niss_check")),
        (json!({"identifier": "kbo:0999999921"}), (422, "kbo_check")),
        (json!({"identifier": "passport:480315"}), (422, "unknown_scheme")),
        (json!({"identifier": "eidas:480315"}), (422, "form_prefix")),
        (json!({"identifier": "demo:nobody"}), (422, "unknown_party")),
        (json!({"identifier": "party:480315"}), (400, "identifier_scheme")),
        (json!({"identifier": "48031500292"}), (400, "identifier_form")),
        (json!({"identifier": "insz:48031500292"}), (400, "identifier_scheme_name")),
        (json!({"identifier": 1}), (400, "member_mistyped")),
        (json!({}), (400, "member_missing")),
        (json!({"identifier": "niss:48031500292", "x": 1}), (400, "member_unknown")),
    ] {
        let answer = world.post_json("/v1/parties/resolve", Some(&token), &body);
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{body}");
        assert!(!answer.text().contains("480315"), "{}", answer.text());
        if answer.status == 422 {
            assert_eq!(answer.json()["pointer"], json!("/identifier"), "{body}");
        }
    }
    let worker = resolve("eidas:PL/BE/fictional-worker-1");
    assert_eq!(worker.json()["party"], json!(world.party(WORKER).party));
    assert_eq!(resolve("eidas:PL/BE/fictional-worker-2").body.len(), worker.body.len());
    let office = resolve("demo:tax-office");
    assert_eq!(office.status, 200, "{}", office.text());
    let body = json!({"identifier": "niss:48031500292"});
    assert_eq!(world.post_json("/v1/parties/resolve", None, &body).problem().0, 401);
    let answer = world.post("/v1/parties/resolve", Some(&token), "text/plain", body.to_string());
    assert_eq!(answer.problem().0, 415);
}

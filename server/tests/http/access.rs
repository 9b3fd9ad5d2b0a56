//! Goal: AuthZEN and checks decide as the demo's grants say, for who may ask, in their own formats. Method: each grant of the
//! demo asked about, then requests changed in one way at a time.

use crate::world::{World, request};
use procura_core::Size;
use procura_core::decide::{AuthZen, Reason};
use procura_core::draft::Draft;
use procura_core::receipt::{Mode, Point, verify_authority};
use procura_ledger::Clock;
use procura_server::demo::{EMPLOYER, MOTHER, SON};
use serde_json::{Value, json};
use std::time::Duration;

const EVALUATION: &str = "/access/v1/evaluation";
const MOTHER_ID: &str = "niss:48031500292";
const SON_ID: &str = "niss:75061200192";
const STUDENT_ID: &str = "niss:08422999977";
const NEIGHBOUR_ID: &str = "niss:88422999979";
const EMPLOYER_ID: &str = "kbo:0999999922";
const WORKER_ID: &str = "eidas:PL/BE/fictional-worker-1";
const SECRETARIAT_ID: &str = "kbo:0440966354";

fn on_behalf(mut request: Value, principal: &str) -> Value {
    request["context"] = json!({"on_behalf_of": principal, "time": "2026-11-23T12:00Z", "n": 1.5});
    request
}

#[test]
fn every_state_of_a_grant_has_its_answer() {
    let world = World::new();
    let token = &world.demo.token;
    for (asked, permit, reason) in [
        (request(SON_ID, "help", "pensions.amount", MOTHER_ID), true, "mandate"),
        (request(SON_ID, "help", "taxes", MOTHER_ID), false, "out_of_scope"),
        (request(NEIGHBOUR_ID, "tax.return", "taxes.return", SON_ID), false, "not_accepted"),
        (request(SON_ID, "help", "household", NEIGHBOUR_ID), false, "ended"),
        (request(MOTHER_ID, "help", "student.hours", STUDENT_ID), false, "not_yet_valid"),
        (request(EMPLOYER_ID, "hiring", "flexi.eligibility", SON_ID), true, "consent"),
        (
            on_behalf(request(SECRETARIAT_ID, "hiring", "flexi.eligibility", SON_ID), EMPLOYER_ID),
            true,
            "consent",
        ),
        (request(EMPLOYER_ID, "hiring", "flexi.eligibility", NEIGHBOUR_ID), false, "ended"),
        (request(EMPLOYER_ID, "hiring", "flexi.eligibility", WORKER_ID), true, "consent"),
        (request(EMPLOYER_ID, "hiring", "flexi.eligibility", "passport:BE123456"), false, "no_authority"),
        (request("demo:pensions", "pension.calculation", "pensions.career", SON_ID), true, "legal_basis"),
        (request(SON_ID, "help", "taxes", SON_ID), true, "self"),
        (request(SON_ID, "help", "weather", SON_ID), false, "unknown_category"),
        (request(SON_ID, "fun", "taxes", SON_ID), false, "unknown_purpose"),
        (request("kbo:1000000021", "help", "taxes", SON_ID), false, "no_authority"),
        (request(SON_ID, "help", "taxes", "niss:88222999936"), false, "no_authority"),
        (request(SON_ID, "help", "taxes", "niss:88222999937"), false, "no_authority"),
    ] {
        let answer = world.post_json(EVALUATION, Some(token), &asked);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json(), json!({"decision": permit, "context": {"reason": reason}}), "{asked}");

        let checked = world.post_json("/v1/checks", Some(token), &asked);
        assert_eq!(checked.status, 200, "{asked} {}", checked.text());
        let asked = AuthZen::read(asked.as_object().unwrap().clone()).unwrap();
        let fresh = Mode::Fresh(world.clock.now());
        let verified = verify_authority(&checked.body, &asked, &world.policy(), fresh).unwrap();
        assert_eq!((verified.decision().permit, verified.decision().reason.name()), (permit, reason));
    }
}

#[test]
fn an_answer_ends_with_its_grant() {
    let world = World::new();
    let asked = request(SON_ID, "help", "pensions", MOTHER_ID);
    let ask = || world.post_json(EVALUATION, Some(&world.demo.token), &asked).json()["decision"].clone();
    assert_eq!(ask(), true);
    let target = world.grant("pensions-for-mother");
    let revocation = world.sign(world.party(MOTHER), |occasion| Draft::on("revocation", occasion, &target));
    assert_eq!(world.submit(&revocation).status, 201);
    assert_eq!(ask(), false);
    // A grant also ends by its own last day.
    let hired = request(EMPLOYER_ID, "hiring", "flexi.eligibility", SON_ID);
    world.clock.turn(Duration::from_secs(33 * 86_400));
    let answer = world.post_json(EVALUATION, Some(&world.demo.token), &hired).json();
    assert_eq!(answer["context"]["reason"], Reason::Expired.name());
}

#[test]
fn the_same_request_in_the_same_state_has_the_same_body() {
    let world = World::new();
    let asked = request(SON_ID, "help", "pensions", MOTHER_ID);
    let one = world.post_json(EVALUATION, Some(&world.demo.token), &asked);
    world.clock.turn(Duration::from_secs(1));
    let two =
        world.post(EVALUATION, Some(&world.demo.token), "application/json; charset=utf-8", asked.to_string());
    assert_eq!(one.body, two.body);
}

#[test]
fn who_is_no_institution_asks_about_itself_only() {
    let world = World::new();
    let son = world.token(SON);
    let about_himself = request(SON_ID, "help", "pensions", MOTHER_ID);
    assert_eq!(world.post_json(EVALUATION, Some(&son), &about_himself).json()["decision"], true);
    assert_eq!(world.post_json("/v1/checks", Some(&son), &about_himself).status, 200);
    let by_id = request(&format!("party:{}", world.party(SON).party), "help", "pensions", MOTHER_ID);
    assert_eq!(world.post_json(EVALUATION, Some(&son), &by_id).json()["decision"], true);

    // Of others he learns no more than of people whom nobody registered.
    let of_others = request(EMPLOYER_ID, "hiring", "student.hours", STUDENT_ID);
    assert_eq!(world.post_json(EVALUATION, Some(&world.demo.token), &of_others).json()["decision"], true);
    let of_nobody = request("niss:88222999936", "hiring", "student.hours", "kbo:0403170701");
    let forbidden = world.post_json(EVALUATION, Some(&son), &of_others);
    assert_eq!(forbidden.status, 200);
    assert_eq!(forbidden.body, world.post_json(EVALUATION, Some(&son), &of_nobody).body);
    let (of_others, of_nobody) = (
        world.post_json("/v1/checks", Some(&son), &of_others),
        world.post_json("/v1/checks", Some(&son), &of_nobody),
    );
    assert_eq!(of_others.problem(), (404, "not_found".to_owned()));
    assert_eq!(of_others.body, of_nobody.body);
    // The employer is one of the parties, so it may ask.
    let employer = world.token(EMPLOYER);
    let of_itself = on_behalf(request(SECRETARIAT_ID, "hiring", "flexi", SON_ID), EMPLOYER_ID);
    let answer = world.post_json("/v1/checks", Some(&employer), &of_itself);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_decision_of_the_past_is_asked_for_by_size_and_instant() {
    let world = World::new();
    let token = world.demo.token.as_str();
    let asked = request(SON_ID, "help", "pensions", MOTHER_ID);
    let (size, at) = (world.trial.ledger.view().size(), world.clock.now());
    let target = world.grant("pensions-for-mother");
    let revocation = world.sign(world.party(MOTHER), |occasion| Draft::on("revocation", occasion, &target));
    assert_eq!(world.submit(&revocation).status, 201);
    let ask = |query: &str, token| world.post_json(&format!("/v1/checks?{query}"), Some(token), &asked);
    let replayed = ask(&format!("as_of={size}&at={at}"), token);
    assert_eq!(replayed.status, 200, "{}", replayed.text());
    let read = AuthZen::read(asked.as_object().unwrap().clone()).unwrap();
    let verify = |mode| verify_authority(&replayed.body, &read, &world.policy(), mode);
    assert!(verify(Mode::AsOf(Point::Size(size))).unwrap().decision().permit);
    // It answers nobody who asks for now, or for another point.
    for mode in [Mode::Fresh(world.clock.now()), Mode::Historic, Mode::AsOf(Point::Size(Size(size.0 + 1)))] {
        assert_eq!(verify(mode).unwrap_err().name(), "other_question");
    }

    for query in [
        format!("as_of={size}"),
        format!("at={at}"),
        format!("as_of={size}&at={}", at.0 + 1),
        format!("as_of={size}&at={at}&at={at}"),
        format!("as_of={size}&at=yesterday"),
    ] {
        assert_eq!(ask(&query, token).problem(), (400, "query".to_owned()), "{query}");
    }
    for size in [0, size.0 + 1_000] {
        let refused = ask(&format!("as_of={size}&at={at}"), token).problem();
        assert_eq!(refused, (409, "size_unavailable".to_owned()));
    }
    // The past is no more anybody's to ask about than the present.
    let stranger = ask(&format!("as_of={size}&at={at}"), &world.token(EMPLOYER));
    assert_eq!(stranger.problem(), (404, "not_found".to_owned()));
}

#[test]
fn authzen_errors_are_authzens() {
    let world = World::new();
    let token = Some(world.demo.token.as_str());
    let good = request(SON_ID, "help", "pensions", MOTHER_ID);
    for (place, value) in [
        ("/subject", None),
        ("/subject/id", None),
        ("/subject/type", None),
        ("/action", None),
        ("/action/name", None),
        ("/resource", None),
        ("/resource/id", None),
        ("/resource/type", None),
        ("/subject", Some(json!("x"))),
        ("/subject/id", Some(json!(1))),
        ("/action/name", Some(json!(null))),
        ("/resource/id", Some(json!(["x"]))),
    ] {
        let mut bad = good.clone();
        let (parent, member) = place.rsplit_once('/').unwrap();
        let parent = bad.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            None => drop(parent.remove(member)),
            Some(value) => drop(parent.insert(member.to_owned(), value)),
        }
        let answer = world.post_json(EVALUATION, token, &bad);
        assert_eq!(answer.status, 400, "{place}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert!(answer.text().contains(place) || answer.text().contains("missing"), "{}", answer.text());
        // The same is a problem on our own address.
        assert_eq!(world.post_json("/v1/checks", token, &bad).problem().0, 400, "{place}");
    }
    for (media_type, body) in [
        ("text/plain", good.to_string()),
        ("application/json", String::new()),
        ("application/json", "{".to_owned()),
        ("application/json", "[]".to_owned()),
        ("application/json", format!("{{\"subject\":1,{}", &good.to_string()[1..])),
        ("application/json", " ".repeat(70_000)),
    ] {
        assert_eq!(world.post(EVALUATION, token, media_type, &body).status, 400, "{media_type} {body:.20}");
    }
    let none = world.post_json(EVALUATION, None, &good);
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(world.post_json(EVALUATION, Some("x"), &json!({})).status, 401);
    assert_eq!(world.post_json("/v1/checks", None, &good).problem(), (401, "token".to_owned()));
    // Whoever acts as something else than a party is nobody here: no error, no yes.
    let mut other = good.clone();
    other["subject"]["type"] = json!("user");
    assert_eq!(world.post_json(EVALUATION, token, &other).json()["decision"], false);
}

#[test]
fn the_metadata_name_the_endpoint() {
    let world = World::new();
    let metadata = world.get("/.well-known/authzen-configuration", None).json();
    assert_eq!(metadata["policy_decision_point"], world.url);
    assert_eq!(metadata["access_evaluation_endpoint"], format!("{}{EVALUATION}", world.url));
}

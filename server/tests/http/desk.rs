//! Goal: the demo's desk binds a browser's key by ordinary records, to somebody fictional, once a nonce; and there is none without a demo.
//! Method: enrolments asked for as the page asks, each with its refused twin.

use crate::world::World;
use procura_core::draft::{Draft, Occasion};
use procura_core::key::{Signer as _, SoftKey};
use procura_core::kinds::{Validity, proof_of_possession_message};
use procura_core::status::Status;
use procura_core::{Hash, b64};
use serde_json::{Value, json};
use std::time::Duration;

fn begin(world: &World, who: &Value) -> (Hash, [u8; 32]) {
    let answer = world.post_json("/demo/enrolments", None, who);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let begun = answer.json();
    let nonce = b64::decode_array(begun["nonce"].as_str().unwrap()).unwrap();
    (begun["party"].as_str().unwrap().parse().unwrap(), nonce)
}

/// What the page hands in to bind a key.
fn binding(world: &World, key: &SoftKey, party: &Hash, nonce: &[u8; 32]) -> Value {
    let public = key.public_key();
    let message = proof_of_possession_message(world.trial.ledger.origin(), party, &public, nonce);
    let pop = b64::encode(&key.sign(&message).unwrap());
    json!({"party": party, "nonce": b64::encode(nonce), "jwk": public.jwk(), "pop": pop})
}

fn bind(world: &World, seed: u8, who: &Value) -> (Hash, Hash, String) {
    let (party, nonce) = begin(world, who);
    let answer = world.post_json(
        "/demo/keys",
        None,
        &binding(world, &SoftKey::from_seed(&[seed; 32]), &party, &nonce),
    );
    assert_eq!(answer.status, 201, "{}", answer.text());
    let bound = answer.json();
    (party, bound["kid"].as_str().unwrap().parse().unwrap(), bound["basis"].as_str().unwrap().to_owned())
}

/// Whether a key gets its party a token.
fn counts(world: &World, seed: u8, party: &Hash, kid: &Hash) -> bool {
    let now = world.trial.clock.now().0 / 1000;
    let claims = json!({
        "iss": party, "sub": party, "aud": world.trial.ledger.origin(), "iat": now, "exp": now + 60, "jti": format!("{seed} {kid}"),
    });
    let header = json!({"typ": "JWT", "alg": "Ed25519", "kid": kid});
    world.ask_token(&header, &claims, &SoftKey::from_seed(&[seed; 32])).status == 200
}

#[test]
fn without_a_desk_nobody_is_enrolled() {
    let world = World::new();
    for path in ["/demo/people", "/me"] {
        assert_eq!(world.get(path, None).problem(), (404, "not_found".to_owned()), "{path}");
    }
    for path in ["/demo/enrolments", "/demo/keys", "/demo/recoveries"] {
        assert_eq!(
            world.post_json(path, None, &json!({})).problem(),
            (404, "not_found".to_owned()),
            "{path}"
        );
    }
    assert!(!world.get("/", None).text().contains("/me"));
}

#[test]
fn people_are_known_by_name_and_never_by_number() {
    let world = World::with_desk();
    let text = world.get("/demo/people", None).text();
    for name in ["Maria Exemple", "Bistro De Proef", "Town of Exampleville"] {
        assert!(text.contains(name), "{name}");
    }
    for number in ["niss", "kbo", "48031500292", "0999999922"] {
        assert!(!text.contains(number), "{number}");
    }
    assert_eq!(world.get("/me", None).status, 200);
}

#[test]
fn a_key_is_bound_as_the_rules_have_it() {
    let world = World::with_desk();
    // Of the directory: signed by the person's own first key.
    let son = world.party("son").party;
    let (party, kid, basis) = bind(&world, 1, &json!({"party": son}));
    assert_eq!((party, basis.as_str()), (son, "cosigned"));
    assert!(counts(&world, 1, &son, &kid));
    assert!(!counts(&world, 2, &son, &kid), "another key is not that key");

    // Somebody new: the registrar's first. Found again by the same identifier; what comes now only recovers, and waits.
    let who = json!({"identifier": "eidas:XX/BE/new-1", "name": "Zoé Inventée"});
    let (zoe, kid, basis) = bind(&world, 3, &who);
    assert_eq!(basis, "first");
    assert!(counts(&world, 3, &zoe, &kid));
    let (again, kid, basis) = bind(&world, 4, &who);
    assert_eq!((again, basis.as_str()), (zoe, "recovery"));
    assert!(!counts(&world, 4, &zoe, &kid), "a recovery key waits");
    assert!(world.get("/demo/people", None).text().contains("Zoé Inventée"));
}

#[test]
fn a_recovery_key_counts_once_its_delay_is_over() {
    let world = World::with_desk();
    let who = json!({"identifier": "eidas:XX/BE/lost-1", "name": "Lost Once"});
    let (party, first, _) = bind(&world, 3, &who);
    let (_, kid, basis) = bind(&world, 4, &who);
    assert_eq!(basis, "recovery");
    let recover = |kid: &Hash| world.post_json("/demo/recoveries", None, &json!({ "kid": kid }));
    assert_eq!(recover(&kid).problem(), (422, "key_delay".to_owned()));
    assert!(!counts(&world, 4, &party, &kid));
    world.clock.turn(Duration::from_secs(72 * 3600 - 1));
    assert_eq!(recover(&kid).problem(), (422, "key_delay".to_owned()), "a second too early");
    world.clock.turn(Duration::from_secs(1));
    assert_eq!(recover(&kid).status, 200);
    assert!(counts(&world, 4, &party, &kid));
    let size = world.trial.ledger.view().size();
    assert_eq!((recover(&kid).status, recover(&first).status), (200, 200), "what counts is left as it is");
    assert_eq!(recover(&party).problem(), (404, "not_found".to_owned()), "no key");
    assert_eq!(world.trial.ledger.view().size(), size);
}

#[test]
fn a_key_is_called_as_its_holder_says() {
    let world = World::with_desk();
    let (party, nonce) = begin(&world, &json!({"party": world.party("son").party}));
    let mut body = binding(&world, &SoftKey::from_seed(&[8; 32]), &party, &nonce);
    body["label"] = json!("x".repeat(101));
    assert_eq!(world.post_json("/demo/keys", None, &body).problem().0, 400);
    body["label"] = json!("Browser on a phone");
    let kid = world.post_json("/demo/keys", None, &body).json()["kid"].as_str().unwrap().to_owned();
    let told = world.get(&format!("/v1/records/{kid}"), Some(&world.token("son"))).text();
    let withheld = b64::decode(told.split("\"disclosures\":[\"").nth(1).unwrap().split('"').next().unwrap());
    assert!(String::from_utf8(withheld.unwrap()).unwrap().contains("Browser on a phone"));
}

#[test]
fn whoever_is_of_the_directory_gets_a_key() {
    let world = World::with_desk();
    let employer = world.party("employer").party;
    let (party, kid, basis) = bind(&world, 7, &json!({"party": employer}));
    assert_eq!((party, basis.as_str()), (employer, "cosigned"));
    assert!(counts(&world, 7, &employer, &kid));
}

/// What an officer's key says was said at the counter: that the mother lets her son see to her taxes.
fn said_at_the_counter(world: &World, seed: u8, kid: &Hash) -> crate::world::Answer {
    let key = SoftKey::from_seed(&[seed; 32]);
    let today = procura_core::days::Day::of(world.trial.clock.now()).unwrap();
    let (scopes, validity) = (vec!["taxes".to_owned()], Validity::of_days(today, None));
    let (mother, son) = (world.party("mother").party, world.party("son").party);
    let nonce = std::array::from_fn(|_| seed);
    let occasion = Occasion { origin: world.trial.ledger.origin(), nonce, now: world.trial.clock.now() };
    let draft = Draft::mandate(&occasion, &mother, &son, &world.demo.catalogue, &scopes, &validity)
        .member("assisted", json!({"channel": "spoken"}));
    world.submit(&draft.sign(kid, &key).unwrap())
}

#[test]
fn an_officer_signs_until_the_shift_ends() {
    let world = World::with_desk();
    let now = world.trial.clock.now().0;
    for ends in [0, now, now + 13 * 3600 * 1000] {
        let answer = world.post_json("/demo/officers", None, &json!({"ends": ends}));
        assert_eq!(answer.problem(), (400, "member_mistyped".to_owned()), "{ends}");
    }
    let officer = |seed: u8, lasts_ms: u64| {
        let ends = world.trial.clock.now().0 + lasts_ms;
        let begun = world.post_json("/demo/officers", None, &json!({"ends": ends})).json();
        let party: Hash = begun["party"].as_str().unwrap().parse().unwrap();
        let nonce = b64::decode_array(begun["nonce"].as_str().unwrap()).unwrap();
        let binding = binding(&world, &SoftKey::from_seed(&[seed; 32]), &party, &nonce);
        let bound = world.post_json("/demo/keys", None, &binding).json();
        assert_eq!(bound["basis"], "first");
        (party, bound["kid"].as_str().unwrap().parse::<Hash>().unwrap())
    };
    let (longer, kid) = officer(8, 3_600_000);
    assert_eq!(said_at_the_counter(&world, 8, &kid).status, 201);

    let (short, kid_of_short) = officer(9, 1_000);
    world.clock.turn(std::time::Duration::from_secs(1));
    assert!(!counts(&world, 9, &short, &kid_of_short));
    assert_eq!(said_at_the_counter(&world, 9, &kid_of_short).problem(), (422, "party_not_active".to_owned()));
    assert!(counts(&world, 8, &longer, &kid), "the other's shift goes on");
    assert!(
        !world.get("/demo/people", None).text().contains(&short.to_string()),
        "officers are in no directory"
    );
}

#[test]
fn whom_somebody_named_before_is_confirmed() {
    let world = World::with_desk();
    let mother = world.party("mother");
    let identifier = "eidas:XX/BE/named-before";
    let resolved = world.post_json(
        "/v1/parties/resolve",
        Some(&world.token("mother")),
        &json!({"identifier": identifier}),
    );
    let named: Hash = resolved.json()["party"].as_str().unwrap().parse().unwrap();
    let today = procura_core::days::Day::of(world.trial.clock.now()).unwrap();
    let mandate = world.sign(mother, |occasion| {
        let (scopes, validity) = (vec!["pensions".to_owned()], Validity::of_days(today, None));
        Draft::mandate(occasion, &mother.party, &named, &world.demo.catalogue, &scopes, &validity)
    });
    assert_eq!(world.submit(&mandate).status, 201);
    assert_eq!(world.trial.ledger.view().status(&named).unwrap(), Some(Status::PENDING));
    let (party, kid, basis) = bind(&world, 5, &json!({"identifier": identifier, "name": "Named Before"}));
    assert_eq!((party, basis.as_str()), (named, "first"));
    assert!(counts(&world, 5, &named, &kid));
}

#[test]
fn what_is_not_as_it_should_be_binds_nothing() {
    let world = World::with_desk();
    let son = world.party("son").party;
    let size = || world.trial.ledger.view().size();
    let before = size();
    let refused = |path: &str, body: &Value| world.post_json(path, None, body).problem();
    for (body, expected) in [
        (json!({"party": Hash([9; 32])}), (404, "not_found")),
        (json!({"party": "niss"}), (400, "member_mistyped")),
        (json!({"identifier": "eidas:XX/BE/x"}), (400, "member_missing")),
        (json!({"identifier": "niss:75061200193", "name": "x"}), (422, "niss_check")),
        (json!({"identifier": "nothing:1", "name": "x"}), (422, "unknown_scheme")),
        (json!({"party": son, "more": 1}), (400, "member_unknown")),
    ] {
        let (status, name) = refused("/demo/enrolments", &body);
        assert_eq!((status, name.as_str()), expected, "{body}");
    }
    let plain = world.post("/demo/enrolments", None, "text/plain", json!({"party": son}).to_string());
    assert_eq!(plain.problem(), (415, "media_type".to_owned()), "no page of another origin can send JSON");

    let key = SoftKey::from_seed(&[6; 32]);
    let (_, nonce) = begin(&world, &json!({"party": son}));
    let good = binding(&world, &key, &son, &nonce);
    let mut other_nonce = good.clone();
    other_nonce["nonce"] = json!(b64::encode(&[1; 32]));
    assert_eq!(refused("/demo/keys", &other_nonce), (409, "not_begun".to_owned()));
    let mut other_party = good.clone();
    other_party["party"] = json!(world.party("mother").party);
    assert_eq!(refused("/demo/keys", &other_party), (409, "not_begun".to_owned()));
    assert_eq!(size(), before, "nothing was logged");
    let mut other_pop = good.clone();
    other_pop["pop"] = json!(b64::encode(&[7; 64]));
    assert_eq!(refused("/demo/keys", &other_pop), (422, "possession".to_owned()));
    // Its nonce is used up, whoever comes now.
    assert_eq!(refused("/demo/keys", &good), (409, "not_begun".to_owned()));
    assert_eq!(size(), before, "nothing was logged");
}

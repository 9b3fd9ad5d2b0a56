//! Goal: a token is got with a key in force, by its own party, once per assertion, and dies with the key. Method: one
//! good assertion, changed in one way at a time; then the clock and a key-end.

use crate::world::{World, jwt};
use procura_core::draft::Draft;
use procura_core::key::SoftKey;
use procura_server::demo::{EMPLOYER, MOTHER, SON};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_token_is_got_and_ends() {
    let world = World::new();
    let by = world.party(SON);
    let header = json!({"typ": "JWT", "kid": by.kid, "alg": "Ed25519"});
    let mut claims = world.claims(by);
    claims["aud"] = json!([format!("{}/oauth/token", world.url)]);
    let answer = world.ask_token(&header, &claims, &*by.signer);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        (Some("no-store"), Some("no-cache"))
    );
    let token = answer.json();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(600)));
    let token = token["access_token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 43);

    let path = format!("/v1/parties/{}/records", by.party);
    assert_eq!(world.get(&path, Some(&token)).status, 200);
    for wrong in [format!("{token}A"), token[1..].to_owned(), token.to_lowercase(), String::new()] {
        assert_eq!(world.get(&path, Some(&wrong)).problem(), (401, "token".to_owned()), "{wrong}");
    }
    // Somebody else's list it does not open.
    let other = format!("/v1/parties/{}/records", world.party(MOTHER).party);
    assert_eq!(world.get(&other, Some(&token)).problem().0, 404);
    world.clock.turn(Duration::from_secs(599));
    assert_eq!(world.get(&path, Some(&token)).status, 200);
    world.clock.turn(Duration::from_secs(1));
    assert_eq!(world.get(&path, Some(&token)).problem().0, 401);
}

#[test]
fn an_assertion_counts_once() {
    let world = World::new();
    let by = world.party(SON);
    let assertion = jwt(&json!({"alg": "EdDSA", "kid": by.kid}), &world.claims(by), &*by.signer);
    assert_eq!(world.send_assertion(&assertion).status, 200);
    let again = world.send_assertion(&assertion);
    assert_eq!((again.status, again.json()["error"].as_str()), (401, Some("invalid_client")));
}

#[test]
fn every_assertion_that_does_not_count() {
    let world = World::new();
    let (by, other) = (world.party(SON), world.party(EMPLOYER));
    let header = json!({"alg": "EdDSA", "kid": by.kid});
    let soft = SoftKey::from_seed(&[1; 32]);
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = world.claims(by);
        claims[name] = value;
        claims
    };
    let root =
        json!({"alg": "EdDSA", "kid": procura_core::key::Signer::public_key(&world.trial.root).thumbprint()});
    for (what, assertion) in [
        ("another key", jwt(&header, &world.claims(by), &soft)),
        (
            "another party's key",
            jwt(&json!({"alg": "EdDSA", "kid": other.kid}), &world.claims(by), &*other.signer),
        ),
        (
            "a key that is no record",
            jwt(&json!({"alg": "EdDSA", "kid": by.party}), &world.claims(by), &*by.signer),
        ),
        ("a root key", jwt(&root, &world.claims(by), &world.trial.root)),
        ("no algorithm", jwt(&json!({"alg": "none", "kid": by.kid}), &world.claims(by), &*by.signer)),
        ("another audience", jwt(&header, &with("aud", json!("https://example.org")), &*by.signer)),
        ("another issuer", jwt(&header, &with("iss", json!(other.party)), &*by.signer)),
        (
            "too long",
            jwt(&header, &with("exp", json!(world.claims(by)["iat"].as_u64().unwrap() + 301)), &*by.signer),
        ),
        ("no text", "x".to_owned()),
    ] {
        let answer = world.send_assertion(&assertion);
        assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("invalid_client")), "{what}");
    }
    // An unknown key and a wrong signature are told apart by nobody.
    let unknown = jwt(&json!({"alg": "EdDSA", "kid": by.party}), &world.claims(by), &*by.signer);
    let forged = jwt(&header, &world.claims(by), &soft);
    assert_eq!(world.send_assertion(&unknown).body, world.send_assertion(&forged).body);
}

#[test]
fn every_form_that_is_wrong() {
    let world = World::new();
    let by = world.party(SON);
    let assertion = jwt(&json!({"alg": "EdDSA", "kid": by.kid}), &world.claims(by), &*by.signer);
    let kind = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let form = "application/x-www-form-urlencoded";
    for (media_type, body, error) in [
        (form, format!("grant_type=password&{kind}&client_assertion={assertion}"), "unsupported_grant_type"),
        (form, format!("{kind}&client_assertion={assertion}"), "invalid_request"),
        (form, format!("grant_type=client_credentials&client_assertion={assertion}"), "invalid_request"),
        (form, format!("grant_type=client_credentials&{kind}"), "invalid_request"),
        (
            form,
            format!(
                "grant_type=client_credentials&grant_type=client_credentials&{kind}&client_assertion={assertion}"
            ),
            "invalid_request",
        ),
        ("application/json", json!({"grant_type": "client_credentials"}).to_string(), "invalid_request"),
    ] {
        let answer = world.post("/oauth/token", None, media_type, body);
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)));
    }
    let answer = world.post("/oauth/token", None, form, "a".repeat(70_000));
    assert_eq!((answer.status, answer.json()["error"].as_str()), (413, Some("invalid_request")));
    let named = |id: &str| {
        format!("grant_type=client_credentials&{kind}&client_assertion={assertion}&client_id={id}&scope=x")
    };
    assert_eq!(world.post("/oauth/token", None, form, named("x")).status, 401);
    assert_eq!(world.post("/oauth/token", None, form, named(&by.party.to_string())).status, 200);
}

#[test]
fn a_key_that_ends_takes_its_tokens_along() {
    let world = World::new();
    let by = world.party(SON);
    let token = world.token(SON);
    let path = format!("/v1/parties/{}/records", by.party);
    assert_eq!(world.get(&path, Some(&token)).status, 200);
    let end =
        world.sign(by, |occasion| Draft::on("key-end", occasion, &by.kid).member("reason", json!("lost")));
    let ended = world.submit(&end);
    assert_eq!(ended.status, 201, "{}", ended.text());
    assert_eq!(world.get(&path, Some(&token)).problem(), (401, "token".to_owned()));
    let answer = world.ask_token(&json!({"alg": "EdDSA", "kid": by.kid}), &world.claims(by), &*by.signer);
    assert_eq!(answer.status, 401);
    // What it signed before stays; a new record it signs no more.
    let late = world.sign(by, |occasion| Draft::new("visit-note", occasion));
    assert_eq!(world.submit(&late).problem(), (422, "key_not_active".to_owned()));
}

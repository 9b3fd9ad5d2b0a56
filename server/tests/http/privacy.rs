//! Goal: the server's log names nobody. Method: everything that it logs is kept while requests with identifiers, tokens and
//! ids in every place run through it, and searched for all of them.

use crate::world::{World, logged, request};
use procura_server::demo::{MOTHER, SON};
use serde_json::json;

#[test]
fn the_log_names_nobody() {
    let world = World::new();
    let token = world.token(SON);
    let record = world.grant("pensions-for-mother").to_string();
    let mother = world.party(MOTHER).party.to_string();
    let asked = request("niss:75061200192", "help", "pensions", "niss:48031500292");
    assert_eq!(world.post_json("/access/v1/evaluation", Some(&token), &asked).status, 200);
    assert_eq!(world.post_json("/v1/checks", Some(&token), &asked).status, 200);
    let identifier = json!({"identifier": "niss:88222999936"});
    assert_eq!(world.post_json("/v1/parties/resolve", Some(&token), &identifier).status, 200);
    assert_eq!(world.get(&format!("/v1/records/{record}"), Some(&token)).status, 200);
    assert_eq!(world.get(&format!("/v1/parties/{mother}/records"), Some(&token)).status, 404);
    assert_eq!(world.get("/v1/records/niss:75061200192?x=75061200192", Some(&token)).status, 400);
    assert_eq!(world.get("/75061200192", Some(&token)).status, 404);
    assert_eq!(world.post("/v1/records", None, "application/json", "{\"75061200192\":1}").status, 400);

    let log = logged();
    assert!(log.contains("/v1/records/{id}"), "{log}");
    for secret in
        ["75061200192", "48031500292", "88222999936", "Exemple", &token, &world.demo.token, &record, &mother]
    {
        assert!(!log.contains(secret), "{secret}");
    }
}

//! What the operator tells by itself: the stream of events and the messages to hooks. Both ring, and prove nothing.

use super::town::Town;
use procura_client::feed::Place;
use procura_client::webhook::{Received, Receiver};
use procura_core::key::{Signer as _, SoftKey};
use procura_core::webhook::{MEDIA_TYPE, sign, vouch};
use procura_ledger::Clock as _;
use procura_tests::hostile::{Asked, Reply};
use procura_tests::world::ORIGIN;
use serde_json::json;
use std::time::Duration;

const URL: &str = "https://office.example/procura";

#[test]
fn a_message_signed_over_what_did_not_happen_is_taken_and_the_receipt_says_otherwise() {
    let town = Town::new();
    let (hook_key, now) = (SoftKey::from_seed(&[0x77; 32]), town.world.clock.now());
    let vouched =
        vouch(&[(town.world.ledger.log_key().clone(), &*town.world.log_key)], &hook_key.public_key());
    let receiver = Receiver::new(URL, &vouched.unwrap(), &town.world.policy()).unwrap();
    let told = |status: &str| {
        let data =
            json!({"index": 9, "time": now, "kind": "revocation", "target": town.mandate, "status": status});
        let event = json!({
            "specversion": "1.0", "id": "9", "source": ORIGIN, "type": "procura.record.revocation",
            "subject": town.mandate, "data": data,
        });
        let body = event.to_string().into_bytes();
        let signed = sign(&hook_key, URL, &body, now.0 / 1000).unwrap();
        let message = Received {
            content_type: MEDIA_TYPE,
            content_digest: &signed.content_digest,
            signature_input: &signed.signature_input,
            signature: &signed.signature,
            body: &body,
        };
        receiver.verify(&message, now).unwrap()
    };
    // Nobody revoked it: the operator says so, by its own key, and the receiver can't tell from that.
    let event = told("ended");
    assert_eq!((event.subject, event.status.as_deref()), (town.mandate, Some("ended")));
    let asks = || town.client(&town.mother).status(&event.subject).unwrap().answer().status().permits();
    assert!(asks());
    // And the other way round.
    town.revoke();
    assert_eq!(told("active").status.as_deref(), Some("active"));
    assert!(!asks());
}

#[test]
fn an_event_left_out_of_the_stream_is_told_at_the_next_look_at_the_list() {
    let town = Town::new();
    let is_stream = |asked: &Asked| asked.path.starts_with("/v1/events");
    town.server.keep_out(is_stream);
    town.server.lie(move |asked, reply| match is_stream(asked) {
        true => Reply {
            status: 200,
            content_type: "text/event-stream".to_owned(),
            age_s: None,
            body: b"retry: 50\n\n".to_vec(),
        },
        false => reply,
    });
    let client = town.client(&town.mother);
    let mut feed = client.follow(Place::default()).unwrap();
    feed.next(Duration::from_millis(50)).unwrap();
    let id = town.happens();
    let told = feed.next(Duration::from_millis(50)).unwrap().records;
    assert!(told.iter().any(|filed| filed.logged.entry.id() == Some(id)));
}

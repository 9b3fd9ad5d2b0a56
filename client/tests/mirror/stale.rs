//! A mirror that is stale, and says that it is not. Goal: who has seen more refuses what it shows at once, everybody else once it is older than
//! their policy allows, and until then nobody notices. Method: a mirror as a process, and before it a layer that answers by the
//! status proof of before a revocation, with `Age: 0`.

use super::offline::{Town, mandate, step};
use procura_tests::hostile::{LyingServer, Reply};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is told of a mandate: its status, or why nothing is believed.
fn said((code, told): (i32, Value)) -> (i32, String) {
    let name = told["error"].as_str().or_else(|| told["status"].as_str());
    (code, name.unwrap_or_else(|| panic!("{told}")).to_owned())
}

#[test]
fn a_stale_mirror_that_says_it_is_fresh_is_refused_by_who_has_seen_more_and_by_all_once_it_is_too_old() {
    let town = Town::new();
    let (mother, son) = (town.client("mother"), town.client("son"));
    let (id, submission) = mandate(&mother, &son);
    mother.submit(&submission).unwrap();
    son.submit(&step(&son, "acceptance", &id)).unwrap();
    let receipt = mother.record_receipt(&id, None).unwrap().receipt().to_vec();
    let presented = town.write("presented", std::str::from_utf8(&receipt).unwrap());
    let mirror = town.mirror(&[]);
    town.follows(&mirror);

    // What it answers of the mandate is kept as it passes.
    let front = LyingServer::before(mirror.url().trim_start_matches("http://").parse().unwrap());
    let kept: Arc<Mutex<Option<Reply>>> = Arc::default();
    let keeps = Arc::clone(&kept);
    front.lie(move |asked, reply| {
        if asked.path == "/v1/status" {
            keeps.lock().unwrap().get_or_insert_with(|| reply.clone());
        }
        reply
    });
    let counter = tempfile::tempdir().unwrap();
    let asks =
        |home: &std::path::Path, policy: &Value| said(town.renews(home, &front.url, &presented, policy));
    let yes = (0, "active".to_owned());
    assert_eq!(asks(counter.path(), &town.policy), yes);
    let of_before = kept.lock().unwrap().clone().unwrap();
    assert_eq!(
        (of_before.status, of_before.age_s.is_some()),
        (200, true),
        "an honest mirror says how old it is"
    );

    // She revokes it, and the mirror follows: so it is told, as long as nobody lies.
    mother.submit(&step(&mother, "revocation", &id)).unwrap();
    town.follows(&mirror);
    assert_eq!(asks(counter.path(), &town.policy), (1, "ended".to_owned()));

    let replayed = of_before.clone();
    front.lie(move |asked, reply| match asked.path.as_str() {
        "/v1/status" => Reply { age_s: Some(0), ..replayed.clone() },
        _ => reply,
    });
    assert_eq!(asks(counter.path(), &town.policy), (2, "rollback".to_owned()));
    // A counter that has seen nothing since believes it, whatever the header says.
    let nobody = || tempfile::tempdir().unwrap();
    assert_eq!(asks(nobody().path(), &town.policy), yes);
    // Until it is older than its policy allows: here a second.
    std::thread::sleep(Duration::from_millis(2100));
    let mut strict = town.policy.clone();
    strict["max_age_s"] = json!(1);
    assert_eq!(asks(nobody().path(), &strict), (2, "stale".to_owned()));
}

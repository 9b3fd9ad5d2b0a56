//! Goal: who is told by webhooks loses nothing when the server is killed, and is told little twice. Method: the real program, killed
//! with SIGKILL at random moments while an employer's list grows and a receiver takes what comes; what it took, each first time, is the whole list in its order.

use crate::process::{Server, fresh, identity};
use crate::receiver::Receiver;
use procura_client::{Identity, LogInfo};
use procura_core::Millis;
use procura_core::draft::{Draft, Occasion};
use procura_core::submission::Submission;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const CRASHES: u64 = 4;
/// It is written each second how far hooks were told; a second more for a slow disk.
const WRITTEN: Duration = Duration::from_secs(2);

fn signed(by: &Identity, origin: &str, draft: impl FnOnce(&Occasion<'_>) -> Draft) -> Submission {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Millis(u64::try_from(now.as_millis()).unwrap());
    draft(&Occasion { origin, nonce: fresh(), now }).sign(&by.kid, by.signer.as_ref()).unwrap()
}

/// A note that says which it is.
fn note(by: &Identity, origin: &str, n: u64) -> Submission {
    signed(by, origin, |occasion| Draft::new("note", occasion).member("n", json!(n)))
}

#[test]
fn nobody_who_is_told_misses_anything_when_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(folder.path());
    let config = folder.path().join("procura.toml");
    let (address, ca) = (receiver.address, receiver.ca.display());
    std::fs::write(&config, format!("[webhooks]\nallow = [\"{address}\"]\nca = \"{ca}\"\n")).unwrap();
    let data = folder.path().join("data");
    let start = || Server::start(&data, &["--config", config.to_str().unwrap()]);

    let mut server = start();
    let origin = LogInfo::unverified(&server.url).unwrap().policy.origin;
    let employer = identity(&data, "employer");
    let hook = signed(&employer, &origin, |occasion| {
        let draft = Draft::new("hook", occasion).member("party", json!(employer.party));
        draft.member("number", json!(1)).member("url", json!(receiver.url("localhost")))
    });
    assert_eq!(server.submit(&hook).0, 201);
    let mut written = 0;
    let mut kills = Vec::new();
    for _ in 0..CRASHES {
        let until = Instant::now() + WRITTEN + Duration::from_millis(u64::from(fresh::<1>()[0]) * 4);
        while Instant::now() < until {
            assert_eq!(server.submit(&note(&employer, &origin, written)).0, 201);
            written += 1;
            std::thread::sleep(Duration::from_millis(20));
        }
        kills.push(Instant::now());
        server.end("KILL");
        server = start();
    }
    assert_eq!(server.submit(&note(&employer, &origin, written)).0, 201);
    written += 1;
    let expected = usize::try_from(written).unwrap();
    let distinct = |got: &[crate::receiver::Message]| -> BTreeSet<u64> {
        got.iter().map(crate::receiver::Message::index).collect()
    };
    let got = receiver.wait("all of it", |got| distinct(got).len() >= expected);

    // Each first time in order, and nothing but the notes, all of them.
    let mut first = Vec::new();
    let mut again = 0;
    for message in &got {
        assert_eq!(message.json()["type"], "procura.record.note");
        let index = message.index();
        if first.iter().all(|(known, _)| *known != index) {
            assert!(first.last().is_none_or(|(last, _)| *last < index), "out of order: {index}");
            first.push((index, message.at));
            continue;
        }
        // Told twice: not longer than it takes to write how far it was told before the kill that made it so.
        let at = first.iter().find(|(known, _)| *known == index).unwrap().1;
        let kill = kills.iter().rev().find(|kill| **kill <= message.at).unwrap();
        assert!(
            kill.saturating_duration_since(at) < WRITTEN,
            "told again after {:?}",
            kill.duration_since(at)
        );
        again += 1;
    }
    assert_eq!(first.len(), expected);
    println!("{CRASHES} kills: {expected} events, each told, in order; {again} of them twice");
}

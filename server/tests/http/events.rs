//! Goal: a party is told everything that is filed in its list, in order, nothing twice, nothing of others', and goes on where it left.
//! Method: the demo's people on a real socket; streams are read event by event.

use crate::world::World;
use procura_core::draft::Draft;
use procura_server::demo::{MOTHER, SON, WORKER};
use serde_json::Value;
use std::io::{BufRead, BufReader};

/// The events of a stream that is open.
struct Stream(Box<dyn BufRead + Send>);

impl Stream {
    fn open(world: &World, by: &'static str, after: Option<u64>, last: Option<u64>) -> Self {
        let query = after.map_or_else(String::new, |after| format!("?after={after}"));
        let mut request = world.agent.get(format!("{}/v1/events{query}", world.url));
        request = request.header("Authorization", format!("Bearer {}", world.token(by)));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        let response = request.call().unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
            (200, "text/event-stream")
        );
        Self(Box::new(BufReader::new(response.into_body().into_reader())))
    }

    /// The next event: its id and its data; `None` at the end of the stream.
    fn next(&mut self) -> Option<(u64, Value)> {
        let (mut id, mut data) = (None, None);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", text)) => id = Some(text.parse().unwrap()),
                Some(("data", text)) => data = Some(serde_json::from_str(text).unwrap()),
                Some(("retry", _)) => {}
                Some(other) => panic!("{other:?}"),
                None => {
                    if let (Some(id), Some(data)) = (id.take(), data.take()) {
                        return Some((id, data));
                    }
                }
            }
        }
    }
}

/// The indexes of all that is filed in somebody's list.
fn list(world: &World, of: &'static str) -> Vec<u64> {
    let party = world.party(of).party;
    let view = world.trial.ledger.view();
    let all = (0..view.size().0).filter(|index| {
        let entry = view.entry(procura_core::Index(*index)).unwrap().unwrap();
        let id = procura_core::entry::Entry::decode(&entry).unwrap().id();
        id.is_some_and(|id| {
            view.record(&id)
                .unwrap()
                .is_some_and(|found| found.logged.index.0 == *index && found.parties.contains(&party))
        })
    });
    all.collect()
}

#[test]
fn a_party_is_told_its_own_list_in_order() {
    let world = World::new();
    let expected = list(&world, MOTHER);
    assert!(expected.len() > 3);
    let mut stream = Stream::open(&world, MOTHER, Some(0), None);
    let told: Vec<(u64, Value)> = expected.iter().map(|_| stream.next().unwrap()).collect();
    assert_eq!(told.iter().map(|(id, _)| *id).collect::<Vec<_>>(), expected);
    for (id, event) in &told {
        assert_eq!(event["id"], id.to_string());
        assert_eq!(
            (&event["specversion"], &event["source"]),
            (&"1.0".into(), &world.trial.ledger.origin().into())
        );
        assert_eq!(event["data"]["index"], *id);
        let kind = event["data"]["kind"].as_str().unwrap();
        assert_eq!(event["type"], format!("procura.record.{kind}"));
        // No identifier, no name, no body.
        assert!(!event.to_string().contains("niss") && event["data"].get("record").is_none());
    }
    // From any event on, the rest.
    let mut rest = Stream::open(&world, MOTHER, None, Some(expected[1]));
    assert_eq!(rest.next().unwrap().0, expected[2]);
    let mut rest = Stream::open(&world, MOTHER, Some(0), Some(expected[2]));
    assert_eq!(rest.next().unwrap().0, expected[3], "who comes back knows better than the address");
}

#[test]
fn what_happens_is_told_as_it_happens_and_only_to_whom_it_concerns() {
    let world = World::new();
    let mut son = Stream::open(&world, SON, None, None);
    let mut neighbour = Stream::open(&world, WORKER, None, None);
    let mandate = world.grant("pensions-for-mother");
    let end = world.sign(world.party(MOTHER), |occasion| Draft::on("revocation", occasion, &mandate));
    assert_eq!(world.submit(&end).status, 201);
    let (id, event) = son.next().unwrap();
    assert_eq!(event["type"], "procura.record.revocation");
    assert_eq!((&event["subject"], &event["data"]["status"]), (&mandate.to_string().into(), &"ended".into()));
    assert_eq!(list(&world, SON).last(), Some(&id));
    assert_eq!(neighbour.next(), None, "the stream ended, and nothing was in it");
    // Who comes back gets nothing twice.
    let mut again = Stream::open(&world, SON, None, Some(id));
    let note = world.sign(world.party(SON), |occasion| Draft::new("note", occasion));
    assert_eq!(world.submit(&note).status, 201);
    assert_eq!(again.next().unwrap().1["type"], "procura.record.note");
}

#[test]
fn who_may_not_read_is_told_so() {
    let world = World::new();
    assert_eq!(world.get("/v1/events", None).problem(), (401, "token".to_owned()));
    let token = world.token(SON);
    assert_eq!(world.get("/v1/events?since=1", Some(&token)).problem(), (400, "query".to_owned()));
    assert_eq!(world.get("/v1/events?after=x", Some(&token)).problem(), (400, "query".to_owned()));
}

//! Goal: a party that follows its own list is told everything once, in order, whatever ends in between; and a server that leaves
//! something out, or rings for nothing, is found out. Method: a small world whose stream of events is the stub's to keep back.

use super::stub::Family;
use procura_client::ReadError;
use procura_client::feed::{Feed, FeedError, Place};
use procura_core::Index;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const MOMENT: Duration = Duration::from_millis(50);

/// Appends something that concerns the mother; where it stands.
fn happens(family: &Family) -> u64 {
    let id = family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"])).id;
    super::stub::index_of(&family.world, &id).0
}

/// What the next look tells, by index.
fn told(feed: &mut Feed<'_>) -> (Vec<u64>, Place) {
    let news = feed.next(MOMENT).unwrap();
    (news.records.iter().map(|filed| filed.logged.index.0).collect(), news.place)
}

fn all(family: &Family) -> Vec<u64> {
    let (client, _) = family.client();
    let all = client.records(&family.mother.party, &|_| {}).unwrap();
    all.records().iter().map(|filed| filed.logged.index.0).collect()
}

#[test]
fn everything_is_told_once_and_in_order() {
    let family = Family::new();
    let (client, _) = family.client();
    let mut feed = client.follow(Place::default()).unwrap();
    let (first, place) = told(&mut feed);
    assert_eq!(first, all(&family));
    assert_eq!(told(&mut feed), (Vec::new(), place), "nothing happened, and the place is the same");
    let (one, other) = (happens(&family), happens(&family));
    let (second, place) = told(&mut feed);
    assert_eq!(second, [one, other]);
    // What happens to others is told to nobody else.
    family.world.person("15061500231");
    assert_eq!(told(&mut feed).0, Vec::<u64>::new());

    // Another process goes on from the place that was kept; one that lost it begins again.
    let more = happens(&family);
    let (client, _) = family.client();
    assert_eq!(told(&mut client.follow(place).unwrap()).0, [more]);
    assert_eq!(told(&mut client.follow(Place::default()).unwrap()).0, all(&family));
}

#[test]
fn much_is_told_page_by_page() {
    let family = Family::new();
    for _ in 0..procura_ledger::PERSON_SEGMENTS {
        happens(&family);
    }
    let (client, _) = family.client();
    let mut feed = client.follow(Place::default()).unwrap();
    let (mut found, place) = told(&mut feed);
    assert_eq!(found.len() as u64, procura_ledger::PERSON_SEGMENTS);
    // Broken off between two pages, and gone on with.
    let (client, _) = family.client();
    let mut feed = client.follow(place).unwrap();
    found.extend(told(&mut feed).0);
    assert_eq!(found, all(&family));
    let more = happens(&family);
    assert_eq!(told(&mut feed).0, [more]);
}

#[test]
fn a_segment_that_grows_is_read_again_and_told_from_where_one_stood() {
    let family = Family::new();
    // Of an organisation's list a segment holds many.
    let firm = family.world.organisation("0440966354");
    let client = family.stub.client(&firm, Arc::default());
    let mut feed = client.follow(Place::default()).unwrap();
    let (first, _) = told(&mut feed);
    assert_eq!(first.len(), 2, "its own record, and its key's");
    for _ in 0..2 {
        let id = family.world.append(family.world.mandate(&family.mother, &firm.party, &["tax"])).id;
        let (more, place) = told(&mut feed);
        assert_eq!((more, place.segment), (vec![super::stub::index_of(&family.world, &id).0], 0));
    }
}

#[test]
fn a_server_that_was_started_anew_is_asked_with_a_new_token() {
    let family = Family::new();
    let (client, _) = family.client();
    let mut feed = client.follow(Place::default()).unwrap();
    told(&mut feed);
    family.stub.forget_tokens();
    let more = happens(&family);
    assert_eq!(told(&mut feed).0, [more]);
    family.stub.forget_tokens();
    client.status(&family.mandate).unwrap();
    // One that knows no token at all is asked twice, and not for ever.
    let tokens = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tokens);
    family.stub.lie(move |path, reply| {
        if path == "/oauth/token" {
            counted.fetch_add(1, Ordering::SeqCst);
            return reply;
        }
        super::stub::problem(401, "token")
    });
    let refused = client.status(&family.mandate).unwrap_err();
    assert!(matches!(&refused, ReadError::Call(error) if error.name() == "token"), "{refused:?}");
    assert_eq!(tokens.load(Ordering::SeqCst), 1);
}

#[test]
fn a_server_that_does_not_ring_hides_nothing() {
    let family = Family::new();
    let (client, _) = family.client();
    let mut feed = client.follow(Place::default()).unwrap();
    told(&mut feed);
    family.stub.lie(
        |path, reply| {
            if path.starts_with("/v1/events") { (200, b"retry: 500\n\n".to_vec()) } else { reply }
        },
    );
    let more = happens(&family);
    assert_eq!(told(&mut feed).0, [more]);
}

#[test]
fn what_is_rung_for_must_be_listed() {
    let family = Family::new();
    let (client, _) = family.client();
    let mut feed = client.follow(Place::default()).unwrap();
    let (_, place) = told(&mut feed);
    // The neighbour's own record: it stands in the log, and not in this list.
    let neighbour = family.world.person("15061500231");
    let index = super::stub::index_of(&family.world, &neighbour.party);
    family.stub.lie(move |path, reply| {
        if path.starts_with("/v1/events") {
            (200, format!("id: {index}\ndata: {{}}\n\n").into_bytes())
        } else {
            reply
        }
    });
    let refused = feed.next(MOMENT).unwrap_err();
    assert!(matches!(refused, FeedError::NotListed(at) if at == index && at > Index(0)), "{refused:?}");
    // It is refused each time that it is rung for, and the place stays.
    assert_eq!(told(&mut feed), (Vec::new(), place));
    assert_eq!(feed.next(MOMENT).unwrap_err().name(), "not_listed");
    assert_eq!(told(&mut feed).0, Vec::<u64>::new());
    family.stub.lie(
        |path, reply| {
            if path.starts_with("/v1/events") { (200, b"id: seven\n\n".to_vec()) } else { reply }
        },
    );
    assert_eq!(feed.next(MOMENT).unwrap_err().name(), "unexpected_answer");
}

#[test]
fn a_list_that_leaves_something_out_is_not_believed() {
    let family = Family::new();
    let (client, _) = family.client();
    let mut feed = client.follow(Place::default()).unwrap();
    let (_, place) = told(&mut feed);
    // The page of before, from which what happened since is missing.
    let from = format!("/v1/parties/{}/records?from={}", family.mother.party, place.segment);
    let kept = family.stub.keep(&from, &client);
    let more = happens(&family);
    client.status(&family.mandate).unwrap();
    let (asked, old) = (from.clone(), kept);
    family.stub.lie(move |path, reply| if path == asked { (200, old.clone()) } else { reply });
    assert_eq!(feed.next(MOMENT).unwrap_err().name(), "rollback");
    // The page of now, and of it the last segment left out.
    family.stub.lie(move |path, reply| {
        if path == from {
            let mut receipt: serde_json::Value = serde_json::from_slice(&reply.1).unwrap();
            let tags = receipt["tags"].as_array_mut().unwrap();
            tags.pop();
            (200, receipt.to_string().into_bytes())
        } else {
            reply
        }
    });
    let refused = feed.next(MOMENT).unwrap_err();
    assert!(matches!(&refused, FeedError::Records(_)), "{refused:?}");
    family.stub.lie(|_, reply| reply);
    assert_eq!(told(&mut feed).0, [more], "the truth is told from the same place on");
}

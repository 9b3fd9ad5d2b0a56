//! Goal: however much is asked, and however slowly, the server answers who is within its limits, tells the others to come back, and does
//! not grow. Method: more of everything than is allowed, over real sockets; counts and statuses are asserted, never speeds.

use crate::raw::Raw;
use crate::world::{World, request};
use procura_core::draft::Draft;
use procura_server::Limits;
use procura_server::demo::{MOTHER, SON};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const JOSE: &str = "application/jose";

fn with_limits(change: impl FnOnce(&mut Limits)) -> World {
    World::with(|settings| change(&mut settings.limits))
}

/// Records that are logged, each its own.
fn notes(world: &World, count: usize) -> Vec<String> {
    let (son, mother) = (world.party(SON), world.party(MOTHER).party);
    let note = |_| {
        world
            .sign(son, |occasion| Draft::new("visit-note", occasion).member("parties", json!([mother])))
            .record
    };
    (0..count).map(note).collect()
}

fn is_permitted(world: &World) -> bool {
    let asked = request("niss:75061200192", "help", "pensions", "niss:48031500292");
    let answer = world.post_json("/access/v1/evaluation", Some(&world.demo.token), &asked);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["decision"] == true
}

fn size(world: &World) -> u64 {
    world.get("/v1/log", None).json()["size"].as_u64().unwrap()
}

/// What this process, the server in it, has in memory.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn what_is_too_much_is_shed_and_the_rest_is_served() {
    const CLIENTS: usize = 40;
    const EACH: usize = 6;
    let world = with_limits(|limits| limits.queue = 8);
    let before = size(&world);
    let records = notes(&world, CLIENTS * EACH);
    let quiet = notes(&world, 8);
    let (begin, is_over) = (Arc::new(Barrier::new(CLIENTS)), AtomicBool::new(false));
    let (mut counts, mut asked) = (BTreeMap::<u16, usize>::new(), 0);
    std::thread::scope(|scope| {
        let flood: Vec<_> = records
            .chunks(EACH)
            .map(|records| {
                let (begin, mut client) = (Arc::clone(&begin), Raw::to(&world));
                scope.spawn(move || {
                    begin.wait();
                    let answers = records.iter().map(|record| client.post("/v1/records", JOSE, record));
                    answers.map(Option::unwrap).collect::<Vec<_>>()
                })
            })
            .collect();
        let checks = scope.spawn(|| {
            let mut asked = 0;
            while !is_over.load(Ordering::SeqCst) {
                assert!(is_permitted(&world));
                asked += 1;
            }
            asked
        });
        // Somebody else, who asks for little, is served as if nothing happened.
        let mut other = Raw::from(&world, 2);
        for record in &quiet {
            assert_eq!(other.post("/v1/records", JOSE, record).unwrap().status, 201);
        }
        for answer in flood.into_iter().flat_map(|thread| thread.join().unwrap()) {
            *counts.entry(answer.status).or_default() += 1;
            if answer.status == 503 {
                let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=30).contains(&wait), "{wait}");
                assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            }
        }
        is_over.store(true, Ordering::SeqCst);
        asked = checks.join().unwrap();
    });
    assert!(asked > 0);
    let (taken, shed) = (counts[&201], counts.get(&503).copied().unwrap_or(0));
    assert_eq!(taken + shed, CLIENTS * EACH, "{counts:?}");
    assert!(taken > 0 && shed > 0, "{counts:?}");
    // Nothing of what was shed was logged, and everything else was: an entry each, and those that close batches.
    assert!(size(&world) >= before + (taken + quiet.len()) as u64);
    // What was shed is taken when it comes again.
    let mut client = Raw::to(&world);
    let again: Vec<_> =
        records.iter().map(|record| client.post("/v1/records", JOSE, record).unwrap().status).collect();
    assert_eq!(again.iter().filter(|status| **status == 201).count(), shed);
    assert_eq!(again.iter().filter(|status| **status == 200).count(), taken);
}

#[test]
fn many_idle_connections_cost_little_and_end_by_themselves() {
    const IDLE: usize = 1_000;
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let world = with_limits(|limits| limits.idle_timeout = Duration::from_secs(5));
    assert!(is_permitted(&world));
    let before = resident_bytes();
    let begun = Instant::now();
    let mut idle: Vec<_> = (0..IDLE)
        .map(|n| {
            let mut client = Raw::to(&world);
            // Every other one has asked something.
            if n % 2 == 0 {
                assert_eq!(client.get("/healthz").unwrap().status, 200);
            }
            client
        })
        .collect();
    assert!(is_permitted(&world));
    if begun.elapsed() < Duration::from_secs(5) {
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < IDLE * 64 * 1024, "{grown} bytes for {IDLE} connections");
    }
    assert!(idle.iter_mut().all(Raw::ends));
    assert!(is_permitted(&world));
}

#[test]
fn who_was_idle_longest_makes_room() {
    let world = with_limits(|limits| limits.max_connections = 4);
    let mut old: Vec<_> = (0..4).map(|_| Raw::to(&world)).collect();
    assert!(old.iter_mut().all(|client| client.get("/healthz").is_some()));
    // Longer than two looks at the clock.
    std::thread::sleep(Duration::from_millis(500));
    assert!(old[1..].iter_mut().all(|client| client.get("/healthz").is_some()));
    let mut new = Raw::to(&world);
    assert_eq!(new.get("/healthz").unwrap().status, 200);
    assert!(old[0].ends());
    assert!(old[1..].iter_mut().all(|client| client.get("/healthz").is_some()));
}

#[test]
fn who_is_being_served_is_not_sent_away() {
    let world = with_limits(|limits| limits.max_connections = 2);
    let mut busy: Vec<_> = (0..2).map(|_| Raw::to(&world)).collect();
    for client in &mut busy {
        client.send("POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        // From here on the server works on the request.
        assert_eq!(client.head().unwrap().status, 100);
    }
    let refused = Raw::to(&world).answer().unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    for client in &mut busy {
        client.send("a.b");
        assert_eq!(client.answer().unwrap().status, 400);
    }
    assert_eq!(Raw::to(&world).get("/healthz").unwrap().status, 200);
}

#[test]
fn who_takes_no_answer_is_cut_off() {
    let world = with_limits(|limits| {
        limits.answer_timeout = Duration::from_millis(1_500);
        limits.max_connections = 1;
    });
    let mut client = Raw::to(&world);
    // Far more than the system takes off the server's hands.
    const ASKED: usize = 2_000;
    client.send("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(ASKED));
    // From here on the server answers; nothing more of it is read, and soon nothing more fits in between.
    assert_eq!(client.head().unwrap().status, 200);
    std::thread::sleep(Duration::from_millis(700));
    // While it is served there is no room for others, and it is being served until it is given up.
    let (begun, mut refused) = (Instant::now(), 0);
    while Raw::to(&world).get("/healthz").is_none_or(|answer| answer.status != 200) {
        assert!(begun.elapsed() < Duration::from_secs(15), "it was never cut off");
        refused += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(refused > 0, "it made room at once");
    // What was on its way still comes, and then the end.
    let taken = client.rest().matches("HTTP/1.1 200 OK").count();
    assert!(taken < ASKED, "all of it was sent");
}

#[test]
fn slowness_on_purpose_is_cut_off() {
    let limit = Duration::from_millis(300);
    let world = with_limits(|limits| (limits.header_timeout, limits.body_timeout) = (limit, limit));
    let most = Duration::from_secs(10);
    // A byte now and then does not buy time.
    let mut headers = Raw::to(&world);
    headers.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    assert!(headers.trickle(most));
    let mut body = Raw::to(&world);
    body.send("POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 100000\r\n\r\n");
    assert!(body.trickle(most));
    // Neither does a second request, after one that was in time.
    let mut second = Raw::to(&world);
    assert_eq!(second.get("/healthz").unwrap().status, 200);
    second.send("GET /he");
    assert!(second.trickle(most));
}

#[test]
fn silence_ends() {
    let world = with_limits(|limits| limits.idle_timeout = Duration::from_millis(300));
    let (mut silent, mut satisfied) = (Raw::to(&world), Raw::to(&world));
    assert_eq!(satisfied.get("/healthz").unwrap().status, 200);
    assert!(silent.ends() && satisfied.ends());
}

#[test]
fn huge_headers_are_refused() {
    let world = World::new();
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    for head in [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(100_000)),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(50_000)),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
    ] {
        let mut client = Raw::to(&world);
        client.send(&head);
        assert!([414, 431].contains(&client.answer().unwrap().status), "{}", &head[..40]);
    }
    let within = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(8_000));
    let mut client = Raw::to(&world);
    client.send(within);
    assert_eq!(client.answer().unwrap().status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let world = World::new();
    let mut client = Raw::to(&world);
    let paths = ["/healthz", "/nothing", "/v1/log", "/v1/records/x"];
    for path in paths.iter().cycle().take(100) {
        client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    for expected in [200, 404, 200, 401].iter().cycle().take(100) {
        assert_eq!(client.answer().unwrap().status, *expected);
    }
}

#[test]
fn large_bodies_share_a_room() {
    let world = with_limits(|limits| {
        limits.body_bytes = 64 * 1024;
        limits.body_timeout = Duration::from_secs(4);
    });
    let large = "x".repeat(60 * 1024);
    let mut slow = Raw::to(&world);
    slow.send(format!(
        "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        2 * large.len()
    ));
    assert_eq!(slow.head().unwrap().status, 100);
    slow.send(&large);
    // By then it has come in; had the other been first, this one would be refused.
    std::thread::sleep(Duration::from_secs(1));
    let mut other = Raw::to(&world);
    let refused = other.post("/v1/records", JOSE, &large).unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    // A small one needs no room there.
    assert_eq!(other.post("/v1/records", JOSE, "a.b.c").unwrap().status, 400);
    assert_eq!(slow.answer().unwrap().status, 408);
    assert_eq!(other.post("/v1/records", JOSE, &large).unwrap().status, 400);
}

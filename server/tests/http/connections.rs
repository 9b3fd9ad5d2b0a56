//! Goal: a client can't hold the server up, and every answer has its headers. Method: a raw socket that sends half of
//! something, and requests to addresses that are not there.

use crate::world::World;
use procura_server::{Args, Config, Given, Limits, prepare};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn hurried() -> World {
    World::with(|settings| {
        settings.limits = Limits {
            header_timeout: Duration::from_millis(300),
            body_timeout: Duration::from_millis(300),
            ..Limits::default()
        };
    })
}

fn open(world: &World, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

#[test]
fn slow_headers_are_cut_off() {
    let world = hurried();
    let begun = Instant::now();
    let mut stream = open(&world, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-");
    let mut answer = String::new();
    // Closed, with or without an answer.
    drop(stream.read_to_string(&mut answer));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[test]
fn a_slow_body_is_refused() {
    let world = hurried();
    let head = "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: 100\r\nConnection: close\r\n\r\nabc";
    let mut answer = String::new();
    open(&world, head).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("urn:procura:problem:timeout"), "{answer}");
}

#[test]
fn every_answer_has_its_headers() {
    let world = World::new();
    for (answer, status) in [
        (world.get("/v1/log", None), 200),
        (world.get("/nothing", None), 404),
        (world.get("/v1/records", None), 405),
        (world.get("/v1/records/x", None), 401),
        (world.post("/v1/log", None, "application/json", "{}"), 405),
    ] {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("content-security-policy").is_some());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-request-id").unwrap().len(), 36);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        if status != 200 {
            assert_eq!(answer.problem().0, status);
        }
    }
    assert!(world.get("/v1/records", None).header("allow").unwrap().contains("POST"));
}

#[test]
fn a_request_id_is_echoed() {
    let world = World::new();
    let mut answer = String::new();
    let head =
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-ID: abc-75061200192\r\nConnection: close\r\n\r\n";
    open(&world, head).read_to_string(&mut answer).unwrap();
    assert!(answer.contains("x-request-id: abc-75061200192\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_ask_nothing_do_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let given = Given {
        data: Some(folder.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Given::default()
    };
    let started = prepare(Config::load(Args { given, ..Args::default() }).unwrap()).await.unwrap();
    let address = started.listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(started.run(async { drop(stopped.await) }));
    let asked = tokio::task::spawn_blocking(move || {
        let (silent, mut asked) =
            (TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap());
        asked.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert!(asked.read(&mut [0; 100]).unwrap() > 0);
        (silent, asked)
    });
    let _idle = asked.await.unwrap();
    let begun = Instant::now();
    drop(stop);
    running.await.unwrap().unwrap();
    // Requests that are under way would be given ten.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

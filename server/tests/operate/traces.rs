//! Goal: a collector gets a span of each request, within the trace of who asks, and nothing that names anybody. Method: a small collector
//! that keeps what it gets (OTLP over HTTP: texts stand in protobuf as they are, ids as their bytes).

use crate::process::{PATIENCE, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Instant;

type Kept = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Its address, and what it got: the first line and the body of each request.
fn collector() -> (String, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let kept = Kept::default();
    let for_thread = Arc::clone(&kept);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            for_thread.lock().unwrap().push((head, body));
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, kept)
}

fn has(kept: &Kept, what: &[u8]) -> bool {
    kept.lock().unwrap().iter().any(|(_, body)| body.windows(what.len()).any(|bytes| bytes == what))
}

#[test]
fn a_collector_gets_the_requests_and_no_names() {
    let (address, kept) = collector();
    let folder = tempfile::tempdir().unwrap();
    let to = format!("http://{address}/v1/traces");
    let mut server = Server::start(&folder.path().join("data"), &["--traces-to", &to], &[]);
    let id = "01234567-89ab-4def-8123-456789abcdef";
    let ask = |path: &str| {
        let request = ureq::get(format!("{}{path}", server.url)).config().http_status_as_error(false).build();
        let request = request
            .header("X-Request-ID", id)
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .header("tracestate", "seller=75061200192")
            .header("baggage", "who=75061200192");
        request.call().unwrap().status().as_u16()
    };
    assert_eq!(ask("/v1/log"), 200);
    assert_eq!(ask("/v1/records/75061200192?number=75061200192"), 401);
    server.end();

    let start = Instant::now();
    while !has(&kept, b"/v1/records/{id}") {
        assert!(start.elapsed() < PATIENCE, "nothing comes");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let trace = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
    for what in [b"procura".as_slice(), b"GET /v1/log", id.as_bytes(), b"error.type", b"token", &trace] {
        assert!(has(&kept, what), "{}", String::from_utf8_lossy(what));
    }
    assert!(!has(&kept, b"75061200192"));
    assert!(kept.lock().unwrap().iter().all(|(head, _)| head.starts_with("POST /v1/traces HTTP/1.1")));
}

/// Goal: the demo's people are in no span. Method: requests that name them wherever a request can: in the address, the query, the body
/// and the token; all that the collector got is kept for the suite's search where the tests gather logs.
#[test]
fn a_collector_learns_of_nobody_in_the_demo() {
    let (address, kept) = collector();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let to = format!("http://{address}/v1/traces");
    let mut server = Server::start(&data, &["--demo", "--traces-to", &to], &[]);
    let of = |name: &str| std::fs::read_to_string(data.join("demo").join(name)).unwrap();
    let mother: serde_json::Value = serde_json::from_str(&of("mother.json")).unwrap();
    let (party, token) = (mother["party"].as_str().unwrap(), of("token"));
    let token = token.trim();
    let ask = |path: &str, body: Option<serde_json::Value>| {
        let (url, bearer) = (format!("{}{path}", server.url), format!("Bearer {token}"));
        let answer = match body {
            None => {
                let request = ureq::get(url).header("Authorization", bearer);
                request.config().http_status_as_error(false).build().call()
            }
            Some(body) => {
                let request = ureq::post(url).header("Authorization", bearer);
                let request = request.header("Content-Type", "application/json");
                request.config().http_status_as_error(false).build().send(body.to_string())
            }
        };
        answer.unwrap().status().as_u16()
    };
    let (niss, kbo) = ("niss:48031500292", "kbo:0999999922");
    let asked = serde_json::json!({
        "subject": {"type": "party", "id": kbo}, "action": {"name": "hiring"},
        "resource": {"type": "flexi.eligibility", "id": niss},
    });
    assert_eq!(ask("/access/v1/evaluation", Some(asked.clone())), 200);
    assert_eq!(ask("/v1/checks", Some(asked)), 200);
    assert_eq!(ask("/v1/parties/resolve", Some(serde_json::json!({"identifier": niss}))), 200);
    let held = serde_json::json!({"subject": niss, "category": "taxes"});
    assert_eq!(ask("/v1/holdings", Some(held)), 200);
    assert_eq!(ask(&format!("/v1/parties/{party}/records"), None), 404);
    assert_eq!(ask(&format!("/v1/parties/{niss}/records?from={niss}&token={token}"), None), 400);
    assert_eq!(ask(&format!("/{niss}/{party}"), None), 404);
    assert_eq!(ask("/v1/hooks", None), 200);
    server.end();

    let start = Instant::now();
    while !has(&kept, b"/v1/hooks") {
        assert!(start.elapsed() < PATIENCE, "nothing comes");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    for what in ["/v1/parties/{id}/records", "/v1/holdings", "/access/v1/evaluation"] {
        assert!(has(&kept, what.as_bytes()), "{what}");
    }
    let telling = procura_server::demo::telling();
    for text in telling.iter().map(String::as_str).chain([party, token, "flexi.eligibility"]) {
        assert!(!has(&kept, text.as_bytes()), "{text}");
    }
    if let Some(logs) = std::env::var_os("PROCURA_TEST_LOGS") {
        let file = std::path::Path::new(&logs).join(format!("otlp-traces-{}.log", std::process::id()));
        let bodies: Vec<Vec<u8>> = kept.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
        std::fs::write(file, bodies.join(&b'\n')).unwrap();
    }
}

/// A collector that is not there costs no request, and no end.
#[test]
fn without_a_collector_the_server_serves() {
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to = format!("http://{address}/v1/traces");
    let mut server = Server::start(&folder.path().join("data"), &["--traces-to", &to], &[]);
    for _ in 0..20 {
        assert_eq!(ureq::get(format!("{}/healthz", server.url)).call().unwrap().status().as_u16(), 200);
    }
    server.end();
}

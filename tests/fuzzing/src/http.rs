//! The server whole, without its sockets: any request gets an answer that the interface describes.

use crate::seeds;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use procura_core::b64;
use procura_ledger::Options;
use procura_server::demo::{self, Demo, MOTHER, MUNICIPALITY, SON};
use procura_server::{App, Limits, Settings, trial};
use procura_tests::world::{CountedRandom, TestClock};
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// A server in memory with the demo's directory; its clock stands, and its keys are the same every time.
struct Server {
    router: Router,
    runtime: Runtime,
    demo: Demo,
    origin: String,
    interface: Value,
    _folder: TempDir,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for the demo's keys");
    let (clock, random) = (Arc::new(TestClock::default()), Arc::new(CountedRandom::default()));
    let options = Options { clock: clock.clone(), random: random.clone(), ..Options::default() };
    let trial = trial::in_memory(folder.path(), options).expect("a trial ledger");
    let demo = demo::register(&trial, folder.path()).expect("a demo");
    let municipality = demo.party(MUNICIPALITY).expect("a party of the demo").party;
    let settings = Settings {
        public_url: "http://127.0.0.1:8080".to_owned(),
        public_entries: false,
        max_age_s: 300,
        witness_wait: None,
        limits: Limits::default(),
        metrics: Arc::default(),
        static_tokens: vec![(demo.token.clone(), municipality)],
        clock,
        random,
    };
    let origin = trial.ledger.origin().to_owned();
    let router = App::new(trial.ledger.clone(), settings).router();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let interface = serde_json::from_str(&procura_server::openapi_json().expect("a document")).expect("JSON");
    Server { router, runtime, demo, origin, interface, _folder: folder }
});

/// The media type of what has no end of its own.
const EVENTS: &str = "text/event-stream";

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Server {
    fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("a router never fails");
            let (parts, body) = response.into_parts();
            let is_stream = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == EVENTS);
            // A stream of events lasts 20 seconds, whatever is asked.
            let body = match is_stream {
                true => Vec::new(),
                false => body.collect().await.expect("a body that ends").to_bytes().to_vec(),
            };
            Answer { status: parts.status, headers: parts.headers, body }
        });
        self.check(&method, &path, &answer);
        answer
    }

    /// What every answer has, and that this one is described.
    fn check(&self, method: &Method, path: &str, answer: &Answer) {
        let Answer { status, headers, body } = answer;
        let shown = || format!("{method} {path}: {status} {}", String::from_utf8_lossy(body));
        let name = |name: header::HeaderName| {
            headers.get(&name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        assert!(
            headers.contains_key("x-request-id") && headers.contains_key(header::CACHE_CONTROL),
            "{}",
            shown()
        );
        assert_eq!(name(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        let media_type = name(header::CONTENT_TYPE).split(';').next().unwrap_or_default();
        if media_type == "application/problem+json" && method != Method::HEAD {
            let problem: Value = serde_json::from_slice(body).expect("a problem is JSON");
            assert_eq!(problem["status"], status.as_u16(), "{}", shown());
        }
        assert!(!status.is_server_error() || headers.contains_key(header::RETRY_AFTER), "{}", shown());
        assert_ne!(*status, StatusCode::INTERNAL_SERVER_ERROR, "{}", shown());
        let Some(operation) = self.operation(method, path) else {
            assert!(is_undescribed(path) || status.is_client_error(), "{}", shown());
            return;
        };
        let code = status.as_str();
        let described = operation["responses"]
            .get(code)
            .or_else(|| operation["responses"].get(format!("{}XX", &code[..1])));
        let described = described.unwrap_or_else(|| panic!("not described: {}", shown()));
        assert!(described["content"].get(media_type).is_some(), "{media_type} is not described: {}", shown());
    }

    /// The description of what stands at a path.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let fits = |template: &str| {
            let (mut wanted, mut given) = (template.split('/'), path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some("{path}"), Some(_)) => return true,
                    (Some(part), Some(given))
                        if part == given || (part.starts_with('{') && !given.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        // `resolve` is no id: the more literal template is the one that is routed to.
        let paths = self.interface["paths"].as_object().expect("paths");
        let found = paths
            .get(path)
            .or_else(|| paths.iter().find(|(template, _)| fits(template)).map(|(_, item)| item));
        // A method's name is in capitals; whatever is not answers as the method that it is not.
        found.and_then(|item| item.get(METHODS.iter().find(|(name, _)| name == method)?.1))
    }
}

/// The methods that operations are described for. HEAD is answered as GET, and described by it.
static METHODS: [(Method, &str); 3] = [(Method::GET, "get"), (Method::POST, "post"), (Method::HEAD, "get")];

/// What the document leaves out: itself, and pages for people.
fn is_undescribed(path: &str) -> bool {
    let is_page = matches!(path, "/" | "/verify" | "/log" | "/sw.js") || path.starts_with("/web/");
    path == "/openapi.json" || path.starts_with("/docs") || is_page
}

/// A request in words: `METHOD target`, header lines, an empty line, the body. `{token}`, `{mother}`, `{mandate}` and their like
/// stand for the demo's.
pub(crate) fn request(bytes: &[u8]) {
    let Some(request) = read(&SERVER, bytes) else { return };
    SERVER.send(request);
}

fn read(server: &Server, bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let body = body.get(2..).unwrap_or_default();
    let head = named(server, std::str::from_utf8(head).ok()?);
    let mut lines = head.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    // What HTTP itself has no room for, hyper refuses before us.
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    let body = match std::str::from_utf8(body) {
        Ok(text) => named(server, text).into_bytes(),
        Err(_) => body.to_vec(),
    };
    request.body(Body::from(body)).ok()
}

fn named(server: &Server, text: &str) -> String {
    let Demo { parties, grants, token, catalogue } = &server.demo;
    let mut text = text.replace("{token}", token).replace("{catalogue}", &catalogue.to_string());
    for (name, enrolled) in parties {
        text = text.replace(&format!("{{{name}}}"), &enrolled.party.to_string());
        text = text.replace(&format!("{{{name}-key}}"), &enrolled.kid.to_string());
    }
    for (name, grant) in grants {
        text = text.replace(&format!("{{{name}}}"), &grant.to_string());
    }
    text
}

/// The header and the claims of an assertion, a line each, signed by a key of the demo: a token comes of it only if they are
/// what http.md says.
pub(crate) fn token(bytes: &[u8]) {
    let server = &*SERVER;
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (son, mother) =
        (server.demo.party(SON).expect("a party"), server.demo.party(MOTHER).expect("a party"));
    let text = named(server, text)
        .replace("{origin}", &server.origin)
        .replace("{now}", &(seeds::NOW_MS / 1000).to_string());
    let Some((head, claims)) = text.split_once('\n') else { return };
    let input = format!("{}.{}", b64::encode(head.as_bytes()), b64::encode(claims.as_bytes()));
    let signature = son.signer.sign(input.as_bytes()).expect("a soft key signs");
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer\
         &client_assertion={input}.{}",
        b64::encode(&signature)
    );
    let request = Request::post("/oauth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .expect("a request");
    let answer = server.send(request);
    if answer.status == StatusCode::OK {
        // Read by another reader than the server's: of a member that stood twice it would see the last.
        let claims: Value = serde_json::from_str(claims).expect("claims that were taken");
        let head: Value = serde_json::from_str(head).expect("a header that was taken");
        assert_eq!(claims["sub"].as_str(), Some(&*son.party.to_string()), "a token for another");
        assert_eq!(claims["iss"], claims["sub"]);
        assert_eq!(head["kid"].as_str(), Some(&*son.kid.to_string()));
        assert_ne!(claims["sub"].as_str(), Some(&*mother.party.to_string()));
        assert!(head.get("crit").is_none() && head.get("b64").is_none());
        let (issued, expires) = (claims["iat"].as_f64().expect("iat"), claims["exp"].as_f64().expect("exp"));
        let now = seeds::NOW_MS as f64 / 1000.0;
        assert!(
            expires - issued <= 300.001 && issued <= now + 60.001 && expires > now - 60.001,
            "{issued} {expires}"
        );
    }
}

/// Two readers who must not be told apart: what is not there, and what is not theirs.
pub(crate) fn answer(bytes: &[u8]) {
    let server = &*SERVER;
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let get = |id: &str| {
        let uri = format!("/v1/{}", text.replace("{id}", id));
        // A problem names its request: both are of one id.
        let request = Request::get(uri)
            .header(header::AUTHORIZATION, format!("Bearer {}", server.demo.token))
            .header("x-request-id", "00000000-0000-4000-8000-000000000000");
        request.body(Body::empty()).ok().map(|request| server.send(request))
    };
    // The municipality's token may read neither a stranger's mandate, nor a record that nobody wrote.
    let hidden = server.demo.party(MOTHER).expect("a party").kid.to_string();
    let nothing = procura_core::Hash([0x11; 32]).to_string();
    let (Some(theirs), Some(nobodys)) = (get(&hidden), get(&nothing)) else { return };
    assert_eq!(theirs.status, nobodys.status, "{text}");
    assert_eq!(theirs.body, nobodys.body, "{text}");
}

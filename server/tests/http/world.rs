//! A server with the demo's directory, a clock turned by hand, and a client.

use procura_core::draft::{Draft, Occasion};
use procura_core::key::Signer;
use procura_core::receipt::Policy;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis, b64};
use procura_ledger::{Clock, OsRandom, Random};
use procura_server::demo::{self, Demo};
use procura_server::enrol::Enrolled;
use procura_server::trial::{self, Trial, TrialError};
use procura_server::{App, Limits, LogLine, Settings, serve};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// When every test begins: noon in Brussels on a winter's day.
pub(crate) const START: Millis = Millis(1_795_431_600_000);

/// All that the servers of these tests log, in one file for all; where the tests gather logs it stays there.
static LOG: LazyLock<Mutex<File>> = LazyLock::new(|| {
    let open = |path: &Path| OpenOptions::new().create(true).append(true).read(true).open(path).unwrap();
    let file = match std::env::var_os("PROCURA_TEST_LOGS") {
        Some(logs) => open(&Path::new(&logs).join(format!("http-{}.log", std::process::id()))),
        None => tempfile::tempfile().unwrap(),
    };
    tracing_subscriber::fmt()
        // The clients live in the same process and log what they send.
        .with_env_filter("procura_server=trace,procura_ledger=trace,axum=trace,hyper=trace,hyper_util=trace")
        .event_format(LogLine)
        .with_writer(|| Lines)
        .init();
    Mutex::new(file)
});

struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What was logged so far.
pub(crate) fn logged() -> String {
    let mut file = LOG.lock().unwrap();
    let (mut text, end) = (String::new(), file.stream_position().unwrap());
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    file.seek(SeekFrom::Start(end)).unwrap();
    text
}

/// A clock that stands until it is turned.
pub(crate) struct HandClock(AtomicU64);

impl HandClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(0)))
    }

    pub(crate) fn turn(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Millis {
        Millis(START.0 + self.elapsed_ms())
    }

    fn elapsed_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A running server and all its keys.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) demo: Demo,
    pub(crate) trial: Trial,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) agent: ureq::Agent,
    pub(crate) app: App,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
    _folder: TempDir,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The name of the problem that this is.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        (
            self.status,
            problem["type"].as_str().unwrap().strip_prefix("urn:procura:problem:").unwrap().to_owned(),
        )
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(change, false)
    }

    /// As `--demo` serves it: with the desk.
    pub(crate) fn with_desk() -> Self {
        Self::of(|_| {}, true)
    }

    fn of(change: impl FnOnce(&mut Settings), has_desk: bool) -> Self {
        Self::begin(tempfile::tempdir().unwrap(), trial::in_memory, change, has_desk)
    }

    /// Over a data folder: what is there already is found again.
    pub(crate) fn over(folder: TempDir, change: impl FnOnce(&mut Settings)) -> Self {
        Self::begin(folder, trial::start, change, false)
    }

    fn begin(
        folder: TempDir,
        start: impl FnOnce(&Path, procura_ledger::Options) -> Result<Trial, TrialError>,
        change: impl FnOnce(&mut Settings),
        has_desk: bool,
    ) -> Self {
        LazyLock::force(&LOG);
        let clock = HandClock::new();
        let options =
            procura_ledger::Options { clock: Arc::clone(&clock) as _, ..procura_ledger::Options::default() };
        let trial = start(folder.path(), options).unwrap();
        let demo = demo::register(&trial, folder.path()).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut settings = Settings {
            public_url: url.clone(),
            public_entries: false,
            max_age_s: 300,
            witness_wait: None,
            limits: Limits::default(),
            static_tokens: vec![(demo.token.clone(), demo.party(demo::MUNICIPALITY).unwrap().party)],
            metrics: Arc::default(),
            clock: Arc::clone(&clock) as _,
            random: Arc::new(OsRandom),
        };
        change(&mut settings);
        let ledger = trial.ledger.clone();
        let app = if has_desk {
            App::with_desk(ledger, settings, demo::Desk::new(&trial, &demo).unwrap())
        } else {
            App::new(ledger, settings)
        };
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(serve(listener, app.clone(), async { drop(stopped.await) }));
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self {
            url,
            demo,
            trial,
            clock,
            agent,
            app,
            stop: Some(stop),
            runtime: Some(runtime),
            _folder: folder,
        }
    }

    pub(crate) fn party(&self, name: &'static str) -> &Enrolled {
        self.demo.party(name).unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// Waits for what needs the runtime.
    pub(crate) fn within<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(work)
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        answer(request.call().unwrap())
    }

    pub(crate) fn post(
        &self,
        path: &str,
        token: Option<&str>,
        media_type: &str,
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.url)).header("Content-Type", media_type);
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        answer(request.send(body.as_ref()).unwrap())
    }

    pub(crate) fn post_json(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.post(path, token, "application/json", body.to_string())
    }

    /// Hands a record in, as a bare JWS where it may be.
    pub(crate) fn submit(&self, submission: &Submission) -> Answer {
        if submission.disclosures.is_empty() && submission.handle.is_none() {
            self.post("/v1/records", None, "application/jose", &submission.record)
        } else {
            self.post("/v1/records", None, "application/json", submission.to_json())
        }
    }

    /// Hands a record in and says what is wanted back.
    pub(crate) fn post_preferring(&self, preference: &str, query: &str, submission: &Submission) -> Answer {
        let request = self.agent.post(format!("{}/v1/records{query}", self.url)).header("Prefer", preference);
        answer(request.header("Content-Type", "application/json").send(submission.to_json()).unwrap())
    }

    /// A record of a party's, signed now.
    pub(crate) fn sign(&self, by: &Enrolled, draft: impl FnOnce(&Occasion<'_>) -> Draft) -> Submission {
        let mut nonce = [0; 32];
        OsRandom.fill(&mut nonce).unwrap();
        let origin = self.trial.ledger.origin();
        draft(&Occasion { origin, nonce, now: self.clock.now() }).sign(&by.kid, &*by.signer).unwrap()
    }

    /// Claims that get a party a token now.
    pub(crate) fn claims(&self, by: &Enrolled) -> Value {
        let (now, mut jti) = (self.clock.now().0 / 1000, [0; 16]);
        OsRandom.fill(&mut jti).unwrap();
        json!({
            "iss": by.party, "sub": by.party, "aud": self.trial.ledger.origin(),
            "iat": now, "exp": now + 60, "jti": b64::encode(&jti),
        })
    }

    /// Asks for a token with these claims, signed by this key under this header.
    pub(crate) fn ask_token(&self, header: &Value, claims: &Value, signer: &dyn Signer) -> Answer {
        self.send_assertion(&jwt(header, claims, signer))
    }

    pub(crate) fn send_assertion(&self, assertion: &str) -> Answer {
        let body = format!(
            "grant_type=client_credentials&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        );
        self.post("/oauth/token", None, "application/x-www-form-urlencoded", body)
    }

    /// A token for a party, got as it should be.
    pub(crate) fn token(&self, name: &'static str) -> String {
        let by = self.party(name);
        let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": by.kid});
        let answer = self.ask_token(&header, &self.claims(by), &*by.signer);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The policy that the server publishes.
    pub(crate) fn policy(&self) -> Policy {
        let policy = self.get("/v1/log", None).json()["policy"].to_string();
        Policy::parse(policy.as_bytes()).unwrap()
    }

    pub(crate) fn grant(&self, name: &str) -> Hash {
        self.demo.grants[name]
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
        self.trial.ledger.close();
    }
}

pub(crate) fn jwt(header: &Value, claims: &Value, signer: &dyn Signer) -> String {
    let part = |value: &Value| b64::encode(value.to_string().as_bytes());
    let input = format!("{}.{}", part(header), part(claims));
    format!("{input}.{}", b64::encode(&signer.sign(input.as_bytes()).unwrap()))
}

/// An AuthZEN request.
pub(crate) fn request(actor: &str, purpose: &str, category: &str, subject: &str) -> Value {
    json!({
        "subject": {"type": "party", "id": actor},
        "action": {"name": purpose},
        "resource": {"type": category, "id": subject},
    })
}

pub(crate) fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
    };
    let mut answer = Answer {
        status: response.status().as_u16(),
        headers: response.headers().iter().map(header).collect(),
        body: response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap(),
    };
    // A problem says the request's id, which every request has another of: tests compare all but that.
    if answer.header("content-type") == Some("application/problem+json") {
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(answer.text().contains(&format!("\"instance\":\"urn:uuid:{id}\"")), "{}", answer.text());
        answer.body = answer.text().replace(&id, "00000000-0000-4000-8000-000000000000").into_bytes();
    }
    answer
}

//! The program as a process of its own, and clients of it.

use procura_client::store::MemoryStore;
use procura_client::{Client, Identity};
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::json::parse_strict;
use procura_core::key::SoftKey;
use procura_core::kinds::Validity;
use procura_core::receipt::Policy;
use procura_core::submission::Submission;
use procura_core::{Hash, b64};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long anything may take that happens by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; killed at the latest with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts one with the demo on a free port.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::start_with(data, arguments, &[])
    }

    /// Starts one in an environment of its own.
    pub(crate) fn start_with(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_procura-server"))
            .args(["--listen", "127.0.0.1:0", "--demo", "--log", "off", "--data"])
            .arg(data)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        let url = url.trim_end_matches(':').to_owned();
        // The rest is read away, so that the server never waits for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Sends a signal that ends it, and waits for its end.
    pub(crate) fn end(&mut self, signal: &str) {
        self.signal(signal);
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What `/readyz` says.
    pub(crate) fn ready(&self) -> (u16, Value) {
        self.get("/readyz", None)
    }

    /// What `/healthz` says.
    pub(crate) fn get_health(&self) -> u16 {
        self.get("/healthz", None).0
    }

    /// Waits until `/readyz` says this.
    pub(crate) fn becomes(&self, reason: &str) {
        let start = Instant::now();
        loop {
            let (status, body) = self.ready();
            let found = body["reason"].as_str().unwrap_or("");
            if found == reason && (status == 200) == reason.is_empty() {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{status} {body} instead of {reason:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        let mut request =
            ureq::get(format!("{}{path}", self.url)).config().http_status_as_error(false).build();
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut answer = request.call().unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    fn post(&self, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
        let request = ureq::post(format!("{}{path}", self.url)).config().http_status_as_error(false).build();
        let mut request = request.header("Content-Type", "application/json");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut answer = request.send(body).unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    /// Hands in a record: the status, and the problem's name if it is one.
    pub(crate) fn submit(&self, submission: &Submission) -> (u16, String) {
        let (status, body) = self.post("/v1/records", None, &submission.to_json());
        (status, body["type"].as_str().unwrap_or("").trim_start_matches("urn:procura:problem:").to_owned())
    }

    /// Asks what the demo's municipality may know: one question whose answer is yes, one whose answer is no. Both are
    /// answered, and so is the question for the proof of the yes.
    pub(crate) fn answers_checks(&self, data: &Path) {
        let token = std::fs::read_to_string(data.join("demo/token")).unwrap();
        let token = Some(token.trim());
        for (category, decision) in [("pensions", true), ("taxes", false)] {
            let question = json!({
                "subject": {"type": "party", "id": "niss:75061200192"},
                "action": {"name": "help"},
                "resource": {"type": category, "id": "niss:48031500292"},
            });
            let (status, body) = self.post("/access/v1/evaluation", token, &question.to_string());
            assert_eq!((status, &body["decision"]), (200, &json!(decision)), "{category}: {body}");
            let (status, body) = self.post("/v1/checks", token, &question.to_string());
            assert_eq!(status, 200, "{category}: {body}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// A party of the demo's.
pub(crate) fn identity(data: &Path, name: &str) -> Identity {
    let text = std::fs::read(data.join("demo").join(format!("{name}.json"))).unwrap();
    let members = parse_strict(&text, 1 << 16).unwrap();
    let text = |name: &str| members[name].as_str().unwrap().to_owned();
    let seed = b64::decode_array(&text("seed")).unwrap();
    let signer = Arc::new(SoftKey::from_seed(&seed));
    Identity { kid: text("kid").parse().unwrap(), party: text("party").parse().unwrap(), signer }
}

pub(crate) fn client(url: &str, policy: &Policy, data: &Path, name: &str, seen: MemoryStore) -> Client {
    Client::new(url, policy.clone(), seen).unwrap().with_identity(identity(data, name))
}

/// A mandate from the client's party.
pub(crate) fn mandate(client: &Client, to: &Hash, catalogue: &Hash) -> (Hash, Submission) {
    let (me, now) = (client.identity().unwrap(), client.now());
    let occasion = Occasion { origin: &client.policy().origin, nonce: fresh(), now };
    let validity = Validity::of_days(Day::of(now).unwrap(), None);
    let draft = Draft::mandate(&occasion, &me.party, to, catalogue, &["pensions".to_owned()], &validity);
    (draft.id(), draft.sign(&me.kid, me.signer.as_ref()).unwrap())
}

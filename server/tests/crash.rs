//! Goal: what the server acknowledged is never lost, whenever it is killed. Method: the real program on a real folder, killed with
//! SIGKILL at random moments while several citizens hand in mandates over HTTP; after each kill it starts again, and every record
//! acknowledged so far still has a receipt that verifies and continues what was seen. `PROCURA_CRASHES` says how often (5).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "in tests a panic is the finding"
)]

use procura_client::store::MemoryStore;
use procura_client::{Client, Identity, LogInfo};
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::json::parse_strict;
use procura_core::key::SoftKey;
use procura_core::kinds::Validity;
use procura_core::receipt::Policy;
use procura_core::{Hash, b64};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WRITERS: [&str; 4] = ["mother", "son", "student", "neighbour"];

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_procura-server"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--demo",
                "--log",
                "error",
                "--flush-bytes",
                "200000",
                "--data",
            ])
            .arg(data)
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

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn identity(data: &Path, name: &str) -> Identity {
    let text = std::fs::read(data.join("demo").join(format!("{name}.json"))).unwrap();
    let members = parse_strict(&text, 1 << 16).unwrap();
    let text = |name: &str| members[name].as_str().unwrap().to_owned();
    let seed = b64::decode_array(&text("seed")).unwrap();
    let signer = Arc::new(SoftKey::from_seed(&seed));
    Identity { kid: text("kid").parse().unwrap(), party: text("party").parse().unwrap(), signer }
}

fn client(url: &str, policy: &Policy, data: &Path, name: &str, seen: MemoryStore) -> Client {
    Client::new(url, policy.clone(), seen).unwrap().with_identity(identity(data, name))
}

/// Hands in mandates to an organisation until the server is gone.
fn write(client: &Client, to: &Hash, catalogue: &Hash, done: &AtomicBool, acknowledged: &Mutex<Vec<Hash>>) {
    let me = client.identity().unwrap().clone();
    while !done.load(Ordering::SeqCst) {
        let now = client.now();
        let occasion = Occasion { origin: &client.policy().origin, nonce: fresh(), now };
        let validity = Validity::of_days(Day::of(now).unwrap(), None);
        let scopes = ["pensions".to_owned()];
        let draft = Draft::mandate(&occasion, &me.party, to, catalogue, &scopes, &validity);
        let id = draft.id();
        let submission = draft.sign(&me.kid, me.signer.as_ref()).unwrap();
        match client.submit(&submission) {
            Ok(_) => acknowledged.lock().unwrap().push(id),
            Err(_) => break,
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let crashes: u32 = std::env::var("PROCURA_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut server = Server::start(data);
    let policy = LogInfo::unverified(&server.url).unwrap().policy;
    let employer = identity(data, "employer").party;
    let acknowledged: Mutex<Vec<Hash>> = Mutex::default();
    let (mut checked, mut seen) = (0, 0);
    for crash in 0..crashes {
        let auditor = client(&server.url, &policy, data, "auditor", MemoryStore::new());
        let catalogue = auditor.catalogues().unwrap().first().unwrap().id;
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for name in WRITERS {
                let client = client(&server.url, &policy, data, name, MemoryStore::new());
                let (done, acknowledged) = (&done, &acknowledged);
                scope.spawn(move || write(&client, &employer, &catalogue, done, acknowledged));
            }
            let [moment] = fresh::<1>();
            std::thread::sleep(Duration::from_millis(50 + u64::from(moment)));
            server.kill();
            done.store(true, Ordering::SeqCst);
        });
        server = Server::start(data);
        // Every record of this round, and at the last crash every record of all rounds.
        let auditor = client(&server.url, &policy, data, "auditor", MemoryStore::new());
        let ids = acknowledged.lock().unwrap();
        let from = if crash + 1 == crashes { 0 } else { seen };
        for id in &ids[from..] {
            auditor
                .status(id)
                .unwrap_or_else(|error| panic!("crash {crash}: {id} was acknowledged: {error}"));
            checked += 1;
        }
        seen = ids.len();
        let size = auditor.checkpoint().unwrap().size().0;
        assert!(size > seen as u64, "{size} entries for {seen} records");
    }
    println!(
        "{crashes} runs, {crashes} faults, 0 lost: {seen} records acknowledged, {checked} receipts checked"
    );
    assert!(seen > 0);
    let auditor = client(&server.url, &policy, data, "auditor", MemoryStore::new());
    assert!(auditor.audit(&|_, _, _| {}).unwrap().entries.is_some());
}

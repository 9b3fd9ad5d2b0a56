//! Goal: what the server acknowledged is never lost, whenever it is killed. Method: the real program on a real folder, killed with
//! SIGKILL at random moments while several citizens hand in mandates over HTTP; after each kill it starts again, and every record
//! acknowledged so far still has a receipt that verifies and continues what was seen. `PROCURA_CRASHES` says how often (5).
use crate::process::{Server, client, fresh, identity, mandate};
use procura_client::store::MemoryStore;
use procura_client::{Client, LogInfo};
use procura_core::Hash;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const WRITERS: [&str; 4] = ["mother", "son", "student", "neighbour"];
const FLUSHES: &[&str] = &["--flush-bytes", "200000"];

/// Hands in mandates to an organisation until the server is gone.
fn write(client: &Client, to: &Hash, catalogue: &Hash, done: &AtomicBool, acknowledged: &Mutex<Vec<Hash>>) {
    while !done.load(Ordering::SeqCst) {
        let (id, submission) = mandate(client, to, catalogue);
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
    let mut server = Server::start(data, FLUSHES);
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
            server.end("KILL");
            done.store(true, Ordering::SeqCst);
        });
        server = Server::start(data, FLUSHES);
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

//! Goal: one log, three witnesses and two mirrors, of which one checks the map, go on while members are killed and started again; nobody
//! goes back, nobody is blamed, and what was answered holds under a policy that asks for all of them. Method: each a process of its
//! own, killed by its id at whatever it is doing.

use super::offline::{client, mandate, step};
use super::process::{Member, Place, becomes, mirror, procura, witness};
use procura_client::{Client, LogInfo};
use procura_core::Hash;
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_core::status::Status;
use procura_tests::served::{Given, Served};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The ledger as a process: this very program, told to be one.
#[test]
#[ignore = "is started by the test below, as the ledger"]
fn a_ledger_as_a_process() {
    let Ok(data) = std::env::var("TOWN_DATA") else { return };
    let listen = std::env::var("TOWN_LISTEN").unwrap().parse().ok();
    let witnesses = std::env::var_os("TOWN_WITNESSES").map(PathBuf::from).filter(|path| path.exists());
    let map_checkers = witnesses.is_some().then(|| vec!["checker".to_owned()]);
    let served =
        Served::with(Path::new(&data), Given { listen, witnesses, map_checkers, ..Given::default() });
    println!("{}", json!({"url": served.url}));
    // Until it is killed.
    std::thread::sleep(Duration::from_secs(3600));
}

fn ledger(folder: &Path) -> Member {
    let folder = folder.to_owned();
    Member::start(move |listen| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "town::a_ledger_as_a_process", "--nocapture"]);
        command.env("TOWN_DATA", folder.join("data")).env("TOWN_LISTEN", listen);
        command.env("TOWN_WITNESSES", folder.join("witnesses"));
        command
    })
}

pub(crate) struct Town {
    pub(crate) ledger: Member,
    pub(crate) witnesses: Vec<Member>,
    pub(crate) mirrors: Vec<Member>,
    /// What is trusted: all witnesses' quorum, and the map-checker.
    pub(crate) policy: Value,
    pub(crate) folder: tempfile::TempDir,
}

impl Town {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let mut ledger = ledger(at);
        // Before anybody can witness the log, or check it, its key must be there.
        let alone = LogInfo::unverified(&ledger.url()).unwrap();
        let key = alone.policy.log_keys[0].key.clone();
        let logs = at.join("logs");
        std::fs::write(&logs, format!("log {key}\nquorum none\n")).unwrap();
        std::fs::write(at.join("policy"), alone.policy_json.to_string()).unwrap();
        let witnesses: Vec<_> = ["w1", "w2", "w3"].iter().map(|name| witness(at, name, &logs)).collect();
        let place = |name: &str, more: &[&str]| Place {
            home: at.join(name),
            policy: at.join("policy"),
            key: at.join("data/demo/mirror.json"),
            from: ledger.url(),
            more: more.iter().map(|word| (*word).to_owned()).collect(),
        };
        let mirrors = vec![
            mirror(&place("m1", &[])),
            mirror(&place("m2", &["--plain", "--cosign", "checker.example/m2"])),
        ];
        let mut text = format!("log {key}\n");
        for (name, witness) in ["one", "two", "three"].iter().zip(&witnesses) {
            text.push_str(&format!("witness {name} {} {}\n", witness.said("vkey"), witness.url()));
        }
        let checker = mirrors[1].said("vkey");
        text.push_str(&format!("witness checker {checker} {}\n", mirrors[1].url()));
        text.push_str("group town 2 one two three\ngroup both all town checker\nquorum both\n");
        std::fs::write(at.join("witnesses"), text).unwrap();
        ledger.kill();
        ledger.restart();
        let policy = LogInfo::unverified(&ledger.url()).unwrap().policy_json;
        assert_eq!(
            policy["map_checkers"],
            json!([checker]),
            "the policy that the ledger proposes asks for it"
        );
        Self { ledger, witnesses, mirrors, policy, folder }
    }

    pub(crate) fn client(&self, name: &str) -> Client {
        client(&self.ledger.url(), &self.folder.path().join("data/demo").join(format!("{name}.json")))
    }

    pub(crate) fn trusted(&self) -> Policy {
        Policy::parse(self.policy.to_string().as_bytes()).unwrap()
    }

    /// Something happens, and is answered as the policy wants it: a mandate, given and accepted, and its receipt.
    pub(crate) fn happens(&self, what: &str) -> (Hash, Vec<u8>) {
        let (mother, son) = (self.client("mother"), self.client("son"));
        let mut given = None;
        becomes(what, || {
            let (id, submission) = mandate(&mother, &son);
            let is_given = mother.submit(&submission).is_ok();
            given = is_given.then_some(id);
            is_given
        });
        let id = given.unwrap();
        becomes(what, || son.submit(&step(&son, "acceptance", &id)).is_ok());
        let mut receipt = None;
        becomes(what, || {
            receipt = mother.record_receipt(&id, None).ok().map(|answer| answer.receipt().to_vec());
            receipt.is_some()
        });
        let receipt = receipt.unwrap();
        let verified = verify_status(&receipt, &id, None, &self.trusted(), Mode::Historic).unwrap();
        assert_eq!(*verified.status(), Status::ACTIVE, "{what}");
        // Of the quorum two are witnesses, and one checks the map.
        assert!(verified.receipt().witnesses() >= 3, "{what}");
        (id, receipt)
    }

    fn published(&self) -> String {
        self.ledger.get("/checkpoint").2.lines().take(3).collect::<Vec<_>>().join("\n")
    }

    /// Both mirrors read what is published, and found no fault.
    pub(crate) fn followed(&self, what: &str) {
        for mirror in &self.mirrors {
            becomes(what, || mirror.get("/checkpoint").2.starts_with(&self.published()));
            let told = mirror.ready();
            assert_eq!(told["status"], "ok", "{what}: {told}");
            assert!(mirror.get("/metrics").2.contains("procura_mirror_fault 0\n"), "{what}");
        }
    }

    /// At a counter that has the policy's file and nothing else.
    pub(crate) fn counter(&self, mirror: usize, receipt: &Path) -> (i32, Value) {
        let home = tempfile::tempdir().unwrap();
        let path = self.folder.path().join("trusted");
        std::fs::write(&path, self.policy.to_string()).unwrap();
        let mut command = procura(home.path());
        command.args(["receipt", "renew", "--json", "--from", &self.mirrors[mirror].url(), "--policy"]);
        let output = command.arg(path).arg(receipt).output().unwrap();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

#[test]
fn a_town_of_processes_goes_on_whoever_is_killed() {
    let mut town = Town::new();
    let (first, first_receipt) = town.happens("all are there");
    town.followed("all are there");
    let mother = town.client("mother");

    // A witness may be away, and either mirror: of the one that checks the map, answers wait.
    town.witnesses[2].kill();
    town.happens("a witness is away");
    town.witnesses[2].restart();
    town.mirrors[0].kill();
    town.happens("a mirror is away");
    town.mirrors[0].restart();
    town.followed("the mirror is back");
    town.mirrors[1].kill();
    let (_, submission) = mandate(&mother, &town.client("son"));
    let refused = mother.submit(&submission).unwrap_err();
    assert_eq!(refused.name(), "no_quorum", "{refused}");
    town.mirrors[1].restart();
    town.happens("the map-checker is back");
    town.followed("the map-checker is back");

    // The ledger is killed amid submissions; whatever was acknowledged is there.
    let stop = Arc::new(AtomicBool::new(false));
    let busy = busy(&town, &stop);
    std::thread::sleep(Duration::from_millis(700));
    town.ledger.kill();
    town.ledger.restart();
    town.happens("the ledger is back");

    // So are mirrors and witnesses, again and again, while they follow.
    for n in 0..12_u64 {
        std::thread::sleep(Duration::from_millis(20 + 37 * (n % 7)));
        let mirror = &mut town.mirrors[usize::from(n % 3 == 0)];
        mirror.kill();
        mirror.restart();
        let witness = &mut town.witnesses[(n % 3) as usize];
        witness.kill();
        witness.restart();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(busy.join().unwrap() > 0, "nothing was taken meanwhile");
    let (last, last_receipt) = town.happens("all are back");
    mother.submit(&step(&mother, "revocation", &first)).unwrap();
    town.followed("all are back");

    // The two are one: to the byte what the ledger has.
    let size = town.mirrors[0].ready()["size"].as_u64().unwrap();
    assert_eq!(town.mirrors[1].ready()["size"], size);
    let tiles = (0..size / 256).map(|n| format!("/tile/0/{n:03}"));
    for tile in tiles.chain([format!("/tile/0/{:03}.p/{}", size / 256, size % 256)]) {
        let of_ledger = town.ledger.get(&tile).2;
        assert!(town.mirrors.iter().all(|mirror| mirror.get(&tile).2 == of_ledger), "{tile}");
    }

    // The centre is gone: either of them answers a counter, under the policy that asks for everybody.
    town.ledger.kill();
    let write = |name: &str, bytes: &[u8]| {
        let path = town.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (kept, ended) = (write("kept", &last_receipt), write("ended", &first_receipt));
    for mirror in 0..2 {
        let (code, told) = town.counter(mirror, &kept);
        assert_eq!(
            (code, &told["status"], &told["record"]["id"]),
            (0, &json!("active"), &json!(last)),
            "{told}"
        );
        let (code, told) = town.counter(mirror, &ended);
        assert_eq!((code, &told["status"]), (1, &json!("ended")), "{told}");
    }
}

/// Somebody hands in what they can until told to stop; how many were acknowledged.
fn busy(town: &Town, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<u64> {
    let (mother, son, stop) = (town.client("mother"), town.client("son"), Arc::clone(stop));
    let (_, catalogue) = mandate(&mother, &son);
    drop(catalogue);
    std::thread::spawn(move || {
        let mut taken = 0;
        while !stop.load(Ordering::Relaxed) {
            // The ledger may be away just now: then there is no catalogue to read either.
            let given = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| mandate(&mother, &son)));
            if let Ok((_, submission)) = given
                && mother.submit(&submission).is_ok()
            {
                taken += 1;
            }
        }
        taken
    })
}

//! Goal: the key of a log is changed while witnesses, a map-checker and a mirror run, as server/handbook/keys.md says it; whoever was told goes
//! on, whoever was not stands still and takes nothing else for it; what a quorum had cosigned before still holds, and nothing else by the old
//! key. Method: the town of processes, the command `procura` with the root's key.

use super::process::{Member, becomes, procura};
use super::town::Town;
use procura_client::LogInfo;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::note::NoteVerifier;
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_tests::served::next_log_key;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What the holder of the root's key types.
fn types(town: &Town, words: &[&str]) -> Value {
    let at = town.folder.path();
    let mut command = procura(&at.join("holder"));
    command.args(["--json", "--server", &town.ledger.url(), "--policy"]).arg(at.join("policy"));
    let output = command.arg("--key").arg(at.join("data/keys/root.json")).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The root names the log's keys, and hands that in.
fn names(town: &Town, words: &[&str]) {
    let at = town.folder.path();
    let (root, list) = (at.join("data/root.json"), at.join("list"));
    let [root, list] = [&root, &list].map(|path| path.to_str().unwrap());
    let _ = std::fs::remove_file(list);
    types(town, &[&["root", "log-keys", "--root", root, "--out", list], words].concat());
    types(town, &["root", "submit", list]);
}

/// Which keys' lines are under what the ledger publishes.
fn sign(town: &Town, keys: &[&NoteVerifier]) -> Vec<bool> {
    let published = town.ledger.get("/checkpoint").2;
    let note = SignedCheckpoint::parse(published.as_bytes()).unwrap();
    keys.iter().map(|key| note.verify(key.name(), &[(*key).clone()]).is_ok()).collect()
}

/// A mirror's operator learns the log's keys, in its folder.
fn learns(town: &Town, mirror: &str) {
    let at = town.folder.path();
    let mut command = procura(&at.join(mirror));
    command.args(["log", "keys", "--server", &town.ledger.url(), "--policy"]).arg(at.join("policy"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn again(member: &mut Member) {
    member.kill();
    member.restart();
}

/// A receipt with the log's own signature under its checkpoint, and nobody else's.
fn without_cosignatures(receipt: &[u8], origin: &str) -> Vec<u8> {
    let mut wire: Value = serde_json::from_slice(receipt).unwrap();
    let proof = wire["proof"].as_str().unwrap();
    let (text, lines) = proof.rsplit_once("\n\n").unwrap();
    let own: String = lines
        .lines()
        .filter(|line| line.starts_with(&format!("— {origin} ")))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(!own.is_empty() && own.len() < lines.len(), "{proof}");
    wire["proof"] = json!(format!("{text}\n\n{own}"));
    wire.to_string().into_bytes()
}

#[test]
fn a_log_changes_its_key_and_its_witnesses_and_mirrors_go_on() {
    let mut town = Town::new();
    let at: PathBuf = town.folder.path().to_owned();
    let old = LogInfo::unverified(&town.ledger.url()).unwrap().policy.log_keys[0].key.clone();
    let (first, first_receipt) = town.happens("before");
    town.followed("before");

    // The next key is made beside the old one, and signs once the root has named it.
    let next = next_log_key(&at.join("data"));
    again(&mut town.ledger);
    names(&town, &["--log-key", &old.to_string(), "--log-key", &next.to_string()]);
    becomes("both keys sign", || sign(&town, &[&old, &next]) == [true, true]);
    types(&town, &["log", "keys"]);
    town.happens("both keys sign");
    town.followed("both keys sign");

    // Two witnesses and the map-checker are told; a third witness and a mirror are forgotten.
    std::fs::write(at.join("logs"), format!("log {old}\nlog {next}\nquorum none\n")).unwrap();
    town.witnesses[..2].iter_mut().for_each(again);
    learns(&town, "m2");
    again(&mut town.mirrors[1]);
    town.happens("they were told");
    town.followed("they were told");

    // The old key is retired; the next one takes its place at the server.
    let now = jiff::Timestamp::from_millisecond(town.client("mother").now().0 as i64).unwrap();
    let retired = format!("{old}@{}", now.strftime("%FT%TZ"));
    names(&town, &["--log-key", &next.to_string(), "--retired", &retired]);
    becomes("the next key signs alone", || sign(&town, &[&old, &next]) == [false, true]);
    town.ledger.kill();
    std::fs::rename(at.join("data/keys/log-next.json"), at.join("data/keys/log.json")).unwrap();
    town.ledger.restart();
    town.policy = LogInfo::unverified(&town.ledger.url()).unwrap().policy_json;
    let (last, last_receipt) = town.happens("the next key signs alone");

    // Whoever was forgotten takes the new key for nobody's.
    let told = || -> Value { serde_json::from_str(&town.ledger.get("/v1/log").2).unwrap() };
    becomes("the third witness refuses", || {
        told()["witnesses"].to_string().contains("\"failure\":\"status\"")
    });
    let stood = town.mirrors[0].ready()["size"].as_u64().unwrap();
    becomes("the map-checker follows", || town.mirrors[1].ready()["size"].as_u64().unwrap() > stood);
    assert_eq!(town.mirrors[0].ready()["size"], stood);
    // Told as well, they go on where they stood.
    learns(&town, "m1");
    again(&mut town.mirrors[0]);
    again(&mut town.witnesses[2]);
    town.followed("all were told");

    // What was proven before holds, and is renewed under the new key; nothing by the old key alone does.
    let trusted = town.trusted();
    let verify = |receipt: &[u8]| {
        verify_status(receipt, &first, None, &trusted, Mode::Historic).map_err(|error| error.name())
    };
    assert!(verify(&first_receipt).is_ok());
    let alone = without_cosignatures(&first_receipt, &trusted.origin);
    assert_eq!(verify(&alone).unwrap_err(), "no_quorum");
    let plain = Policy { witnesses: None, map_checkers: Vec::new(), ..trusted.clone() };
    assert_eq!(
        verify_status(&alone, &first, None, &plain, Mode::Historic).unwrap_err().name(),
        "retired_key"
    );
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = at.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    for (receipt, id) in [(write("first", &first_receipt), first), (write("last", &last_receipt), last)] {
        for mirror in 0..2 {
            let (code, told) = town.counter(mirror, &receipt);
            assert_eq!((code, &told["record"]["id"]), (0, &json!(id)), "{told}");
        }
    }
}

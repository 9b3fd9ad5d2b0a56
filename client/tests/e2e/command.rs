//! Goal: the command tells yes (0), no (1) and could not tell (2) apart, and verifies with the network off. Method:
//! the program itself, against a server in this process.

use super::stub::{Family, problem};
use procura_core::b64;
use procura_tests::world::{Actor, START};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

/// A world at this machine's time, a home folder, and a key file for each of the two.
pub(crate) struct Desk {
    pub(crate) family: Family,
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let family = Family::at(now.saturating_sub(START.0));
        Self { family, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key_of(&self, name: &str, actor: &Actor, seed_of: &[u8; 32]) -> PathBuf {
        let path = self.path(name);
        let text =
            json!({"name": name, "party": actor.party, "kid": actor.kid, "seed": b64::encode(seed_of)});
        std::fs::write(&path, text.to_string()).unwrap();
        path
    }

    fn run(&self, server: &str, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_procura"))
            .args(words)
            .env_clear()
            .env("PROCURA_SERVER", server)
            .env("PROCURA_HOME", self.path("home"))
            .output()
            .unwrap()
    }

    pub(crate) fn online(&self, words: &[&str]) -> Output {
        self.run(&self.family.stub.url, words)
    }

    /// With a server that is not there.
    pub(crate) fn offline(&self, words: &[&str]) -> Output {
        self.run("http://127.0.0.1:1", words)
    }
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_first_meeting_must_be_wanted() {
    let desk = Desk::new();
    let refused = desk.online(&["log", "show", "--json"]);
    assert_eq!((code(&refused), &json_of(&refused)["error"]), (2, &json!("first_contact")));
    let trusted = desk.online(&["log", "show", "--trust-first"]);
    assert_eq!(code(&trusted), 0, "{trusted:?}");
    assert!(String::from_utf8(trusted.stdout).unwrap().contains("This is a trial ledger"));
    let by_variable = Command::new(env!("CARGO_BIN_EXE_procura"))
        .args(["log", "show", "--server", &desk.family.stub.url])
        .env_clear()
        .env("PROCURA_HOME", desk.path("another home"))
        .env("PROCURA_TRUST_FIRST", "1")
        .env("PROCURA_JSON", "yes")
        .output()
        .unwrap();
    assert_eq!((code(&by_variable), &json_of(&by_variable)["result"]), (0, &json!("yes")));
    let again = desk.online(&["log", "show", "--json"]);
    assert_eq!((code(&again), &json_of(&again)["trial"]), (0, &json!(true)));
    assert_eq!(code(&desk.offline(&["log", "show"])), 2);
}

#[test]
fn a_policy_file_is_trusted_and_another_ledger_s_is_not() {
    let desk = Desk::new();
    let ledger = &desk.family.world.ledger;
    let policy = |entry0| {
        let policy = procura_core::receipt::Policy::plain(ledger.origin(), ledger.log_key(), entry0, 300);
        let path = desk.path(&format!("policy-{}", &entry0.to_string()[..4]));
        std::fs::write(&path, policy.to_string()).unwrap();
        path
    };
    let (right, wrong) = (policy(ledger.entry0()), policy(procura_core::Hash([1; 32])));
    assert_eq!(code(&desk.online(&["log", "show", "--policy", text(&right)])), 0);
    let other = desk.online(&["log", "show", "--json", "--policy", text(&wrong)]);
    assert_eq!((code(&other), &json_of(&other)["error"]), (2, &json!("other_ledger")));
    assert_eq!(code(&desk.online(&["log", "show"])), 0, "what was trusted stays");
}

#[test]
fn new_keys_are_kept_and_not_written_over() {
    let desk = Desk::new();
    let made = desk.offline(&["key", "new", "--plain", "--name", "mine", "--json"]);
    assert_eq!(code(&made), 0, "{made:?}");
    let shown = desk.offline(&["key", "show", "--json"]);
    assert_eq!(json_of(&shown)["thumbprint"], json_of(&made)["thumbprint"]);
    let again = desk.offline(&["key", "new", "--plain", "--json"]);
    assert_eq!((code(&again), &json_of(&again)["error"]), (2, &json!("key_exists")));
    // Without a terminal and a passphrase file there is no passphrase.
    let none = desk.offline(&["key", "new", "--json", "--key", text(&desk.path("other"))]);
    assert_eq!((code(&none), &json_of(&none)["error"]), (2, &json!("no_passphrase")));
    let unregistered = desk.online(&["records", "--trust-first", "--json"]);
    assert_eq!((code(&unregistered), &json_of(&unregistered)["error"]), (2, &json!("key_not_registered")));
}

/// The seeds of the world's keys are not told: a second key of the mother's, known here.
fn second_key(desk: &Desk) -> PathBuf {
    second_key_of(desk, &desk.family.mother, "mother", [0x5E; 32])
}

pub(crate) fn second_key_of(desk: &Desk, actor: &Actor, name: &str, seed: [u8; 32]) -> PathBuf {
    let world = &desk.family.world;
    let key = procura_core::key::SoftKey::from_seed(&seed);
    let kid = world.append(world.key_record(actor, &actor.party, &key, "cosigned")).id;
    desk.key_of(name, &Actor { kid, ..actor.clone() }, &seed)
}

#[test]
fn a_mandate_is_given_checked_and_ended() {
    let desk = Desk::new();
    let key = second_key(&desk);
    let run = |words: &[&str]| desk.online(&[words, &["--trust-first", "--key", text(&key)]].concat());
    let son = desk.family.son.identifier.as_str();
    let given = run(&["grant", "--to", son, "--scope", "tax", "--until", "2999-12-31", "--json"]);
    assert_eq!(code(&given), 0, "{given:?}");
    let id = json_of(&given)["id"].as_str().unwrap().to_owned();
    assert_eq!(json_of(&given)["mandatees"], json!([desk.family.son.party]));
    let check = |category: &str, more: &[&str]| {
        let words = ["check", "--subject", "me", "--actor", son, "--category", category, "--purpose", "read"];
        run(&[&words, more].concat())
    };
    let pending = check("tax", &["--json"]);
    assert_eq!((code(&pending), &json_of(&pending)["decision"]["reason"]), (1, &json!("not_accepted")));
    let world = &desk.family.world;
    world.append(world.transition("acceptance", &desk.family.son, &id.parse().unwrap()));
    let receipt = desk.path("yes.json");
    assert_eq!(code(&check("tax", &["--out", text(&receipt)])), 0);
    // Offline, and with another home that knows nothing of the ledger.
    let offline = desk.offline(&["receipt", "verify", text(&receipt), "--json"]);
    assert_eq!((code(&offline), &json_of(&offline)["decision"]["permit"]), (0, &json!(true)), "{offline:?}");

    let ended = run(&["revoke", &id[..12], "--json"]);
    assert_eq!((code(&ended), &json_of(&ended)["status"]), (0, &json!("ended")), "{ended:?}");
    let again = run(&["revoke", &id, "--json"]);
    assert_eq!((code(&again), &json_of(&again)["error"]), (1, &json!("move")));
    let no = desk.path("no.json");
    assert_eq!(code(&check("tax", &["--out", text(&no)])), 1);
    assert_eq!(code(&desk.offline(&["receipt", "verify", text(&no)])), 1);

    let records = run(&["records", "--json"]);
    assert_eq!((code(&records), &json_of(&records)["complete"]), (0, &json!(true)));
    let proven = run(&["prove", "inclusion", &id[..12], "--json"]);
    assert_eq!(code(&proven), 0, "{proven:?}");
    assert_eq!(code(&run(&["prove", "consistency", "--from", "3"])), 0);
    assert_eq!(code(&run(&["prove", "inclusion", "--index", "99999"])), 2);
    assert_eq!(code(&run(&["grant", "--to", son, "--scope", "nothing"])), 1);
    let typo = run(&["grant", "--to", "niss:48031500293", "--scope", "tax"]);
    assert_eq!(code(&typo), 2, "a wrong check digit never leaves this machine");
}

#[test]
fn a_catalogue_says_who_is_known_by_what() {
    let desk = Desk::new();
    let key = second_key(&desk);
    let run = |words: &[&str]| desk.online(&[words, &["--trust-first", "--key", text(&key)]].concat());
    let shown = run(&["catalogue", "--lang", "nl"]);
    let words = String::from_utf8(shown.stdout.clone()).unwrap();
    assert_eq!(code(&shown), 0, "{shown:?}");
    for told in
        ["11 of digits, check digits of a NISS", "institution, organisation", "AA/AA/ then 1 to 128 of + -"]
    {
        assert!(words.contains(told), "{words}");
    }
    let told = json_of(&run(&["catalogue", "--json"]));
    assert_eq!(told["catalogues"][0]["schemes"], json!(["niss", "kbo", "eidas", "vat"]));
    // Nobody has an identifier of a scheme that there is not; of one that there is, somebody may.
    let none = run(&["grant", "--to", "passport:BE123456", "--scope", "tax", "--json"]);
    assert_eq!((code(&none), &json_of(&none)["error"]), (2, &json!("unknown_scheme")), "{none:?}");
    let given = run(&["grant", "--to", "eidas:PL/BE/worker-1", "--scope", "tax", "--json"]);
    assert_eq!(code(&given), 0, "{given:?}");
}

#[test]
fn a_receipt_is_verified_offline_and_a_bad_one_is_no() {
    let desk = Desk::new();
    let key = second_key(&desk);
    let (file, id) = (desk.path("receipt.json"), desk.family.mandate.to_string());
    let words = ["receipt", "get", &id, "--trust-first", "--key", text(&key), "--out", text(&file)];
    assert_eq!(code(&desk.online(&words)), 0);
    let verify =
        |more: &[&str]| desk.offline(&[&["receipt", "verify", text(&file), "--json"], more].concat());
    let good = verify(&[]);
    assert_eq!((code(&good), &json_of(&good)["status"]), (0, &json!("active")));
    assert_eq!(json_of(&good)["compared_with_seen"], json!(true));
    assert_eq!(code(&verify(&["--fresh"])), 0);
    let stranger = verify(&["--home", text(&desk.path("elsewhere"))]);
    assert_eq!((code(&stranger), &json_of(&stranger)["error"]), (2, &json!("unknown_ledger")));

    let whole = std::fs::read_to_string(&file).unwrap();
    let at = whole.find("\"trie\":\"").unwrap() + 40;
    let flipped = if &whole[at..=at] == "A" { "B" } else { "A" };
    std::fs::write(&file, format!("{}{flipped}{}", &whole[..at], &whole[at + 1..])).unwrap();
    let bad = verify(&[]);
    assert_eq!(code(&bad), 1, "{bad:?}");
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let torn = verify(&[]);
    assert_eq!((code(&torn), &json_of(&torn)["error"]), (1, &json!("malformed")));
    assert_eq!(code(&desk.offline(&["receipt", "verify", text(&desk.path("none"))])), 2);
}

#[test]
fn an_audit_without_the_entries_could_not_tell() {
    let desk = Desk::new();
    let key = second_key(&desk);
    let audit = || desk.online(&["log", "audit", "--trust-first", "--json", "--key", text(&key)]);
    let public = audit();
    assert_eq!((code(&public), &json_of(&public)["result"]), (2, &json!("unknown")));
    assert_eq!(json_of(&public)["unchecked"].as_array().unwrap().len(), 3);
    desk.family.stub.let_audit(&desk.family.mother);
    let whole = audit();
    assert_eq!((code(&whole), json_of(&whole)["commits"].as_u64() > Some(0)), (0, true), "{whole:?}");
    desk.family.stub.lie(|path, (status, mut body)| {
        if path.starts_with("/tile/0/") {
            body[0] ^= 1;
        }
        (status, body)
    });
    assert_eq!(code(&audit()), 1);
    desk.family.stub.lie(|_, _| problem(503, "not_ready"));
    assert_eq!(code(&audit()), 2);
}

#[test]
fn a_passphrase_file_opens_an_encrypted_key() {
    let desk = Desk::new();
    let passphrase = desk.path("passphrase");
    std::fs::write(&passphrase, "a long one\n").unwrap();
    let run = |words: &[&str], file: &Path| {
        Command::new(env!("CARGO_BIN_EXE_procura"))
            .args(words)
            .env_clear()
            .env("PROCURA_HOME", desk.path("home"))
            .env("PROCURA_PASSPHRASE_FILE", file)
            .output()
            .unwrap()
    };
    let made = run(&["key", "new", "--json"], &passphrase);
    assert_eq!((code(&made), &json_of(&made)["encrypted"]), (0, &json!(true)), "{made:?}");
    let shown = run(&["key", "show", "--json"], &passphrase);
    assert_eq!(json_of(&shown)["jwk"], json_of(&made)["jwk"]);
    let wrong = desk.path("wrong");
    std::fs::write(&wrong, "another\n").unwrap();
    let refused = run(&["key", "show", "--json"], &wrong);
    assert_eq!((code(&refused), &json_of(&refused)["error"]), (2, &json!("key_passphrase")));
}

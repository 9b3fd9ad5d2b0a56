//! Goal: what the root signs besides entry 0 is made out of a draft, and each holder is shown all of it; a bad draft makes no file.
//! Method: two holders of whom both must sign, as programs; then one thing wrong at a time. (From there to a mandate:
//! `server/handbook/keys.md`.)

use super::command::{code, json_of, text};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output};

struct Holders(tempfile::TempDir);

impl Holders {
    fn new() -> Self {
        let holders = Self(tempfile::tempdir().unwrap());
        let key = |who: &str| {
            let made = holders.run(who, &["key", "new", "--plain", "--json"]);
            json_of(&made)["jwk"]["x"].as_str().unwrap().to_owned()
        };
        let (ann, bob) = (key("ann"), key("bob"));
        let root = holders.path("root.json");
        let words = ["root", "init", "--origin", "ledger.example/1", "--quorum", "2", "--vrf-key", &ann];
        let keys = ["--root-key", &ann, "--root-key", &bob, "--out", text(&root)];
        assert_eq!(code(&holders.run("ann", &[&words[..], &keys[..]].concat())), 0);
        holders
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// With a server that is not there: none is needed.
    fn run(&self, who: &str, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_procura"))
            .args(words)
            .env_clear()
            .env("PROCURA_SERVER", "http://127.0.0.1:1")
            .env("PROCURA_HOME", self.path(who))
            .output()
            .unwrap()
    }

    fn record(&self, draft: &Value, out: &str) -> Output {
        let (root, written, out) = (self.path("root.json"), self.path("draft.json"), self.path(out));
        std::fs::write(&written, draft.to_string()).unwrap();
        let words = ["root", "record", "--root", text(&root), "--draft", text(&written), "--out", text(&out)];
        self.run("ann", &[&words[..], &["--json"]].concat())
    }
}

fn institution() -> Value {
    json!({
        "kind": "party", "party_type": "institution", "roles": ["registrar"],
        "withheld": {"identifier": "kbo:0308357159", "name": "Town"},
    })
}

#[test]
fn an_institution_is_registered_by_the_quorum() {
    let holders = Holders::new();
    let made = holders.record(&institution(), "town.json");
    assert_eq!((code(&made), &json_of(&made)["missing"]), (0, &json!(1)), "{made:?}");
    let (id, file) = (json_of(&made)["id"].as_str().unwrap().to_owned(), holders.path("town.json"));
    let shown = holders.run("bob", &["root", "show", text(&file)]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "A record of the kind party, which says:",
        "  party_type: institution",
        "  roles: [\"registrar\"]",
        "  identifier: kbo:0308357159 (withheld)",
        "  name: Town (withheld)",
        "It needs 1 more.",
    ] {
        assert!(shown.lines().any(|one| one == line), "{line} is not in {shown}");
    }
    let signed = holders.run("bob", &["root", "sign", text(&file), "--id", &id, "--json"]);
    assert_eq!((code(&signed), &json_of(&signed)["missing"]), (0, &json!(0)), "{signed:?}");
}

#[test]
fn a_bad_draft_makes_no_file() {
    let holders = Holders::new();
    let but = |name: &str, value: Value| {
        let mut draft = institution();
        draft[name] = value;
        draft
    };
    for (draft, error) in [
        (but("kind", json!("mandate")), "draft"),
        (but("kind", json!("root")), "draft"),
        (but("kind", json!("key")), "draft"),
        (but("kind", json!(1)), "draft"),
        (but("iat", json!(1)), "draft"),
        (but("quorum", json!(1)), "draft"),
        (but("nonce", json!("AAAA")), "draft"),
        (but("withheld", json!([])), "draft"),
        (json!([]), "draft"),
        (but("withheld", json!({})), "withheld_member"),
        (but("withheld", json!({"identifier": "kbo:0308.357.159"})), "withheld_member"),
        (but("withheld", json!({"identifier": "kbo:0308357158"})), "kbo_check"),
        (but("colour", json!("red")), "member_unknown"),
        (but("party_type", json!("town")), "member_mistyped"),
        (but("roles", json!(["registrar", "auditor"])), "member_mistyped"),
    ] {
        let refused = holders.record(&draft, "out.json");
        assert_eq!((code(&refused), &json_of(&refused)["error"]), (2, &json!(error)), "{draft}: {refused:?}");
        assert!(!holders.path("out.json").exists(), "{draft}");
    }
}

#[test]
fn what_is_beside_the_record_cannot_be_changed() {
    let holders = Holders::new();
    assert_eq!(code(&holders.record(&institution(), "town.json")), 0);
    let file = holders.path("town.json");
    let mut changed: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    changed["disclosures"].as_array_mut().unwrap().pop();
    std::fs::write(&file, changed.to_string()).unwrap();
    let refused = holders.run("bob", &["root", "show", text(&file), "--json"]);
    assert_eq!(
        (code(&refused), &json_of(&refused)["error"]),
        (2, &json!("disclosure_missing")),
        "{refused:?}"
    );
}

//! Goal: what is given by several, handed on, put out of force, disputed, given up, and decided again, can be so from the
//! command line. Method: three people with a key file each, against a server in this process.

use super::command::{Desk, code, json_of, second_key_of, text};
use super::stub::problem;
use procura_core::Hash;
use procura_tests::world::Actor;
use serde_json::{Value, json};
use std::path::PathBuf;

pub(crate) struct Three {
    pub(crate) desk: Desk,
    daughter: Actor,
    keys: [PathBuf; 3],
}

pub(crate) const MOTHER: usize = 0;
pub(crate) const SON: usize = 1;
const DAUGHTER: usize = 2;

impl Three {
    pub(crate) fn new() -> Self {
        let desk = Desk::new();
        let daughter = desk.family.world.person("88222999936");
        let keys = [
            second_key_of(&desk, &desk.family.mother, "mother", [0x5E; 32]),
            second_key_of(&desk, &desk.family.son, "son", [0x5F; 32]),
            second_key_of(&desk, &daughter, "daughter", [0x60; 32]),
        ];
        Self { desk, daughter, keys }
    }

    /// Exit code and JSON of what one of them types.
    pub(crate) fn run(&self, who: usize, words: &[&str]) -> (i32, Value) {
        let more = ["--trust-first", "--json", "--key", text(&self.keys[who])];
        let output = self.desk.online(&[words, &more].concat());
        (code(&output), json_of(&output))
    }

    /// What it says when it is done.
    pub(crate) fn done(&self, who: usize, words: &[&str]) -> Value {
        let (code, said) = self.run(who, words);
        assert_eq!(code, 0, "{words:?}: {said}");
        said
    }

    fn no(&self, who: usize, words: &[&str]) -> String {
        let (code, said) = self.run(who, words);
        assert_eq!(code, 1, "{words:?}: {said}");
        said["error"].as_str().unwrap().to_owned()
    }

    fn may(&self, who: usize, more: &[&str]) -> (i32, Value) {
        let mother = self.desk.family.mother.identifier.as_str();
        let words = ["check", "--subject", mother, "--category", "tax", "--purpose", "read"];
        let (code, said) = self.run(who, &[&words, more].concat());
        (code, said["decision"].clone())
    }
}

fn id_of(said: &Value) -> String {
    said["id"].as_str().unwrap().to_owned()
}

fn ascending(ids: &[Hash]) -> Value {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    json!(ids)
}

#[test]
fn what_two_must_do_together_is_given_accepted_and_handed_on() {
    let three = Three::new();
    let (family, daughter) = (&three.desk.family, &three.daughter);
    let (mother, son) = (family.mother.party, family.son.party);
    let helper = family.world.organisation("0440966354");
    let words = ["grant", "--to", &family.son.identifier, "--joint-with", &daughter.identifier];
    let given = three
        .done(MOTHER, &[&words[..], &["--scope", "tax", "--needed", "2", "--substitution", "1"]].concat());
    assert_eq!(
        (&given["status"], &given["mandatees"]),
        (&json!("pending"), &ascending(&[son, daughter.party]))
    );
    let parent = id_of(&given);
    assert_eq!(three.done(SON, &["accept", &parent])["status"], "pending");
    assert_eq!(three.no(SON, &["accept", &parent]), "signed_twice");
    assert_eq!(three.done(DAUGHTER, &["accept", &parent[..12]])["status"], "active");
    let (code, decision) = three.may(SON, &[]);
    assert_eq!((code, &decision["hint"]), (1, &json!({"together": 2})));
    assert_eq!(three.may(SON, &["--together-with", &daughter.identifier]).0, 0);

    // Handed on by both, in the mother's name, for as long as they have it themselves.
    let by = &daughter.identifier;
    let below = ["grant", "--to", &helper.identifier, "--scope", "tax", "--under", &parent];
    assert_eq!(three.no(SON, &below), "beyond", "one alone can't");
    assert_eq!(three.no(SON, &[&below[..], &["--by", by, "--substitution", "1"]].concat()), "beyond");
    let child = three.done(SON, &[&below[..], &["--by", by]].concat());
    assert_eq!((&child["mandators"], &child["status"]), (&json!([mother]), &json!("pending")));
    let child = id_of(&child);
    assert_eq!(three.done(DAUGHTER, &["accept", &child])["status"], "pending");
    let world = &family.world;
    world.append(world.transition("acceptance", &helper, &child.parse().unwrap()));
    let seen = three.may(MOTHER, &["--actor", &helper.identifier]);
    assert_eq!((seen.0, &seen.1["reason"]), (0, &json!("mandate")));

    // And a consent in her name.
    let consent =
        ["consent", "--to", &helper.identifier, "--scope", "tax", "--purpose", "read", "--under", &parent];
    let consent = three.done(SON, &[&consent[..], &["--by", by]].concat());
    assert_eq!(consent["status"], "pending");
    assert_eq!(three.done(DAUGHTER, &["accept", &id_of(&consent)])["status"], "active");
    assert_eq!(
        three.no(
            MOTHER,
            &["grant", "--to", &helper.identifier, "--scope", "tax", "--under", &id_of(&consent)]
        ),
        "under"
    );

    // Out of force above, out of force below.
    assert_eq!(three.done(MOTHER, &["suspend", &parent])["status"], "suspended");
    assert_eq!(three.no(SON, &["suspend", &parent, "--lift"]), "not_yours");
    assert_eq!(three.may(MOTHER, &["--actor", &family.son.identifier]).1["reason"], "suspended");
    assert_eq!(three.done(MOTHER, &["suspend", &parent, "--lift"])["status"], "active");
    assert_eq!(three.no(MOTHER, &["renounce", &parent]), "not_yours");
    assert_eq!(three.done(DAUGHTER, &["renounce", &parent])["status"], "ended");
    let left = three.may(MOTHER, &["--actor", &helper.identifier]);
    assert_eq!((left.0, &left.1["reason"]), (1, &json!("under_ended")));
}

#[test]
fn a_mandate_is_disputed_and_another_is_given_notice() {
    let three = Three::new();
    let mandate = three.desk.family.mandate.to_string();
    let disputed = three.done(SON, &["dispute", &mandate, "--statement", "I never accepted this"]);
    assert_eq!(disputed["status"], "active, disputed");
    assert_eq!(three.no(SON, &["dispute", &mandate, "--dismiss"]), "not_yours");
    assert_eq!(three.no(MOTHER, &["dispute", &mandate]), "move");
    let kept = three.done(MOTHER, &["receipt", "get", disputed["id"].as_str().unwrap()]);
    assert!(!kept["receipt"]["entries"].to_string().is_empty());

    let given = three.done(MOTHER, &["grant", "--to", &three.daughter.identifier, "--scope", "tax"]);
    three.done(DAUGHTER, &["accept", &id_of(&given)]);
    let ends = three.done(MOTHER, &["revoke", &id_of(&given), "--from", "2999-01-01"]);
    assert_eq!(ends["status"], "active");
    assert_eq!(three.may(DAUGHTER, &[]).0, 0);
    let today = ["revoke", &id_of(&given), "--from", "2020-01-01"];
    assert_eq!(three.run(MOTHER, &today).0, 1, "it does not end in the past");
    assert_eq!(three.done(MOTHER, &["revoke", &id_of(&given)])["status"], "ended");
}

#[test]
fn a_decision_is_decided_again() {
    let three = Three::new();
    let (family, son) = (&three.desk.family, three.desk.family.son.identifier.as_str());
    let (yes, again) = (three.desk.path("yes.json"), three.desk.path("again.json"));
    let what = ["--subject", "me", "--actor", son, "--category", "pension", "--purpose", "read"];
    let asked = three.done(MOTHER, &[&["check", "--out", text(&yes)], &what[..]].concat());
    family.world.clock.pass(1000);
    three.done(MOTHER, &["revoke", &family.mandate.to_string()]);

    let replayed = three.done(MOTHER, &["decision", "replay", text(&yes), "--out", text(&again)]);
    assert_eq!((&replayed["same"], &replayed["decision"]), (&json!(true), &asked["decision"]));
    let offline = three.desk.offline(&["receipt", "verify", text(&again), "--json"]);
    assert_eq!((code(&offline), &json_of(&offline)["decision"]), (0, &asked["decision"]));
    let (size, at) = (asked["checkpoint"]["size"].to_string(), asked["at"].to_string());
    let typed = |size: &str| {
        let words = ["decision", "replay", "--as-of", size, "--at", &at];
        three.run(MOTHER, &[&words[..], &what[..]].concat())
    };
    let (code_then, then) = typed(&size);
    assert_eq!((code_then, &then["decision"], &then["same"]), (0, &asked["decision"], &Value::Null));
    let now = family.world.ledger.view().size().to_string();
    let (code_now, said) = typed(&now);
    assert_eq!((code_now, &said["decision"]["reason"]), (1, &json!("ended")));
    let (code_now, said) = three.run(MOTHER, &["decision", "replay", text(&yes), "--as-of", &now]);
    assert_eq!((code_now, &said["decision"]["reason"], &said["same"]), (1, &json!("ended"), &Value::Null));

    // An access was decided on by what stood before it; by now the mandate has ended.
    let logged = three.desk.path("access.json");
    let words = ["access", "--subject", son, "--source", "me", "--category", "pension", "--purpose", "read"];
    let (code_access, access) = three.run(MOTHER, &[&words[..], &["--out", text(&logged)]].concat());
    let (code_again, again) = three.run(MOTHER, &["decision", "replay", text(&logged)]);
    assert_eq!((code_access, code_again, &again["decision"]), (1, 1, &access["decision"]));
    assert_eq!(again["same"], json!(true));

    // A receipt that was changed, one of something else, and words that are missing.
    let changed = std::fs::read_to_string(&yes).unwrap().replace("\"permit\":true", "\"permit\":false");
    let bad = three.desk.path("bad.json");
    std::fs::write(&bad, changed).unwrap();
    assert_eq!(three.no(MOTHER, &["decision", "replay", text(&bad)]), "malformed");
    let status = three.desk.path("status.json");
    three.done(MOTHER, &["receipt", "get", &family.mandate.to_string(), "--out", text(&status)]);
    let (code_other, said) = three.run(MOTHER, &["decision", "replay", text(&status)]);
    assert_eq!((code_other, &said["error"]), (2, &json!("other_question")));
    let (words, key) = (["decision", "replay", "--as-of", "9"], text(&three.keys[MOTHER]));
    assert_eq!(code(&three.desk.online(&[&words[..], &["--key", key]].concat())), 2);

    // What it rested on is gone: it could not be told, and the receipt holds by itself.
    family.stub.lie(|path, reply| {
        if path.starts_with("/v1/checks?as_of") { problem(409, "evidence_erased") } else { reply }
    });
    let (code_erased, said) = three.run(MOTHER, &["decision", "replay", text(&yes)]);
    assert_eq!((code_erased, &said["error"]), (2, &json!("evidence_erased")));
    assert!(said["detail"].as_str().unwrap().ends_with("it says yes."), "{said}");
}

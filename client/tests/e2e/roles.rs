//! Goal: an institution gives an officer a role until a time, by the command alone: they record what a citizen wishes until then, and
//! not after. Method: the program itself, one key file each, and a ledger whose clock is moved on.

use super::command::{Desk, code, json_of, second_key_of, text};
use procura_ledger::Clock as _;
use serde_json::Value;
use std::path::Path;

fn run(desk: &Desk, key: &Path, words: &[&str]) -> (i32, Value) {
    let output = desk.online(&[words, &["--trust-first", "--json", "--key", text(key)]].concat());
    (code(&output), json_of(&output))
}

fn done(desk: &Desk, key: &Path, words: &[&str]) -> Value {
    let (code, said) = run(desk, key, words);
    assert_eq!(code, 0, "{words:?}: {said}");
    said
}

fn of<'a>(said: &'a Value, name: &str) -> &'a str {
    said[name].as_str().unwrap_or_else(|| panic!("no {name} in {said}"))
}

/// A role with its key, as town and officer make it between them.
fn officer(desk: &Desk, town: &Path, until_ms: u64) -> (String, std::path::PathBuf) {
    let until = until_ms.to_string();
    let given = done(desk, town, &["role", "give", "--until", &until, "--counter", "--name", "Desk 3"]);
    let (role, nonce) = (of(&given, "id"), of(&given, "nonce"));
    let key = desk.path(&format!("officer-{until}"));
    let made = done(desk, &key, &["key", "new", "--plain"]);
    let proof = done(desk, &key, &["key", "possession", "--party", role, "--nonce", nonce]);
    let (x, pop) = (of(&made["jwk"], "x"), of(&proof, "pop"));
    let words = ["role", "key", role, "--public-key", x, "--nonce", nonce, "--pop", pop];
    let bound = done(desk, town, &words);
    done(desk, &key, &["key", "bind", "--party", role, "--kid", of(&bound, "id")]);
    (role.to_owned(), key)
}

#[test]
fn an_officer_records_until_the_role_is_over() {
    let desk = Desk::new();
    let world = &desk.family.world;
    let town = world.institution("kbo:0202239951", &["counter"]);
    let town = second_key_of(&desk, &town, "town", [0x70; 32]);
    let now = world.clock.now().0;
    let (short, key) = officer(&desk, &town, now + 120_000);
    let (long, key_of_long) = officer(&desk, &town, now + 3_600_000);
    let (mother, son) = (&desk.family.mother.identifier, &desk.family.son.identifier);
    let wish = ["consent", "--of", mother, "--to", son, "--scope", "tax", "--purpose", "read", "--spoken"];
    let recorded = done(&desk, &key, &wish);
    let stands = || {
        let listed = done(&desk, &town, &["role", "list"]);
        let roles = listed["roles"].as_array().unwrap().clone();
        roles.iter().map(|role| of(role, "stands").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(stands(), ["active", "active"]);

    world.clock.pass(120_000);
    let (code, refused) = run(&desk, &key, &wish);
    assert_eq!((code, of(&refused, "error")), (1, "party_not_active"), "{refused}");
    done(&desk, &key_of_long, &wish);
    // What was recorded before verifies.
    let receipt = desk.path("receipt");
    done(&desk, &town, &["receipt", "get", of(&recorded, "id"), "--out", text(&receipt)]);
    assert_eq!(done(&desk, &town, &["receipt", "verify", text(&receipt)])["status"], "active");

    let receipt = desk.path("receipt of the role");
    done(&desk, &town, &["receipt", "get", &short, "--out", text(&receipt)]);
    let (code, over) = run(&desk, &town, &["receipt", "verify", text(&receipt)]);
    assert_eq!((code, of(&over, "status")), (1, "active"), "nobody ended it, but it is over");

    // The other is ended before its time, and nothing else by mistake.
    let (code, refused) = run(&desk, &town, &["role", "end", of(&recorded, "id")]);
    assert_eq!((code, of(&refused, "error")), (1, "not_a_role"));
    done(&desk, &town, &["role", "end", &long]);
    let (code, refused) = run(&desk, &key_of_long, &wish);
    assert_eq!((code, of(&refused, "error")), (1, "party_not_active"), "{refused}");
    let (code, refused) = run(&desk, &town, &["role", "give", "--until", "2020-01-01T00:00"]);
    assert_eq!((code, of(&refused, "error")), (1, "until"));
    assert_eq!(stands(), ["over", "ended"]);
}

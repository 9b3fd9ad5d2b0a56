//! Goal: a key that counts adds that of another device, and with it nothing else. Method: the command, with a home for each device; each
//! step has its twin that is refused, and adds nothing.

use super::command::{Desk, code, json_of, second_key_of, text};
use procura_core::{Hash, b64};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

/// One device: the command with its key and its own home.
fn run(desk: &Desk, key: &Path, words: &[&str]) -> Output {
    let home = key.with_extension("home");
    desk.online(&[words, &["--trust-first", "--json", "--key", text(key), "--home", text(&home)]].concat())
}

fn done(desk: &Desk, key: &Path, words: &[&str]) -> Value {
    let output = run(desk, key, words);
    assert_eq!(code(&output), 0, "{output:?}");
    json_of(&output)
}

fn refused(desk: &Desk, key: &Path, words: &[&str]) -> (i32, String) {
    let output = run(desk, key, words);
    (code(&output), json_of(&output)["error"].as_str().unwrap_or("none").to_owned())
}

fn said(output: &Value, member: &str) -> String {
    output[member].as_str().unwrap().to_owned()
}

/// One bit of a byte of an answer.
fn flipped(address: &str, at: usize) -> String {
    let (before, behind) = address.split_once("#add=").unwrap();
    let mut bytes = b64::decode(behind).unwrap();
    bytes[at] ^= 1;
    format!("{before}#add={}", b64::encode(&bytes))
}

#[test]
fn a_device_that_signs_adds_another_which_signs_at_once() {
    let desk = Desk::new();
    let first = second_key_of(&desk, &desk.family.mother, "laptop", [0x5E; 32]);
    let size = || desk.family.world.ledger.view().size();
    let new = |name: &str| {
        let path = desk.path(name);
        done(&desk, &path, &["key", "new", "--plain", "--name", name]);
        path
    };
    let second = new("phone");
    let before = size();
    let invitation = said(&done(&desk, &first, &["key", "invite"]), "address");
    let answered = done(&desk, &second, &["key", "join", &invitation]);
    let (answer, kid) = (said(&answered, "address"), said(&answered, "kid"));

    let no = |name: &str| (1, name.to_owned());
    assert_eq!(refused(&desk, &second, &["key", "add", &answer, "--yes"]).1, "key_not_registered");
    assert_eq!(refused(&desk, &first, &["key", "add", &invitation, "--yes"]), no("answer"));
    assert_eq!(refused(&desk, &first, &["key", "add", &flipped(&answer, 50), "--yes"]), no("possession"));
    assert_eq!(
        refused(&desk, &first, &["key", "add", &flipped(&answer, 0), "--yes"]),
        no("other_invitation")
    );
    assert_eq!(refused(&desk, &first, &["key", "add", &flipped(&answer, 107), "--yes"]), no("late"));
    // Before it is signed, it is shown; a device that somebody put in between shows other digits.
    let preview = done(&desk, &first, &["key", "add", &answer]);
    assert_eq!((said(&preview, "digits"), said(&preview, "kid")), (said(&answered, "digits"), kid.clone()));
    let between = done(&desk, &new("thief"), &["key", "join", &invitation]);
    let seen = done(&desk, &first, &["key", "add", &said(&between, "address")]);
    assert_ne!(said(&seen, "digits"), said(&answered, "digits"));
    assert_eq!(size(), before, "nothing was handed in");

    assert_eq!(said(&done(&desk, &first, &["key", "add", &answer, "--yes"]), "kid"), kid);
    let id: Hash = kid.parse().unwrap();
    assert!(desk.family.world.ledger.view().status(&id).unwrap().unwrap().permits());
    // Once, and for one.
    assert_eq!(refused(&desk, &first, &["key", "add", &answer, "--yes"]), no("known_key"));
    let other = said(&between, "address");
    assert_eq!(refused(&desk, &first, &["key", "add", &other, "--yes"]), no("no_invitation"));
    done(&desk, &first, &["key", "invite"]);
    assert_eq!(refused(&desk, &first, &["key", "add", &other, "--yes"]), no("other_invitation"));

    let party = said(&answered, "party");
    done(&desk, &second, &["key", "bind", "--party", &party, "--kid", &kid]);
    let ended = done(&desk, &second, &["revoke", &desk.family.mandate.to_string()]);
    assert_eq!(ended["status"], json!("ended"));
    assert_eq!(refused(&desk, &second, &["key", "join", &invitation]), no("key_registered"));
}

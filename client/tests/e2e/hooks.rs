//! Goal: from the command line an organisation says where it is told, sees that, and ends it; nobody else does. Method: the
//! program itself with an organisation's key file, and a person's, against a server in this process.

use super::command::{Desk, code, json_of, second_key_of, text};
use serde_json::{Value, json};
use std::path::Path;

fn said(desk: &Desk, key: &Path, words: &[&str]) -> (i32, Value) {
    let output = desk.online(&[words, &["--trust-first", "--json", "--key", text(key)]].concat());
    (code(&output), json_of(&output))
}

#[test]
fn hooks_are_added_listed_and_ended() {
    let desk = Desk::new();
    let office = desk.family.world.organisation("0440966354");
    let key = second_key_of(&desk, &office, "office", [0x61; 32]);
    let url = |n: u64| format!("https://office.example/{n}");
    for n in 1..=4 {
        let (code, added) = said(&desk, &key, &["hook", "add", &url(n)]);
        assert_eq!((code, &added["number"], &added["url"]), (0, &json!(n), &json!(url(n))), "{added}");
    }
    let error = |words: &[&str]| {
        let (code, said) = said(&desk, &key, words);
        assert_eq!(code, 1, "{said}");
        said["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error(&["hook", "add", &url(5)]), "number_taken");
    assert_eq!(error(&["hook", "add", &url(5), "--number", "2"]), "number_taken", "the ledger says so too");
    for bad in [
        "http://office.example/",
        "https://office.example",
        "https://a:b@office.example/",
        "https://office.example/?key=1",
    ] {
        assert_eq!(error(&["hook", "add", bad]), "hook_url", "{bad}");
    }
    let (code, ended) = said(&desk, &key, &["hook", "end", "2"]);
    assert_eq!((code, &ended["status"]), (0, &json!("ended")), "{ended}");
    assert_eq!(error(&["hook", "end", "2"]), "unknown_target");
    let (_, added) = said(&desk, &key, &["hook", "add", &url(6)]);
    assert_eq!(added["number"], 2, "the first that is free");
    let (_, listed) = said(&desk, &key, &["hook", "list"]);
    let urls: Vec<_> = listed["hooks"].as_array().unwrap().iter().map(|hook| hook["url"].clone()).collect();
    assert_eq!(urls, [url(1), url(6), url(3), url(4)]);

    let person = second_key_of(&desk, &desk.family.mother, "mother", [0x62; 32]);
    assert_eq!(said(&desk, &person, &["hook", "add", &url(1)]).1["error"], "not_yours");
}

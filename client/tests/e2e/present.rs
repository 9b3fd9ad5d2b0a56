//! Goal: a mandate is shown to who asks for it, by a party of it, once, and with it nothing that they did not ask for. Method: the
//! command, with a home for the verifier and keys of the holders; each success has its twin that is refused.

use super::command::{Desk, code, json_of, second_key_of, text};
use procura_client::Shown;
use procura_client::present::{Challenges, NotTaken, Which};
use procura_client::store::MemoryStore;
use procura_core::draft::Draft;
use procura_core::key::SoftKey;
use procura_core::presentation::{Challenge, PresentationError};
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock as _};
use procura_tests::world::Actor;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

const PHARMACY: &str = "https://pharmacy.example";

/// Asks, as the pharmacy; the challenge is then in a file.
fn asked(desk: &Desk, name: &str, more: &[&str]) -> PathBuf {
    let path = desk.path(name);
    let words = ["present", "ask", "--as", PHARMACY, "--trust-first", "--out", text(&path)];
    let asked = desk.online(&[&words, more].concat());
    assert_eq!(code(&asked), 0, "{asked:?}");
    path
}

fn make(desk: &Desk, key: &Path, challenge: &str, id: &str, out: &Path) -> Output {
    let words = ["present", "make", challenge, id, "--yes", "--json", "--out", text(out)];
    desk.online(&[&words[..], &["--trust-first", "--key", text(key)]].concat())
}

fn verify(desk: &Desk, shown: &Path) -> Output {
    desk.offline(&["present", "verify", text(shown), "--json"])
}

fn refusal(output: &Output) -> (i32, String) {
    (code(output), json_of(output)["error"].as_str().unwrap_or("none").to_owned())
}

fn no(name: &str) -> (i32, String) {
    (1, name.to_owned())
}

#[test]
fn a_mandate_is_shown_once_and_nothing_else_is() {
    let desk = Desk::new();
    let world = &desk.family.world;
    let (phone, id) =
        (second_key_of(&desk, &desk.family.mother, "phone", [0x5E; 32]), desk.family.mandate.to_string());
    let (challenge, shown) =
        (asked(&desk, "challenge.json", &["--qr", text(&desk.path("ask.svg"))]), desk.path("shown.json"));
    assert!(std::fs::read_to_string(desk.path("ask.svg")).unwrap().contains("<svg"));

    // Before anything is signed, it is said who asks, and what they learn.
    let words = ["present", "make", text(&challenge), &id, "--trust-first", "--key", text(&phone)];
    let preview = String::from_utf8(desk.online(&words).stdout).unwrap();
    assert!(
        preview.contains(PHARMACY) && preview.contains("Everything that may be withheld is."),
        "{preview}"
    );
    assert!(!shown.exists());

    let made = make(&desk, &phone, text(&challenge), &id, &shown);
    assert_eq!((code(&made), &json_of(&made)["side"]), (0, &json!("mandator")), "{made:?}");
    // Of what is withheld not a byte is there: her number and name, and what the mandate is filed under.
    let handed_over = std::fs::read_to_string(&shown).unwrap();
    let read =
        world.ledger.view().receipt(&desk.family.mandate, &Ask::now(Audience::Auditor)).unwrap().unwrap();
    let withheld: Vec<_> = read
        .entries
        .iter()
        .filter_map(|entry| entry.sealed.as_ref())
        .flat_map(|sealed| &sealed.disclosures)
        .collect();
    assert!(withheld.len() > 5);
    assert!(withheld.iter().all(|disclosure| !handed_over.contains(disclosure.as_str())));

    let taken = verify(&desk, &shown);
    assert_eq!(code(&taken), 0, "{taken:?}");
    let found = json_of(&taken);
    assert_eq!(
        (&found["party"], &found["by"]),
        (&json!(desk.family.mother.party), &json!(desk.family.mother.party))
    );
    assert_eq!((&found["disclosed"], &found["trial"]), (&json!({}), &json!(true)));
    assert_eq!(refusal(&verify(&desk, &shown)), no("challenge_not_open"), "a second time");

    // Elsewhere nobody asked for it.
    let elsewhere = desk.path("elsewhere");
    let there = desk.offline(&["present", "verify", text(&shown), "--json", "--home", text(&elsewhere)]);
    assert_eq!(refusal(&there), no("challenge_not_open"));
}

#[test]
fn what_is_asked_for_is_shown_and_answered() {
    let desk = Desk::new();
    let (phone, id) =
        (second_key_of(&desk, &desk.family.son, "phone", [0x5F; 32]), desk.family.mandate.to_string());
    let shown = desk.path("shown.json");
    let show = ["--show", "reference", "--show", "identifier"];
    let question = ["--category", "pension.file", "--purpose", "read"];
    let challenge = asked(&desk, "all.json", &[show, question].concat());
    let made = make(&desk, &phone, text(&challenge), &id, &shown);
    assert_eq!(code(&made), 0, "{made:?}");
    let taken = json_of(&verify(&desk, &shown));
    assert_eq!(taken["disclosed"][&id]["reference"], "file 7");
    assert_eq!(
        taken["disclosed"][desk.family.son.party.to_string()]["identifier"],
        json!(desk.family.son.identifier)
    );
    assert_eq!(taken["side"], "mandatee");

    // Its address does as well as the file; and what the mandate does not cover is not to be shown.
    let beyond = asked(&desk, "beyond.json", &["--category", "tax", "--purpose", "read"]);
    let beyond = Challenge::parse(&std::fs::read(beyond).unwrap()).unwrap().address("https://ledger.example");
    assert_eq!(refusal(&make(&desk, &phone, &beyond, &id, &shown)), no("not_permitted"));
    assert_eq!(refusal(&make(&desk, &phone, "https://ledger.example/present#AAAA", &id, &shown)).0, 1);

    // What ended can't be shown any more.
    let (world, plain) = (&desk.family.world, asked(&desk, "plain.json", &[]));
    world.append(world.transition("revocation", &desk.family.mother, &desk.family.mandate));
    assert_eq!(refusal(&make(&desk, &phone, text(&plain), &id, &shown)), no("ended"));
}

/// What the ledger was not given, or keeps out, is a no for whoever holds it, and leaves the challenge open.
#[test]
fn what_was_withdrawn_in_hand_is_not_taken() {
    let desk = Desk::new();
    let (world, family) = (&desk.family.world, &desk.family);
    let (phone, shown) = (second_key_of(&desk, &family.son, "phone", [0x61; 32]), desk.path("shown.json"));
    let question = ["--category", "pension.file", "--purpose", "read"];
    let challenge = asked(&desk, "challenge.json", &question);
    let made = make(&desk, &phone, text(&challenge), &family.mandate.to_string(), &shown);
    assert_eq!(code(&made), 0, "{made:?}");
    let verify_with = |name: &str, held: String| {
        let path = desk.path(name);
        std::fs::write(&path, held).unwrap();
        let words = ["present", "verify", text(&shown), "--json", "--with-revocation", text(&path)];
        refusal(&desk.offline(&words))
    };
    let of = |by: &Actor, target: &Hash| world.transition("revocation", by, target).record;
    let withdrawn = verify_with("revocation", of(&family.mother, &family.mandate));
    assert_eq!(withdrawn, no("revocation_in_hand"));
    // Nobody can say who gave it but who did; nor is it about another mandate.
    let not_hers = verify_with("not-hers", of(&family.son, &family.mandate));
    assert_eq!(not_hers, (2, "not_allowed".to_owned()));
    let other = world.append(world.mandate(&family.mother, &family.son.party, &["tax"])).id;
    let of_another = verify_with("of-another", of(&family.mother, &other));
    assert_eq!(of_another, (2, "other_target".to_owned()));
    assert_eq!(code(&verify(&desk, &shown)), 0);
    // What is taken already is not looked at any more.
    let again = verify_with("again", of(&family.mother, &family.mandate));
    assert_eq!(again, no("challenge_not_open"));
}

/// The key that showed it may have ended too: its receipt is in the presentation, where the mandate's does not show it.
#[test]
fn what_ended_a_key_in_hand_is_held_against_what_it_showed() {
    let desk = Desk::new();
    let (world, family) = (&desk.family.world, &desk.family);
    let (phone, shown) = (second_key_of(&desk, &family.son, "phone", [0x62; 32]), desk.path("shown.json"));
    let challenge = asked(&desk, "challenge.json", &[]);
    let made = make(&desk, &phone, text(&challenge), &family.mandate.to_string(), &shown);
    assert_eq!(code(&made), 0, "{made:?}");
    let key: Value = serde_json::from_slice(&std::fs::read(&phone).unwrap()).unwrap();
    let kid: Hash = key["kid"].as_str().unwrap().parse().unwrap();
    let end = Draft::on("key-end", &world.occasion(), &kid).member("reason", json!("lost"));
    let end = end.sign(&family.son.kid, family.son.key.as_ref()).unwrap();
    let path = desk.path("end");
    std::fs::write(&path, end.record).unwrap();
    let words = ["present", "verify", text(&shown), "--json", "--with-revocation", text(&path)];
    assert_eq!(refusal(&desk.offline(&words)), no("revocation_in_hand"));
    assert_eq!(code(&verify(&desk, &shown)), 0);
}

#[test]
fn what_ends_soon_is_shown_with_its_notice() {
    let desk = Desk::new();
    let (world, family) = (&desk.family.world, &desk.family);
    let (phone, shown) = (second_key_of(&desk, &family.son, "phone", [0x60; 32]), desk.path("shown.json"));
    let end = Millis(world.clock.now().0 + 3_600_000);
    let notice = Draft::on("revocation", &world.occasion(), &family.mandate).member("effective", json!(end));
    world.append(notice.sign(&family.mother.kid, family.mother.key.as_ref()).unwrap());
    let challenge = asked(&desk, "challenge.json", &[]);
    let made = make(&desk, &phone, text(&challenge), &family.mandate.to_string(), &shown);
    assert_eq!(code(&made), 0, "{made:?}");
    assert_eq!(code(&verify(&desk, &shown)), 0);
}

/// An office's clerk has no list of the office's: who shows them its mandate gives them the address.
#[test]
fn a_clerk_shows_the_office_s_mandate_in_a_role() {
    let desk = Desk::new();
    let (world, family) = (&desk.family.world, &desk.family);
    let office = world.institution("kbo:0308357159", &[]);
    let clerk = world.role(&office, &[]);
    let given = world.append(world.mandate(&family.mother, &office.party, &["tax"])).id;
    world.append(world.transition("acceptance", &office, &given));
    let logged = world.ledger.view().record(&given).unwrap().unwrap().logged;
    let address = Shown::of(given, &logged.opened.as_ref().unwrap().r);

    let store = Arc::new(MemoryStore::new());
    let client = family.stub.client(&clerk, store);
    let challenge = Challenge {
        origin: client.policy().origin.clone(),
        aud: PHARMACY.parse().unwrap(),
        nonce: Hash([9; 32]),
        show: [].into(),
        question: None,
    };
    let challenges = Challenges::in_folder(&desk.path("challenges"));
    challenges.open(&challenge).unwrap();
    let shown = client.present(&Which::Address(address), &challenge).unwrap();
    assert_eq!((shown.found.party(), shown.found.by()), (&office.party, &clerk.party));
    let bytes = shown.presentation.to_json();
    let taken = challenges.take(bytes.as_bytes(), client.policy(), client.now()).unwrap();
    assert_eq!(taken.side().name(), "mandatee");
    assert!(matches!(
        challenges.take(bytes.as_bytes(), client.policy(), client.now()),
        Err(NotTaken::NotOpen)
    ));

    // A clerk of another office is no party of it; and what fails leaves the challenge open.
    let other = world.role(&world.institution("kbo:0202239951", &[]), &[]);
    let other = family.stub.client(&other, Arc::new(MemoryStore::new()));
    challenges.open(&challenge).unwrap();
    let refused = other.present(&Which::Address(address), &challenge).unwrap_err();
    assert_eq!(refused.name(), "not_a_party");
    let thief = Actor { key: Arc::new(SoftKey::from_seed(&[0x77; 32])), ..clerk };
    let forged = shown
        .presentation
        .parts
        .clone()
        .sign(&challenge, &thief.kid, thief.key.as_ref(), client.now())
        .unwrap();
    let forged = challenges.take(forged.to_json().as_bytes(), client.policy(), client.now());
    assert!(matches!(forged, Err(NotTaken::Refused(PresentationError::Signature(_)))), "{forged:?}");
    challenges.take(bytes.as_bytes(), client.policy(), client.now()).unwrap();
}

//! Whose key it is, and how that stands.

use super::truths::{event, second_key};
use super::{Stage, Trial};
use crate::hostile::Liar;
use crate::world::Actor;
use procura_core::Hash;
use procura_core::draft::Draft;
use procura_core::presentation::Parts;
use procura_core::receipt::Question;
use serde_json::json;

/// The end of a key, signed by itself.
fn end(stage: &Stage, key: &Actor) {
    let draft = Draft::on("key-end", &stage.world.occasion(), &key.kid).member("reason", json!("lost"));
    stage.world.append(draft.sign(&key.kid, key.key.as_ref()).unwrap());
}

pub(super) fn trials() -> Vec<Trial> {
    let stage = Stage::new();
    let (mother, son, given) = stage.family();
    let (phone, stranger) = (second_key(&stage, &son), stage.world.person("90010100123"));
    let with_key = |holder: &Actor, key: &Hash, reader: &Actor| {
        let parts = Parts { key: Some(stage.receipt(key, reader)), ..stage.parts(&given, &son) };
        stage.made(parts, holder, &stage.challenge, &son.party)
    };
    let forged = Actor { key: stranger.key.clone(), ..son.clone() };
    let no_key = Actor { kid: mother.party, ..son.clone() };
    let mut trials = vec![
        stage.told(
            ["key-unseen", "A key of the mandatee's that no receipt shows.", "missing_record"],
            &stage.made(stage.parts(&given, &son), &phone, &stage.challenge, &son.party),
        ),
        stage.told(
            [
                "key-of-another",
                "The receipt beside is of another key than the one that signed.",
                "other_question",
            ],
            &with_key(&son, &phone.kid, &son),
        ),
        stage.told(
            ["no-key", "The key binding names a party in the place of a key.", "unknown_key"],
            &stage.shown(&given, &no_key),
        ),
        stage.told(
            ["forged", "Somebody else signs, and names the mandatee's key.", "kb_signature"],
            &stage.shown(&given, &forged),
        ),
        stage.told(
            ["stranger", "Somebody else signs, with their own key and its receipt.", "not_a_party"],
            &with_key(&stranger, &stranger.kid, &stranger),
        ),
    ];
    trials.push(two_histories(&stage, &given, &son, &phone));
    end(&stage, &phone);
    trials.push(stage.told(
        ["key-ended", "A key of the mandatee's that has ended.", "key_not_active"],
        &with_key(&phone, &phone.kid, &son),
    ));
    end(&stage, &son);
    trials.push(stage.told(
        ["own-key-ended", "The key that accepted the mandate, and has ended since.", "key_not_active"],
        &stage.shown(&given, &son),
    ));
    [trials, suspended(), dead()].concat()
}

fn suspended() -> Vec<Trial> {
    let stage = Stage::new();
    let (_, son, given) = stage.family();
    let phone = second_key(&stage, &son);
    let suspension = |lift: bool, by: &Actor| {
        let draft = Draft::on("suspension", &stage.world.occasion(), &son.kid);
        let draft = if lift { draft.member("lift", json!(true)) } else { draft };
        stage.world.append(draft.sign(&by.kid, by.key.as_ref()).unwrap());
    };
    suspension(false, &phone);
    let out = stage.told(
        ["key-suspended", "The key is out of force for now.", "key_not_active"],
        &stage.shown(&given, &son),
    );
    suspension(true, &stage.world.registrar);
    let unseen = stage.told(
        [
            "key-lifted-unseen",
            "The key is in force again, by an item that the receipt does not open.",
            "missing_record",
        ],
        &stage.shown(&given, &son),
    );
    let seen = Parts { key: Some(stage.receipt(&son.kid, &son)), ..stage.parts(&given, &son) };
    let seen = stage.made(seen, &son, &stage.challenge, &son.party);
    vec![out, unseen, stage.told(["key-lifted", "The same with the key's own receipt.", "accept"], &seen)]
}

fn dead() -> Vec<Trial> {
    let (stage, other) = (Stage::new(), Stage::new());
    let (_, son, given) = stage.family();
    let authority = stage.world.institution("kbo:0202239951", &["authority"]);
    event(&stage, &authority, &son, "death");
    let dead = stage.shown(&given, &son);
    let (mother, his, hers) = other.family();
    let authority = other.world.institution("kbo:0202239951", &["authority"]);
    event(&other, &authority, &mother, "death");
    vec![
        stage.told(
            [
                "holder-dead",
                "The mandatee has died, and his phone is with somebody else.",
                "party_not_active",
            ],
            &dead,
        ),
        other.told(["mandator-dead", "The mandator has died.", "lapsed"], &other.shown(&hers, &his)),
    ]
}

/// The mandate's receipt from one history and the key's from another, both signed by the log's key at one size.
fn two_histories(stage: &Stage, given: &Hash, son: &Actor, phone: &Actor) -> Trial {
    let mut liar = Liar::copy(&stage.world);
    let note = |text: &str| {
        let draft = Draft::new("note", &stage.world.occasion()).member("text", json!(text));
        draft.sign(&son.kid, son.key.as_ref()).unwrap()
    };
    liar.log(&note("one"), None, &[]);
    liar.commit();
    stage.world.append(note("other"));
    let key = liar.receipt(&Question::Status { id: phone.kid, through: None, as_of: None });
    let parts = Parts { key: Some(key), ..stage.parts(given, son) };
    assert_eq!(liar.rows.len() as u64, stage.world.ledger.view().size().0);
    let made = stage.made(parts, phone, &stage.challenge, &son.party);
    stage.told(["two-histories", "Two receipts of one size, with two roots.", "fork"], &made)
}

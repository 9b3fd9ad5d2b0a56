//! Goal: what waits for somebody is listed, nothing else is; a block hides what the blocked one asks for as long as it is in force, and tells
//! them nothing. Method: the command, for a mother whom her son asks and offers mandates, against a server in this process.

use super::steps::{MOTHER, SON, Three};
use super::stub::Family;
use procura_client::Filed;
use procura_core::draft::Draft;
use procura_core::{Hash, Millis};
use procura_ledger::Clock as _;
use serde_json::{Value, json};

fn waiting(three: &Three) -> Vec<Value> {
    let said = three.done(MOTHER, &["records", "--waiting"]);
    said["records"].as_array().unwrap().iter().map(|record| record["id"].clone()).collect()
}

/// The son asks by name to see tax data; the request's id.
fn ask(three: &Three) -> Value {
    let mother = three.desk.family.mother.identifier.clone();
    three.done(SON, &["request", "--of", &mother, "--scope", "tax", "--purpose", "read"])["id"].clone()
}

#[test]
fn a_block_takes_requests_from_what_waits_until_it_is_revoked() {
    let three = Three::new();
    assert_eq!(waiting(&three), [] as [Value; 0]);
    let (first, second) = (ask(&three), ask(&three));
    assert_eq!(waiting(&three), [first.clone(), second.clone()]);
    // Those who ask are not those who are asked.
    assert_eq!(three.done(SON, &["records", "--waiting"])["records"], json!([]));

    let block = three.done(MOTHER, &["answer", first.as_str().unwrap(), "--block"])["block"].clone();
    assert_eq!(waiting(&three), [] as [Value; 0], "what was asked before waits no more either");
    let third = ask(&three);
    assert_eq!(waiting(&three), [] as [Value; 0]);
    // Nobody looks at it, and it stands as any that nobody looked at; nothing in the son's list says why.
    let his = three.done(SON, &["records"]);
    let his = his["records"].as_array().unwrap();
    assert!(his.iter().any(|record| record["id"] == third && record["status"] == "active"));
    assert!(!his.iter().any(|record| record["id"] == block || record["kind"] == "block"));

    // With the block revoked, what was not answered waits again.
    three.done(MOTHER, &["revoke", block.as_str().unwrap()]);
    assert_eq!(waiting(&three), [second, third]);
}

#[test]
fn a_mandate_waits_for_who_takes_it_and_nothing_waits_that_is_late() {
    let family = Family::new();
    let (client, _) = family.client();
    let waiting = |now: Millis| -> Vec<Hash> {
        let all = client.records(&family.mother.party, &|_| {}).unwrap();
        let id = |filed: &Filed| filed.logged.entry.id().unwrap();
        all.waiting(now).into_iter().map(id).collect()
    };
    let now = family.world.clock.now();
    let late = Millis(now.0 + 1000);
    let log =
        |draft: Draft| family.world.append(draft.sign(&family.son.kid, family.son.key.as_ref()).unwrap()).id;
    let daughter = family.world.person("88222999936");
    let mandatees = |mut parties: [Hash; 2]| {
        parties.sort_unstable();
        json!(parties)
    };
    let offered = log(family
        .world
        .mandate_draft(&family.son, &daughter.party, &["tax"])
        .member("mandatees", mandatees([family.mother.party, daughter.party]))
        .member("answer_by", json!(late)));
    assert_eq!(waiting(now), [offered]);
    assert_eq!(waiting(Millis(late.0 - 1)), [offered]);
    assert_eq!(waiting(late), [], "too late");
    // It waits for the other mandatee then, and not for her who has signed.
    family.world.append(family.world.transition("acceptance", &family.mother, &offered));
    assert_eq!(waiting(now), []);
}

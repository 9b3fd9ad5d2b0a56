//! Story 12: an auditor finds a ledger of 5,000 entries to continue the one of 1,000 that they saw; and a server that forked is convicted by
//! two checkpoints.

use super::town::Town;
use procura_core::{Index, Size};
use serde_json::json;

/// Lets things happen until the ledger has so many entries.
fn grows_to(town: &Town, size: u64) {
    while town.world.ledger.view().size() < Size(size) {
        town.happens();
    }
    assert_eq!(town.world.ledger.view().size(), Size(size));
}

#[test]
fn five_thousand_entries_continue_a_thousand_and_a_fork_is_convicted_by_two_checkpoints() {
    let (mut town, other) = (Town::new(), Town::new());
    grows_to(&town, 800);
    grows_to(&other, 800);
    assert_eq!(town.world.ledger.view().root(), other.world.ledger.view().root());
    other.revoke();
    grows_to(&town, 1_000);
    for who in ["auditor", "sleeper"] {
        let first = town.types(who, &["monitor", "--once"]);
        assert_eq!(first.is_yes().json["size"], 1_000);
    }
    grows_to(&town, 5_000);
    let proven = town.types("auditor", &["prove", "consistency"]);
    let (from, size) = (&proven.is_yes().json["from"], &proven.json["size"]);
    assert_eq!((from, size, &proven.json["from_seen_before"]), (&json!(1_000), &json!(5_000), &json!(true)));
    let watched = town.types("auditor", &["monitor", "--once", "--entries"]);
    assert_eq!(
        (&watched.is_yes().json["size"], watched.json["commits"].as_u64().unwrap() > 2_000),
        (&json!(5_000), true)
    );
    assert!(town.evidence_of("auditor").is_none());

    grows_to(&other, 5_000);
    let place = Index(998);
    let entry = |town: &Town| town.world.ledger.view().entry(place).unwrap().unwrap();
    assert_ne!(entry(&town), entry(&other));
    town.server.turn_to(&other.world);
    // Who has seen 5,000 is shown 5,000 others; who has seen 1,000 is shown 5,000 that begin otherwise.
    for (who, words) in [("auditor", &["prove", "consistency"][..]), ("sleeper", &["monitor", "--once"])] {
        let said = town.types(who, words);
        assert_eq!((said.code != 0, &said.json["error"]), (true, &json!("fork")), "{said:?}");
        town.convicts(who).is_proven("fork");
    }
}

//! Somebody's data go, and the ledger still proves.

use super::desk::{Desk, Terms, may};
use procura_core::decide::Reason;
use procura_core::status::Status;
use procura_core::{Hash, Index};
use procura_tests::world::World;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[test]
fn story_13_what_is_erased_is_unreadable_and_still_in_the_log_and_what_must_be_kept_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::over(World::in_folder(&folder.path().join("ledger")));
    let (mother, son) = (desk.world.person("48031500292"), desk.world.person("75061200192"));
    let terms =
        Terms { catalogue: desk.world.catalogue, scopes: &["pension"], from: "2026-11-23", until: None };
    let pensions = may(&son, "pension.file", &mother, "read");
    let (first, second) = (desk.mandate(&mother, &son, &terms), desk.mandate(&mother, &son, &terms));
    let yes = desk.says(&pensions, Reason::Mandate);
    let index = desk.world.ledger.view().record(&first).unwrap().unwrap().logged.index;

    // Who would be told: those in whose lists it stands.
    let parties = |id: &Hash| desk.world.ledger.view().parties_of(id).unwrap().unwrap();
    let erasure = |id: &Hash, parties: &BTreeSet<Hash>| {
        desk.draft("erasure").member("targets", json!([id])).member("parties", json!(parties))
    };
    assert_eq!(desk.refused(&desk.authority, erasure(&first, &parties(&first))), "in_force");
    assert_eq!(desk.act(&mother, "revocation", &first), Status::ENDED);
    assert_eq!(desk.act(&mother, "revocation", &second), Status::ENDED);
    assert_eq!(desk.refused(&mother, erasure(&first, &parties(&first))), "not_yours");
    let hold = desk.draft("retention").member("targets", json!([second]));
    let (hold, _) = desk.log(&desk.authority, hold);
    assert_eq!(desk.refused(&desk.authority, erasure(&second, &parties(&second))), "legal_hold");

    let (erased, _) = desk.log(&desk.authority, erasure(&first, &parties(&first)));
    let started = Instant::now();
    while desk.world.ledger.view().record(&first).unwrap().unwrap().logged.opened.is_some() {
        assert!(started.elapsed() < Duration::from_secs(60), "not erased");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Unreadable, to those whom it concerned as well; the other is as it was.
    let gone = desk.client(&mother).status(&first).unwrap_err();
    assert_eq!(gone.name(), "not_found");
    assert_eq!(desk.status(&mother, &second), Status::ENDED);
    // That it stands there is proven still, and the receipt that was kept proves what it proved.
    inclusion(&desk, index);
    desk.still_proves(&yes);
    assert!(desk.lists(&mother, &erased) && desk.lists(&son, &erased), "both see who erased something");
    assert!(
        desk.lists(&mother, &first),
        "and their lists are complete: the entry is there, without its body"
    );
    // What was decided then cannot be made up again.
    let replay = desk.replay(&pensions, yes.size, yes.at).unwrap_err();
    assert_eq!(replay.name(), "evidence_erased");
    desk.says(&pensions, Reason::Ended);

    // Once nothing asks for it any more the other goes too.
    assert_eq!(desk.act(&desk.authority, "revocation", &hold), Status::ENDED);
    desk.log(&desk.authority, erasure(&second, &parties(&second)));
}

/// Anybody proves from public tiles that the entry is in the log.
fn inclusion(desk: &Desk, index: Index) {
    let client = desk.client(&desk.institution);
    let proven = client.inclusion(index);
    assert!(proven.is_ok(), "{proven:?}");
}

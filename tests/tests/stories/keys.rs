//! A key in the wrong hands, and a body that is gone.

use super::desk::{Desk, Terms, day, may};
use procura_core::Millis;
use procura_core::decide::Reason;
use procura_core::status::Status;
use procura_tests::world::{Actor, World};
use serde_json::json;

#[test]
fn story_10_what_a_stolen_key_gave_is_void_and_what_its_holder_gave_before_is_not() {
    let desk = Desk::new();
    let mother = desk.world.person("48031500292");
    let (son, thief) = (desk.world.person("75061200192"), desk.world.person("88222999936"));
    let catalogue = desk.world.catalogue;
    let terms = |from| Terms { catalogue, scopes: &["pension"], from, until: None };
    desk.pass_to("2027-04-15");
    let in_april = desk.mandate(&mother, &son, &terms("2027-04-15"));
    desk.pass_to("2027-05-03");
    let in_may = desk.mandate(&mother, &thief, &terms("2027-05-03"));
    let undisputed = desk.mandate(&mother, &thief, &Terms { scopes: &["tax"], ..terms("2027-05-03") });
    let ask = |actor, category| may(actor, category, &mother, "read");
    let (by_son, by_thief) = (ask(&son, "pension"), ask(&thief, "pension"));
    let believed = desk.says(&by_thief, Reason::Mandate);
    desk.says(&by_son, Reason::Mandate);

    // She finds out, and says so while the key is still hers to use.
    desk.pass_to("2027-05-20");
    let step = |id, step| desk.on("dispute", id).member("step", json!(step));
    assert_eq!(desk.refused(&thief, step(&in_april, "open")), "not_yours");
    let (_, status) = desk.log(&mother, step(&in_may, "open"));
    assert_eq!(status, Status::ACTIVE.disputed().unwrap());
    let disputed = desk.says(&by_thief, Reason::Disputed);
    assert_eq!(desk.refused(&thief, step(&in_may, "dismissed")), "not_yours");
    assert_eq!(desk.refused(&mother, step(&in_may, "upheld")), "not_yours", "an authority finds that");

    let end = |since: Millis| {
        desk.on("key-end", &mother.kid)
            .member("reason", json!("compromised"))
            .member("compromised_since", json!(since))
    };
    let since = day("2027-05-01").first_instant();
    // Not as far back as that by her own word: April stays what it was.
    assert_eq!(desk.refused(&mother, end(day("2027-04-01").first_instant())), "too_far_back");
    assert_eq!(desk.refused(&thief, end(since)), "not_yours");
    assert_eq!(desk.log(&mother, end(since)).1, Status::ENDED);
    assert_eq!(desk.refused(&mother, desk.on("revocation", &in_april)), "key_not_active");

    let no = desk.says(&by_thief, Reason::Disputed);
    let void = desk.says(&ask(&thief, "tax"), Reason::SignatureVoid);
    let yes = desk.says(&by_son, Reason::Mandate);
    assert!(no.decision.evidence.contains(&in_may) && void.decision.evidence.contains(&undisputed));
    assert!(yes.decision.evidence.contains(&in_april));
    // The April grant is proven as it stands; of the others there is nothing to prove, nor to move, but that they are void.
    assert_eq!(desk.status(&son, &in_april), Status::ACTIVE);
    for id in [&in_may, &undisputed] {
        assert_eq!(desk.client(&thief).status(id).unwrap_err().name(), "signature_void");
        assert_eq!(desk.refused(&thief, desk.on("renunciation", id)), "key_compromised");
    }

    // What was believed on 3 May was right by what was known then, and the receipts of then prove it.
    desk.still_proves(&believed);
    desk.still_proves(&disputed);
    let again = desk.replay(&by_thief, believed.size, believed.at).unwrap();
    assert_eq!(again.reason, Reason::SignatureVoid, "later findings change later answers");
    desk.replays(&no);
    desk.replays(&yes);

    // With a new key, which a registrar binds and looks at again three days later, she is who she was.
    let (key, kid) = desk.bind(&desk.world.registrar, &mother.party, "recovery", "high");
    let mother = Actor { key, kid, ..mother.clone() };
    assert_eq!(desk.refused(&desk.world.registrar, desk.on("acceptance", &kid)), "key_delay");
    desk.pass_to("2027-05-24");
    assert_eq!(desk.refused(&mother, desk.on("revocation", &in_april)), "key_not_active");
    assert_eq!(desk.act(&desk.world.registrar, "acceptance", &kid), Status::ACTIVE);
    assert_eq!(desk.act(&mother, "revocation", &in_april), Status::ENDED);
    desk.says(&by_son, Reason::Ended);
}

#[test]
fn a_dispute_ends_a_grant_or_leaves_it_as_it_was() {
    let desk = Desk::new();
    let (mother, son) = (desk.world.person("48031500292"), desk.world.person("75061200192"));
    let catalogue = desk.world.catalogue;
    let terms = Terms { catalogue, scopes: &["pension"], from: "2026-11-23", until: None };
    let mandate = desk.mandate(&mother, &son, &terms);
    let pensions = may(&son, "pension", &mother, "read");
    let step = |step| desk.on("dispute", &mandate).member("step", json!(step));
    assert_eq!(desk.refused(&desk.authority, step("dismissed")), "move", "there is none");
    let disputed = Status::ACTIVE.disputed().unwrap();
    assert_eq!(desk.log(&son, step("open")).1, disputed);
    assert_eq!(desk.refused(&mother, step("open")), "move", "there is one");
    desk.says(&pensions, Reason::Disputed);
    assert_eq!(desk.log(&desk.authority, step("dismissed")).1, Status::ACTIVE);
    let between = desk.says(&pensions, Reason::Mandate);
    assert_eq!(desk.log(&mother, step("open")).1, disputed);
    assert_eq!(desk.log(&desk.authority, step("upheld")).1, Status::ENDED);
    desk.says(&pensions, Reason::Ended);
    desk.replays(&between);
}

#[test]
fn what_was_erased_is_not_decided_again_and_its_receipt_proves_it_still() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::over(World::in_folder(folder.path()));
    let (mother, son) = (desk.world.person("48031500292"), desk.world.person("75061200192"));
    let catalogue = desk.world.catalogue;
    let terms = Terms { catalogue, scopes: &["pension"], from: "2026-11-23", until: None };
    let mandate = desk.mandate(&mother, &son, &terms);
    let pensions = may(&son, "pension", &mother, "read");
    let own = desk.says(&may(&son, "pension", &son, "read"), Reason::Own);
    let yes = desk.says(&pensions, Reason::Mandate);
    desk.replays(&yes);
    let index = desk.world.ledger.view().record(&mandate).unwrap().unwrap().logged.index;

    desk.erase(folder.path(), index);
    assert_eq!(desk.replay(&pensions, yes.size, yes.at).unwrap_err().name(), "evidence_erased");
    desk.still_proves(&yes);
    desk.replays(&own);
    // Today it permits nothing, and that is an answer.
    desk.says(&pensions, Reason::NoAuthority);
    // A size at which it was not there yet has lost nothing.
    let before = desk.replay(&pensions, procura_core::Size(index.0), yes.at).unwrap();
    assert_eq!(before.reason, Reason::NoAuthority);
}

//! Somebody lets somebody help.

use super::desk::{Desk, Terms, codes, hint, may};
use procura_core::decide::Reason;
use procura_core::draft::Draft;
use procura_core::hash::sha256;
use procura_core::status::Status;
use procura_core::{Hash, Millis};
use procura_tests::world::Actor;
use serde_json::json;

fn mother_and_son(desk: &Desk) -> (Actor, Actor) {
    (desk.world.person("48031500292"), desk.world.person("75061200192"))
}

fn pension(desk: &Desk) -> Terms<'static> {
    Terms { catalogue: desk.world.catalogue, scopes: &["pension"], from: "2026-11-23", until: None }
}

#[test]
fn story_03_a_helper_acts_once_he_has_accepted_and_only_in_what_he_was_given() {
    let desk = Desk::new();
    let (mother, son) = mother_and_son(&desk);
    let pensions = may(&son, "pension.file", &mother, "read");
    desk.says(&pensions, Reason::NoAuthority);
    let (mandate, status) = desk.log(&mother, desk.mandate_draft(&mother, &son, &pension(&desk)));
    assert_eq!(status, Status::PENDING);
    desk.says(&pensions, Reason::NotAccepted);

    // Neither she herself nor a stranger accepts in his place.
    assert_eq!(desk.refused(&mother, desk.on("acceptance", &mandate)), "signed_twice");
    assert_eq!(desk.refused(&desk.institution, desk.on("acceptance", &mandate)), "not_yours");
    desk.says(&pensions, Reason::NotAccepted);

    assert_eq!(desk.act(&son, "acceptance", &mandate), Status::ACTIVE);
    let yes = desk.says(&pensions, Reason::Mandate);
    assert!(yes.decision.evidence.contains(&mandate));
    desk.says(&may(&son, "tax", &mother, "read"), Reason::OutOfScope);
    // It is hers to him, not his to her.
    desk.says(&may(&mother, "pension.file", &son, "read"), Reason::NoAuthority);
    // Both see it, proven, and may ask themselves.
    assert!(desk.lists(&mother, &mandate) && desk.lists(&son, &mandate));
    assert!(desk.ask_as(&son, &pensions).decision.permit);

    // He may give it up; then that is that.
    assert_eq!(desk.refused(&mother, desk.on("renunciation", &mandate)), "not_yours");
    assert_eq!(desk.act(&son, "renunciation", &mandate), Status::ENDED);
    desk.says(&pensions, Reason::Ended);
}

#[test]
fn story_04_a_decision_replays_at_its_tree_size_whatever_came_after() {
    let desk = Desk::new();
    let (mother, son) = mother_and_son(&desk);
    let mandate = desk.mandate(&mother, &son, &pension(&desk));
    let pensions = may(&son, "pension.file", &mother, "read");
    let yes = desk.says(&pensions, Reason::Mandate);
    desk.world.clock.pass(60_000);
    assert_eq!(desk.refused(&son, desk.on("revocation", &mandate)), "not_yours");
    assert_eq!(desk.act(&mother, "revocation", &mandate), Status::ENDED);
    let no = desk.says(&pensions, Reason::Ended);
    assert!(yes.size < no.size && yes.at < no.at);

    desk.pass_to("2027-02-01");
    desk.replays(&yes);
    desk.replays(&no);
    desk.still_proves(&yes);
    desk.still_proves(&no);
    // The size decides, not the instant: what is known by now ends it for every instant.
    assert_eq!(desk.replay(&pensions, no.size, yes.at).unwrap().reason, Reason::Ended);
    // Before it was accepted, and before she was there.
    let accepted = desk.world.ledger.view().record(&mandate).unwrap().unwrap().logged.index;
    let then = desk.replay(&pensions, accepted.size_with(), yes.at).unwrap();
    assert_eq!(then.reason, Reason::NotAccepted);
    let before = desk.world.ledger.view().record(&mother.party).unwrap().unwrap().logged.index;
    let then = desk.replay(&pensions, procura_core::Size(before.0), yes.at).unwrap();
    assert_eq!(then.reason, Reason::NoAuthority);

    // A size that the ledger never had, and an instant that is not over.
    let name = |size, at| desk.replay(&pensions, size, at).unwrap_err().name().to_owned();
    let size = desk.world.ledger.view().size();
    assert_eq!(name(procura_core::Size(size.0 + 1), yes.at), "size_unavailable");
    assert_eq!(name(procura_core::Size(0), yes.at), "size_unavailable");
    assert_eq!(name(size, Millis(desk.now().0 + 1)), "query");
}

#[test]
fn story_07_a_wider_version_of_a_catalogue_does_not_widen_a_mandate() {
    let desk = Desk::new();
    let employer = desk.world.organisation("0440966354");
    let secretariat = desk.world.organisation(&super::desk::kbo(6_060_606)[4..]);
    let first = desk.catalogue("be.onss", 1, json!([{"code": "declaration"}]));
    let terms = Terms { catalogue: first, scopes: &["declaration"], from: "2026-11-23", until: None };
    let mandate = desk.mandate(&employer, &secretariat, &terms);
    let flexi = may(&secretariat, "declaration.flexi", &employer, "read");
    desk.says(&flexi, Reason::UnknownCategory);

    let wider = json!([{"code": "declaration"}, {"code": "declaration.flexi", "parent": "declaration"}]);
    let second = desk.catalogue("be.onss", 2, wider);
    let no = desk.says(&flexi, Reason::OutOfScope);
    assert!(no.decision.evidence.contains(&mandate) && no.decision.evidence.contains(&second));
    desk.says(&may(&secretariat, "declaration", &employer, "read"), Reason::Mandate);
    // Nor does a mandate name what its version does not have, nor the new one under the old one's words.
    let of_first = Terms { scopes: &["declaration.flexi"], ..terms };
    assert_eq!(
        desk.refused(&employer, desk.mandate_draft(&employer, &secretariat, &of_first)),
        "unknown_scope"
    );

    // Withdrawing the old version takes nothing away from what was given under it, and lets nothing new be given.
    assert_eq!(desk.act(&desk.world.root, "revocation", &first), Status::ENDED);
    desk.says(&may(&secretariat, "declaration", &employer, "read"), Reason::Mandate);
    desk.says(&flexi, Reason::OutOfScope);
    assert_eq!(
        desk.refused(&employer, desk.mandate_draft(&employer, &secretariat, &terms)),
        "unknown_catalogue"
    );

    let anew = desk.mandate(&employer, &secretariat, &Terms { catalogue: second, ..terms });
    let yes = desk.says(&flexi, Reason::Mandate);
    assert!(yes.decision.evidence.contains(&anew) && !yes.decision.evidence.contains(&mandate));
}

#[test]
fn story_14_a_grant_at_the_counter_is_enough_where_no_surer_key_is_asked_for() {
    let desk = Desk::new();
    let municipality = desk.world.institution(&super::desk::kbo(7_070_707), &["counter"]);
    let clerk = desk.world.role(&municipality, &["counter"]);
    let other = desk.world.role(&municipality, &[]);
    let citizen = desk.person("48031500292", "high");
    let helper = desk.world.person("75061200192");
    let catalogue = desk.catalogue(
        "be.stories",
        1,
        json!([{"code": "meals"}, {"code": "savings", "assurance": "high"}, {"code": "savings.book", "parent": "savings"}]),
    );
    let terms = Terms { catalogue, scopes: &["meals", "savings"], from: "2026-11-23", until: None };
    let paper = sha256(&[b"the scan of what she signed"]);
    let draft = |assisted| desk.mandate_draft(&citizen, &helper, &terms).member("assisted", assisted);
    let assisted = |document: Hash| draft(json!({"channel": "paper", "document": document}));

    // Neither a function without that role nor the citizen's own key says what was said at the counter.
    assert_eq!(desk.refused(&other, assisted(paper)), "not_yours");
    assert_eq!(desk.refused(&citizen, assisted(paper)), "not_yours");
    // A paper has a hash, a word has none.
    for wrong in [json!({"channel": "paper"}), json!({"channel": "spoken", "document": paper})] {
        let unsigned = draft(wrong).sign(&clerk.kid, clerk.key.as_ref()).unwrap();
        assert!(matches!(desk.client(&clerk).submit(&unsigned), Err(procura_client::SubmitError::Record(_))));
    }
    let (mandate, status) = desk.log(&clerk, assisted(paper));
    assert_eq!(status, Status::PENDING);
    assert_eq!(desk.act(&helper, "acceptance", &mandate), Status::ACTIVE);
    assert!(desk.lists(&citizen, &mandate) && desk.lists(&clerk, &mandate));
    assert!(!desk.lists(&municipality, &mandate), "what a role does stands in the role's list");

    desk.says(&may(&helper, "meals", &citizen, "read"), Reason::Mandate);
    for category in ["savings", "savings.book"] {
        let no = desk.says(&may(&helper, category, &citizen, "read"), Reason::Assurance);
        assert_eq!(hint(&no), json!({"assurance": "high"}));
        assert_eq!(hint_of(&desk, &helper, category, &citizen), json!({"assurance": "high"}));
    }

    // Given anew with a key bound as surely as that; one of a lesser key would not do.
    let lesser = desk.world.person("15061500231");
    let by_lesser = desk.mandate_draft(&lesser, &helper, &terms);
    let (by_lesser, _) = desk.log(&lesser, by_lesser);
    desk.act(&helper, "acceptance", &by_lesser);
    desk.says(&may(&helper, "savings", &lesser, "read"), Reason::Assurance);
    let own = desk.mandate(&citizen, &helper, &terms);
    let yes = desk.says(&may(&helper, "savings.book", &citizen, "read"), Reason::Mandate);
    assert!(yes.decision.evidence.contains(&own) && !yes.decision.evidence.contains(&mandate));

    // The citizen ends what was said for her, as easily as what she signed herself; the clerk can't.
    assert_eq!(desk.refused(&clerk, desk.on("revocation", &mandate)), "not_yours");
    assert_eq!(desk.act(&citizen, "revocation", &mandate), Status::ENDED);
}

/// The same hint where the helper asks himself.
fn hint_of(desk: &Desk, helper: &Actor, category: &str, citizen: &Actor) -> serde_json::Value {
    hint(&desk.ask_as(helper, &may(helper, category, citizen, "read")))
}

#[test]
fn a_consent_is_asked_for_its_purpose_too() {
    let desk = Desk::new();
    let (mother, _) = mother_and_son(&desk);
    let bank = desk.world.organisation("0440966354");
    let terms = pension(&desk);
    let draft = |purposes: &[&str]| {
        let occasion = desk.world.occasion();
        let (scopes, purposes) = (codes(terms.scopes), codes(purposes));
        let (from, to, catalogue) = (&mother.party, &bank.party, &terms.catalogue);
        Draft::consent(&occasion, from, to, catalogue, &scopes, &purposes, &terms.validity())
    };
    assert_eq!(desk.refused(&mother, draft(&["sell"])), "unknown_purpose");
    let (consent, status) = desk.log(&mother, draft(&["read"]));
    assert_eq!(status, Status::ACTIVE);
    desk.says(&may(&bank, "pension", &mother, "read"), Reason::Consent);
    desk.says(&may(&bank, "pension", &mother, "grant-allowance"), Reason::OutOfScope);
    // Out of force, and back in.
    assert_eq!(desk.act(&mother, "suspension", &consent), Status::SUSPENDED);
    desk.says(&may(&bank, "pension", &mother, "read"), Reason::Suspended);
    let lift = || desk.on("suspension", &consent).member("lift", json!(true));
    assert_eq!(desk.refused(&bank, lift()), "not_yours");
    assert_eq!(desk.log(&mother, lift()).1, Status::ACTIVE);
    desk.says(&may(&bank, "pension", &mother, "read"), Reason::Consent);
}

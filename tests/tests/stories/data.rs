//! What comes by data alone: another service with rules of its own, another country's numbers, a kind of record that this version does not
//! know. Nothing of it is named anywhere in the core.

use super::desk::{Desk, codes, day, hint, kbo, may};
use procura_client::Submitted;
use procura_core::decide::{AuthZen, Reason};
use procura_core::draft::Draft;
use procura_core::kinds::{PartyType, Validity};
use procura_core::status::Status;
use procura_tests::world::Actor;
use serde_json::{Value, json};

/// A counter of hours: its catalogue asks for sure keys, its consents for so many hours at most.
#[test]
fn a_second_counter_is_a_catalogue_and_nothing_else() {
    let desk = Desk::new();
    let shop = desk.world.institution(&kbo(7_070_707), &[]);
    let title = || json!({"de": "T", "en": "T", "fr": "T", "nl": "T"});
    let category = |code: &str, more: &Value| {
        let mut category = json!({"code": code, "title": title()});
        category.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        category
    };
    // A number of its own: a letter and seven digits.
    let scheme = json!({
        "code": "campus", "title": title(), "party_types": ["person"],
        "form": {"characters": ["digits"], "prefix": "country", "min": 7, "max": 7},
    });
    let draft = desk
        .draft("catalogue")
        .member("code", json!("campus"))
        .member("version", json!(1))
        .member(
            "categories",
            json!([
                category("hours", &json!({"assurance": "high", "source": shop.party})),
                category("hours.left", &json!({"parent": "hours"}))
            ]),
        )
        .member("purposes", json!([{"code": "hire", "title": title()}]))
        .member("schemes", json!([scheme]))
        .member("bases", json!([]));
    let (catalogue, status) = desk.log(&desk.world.root, draft);
    assert_eq!(status, Status::ACTIVE);

    let handle = desk.world.fresh();
    let identifier = "campus:BE0123456".to_owned();
    let party = desk.world.party_draft(PartyType::Person, &identifier, handle);
    let (party, _) = desk.log(&desk.world.registrar, party);
    let bound = |assurance: &str, basis: &str, by: &Actor| {
        let (key, kid) = desk.bind(by, &party, basis, assurance);
        Actor { party, kid, key, identifier: identifier.clone(), handle }
    };
    let high = bound("high", "first", &desk.world.registrar);
    let low = bound("low", "cosigned", &high);

    let give = |by: &Actor| {
        let validity = Validity::of_days(day("2026-11-23"), Some(day("2027-06-30")));
        let (scopes, purposes) = (codes(&["hours.left"]), codes(&["hire"]));
        let occasion = desk.world.occasion();
        let conditions = json!([
            {"type": "range", "of": "resource", "property": "hours", "max": 40},
            {"type": "one_of", "of": "context", "property": "campus", "values": ["east", "west"]},
        ]);
        let draft =
            Draft::consent(&occasion, &by.party, &shop.party, &catalogue, &scopes, &purposes, &validity);
        desk.log(by, draft.member("conditions", conditions))
    };
    let ask = |hours: i64, campus: &str| {
        let request = may(&shop, "hours.left", &low, "hire").write();
        let mut request = request.as_object().unwrap().clone();
        request["resource"]["properties"] = json!({ "hours": hours });
        request.entry("context").or_insert_with(|| json!({}))["campus"] = json!(campus);
        AuthZen::read(request).unwrap()
    };
    desk.says(&ask(40, "east"), Reason::NoAuthority);
    give(&low);
    let answer = desk.says(&ask(40, "east"), Reason::Assurance);
    assert_eq!(hint(&answer), json!({"assurance": "high"}), "its own rule, told as what is needed");
    give(&high);
    desk.says(&ask(40, "east"), Reason::Consent);
    desk.says(&ask(41, "east"), Reason::Condition);
    desk.says(&ask(40, "north"), Reason::Condition);
    let plain = may(&shop, "hours.left", &low, "hire");
    assert_eq!(
        hint(&desk.says(&plain, Reason::Condition)),
        json!({"property": "/resource/properties/hours"})
    );
}

/// Stored and proven, filed where it says, satisfying nothing.
#[test]
fn a_kind_of_a_later_version_is_stored_and_proven_only() {
    let desk = Desk::new();
    let (mother, son) = (desk.world.person("48031500292"), desk.world.person("75061200192"));
    let draft = desk
        .draft("power-of-everything")
        .member("parties", json!([mother.party]))
        .member("mandators", json!([mother.party]))
        .member("mandatees", json!([son.party]))
        .member("scopes", json!(["pension", "tax"]));
    let id = draft.id();
    let signed = draft.sign(&mother.kid, mother.key.as_ref()).unwrap();
    let submitted = desk.client(&mother).submit(&signed).unwrap();
    assert!(matches!(submitted, Submitted::Existence(_)), "{submitted:?}");
    assert!(desk.lists(&mother, &id));
    assert!(!desk.lists(&son, &id), "whom it concerns it says in `parties`, whatever else it says");
    desk.says(&may(&son, "pension", &mother, "read"), Reason::NoAuthority);
    // It moves nothing and nothing moves it.
    assert_eq!(desk.refused(&son, desk.on("acceptance", &id)), "unknown_target");
    let report = desk.world.ledger.audit(&mut |_, _| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}

//! Facts and requests as vectors write them.

use procura_core::conditions::{Conditions, Properties};
use procura_core::days::Day;
use procura_core::decide::{AuthZen, CatalogueFact, Facts, Grant, GrantKind, PartyFact, PartyMove, Request};
use procura_core::kinds::{
    Assurance, Basis, Catalogue, Category, Event, Ground, LifeEvent, Party, PartyType, Purpose, Title,
    Validity,
};
use procura_core::status::Status;
use procura_core::{Hash, Index, Millis};
use serde_json::{Value, json};
use std::sync::Arc;

/// Reads facts.
pub(super) fn facts(value: &Value) -> Facts {
    let mut facts = Facts::default();
    for (id, party) in value["parties"].as_object().unwrap() {
        facts.parties.insert(id.parse().unwrap(), read_party(party));
    }
    let grants = value["grants"].as_array().unwrap().iter().map(read_grant);
    facts.grants = grants.map(|grant| (grant.id, grant)).collect();
    for (id, catalogue) in value["catalogues"].as_object().unwrap() {
        let in_force = catalogue["in_force"].as_bool().unwrap();
        let content = Arc::new(read_catalogue(catalogue));
        facts.catalogues.insert(id.parse().unwrap(), CatalogueFact { content, in_force });
    }
    facts
}

fn read_party(value: &Value) -> PartyFact {
    let under = value.get("under").map(hash);
    let content = Party {
        party_type: if under.is_some() { PartyType::Role } else { PartyType::Person },
        handle: Hash::default(),
        roles: Vec::new(),
        level: None,
        provisional: false,
        under,
        until: value.get("until").map(|until| Millis(until.as_u64().unwrap())),
        quorum: 1,
    };
    let millis = |value: &Value, name: &str| Millis(value[name].as_u64().unwrap());
    let read_move = |step: &Value| PartyMove {
        to: status(&step["to"]),
        logged_at: millis(step, "logged_at"),
        event: step.get("event").and_then(Value::as_str).map(|event| LifeEvent {
            event: match event {
                "death" => Event::Death,
                "closure" => Event::Closure,
                "merger" => Event::Merger(hash(&step["into"])),
                "protection" => Event::Protection,
                "protection-end" => Event::ProtectionEnd,
                _ => Event::Majority,
            },
            effective: millis(step, "effective"),
        }),
    };
    let moves = value.get("moves").and_then(Value::as_array).into_iter().flatten().map(read_move).collect();
    PartyFact { content, starts: status(&value["status"]), moves }
}

fn read_grant(value: &Value) -> Grant {
    let instant = |name: &str| value.get(name).and_then(Value::as_u64).map(Millis);
    let not_before = instant("not_before").unwrap();
    let not_after = instant("not_after");
    Grant {
        id: hash(&value["id"]),
        index: Index(value["index"].as_u64().unwrap()),
        kind: if value["kind"] == "mandate" { GrantKind::Mandate } else { GrantKind::Consent },
        from: hashes(&value["from"]),
        to: hashes(&value["to"]),
        needed: value.get("needed").map_or(1, |n| usize::try_from(n.as_u64().unwrap()).unwrap()),
        catalogue: hash(&value["catalogue"]),
        scopes: strings(&value["scopes"]),
        purposes: strings(&value["purposes"]),
        // Decisions use the instants only.
        validity: Validity {
            valid_from: Day::of(not_before).unwrap(),
            valid_until: not_after.and_then(Day::of),
            not_before,
            not_after,
        },
        status: status(&value["status"]),
        counts: value["counts"].as_bool().unwrap(),
        ends: instant("ends"),
        conditions: value
            .get("conditions")
            .map(|conditions| Conditions::read(conditions.clone()).unwrap())
            .unwrap_or_default(),
        uses: value
            .get("uses")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|at| Millis(at.as_u64().unwrap()))
            .collect(),
        assurance: value.get("assurance").map_or(Assurance::Low, assurance),
        ground: value.get("ground").map(|ground| match ground.as_str().unwrap() {
            "parental" => Ground::Parental,
            "guardianship" => Ground::Guardianship,
            "administration" => Ground::Administration,
            _ => Ground::Statutory,
        }),
        survives: value.get("survives").is_some(),
        under: value.get("under").map(hash),
    }
}

fn read_catalogue(value: &Value) -> Catalogue {
    let title = || Title { de: String::new(), en: String::new(), fr: String::new(), nl: String::new() };
    let array = |name: &str| value[name].as_array().unwrap().iter();
    Catalogue {
        code: "words".to_owned(),
        version: 1,
        categories: array("categories")
            .map(|category| Category {
                code: category["code"].as_str().unwrap().to_owned(),
                parent: category.get("parent").and_then(Value::as_str).map(str::to_owned),
                title: title(),
                assurance: category.get("assurance").map(assurance),
                period: None,
                source: None,
            })
            .collect(),
        purposes: array("purposes")
            .map(|code| Purpose { code: code.as_str().unwrap().to_owned(), title: title() })
            .collect(),
        schemes: Vec::new(),
        bases: array("bases")
            .map(|basis| Basis {
                code: "law".to_owned(),
                title: title(),
                categories: strings(&basis["categories"]),
                purposes: strings(&basis["purposes"]),
                recipients: basis["recipients"].as_array().unwrap().iter().map(hash).collect(),
                emergency: basis.get("emergency").is_some(),
            })
            .collect(),
        quorum: 1,
    }
}

pub(super) fn request(value: &Value) -> Request {
    let party = |value: &Value| (!value.is_null()).then(|| hash(value));
    Request {
        actor: party(&value["actor"]),
        subject: party(&value["subject"]),
        on_behalf_of: value.get("on_behalf_of").map(party),
        together_with: value
            .get("together_with")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(party)
            .collect(),
        category: value["category"].as_str().unwrap().to_owned(),
        purpose: value["purpose"].as_str().unwrap().to_owned(),
        properties: properties(&value["properties"]),
        emergency: value.get("emergency").is_some(),
    }
}

/// What a request says for conditions, written as the four parts of one.
fn properties(value: &Value) -> Properties {
    let part = |name: &str, own: Value| {
        let mut part = own;
        part["properties"] = value.get(name).cloned().unwrap_or_else(|| json!({}));
        part
    };
    let request = json!({
        "subject": part("subject", json!({"type": "party", "id": "x"})),
        "action": part("action", json!({"name": "x"})),
        "resource": part("resource", json!({"type": "x", "id": "x"})),
        "context": value.get("context").cloned().unwrap_or_else(|| json!({})),
    });
    AuthZen::read(request.as_object().unwrap().clone()).unwrap().properties
}

fn assurance(value: &Value) -> Assurance {
    match value.as_str().unwrap() {
        "high" => Assurance::High,
        "substantial" => Assurance::Substantial,
        _ => Assurance::Low,
    }
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn hash(value: &Value) -> Hash {
    value.as_str().unwrap().parse().unwrap()
}

fn status(value: &Value) -> Status {
    Status::new(u8::try_from(value.as_u64().unwrap()).unwrap()).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

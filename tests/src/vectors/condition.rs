//! Vectors of `spec/conditions.md`: how conditions are read and told, what a request's properties are, what holds, what is within what.
//!
//! `type` says which; the members of each are listed in `spec/conditions.md#vectors`.

mod holds;
mod read;
mod request;
mod within;

use super::Case;
use procura_core::Millis;
use procura_core::conditions::{Conditions, Given, Part, Unmet};
use procura_core::decide::AuthZen;
use procura_core::json::MemberError;
use procura_core::language::Language;
use serde_json::{Map, Value, json};

/// 23 November 2026, 10:00 in Brussels.
const AT: u64 = 1_795_424_400_000;

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [read::cases(), request::cases(), holds::cases(), within::cases()].concat()
}

/// Runs one case: `"accept"`, the name of what is wrong, or what differs from the case's own statement.
#[must_use]
pub fn run(case: &Value) -> String {
    let answer = match case["type"].as_str().unwrap() {
        "read" => run_read(case),
        "request" => run_request(case),
        "holds" => run_holds(case),
        "within" => run_within(case),
        other => Err(format!("no type {other:?}")),
    };
    answer.map_or_else(|name| name, |()| "accept".to_owned())
}

fn run_read(case: &Value) -> Result<(), String> {
    let conditions = Conditions::read(case["conditions"].clone()).map_err(|error| named(case, &error))?;
    states(case, "conditions", &conditions.to_json())?;
    states(case, "sentences", &sentences(&conditions))
}

fn run_request(case: &Value) -> Result<(), String> {
    let request = request(case).map_err(|error| named(case, &error))?;
    let parts = Part::ALL.map(|part| (part.name().to_owned(), Value::Object(request.properties.of(part))));
    states(case, "properties", &Value::Object(Map::from_iter(parts)))?;
    match AuthZen::read(request.write().as_object().unwrap().clone()) {
        Ok(again) if again == request => Ok(()),
        _ => Err("another request once written".to_owned()),
    }
}

fn run_holds(case: &Value) -> Result<(), String> {
    let (conditions, request) = (conditions(&case["conditions"]), request(case).unwrap());
    let uses: Vec<Millis> =
        case["uses"].as_array().unwrap().iter().map(|used| Millis(used.as_u64().unwrap())).collect();
    let at = Millis(case["at"].as_u64().unwrap());
    let given = Given { properties: &request.properties, purpose: &request.purpose, at, uses: &uses };
    match conditions.hold(&given) {
        Err(Unmet::Missing(property)) if case["property"] != property.pointer() => {
            Err(format!("another property: {}", property.pointer()))
        }
        answer => answer.map_err(|unmet| unmet.name().to_owned()),
    }
}

fn run_within(case: &Value) -> Result<(), String> {
    let within = conditions(&case["child"]).imply(&conditions(&case["parent"]));
    if within { Ok(()) } else { Err("wider".to_owned()) }
}

/// The name of the error, if it is where the case says.
fn named(case: &Value, error: &MemberError) -> String {
    match case["pointer"] == error.pointer() {
        true => error.name().to_owned(),
        false => format!("{} elsewhere: {}", error.name(), error.pointer()),
    }
}

fn states(case: &Value, member: &str, found: &Value) -> Result<(), String> {
    if case[member] == *found { Ok(()) } else { Err(format!("another {member}: {found}")) }
}

fn conditions(value: &Value) -> Conditions {
    match value.as_array() {
        Some(none) if none.is_empty() => Conditions::default(),
        _ => Conditions::read(value.clone()).unwrap(),
    }
}

fn request(case: &Value) -> Result<AuthZen, MemberError> {
    AuthZen::read(case["request"].as_object().unwrap().clone()).map_err(|error| error.0)
}

fn sentences(conditions: &Conditions) -> Value {
    let told = |language| conditions.iter().map(|condition| condition.sentence(language)).collect();
    let languages = Language::ALL.map(|language| (language.code().to_owned(), told(language)));
    Value::Object(Map::from_iter(languages))
}

/// A request for the purpose `read`, without properties.
fn plain() -> Value {
    json!({
        "subject": {"type": "party", "id": "kbo:0999999922"},
        "action": {"name": "read"},
        "resource": {"type": "pension", "id": "niss:48031500292"},
    })
}

/// A condition on the property `amount` of the resource, with these members more.
fn amount(test: &str, members: Value) -> Value {
    let mut condition = json!({"type": test, "of": "resource", "property": "amount"});
    condition.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    condition
}

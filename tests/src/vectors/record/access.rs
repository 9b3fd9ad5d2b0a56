//! Accesses, as they are taken and refused.

use super::kinds::{Shape, of_shape};
use super::{Made, id};
use crate::vectors::Case;
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    of_shape(access()).into_iter().chain(emergencies()).collect()
}

fn members() -> Value {
    json!({"actor": id(1), "subject": id(2), "source": id(3), "category": "tax", "purpose": "read"})
}

fn access() -> Shape {
    let context = |name: &str, value: Value| json!({"context": {name: value}});
    Shape {
        good: Made::new("access", &members()),
        required: &["actor", "subject", "source", "category", "purpose"],
        optional: vec![("on_behalf_of", id(4)), ("properties", context("case", json!("A7")))],
        wrong: vec![
            ("subject", "an identifier", json!("niss:48031500292")),
            ("category", "no code", json!("Tax")),
            ("properties", "an array", json!([])),
            ("properties", "a list", context("case", json!(["A7"]))),
            ("properties", "who is meant", context("on_behalf_of", json!("A7"))),
            ("properties", "an emergency", context("emergency", json!(true))),
            ("emergency", "false", json!(false)),
            ("emergency", "a reason", json!("unconscious")),
        ],
    }
}

fn emergencies() -> Vec<Case> {
    let access = || Made::new("access", &members());
    let urgent = || access().set("emergency", json!(true));
    let why = |made: Made, why: Value| made.withheld("justification", &why);
    let unconscious = json!("Brought in unconscious");
    vec![
        why(urgent(), unconscious.clone()).case("access-emergency", "An emergency, and why.", "accept"),
        why(urgent(), json!("x".repeat(1000))).case(
            "access-emergency-at-length",
            "A justification of 1,000 characters.",
            "accept",
        ),
        urgent().case("access-emergency-without-why", "An emergency without a reason.", "withheld_member"),
        why(access(), unconscious).case(
            "access-why-without-emergency",
            "A justification of what is no emergency.",
            "withheld_member",
        ),
        why(urgent(), json!("")).case("access-emergency-why-empty", "An empty reason.", "withheld_member"),
        why(urgent(), json!("x".repeat(1001))).case(
            "access-emergency-why-long",
            "A justification of 1,001 characters.",
            "withheld_member",
        ),
        why(urgent(), json!(true)).case(
            "access-emergency-why-no-text",
            "The reason is no text.",
            "withheld_member",
        ),
    ]
}

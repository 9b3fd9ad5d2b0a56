//! The properties of a request.

use super::{AT, Case, plain};
use serde_json::{Map, Value, json};

/// Read: these are the properties, parts without any left out.
fn has(name: &str, reason: &str, request: Value, properties: Value) -> Case {
    let mut every = json!({"subject": {}, "action": {}, "resource": {}, "context": {}});
    every.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    let members = json!({"type": "request", "request": request, "properties": every});
    Case::new(&format!("request-{name}"), reason, "accept", members)
}

fn refuse(name: &str, reason: &str, request: Value, pointer: &str) -> Case {
    let members = json!({"type": "request", "request": request, "pointer": pointer});
    Case::new(&format!("request-{name}"), reason, "member_mistyped", members)
}

fn with(of: &str, properties: Value) -> Value {
    let mut request = plain();
    match of {
        "context" => request["context"] = properties,
        of => request[of]["properties"] = properties,
    }
    request
}

fn numbered(count: usize) -> Value {
    Value::Object((0..count).map(|n| (format!("p{n}"), json!(n))).collect::<Map<String, Value>>())
}

pub(super) fn cases() -> Vec<Case> {
    let all = json!({"a": 1, "b.c_d-0": "x", "e": false});
    let everywhere = json!({
        "subject": {"type": "party", "id": "kbo:0999999922", "properties": all},
        "action": {"name": "read", "properties": all},
        "resource": {"type": "pension", "id": "niss:48031500292", "properties": all},
        "context": {"on_behalf_of": "kbo:0999999922", "a": 1, "b.c_d-0": "x", "e": false},
    });
    let strange = json!({
        "null": null, "array": [1], "object": {"a": 1}, "fraction": 1.5, "whole-fraction": 1.0,
        "large": 9_007_199_254_740_992_u64, "small": -9_007_199_254_740_992_i64, "long": "é".repeat(256),
        "Capital": 1, "with space": 1, "": 1, "1": 1,
    });
    let limits = json!({
        "largest": 9_007_199_254_740_991_u64, "smallest": -9_007_199_254_740_991_i64, "long": "é".repeat(255),
        "empty": "", "control": "\n",
    });
    let mut full = with("resource", numbered(63));
    full["context"] = json!({"on_behalf_of": "kbo:0999999922", "a": 1, "b": [], "C": 1});
    let mut over = full.clone();
    over["context"]["d"] = json!(true);
    vec![
        has("none", "No properties.", plain(), json!({})),
        has(
            "everywhere",
            "Properties of every part; on_behalf_of is none.",
            everywhere,
            json!({"subject": all, "action": all, "resource": all, "context": all}),
        ),
        has(
            "strange",
            "What cannot be a property is as if it had not been sent.",
            with("action", strange),
            json!({}),
        ),
        has(
            "limits",
            "The largest that can be.",
            with("subject", limits.clone()),
            json!({"subject": limits}),
        ),
        has(
            "together-with",
            "together_with says who is meant, and is no property of the context; elsewhere it is.",
            with("resource", json!({"together_with": 1, "on_behalf_of": 2})),
            json!({"resource": {"together_with": 1, "on_behalf_of": 2}}),
        ),
        has(
            "time",
            "Times are texts and integers like others, whatever their form.",
            with("context", json!({"time": "2026-11-23T10:00", "sent": AT, "together_with": ["niss:x"]})),
            json!({"context": {"time": "2026-11-23T10:00", "sent": AT}}),
        ),
        has(
            "beside",
            "Members beside properties are ignored.",
            json!({
                "subject": {"type": "party", "id": "kbo:0999999922", "a": 1},
                "action": {"name": "read", "a": 1},
                "resource": {"type": "pension", "id": "niss:48031500292", "a": 1},
                "a": 1,
            }),
            json!({}),
        ),
        has(
            "64",
            "64 in all; what is no property is not counted.",
            full,
            json!({"resource": numbered(63), "context": {"a": 1}}),
        ),
        refuse("65", "65 in all.", over, "/context"),
        refuse("65-action", "65 of the action.", with("action", numbered(65)), "/action/properties"),
        refuse(
            "properties-array",
            "Properties are an object.",
            with("subject", json!([])),
            "/subject/properties",
        ),
        refuse(
            "properties-null",
            "They are left out, never null.",
            with("resource", json!(null)),
            "/resource/properties",
        ),
        refuse("context-text", "The context is an object.", with("context", json!("x")), "/context"),
    ]
}

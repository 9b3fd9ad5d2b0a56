//! Whether a value is what a schema of the interface says: of JSON Schema those keywords that the interface has. Another keyword is an
//! error: nothing passes because it was not looked at.

use regex_automata::dfa::regex::Regex;
use serde_json::Value;

/// Says where the value is not as the schema has it.
pub(crate) fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$ref" => {
                let place = rule.as_str().unwrap().strip_prefix('#').unwrap();
                fits(document, document.pointer(place).unwrap(), value)?;
                true
            }
            "type" => match rule.as_str().unwrap() {
                "array" => value.is_array(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_u64() || value.is_i64(),
                "object" => value.is_object(),
                "string" => value.is_string(),
                other => return Err(format!("no type {other} is known here")),
            },
            "required" => {
                rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        fits(document, schema, member).map_err(|error| format!("{name}: {error}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(*rule, false);
                value.as_object().unwrap().keys().all(|name| schema["properties"].get(name).is_some())
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    fits(document, rule, item).map_err(|error| format!("an item: {error}"))?;
                }
                true
            }
            "maxItems" => value.as_array().is_some_and(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "minimum" => value.as_i64() >= rule.as_i64(),
            "pattern" => {
                let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_some_and(|text| pattern.is_match(text))
            }
            "description" | "example" | "format" => true,
            other => return Err(format!("no keyword {other} is known here")),
        };
        if !holds {
            return Err(format!("{keyword} is {rule}, and there is {value}"));
        }
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_told() {
    use serde_json::json;
    let document = json!({"components": {"schemas": {"Id": {"type": "string", "pattern": "^[a-z]{3}$"}}}});
    let schema = json!({
        "type": "object", "required": ["id"], "additionalProperties": false,
        "properties": {
            "id": {"$ref": "#/components/schemas/Id"},
            "sizes": {"type": "array", "maxItems": 2, "items": {"type": "integer", "minimum": 1}},
        },
    });
    let is_right = |value: Value| fits(&document, &schema, &value).is_ok();
    assert!(is_right(json!({"id": "abc", "sizes": [1, 2]})));
    for wrong in [
        json!([]),
        json!({}),
        json!({"id": 1}),
        json!({"id": "abcd"}),
        json!({"id": "abc", "other": 1}),
        json!({"id": "abc", "sizes": [1, 2, 3]}),
        json!({"id": "abc", "sizes": [0]}),
        json!({"id": "abc", "sizes": [true]}),
        json!({"id": null}),
    ] {
        assert!(!is_right(wrong.clone()), "{wrong}");
    }
    assert!(fits(&document, &json!({"oneOf": []}), &json!(1)).is_err());
}

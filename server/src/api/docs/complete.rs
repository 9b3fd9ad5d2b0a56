//! What the interface says of every operation alike, so that no route can forget it: the refusals that any request of its
//! shape may get, the bounds of numbers and ids, and that nothing is ever `null`.

use procura_core::json::MAX_INTEGER;
use serde_json::{Map, Value, json};

/// An id: 32 bytes in base64url.
pub(super) const ID: &str = "^[A-Za-z0-9_-]{43}$";
/// The query's parameters that name a tree size.
const SIZES: [&str; 4] = ["from", "to", "as_of", "pinned"];

/// Completes the interface that the routes describe.
pub(super) fn complete(document: &mut Value) {
    without_null(document);
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let shape = Shape::of(path, operation);
            let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
            if let Some(responses) = responses {
                shape.refusals(responses);
            }
        }
    }
}

/// What an operation may be refused for whatever it does.
struct Shape {
    has_body: bool,
    has_query: bool,
    names_size: bool,
    is_ours: bool,
    reads: bool,
}

impl Shape {
    fn of(path: &str, operation: &mut Value) -> Self {
        let mut shape = Self {
            has_body: operation.get("requestBody").is_some(),
            has_query: false,
            names_size: false,
            is_ours: path.starts_with("/v1/"),
            reads: path.starts_with("/v1/") || path.starts_with("/tile/"),
        };
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let (bound, value) = match parameter.get("in").and_then(Value::as_str) {
                Some("query") => {
                    shape.has_query = true;
                    shape.names_size |= SIZES.contains(&name.as_str());
                    ("maximum", json!(MAX_INTEGER))
                }
                Some("path") if name == "id" => ("pattern", json!(ID)),
                _ => continue,
            };
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                schema.insert(bound.to_owned(), value);
            }
        }
        shape
    }

    /// Adds what the route does not say itself.
    fn refusals(&self, responses: &mut Map<String, Value>) {
        let form = if self.has_body { "Form: spec/http.md#problems" } else { "`query`" };
        let rules = [
            (self.is_ours && (self.has_body || self.has_query), "400", form),
            (self.is_ours && self.has_body, "408", "`timeout`: the body took too long"),
            (self.is_ours && self.names_size, "409", "`size_unavailable`, `signature_void`, `erased`"),
            (self.is_ours && self.has_body, "413", "`oversized`, `json_too_large`"),
            (self.is_ours && self.has_body, "415", "`media_type`"),
            (self.reads, "500", "`internal`: the answer is unknown, never no"),
            (true, "503", "`busy`: ask again after the time that Retry-After states"),
        ];
        for (holds, status, description) in rules {
            let covered = status.starts_with('4') && responses.contains_key("4XX");
            if holds && !covered {
                let refusal = responses.entry(status).or_insert_with(|| json!({"description": description}));
                add_problem(refusal, status);
            }
        }
        responses.sort_keys();
    }
}

/// Lets an answer be a problem, unless it is of another form already. 503 is always that too: it comes from before the route
/// when a request takes too long.
fn add_problem(refusal: &mut Value, status: &str) {
    let Some(refusal) = refusal.as_object_mut() else { return };
    let content = refusal.entry("content").or_insert_with(|| json!({}));
    if let Some(content) = content.as_object_mut().filter(|content| content.is_empty() || status == "503") {
        let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
        content.insert("application/problem+json".to_owned(), problem);
    }
}

/// `null` is no value of anything here: what may be left out is left out.
fn without_null(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(members) => {
            if let Some([kind, Value::String(null)]) =
                members.get("type").and_then(Value::as_array).map(Vec::as_slice)
                && null == "null"
            {
                let kind = kind.clone();
                members.insert("type".to_owned(), kind);
            }
            members.values_mut().for_each(without_null);
            if let Some([one, null]) = members.get("oneOf").and_then(Value::as_array).map(Vec::as_slice)
                && *null == json!({"type": "null"})
            {
                *value = one.clone();
            }
        }
        _ => {}
    }
}

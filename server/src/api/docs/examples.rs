//! What is asked and answered, by example. Each file holds what a client sent to a demo's server, or what that gave: one ledger's, so
//! that its receipts verify by the policy in `log.json`. The requests that only read are written by hand, and good at every demo; all
//! others are taken from a server anew by `PROCURA_WRITE=1 cargo test -p procura-server --test http examples`.

use serde_json::{Map, Value, json};

/// Of an operation's two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    /// Every answer from 200 to 299.
    Answer,
}

use Side::{Answer, Request};

const EVENTS: &str = "text/event-stream";
const FORM: &str = "application/x-www-form-urlencoded";
const JOSE: &str = "application/jose";
const JSON: &str = "application/json";
const RECEIPT: &str = procura_core::receipt::MEDIA_TYPE;
const TEXT: &str = "text/plain";

/// Where an example stands, its name, and what it is.
struct Example(&'static str, &'static str, Side, &'static str, &'static str, &'static str);

macro_rules! examples {
    ($($method:ident $path:literal $side:ident $media:ident $name:literal;)*) => {
        &[$(Example(stringify!($method), $path, $side, $media, $name, include_str!(concat!("examples/", $name, ".json")))),*]
    };
}

#[rustfmt::skip]
const EXAMPLES: &[Example] = examples! {
    get  "/.well-known/authzen-configuration" Answer  JSON    "authzen-configuration";
    post "/access/v1/evaluation"              Request JSON    "evaluation-request";
    post "/access/v1/evaluation"              Answer  JSON    "evaluation";
    post "/access/v1/evaluations"             Request JSON    "evaluations-request";
    post "/access/v1/evaluations"             Answer  JSON    "evaluations";
    post "/access/v1/search/action"           Request JSON    "action-search";
    post "/access/v1/search/action"           Answer  JSON    "actions";
    post "/access/v1/search/resource"         Request JSON    "resource-search";
    post "/access/v1/search/resource"         Answer  JSON    "resources";
    post "/access/v1/search/subject"          Request JSON    "subject-search";
    post "/access/v1/search/subject"          Answer  JSON    "subjects";
    get  "/checkpoint"                        Answer  TEXT    "checkpoint";
    get  "/healthz"                           Answer  JSON    "ok";
    post "/oauth/token"                       Request FORM    "token-request";
    post "/oauth/token"                       Answer  JSON    "token";
    get  "/readyz"                            Answer  JSON    "ok";
    post "/v1/accesses"                       Request JSON    "access-submission";
    post "/v1/accesses"                       Request JOSE    "access-record";
    post "/v1/accesses"                       Answer  RECEIPT "access-receipt";
    get  "/v1/accesses/{id}"                  Answer  RECEIPT "access-receipt";
    get  "/v1/catalogues"                     Answer  JSON    "catalogues";
    post "/v1/checks"                         Request JSON    "evaluation-request";
    post "/v1/checks"                         Answer  RECEIPT "check-receipt";
    get  "/v1/events"                         Answer  EVENTS  "events";
    post "/v1/holdings"                       Request JSON    "holdings-request";
    post "/v1/holdings"                       Answer  JSON    "holdings";
    get  "/v1/hooks"                          Answer  JSON    "hooks";
    post "/v1/links"                          Request JSON    "link-request";
    post "/v1/links"                          Answer  RECEIPT "link-receipt";
    get  "/v1/log"                            Answer  JSON    "log";
    get  "/v1/log/growth"                     Answer  JSON    "growth";
    get  "/v1/log/keys"                       Answer  RECEIPT "log-keys-receipt";
    post "/v1/parties/resolve"                Request JSON    "resolve-request";
    post "/v1/parties/resolve"                Answer  JSON    "resolved";
    get  "/v1/parties/{id}/records"           Answer  RECEIPT "list-receipt";
    get  "/v1/proofs/consistency"             Answer  JSON    "consistency";
    get  "/v1/proofs/inclusion"               Answer  TEXT    "inclusion";
    post "/v1/receipts"                       Request JSON    "shown-request";
    post "/v1/receipts"                       Answer  RECEIPT "shown-receipt";
    post "/v1/records"                        Request JSON    "submission";
    post "/v1/records"                        Request JOSE    "record-jws";
    post "/v1/records"                        Answer  RECEIPT "record-receipt";
    post "/v1/records"                        Answer  JSON    "logged";
    get  "/v1/records/{id}"                   Answer  JSON    "record";
    get  "/v1/records/{id}/receipt"           Answer  RECEIPT "record-receipt";
};

/// Gives the interface its examples: each once, and a reference wherever it belongs.
///
/// # Errors
/// None that can happen: the files are JSON.
pub(super) fn add(document: &mut Value) -> Result<(), serde_json::Error> {
    let mut all = Map::new();
    for Example(method, path, side, media_type, name, text) in EXAMPLES {
        all.insert((*name).to_owned(), json!({"value": serde_json::from_str::<Value>(text)?}));
        let Some(operation) =
            document.get_mut("paths").and_then(|paths| paths.get_mut(*path)?.get_mut(*method))
        else {
            continue;
        };
        for body in bodies(operation, *side) {
            let media =
                body.get_mut("content").and_then(|content| content.get_mut(*media_type)?.as_object_mut());
            if let Some(media) = media {
                let referred = json!({"demo": {"$ref": format!("#/components/examples/{name}")}});
                media.insert("examples".to_owned(), referred);
            }
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("examples".to_owned(), Value::Object(all));
    }
    Ok(())
}

/// The request's body, or those of the answers that succeed.
fn bodies(operation: &mut Value, side: Side) -> Vec<&mut Value> {
    match side {
        Request => operation.get_mut("requestBody").into_iter().collect(),
        Answer => {
            let responses =
                operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
            responses.filter(|(status, _)| status.starts_with('2')).map(|(_, body)| body).collect()
        }
    }
}

//! The interface described: `/openapi.json`, and `/docs`, a page that shows it with nothing from elsewhere.

mod authzen;
mod complete;
mod examples;

pub(super) use authzen::*;

use super::leaving;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// What the routes don't say themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Procura",
        description = "A verifiable ledger of mandates, consents and accesses. What the members mean stands in spec/.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    // Its path has a wildcard, which OpenAPI does not have.
    paths(super::tiles::tile),
    modifiers(&Bearer),
    tags(
        (name = "records", description = "Signed records and their receipts"),
        (name = "parties", description = "Parties and all that concerns them"),
        (name = "access", description = "Tokens, checks, AuthZEN"),
        (name = "log", description = "The log to everybody: C2SP tiles and proofs"),
        (name = "health", description = "For whoever runs the server"),
    )
)]
pub(super) struct Interface;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", scheme);
    }
}

/// The interface as OpenAPI 3.1 JSON, indented.
///
/// # Errors
/// None that can happen: the document is plain data.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    document(&super::routes().split_for_parts().1)
}

/// What the routes say of themselves, completed.
pub(super) fn document(described: &utoipa::openapi::OpenApi) -> Result<String, serde_json::Error> {
    let mut document = serde_json::to_value(described)?;
    complete::complete(&mut document);
    leaving::mark(&mut document, leaving::LEAVING);
    examples::add(&mut document)?;
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

pub(super) async fn page() -> Response {
    asset("text/html; charset=utf-8", include_str!("docs/page.html"))
}

pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("docs/docs.js"))
}

pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("docs/docs.css"))
}

fn asset(media_type: &'static str, text: &'static str) -> Response {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                  frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// An RFC 9457 problem.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// `urn:procura:problem:` and the stable name.
    #[schema(example = "urn:procura:problem:same_party")]
    r#type: String,
    /// The name for people.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong and what to do.
    detail: String,
    /// RFC 6901: the place of what is wrong, in the payload or the request.
    pointer: Option<String>,
    /// `urn:uuid:` and what the server's log calls the request: to tell the operator, nothing else.
    instance: String,
}

/// A record as it is handed in.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Submission)]
pub(super) struct SubmissionBody {
    /// The compact JWS.
    #[schema(pattern = "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$")]
    record: String,
    /// Every disclosure whose digest stands in `_sd`.
    #[schema(max_items = 32)]
    disclosures: Option<Vec<String>>,
    /// `party` records only: 32 bytes in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    handle: Option<String>,
}

/// A receipt: spec/receipts.md says what is in it and how it is checked.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipt)]
pub(super) struct ReceiptBody {
    /// 1.
    v: u8,
    /// What it answers.
    #[schema(value_type = Object)]
    question: serde_json::Value,
    /// A C2SP tlog-proof.
    proof: String,
}

/// That a record was logged, without what its receipt holds besides.
#[derive(Serialize, ToSchema)]
#[schema(as = Logged)]
pub(super) struct LoggedBody {
    /// The record's id.
    id: String,
    /// Where its entry stands.
    index: u64,
    /// The entry, which names the id.
    #[schema(pattern = "^[A-Za-z0-9_-]+$")]
    entry: String,
    /// A C2SP tlog-proof of the entry, with the checkpoint.
    proof: String,
}

/// A record as its readers see it. `kind`, `record` and `disclosures` are missing if it was erased.
#[derive(Serialize, ToSchema)]
#[schema(as = Record)]
pub(super) struct RecordBody {
    /// Its id.
    id: String,
    /// Its kind.
    kind: Option<String>,
    /// Where its entry stands.
    index: u64,
    /// When it was logged, ms UTC.
    time: u64,
    /// Of a create: `pending`, `active`, `suspended`, `ended`, each perhaps `, disputed`.
    status: Option<String>,
    /// The compact JWS.
    record: Option<String>,
    /// What may be withheld.
    disclosures: Option<Vec<String>>,
    /// In whose lists it and the transitions on it stand: party ids, ascending.
    parties: Option<Vec<String>>,
}

/// Whom to look up.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolveRequest {
    /// `scheme:value`.
    #[schema(example = "kbo:0999999922", pattern = "^[a-z][a-z0-9-]{0,31}:.+$")]
    identifier: String,
}

/// Who holds what of whom?
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldingsRequest {
    /// `scheme:value`, or `party:` and an id.
    #[schema(example = "niss:48031500292")]
    subject: String,
    /// A category code.
    #[schema(example = "pensions")]
    category: String,
}

/// Who says that they hold it.
#[derive(Serialize, ToSchema)]
pub(super) struct Holdings {
    /// The newest first.
    holdings: Vec<HoldingBody>,
}

/// One who says so.
#[derive(Serialize, ToSchema)]
#[schema(as = Holding)]
pub(super) struct HoldingBody {
    /// The record's id.
    id: String,
    /// Who holds it: a party's id.
    source: String,
    /// Whether the catalogue names it as the authentic source of the category.
    authentic: bool,
    /// Category codes of which one covers what was asked for.
    scopes: Vec<String>,
    /// Since which day.
    since: String,
}

/// What to open.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkRequest {
    /// 32 bytes in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    link: String,
}

/// What is shown.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShownRequest {
    /// The id of a mandate or consent.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    id: String,
    /// Its token, 32 bytes in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    token: String,
}

/// An id, whether anybody is registered or not.
#[derive(Serialize, ToSchema)]
pub(super) struct Resolved {
    /// The party's id.
    party: String,
}

/// The catalogues in force.
#[derive(Serialize, ToSchema)]
pub(super) struct Catalogues {
    /// Their ids, oldest first.
    catalogues: Vec<String>,
}

/// The ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = Log)]
pub(super) struct LogBody {
    /// Its name.
    origin: String,
    /// The key that signs its checkpoints, a C2SP vkey.
    vkey: String,
    /// The leaf hash of entry 0.
    entry0: String,
    /// How many entries it has.
    size: u64,
    /// The time of the last, ms UTC.
    time: u64,
    /// Whether nothing in it binds anybody.
    trial: bool,
    /// A policy to check its receipts with: spec/receipts.md.
    #[schema(value_type = Object)]
    policy: serde_json::Value,
    /// A note, signed by the log's key, that names the key of webhooks; not there if none are sent: spec/http.md#webhooks.
    webhook_key: Option<String>,
    /// The witnesses, what each cosigned last or why not, and the newest quorum; not there if the ledger has none: spec/log.md#witness-points.
    #[schema(value_type = Option<Object>)]
    witnesses: Option<serde_json::Value>,
}

/// How the log grew.
#[derive(Serialize, ToSchema)]
#[schema(as = Growth)]
pub(super) struct GrowthBody {
    /// At most 60 entries at even distances, the first and the newest among them.
    points: Vec<GrownBody>,
    /// Each full hour back from the newest entry's time, oldest first: 25.
    hours: Vec<GrownBody>,
}

/// How many entries there were at a time.
#[derive(Serialize, ToSchema)]
#[schema(as = Grown)]
pub(super) struct GrownBody {
    /// The time, ms UTC.
    time: u64,
    /// How many entries were not later.
    size: u64,
}

/// The hooks of the reader.
#[derive(Serialize, ToSchema)]
#[schema(as = Hooks)]
pub(super) struct HooksBody {
    /// Those in force, by number.
    hooks: Vec<HookBody>,
}

/// Where a party is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Hook)]
pub(super) struct HookBody {
    /// The record's id.
    id: String,
    /// 1 to 4.
    number: u8,
    /// Where.
    url: String,
    /// The index of the last event that was received there.
    told: Option<u64>,
    /// Why the next one was not received yet: spec/http.md#webhooks.
    failure: Option<String>,
}

/// A consistency proof.
#[derive(Serialize, ToSchema)]
#[schema(as = Consistency)]
pub(super) struct ConsistencyBody {
    /// The smaller size.
    from: u64,
    /// The larger size.
    to: u64,
    /// The hashes in base64url.
    hashes: Vec<String>,
}

/// How it is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok` or `not_ready`.
    status: String,
    /// `read_only`, `disk_full`, `clock` or `closed`.
    reason: Option<String>,
}

/// The form that asks for a token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenRequest {
    /// `client_credentials`.
    #[schema(pattern = "^client_credentials$")]
    grant_type: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    #[schema(pattern = "^urn:ietf:params:oauth:client-assertion-type:jwt-bearer$")]
    client_assertion_type: String,
    /// A JWT: spec/http.md.
    client_assertion: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`.
    token_type: String,
    /// In seconds.
    expires_in: u64,
}

/// A refusal of the token endpoint, RFC 6749 section 5.2.
#[derive(Serialize, ToSchema)]
pub(super) struct OauthError {
    /// Its code.
    error: String,
    /// A sentence.
    error_description: Option<String>,
}

#[cfg(test)]
mod tests {
    //! Goal: the committed interface is the one served. Method: generate it and compare; `PROCURA_WRITE=1` writes it anew.

    #[test]
    fn the_committed_document_is_the_one_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/openapi.json");
        let generated = super::openapi_json().unwrap();
        if std::env::var_os("PROCURA_WRITE").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(generated == committed, "run PROCURA_WRITE=1 cargo test -p procura-server openapi");
    }
}

//! Refusals as RFC 9457 problems: the one file that knows which status a refusal has.
//!
//! spec: http.md#problems

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use procura_core::json::{JsonError, MemberError};
use procura_core::submission::SubmissionError;
use procura_ledger::{ReadError, SubmitError};
use serde_json::{Map, Value, json};

/// Begins every problem's type.
const TYPE: &str = "urn:procura:problem:";

/// The statuses that names have. A name that stands in no row is 422: something that a well-formed record gets wrong.
const STATUSES: &[(StatusCode, &[&str])] = &[
    (
        StatusCode::BAD_REQUEST,
        &[
            "query",
            "wrong_origin",
            "unknown_version",
            "json_byte_order_mark",
            "json_not_utf8",
            "json_not_an_object",
            "json_not_an_array",
            "json_syntax",
            "json_trailing_text",
            "json_too_deep",
            "json_duplicate_member",
            "json_member_order",
            "json_spacing",
            "json_escape",
            "json_lone_surrogate",
            "json_not_an_integer",
            "json_integer_range",
            "member_missing",
            "member_mistyped",
            "member_unknown",
            "key_not_canonical",
            "key_not_on_curve",
            "key_small_order",
            "key_jwk",
            "jws_json_serialization",
            "jws_parts",
            "jws_base64",
            "jws_header_json",
            "jws_header_members",
            "jws_alg",
            "jws_typ",
            "jws_kid",
            "jws_signature_length",
            "sd_nested",
            "sd_digests",
            "sd_digest_order",
            "disclosure_base64",
            "disclosure_json",
            "disclosure_shape",
            "disclosure_salt",
            "disclosure_reserved",
            "disclosure_surplus",
            "disclosure_repeated",
            "disclosure_in_clear",
            "disclosure_name_twice",
            "disclosure_missing",
            "day_form",
            "day_year",
            "day_calendar",
            "identifier_form",
            "identifier_scheme",
            "identifier_scheme_name",
            "identifier_value",
            "not_an_access",
        ],
    ),
    (StatusCode::UNAUTHORIZED, &["token"]),
    (StatusCode::NOT_FOUND, &["not_found"]),
    (StatusCode::METHOD_NOT_ALLOWED, &["method"]),
    (StatusCode::REQUEST_TIMEOUT, &["timeout"]),
    (
        StatusCode::CONFLICT,
        &[
            "move",
            "not_first",
            "list_full",
            "party_exists",
            "signed_twice",
            "size_unavailable",
            "signature_void",
            "erased",
            "evidence_erased",
            "in_force",
            "number_taken",
            "legal_hold",
            "not_begun",
        ],
    ),
    (StatusCode::GONE, &["link_used"]),
    (
        StatusCode::PAYLOAD_TOO_LARGE,
        &["oversized", "json_too_large", "jws_too_large", "disclosure_too_large"],
    ),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, &["media_type"]),
    (StatusCode::INTERNAL_SERVER_ERROR, &["internal"]),
    (StatusCode::SERVICE_UNAVAILABLE, &["busy", "reopening", "not_ready", "clock", "no_vrf_key", "provider"]),
];

/// The status of a refusal's name.
#[must_use]
pub fn status(name: &str) -> StatusCode {
    STATUSES
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map_or(StatusCode::UNPROCESSABLE_ENTITY, |(status, _)| *status)
}

/// In an answer's extensions: that it is a problem, and which.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProblemName(pub(super) &'static str);

/// A refusal on its way out. It never holds a value of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    name: &'static str,
    detail: String,
    pointer: Option<String>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A refusal with this name and a sentence that says what is wrong and what to do.
    pub fn new(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, detail: detail.into(), pointer: None, retry_after_s: None }
    }

    /// What is not there, and what the reader may not see: the two are one answer.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new("not_found", "There is nothing here that you may read.")
    }

    /// No token, or one that does not count.
    #[must_use]
    pub fn token() -> Self {
        Self::new("token", "Send a bearer token that is in force; POST /oauth/token gives one.")
    }

    /// A parameter of the query that is not as it should be.
    #[must_use]
    pub fn query(detail: impl Into<String>) -> Self {
        Self::new("query", detail)
    }

    /// No entry of this ledger's that was published at that size.
    #[must_use]
    pub fn size() -> Self {
        Self::new("size_unavailable", "The ledger has published no checkpoint of this size; see /v1/log.")
    }

    /// Too much is waiting.
    #[must_use]
    pub fn busy(retry_after_s: u64) -> Self {
        let detail = "The server has too much to do. Nothing is said about what was asked or handed in; try again, that is safe.";
        Self { retry_after_s: Some(retry_after_s), ..Self::new("busy", detail) }
    }

    /// With the place of what is wrong, an RFC 6901 pointer.
    #[must_use]
    pub fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        status(self.name)
    }

    /// How long to wait before trying again, if that is known.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u64> {
        self.retry_after_s
    }

    /// The problem as RFC 9457 writes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("type".to_owned(), json!(format!("{TYPE}{}", self.name)));
        members.insert("title".to_owned(), json!(title(self.name)));
        members.insert("status".to_owned(), json!(self.status().as_u16()));
        members.insert("detail".to_owned(), json!(self.detail));
        if let Some(pointer) = &self.pointer {
            members.insert("pointer".to_owned(), json!(pointer));
        }
        Value::Object(members)
    }
}

/// The name for people: RFC 9457 wants a title that does not change from one occurrence to the next.
fn title(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|c| if c == '_' { ' ' } else { c })).collect()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.to_json();
        if let (Some(id), Some(members)) = (super::request::id(), body.as_object_mut()) {
            members.insert("instance".to_owned(), json!(format!("urn:uuid:{id}")));
        }
        let mut response = (self.status(), body.to_string()).into_response();
        response.extensions_mut().insert(ProblemName(self.name));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let safe = "Nothing is said about the submission; hand it in again, that is safe.";
        match error {
            SubmitError::Refused(refusal) => {
                let problem = Self::new(refusal.name(), refusal.to_string());
                match refusal.pointer() {
                    Some(pointer) => problem.at(pointer),
                    None => problem,
                }
            }
            SubmitError::Busy { retry_after_s } => Self::busy(retry_after_s),
            SubmitError::Unknown => Self {
                retry_after_s: Some(1),
                ..Self::new("reopening", format!("The ledger reopens its store. {safe}"))
            },
            SubmitError::Full(_) => Self::new("list_full", "A list that this would go into is full."),
            // The reasons are the operator's to read, in the log and at /readyz: they may name paths.
            SubmitError::ReadOnly(_) => {
                Self::new("not_ready", format!("The ledger takes no submissions now. {safe}"))
            }
            SubmitError::Clock(_) => Self::new(
                "clock",
                format!("The ledger waits for its operator to set the clock right. {safe}"),
            ),
            other => {
                tracing::error!(error = %other, "a submission failed in a way that has no answer of its own");
                Self::new("not_ready", format!("The ledger takes no submissions now. {safe}"))
            }
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Void(what) => return Self::new("signature_void", what),
            ReadError::Erased(_) => {
                return Self::new(
                    "erased",
                    "A record that the answer needs was erased; nothing can be proven of it.",
                );
            }
            _ => {}
        }
        tracing::error!(%error, "the ledger could not be read");
        Self::new("internal", "The ledger could not be read. The operator finds the reason in the log.")
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        Self::new(error.name(), error.to_string())
    }
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        Self::new(error.name(), error.to_string()).at(error.pointer())
    }
}

impl From<SubmissionError> for Problem {
    fn from(error: SubmissionError) -> Self {
        match error {
            SubmissionError::Json(error) => error.into(),
            SubmissionError::Member(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: every name that the spec gives a refusal has the status that `http.md` says. Method: the names are read out of
    //! the spec's own tables; a form error is one of encoding.md's, all others are compared one by one.

    use super::*;
    use std::collections::BTreeSet;

    /// The names in the first column of every table of a page, within the sections given.
    fn names(page: &str, sections: &[&str]) -> BTreeSet<String> {
        let path = format!("{}/../spec/{page}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut found = BTreeSet::new();
        for section in text.split("\n## ").filter(|text| sections.iter().any(|name| text.starts_with(name))) {
            for line in section.lines().filter(|line| line.starts_with("| `")) {
                let cell = line.split('|').nth(1).unwrap();
                found.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
            }
        }
        found
    }

    #[test]
    fn form_is_400_and_size_413() {
        let form = names("encoding.md", &["JSON", "Keys", "JWS", "Disclosures", "Days"]);
        assert!(form.len() > 40, "{form:?}");
        for name in form {
            let expected = if name.ends_with("too_large") { 413 } else { 400 };
            assert_eq!(status(&name).as_u16(), expected, "{name}");
        }
    }

    #[test]
    fn identifiers_are_400_by_form_and_422_by_check() {
        for name in names("encoding.md", &["Identifiers"]) {
            let expected = if name.starts_with("identifier") { 400 } else { 422 };
            assert_eq!(status(&name).as_u16(), expected, "{name}");
        }
    }

    #[test]
    fn every_refusal_of_a_record_has_its_status() {
        for name in names("records.md", &["Refusals"]) {
            let expected = match name.as_str() {
                "wrong_origin" | "unknown_version" => 400,
                "oversized" => 413,
                "no_vrf_key" => 503,
                "move" | "list_full" | "party_exists" | "not_first" | "erased" | "in_force"
                | "legal_hold" | "number_taken" => 409,
                _ => 422,
            };
            assert_eq!(status(&name).as_u16(), expected, "{name}");
        }
    }

    #[test]
    fn what_http_says_is_so() {
        for (name, expected) in [
            ("token", 401),
            ("not_found", 404),
            ("method", 405),
            ("timeout", 408),
            ("not_first", 409),
            ("size_unavailable", 409),
            ("evidence_erased", 409),
            ("link_used", 410),
            ("media_type", 415),
            ("signature_mismatch", 422),
            ("same_party", 422),
            ("niss_check", 422),
            ("internal", 500),
            ("busy", 503),
            ("reopening", 503),
            ("not_ready", 503),
            ("clock", 503),
            ("no_vrf_key", 503),
            ("provider", 503),
        ] {
            assert_eq!(status(name).as_u16(), expected, "{name}");
        }
    }

    #[test]
    fn no_name_stands_in_two_rows() {
        let all: Vec<_> = STATUSES.iter().flat_map(|(_, names)| *names).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn a_problem_is_written_as_rfc_9457_says() {
        let problem = Problem::new("same_party", "Both are one.").at("/mandatee");
        assert_eq!(
            problem.to_json().to_string(),
            r#"{"type":"urn:procura:problem:same_party","title":"Same party","status":422,"detail":"Both are one.","pointer":"/mandatee"}"#
        );
    }
}

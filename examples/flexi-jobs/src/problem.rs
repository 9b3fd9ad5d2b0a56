//! Refusals as RFC 9457 problems: the one file that knows which status a refusal has.

use crate::admission::NotAdmitted;
use crate::book::BookError;
use crate::declaration::Fault;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal: nothing was changed, nothing was told.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    name: String,
    detail: String,
    pointer: Option<String>,
    faults: Vec<Fault>,
}

/// So many faults of a declaration are told at a time.
const MOST_FAULTS: usize = 100;

impl Problem {
    fn new(status: StatusCode, name: &str, detail: impl Into<String>) -> Self {
        Self { status, name: name.to_owned(), detail: detail.into(), pointer: None, faults: Vec::new() }
    }

    /// What was sent is not what this address takes.
    pub(crate) fn malformed(name: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, name, detail)
    }

    /// It is well formed, and says what cannot be.
    pub(crate) fn wrong(name: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, name, detail)
    }

    /// It does not say that it is JSON.
    pub(crate) fn media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "this takes application/json")
    }

    /// There is no such thing.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing")
    }

    /// It contradicts what there is.
    pub(crate) fn conflict(name: &str, detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, name, detail)
    }

    /// It cannot be answered yet.
    pub(crate) fn not_ready(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail)
    }

    /// Something here is broken.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the service could not look: the answer is unknown",
        )
    }
}

/// The first one is the problem; all of them come along.
impl From<Vec<Fault>> for Problem {
    fn from(mut faults: Vec<Fault>) -> Self {
        let Some(first) = faults.first() else { return Self::internal() };
        let mut problem = Self::wrong(first.name, first.what);
        problem.pointer = Some(first.pointer.clone());
        faults.truncate(MOST_FAULTS);
        problem.faults = faults;
        problem
    }
}

impl From<NotAdmitted> for Problem {
    fn from(error: NotAdmitted) -> Self {
        let status = match error {
            NotAdmitted::LedgerAway => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        };
        Self::new(status, error.name(), error.to_string())
    }
}

impl From<BookError> for Problem {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Line { name, at, what } => {
                let mut problem = Self::new(StatusCode::CONFLICT, name, what);
                problem.pointer = Some(format!("/lines/{at}"));
                problem
            }
            BookError::Disk(_) | BookError::Damaged(_) => Self::internal(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("urn:flexi:problem:{}", self.name), "title": self.name, "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Some(pointer), Some(body)) = (self.pointer, body.as_object_mut()) {
            body.insert("pointer".to_owned(), json!(pointer));
        }
        if let (false, Some(body)) = (self.faults.is_empty(), body.as_object_mut()) {
            let faults = self.faults.iter();
            let faults = faults
                .map(|fault| json!({"title": fault.name, "detail": fault.what, "pointer": fault.pointer}));
            body.insert("faults".to_owned(), faults.collect());
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

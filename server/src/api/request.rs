//! What every request passes through: its id, its time, its line in the log, the headers of its answer.
//!
//! The log never holds an address with its values, a query, a header or a body: the route's template stands for all of
//! them, because ids, identifiers and tokens are among them.

use super::problem::{Problem, ProblemName};
use crate::app::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Instant;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is echoed.
const MAX_ID_BYTES: usize = 256;

pub(super) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let given = request.headers().get(&REQUEST_ID).filter(|id| id.len() <= MAX_ID_BYTES).cloned();
    let id = RequestId::of(&app, given.as_ref());
    let method = request.method().clone();
    let template = request.extensions().get::<MatchedPath>().cloned();

    #[cfg(feature = "otlp")]
    let span = crate::traces::Span::begin(
        request.headers(),
        &method,
        template.as_ref().map(MatchedPath::as_str),
        &id.0,
    );

    let limit = app.limits().request_timeout;
    let answering = async {
        let answer = tokio::time::timeout(limit, next.run(request)).await;
        answer.unwrap_or_else(|_| Problem::busy(1).into_response())
    };
    let mut response = ID.scope(Arc::clone(&id.0), answering).await;

    let headers = response.headers_mut();
    if let Some(echo) = given.or_else(|| HeaderValue::try_from(&*id.0).ok()) {
        headers.insert(REQUEST_ID, echo);
    }
    secure(headers);
    let route = template.as_ref().map_or("-", MatchedPath::as_str);
    let (status, took) = (response.status().as_u16(), started.elapsed());
    let problem = response.extensions().get::<ProblemName>().map(|name| name.0);
    app.metrics().answered((&method, route, status), problem, took);
    #[cfg(feature = "otlp")]
    span.end(status, problem);
    tracing::info!(
        %method,
        route,
        status,
        ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        request_id = &*id.0,
        "request"
    );
    response
}

tokio::task_local! {
    /// What the log calls the request that is answered by this task.
    pub(crate) static ID: Arc<str>;
}

/// What the log calls the request at hand, if there is one.
pub(crate) fn id() -> Option<Arc<str>> {
    ID.try_with(Arc::clone).ok()
}

/// Does work on another thread for the request at hand.
pub(crate) fn carry<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let id = id();
    move || match id {
        Some(id) => ID.sync_scope(id, work),
        None => work(),
    }
}

/// What the log calls a request.
struct RequestId(Arc<str>);

impl RequestId {
    /// The id given, if it is a UUID; any other text could be somebody's identifier, so the log gets one of ours.
    fn of(app: &App, given: Option<&HeaderValue>) -> Self {
        let given = given.and_then(|id| id.to_str().ok()).filter(|id| is_uuid(id));
        // Without randomness the id tells nothing apart, but the request is answered all the same.
        Self(given.map_or_else(|| new_uuid(app.random().unwrap_or_default()).into(), Arc::from))
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// RFC 9562 section 5.4: version 4.
fn new_uuid(bytes: [u8; 16]) -> String {
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xf << 76)) | (4 << 76);
    let number = (number & !(0b11 << 62)) | (0b10 << 62);
    let mut text = String::with_capacity(36);
    for place in (0..32_u32).rev() {
        let digit = u32::try_from(number >> (4 * place) & 0xf).unwrap_or_default();
        text.extend(char::from_digit(digit, 16));
        if matches!(place, 24 | 20 | 16 | 12) {
            text.push('-');
        }
    }
    text
}

/// Nothing of ours is framed, sniffed, cached by default, or told to other sites.
fn secure(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    //! Goal: our ids are UUIDs, and only UUIDs reach the log. Method: one text for each.

    use super::*;

    #[test]
    fn uuids() {
        assert_eq!(new_uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(new_uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert!(is_uuid(&new_uuid([7; 16])));
        for text in
            ["", "75061200192", "ffffffff-ffff-4fff-bfff-fffffffffff", "gfffffff-ffff-4fff-bfff-ffffffffffff"]
        {
            assert!(!is_uuid(text), "{text}");
        }
    }
}

//! Who asks for it is answered where the quorum of witnesses stands: `Prefer: witnessed, wait=<seconds>` (RFC 7240).
//!
//! What is read is read as of a witness point that covers all that was there when the request came; what is handed in is answered
//! as of one that covers it. Without one in time the answer is made as for others, and says so by not saying `witnessed`.
//!
//! spec: http.md#prefer

use crate::app::{App, Wish};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Duration;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The longest wait: an answer has to be made and sent after it.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

pub(super) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let wait = wanted(request.headers()).or(app.settings().witness_wait);
    let (Some(wait), true) = (wait, app.witnesses().is_some() && request.uri().path().starts_with("/v1/"))
    else {
        return next.run(request).await;
    };
    let wish = Wish::new(wait.min(LONGEST_WAIT));
    if !hands_in(&request) {
        app.grant(&wish, app.ledger().view().size()).await;
    }
    let mut response = wish.scope(next.run(request)).await;
    if wish.is_granted() && response.status().is_success() {
        response.headers_mut().append(APPLIED, HeaderValue::from_static("witnessed"));
    }
    response
}

/// Whether there is something to wait for only once it is logged.
fn hands_in(request: &Request) -> bool {
    request.method() == Method::POST && matches!(request.uri().path(), "/v1/records" | "/v1/accesses")
}

/// How long the client would wait; `None` if it does not ask for it.
fn wanted(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(PREFER).into_iter().filter_map(|line| line.to_str().ok());
    let mut preferences = lines.flat_map(|line| line.split(',')).map(|preference| {
        // Parameters may follow; none is defined for these.
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned())
    });
    let (mut is_wanted, mut wait) = (false, None);
    for (name, value) in &mut preferences {
        match name.as_str() {
            "witnessed" => is_wanted = true,
            // The first one counts, as section 2 wants it.
            "wait" => wait = wait.or_else(|| value.parse().ok().map(Duration::from_secs)),
            _ => {}
        }
    }
    is_wanted.then_some(wait.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    //! Goal: only who asks waits, and as long as they say. Method: headers as RFC 7240 writes them, and some that it does not.

    use super::*;

    #[test]
    fn the_wait_is_the_client_s() {
        for (lines, seconds) in [
            (&["witnessed, wait=10"][..], Some(10)),
            (&["wait=10, Witnessed"], Some(10)),
            (&["return=minimal", "witnessed", "wait=\"3\"; foo=1"], Some(3)),
            (&["witnessed, wait=2, wait=9"], Some(2)),
            (&["witnessed"], Some(0)),
            (&["witnessed, wait=-1"], Some(0)),
            (&["wait=10"], None),
            (&["return=minimal"], None),
            (&["unwitnessed, wait=10"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(PREFER, HeaderValue::from_static(line));
            }
            assert_eq!(wanted(&headers), seconds.map(Duration::from_secs), "{lines:?}");
        }
    }
}

//! Addresses that are to go: every answer of theirs says so, and so does the interface's description.
//!
//! spec: http.md#what-is-to-go

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// What is to go.
pub(super) static LEAVING: &[Leaving] = &[];

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// An address that is to go.
pub(super) struct Leaving {
    /// The route, as the interface describes it.
    path: &'static str,
    /// Since when nothing new is to be built on it: the day's first instant, UTC.
    deprecated: Date,
    /// When it may be gone: the day's first instant, UTC.
    sunset: Date,
    /// What to use instead: an address with nothing to fill in, the new one or a page about it.
    successor: &'static str,
}

impl Leaving {
    /// RFC 9745, RFC 8594, RFC 5829; `None` of a day that no time stamp has.
    fn headers(&self) -> Option<[(HeaderName, HeaderValue); 3]> {
        let deprecated = format!("@{}", first_instant(self.deprecated)?.as_second());
        let sunset = DateTimePrinter::new().timestamp_to_rfc9110_string(&first_instant(self.sunset)?).ok()?;
        let successor = format!("<{}>; rel=\"successor-version\"", self.successor);
        Some([
            (DEPRECATION, HeaderValue::try_from(deprecated).ok()?),
            (SUNSET, HeaderValue::try_from(sunset).ok()?),
            (header::LINK, HeaderValue::try_from(successor).ok()?),
        ])
    }
}

fn first_instant(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// Says of each answer of an address in the table that it is to go, of refusals too.
pub(super) async fn around(
    State(table): State<&'static [Leaving]>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let leaving = route.and_then(|route| table.iter().find(|leaving| leaving.path == route.as_str()));
    let mut response = next.run(request).await;
    for (name, value) in leaving.and_then(Leaving::headers).into_iter().flatten() {
        // Beside a link to the next page, if there is one.
        response.headers_mut().append(name, value);
    }
    response
}

/// Marks what is to go in the interface's description.
pub(super) fn mark(document: &mut Value, table: &[Leaving]) {
    for leaving in table {
        let item = document.get_mut("paths").and_then(|paths| paths.get_mut(leaving.path));
        for (_, operation) in item.and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                operation.insert("deprecated".to_owned(), json!(true));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what is to go says so in every answer and in the description, nothing else does, and a row that says it too late or of an
    //! address that is not there is found. Method: a router of the test's own and a table for it; then the table in use.

    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::middleware;
    use axum::routing::get;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;
    use jiff::civil::date;

    static TABLE: &[Leaving] = &[Leaving {
        path: "/v1/old/{id}",
        deprecated: date(2028, 3, 1),
        sunset: date(2029, 3, 31),
        successor: "/docs",
    }];

    fn answer(method: &str, path: &str) -> Response {
        let paged = || async { ([(header::LINK, "</v1/old/2>; rel=\"next\"")], "a page") };
        let router = Router::new()
            .route("/v1/old/{id}", get(paged))
            .route("/v1/new/{id}", get(|| async { "a page" }))
            .layer(middleware::from_fn_with_state(TABLE, around));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(TowerToHyperService::new(router).call(request)).unwrap()
    }

    fn values<'r>(response: &'r Response, name: &str) -> Vec<&'r str> {
        response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[test]
    fn what_is_to_go_says_so_in_every_answer() {
        let old = answer("GET", "/v1/old/1");
        assert_eq!(old.status(), StatusCode::OK);
        assert_eq!(values(&old, "deprecation"), ["@1835481600"]);
        assert_eq!(values(&old, "sunset"), ["Sat, 31 Mar 2029 00:00:00 GMT"]);
        assert_eq!(values(&old, "link"), ["</v1/old/2>; rel=\"next\"", "</docs>; rel=\"successor-version\""]);
        let refused = answer("POST", "/v1/old/1");
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(values(&refused, "deprecation"), ["@1835481600"]);
        for path in ["/v1/new/1", "/v1/old", "/v1/nothing"] {
            let other = answer("GET", path);
            for name in ["deprecation", "sunset", "link"] {
                assert_eq!(values(&other, name), [] as [&str; 0], "{path}");
            }
        }
    }

    #[test]
    fn the_description_marks_what_is_to_go() {
        let mut document = json!({"paths": {
            "/v1/old/{id}": {"get": {"tags": []}, "delete": {}}, "/v1/new/{id}": {"get": {}}
        }});
        mark(&mut document, TABLE);
        let marked = json!({"paths": {
            "/v1/old/{id}": {"get": {"tags": [], "deprecated": true}, "delete": {"deprecated": true}}, "/v1/new/{id}": {"get": {}}
        }});
        assert_eq!(document, marked);
    }

    /// What is wrong with a row of a table for this description.
    fn fault(row: &Leaving, document: &Value) -> Option<&'static str> {
        let is_there = document.get("paths").and_then(|paths| paths.get(row.path)).is_some();
        let a_year_later = row.deprecated.saturating_add(jiff::Span::new().years(1));
        match row {
            _ if !is_there => Some("path"),
            _ if row.sunset < a_year_later => Some("sunset"),
            _ if row.successor.contains('{') || row.headers().is_none() => Some("successor"),
            _ => None,
        }
    }

    #[test]
    fn each_row_is_of_an_address_that_is_there_and_says_it_a_year_before() {
        let served: Value = serde_json::from_str(&super::super::openapi_json().unwrap()).unwrap();
        let row = |path, sunset, successor| Leaving { path, deprecated: date(2028, 3, 1), sunset, successor };
        let (path, after_a_year) = ("/v1/records/{id}", date(2029, 3, 1));
        for (row, expected) in [
            (row(path, after_a_year, "/docs"), None),
            (row("/v1/nothing", after_a_year, "/docs"), Some("path")),
            (row(path, date(2029, 2, 28), "/docs"), Some("sunset")),
            (row(path, after_a_year, "/v2/records/{id}"), Some("successor")),
            (row(path, after_a_year, "\n"), Some("successor")),
        ] {
            assert_eq!(fault(&row, &served), expected);
        }
        for row in LEAVING {
            assert_eq!(fault(row, &served), None, "{}", row.path);
            assert_eq!(
                served["paths"][row.path].as_object().unwrap().values().next().unwrap()["deprecated"],
                true
            );
        }
    }
}

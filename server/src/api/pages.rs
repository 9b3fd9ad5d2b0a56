//! The pages: HTML filled with the words of four languages, style sheets and modules, all inside the program.
//!
//! A page is read without scripts, in the language that its address or the browser asks for; nothing here knows who reads it.
//!
//! spec: http.md#pages

mod files;
mod module;
mod render;
mod words;

use crate::app::App;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use files::File;
pub(crate) use render::Doors;
use render::{Language, Page};
use std::sync::Arc;

/// What a page may load and do: its own origin's files, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the addresses of the pages.
pub(super) fn add(router: Router<App>, app: &App) -> Router<App> {
    let site = Arc::new(render::site(app.is_trial(), app.doors()));
    let mut router = router;
    for page in Page::all(app.doors()) {
        let site = Arc::clone(&site);
        let answer = move |headers: HeaderMap, query: axum::extract::RawQuery| async move {
            let asked = query.0.as_deref().and_then(Language::of_query);
            let accepted = || Language::of_header(headers.get(header::ACCEPT_LANGUAGE));
            let language = asked.unwrap_or_else(accepted);
            let mut response = respond(&headers, site.page(page, language));
            response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Language"));
            response
        };
        router = router.route(page.path(), get(answer));
    }
    let worker = Arc::clone(&site);
    router
        .route("/sw.js", get(move |headers: HeaderMap| async move { respond(&headers, worker.worker()) }))
        .route("/web/{*path}", get(file))
}

async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match files::find(&path) {
        Some(file) => respond(&headers, Some(file)),
        None => super::Problem::not_found().into_response(),
    }
}

/// The address and the SHA-256 of everything that a browser gets of the pages: what a release says of them, and anybody can hold against what
/// a server sends. A trial's; `has_demo`: as `--demo` serves them.
#[must_use]
pub fn assets(has_demo: bool) -> Vec<(String, procura_core::Hash)> {
    let site = render::site(true, Doors { has_desk: has_demo, has_providers: false });
    let pages = site
        .pages()
        .map(|(page, language, file)| (format!("{}?lang={}", page.path(), language.code()), file));
    let worker = site.worker().map(|file| ("/sw.js".to_owned(), file));
    let carried = files::all().map(|(name, file)| (format!("/web/{name}"), file));
    let all = pages.chain(worker).chain(carried);
    all.map(|(address, file)| (address, procura_core::hash::sha256(&[&file.plain]))).collect()
}

/// A file, or that the client has it already; compressed if it takes that.
fn respond(asked: &HeaderMap, file: Option<&File>) -> Response {
    let Some(file) = file else { return super::Problem::not_found().into_response() };
    let has = |name, wanted: &str| {
        let values = asked.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim() == wanted)
    };
    let is_known = has(header::IF_NONE_MATCH, &file.etag);
    let takes_gzip = has(header::ACCEPT_ENCODING, "gzip");
    let body = if is_known {
        Body::empty()
    } else if takes_gzip {
        Body::from(file.zipped.clone())
    } else {
        Body::from(file.plain.clone())
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // The next version of the program has the same addresses: asked for anew each time, sent only if it changed.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::try_from(&file.etag) {
        headers.insert(header::ETAG, etag);
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else if takes_gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

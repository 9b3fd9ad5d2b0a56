//! `/enrol/…`: enrolment by an identity provider, over HTTP. These addresses exist only where a provider is configured.
//!
//! What a browser holds between two steps is a cookie that scripts can't read, and that says nothing. No address has anybody's
//! identifier in it, and what a provider sends back is in no log: the route's template stands for it.
//!
//! spec: http.md#enrolment

use super::body::{MAX_REQUEST_BYTES, MediaType, Received, read};
use super::desk::{kid, members, new_key};
use super::problem::Problem;
use crate::app::App;
use crate::oidc::{Enrolment, LoginError, Returned};
use crate::registrar::NewKey;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use procura_core::b64;
use serde_json::{Value, json};
use std::sync::Arc;

/// The cookie of who is away at a provider. It comes back with them, from another site.
const AWAY: Cookie = Cookie { name: "procura-login", same_site: "Lax", max_age_s: 600 };
/// The cookie of who is back. No other site's request has it.
const BACK: Cookie = Cookie { name: "procura-enrol", same_site: "Strict", max_age_s: 300 };
/// The most characters of a provider's name, and of a language.
const MAX_CHARS: usize = 32;

/// Adds the addresses of enrolment, if a provider is configured.
pub(super) fn add(router: Router<App>, app: &App) -> Router<App> {
    let Some(enrolment) = app.enrolment() else { return router };
    let mut router = router
        .route("/enrol/providers", get(providers))
        .route("/enrol/logins", post(login))
        .route("/enrol/enrolments", post(begin))
        .route("/enrol/keys", post(bind))
        .route("/enrol/recoveries", post(recover));
    for (name, _, path) in enrolment.providers() {
        let provider = name.to_owned();
        let answer = move |State(app): State<App>, headers: HeaderMap, RawQuery(query): RawQuery| {
            returned(app, provider.clone(), headers, query.unwrap_or_default())
        };
        router = router.route(&path, get(answer));
    }
    router
}

/// Who can say who somebody is.
async fn providers(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let enrolment = enrolment(&app)?;
    let all = enrolment.providers().map(|(name, title, _)| json!({"name": name, "title": title}));
    Ok(Json(json!({ "providers": all.collect::<Vec<_>>() })))
}

/// Where to go, with a cookie to come back by.
async fn login(State(app): State<App>, media_type: MediaType, body: Body) -> Result<Response, Problem> {
    let (provider, language) = where_to(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?;
    let (url, secret) = blocking(&app, move |enrolment| enrolment.send(&provider, &language)).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, AWAY.set(&app, &secret))]);
    Ok((StatusCode::CREATED, cookie, Json(json!({ "location": url }))).into_response())
}

fn where_to(received: &Received, media_type: MediaType) -> Result<(String, String), Problem> {
    let mut members = members(received, media_type)?;
    let (provider, language) =
        (members.take_text("provider", MAX_CHARS)?, members.take_text("lang", MAX_CHARS)?);
    members.finish()?;
    if !["de", "en", "fr", "nl"].contains(&language.as_str()) {
        return Err(Problem::new("member_mistyped", "lang is de, en, fr or nl.").at("/lang"));
    }
    Ok((provider, language))
}

/// Somebody is back from a provider: to the page, whatever came of it.
async fn returned(app: App, provider: String, headers: HeaderMap, query: String) -> Response {
    let secret = AWAY.get(&app, &headers);
    let came = came(&query);
    let outcome = match secret {
        Some(secret) => {
            let work = move |enrolment: &Enrolment| Ok(enrolment.returned(&provider, &secret, &came));
            blocking(&app, work).await.unwrap_or(Err(LoginError::Busy))
        }
        None => Err(LoginError::Over),
    };
    let (page, back) = match &outcome {
        Ok(secret) => ("/me#login=known".to_owned(), BACK.set(&app, secret)),
        Err(error) => (format!("/me#login={}", error.page_name()), BACK.forget(&app)),
    };
    let location = HeaderValue::try_from(page).unwrap_or(HeaderValue::from_static("/me"));
    let headers =
        [(header::LOCATION, location), (header::SET_COOKIE, AWAY.forget(&app)), (header::SET_COOKIE, back)];
    (StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response()
}

/// Whose key is to be bound.
async fn begin(
    State(app): State<App>,
    headers: HeaderMap,
    media_type: MediaType,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    members(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?.finish()?;
    let secret = BACK.get(&app, &headers).ok_or_else(|| Problem::from(LoginError::Over))?;
    let (begun, name) = blocking(&app, move |enrolment| enrolment.begin(&secret)).await?;
    let mut answer = json!({"party": begun.party, "nonce": b64::encode(&begun.nonce)});
    if let (Some(name), Some(answer)) = (name, answer.as_object_mut()) {
        answer.insert("name".to_owned(), json!(name));
    }
    Ok((StatusCode::CREATED, Json(answer)))
}

/// The key.
async fn bind(
    State(app): State<App>,
    headers: HeaderMap,
    media_type: MediaType,
    body: Body,
) -> Result<Response, Problem> {
    let new = key(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?;
    let secret = BACK.get(&app, &headers).ok_or_else(|| Problem::from(LoginError::Over))?;
    let (bound, sure) = blocking(&app, move |enrolment| enrolment.bind(&secret, &new)).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, BACK.forget(&app))]);
    let answer = Json(json!({"kid": bound.kid, "basis": bound.basis, "assurance": sure.name()}));
    Ok((StatusCode::CREATED, cookie, answer).into_response())
}

fn key(received: &Received, media_type: MediaType) -> Result<NewKey, Problem> {
    let mut members = members(received, media_type)?;
    let new = new_key(&mut members)?;
    members.finish()?;
    Ok(new)
}

/// A recovery key whose delay may be over.
async fn recover(
    State(app): State<App>,
    headers: HeaderMap,
    media_type: MediaType,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let kid = kid(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?;
    let secret = BACK.get(&app, &headers).ok_or_else(|| Problem::from(LoginError::Over))?;
    blocking(&app, move |enrolment| enrolment.recover(&secret, &kid)).await?;
    Ok(Json(json!({ "kid": kid })))
}

fn enrolment(app: &App) -> Result<Arc<Enrolment>, Problem> {
    app.enrolment().cloned().ok_or_else(Problem::not_found)
}

/// Providers are far and records wait for the disk: not on the threads that serve connections.
async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Enrolment) -> Result<T, LoginError> + Send + 'static,
) -> Result<T, Problem> {
    let enrolment = enrolment(app)?;
    match tokio::task::spawn_blocking(move || work(&enrolment)).await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => {
            tracing::error!(%error, "an enrolment broke off");
            Err(Problem::new("internal", "The enrolment broke off; begin again."))
        }
    }
}

/// RFC 6749 section 4.1.2, RFC 9207. A parameter that comes twice counts for nothing.
fn came(query: &str) -> Returned {
    let all: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let one = |wanted: &str| {
        let mut found = all.iter().filter(|(name, _)| name == wanted);
        let first = found.next().map(|(_, value)| value.clone().into_owned());
        first.filter(|_| found.next().is_none())
    };
    let has_error = all.iter().any(|(name, _)| name == "error");
    Returned { code: one("code"), state: one("state"), iss: one("iss"), has_error }
}

/// A cookie of ours. Scripts don't see it, and it goes over TLS only (or within this machine).
struct Cookie {
    name: &'static str,
    same_site: &'static str,
    max_age_s: u32,
}

impl Cookie {
    /// Browsers take a name that begins so from this very host only; over plain http, on this machine, they take none.
    fn name(&self, app: &App) -> String {
        let is_tls = app.settings().public_url.starts_with("https://");
        format!("{}{}", if is_tls { "__Host-" } else { "" }, self.name)
    }

    fn set(&self, app: &App, value: &str) -> HeaderValue {
        self.header(app, value, self.max_age_s)
    }

    fn forget(&self, app: &App) -> HeaderValue {
        self.header(app, "", 0)
    }

    fn header(&self, app: &App, value: &str, max_age_s: u32) -> HeaderValue {
        let (name, same_site) = (self.name(app), self.same_site);
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite={same_site}");
        // Made of base64url and names of ours.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    fn get(&self, app: &App, headers: &HeaderMap) -> Option<String> {
        let name = self.name(app);
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value.to_owned())
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::NoProvider => Self::not_found(),
            LoginError::Over | LoginError::Declined | LoginError::Claims(_) => Self::new(
                "not_begun",
                "This enrolment was not begun by this browser, or is over; begin again.",
            ),
            LoginError::Busy => Self::busy(5),
            LoginError::Provider(_) => Self::new(
                "provider",
                "The identity provider can't be reached now, or its word is not proven.",
            ),
            LoginError::Registrar(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what comes back from a provider is read as one thing only. Method: addresses as they may come.

    use super::*;

    #[test]
    fn what_comes_twice_counts_for_nothing() {
        let one = came("code=a%20b&state=s&iss=https%3A%2F%2Fp");
        assert_eq!((one.code.as_deref(), one.state.as_deref()), (Some("a b"), Some("s")));
        assert_eq!((one.iss.as_deref(), one.has_error), (Some("https://p"), false));
        let twice = came("code=a&code=b&state=s&state=s&error=access_denied");
        assert_eq!((twice.code, twice.state, twice.has_error), (None, None, true));
        assert!(came("").code.is_none());
    }
}

//! `POST /oauth/token`: a token for a party that signs with its key (RFC 6749 section 4.4, RFC 7523).
//!
//! spec: http.md#who-calls

use super::assertion::{Assertion, AssertionError};
use super::body::{MAX_REQUEST_BYTES, MediaType, read};
use super::problem::Problem;
use super::tokens::{Grant, TOKEN_LIFETIME_MS, Use, hash_of};
use crate::app::App;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use procura_core::{Millis, b64};
use procura_ledger::View;
use serde_json::{Value, json};

/// The one grant type.
const GRANT: &str = "client_credentials";
/// RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A refusal as RFC 6749 section 5.2 writes it.
#[derive(Debug)]
enum TokenError {
    /// The request is not as it should be.
    Request(&'static str),
    /// Another grant type.
    GrantType,
    /// The assertion does not count.
    Client(AssertionError),
    /// Not now.
    Unavailable(Problem),
}

impl From<AssertionError> for TokenError {
    fn from(error: AssertionError) -> Self {
        Self::Client(error)
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (status, error, description) = match self {
            Self::Request(what) => (StatusCode::BAD_REQUEST, "invalid_request", what.to_owned()),
            Self::GrantType => {
                (StatusCode::BAD_REQUEST, "unsupported_grant_type", format!("the one grant type is {GRANT}"))
            }
            Self::Client(error) => (StatusCode::UNAUTHORIZED, "invalid_client", error.to_string()),
            Self::Unavailable(problem) => {
                let error = if problem.status().is_server_error() {
                    "temporarily_unavailable"
                } else {
                    "invalid_request"
                };
                let mut response = answer(problem.status(), &json!({"error": error}));
                if let Some(seconds) = problem.retry_after_s() {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                return response;
            }
        };
        answer(status, &json!({"error": error, "error_description": description}))
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Gives a party a token for ten minutes.
#[utoipa::path(
    post,
    path = "/oauth/token",
    tag = "access",
    request_body(
        content = super::docs::TokenRequest,
        content_type = "application/x-www-form-urlencoded"
    ),
    responses(
        (status = 200, description = "A token", body = super::docs::Token),
        (status = 400, description = "`invalid_request`, `unsupported_grant_type`", body = super::docs::OauthError),
        (status = 401, description = "`invalid_client`", body = super::docs::OauthError),
        (status = 408, description = "`invalid_request`: the body took too long", body = super::docs::OauthError),
        (status = 413, description = "`invalid_request`: the body is too large", body = super::docs::OauthError),
        (status = 500, description = "`temporarily_unavailable`: the ledger could not be read", body = super::docs::OauthError),
        (status = 503, description = "`temporarily_unavailable`", body = super::docs::OauthError),
    )
)]
pub(super) async fn token(State(app): State<App>, media_type: MediaType, body: Body) -> Response {
    grant(&app, media_type, body).await.map_or_else(IntoResponse::into_response, |token| {
        answer(
            StatusCode::OK,
            &json!({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME_MS / 1000}),
        )
    })
}

async fn grant(app: &App, media_type: MediaType, body: Body) -> Result<String, TokenError> {
    let body = read(app, body, MAX_REQUEST_BYTES).await.map_err(TokenError::Unavailable)?;
    if media_type != MediaType::Form {
        return Err(TokenError::Request("send the body as application/x-www-form-urlencoded"));
    }
    let form = Form::parse(&body.bytes)?;
    let endpoint = format!("{}/oauth/token", app.settings().public_url);
    let now = app.now();
    let assertion = Assertion::parse(&form.assertion, &[app.ledger().origin(), &endpoint], now)?;
    if form.client_id.is_some_and(|id| id != assertion.party.to_string()) {
        return Err(AssertionError::Party.into());
    }
    let counted = app.read(move |view| Ok(counts(view, &assertion, now)?.then_some(assertion))).await;
    let assertion = counted.map_err(TokenError::Unavailable)?.ok_or(AssertionError::Signer)?;

    // Only a signed assertion is remembered: others could fill the memory.
    let used = app.used().note(&assertion.party, &assertion.jti, assertion.ends, now);
    match used {
        Use::First => {}
        Use::Again => return Err(AssertionError::Used.into()),
        Use::NoRoom => return Err(TokenError::Unavailable(Problem::busy(60))),
    }
    let token = b64::encode(&app.random::<32>().map_err(TokenError::Unavailable)?);
    let grant = Grant { party: assertion.party, kid: Some(assertion.kid) };
    if !app.tokens().insert(hash_of(&token), grant, now) {
        return Err(TokenError::Unavailable(Problem::busy(60)));
    }
    Ok(token)
}

/// Whether the assertion is signed by a key in force, of a party in force.
fn counts(view: &View, assertion: &Assertion, now: Millis) -> Result<bool, Problem> {
    let Some(key) = view.key(&assertion.kid)? else { return Ok(false) };
    let Some(party) = view.party(&assertion.party)? else { return Ok(false) };
    Ok(key.party == assertion.party
        && key.status.permits()
        && !key.compromised
        && party.status.permits()
        && !party.content.is_over(now)
        && assertion.verify(&key.public_key).is_ok())
}

/// The form's parameters that mean something here.
struct Form {
    assertion: String,
    client_id: Option<String>,
}

impl Form {
    /// RFC 6749 section 3.2: no parameter twice, unknown ones are ignored.
    fn parse(body: &[u8]) -> Result<Self, TokenError> {
        let mut wanted = [
            ("grant_type", None),
            ("client_assertion_type", None),
            ("client_assertion", None),
            ("client_id", None),
        ];
        for (name, value) in form_urlencoded::parse(body) {
            let Some((_, slot)) = wanted.iter_mut().find(|(wanted, _)| *wanted == name) else { continue };
            if slot.replace(value.into_owned()).is_some() {
                return Err(TokenError::Request("a parameter stands twice"));
            }
        }
        let [(_, grant_type), (_, assertion_type), (_, assertion), (_, client_id)] = wanted;
        match grant_type.as_deref() {
            None => return Err(TokenError::Request("grant_type is missing")),
            Some(GRANT) => {}
            Some(_) => return Err(TokenError::GrantType),
        }
        if assertion_type.as_deref() != Some(ASSERTION_TYPE) {
            return Err(TokenError::Request("client_assertion_type is not that of a JWT (RFC 7523)"));
        }
        let assertion = assertion.ok_or(TokenError::Request("client_assertion is missing"))?;
        Ok(Self { assertion, client_id })
    }
}

/// The bytes of a token that an operator put into a file.
pub(crate) fn is_static_token(token: &str) -> bool {
    token.len() >= 32 && token.bytes().all(|b| b.is_ascii_graphic())
}

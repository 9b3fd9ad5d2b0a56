//! OpenID AuthZEN Authorization API 1.0: how institutions' own systems ask.
//!
//! spec: http.md#authzen

use super::auth::{Bearer, Caller};
use super::body::{Fit, MAX_REQUEST_BYTES, media_type, open_object, read};
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use procura_core::Millis;
use procura_core::decide::{AuthZen, PartyRef};
use procura_ledger::{ReadError, View};
use serde_json::{Value, json};

/// A refusal as AuthZEN section 10.1.2 wants it: the status, and a message as text.
pub(super) struct Refused(Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        // Whatever is wrong with the request itself is 400 there.
        let status = match problem.status() {
            status if status == StatusCode::UNAUTHORIZED || status.is_server_error() => status,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = (status, problem.detail().to_owned()).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = problem.retry_after_s() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// May this party do this with this person's data, now? A denial is 200.
#[utoipa::path(
    post,
    path = "/access/v1/evaluation",
    tag = "access",
    security(("bearer" = [])),
    params(("X-Request-ID" = Option<String>, Header, description = "Echoed")),
    request_body(content = super::docs::EvaluationRequest),
    responses(
        (status = 200, description = "The decision", body = super::docs::Evaluation),
        (status = 400, description = "A member is missing or mistyped; the message", body = String, content_type = "text/plain"),
        (status = 401, description = "No token in force; the message", body = String, content_type = "text/plain"),
        (status = 500, description = "The ledger could not be read; the message", body = String, content_type = "text/plain"),
        (status = 503, description = "Ask again; the message", body = String, content_type = "text/plain"),
    )
)]
pub(super) async fn evaluation(
    State(app): State<App>,
    bearer: Bearer,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let fit = Fit { limit_bytes: MAX_REQUEST_BYTES, timeout: app.limits().body_timeout };
    let body = read(body, fit).await?;
    app.ask(bearer, |_, _| Ok(())).await?;
    if media_type(&headers).as_deref() != Some("application/json") {
        return Err(Problem::new("media_type", "Send the body as application/json.").into());
    }
    let object = open_object(&body)?;
    let request = AuthZen::read(object).map_err(|error| Problem::from(error.0))?;
    let at = app.now();
    let answer = app.ask(bearer, move |view, caller| Ok(decide(view, caller, request, at)?)).await?;
    Ok(Json(answer))
}

/// The decision. Who may not ask about these parties gets the answer that parties nobody registered would get.
fn decide(view: &View, caller: &Caller, mut request: AuthZen, at: Millis) -> Result<Value, ReadError> {
    if !caller.may_ask(view, &request)? {
        let nobody = || PartyRef::Nobody(String::new());
        (request.actor, request.subject, request.on_behalf_of) = (nobody(), nobody(), None);
    }
    let decision = view.evaluate(&request, at)?;
    // Neither evidence nor time nor size: the same request in the same state has the same body.
    Ok(json!({"decision": decision.permit, "context": {"reason": decision.reason}}))
}

/// Where AuthZEN is spoken.
#[utoipa::path(
    get,
    path = "/.well-known/authzen-configuration",
    tag = "access",
    responses((status = 200, description = "The metadata", body = super::docs::AuthZenConfiguration))
)]
pub(super) async fn configuration(State(app): State<App>) -> Json<Value> {
    let url = &app.settings().public_url;
    Json(json!({
        "policy_decision_point": url,
        "access_evaluation_endpoint": format!("{url}/access/v1/evaluation"),
    }))
}

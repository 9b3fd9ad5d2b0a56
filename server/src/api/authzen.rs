//! OpenID AuthZEN Authorization API 1.0: how institutions' own systems ask.
//!
//! spec: http.md#authzen

pub(super) mod batch;
mod page_token;
pub(super) mod search;

pub(crate) use page_token::PageKey;

use super::auth::{Bearer, Caller};
use super::body::{MAX_REQUEST_BYTES, MediaType, open_object, read};
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use procura_core::Millis;
use procura_core::decide::{AuthZen, Decision, Hint, PartyRef, Reason};
use procura_ledger::{ReadError, View};
use serde::Serialize;
use serde_json::{Value, json};
use std::ops::Not;

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
    media_type: MediaType,
    body: Body,
) -> Result<Json<Evaluation>, Refused> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    let at = app.now();
    let answer = app.ask(bearer, move |view, caller| {
        media_type.expect(MediaType::Json)?;
        let request = AuthZen::read(open_object(&body.bytes)?).map_err(|error| error.0)?;
        Ok(decide(view, caller, request, at)?)
    });
    Ok(Json(answer.await?))
}

/// The decision as it is sent: neither evidence nor time nor size, so that the same request in the same state has the
/// same body.
#[derive(Debug, Serialize)]
pub(super) struct Evaluation {
    decision: bool,
    context: Context,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Context {
    Decided {
        reason: Reason,
        #[serde(skip_serializing_if = "Not::not")]
        good_faith: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<Hint>,
    },
    /// One of several that could not be decided.
    Failed { error: Failure },
}

#[derive(Debug, Serialize)]
struct Failure {
    status: u16,
    message: String,
}

/// The decision. Who may not ask about these parties gets the answer that parties nobody registered would get.
fn decide(view: &View, caller: &Caller, mut request: AuthZen, at: Millis) -> Result<Evaluation, ReadError> {
    if !caller.may_ask(view, &request)? {
        name_nobody(&mut request);
    }
    let decision = view.evaluate(&request, at)?;
    let Decision { permit, reason, good_faith, hint, .. } = decision;
    Ok(Evaluation { decision: permit, context: Context::Decided { reason, good_faith, hint } })
}

/// Puts nobody in the place of each party.
fn name_nobody(request: &mut AuthZen) {
    let nobody = || PartyRef::Nobody(String::new());
    (request.actor, request.subject, request.on_behalf_of) = (nobody(), nobody(), None);
    request.together_with.clear();
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
        "access_evaluations_endpoint": format!("{url}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{url}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{url}/access/v1/search/resource"),
        "search_action_endpoint": format!("{url}/access/v1/search/action"),
    }))
}

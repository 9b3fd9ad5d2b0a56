//! `POST /v1/checks`: the question of AuthZEN, answered with a receipt.
//!
//! spec: http.md#ours

use super::auth::Bearer;
use super::body::{Fit, MAX_REQUEST_BYTES, expect_type, open_object, read};
use super::problem::Problem;
use super::records::receipt_response;
use crate::app::App;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use procura_core::decide::AuthZen;

/// May this party do this with this person's data, now? With the proof. A check permits nothing by itself.
#[utoipa::path(
    post,
    path = "/v1/checks",
    tag = "access",
    security(("bearer" = [])),
    request_body(content = super::docs::EvaluationRequest),
    responses(
        (status = 200, description = "The authority receipt", body = super::docs::ReceiptBody, content_type = "application/vnd.procura.receipt+json"),
        (status = 400, description = "A member is missing or mistyped", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the caller is no institution and none of the parties", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn check(
    State(app): State<App>,
    bearer: Bearer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    app.ask(bearer, |_, _| Ok(())).await?;
    expect_type(&headers, "application/json")?;
    let fit = Fit { limit_bytes: MAX_REQUEST_BYTES, timeout: app.limits().body_timeout };
    let request = AuthZen::read(open_object(&read(body, fit).await?)?).map_err(|error| error.0)?;
    let at = app.now();
    app.ask(bearer, move |view, caller| {
        // A receipt must not say that nobody is registered where somebody is: no answer at all.
        if !caller.may_ask(view, &request)? {
            return Err(Problem::not_found());
        }
        Ok(receipt_response(&view.check(&request, at, &caller.ask(None, None))?))
    })
    .await
}

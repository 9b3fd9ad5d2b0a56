//! `POST /v1/checks`: the question of AuthZEN, answered with a receipt.
//!
//! spec: http.md#ours

use super::auth::Bearer;
use super::body::{MAX_REQUEST_BYTES, MediaType, open_object, parameters, read};
use super::problem::Problem;
use super::records::{receipt_response, within};
use crate::app::App;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use procura_core::decide::AuthZen;

/// May this party do this with this person's data, now? With the proof. A check permits nothing by itself.
#[utoipa::path(
    post,
    path = "/v1/checks",
    tag = "access",
    security(("bearer" = [])),
    params(("from" = Option<u64>, Query, description = "With the consistency proof from this tree size")),
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
    RawQuery(query): RawQuery,
    media_type: MediaType,
    body: Body,
) -> Result<Response, Problem> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    let at = app.now();
    app.ask(bearer, move |view, caller| {
        media_type.expect(MediaType::Json)?;
        let [from] = parameters(query.as_deref(), ["from"])?;
        let request = AuthZen::read(open_object(&body.bytes)?).map_err(|error| error.0)?;
        // A receipt must not say that nobody is registered where somebody is: no answer at all.
        if !caller.may_ask(view, &request)? {
            return Err(Problem::not_found());
        }
        let from = from.map(|size| within(view, size)).transpose()?;
        Ok(receipt_response(&view.check(&request, at, &caller.ask(None, from))?))
    })
    .await
}

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
use procura_core::Millis;
use procura_core::decide::AuthZen;
use procura_core::receipt::AsOf;
use procura_ledger::ReadError;

/// May this party do this with this person's data, now? With the proof. A check permits nothing by itself. With `as_of` and
/// `at`: what was decided then.
#[utoipa::path(
    post,
    path = "/v1/checks",
    tag = "access",
    security(("bearer" = [])),
    params(
        ("from" = Option<u64>, Query, description = "With the consistency proof from this tree size"),
        ("as_of" = Option<u64>, Query, description = "As it was at this tree size; with `at`"),
        ("at" = Option<u64>, Query, description = "For this instant, in milliseconds, not ahead; with `as_of`"),
    ),
    request_body(content = super::docs::EvaluationRequest),
    responses(
        (status = 200, description = "The authority receipt", body = super::docs::ReceiptBody, content_type = "application/vnd.procura.receipt+json"),
        (status = 400, description = "A member is missing or mistyped", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the caller is no institution and none of the parties", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`size_unavailable`, `evidence_erased`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
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
    let now = app.now();
    app.ask(bearer, move |view, caller| {
        media_type.expect(MediaType::Json)?;
        let [from, as_of, at] = parameters(query.as_deref(), ["from", "as_of", "at"])?;
        let request = AuthZen::read(open_object(&body.bytes)?).map_err(|error| error.0)?;
        // A receipt must not say that nobody is registered where somebody is: no answer at all.
        if !caller.may_ask(view, &request)? {
            return Err(Problem::not_found());
        }
        let from = from.map(|size| within(view, size)).transpose()?;
        let (as_of, at) = match (as_of, at) {
            (None, None) => (None, now),
            (Some(size), Some(at)) if at <= now.0 => {
                (Some(AsOf { size: within(view, size)?, time: None }), Millis(at))
            }
            _ => {
                let detail = "as_of and at come together, and at is not ahead: a decision of the past.";
                return Err(Problem::new("query", detail));
            }
        };
        match view.check(&request, at, &caller.ask(as_of, from)) {
            Ok(receipt) => Ok(receipt_response(&receipt)),
            // Of the past an answer is what it was then, or none.
            Err(ReadError::Erased(_)) if as_of.is_some() => {
                let detail = "A record that the decision may have rested on was erased: it can't be made again. A receipt \
                              kept of it proves it still.";
                Err(Problem::new("evidence_erased", detail))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

//! `/v1/accesses`: asking for data, and being told in one step; logged whatever the answer, and told to whom it concerns.
//!
//! spec: http.md#ours, decisions.md#accesses

use super::auth::Bearer;
use super::body::{MediaType, parameters};
use super::named::Named;
use super::problem::Problem;
use super::records::{hand_in, logged, receipt_response, within};
use crate::app::App;
use crate::gate::Client;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use procura_core::kinds::Content;
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_ledger::{Audience, SubmitError};

/// Logs an access and answers with what was decided on it: the receipt that the source of the data asks for. A refusal is an
/// answer too, and the person sees it.
#[utoipa::path(
    post,
    path = "/v1/accesses",
    tag = "access",
    params(("from" = Option<u64>, Query, description = "With the consistency proof from this tree size")),
    request_body(content(
        (super::docs::SubmissionBody = "application/json"),
        (String = "application/jose")
    )),
    responses(
        (
            status = 201,
            description = "Logged; the authority receipt, its decision yes or no",
            body = super::docs::ReceiptBody,
            content_type = "application/vnd.procura.receipt+json",
            headers(("Location" = String, description = "Where the record is read"))
        ),
        (
            status = 200,
            description = "It was there already; what was decided then, under the current checkpoint",
            body = super::docs::ReceiptBody,
            content_type = "application/vnd.procura.receipt+json"
        ),
        (status = "4XX", description = "Refused: nothing was logged", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Nothing is said about it", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn access(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    media_type: MediaType,
    client: Client,
    body: Body,
) -> Result<Response, Problem> {
    let (acknowledged, from) = hand_in(&app, query.as_deref(), media_type, client, body, is_access).await?;
    let receipt = app.room().go_on(|| {
        let receipt = acknowledged.view.access(&acknowledged.id, from, Audience::Anyone)?;
        receipt.ok_or_else(Problem::not_found)
    });
    Ok(logged(&acknowledged, receipt_response(&receipt.await?)))
}

/// What was decided on an access, proven to those whom it concerns.
#[utoipa::path(
    get,
    path = "/v1/accesses/{id}",
    tag = "access",
    params(
        ("id" = String, Path, description = "The access's id"),
        ("from" = Option<u64>, Query, description = "With the consistency proof from this tree size"),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The authority receipt, its decision yes or no", body = super::docs::ReceiptBody, content_type = "application/vnd.procura.receipt+json"),
        (status = 400, description = "`query`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: no access, or not for this reader", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`evidence_erased`, `signature_void`, `erased`: it can't be proven any more; `size_unavailable`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn decided(
    State(app): State<App>,
    bearer: Bearer,
    Named(id): Named,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    app.ask(bearer, move |view, caller| {
        let [from] = parameters(query.as_deref(), ["from"])?;
        let found = caller.record(view, &id)?;
        let from = from.map(|size| within(view, size)).transpose()?;
        let receipt = view.access(&found.id, from, caller.ask(None, from).reader)?;
        Ok(receipt_response(&receipt.ok_or_else(Problem::not_found)?))
    })
    .await
}

fn is_access(submission: &Submission) -> Result<(), Problem> {
    let record = Record::parse(&submission.record).map_err(|error| SubmitError::Refused(error.into()))?;
    match record.content() {
        Content::Access(_) => Ok(()),
        _ => Err(Problem::new("not_an_access", "Hand in records of other kinds at /v1/records.")),
    }
}

//! `POST /v1/accesses`: asking for data, and being told in one step; logged whatever the answer.
//!
//! spec: http.md#ours, decisions.md#accesses

use super::body::MediaType;
use super::problem::Problem;
use super::records::{hand_in, logged, receipt_response};
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

fn is_access(submission: &Submission) -> Result<(), Problem> {
    let record = Record::parse(&submission.record).map_err(|error| SubmitError::Refused(error.into()))?;
    match record.content() {
        Content::Access(_) => Ok(()),
        _ => Err(Problem::new("not_an_access", "Hand in records of other kinds at /v1/records.")),
    }
}

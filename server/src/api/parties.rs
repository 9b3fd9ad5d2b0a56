//! `/v1/parties`: from an identifier to an id, and what concerns a party.
//!
//! spec: http.md#ours

use super::auth::Bearer;
use super::body::{MAX_REQUEST_BYTES, MediaType, parameters, read};
use super::named::Named;
use super::problem::Problem;
use super::records::{receipt_response, within};
use crate::app::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use procura_core::admission::Refusal;
use procura_core::identifier::{Identifier, IdentifierError};
use procura_core::json::{Members, parse_strict};
use procura_core::receipt::Question;
use procura_ledger::SubmitError;
use serde_json::{Value, json};

/// Looks an identifier up: an id, whether anybody is registered or not.
#[utoipa::path(
    post,
    path = "/v1/parties/resolve",
    tag = "parties",
    security(("bearer" = [])),
    request_body(content = super::docs::ResolveRequest),
    responses(
        (status = 200, description = "An id, whether anybody is registered or not", body = super::docs::Resolved),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "It can name nobody: wrong check digits, `unknown_scheme`, another form than the scheme's; or `unknown_party`, an institution that is not there", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resolve(
    State(app): State<App>,
    bearer: Bearer,
    RawQuery(query): RawQuery,
    media_type: MediaType,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    let ledger = app.ledger().clone();
    let party = app.ask(bearer, move |_, _| {
        media_type.expect(MediaType::Json)?;
        parameters(query.as_deref(), [])?;
        let mut members = Members::new(parse_strict(&body.bytes, MAX_REQUEST_BYTES)?);
        let identifier = members.take_str("identifier")?;
        members.finish()?;
        let identifier: Identifier = identifier.parse().map_err(|error: IdentifierError| {
            Problem::new(error.name(), error.to_string()).at("/identifier")
        })?;
        ledger.resolve(&identifier).map_err(|error| match error {
            SubmitError::Refused(Refusal::Scheme(error)) => {
                Problem::new(error.name(), error.to_string()).at("/identifier")
            }
            error => error.into(),
        })
    });
    Ok(Json(json!({ "party": party.await? })))
}

/// All that concerns a party, with the proof that nothing is left out; page by page.
#[utoipa::path(
    get,
    path = "/v1/parties/{id}/records",
    operation_id = "records_of",
    tag = "parties",
    params(
        ("id" = String, Path, description = "The party's id"),
        ("from" = Option<u64>, Query, description = "The first segment wanted; 0"),
        ("pinned" = Option<u64>, Query, description = "With the consistency proof from this tree size"),
    ),
    security(("bearer" = [])),
    responses(
        (
            status = 200,
            description = "The receipt of one page",
            body = super::docs::ReceiptBody,
            content_type = "application/vnd.procura.receipt+json",
            headers(("Link" = String, description = "rel=next, if there is more"))
        ),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Named(id): Named,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    app.ask_long(bearer, move |view, caller| {
        let [from, pinned] = parameters(query.as_deref(), ["from", "pinned"])?;
        let party = caller.party(&id)?;
        let pinned = pinned.map(|size| within(view, size)).transpose()?;
        let receipt = view.complete(&party, from.unwrap_or(0), &caller.ask(None, pinned))?;
        let receipt = receipt.ok_or_else(Problem::not_found)?;
        let mut response = receipt_response(&receipt);
        if let Question::Complete { to: Some(next), .. } = &receipt.question
            && let Ok(link) =
                HeaderValue::try_from(format!("</v1/parties/{party}/records?from={next}>; rel=\"next\""))
        {
            response.headers_mut().insert(header::LINK, link);
        }
        Ok(response)
    })
    .await
}

//! `POST /v1/receipts`: a mandate or consent that somebody shows, on paper or by a QR code.
//!
//! Who has its token was given it by somebody who holds a receipt, so no bearer token is asked for; it comes in the body, so that no
//! address has it.
//!
//! spec: http.md#shown

use super::body::{MAX_REQUEST_BYTES, MediaType, parameters, read};
use super::problem::Problem;
use super::records::{receipt_response, within};
use crate::app::App;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use procura_core::Hash;
use procura_core::hash::{sha256, show_token};
use procura_core::json::{Members, parse_strict};
use procura_core::kinds::Content;
use procura_ledger::{Ask, Audience, Found};

/// The receipt, as of now, of a mandate or consent that is shown by its token.
#[utoipa::path(
    post,
    path = "/v1/receipts",
    tag = "records",
    params(("from" = Option<u64>, Query, description = "With the consistency proof from this tree size")),
    request_body(content = super::docs::ShownRequest),
    responses(
        (status = 200, description = "Its receipt, as of now", body = super::docs::ReceiptBody, content_type = "application/vnd.procura.receipt+json"),
        (status = 400, description = "A member is missing or mistyped", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: not there, erased, or not of this token", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn shown(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    media_type: MediaType,
    body: Body,
) -> Result<Response, Problem> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    app.read(move |view| {
        media_type.expect(MediaType::Json)?;
        let [from] = parameters(query.as_deref(), ["from"])?;
        let from = from.map(|size| within(view, size)).transpose()?;
        let mut members = Members::new(parse_strict(&body.bytes, MAX_REQUEST_BYTES)?);
        let (id, token) = (members.take_hash("id")?, members.take_hash("token")?);
        members.finish()?;
        let found = view.record_for(&id, &|found| is_shown(found, &token))?;
        let id = found.ok_or_else(Problem::not_found)?.id;
        let receipt = view.receipt(&id, &Ask { as_of: None, from, reader: Audience::Anyone })?;
        Ok(receipt_response(&receipt.ok_or_else(Problem::not_found)?))
    })
    .await
}

/// Of other kinds nobody needs to follow what becomes of them: a key's or a party's end, say, is not for everyone who once saw a receipt.
fn is_shown(found: &Found, token: &Hash) -> bool {
    let Some(opened) = &found.logged.opened else { return false };
    let is_grant = matches!(opened.record.content(), Content::Mandate(_) | Content::Consent(_));
    // Hashes of both, so that how long the comparison takes says nothing of the token.
    is_grant && sha256(&[&token.0]) == sha256(&[&show_token(&opened.r).0])
}

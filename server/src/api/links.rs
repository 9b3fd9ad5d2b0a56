//! `POST /v1/links`: what somebody holds a link to.
//!
//! The link is the right to see it, so no token is asked for; it comes in the body, so that no address has it.
//!
//! spec: http.md#links

use super::body::{MAX_REQUEST_BYTES, MediaType, parameters, read};
use super::problem::Problem;
use super::records::{receipt_response, within};
use crate::app::App;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use procura_core::json::{Members, parse_strict};
use procura_core::kinds::{Consent, Content, Invitation, Mandate, PartyType, Request};
use procura_core::status::Status;
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Found, View};

/// The receipt of the request, or of the mandate or consent by invitation, that may be answered with a link.
#[utoipa::path(
    post,
    path = "/v1/links",
    tag = "records",
    params(("from" = Option<u64>, Query, description = "With the consistency proof from this tree size")),
    request_body(content = super::docs::LinkRequest),
    responses(
        (status = 200, description = "The receipt of what may be answered", body = super::docs::ReceiptBody, content_type = "application/vnd.procura.receipt+json"),
        (status = 400, description = "A member is missing or mistyped", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: nobody made this link", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "`link_used`: answered, taken back, or too late", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn open(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    media_type: MediaType,
    body: Body,
) -> Result<Response, Problem> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    let now = app.now();
    app.read(move |view| {
        media_type.expect(MediaType::Json)?;
        let [from] = parameters(query.as_deref(), ["from"])?;
        let from = from.map(|size| within(view, size)).transpose()?;
        let mut members = Members::new(parse_strict(&body.bytes, MAX_REQUEST_BYTES)?);
        let link: [u8; 32] = members.take_bytes("link")?;
        members.finish()?;
        let found = view.linked(&link)?.ok_or_else(Problem::not_found)?;
        let (reader, is_open) = looked_at(view, &found, now)?;
        if !is_open {
            let detail =
                "This link was used, taken back, or is too old. Ask whoever gave it to you for another.";
            return Err(Problem::new("link_used", detail));
        }
        let receipt = view.receipt(&found.id, &Ask { as_of: None, from, reader })?;
        Ok(receipt_response(&receipt.ok_or_else(Problem::not_found)?))
    })
    .await
}

/// What of a record its link shows, and whether it may be answered still.
fn looked_at(view: &View, found: &Found, now: Millis) -> Result<(Audience, bool), Problem> {
    let opened = found.logged.opened.as_ref().ok_or_else(Problem::not_found)?;
    let (asks, invitation, waiting) = match opened.record.content() {
        Content::Request(Request { requester, invitation, .. }) => {
            (Some(requester), invitation, Status::ACTIVE)
        }
        Content::Mandate(Mandate { invitation, .. }) | Content::Consent(Consent { invitation, .. }) => {
            (None, invitation, Status::PENDING)
        }
        _ => return Err(Problem::not_found()),
    };
    let Invitation { answer_by, .. } = invitation;
    let is_open = found.status == Some(waiting) && answer_by.is_none_or(|by| now < by);
    Ok((audience(view, asks)?, is_open))
}

/// Who asks shows who they are, and their reference; unless that is a person.
fn audience(view: &View, asks: Option<&Hash>) -> Result<Audience, Problem> {
    let Some(asks) = asks else { return Ok(Audience::Anyone) };
    let party = view.party(asks)?;
    let is_body = party.is_some_and(|party| party.content.party_type != PartyType::Person);
    Ok(if is_body { Audience::Party(*asks) } else { Audience::Anyone })
}

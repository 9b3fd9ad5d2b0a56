//! `/v1/records`: handing records in, reading them, their receipts.
//!
//! spec: http.md#ours

use super::auth::Bearer;
use super::body::{MediaType, Received, parameters, read, read_away};
use super::named::Named;
use super::prefer::{APPLIED, Prefer};
use super::problem::Problem;
use crate::app::App;
use crate::gate::{Client, Place};
use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use procura_core::json::parse_canonical;
use procura_core::receipt::{AsOf, MEDIA_TYPE, Receipt};
use procura_core::submission::{MAX_BYTES, Submission};
use procura_core::{Size, b64};
use procura_ledger::{Acknowledged, Ask, Audience, Found, View};
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Hands a record in; answers when it is durable and proven.
#[utoipa::path(
    post,
    path = "/v1/records",
    tag = "records",
    params(
        ("from" = Option<u64>, Query, description = "With the consistency proof from this tree size"),
        ("Prefer" = Option<String>, Header, description = "`return=minimal` (RFC 7240): the entry with its inclusion proof instead of the receipt; not with `from`. `witnessed, wait=<seconds>`: as of a checkpoint with the witnesses' quorum")
    ),
    request_body(content(
        (super::docs::SubmissionBody = "application/json"),
        (String = "application/jose")
    )),
    responses(
        (
            status = 201,
            description = "Logged; the receipt, or what `Prefer` asks for",
            content(
                (super::docs::ReceiptBody = "application/vnd.procura.receipt+json"),
                (super::docs::LoggedBody = "application/json")
            ),
            headers(
                ("Location" = String, description = "Where the record is read"),
                ("Preference-Applied" = Option<String>, description = "`return=minimal`, if the answer is that")
            )
        ),
        (
            status = 200,
            description = "It was there already; the same under the current checkpoint",
            content(
                (super::docs::ReceiptBody = "application/vnd.procura.receipt+json"),
                (super::docs::LoggedBody = "application/json")
            ),
            headers(("Preference-Applied" = Option<String>, description = "`return=minimal`, if the answer is that"))
        ),
        (status = "4XX", description = "Refused", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Nothing is said about it", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn submit(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    media_type: MediaType,
    prefer: Prefer,
    client: Client,
    body: Body,
) -> Result<Response, Problem> {
    let any = |_: &Submission| Ok(());
    let (acknowledged, from) = hand_in(&app, query.as_deref(), media_type, client, body, any).await?;
    let answer = app.room().go_on(|| match (prefer, from) {
        (Prefer::Minimal, None) => promise(&acknowledged),
        _ => acknowledgement(&acknowledged, from).map(|receipt| receipt_response(&receipt)),
    });
    Ok(logged(&acknowledged, answer.await?))
}

/// Logs what a body hands in, if it `may`: with the size from which the answer is to prove consistency.
pub(super) async fn hand_in(
    app: &App,
    query: Option<&str>,
    media_type: MediaType,
    client: Client,
    body: Body,
    may: impl FnOnce(&Submission) -> Result<(), Problem>,
) -> Result<(Acknowledged, Option<Size>), Problem> {
    if let Some(refusal) = app.gate().refuses(client) {
        read_away(app, body).await;
        return Err(refusal);
    }
    let Received { bytes, room } = read(app, body, MAX_BYTES).await?;
    let as_json = match media_type {
        MediaType::Json => true,
        MediaType::Jose => false,
        MediaType::Form | MediaType::Other => {
            let detail =
                "Send the record as application/json, or as application/jose for a bare compact JWS.";
            return Err(Problem::new("media_type", detail));
        }
    };
    let [from] = parameters(query, ["from"])?;
    // Before anything is logged: afterwards it can't be refused for this, since trees only grow.
    let from = from.map(|size| within(&app.ledger().view(), size)).transpose()?;
    let place = app.gate().enter(client)?;
    let submission = if as_json { Submission::parse(&bytes)? } else { bare(&bytes)? };
    drop(bytes);
    may(&submission)?;
    let acknowledged = append(app, submission, (place, room)).await?;
    Ok((app.settled(acknowledged).await, from))
}

/// The answer to what was handed in: whether it is new, and where it is read.
pub(super) fn logged(acknowledged: &Acknowledged, answer: impl IntoResponse) -> Response {
    let status = if acknowledged.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, answer).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/v1/records/{}", acknowledged.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A compact JWS is ASCII; what is not is refused as the JWS it can't be.
fn bare(body: &[u8]) -> Result<Submission, Problem> {
    let text =
        std::str::from_utf8(body).map_err(|_| Problem::new("jws_base64", "The body is no compact JWS."))?;
    Ok(Submission::bare(text.to_owned()))
}

/// `held`: what the submission takes of the server's room until it was decided on, whoever waits for that.
async fn append(
    app: &App,
    submission: Submission,
    held: (Place, Option<OwnedSemaphorePermit>),
) -> Result<Acknowledged, Problem> {
    let (reply, answer) = oneshot::channel();
    let ledger = app.ledger().clone();
    // Form and signature are checked in this call.
    app.room()
        .go_on(|| {
            ledger.submit(submission, move |result| {
                // Where nobody waits any longer the record is logged all the same: handing it in again finds it.
                drop(reply.send(result));
                drop(held);
            });
            Ok(())
        })
        .await?;
    // The ledger was closed before it answered.
    let closed = |_| Problem::from(procura_ledger::SubmitError::Unknown);
    Ok(answer.await.map_err(closed)??)
}

/// The receipt of what was just logged. Whoever has the record gets it: it shows nothing that may be withheld.
fn acknowledgement(acknowledged: &Acknowledged, from: Option<Size>) -> Result<Receipt, Problem> {
    let ask = Ask { as_of: None, from, reader: Audience::Anyone };
    acknowledged.view.receipt(&acknowledged.id, &ask)?.ok_or_else(Problem::not_found)
}

/// Of what was just logged the entry, which names the record's id, and the proof that it stands under the checkpoint: all
/// that the operator can't take back.
fn promise(acknowledged: &Acknowledged) -> Result<Response, Problem> {
    let Acknowledged { id, index, view, .. } = acknowledged;
    let entry = view.entry(*index)?.ok_or_else(Problem::not_found)?;
    let proof = view.inclusion(*index)?.ok_or_else(Problem::not_found)?;
    let body = json!({"id": id, "index": index, "entry": b64::encode(&entry), "proof": proof});
    Ok((AppendHeaders([APPLIED]), Json(body)).into_response())
}

/// Reads a record that concerns the reader.
#[utoipa::path(
    get,
    path = "/v1/records/{id}",
    tag = "records",
    params(("id" = String, Path, description = "The record's id")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The record", body = super::docs::RecordBody),
        (status = 400, description = "`query`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: not there, or not for this reader", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Named(id): Named,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    app.ask(bearer, move |view, caller| {
        parameters(query.as_deref(), [])?;
        describe(view, &caller.record(view, &id)?).map(Json)
    })
    .await
}

/// A record as its readers see it.
fn describe(view: &View, found: &Found) -> Result<Value, Problem> {
    let logged = &found.logged;
    let mut members = Map::new();
    members.insert("id".to_owned(), json!(found.id));
    members.insert("index".to_owned(), json!(logged.index));
    members.insert("time".to_owned(), json!(logged.entry.time()));
    if let Some(status) = found.status {
        members.insert("status".to_owned(), json!(status.to_string()));
    }
    // An erased record has none of the rest.
    if let Some(opened) = &logged.opened {
        let payload = parse_canonical(opened.record.jws().payload())?;
        members.insert("kind".to_owned(), payload.get("kind").cloned().unwrap_or_default());
        members.insert("record".to_owned(), json!(opened.record.text()));
        members.insert("disclosures".to_owned(), json!(opened.disclosures));
        members.insert("parties".to_owned(), json!(view.parties_of(&found.id)?));
    }
    Ok(Value::Object(members))
}

/// The receipt of a record that concerns the reader.
#[utoipa::path(
    get,
    path = "/v1/records/{id}/receipt",
    tag = "records",
    params(
        ("id" = String, Path, description = "The record's id"),
        ("as_of" = Option<u64>, Query, description = "As it was at this tree size"),
        ("from" = Option<u64>, Query, description = "With the consistency proof from this tree size"),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The receipt", body = super::docs::ReceiptBody, content_type = "application/vnd.procura.receipt+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`size_unavailable`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn receipt(
    State(app): State<App>,
    bearer: Bearer,
    Named(id): Named,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    app.ask(bearer, move |view, caller| {
        let [as_of, from] = parameters(query.as_deref(), ["as_of", "from"])?;
        let found = caller.record(view, &id)?;
        let as_of = as_of.map(|size| past(view, &found, size)).transpose()?;
        let from = from.map(|size| within(view, size)).transpose()?;
        let receipt = view.receipt(&found.id, &caller.ask(as_of, from))?;
        Ok(receipt_response(&receipt.ok_or_else(Problem::not_found)?))
    })
    .await
}

/// A point of the past at which the record was there already.
fn past(view: &View, found: &Found, size: u64) -> Result<AsOf, Problem> {
    let size = within(view, size)?;
    if found.logged.index.size_with() > size {
        return Err(Problem::not_found());
    }
    Ok(AsOf { size, time: None })
}

/// A tree size that the ledger has reached.
pub(super) fn within(view: &View, size: u64) -> Result<Size, Problem> {
    let size = Size(size);
    if size.0 == 0 || size > view.size() { Err(Problem::size()) } else { Ok(size) }
}

/// A receipt as it is sent.
pub(super) fn receipt_response(receipt: &Receipt) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], receipt.to_json()).into_response()
}

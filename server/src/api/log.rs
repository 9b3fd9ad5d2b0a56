//! `/v1/log` and `/v1/proofs`: the log to everybody.
//!
//! spec: http.md#ours

use super::body::parameters;
use super::problem::Problem;
use super::records::{receipt_response, within};
use crate::app::App;
use crate::witnesses;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use procura_core::Index;
use procura_core::log_keys::LogKey;
use procura_core::receipt::Policy;
use procura_ledger::{Ask, Audience, View};
use serde_json::{Value, json};

/// Which ledger this is, how far it is, and a policy to check its receipts with.
#[utoipa::path(
    get,
    path = "/v1/log",
    tag = "log",
    responses(
        (status = 200, description = "The ledger", body = super::docs::LogBody),
        (status = 400, description = "`query`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn log(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    parameters(query.as_deref(), [])?;
    let ledger = app.ledger();
    let view = ledger.view();
    let (origin, keys, entry0) = (ledger.origin(), view.log_keys(), ledger.entry0());
    let signing = keys.iter().find(|key| key.retired_at.is_none()).map(|key| key.key.to_string());
    let mut answer = json!({
        "origin": origin,
        "vkey": signing,
        "entry0": entry0,
        "size": view.size(),
        "time": view.time(),
        "trial": app.is_trial(),
        "policy": Policy::plain(origin, ledger.log_key(), entry0, app.settings().max_age_s),
    });
    if let Some(policy) = answer.get_mut("policy").and_then(Value::as_object_mut) {
        policy.insert("log_keys".to_owned(), keys.iter().map(LogKey::to_json).collect());
    }
    if let (Some(webhooks), Some(answer)) = (app.webhooks(), answer.as_object_mut()) {
        answer.insert("webhook_key".to_owned(), json!(webhooks.note));
    }
    if let (Some(points), Some(answer)) = (app.witnesses(), answer.as_object_mut()) {
        if let Some(policy) = answer.get_mut("policy").and_then(Value::as_object_mut) {
            policy.insert("witnesses".to_owned(), json!(points.policy_text()));
            let checkers: Vec<_> = points.map_checkers().iter().map(ToString::to_string).collect();
            if !checkers.is_empty() {
                policy.insert("map_checkers".to_owned(), json!(checkers));
            }
        }
        answer.insert("witnesses".to_owned(), witnesses::describe(&points));
    }
    Ok(Json(answer))
}

/// Which keys sign the log, by the root's word: what a client follows when it meets a checkpoint by a key that it doesn't know.
#[utoipa::path(
    get,
    path = "/v1/log/keys",
    tag = "log",
    params(("from" = Option<u64>, Query, description = "With the consistency proof from this tree size")),
    responses(
        (status = 200, description = "The receipt of the `log-keys` record in force", body = super::docs::ReceiptBody, content_type = "application/vnd.procura.receipt+json"),
        (status = 404, description = "`not_found`: it is the key that the log began with", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn log_keys(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let [from] = parameters(query.as_deref(), ["from"])?;
    app.read(move |view| {
        let from = from.map(|size| within(view, size)).transpose()?;
        let id = view.log_keys_record().ok_or_else(Problem::not_found)?;
        let receipt = view.receipt(&id, &Ask { as_of: None, from, reader: Audience::Anyone })?;
        Ok(receipt_response(&receipt.ok_or_else(Problem::not_found)?))
    })
    .await
}

/// That an entry is in the log.
#[utoipa::path(
    get,
    path = "/v1/proofs/inclusion",
    tag = "log",
    params(("index" = u64, Query, description = "Where the entry stands")),
    responses(
        (status = 200, description = "A C2SP tlog-proof", body = String, content_type = "text/plain"),
        (status = 404, description = "`not_found`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn inclusion(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let [index] = parameters(query.as_deref(), ["index"])?;
    let index = Index(index.ok_or_else(|| Problem::query("index is missing."))?);
    let proof = app.read(move |view| view.inclusion(index)?.ok_or_else(Problem::not_found)).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], proof).into_response())
}

/// That a larger tree continues a smaller one.
#[utoipa::path(
    get,
    path = "/v1/proofs/consistency",
    tag = "log",
    params(
        ("from" = u64, Query, description = "The smaller size"),
        ("to" = Option<u64>, Query, description = "The larger size; the current one"),
    ),
    responses(
        (status = 200, description = "The proof of RFC 6962 section 2.1.2", body = super::docs::ConsistencyBody),
        (status = 409, description = "`size_unavailable`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn consistency(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let [from, to] = parameters(query.as_deref(), ["from", "to"])?;
    let from = from.ok_or_else(|| Problem::query("from is missing."))?;
    app.read(move |view| prove_consistency(view, from, to).map(Json)).await
}

fn prove_consistency(view: &View, from: u64, to: Option<u64>) -> Result<Value, Problem> {
    let from = within(view, from)?;
    let to = to.map_or(Ok(view.size()), |to| within(view, to))?;
    if from > to {
        return Err(Problem::query("from is larger than to."));
    }
    let hashes = view.consistency(from, to)?.ok_or_else(Problem::size)?;
    Ok(json!({"from": from, "to": to, "hashes": hashes}))
}

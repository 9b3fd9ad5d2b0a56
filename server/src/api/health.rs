//! `/healthz` and `/readyz`: for whoever runs the server.

use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use procura_ledger::State as Condition;
use serde_json::{Value, json};

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "The process answers", body = super::docs::Health))
)]
pub(super) async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// The ledger takes submissions.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "The ledger takes submissions", body = super::docs::Health),
        (status = 503, description = "It does not; why", body = super::docs::Health),
    )
)]
pub(super) async fn readyz(State(app): State<App>) -> (StatusCode, Json<Value>) {
    // What exactly is wrong may name paths of the machine: it stands in the log, not here.
    let reason = match app.ledger().state() {
        Condition::Ready => return (StatusCode::OK, Json(json!({"status": "ok"}))),
        Condition::ReadOnly(_) => "read_only",
        Condition::DiskFull(_) => "disk_full",
        Condition::ClockStopped(..) => "clock",
        Condition::Closed => "closed",
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "not_ready", "reason": reason})))
}

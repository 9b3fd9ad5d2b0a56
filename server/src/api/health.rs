//! `/healthz` and `/readyz`: for whoever runs the server.

use crate::app::App;
use crate::metrics::state_name;
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
pub(crate) async fn healthz() -> Json<Value> {
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
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, Json<Value>) {
    // What exactly is wrong may name paths of the machine: it stands in the log, not here.
    let state = app.ledger().state();
    if state == Condition::Ready {
        return (StatusCode::OK, Json(json!({"status": "ok"})));
    }
    let reason = state_name(&state);
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "not_ready", "reason": reason})))
}

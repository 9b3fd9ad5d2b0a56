//! `/v1/log/growth`: how the log came to be as large as it is, to be drawn.
//!
//! spec: http.md#growth

use super::body::parameters;
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use procura_core::Millis;
use procura_ledger::{Grown, Growth};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// How long an answer is given again: it costs some hundred reads, and a picture of months may be some seconds old.
const KEPT_MS: u64 = 10_000;

/// The last answer, and when it was made.
#[derive(Debug, Default)]
pub(crate) struct Drawn(Mutex<Option<(Millis, Value)>>);

impl Drawn {
    fn kept(&self, now: Millis) -> Option<Value> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One from after now is from before the clock was set back.
        let (_, answer) =
            kept.as_ref().filter(|(made, _)| now.0.checked_sub(made.0).is_some_and(|age| age < KEPT_MS))?;
        Some(answer.clone())
    }

    fn keep(&self, now: Millis, answer: &Value) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, answer.clone()));
    }
}

/// How the log grew: at most 60 of its entries at even distances, and the hours of its last day.
#[utoipa::path(
    get,
    path = "/v1/log/growth",
    tag = "log",
    responses(
        (status = 200, description = "The sizes by time; up to 10 s old", body = super::docs::GrowthBody),
        (status = 400, description = "`query`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn growth(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    parameters(query.as_deref(), [])?;
    let now = app.now();
    let answer = match app.drawn().kept(now) {
        Some(answer) => answer,
        None => {
            let answer = app.read_long(|view| Ok(told(&view.growth()?))).await?;
            app.drawn().keep(now, &answer);
            answer
        }
    };
    Ok(([(header::CACHE_CONTROL, "public, max-age=10")], Json(answer)).into_response())
}

fn told(growth: &Growth) -> Value {
    let all = |of: &[Grown]| -> Vec<Value> {
        of.iter().map(|Grown { time, size }| json!({"time": time, "size": size})).collect()
    };
    json!({"points": all(&growth.points), "hours": all(&growth.hours)})
}

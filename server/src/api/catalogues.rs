//! `/v1/catalogues`: the words that grants are made of now.
//!
//! spec: http.md#ours

use super::auth::Bearer;
use super::body::parameters;
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};

/// The ids of the catalogues in force, oldest first. Each is read, and proven, as a record.
#[utoipa::path(
    get,
    path = "/v1/catalogues",
    operation_id = "catalogues",
    tag = "records",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The ids", body = super::docs::Catalogues),
        (status = 400, description = "`query`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    bearer: Bearer,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    app.ask(bearer, move |view, _| {
        parameters(query.as_deref(), [])?;
        Ok(Json(json!({ "catalogues": view.catalogues()? })))
    })
    .await
}

//! `GET /v1/hooks`: where the reader is told, how far it was, and why not further.
//!
//! spec: http.md#webhooks

use super::auth::Bearer;
use super::body::parameters;
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use procura_core::kinds::{Content, MAX_HOOKS};
use serde_json::{Value, json};

/// The reader's hooks in force, and how it goes with them. The server's word: what was told, the receiver knows best.
#[utoipa::path(
    get,
    path = "/v1/hooks",
    tag = "parties",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The hooks, by number", body = super::docs::HooksBody),
        (status = 400, description = "`query`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn hooks(
    State(app): State<App>,
    bearer: Bearer,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let webhooks = app.webhooks();
    app.ask(bearer, move |view, caller| {
        parameters(query.as_deref(), [])?;
        let mut hooks = Vec::new();
        for number in 1..=MAX_HOOKS {
            let Some(found) = view.hook(caller.id(), number)? else { continue };
            let content = found.logged.opened.as_ref().map(|opened| opened.record.content());
            let Some(Content::Hook(hook)) = content else { continue };
            let mut shown = json!({"id": found.id, "number": number, "url": hook.url});
            if let (Some(webhooks), Some(shown)) = (&webhooks, shown.as_object_mut()) {
                if let Some(told) = webhooks.cursors.last(&found.id) {
                    shown.insert("told".to_owned(), json!(told));
                }
                if let Some(failure) = webhooks.failure(&found.id) {
                    shown.insert("failure".to_owned(), json!(failure));
                }
            }
            hooks.push(shown);
        }
        Ok(Json(json!({ "hooks": hooks })))
    })
    .await
}

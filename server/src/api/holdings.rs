//! `POST /v1/holdings`: who holds these data of this person already, so that nobody asks for them twice.
//!
//! spec: http.md#ours

use super::auth::Bearer;
use super::body::{MAX_REQUEST_BYTES, MediaType, parameters, read};
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use procura_core::decide::PartyRef;
use procura_core::json::{Members, parse_strict};
use procura_core::kinds::Content;
use procura_ledger::{Found, ReadError, View};
use serde_json::{Value, json};

/// Who says that they hold these data of this person, and who of them is the authentic source.
#[utoipa::path(
    post,
    path = "/v1/holdings",
    tag = "access",
    security(("bearer" = [])),
    request_body(content = super::docs::HoldingsRequest),
    responses(
        (status = 200, description = "Who holds them; nobody, if nobody is registered either", body = super::docs::Holdings),
        (status = 400, description = "A member is missing or mistyped", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the caller is no institution and not the subject", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn holdings(
    State(app): State<App>,
    bearer: Bearer,
    RawQuery(query): RawQuery,
    media_type: MediaType,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    app.ask(bearer, move |view, caller| {
        media_type.expect(MediaType::Json)?;
        parameters(query.as_deref(), [])?;
        let mut members = Members::new(parse_strict(&body.bytes, MAX_REQUEST_BYTES)?);
        let (subject, category) = (members.take_str("subject")?, members.take_str("category")?);
        members.finish()?;
        // A number that can be nobody's is nobody's. What is no reference at all is a mistake, and told.
        if !subject.contains(':') {
            let form = "subject is party:<id> or <scheme>:<value>.";
            return Err(Problem::new("member_mistyped", form).at("/subject"));
        }
        let subject = PartyRef::parse(&subject);
        if !caller.may_ask_about(view, &subject)? {
            return Err(Problem::not_found());
        }
        let subject = view.find_party(&subject)?;
        let mut holdings = Vec::new();
        for found in subject.map_or_else(|| Ok(Vec::new()), |id| view.holdings(&id))? {
            holdings.extend(described(view, &found, &category)?);
        }
        Ok(Json(json!({ "holdings": holdings })))
    })
    .await
}

/// A holding, if it covers the category.
fn described(view: &View, found: &Found, category: &str) -> Result<Option<Value>, ReadError> {
    let content = found.logged.opened.as_ref().map(|opened| opened.record.content());
    let Some(Content::Holding(holding)) = content else { return Ok(None) };
    let named = view.record(&holding.catalogue)?;
    let named = named.as_ref().and_then(|named| named.logged.opened.as_ref());
    let Some(Content::Catalogue(catalogue)) = named.map(|opened| opened.record.content()) else {
        return Ok(None);
    };
    if !catalogue.covers(&holding.scopes, category) {
        return Ok(None);
    }
    Ok(Some(json!({
        "id": found.id,
        "source": holding.source,
        "authentic": catalogue.source_of(category) == Some(holding.source),
        "scopes": holding.scopes,
        "since": holding.since.to_string(),
    })))
}

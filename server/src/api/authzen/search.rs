//! Who may, with whose data, for which purposes: lists instead of an answer, page by page.
//!
//! spec: http.md#searches

use super::page_token::{Mark, place};
use super::{Refused, name_nobody};
use crate::api::auth::Bearer;
use crate::api::body::{MAX_REQUEST_BYTES, MediaType, open_object, read};
use crate::api::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use procura_core::decide::{PARTY, Search, Sought};
use procura_core::hash::labelled;
use procura_core::json::{Field, Members, canonical};
use procura_core::kinds::PartyType;
use procura_core::{Hash, Millis, Size};
use procura_ledger::{PartyInfo, View, Wanted};
use serde::Serialize;
use serde_json::{Map, Value};

/// The most results of a page, and as many as it has if nobody says otherwise.
const MAX_RESULTS: u8 = 50;

/// What was found.
#[derive(Debug, Serialize)]
pub(in crate::api) struct Found {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<Page>,
    results: Vec<Entity>,
}

#[derive(Debug, Serialize)]
struct Page {
    /// Empty at the end.
    next_token: String,
    count: usize,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Entity {
    Party { r#type: String, id: String },
    Action { name: String },
}

/// Which page is asked for.
struct Asked {
    /// As the request says it.
    limit: Option<u8>,
    token: Option<String>,
    /// Whether it says anything.
    is_there: bool,
}

/// Who may do this with this person's data?
#[utoipa::path(
    post,
    path = "/access/v1/search/subject",
    tag = "access",
    security(("bearer" = [])),
    params(("X-Request-ID" = Option<String>, Header, description = "Echoed")),
    request_body(content = crate::api::docs::SubjectSearch),
    responses(
        (status = 200, description = "A page of those who may", body = crate::api::docs::Subjects),
        (status = 400, description = "A member is missing or mistyped, or the token is of another request; the message", body = String, content_type = "text/plain"),
        (status = 401, description = "No token in force; the message", body = String, content_type = "text/plain"),
        (status = 500, description = "The ledger could not be read; the message", body = String, content_type = "text/plain"),
        (status = 503, description = "Ask again; the message", body = String, content_type = "text/plain"),
    )
)]
pub(in crate::api) async fn subjects(
    State(app): State<App>,
    bearer: Bearer,
    media_type: MediaType,
    body: Body,
) -> Result<Json<Found>, Refused> {
    search(app, bearer, media_type, body, Sought::Actors).await
}

/// With whose data may this party do this?
#[utoipa::path(
    post,
    path = "/access/v1/search/resource",
    tag = "access",
    security(("bearer" = [])),
    params(("X-Request-ID" = Option<String>, Header, description = "Echoed")),
    request_body(content = crate::api::docs::ResourceSearch),
    responses(
        (status = 200, description = "A page of those whose data it is", body = crate::api::docs::Resources),
        (status = 400, description = "A member is missing or mistyped, or the token is of another request; the message", body = String, content_type = "text/plain"),
        (status = 401, description = "No token in force; the message", body = String, content_type = "text/plain"),
        (status = 500, description = "The ledger could not be read; the message", body = String, content_type = "text/plain"),
        (status = 503, description = "Ask again; the message", body = String, content_type = "text/plain"),
    )
)]
pub(in crate::api) async fn resources(
    State(app): State<App>,
    bearer: Bearer,
    media_type: MediaType,
    body: Body,
) -> Result<Json<Found>, Refused> {
    search(app, bearer, media_type, body, Sought::Subjects).await
}

/// For which purposes may this party use this person's data?
#[utoipa::path(
    post,
    path = "/access/v1/search/action",
    tag = "access",
    security(("bearer" = [])),
    params(("X-Request-ID" = Option<String>, Header, description = "Echoed")),
    request_body(content = crate::api::docs::ActionSearch),
    responses(
        (status = 200, description = "A page of purposes", body = crate::api::docs::Actions),
        (status = 400, description = "A member is missing or mistyped, or the token is of another request; the message", body = String, content_type = "text/plain"),
        (status = 401, description = "No token in force; the message", body = String, content_type = "text/plain"),
        (status = 500, description = "The ledger could not be read; the message", body = String, content_type = "text/plain"),
        (status = 503, description = "Ask again; the message", body = String, content_type = "text/plain"),
    )
)]
pub(in crate::api) async fn actions(
    State(app): State<App>,
    bearer: Bearer,
    media_type: MediaType,
    body: Body,
) -> Result<Json<Found>, Refused> {
    search(app, bearer, media_type, body, Sought::Purposes).await
}

async fn search(
    app: App,
    bearer: Bearer,
    media_type: MediaType,
    body: Body,
    sought: Sought,
) -> Result<Json<Found>, Refused> {
    let body = read(&app, body, MAX_REQUEST_BYTES).await?;
    let (at, key) = (app.now(), app.page_key()?);
    let answer = app.ask_long(bearer, move |view, caller| {
        media_type.expect(MediaType::Json)?;
        let mut object = open_object(&body.bytes)?;
        let asked = Asked::take(&mut object)?;
        let bound_to = bound_to(sought, &caller.party_id(), &object);
        let mut search = Search::read(sought, object).map_err(|error| error.0)?;
        let from = match &asked.token {
            Some(token) => Some(
                key.open(&bound_to, token)
                    .filter(|mark| mark.goes_on(view.size(), asked.limit))
                    .ok_or_else(foreign_token)?,
            ),
            None => None,
        };
        if !caller.may_search(view, &search)? {
            name_nobody(&mut search.request);
        }
        let limit = from.map(|mark| mark.limit).or(asked.limit).unwrap_or(MAX_RESULTS);
        let most = usize::from(limit);
        let (results, next) = find(view, &search, at, (from.map(|mark| mark.place), most))?;
        let began_at: Size = from.map_or(view.size(), |mark| mark.size);
        let next = next.map(|place| key.seal(&bound_to, &Mark { limit, size: began_at, place }));
        let page = (asked.is_there || next.is_some())
            .then(|| Page { next_token: next.unwrap_or_default(), count: results.len() });
        Ok(Found { page, results })
    });
    Ok(Json(answer.await?))
}

/// Results of a page, and where the next one goes on.
type Results = (Vec<Entity>, Option<[u8; 64]>);

/// What there is after a place, at most so many.
fn find(
    view: &View,
    search: &Search,
    at: Millis,
    (after, most): (Option<[u8; 64]>, usize),
) -> Result<Results, Problem> {
    if search.sought == Sought::Purposes {
        let after = after.map(|place| {
            let code: Vec<u8> = place.into_iter().take_while(|byte| *byte != 0).collect();
            String::from_utf8(code).unwrap_or_default()
        });
        let listed = view.permitted_purposes(search, at, Wanted { after, most })?;
        let results = listed.found.into_iter().map(|name| Entity::Action { name }).collect();
        return Ok((results, listed.next.and_then(|code| place(code.as_bytes()))));
    }
    let after = after.and_then(|place| place.first_chunk::<32>().copied()).map(Hash);
    let is_wanted = |party: &PartyInfo| {
        search.sought == Sought::Subjects
            || search.subject_type == PARTY
            || value_in(&search.subject_type, party).is_some()
    };
    let listed = view.permitted_parties(search, at, Wanted { after, most }, &is_wanted)?;
    let kind = if search.sought == Sought::Actors { &search.subject_type } else { &search.request.category };
    let entity = |party: &PartyInfo| Entity::Party {
        r#type: kind.clone(),
        id: value_in(kind, party).unwrap_or_else(|| format!("party:{}", party.id)),
    };
    Ok((listed.found.iter().map(entity).collect(), listed.next.and_then(|id| place(&id.0))))
}

/// A party's identifier in a scheme, if it has one. Of a person nobody learns the number by a search: who knows it finds out whose
/// id it is.
fn value_in(scheme: &str, party: &PartyInfo) -> Option<String> {
    let identifier = party.identifier.as_ref().filter(|identifier| identifier.scheme() == scheme);
    let is_public = party.content.party_type != PartyType::Person;
    identifier.filter(|_| is_public).map(|identifier| identifier.value().to_owned())
}

/// What a token is bound to: the search, the caller, and all of the request but the page.
fn bound_to(sought: Sought, caller: &Hash, object: &Map<String, Value>) -> Hash {
    let sought = match sought {
        Sought::Actors => 1,
        Sought::Subjects => 2,
        Sought::Purposes => 3,
    };
    let request = canonical(&Value::Object(object.clone()));
    labelled("procura/v1/page-token/bound-to", &[&[sought], &caller.0, &request])
}

fn foreign_token() -> Problem {
    let detail =
        "The token is not of this request, or the server was started anew; search again without one.";
    Problem::new("member_mistyped", detail).at("/page/token")
}

impl Asked {
    /// Takes `page` out of a request.
    fn take(object: &mut Map<String, Value>) -> Result<Self, Problem> {
        let page = object.remove("page").map(|page| ("page".to_owned(), page));
        let mut members = Members::new(page.into_iter().collect());
        let Some(mut page) = members.take_opt("page", Field::object)? else {
            return Ok(Self { limit: None, token: None, is_there: false });
        };
        let limit = page.take_opt("limit", Field::u64)?;
        let limit = limit.map(|limit| u8::try_from(limit).unwrap_or(u8::MAX).min(MAX_RESULTS));
        Ok(Self { limit, token: page.take_opt("token", Field::str)?, is_there: true })
    }
}

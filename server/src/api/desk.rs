//! `/demo/…`: the demo's desk over HTTP. These addresses do not exist unless the server was started with `--demo`.
//!
//! spec: http.md#the-demos-desk

use super::body::{MAX_REQUEST_BYTES, MediaType, Received, read};
use super::problem::Problem;
use crate::app::App;
use crate::demo::{Desk, DeskError};
use crate::registrar::{Begun, NewKey, RegistrarError};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use procura_core::identifier::{Identifier, IdentifierError};
use procura_core::json::{Members, parse_strict};
use procura_core::key::PublicKey;
use procura_core::{Hash, Millis, b64};
use serde_json::{Value, json};
use std::sync::Arc;

/// The most characters of a name.
const MAX_NAME_CHARS: usize = 200;
/// The most characters of what a key is called.
const MAX_LABEL_CHARS: usize = 100;

/// Adds the desk's addresses, if there is a desk.
pub(super) fn add(router: Router<App>, app: &App) -> Router<App> {
    if app.desk().is_none() {
        return router;
    }
    router
        .route("/demo/people", get(people))
        .route("/demo/enrolments", post(begin))
        .route("/demo/officers", post(officer))
        .route("/demo/keys", post(bind))
        .route("/demo/recoveries", post(recover))
}

fn desk(app: &App) -> Result<Arc<Desk>, Problem> {
    app.desk().cloned().ok_or_else(Problem::not_found)
}

/// Who is fictional, by name.
async fn people(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let people: Vec<Value> = desk(&app)?
        .people()
        .into_iter()
        .map(|one| json!({"party": one.party, "name": one.name, "party_type": one.party_type.name()}))
        .collect();
    Ok(Json(json!({ "people": people })))
}

/// Whose enrolment begins: somebody known here by their id, or anybody by an identifier, registered if nobody has it.
enum Who {
    Known(Hash),
    Named(Identifier, String),
}

async fn begin(
    State(app): State<App>,
    media_type: MediaType,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let who = who(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?;
    let desk = desk(&app)?;
    let begun = blocking(move || match who {
        Who::Known(party) => desk.begin(party),
        Who::Named(identifier, name) => desk.register(&identifier, &name),
    });
    Ok(answer(&begun.await?))
}

fn answer(begun: &Begun) -> (StatusCode, Json<Value>) {
    (StatusCode::CREATED, Json(json!({"party": begun.party, "nonce": b64::encode(&begun.nonce)})))
}

/// An officer of the counter, until the end of a shift.
async fn officer(
    State(app): State<App>,
    media_type: MediaType,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let ends = end_of_shift(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?;
    let desk = desk(&app)?;
    Ok(answer(&blocking(move || desk.officer(ends)).await?))
}

fn who(received: &Received, media_type: MediaType) -> Result<Who, Problem> {
    let mut members = members(received, media_type)?;
    if members.has("party") {
        let party = members.take_hash("party")?;
        members.finish()?;
        return Ok(Who::Known(party));
    }
    let identifier = members.take_str("identifier")?;
    let name = members.take_text("name", MAX_NAME_CHARS)?;
    members.finish()?;
    let identifier = identifier
        .parse()
        .map_err(|error: IdentifierError| Problem::new(error.name(), error.to_string()).at("/identifier"))?;
    Ok(Who::Named(identifier, name))
}

fn end_of_shift(received: &Received, media_type: MediaType) -> Result<Millis, Problem> {
    let mut members = members(received, media_type)?;
    let ends = members.take_millis("ends")?;
    members.finish()?;
    Ok(ends)
}

/// The key of an enrolment that was begun.
async fn bind(
    State(app): State<App>,
    media_type: MediaType,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (begun, new) = asked(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?;
    let desk = desk(&app)?;
    let bound = blocking(move || desk.bind(&begun, &new)).await?;
    Ok((StatusCode::CREATED, Json(json!({"kid": bound.kid, "basis": bound.basis}))))
}

fn asked(received: &Received, media_type: MediaType) -> Result<(Begun, NewKey), Problem> {
    let mut members = members(received, media_type)?;
    let begun = Begun { party: members.take_hash("party")?, nonce: members.take_bytes("nonce")? };
    let new = new_key(&mut members)?;
    members.finish()?;
    Ok((begun, new))
}

/// A key that is to be bound: `jwk`, `pop`, perhaps `label`.
pub(super) fn new_key(members: &mut Members) -> Result<NewKey, Problem> {
    let key = PublicKey::from_jwk(members.take_object("jwk")?)
        .map_err(|error| Problem::new(error.name(), error.to_string()).at("/jwk"))?;
    let possession = members.take_bytes("pop")?;
    let label = match members.has("label") {
        true => Some(members.take_text("label", MAX_LABEL_CHARS)?),
        false => None,
    };
    Ok(NewKey { key, possession, label })
}

/// A recovery key whose delay may be over.
async fn recover(State(app): State<App>, media_type: MediaType, body: Body) -> Result<Json<Value>, Problem> {
    let kid = kid(&read(&app, body, MAX_REQUEST_BYTES).await?, media_type)?;
    let desk = desk(&app)?;
    blocking(move || desk.recover(&kid)).await?;
    Ok(Json(json!({ "kid": kid })))
}

pub(super) fn kid(received: &Received, media_type: MediaType) -> Result<Hash, Problem> {
    let mut members = members(received, media_type)?;
    let kid = members.take_hash("kid")?;
    members.finish()?;
    Ok(kid)
}

pub(super) fn members(received: &Received, media_type: MediaType) -> Result<Members<'_>, Problem> {
    media_type.expect(MediaType::Json)?;
    Ok(Members::new(parse_strict(&received.bytes, MAX_REQUEST_BYTES)?))
}

/// Records wait for the disk: not on the threads that serve connections.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeskError> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => {
            tracing::error!(%error, "the demo's desk broke off");
            Err(Problem::new("internal", "The desk broke off; begin again."))
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NotBegun => {
                Self::new("not_begun", "This enrolment was not begun here, or is over; begin again.")
            }
            DeskError::Nobody => Self::not_found(),
            DeskError::Shift => {
                Self::new("member_mistyped", "A shift ends within the next twelve hours.").at("/ends")
            }
            DeskError::Registrar(error) => error.into(),
        }
    }
}

impl From<RegistrarError> for Problem {
    fn from(error: RegistrarError) -> Self {
        match error {
            RegistrarError::Nobody => Self::not_found(),
            RegistrarError::Submit(error) => error.into(),
            RegistrarError::Read(error) => error.into(),
            RegistrarError::Disclosure(_) => Self::new("oversized", "The name or label is too long."),
            RegistrarError::Private(error) => internal(&error),
            RegistrarError::Sign(error) => internal(&error),
        }
    }
}

fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the registrar could not write");
    Problem::new("internal", "The registrar could not write; nothing was bound.")
}

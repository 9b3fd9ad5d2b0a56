//! The form over HTTP, with a page, for the town's clerks: it knows no accounts, and listens on this machine alone. Who has an application's id reads it.
//!
//! What is sent is `application/json`, and says so (else 415 `media_type`).
//!
//! | request | answer |
//! |---|---|
//! | `GET /form` | 200 `{"form","fields"}`: what it asks, a field `{"name","category"?}` |
//! | `POST /applications` `{"person"}` | 201 (200 if one is under way) and the application |
//! | `GET /applications/{id}` | 200 `{"id","form","person","state","fields","ask"?}` |
//! | `POST /applications/{id}/fields` `{"name","value"}` | 200 and the application; 409 `held`: a source is asked for it |
//! | `GET /health` | 200 `{"waiting"}` |

use super::Form;
use super::book::{Application, Book, Is};
use super::desk::Desk;
use crate::Clock;
use crate::caller::Caller;
use crate::errand::{Errand, ErrandError, not_now};
use crate::pages::FORM;
use crate::problem::Problem;
use crate::service::{Answered, StartError, blocking, members};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as InPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use procura_client::{Client, link_address};
use procura_core::identifier::Identifier;
use procura_core::{Hash, b64};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Who says what does not go on.
const WHAT: &str = "the form";
/// The largest request.
const MAX_BYTES: usize = 64 << 10;
/// The most that a person says in one field.
const MOST_SAID: usize = 1_000;

/// The service.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    desk: Arc<Desk>,
    _errand: Errand,
}

impl Service {
    /// The form of the party whose client this is, over the book at a path; `source` is where data are told.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        (book, source): (&Path, &str),
        client: Client,
        form: Form,
        clock: Clock,
    ) -> Result<Self, StartError> {
        client.own_party()?;
        let (book, caller) = (Book::open(book)?, Caller::new(client, source));
        let desk = Arc::new(Desk {
            book,
            caller,
            form,
            clock,
            turn: Mutex::default(),
            is_due: AtomicBool::new(false),
        });
        let working = Arc::clone(&desk);
        let errand = Errand::start(WHAT, move |stop| working.follow(stop));
        Ok(Self(Arc::new(Inner { desk, _errand: errand })))
    }

    /// Serves until `shutdown` is ready.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let pages = FORM.router(self.0.desk.caller.client().server());
        let router = Router::new()
            .route("/form", get(form))
            .route("/applications", post(begin))
            .route("/applications/{id}", get(read))
            .route("/applications/{id}/fields", post(say))
            .route("/health", get(health))
            .layer(DefaultBodyLimit::max(MAX_BYTES))
            .with_state(self)
            .merge(pages);
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    }
}

async fn form(State(service): State<Service>) -> Response {
    blocking(move || Ok((StatusCode::OK, service.0.form()))).await
}

async fn begin(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    blocking(move || service.0.begin(json_body(&headers, &body)?)).await
}

/// A page from elsewhere, open in a clerk's browser, can send here what it likes, but not as JSON without being asked whether it may.
fn json_body<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<&'b [u8], Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|text| text.split(';').next()).map(str::trim);
    if media_type.is_some_and(|text| text.eq_ignore_ascii_case("application/json")) {
        return Ok(body);
    }
    Err(Problem::media_type())
}

async fn read(State(service): State<Service>, InPath(id): InPath<String>) -> Response {
    blocking(move || {
        let id = id.parse().map_err(|_| Problem::not_found())?;
        Ok((StatusCode::OK, service.0.told(&id)?))
    })
    .await
}

async fn say(
    State(service): State<Service>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    blocking(move || service.0.say(&id, json_body(&headers, &body)?)).await
}

async fn health(State(service): State<Service>) -> Response {
    blocking(move || Ok((StatusCode::OK, json!({"waiting": service.0.desk.book.waiting()?.len()})))).await
}

impl Inner {
    fn form(&self) -> Value {
        let fields =
            self.desk.form.field.iter().map(|field| field_told(&field.name, field.category.as_deref()));
        json!({"form": self.desk.form.code, "fields": fields.collect::<Vec<_>>()})
    }

    fn begin(&self, body: &[u8]) -> Answered {
        let [person] = members(body, ["person"])?;
        let person = person.as_str().and_then(|person| person.parse::<Identifier>().ok());
        let person = person.ok_or_else(|| Problem::wrong("person", "this names nobody"))?;
        let (id, is_new) = self.desk.begin(&person)?;
        // What can't be found out now is found out behind.
        if let Err(error) = self.desk.advance(&id) {
            not_now(WHAT, &error);
            self.desk.is_due.store(true, Ordering::Relaxed);
        }
        Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, self.told(&id)?))
    }

    fn say(&self, id: &str, body: &[u8]) -> Answered {
        let [name, value] = members(body, ["name", "value"])?;
        let id = id.parse().map_err(|_| Problem::not_found())?;
        let (Some(name), Some(value)) = (name.as_str(), value.as_str()) else {
            return Err(Problem::malformed("members", "name and value are texts"));
        };
        if value.is_empty() || value.chars().count() > MOST_SAID {
            return Err(Problem::wrong("value", "1 to 1,000 characters"));
        }
        let application = self.desk.book.get(&id)?.ok_or_else(Problem::not_found)?;
        if !application.fields.iter().any(|field| field.name == name) {
            return Err(Problem::wrong("name", "the form asks nothing of this name"));
        }
        if !self.desk.say(&id, name, value)? {
            return Err(Problem::conflict("held", "a source is asked for this: it is not typed in"));
        }
        Ok((StatusCode::OK, self.told(&id)?))
    }

    fn told(&self, id: &Hash) -> Result<Value, Problem> {
        let application = self.desk.book.get(id)?.ok_or_else(Problem::not_found)?;
        let mut told = json!({
            "id": id, "form": self.desk.form.code, "person": application.person, "state": application.state(),
            "fields": application.fields.iter().map(|field| {
                let mut told = field_told(&field.name, field.category.as_deref());
                told.extend(self.of_field(&application, &field.is));
                told
            }).collect::<Vec<_>>(),
        });
        if let (Some(ask), Some(told)) = (&application.ask, told.as_object_mut())
            && application.fields.iter().any(|field| field.is == Is::Open)
            && ask.is_logged
            && let Ok(link) = b64::decode_array::<32>(&ask.link)
        {
            let address = link_address(self.desk.caller.client().server(), &link);
            told.insert("ask".to_owned(), json!({"link": address, "answer_by": ask.answer_by}));
        }
        Ok(told)
    }

    /// What a clerk reads of a field.
    fn of_field(&self, application: &Application, is: &Is) -> Map<String, Value> {
        let told = match is {
            Is::Open if application.ask.is_some() => json!({"state": "asked"}),
            Is::Open | Is::Looking { .. } => json!({"state": "looking"}),
            Is::Filled { value, source, access, receipt } => json!({
                "state": "filled", "value": value, "source": source, "access": access, "receipt": receipt,
            }),
            Is::ToSay => json!({"state": "to_say"}),
            Is::Said { value } => json!({"state": "said", "value": value}),
            Is::Refused => json!({"state": "refused"}),
        };
        told.as_object().cloned().unwrap_or_default()
    }
}

/// What is asked.
fn field_told(name: &str, category: Option<&str>) -> Map<String, Value> {
    let members = [("name", Some(name)), ("category", category)];
    members.into_iter().filter_map(|(member, value)| Some((member.to_owned(), json!(value?)))).collect()
}

impl From<ErrandError> for Problem {
    fn from(error: ErrandError) -> Self {
        match error {
            ErrandError::Book(error) => error.into(),
            ErrandError::Nobody => Self::wrong("nobody", error.to_string()),
            ErrandError::Random(_) | ErrandError::Clock => Self::internal(),
            error => Self::not_ready(&format!("the ledger or the source does not answer now: {error}")),
        }
    }
}

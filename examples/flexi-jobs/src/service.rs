//! The declaration service over HTTP. Everything private comes with the receipt of a logged access; the service keeps no accounts.
//!
//! | request | answer |
//! |---|---|
//! | `POST /declarations` `{"declaration","receipt"}` | 201 (200 if it was there already) `{"new","repeated","late"}` |
//! | `POST /statuses` `{"status","receipt"}` | 201 `{}` |
//! | `POST /declarations/check` `{"declaration"}` | 200 `{"lines","late","document"}`: nothing is wrong with it by itself, and nothing was taken |
//! | `POST /answers` `{"receipt"}` | 200, by the category of the access: `{"eligible"}`, `{"room","unit"}`, somebody's whole year, or `{"status","periods"}` |
//! | the same, with `Accept: text/event-stream` | an event; and one whenever the worker's own year changes, while the receipt is fresh |
//! | `GET /counters` | 200 `{"counters"}`: what is counted, and under which categories |
//! | `GET /health` | 200 `{"files","to_register","refused"}` |

use crate::Clock;
use crate::admission::Admission;
use crate::behind::Wake;
use crate::book::{Book, BookError};
use crate::counter::{Year, is_eligible};
use crate::counters::{Counter, Counters};
use crate::declaration::{self, Declaration};
use crate::files::Registrar;
use crate::following::{self, Changes};
use crate::notices::Teller;
use crate::pages::DECLARATIONS;
use crate::problem::Problem;
use crate::status::{self, Status};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use procura_client::Client;
use procura_client::guard::Release;
use procura_core::conditions::{Part, Property, Scalar};
use procura_core::days::Day;
use procura_core::json::parse_strict;
use procura_core::{Hash, Millis};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// The largest request: a thousand lines, and a receipt.
pub(crate) const MAX_BYTES: usize = 2 << 20;

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The book.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The office has no key.
    #[error(transparent)]
    Token(#[from] procura_client::TokenError),
}

/// The service.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    book: Arc<Book>,
    counters: Arc<Counters>,
    admission: Admission,
    clock: Clock,
    wake: Wake,
    teller: Wake,
    changes: Changes,
    ledger: String,
}

pub(crate) type Answered = Result<(StatusCode, Value), Problem>;

impl Service {
    /// The service of an office, whose client this is, over the book at a path. People reach its pages at an origin, and those of the ledger
    /// at its server's address.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        book: &Path,
        client: Client,
        counters: Counters,
        catalogue: Hash,
        clock: Clock,
        origin: &str,
    ) -> Result<Self, StartError> {
        let (book, client, counters) = (Arc::new(Book::open(book)?), Arc::new(client), Arc::new(counters));
        let admission = Admission::new(Arc::clone(&client))?.reached_at(origin);
        let ledger = client.server().to_owned();
        let teller = Teller { book: Arc::clone(&book), client: Arc::clone(&client) }.start();
        let registrar =
            Registrar { book: Arc::clone(&book), client, counters: Arc::clone(&counters), catalogue };
        let (wake, changes) = (registrar.start(), Changes::default());
        Ok(Self(Arc::new(Inner { book, counters, admission, clock, wake, teller, changes, ledger })))
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
        let inner = Arc::clone(&self.0);
        let router = Router::new()
            .route("/declarations", post(|state, body| asked(state, body, Inner::declare)))
            .route("/declarations/check", post(|state, body| asked(state, body, Inner::check)))
            .route("/statuses", post(|state, body| asked(state, body, Inner::tell)))
            .route("/answers", post(answers))
            .route("/counters", get(|state| asked(state, Bytes::new(), |inner, _| Ok(inner.counters()))))
            .route("/health", get(|state| asked(state, Bytes::new(), |inner, _| inner.health())))
            .layer(DefaultBodyLimit::max(MAX_BYTES))
            .with_state(self)
            .merge(DECLARATIONS.router(&inner.ledger));
        let shutdown = async move {
            shutdown.await;
            inner.changes.end();
        };
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    }
}

async fn asked(
    State(service): State<Service>,
    body: Bytes,
    work: impl FnOnce(&Inner, &[u8]) -> Answered + Send + 'static,
) -> Response {
    blocking(move || work(&service.0, &body)).await
}

/// Answers on a thread that may wait for a disk, or for the ledger.
pub(crate) async fn blocking(work: impl FnOnce() -> Answered + Send + 'static) -> Response {
    let answered = tokio::task::spawn_blocking(work).await;
    match answered.unwrap_or_else(|_| Err(Problem::internal())) {
        Ok((status, body)) => (status, Json(body)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Answers once, or for as long as whoever looks at their own year may follow it.
async fn answers(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    let is_followed = following::is_wanted(&headers);
    let inner = Arc::clone(&service.0);
    let answered = tokio::task::spawn_blocking(move || inner.answer(&body)).await;
    match answered.unwrap_or_else(|_| Err(Problem::internal())) {
        Ok((_, told)) if !is_followed => (StatusCode::OK, Json(told)).into_response(),
        Ok((release, told)) => {
            let inner = Arc::clone(&service.0);
            let lasts = inner.follows(&release);
            following::stream(told, lasts, &service.0.changes, move || inner.told(&release).ok())
        }
        Err(problem) => problem.into_response(),
    }
}

/// The members of a request, exactly these.
pub(crate) fn members<const N: usize>(body: &[u8], names: [&str; N]) -> Result<[Value; N], Problem> {
    let members: Map<String, Value> =
        parse_strict(body, MAX_BYTES).map_err(|error| Problem::malformed(error.name(), error.to_string()))?;
    let found = names.map(|name| members.get(name).cloned());
    if members.len() != N || found.iter().any(Option::is_none) {
        return Err(Problem::malformed(
            "members",
            format!("this takes {} and nothing else", names.join(" and ")),
        ));
    }
    Ok(found.map(Option::unwrap_or_default))
}

impl Inner {
    fn now(&self) -> Result<(Millis, Day), Problem> {
        let now = (self.clock)();
        Day::of(now).map(|today| (now, today)).ok_or_else(Problem::internal)
    }

    fn declare(&self, body: &[u8]) -> Answered {
        let [sent, receipt] = members(body, ["declaration", "receipt"])?;
        let (now, today) = self.now()?;
        let declared = Declaration::read(&sent, |code| self.counters.get(code), today)?;
        let counter = self.counters.get(&declared.counter).ok_or_else(Problem::internal)?;
        let under = (&*counter.categories.declare, declaration::PURPOSE);
        let release = self.admission.document(&receipt, &declared.digest, under, &declared.employer, now)?;
        let (is_new, taken) = self.book.take(&declared, &release.id, now)?;
        self.wake.wake();
        self.changes.happened();
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok((status, json!(taken)))
    }

    fn tell(&self, body: &[u8]) -> Answered {
        let [sent, receipt] = members(body, ["status", "receipt"])?;
        let (now, _) = self.now()?;
        let (status, digest) = Status::read(&sent).map_err(|what| Problem::wrong("status", what))?;
        let category = status.category();
        let under = (&*category, status::PURPOSE);
        let release = self.admission.document(&receipt, &digest, under, &status.person, now)?;
        self.book.tell(&status, &release.access.subject)?;
        self.wake.wake();
        self.teller.wake();
        self.changes.happened();
        Ok((StatusCode::CREATED, json!({})))
    }

    /// What would be wrong with a declaration, whatever the book has.
    fn check(&self, body: &[u8]) -> Answered {
        let [sent] = members(body, ["declaration"])?;
        let (_, today) = self.now()?;
        let declared = Declaration::read(&sent, |code| self.counters.get(code), today)?;
        let late: Vec<&str> = declared.late(today).collect();
        let told = json!({"lines": declared.lines.len(), "late": late, "document": declared.digest});
        Ok((StatusCode::OK, told))
    }

    fn counters(&self) -> (StatusCode, Value) {
        let counters = self.counters.all().map(|counter| {
            json!({
                "code": counter.code, "unit": counter.unit, "categories": counter.categories,
                "warn_at_percent": counter.warn_at_percent,
            })
        });
        (StatusCode::OK, json!({"counters": counters.collect::<Vec<_>>()}))
    }

    /// Answers a look, once.
    fn answer(&self, body: &[u8]) -> Result<(Release, Value), Problem> {
        let [receipt] = members(body, ["receipt"])?;
        let (now, _) = self.now()?;
        let release = self.admission.access(&receipt, now)?;
        let answer = self.told(&release)?;
        if !self.book.answer_once(&release.id, release.at, self.admission.too_old_before(now))? {
            return Err(crate::admission::NotAdmitted::from(procura_client::guard::Withheld::Used).into());
        }
        Ok((release, answer))
    }

    /// How long a look may be followed. Whoever looks at somebody else, or for them, looks once: what lets them may end.
    fn follows(&self, release: &Release) -> Duration {
        let access = &release.access;
        if access.actor != access.subject || access.on_behalf_of.is_some() {
            return Duration::ZERO;
        }
        self.admission.fresh_for(release.at, (self.clock)())
    }

    /// As much as the category of a look allows, and no more: as it is now.
    fn told(&self, release: &Release) -> Result<Value, Problem> {
        let (_, today) = self.now()?;
        match release.access.category.strip_prefix(status::ABOVE) {
            Some(status) => self.told_status(release, status, today),
            None => self.told_counter(release, today),
        }
    }

    /// Since when and until when they have a status. Unknown means no.
    fn told_status(&self, release: &Release, status: &str, today: Day) -> Result<Value, Problem> {
        let periods = match self.book.person(&release.access.subject)? {
            Some(person) => self.book.periods(&person, status, today)?,
            None => Vec::new(),
        };
        Ok(json!({"status": status, "periods": periods}))
    }

    fn told_counter(&self, release: &Release, today: Day) -> Result<Value, Problem> {
        let category = &*release.access.category;
        let counter = self.counters.all().find(|counter| {
            let asked = &counter.categories;
            [&asked.eligible, &asked.room, &asked.read].iter().any(|known| *known == category)
        });
        let counter = counter
            .ok_or_else(|| Problem::wrong("unknown_counter", "nothing is told under this category"))?;
        let asked_year = Property::new(Part::Resource, "year")
            .and_then(|property| release.access.properties.get(&property).cloned());
        let year = match asked_year {
            None => today.year(),
            Some(Scalar::Integer(year)) if (1900..=i64::from(today.year())).contains(&year) => {
                i16::try_from(year).unwrap_or(today.year())
            }
            Some(_) => return Err(Problem::wrong("year", "the year is none, or is to come")),
        };
        let person = self.book.person(&release.access.subject)?;
        if person.is_none() && self.book.count_files()?.to_register > 0 {
            // It may be theirs. Unknown means no, and they may have worked.
            return Err(Problem::not_ready("files are being registered: ask again in a moment"));
        }
        self.told_year(counter, category, person.as_deref(), (year, today))
    }

    fn told_year(
        &self,
        counter: &Counter,
        category: &str,
        person: Option<&str>,
        (year, today): (i16, Day),
    ) -> Result<Value, Problem> {
        let asked = &counter.categories;
        if category == asked.read {
            return Ok(Year::of(&self.book, counter, person, (year, today))?.told());
        }
        // Others are told of today, and of no year that they choose.
        if year != today.year() {
            return Err(Problem::wrong("year", "of this only today is told"));
        }
        if category == asked.eligible {
            return Ok(json!({"eligible": is_eligible(&self.book, counter, person, today)?}));
        }
        let room = Year::of(&self.book, counter, person, (year, today))?.room_told();
        Ok(json!({"room": room, "unit": counter.unit}))
    }

    fn health(&self) -> Answered {
        Ok((StatusCode::OK, json!(self.book.count_files()?)))
    }
}

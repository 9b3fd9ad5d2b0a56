//! The tariff service over HTTP, with a page for people: they read what was granted to them, and what it rests on.
//!
//! | request | answer |
//! |---|---|
//! | `POST /answers` `{"receipt"}` | 200 `{"tariff","granted","days"?,"rights"}` to the person and who acts for them; to others `{"tariff","granted"}` |
//! | `GET /tariff` | 200 `{"tariff","status","category"}`: what is granted, to whom, and under which category it is told |
//! | `GET /health` | 200 `{"running","to_look_at","to_hand_in"}` |

use super::Tariff;
use super::book::Book;
use super::grants::Grants;
use crate::Clock;
use crate::admission::{Admission, NotAdmitted};
use crate::caller::Caller;
use crate::errand::Errand;
use crate::pages::TARIFF;
use crate::prepare::Prepared;
use crate::problem::Problem;
use crate::service::{Answered, MAX_BYTES, StartError, blocking, members};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use procura_client::Client;
use procura_client::guard::Withheld;
use procura_core::days::Day;
use procura_core::decide::Reason;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The service.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    book: Arc<Book>,
    admission: Admission,
    tariff: Tariff,
    clock: Clock,
    ledger: String,
    _errand: Errand,
}

impl Service {
    /// The service of an office, whose client this is, over the book at a path; `source` is where statuses are told. People reach its page at
    /// an origin, and those of the ledger at its server's address.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        (book, source): (&Path, &str),
        client: Client,
        tariff: Tariff,
        prepared: Prepared,
        clock: Clock,
        origin: &str,
    ) -> Result<Self, StartError> {
        let (book, client) = (Arc::new(Book::open(book)?), Arc::new(client));
        let admission = Admission::new(Arc::clone(&client))?.reached_at(origin);
        let ledger = client.server().to_owned();
        let grants = Grants {
            book: Arc::clone(&book),
            caller: Caller::new(client, source),
            tariff: tariff.clone(),
            prepared,
            clock: Arc::clone(&clock),
        };
        let errand = Errand::start("the tariff service", move |stop| grants.follow(stop));
        Ok(Self(Arc::new(Inner { book, admission, tariff, clock, ledger, _errand: errand })))
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
        let pages = TARIFF.router(&self.0.ledger);
        let router = Router::new()
            .route("/answers", post(answers))
            .route("/tariff", get(tariff))
            .route("/health", get(health))
            .layer(DefaultBodyLimit::max(MAX_BYTES))
            .with_state(self)
            .merge(pages);
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    }
}

async fn answers(State(service): State<Service>, body: Bytes) -> Response {
    blocking(move || service.0.answer(&body)).await
}

async fn tariff(State(service): State<Service>) -> Response {
    blocking(move || Ok((StatusCode::OK, service.0.tariff()))).await
}

async fn health(State(service): State<Service>) -> Response {
    blocking(move || Ok((StatusCode::OK, json!(service.0.book.count()?)))).await
}

impl Inner {
    fn tariff(&self) -> Value {
        let Tariff { code, status, category, .. } = &self.tariff;
        json!({"tariff": code, "status": status, "category": category})
    }

    fn answer(&self, body: &[u8]) -> Answered {
        let [receipt] = members(body, ["receipt"])?;
        let now = (self.clock)();
        let today = Day::of(now).ok_or_else(Problem::internal)?;
        let release = self.admission.access(&receipt, now)?;
        if release.access.category != self.tariff.category {
            return Err(Problem::wrong("category", "nothing is told under this category"));
        }
        let person = &release.access.subject;
        let running = self.book.running(person)?.map(|right| right.days);
        let granted =
            running.is_some_and(|days| days.from <= today && days.until.is_none_or(|until| today <= until));
        let answer = if matches!(release.reason, Reason::Own | Reason::Mandate) {
            json!({
                "tariff": self.tariff.code, "granted": granted, "days": running,
                "rights": self.book.rights(person)?,
            })
        } else {
            json!({"tariff": self.tariff.code, "granted": granted})
        };
        if !self.book.answer_once(&release.id, release.at, self.admission.too_old_before(now))? {
            return Err(NotAdmitted::from(Withheld::Used).into());
        }
        let answer: Value = answer;
        Ok((StatusCode::OK, answer))
    }
}

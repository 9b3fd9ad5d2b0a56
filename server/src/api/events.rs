//! `GET /v1/events`: what happens to the reader, as it happens. Server-sent events, each a CloudEvent.
//!
//! A stream lasts a while and ends; the reader comes back with the id of the last event, as browsers do by themselves. So it stays
//! within the bounds that every answer has, and a token that is over ends it.
//!
//! spec: http.md#events

use super::auth::Bearer;
use super::body::parameters;
use super::problem::Problem;
use crate::app::App;
use crate::event::event;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use procura_core::source::Logged;
use procura_core::{Index, Size};
use procura_ledger::View;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long a stream lasts.
const LASTS: Duration = Duration::from_secs(20);
/// How often it is looked for something new.
const LOOK: Duration = Duration::from_millis(200);
/// The most events in one piece of the stream.
const AT_ONCE: usize = 256;
/// How many pieces wait for a slow reader; then the stream waits too.
const AHEAD: usize = 4;
/// Comes first: how soon to come back after an end, in milliseconds.
const GREETING: &[u8] = b"retry: 500\n\n";

/// The pieces of a stream.
struct Pieces(mpsc::Receiver<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.get_mut().0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// What happens to the reader: everything that is filed in its list behind `after`, as it is logged.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "parties",
    params(
        ("after" = Option<u64>, Query, description = "The index behind which to begin; what is logged from now on, unless given"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same, as browsers send it when they come back"),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Events for 20 seconds; come back with the last one's id", body = String, content_type = "text/event-stream"),
        (status = 400, description = "`query`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`token`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn events(
    State(app): State<App>,
    bearer: Bearer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (after, size) = app
        .ask(bearer, |view, _| {
            let [after] = parameters(query.as_deref(), ["after"])?;
            // A browser that comes back knows better than the address that it began with.
            let after = last_event(&headers)?.or(after).map(Index);
            Ok((after.or(view.size().last()).unwrap_or(Index(0)), view.size()))
        })
        .await?;
    let (send, pieces) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        // The reader went away, or may not read any more: the stream ends, and asking again says why.
        drop(tell(&app, bearer, (after, size), &send).await);
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream")];
    Ok((headers, Body::new(Pieces(pieces))).into_response())
}

/// The id of the last event that came through.
fn last_event(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(&LAST_EVENT_ID) else { return Ok(None) };
    let index = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
    index.map(Some).ok_or_else(|| Problem::query("Last-Event-ID is not the id of one of these events."))
}

/// Why a stream ends before its time.
struct Ended;

/// Tells what is new until the time is over.
async fn tell(
    app: &App,
    bearer: Bearer,
    (mut after, mut seen): (Index, Size),
    send: &mpsc::Sender<Bytes>,
) -> Result<(), Ended> {
    let ends = Instant::now() + LASTS;
    send.send(Bytes::from_static(GREETING)).await.map_err(|_| Ended)?;
    // What there is already comes at once.
    let mut is_behind = true;
    while Instant::now() < ends && !app.is_stopping() {
        let size = app.ledger().view().size();
        if !is_behind && size == seen {
            tokio::select! {
                () = send.closed() => return Err(Ended),
                () = sleep(LOOK) => continue,
            }
        }
        let read = app.ask(bearer, move |view, caller| {
            let news = view.news(caller.id(), after, AT_ONCE)?;
            let mut text = String::new();
            for logged in &news {
                text.push_str(&piece(view, logged)?);
            }
            Ok((news.len(), news.last().map(|logged| logged.index), text, view.size()))
        });
        let Ok((count, last, text, size)) = read.await else { return Err(Ended) };
        (after, seen, is_behind) = (last.unwrap_or(after), size, count == AT_ONCE);
        if !text.is_empty() {
            send.send(Bytes::from(text)).await.map_err(|_| Ended)?;
        }
    }
    Ok(())
}

/// One event, as it stands in the stream.
fn piece(view: &View, logged: &Logged) -> Result<String, Problem> {
    Ok(format!("id: {}\ndata: {}\n\n", logged.index, event(view, logged)?))
}

//! A worker's own year as it changes: the answer to their look, and again whenever something is declared, for as long as the receipt of that
//! look is fresh. Server-sent events, so that a page has it within the moment.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use http_body::Frame;
use serde_json::Value;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

const MEDIA_TYPE: &str = "text/event-stream";
/// How many answers wait for a slow reader; then the next ones wait too.
const AHEAD: usize = 4;
/// How soon it is tried again to answer.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells those who follow a year that the book has changed, or that the service ends.
pub(crate) struct Changes(watch::Sender<bool>);

impl Default for Changes {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Changes {
    /// Something was written down.
    pub(crate) fn happened(&self) {
        self.0.send_modify(|_| {});
    }

    /// The service ends: nobody is followed any more.
    pub(crate) fn end(&self) {
        self.0.send_replace(true);
    }
}

/// Whether whoever asks wants to follow.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accepted| accepted.as_bytes() == MEDIA_TYPE.as_bytes())
}

/// The answers of a stream.
struct Answers(mpsc::Receiver<Bytes>);

impl HttpBody for Answers {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.get_mut().0.poll_recv(context).map(|answer| answer.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// The answer `now`, and what `again` answers whenever that is another, for `lasts`. What can't be answered yet is asked again soon: whose file
/// is new, nobody knows until it is registered.
pub(crate) fn stream(
    now: Value,
    lasts: Duration,
    changes: &Changes,
    again: impl Fn() -> Option<Value> + Send + Sync + 'static,
) -> Response {
    let (send, answers) = mpsc::channel(AHEAD);
    let mut changed = changes.0.subscribe();
    tokio::spawn(async move {
        let ends = tokio::time::sleep(lasts);
        tokio::pin!(ends);
        let (mut told, again) = (now, Arc::new(again));
        let mut is_owed = false;
        if send.send(event(&told)).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                () = send.closed() => return,
                () = &mut ends => return,
                changed = changed.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(PAUSE), if is_owed => {}
            }
            if *changed.borrow_and_update() {
                return;
            }
            let again = Arc::clone(&again);
            let Ok(answer) = tokio::task::spawn_blocking(move || again()).await else { return };
            is_owed = answer.is_none();
            if let Some(new) = answer.filter(|new| *new != told) {
                if send.send(event(&new)).await.is_err() {
                    return;
                }
                told = new;
            }
        }
    });
    ([(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")], Body::new(Answers(answers)))
        .into_response()
}

fn event(answer: &Value) -> Bytes {
    Bytes::from(format!("data: {answer}\n\n"))
}

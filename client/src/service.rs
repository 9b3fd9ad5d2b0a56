//! What the services of the command share: connections, within bounds, and how an answer looks.
//!
//! TLS, where it is wanted, is the affair of what stands before them.

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The most connections at once; for more there is no room, and they are ended.
const MAX_CONNECTIONS: usize = 512;
/// How many requests are worked on at once.
const MAX_AT_ONCE: usize = 16;
/// How long a connection may take for its next request's headers.
const HEADERS: Duration = Duration::from_secs(30);
/// How long a request's body may take.
const BODY: Duration = Duration::from_secs(10);
/// How long requests under way may take once the service stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How long to wait when the system has no more sockets to give.
const BREATHER: Duration = Duration::from_millis(50);
/// The most bytes of headers.
const MAX_HEAD_BYTES: usize = 16 << 10;

pub(crate) type Answer = Response<Full<Bytes>>;

/// Turns at work that waits for the disk.
pub(crate) type Work = Arc<Semaphore>;

/// Answers requests until `shutdown` is ready.
pub(crate) async fn serve<F: Future<Output = Answer> + Send + 'static>(
    listener: TcpListener,
    answer: impl Fn(Work, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    shutdown: impl Future<Output = ()>,
) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let work = Arc::new(Semaphore::new(MAX_AT_ONCE));
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(MAX_HEAD_BYTES);
    let mut shutdown = pin!(shutdown);
    loop {
        let stream = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(BREATHER).await;
                    continue;
                }
            },
        };
        let Ok(place) = Arc::clone(&connections).try_acquire_owned() else { continue };
        drop(stream.set_nodelay(true));
        let (answer, work) = (answer.clone(), Arc::clone(&work));
        let service = service_fn(move |request| {
            let answered = answer(Arc::clone(&work), request);
            async move { Ok::<_, Infallible>(answered.await) }
        });
        let conversation = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A broken connection is the client's affair.
            drop(conversation.await);
            drop(place);
        });
    }
    drop(listener);
    if timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// Why there is no body.
pub(crate) enum NoBody {
    /// It is too long.
    Oversized,
    /// It broke off.
    Broken,
    /// It took too long.
    Late,
}

/// A request's body, whole.
pub(crate) async fn body(body: Incoming, max_bytes: usize) -> Result<Bytes, NoBody> {
    match timeout(BODY, Limited::new(body, max_bytes).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(NoBody::Oversized),
        Ok(Err(_)) => Err(NoBody::Broken),
        Err(_) => Err(NoBody::Late),
    }
}

/// Work that waits for the disk; `None` if it broke off.
pub(crate) async fn blocking<T: Send + 'static>(
    work: Work,
    task: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let turn = work.acquire_owned().await.ok()?;
    let done = tokio::task::spawn_blocking(move || {
        // Held by the work itself: work that nobody waits for any longer still counts.
        let _turn = turn;
        task()
    });
    done.await.inspect_err(|error| tracing::error!(%error, "a request's work broke off")).ok()
}

/// What is wrong may name paths of the machine: it stands in the log, not here.
pub(crate) fn later(text: String) -> Answer {
    let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, text);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    answer
}

pub(crate) fn other_method(allowed: &'static str) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "method: this address has another method\n");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

pub(crate) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    typed(status, "text/plain; charset=utf-8", text)
}

pub(crate) fn typed(status: StatusCode, media_type: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

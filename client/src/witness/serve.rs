//! A witness over HTTP: `POST /add-checkpoint`, and for monitors `GET /<origin hash>/checkpoint`.
//!
//! spec: log.md#witnesses

use super::{AddError, KeptError, Witness};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use procura_core::checkpoint::CheckpointError;
use procura_core::witness::{MAX_REQUEST_BYTES, Refusal, RequestError};
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
/// How long requests under way may take once the witness stops.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// How long to wait when the system has no more sockets to give.
const BREATHER: Duration = Duration::from_millis(50);
/// The most bytes of headers.
const MAX_HEAD_BYTES: usize = 16 << 10;

type Answer = Response<Full<Bytes>>;

/// Serves a witness until `shutdown` is ready. TLS, where it is wanted, is the affair of what stands before it: what goes over
/// these connections is public and signed.
pub async fn serve(listener: TcpListener, witness: Arc<Witness>, shutdown: impl Future<Output = ()>) {
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
        let (witness, work) = (Arc::clone(&witness), Arc::clone(&work));
        let service = service_fn(move |request| {
            let (witness, work) = (Arc::clone(&witness), Arc::clone(&work));
            async move { Ok::<_, Infallible>(answer(witness, work, request).await) }
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

async fn answer(witness: Arc<Witness>, work: Arc<Semaphore>, request: Request<Incoming>) -> Answer {
    let path = request.uri().path();
    let monitored =
        path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint")).map(str::to_owned);
    match (request.method(), path, monitored) {
        (&Method::POST, "/add-checkpoint", _) => add(witness, work, request.into_body()).await,
        (_, "/add-checkpoint", _) => other_method("POST"),
        (&Method::GET, _, Some(origin_hash)) => newest(witness, work, origin_hash).await,
        (_, _, Some(_)) => other_method("GET"),
        _ => plain(
            StatusCode::NOT_FOUND,
            "not_found: a witness has /add-checkpoint and /<origin hash>/checkpoint\n",
        ),
    }
}

async fn add(witness: Arc<Witness>, work: Arc<Semaphore>, body: Incoming) -> Answer {
    let body = match timeout(BODY, Limited::new(body, MAX_REQUEST_BYTES).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "oversized: the request is too long\n");
        }
        Ok(Err(_)) => return plain(StatusCode::BAD_REQUEST, "body: the request broke off\n"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "timeout: the request took too long\n"),
    };
    match blocking(work, move || witness.add_checkpoint(&body)).await {
        Some(Ok(lines)) => {
            tracing::info!("cosigned");
            typed(StatusCode::OK, "text/plain; charset=utf-8", lines)
        }
        Some(Err(error)) => refuse(&error),
        None => broken(),
    }
}

async fn newest(witness: Arc<Witness>, work: Arc<Semaphore>, origin_hash: String) -> Answer {
    match blocking(work, move || witness.newest(&origin_hash)).await {
        Some(Ok(Some(note))) => {
            let mut answer = typed(StatusCode::OK, "text/plain; charset=utf-8", note);
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            answer
        }
        Some(Ok(None)) => plain(StatusCode::NOT_FOUND, "not_found: nothing of that log was cosigned here\n"),
        Some(Err(error)) => unavailable(&error),
        None => broken(),
    }
}

/// Work that waits for the disk; `None` if it broke off.
async fn blocking<T: Send + 'static>(
    work: Arc<Semaphore>,
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

/// Which status says what: C2SP tlog-witness.
fn refuse(error: &AddError) -> Answer {
    let status = match error {
        // An empty tree with another root than its own is no tree that anything continues.
        AddError::Request(RequestError::Checkpoint(CheckpointError::EmptyRoot { .. }))
        | AddError::Refused(Refusal::Proof(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        AddError::Request(_) | AddError::Refused(Refusal::OldLarger { .. }) => StatusCode::BAD_REQUEST,
        AddError::Refused(Refusal::NotSigned(_)) => StatusCode::FORBIDDEN,
        AddError::Refused(Refusal::UnknownLog { .. }) => StatusCode::NOT_FOUND,
        AddError::Refused(Refusal::OtherSize { known }) => {
            tracing::info!(%known, "told a log which size is known");
            return typed(StatusCode::CONFLICT, "text/x.tlog.size", format!("{known}\n"));
        }
        AddError::Kept(error) => return unavailable(error),
        AddError::Clock { .. } | AddError::Sign(_) | AddError::Cosign(_) | AddError::Note(_) => {
            tracing::error!(%error, "nothing can be cosigned now");
            return later(error.name());
        }
    };
    if let AddError::Refused(Refusal::Proof(proof)) = error {
        // Signed by the log, and no continuation of what it signed before: perhaps a fork.
        tracing::error!(%proof, "a log signed what does not continue the last checkpoint cosigned");
    } else {
        tracing::info!(refused = error.name(), "not cosigned");
    }
    plain(status, format!("{}: {error}\n", error.name()))
}

fn unavailable(error: &KeptError) -> Answer {
    tracing::error!(%error, "what was cosigned can't be read or kept: nothing is cosigned");
    later(error.name())
}

fn broken() -> Answer {
    later("internal")
}

/// What is wrong may name paths of the machine: it stands in the log, not here.
fn later(name: &str) -> Answer {
    let mut answer =
        plain(StatusCode::SERVICE_UNAVAILABLE, format!("{name}: nothing was cosigned; try again later\n"));
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    answer
}

fn other_method(allowed: &'static str) -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "method: this address has another method\n");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    typed(status, "text/plain; charset=utf-8", text)
}

fn typed(status: StatusCode, media_type: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

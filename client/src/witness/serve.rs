//! A witness over HTTP: `POST /add-checkpoint`, and for monitors `GET /<origin hash>/checkpoint`.
//!
//! spec: log.md#witnesses

use super::{AddError, KeptError, Witness};
use crate::service::{self, Answer, NoBody, Work, blocking, other_method, plain, typed};
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{Method, Request, StatusCode};
use procura_core::checkpoint::CheckpointError;
use procura_core::witness::{MAX_REQUEST_BYTES, Refusal, RequestError};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves a witness until `shutdown` is ready. TLS, where it is wanted, is the affair of what stands before it: what goes over
/// these connections is public and signed.
pub async fn serve(listener: TcpListener, witness: Arc<Witness>, shutdown: impl Future<Output = ()>) {
    let answer = move |work, request| answer(Arc::clone(&witness), work, request);
    service::serve(listener, answer, shutdown).await;
}

async fn answer(witness: Arc<Witness>, work: Work, request: Request<Incoming>) -> Answer {
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

async fn add(witness: Arc<Witness>, work: Work, body: Incoming) -> Answer {
    add_checkpoint(work, body, move |body| witness.add_checkpoint(body)).await
}

/// Answers a request to cosign, as `add` does.
pub(crate) async fn add_checkpoint(
    work: Work,
    body: Incoming,
    add: impl FnOnce(&[u8]) -> Result<String, AddError> + Send + 'static,
) -> Answer {
    let body = match service::body(body, MAX_REQUEST_BYTES).await {
        Ok(body) => body,
        Err(NoBody::Oversized) => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "oversized: the request is too long\n");
        }
        Err(NoBody::Broken) => return plain(StatusCode::BAD_REQUEST, "body: the request broke off\n"),
        Err(NoBody::Late) => {
            return plain(StatusCode::REQUEST_TIMEOUT, "timeout: the request took too long\n");
        }
    };
    match blocking(work, move || add(&body)).await {
        Some(Ok(lines)) => {
            tracing::info!("cosigned");
            typed(StatusCode::OK, "text/plain; charset=utf-8", lines)
        }
        Some(Err(error)) => refuse(&error),
        None => broken(),
    }
}

/// The last checkpoint cosigned of a log.
pub(crate) async fn newest(witness: Arc<Witness>, work: Work, origin_hash: String) -> Answer {
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
        AddError::NotChecked(_) => {
            tracing::info!(%error, "not cosigned yet");
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

fn later(name: &str) -> Answer {
    service::later(format!("{name}: nothing was cosigned; try again later\n"))
}

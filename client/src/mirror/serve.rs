//! A mirror over HTTP: the log, proofs, how records stand; and for the ledger what a witness answers, if it cosigns.
//!
//! spec: http.md#mirrors

use super::checker::MapChecker;
use super::metrics;
use super::standing::Standing;
use crate::service::{self, Answer, NoBody, Work, blocking, other_method, plain, typed};
use crate::witness::{add_checkpoint, newest};
use hyper::body::Incoming;
use hyper::header::{AGE, AUTHORIZATION, CACHE_CONTROL, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use procura_core::hash::sha256;
use procura_core::receipt::{MAX_ASK_BYTES, StatusAsk};
use procura_core::tile::{TileKind, TilePath};
use procura_core::{Hash, Index, Size};
use procura_ledger::ReadError;
use procura_ledger::mirror::MirrorView;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What is served, and to whom.
pub struct Service {
    /// What is read.
    pub standing: Arc<Standing>,
    /// Who cosigns, if somebody does.
    pub checker: Option<MapChecker>,
    /// The tokens of those who may have the entries, hashed; of none: nobody may.
    pub tokens: BTreeSet<Hash>,
}

/// Serves a mirror until `shutdown` is ready.
pub async fn serve(listener: TcpListener, service: Arc<Service>, shutdown: impl Future<Output = ()>) {
    let answer = move |work, request| answer(Arc::clone(&service), work, request);
    service::serve(listener, answer, shutdown).await;
}

async fn answer(service: Arc<Service>, work: Work, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str(), &service.checker) {
        (&Method::POST, "/add-checkpoint", Some(checker)) => {
            let checker = checker.clone();
            return add_checkpoint(work, request.into_body(), move |body| checker.add_checkpoint(body)).await;
        }
        (&Method::POST, "/v1/status", _) => return status(service, work, request.into_body()).await,
        (_, "/v1/status", _) | (_, "/add-checkpoint", Some(_)) => return other_method("POST"),
        (&Method::GET, ..) => {}
        _ => return other_method("GET"),
    }
    match path.as_str() {
        "/healthz" => return typed(StatusCode::OK, "application/json", json!({"status": "ok"}).to_string()),
        "/readyz" => {
            let (is_ready, told) = service.standing.told();
            let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            return typed(status, "application/json", told.to_string());
        }
        "/metrics" => {
            let text = metrics::text(&service.standing.figures());
            return typed(StatusCode::OK, metrics::MEDIA_TYPE, text);
        }
        _ => {}
    }
    if let (Some(hash), Some(checker)) = (
        path.strip_prefix('/')
            .and_then(|path| path.strip_suffix("/checkpoint"))
            .filter(|hash| hash.len() == 64),
        &service.checker,
    ) {
        return newest(checker.witness(), work, hash.to_owned()).await;
    }
    let may_read = may_read(&service, request.headers());
    let query = request.uri().query().unwrap_or_default().to_owned();
    reading(service, work, move |view| read(view, &path, &query, may_read)).await
}

/// Answers out of the view of now.
async fn reading(
    service: Arc<Service>,
    work: Work,
    read: impl FnOnce(&MirrorView) -> Result<Answer, ReadError> + Send + 'static,
) -> Answer {
    let Some(view) = service.standing.view() else {
        return problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "the mirror has not caught up yet; ask again later",
        );
    };
    let age_s = service.standing.age_s(&view);
    let mut answer = match blocking(work, move || read(&view)).await {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => {
            tracing::error!(%error, "what is stored can't be read");
            problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the mirror could not be read: nothing is known",
            )
        }
        None => {
            problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the work broke off: nothing is known")
        }
    };
    // However old: whoever verifies says whether that is fresh enough.
    answer.headers_mut().insert(AGE, HeaderValue::from(age_s));
    answer
}

async fn status(service: Arc<Service>, work: Work, body: Incoming) -> Answer {
    let body = match service::body(body, MAX_ASK_BYTES).await {
        Ok(body) => body,
        Err(NoBody::Oversized) => {
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "oversized", "the request is too long");
        }
        Err(NoBody::Broken) => return problem(StatusCode::BAD_REQUEST, "malformed", "the request broke off"),
        Err(NoBody::Late) => {
            return problem(StatusCode::REQUEST_TIMEOUT, "timeout", "the request took too long");
        }
    };
    let ask = match StatusAsk::parse(&body) {
        Ok(ask) => ask,
        Err(error) => return problem(StatusCode::BAD_REQUEST, error.name(), &error.to_string()),
    };
    let standing = Arc::clone(&service.standing);
    reading(service, work, move |view| {
        if let Some(from) = ask.from.filter(|from| *from > view.size()) {
            let what = format!("the mirror stands at {} entries, and has no size {from} yet", view.size());
            return Ok(problem(StatusCode::CONFLICT, "size_unavailable", &what));
        }
        let proof = view.status(&ask)?;
        standing.proved(proof.is_some());
        Ok(match proof {
            Some(proof) => typed(StatusCode::OK, "application/json", proof.to_json()),
            None => not_found(),
        })
    })
    .await
}

fn read(view: &MirrorView, path: &str, query: &str, may_read: bool) -> Result<Answer, ReadError> {
    let number = |name: &str| {
        let mut values = query.split('&').filter_map(|pair| pair.split_once('='));
        values.find(|(key, _)| *key == name).map(|(_, value)| value.parse::<u64>().ok())
    };
    let mistyped = || problem(StatusCode::BAD_REQUEST, "query", "index, from and to are whole numbers");
    match path {
        "/checkpoint" => {
            let mut answer = plain(StatusCode::OK, view.checkpoint().to_owned());
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            Ok(answer)
        }
        "/v1/proofs/inclusion" => {
            let Some(Some(index)) = number("index") else { return Ok(mistyped()) };
            Ok(view.inclusion(Index(index))?.map_or_else(not_found, |proof| plain(StatusCode::OK, proof)))
        }
        "/v1/proofs/consistency" => {
            let (Some(Some(from)), Some(to)) = (number("from"), number("to").unwrap_or(Some(view.size().0)))
            else {
                return Ok(mistyped());
            };
            let (from, to) = (Size(from), Size(to));
            let Some(hashes) = view.consistency(from, to)? else {
                let what = "the mirror does not have these sizes";
                return Ok(problem(StatusCode::CONFLICT, "size_unavailable", what));
            };
            let told = json!({"from": from, "to": to, "hashes": hashes});
            Ok(typed(StatusCode::OK, "application/json", told.to_string()))
        }
        path => match path.strip_prefix('/').map(TilePath::parse) {
            Some(Ok(tile)) => read_tile(view, &tile, may_read),
            _ => Ok(not_found()),
        },
    }
}

fn read_tile(view: &MirrorView, tile: &TilePath, may_read: bool) -> Result<Answer, ReadError> {
    let is_bundle = tile.kind() == TileKind::Entries;
    if is_bundle && !may_read {
        return Ok(problem(
            StatusCode::UNAUTHORIZED,
            "token",
            "entries are for those whom the operator gave a token",
        ));
    }
    let Some(bytes) = view.tile(tile)? else { return Ok(not_found()) };
    let mut answer = typed(StatusCode::OK, "application/octet-stream", bytes);
    let cache = if is_bundle { "private, no-store" } else { "public, max-age=604800, immutable" };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    Ok(answer)
}

/// Whether who asks has a token for the entries. Looked for by its hash, so that how long that takes tells nothing.
fn may_read(service: &Service, headers: &HeaderMap) -> bool {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
    token.is_some_and(|token| service.tokens.contains(&sha256(&[token.as_bytes()])))
}

/// RFC 9457, as a ledger's.
fn problem(status: StatusCode, name: &str, detail: &str) -> Answer {
    let told = json!({
        "type": format!("urn:procura:problem:{name}"), "title": name, "status": status.as_u16(), "detail": detail,
    });
    typed(status, "application/problem+json", told.to_string())
}

fn not_found() -> Answer {
    problem(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is no such thing under the mirror's checkpoint, or it is not for who asks",
    )
}

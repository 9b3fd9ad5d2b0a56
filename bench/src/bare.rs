//! What is compared with: axum handlers that do the least of the same work, and the work itself without HTTP.

use crate::Outcome;
use crate::least::Keeper;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use clap::ValueEnum;
use procura_core::Hash;
use procura_core::jws::Jws;
use procura_core::key::{PublicKey, Signer};
use procura_core::record::TYP;
use procura_core::submission::{MAX_BYTES, Submission};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// A bare server.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it does with a body
    task: Task,
    /// The citizens whose keys it knows
    #[arg(long)]
    citizens: Option<PathBuf>,
    /// The file to keep records in
    #[arg(long)]
    kept: Option<PathBuf>,
}

/// What a bare server does.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Task {
    /// Parses a submission, verifies its signature, answers with the record's id
    Verify,
    /// Does that and the least that makes a ledger of it; answers with the record's index once it is durable
    Keep,
    /// Parses JSON and answers with it; of an evaluation with as much JSON as a decision has
    Echo,
}

type Keys = Arc<HashMap<Hash, PublicKey>>;

/// Serves until it is killed.
pub(crate) fn run(args: &Args) -> Outcome {
    let router = match args.task {
        Task::Verify => Router::new().route("/v1/records", post(verify)).with_state(keys(args)?),
        Task::Keep => {
            let known = keys(args)?;
            let ids: Vec<Hash> = known.keys().copied().collect();
            let keeper = Keeper::start(args.kept.as_ref().ok_or("kept where?")?, &ids)?;
            Router::new().route("/v1/records", post(keep)).with_state((known, keeper))
        }
        Task::Echo => {
            Router::new().route("/v1/records", post(echo)).route("/access/v1/evaluation", post(decide))
        }
    };
    let router = router.layer(DefaultBodyLimit::max(MAX_BYTES));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "bare on http://{}", listener.local_addr()?)?;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        Ok(axum::serve(listener, router).await?)
    })
}

fn keys(args: &Args) -> Outcome<Keys> {
    let path = args.citizens.as_ref().ok_or("whose keys?")?;
    let ids = crate::grown::read_ids(path)?;
    let known = (0..).zip(ids).map(|(n, ids)| (ids.kid, crate::people::key(n).public_key()));
    Ok(Arc::new(known.collect()))
}

async fn verify(State(keys): State<Keys>, body: Bytes) -> Result<Json<Value>, StatusCode> {
    let (id, _) = verified(&keys, &body)?;
    Ok(Json(json!({"id": id})))
}

async fn keep(
    State((keys, keeper)): State<(Keys, Keeper)>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), StatusCode> {
    let (id, record) = verified(&keys, &body)?;
    let index = keeper.keep(id, record).await.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((StatusCode::CREATED, Json(json!({"id": id, "index": index}))))
}

/// The id and the text of the record in a body, if its signature is right.
fn verified(keys: &Keys, body: &[u8]) -> Result<(Hash, String), StatusCode> {
    let submission = Submission::parse(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let jws = Jws::parse(&submission.record, TYP).map_err(|_| StatusCode::BAD_REQUEST)?;
    let key = keys.get(jws.kid()).ok_or(StatusCode::UNAUTHORIZED)?;
    jws.verify(key).map_err(|_| StatusCode::UNAUTHORIZED)?;
    Ok((jws.id(), submission.record))
}

async fn echo(Json(value): Json<Value>) -> Json<Value> {
    Json(value)
}

async fn decide(Json(value): Json<Value>) -> Json<Value> {
    Json(json!({"decision": value.is_object(), "context": {"reason": "mandate"}}))
}

//! The log as C2SP tlog-tiles: `/checkpoint` and `/tile/`.
//!
//! spec: http.md#c2sp

use super::auth::Bearer;
use super::named::Named;
use super::problem::Problem;
use crate::app::App;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use procura_core::tile::{TileKind, TilePath};

/// The newest checkpoint, a signed note; of a ledger with witnesses the newest that had its quorum.
#[utoipa::path(
    get,
    path = "/checkpoint",
    tag = "log",
    responses((status = 200, description = "A C2SP tlog-checkpoint", body = String, content_type = "text/plain"))
)]
pub(super) async fn checkpoint(State(app): State<App>) -> Response {
    // Of a ledger with witnesses the newest one that had its quorum.
    let note = match app.witnesses() {
        Some(points) => points.checkpoint(),
        None => app.ledger().view().checkpoint().to_owned(),
    };
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, note).into_response()
}

/// A tile of hashes, `<L>/<N>[.p/<W>]`, or a bundle of entries, `entries/<N>[.p/<W>]`.
#[utoipa::path(
    get,
    path = "/tile/{path}",
    tag = "log",
    params(("path" = String, Path, description = "`<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`; N in groups of three digits")),
    responses(
        (status = 200, description = "A C2SP tlog-tile", body = String, content_type = "application/octet-stream"),
        (status = 401, description = "`token`: entry bundles are for auditors and mirrors", body = super::docs::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = super::docs::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn tile(
    State(app): State<App>,
    bearer: Bearer,
    Named(path): Named,
) -> Result<Response, Problem> {
    let path = TilePath::parse(&format!("tile/{path}")).map_err(|_| Problem::not_found())?;
    let is_bundle = path.kind() == TileKind::Entries;
    let is_private = is_bundle && !app.settings().public_entries;
    let bytes = match (is_bundle, is_private) {
        (false, _) => app.read(move |view| Ok(view.tile(&path)?)).await?,
        (true, false) => app.read_long(move |view| Ok(view.tile(&path)?)).await?,
        (true, true) => {
            app.ask_long(bearer, move |view, caller| {
                if caller.reads_entries() { Ok(view.tile(&path)?) } else { Err(Problem::not_found()) }
            })
            .await?
        }
    };
    let cache = if is_private { "private, no-store" } else { "public, max-age=604800, immutable" };
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, cache)];
    Ok((headers, bytes.ok_or_else(Problem::not_found)?).into_response())
}

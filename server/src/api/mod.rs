//! HTTP: the routes, and what every answer has.
//!
//! spec: http.md

mod accesses;
mod assertion;
pub(crate) mod auth;
mod authzen;
mod body;
mod catalogues;
mod checks;
mod desk;
mod docs;
#[cfg(feature = "oidc")]
mod enrol;
mod events;
mod growth;
mod health;
mod holdings;
mod hooks;
mod leaving;
mod links;
mod log;
mod named;
mod oauth;
mod pages;
mod parties;
mod prefer;
pub(crate) mod problem;
mod records;
pub(crate) mod request;
mod shown;
mod tiles;
pub(crate) mod tokens;
mod witnessed;

pub(crate) use auth::Known;
pub(crate) use authzen::PageKey;
pub(crate) use body::BODY_UNIT_BYTES;
pub use docs::openapi_json;
pub(crate) use growth::Drawn;
pub(crate) use health::{healthz, readyz};
pub(crate) use oauth::is_static_token;
pub(crate) use pages::Doors;
pub use pages::assets;
pub use problem::{Problem, status};
pub(crate) use tokens::Used;

use crate::app::App;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route with its description.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(docs::Interface::openapi())
        .routes(routes!(records::submit))
        .routes(routes!(records::get))
        .routes(routes!(records::receipt))
        .routes(routes!(links::open))
        .routes(routes!(shown::shown))
        .routes(routes!(catalogues::list))
        .routes(routes!(parties::resolve))
        .routes(routes!(parties::list))
        .routes(routes!(events::events))
        .routes(routes!(hooks::hooks))
        .routes(routes!(checks::check))
        .routes(routes!(accesses::access))
        .routes(routes!(accesses::decided))
        .routes(routes!(holdings::holdings))
        .routes(routes!(authzen::evaluation))
        .routes(routes!(authzen::batch::evaluations))
        .routes(routes!(authzen::search::subjects))
        .routes(routes!(authzen::search::resources))
        .routes(routes!(authzen::search::actions))
        .routes(routes!(authzen::configuration))
        .routes(routes!(oauth::token))
        .routes(routes!(log::log))
        .routes(routes!(log::log_keys))
        .routes(routes!(growth::growth))
        .routes(routes!(log::inclusion))
        .routes(routes!(log::consistency))
        .routes(routes!(tiles::checkpoint))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

/// Every route, with what every answer has.
pub(crate) fn router(app: App) -> Router {
    let (described, openapi) = routes().split_for_parts();
    let document = docs::document(&openapi).unwrap_or_default();
    let document = move || {
        let document = document.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], document).into_response() }
    };
    let router = desk::add(pages::add(described, &app), &app);
    #[cfg(feature = "oidc")]
    let router = enrol::add(router, &app);
    router
        .route("/tile/{*path}", get(tiles::tile))
        .route("/openapi.json", get(document))
        .route("/docs", get(docs::page))
        .route("/docs/docs.js", get(docs::script))
        .route("/docs/docs.css", get(docs::style))
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(app.clone(), witnessed::around))
        .layer(middleware::from_fn_with_state(leaving::LEAVING, leaving::around))
        .layer(middleware::from_fn_with_state(app.clone(), request::around))
        .with_state(app)
}

async fn nothing_here(State(app): State<App>, body: Body) -> Problem {
    body::read_away(&app, body).await;
    Problem::not_found()
}

async fn other_method(State(app): State<App>, body: Body) -> Problem {
    body::read_away(&app, body).await;
    Problem::new("method", "This address has other methods; the header Allow names them.")
}

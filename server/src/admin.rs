//! What is for operators only, on an address of its own that nobody else reaches: metrics, and whether the server lives.
//!
//! spec: http.md#metrics

use crate::api;
use crate::app::App;
use crate::metrics::MEDIA_TYPE;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::future::Future;
use std::io;
use tokio::net::TcpListener;

/// Serves it until `shutdown` is ready.
///
/// # Errors
/// As far as the system fails.
pub(crate) async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .with_state(app);
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

async fn metrics(State(app): State<App>) -> Response {
    match app.metrics_text() {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

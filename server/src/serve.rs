//! Connections: accepted within a bound, each with a time limit for its headers, all ended in order at the end.
//!
//! `axum::serve` has no limit on the time that headers take, so hyper is called itself.

use crate::app::App;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long requests may take to finish once the server is told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more sockets to give.
const BREATHER: Duration = Duration::from_millis(50);

/// Serves `app` until `shutdown` is ready; then no connection is accepted, and requests under way are given ten
/// seconds. The ledger is not closed: that is its owner's to do.
///
/// # Errors
/// If a trial ledger would listen on more than the loopback: nothing was served then.
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let address = listener.local_addr()?;
    crate::trial::check_address(app.ledger().origin(), address)
        .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error))?;
    let router = app.router();
    let limits = app.limits();
    let room = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).keep_alive(true);

    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, permit) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &room) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A client that went away, or no file descriptors: the next one may do better.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(BREATHER).await;
                    continue;
                }
            },
        };
        // An answer is one write; waiting to join it with another would only delay it.
        drop(stream.set_nodelay(true));
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A broken connection is the client's affair.
            drop(connection.await);
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

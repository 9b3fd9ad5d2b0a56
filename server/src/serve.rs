//! Connections: accepted within a bound, each under watch, all ended in order at the end.
//!
//! `axum::serve` has no limits on what a client may take its time for, so hyper is called itself.

use crate::app::App;
use crate::connections::{Connections, TICK, Watched};
use crate::gate::Client;
use crate::tls::Tls;
use crate::watched::Socket;
use axum::Router;
use axum::body::HttpBody;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// How long requests may take to finish once the server is told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more sockets to give.
const BREATHER: Duration = Duration::from_millis(50);
/// The most bytes of a request's headers; more are answered with 431.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// The most bytes that are read of a connection before they are looked at.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// What a connection is told for which there is no room.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Serves `app` until `shutdown` is ready; then no connection is accepted, and requests under way are given ten
/// seconds. The ledger is not closed: that is its owner's to do.
///
/// # Errors
/// If a trial ledger would listen on more than the loopback: nothing was served then.
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve_over(None, listener, app, shutdown).await
}

/// The same over TLS, if there is a certificate.
pub(crate) async fn serve_over(
    tls: Option<Arc<Tls>>,
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    crate::trial::check_address(app.ledger().origin(), address)
        .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error))?;
    let router = app.router();
    let connections = Connections::new(app.limits());
    let graceful = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder.keep_alive(true).max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_BUFFER_BYTES);

    let mut ticks = tokio::time::interval(TICK);
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            _ = ticks.tick() => {
                connections.tick();
                continue;
            }
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A client that went away, or no file descriptors: the next one may do better.
                    tracing::warn!(%error, "a connection could not be accepted");
                    connections.make_room();
                    tokio::time::sleep(BREATHER).await;
                    continue;
                }
            },
        };
        let Some(watched) = connections.enter() else {
            // Who expects TLS would not understand it.
            if tls.is_none() {
                refuse(stream);
            }
            continue;
        };
        let line = watched.line();
        let (router, builder, watcher) = (router.clone(), builder.clone(), graceful.watcher());
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        let task = tokio::spawn(async move {
            // Until it says something, a connection costs a socket and this small task. (`readable` also comes true without.)
            if stream.peek(&mut [0]).await.is_ok_and(|count| count > 0) {
                // An answer is one write; waiting to join it with another would only delay it.
                drop(stream.set_nodelay(true));
                let watched = Arc::new(watched);
                let socket = Socket { stream, watched: Arc::clone(&watched) };
                match acceptor {
                    None => Box::pin(converse(builder, (socket, watched), peer, router, watcher)).await,
                    // In the time for headers. One that fails is the client's affair.
                    Some(acceptor) => {
                        if let Ok(stream) = Box::pin(acceptor.accept(socket)).await {
                            Box::pin(converse(builder, (stream, watched), peer, router, watcher)).await;
                        }
                    }
                }
            }
        });
        Watched::served_by(&line, task.abort_handle());
    }
    drop(listener);
    app.stop();
    // What nobody is asked any more owes nothing.
    connections.end_idle();
    if tokio::time::timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
    Ok(())
}

/// Answers a connection's requests, one after the other.
async fn converse(
    builder: http1::Builder,
    (stream, watched): (impl AsyncRead + AsyncWrite + Unpin + 'static, Arc<Watched>),
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
) {
    let client = Client::of(peer.ip());
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        watched.works();
        request.extensions_mut().insert(client);
        let answer = router.call(request);
        let watched = Arc::clone(&watched);
        async move {
            let answer = answer.await;
            if let Ok(answer) = &answer {
                watched.answers(answer.body().size_hint().lower());
            }
            answer
        }
    });
    // A broken connection is the client's affair.
    drop(watcher.watch(builder.serve_connection(TokioIo::new(stream), service)).await);
}

/// Says so in one write, which a new socket has room for, and hangs up.
fn refuse(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        drop(stream.write(NO_ROOM));
    }
}

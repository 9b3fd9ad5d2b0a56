//! A connection to a witness: kept from point to point, every step within its time, every answer within its size.

use super::address::Address;
use super::asker::Failure;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use procura_core::witness::MAX_ANSWER_BYTES;
use rustls::pki_types::ServerName;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// For a connection, its encryption included.
const CONNECT: Duration = Duration::from_secs(3);
/// For an answer, from the first byte of the request on.
const ANSWER: Duration = Duration::from_secs(5);
/// The most that is held of an answer's headers.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// A connection.
pub(super) struct Line {
    send: http1::SendRequest<Full<Bytes>>,
    conversation: JoinHandle<()>,
    is_spent: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.conversation.abort();
    }
}

impl Line {
    /// Connects.
    pub(super) async fn open(address: &Address, tls: &TlsConnector) -> Result<Self, Failure> {
        timeout(CONNECT, connect(address, tls)).await.unwrap_or(Err(Failure::Timeout))
    }

    /// Whether nothing more goes through.
    pub(super) fn is_closed(&self) -> bool {
        self.is_spent || self.send.is_closed()
    }

    /// Sends a request: the answer's status and body.
    pub(super) async fn post(&mut self, address: &Address, body: String) -> Result<(u16, Bytes), Failure> {
        let request = Request::post(address.path.as_str())
            .header(header::HOST, &address.authority)
            .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
            .header(header::USER_AGENT, concat!("procura/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Failure::Http)?;
        // Whatever goes wrong half-way leaves the connection in a state that nobody knows.
        self.is_spent = true;
        let answered = timeout(ANSWER, self.ask(request)).await.unwrap_or(Err(Failure::Timeout))?;
        self.is_spent = false;
        Ok(answered)
    }

    async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes), Failure> {
        self.send.ready().await.map_err(|_| Failure::Http)?;
        let answer: Response<Incoming> = self.send.send_request(request).await.map_err(|_| Failure::Http)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        Ok((status, body.map_err(|_| Failure::Http)?.to_bytes()))
    }
}

async fn connect(address: &Address, tls: &TlsConnector) -> Result<Line, Failure> {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await;
    let stream = stream.map_err(|_| Failure::Unreachable)?;
    drop(stream.set_nodelay(true));
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    let (send, conversation) = if address.is_tls {
        let name = ServerName::try_from(address.host.clone()).map_err(|_| Failure::Tls)?;
        let stream = tls.connect(name, stream).await.map_err(|_| Failure::Tls)?;
        let (send, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Http)?;
        (send, tokio::spawn(async move { drop(connection.await) }))
    } else {
        let (send, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Http)?;
        (send, tokio::spawn(async move { drop(connection.await) }))
    };
    Ok(Line { send, conversation, is_spent: false })
}

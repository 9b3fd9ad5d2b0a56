//! A connection to a receiver: TLS to an address that was checked, one message after the other, no redirects.

use super::Failure;
use super::target::{NoWay, Target};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use procura_core::webhook::{MEDIA_TYPE, Signed};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// For a connection, its encryption included.
const CONNECT: Duration = Duration::from_secs(10);
/// For an answer, from the first byte of the message on.
const ANSWER: Duration = Duration::from_secs(10);
/// The largest answer that is read away, so that the connection can be used again.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// The most that is held of an answer's headers.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// A connection to one receiver.
pub(super) struct Line {
    target: Target,
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
    /// Connects to the first address of the target's that may be reached and answers.
    pub(super) async fn open(
        target: Target,
        tls: &TlsConnector,
        allow: &[SocketAddr],
    ) -> Result<Self, Failure> {
        let addresses = target.addresses(allow).await.map_err(|no_way| match no_way {
            NoWay::Unresolved => Failure::Unresolved,
            NoWay::Refused => Failure::Refused,
        })?;
        let (send, connection) =
            timeout(CONNECT, connect(&target, tls, &addresses)).await.unwrap_or(Err(Failure::Timeout))?;
        let conversation = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { target, send, conversation, is_spent: false })
    }

    /// Whether nothing more goes through.
    pub(super) fn is_closed(&self) -> bool {
        self.is_spent || self.send.is_closed()
    }

    /// Sends one message. Acknowledged is what is answered with 2xx.
    pub(super) async fn post(&mut self, body: Bytes, signed: &Signed) -> Result<(), Failure> {
        let request = Request::post(self.target.path.as_str())
            .header(header::HOST, self.target.authority())
            .header(header::CONTENT_TYPE, MEDIA_TYPE)
            .header("Content-Digest", &signed.content_digest)
            .header("Signature-Input", &signed.signature_input)
            .header("Signature", &signed.signature)
            .header(header::USER_AGENT, concat!("procura/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(body))
            .map_err(|_| Failure::Http)?;
        // Whatever goes wrong half-way leaves the connection in a state that nobody knows.
        self.is_spent = true;
        timeout(ANSWER, self.ask(request)).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<(), Failure> {
        self.send.ready().await.map_err(|_| Failure::Http)?;
        let answer = self.send.send_request(request).await.map_err(|_| Failure::Http)?;
        let status = answer.status();
        // A redirect would take it where nobody looked: it is an answer like any other.
        if !status.is_success() {
            return Err(Failure::Status(status.as_u16(), asked_for(&answer)));
        }
        self.is_spent = !read_away(answer).await;
        Ok(())
    }
}

/// What an overloaded receiver asks for, in seconds; a date instead is passed over. RFC 9110 section 10.2.3.
fn asked_for(answer: &Response<Incoming>) -> Option<Duration> {
    let is_overloaded =
        matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let seconds = answer.headers().get(header::RETRY_AFTER).filter(|_| is_overloaded)?;
    seconds.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// Whether the answer was read to its end.
async fn read_away(answer: Response<Incoming>) -> bool {
    let mut body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES);
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}

type Connection = http1::Connection<TokioIo<tokio_rustls::client::TlsStream<TcpStream>>, Full<Bytes>>;

async fn connect(
    target: &Target,
    tls: &TlsConnector,
    addresses: &[SocketAddr],
) -> Result<(http1::SendRequest<Full<Bytes>>, Connection), Failure> {
    let mut stream = Err(Failure::Unreachable);
    for address in addresses {
        // The address that was checked, not the name, which might have another one by now.
        stream = TcpStream::connect(address).await.map_err(|_| Failure::Unreachable);
        if stream.is_ok() {
            break;
        }
    }
    let stream = stream?;
    drop(stream.set_nodelay(true));
    let name = ServerName::try_from(target.host.clone()).map_err(|_| Failure::Tls)?;
    let stream = tls.connect(name, stream).await.map_err(|_| Failure::Tls)?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    builder.handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Http)
}

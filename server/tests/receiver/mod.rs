//! Somebody who is told: an HTTPS server of its own authority, which keeps what it gets and answers as it is bid.
#![allow(dead_code, reason = "each of two test programs uses a part of it")]

use procura_core::webhook::Received;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A status, with a header if there is one.
    Status(u16, Option<(&'static str, String)>),
    /// Nothing, and the connection stays open.
    Silence,
    /// Far more than anybody wants to read.
    Flood,
}

impl Answer {
    pub(crate) const OK: Self = Self::Status(204, None);
}

/// A message as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) request: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
    /// Whether it was answered with 2xx.
    pub(crate) taken: bool,
}

impl Message {
    /// As a verifier takes it.
    pub(crate) fn received(&self) -> Received<'_> {
        let header = |name: &str| self.headers.get(name).map_or("", String::as_str);
        Received {
            content_type: header("content-type"),
            content_digest: header("content-digest"),
            signature_input: header("signature-input"),
            signature: header("signature"),
            body: &self.body,
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn index(&self) -> u64 {
        self.json()["data"]["index"].as_u64().unwrap()
    }
}

/// The server.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    /// The certificate of its authority.
    pub(crate) ca: PathBuf,
    state: Arc<State>,
}

struct State {
    got: Mutex<Vec<Message>>,
    answer: Mutex<Answer>,
    /// Connections that came in, whatever became of them.
    connections: Mutex<usize>,
    is_over: AtomicBool,
}

impl Receiver {
    /// Starts one whose certificate is good for `localhost` and 127.0.0.1.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let ca = folder.join("ca.pem");
        std::fs::write(&ca, authority.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            got: Mutex::new(Vec::new()),
            answer: Mutex::new(Answer::OK),
            connections: Mutex::new(0),
            is_over: AtomicBool::new(false),
        });
        let (for_thread, config) = (Arc::clone(&state), Arc::new(config));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if for_thread.is_over.load(Ordering::SeqCst) {
                    return;
                }
                *for_thread.connections.lock().unwrap() += 1;
                let (state, config) = (Arc::clone(&for_thread), Arc::clone(&config));
                // A client that goes away is no failure here.
                std::thread::spawn(move || drop(state.converse(stream.unwrap(), config)));
            }
        });
        Self { address, ca, state }
    }

    /// Its address under a name.
    pub(crate) fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/procura", self.address.port())
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.state.answer.lock().unwrap() = answer;
    }

    pub(crate) fn got(&self) -> Vec<Message> {
        self.state.got.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }

    /// The indexes of what it took, as they came.
    pub(crate) fn taken(&self) -> Vec<u64> {
        self.got().iter().filter(|message| message.taken).map(Message::index).collect()
    }

    /// Waits until it has what is wanted.
    pub(crate) fn wait(&self, what: &str, is_there: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let start = Instant::now();
        loop {
            let got = self.got();
            if is_there(&got) {
                return got;
            }
            assert!(start.elapsed() < PATIENCE, "{what} did not come; {} messages did", got.len());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    fn converse(&self, stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let mut lines = head.lines();
            let request = lines.next().unwrap().to_owned();
            let headers: BTreeMap<String, String> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let mut body = vec![0; headers["content-length"].parse().unwrap()];
            stream.read_exact(&mut body)?;
            let answer = self.answer.lock().unwrap().clone();
            let taken = matches!(answer, Answer::Status(200..300, _));
            let message = Message { request, headers, body, at: Instant::now(), taken };
            self.got.lock().unwrap().push(message);
            match answer {
                Answer::Status(status, header) => {
                    let header =
                        header.map_or_else(String::new, |(name, value)| format!("{name}: {value}\r\n"));
                    let length = if status == 204 { "" } else { "Content-Length: 0\r\n" };
                    write!(stream, "HTTP/1.1 {status} -\r\n{length}{header}\r\n")?;
                    stream.flush()?;
                }
                Answer::Silence => {
                    let mut byte = [0];
                    return stream.read_exact(&mut byte);
                }
                Answer::Flood => {
                    write!(stream, "HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                    loop {
                        stream.write_all(b"1000\r\n")?;
                        stream.write_all(&[b'x'; 0x1000])?;
                        stream.write_all(b"\r\n")?;
                    }
                }
            }
        }
    }
}

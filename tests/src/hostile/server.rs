//! A whole server that lies: the real one over a world's ledger, or one that runs elsewhere, and before it, at the address that
//! everybody knows, a thin layer that passes everything on and changes what the test tells it to.

use super::Liar;
use crate::world::World;
use procura_ledger::OsRandom;
use procura_server::{App, Limits, Settings, serve};
use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// How many seconds old it says that it is, if it does.
    pub age_s: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

type Lie = Box<dyn FnMut(&Asked, Reply) -> Reply + Send>;
type Censor = Box<dyn Fn(&Asked) -> bool + Send>;

/// The server. It ends with this value.
pub struct LyingServer {
    /// Its address.
    pub url: String,
    front: Arc<Mutex<Front>>,
    real: Vec<Real>,
}

struct Front {
    leads_to: SocketAddr,
    lie: Option<Lie>,
    censor: Option<Censor>,
}

impl Front {
    /// Passes on what is asked of the listener, each in a thread of its own, until the process ends.
    fn serve(listener: TcpListener, leads_to: SocketAddr) -> Arc<Mutex<Self>> {
        let front = Arc::new(Mutex::new(Self { leads_to, lie: None, censor: None }));
        let served = Arc::clone(&front);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                std::thread::spawn(move || pass_on(&stream, &served));
            }
        });
        front
    }
}

/// A real server.
struct Real {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
}

impl LyingServer {
    /// Serves a world's ledger, honestly until it is told otherwise.
    #[must_use]
    pub fn over(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let real = Real::over(world, &url);
        let front = Front::serve(listener, real.address);
        Self { url, front, real: vec![real] }
    }

    /// Stands before a server that runs elsewhere, a mirror for instance: honest until it is told otherwise.
    #[must_use]
    pub fn before(leads_to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { url, front: Front::serve(listener, leads_to), real: Vec::new() }
    }

    /// Serves another ledger from now on, at the same address.
    pub fn turn_to(&mut self, world: &World) {
        let real = Real::over(world, &self.url);
        self.front.lock().unwrap_or_else(PoisonError::into_inner).leads_to = real.address;
        self.real.push(real);
    }

    /// Lies from now on.
    pub fn lie(&self, lie: impl FnMut(&Asked, Reply) -> Reply + Send + 'static) {
        self.front.lock().unwrap_or_else(PoisonError::into_inner).lie = Some(Box::new(lie));
    }

    /// Serves the liar's log from now on: what it has no answer to, the real server answers.
    pub fn serve(&self, liar: &Liar) {
        let liar = liar.clone();
        self.lie(move |asked, reply| match liar.answer(&asked.path) {
            Some(body) => Reply { status: 200, body, ..reply },
            None => reply,
        });
    }

    /// Keeps out what is named: it never reaches the real server, and is answered as if that had no time.
    pub fn keep_out(&self, what: impl Fn(&Asked) -> bool + Send + 'static) {
        self.front.lock().unwrap_or_else(PoisonError::into_inner).censor = Some(Box::new(what));
    }

    /// Tells the truth again, and keeps out nothing.
    pub fn repent(&self) {
        let mut front = self.front.lock().unwrap_or_else(PoisonError::into_inner);
        (front.lie, front.censor) = (None, None);
    }
}

impl Real {
    fn over(world: &World, url: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings {
            public_url: url.to_owned(),
            public_entries: false,
            max_age_s: 300,
            witness_wait: None,
            limits: Limits::default(),
            metrics: Arc::default(),
            static_tokens: Vec::new(),
            clock: world.clock.clone(),
            random: Arc::new(OsRandom),
        };
        let app = App::new(world.ledger.clone(), settings);
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(serve(listener, app, async { drop(stopped.await) }));
        Self { address, stop: Some(stop), runtime: Some(runtime) }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}

/// Passes one request on, and what the lie makes of the answer back. Whoever breaks off gets nothing.
fn pass_on(stream: &TcpStream, front: &Mutex<Front>) -> Option<()> {
    let (asked, headers) = read_request(stream)?;
    let (leads_to, is_kept_out) = {
        let front = front.lock().unwrap_or_else(PoisonError::into_inner);
        (front.leads_to, front.censor.as_ref().is_some_and(|censor| censor(&asked)))
    };
    let reply = if is_kept_out { busy() } else { ask(leads_to, &asked, &headers)? };
    let reply = {
        let mut front = front.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut front.lie {
            Some(lie) => lie(&asked, reply),
            None => reply,
        }
    };
    let Reply { status, content_type, age_s, body } = reply;
    let age = age_s.map(|age_s| format!("age: {age_s}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n{age}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).ok()
}

fn busy() -> Reply {
    let body = br#"{"type":"urn:procura:problem:busy","status":503,"detail":"The ledger is busy."}"#.to_vec();
    Reply { status: 503, content_type: "application/problem+json".to_owned(), age_s: None, body }
}

/// Reads the head's first line and its fields.
fn read_head(reader: &mut impl std::io::BufRead) -> Option<(String, Vec<(String, String)>)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut fields = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some((first.trim_end().to_owned(), fields))
}

fn read_request(stream: &TcpStream) -> Option<(Asked, Vec<(String, String)>)> {
    let mut reader = BufReader::new(stream);
    let (first, fields) = read_head(&mut reader)?;
    let mut parts = first.split(' ');
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(Some(0), |(_, value)| value.parse().ok())?];
    reader.read_exact(&mut body).ok()?;
    Some((Asked { method, path, body }, fields))
}

/// Asks the real server. In HTTP/1.0, whose answers come in one piece and end the connection.
fn ask(leads_to: SocketAddr, asked: &Asked, fields: &[(String, String)]) -> Option<Reply> {
    let mut stream = TcpStream::connect(leads_to).ok()?;
    let mut head = format!("{} {} HTTP/1.0\r\n", asked.method, asked.path);
    for (name, value) in fields {
        if name != "connection" && name != "accept-encoding" {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&asked.body)).ok()?;
    let mut reader = BufReader::new(stream);
    let (first, fields) = read_head(&mut reader)?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut body = Vec::new();
    reader.read_to_end(&mut body).ok()?;
    let age_s = field("age").and_then(|age| age.parse().ok());
    Some(Reply { status, content_type: field("content-type").unwrap_or_default(), age_s, body })
}

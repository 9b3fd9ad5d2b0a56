//! A lean HTTP/1.1 client: requests are bytes made beforehand, of an answer only status and length are read.

use crate::Outcome;
use crate::figure::quantile;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream as AsyncStream;
use tokio::task::JoinSet;

/// Whole requests, one after the other.
pub(crate) enum Requests {
    /// In memory, over and over again.
    Again(Vec<Vec<u8>>),
    /// Each once, all of one length, in a file.
    Once {
        /// The file.
        file: File,
        /// The length of each.
        length_bytes: usize,
        /// How many there are.
        count: u64,
        /// How many were taken.
        taken: AtomicU64,
    },
}

/// What came of a time under load.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// How long it was, in seconds.
    pub(crate) elapsed_s: f64,
    /// How long each answer took, in microseconds.
    pub(crate) took_us: Vec<f64>,
    /// Answers with another status than the one wanted, or that never came.
    pub(crate) wrong: u64,
    /// Of every so many requests that and its answer's body, to look at afterwards.
    pub(crate) kept: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Of how many one is kept.
const KEPT_OF: u64 = 499;

impl Load {
    /// Answers a second.
    pub(crate) fn per_s(&self) -> f64 {
        self.took_us.len() as f64 / self.elapsed_s
    }

    /// How long an answer takes at this quantile, in microseconds.
    pub(crate) fn us_at(&self, q: f64) -> f64 {
        quantile(&self.took_us, q)
    }

    /// That all was answered as wanted.
    pub(crate) fn check(self, what: &str) -> Outcome<Self> {
        if self.wrong > 0 || self.took_us.is_empty() {
            let (wrong, right) = (self.wrong, self.took_us.len());
            return Err(format!("{what}: {wrong} answers were not as wanted, {right} were").into());
        }
        Ok(self)
    }

    fn add(&mut self, other: Self) {
        self.took_us.extend(other.took_us);
        self.wrong += other.wrong;
        self.kept.extend(other.kept);
    }

    pub(crate) fn note(&mut self, turn: u64, is_right: bool, request: &[u8], body: &[u8]) {
        self.wrong += u64::from(!is_right);
        if turn.is_multiple_of(KEPT_OF) {
            self.kept.push((request.to_vec(), body.to_vec()));
        }
    }
}

impl Requests {
    /// The requests in a file that holds `length_bytes` each.
    pub(crate) fn once(file: File, length_bytes: usize) -> Outcome<Self> {
        let count = file.metadata()?.len() / length_bytes as u64;
        Ok(Self::Once { file, length_bytes, count, taken: AtomicU64::new(0) })
    }

    /// How many are left.
    pub(crate) fn left(&self) -> u64 {
        match self {
            Self::Again(_) => u64::MAX,
            Self::Once { count, taken, .. } => count.saturating_sub(taken.load(Ordering::Relaxed)),
        }
    }

    /// Puts the next request into `buffer`; `turn`: which of those that are sent again. False: there is none.
    pub(crate) fn next(&self, turn: u64, buffer: &mut Vec<u8>) -> Outcome<bool> {
        match self {
            Self::Again(all) => {
                let request = all.get((turn % all.len().max(1) as u64) as usize).ok_or("no requests")?;
                buffer.clear();
                buffer.extend_from_slice(request);
                Ok(true)
            }
            Self::Once { file, length_bytes, count, taken } => {
                let at = taken.fetch_add(1, Ordering::Relaxed);
                if at >= *count {
                    return Ok(false);
                }
                buffer.resize(*length_bytes, 0);
                file.read_exact_at(buffer, at * *length_bytes as u64)?;
                Ok(true)
            }
        }
    }
}

/// A request with a JSON body.
pub(crate) fn post(path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: bench\r\n{token}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Status, start of the body and end of the answer, once its head is there.
fn head(bytes: &[u8]) -> Outcome<Option<(u16, usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let status = text.get(9..12).ok_or("no status")?.parse()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .ok_or("an answer without content-length")?;
    Ok(Some((status, end + 4, end + 4 + length.1.trim().parse::<usize>()?)))
}

/// One connection that waits.
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream, answer: vec![0; 1 << 16] })
    }

    /// Asks; status and body.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Outcome<(u16, &[u8])> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let (status, start, end) = loop {
            if filled == self.answer.len() {
                self.answer.resize(filled * 2, 0);
            }
            let read = self.stream.read(self.answer.get_mut(filled..).unwrap_or_default())?;
            if read == 0 {
                return Err("the connection was closed".into());
            }
            filled += read;
            if let Some(found) = head(self.answer.get(..filled).unwrap_or_default())?
                && filled >= found.2
            {
                break found;
            }
        };
        Ok((status, self.answer.get(start..end).unwrap_or_default()))
    }
}

/// As fast as answers come, on so many connections for so long, or until there are no more requests.
pub(crate) fn saturate(
    address: SocketAddr,
    requests: &Arc<Requests>,
    connections: u64,
    time: Duration,
    wanted: u16,
) -> Outcome<Load> {
    // One thread: the rest of the machine is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = AsyncStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let (began, mut load, mut asking) = (Instant::now(), Load::default(), JoinSet::new());
        for (stream, n) in streams.into_iter().zip(0..) {
            // Each begins elsewhere in what is asked again.
            asking.spawn(keep_asking(stream, Arc::clone(requests), n * 7919, began + time, wanted));
        }
        while let Some(one) = asking.join_next().await {
            load.add(one??);
        }
        load.elapsed_s = began.elapsed().as_secs_f64();
        Ok(load)
    })
}

async fn keep_asking(
    stream: AsyncStream,
    requests: Arc<Requests>,
    first_turn: u64,
    until: Instant,
    wanted: u16,
) -> Outcome<Load> {
    let (mut load, mut request, mut answer) = (Load::default(), Vec::new(), vec![0; 1 << 16]);
    for turn in first_turn.. {
        if Instant::now() >= until || !requests.next(turn, &mut request)? {
            break;
        }
        let began = Instant::now();
        write_all(&stream, &request).await?;
        let (mut filled, mut found) = (0, None);
        let (status, start, end) = loop {
            if filled == answer.len() {
                answer.resize(filled * 2, 0);
            }
            let read = read(&stream, answer.get_mut(filled..).unwrap_or_default()).await?;
            if read == 0 {
                return Err("the connection was closed".into());
            }
            filled += read;
            if found.is_none() {
                found = head(answer.get(..filled).unwrap_or_default())?;
            }
            if let Some(found) = found
                && filled >= found.2
            {
                break found;
            }
        };
        load.took_us.push(began.elapsed().as_secs_f64() * 1e6);
        load.note(turn, status == wanted, &request, answer.get(start..end).unwrap_or_default());
    }
    Ok(load)
}

async fn write_all(stream: &AsyncStream, mut bytes: &[u8]) -> Outcome {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn read(stream: &AsyncStream, into: &mut [u8]) -> Outcome<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(into) {
            Ok(read) => return Ok(read),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// So many a second, whatever the answers do: each request has its time, and what it took counts from then on, so that a
/// server that stalls is charged with all who had to wait.
pub(crate) fn pace(
    address: SocketAddr,
    requests: &Requests,
    connections: u64,
    per_s: f64,
    time: Duration,
    wanted: u16,
) -> Outcome<Load> {
    let mut open = (0..connections).map(|_| Connection::open(address)).collect::<Outcome<Vec<_>>>()?;
    let began = Instant::now() + Duration::from_millis(20);
    let mut load = Load::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = open
            .iter_mut()
            .zip(0..)
            .map(|(connection, n)| {
                scope.spawn(move || -> Outcome<Load> {
                    let (mut load, mut request) = (Load::default(), Vec::new());
                    for turn in (n..).step_by(usize::try_from(connections)?) {
                        let due = began + Duration::from_secs_f64(turn as f64 / per_s);
                        if due >= began + time || !requests.next(turn, &mut request)? {
                            break;
                        }
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        let (status, body) = connection.ask(&request)?;
                        load.took_us.push(due.elapsed().as_secs_f64() * 1e6);
                        load.note(turn, status == wanted, &request, body);
                    }
                    Ok(load)
                })
            })
            .collect();
        for thread in threads {
            load.add(thread.join().map_err(|_| "a thread broke off")??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    load.elapsed_s = time.as_secs_f64();
    Ok(load)
}

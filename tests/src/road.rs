//! What lies between a client and a server: connections that break, a proxy that is busy, one that changes what it hands on.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// What a proxy says that has no server for a client.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What happens on the way, by the number of the connection, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Nothing.
    Free,
    /// The connection breaks once so many bytes have come back.
    BreaksAfter(usize),
    /// 503, and the server hears of nothing.
    Busy,
    /// Requests that begin like this are answered with 503, and the server hears of none of them.
    Without(&'static str),
    /// In what the server answers to a record that is handed in, the byte so far behind this text becomes another letter.
    Changes(&'static str, usize),
}

/// A proxy on a port of its own. It goes on until the process ends.
pub struct Road {
    /// Its address.
    pub url: String,
    taken: Arc<AtomicU64>,
}

impl Road {
    /// A road to the server at `url`.
    pub fn to(url: &str, way: impl Fn(u64) -> Way + Send + 'static) -> Self {
        let server = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&taken);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let way = way(count.fetch_add(1, Ordering::SeqCst) + 1);
                let server = server.clone();
                thread::spawn(move || carry(client, &server, &way));
            }
        });
        Self { url: own, taken }
    }

    /// How many connections there were.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }
}

fn carry(mut client: TcpStream, server: &str, way: &Way) {
    if *way == Way::Busy {
        // Read first: a connection that is closed unread takes its answer along.
        drop(client.read(&mut [0; 1 << 16]));
        drop(client.write_all(BUSY));
        return;
    }
    let Ok(mut server) = TcpStream::connect(server) else { return };
    let (from_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let refused = match way {
        Way::Without(text) => Some(*text),
        _ => None,
    };
    thread::spawn(move || there(from_client, to_server, refused));
    let mut left = match way {
        Way::BreaksAfter(bytes) => *bytes,
        _ => usize::MAX,
    };
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        let answer = &mut buffer[..count];
        if let Way::Changes(text, behind) = way {
            change(answer, text, *behind);
        }
        let sent = count.min(left);
        left -= sent;
        if client.write_all(&answer[..sent]).is_err() || left == 0 {
            break;
        }
    }
    drop(client.shutdown(Shutdown::Both));
    drop(server.shutdown(Shutdown::Both));
}

/// The way there. A client sends nothing before it has the answer to what it asked, so that a request begins with what is read.
fn there(mut client: TcpStream, mut server: TcpStream, refused: Option<&str>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        if refused.is_some_and(|text| buffer[..count].starts_with(text.as_bytes())) {
            drop(client.write_all(BUSY));
            drop(client.shutdown(Shutdown::Both));
            break;
        }
        if server.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    drop(server.shutdown(Shutdown::Write));
}

fn change(answer: &mut [u8], text: &str, behind: usize) {
    // Of the answers to what was handed in, and of no others.
    let minimal = b"preference-applied";
    if !answer.windows(minimal.len()).any(|part| part.eq_ignore_ascii_case(minimal)) {
        return;
    }
    let found = answer.windows(text.len()).position(|part| part == text.as_bytes());
    if let Some(byte) = found.and_then(|at| answer.get_mut(at + text.len() + behind)) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
}

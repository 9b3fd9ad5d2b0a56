//! A connection by hand: what is sent is sent as it is, when it is.

use crate::world::World;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;

/// A connection.
pub(crate) struct Raw(BufReader<TcpStream>);

/// An answer: its status and its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    text: String,
}

impl Head {
    /// A header's value; the name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.text
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_end())
    }
}

impl Raw {
    pub(crate) fn to(world: &World) -> Self {
        Self::of(TcpStream::connect(world.address()).unwrap())
    }

    /// From another address of this machine.
    pub(crate) fn from(world: &World, last: u8) -> Self {
        let address = world.address();
        let stream = world.within(async move {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0)).unwrap();
            socket.connect(address).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        Self::of(stream)
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::with_capacity(1024, stream))
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends one byte after the other, with pauses, until the other side hangs up; whether it did within `most`.
    pub(crate) fn trickle(&mut self, most: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < most {
            if self.0.get_mut().write_all(b"x").is_err() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub(crate) fn get(&mut self, path: &str) -> Option<Head> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        self.answer()
    }

    pub(crate) fn post(&mut self, path: &str, media_type: &str, body: &str) -> Option<Head> {
        let size = body.len();
        self.send(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\nContent-Length: {size}\r\n\r\n{body}"
        ));
        self.answer()
    }

    /// The next answer, its body read away; `None`: the other side hung up.
    pub(crate) fn answer(&mut self) -> Option<Head> {
        let head = self.head()?;
        let size = head.header("content-length").map_or(0, |size| size.parse().unwrap());
        std::io::copy(&mut (&mut self.0).take(size), &mut std::io::sink()).ok()?;
        Some(head)
    }

    /// The next head alone, such as that of a `100 Continue`.
    pub(crate) fn head(&mut self) -> Option<Head> {
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut text).ok()? == 0 {
                return None;
            }
        }
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Head { status, text })
    }

    /// Everything that still comes until the other side hangs up.
    pub(crate) fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether the other side has hung up, or does within the read timeout.
    pub(crate) fn ends(&mut self) -> bool {
        self.0.read_to_end(&mut Vec::new()).is_ok_and(|bytes| bytes == 0)
            || self.0.get_mut().write_all(b"x").is_err()
    }
}

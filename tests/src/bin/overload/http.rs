//! Connections by hand: cheap for whoever has thousands of them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A connection.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Vec<u8>,
}

impl Line {
    /// From `127.0.0.<last>`, so that the server sees one client or another.
    pub(crate) async fn from(last: u8, to: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        self.answer().await
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        let end = loop {
            match self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.more().await?,
            }
        };
        let head: String = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let size = number(&head, "content-length").unwrap_or(0) as usize;
        while self.buffer.len() < end + size {
            self.more().await?;
        }
        let body = self.buffer[end..end + size].to_vec();
        self.buffer.drain(..end + size);
        Ok(Answer { status, retry_after: number(&head, "retry-after"), body })
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Waits until the other side hangs up, whatever it says before.
    pub(crate) async fn end(mut self) {
        let mut bytes = vec![0; 64 * 1024];
        while self.stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
    }
}

fn number(head: &str, name: &str) -> Option<u64> {
    let line = head.lines().filter_map(|line| line.split_once(": "));
    line.filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .find_map(|(_, value)| value.trim().parse().ok())
}

pub(crate) fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}

pub(crate) fn post(path: &str, token: &str, media_type: &str, body: &str) -> Vec<u8> {
    let size = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {media_type}\r\n\
         Content-Length: {size}\r\n\r\n{body}"
    )
    .into_bytes()
}

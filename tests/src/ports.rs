//! Ports for programs that are killed and come back to where they were.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// A free port of the loopback, below those that systems give to whoever asks for any (from 32,768 on): while its program is away
/// nobody gets it by chance.
#[must_use]
pub fn lasting_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let nth = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + (nth % 20_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

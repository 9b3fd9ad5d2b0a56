//! Connections that say nothing, or little, or don't listen.

use crate::Findings;
use crate::http::{Line, get};
use crate::server::Server;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

/// How many connections there are that ask nothing.
const IDLE: usize = 10_000;
/// How much memory one of them may take.
const IDLE_BYTES: u64 = 32 * 1024;
/// The longest that anything is waited for here: the server's limits are a few seconds.
const LONGEST: Duration = Duration::from_secs(60);
/// How many answers are asked for and not taken: far more than the system takes off the server's hands.
const NOT_TAKEN: usize = 1_000;

/// Ten thousand connections that have asked something once.
pub(crate) async fn idle(server: &Server, findings: &mut Findings) {
    let before = server.resident_bytes();
    let (mut lines, mut answered) = (Vec::new(), 0);
    for _ in 0..IDLE {
        match Line::from(1, server.address).await {
            Ok(mut line) => {
                answered += usize::from(asks(&mut line).await);
                lines.push(line);
            }
            Err(error) => {
                findings.expect(false, format!("connection {} of {IDLE}: {error} (ulimit -n?)", lines.len()));
                return;
            }
        }
    }
    let each = server.resident_bytes().saturating_sub(before) / IDLE as u64;
    findings.expect(answered == IDLE, format!("{answered} of {IDLE} connections were answered"));
    findings.expect(each < IDLE_BYTES, format!("each idle one takes {each} bytes"));
    findings.expect(checks(server).await, "a check is answered beside them");
    let mut again = 0;
    for line in &mut lines {
        again += usize::from(asks(line).await);
    }
    findings.expect(again == IDLE, format!("{again} of them were answered again"));
}

/// All sorts of them, one after the other.
pub(crate) async fn all(server: &Arc<Server>, findings: &mut Findings) {
    let before = server.resident_bytes();
    beside(server, findings, 2_000, "that send headers slowly were cut off", |mut line| async move {
        line.stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await?;
        Ok(trickle(line).await)
    })
    .await;
    beside(server, findings, 500, "that send bodies slowly were cut off", |mut line| async move {
        line.stream.write_all(&head_of_body(500_000)).await?;
        line.stream.write_all(&vec![b'x'; 250_000]).await?;
        Ok(trickle(line).await)
    })
    .await;
    beside(server, findings, 100, "that take no answer were cut off", |mut line| async move {
        let asked = get("/openapi.json", "").repeat(NOT_TAKEN);
        // The server does not read on while nobody takes its answers.
        let _ = tokio::time::timeout(Duration::from_secs(1), line.stream.write_all(&asked)).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let mut answers = 0;
        while line.answer().await.is_ok() {
            answers += 1;
        }
        Ok(answers < NOT_TAKEN)
    })
    .await;
    beside(server, findings, 200, "with huge headers were refused", |mut line| async move {
        let head = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(100_000));
        // It may hang up while the rest is still on its way; then its answer may be lost.
        let _ = line.stream.write_all(head.as_bytes()).await;
        Ok(line.answer().await.map_or(true, |answer| answer.status == 431))
    })
    .await;
    beside(server, findings, 2_000, "went away in the middle of a word", |mut line| async move {
        line.stream.write_all(b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Le").await?;
        Ok(true)
    })
    .await;
    beside(server, findings, 2_000, "that said nothing more were cut off", |mut line| async move {
        let answer = line.ask(&get("/healthz", "")).await?;
        Ok(answer.status == 200 && tokio::time::timeout(LONGEST, line.end()).await.is_ok())
    })
    .await;
    let grown = server.resident_bytes().saturating_sub(before);
    findings.expect(grown < 256 << 20, format!("memory grew by {} MiB meanwhile", grown >> 20));
}

/// Opens so many connections, does `act` with all of them at once, and asks questions beside them.
async fn beside<F: Future<Output = io::Result<bool>> + Send + 'static>(
    server: &Arc<Server>,
    findings: &mut Findings,
    count: usize,
    what: &str,
    act: fn(Line) -> F,
) {
    let mut clients = JoinSet::new();
    for _ in 0..count {
        let address = server.address;
        clients.spawn(async move { act(Line::from(1, address).await?).await });
    }
    let (mut good, mut answered, mut bad) = (0, 0, String::new());
    while !clients.is_empty() {
        if !checks(server).await {
            findings.expect(false, "a check was not answered");
            break;
        }
        answered += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        while let Some(done) = clients.try_join_next() {
            match done {
                Ok(Ok(true)) => good += 1,
                other => bad = format!(", but {other:?}"),
            }
        }
    }
    findings.expect(
        good == count,
        format!("{good} of {count} {what}{bad}; {answered} checks were answered beside them"),
    );
}

/// Sends a byte now and then until the other side hangs up or answers; whether it does.
async fn trickle(mut line: Line) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LONGEST {
        let pause = Duration::from_millis(100);
        // An answer, such as 408, or the end.
        if tokio::time::timeout(pause, line.answer()).await.is_ok()
            || line.stream.write_all(b"x").await.is_err()
        {
            return true;
        }
    }
    false
}

fn head_of_body(size: usize) -> Vec<u8> {
    format!(
        "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\nContent-Length: {size}\r\n\r\n"
    )
    .into_bytes()
}

async fn asks(line: &mut Line) -> bool {
    line.ask(&get("/healthz", "")).await.is_ok_and(|answer| answer.status == 200)
}

/// Whether a new client gets the answer to a question.
async fn checks(server: &Server) -> bool {
    let Ok(mut line) = Line::from(2, server.address).await else { return false };
    line.ask(&server.question()).await.is_ok_and(|answer| answer.status == 200)
}

/// Waits a while for something to become so.
pub(crate) async fn comes_to(is_so: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !is_so() && begun.elapsed() < LONGEST {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    is_so()
}

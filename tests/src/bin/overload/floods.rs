//! More submissions than the server can take.

use crate::Findings;
use crate::http::Line;
use crate::server::Server;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long one flood lasts.
const ROUND: Duration = Duration::from_secs(5);
/// How long the measurement that it is held against lasts.
const MEASURED: Duration = Duration::from_secs(4);
/// Connections that find out how much the server can take: fewer than may be under way.
const AT_SATURATION: usize = 64;
/// Connections of a flood: many more.
const AT_FLOOD: usize = 1024;

/// What clients saw.
#[derive(Default)]
struct Seen {
    /// What was taken, and after how long.
    taken: Vec<(Duration, Vec<u8>)>,
    /// The waits that refusals named, in s.
    shed: Vec<Option<u64>>,
    others: Vec<String>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.taken.extend(other.taken);
        self.shed.extend(other.shed);
        self.others.extend(other.others);
    }

    fn a_second(&self, time: Duration) -> f64 {
        self.taken.len() as f64 / time.as_secs_f64()
    }

    /// So many of a thousand were answered within this.
    fn within(&self, of_thousand: usize) -> Duration {
        let mut times: Vec<_> = self.taken.iter().map(|(time, _)| *time).collect();
        times.sort_unstable();
        times.get(times.len().saturating_sub(1) * of_thousand / 1000).copied().unwrap_or_default()
    }
}

/// Submissions taken a second, when about as many as that are always under way.
pub(crate) async fn saturation(server: &Arc<Server>) -> f64 {
    let seen = flood(server, 1, AT_SATURATION, Duration::ZERO, MEASURED).await;
    assert!(seen.others.is_empty() && seen.shed.is_empty(), "{:?}", seen.others);
    seen.a_second(MEASURED)
}

/// Ten times as many.
pub(crate) async fn ten_times(server: &Arc<Server>, saturation: f64, findings: &mut Findings) {
    let pause = Duration::from_secs_f64(AT_FLOOD as f64 / (10.0 * saturation));
    let before = server.resident_bytes();
    // Others, at the same time: one that asks, one that hands in one thing after the other.
    let asking = tokio::spawn(ask(Arc::clone(server)));
    let quiet = {
        let server = Arc::clone(server);
        tokio::spawn(async move { flood(&server, 3, 1, Duration::from_millis(50), ROUND).await })
    };
    let seen = flood(server, 1, AT_FLOOD, pause, ROUND).await;
    let (quiet, (answers, refusals, slowest)) = (quiet.await.unwrap(), asking.await.unwrap());
    let grown = server.resident_bytes().saturating_sub(before);

    let (taken, shed) = (seen.taken.len(), seen.shed.len());
    let offered = (taken + shed) as f64 / ROUND.as_secs_f64();
    println!(
        "flood: offered {:.1} x saturation, taken {:.2} x; of those taken half within {:?}, 99 of 100 within {:?}, all within {:?}",
        offered / saturation,
        seen.a_second(ROUND) / saturation,
        seen.within(500),
        seen.within(990),
        seen.within(1000),
    );
    findings
        .expect(seen.others.is_empty(), format!("answers are 201 or 503, others: {:?}", few(&seen.others)));
    findings.expect(taken > 0 && shed > 0, format!("{taken} were taken, {shed} were shed"));
    findings.expect(
        seen.shed.iter().all(|wait| wait.is_some_and(|wait| (1..=30).contains(&wait))),
        "every refusal says when to come back",
    );
    // What is taken waits for what is under way, 256, and no more: generously, for a machine with other things to do.
    let bound = Duration::from_secs_f64(2.0 + 10.0 * 256.0 / seen.a_second(ROUND).max(1.0));
    findings.expect(seen.within(990) < bound, format!("99 of 100 within {bound:?}"));
    findings.expect(grown < 128 << 20, format!("memory grew by {} MiB", grown >> 20));
    findings.expect(
        !quiet.taken.is_empty() && quiet.shed.is_empty() && quiet.others.is_empty(),
        format!("another client's {} submissions were all taken", quiet.taken.len()),
    );
    findings.expect(
        answers > refusals,
        format!("{answers} checks were answered meanwhile, the slowest in {slowest:?}, {refusals} refused"),
    );

    let logged = all_logged(server, &seen).await;
    findings.expect(logged, "what was taken is there");
    let after = flood(server, 1, 1, Duration::ZERO, Duration::from_millis(200)).await;
    findings.expect(after.shed.is_empty() && !after.taken.is_empty(), "when it is over all is taken again");
}

/// Hands in until the time is over, each connection once in `pause`. What is refused is handed in again.
async fn flood(server: &Arc<Server>, from: u8, connections: usize, pause: Duration, time: Duration) -> Seen {
    let until = Instant::now() + time;
    let mut clients = JoinSet::new();
    for n in 0..connections {
        let (server, first) = (Arc::clone(server), pause.mul_f64(n as f64 / connections as f64));
        clients.spawn(async move {
            let mut seen = Seen::default();
            tokio::time::sleep(first).await;
            if let Err(error) = hand_in(&server, from, pause, until, &mut seen).await {
                seen.others.push(error.to_string());
            }
            seen
        });
    }
    let mut all = Seen::default();
    while let Some(seen) = clients.join_next().await {
        all.add(seen.unwrap());
    }
    all
}

async fn hand_in(
    server: &Server,
    from: u8,
    pause: Duration,
    until: Instant,
    seen: &mut Seen,
) -> std::io::Result<()> {
    let mut line = Line::from(from, server.address).await?;
    let mut request = server.mandate();
    let mut next = Instant::now();
    while Instant::now() < until {
        let begun = Instant::now();
        let answer = line.ask(&request).await?;
        match answer.status {
            201 => {
                let (after, next) = (begun.elapsed(), server.mandate());
                seen.taken.push((after, std::mem::replace(&mut request, next)));
            }
            503 => seen.shed.push(answer.retry_after),
            other => seen.others.push(other.to_string()),
        }
        // Who was kept waiting makes up for it.
        next += pause;
        tokio::time::sleep_until(next.into()).await;
    }
    Ok(())
}

/// Asks a question over and over; how often it was answered, how often not, and the longest that an answer took.
async fn ask(server: Arc<Server>) -> (u32, u32, Duration) {
    let (until, question) = (Instant::now() + ROUND, server.question());
    let (mut answers, mut refusals, mut slowest) = (0, 0, Duration::ZERO);
    let Ok(mut line) = Line::from(2, server.address).await else { return (0, 1, slowest) };
    while Instant::now() < until {
        let begun = Instant::now();
        match line.ask(&question).await {
            Ok(answer) if answer.status == 200 => {
                answers += 1;
                slowest = slowest.max(begun.elapsed());
            }
            Ok(answer) if answer.status == 503 => refusals += 1,
            _ => return (0, 1, slowest),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (answers, refusals, slowest)
}

/// Whether some of what was taken, evenly spread, is there already when it is handed in again.
async fn all_logged(server: &Server, seen: &Seen) -> bool {
    let Ok(mut line) = Line::from(1, server.address).await else { return false };
    for (_, request) in seen.taken.iter().step_by(seen.taken.len() / 50 + 1) {
        if !line.ask(request).await.is_ok_and(|answer| answer.status == 200) {
            return false;
        }
    }
    true
}

fn few(texts: &[String]) -> &[String] {
    texts.get(..3).unwrap_or(texts)
}

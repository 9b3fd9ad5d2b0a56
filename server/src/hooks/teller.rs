//! What one hook is told: a walk of its party's own list from where it was left, one message after the other, none before the one
//! before it was acknowledged.

use super::line::Line;
use super::target::Target;
use super::{Failure, Shared};
use crate::api::problem::Problem;
use crate::event::event;
use hyper::body::Bytes;
use procura_core::status::Status;
use procura_core::{Hash, Index, webhook};
use procura_ledger::View;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

/// The most events that are read at a time.
const AT_ONCE: usize = 32;
/// After so long the slot goes to who waits for one.
const TURN: Duration = Duration::from_secs(10);
/// How long to wait if the ledger can't be read now.
const BREATHER: Duration = Duration::from_millis(200);
/// The first wait after a failure, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// After so long without an acknowledgement a hook rests until something new is filed.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A hook as it was logged.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) id: Hash,
    pub(super) party: Hash,
    pub(super) url: String,
    /// Where it stands: what is filed behind it is told.
    pub(super) index: Index,
}

/// Tells one hook.
pub(super) struct Teller {
    pub(super) shared: Arc<Shared>,
    pub(super) hook: Hook,
    /// Rings when something was filed in the party's list.
    pub(super) bell: Arc<Notify>,
}

/// Whether a hook is told anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is.
    InForce,
    /// Not now: its party is not active, or its signature no longer counts.
    Silent,
    /// Never again.
    Ended,
}

struct Message {
    index: Index,
    body: Bytes,
}

/// Failures in a row.
#[derive(Debug, Clone, Copy)]
struct Failing {
    count: u32,
    since: Instant,
    is_resting: bool,
}

impl Teller {
    /// Tells until the hook ends.
    pub(super) async fn run(self) {
        tracing::info!(hook = self.hook.index.0, "a webhook is told what is filed");
        let mut failing: Option<Failing> = None;
        loop {
            let Ok((standing, news)) = self.read().await else {
                sleep(BREATHER).await;
                continue;
            };
            if standing == Standing::Ended {
                break;
            }
            if news.is_empty() {
                self.bell.notified().await;
                continue;
            }
            let told = self.tell(&news).await;
            match told {
                Ok(0) | Err((0, _)) => {}
                Ok(_) | Err((_, _)) => failing = None,
            }
            let Err((_, failure)) = told else { continue };
            self.shared.webhooks.fails(&self.hook.id, Some(failure));
            let now = failing
                .map_or(Failing { count: 1, since: Instant::now(), is_resting: false }, Failing::again);
            self.report(failing, now, failure);
            failing = Some(now);
            if self.has_ended_within(now, failure.asked()).await {
                break;
            }
        }
        self.shared.webhooks.cursors.forget(&self.hook.id);
        self.shared.webhooks.fails(&self.hook.id, None);
        tracing::info!(hook = self.hook.index.0, "a webhook has ended");
    }

    /// Where it was left.
    fn last(&self, view: &View) -> Index {
        let last = self.shared.webhooks.cursors.last(&self.hook.id);
        // A cursor from beyond the log is of another one, or of what was lost of this.
        last.filter(|last| last.0 < view.size().0).unwrap_or(self.hook.index)
    }

    async fn standing(&self) -> Result<Standing, Problem> {
        self.shared.app.read(|view| standing(view, &self.hook)).await
    }

    async fn read(&self) -> Result<(Standing, Vec<Message>), Problem> {
        let read = |view: &View| {
            let standing = standing(view, &self.hook)?;
            if standing != Standing::InForce {
                return Ok((standing, Vec::new()));
            }
            let news = view.news(&self.hook.party, self.last(view), AT_ONCE)?;
            let messages = news.iter().map(|logged| {
                Ok(Message { index: logged.index, body: Bytes::from(event(view, logged)?.to_string()) })
            });
            Ok((standing, messages.collect::<Result<Vec<_>, Problem>>()?))
        };
        self.shared.app.read(read).await
    }

    /// Sends what is there; how many were acknowledged, and why it went no further.
    async fn tell(&self, news: &[Message]) -> Result<usize, (usize, Failure)> {
        // The semaphore is never closed.
        let _slot = self.shared.slots.acquire().await.ok();
        let (began, mut line, mut count) = (Instant::now(), None, 0);
        for message in news {
            // Looked at before each: a hook that was ended, or whose party was, is told nothing more.
            let is_over = self.shared.is_over.load(Ordering::Relaxed) || began.elapsed() > TURN;
            if is_over || self.standing().await.ok() != Some(Standing::InForce) {
                break;
            }
            match self.send(&mut line, message).await {
                Ok(()) => {
                    self.shared.webhooks.cursors.told(self.hook.id, message.index);
                    self.shared.webhooks.fails(&self.hook.id, None);
                    count += 1;
                }
                Err(failure) => return Err((count, failure)),
            }
        }
        Ok(count)
    }

    async fn send(&self, line: &mut Option<Line>, message: &Message) -> Result<(), Failure> {
        let shared = &*self.shared;
        let open = match line.take() {
            Some(line) if !line.is_closed() => line,
            _ => {
                let target = Target::of(&self.hook.url).ok_or(Failure::Refused)?;
                Line::open(target, &shared.tls, &shared.allow).await?
            }
        };
        let created_s = shared.app.now().0 / 1000;
        let signed = webhook::sign(&*shared.signer, &self.hook.url, &message.body, created_s);
        let signed = signed.map_err(|_| Failure::Unsigned)?;
        line.insert(open).post(message.body.clone(), &signed).await
    }

    /// The first failure is told, and that it goes on for very long.
    fn report(&self, before: Option<Failing>, now: Failing, failure: Failure) {
        // By its place: the log has nobody's ids.
        let hook = self.hook.index.0;
        if before.is_none() {
            tracing::warn!(hook, %failure, "a webhook is not received; it is tried again");
        } else if now.is_resting && before.is_some_and(|before| !before.is_resting) {
            tracing::warn!(hook, %failure, "a webhook was not received for 7 days; it rests until something new is filed");
        } else {
            tracing::debug!(hook, %failure, count = now.count, "a webhook is still not received");
        }
    }

    /// Waits before the next attempt; whether the hook has ended meanwhile.
    async fn has_ended_within(&self, failing: Failing, asked: Option<Duration>) -> bool {
        let dice = self.shared.app.random::<2>().map_or(0, u16::from_be_bytes);
        let until = Instant::now() + wait(failing.count, dice, asked);
        let mut is_told = false;
        loop {
            tokio::select! {
                () = sleep_until(until), if Instant::now() < until => {}
                () = self.bell.notified() => {
                    is_told = true;
                    if self.standing().await.ok() == Some(Standing::Ended) {
                        return true;
                    }
                }
            }
            if Instant::now() >= until && (is_told || !failing.is_resting) {
                return false;
            }
        }
    }
}

impl Failing {
    fn again(self) -> Self {
        Self {
            count: self.count.saturating_add(1),
            is_resting: self.since.elapsed() > PATIENCE,
            since: self.since,
        }
    }
}

/// How long to wait after so many failures in a row: doubled each time, and up to half less by chance, so that receivers that failed
/// together are not asked together. Not before the receiver wants it, but what it may ask for is the longest wait too: else a slip of
/// its own would keep from it what it is to know.
fn wait(count: u32, dice: u16, asked: Option<Duration>) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1_u32.checked_shl(count.saturating_sub(1)).unwrap_or(u32::MAX));
    let longest = longest.min(LONGEST_WAIT);
    let wait = longest - (longest / 2).mul_f64(f64::from(dice) / f64::from(u16::MAX));
    wait.max(asked.unwrap_or_default().min(LONGEST_WAIT))
}

fn standing(view: &View, hook: &Hook) -> Result<Standing, Problem> {
    // One that was erased had ended.
    if view.status(&hook.id)?.is_none_or(Status::is_ended) {
        return Ok(Standing::Ended);
    }
    let is_in_force = view.status(&hook.party)? == Some(Status::ACTIVE) && view.counts(&hook.id)?;
    Ok(if is_in_force { Standing::InForce } else { Standing::Silent })
}

#[cfg(test)]
mod tests {
    //! Goal: the waits grow from a second to an hour and are never in step, and are not shorter than a receiver asks. Method: the ends of chance.

    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        for (count, seconds) in
            [(1, 1), (2, 2), (3, 4), (12, 2048), (13, 3600), (14, 3600), (33, 3600), (u32::MAX, 3600)]
        {
            let most = Duration::from_secs(seconds);
            assert_eq!(wait(count, 0, None), most, "{count}");
            assert_eq!(wait(count, u16::MAX, None), most / 2, "{count}");
            assert!((most / 2..most).contains(&wait(count, 30_000, None)), "{count}");
        }
    }

    #[test]
    fn what_a_receiver_asks_for_is_waited_an_hour_at_most() {
        let asked = |count, seconds| wait(count, 0, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(1, 120), Duration::from_secs(120));
        assert_eq!(asked(12, 120), Duration::from_secs(2048), "it has failed for longer");
        assert_eq!(asked(1, u64::MAX), LONGEST_WAIT);
    }
}

//! Asking a server many things at once, and again as long as that may help.
//!
//! A busy server says when to come back. One that is not there, or answers what no answer is, is asked again a little later each
//! time. Both as long as anything at all gets done within the caller's patience; then everything else is left as it is.

use crate::client::Client;
use crate::error::{CallError, Problem, ReadError, SubmitError, TokenError};
use crate::promise::Promise;
use procura_core::Hash;
use procura_core::submission::Submission;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The first wait of those that grow.
const FIRST_WAIT_MS: u64 = 50;
/// The longest of them.
const LONGEST_WAIT_MS: u64 = 5_000;
/// The longest wait that a server may ask for, in seconds.
const LONGEST_RETRY_AFTER_S: u64 = 60;
/// How long one sleep is before it is looked whether the run has ended.
const NAP: Duration = Duration::from_millis(100);

/// What came of asking.
#[derive(Debug, Clone)]
pub enum Tried<T> {
    /// An answer.
    Done(T),
    /// The server refuses; nothing was logged.
    Refused(Problem),
    /// Nothing is known.
    GaveUp,
}

/// Why the run ended before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The server did not do anything within the patience.
    Patience(String),
    /// What came is not believed, or the caller is not who may ask.
    Read(ReadError),
}

/// Asks for one run.
pub(crate) struct Courier<'c> {
    client: &'c Client,
    connections: usize,
    patience: Duration,
    started: Instant,
    done_ms: AtomicU64,
    stop: Mutex<Option<Stop>>,
}

/// What an error asks for.
enum Next {
    Again(Option<u64>),
    Refuse(Problem),
    Stop(ReadError),
}

impl<'c> Courier<'c> {
    pub(crate) fn new(client: &'c Client, connections: usize, patience: Duration) -> Self {
        let (done_ms, stop) = (AtomicU64::new(0), Mutex::new(None));
        Self { client, connections: connections.max(1), patience, started: Instant::now(), done_ms, stop }
    }

    /// Does `work` for each item, several at once; the answers in their order.
    pub(crate) fn each<I: Sync, R: Send>(&self, items: &[I], work: impl Fn(&I) -> R + Sync) -> Vec<R> {
        let next = AtomicUsize::new(0);
        let some = || {
            let mut answers = Vec::new();
            while let Some((at, item)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                items.get(at).map(|item| (at, item))
            } {
                answers.push((at, work(item)));
            }
            answers
        };
        let mut all: Vec<(usize, R)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.connections.min(items.len())).map(|_| scope.spawn(some)).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined
                .flat_map(|answers| answers.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Hands a record in until the server has said yes or no to it.
    pub(crate) fn hand_in(&self, id: &Hash, submission: &Submission) -> Tried<Promise> {
        let body = submission.to_json();
        self.again_and_again(|client| {
            client.hand_in_for_promise(id, &body).map_err(|error| match error {
                SubmitError::Refused(problem) => Next::Refuse(problem),
                SubmitError::Busy(problem) => Next::Again(problem.retry_after_s),
                SubmitError::Unknown(_) | SubmitError::Record(_) => Next::Again(None),
                SubmitError::Distrust(distrust) => Next::Stop(distrust.into()),
            })
        })
    }

    /// Reads something until it was read or refused.
    pub(crate) fn read<T>(&self, read: impl Fn(&Client) -> Result<T, ReadError>) -> Tried<T> {
        self.again_and_again(|client| {
            read(client).map_err(|error| match error {
                ReadError::Call(CallError::Refused(problem)) => match problem.status {
                    // 401: tokens end with the server's process, which was started anew between two requests.
                    401 | 408 | 429 | 500.. => Next::Again(problem.retry_after_s),
                    _ => Next::Refuse(problem),
                },
                ReadError::Call(_) => Next::Again(None),
                ReadError::Token(TokenError::Call(CallError::Refused(problem))) => {
                    Next::Again(problem.retry_after_s)
                }
                ReadError::Token(TokenError::Call(_)) => Next::Again(None),
                error => Next::Stop(error),
            })
        })
    }

    /// Reads something that is needed although the run may have ended: then it is asked for once.
    pub(crate) fn read_after_all(&self, read: impl Fn(&Client) -> Result<(), ReadError>) -> bool {
        if self.stopped().is_some() {
            return read(self.client).is_ok();
        }
        match self.read(read) {
            Tried::Done(()) => true,
            Tried::Refused(problem) => {
                self.end(Stop::Read(ReadError::Call(CallError::Refused(problem))));
                false
            }
            Tried::GaveUp => false,
        }
    }

    fn again_and_again<T>(&self, mut ask: impl FnMut(&Client) -> Result<T, Next>) -> Tried<T> {
        let mut wait_ms = FIRST_WAIT_MS;
        loop {
            if self.stopped().is_some() {
                return Tried::GaveUp;
            }
            let after = match ask(self.client) {
                Ok(answer) => {
                    self.done_ms.fetch_max(self.elapsed_ms(), Ordering::Relaxed);
                    return Tried::Done(answer);
                }
                Err(Next::Refuse(problem)) => {
                    self.done_ms.fetch_max(self.elapsed_ms(), Ordering::Relaxed);
                    return Tried::Refused(problem);
                }
                Err(Next::Stop(error)) => {
                    self.end(Stop::Read(error));
                    return Tried::GaveUp;
                }
                Err(Next::Again(after)) => after,
            };
            let wait = after.map_or(wait_ms, |seconds| seconds.min(LONGEST_RETRY_AFTER_S) * 1000);
            wait_ms = (wait_ms * 2).min(LONGEST_WAIT_MS);
            let idle_ms = self.elapsed_ms().saturating_sub(self.done_ms.load(Ordering::Relaxed));
            if Duration::from_millis(idle_ms) >= self.patience {
                let why = format!("the server did nothing for {} s", self.patience.as_secs());
                self.end(Stop::Patience(why));
                continue;
            }
            self.sleep(Duration::from_millis(wait));
        }
    }

    fn sleep(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while let Some(left) = until.checked_duration_since(Instant::now())
            && self.stopped().is_none()
        {
            thread::sleep(left.min(NAP));
        }
    }

    /// Ends the run; the first reason stands.
    pub(crate) fn end(&self, why: Stop) {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// Why the run has ended, in words.
    pub(crate) fn stopped(&self) -> Option<String> {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        stop.as_ref().map(|stop| match stop {
            Stop::Patience(why) => why.clone(),
            Stop::Read(error) => error.to_string(),
        })
    }

    /// Why the run has ended.
    pub(crate) fn into_stop(self) -> Option<Stop> {
        self.stop.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

//! One run over the rows of a file: in parts, each of them signed and on disk before any of it is sent.

use super::journal::{Journal, JournalError, Known};
use super::prepare::{Parties, sign, signed_by_now, wants_new_bytes};
use super::report::Outcome;
use super::row::Row;
use crate::Distrust;
use crate::client::{Client, Identity};
use crate::courier::{Courier, Stop, Tried};
use crate::error::{ReadError, TokenError};
use crate::promise::{Promise, PromiseFault};
use procura_core::Hash;
use procura_core::status::Status;
use procura_core::submission::Submission;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many rows are signed at a time.
const PART: usize = 1024;

/// How mandates are given.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The catalogue that the scopes are codes of.
    pub catalogue: Hash,
    /// By invitation: each can be accepted for so many days, with the link that the report has.
    pub invite_days: Option<u64>,
    /// How many connections are used at once.
    pub connections: usize,
    /// How long nothing at all may get done before the rest is left for another run.
    pub patience: Duration,
}

/// Why a run ended before its end. What was given until then is given; the same file again goes on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The client has no key.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The key did not sign.
    #[error("the key did not sign: {0}")]
    Sign(String),
    /// The machine has no randomness.
    #[error("this machine has no randomness: {0}")]
    Random(String),
    /// The clock stands after the year 9999.
    #[error("this machine's clock stands after the year 9999")]
    Clock,
    /// What the server answered is not believed, or it does not let the caller ask.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The server did nothing within the patience.
    #[error("{0}")]
    Patience(String),
}

impl RunError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Journal(error) => error.name(),
            Self::Token(error) => error.name(),
            Self::Sign(_) => "sign_failed",
            Self::Random(_) => "random",
            Self::Clock => "clock",
            Self::Read(error) => error.name(),
            Self::Patience(_) => "busy",
        }
    }
}

/// What became of the rows.
#[derive(Debug)]
pub struct Run {
    /// Of every row, by its line, in the order of the rows.
    pub outcomes: Vec<(u64, Outcome)>,
    /// How many mandatees nobody has registered yet: that the place kept for them is theirs is the ledger's word.
    pub prepared: usize,
    /// Why it ended before its end.
    pub stopped: Option<RunError>,
}

/// A record on its way.
struct Letter<'r> {
    row: &'r Row,
    key: Hash,
    id: Hash,
    link: Option<[u8; 32]>,
    submission: Submission,
}

/// What a run works with.
struct Desk<'a> {
    client: &'a Client,
    identity: &'a Identity,
    settings: &'a Settings,
    journal: &'a mut Journal,
    courier: Courier<'a>,
    parties: Parties,
    outcomes: HashMap<u64, Outcome>,
    progress: &'a (dyn Fn(usize) + Sync),
    settled: AtomicUsize,
}

impl Run {
    /// Gives the mandates of rows, and says what became of each. `progress` is told how many rows are done with,
    /// from several threads.
    #[must_use]
    pub fn over(
        client: &Client,
        journal: &mut Journal,
        settings: &Settings,
        rows: &[Row],
        progress: &(dyn Fn(usize) + Sync),
    ) -> Self {
        let mut outcomes = Vec::with_capacity(rows.len());
        let Some(identity) = client.identity() else {
            return Self { outcomes, prepared: 0, stopped: Some(TokenError::NoIdentity.into()) };
        };
        let courier = Courier::new(client, settings.connections, settings.patience);
        let mut desk = Desk {
            client,
            identity,
            settings,
            journal,
            courier,
            parties: Parties::default(),
            outcomes: HashMap::new(),
            progress,
            settled: AtomicUsize::new(0),
        };
        let mut failed = None;
        for part in rows.chunks(PART) {
            if failed.is_none() {
                failed = desk.part(part).err();
            }
            let why = failed.as_ref().map(ToString::to_string).or_else(|| desk.courier.stopped());
            for row in part {
                let why = || why.clone().unwrap_or_default();
                let outcome = desk.outcomes.remove(&row.line).unwrap_or_else(|| Outcome::NotSent(why()));
                outcomes.push((row.line, outcome));
            }
            desk.settled.store(outcomes.len(), Ordering::Relaxed);
            progress(outcomes.len());
        }
        let stopped = desk.courier.into_stop().map(|stop| match stop {
            Stop::Patience(why) => RunError::Patience(why),
            Stop::Read(error) => RunError::Read(error),
        });
        Self { outcomes, prepared: desk.parties.prepared(), stopped: failed.or(stopped) }
    }
}

impl<'a> Desk<'a> {
    /// One part of the rows.
    fn part(&mut self, rows: &[Row]) -> Result<(), RunError> {
        let (mut letters, mut fresh) = (Vec::new(), Vec::new());
        for row in rows {
            let key = row.key(self.journal.salt());
            match self.journal.known(&key) {
                Some(Known { id, link, given: Some(_), .. }) => {
                    let outcome = Outcome::Already { id: *id, link: *link };
                    self.outcomes.insert(row.line, outcome);
                }
                Some(Known { id, link, submission: Some(submission), .. }) => {
                    let submission = signed_by_now(self.identity, submission)?;
                    letters.push(Letter { row, key, id: *id, link: *link, submission });
                }
                _ => fresh.push((row, key)),
            }
        }
        letters.extend(self.sign(&fresh)?);
        let stale = self.send(&letters, true)?;
        // Once more, for those whose bytes the ledger will never take.
        for (row, _) in &stale {
            self.parties.forget(row);
        }
        let letters = self.sign(&stale)?;
        self.send(&letters, false)?;
        Ok(())
    }

    /// Finds the mandatees, signs, and keeps what was signed.
    fn sign<'r>(&mut self, rows: &[(&'r Row, Hash)]) -> Result<Vec<Letter<'r>>, RunError> {
        let asked: Vec<&Row> = rows.iter().map(|(row, _)| *row).collect();
        self.parties.find(&self.courier, &asked);
        let (mut letters, mut signed) = (Vec::new(), Vec::new());
        for (row, key) in rows {
            let mandatee = match self.parties.of(row) {
                Some(Tried::Done(party)) => party.id(),
                Some(Tried::Refused(problem)) => {
                    self.outcomes.insert(row.line, Outcome::Refused(problem.to_string()));
                    continue;
                }
                // It is not sent, for the reason for which all ended.
                Some(Tried::GaveUp) | None => continue,
            };
            if mandatee == self.identity.party {
                let what = "the mandatee is the one who gives it (same_party)".to_owned();
                self.outcomes.insert(row.line, Outcome::Refused(what));
                continue;
            }
            let known = sign(self.client, self.identity, self.settings, row, &mandatee)?;
            if let Some(submission) = known.submission.clone() {
                letters.push(Letter { row, key: *key, id: known.id, link: known.link, submission });
            }
            signed.push((*key, known));
        }
        self.journal.sign(signed)?;
        Ok(letters)
    }

    /// Sends, and notes what was given once all that was shown is of one history. Those of which other bytes must be signed, if
    /// that `may_be`.
    fn send<'r>(&mut self, letters: &[Letter<'r>], may_be: bool) -> Result<Vec<(&'r Row, Hash)>, RunError> {
        let courier = &self.courier;
        let answers = courier.each(letters, |letter| {
            let answer = courier.hand_in(&letter.id, &letter.submission);
            (self.progress)(self.settled.fetch_add(1, Ordering::Relaxed) + 1);
            answer
        });
        let (mut stale, mut promised) = (Vec::new(), Vec::new());
        for (letter, answer) in letters.iter().zip(answers) {
            match answer {
                Tried::Done(promise) => promised.push((letter, promise)),
                Tried::Refused(problem) if may_be && wants_new_bytes(&problem.name) => {
                    stale.push((letter.row, letter.key));
                }
                Tried::Refused(problem) => {
                    self.outcomes.insert(letter.row.line, Outcome::Refused(problem.to_string()));
                }
                Tried::GaveUp => {}
            }
        }
        if promised.iter().any(|(_, promise)| promise.entry.status() != Some(Status::PENDING)) {
            return Err(ReadError::from(Distrust::Promise(PromiseFault::OtherRecord)).into());
        }
        if self.hold(&promised) {
            let given: Vec<_> =
                promised.iter().map(|(letter, promise)| (letter.key, promise.index)).collect();
            self.journal.give(&given)?;
            for (letter, _) in promised {
                let outcome = Outcome::Given { id: letter.id, link: letter.link };
                self.outcomes.insert(letter.row.line, outcome);
            }
        }
        Ok(stale)
    }

    /// Whether all the checkpoints shown continue what was seen. If not, the ledger may have the records; that it keeps its word
    /// is not known.
    fn hold(&self, promised: &[(&Letter<'_>, Promise)]) -> bool {
        let shown: Vec<_> = promised.iter().map(|(_, promise)| promise.checkpoint.clone()).collect();
        self.courier.read_after_all(|client| client.hold(&shown))
    }
}

//! Asking one witness: from the size that it cosigned last, once more if it knows another, later if it does not answer.

use super::address::Address;
use super::line::Line;
use super::points::Points;
use crate::app::App;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::check_cosignature;
use procura_core::note::{NoteSignature, NoteVerifier};
use procura_core::policy::PolicyName;
use procura_core::witness::{AddCheckpoint, read_answer, read_size};
use procura_core::{Hash, Size};
use procura_ledger::View;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// The longest wait after failures in a row.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How far a witness's clock may be ahead, in seconds; verifiers refuse more.
const AHEAD_S: u64 = 300;

/// Why a witness did not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("nobody answers at its address")]
    Unreachable,
    #[error("no TLS connection that can be trusted")]
    Tls,
    #[error("the connection broke off, it was not HTTP, or too long")]
    Http,
    #[error("no answer in time")]
    Timeout,
    #[error("answered with {0}")]
    Status(u16),
    #[error("the answer is not one that the protocol has")]
    Answer,
    #[error("the answer has no cosignature of its key that holds")]
    Signature,
    #[error("its cosignature is dated ahead")]
    Ahead,
    #[error("it cosigned a larger tree than this ledger has: was the ledger restored from an older backup?")]
    Larger,
    #[error("it says that the checkpoint does not continue the one that it cosigned before")]
    NotContinued,
    #[error("the ledger's proof could not be read")]
    Unreadable,
}

impl Failure {
    /// Its stable name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Timeout => "timeout",
            Self::Status(_) => "status",
            Self::Answer => "answer",
            Self::Signature => "signature",
            Self::Ahead => "ahead",
            Self::Larger => "larger",
            Self::NotContinued => "not_continued",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether the ledger itself may be at fault, which nobody else will tell the operator.
    const fn is_grave(self) -> bool {
        matches!(self, Self::Larger | Self::NotContinued)
    }
}

/// Asks one witness.
pub(super) struct Asker {
    app: App,
    points: Arc<Points>,
    name: PolicyName,
    key: Option<NoteVerifier>,
    address: Address,
    tls: TlsConnector,
    line: Option<Line>,
    /// The size that it cosigned last, as far as it is known.
    known: Size,
    failures: u32,
    not_before: Instant,
}

impl Asker {
    pub(super) fn new(
        app: App,
        points: Arc<Points>,
        name: PolicyName,
        address: Address,
        tls: TlsConnector,
    ) -> Self {
        let key = points.key(&name);
        let (known, not_before) = (Size(0), Instant::now());
        Self { app, points, name, key, address, tls, line: None, known, failures: 0, not_before }
    }

    /// Asks about each point that comes while it has time.
    pub(super) async fn run(mut self, mut point: watch::Receiver<View>) {
        while point.changed().await.is_ok() {
            let view = point.borrow_and_update().clone();
            let has_cosigned = self.failures == 0 && self.known == view.size();
            if has_cosigned || Instant::now() < self.not_before {
                self.points.update(&self.name, |member| member.is_asked(false));
                continue;
            }
            let asked = self.ask(&view).await;
            self.note(&view, asked);
        }
    }

    fn note(&mut self, view: &View, asked: Result<(NoteSignature, u64), Failure>) {
        match asked {
            Ok((line, time_s)) => {
                if self.failures > 0 {
                    tracing::info!(witness = self.shown(), "a witness cosigns again");
                }
                self.failures = 0;
                self.points.cosigned(&self.name, view.size(), line, time_s);
            }
            Err(failure) => {
                if self.failures == 0 || failure.is_grave() {
                    if failure.is_grave() {
                        tracing::error!(witness = self.shown(), %failure, "a witness does not cosign");
                    } else {
                        tracing::warn!(witness = self.shown(), %failure, "a witness does not cosign");
                    }
                }
                self.failures = self.failures.saturating_add(1);
                self.not_before = Instant::now() + wait(self.failures);
                self.line = None;
                self.points.update(&self.name, |member| member.fails(failure.name()));
            }
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// The cosignature of a view's checkpoint, checked, with its time.
    async fn ask(&mut self, view: &View) -> Result<(NoteSignature, u64), Failure> {
        let checkpoint =
            SignedCheckpoint::parse(view.checkpoint().as_bytes()).map_err(|_| Failure::Unreadable)?;
        // Once more if it knows another size than was thought: that is how this begins after a start.
        for _ in 0..2 {
            let proof = self.proof(view).await?;
            let request = AddCheckpoint { old: self.known, proof, checkpoint: checkpoint.clone() };
            match self.post(request.to_string()).await? {
                (200, body) => {
                    let found = self.check(&checkpoint, &body)?;
                    self.known = view.size();
                    return Ok(found);
                }
                (409, body) => self.known = read_size(&body).ok_or(Failure::Answer)?,
                (422, _) => return Err(Failure::NotContinued),
                (status, _) => return Err(Failure::Status(status)),
            }
        }
        Err(Failure::Answer)
    }

    async fn proof(&self, view: &View) -> Result<Vec<Hash>, Failure> {
        let (from, to) = (self.known, view.size());
        if from > to {
            return Err(Failure::Larger);
        }
        if from.0 == 0 || from == to {
            return Ok(Vec::new());
        }
        let view = view.clone();
        let read = self.app.read_long(move |_| Ok(view.consistency(from, to)?)).await;
        read.ok().flatten().ok_or(Failure::Unreadable)
    }

    async fn post(&mut self, body: String) -> Result<(u16, hyper::body::Bytes), Failure> {
        // A connection that was kept may have ended meanwhile: that is no failure.
        if let Some(mut line) = self.line.take().filter(|line| !line.is_closed())
            && let Ok(answered) = line.post(&self.address, body.clone()).await
        {
            self.line = Some(line);
            return Ok(answered);
        }
        let mut line = Line::open(&self.address, &self.tls).await?;
        let answered = line.post(&self.address, body).await?;
        self.line = Some(line);
        Ok(answered)
    }

    /// The line of its key in an answer; others are ignored.
    fn check(&self, checkpoint: &SignedCheckpoint, body: &[u8]) -> Result<(NoteSignature, u64), Failure> {
        let key = self.key.as_ref().ok_or(Failure::Signature)?;
        let lines = read_answer(body).map_err(|_| Failure::Answer)?;
        let mine = lines.into_iter().find(|line| line.name() == key.name() && line.id() == key.id());
        let line = mine.ok_or(Failure::Signature)?;
        let time_s =
            check_cosignature(key, checkpoint.note().text(), &line).map_err(|_| Failure::Signature)?;
        if time_s > self.app.now().0 / 1000 + AHEAD_S {
            return Err(Failure::Ahead);
        }
        Ok((line, time_s))
    }
}

/// How long to leave a witness alone after so many failures in a row.
fn wait(failures: u32) -> Duration {
    let seconds = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        for (failures, seconds) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (64, 60), (u32::MAX, 60)] {
            assert_eq!(wait(failures), Duration::from_secs(seconds), "{failures}");
        }
    }
}

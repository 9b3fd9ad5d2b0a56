//! What can go wrong, and whose fault it is: an enum per operation, over three causes they share.
//!
//! [`CallError`]: no answer worth reading came. [`Problem`]: the server refuses, and says why. [`Distrust`]: an
//! answer came that is not believed.

use crate::promise::PromiseFault;
use crate::store::StoreError;
use procura_core::checkpoint::CheckpointError;
use procura_core::receipt::{ReceiptError, VerifyError};
use procura_core::record::RecordError;
use procura_core::{Size, note::NoteError};
use serde_json::Value;
use std::fmt;

/// The server's refusal, RFC 9457. The server's word: nothing proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What follows `urn:procura:problem:` in `type`, an OAuth error's code, or `unnamed`.
    pub name: String,
    /// A sentence: what is wrong, what to do.
    pub detail: String,
    /// Where in the payload or request, RFC 6901.
    pub pointer: Option<String>,
    /// After how many seconds to ask again, if the server said it.
    pub retry_after_s: Option<u64>,
}

/// The longest text of a server's that is shown.
const MAX_SHOWN_CHARS: usize = 500;

impl Problem {
    /// Whether the same may be answered a little later.
    pub(crate) const fn is_for_now(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..)
    }

    /// Reads what a refusal says; of a body that is no problem document only the status is told.
    pub(crate) fn read(status: u16, body: &[u8], retry_after_s: Option<u64>) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(shown);
        let name = text("type")
            .and_then(|kind| kind.strip_prefix("urn:procura:problem:").map(str::to_owned))
            .or_else(|| text("error"))
            .unwrap_or_else(|| "unnamed".to_owned());
        let detail = text("detail").or_else(|| text("error_description")).or_else(|| text("title"));
        Self {
            status,
            name,
            detail: detail.unwrap_or_else(|| format!("the server answered with status {status}")),
            pointer: text("pointer"),
            retry_after_s,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.detail, self.name)?;
        if let Some(pointer) = &self.pointer {
            write!(f, " at {pointer}")?;
        }
        f.write_str(")")
    }
}

/// A server's text may hold anything: no control characters reach a terminal.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN_CHARS).collect()
}

/// No answer came, or none of the form agreed. Nothing is known; asking again is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server did not answer.
    #[error(
        "the server at {server} cannot be reached: {cause}. See that it runs and that the address is right"
    )]
    Unreachable {
        /// Its address.
        server: String,
        /// What the network says.
        cause: String,
    },
    /// The server's answer is not of the form agreed: its fault, or it is no Procura server.
    #[error("the server's answer to {path} is not what a Procura server answers: {what}")]
    Unexpected {
        /// What was asked.
        path: String,
        /// What is wrong with the answer.
        what: String,
    },
    /// The server refuses.
    #[error("the server refuses: {0}")]
    Refused(Problem),
}

impl CallError {
    /// The error's stable name; a refusal has the problem's.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Unexpected { .. } => "unexpected_answer",
            Self::Refused(problem) => &problem.name,
        }
    }

    /// The server's refusal, if it is one with this status.
    #[must_use]
    pub fn refusal(&self, status: u16) -> Option<&Problem> {
        match self {
            Self::Refused(problem) if problem.status == status => Some(problem),
            _ => None,
        }
    }
}

/// An answer came and is not believed: the operator's fault, unless the policy is out of date or this machine's
/// clock is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Distrust {
    /// The receipt does not prove the answer.
    #[error("the answer does not prove itself: {0}")]
    Verify(#[from] VerifyError),
    /// The entry, its proof or its checkpoint does not show that the record stands in the log.
    #[error("the answer does not show that the record stands in the log: {0}")]
    Promise(PromiseFault),
    /// Two histories. Both checkpoints are kept: show them to an auditor.
    #[error(
        "the ledger shows another history at size {size} than the one seen at size {seen}; both checkpoints are \
         kept as evidence in {evidence}. Don't use this ledger, and show the file to an auditor"
    )]
    Fork {
        /// The size of the checkpoint that came.
        size: Size,
        /// The size of the one seen before.
        seen: Size,
        /// Where the evidence is kept.
        evidence: String,
    },
    /// The ledger answers as of a time before what it showed already.
    #[error(
        "the ledger answers as of size {size}, but has shown size {seen} already: it hides what came since. If it \
         was restored from a backup, its operator must say so under a new origin"
    )]
    Rollback {
        /// The size of the checkpoint that came.
        size: Size,
        /// The size seen before.
        seen: Size,
    },
    /// What was seen before cannot be read or kept: this machine's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Distrust {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Verify(error) => error.name(),
            Self::Promise(fault) => fault.name(),
            Self::Fork { .. } => "fork",
            Self::Rollback { .. } => "rollback",
            Self::Store(error) => error.name(),
        }
    }
}

impl From<ReceiptError> for Distrust {
    fn from(error: ReceiptError) -> Self {
        Self::Verify(error.into())
    }
}

/// Why a checkpoint is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointFault {
    /// No checkpoint, of another log, or not signed by a log key of the policy.
    #[error("the checkpoint is not the ledger's: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A cosignature of a known witness fails.
    #[error("a cosignature fails: {0}")]
    Cosignature(#[from] NoteError),
    /// Too few of the policy's witnesses cosigned.
    #[error("the witnesses that cosigned make no quorum")]
    NoQuorum,
    /// The log key is retired and no quorum dates from before.
    #[error("the log key was retired and no quorum cosigned before that")]
    RetiredKey,
}

impl CheckpointFault {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Checkpoint(error) => error.name(),
            Self::Cosignature(_) | Self::NoQuorum => "no_quorum",
            Self::RetiredKey => "retired_key",
        }
    }
}

/// No token: private things cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The caller brought no key.
    #[error("this needs a key of a registered party: name one with --key")]
    NoIdentity,
    /// The ledger does not know the key, or it or its party has ended.
    #[error("the ledger does not accept the key: {0}")]
    Refused(Problem),
    /// The key could not sign.
    #[error("the key did not sign: {0}")]
    Sign(String),
    /// No answer.
    #[error(transparent)]
    Call(CallError),
}

impl TokenError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::NoIdentity => "no_identity",
            Self::Refused(problem) => &problem.name,
            Self::Sign(_) => "sign_failed",
            Self::Call(error) => error.name(),
        }
    }
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such thing, or the caller may not read it: the server doesn't say which.
    #[error("there is no such thing, or it is not yours to read")]
    NotFound,
    /// No token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No answer, or a refusal.
    #[error(transparent)]
    Call(CallError),
    /// The answer is not believed.
    #[error(transparent)]
    Distrust(#[from] Distrust),
}

impl From<CallError> for ReadError {
    fn from(error: CallError) -> Self {
        if error.refusal(404).is_some_and(|problem| problem.name == "not_found") {
            Self::NotFound
        } else {
            Self::Call(error)
        }
    }
}

impl ReadError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::NotFound => "not_found",
            Self::Token(error) => error.name(),
            Self::Call(error) => error.name(),
            Self::Distrust(error) => error.name(),
        }
    }
}

/// Why a record was not logged, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// What is to be handed in is no record: the caller's fault.
    #[error("this is no record that a ledger takes: {0}")]
    Record(#[from] RecordError),
    /// The ledger refuses it; nothing was logged. Correct it and sign anew.
    #[error("the ledger refuses the record: {0}")]
    Refused(Problem),
    /// The ledger does not take submissions now. Handing the same record in again is safe.
    #[error("the ledger does not take records now: {0}. Hand the same record in again later: that is safe")]
    Busy(Problem),
    /// No answer: it may have been logged. Handing the same record in again is safe.
    #[error("{0}. Whether the record was logged is not known; handing the same one in again is safe")]
    Unknown(CallError),
    /// The server says that it was logged, and cannot prove it.
    #[error("the server says that the record was logged, but does not prove it: {0}")]
    Distrust(#[from] Distrust),
}

/// The record was taken, and whether what came proves it could not be found out.
impl From<CallError> for SubmitError {
    fn from(error: CallError) -> Self {
        Self::Unknown(error)
    }
}

impl SubmitError {
    /// What an answer that is no success says of the record.
    pub(crate) fn of(problem: Problem) -> Self {
        match problem.status {
            408 | 429 | 503 => Self::Busy(problem),
            // A proxy's or a broken server's: it may have been logged.
            500.. => Self::Unknown(CallError::Refused(problem)),
            _ => Self::Refused(problem),
        }
    }

    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Record(error) => error.name(),
            Self::Refused(problem) | Self::Busy(problem) => &problem.name,
            Self::Unknown(error) => error.name(),
            Self::Distrust(error) => error.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_with_its_place() {
        let body = br#"{"type":"urn:procura:problem:unknown_scope","detail":"No such scope.","pointer":"/scopes/0"}"#;
        let problem = Problem::read(422, body, None);
        assert_eq!((problem.name.as_str(), problem.pointer.as_deref()), ("unknown_scope", Some("/scopes/0")));
        assert_eq!(problem.to_string(), "No such scope. (unknown_scope at /scopes/0)");
    }

    #[test]
    fn an_oauth_error_and_a_page_of_a_proxy_are_read_too() {
        let oauth = Problem::read(401, br#"{"error":"invalid_client","error_description":"ended"}"#, None);
        assert_eq!((oauth.name.as_str(), oauth.detail.as_str()), ("invalid_client", "ended"));
        assert_eq!(Problem::read(502, b"<html>", None).name, "unnamed");
    }

    #[test]
    fn control_characters_of_a_server_reach_no_terminal() {
        assert_eq!(Problem::read(400, b"{\"detail\":\"a\\u001b[2Jb\"}", None).detail, "a[2Jb");
    }
}

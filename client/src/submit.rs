//! Handing records in.
//!
//! spec: http.md#ours

use crate::client::{Client, Proven};
use crate::error::{CallError, SubmitError};
use crate::http::{Reply, Send};
use procura_core::Hash;
use procura_core::kinds::{Class, Content};
use procura_core::receipt::{
    Mode, VerifiedAccess, VerifiedExistence, VerifiedStatus, verify_access, verify_existence, verify_status,
};
use procura_core::record::Record;
use procura_core::submission::Submission;
use std::thread::sleep;
use std::time::Duration;

/// How often a busy ledger is asked again.
const ATTEMPTS: u32 = 3;
/// The longest wait in between, in seconds.
const LONGEST_WAIT_S: u64 = 5;

/// A record that is in the log, proven.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// A create with its status, or the target of a transition with its new one.
    Status(Proven<VerifiedStatus>),
    /// A record that changes no answer.
    Existence(Proven<VerifiedExistence>),
    /// An access, with what was decided on it: a source lets data go against this receipt.
    Access(Box<Proven<VerifiedAccess>>),
}

impl Submitted {
    /// The receipt.
    #[must_use]
    pub fn receipt(&self) -> &[u8] {
        match self {
            Self::Status(proven) => proven.receipt(),
            Self::Existence(proven) => proven.receipt(),
            Self::Access(proven) => proven.receipt(),
        }
    }

    /// The status proven, if there is one.
    #[must_use]
    pub const fn status(&self) -> Option<&Proven<VerifiedStatus>> {
        match self {
            Self::Status(proven) => Some(proven),
            Self::Existence(_) | Self::Access(_) => None,
        }
    }
}

impl Client {
    /// Hands a record in, and believes that it was logged only with the receipt. The same record again gives its
    /// receipt under the current checkpoint, so this may be repeated after any error.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn submit(&self, submission: &Submission) -> Result<Submitted, SubmitError> {
        let record = Record::parse(&submission.record)?;
        if let Content::Access(_) = record.content() {
            let believed = self.submit_access(submission, &record.id())?;
            return Ok(Submitted::Access(Box::new(believed)));
        }
        let asking = self.asking()?;
        let reply = self.hand_in("/v1/records", &submission.to_json())?;
        let (id, mode) = (record.id(), Mode::Fresh(self.now()));
        match (record.row().class, record.common().target) {
            (Class::Transition, Some(target)) => asking
                .believe(reply, mode, |bytes, policy, mode| {
                    verify_status(bytes, &target, Some(&id), policy, mode)
                })
                .map(Submitted::Status),
            (Class::Trace | Class::TraceOrUse, _) => asking
                .believe(reply, mode, |bytes, policy, mode| verify_existence(bytes, &id, policy, mode))
                .map(Submitted::Existence),
            _ => asking
                .believe(reply, mode, |bytes, policy, mode| verify_status(bytes, &id, None, policy, mode))
                .map(Submitted::Status),
        }
    }

    pub(crate) fn submit_access(
        &self,
        submission: &Submission,
        id: &Hash,
    ) -> Result<Proven<VerifiedAccess>, SubmitError> {
        let asking = self.asking()?;
        let reply = self.hand_in("/v1/accesses", &submission.to_json())?;
        let mode = Mode::Fresh(self.now());
        // The answer to a check is none to an access: nobody could show it to a source.
        asking.believe(reply, mode, |bytes, policy, mode| verify_access(bytes, id, policy, mode))
    }

    fn hand_in(&self, path: &str, submission: &str) -> Result<Reply, SubmitError> {
        let mut attempt = 1;
        loop {
            let problem = match self.server.post(path, Send::Json(submission), None) {
                Ok(reply) => return Ok(reply),
                Err(CallError::Refused(problem)) => problem,
                Err(error) => return Err(SubmitError::Unknown(error)),
            };
            match problem.retry_after_s {
                Some(wait_s) if problem.status == 503 && attempt < ATTEMPTS && wait_s <= LONGEST_WAIT_S => {
                    sleep(Duration::from_secs(wait_s));
                    attempt += 1;
                }
                _ => return Err(SubmitError::of(problem)),
            }
        }
    }
}

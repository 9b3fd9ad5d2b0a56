//! A look at somebody's data at their source that is made once, whatever is killed in the middle: the access is signed and kept before it
//! is sent, so that the person finds one look in their list and not two.

use crate::caller::{Caller, CallerError};
use procura_client::{AccessError, Asking, Distrust, Proven, ReadError, SubmitError, Submitted};
use procura_core::Hash;
use procura_core::conditions::Properties;
use procura_core::decide::{AuthZen, Decision, PartyRef};
use procura_core::receipt::{VerifiedAuthority, VerifyError};
use procura_core::submission::Submission;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An access as it is kept before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its id.
    pub id: Hash,
    /// What is handed in.
    pub submission: String,
}

/// What came of a look.
#[derive(Debug, Clone)]
pub enum Looked {
    /// The source has told.
    Told {
        /// What.
        answer: Value,
        /// Why it might.
        decision: Decision,
        /// The receipt of the access, which proves that.
        receipt: Value,
    },
    /// The ledger decided no.
    Denied {
        /// Why.
        decision: Decision,
        /// The receipt of the access.
        receipt: Value,
    },
    /// What was kept is of no use any more: the source has answered it, for somebody who was killed before they could keep the answer,
    /// or it was signed too long ago. Another one is signed.
    Again,
}

impl Caller {
    /// What the ledger would decide. It permits nothing, and stands in nobody's list.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn would_be(&self, asking: &Asking<'_>) -> Result<Proven<VerifiedAuthority>, ReadError> {
        self.client().check(&AuthZen {
            actor: PartyRef::Id(self.client().own_party()?),
            subject: PartyRef::Id(asking.subject),
            on_behalf_of: asking.on_behalf_of.map(PartyRef::Id),
            together_with: Vec::new(),
            category: asking.category.to_owned(),
            purpose: asking.purpose.to_owned(),
            properties: Properties::default(),
            emergency: false,
        })
    }

    /// An access, to be kept before [`Caller::look`] sends it.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn sign(&self, asking: &Asking<'_>) -> Result<Kept, CallerError> {
        let (id, submission) = self.client().sign_access(asking).map_err(AccessError::from)?;
        Ok(Kept { id, submission: submission.to_json() })
    }

    /// Logs an access that was kept, and shows its receipt to the source.
    ///
    /// # Errors
    /// [`CallerError`]: what was kept is sent again.
    pub fn look(&self, kept: &Kept) -> Result<Looked, CallerError> {
        let Ok(submission) = Submission::parse(kept.submission.as_bytes()) else { return Ok(Looked::Again) };
        let proven = match self.client().submit(&submission) {
            Ok(Submitted::Access(proven)) => proven,
            Ok(_) => return Ok(Looked::Again),
            // Signed, or logged, too long ago.
            Err(SubmitError::Refused(problem)) if problem.name == "too_late" => return Ok(Looked::Again),
            Err(SubmitError::Distrust(Distrust::Verify(VerifyError::Stale { .. }))) => {
                return Ok(Looked::Again);
            }
            Err(error) => return Err(AccessError::from(error).into()),
        };
        let receipt: Value = serde_json::from_slice(proven.receipt()).unwrap_or_default();
        let decision = proven.answer().decision().clone();
        if !decision.permit {
            return Ok(Looked::Denied { decision, receipt });
        }
        match self.answer(&receipt) {
            Ok(answer) => Ok(Looked::Told { answer, decision, receipt }),
            Err(CallerError::Refused { name, .. }) if name == "used" || name == "stale" => Ok(Looked::Again),
            Err(error) => Err(error),
        }
    }
}

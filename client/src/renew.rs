//! A receipt that somebody presented, as of now: asked of a mirror, or of whoever else has the log.
//!
//! spec: receipts.md#renewal

use crate::client::Client;
use crate::error::{CallError, Distrust, ReadError};
use crate::http::{Reply, Send, unexpected};
use procura_core::receipt::{
    self as core, Mode, Policy, Question, Receipt, StatusAsk, StatusProof, VerifiedReceipt, VerifyError,
    verify_authority, verify_existence, verify_status,
};

const PATH: &str = "/v1/status";

/// Why a receipt was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The receipt in hand does not hold, whenever it was made.
    #[error("the receipt in hand does not hold: {0}")]
    InHand(VerifyError),
    /// It can't be renewed by this proof, or not at all.
    #[error(transparent)]
    Renew(#[from] core::RenewError),
    /// No answer, or one that is not believed. What a step since then needs, and nobody here has, is `missing_record`.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl RenewError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::InHand(error) => error.name(),
            Self::Renew(error) => error.name(),
            Self::Read(error) => error.name(),
        }
    }
}

impl From<Distrust> for RenewError {
    fn from(error: Distrust) -> Self {
        Self::Read(error.into())
    }
}

impl From<CallError> for RenewError {
    fn from(error: CallError) -> Self {
        Self::Read(error.into())
    }
}

impl Client {
    /// Renews a receipt: what comes back is verified as of now, under a checkpoint that continues the one in hand and the last one
    /// seen. Whom it is about learns only who is asked; that is no ledger, if this client is a mirror's.
    ///
    /// # Errors
    /// [`RenewError`].
    pub fn renew(&self, in_hand: &[u8]) -> Result<Vec<u8>, RenewError> {
        let receipt = Receipt::parse(in_hand).map_err(Distrust::from)?;
        StatusAsk::of(&receipt, None)?;
        let then = verified(in_hand, &receipt.question, &self.policy, Mode::Historic);
        // Its own checkpoint was seen too: what is shown now must continue both.
        self.hold(&[then.map_err(RenewError::InHand)?.checkpoint().clone()])?;
        let asking = self.asking()?;
        let ask = StatusAsk::of(&receipt, asking.from())?.to_json();
        let reply = self.server.post(PATH, Send::Json(&ask), None)?;
        let proof = StatusProof::parse(&reply.body).map_err(|error| unexpected(PATH, &error.to_string()))?;
        let renewed = receipt.renewed(&proof, self.now())?;
        let reply = Reply { body: renewed.to_json().into_bytes() };
        let proven =
            asking.believe::<_, RenewError>(reply, Mode::Fresh(self.now()), |bytes, policy, mode| {
                verified(bytes, &renewed.question, policy, mode)
            })?;
        Ok(proven.receipt().to_vec())
    }
}

/// What a receipt's answer to its own question rests on.
fn verified(
    bytes: &[u8],
    question: &Question,
    policy: &Policy,
    mode: Mode,
) -> Result<VerifiedReceipt, VerifyError> {
    Ok(match question {
        Question::Existence { id } => verify_existence(bytes, id, policy, mode)?.receipt().clone(),
        Question::Status { id, through, .. } => {
            verify_status(bytes, id, through.as_ref(), policy, mode)?.receipt().clone()
        }
        Question::Authority(asked) => {
            verify_authority(bytes, &asked.request, policy, mode)?.receipt().clone()
        }
        Question::Complete { .. } => return Err(VerifyError::OtherQuestion),
    })
}

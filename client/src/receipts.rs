//! The receipt of one record.

use crate::client::{Client, Proven};
use crate::error::{Distrust, ReadError};
use procura_core::receipt::{
    Mode, Point, Question, Receipt, VerifiedExistence, VerifiedStatus, VerifyError, verify_existence,
    verify_status,
};
use procura_core::source::Logged;
use procura_core::{Hash, Size};

/// What a record's receipt proves: it depends on what the record is.
#[derive(Debug, Clone)]
pub enum ReceiptAnswer {
    /// A create: its status.
    Create(Proven<VerifiedStatus>),
    /// A transition: its target's status, with the transition in the list.
    Transition(Proven<VerifiedStatus>),
    /// A trace: that it was logged.
    Trace(Proven<VerifiedExistence>),
}

impl ReceiptAnswer {
    /// The receipt.
    #[must_use]
    pub fn receipt(&self) -> &[u8] {
        match self {
            Self::Create(proven) | Self::Transition(proven) => proven.receipt(),
            Self::Trace(proven) => proven.receipt(),
        }
    }

    /// The record asked for, in the log.
    #[must_use]
    pub fn logged(&self) -> &Logged {
        match self {
            Self::Create(proven) => proven.answer().logged(),
            // A verified answer to a question with `through` always has it.
            Self::Transition(proven) => {
                proven.answer().through().as_ref().unwrap_or_else(|| proven.answer().logged())
            }
            Self::Trace(proven) => proven.answer().logged(),
        }
    }
}

impl Client {
    /// The record `id` as the log has it, proven: now, or as it was at tree size `as_of`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn record_receipt(&self, id: &Hash, as_of: Option<Size>) -> Result<ReceiptAnswer, ReadError> {
        let asking = self.asking()?;
        let path = |from| receipt_path(id, as_of, from);
        let reply = self.private_if_may(|token| self.get_from(asking.from(), path, token))?;
        let mode = match as_of {
            Some(size) => Mode::AsOf(Point::Size(size)),
            None => Mode::Fresh(self.now()),
        };
        // What the record is, only the answer says; whether it is an answer about this record is checked here.
        let question = Receipt::parse(&reply.body).map_err(Distrust::from)?.question;
        if question.as_of().map(|as_of| as_of.size) != as_of {
            return Err(Distrust::from(VerifyError::OtherQuestion).into());
        }
        match question {
            Question::Status { id: create, through: None, .. } if create == *id => asking
                .believe(reply, mode, |bytes, policy, mode| verify_status(bytes, id, None, policy, mode))
                .map(ReceiptAnswer::Create),
            Question::Status { id: target, through: Some(through), .. } if through == *id => asking
                .believe(reply, mode, |bytes, policy, mode| {
                    verify_status(bytes, &target, Some(id), policy, mode)
                })
                .map(ReceiptAnswer::Transition),
            Question::Existence { id: trace } if trace == *id => asking
                .believe(reply, mode, |bytes, policy, mode| verify_existence(bytes, id, policy, mode))
                .map(ReceiptAnswer::Trace),
            _ => Err(Distrust::from(VerifyError::OtherQuestion).into()),
        }
    }

    /// The create `id` with its status, proven.
    ///
    /// # Errors
    /// [`ReadError`], also if `id` is no create's.
    pub fn status(&self, id: &Hash) -> Result<Proven<VerifiedStatus>, ReadError> {
        match self.record_receipt(id, None)? {
            ReceiptAnswer::Create(proven) => Ok(proven),
            _ => Err(Distrust::from(VerifyError::OtherQuestion).into()),
        }
    }
}

/// `from`: with the consistency proof from what had been seen.
fn receipt_path(id: &Hash, as_of: Option<Size>, from: Option<Size>) -> String {
    let as_of = as_of.map(|size| format!("as_of={size}"));
    let from = from.map(|size| format!("from={size}"));
    let query: Vec<String> = as_of.into_iter().chain(from).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/v1/records/{id}/receipt{mark}{}", query.join("&"))
}

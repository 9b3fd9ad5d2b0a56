//! Who may answer, until when: what a link opens, and what an answer shows of it.
//!
//! spec: kinds.md#asking

use super::NotAllowed;
use crate::hash::link_commitment;
use crate::json::{Field, Members};
use crate::record::RecordError;
use crate::{Hash, Millis};

/// The longest that something waits for an answer: 366 days.
const MAX_WAIT_MS: u64 = 366 * 24 * 3600 * 1000;

/// How something that waits for others' signatures may be answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Invitation {
    /// What commits to the link; `None`: who may answer needs none.
    pub link: Option<Hash>,
    /// The first instant at which it is too late.
    pub answer_by: Option<Millis>,
}

impl Invitation {
    /// Takes `link` and `answer_by`.
    pub(super) fn take(members: &mut Members) -> Result<Self, RecordError> {
        Ok(Self {
            link: members.take_opt("link", Field::hash)?,
            answer_by: members.take_opt("answer_by", Field::millis)?,
        })
    }

    /// Whether somebody is invited at all.
    pub(super) const fn is_none(&self) -> bool {
        self.link.is_none() && self.answer_by.is_none()
    }

    /// Whether `answer_by` lies after `signed_at`, within the longest wait.
    #[must_use]
    pub fn is_in_time(&self, signed_at: Millis) -> bool {
        self.answer_by.is_none_or(|by| by > signed_at && by.0 - signed_at.0 <= MAX_WAIT_MS)
    }

    /// Whether an answer with this `link` may come at `time`.
    pub(super) fn admits(&self, link: Option<&[u8; 32]>, time: Millis) -> Result<(), NotAllowed> {
        if self.answer_by.is_some_and(|by| time >= by) {
            return Err(NotAllowed::AnswerBy);
        }
        self.opens(link)
    }

    /// Whether this is the link.
    pub(super) fn opens(&self, link: Option<&[u8; 32]>) -> Result<(), NotAllowed> {
        if self.link == link.map(link_commitment) { Ok(()) } else { Err(NotAllowed::Link) }
    }
}

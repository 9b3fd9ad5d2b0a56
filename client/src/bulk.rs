//! Many records, and many look-ups, over several connections at once.
//!
//! For programs that hand in more than one record a second and keep few receipts: a register that says of everybody in it that it holds
//! their file, an import. Each record is believed to be logged only with its entry, the proof that it stands in the log and a
//! checkpoint that continues what was seen; what it means, its receipt says at any time.
//!
//! A server that is busy, or away, is asked again as long as anything at all gets done within the caller's patience. Nothing is signed
//! here: who keeps what was signed before it is sent may come back with the same bytes after whatever happened, and each is logged
//! once.

use crate::client::Client;
use crate::courier::{Courier, Stop};
use crate::error::ReadError;
use crate::parties::PartyFound;
use crate::promise::Promise;
use procura_core::identifier::Identifier;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Index};
use std::time::Duration;

pub use crate::courier::Tried;

/// A record that stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promised {
    /// Where.
    pub index: Index,
    /// The status that its entry states; `None` for records without one.
    pub status: Option<Status>,
}

/// Why the rest was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The server did nothing within the patience: come back later with the same records.
    #[error("{0}")]
    Patience(String),
    /// What came is not believed, or the caller is not who may ask.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl BulkError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Patience(_) => "busy",
            Self::Read(error) => error.name(),
        }
    }
}

/// One run. Once something is not believed, or the patience is over, everything left is [`Tried::GaveUp`].
pub struct Bulk<'c> {
    courier: Courier<'c>,
}

impl<'c> Bulk<'c> {
    /// A run over so many connections.
    #[must_use]
    pub fn new(client: &'c Client, connections: usize, patience: Duration) -> Self {
        Self { courier: Courier::new(client, connections, patience) }
    }

    /// The parties with these identifiers, in their order, as [`Client::find_party`] finds each.
    #[must_use]
    pub fn find_parties(&self, identifiers: &[Identifier]) -> Vec<Tried<PartyFound>> {
        self.courier.each(identifiers, |who| self.courier.read(|client| client.find_party(who)))
    }

    /// Hands in records, each with its id; the answers in their order. `progress` is called once for each that was answered, from
    /// several threads.
    #[must_use]
    pub fn hand_in(
        &self,
        records: &[(Hash, Submission)],
        progress: &(dyn Fn() + Sync),
    ) -> Vec<Tried<Promised>> {
        let answers = self.courier.each(records, |(id, submission)| {
            let answer = self.courier.hand_in(id, submission);
            progress();
            answer
        });
        let shown: Vec<_> = answers
            .iter()
            .filter_map(|answer| match answer {
                Tried::Done(promise) => Some(promise.checkpoint.clone()),
                Tried::Refused(_) | Tried::GaveUp => None,
            })
            .collect();
        // Until all that was shown is found to be one history, none of it is believed.
        let is_one = self.courier.read_after_all(|client| client.hold(&shown));
        let believed = |answer: Tried<Promise>| match answer {
            Tried::Done(_) if !is_one => Tried::GaveUp,
            Tried::Done(promise) => {
                Tried::Done(Promised { index: promise.index, status: promise.entry.status() })
            }
            Tried::Refused(problem) => Tried::Refused(problem),
            Tried::GaveUp => Tried::GaveUp,
        };
        answers.into_iter().map(believed).collect()
    }

    /// Whether the run went to its end.
    ///
    /// # Errors
    /// [`BulkError`]: why it did not.
    pub fn finish(self) -> Result<(), BulkError> {
        match self.courier.into_stop() {
            None => Ok(()),
            Some(Stop::Patience(why)) => Err(BulkError::Patience(why)),
            Some(Stop::Read(error)) => Err(BulkError::Read(error)),
        }
    }
}
